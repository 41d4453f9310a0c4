"""Row 16: which errors are worth another try, after how long, and until when."""

from __future__ import annotations

import pytest

from npc_bridge.backends.failures import ServerTimeout, Throttled
from npc_bridge.backends.tries import NO_RETRY, Backoff, Tries
from npc_bridge.errors import (
    BackendError,
    BackendLost,
    BackendOverloaded,
    BackendRefused,
    BackendTimeout,
    BackendUnreachable,
    BadKey,
    ModelNotFound,
    Moderated,
    OutOfCredit,
    PromptTooLong,
)

BUSY = BackendOverloaded("busy")
BACKOFF = Backoff(first_s=1.0, most_s=8.0, tries=4)


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


def tries(deadline_s: float | None = None, *, chance: float = 1.0, backoff: Backoff = BACKOFF, clock: Clock | None = None) -> Tries:
    return Tries(backoff, deadline_s, clock or Clock(), lambda: chance)


@pytest.mark.parametrize("error", [BUSY, Throttled("429"), ServerTimeout("504")])
def test_what_the_server_may_do_better_next_time_is_tried_again(error: BackendError) -> None:
    assert tries().pause_after(error) == 1.0


@pytest.mark.parametrize(
    "kind", [BackendLost, BackendRefused, BackendTimeout, BackendUnreachable, BadKey, ModelNotFound, Moderated, OutOfCredit, PromptTooLong]
)
def test_anything_else_is_not(kind: type[BackendError]) -> None:
    assert tries().pause_after(kind("no")) is None


def test_pauses_double_up_to_a_limit_and_vary_by_half() -> None:
    high, low = tries(1_000, chance=1.0), tries(1_000, chance=0.0)
    assert [high.pause_after(BUSY) for _ in range(6)] == [1, 2, 4, 8, 8, 8]
    assert [low.pause_after(BUSY) for _ in range(6)] == [0.5, 1, 2, 4, 4, 4]


def test_without_a_deadline_there_are_a_few_tries() -> None:
    one = tries()
    assert [one.pause_after(BUSY) for _ in range(4)] == [1, 2, 4, None]


def test_no_try_begins_after_the_deadline() -> None:
    clock = Clock()
    one = tries(3.5, clock=clock)
    assert one.pause_after(BUSY) == 1
    clock.now += 1
    assert one.pause_after(BUSY) == 2
    clock.now += 2
    assert (one.left_s, one.pause_after(BUSY)) == (0.5, None)


def test_a_wait_that_the_server_asks_for_is_kept_if_it_ends_in_time() -> None:
    assert tries(30).pause_after(BackendOverloaded("busy", 7.0)) == 7
    assert tries(5).pause_after(BackendOverloaded("busy", 7.0)) is None
    assert tries().pause_after(BackendOverloaded("busy", 8.0)) == 8
    assert tries().pause_after(BackendOverloaded("busy", 60.0)) is None


def test_nothing_is_tried_again_when_that_is_not_wanted() -> None:
    assert tries(60, backoff=NO_RETRY).pause_after(BUSY) is None
