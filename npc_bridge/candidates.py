"""Several replies to the same messages, side by side, for the player to choose from.

How they are asked for is decided in ``backends/candidates.py``, and what becomes of those that are not chosen in ``core/again.py``.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import replace
from itertools import count
from typing import Any

from npc_bridge.backends import Backend, ChatRequest, Finished
from npc_bridge.backends.candidates import stream_many, sum_of
from npc_bridge.core.conversation import Turn
from npc_bridge.core.messages import TurnReason
from npc_bridge.delivery import Clock, Reply, Tell
from npc_bridge.errors import BackendError


class Piece(str):
    """A piece of one of several replies."""

    __slots__ = ("choice", "is_end")
    choice: int
    is_end: bool
    """Whether its reply is complete."""

    @classmethod
    def of(cls, choice: int, text: str, *, is_end: bool = False) -> Piece:
        piece = cls(text)
        piece.choice, piece.is_end = choice, is_end
        return piece


async def ask_for_several(backend: Backend, request: ChatRequest, n: int) -> AsyncGenerator[str | Finished, None]:
    """The pieces of ``n`` replies as they come, each a ``Piece``, and last one ``Finished`` with the sum of what they took.

    Their seeds count up from that of ``request``.

    One that fails ends there and costs the others nothing. Raises what the first met if all of them fail. Closing it stops them all.
    """
    request = replace(request, sampling={"seed": 0} | request.sampling)
    finished: list[Finished] = []
    failures: list[BackendError] = []
    async with aclosing(stream_many(backend, request, n)) as pieces:
        async for index, piece in pieces:
            if isinstance(piece, str):
                yield Piece.of(index, piece)
            elif isinstance(piece, Finished):
                finished.append(piece)
                yield Piece.of(index, "", is_end=True)
            else:
                failures.append(piece)
    if finished:
        yield sum_of(finished)
    elif failures:
        raise failures[0]


class Replies:
    """What ``Reply`` is to one reply, for several. As the reply of the turn counts the first that says anything."""

    def __init__(self, turn: Turn, tell: Tell, clock: Clock) -> None:
        self._replies = [Reply(turn, told, clock) for told in self._indexed(tell, turn.n)]
        self.has_whole = False
        """One of them is complete, whatever becomes of the others."""

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

    # ── as ``Reply``; what is authored is said by the first ──

    def hear(self, piece: str) -> None:
        if isinstance(piece, Piece) and piece.is_end:
            self.has_whole = True
            return
        self._replies[piece.choice if isinstance(piece, Piece) else 0].hear(piece)

    def hear_end(self) -> None:
        for reply in self._replies:
            reply.hear_end()

    def hear_again(self) -> None:
        for reply in self._replies:
            reply.hear_again()

    @property
    def is_heard(self) -> bool:
        return any(reply.is_heard for reply in self._replies)

    @property
    def is_over(self) -> bool:
        return all(reply.is_over for reply in self._replies)

    @property
    def offence(self) -> str:
        """Only if no reply is left without one."""
        return next((reply.offence for reply in self._replies), "") if all(reply.offence for reply in self._replies) else ""

    @property
    def has_words(self) -> bool:
        return any(reply.has_words for reply in self._replies)

    def fill(self, line: str) -> bool:
        return not self.has_words and self._replies[0].fill(line)

    def trail_off(self) -> None:
        for reply in self._replies:
            if reply.has_words:
                reply.trail_off()

    def add_instead(self, line: str) -> None:
        self._replies[0].add_instead(line)

    def close(self) -> None:
        for reply in self._replies:
            reply.close()

    def ended(self, reason: TurnReason, end: Finished | BackendError) -> dict[str, Any]:
        ended = {id(reply): reply.ended(reason, end) for reply in self._replies}
        return ended[id(self.first)]
