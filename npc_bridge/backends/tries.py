"""How often a busy server is asked again, and after how long. Knows no server and does not wait itself."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from npc_bridge.backends.failures import ServerTimeout
from npc_bridge.errors import BackendError, BackendOverloaded


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses that double, each between half of it and all of it, so that those who failed together do not come back together."""

    first_s: float = 0.5
    most_s: float = 8.0
    tries: int = 3
    """In all, for a request without a deadline; 1: none is repeated."""

    def pause_s(self, failures: int, chance: float) -> float:
        """The pause after so many failures, from 1; ``chance`` is between 0 and 1."""
        return min(self.most_s, self.first_s * 2.0 ** (failures - 1)) * (0.5 + 0.5 * chance)


DEFAULT_BACKOFF = Backoff()
NO_RETRY = Backoff(tries=1)


class Tries:
    """The tries of one request."""

    __slots__ = ("_backoff", "_chance", "_clock", "_deadline", "_failures")

    def __init__(
        self, backoff: Backoff, deadline_s: float | None, clock: Callable[[], float], chance: Callable[[], float] = random.random
    ) -> None:
        self._backoff, self._clock, self._chance = backoff, clock, chance
        self._deadline = None if deadline_s is None else clock() + deadline_s
        self._failures = 0

    @property
    def left_s(self) -> float:
        """How much time is left until the deadline; infinite without one."""
        return float("inf") if self._deadline is None else max(0.0, self._deadline - self._clock())

    def pause_after(self, error: BackendError) -> float | None:
        """How many seconds to wait before asking again, or None when that is of no use or comes too late.

        A wait that the server asks for is kept; the deadline counts more than either.
        """
        if not isinstance(error, BackendOverloaded | ServerTimeout) or self._backoff.tries <= 1:
            return None
        self._failures += 1
        if self._deadline is None and self._failures >= self._backoff.tries:
            return None
        pause_s = self._backoff.pause_s(self._failures, self._chance())
        if isinstance(error, BackendOverloaded) and error.retry_after_s is not None:
            pause_s = max(pause_s, error.retry_after_s)
        longest_s = self._backoff.most_s if self._deadline is None else self.left_s
        return pause_s if pause_s < longest_s or (self._deadline is None and pause_s == longest_s) else None
