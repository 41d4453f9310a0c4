"""Websocket frames by hand: just enough for the floor and for a load client that costs less than what it measures."""

from __future__ import annotations

import base64
import hashlib

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept_key(key: bytes) -> bytes:
    """What the server answers to ``Sec-WebSocket-Key``."""
    return base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())


def frame(payload: bytes, opcode: int = BINARY, *, masked: bool = False) -> bytes:
    """One whole frame. A client must mask; a mask of zeros leaves the payload as it is."""
    size, bit = len(payload), 0x80 if masked else 0
    if size < 126:
        head = bytes((0x80 | opcode, bit | size))
    elif size < 65536:
        head = bytes((0x80 | opcode, bit | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, bit | 127)) + size.to_bytes(8, "big")
    return head + b"\0\0\0\0" + payload if masked else head + payload


def split(received: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Cut what arrived into (opcode, payload) and the rest, which is the beginning of the next frame. No fragments."""
    frames, start, end = [], 0, len(received)
    while end - start >= 2:
        opcode, size = received[start] & 0x0F, received[start + 1] & 0x7F
        body = start + 2
        if size == 126:
            size, body = int.from_bytes(received[body : body + 2], "big"), body + 2
        elif size == 127:
            size, body = int.from_bytes(received[body : body + 8], "big"), body + 8
        mask = b""
        if received[start + 1] & 0x80:
            mask, body = received[body : body + 4], body + 4
        if body + size > end:
            break
        payload = received[body : body + size]
        frames.append((opcode, _unmasked(payload, mask) if any(mask) else payload))
        start = body + size
    return frames, received[start:]


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    return bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
