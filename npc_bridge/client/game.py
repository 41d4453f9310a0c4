"""One game's session with the bridge, and which answer belongs to which call."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from npc_bridge import __version__
from npc_bridge.client.npc import Npc, Turn
from npc_bridge.client.protocol import ConnectionLost, Protocol, error_of
from npc_bridge.core import messages as wire
from npc_bridge.core.messages import Clip, Cue, Player, Text, TurnEnded
from npc_bridge.errors import BridgeError, Refused, UnknownNpc, WireError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wait:
    """Somebody waits for this answer."""

    until: str
    npc: str
    answer: asyncio.Future[Any]


class Game:
    """One game's session with the bridge. Made by ``connect``."""

    def __init__(self, socket: ClientConnection, protocol: Protocol, on_error: Callable[[WireError], None]) -> None:
        self.npcs: dict[str, Npc] = {}
        """The NPCs that are open, by id."""
        self.welcome: wire.Welcome
        """What the bridge said of itself: session, backend, model, limits."""
        self._socket = socket
        self._protocol = protocol
        self._on_error = on_error
        self._turns: dict[str, Turn] = {}
        self._waits: dict[str, Wait] = {}
        self._one_at_a_time = asyncio.Lock()
        self._lost: BridgeError | None = None

    async def open(
        self,
        npc: str,
        *,
        character: str | Mapping[str, Any] = "",
        player: str | Player = "",
        clips: Iterable[str | Clip] = (),
        language: str = "",
        group: str = "",
    ) -> Npc:
        """Begin to talk with an NPC; ``npc`` is the game's own id for it.

        ``character`` is the id of a character file, the same tables inline, or ``npc`` again if left out. ``clips`` are the animations
        that this NPC can play: cues will name no others. If the character has an opening line, the NPC speaks it at once: it is the first
        of ``turns``.

        Raises ``UnknownCharacter``, or ``BadMessage`` if the NPC is open already or a field is wrong.
        """
        async with self._one_at_a_time:  # an error names only the type 'open', so two at a time could not be told apart
            opened = await self.ask(
                "open",
                "opened",
                re="open",
                npc=npc,
                character=dict(character) if isinstance(character, Mapping) else character or npc,
                player=player.model_dump() if isinstance(player, Player) else player,
                clips=[clip.model_dump() if isinstance(clip, Clip) else clip for clip in clips],
                language=language,
                group=group,
            )
        assert isinstance(opened, Npc)
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
            await self.ask("event", "accepted", id=self._protocol.new_id(), **event)
        else:
            await self.send("event", **event)

    # ── for connect and Npc ──

    async def greet(self, token: str, engine: str) -> None:
        """Say hello and wait for the welcome."""
        await self.send("hello", protocol=wire.PROTOCOL, client=f"npc-bridge-python {__version__}", engine=engine, token=token)
        try:
            message = self._protocol.read(await self._socket.recv())
        except ConnectionClosed as exc:
            raise why_closed(exc) from None
        if not isinstance(message, wire.Welcome):
            raise ConnectionLost("the bridge did not begin with a welcome")
        self.welcome = message

    async def send(self, kind: str, **fields: Any) -> None:
        """Send one message; waits while the socket is full. Raises why the connection ended, if it did."""
        if self._lost is not None:
            raise self._lost
        try:
            await self._socket.send(self._protocol.write(kind, **fields), text=not self._protocol.codec.is_binary)
        except ConnectionClosed as exc:
            raise why_closed(exc) from None

    async def ask(self, kind: str, until: str, *, re: str = "", **fields: Any) -> Any:
        """Send a message and wait for what answers it. Cancelling ends the wait only: the message is sent.

        ``until`` is the type of the answer, ``re`` what an error would name, by default the message's id.
        """
        key = re or fields["id"]
        wait = self._waits[key] = Wait(until, fields.get("npc", ""), asyncio.get_running_loop().create_future())
        try:
            await self.send(kind, **fields)
            return await wait.answer
        finally:
            del self._waits[key]

    async def ask_for_turn(self, kind: str, npc: str, **fields: Any) -> Turn:
        """Send what an NPC answers with a turn, and wait until that turn begins."""
        turn = await self.ask(kind, "turn_started", id=self._protocol.new_id(), npc=npc, **fields)
        assert isinstance(turn, Turn)
        return turn

    async def leave(self, npc: str) -> None:
        """Close the conversation with an NPC."""
        async with self._one_at_a_time:
            await self.ask("close", "closed", re="close", npc=npc)

    async def read(self) -> None:
        """Take in what the bridge sends until the connection ends; then everyone who still waits learns why."""
        lost: BridgeError = ConnectionLost("this client stopped reading")
        try:
            while True:
                message = self._protocol.read(await self._socket.recv())
                if message is not None:
                    self._take(message)
        except ConnectionClosed as exc:
            lost = why_closed(exc)
        except ConnectionLost as exc:
            lost = exc
            await self._socket.close(1002, str(exc))
        finally:
            self._end(lost)

    def _take(self, message: wire.BridgeMessage) -> None:
        match message:
            case Text() | Cue() | TurnEnded():
                if (turn := self._turns.get(message.turn)) is not None:
                    turn.take(message)
                if isinstance(message, TurnEnded):
                    self._turns.pop(message.turn, None)
            case wire.TurnStarted():
                self._take_turn(message)
            case wire.Accepted():
                for accepted in message.ids:
                    self._answer(accepted, message.type, None)
            case wire.Opened():
                self.npcs[message.npc] = npc = Npc(self, message)
                self._answer("open", message.type, npc, npc=message.npc)
            case wire.Closed():
                self._take_closed(message)
            case wire.Error():
                error = error_of(message)
                wait = self._waits.get(message.re)
                if wait is None or wait.answer.done():
                    self._on_error(error)
                else:
                    wait.answer.set_exception(error)
            case (
                wire.Welcome() | wire.Saved() | wire.Loaded() | wire.Forgotten() | wire.Gathered() | wire.Dispersed()
                | wire.Notice() | wire.Stats() | wire.Exit()
            ):  # fmt: skip
                log.debug("nothing asked for '%s'", message.type)
            case _:
                assert_never(message)

    def _take_turn(self, message: wire.TurnStarted) -> None:
        npc = self.npcs.get(message.npc)
        if npc is None:
            return
        turn = self._turns[message.turn] = Turn(npc, message)
        # One turn may answer several lines: all who wait for one of them get this turn.
        answered = [self._answer(line, message.type, turn) for line in message.answers]
        if not any(answered):
            npc.begin_unasked(turn)

    def _take_closed(self, message: wire.Closed) -> None:
        if (npc := self.npcs.pop(message.npc, None)) is not None:
            npc.end(None)
        self._answer("close", message.type, None, npc=message.npc)
        for wait in self._waits.values():
            if wait.npc == message.npc and wait.until == "turn_started" and not wait.answer.done():
                wait.answer.set_exception(UnknownNpc(f"the conversation with '{message.npc}' was closed"))

    def _answer(self, key: str, by: str, value: object, *, npc: str = "") -> bool:
        """Let go who waits for this; False if nobody does."""
        wait = self._waits.get(key)
        if wait is None or wait.until != by or (npc and wait.npc != npc) or wait.answer.done():
            return False
        wait.answer.set_result(value)
        return True

    def _end(self, lost: BridgeError) -> None:
        self._lost = lost
        for wait in self._waits.values():
            if not wait.answer.done():
                wait.answer.set_exception(lost)
        for turn in self._turns.values():
            turn.lose(lost)
        for npc in self.npcs.values():
            npc.end(lost)


_FINAL = (*range(4000, 4005), 4006)
"""Close codes that the same client, trying again, would get again."""


def why_closed(closed: ConnectionClosed) -> BridgeError:
    """What the end of the connection means for the game."""
    if closed.rcvd is None:
        return ConnectionLost("the connection to the bridge broke" if closed.sent is None else "the connection was closed by this game")
    code, reason = closed.rcvd.code, closed.rcvd.reason
    if closed.rcvd_then_sent is False:
        return ConnectionLost("the connection was closed by this game", code)
    if code in _FINAL:
        return Refused(code, reason)
    return ConnectionLost(reason or f"the bridge closed the connection with code {code}", code)
