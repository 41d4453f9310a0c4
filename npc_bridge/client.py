"""The Python client: what a game, a terminal or a test talks to the bridge with.

    async with connect("ws://127.0.0.1:8765") as game:
        brom = await game.open("smith_01", character="brom", player="Ada", clips=["wave", "nod"])
        turn = await brom.say("Can you mend this sword?")
        async for part in turn:
            ...  # Text to show, Cue to play

Three layers, which the clients for Godot and Unity have as well: the socket (of ``websockets``), ``Protocol`` (bytes, ids and sequence
numbers, no I/O) and what a game sees (``Game``, ``Npc``, ``Turn``). What is said is described in ``docs/protocol.md``.

Everything belongs to one event loop. Nothing here connects again by itself: a connection that is lost ends every wait with
``ConnectionLost``.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, assert_never

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.typing import Subprotocol

from npc_bridge import __version__
from npc_bridge.core import messages as wire
from npc_bridge.core.codec import JSON, MSGPACK, Codec
from npc_bridge.core.messages import Clip, Cue, Player, Text, TurnEnded
from npc_bridge.errors import BadMessage, BridgeError, Refused, UnknownNpc, UnknownType, WireError

__all__ = ["Clip", "ConnectionLost", "Cue", "Game", "Npc", "Part", "Player", "Protocol", "Text", "Turn", "TurnEnded", "connect"]

log = logging.getLogger(__name__)

DEFAULT_URL = "ws://127.0.0.1:8765"
MAX_ANSWER_BYTES = 16_777_216
"""Limit of one message of the bridge; only a saved state comes near it."""
MAX_UNASKED_TURNS = 32
"""How many turns that an NPC began by itself wait in ``Npc.turns`` before the oldest is dropped."""

Part: TypeAlias = Text | Cue
"""What a turn consists of, in order; each has its place ``at`` in the turn's text, in code points from 0."""


class ConnectionLost(BridgeError):
    """The connection ended before the game closed it; a new one can be tried."""

    code = "connection_lost"
    retry = True

    def __init__(self, reason: str, close_code: int = 1006) -> None:
        super().__init__(reason)
        self.close_code = close_code
        """As in ``docs/protocol.md``; 1006: none was received."""


@asynccontextmanager
async def connect(
    url: str = DEFAULT_URL,
    *,
    token: str = "",
    codec: Literal["msgpack", "json"] = "msgpack",
    engine: str = "",
    timeout_s: float = 10.0,
    on_error: Callable[[WireError], None] | None = None,
) -> AsyncGenerator[Game, None]:
    """Connect to a bridge and say hello; the connection is closed when the block is left.

    ``engine`` is for the bridge's log. ``on_error`` is called with every error that no call waits for, which are those of ``seen``,
    ``interrupt`` and unconfirmed ``tell``; without it they are logged.

    Raises ``Refused`` if the bridge does not want this client (wrong token, other protocol version), ``ConnectionLost`` if there is no
    bridge at ``url`` or it does not answer within ``timeout_s``.
    """
    chosen: Codec = MSGPACK if codec == "msgpack" else JSON
    protocol = Protocol(chosen, id_prefix=secrets.token_hex(4))
    try:
        async with asyncio.timeout(timeout_s):
            socket = await open_socket(
                url,
                subprotocols=[Subprotocol(chosen.subprotocol)],
                compression=None,  # costs more than it saves on one machine
                max_size=MAX_ANSWER_BYTES,
                proxy=None,  # the bridge runs beside the game
                ping_timeout=180,  # a game that stands at a breakpoint is not dead
                close_timeout=1,
            )
    except (OSError, InvalidHandshake, TimeoutError) as exc:
        raise ConnectionLost(f"no bridge answers at {url}; is 'npc-bridge serve' running?") from exc
    except InvalidURI as exc:
        raise ConnectionLost(f"{url} is not the address of a bridge; write ws://HOST:PORT") from exc
    async with socket:
        if socket.subprotocol != chosen.subprotocol:
            raise ConnectionLost(f"what listens at {url} does not speak {chosen.subprotocol}")
        game = Game(socket, protocol, on_error or log_error)
        try:
            async with asyncio.timeout(timeout_s):
                await game.greet(token, engine)
        except TimeoutError as exc:
            raise ConnectionLost(f"the bridge at {url} did not welcome us within {timeout_s:g} s") from exc
        reader = asyncio.create_task(game.read())
        try:
            yield game
        finally:
            await socket.close()
            await reader


def log_error(error: WireError) -> None:
    """What happens to an error that nobody waits for, unless the game says otherwise."""
    log.warning("the bridge answered %s to %r: %s", error.code, error.re, error)


class Protocol:
    """A client's side of the wire without the socket: messages to bytes and back, ids, and sequence numbers without a gap."""

    def __init__(self, codec: Codec, id_prefix: str) -> None:
        self.codec = codec
        self.seq = 0
        """The last sequence number seen."""
        self._id_prefix = id_prefix
        self._ids = 0

    def new_id(self) -> str:
        """An id no other message of this game has, also not in a run before a saved state was loaded: the prefix is random."""
        self._ids += 1
        return f"{self._id_prefix}-{self._ids}"

    def write(self, kind: str, **fields: Any) -> bytes:
        """A message to send. Fields that are None or empty text are left out, which is how the protocol says "not given"."""
        return self.codec.encode({"type": kind} | {name: value for name, value in fields.items() if value is not None and value != ""})

    def read(self, frame: bytes | str) -> wire.BridgeMessage | None:
        """A message that came in; None if it was seen before, or if only a later version of this client would understand it.

        Raises ``ConnectionLost`` when messages are missing before this one.
        """
        try:
            message = self.codec.decode_bridge(frame, MAX_ANSWER_BYTES)
        except UnknownType:
            self.seq += 1
            return None
        except BadMessage as error:
            self.seq += 1
            log.warning("the bridge sent a message that this client cannot read: %s", error)
            return None
        if isinstance(message, wire.Welcome):
            self.seq = message.seq
        elif message.seq:
            if message.seq <= self.seq:
                return None
            missing = message.seq - self.seq - 1
            if missing:
                raise ConnectionLost(f"{missing} messages are missing before number {message.seq}")
            self.seq = message.seq
        return message


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

    # ── for connect, Npc and Turn ──

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
            case wire.Welcome() | wire.Saved() | wire.Loaded():
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


@dataclass(frozen=True, slots=True)
class Wait:
    """Somebody waits for this answer."""

    until: str
    npc: str
    answer: asyncio.Future[Any]


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


_ERRORS = {kind.code: kind for kind in WireError.__subclasses__()}
_FINAL = range(4000, 4005)
"""Close codes that the same client, trying again, would get again."""


def error_of(message: wire.Error) -> WireError:
    """The exception that the bridge raised on its side."""
    kind = _ERRORS.get(message.code)
    return kind(message.message, re=message.re) if kind is not None else WireError(f"{message.code}: {message.message}", re=message.re)


def why_closed(closed: ConnectionClosed) -> BridgeError:
    """What the end of the connection means for the game."""
    if closed.rcvd is None:
        return ConnectionLost("the connection to the bridge broke" if closed.sent is None else "the connection was closed by this game")
    code, reason = closed.rcvd.code, closed.rcvd.reason
    if closed.rcvd_then_sent is False:
        return ConnectionLost("the connection was closed by this game", code)
    if code in _FINAL or code == 4006:
        return Refused(code, reason)
    return ConnectionLost(reason or f"the bridge closed the connection with code {code}", code)
