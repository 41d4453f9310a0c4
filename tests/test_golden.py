"""The golden files are current, and the codecs agree with every one of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import msgpack
import pytest
from golden import make

from npc_bridge.core.codec import JSON, MSGPACK
from npc_bridge.core.messages import BridgeMessage, GameMessage, Load, Saved
from npc_bridge.errors import WireError

GOLDEN = Path(__file__).parent / "golden"
INDEX = json.loads((GOLDEN / "index.json").read_text(encoding="utf-8"))
MESSAGES = {entry["file"]: entry for entry in INDEX["messages"]}
BAD = {entry["file"]: entry for entry in INDEX["bad"]}


def test_the_files_are_what_the_tables_say() -> None:
    """When this fails, run ``python -m tests.golden.make`` and look at what changed."""
    found = {
        path.relative_to(GOLDEN).as_posix(): path.read_bytes()
        for path in GOLDEN.rglob("*")
        if path.is_file() and path.suffix in (".json", ".msgpack", ".bin")
    }
    assert found == make.files()


@pytest.mark.parametrize("sender", ["game", "bridge"])
def test_every_message_has_a_file_that_is_named_like_it(sender: str) -> None:
    union = GameMessage if sender == "game" else BridgeMessage
    types = {get_args(member.model_fields["type"].annotation)[0] for member in get_args(get_args(union)[0])}
    assert types == {entry["type"] for entry in INDEX["messages"] if entry["from"] == sender and entry["file"] == entry["type"]}


@pytest.mark.parametrize("sender", ["game", "bridge"])
def test_the_full_example_of_a_message_shows_every_field(sender: str) -> None:
    """So that a client that reads the golden files has read every field there is; ``turn_ended`` needs two files for that."""
    table = make.GAME if sender == "game" else make.BRIDGE
    union = GameMessage if sender == "game" else BridgeMessage
    for member in get_args(get_args(union)[0]):
        name = get_args(member.model_fields["type"].annotation)[0]
        shown = {field for message in table.values() if message["type"] == name for field in message}
        assert member.model_fields.keys() <= shown, name


@pytest.mark.parametrize("name", MESSAGES)
def test_both_files_of_a_message_mean_the_same(name: str) -> None:
    text, octets = files_of(name)
    assert read(name, text) == read(name, octets)


@pytest.mark.parametrize("name", MESSAGES)
def test_what_was_decoded_is_what_was_meant(name: str) -> None:
    message = read(name, files_of(name)[1])
    meant = (make.GAME | make.BRIDGE)[name]
    shown = message.model_dump(exclude_unset=True, mode="python")
    assert shown == as_shown({key: value for key, value in meant.items() if key in type(message).model_fields})


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_encodes_to_the_very_bytes_of_its_files(name: str) -> None:
    text, octets = files_of(name)
    plain = msgpack.unpackb(octets)
    assert (JSON.encode(plain), MSGPACK.encode(plain)) == (text, octets)
    if not isinstance(read(name, octets), Load | Saved):  # JSON alone cannot know that a blob was binary
        assert MSGPACK.encode(json.loads(text)) == octets


@pytest.mark.parametrize("name", BAD)
def test_a_bad_frame_is_refused_with_its_code(name: str) -> None:
    entry = BAD[name]
    octets = (GOLDEN / name).read_bytes()
    frame = octets.decode() if entry["frame"] == "text" else octets
    codec = JSON if entry["codec"] == "json" else MSGPACK
    with pytest.raises(WireError) as caught:
        codec.decode(frame)
    assert (caught.value.code, caught.value.re) == (entry["code"], entry["re"])
    # The server hands over text frames as bytes as well.
    with pytest.raises(WireError) as caught:
        codec.decode(octets)
    assert (caught.value.code, caught.value.re) == (entry["code"], entry["re"])


def files_of(name: str) -> tuple[bytes, bytes]:
    return (GOLDEN / f"{name}.json").read_bytes(), (GOLDEN / f"{name}.msgpack").read_bytes()


def read(name: str, content: bytes) -> Any:
    codec = JSON if content[:1] == b"{" else MSGPACK
    return codec.decode(content) if MESSAGES[name]["from"] == "game" else codec.decode_bridge(content)


def as_shown(meant: dict[str, Any]) -> dict[str, Any]:
    """A message of the tables as pydantic shows it: lists are tuples in typed fields, and a bare name is spelled out."""
    shown = dict(meant)
    if isinstance(shown.get("player"), str) and shown["type"] == "open":
        shown["player"] = {"name": shown["player"]}
    for field in ("clips", "targets"):
        if field in shown:
            named = [{"name": each} if isinstance(each, str) else each for each in shown[field]]
            shown[field] = tuple(each | ({"aliases": tuple(each["aliases"])} if "aliases" in each else {}) for each in named)
    return {name: tuple(value) if isinstance(value, list) else value for name, value in shown.items()}
