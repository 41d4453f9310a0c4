"""A backend whose plug is pulled after some replies: to show, and to try in a game, what an NPC does then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from npc_bridge.backends import Backend, ChatRequest, Finished
from npc_bridge.errors import BackendLost, BackendUnreachable

PIECES_BEFORE_IT_BREAKS = 5


class Unplugged:
    """Another backend, until ``after`` replies were asked of it. Then, in turn: one hangs, one breaks in the middle, one is not there."""

    def __init__(self, backend: Backend, after: int) -> None:
        self.backend = backend
        self.left = after
        self._faults = 0
        self.name, self.model, self.limits = backend.name, backend.model, backend.limits
        self.estimate_tokens, self.warm_up, self.close = backend.estimate_tokens, backend.warm_up, backend.close
        self.read_ahead = backend.read_ahead

    @property
    def reads_ahead(self) -> bool:
        return self.left > 0 and self.backend.reads_ahead

    async def stream(self, request: ChatRequest) -> AsyncGenerator[str | Finished, None]:
        """See ``Backend.stream``."""
        self.left -= 1
        fault = -1
        if self.left < 0:
            fault, self._faults = self._faults % 3, self._faults + 1
        if fault == 0:
            await asyncio.Event().wait()
        if fault == 2:
            raise BackendUnreachable(f"{self.name} is unplugged")
        async with aclosing(self.backend.stream(request)) as pieces:
            count = 0
            async for piece in pieces:
                yield piece
                count += 1
                if fault == 1 and count == PIECES_BEFORE_IT_BREAKS:
                    raise BackendLost(f"{self.name} was unplugged in the middle of the reply")
