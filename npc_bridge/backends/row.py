"""Backends in a row: the best one first, and the next when it fails. Each has a circuit breaker, so that no player waits for a server
that has just failed others.

A breaker is *closed* while all is well, *open* after some failures in a row, and *half open* when it is time to try again: one reply is
then risked. What is left when no backend can be asked, authored lines, is the turn's own business.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any, Literal, TypeAlias

from npc_bridge.backends import Backend, ChatRequest, Finished, ModelLimits
from npc_bridge.errors import (
    BackendError,
    BackendUnreachable,
    BadKey,
    BadSettings,
    BudgetSpent,
    ModelNotFound,
    Moderated,
    OutOfCredit,
    PromptTooLong,
)

log = logging.getLogger(__name__)

OPEN_AFTER = 3
PROBE_AFTER_S = 15.0
LONGEST_PAUSE_S = 300.0
"""Each probe that fails doubles the time until the next, up to this."""

State: TypeAlias = Literal["closed", "open", "half_open"]

_WILL_NOT_HEAL = (BadKey, OutOfCredit, ModelNotFound)


class Rung:
    """One backend of a row, and its breaker. ``now`` is in seconds of the clock that the row was given."""

    __slots__ = ("_next_pause_s", "_open_after", "_probe_after_s", "_retry_at", "backend", "failures", "number", "state")

    def __init__(self, backend: Backend, number: int, *, open_after: int = OPEN_AFTER, probe_after_s: float = PROBE_AFTER_S) -> None:
        self.backend = backend
        self.number = number
        """Its place in the row, from 0."""
        self.state: State = "closed"
        self.failures = 0
        """In a row."""
        self._open_after = open_after
        self._probe_after_s = self._next_pause_s = probe_after_s
        self._retry_at = 0.0

    def is_usable(self, now: float) -> bool:
        """Whether it may be asked: it is not open, or it is time to try again and nobody does yet."""
        return self.state == "closed" or now >= self._retry_at

    def began(self, now: float) -> None:
        """It is asked. An open one is then half open, and left alone by others until it is known how that went."""
        if self.state != "closed":
            self._change("half_open", "is tried again")
            self._retry_at = now + self._next_pause_s

    def failed(self, error: BackendError, now: float) -> None:
        """No reply came, or only a part of one. What is the request's own fault does not count."""
        if isinstance(error, Moderated):
            self.succeeded(now)  # it is there, and reads
            return
        if isinstance(error, PromptTooLong):
            if self.state == "half_open":
                self._retry_at = now  # it may not even have been asked: the next reply is the probe
            return
        self.failures += 1
        if self.state == "half_open":
            self._next_pause_s = min(2 * self._next_pause_s, LONGEST_PAUSE_S)
        if self.state == "half_open" or self.failures >= self._open_after or isinstance(error, _WILL_NOT_HEAL):
            self._retry_at = now + self._next_pause_s
            self._change("open", f"failed {self.failures} times ({error.code}); it is left alone for {self._next_pause_s:g} s")

    def succeeded(self, now: float) -> None:
        """It replied."""
        self.failures, self._retry_at, self._next_pause_s = 0, 0.0, self._probe_after_s
        self._change("closed", "answers again")

    def status(self, now: float) -> dict[str, Any]:
        """How it is, for ``stats``."""
        known = {"name": self.backend.name, "model": self.backend.model, "state": self.state, "failures": self.failures}
        return known | {"retry_in_s": 0.0 if self.state == "closed" else round(max(0.0, self._retry_at - now), 1)}

    def _change(self, state: State, what: str) -> None:
        if state == self.state:
            return
        # A probe is no news: only its outcome is.
        level = logging.DEBUG if state == "half_open" else logging.WARNING if self.state == "closed" else logging.INFO
        if not (self.state == "half_open" and state == "open"):
            log.log(level, "%s (%s) %s", self.backend.name, self.backend.model, what)
        self.state = state


class Row:
    """Several backends, best first. Closing it closes them.

    A turn takes ``usable`` and makes a prompt for the limits of each. Whoever does not want to know uses the row as a backend: the
    prompt must then suit the first usable one, and one that is too long for a later one is not sent there.
    """

    def __init__(
        self,
        backends: Sequence[Backend],
        *,
        open_after: int = OPEN_AFTER,
        probe_after_s: float = PROBE_AFTER_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not backends:
            raise BadSettings("a row of backends needs one at least")
        self.clock = clock
        self.rungs = tuple(
            Rung(backend, number, open_after=open_after, probe_after_s=probe_after_s) for number, backend in enumerate(backends)
        )

    def usable(self, now: float, from_rung: int = 0) -> list[Rung]:
        """The rungs that may be asked now, in order, the ones before ``from_rung`` left out.

        Call ``began`` of the one that is asked, and then ``failed`` or ``succeeded``. Empty: none can be asked.
        """
        return [rung for rung in self.rungs[from_rung:] if rung.is_usable(now)]

    def status(self) -> list[dict[str, Any]]:
        """How each backend is: ``name``, ``model``, ``state``, ``failures`` in a row, ``retry_in_s``."""
        now = self.clock()
        return [rung.status(now) for rung in self.rungs]

    @property
    def name(self) -> str:
        return self._first.name

    @property
    def model(self) -> str:
        return self._first.model

    @property
    def limits(self) -> ModelLimits:
        return self._first.limits

    def estimate_tokens(self, text: str) -> int:
        return self._first.estimate_tokens(text)

    @property
    def reads_ahead(self) -> bool:
        return self._first.reads_ahead

    async def read_ahead(self, request: ChatRequest) -> None:
        await self._first.read_ahead(request)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[str | Finished, None]:
        """See ``Backend.stream``. The next backend is asked only as long as no text has been yielded."""
        if request.rung >= len(self.rungs):
            raise BudgetSpent("a budget is spent, and no cheaper backend is left")
        rungs = self.usable(self.clock(), request.rung)
        problem: BackendError = BackendUnreachable("every backend of the row has just failed; they are tried again later")
        for rung in rungs:
            if not rung.is_usable(self.clock()):
                continue
            has_text = False
            rung.began(self.clock())
            try:
                async with aclosing(rung.backend.stream(request)) as pieces:
                    async for piece in pieces:
                        if isinstance(piece, Finished):
                            rung.succeeded(self.clock())
                        has_text = True
                        yield piece
                return
            except BackendError as error:
                rung.failed(error, self.clock())
                if has_text or isinstance(error, Moderated):
                    raise
                problem = error
        raise problem

    async def warm_up(self) -> None:
        """Warm all of them up, side by side. Raises ``BackendError`` when none is ready."""
        problems = await asyncio.gather(*(rung.backend.warm_up() for rung in self.rungs), return_exceptions=True)
        for rung, problem in zip(self.rungs, problems, strict=True):
            if isinstance(problem, BackendError):
                rung.failed(problem, self.clock())
            elif isinstance(problem, BaseException):
                raise problem
        if all(isinstance(problem, BackendError) for problem in problems):
            assert isinstance(problems[0], BackendError)
            raise problems[0]

    async def close(self) -> None:
        for rung in self.rungs:
            await rung.backend.close()

    @property
    def _first(self) -> Backend:
        now = self.clock()
        return next((rung.backend for rung in self.rungs if rung.is_usable(now)), self.rungs[0].backend)
