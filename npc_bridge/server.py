"""The bridge as a server: who may come in, whose session it is, and messages from the network to its play.

What to do is decided in ``core/session.py``, and carried out in ``play.py``; this file only connects them to the network and keeps
strangers out.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import json
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from npc_bridge import __version__
from npc_bridge.backends import Backend
from npc_bridge.cast import Cast
from npc_bridge.config import ServerSettings
from npc_bridge.core import clips, keeping, moderation
from npc_bridge.core import messages as wire
from npc_bridge.core.budget import BudgetSettings
from npc_bridge.core.codec import JSON, MSGPACK, Codec
from npc_bridge.core.session import Session
from npc_bridge.errors import BackendError, BadSettings, Refused, StorageFailed, WireError
from npc_bridge.memory.settings import StorageSettings
from npc_bridge.memory.store import Store
from npc_bridge.outbox import Outbox
from npc_bridge.play import House, Play
from npc_bridge.saves import revive
from npc_bridge.spending import ACCOUNTS_ID, Till
from npc_bridge.tape import Recorder
from npc_bridge.unmapped_file import UnmappedFile, counts_file

log = logging.getLogger(__name__)

MAX_FRAME_BYTES = 4_194_304
"""A frame between the message limit and this is refused and the connection lives on; a larger one closes it with 1009."""


class Bridge:
    """A running bridge: ``async with Bridge(…) as bridge`` listens; leaving it ends every connection and turn within a second.

    The backend is the caller's to close.
    """

    def __init__(
        self,
        settings: ServerSettings,
        backend: Backend,
        cast: Cast,
        *,
        storage: StorageSettings = StorageSettings(path=""),  # noqa: B008  (frozen)
        store: Store | None = None,
        recorder: Recorder | None = None,
        budgets: Sequence[BudgetSettings] = (),
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        if not (settings.token or is_loopback(settings.host)):
            raise Refused(4001, f"listening on {settings.host} lets other computers in, so a token is needed: set server.token")
        till = Till(budgets, store=store, wall=wall)
        self.settings, self.backend, self.cast, self.recorder, self.clock = settings, till.backend(backend), cast, recorder, clock
        self.house = House(settings, self.backend, clock, storage, store, recorder, till)
        self.unmapped = UnmappedFile(None if cast.is_builtin else counts_file(storage, cast.folder))
        """The actions for which no clip was found, in all sessions."""
        self.connections: set[Connection] = set()
        self.plays: dict[str, Play] = {}
        """The sessions that go on, by id; also those whose game is away for a while."""
        self._server: Server | None = None
        self._chores: list[asyncio.Task[None]] = []
        self.words: asyncio.Task[None]
        """Done when the words by which actions are understood are loaded; a connection waits for it."""

    async def __aenter__(self) -> Self:
        try:
            self._server = await self._listen()
        except OSError as error:
            where = f"port {self.settings.port} of {self.settings.host}"
            raise BadSettings(f"cannot listen on {where} ({error.strerror}); choose another with --port, or 0 for any") from error
        if self.house.store is not None:
            self.house.store.on_failing = self._disk_changed
        self.words = asyncio.create_task(asyncio.to_thread(load_words))
        await self.house.till.open()
        await self.unmapped.open()
        self.unmapped.drop_accepted(self.cast.characters)
        self._chores = [self.words, *map(asyncio.create_task, (self.cast.watch(self._recast), self._warm_up(), self.unmapped.keep()))]
        return self

    async def _listen(self) -> Server:
        return await serve(
            self._connected,
            self.settings.host,
            self.settings.port,
            process_request=self._answer_http,
            select_subprotocol=choose_subprotocol,
            compression=None,  # costs more than it saves on loopback, and 30 KB a connection
            max_size=max(MAX_FRAME_BYTES, self.settings.max_message_bytes),
            write_limit=self.settings.max_queue_bytes,
            ping_interval=None,  # a game at a breakpoint does not answer pings, and is not dead
            close_timeout=0.5,
            server_header=None,
        )

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._server is not None
        for chore in self._chores:
            chore.cancel()
        self._server.close(code=4008, reason="the bridge is stopping")
        await self._server.wait_closed()
        plays = list(self.plays.values())
        for play in plays:
            play.end()
        await asyncio.gather(*self._chores, *(play.ended() for play in plays), return_exceptions=True)
        await self.unmapped.save()

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        host = self.settings.host
        return f"ws://{f'[{host}]' if ':' in host else host}:{self.port}"

    async def _connected(self, socket: ServerConnection) -> None:
        """The boundary: whatever goes wrong inside costs this connection and no other."""
        connection = Connection(self, socket)
        try:
            if len(self.connections) >= self.settings.max_connections:
                raise Refused(4004, f"{self.settings.max_connections} games are connected, which is the limit")
            refuse_foreign_pages(socket, self.settings)
            self.connections.add(connection)
            await connection.run()
        except Refused as error:
            log.warning("connection refused: %s", error)
            await socket.close(error.close_code, str(error)[:120])
        except ConnectionClosed:
            pass
        finally:
            self.connections.discard(connection)

    async def _warm_up(self) -> None:
        try:
            await self.backend.warm_up()
        except BackendError as error:
            log.warning("the model is not ready: %s", error)  # each turn will try again, and tell its game

    def _recast(self) -> None:
        self.unmapped.drop_accepted(self.cast.characters)
        for play in self.plays.values():
            for talk in play.session.conversations.values():
                if (character := self.cast.characters.get(talk.character.id)) is not None:
                    talk.recast(character)

    def _disk_changed(self, problem: str) -> None:
        for play in self.plays.values():
            if problem:
                play.tell({"type": "notice", "code": "storage_failed", "message": problem})
            else:
                play.confirm()

    def about_the_memory(self) -> list[dict[str, Any]]:
        """What a game should know of it when it comes."""
        store = self.house.store
        notices = []
        if store is not None and store.damaged is not None:
            message = f"the memory was damaged, and set aside as {store.damaged.name}; it begins anew"
            notices.append({"type": "notice", "code": "storage_damaged", "message": message})
        if store is not None and store.failing:
            notices.append({"type": "notice", "code": "storage_failed", "message": store.failing})
        return notices

    async def play_for(self, session_id: str) -> tuple[Play, bool]:
        """The play with this id and whether the game knows it: one that goes on, one that the memory holds, or else a new one."""
        if session_id and (play := self.plays.get(session_id)) is not None:
            return play, True
        store = self.house.store
        session_id = "" if session_id == ACCOUNTS_ID else session_id
        stored = None
        if session_id and store is not None:
            try:
                stored = await store.read_session(session_id)
            except StorageFailed as error:
                log.warning("session %s begins anew, because what is remembered of it cannot be read: %s", session_id, error)
        if (play := self.plays.get(session_id)) is not None:
            return play, True  # another connection was faster
        session = Session(
            session_id if stored is not None else secrets.token_urlsafe(12), find_character=self.cast.find, templates=self.cast.templates
        )
        session.unmapped, session.moderation = self.unmapped.counts, self.cast.moderation
        if stored is not None:
            revive(session, stored)
        if self.recorder is not None:
            past = keeping.snapshot(session, self.clock()) if stored is not None else None
            self.recorder.began(session.id, past)
        play = self.plays[session.id] = Play(session, self.house, self.plays)
        return play, False

    def welcome(self, play: Play) -> dict[str, Any]:
        """What a game hears first."""
        welcome = {
            "type": "welcome",
            "protocol": wire.PROTOCOL,
            "session": play.session.id,
            "resumed": False,
            "server": f"npc-bridge {__version__}",
            "backend": self.backend.name,
            "model": self.backend.model,
            "max_message_bytes": self.settings.max_message_bytes,
            "characters": sorted(self.cast.characters),
        }
        known = [*play.session.conversations, *play.session.asleep]
        return welcome | ({"npcs": known, "timeline": play.session.timeline} if known else {})

    def _answer_http(self, socket: ServerConnection, request: Request) -> Response | None:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return None
        if request.path != "/health":
            return socket.respond(HTTPStatus.NOT_FOUND, "This is npc-bridge. Games connect by websocket; GET /health says how it is.\n")
        if not is_known_host(request.headers, self.settings):
            return socket.respond(HTTPStatus.FORBIDDEN, "The Host header names another machine.\n")
        body = json.dumps(self.health()).encode()
        headers = Headers({"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"})
        return Response(HTTPStatus.OK, "OK", headers, body)

    def health(self) -> dict[str, Any]:
        """What ``GET /health`` answers: counts and names, nothing of what is said."""
        sessions = [play.session for play in self.plays.values()]
        talks = [talk for session in sessions for talk in session.conversations.values()]
        return {
            "status": "ok",
            "version": __version__,
            "backend": self.backend.name,
            "model": self.backend.model,
            "sessions": len(sessions),
            "npcs": len(talks),
            "tasks": len(asyncio.all_tasks()),
            "turns_running": sum(talk.running is not None for talk in talks),
        }


class Connection:
    """One websocket: its hello, the play that it belongs to, and what it sends."""

    def __init__(self, bridge: Bridge, socket: ServerConnection) -> None:
        self.bridge, self.settings, self.socket = bridge, bridge.settings, socket
        self.codec: Codec = MSGPACK if socket.subprotocol == wire.SUBPROTOCOL_MSGPACK else JSON

    async def run(self) -> None:
        """Serve this client until it leaves."""
        hello = await self._hello()
        play, is_known = await self.bridge.play_for(hello.session)
        log.info("session %s: %s %s", play.session.id, hello.client or "a client", hello.engine)
        outbox = Outbox(self.socket, play.session.id, is_binary=self.codec.is_binary, max_bytes=self.settings.max_queue_bytes)
        if play.outbox is not None:
            play.outbox.close(4009, "this session goes on in another connection")
        play.attach(outbox, self.codec, self.bridge.welcome(play), hello.seq if is_known else None)
        for notice in self.bridge.about_the_memory():
            play.tell(notice)
        await asyncio.shield(self.bridge.words)
        try:
            await self._read(play, outbox)
        finally:
            # A game that says goodbye does not come back; one whose connection broke may.
            play.detach(outbox, for_good=self.socket.close_code in (1000, 1001))

    async def _hello(self) -> wire.Hello:
        try:
            async with asyncio.timeout(self.settings.hello_timeout_s):
                frame = await self.socket.recv(decode=False)
        except TimeoutError:
            raise Refused(4006, f"no hello within {self.settings.hello_timeout_s:g} s") from None
        try:
            hello = self.codec.decode(frame, self.settings.max_message_bytes)
        except WireError as error:
            raise Refused(4000, f"the first message must be a hello: {error}") from error
        if not isinstance(hello, wire.Hello):
            raise Refused(4000, f"the first message must be 'hello', not '{hello.type}'")
        if not hmac.compare_digest(hello.token.encode(), self.settings.token.encode()):
            raise Refused(4001, "the token is missing or wrong")
        if hello.protocol != wire.PROTOCOL:
            raise Refused(4002, f"this bridge speaks protocol {wire.PROTOCOL}, the game speaks {hello.protocol}")
        return hello

    async def _read(self, play: Play, outbox: Outbox) -> None:
        """Take messages in, one after the other. A bad one is answered with an error and costs nothing else."""
        decode, receive, clock = self.codec.decode, play.receive, self.bridge.clock
        recorder, limit, session_id = self.bridge.recorder, self.settings.max_message_bytes, play.session.id
        pace = Pace(self.settings.max_messages_per_s, clock)
        while True:
            try:
                frame = await self.socket.recv(decode=False)
            except ConnectionClosed:
                return
            if play.outbox is not outbox:
                return  # another connection has taken the session over
            now = clock()
            try:
                message = decode(frame, limit)
            except WireError as error:
                play.refuse(error)
            else:
                if recorder is not None:
                    recorder.received(session_id, message, now)
                if (waits := receive(message, now)) is not None:
                    await asyncio.wait((waits,))
            if (pause_s := pace.pause_s(now)) is not None:
                await asyncio.sleep(pause_s)


class Pace:
    """Reads no more than so many messages a second: the rest wait in the socket, late but not lost."""

    def __init__(self, per_s: int, clock: Callable[[], float]) -> None:
        self._interval_s = 1 / per_s if per_s else 0.0
        self._clock = clock
        self._due = clock() - 1.0
        self._since_pause = 0

    def pause_s(self, now: float) -> float | None:
        """How long to wait before the next message: until the last second is not too busy, and 0 now and then so that others run."""
        due = self._due + self._interval_s
        self._due = due = due if due > now - 1.0 else now - 1.0
        if due > now:
            return due - now
        self._since_pause += 1
        if self._since_pause < 64:
            return None
        self._since_pause = 0
        return 0.0


def load_words() -> None:
    """Read the words by which actions are understood, and those that no character says."""
    clips.warm_up()
    moderation.NOTHING.watched(True)


def choose_subprotocol(_socket: ServerConnection, offered: Any) -> Any:
    """msgpack or JSON, whichever the client names first; JSON for a client that names none."""
    known = [each for each in offered if each in (wire.SUBPROTOCOL_MSGPACK, wire.SUBPROTOCOL_JSON)]
    return known[0] if known else None


def refuse_foreign_pages(socket: ServerConnection, settings: ServerSettings) -> None:
    """Keep out web pages: a browser names the page's origin, a game has none. Raises ``Refused``."""
    assert socket.request is not None
    headers = socket.request.headers
    origin = headers.get("Origin")
    if origin is not None and origin not in settings.allowed_origins:
        raise Refused(4003, "web pages of other origins may not connect; see server.allowed_origins")
    if not is_known_host(headers, settings):
        raise Refused(4003, "the Host header names another machine")


def is_known_host(headers: Headers, settings: ServerSettings) -> bool:
    """Whether the Host header is an address: a foreign name that resolves to this machine is an attack by DNS rebinding."""
    name = headers.get("Host", "").rsplit(":", 1)[0].strip("[]").lower()
    return not is_loopback(settings.host) or name == "localhost" or is_loopback(name)


def is_loopback(host: str) -> bool:
    """Whether this address reaches no further than this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
