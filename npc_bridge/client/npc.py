"""The conversation with one NPC, and its turns while they come in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from npc_bridge.client.feed import Feed
from npc_bridge.core import messages as wire
from npc_bridge.core.messages import Clip, Cue, Exit, Target, Text, TurnEnded
from npc_bridge.errors import BridgeError

if TYPE_CHECKING:
    from npc_bridge.client.game import Game

log = logging.getLogger(__name__)


Part: TypeAlias = Text | Cue | Exit
"""What a turn consists of, in order; each has its place ``at`` in the turn's text, in code points from 0."""


class Npc:
    """The conversation with one NPC. Made by ``Game.open``."""

    def __init__(self, game: Game, opened: wire.Opened) -> None:
        self.id = opened.npc
        self.name = opened.name
        self.character = opened.character
        self.language = opened.language
        self.remembered = opened.remembered
        """How many lines of earlier talk it went on from when it was opened."""
        self.last_line = opened.last_line
        """What it had said last then."""
        self._game = game
        self._unasked = Feed(self.id)

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

    async def regenerate(self) -> Turn:
        """Another reply in place of the last, whose text is void then: see ``Turn.replaces``. Raises ``NotNow`` when there is none."""
        return await self._game.ask_for_turn("regenerate", self.id)

    async def candidates(self, n: int) -> Candidates:
        """One to four replies in place of the last, side by side, to ``choose`` from. Raises ``NotNow`` when there is none."""
        turn = await self._game.ask_for_turn("candidates", self.id, n=n)
        assert isinstance(turn, Candidates)
        return turn

    async def choose(self, turn: Turn, index: int) -> None:
        """Take one of the candidates; the others leave no trace. Raises ``NotNow`` while they come in, and when the talk has gone on."""
        await self._game.ask("choose", "accepted", npc=self.id, turn=turn.id, index=index)

    async def line(self, text: str, *, player: str = "", shown: bool = False) -> Turn | None:
        """An authored line, with its actions in parentheses: the NPC says it in a turn, word for word, and remembers it.

        With ``player``, that player says it; with ``shown``, the game shows it itself: then it is only remembered, and None returned.
        """
        if player or shown:
            await self._game.ask("line", "accepted", npc=self.id, text=text, player=player, shown=shown or None)
            return None
        return await self._game.ask_for_turn("line", self.id, text=text)

    async def declare(self, *, clips: Iterable[str | Clip] | None = None, targets: Iterable[str | Target] | None = None) -> None:
        """What this NPC can play or aim at has changed. What is left out stays; nothing answers."""
        given = {"clips": clips, "targets": targets}
        await self._game.send("declare", npc=self.id, **{name: as_maps(things) for name, things in given.items() if things is not None})

    async def tell(self, name: str, data: Mapping[str, Any] | None = None, **how: Any) -> None:
        """As ``Game.tell``, to this NPC only."""
        await self._game.tell(name, data, npc=self.id, **how)

    async def note(self, text: str = "", data: Mapping[str, Any] | None = None, *, key: str = "") -> None:
        """As ``Game.note``, for this NPC only."""
        await self._game.note(text, data, npc=self.id, key=key)

    async def flags(self, values: Mapping[str, bool | int | float | str | None]) -> None:
        """As ``Game.flags``, for this NPC only."""
        await self._game.flags(values, npc=self.id)

    async def hold(self) -> None:
        """As ``Game.hold``, for this NPC only."""
        await self._game.hold(npc=self.id)

    async def release(self) -> None:
        """As ``Game.release``, for this NPC only."""
        await self._game.release(npc=self.id)

    async def interrupt(self, at: int | None = None, *, turn: Turn | None = None) -> None:
        """Stop what the NPC is saying; its turn ends with the reason ``interrupted``.

        ``at`` is how much of the text the player was shown: the NPC will not remember having said the rest. None: all that was sent.
        With ``turn``, only if that is the turn under way.
        """
        await self._game.send("interrupt", npc=self.id, turn=turn.id if turn is not None else "", at=at)

    async def seen(self, turn: Turn, at: int) -> None:
        """Tell how much of a turn's text the player was shown so far, in code points."""
        await self._game.send("seen", npc=self.id, turn=turn.id, at=at)

    def turns(self) -> AsyncGenerator[Turn, None]:
        """The turns that no call waits for: the opening line, and what the NPC says by itself about events.

        Ends when the conversation is closed. The last ``MAX_WAITING_TURNS`` wait here; meant to be read in one place only. Raises
        ``ConnectionLost`` or ``Refused`` when the connection ends.
        """
        return self._unasked.read()

    async def close(self) -> None:
        """Leave the conversation; a turn that is under way is interrupted."""
        await self._game.leave(self.id)

    # ── for Game ──

    def begin_unasked(self, turn: Turn) -> None:
        """Keep a turn for ``turns``."""
        self._unasked.put(turn)

    def end(self, lost: BridgeError | None) -> None:
        """There will be no more turns; ``lost`` says why if that was no one's wish."""
        self._unasked.end(lost)


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
        self.replaces = started.replaces
        """Id of the turn in whose place this one comes."""
        self.n = started.n
        """How many replies come side by side."""
        self.group = started.group
        """The group whose talk it belongs to."""
        self.parts: list[Part] = []
        """What has come in so far."""
        self.ended: TurnEnded | None = None
        """How the turn ended; None while it is under way."""
        self._lost: BridgeError | None = None
        self._news = asyncio.Event()

    @property
    def text(self) -> str:
        """The visible text that has come in so far; of several replies the first."""
        return self._text_of(0)

    @property
    def exit(self) -> str:
        """The exit that the talk has come to; empty if to none."""
        return next((part.exit for part in self.parts if isinstance(part, Exit)), "")

    def _text_of(self, index: int) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, Text) and part.index == index)

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


class Candidates(Turn):
    """Several replies side by side. ``part.index`` says to which each part belongs, and ``part.at`` counts for each by itself."""

    @property
    def texts(self) -> tuple[str, ...]:
        """What has come in of each so far."""
        return tuple(self._text_of(index) for index in range(self.n))

    async def choose(self, index: int) -> None:
        """As ``Npc.choose``. Without it, the first counts that has any text."""
        await self.npc.choose(self, index)


def as_maps(things: Iterable[str | Clip | Target]) -> list[Any]:
    return [thing if isinstance(thing, str) else thing.model_dump() for thing in things]
