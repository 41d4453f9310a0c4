"""One game's session with the bridge: its NPCs, its groups, and what concerns all of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, assert_never

from npc_bridge.client.group import Director, Group
from npc_bridge.client.link import Link
from npc_bridge.client.npc import Candidates, Npc, Turn, as_maps
from npc_bridge.client.protocol import ConnectionLost
from npc_bridge.core import messages as wire
from npc_bridge.core.messages import Clip, Cue, Player, Target, Text, TurnEnded
from npc_bridge.errors import BridgeError, NotNow, UnknownNpc

log = logging.getLogger(__name__)


class Game:
    """One game's session with the bridge. Made by ``connect``."""

    def __init__(self, on_notice: Callable[[wire.Notice], None]) -> None:
        self.npcs: dict[str, Npc] = {}
        """The NPCs that are open, by id."""
        self.groups: dict[str, Group] = {}
        """The groups that are gathered, by name."""
        self.timeline = 0
        """Counts the loads of this session."""
        self._link: Link
        self._on_notice = on_notice
        self._turns: dict[str, Turn] = {}
        self._opened_with: dict[str, dict[str, Any]] = {}
        self._gathered_with: dict[str, dict[str, Any]] = {}
        self._one_at_a_time = asyncio.Lock()

    @property
    def welcome(self) -> wire.Welcome:
        """What the bridge said of itself: session, backend, model, limits."""
        return self._link.welcome

    async def open(
        self,
        npc: str,
        *,
        character: str | Mapping[str, Any] = "",
        player: str | Player = "",
        clips: Iterable[str | Clip] = (),
        targets: Iterable[str | Target] = (),
        language: str = "",
        group: str = "",
        opening: bool = True,
        silence_s: float = 0.0,
    ) -> Npc:
        """Begin, or go on, to talk with an NPC; ``npc`` is the game's own id for it.

        ``character`` is the id of a character file, the same tables inline, or ``npc`` again if left out. ``clips`` are the animations
        that this NPC can play: cues will name no others; ``targets`` is what its actions can be aimed at. If the character has an opening
        line and they have never met, the NPC speaks it at once, unless ``opening`` is False: it is the first of ``turns``. After
        ``silence_s`` without a word of the player the NPC goes on by itself, once.

        Raises ``UnknownCharacter``, or ``BadMessage`` if the NPC is open already or a field is wrong.
        """
        fields: dict[str, Any] = {
            "npc": npc,
            "character": dict(character) if isinstance(character, Mapping) else character or npc,
            "player": player.model_dump() if isinstance(player, Player) else player,
            "clips": as_maps(clips),
            "targets": as_maps(targets) or None,
            "language": language,
            "group": group,
            "opening": None if opening else False,
            "silence_s": silence_s or None,
        }
        async with self._one_at_a_time:  # an error names only the type 'open', so two at a time could not be told apart
            opened = await self._link.ask("open", "opened", re="open", **fields)
        assert isinstance(opened, Npc)
        self._opened_with[npc] = fields
        return opened

    async def tell(
        self,
        name: str,
        data: Mapping[str, Any] | None = None,
        *,
        npc: str = "",
        group: str = "",
        key: str = "",
        priority: int | None = None,
        ttl_s: float | None = None,
        ttl_turns: int | None = None,
        react: bool | None = None,
        confirm: bool = True,
    ) -> None:
        """Tell an NPC, a group or everyone (both empty) what happened in the game; it shows in the next reply.

        Returns when the bridge has the event safe and will use it exactly once. With ``confirm=False`` it returns when the event is
        sent: meant for what is told many times a second, usually with a ``key``, so that only the latest counts.

        With ``react=True`` the NPC may say something about it by itself, see ``Npc.turns``. Raises ``UnknownNpc`` or ``BadMessage``.
        """
        event: dict[str, Any] = {
            "name": name,
            "data": dict(data) if data else None,
            "npc": npc,
            "group": group,
            "key": key,
            "priority": priority,
            "ttl_s": ttl_s,
            "ttl_turns": ttl_turns,
            "react": react,
        }
        if confirm:
            await self.ask("event", "accepted", **event)
        else:
            await self.send("event", **event)

    async def note(self, text: str = "", data: Mapping[str, Any] | None = None, *, npc: str = "", group: str = "", key: str = "") -> None:
        """Let an NPC, a group or everyone (both empty) read this with the next reply, and with no other: a search result, a quest's state.

        ``data`` is read as ``key: value`` lines after the text. With a ``key`` it replaces one that was not read yet.
        """
        await self.ask("note", "accepted", text=text, data=dict(data) if data else None, npc=npc, group=group, key=key)

    async def flags(self, values: Mapping[str, bool | int | float | str | None], *, npc: str = "") -> None:
        """What is true in the game now, for conditions in character files; for one NPC, or all. None takes a flag away."""
        await self.ask("flags", "accepted", values=dict(values), npc=npc)

    async def hold(self, *, npc: str = "", group: str = "") -> None:
        """A cutscene runs: this NPC, this group or everyone (both empty) says nothing until ``release``. Events and lines still count."""
        await self.ask("hold", "accepted", npc=npc, group=group)

    async def release(self, *, npc: str = "", group: str = "") -> None:
        """What was held may speak again; lines that waited are answered now."""
        await self.ask("release", "accepted", npc=npc, group=group)

    async def gather(
        self,
        group: str,
        npcs: Iterable[Npc | str],
        *,
        director: Director = "addressed",
        weights: Mapping[str, float] | None = None,
        max_npc_turns: int = 2,
        pause_s: float = 0.0,
    ) -> Group:
        """Let these NPCs talk with each other and the players. A group that is gathered already is set up anew.

        ``director`` says who speaks next when the game does not: who is ``addressed`` by name, ``round_robin``, ``weighted`` (at random, by
        ``weights``), or ``game`` (nobody). ``max_npc_turns`` is how many turns NPCs take by themselves after one that a player asked for,
        each after ``pause_s``. Raises ``UnknownNpc``, or ``BadMessage`` if one of them takes part elsewhere.
        """
        ids = [npc.id if isinstance(npc, Npc) else npc for npc in npcs]
        fields: dict[str, Any] = {"group": group, "npcs": ids, "director": director, "weights": dict(weights) if weights else None}
        fields |= {"max_npc_turns": max_npc_turns, "pause_s": pause_s}
        gathered = self.groups.get(group) or Group(self, group)
        gathered.npcs, gathered.director = tuple(ids), director
        self.groups[group] = gathered
        try:
            await self.ask("gather", "gathered", **fields)
        except BridgeError:
            if group not in self._gathered_with:
                del self.groups[group]
            raise
        self._gathered_with[group] = fields
        return gathered

    async def save(self, slot: str = "") -> bytes:
        """The state of this session for the game's save file; with a ``slot`` the bridge keeps it by that name, and returns nothing."""
        saved = await self.ask("save", "saved", slot=slot)
        assert isinstance(saved, wire.Saved)
        return saved.blob

    async def load(self, state: bytes | str) -> wire.Loaded:
        """Go back to a saved state, or to that of a slot. Turns under way are over. Raises ``BadSave``; then nothing has changed."""
        where: dict[str, Any] = {"slot": state} if isinstance(state, str) else {"blob": state}
        loaded = await self.ask("load", "loaded", **where)
        assert isinstance(loaded, wire.Loaded)
        return loaded

    async def forget(self, *, npc: str = "", player: str = "") -> wire.Forgotten:
        """Delete for good what is remembered of an NPC or a player; the answer counts what that was."""
        forgotten = await self.ask("forget", "forgotten", npc=npc, player=player)
        assert isinstance(forgotten, wire.Forgotten)
        return forgotten

    async def stats(self) -> wire.Stats:
        """How it is going: counts, money, the model servers, actions without a clip."""
        stats = await self.ask("ask_stats", "stats")
        assert isinstance(stats, wire.Stats)
        return stats

    # ── for connect, Npc and Group ──

    def use(self, link: Link) -> None:
        """Talk over this connection."""
        self._link = link
        link.on_anew = self._anew

    async def send(self, kind: str, **fields: Any) -> None:
        """Send one message that is not answered."""
        await self._link.send(kind, **fields)

    async def ask(self, kind: str, until: str, **fields: Any) -> Any:
        """Send a message with an id of its own, and wait for what answers it."""
        return await self._link.ask(kind, until, id=self._link.protocol.new_id(), **fields)

    async def ask_for_turn(self, kind: str, npc: str, **fields: Any) -> Turn:
        """Send what an NPC answers with a turn, and wait until that turn begins."""
        turn = await self.ask(kind, "turn_started", npc=npc, **fields)
        assert isinstance(turn, Turn)
        return turn

    async def leave(self, npc: str) -> None:
        """Close the conversation with an NPC."""
        async with self._one_at_a_time:
            await self._link.ask("close", "closed", re="close", npc=npc)

    async def leave_group(self, group: str) -> None:
        """Disperse a group."""
        await self.ask("disperse", "dispersed", group=group)

    async def read(self) -> None:
        """Take in what the bridge sends until the connection ends for good; then everyone who still waits learns why."""
        lost = await self._link.read()
        self._lose_turns(lost)
        for group in self.groups.values():
            group.end(lost)
        for npc in self.npcs.values():
            npc.end(lost)

    def take(self, message: wire.BridgeMessage) -> None:  # noqa: C901 (one case for each message)
        """Take one message in."""
        match message:
            case Text() | Cue() | TurnEnded() | wire.Exit():
                if (turn := self._turns.get(message.turn)) is not None:
                    turn.take(message)
                if isinstance(message, TurnEnded):
                    self._turns.pop(message.turn, None)
            case wire.TurnStarted():
                self._take_turn(message)
            case wire.Accepted():
                for accepted in message.ids:
                    self._link.answer(accepted, message.type, None)
            case wire.Opened():
                npc = self.npcs.get(message.npc)
                if npc is None:
                    npc = self.npcs[message.npc] = Npc(self, message)
                self._link.answer("open", message.type, npc, npc=message.npc)
            case wire.Closed():
                self._take_closed(message)
            case wire.Error():
                self._link.fail(message)
            case wire.Notice():
                self._on_notice(message)
            case wire.Dispersed():
                if (group := self.groups.pop(message.group, None)) is not None:
                    group.end(None)
                self._gathered_with.pop(message.group, None)
                self._link.answer(message.id, message.type, message)
            case wire.Loaded():
                self._take_loaded(message)
            case wire.Saved() | wire.Forgotten() | wire.Gathered() | wire.Stats():
                self._link.answer(message.id, message.type, message)
            case wire.Welcome():
                log.debug("a welcome that nobody waits for")
            case _:
                assert_never(message)

    def _take_turn(self, message: wire.TurnStarted) -> None:
        npc = self.npcs.get(message.npc)
        if npc is None:
            return
        turn = self._turns[message.turn] = (Candidates if message.cause == "candidates" else Turn)(npc, message)
        # One turn may answer several lines: all who wait for one of them get this turn.
        answered = [self._link.answer(line, message.type, turn) for line in message.answers]
        if (group := self.groups.get(message.group)) is not None:
            group.begin(turn)
        elif not any(answered):
            npc.begin_unasked(turn)

    def _take_closed(self, message: wire.Closed) -> None:
        if (npc := self.npcs.pop(message.npc, None)) is not None:
            npc.end(None)
        self._opened_with.pop(message.npc, None)
        self._link.answer("close", message.type, None, npc=message.npc)
        self._give_up(lambda npc: npc == message.npc, UnknownNpc(f"the conversation with '{message.npc}' was closed"))

    def _take_loaded(self, message: wire.Loaded) -> None:
        self.timeline = message.timeline
        for turn in self._turns.values():
            turn.take(TurnEnded(type="turn_ended", npc=turn.npc.id, turn=turn.id, reason="interrupted", chars=len(turn.text)))
        self._turns.clear()
        self._link.answer(message.id, message.type, message)
        self._give_up(lambda _: True, NotNow("a saved state was loaded, and this belongs to what was before"))

    def _give_up(self, concerns: Callable[[str], bool], error: BridgeError) -> None:
        """Nobody will be answered by a turn any more."""
        for wait in self._link.waits.values():
            if concerns(wait.npc) and wait.until == "turn_started" and not wait.answer.done():
                wait.answer.set_exception(error)

    def _anew(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The bridge has lost track of what this game has open."""
        self._lose_turns(ConnectionLost("the connection was away for too long; what is still said of this turn comes as a new one"))
        for fields in self._opened_with.values():
            yield "open", fields
        for fields in self._gathered_with.values():
            yield "gather", fields | {"id": self._link.protocol.new_id()}

    def _lose_turns(self, lost: BridgeError) -> None:
        """Turns under way will not end."""
        for turn in self._turns.values():
            turn.lose(lost)
        self._turns.clear()
