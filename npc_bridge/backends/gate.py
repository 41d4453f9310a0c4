"""Who may ask a model server next. One queue for each key, shared by every conversation of the process: a provider counts requests by
key, and one player's summary must not make another wait for an answer.

The line of a player goes before everything else, for as long as there are any; a summary waits for a moment when nothing else does.
"""

from __future__ import annotations

import asyncio
import bisect
import hashlib
from collections import deque
from typing import TypeAlias
from weakref import WeakKeyDictionary, WeakValueDictionary

from npc_bridge.backends import Priority

RANKS: dict[Priority, int] = {"say": 0, "addressed": 1, "npc": 2, "summary": 3}
SAFETY = 1.03
"""Requests arrive at the server a little more unevenly than they leave."""

_Waiter: TypeAlias = tuple[int, int, str, "asyncio.Future[None]"]
"""Rank, number of arrival, model, and what wakes it."""


class Gate:
    """Lets requests through: at most ``concurrency`` at the same time (0: any number), and each model's own number a second."""

    def __init__(self, concurrency: int = 0) -> None:
        self.concurrency = concurrency
        self.running = 0
        self._waiting: list[_Waiter] = []
        self._arrived = 0
        self._allowances: dict[str, _Allowance] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return len(self._waiting)

    async def enter(self, model: str, priority: Priority = "say", *, per_s: float = 0.0) -> None:
        """Wait for the turn of this request. ``per_s``: how many this model takes a second; 0: any number.

        Call ``leave`` when the reply is over. Cancelling it leaves the queue.
        """
        allowance = self._allowances.setdefault(model, _Allowance())
        allowance.per_s = per_s
        loop = asyncio.get_running_loop()
        if not self._waiting and self._has_room and allowance.ready_at() <= loop.time():
            self._admit(allowance, loop.time())
            return
        woken: asyncio.Future[None] = loop.create_future()
        self._arrived += 1
        waiter = (RANKS[priority], self._arrived, model, woken)
        bisect.insort(self._waiting, waiter, key=lambda each: each[:2])
        self._look()
        try:
            await woken
        except asyncio.CancelledError:
            if woken.done() and not woken.cancelled():
                self.leave()  # it was let in and cancelled in the same moment
            elif waiter in self._waiting:
                self._waiting.remove(waiter)
            raise

    def leave(self) -> None:
        """The reply is over, or was given up."""
        self.running -= 1
        self._look()

    def hold(self, model: str, pause_s: float) -> None:
        """The server said that it was too much: let nobody ask this model for so many seconds."""
        allowance = self._allowances.setdefault(model, _Allowance())
        allowance.held_until = max(allowance.held_until, asyncio.get_running_loop().time() + pause_s)

    @property
    def _has_room(self) -> bool:
        return not self.concurrency or self.running < self.concurrency

    def _admit(self, allowance: _Allowance, now: float) -> None:
        self.running += 1
        allowance.take(now)

    def _look(self) -> None:
        """Let in who may go now, and come back when the next one may."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        loop = asyncio.get_running_loop()
        now, soonest = loop.time(), float("inf")
        remaining: list[_Waiter] = []
        for at, waiter in enumerate(self._waiting):
            if not self._has_room:
                remaining += self._waiting[at:]
                break
            _, _, model, woken = waiter
            if woken.cancelled():
                continue  # it gave up just now, and has not run since to say so
            allowance = self._allowances[model]
            if (ready_at := allowance.ready_at()) <= now:
                self._admit(allowance, now)
                woken.set_result(None)
            else:
                soonest = min(soonest, ready_at)
                remaining.append(waiter)
        self._waiting = remaining
        if remaining and self._has_room:
            self._timer = loop.call_at(soonest, self._look)


class _Allowance:
    """How often one model may be asked: so many times in any second, or in the time that one request takes when it is less than one."""

    __slots__ = ("_times", "held_until", "per_s")

    def __init__(self) -> None:
        self.per_s = 0.0
        self.held_until = 0.0
        self._times: deque[float] = deque()

    def ready_at(self) -> float:
        """When the next request may go."""
        if not self.per_s or len(self._times) < self._most:
            return self.held_until
        return max(self.held_until, self._times[-self._most] + SAFETY * self._most / self.per_s)

    def take(self, now: float) -> None:
        if self.per_s:
            self._times.append(now)
            while len(self._times) > self._most:
                self._times.popleft()

    @property
    def _most(self) -> int:
        return max(1, int(self.per_s))


_gates: WeakKeyDictionary[asyncio.AbstractEventLoop, WeakValueDictionary[tuple[str, bytes], Gate]] = WeakKeyDictionary()


def gate_for(server: str, api_key: str, concurrency: int = 0) -> Gate:
    """The one gate of this process, and of its running event loop, for a server and a key. It lives as long as somebody keeps it."""
    gates = _gates.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
    name = (server, hashlib.sha256(api_key.encode()).digest())
    gate = gates.get(name)
    if gate is None:
        gates[name] = gate = Gate(concurrency)
    return gate
