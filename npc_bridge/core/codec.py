"""Bytes to messages and back: msgpack and JSON, with limits on size and depth.

What comes from outside is refused here or is sound from here on: a known type, the right fields, text that is valid UTF-8, finite
numbers of at most 64 bits, no more than ``MAX_DEPTH`` maps and lists inside one another. Nothing here touches a socket, and nothing
knows what a message means.

Both codecs have the same members and no base class: two small classes read better than one with switches.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from typing import Any, TypeAlias, get_args

import msgpack  # type: ignore[import-untyped]
from pydantic import ValidationError

from npc_bridge.core.messages import (
    MAX_ID_CHARS,
    SUBPROTOCOL_JSON,
    SUBPROTOCOL_MSGPACK,
    BridgeMessage,
    Clip,
    GameMessage,
    Message,
    Player,
    Target,
)
from npc_bridge.errors import BadMessage, MessageTooLarge, UnknownType

MAX_MESSAGE_BYTES = 65_536
"""Default limit of one message, chosen by ``benchmarks/decode.py``: the worst of this size stays well under 20 ms and 20 MB."""

MAX_LOAD_BYTES = 4_194_304
"""Limit of a ``load``, which brings a saved state along; its ``type`` has to come first."""

MAX_DEPTH = 32
"""How many maps and lists may be inside one another, the message itself being the first."""

MAX_CONTAINERS = 4_096
"""How many maps and lists a message may hold in all, itself included; they are what costs time."""


class Msgpack:
    """Messages as msgpack, one in a binary frame. Not for two threads at once: it has one output buffer."""

    name = "msgpack"
    subprotocol = SUBPROTOCOL_MSGPACK
    is_binary = True

    def __init__(self) -> None:
        self._pack: Callable[[object], bytes] = msgpack.Packer().pack

    def encode(self, message: dict[str, Any]) -> bytes:
        """Never fails for what a lone surrogate holds: it goes out as U+FFFD."""
        try:
            return self._pack(message)
        except UnicodeEncodeError:
            return self._pack(_mended(message))

    def decode(self, frame: bytes | str, max_bytes: int = MAX_MESSAGE_BYTES) -> GameMessage:
        """Read what a game sent. Raises ``BadMessage``, ``MessageTooLarge`` or ``UnknownType``, with ``re`` if it can be known."""
        message: GameMessage = _message_of(self._map_of(frame, max_bytes), _GAME)
        return message

    def decode_bridge(self, frame: bytes | str, max_bytes: int = MAX_MESSAGE_BYTES) -> BridgeMessage:
        """Read what the bridge sent, with the same errors as ``decode``."""
        message: BridgeMessage = _message_of(self._map_of(frame, max_bytes), _BRIDGE)
        return message

    def _map_of(self, frame: bytes | str, max_bytes: int) -> dict[str, Any]:
        if frame.__class__ is str:
            raise BadMessage(f"a text frame came on a msgpack connection; send binary frames, or ask for {SUBPROTOCOL_JSON}")
        if len(frame) > max_bytes and not _is_large_load(frame):
            raise MessageTooLarge(f"the message has {len(frame)} bytes, the limit is {max_bytes} bytes")
        if not frame:
            raise BadMessage("the message is empty")
        try:
            found = msgpack.unpackb(frame, ext_hook=_no_extension)
        except UnicodeDecodeError as exc:
            raise BadMessage("the message holds text that is not UTF-8") from exc
        except msgpack.StackError as exc:
            raise BadMessage(_TOO_DEEP) from exc
        except msgpack.ExtraData as exc:
            hint = "; JSON text needs the sub-protocol " + SUBPROTOCOL_JSON if frame[:1] == b"{" else ""
            raise BadMessage(f"the message has {len(exc.extra)} bytes after its end{hint}") from exc
        except (ValueError, msgpack.UnpackException) as exc:  # msgpack 1.2 tells these two apart by their text only
            raise BadMessage(_BAD_KEY if "map key" in str(exc) else "the message is not valid msgpack, or is cut short") from exc
        return _sound(found, len(frame))


class Json:
    """Messages as compact JSON, one in a text frame; ``bytes`` are base64 text. A binary frame that holds JSON is taken as well."""

    name = "json"
    subprotocol = SUBPROTOCOL_JSON
    is_binary = False

    def encode(self, message: dict[str, Any]) -> bytes:
        """Never fails for what a lone surrogate holds: it goes out as U+FFFD."""
        text = _to_json(message)
        try:
            return text.encode()
        except UnicodeEncodeError:
            return _without_surrogates(text).encode()

    def decode(self, frame: bytes | str, max_bytes: int = MAX_MESSAGE_BYTES) -> GameMessage:
        """Read what a game sent. Raises ``BadMessage``, ``MessageTooLarge`` or ``UnknownType``, with ``re`` if it can be known."""
        message: GameMessage = _message_of(self._map_of(frame, max_bytes), _GAME)
        return message

    def decode_bridge(self, frame: bytes | str, max_bytes: int = MAX_MESSAGE_BYTES) -> BridgeMessage:
        """Read what the bridge sent, with the same errors as ``decode``."""
        message: BridgeMessage = _message_of(self._map_of(frame, max_bytes), _BRIDGE)
        return message

    def _map_of(self, frame: bytes | str, max_bytes: int) -> dict[str, Any]:
        limit = f"the limit is {max_bytes} bytes"
        if len(frame) > max(max_bytes, MAX_LOAD_BYTES):
            raise MessageTooLarge(f"the message has {len(frame)} {'bytes' if isinstance(frame, bytes) else 'characters'}, {limit}")
        try:
            octets = frame.encode() if isinstance(frame, str) else frame
            text = octets.decode()
        except UnicodeError as exc:
            hint = "; msgpack needs the sub-protocol " + SUBPROTOCOL_MSGPACK if isinstance(frame, bytes) and frame[0] >= 0x80 else ""
            raise BadMessage(f"the message is not UTF-8{hint}") from exc
        if len(octets) > max_bytes and not _is_large_json_load(octets):
            raise MessageTooLarge(f"the message has {len(octets)} bytes, {limit}")
        if not octets:
            raise BadMessage("the message is empty")
        try:
            found = _from_json(text)
        except RecursionError as exc:
            raise BadMessage(_TOO_DEEP) from exc
        except json.JSONDecodeError as exc:
            raise BadMessage(f"the message is not valid JSON at character {exc.pos}") from exc
        except ValueError as exc:  # Python refuses to read integers of thousands of digits
            raise BadMessage(_TOO_BIG) from exc
        message = _sound(found, len(octets))
        # Only an escape can bring in a lone surrogate, since the frame itself was UTF-8.
        if "\\u" in text:
            message = _mended(message)
        if message.get("type") in _TYPES_WITH_BLOB and isinstance(message.get("blob"), str):
            message["blob"] = _from_base64(message)
        return message


Codec: TypeAlias = Msgpack | Json
MSGPACK = Msgpack()
JSON = Json()

# ── sound values ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

_TOO_DEEP = f"the message is nested deeper than {MAX_DEPTH} levels"
_TOO_BIG = "the message holds a number of more than 64 bits"
_NOT_FINITE = "the message holds a number that is not finite"
_EXTENSION = "the message holds a msgpack extension, and extensions have no meaning here"
_BAD_KEY = "the message holds a map with a key that is not text"


def _no_extension(_code: int, _octets: bytes) -> object:
    raise BadMessage(_EXTENSION)


def _sound(found: object, size: int) -> dict[str, Any]:
    """The message as a map that JSON could hold as well, but for the one binary field ``blob``."""
    if not isinstance(found, dict):
        raise BadMessage(f"the message is {_KINDS.get(type(found), 'of another kind')}, must be a map")
    # A map or list takes at least one byte, so most messages need no counting.
    if size > MAX_CONTAINERS and _has_too_many(found):
        raise BadMessage(f"the message holds more than {MAX_CONTAINERS} maps and lists", re=_re(found))
    for field, value in found.items():
        if value.__class__ is str or (field == "blob" and value.__class__ is bytes):
            continue
        if flaw := _flaw(value, 2):
            raise BadMessage(flaw, re=_re(found))
    return found


def _has_too_many(message: dict[str, Any]) -> bool:
    containers: list[Any] = [message]
    for container in containers:  # which grows on the way
        for value in container.values() if container.__class__ is dict else container:
            if value.__class__ is dict or value.__class__ is list:
                containers.append(value)
                if len(containers) > MAX_CONTAINERS:
                    return True
    return False


def _flaw(value: Any, depth: int) -> str:
    """What is wrong with a value that stands this deep in a message; empty when nothing is.

    Every event passes through here, so the usual kinds are told apart first and without a call.
    """
    kind = value.__class__
    if kind is dict:
        if depth > MAX_DEPTH:
            return _TOO_DEEP
        for key, inner in value.items():
            if key.__class__ is not str:
                return _BAD_KEY
            inner_kind = inner.__class__
            if inner_kind is str or (inner_kind is float and inner - inner == 0.0) or inner is None:
                continue
            if flaw := _flaw(inner, depth + 1):
                return flaw
        return ""
    return _flaw_of_list(value, depth) if kind is list else _flaw_of_one(value)


def _flaw_of_list(values: list[Any], depth: int) -> str:
    if depth > MAX_DEPTH:
        return _TOO_DEEP
    for inner in values:
        kind = inner.__class__
        if kind is str or (kind is float and inner - inner == 0.0) or inner is None:
            continue
        if flaw := _flaw(inner, depth + 1):
            return flaw
    return ""


def _flaw_of_one(value: object) -> str:
    if isinstance(value, int):
        return "" if -0x8000_0000_0000_0000 <= value <= 0xFFFF_FFFF_FFFF_FFFF else _TOO_BIG
    if isinstance(value, float):
        return "" if math.isfinite(value) else _NOT_FINITE
    if value is None or isinstance(value, str):
        return ""
    if isinstance(value, bytes):
        return "the message holds binary where only text can be"
    return _EXTENSION


_KINDS = {
    list: "a list",
    str: "text",
    bytes: "binary",
    int: "a number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}


def _without_surrogates(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _mended(value: Any) -> Any:
    """The same value with every lone surrogate replaced by U+FFFD, which is what the engines show for one."""
    if isinstance(value, str):
        return _without_surrogates(value)
    if isinstance(value, dict):
        return {_mended(key): _mended(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_mended(inner) for inner in value]
    return value


# ── large loads ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

_BESIDE_THE_BLOB = 1_024


def _is_large_load(frame: bytes | str) -> bool:
    """Whether all of this, except a few bytes, is the blob of a ``load``: then it costs little however long it is."""
    if isinstance(frame, str) or len(frame) > MAX_LOAD_BYTES or frame[1:11] != b"\xa4type\xa4load":
        return False
    at = frame.find(b"\xa4blob\xc6", 0, _BESIDE_THE_BLOB)
    return at > 0 and len(frame) - int.from_bytes(frame[at + 6 : at + 10], "big") < _BESIDE_THE_BLOB


def _is_large_json_load(octets: bytes) -> bool:
    # Base64 holds no brackets, so counting them finds what else a message may hold.
    is_load = octets[:15].replace(b" ", b"").startswith(b'{"type":"load"')
    return is_load and len(octets) <= MAX_LOAD_BYTES and octets.count(b"{") + octets.count(b"[") + octets.count(b",") < 16


# ── JSON ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

_TYPES_WITH_BLOB = ("load", "saved")


def _base64(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} has no place in a message")


def _no_constant(_name: str) -> object:
    raise BadMessage(_NOT_FINITE)


_to_json: Callable[[object], str] = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_base64).encode
_from_json: Callable[[str], Any] = json.JSONDecoder(parse_constant=_no_constant).decode


def _from_base64(message: dict[str, Any]) -> bytes:
    try:
        return base64.b64decode(message["blob"], validate=True)
    except ValueError as exc:
        raise BadMessage("field 'blob' is not base64 text", re=_re(message)) from exc


# ── fields ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _classes(union: Any) -> dict[str, type[Message]]:
    """The message classes of one direction by their ``type``."""
    members: tuple[type[Message], ...] = get_args(get_args(union)[0])
    return {get_args(member.model_fields["type"].annotation)[0]: member for member in members}


# A look-up by type and the class's own validator cost less than a discriminated union, and tell an unknown type apart for free.
_Validators: TypeAlias = dict[str, Callable[[object], Any]]
_GAME: _Validators = {name: member.__pydantic_validator__.validate_python for name, member in _classes(GameMessage).items()}
_BRIDGE: _Validators = {name: member.__pydantic_validator__.validate_python for name, member in _classes(BridgeMessage).items()}


def _message_of(message: dict[str, Any], validators: _Validators) -> Any:
    name = message.get("type")
    if name.__class__ is not str:
        raise BadMessage("field 'type' must be text" if "type" in message else "field 'type' is missing", re=_re(message))
    validate = validators.get(name)
    if validate is None:
        raise UnknownType(f"there is no message type {name[:40]!a}", re=_re(message))
    try:
        return validate(message)
    except ValidationError as exc:
        raise BadMessage(_complaint(exc), re=_re(message)) from None  # the chained error would hold what the player said


def _re(message: dict[str, Any]) -> str:
    for field in ("id", "type"):
        value = message.get(field)
        if isinstance(value, str) and 0 < len(value) <= MAX_ID_CHARS:
            return value
    return ""


_FIELDS = {field for union in (GameMessage, BridgeMessage) for member in _classes(union).values() for field in member.model_fields}
_FIELDS |= Player.model_fields.keys() | Clip.model_fields.keys() | Target.model_fields.keys()


def _complaint(error: ValidationError) -> str:
    """The first thing that is wrong, as ``field 'at' is -1, must be 0 or more``; what was sent is shown only if it is a number."""
    problems = error.errors(include_url=False)
    first = problems[0]
    field = _path(first["loc"])
    if first["type"] == "missing":
        return f"field {field!r} is missing"
    claims = [
        _claim(problem["type"], problem.get("ctx", {}), problem["input"]) for problem in problems if problem["loc"][0] == first["loc"][0]
    ]
    # A field that may be of two kinds fails once for each.
    if len(claims) > 1 and all(claim.startswith("must be ") for claim in claims):
        return f"field {field!r} must be " + " or ".join(dict.fromkeys(claim.removeprefix("must be ") for claim in claims))
    return f"field {field!r} {claims[0]}"


def _path(loc: tuple[int | str, ...]) -> str:
    """``clips[3].name``. Other words in a place are pydantic's names for the members of a union, or a player's."""
    path = ""
    for part in loc:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part in _FIELDS:
            path += f".{part}" if path else part
    return path


def _claim(kind: str, limits: dict[str, Any], value: object) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    was = f"is {value}, " if is_number else ""
    match kind:
        case "string_too_long":
            return f"has {len(str(value))} characters, the limit is {limits['max_length']}"
        case "string_too_short":
            return "is empty"
        case "too_long":
            return f"has more than {limits['max_length']} items"
        case "greater_than_equal":
            return f"{was}must be {limits['ge']} or more"
        case "less_than_equal":
            return f"{was}must be {limits['le']} or less"
        case "greater_than":
            return f"{was}must be more than {limits['gt']:g}"
        case "int_from_float":
            return f"{was}must be a whole number"
    return next((f"must be {what}" for prefix, what in _WANTED.items() if kind.startswith(prefix)), "is not valid")


_WANTED = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "bool": "true or false",
    "tuple": "a list",
    "dict": "a map",
    "model": "a map",
    "bytes": "binary (in JSON: base64 text)",
    "literal": "one of the values of the protocol",
}
"""What was wanted, by how pydantic's error types begin."""
