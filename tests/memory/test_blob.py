"""Saved states as bytes: what was packed comes back; anything else is refused whole, and soon."""

from __future__ import annotations

import bz2
import gc
import hashlib
import time
import tracemalloc
from typing import Any

import msgpack  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npc_bridge.errors import BadSave
from npc_bridge.memory import blob
from npc_bridge.memory.blob import pack, unpack

STATE = {
    "session": {"turns": 3, "flags": {"met": True, "mood": None, "trust": 0.25}},
    "talks": [{"npc": "mira", "lines": [["user", "你好 🙂", "Ann"], ["assistant", "(waves) Hello."]], "until": float("inf")}],
}

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


def sealed(body: bytes, *, version: int = blob.VERSION) -> bytes:
    """A blob as a hostile player would make it: all is right with it but what it holds."""
    head = b"NPCSAVE" + bytes([version])
    return head + hashlib.blake2b(head + body, digest_size=16).digest() + body


def sealed_state(value: Any) -> bytes:
    return sealed(bz2.compress(msgpack.packb(value)))


def test_a_state_comes_back_as_it_was() -> None:
    assert unpack(pack(STATE)) == STATE
    assert unpack(pack({})) == {}


@given(st.dictionaries(st.text(max_size=5), PLAIN, max_size=5))
def test_every_plain_map_comes_back_as_it_was(state: dict[str, Any]) -> None:
    assert unpack(pack(state)) == state


def test_the_same_state_gives_the_same_bytes() -> None:
    assert pack(STATE) == pack(STATE)


def test_blobs_of_the_first_version_are_read_for_ever() -> None:
    of_version_1 = bytes.fromhex(FIRST)
    assert unpack(of_version_1) == {"version": 1, "line": "(waves) 你好"}


FIRST = (
    "4e50435341564501c6d7e0681132f770729d23fb28244c63425a683931415926535914f102b000000a51d92000406022259980100046810002060020"
    "00314006234d3468440007a9a346948260028e21b0081690cfa46a94f2f97e2ee48a70a12029e20560"
)


def test_a_lone_surrogate_is_mended() -> None:
    assert unpack(pack({"a": "x\ud800y"})) == {"a": "x?y"}


def test_every_truncation_is_refused() -> None:
    whole = pack(STATE)
    for length in range(len(whole)):
        with pytest.raises(BadSave):
            unpack(whole[:length])


def test_every_changed_bit_is_refused() -> None:
    whole = pack(STATE)
    for place in range(len(whole)):
        for bit in range(8):
            changed = bytearray(whole)
            changed[place] ^= 1 << bit
            with pytest.raises(BadSave):
                unpack(bytes(changed))


def test_bytes_after_the_end_are_refused() -> None:
    whole = pack(STATE)
    with pytest.raises(BadSave, match="damaged"):
        unpack(whole + b"\x00")
    with pytest.raises(BadSave, match="too many"):
        unpack(sealed(bz2.compress(msgpack.packb(STATE)) + b"more"))


@given(st.binary(max_size=400))
def test_random_bytes_are_refused(junk: bytes) -> None:
    for each in (junk, b"NPCSAVE\x01" + junk, sealed(junk)):
        with pytest.raises(BadSave):
            unpack(each)


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_random_contents_are_a_plain_map_or_refused(junk: bytes) -> None:
    try:
        state = unpack(sealed(bz2.compress(junk)))
    except BadSave:
        return
    assert isinstance(state, dict)
    assert unpack(pack(state)) == state


@pytest.mark.parametrize("version", [blob.VERSION + 1, 255])
def test_a_newer_version_is_named_as_the_reason(version: int) -> None:
    with pytest.raises(BadSave, match=f"is of version {version}, this bridge knows {blob.VERSION}: it needs a newer npc-bridge"):
        unpack(sealed(b"whatever it holds then", version=version))


def nested(depth: int) -> bytes:
    return b"\x81\xa1a" * depth + b"\xc0"


HOSTILE = {
    "a list": bz2.compress(msgpack.packb([1])),
    "a number": bz2.compress(msgpack.packb(1)),
    "nothing": bz2.compress(b""),
    "keys that are no text": bz2.compress(msgpack.packb({1: 2})),
    "text that is not UTF-8": bz2.compress(b"\x81\xa1a\xa2\xff\xfe"),
    "an extension type": bz2.compress(msgpack.packb({"a": msgpack.ExtType(5, b"x")})),
    "a truncated stream": bz2.compress(b"\x80")[:-4],
    "a time stamp": bz2.compress(msgpack.packb({"a": msgpack.Timestamp(1)})),
    "65 maps in one another": bz2.compress(nested(65)),
    "a million maps in one another": bz2.compress(nested(1_000_000)),
    "a list said to be long": bz2.compress(b"\x81\xa1a\xdd\xff\xff\xff\xff"),
    "a text said to be long": bz2.compress(b"\x81\xa1a\xdb\xff\xff\xff\xff"),
    "128 megabytes of zeros": bz2.compress(bytes(2**27)),
    "a list of 300,000 texts": bz2.compress(msgpack.packb({"a": ["ab"] * 300_000})),
    "too many lists of texts": bz2.compress(msgpack.packb({"a": [["ab"] * 11_000] * 100})),
    "a million lists in pairs": bz2.compress(msgpack.packb({"a": [[[[]]] * 100_000] * 3})),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_blob_is_refused_soon_and_takes_little_memory(body: bytes) -> None:
    hostile = sealed(body)
    gc.freeze()  # what other tests have left is not the blob's to clean up
    try:
        begin = time.process_time()
        with pytest.raises(BadSave):
            unpack(hostile)
        assert time.process_time() - begin < 1
    finally:
        gc.unfreeze()
    tracemalloc.start()
    try:
        with pytest.raises(BadSave):
            unpack(hostile)
        assert tracemalloc.get_traced_memory()[1] < 200_000_000
    finally:
        tracemalloc.stop()


def test_64_maps_in_one_another_are_fine() -> None:
    assert unpack(sealed(bz2.compress(nested(64))))


def test_a_state_too_large_to_be_read_again_is_not_packed() -> None:
    with pytest.raises(BadSave, match="limit"):
        pack({"a": "x" * (blob.MAX_STATE_BYTES + 1)})


def test_a_state_too_deep_to_be_read_again_is_not_packed() -> None:
    with pytest.raises(BadSave, match="64 maps and lists inside"):
        pack(msgpack.unpackb(nested(65)))


def test_what_is_no_plain_map_is_not_packed() -> None:
    for value in ([1], "text", None):
        with pytest.raises(BadSave, match="not a map"):
            pack(value)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        pack({"a": object()})


def test_an_error_says_nothing_of_what_was_said() -> None:
    with pytest.raises(BadSave) as error:
        unpack(sealed(bz2.compress(b"\x81\xa1a\xa6secret\xff")))
    assert "secret" not in str(error.value)


def test_ten_npcs_with_200_messages_each_fit_into_100_kb() -> None:
    from benchmarks.memory import evening

    for language in ("en", "zh"):
        assert len(pack(evening(language, npcs=10, messages=200))) < 100_000
