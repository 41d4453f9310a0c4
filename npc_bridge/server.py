"""The bridge as a server: websockets in, the session's effects carried out, websockets out.

All tasks of the bridge are born here. What to do is decided in ``core/session.py``, how a reply comes about in ``turn.py``; this file
only connects them to the network and keeps strangers out.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import ipaddress
import json
import logging
import secrets
import time
import traceback
from collections.abc import Callable
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self, assert_never

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from npc_bridge import __version__
from npc_bridge.backends import Backend
from npc_bridge.cast import Cast
from npc_bridge.config import ServerSettings
from npc_bridge.core import messages as wire
from npc_bridge.core.clips import warm_up
from npc_bridge.core.codec import JSON, MSGPACK, Codec
from npc_bridge.core.conversation import Conversation, Turn
from npc_bridge.core.session import Begin, Effect, Send, Session, Stop, refusal
from npc_bridge.errors import BackendError, BadSettings, BridgeError, Refused, WireError
from npc_bridge.outbox import Outbox
from npc_bridge.tape import Recorder
from npc_bridge.turn import request_for, run_turn

log = logging.getLogger(__name__)

MAX_FRAME_BYTES = 4_194_304
"""A frame between the message limit and this is refused and the connection lives on; a larger one closes it with 1009."""
ACCEPTED_AT_ONCE = 256
"""How many ids one ``accepted`` names at most; a flood of events is answered in few messages."""
ACCEPTED_WITHIN_S = 0.002


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
        recorder: Recorder | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not (settings.token or is_loopback(settings.host)):
            raise Refused(4001, f"listening on {settings.host} lets other computers in, so a token is needed: set server.token")
        self.settings, self.backend, self.cast, self.recorder, self.clock = settings, backend, cast, recorder, clock
        self.connections: set[Connection] = set()
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
        self.words = asyncio.create_task(asyncio.to_thread(warm_up))
        self._chores = [self.words, *map(asyncio.create_task, (self.cast.watch(self._recast), self._warm_up()))]
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
        await asyncio.gather(*self._chores, return_exceptions=True)

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
        for connection in self.connections:
            if connection.session is not None:
                for talk in connection.session.conversations.values():
                    if (character := self.cast.characters.get(talk.character.id)) is not None:
                        talk.recast(character)

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
        sessions = [each.session for each in self.connections if each.session is not None]
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
    """One websocket and the session behind it."""

    def __init__(self, bridge: Bridge, socket: ServerConnection) -> None:
        self.bridge, self.settings, self.socket = bridge, bridge.settings, socket
        self.codec: Codec = MSGPACK if socket.subprotocol == wire.SUBPROTOCOL_MSGPACK else JSON
        self.session: Session | None = None
        self._outbox: Outbox
        self._accepted: list[str] = []
        self._answering: asyncio.TimerHandle | None = None
        self._scopes: dict[str, asyncio.Timeout] = {}
        self._speaking: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve this client until it leaves."""
        self.session = session = await self._welcome()
        await asyncio.shield(self.bridge.words)
        try:
            async with asyncio.TaskGroup() as tasks:
                try:
                    await self._read(session, tasks)
                finally:
                    if self._answering is not None:
                        self._answering.cancel()
                    for task in self._speaking:
                        task.cancel()
        except* ConnectionClosed:
            pass

    def tell(self, message: dict[str, Any]) -> None:
        """Send one message. Neither waits nor fails: a game that is gone is noticed by the reader, which ends its turns."""
        assert self.session is not None
        message["seq"] = self.session.next_seq()
        if (recorder := self.bridge.recorder) is not None:
            recorder.sent(self.session.id, message)
        self._outbox.put(self.codec.encode(message))

    async def _welcome(self) -> Session:
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
        session = Session(secrets.token_urlsafe(12), find_character=self.bridge.cast.find, templates=self.bridge.cast.templates)
        log.info("session %s: %s %s", session.id, hello.client or "a client", hello.engine)
        if self.bridge.recorder is not None:
            self.bridge.recorder.began(session.id)
        self.session = session
        self._outbox = Outbox(self.socket, session.id, is_binary=self.codec.is_binary, max_bytes=self.settings.max_queue_bytes)
        self.tell(
            {
                "type": "welcome",
                "protocol": wire.PROTOCOL,
                "session": session.id,
                "resumed": False,
                "server": f"npc-bridge {__version__}",
                "backend": self.bridge.backend.name,
                "model": self.bridge.backend.model,
                "max_message_bytes": self.settings.max_message_bytes,
            }
        )
        return session

    async def _read(self, session: Session, tasks: asyncio.TaskGroup) -> None:
        """Take messages in, one after the other. A bad one is answered with an error and costs nothing else."""
        decode, receive, clock = self.codec.decode, session.receive, self.bridge.clock
        recorder, limit = self.bridge.recorder, self.settings.max_message_bytes
        pace = Pace(self.settings.max_messages_per_s, clock)
        while True:
            try:
                frame = await self.socket.recv(decode=False)
            except ConnectionClosed:
                return
            now = clock()
            try:
                message = decode(frame, limit)
                if recorder is not None:
                    recorder.received(session.id, message, now)
                effects = receive(message, now)
            except WireError as error:
                effects = [refusal(error)]
            for effect in effects:
                self._carry_out(effect, tasks)
            if effects and isinstance(effects[-1], Send) and effects[-1].message["type"] == "opened":
                self._read_ahead(session.conversations[effects[-1].message["npc"]], tasks)
            if (pause_s := pace.pause_s(now)) is not None:
                await asyncio.sleep(pause_s)

    def _carry_out(self, effect: Effect, tasks: asyncio.TaskGroup) -> None:
        match effect:
            case Send(message):
                if message["type"] == "accepted":
                    self._accept(message["ids"])
                else:
                    self._answer_accepted()
                    self.tell(message)
            case Begin(turn):
                self._answer_accepted()
                self._keep(tasks.create_task(self._run(turn, tasks)))
            case Stop(turn):
                # A turn that has not begun sees is_interrupted for itself; one that is past its scope is over anyway.
                if (scope := self._scopes.get(turn.id)) is not None:
                    with contextlib.suppress(RuntimeError):
                        scope.reschedule(asyncio.get_running_loop().time())
            case _:
                assert_never(effect)

    async def _run(self, turn: Turn, tasks: asyncio.TaskGroup) -> None:
        assert self.session is not None
        scope = self._scopes[turn.id] = asyncio.timeout(0 if turn.is_interrupted else self.settings.turn_timeout_s)
        try:
            await run_turn(turn, self.bridge.backend, self.tell, self.bridge.clock, scope)
        except Exception as error:  # a bug in the bridge: it costs the turn, and the player still hears that it ended
            log.error("turn %s broke: %s\n%s", turn.id, type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
            ended = {"type": "turn_ended", "npc": turn.conversation.npc, "turn": turn.id, "reason": "failed", "chars": 0}
            self.tell(ended | {"total_ms": 0.0, "code": BridgeError.code, "message": "the bridge failed; its log says where"})
        finally:
            del self._scopes[turn.id]
        now = self.bridge.clock()
        if self.bridge.recorder is not None:
            self.bridge.recorder.ended(self.session.id, turn.id, now)
        effects = self.session.turn_over(turn, now)
        for effect in effects:
            self._carry_out(effect, tasks)
        if not effects:
            self._read_ahead(turn.conversation, tasks)

    def _read_ahead(self, talk: Conversation, tasks: asyncio.TaskGroup) -> None:
        """Let the model read what was said while the player thinks of an answer."""
        if not self.bridge.backend.reads_ahead:
            return

        async def read() -> None:
            with contextlib.suppress(BackendError):
                await self.bridge.backend.read_ahead(request_for(talk, None, self.bridge.backend))

        self._keep(tasks.create_task(read()))

    def _keep(self, task: asyncio.Task[None]) -> None:
        """Cancel this task when the client leaves."""
        self._speaking.add(task)
        task.add_done_callback(self._speaking.discard)

    def _accept(self, ids: list[str]) -> None:
        """Answer these soon, together with others that come right after them."""
        if not self._accepted:
            self._answering = asyncio.get_running_loop().call_later(ACCEPTED_WITHIN_S, self._answer_accepted)
        self._accepted += ids
        if len(self._accepted) >= ACCEPTED_AT_ONCE:
            self._answer_accepted()

    def _answer_accepted(self) -> None:
        if self._accepted and self._answering is not None:
            self._answering.cancel()
            ids, self._accepted = self._accepted, []
            self.tell({"type": "accepted", "ids": ids})


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
