"""What goes out to one game: each message one websocket frame, and all frames of one pass of the event loop in one write.

The frames are put together here, because the ``send`` of websockets takes longer than all else that the bridge does with a piece of
text (``benchmarks/relay.py``), and because a write costs the same whether it carries one frame or five. The connection itself, its
opening, its pings and its end stay with websockets.
"""

from __future__ import annotations

import asyncio
import logging

from websockets.asyncio.server import ServerConnection
from websockets.protocol import State

log = logging.getLogger(__name__)


class Outbox:
    """Sends to one game without ever waiting for it. A game that leaves more than ``max_bytes`` unread is closed."""

    __slots__ = ("_closing", "_first_byte", "_loop", "_max_bytes", "_name", "_socket", "_waiting", "_waiting_bytes")

    def __init__(self, socket: ServerConnection, name: str, *, is_binary: bool, max_bytes: int) -> None:
        self._socket, self._name, self._max_bytes = socket, name, max_bytes
        self._first_byte = 0x82 if is_binary else 0x81
        self._loop = asyncio.get_running_loop()
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0

    def put(self, payload: bytes) -> None:
        """Send this message, in order, before the event loop waits again. Nothing is sent to a game that is leaving or gone."""
        size = len(payload)
        if not self._waiting:
            self._loop.call_soon(self._write)
        self._waiting.append(frame_head(self._first_byte, size))
        self._waiting.append(payload)
        self._waiting_bytes += size
        if self._waiting_bytes > self._max_bytes:
            self._write()

    def close(self, code: int, reason: str) -> None:
        """End the connection after what was put so far."""
        self._write()
        self._closing = asyncio.create_task(self._socket.close(code, reason))

    def _write(self) -> None:
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        transport = self._socket.transport
        if not waiting or self._socket.state is not State.OPEN or transport.is_closing():
            return
        transport.write(b"".join(waiting))
        unread = transport.get_write_buffer_size()
        if unread > self._max_bytes:
            log.warning("session %s reads too slowly: %d bytes are waiting; closed", self._name, unread)
            transport.abort()


def frame_head(first_byte: int, size: int) -> bytes:
    """The beginning of a whole, unmasked frame (RFC 6455, section 5.2)."""
    if size < 126:
        return bytes((first_byte, size))
    if size < 65_536:
        return bytes((first_byte, 126)) + size.to_bytes(2, "big")
    return bytes((first_byte, 127)) + size.to_bytes(8, "big")
