"""The talk of several NPCs."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Literal, TypeAlias

from npc_bridge.client.feed import Feed
from npc_bridge.client.npc import Candidates, Turn
from npc_bridge.errors import BridgeError

if TYPE_CHECKING:
    from npc_bridge.client.game import Game

Director: TypeAlias = Literal["addressed", "round_robin", "weighted", "game"]


class Group:
    """Several NPCs that talk with each other and the players. Made by ``Game.gather``."""

    def __init__(self, game: Game, name: str) -> None:
        self.id = name
        self.npcs: tuple[str, ...] = ()
        """Who takes part."""
        self.director: Director = "addressed"
        self._game = game
        self._feed = Feed(name)

    async def say(self, text: str, *, player: str = "") -> Turn | None:
        """A player says something to all, and whoever the director chooses answers; None under the game's own direction.

        To be answered by one of them, use ``Npc.say``: all hear it all the same.
        """
        if self.director == "game":
            await self._game.ask("say", "accepted", npc=self.id, text=text, player=player)
            return None
        return await self._game.ask_for_turn("say", self.id, text=text, player=player)

    async def continue_(self) -> Turn:
        """Let the next NPC in turn speak."""
        return await self._game.ask_for_turn("continue", self.id)

    async def regenerate(self) -> Turn:
        """Another reply in place of the last line, whoever said it."""
        return await self._game.ask_for_turn("regenerate", self.id)

    async def candidates(self, n: int) -> Candidates:
        """Several replies in place of the last line, to choose from."""
        turn = await self._game.ask_for_turn("candidates", self.id, n=n)
        assert isinstance(turn, Candidates)
        return turn

    async def interrupt(self, at: int | None = None) -> None:
        """Stop who is speaking, and what NPCs say among themselves."""
        await self._game.send("interrupt", npc=self.id, at=at)

    def turns(self) -> AsyncGenerator[Turn, None]:
        """All turns of the group, those that calls have asked for included, one after the other.

        Ends when the group disperses. The last ``MAX_WAITING_TURNS`` wait here; meant to be read in one place only. Raises
        ``ConnectionLost`` or ``Refused`` when the connection ends.
        """
        return self._feed.read()

    async def disperse(self) -> None:
        """End the talk. Each NPC remembers what it heard."""
        await self._game.leave_group(self.id)

    # ── for Game ──

    def begin(self, turn: Turn) -> None:
        """Keep a turn for ``turns``."""
        self._feed.put(turn)

    def end(self, lost: BridgeError | None) -> None:
        """There will be no more turns; ``lost`` says why if that was no one's wish."""
        self._feed.end(lost)
