"""The conversation with one NPC, and its turns while they come in."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, TypeAlias

from npc_bridge.core import messages as wire
from npc_bridge.core.messages import Cue, Text, TurnEnded
from npc_bridge.errors import BridgeError

if TYPE_CHECKING:
    from npc_bridge.client.game import Game

log = logging.getLogger(__name__)

MAX_UNASKED_TURNS = 32
"""How many turns that an NPC began by itself wait in ``Npc.turns`` before the oldest is dropped."""

Part: TypeAlias = Text | Cue
"""What a turn consists of, in order; each has its place ``at`` in the turn's text, in code points from 0."""


class Npc:
    """The conversation with one NPC. Made by ``Game.open``."""

    def __init__(self, game: Game, opened: wire.Opened) -> None:
        self.id = opened.npc
        self.name = opened.name
        self.character = opened.character
        self.language = opened.language
        self._game = game
        self._unasked: deque[Turn] = deque(maxlen=MAX_UNASKED_TURNS)
        self._news = asyncio.Event()
        self._is_over = False
        self._lost: BridgeError | None = None

    async def say(self, text: str, *, player: str = "") -> Turn:
        """Say something to the NPC, and wait until it begins to answer.

        While the NPC speaks, the line waits for the turn after; lines that wait together are answered by one turn, which is then what
        each of these calls returns. To cut the NPC short, ``interrupt`` first. ``player`` says who speaks, if not the player of ``open``.

        Raises ``UnknownNpc`` when the conversation is or gets closed, ``BadMessage`` when ``text`` is empty or too long.
        """
        return await self._game.ask_for_turn("say", self.id, text=text, player=player)

    async def continue_(self) -> Turn:
        """Let the NPC go on although the player says nothing, and wait until it begins to."""
        return await self._game.ask_for_turn("continue", self.id)

    async def interrupt(self, at: int | None = None, *, turn: Turn | None = None) -> None:
        """Stop what the NPC is saying; its turn ends with the reason ``interrupted``.

        ``at`` is how much of the text the player was shown: the NPC will not remember having said the rest. None: all that was sent.
        With ``turn``, only if that is the turn under way.
        """
        await self._game.send("interrupt", npc=self.id, turn=turn.id if turn is not None else "", at=at)

    async def seen(self, turn: Turn, at: int) -> None:
        """Tell how much of a turn's text the player was shown so far, in code points."""
        await self._game.send("seen", npc=self.id, turn=turn.id, at=at)

    async def turns(self) -> AsyncGenerator[Turn, None]:
        """The turns that no call waits for: the opening line, and what the NPC says by itself about events.

        Ends when the conversation is closed. The last ``MAX_UNASKED_TURNS`` wait here; meant to be read in one place only. Raises
        ``ConnectionLost`` or ``Refused`` when the connection ends.
        """
        while True:
            while self._unasked:
                yield self._unasked.popleft()
            if self._lost is not None:
                raise self._lost
            if self._is_over:
                return
            self._news.clear()
            await self._news.wait()

    async def close(self) -> None:
        """Leave the conversation; a turn that is under way is interrupted."""
        await self._game.leave(self.id)

    # ── for Game ──

    def begin_unasked(self, turn: Turn) -> None:
        """Keep a turn for ``turns``."""
        if len(self._unasked) == MAX_UNASKED_TURNS:
            log.warning("nobody reads the turns of '%s': the oldest is dropped", self.id)
        self._unasked.append(turn)
        self._news.set()

    def end(self, lost: BridgeError | None) -> None:
        """There will be no more turns; ``lost`` says why if that was no one's wish."""
        self._is_over, self._lost = True, lost
        self._news.set()


class Turn:
    """One reply of an NPC, while it comes in and after.

    ``async for part in turn`` yields its ``Text`` and ``Cue`` parts in order and ends with the turn. Every loop begins at the start, so
    several readers see the same. A turn keeps its parts for as long as somebody keeps the turn.
    """

    def __init__(self, npc: Npc, started: wire.TurnStarted) -> None:
        self.npc = npc
        self.id = started.turn
        self.cause = started.cause
        self.answers = started.answers
        """Ids of the lines, or of the event, that this turn answers."""
        self.note = started.note
        """What the model was told of the events, for a developer to see."""
        self.parts: list[Part] = []
        """What has come in so far."""
        self.ended: TurnEnded | None = None
        """How the turn ended; None while it is under way."""
        self._lost: BridgeError | None = None
        self._news = asyncio.Event()

    @property
    def text(self) -> str:
        """The visible text that has come in so far."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    async def __aiter__(self) -> AsyncGenerator[Part, None]:
        """Raises ``ConnectionLost`` or ``Refused`` when the connection ends before the turn; a failed turn just ends, see ``done``."""
        place = 0
        while True:
            while place < len(self.parts):
                yield self.parts[place]
                place += 1
            if self._is_over():
                return
            await self._wait()

    async def done(self) -> TurnEnded:
        """Wait for the end of the turn: why it ended, how long it took, what it cost.

        A turn whose ``reason`` is ``failed`` is an answer, not an exception. Raises as the iteration does.
        """
        while not self._is_over():
            await self._wait()
        assert self.ended is not None
        return self.ended

    async def seen(self, at: int) -> None:
        """As ``Npc.seen``."""
        await self.npc.seen(self, at)

    async def interrupt(self, at: int | None = None) -> None:
        """As ``Npc.interrupt``, for this turn only."""
        await self.npc.interrupt(at, turn=self)

    # ── for Game ──

    def take(self, message: Part | TurnEnded) -> None:
        """Add what came in."""
        if isinstance(message, TurnEnded):
            self.ended = message
        else:
            self.parts.append(message)
        self._news.set()

    def lose(self, lost: BridgeError) -> None:
        """The connection ended first."""
        self._lost = lost
        self._news.set()

    def _is_over(self) -> bool:
        if self._lost is not None:
            raise self._lost
        return self.ended is not None

    async def _wait(self) -> None:
        # Clearing does not put back to sleep whoever was woken and has not run yet, so any number of readers can share the event.
        self._news.clear()
        await self._news.wait()
