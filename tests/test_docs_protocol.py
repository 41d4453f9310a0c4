"""``docs/protocol.md`` says what the bridge does: every field, code and limit, and the session at its top is a real one."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types
import pytest
from golden import make
from pydantic.fields import FieldInfo
from websockets.asyncio.client import connect

from npc_bridge import config, errors, server
from npc_bridge.backends.scripted import Scripted
from npc_bridge.cast import Cast
from npc_bridge.core import codec, doors, ledger, messages, session
from npc_bridge.core.character import Character
from npc_bridge.core.codec import JSON
from npc_bridge.core.events import EventTemplates
from npc_bridge.core.messages import BridgeMessage, BridgeSays, Clip, GameMessage, Message, Player

DOC = (Path(__file__).parents[1] / "docs" / "protocol.md").read_text(encoding="utf-8")


def members(union: Any) -> dict[str, type[Message]]:
    return {get_args(member.model_fields["type"].annotation)[0]: member for member in get_args(get_args(union)[0])}


GAME, BRIDGE = members(GameMessage), members(BridgeMessage)


def section(title: str, level: str = "###") -> str:
    found = re.search(rf"^{level} {re.escape(title)}$(.*?)(?=^#|\Z)", DOC, re.MULTILINE | re.DOTALL)
    assert found is not None, f"docs/protocol.md has no section '{level} {title}'"
    return found[1]


def rows(text: str) -> list[list[str]]:
    """The cells of the first table in a text, without its head."""
    table = re.search(r"(?:^\|.*\n?)+", text, re.MULTILINE)
    assert table is not None
    return [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in table[0].splitlines()[2:]]


# ── fields ──


def type_name(annotation: Any) -> str:
    origin, args = get_origin(annotation), get_args(annotation)
    if annotation in (str, int, float, bool, bytes):
        return {str: "text", int: "integer", float: "number", bool: "boolean", bytes: "binary"}[annotation]
    if isinstance(annotation, type) and issubclass(annotation, Message):
        return annotation.__name__.lower()
    if origin is Literal:
        return "text"
    if origin is dict:
        return "map"
    if origin is tuple:
        return f"list of {type_name(args[0])}"
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(type_name(arg) for arg in args if arg is not type(None)))
    return type_name(args[0])  # Annotated


def default_of(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True, validated_data={})
    match default:
        case None:
            return "`none`"
        case bytes() | "":
            return '`""`'
        case tuple():
            return "`[]`"
        case Message():
            return f"`{json.dumps(default.model_dump(exclude_unset=True))}`"
    return f"`{json.dumps(default)}`"


def constraints(field: FieldInfo) -> list[Any]:
    """Those of the field itself, with those of a named type such as ``Id`` unfolded."""
    found: list[Any] = []
    pending = [*field.metadata, field.annotation]
    while pending:
        each = pending.pop()
        if hasattr(each, "__metadata__"):
            pending += each.__metadata__
        elif get_origin(each) in (Union, types.UnionType):
            pending += get_args(each)
        elif isinstance(each, FieldInfo):
            pending += each.metadata
        else:
            found.append(each)
    return found


def limits_of(field: FieldInfo) -> str:
    low = high = above = None
    for each in constraints(field):
        match each:
            case annotated_types.MinLen(min_length=low) | annotated_types.Ge(ge=low):
                pass
            case annotated_types.MaxLen(max_length=high) | annotated_types.Le(le=high):
                pass
            case annotated_types.Gt(gt=above):
                pass
            case _ if hasattr(each, "max_length"):  # StringConstraints
                low, high = each.min_length, each.max_length
    if above is not None:
        return f"> {above:g}"
    if low is not None and high is not None:
        return f"{low}–{high}"
    if high is not None:
        return f"≤ {high}"
    return f"≥ {low}" if low is not None else ""


def expected(kind: type[Message]) -> list[list[str]]:
    said_once = {"type"} | (set(BridgeSays.model_fields) if issubclass(kind, BridgeSays) else set())
    return [
        [f"`{name}`", type_name(field.annotation), default_of(field), limits_of(field)]
        for name, field in kind.model_fields.items()
        if name not in said_once
    ]


@pytest.mark.parametrize("name", [*GAME, *BRIDGE])
def test_the_table_of_a_message_has_its_fields_types_defaults_and_limits(name: str) -> None:
    assert [row[:4] for row in rows(section(name))] == expected((GAME | BRIDGE)[name])


@pytest.mark.parametrize(("kind", "marker"), [(Player, "A **player** is"), (Clip, "A **clip** is")])
def test_the_tables_inside_open_are_complete(kind: type[Message], marker: str) -> None:
    assert [row[:4] for row in rows(section("open").partition(marker)[2])] == expected(kind)


def test_every_message_stands_under_who_sends_it_and_no_other() -> None:
    game, bridge = DOC.partition("\n## Messages from the bridge\n")[::2]
    game = game.partition("\n## Messages from the game\n")[2]
    bridge = bridge.partition("\n## Errors\n")[0]
    assert set(re.findall(r"^### (\w+)$", game, re.MULTILINE)) == GAME.keys()
    assert set(re.findall(r"^### (\w+)$", bridge, re.MULTILINE)) == BRIDGE.keys()


def test_values_that_are_one_of_a_few_are_listed() -> None:
    for name, field, values in (("turn_started", "cause", messages.TurnCause), ("turn_ended", "reason", messages.TurnReason)):
        meaning = next(row[4] for row in rows(section(name)) if row[0] == f"`{field}`")
        assert set(re.findall(r"`(\w+)`", meaning)) == set(get_args(values))
    assert {row[0].strip("`") for row in rows(section("Turns"))} == set(get_args(messages.TurnReason))


# ── codes ──


def all_errors(root: type[errors.BridgeError]) -> set[type[errors.BridgeError]]:
    return {root}.union(*(all_errors(kind) for kind in root.__subclasses__() if kind.__module__ == errors.__name__))


def test_every_code_is_in_the_table_with_whether_to_retry() -> None:
    on_the_wire = all_errors(errors.WireError) | all_errors(errors.BackendError) | {errors.BridgeError}
    where = {kind.code: "`error`" if issubclass(kind, errors.WireError) else "`turn_ended`" for kind in on_the_wire}
    retry = {kind.code: "yes" if kind.retry else "no" for kind in on_the_wire}
    assert {row[0]: row[1:3] for row in rows(section("Codes"))} == {f"`{code}`": [where[code], retry[code]] for code in where}


def test_the_codes_that_never_cross_the_wire_are_the_others() -> None:
    others = all_errors(errors.BridgeError) - all_errors(errors.WireError) - all_errors(errors.BackendError) - {errors.BridgeError}
    line = next(line for line in section("Codes").splitlines() if line.startswith("Codes that never cross"))
    assert set(re.findall(r"`(\w+)`", line)) == {kind.code for kind in others}


def test_every_close_code_that_the_bridge_uses_is_in_the_table() -> None:
    source = Path(server.__file__).read_text(encoding="utf-8")
    used = set(re.findall(r"Refused\((\d{4})", source)) | set(re.findall(r"close\(code=(\d{4})", source))
    listed = {row[0]: row[1] for row in rows(section("Close codes", "##"))}
    assert used <= listed.keys()
    used |= set(re.findall(r"outbox\.close\((\d{4})", source))
    reserved = {code for code, meaning in listed.items() if meaning.startswith("Reserved")}
    assert {code for code in listed if code.startswith("40")} - reserved == used


def test_the_limits_are_those_of_the_code() -> None:
    settings = config.ServerSettings()
    mebibytes = 1_048_576
    assert {row[0]: re.findall(r"[\d,]+", row[1])[0].replace(",", "") for row in rows(section("Limits"))} == {
        "bytes of a message from the game": str(codec.MAX_MESSAGE_BYTES),
        "bytes of a websocket message": str(server.MAX_FRAME_BYTES // mebibytes),
        "maps and lists inside one another, the message included": str(codec.MAX_DEPTH),
        "maps and lists in one message": str(codec.MAX_CONTAINERS),
        "length of ids": str(messages.MAX_ID_CHARS),
        "length of `text` in `say`": str(messages.MAX_SAY_CHARS),
        "clips of one NPC": str(messages.MAX_CLIPS),
        "NPCs open at a time in one session": str(doors.MAX_NPCS),
        "messages a second": str(settings.max_messages_per_s),
        "bytes that wait for a slow game": str(settings.max_queue_bytes // mebibytes),
        "connections": str(settings.max_connections),
    }
    assert settings.max_message_bytes == codec.MAX_MESSAGE_BYTES
    assert f"within {settings.hello_timeout_s:g} seconds" in DOC
    assert f"the last {ledger.REMEMBERED_IDS:,} ids" in DOC
    assert f"ws://127.0.0.1:{settings.port}" in DOC
    assert messages.SUBPROTOCOL_JSON in DOC
    assert messages.SUBPROTOCOL_MSGPACK in DOC


def test_messages_of_a_later_version_are_marked_so() -> None:
    marked = {name for name in GAME if "Comes with a later version" in section(name)}
    assert marked == {name for name in GAME if answers_not_supported(name)}


def answers_not_supported(name: str) -> bool:
    """Whether a session does not know yet what to do with a message."""
    fresh = session.Session("s", find_character=lambda _: Character(id="brom", name="Brom"), templates=EventTemplates())
    try:
        fresh.receive(GAME[name].model_validate(make.GAME[name]), now=0.0)
    except errors.NotSupported:
        return True
    except errors.WireError:
        return False
    return False


def test_links_inside_the_page_lead_somewhere() -> None:
    anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.*)$", DOC, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]*)\)", DOC)) <= anchors


# ── the session ──

Step = tuple[dict[str, Any], list[dict[str, Any]]]


def steps(text: str) -> list[Step]:
    """What the game sends, each with what the bridge answers to it."""
    found: list[Step] = []
    for arrow, line in re.findall(r"^([→←]) (.*)$", text, re.MULTILINE):
        message = json.loads(line)
        if arrow == "→":
            found.append((message, []))
        else:
            found[-1][1].append(message)
    return found


def test_every_line_of_the_sessions_decodes() -> None:
    for sent, answers in steps(DOC):
        JSON.decode(json.dumps(sent))
        for answer in answers:
            JSON.decode_bridge(json.dumps(answer))


@pytest.fixture
def cast(tmp_path: Path) -> Cast:
    """The tavern that the bridge brings along, which the session is set in."""
    return Cast(tmp_path / "no folder", tmp_path / "no file")


async def test_the_session_is_what_a_bridge_really_answers(serve: Callable[..., Any]) -> None:
    lines = ["(laughs) For you, always. (polishes a mug) What a rain.", "(steps back) Put that away!"]
    bridge = await serve(Scripted.of(lines, chunk_chars=1_000))
    async with connect(bridge.url) as socket:
        for sent, expected_answers in steps(section("A whole session", "##")):
            await socket.send(json.dumps(sent))
            answers = [json.loads(await socket.recv()) for _ in expected_answers]
            assert [steady(answer) for answer in answers] == [steady(answer) for answer in expected_answers]


def steady(message: dict[str, Any]) -> dict[str, Any]:
    """A message without what differs from run to run."""
    varies = ("session", "server", "total_ms", "first_text_ms", "prompt_tokens", "cached_tokens", "completion_tokens")
    return {name: "…" if name in varies else value for name, value in message.items()}
