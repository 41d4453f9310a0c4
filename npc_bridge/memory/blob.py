"""A saved state as bytes for a game's save file: self-contained, versioned, checked, compressed.

    magic "NPCSAVE", version (1 byte), checksum (16 bytes, over all the rest), the state as msgpack, compressed with bzip2

A blob comes back from a file that players can reach: it is refused whole, or it is what ``pack`` made. Unpacking runs nothing, and what it
may cost is bounded. What the state holds is its maker's business, and to be checked by its maker: a hostile blob can be well-formed.
"""

from __future__ import annotations

import bz2
import hashlib
from collections.abc import Callable
from typing import Any

import msgpack  # type: ignore[import-untyped]

from npc_bridge.core.changes import State
from npc_bridge.errors import BadSave

VERSION = 1
MAX_STATE_BYTES = 16 * 1024 * 1024
"""How long a state may be before it is compressed: about 500 NPCs with 200 messages each."""
MAX_DEPTH = 64
MAX_LONG = 200_000
"""How long one list or map may be."""
MAX_ITEMS = 1_000_000
"""How many things a state may hold: keys, values, lists and maps. They are what costs time and memory."""

_MAGIC = b"NPCSAVE"
_HEAD_BYTES = len(_MAGIC) + 1
_CHECKSUM_BYTES = 16
_BODY_AT = _HEAD_BYTES + _CHECKSUM_BYTES


def pack(state: State) -> bytes:
    """Takes about 40 ms for ten NPCs with 200 messages each: not for the event loop.

    Raises ``BadSave`` when ``unpack`` would not take it back, and ``TypeError`` or ``ValueError`` when it is no plain map.
    """
    plain = msgpack.packb(state, unicode_errors="replace")
    if len(plain) > MAX_STATE_BYTES:
        raise BadSave(f"the state is {len(plain)} bytes long, the limit is {MAX_STATE_BYTES}; close NPCs that are far away")
    _parse(plain)
    # Of the three that come with Python the smallest for talk, by a third against zlib, and faster than lzma (benchmarks/memory.py).
    body = bz2.compress(plain)
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
    return _parse(_decompress(body))


def _checksum(head: bytes, body: bytes) -> bytes:
    return hashlib.blake2b(head + body, digest_size=_CHECKSUM_BYTES).digest()


def _decompress(body: bytes) -> bytes:
    inflate = bz2.BZ2Decompressor()
    try:
        plain = inflate.decompress(body, MAX_STATE_BYTES + 1)
    except OSError as exc:
        raise BadSave("the saved state cannot be decompressed") from exc
    if len(plain) > MAX_STATE_BYTES:
        raise BadSave(f"the saved state is longer than {MAX_STATE_BYTES} bytes")
    if not inflate.eof or inflate.unused_data:
        raise BadSave("the saved state has bytes missing, or too many")
    return plain


def _parse(plain: bytes) -> State:
    count = _count(MAX_ITEMS)
    limits = {"max_array_len": MAX_LONG, "max_map_len": MAX_LONG}
    try:
        state = msgpack.unpackb(plain, object_hook=count, list_hook=count, ext_hook=_no_extension, strict_map_key=True, **limits)
    except (ValueError, msgpack.UnpackException, RecursionError) as exc:
        raise BadSave("the saved state does not hold what a bridge writes") from exc
    if not isinstance(state, dict):
        raise BadSave("the saved state is not a map")
    _check(state, MAX_DEPTH)
    return state


def _count(limit: int) -> Callable[[Any], Any]:
    """A hook that lets so many things pass, for each of which a byte becomes fifty."""
    left = limit

    def count(container: Any) -> Any:
        nonlocal left
        left -= 1 + len(container)
        if left < 0:
            raise ValueError(f"more than {limit} things")
        return container

    return count


def _no_extension(code: int, data: bytes) -> Any:
    raise ValueError("extension types are not used")


def _check(value: Any, depth: int) -> None:
    match value:
        case dict() | list() if depth == 0:
            raise BadSave(f"the saved state has more than {MAX_DEPTH} maps and lists inside one another")
        case dict():
            for each in value.values():
                _check(each, depth - 1)
        case list():
            for each in value:
                _check(each, depth - 1)
        case msgpack.Timestamp():  # the one extension type that msgpack reads by itself
            raise BadSave("the saved state does not hold what a bridge writes")
