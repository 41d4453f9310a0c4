"""A saved state as bytes for a game's save file: self-contained, versioned, checked, compressed.

    magic "NPCSAVE", version (1 byte), checksum (16 bytes, over all the rest), the state as msgpack, compressed with zlib

A blob comes back from a file that players can reach: it is refused whole, or it is what ``pack`` made. Unpacking runs nothing, and what it
may cost is bounded. What the state holds is its maker's business, and to be checked by its maker: a hostile blob can be well-formed.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from typing import Any

import msgpack  # type: ignore[import-untyped]

from npc_bridge.core.changes import State
from npc_bridge.errors import BadSave

VERSION = 1
MAX_STATE_BYTES = 16 * 1024 * 1024
"""How long a state may be before it is compressed: about 500 NPCs with 200 messages each."""
MAX_DEPTH = 64
MAX_CONTAINERS = 500_000
"""How many lists and maps a state may hold."""

_MAGIC = b"NPCSAVE"
_HEAD_BYTES = len(_MAGIC) + 1
_CHECKSUM_BYTES = 16
_BODY_AT = _HEAD_BYTES + _CHECKSUM_BYTES
_LEVEL = 9


def pack(state: State) -> bytes:
    """Raises ``BadSave`` when the state is too large, and ``TypeError`` or ``ValueError`` when it is no plain map."""
    plain = msgpack.packb(state, unicode_errors="replace")
    if len(plain) > MAX_STATE_BYTES:
        raise BadSave(f"the state is {len(plain)} bytes long, the limit is {MAX_STATE_BYTES}; close NPCs that are far away")
    body = zlib.compress(plain, _LEVEL)
    head = _MAGIC + bytes([VERSION])
    return head + _checksum(head, body) + body


def unpack(blob: bytes) -> State:
    """Raises ``BadSave`` for anything that ``pack`` did not make."""
    if not blob.startswith(_MAGIC) or len(blob) <= _BODY_AT:
        raise BadSave("this is not a saved state of npc-bridge, or it is cut short")
    if blob[len(_MAGIC)] > VERSION:
        raise BadSave(f"the saved state is of version {blob[len(_MAGIC)]}, this bridge knows {VERSION}: it needs a newer npc-bridge")
    head, checksum, body = blob[:_HEAD_BYTES], blob[_HEAD_BYTES:_BODY_AT], blob[_BODY_AT:]
    if _checksum(head, body) != checksum:
        raise BadSave("the saved state is damaged: its checksum does not fit")
    state = _parse(_decompress(body))
    if not isinstance(state, dict):
        raise BadSave("the saved state is not a map")
    return state


def _checksum(head: bytes, body: bytes) -> bytes:
    return hashlib.blake2b(head + body, digest_size=_CHECKSUM_BYTES).digest()


def _decompress(body: bytes) -> bytes:
    inflate = zlib.decompressobj()
    try:
        plain = inflate.decompress(body, MAX_STATE_BYTES + 1)
    except zlib.error as exc:
        raise BadSave("the saved state cannot be decompressed") from exc
    if len(plain) > MAX_STATE_BYTES:
        raise BadSave(f"the saved state is longer than {MAX_STATE_BYTES} bytes")
    if not inflate.eof or inflate.unused_data:
        raise BadSave("the saved state has bytes missing, or too many")
    return plain


def _parse(plain: bytes) -> Any:
    count = _count(MAX_CONTAINERS)
    try:
        state = msgpack.unpackb(plain, object_hook=count, list_hook=count, ext_hook=_no_extension, strict_map_key=True)
    except (ValueError, msgpack.UnpackException, RecursionError) as exc:
        raise BadSave("the saved state does not hold what a bridge writes") from exc
    if _is_deeper(state, MAX_DEPTH):
        raise BadSave(f"the saved state has more than {MAX_DEPTH} maps and lists inside one another")
    return state


def _count(limit: int) -> Callable[[Any], Any]:
    """A hook that lets so many lists and maps pass, for each of which a few bytes become a hundred."""
    left = limit

    def count(container: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise ValueError(f"more than {limit} lists and maps")
        return container

    return count


def _no_extension(code: int, data: bytes) -> Any:
    raise ValueError("extension types are not used")


def _is_deeper(value: Any, depth: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    if depth == 0:
        return True
    return any(_is_deeper(each, depth - 1) for each in (value.values() if isinstance(value, dict) else value))
