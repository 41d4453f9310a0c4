"""Turns that wait to be read."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from npc_bridge.errors import BridgeError

if TYPE_CHECKING:
    from npc_bridge.client.npc import Turn

log = logging.getLogger(__name__)

MAX_WAITING_TURNS = 32
"""How many turns of an NPC or a group wait to be read before the oldest is dropped."""


class Feed:
    """The turns of one NPC or group, for one reader."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._turns: deque[Turn] = deque(maxlen=MAX_WAITING_TURNS)
        self._news = asyncio.Event()
        self._is_over = False
        self._lost: BridgeError | None = None

    def put(self, turn: Turn) -> None:
        if len(self._turns) == MAX_WAITING_TURNS:
            log.warning("nobody reads the turns of '%s': the oldest is dropped", self._name)
        self._turns.append(turn)
        self._news.set()

    def end(self, lost: BridgeError | None) -> None:
        """There will be no more turns; ``lost`` says why if that was no one's wish."""
        self._is_over, self._lost = True, lost
        self._news.set()

    async def read(self) -> AsyncGenerator[Turn, None]:
        """The turns as they come, until there will be no more. Raises why the connection ended, if it did."""
        while True:
            while self._turns:
                yield self._turns.popleft()
            if self._lost is not None:
                raise self._lost
            if self._is_over:
                return
            self._news.clear()
            await self._news.wait()
