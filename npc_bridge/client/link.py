"""The connection to the bridge: what was asked and not answered yet, and how a connection that broke is made again.

Knows which message answers which call, and not what any of them means for the game.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from npc_bridge import __version__
from npc_bridge.client.protocol import ConnectionLost, Protocol, error_of
from npc_bridge.core import messages as wire
from npc_bridge.errors import BridgeError, Refused, WireError

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 5.0


@dataclass(frozen=True, slots=True)
class Wait:
    """Somebody waits for this answer."""

    until: str
    npc: str
    answer: asyncio.Future[Any]
    kind: str
    fields: dict[str, Any]


class Link:
    """One session's connection, and the next ones if it breaks."""

    def __init__(
        self,
        dial: Callable[[], Awaitable[ClientConnection]],
        protocol: Protocol,
        take: Callable[[wire.BridgeMessage], None],
        on_error: Callable[[WireError], None],
        *,
        token: str,
        engine: str,
        reconnect_s: float,
    ) -> None:
        self.protocol = protocol
        self.welcome: wire.Welcome
        self.waits: dict[str, Wait] = {}
        self._dial, self._take, self._on_error = dial, take, on_error
        self._token, self._engine, self._reconnect_s = token, engine, reconnect_s
        self._socket: ClientConnection
        self._is_up = asyncio.Event()
        self._is_closing = False
        self.lost: BridgeError | None = None
        self.on_anew: Callable[[], Iterable[tuple[str, dict[str, Any]]]] = tuple
        """What to send first when the bridge does not know this session any more, or cannot tell again all that was missed."""

    async def open(self, session: str = "", seq: int = 0) -> None:
        """Connect and say hello. Raises ``ConnectionLost`` or ``Refused``."""
        socket = await self._dial()
        try:
            hello = {"protocol": wire.PROTOCOL, "client": f"npc-bridge-python {__version__}", "engine": self._engine, "token": self._token}
            frame = self.protocol.write("hello", **hello, session=session, seq=seq if session else None)
            await socket.send(frame, text=not self.protocol.codec.is_binary)
            message = self.protocol.read(await socket.recv())
        except ConnectionClosed as exc:
            raise why_closed(exc) from None
        except BaseException:
            await socket.close()
            raise
        if not isinstance(message, wire.Welcome):
            await socket.close()
            raise ConnectionLost("the bridge did not begin with a welcome")
        self._socket, self.welcome = socket, message
        self._is_up.set()

    async def close(self) -> None:
        """The game has no more to say."""
        self._is_closing = True
        await self._socket.close()

    async def send(self, kind: str, **fields: Any) -> None:
        """Send one message; waits while the socket is full, or until a connection that broke is made again."""
        while True:
            await self._is_up.wait()
            if self.lost is not None:
                raise self.lost
            try:
                await self._send(kind, fields)
            except ConnectionClosed as exc:
                if not self._may_come_back(why_closed(exc)):
                    raise why_closed(exc) from None
                self._is_up.clear()
                if kind in ("seen", "interrupt"):
                    return  # about a moment that is over
            else:
                return

    async def _send(self, kind: str, fields: dict[str, Any]) -> None:
        await self._socket.send(self.protocol.write(kind, **fields), text=not self.protocol.codec.is_binary)

    async def ask(self, kind: str, until: str, *, re: str = "", **fields: Any) -> Any:
        """Send a message and wait for what answers it. Cancelling ends the wait only: the message is sent.

        ``until`` is the type of the answer, ``re`` what an error would name, by default the message's id. When the connection breaks
        first, the message is sent again in the next one; its id lets the bridge use it once.
        """
        key = re or fields["id"]
        answer = asyncio.get_running_loop().create_future()
        self.waits[key] = Wait(until, fields.get("npc", ""), answer, kind, fields)
        try:
            await self.send(kind, **fields)
            return await answer
        finally:
            del self.waits[key]

    def answer(self, key: str, by: str, value: object, *, npc: str = "") -> bool:
        """Let go who waits for this; False if nobody does."""
        wait = self.waits.get(key)
        if wait is None or wait.until != by or (npc and wait.npc != npc) or wait.answer.done():
            return False
        wait.answer.set_result(value)
        return True

    def fail(self, message: wire.Error) -> None:
        """Tell who waits for this that it went wrong; ``on_error`` if nobody does."""
        wait = self.waits.get(message.re)
        if wait is None or wait.answer.done():
            self._on_error(error_of(message))
        else:
            wait.answer.set_exception(error_of(message))

    async def read(self) -> BridgeError:
        """Take in what the bridge sends until the connection ends for good; return why it did."""
        lost: BridgeError = ConnectionLost("this client stopped reading")
        try:
            while True:
                lost = await self._read_on()
                if not self._may_come_back(lost) or not await self._come_back():
                    return lost
        finally:
            self.lost = lost
            for wait in self.waits.values():
                if not wait.answer.done():
                    wait.answer.set_exception(lost)
            self._is_up.set()

    async def _read_on(self) -> BridgeError:
        try:
            while True:
                message = self.protocol.read(await self._socket.recv())
                if message is not None:
                    self._take(message)
        except ConnectionClosed as exc:
            return why_closed(exc)
        except ConnectionLost as exc:
            await self._socket.close(1002, str(exc)[:120])
            return exc

    def _may_come_back(self, lost: BridgeError) -> bool:
        return self._reconnect_s > 0 and not self._is_closing and self.lost is None and not isinstance(lost, Refused)

    async def _come_back(self) -> bool:
        """Connect again, with growing pauses; False if that did not succeed in time."""
        self._is_up.clear()
        pause_s = FIRST_PAUSE_S
        try:
            async with asyncio.timeout(self._reconnect_s):
                while True:
                    try:
                        await self.open(self.welcome.session, self.protocol.seq)
                        break
                    except ConnectionLost:
                        await asyncio.sleep(pause_s)
                        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        except (TimeoutError, Refused):
            return False
        log.info("connected again; the session %s", "goes on" if self.welcome.resumed else "begins anew")
        with contextlib.suppress(ConnectionClosed):  # it broke once more, which the reader notices
            for kind, fields in () if self.welcome.resumed else self.on_anew():
                await self._send(kind, fields)
            for wait in list(self.waits.values()):
                if not wait.answer.done() and "id" in wait.fields:
                    await self._send(wait.kind, wait.fields)
        return True


_FINAL = (*range(4000, 4005), 4009)
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
