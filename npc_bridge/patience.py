"""How long a turn waits for its model, and what the NPC does meanwhile: a pose at once, a filler after a while, and an end in time.

Timers of the running loop, and nothing else: what is said is chosen in ``core/ladder.py``, who is asked in ``turn.py``.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Protocol, Self

from npc_bridge.core.conversation import Turn
from npc_bridge.delivery import Clock, Tell

SHARE_OF_ONE = 0.6
"""Which part of the time that is left a backend has for its first text, if there is another after it."""


class Filled(Protocol):
    """A reply as far as waiting for it is concerned."""

    @property
    def has_words(self) -> bool: ...

    def fill(self, line: str) -> bool: ...


class Patience:
    """One turn's patience: ``with Patience(…) as patience`` poses, starts the timers, and stops them at the end.

    When it runs out, ``scope`` is rescheduled to now, and ``has_run_out`` says so. A turn that asks no model has all the time there is.
    """

    def __init__(self, turn: Turn, reply: Filled, tell: Tell, clock: Clock, scope: asyncio.Timeout) -> None:
        self._turn, self._reply, self._tell, self._scope = turn, reply, tell, scope
        self._clock = clock
        self._settings = turn.conversation.character.patience
        self._loop = asyncio.get_running_loop()
        self._timers: list[asyncio.TimerHandle] = []
        self._deadline_at: float | None = None
        self._heard_at: float | None = None
        self._for_text: asyncio.Timeout | None = None
        self.has_run_out = False

    def __enter__(self) -> Self:
        if not (self._turn.line or self._turn.situation):
            self._pose()
            self._turn.fill = self._fill
            # What the turn has waited already, for a task to run, counts.
            began = self._loop.time() - max(0.0, self._clock() - self._turn.asked_at)
            settings = self._settings
            if settings.filler_after_ms and not self._turn.is_follow_up:
                self._timers.append(self._loop.call_at(began + settings.filler_after_ms / 1000, self._fill))
            if settings.deadline_ms and not self._turn.is_follow_up:  # which nobody waits for
                self._deadline_at = began + settings.deadline_ms / 1000
                self._timers.append(self._loop.call_at(self._deadline_at, self._come_to_deadline))
        return self

    def __exit__(self, *_: object) -> None:
        for timer in self._timers:
            timer.cancel()

    def heard(self) -> None:
        """A piece of the reply came."""
        if self._heard_at is None and self._settings.stall_ms:
            self._timers.append(self._loop.call_later(self._settings.stall_ms / 1000, self._look_for_stall))
        self._heard_at = self._loop.time()
        if self._for_text is not None:
            self._for_text.reschedule(None)
            self._for_text = None

    def for_text(self, *, is_last: bool) -> asyncio.Timeout:
        """How long one backend has for the first piece: a part of what is left before the deadline, all of it for the last one."""
        when = None
        if not is_last and self._deadline_at is not None and self._heard_at is None:
            now = self._loop.time()
            when = now + SHARE_OF_ONE * (self._deadline_at - now)
        self._for_text = asyncio.timeout_at(when)
        return self._for_text

    def _pose(self) -> None:
        action, talk = self._settings.thinking, self._turn.conversation
        if action:
            clip = next((match.clip for match in talk.index.resolve(action)), "")
            cue = {"type": "cue", "npc": talk.npc, "turn": self._turn.id, "at": 0, "clip": clip, "action": action, "reason": "thinking"}
            self._tell(cue)

    def _fill(self) -> None:
        turn = self._turn
        if not turn.is_interrupted and (line := turn.conversation.filler()) and self._reply.fill(line) and turn.filled is not None:
            turn.filled()

    def _come_to_deadline(self) -> None:
        if not self._reply.has_words:
            self._run_out()

    def _look_for_stall(self) -> None:
        assert self._heard_at is not None
        left = self._heard_at + self._settings.stall_ms / 1000 - self._loop.time()
        if left > 0:
            self._timers.append(self._loop.call_later(left, self._look_for_stall))
        else:
            self._run_out()

    def _run_out(self) -> None:
        self.has_run_out = True
        with suppress(RuntimeError):  # the turn is past its scope
            self._scope.reschedule(self._loop.time())
