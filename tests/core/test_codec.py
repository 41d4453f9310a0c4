"""The codecs: what is refused and how it is put, what survives, and what the worst message costs."""

from __future__ import annotations

import json
import time
import tracemalloc
from pathlib import Path
from typing import Any

import msgpack
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from npc_bridge.core.codec import JSON, MAX_CONTAINERS, MAX_DEPTH, MAX_MESSAGE_BYTES, MSGPACK, Codec
from npc_bridge.core.messages import Event, Hello, Load, Open, Player, Say, Seen
from npc_bridge.errors import BadMessage, MessageTooLarge, UnknownType, WireError

GOLDEN = Path(__file__).parents[1] / "golden"
CODECS = [MSGPACK, JSON]
by_codec = pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)


def say(**fields: Any) -> dict[str, Any]:
    return {"type": "say", "id": "l1", "npc": "brom", "text": "Hello!"} | fields


def event(**fields: Any) -> dict[str, Any]:
    return {"type": "event", "name": "rain"} | fields


def lists(levels: int) -> Any:
    return json.loads("[" * levels + "]" * levels)


def refusal(codec: Codec, frame: bytes | str, **options: int) -> tuple[type[WireError], str, str]:
    with pytest.raises(WireError) as caught:
        codec.decode(frame, **options)
    return type(caught.value), str(caught.value), caught.value.re


# ── what is refused, and how it is put ──

COMPLAINTS: dict[str, tuple[dict[str, Any], str]] = {
    "missing": ({"type": "say", "id": "l1", "text": "Hello!"}, "field 'npc' is missing"),
    "empty": (say(npc=""), "field 'npc' is empty"),
    "null": (say(npc=None), "field 'npc' must be text"),
    "number for text": (say(npc=5), "field 'npc' must be text"),
    "too long": (say(text="x" * 8_001), "field 'text' has 8001 characters, the limit is 8000"),
    "negative": ({"type": "seen", "npc": "a", "turn": "t", "at": -1}, "field 'at' is -1, must be 0 or more"),
    "fraction": ({"type": "seen", "npc": "a", "turn": "t", "at": 1.5}, "field 'at' is 1.5, must be a whole number"),
    "text for number": ({"type": "seen", "npc": "a", "turn": "t", "at": "here"}, "field 'at' must be a whole number"),
    "too much": (event(priority=10), "field 'priority' is 10, must be 9 or less"),
    "too little": (event(ttl_s=0), "field 'ttl_s' is 0, must be more than 0"),
    "text for float": (event(ttl_s="long"), "field 'ttl_s' must be a number"),
    "text for truth": (event(react="perhaps"), "field 'react' must be true or false"),
    "list for map": (event(data=[1]), "field 'data' must be a map"),
    "neither text nor map": ({"type": "open", "npc": "a", "character": 3}, "field 'character' must be text or a map"),
    "text for list": ({"type": "open", "npc": "a", "character": "b", "clips": "wave"}, "field 'clips' must be a list"),
    "too many": ({"type": "open", "npc": "a", "character": "b", "clips": ["wave"] * 513}, "field 'clips' has more than 512 items"),
    "inside": (
        {"type": "open", "npc": "a", "character": "b", "clips": ["wave", {"name": "nod", "aliases": ["nods", 5]}]},
        "field 'clips[1].aliases[1]' must be text",
    ),
    "inside a map": ({"type": "open", "npc": "a", "character": "b", "player": {"name": ""}}, "field 'player.name' is empty"),
    "no type": ({"npc": "a"}, "field 'type' is missing"),
    "type is no text": ({"type": 3}, "field 'type' must be text"),
    "unknown type": ({"type": "dance"}, "there is no message type 'dance'"),
    "a word of the bridge": ({"type": "welcome"}, "there is no message type 'welcome'"),
}


@by_codec
@pytest.mark.parametrize("name", COMPLAINTS)
def test_a_complaint_names_the_field_and_the_limit(codec: Codec, name: str) -> None:
    message, complaint = COMPLAINTS[name]
    _, text, _ = refusal(codec, codec.encode(message))
    assert text == complaint


FRAMES: dict[str, tuple[Codec, bytes | str, str]] = {
    "empty": (MSGPACK, b"", "the message is empty"),
    "empty text": (JSON, "", "the message is empty"),
    "a list": (MSGPACK, b"\x90", "the message is a list, must be a map"),
    "a number": (JSON, "1", "the message is a number, must be a map"),
    "text on msgpack": (
        MSGPACK,
        '{"type":"close"}',
        "a text frame came on a msgpack connection; send binary frames, or ask for npc-bridge.v1.json",
    ),
    "text as bytes on msgpack": (
        MSGPACK,
        b'{"type":"close"}',
        "the message has 15 bytes after its end; JSON text needs the sub-protocol npc-bridge.v1.json",
    ),
    "msgpack on JSON": (
        JSON,
        MSGPACK.encode({"type": "close", "npc": "a"}),
        "the message is not UTF-8; msgpack needs the sub-protocol npc-bridge.v1.msgpack",
    ),
    "after the end": (MSGPACK, b"\x80\x80\x80", "the message has 2 bytes after its end"),
    "cut": (MSGPACK, b"\x81\xa4ty", "the message is not valid msgpack, or is cut short"),
    "never used": (MSGPACK, b"\xc1", "the message is not valid msgpack, or is cut short"),
    "huge length": (MSGPACK, b"\xdd\xff\xff\xff\xff\xc0", "the message is not valid msgpack, or is cut short"),
    "integer key": (MSGPACK, b"\x81\x01\x02", "the message holds a map with a key that is not text"),
    "list as key": (MSGPACK, b"\x81\x90\xc0", "the message holds a map with a key that is not text"),
    "binary key": (MSGPACK, MSGPACK.encode(event(data={b"k": 1})), "the message holds a map with a key that is not text"),
    "bad UTF-8": (MSGPACK, b"\x81\xa1\xff\xc0", "the message holds text that is not UTF-8"),
    "bad UTF-8 in JSON": (JSON, b'{"type":"\xc3"}', "the message is not UTF-8"),
    "cut JSON": (JSON, '{"type":"say"', "the message is not valid JSON at character 13"),
    "raw line end in JSON": (JSON, '{"type":"a\nb"}', "the message is not valid JSON at character 10"),
    "extension": (MSGPACK, msgpack.packb(event(data={"x": msgpack.ExtType(5, b"")})), "the message holds a msgpack extension"),
    "timestamp": (MSGPACK, msgpack.packb(event(data={"x": msgpack.Timestamp(1)})), "the message holds a msgpack extension"),
    "binary": (MSGPACK, MSGPACK.encode(event(data={"x": b"y"})), "the message holds binary where only text can be"),
    "NaN": (JSON, '{"type":"event","name":"a","data":{"x":NaN}}', "the message holds a number that is not finite"),
    "overflow": (JSON, '{"type":"event","name":"a","data":{"x":-1e999}}', "the message holds a number that is not finite"),
    "infinity": (MSGPACK, MSGPACK.encode(event(data={"x": [float("inf")]})), "the message holds a number that is not finite"),
    "65 bits": (JSON, f'{{"type":"event","name":"a","data":{{"x":{2**64}}}}}', "the message holds a number of more than 64 bits"),
    "5000 digits": (
        JSON,
        '{"type":"event","name":"a","data":{"x":' + "9" * 5_000 + "}}",
        "the message holds a number of more than 64 bits",
    ),
    "deep": (JSON, "[" * 5_000, "the message is nested deeper than 32 levels"),
    "deep msgpack": (MSGPACK, b"\x91" * 5_000, "the message is nested deeper than 32 levels"),
    "many": (JSON, JSON.encode(event(data={"x": [[]] * 4_094})), "the message holds more than 4096 maps and lists"),
    "bad base64": (JSON, '{"type":"load","id":"o1","blob":"*"}', "field 'blob' is not base64 text"),
    "cut base64": (JSON, '{"type":"load","id":"o1","blob":"AAA"}', "field 'blob' is not base64 text"),
    "base64 in Chinese": (JSON, '{"type":"load","id":"o1","blob":"好"}', "field 'blob' is not base64 text"),
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_bad_frame_is_told_what_is_wrong_with_it(name: str) -> None:
    codec, frame, complaint = FRAMES[name]
    kind, text, _ = refusal(codec, frame)
    assert (kind, text[: len(complaint)]) == (BadMessage, complaint)


@by_codec
def test_the_codec_still_works_after_a_failure(codec: Codec) -> None:
    for name in FRAMES:
        if FRAMES[name][0] is codec:
            refusal(codec, FRAMES[name][1])
    assert codec.decode(codec.encode(say())) == Say.model_validate(say())


@by_codec
@pytest.mark.parametrize(
    ("message", "re"),
    [
        (say(npc=""), "l1"),
        (say(id=""), "say"),
        (say(id="x" * 129), "say"),
        (say(id=7), "say"),
        (event(priority=-1), "event"),
        (event(id="e1", priority=-1), "e1"),
        ({"type": "dance", "id": "d1"}, "d1"),
        ({"type": "dance"}, "dance"),
        ({"type": "x" * 200}, ""),
        ({"id": "l1"}, "l1"),
        (event(id="e1", data={"x": lists(31)}), "e1"),
    ],
)
def test_an_error_refers_to_the_id_or_else_the_type(codec: Codec, message: dict[str, Any], re: str) -> None:
    assert refusal(codec, codec.encode(message))[2] == re


@by_codec
def test_a_message_of_exactly_the_limit_is_taken_and_one_more_byte_is_not(codec: Codec) -> None:
    frame = codec.encode(event(data={"x": "x" * 100}))
    assert isinstance(codec.decode(frame, max_bytes=len(frame)), Event)
    kind, text, _ = refusal(codec, frame, max_bytes=len(frame) - 1)
    assert (kind, text) == (MessageTooLarge, f"the message has {len(frame)} bytes, the limit is {len(frame) - 1} bytes")


def test_the_limit_counts_bytes_and_not_characters() -> None:
    frame = JSON.encode(event(data={"x": "雨" * 100}))
    assert refusal(JSON, frame.decode(), max_bytes=len(frame) - 1)[0] is MessageTooLarge
    assert isinstance(JSON.decode(frame.decode(), max_bytes=len(frame)), Event)


@by_codec
def test_a_mebibyte_of_text_is_too_large(codec: Codec) -> None:
    assert refusal(codec, codec.encode(say(text="x" * 1_048_576)))[0] is MessageTooLarge


@by_codec
def test_32_levels_are_taken_and_33_are_not(codec: Codec) -> None:
    assert isinstance(codec.decode(codec.encode(event(data={"x": lists(MAX_DEPTH - 2)}))), Event)
    kind, text, _ = refusal(codec, codec.encode(event(data={"x": lists(MAX_DEPTH - 1)})))
    assert (kind, text) == (BadMessage, "the message is nested deeper than 32 levels")


@by_codec
def test_depth_counts_in_fields_that_are_ignored_too(codec: Codec) -> None:
    assert refusal(codec, codec.encode(event(later=lists(32))))[1] == "the message is nested deeper than 32 levels"


@by_codec
def test_as_many_maps_as_the_limit_are_taken(codec: Codec) -> None:
    assert isinstance(codec.decode(codec.encode(event(data={"x": [{}] * (MAX_CONTAINERS - 3)}))), Event)


@by_codec
def test_what_the_player_said_is_in_no_error(codec: Codec) -> None:
    secret = "my-secret-words"
    for message in (
        say(text=[secret]),
        say(text=secret * 600),
        say(npc={secret: secret}),
        say(npc=[secret], text=secret),
        event(data=[secret]),
        event(data={secret: lists(40)}),
        {"type": "open", "npc": "a", "character": 7, "player": [secret], "clips": [[secret]]},
        {"type": "open", "npc": "a", "character": "b", "clips": [{secret: secret}]},
    ):
        with pytest.raises(WireError) as caught:
            codec.decode(codec.encode(message))
        error: BaseException | None = caught.value
        while error is not None and not (error.__suppress_context__ and error.__cause__ is None):
            assert secret not in str(error)
            error = error.__cause__


def test_the_name_of_an_unknown_type_is_shown_shortened_and_in_ascii() -> None:
    kind, text, _ = refusal(JSON, json.dumps({"type": "\n" + "é" * 100}))
    assert (kind, text) == (UnknownType, "there is no message type '\\n" + "\\xe9" * 39 + "'")


# ── what is taken, although it is odd ──


@by_codec
def test_whole_numbers_may_come_as_floats(codec: Codec) -> None:
    """Godot's JSON turns every number into a float."""
    assert codec.decode(codec.encode({"type": "hello", "protocol": 1.0, "seq": 4.0})) == Hello(type="hello", protocol=1, seq=4)
    seen = codec.decode(codec.encode({"type": "seen", "npc": "a", "turn": "t", "at": 7.0}))
    assert isinstance(seen, Seen)
    assert (seen.at, type(seen.at)) == (7, int)


@by_codec
def test_numbers_and_booleans_that_came_as_text_are_taken_where_they_are_clear(codec: Codec) -> None:
    assert codec.decode(codec.encode(event(priority="7", react=1, ttl_s="2.5"))) == Event.model_validate(
        event(priority=7, react=True, ttl_s=2.5)
    )
    assert refusal(codec, codec.encode(event(priority="7.5")))[1] == "field 'priority' must be a whole number"


@by_codec
def test_unknown_fields_are_ignored(codec: Codec) -> None:
    assert codec.decode(codec.encode(say(mood="grim", extra={"a": [1]}))) == Say.model_validate(say())


def test_of_a_key_that_comes_twice_the_last_counts() -> None:
    assert JSON.decode('{"type":"say","id":"a","id":"b","npc":"n","text":""}') == Say(type="say", id="b", npc="n", text="")
    twice = b"\x85\xa4type\xa3say\xa2id\xa1a\xa2id\xa1b\xa3npc\xa1n\xa4text\xa0"
    assert MSGPACK.decode(twice) == Say(type="say", id="b", npc="n", text="")


def test_lone_surrogates_are_replaced() -> None:
    """C# and GDScript can cut an emoji in half; half an emoji must not cost the player's line."""
    frame = r'{"type":"event","name":"a\ud83d","data":{"\udc00":["\ud83d\ude00 \ude00\ud83d"]}}'
    assert JSON.decode(frame) == Event(type="event", name="a\ufffd", data={"\ufffd": ["😀 \ufffd\ufffd"]})


@by_codec
def test_lone_surrogates_do_not_stop_what_the_bridge_says(codec: Codec) -> None:
    message = {"type": "text", "npc": "a", "turn": "t", "at": 0, "text": "x\ud83d", "seq": 1}
    assert codec.encode(message) == codec.encode(message | {"text": "x\ufffd"})
    assert codec.encode(say(ids=["\udc00"])) == codec.encode(say(ids=["\ufffd"]))


@by_codec
def test_nul_is_a_character_like_any_other(codec: Codec) -> None:
    assert codec.decode(codec.encode(say(text="a\0b"))) == Say.model_validate(say(text="a\0b"))


@by_codec
def test_empty_text_is_for_the_session_to_judge(codec: Codec) -> None:
    assert codec.decode(codec.encode(say(text=""))) == Say.model_validate(say(text=""))


def test_json_may_come_in_a_binary_frame() -> None:
    """``WebSocketPeer.put_packet`` of Godot sends binary unless told otherwise."""
    assert JSON.decode(b' {"type": "say", "id": "l1", "npc": "brom", "text": "Hello!"}\n') == Say.model_validate(say())


def test_a_bare_string_names_a_player_or_a_clip() -> None:
    message = MSGPACK.decode(MSGPACK.encode({"type": "open", "npc": "a", "character": "b", "player": "Ada", "clips": ["wave"]}))
    assert isinstance(message, Open)
    assert (message.player, [clip.name for clip in message.clips]) == (Player(name="Ada"), ["wave"])


@by_codec
def test_a_saved_state_stays_binary(codec: Codec) -> None:
    state = bytes(range(256))
    assert codec.decode(codec.encode({"type": "load", "id": "o1", "blob": state})) == Load(type="load", id="o1", blob=state)


def test_json_is_compact_and_readable() -> None:
    text = '{"type":"event","name":"rain","data":{"said":"你好","blob":"/w=="}}'
    assert JSON.encode(event(data={"said": "你好", "blob": b"\xff"})).decode() == text


# ── properties ──

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
leaves = st.none() | st.booleans() | numbers | words
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(words, inner), max_leaves=8)


@by_codec
@given(data=st.dictionaries(words, values, max_size=6), name=words.filter(bool), npc=words)
def test_any_event_survives_the_way(codec: Codec, data: dict[str, Any], name: str, npc: str) -> None:
    message = {"type": "event", "name": name, "npc": npc, "data": data}
    assert codec.decode(codec.encode(message)) == Event.model_construct(type="event", name=name, npc=npc, data=data)


@given(said=st.text(max_size=50))
@example(said="\ud800")
def test_any_text_can_be_said_in_both_codecs(said: str) -> None:
    message = {"type": "text", "npc": "a", "turn": "t", "at": 0, "text": said, "seq": 1}
    assert MSGPACK.decode_bridge(MSGPACK.encode(message)) == JSON.decode_bridge(JSON.encode(message))


names = [entry["file"] for entry in json.loads((GOLDEN / "index.json").read_bytes())["messages"]]
golden = {codec: [(GOLDEN / f"{name}.{codec.name}").read_bytes() for name in names] for codec in CODECS}
odd_fields = st.dictionaries(
    st.sampled_from([*Event.model_fields, *Open.model_fields, "text", "at", "blob"]), values | st.binary(max_size=9)
)


def decode_or_refuse(codec: Codec, frame: bytes) -> None:
    """Anything but a message or a short ``WireError`` fails the test."""
    for decode in (codec.decode, codec.decode_bridge):
        try:
            decode(frame)
        except WireError as error:
            is_short = len(str(error)) < 300 and len(error.re) <= 128
        else:
            is_short = True
        assert is_short


@by_codec
def test_a_message_cut_short_is_refused_at_every_cut(codec: Codec) -> None:
    for frame in golden[codec]:
        for cut in range(len(frame)):
            assert refusal(codec, frame[:cut])[0] is BadMessage


@by_codec
@settings(max_examples=400)
@given(st.data())
def test_a_mutated_message_is_decoded_or_refused(codec: Codec, data: st.DataObject) -> None:
    frame = bytearray(data.draw(st.sampled_from(golden[codec])))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(frame) - 1))
        match data.draw(st.sampled_from(["change", "insert", "delete", "repeat"])):
            case "change":
                frame[at] = data.draw(st.integers(0, 255))
            case "insert":
                frame[at:at] = data.draw(st.binary(min_size=1, max_size=6))
            case "delete":
                del frame[at : at + data.draw(st.integers(1, min(8, len(frame) - 1)))]
            case "repeat":
                frame[at:at] = frame[at : at + 8]
        if not frame:
            break
    decode_or_refuse(codec, bytes(frame))


@by_codec
@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_random_bytes_are_decoded_or_refused(codec: Codec, frame: bytes) -> None:
    decode_or_refuse(codec, frame)


@by_codec
@settings(max_examples=60)
@given(odd_fields, st.data())
def test_fields_of_any_kind_are_taken_or_refused(codec: Codec, fields: dict[str, Any], data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["hello", "open", "event", "say", "seen", "interrupt", "load", "candidates", "close"]))
    decode_or_refuse(codec, codec.encode(fields | {"type": kind}))


# ── what it costs ──


def worst_messages() -> dict[str, bytes]:
    """Full messages of the smallest values there are, some taken and some refused; ``benchmarks/decode.py`` has more."""
    head = b"\x83\xa4type\xa5event\xa4name\xa1a\xa4data\x81\xa1x\xdd"
    room = MAX_MESSAGE_BYTES - len(head) - 4
    maps = MAX_CONTAINERS - 3
    return {
        "taken": head + room.to_bytes(4, "big") + b"\x80" * maps + b"\xc0" * (room - maps),
        "refused": head + room.to_bytes(4, "big") + b"\x80" * room,
        "bad clips": JSON.encode({"type": "open", "npc": "a", "character": "b", "clips": [{"name": "a", "aliases": [0] * 64}] * 400}),
    }


@pytest.mark.parametrize("name", worst_messages())
def test_no_message_costs_more_than_20_ms_or_20_mb(name: str) -> None:
    frame = worst_messages()[name]
    codec = JSON if frame[:1] == b"{" else MSGPACK
    times_ms = []
    for _ in range(5):
        began = time.process_time()
        decode_or_refuse(codec, frame)
        times_ms.append(1000 * (time.process_time() - began) / 2)  # decode_or_refuse reads it as both sides
    tracemalloc.start()
    decode_or_refuse(codec, frame)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(frame) <= MAX_MESSAGE_BYTES
    assert min(times_ms) < 20
    assert peak < 20_000_000
