"""Writes the golden files: one example of every message, and frames that must be refused. ``python -m tests.golden.make``

The tables below are the source; everything else in this folder is made from them. The tests of all clients, in Python, GDScript and
C#, read ``index.json`` and the files it names:

- ``messages``: ``file`` without its ending (there is a ``.json`` and a ``.msgpack``, both exactly what the bridge's codecs write),
  the ``type`` of the message, and ``from``: ``game`` or ``bridge``.
- ``bad``: ``file``, the ``codec`` of the connection it comes on, ``frame`` (``text`` or ``binary``), the ``code`` of the answer and
  its ``re``. All of them are messages from a game.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from npc_bridge.core.codec import JSON, MSGPACK

HERE = Path(__file__).parent

Table = dict[str, dict[str, Any]]


def nested(levels: int) -> Any:
    """Lists inside one another."""
    return json.loads("[" * levels + "]" * levels)


GAME: Table = {
    "hello": {
        "type": "hello",
        "protocol": 1,
        "client": "npc-bridge-python 1.0",
        "engine": "pygame 2.6",
        "token": "not-a-secret",
        "session": "s-7f3a",
        "seq": 41,
    },
    "hello_minimal": {"type": "hello", "protocol": 1},
    "hello_float": {"type": "hello", "protocol": 1.0, "seq": 41.0},
    "open": {
        "type": "open",
        "npc": "smith_01",
        "character": "brom",
        "player": {"name": "Ada", "id": "p1", "description": "A young traveller with a broken sword."},
        "clips": [
            {"name": "wave", "description": "raises a hand in greeting", "aliases": ["waves", "挥手"]},
            {"name": "hammer", "description": "", "aliases": []},
        ],
        "language": "en",
        "group": "tavern",
        "targets": [{"name": "door", "aliases": ["entrance", "门"]}, {"name": "Ada", "aliases": []}],
        "opening": False,
        "silence_s": 20.5,
    },
    "declare": {
        "type": "declare",
        "npc": "smith_01",
        "clips": [{"name": "wave", "description": "raises a hand", "aliases": ["waves"]}],
        "targets": [{"name": "anvil", "aliases": []}],
    },
    "declare_targets": {"type": "declare", "npc": "smith_01", "targets": ["door", "anvil"]},
    "open_short": {"type": "open", "npc": "smith_01", "character": "brom", "player": "Ada", "clips": ["wave", "hammer"]},
    "open_inline": {
        "type": "open",
        "npc": "cat",
        "character": {"name": "Mog", "identity": {"occupation": "the inn's cat", "personality": "proud, easily bribed"}},
    },
    "event": {
        "type": "event",
        "name": "rain_started",
        "id": "e1",
        "data": {"how": "hard", "since_min": 5, "wind": 0.5, "is_cold": True, "from": ["north", "west"], "warning": None},
        "npc": "smith_01",
        "group": "tavern",
        "key": "weather",
        "priority": 7,
        "ttl_s": 120.5,
        "ttl_turns": 3,
        "react": True,
    },
    "event_minimal": {"type": "event", "name": "sword_drawn"},
    "event_position": {"type": "event", "name": "player_at", "key": "player_at", "data": {"x": 12.25, "y": -3.5, "z": 1e-07}},
    "event_integers": {
        "type": "event",
        "name": "integers",
        "data": {
            "zero": 0,
            "fixint": 127,
            "uint8": 255,
            "uint16": 65_535,
            "uint32": 4_294_967_295,
            "exact": 9_007_199_254_740_991,
            "negative_fixint": -32,
            "int8": -128,
            "int16": -32_768,
            "int32": -2_147_483_648,
            "int64": -9_007_199_254_740_991,
        },
    },
    "event_lengths": {
        "type": "event",
        "name": "lengths",
        "data": {
            "empty": "",
            "text31": "a" * 31,
            "text32": "b" * 32,
            "text255": "c" * 255,
            "text256": "d" * 256,
            "list15": [1] * 15,
            "list16": [2] * 16,
            "map15": {f"k{i:02}": i for i in range(15)},
            "map16": {f"k{i:02}": i for i in range(16)},
            "empty_list": [],
            "empty_map": {},
        },
    },
    "event_unknown_fields": {
        "type": "event",
        "name": "sword_drawn",
        "npc": "smith_01",
        "of_a_later_version": {"any": [1, "thing"]},
    },
    "event_deep": {"type": "event", "name": "deep", "data": {"list": nested(30)}},
    "say": {"type": "say", "id": "l1", "npc": "smith_01", "text": "Can you mend this sword?", "player": "Ada"},
    "say_group": {"type": "say", "id": "l4", "npc": "tavern", "text": "Who can mend this?"},
    "say_minimal": {"type": "say", "id": "l2", "npc": "smith_01", "text": "Hello!"},
    "say_unicode": {
        "type": "say",
        "id": "第3句",
        "npc": "铁匠",
        "text": '你好！👋🏽 "quoted" \\ back\ttab\nline e\u0301 \u2028 \u0001',
    },
    "continue": {"type": "continue", "id": "c1", "npc": "smith_01"},
    "note": {
        "type": "note",
        "id": "k1",
        "npc": "smith_01",
        "group": "tavern",
        "text": "The mill burned down last winter.",
        "data": {"quest": "find the miller", "stage": 2},
        "key": "quest",
    },
    "flags": {
        "type": "flags",
        "id": "g1",
        "npc": "smith_01",
        "values": {"quest.cellar": 2, "met_the_king": True, "weather": "rain", "trust": 0.5, "old_flag": None},
    },
    "line": {"type": "line", "id": "a1", "npc": "smith_01", "text": "(nods) We are closed.", "player": "Ada", "shown": True},
    "hold": {"type": "hold", "id": "d1", "npc": "smith_01", "group": "tavern"},
    "release": {"type": "release", "id": "d2", "npc": "smith_01", "group": "tavern"},
    "gather": {
        "type": "gather",
        "id": "p1",
        "group": "tavern",
        "npcs": ["smith_01", "bard_01"],
        "director": "weighted",
        "weights": {"smith_01": 0.5, "bard_01": 2.0},
        "max_npc_turns": 3,
        "pause_s": 0.5,
    },
    "disperse": {"type": "disperse", "id": "p2", "group": "tavern"},
    "ask_stats": {"type": "ask_stats", "id": "x1"},
    "regenerate": {"type": "regenerate", "id": "r1", "npc": "smith_01"},
    "candidates": {"type": "candidates", "id": "n1", "npc": "smith_01", "n": 3},
    "choose": {"type": "choose", "id": "h1", "npc": "smith_01", "turn": "t4", "index": 2},
    "seen": {"type": "seen", "npc": "smith_01", "turn": "t1", "at": 17},
    "seen_float": {"type": "seen", "npc": "smith_01", "turn": "t1", "at": 7.0},
    "interrupt": {"type": "interrupt", "npc": "smith_01", "turn": "t1", "at": 17},
    "interrupt_minimal": {"type": "interrupt", "npc": "smith_01"},
    "save": {"type": "save", "id": "v1", "slot": "quick"},
    "load": {"type": "load", "id": "o1", "slot": "quick", "blob": bytes(range(0, 256, 5))},
    "forget": {"type": "forget", "id": "f1", "npc": "smith_01", "player": "Ada"},
    "close": {"type": "close", "npc": "smith_01"},
}

BRIDGE: Table = {
    "welcome": {
        "type": "welcome",
        "protocol": 1,
        "session": "s-7f3a",
        "resumed": False,
        "server": "npc-bridge 0.1.0",
        "backend": "embedded",
        "model": "SmolLM2-135M-Instruct",
        "max_message_bytes": 65_536,
        "characters": ["brom", "isolde"],
        "npcs": ["smith_01"],
        "timeline": 2,
        "seq": 1,
    },
    "opened": {
        "type": "opened",
        "npc": "smith_01",
        "character": "brom",
        "name": "Brom",
        "language": "en",
        "opening": True,
        "remembered": 12,
        "last_line": "Come back tomorrow.",
        "seq": 2,
    },
    "accepted": {"type": "accepted", "ids": ["e1", "e2", "l1"], "seq": 3},
    "turn_started": {
        "type": "turn_started",
        "npc": "smith_01",
        "turn": "t2",
        "cause": "say",
        "answers": ["l1", "l2"],
        "note": "What has just happened:\nrain_started: how:hard",
        "replaces": "t1",
        "n": 3,
        "group": "tavern",
        "seq": 4,
    },
    "turn_started_opening": {"type": "turn_started", "npc": "smith_01", "turn": "t1", "cause": "opening", "answers": [], "seq": 5},
    "text": {"type": "text", "npc": "smith_01", "turn": "t2", "at": 0, "text": "Let me see. ", "seq": 6},
    "text_candidate": {"type": "text", "npc": "smith_01", "turn": "t2", "at": 0, "text": "Give it here.", "index": 2, "seq": 6},
    "text_emoji": {"type": "text", "npc": "smith_01", "turn": "t2", "at": 12, "text": "好剑！👋🏽 𝄞", "seq": 7},
    "cue": {"type": "cue", "npc": "smith_01", "turn": "t2", "at": 12, "clip": "wave", "action": "waves at you", "seq": 8},
    "cue_aimed": {
        "type": "cue",
        "npc": "smith_01",
        "turn": "t2",
        "at": 12,
        "clip": "point",
        "action": "points at the door",
        "target": "door",
        "score": 0.875,
        "reason": "lexical",
        "state": "provisional",
        "id": 1,
        "index": 2,
        "seq": 8,
    },
    "cue_withdrawn": {
        "type": "cue",
        "npc": "smith_01",
        "turn": "t2",
        "at": 12,
        "clip": "point",
        "action": "points out that it is late",
        "state": "withdrawn",
        "id": 1,
        "seq": 9,
    },
    "exit": {"type": "exit", "npc": "smith_01", "turn": "t2", "exit": "trade_opened", "at": 19, "seq": 9},
    "cue_without_clip": {"type": "cue", "npc": "smith_01", "turn": "t2", "at": 19, "clip": "", "action": "笑", "seq": 9},
    "turn_ended": {
        "type": "turn_ended",
        "npc": "smith_01",
        "turn": "t2",
        "reason": "stop",
        "chars": 19,
        "prompt_tokens": 412,
        "cached_tokens": 384,
        "completion_tokens": 11,
        "first_text_ms": 84.5,
        "total_ms": 310.25,
        "backend": "model_studio",
        "cost_usd": 0.00025,
        "spent_usd": 0.0125,
        "seq": 10,
    },
    "turn_ended_interrupted": {
        "type": "turn_ended",
        "npc": "smith_01",
        "turn": "t3",
        "reason": "interrupted",
        "chars": 8,
        "total_ms": 95.5,
        "seq": 11,
    },
    "turn_ended_fallback": {
        "type": "turn_ended",
        "npc": "smith_01",
        "turn": "t4",
        "reason": "fallback",
        "chars": 24,
        "first_text_ms": 5000.5,
        "total_ms": 5000.75,
        "code": "backend_timeout",
        "message": "the model took too long to reply",
        "retry": True,
        "seq": 12,
    },
    "turn_ended_failed": {
        "type": "turn_ended",
        "npc": "smith_01",
        "turn": "t5",
        "reason": "failed",
        "chars": 0,
        "total_ms": 12.5,
        "code": "bad_key",
        "message": "the server does not accept this key",
        "retry": False,
        "seq": 13,
    },
    "saved": {"type": "saved", "id": "v1", "slot": "quick", "blob": bytes(range(0, 256, 5)), "seq": 14},
    "loaded": {"type": "loaded", "id": "o1", "slot": "quick", "npcs": ["smith_01", "bard_01"], "timeline": 3, "seq": 15},
    "forgotten": {"type": "forgotten", "id": "f1", "conversations": 2, "lines": 40, "events": 3, "slots": 1, "seq": 15},
    "gathered": {"type": "gathered", "id": "p1", "group": "tavern", "npcs": ["smith_01", "bard_01"], "seq": 15},
    "dispersed": {"type": "dispersed", "id": "p2", "group": "tavern", "seq": 15},
    "notice": {
        "type": "notice",
        "code": "budget_low",
        "message": "80 % of the budget of this day is spent",
        "npc": "smith_01",
        "player": "Ada",
        "seq": 15,
    },
    "stats": {
        "type": "stats",
        "id": "x1",
        "session": {"turns": 12, "prompt_tokens": 4_820, "cached_tokens": 4_100, "completion_tokens": 310, "cost_usd": 0.0125},
        "characters": [{"character": "brom", "turns": 12, "cost_usd": 0.0125}],
        "players": [{"player": "Ada", "turns": 12, "cost_usd": 0.0125}],
        "backends": [{"backend": "model_studio", "state": "closed", "failures": 0}],
        "budgets": [{"scope": "player", "name": "Ada", "per": "day", "limit_usd": 0.1, "spent_usd": 0.0125}],
        "unmapped": [{"character": "brom", "action": "polishes a mug", "count": 3, "suggestions": ["wipe"]}],
        "seq": 15,
    },
    "closed": {"type": "closed", "npc": "smith_01", "seq": 16},
    "error": {
        "type": "error",
        "code": "unknown_npc",
        "message": "no conversation with 'smith_02' is open; send 'open' first",
        "retry": False,
        "re": "l3",
        "seq": 17,
    },
    "bridge_unknown_fields": {"type": "closed", "npc": "smith_01", "of_a_later_version": [1, {"any": "thing"}], "seq": 18},
}

BAD_JSON: dict[str, tuple[str | bytes, str, str]] = {
    "empty": ("", "bad_message", ""),
    "spaces": ("  ", "bad_message", ""),
    "not_json": ("hello", "bad_message", ""),
    "cut_short": ('{"type":"say","id":"l1","npc":"a","te', "bad_message", ""),
    "two_messages": ('{"type":"close","npc":"a"}{"type":"close","npc":"a"}', "bad_message", ""),
    "list": ("[1,2]", "bad_message", ""),
    "null": ("null", "bad_message", ""),
    "no_type": ('{"npc":"a"}', "bad_message", ""),
    "no_type_but_id": ('{"id":"l1","npc":"a"}', "bad_message", "l1"),
    "type_is_number": ('{"type":1,"npc":"a"}', "bad_message", ""),
    "unknown_type": ('{"type":"dance","npc":"a"}', "unknown_type", "dance"),
    "type_of_the_bridge": ('{"type":"welcome","id":"l1"}', "unknown_type", "l1"),
    "field_missing": ('{"type":"say","id":"l1","text":"Hello!"}', "bad_message", "l1"),
    "field_of_wrong_kind": ('{"type":"say","id":"l1","npc":["a"],"text":"Hello!"}', "bad_message", "l1"),
    "id_empty": ('{"type":"say","id":"","npc":"a","text":"Hello!"}', "bad_message", "say"),
    "id_too_long": ('{"type":"say","id":"' + "x" * 129 + '","npc":"a","text":"Hello!"}', "bad_message", "say"),
    "text_too_long": ('{"type":"say","id":"l1","npc":"a","text":"' + "x" * 8_001 + '"}', "bad_message", "l1"),
    "position_negative": ('{"type":"seen","npc":"a","turn":"t1","at":-1}', "bad_message", "seen"),
    "position_broken": ('{"type":"seen","npc":"a","turn":"t1","at":1.5}', "bad_message", "seen"),
    "nan": ('{"type":"event","name":"a","data":{"x":NaN}}', "bad_message", ""),
    "infinity": ('{"type":"event","name":"a","data":{"x":-Infinity}}', "bad_message", ""),
    "number_overflows": ('{"type":"event","name":"a","data":{"x":1e999}}', "bad_message", "event"),
    "integer_of_65_bits": ('{"type":"event","name":"a","data":{"x":18446744073709551616}}', "bad_message", "event"),
    "depth_33": ('{"type":"event","name":"a","data":{"x":' + "[" * 31 + "]" * 31 + "}}", "bad_message", "event"),
    "depth_bomb": ("[" * 2_000, "bad_message", ""),
    "blob_not_base64": ('{"type":"load","id":"o1","blob":"***"}', "bad_message", "o1"),
    "not_utf8": (b'{"type":"say","id":"l1","npc":"a","text":"\xff"}', "bad_message", ""),
    "surrogate_in_utf8": (b'{"type":"say","id":"l1","npc":"a","text":"\xed\xa0\xbd"}', "bad_message", ""),
    "byte_order_mark": (b'\xef\xbb\xbf{"type":"close","npc":"a"}', "bad_message", ""),
    "msgpack_on_json": (MSGPACK.encode({"type": "close", "npc": "a"}), "bad_message", ""),
    "too_large": ('{"type":"close","npc":"a","x":"' + "x" * 65_536 + '"}', "message_too_large", ""),
}

BAD_MSGPACK: dict[str, tuple[str | bytes, str, str]] = {
    "empty": (b"", "bad_message", ""),
    "cut_short": (MSGPACK.encode(GAME["say"])[:-3], "bad_message", ""),
    "length_beyond_the_end": (b"\x81\xa4type\xdb\xff\xff\xff\xff", "bad_message", ""),
    "two_messages": (MSGPACK.encode(GAME["close"]) * 2, "bad_message", ""),
    "never_used_byte": (b"\xc1", "bad_message", ""),
    "list": (b"\x92\x01\x02", "bad_message", ""),
    "nil": (b"\xc0", "bad_message", ""),
    "no_type": (b"\x81\xa3npc\xa1a", "bad_message", ""),
    "unknown_type": (MSGPACK.encode({"type": "dance", "id": "l1"}), "unknown_type", "l1"),
    "type_is_binary": (MSGPACK.encode({"type": b"close", "npc": "a"}), "bad_message", ""),
    "text_is_binary": (MSGPACK.encode({"type": "close", "npc": b"a"}), "bad_message", "close"),
    "integer_key": (b"\x82\x01\x02\xa4type\xa5close", "bad_message", ""),
    "binary_key": (MSGPACK.encode({"type": "event", "name": "a", "data": {b"x": 1}}), "bad_message", "event"),
    "list_as_key": (b"\x81\x90\xc0", "bad_message", ""),
    "not_utf8": (b"\x82\xa4type\xa5close\xa3npc\xa1\xff", "bad_message", ""),
    "extension": (b"\x83\xa4type\xa5event\xa4name\xa1a\xa4data\x81\xa1x\xd4\x05\x00", "bad_message", ""),
    "timestamp": (b"\x83\xa4type\xa5event\xa4name\xa1a\xa4data\x81\xa1x\xd6\xff\x00\x00\x00\x00", "bad_message", "event"),
    "nan": (b"\x83\xa4type\xa5event\xa4name\xa1a\xa4data\x81\xa1x\xca\x7f\xc0\x00\x00", "bad_message", "event"),
    "depth_33": (MSGPACK.encode({"type": "event", "name": "a", "data": {"x": nested(31)}}), "bad_message", "event"),
    "depth_bomb": (b"\x91" * 2_000, "bad_message", ""),
    "too_many_maps": (MSGPACK.encode({"type": "event", "name": "a", "data": {"x": [{}] * 4_094}}), "bad_message", "event"),
    "json_on_msgpack": ('{"type":"close","npc":"a"}', "bad_message", ""),
    "too_large": (b"\xdb\x00\x00\xff\xfc" + b"x" * 65_532, "message_too_large", ""),
}


def files() -> dict[str, bytes]:
    """Everything that belongs in this folder, by its path from here."""
    made: dict[str, bytes] = {}
    index: dict[str, list[dict[str, str]]] = {"messages": [], "bad": []}
    for sender, table in (("game", GAME), ("bridge", BRIDGE)):
        for name, message in table.items():
            made[f"{name}.json"] = JSON.encode(message)
            made[f"{name}.msgpack"] = MSGPACK.encode(message)
            index["messages"].append({"file": name, "type": message["type"], "from": sender})
    for codec, bad in (("json", BAD_JSON), ("msgpack", BAD_MSGPACK)):
        for name, (frame, code, re) in bad.items():
            is_text = isinstance(frame, str)
            path = f"bad/{codec}_{name}.{'json' if is_text and codec == 'json' else 'bin'}"
            made[path] = frame.encode() if isinstance(frame, str) else frame
            index["bad"].append({"file": path, "codec": codec, "frame": "text" if is_text else "binary", "code": code, "re": re})
    made["index.json"] = (json.dumps(index, indent=1) + "\n").encode()
    return made


def main() -> None:
    wanted = files()
    for old in [*HERE.glob("*.json"), *HERE.glob("*.msgpack"), *HERE.glob("bad/*")]:
        if old.relative_to(HERE).as_posix() not in wanted:
            old.unlink()
    for path, content in wanted.items():
        (HERE / path).write_bytes(content)


if __name__ == "__main__":
    main()
