"""Events are found wherever the reads were cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_bridge.backends.sse import MAX_EVENT_BYTES, EventSplitter, EventTooLarge

STREAMS = {
    "plain": (b"data: one\n\ndata: two\n\n", [b"one", b"two"]),
    "no space": (b"data:one\n\ndata:two\n\n", [b"one", b"two"]),
    "CRLF": (b"data: one\r\n\r\ndata: two\r\n\r\n", [b"one", b"two"]),
    "CR": (b"data: one\r\rdata: two\r\r", [b"one", b"two"]),
    "comments": (b": hello\n\ndata: one\n\n:\n\n: a\ndata: two\n\n", [b"one", b"two"]),
    "several lines": (b"data: on\ndata: e\n\ndata: two\n\n", [b"on\ne", b"two"]),
    "names": (b"id:1\nevent:result\n:HTTP_STATUS/200\ndata:one\n\nevent: error\ndata: two\n\n", [b"one", b"two"]),
    "no data": (b"event: ping\n\ndata: one\n\nretry: 3\n\ndata: two\n\n", [b"one", b"two"]),
    "empty lines": (b"\n\n\ndata: one\n\n\n\n\ndata: two\n\n", [b"one", b"two"]),
    "no end": (b"data: one\n\ndata: two", [b"one", b"two"]),
    "half an end": (b"data: one\n\ndata: two\n", [b"one", b"two"]),
    "byte order mark": (b"\xef\xbb\xbfdata: one\n\ndata: two\n\n", [b"one", b"two"]),
    "characters": ("data: （é）\n\ndata: 👋🏽\n\n".encode(), ["（é）".encode(), "👋🏽".encode()]),
}


def read(pieces: list[bytes]) -> list[bytes]:
    splitter = EventSplitter()
    found = [data.strip() for piece in pieces for data in splitter.feed(piece)]
    return found + [data.strip() for data in splitter.close()]


@pytest.mark.parametrize(("stream", "events"), STREAMS.values(), ids=STREAMS)
def test_every_cut_gives_the_same_events(stream: bytes, events: list[bytes]) -> None:
    assert read([stream]) == events
    assert read([stream[at : at + 1] for at in range(len(stream))]) == events
    for cut in range(len(stream) + 1):
        assert read([stream[:cut], stream[cut:]]) == events


@given(st.sampled_from(sorted(STREAMS)), st.lists(st.integers(0, 80), max_size=8))
def test_any_cuts_give_the_same_events(name: str, cuts: list[int]) -> None:
    stream, events = STREAMS[name]
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    assert read([stream[one:other] for one, other in pairwise(places)]) == events


def test_an_event_comes_as_soon_as_it_is_whole() -> None:
    splitter = EventSplitter()
    assert splitter.feed(b"data: one\n\ndata: tw") == [b" one"]
    assert splitter.feed(b"o\n\n") == [b" two"]


def test_an_event_without_an_end_is_refused_before_it_fills_the_memory() -> None:
    splitter = EventSplitter()
    for _ in range(MAX_EVENT_BYTES // 65_536):
        splitter.feed(b"x" * 65_536)
    with pytest.raises(EventTooLarge):
        splitter.feed(b"x")
