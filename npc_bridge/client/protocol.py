"""A client's side of the wire without the socket: bytes, ids, sequence numbers, and what errors mean."""

from __future__ import annotations

import logging
from typing import Any

from npc_bridge.core import messages as wire
from npc_bridge.core.codec import Codec
from npc_bridge.errors import BadMessage, BridgeError, UnknownType, WireError

log = logging.getLogger(__name__)

MAX_ANSWER_BYTES = 16_777_216
"""Limit of one message of the bridge; only a saved state comes near it."""


class ConnectionLost(BridgeError):
    """The connection ended before the game closed it; a new one can be tried."""

    code = "connection_lost"
    retry = True

    def __init__(self, reason: str, close_code: int = 1006) -> None:
        super().__init__(reason)
        self.close_code = close_code
        """As in ``docs/protocol.md``; 1006: none was received."""


class Protocol:
    """Messages to bytes and back, ids, and sequence numbers without a gap."""

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


_ERRORS = {kind.code: kind for kind in WireError.__subclasses__()}


def error_of(message: wire.Error) -> WireError:
    """The exception that the bridge raised on its side."""
    kind = _ERRORS.get(message.code)
    return kind(message.message, re=message.re) if kind is not None else WireError(f"{message.code}: {message.message}", re=message.re)
