"""Backends in a row: who is asked, when one is left alone, and when it is tried again. Time is simulated."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator

import pytest

from npc_bridge.backends import ChatMessage, ChatRequest, Finished
from npc_bridge.backends.row import LONGEST_PAUSE_S, Row
from npc_bridge.backends.scripted import Scripted
from npc_bridge.errors import (
    BackendError,
    BackendLost,
    BackendOverloaded,
    BackendUnreachable,
    BadKey,
    BadSettings,
    BudgetSpent,
    Moderated,
    OutOfCredit,
    PromptTooLong,
)

HELLO: list[ChatMessage] = [{"role": "system", "content": "You are Brom."}, {"role": "user", "content": "Hello."}]
OVERLOADED = BackendOverloaded("busy")


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Fickle(Scripted):
    """Recites its name, or fails as it is told, before or after its first piece."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.error: BackendError | None = None
        self.fails_after_text = False
        self.asked = 0
        self.is_closed = False

    @property
    def name(self) -> str:
        return self._name

    async def stream(self, request: ChatRequest) -> AsyncGenerator[str | Finished, None]:
        self.asked += 1
        if self.error is not None and not self.fails_after_text:
            raise self.error
        yield self._name
        if self.error is not None:
            raise self.error
        yield Finished("stop")

    async def warm_up(self) -> None:
        if self.error is not None:
            raise self.error

    async def close(self) -> None:
        self.is_closed = True


class Scene:
    """Two backends in a row and a clock."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.big, self.small = Fickle("big"), Fickle("small")
        self.row = Row([self.big, self.small], open_after=3, probe_after_s=10.0, clock=self.clock)

    async def says(self, **request: int) -> str:
        return "".join([piece async for piece in self.row.stream(ChatRequest(HELLO, **request)) if isinstance(piece, str)])

    def states(self) -> list[str]:
        return [status["state"] for status in self.row.status()]


async def test_the_first_is_asked_while_it_answers() -> None:
    scene = Scene()
    assert [await scene.says() for _ in range(3)] == ["big", "big", "big"]
    assert scene.small.asked == 0


async def test_when_it_fails_before_any_text_the_next_one_answers() -> None:
    scene = Scene()
    scene.big.error = OVERLOADED
    assert await scene.says() == "small"
    assert scene.states() == ["closed", "closed"]


async def test_what_has_been_said_in_part_is_not_said_again_by_another() -> None:
    scene = Scene()
    scene.big.error, scene.big.fails_after_text = BackendLost("cut"), True
    with pytest.raises(BackendLost):
        await scene.says()
    assert scene.small.asked == 0


async def test_after_some_failures_it_is_left_alone_and_then_tried_again() -> None:
    scene = Scene()
    scene.big.error = OVERLOADED
    for _ in range(5):
        assert await scene.says() == "small"
    assert (scene.big.asked, scene.states()) == (3, ["open", "closed"])

    scene.clock.now += 10
    assert await scene.says() == "small"  # the probe failed, at the cost of one try
    assert scene.big.asked == 4
    scene.clock.now += 19
    await scene.says()
    assert scene.big.asked == 4  # and the next one waits twice as long

    scene.clock.now += 1
    scene.big.error = None
    assert await scene.says() == "big"
    assert scene.states() == ["closed", "closed"]


async def test_a_success_between_them_keeps_it_closed() -> None:
    scene = Scene()
    for error in (OVERLOADED, OVERLOADED, None, OVERLOADED, OVERLOADED):
        scene.big.error = error
        await scene.says()
    assert scene.states() == ["closed", "closed"]


@pytest.mark.parametrize("error", [BadKey("no"), OutOfCredit("empty")])
async def test_what_will_not_heal_by_itself_opens_it_at_once(error: BackendError) -> None:
    scene = Scene()
    scene.big.error = error
    await scene.says()
    assert scene.states() == ["open", "closed"]


async def test_a_prompt_that_is_too_long_is_not_the_servers_fault() -> None:
    scene = Scene()
    scene.big.error = PromptTooLong("long")
    for _ in range(5):
        assert await scene.says() == "small"
    assert scene.states() == ["closed", "closed"]


async def test_what_moderation_stopped_is_asked_of_nobody_else() -> None:
    scene = Scene()
    scene.big.error = Moderated("no")
    with pytest.raises(Moderated):
        await scene.says()
    assert scene.small.asked == 0
    assert scene.states() == ["closed", "closed"]


async def test_a_spent_budget_leaves_the_dearer_ones_out() -> None:
    scene = Scene()
    assert await scene.says(rung=1) == "small"
    assert [rung.number for rung in scene.row.usable(scene.clock.now, 1)] == [1]
    assert scene.row.usable(scene.clock.now, 2) == []
    with pytest.raises(BudgetSpent):
        await scene.says(rung=2)


async def test_when_all_fail_the_last_error_is_told_and_when_all_are_open_there_is_nobody_to_ask() -> None:
    scene = Scene()
    scene.big.error, scene.small.error = OVERLOADED, BackendLost("cut")
    for _ in range(3):
        with pytest.raises(BackendLost):
            await scene.says()
    assert scene.row.usable(scene.clock.now) == []
    with pytest.raises(BackendUnreachable, match="every backend of the row"):
        await scene.says()
    assert (scene.big.asked, scene.small.asked) == (3, 3)


def test_only_one_turn_at_a_time_risks_a_probe() -> None:
    scene = Scene()
    (rung, _) = scene.row.rungs
    for _ in range(3):
        rung.failed(OVERLOADED, scene.clock.now)
    scene.clock.now += 10
    assert scene.row.usable(scene.clock.now)[0] is rung
    rung.began(scene.clock.now)
    assert rung not in scene.row.usable(scene.clock.now)
    scene.clock.now += 10  # the probe was interrupted and nobody said how it went
    assert rung in scene.row.usable(scene.clock.now)


def test_the_pause_between_probes_grows_up_to_a_limit() -> None:
    scene = Scene()
    (rung, _) = scene.row.rungs
    for _ in range(3):
        rung.failed(OVERLOADED, scene.clock.now)
    for _ in range(20):
        scene.clock.now += LONGEST_PAUSE_S
        assert rung.is_usable(scene.clock.now)
        rung.began(scene.clock.now)
        rung.failed(OVERLOADED, scene.clock.now)
    assert rung.status(scene.clock.now)["retry_in_s"] == LONGEST_PAUSE_S


async def test_its_status_is_what_stats_tells() -> None:
    scene = Scene()
    scene.big.error = OVERLOADED
    for _ in range(3):
        await scene.says()
    scene.clock.now += 4
    assert scene.row.status() == [
        {"name": "big", "model": "script", "state": "open", "failures": 3, "retry_in_s": 6.0},
        {"name": "small", "model": "script", "state": "closed", "failures": 0, "retry_in_s": 0.0},
    ]


async def test_it_is_logged_once_when_it_opens_and_once_when_it_closes(caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene()
    with caplog.at_level(logging.INFO):
        scene.big.error = OVERLOADED
        for _ in range(20):
            await scene.says()
            scene.clock.now += 1
        scene.big.error = None
        scene.clock.now += LONGEST_PAUSE_S
        for _ in range(5):
            await scene.says()
    assert [record.getMessage() for record in caplog.records] == [
        "big (script) failed 3 times (backend_overloaded); it is left alone for 10 s",
        "big (script) answers again",
    ]


async def test_as_a_backend_it_speaks_for_the_one_in_use() -> None:
    scene = Scene()
    assert scene.row.name == "big"
    scene.big.error = BadKey("no")
    await scene.says()
    assert (scene.row.name, scene.row.limits) == ("small", scene.small.limits)


@pytest.mark.parametrize("errors", [(OVERLOADED, None), (None, OVERLOADED)])
async def test_warming_up_fails_only_when_none_is_ready(errors: tuple[BackendError | None, BackendError | None]) -> None:
    scene = Scene()
    scene.big.error, scene.small.error = errors
    await scene.row.warm_up()
    scene.big.error = scene.small.error = OVERLOADED
    with pytest.raises(BackendOverloaded):
        await scene.row.warm_up()


async def test_closing_it_closes_all() -> None:
    scene = Scene()
    await scene.row.close()
    assert (scene.big.is_closed, scene.small.is_closed) == (True, True)


def test_an_empty_row_is_a_mistake() -> None:
    with pytest.raises(BadSettings):
        Row([])
