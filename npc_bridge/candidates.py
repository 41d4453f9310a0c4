"""Several replies to the same messages, side by side, for the player to choose from.

Each is asked for by a call of its own with a seed of its own, because many servers silently answer one request with one reply only. What
becomes of those that are not chosen is decided in ``core/again.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace
from itertools import count
from typing import Any, Literal

from npc_bridge.backends import Backend, ChatRequest, Finished
from npc_bridge.core.again import MAX_SEED
from npc_bridge.core.conversation import Turn
from npc_bridge.core.messages import TurnReason
from npc_bridge.delivery import Clock, Reply, Tell
from npc_bridge.errors import BackendError


class Piece(str):
    """A piece of one of several replies."""

    __slots__ = ("choice",)
    choice: int

    @classmethod
    def of(cls, choice: int, text: str) -> Piece:
        piece = cls(text)
        piece.choice = choice
        return piece


async def ask_for_several(backend: Backend, request: ChatRequest, n: int) -> AsyncGenerator[str | Finished, None]:
    """The pieces of ``n`` replies as they come, each a ``Piece``, and last one ``Finished`` with the sum of what they took.

    Their seeds count up from that of ``request``.

    One that fails ends there and costs the others nothing. Raises what the first met if all of them fail. Closing it stops them all.
    """
    seed = int(request.sampling.get("seed", 0))
    requests = (replace(request, sampling=request.sampling | {"seed": (seed + index) % MAX_SEED}, choice=index) for index in range(n))
    streams = [backend.stream(each) for each in requests]
    asked = {asyncio.ensure_future(anext(stream)): index for index, stream in enumerate(streams)}
    finished: list[Finished] = []
    failures: list[BackendError] = []
    try:
        while asked:
            done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            for task in sorted(done, key=lambda task: asked[task]):
                index = asked.pop(task)
                try:
                    piece = task.result()
                except BackendError as error:
                    failures.append(error)
                    continue
                except StopAsyncIteration:
                    continue
                if isinstance(piece, Finished):
                    finished.append(piece)
                    continue
                asked[asyncio.ensure_future(anext(streams[index]))] = index
                yield Piece.of(index, piece)
    finally:
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        for stream in streams:
            await stream.aclose()
    if finished:
        yield sum_of(finished)
    elif failures:
        raise failures[0]


def sum_of(finished: list[Finished]) -> Finished:
    """What several replies took together. A count that one server does not tell is not told."""

    def total(name: str) -> Any:
        counts = [getattr(each, name) for each in finished]
        return None if None in counts else sum(counts)

    counted = ("prompt_tokens", "cached_tokens", "completion_tokens", "cost_usd")
    reason: Literal["stop", "length"] = "stop" if any(each.reason == "stop" for each in finished) else "length"
    return replace(finished[0], reason=reason, **{name: total(name) for name in counted})


class Replies:
    """What ``Reply`` is to one reply, for several. As the reply of the turn counts the first that says anything."""

    def __init__(self, turn: Turn, tell: Tell, clock: Clock) -> None:
        self._replies = [Reply(turn, told, clock) for told in self._indexed(tell, turn.n)]

    @staticmethod
    def _indexed(tell: Tell, n: int) -> Iterator[Tell]:
        def as_candidate(index: int) -> Tell:
            return lambda message: tell(message | {"index": index} if index else message)

        return (as_candidate(index) for index, _ in zip(count(), range(n), strict=False))

    @property
    def first(self) -> Reply:
        return next((reply for reply in self._replies if reply.raw.strip()), self._replies[0])

    @property
    def raw(self) -> str:
        return self.first.raw

    @property
    def is_empty(self) -> bool:
        return all(reply.is_empty for reply in self._replies)

    @property
    def chars(self) -> int:
        return self.first.chars

    @property
    def offers(self) -> tuple[tuple[str, int], ...]:
        """For ``Turn.offers``."""
        return tuple((reply.raw, reply.chars) for reply in self._replies)

    def add(self, piece: str) -> None:
        self._replies[piece.choice if isinstance(piece, Piece) else 0].add(piece)

    def add_instead(self, line: str) -> None:
        self._replies[0].add_instead(line)

    def close(self) -> None:
        for reply in self._replies:
            reply.close()

    def ended(self, reason: TurnReason, end: Finished | BackendError) -> dict[str, Any]:
        ended = {id(reply): reply.ended(reason, end) for reply in self._replies}
        return ended[id(self.first)]
