"""A frame is recognised only if its text is all that is new."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_bridge.backends.frames import FamiliarFrame


def frame(text: str, *, ascii_only: bool = False, **more: Any) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    return json.dumps({"id": "c-1", "choices": [choice], "usage": None} | more, ensure_ascii=ascii_only, separators=(",", ":")).encode()


def test_the_same_frame_with_another_text_is_recognised() -> None:
    known = FamiliarFrame()
    assert known.text_in(frame("Good")) is None
    known.learn(frame("Good"))
    assert [known.text_in(frame(text)) for text in (" evening", "", "（挥手）", "👋")] == [" evening", "", "（挥手）", "👋"]


@pytest.mark.parametrize(
    "other",
    [
        frame("x", id="c-2"),
        frame("x", usage={"prompt_tokens": 1}),
        frame("x").replace(b'"finish_reason":null', b'"finish_reason":"stop"'),
        frame('"x"'),
        frame("a\\"),
        frame("a\nb"),
        frame("x")[:-1],
        frame("x")[:40],
        b"[DONE]",
        b"",
    ],
    ids=repr,
)
def test_anything_else_is_not(other: bytes) -> None:
    known = FamiliarFrame()
    known.learn(frame("Good"))
    assert known.text_in(other) is None


def test_a_frame_with_two_contents_is_not_learned() -> None:
    known = FamiliarFrame()
    known.learn(frame("Good", content="Good"))
    assert known.text_in(frame("x", content="Good")) is None


def test_a_read_is_recognised_if_it_is_one_whole_event_and_no_more() -> None:
    known = FamiliarFrame()
    assert known.text_in_event(b"data: " + frame("x") + b"\n\n") is None
    known.learn(b" " + frame("Good"))
    event = b"data: " + frame("x") + b"\n\n"
    others = [event * 2, event[:-1], event[1:], event.replace(b"\n", b"\r\n"), b": comment\n\n" + event, event.replace(b" ", b"")]
    assert [known.text_in_event(raw) for raw in (event, *others)] == ["x", None, None, None, None, None, None]


@given(st.text(), st.text(), st.booleans())
def test_what_is_recognised_is_what_parsing_gives(first: str, then: str, ascii_only: bool) -> None:
    known = FamiliarFrame()
    known.learn(frame(first, ascii_only=ascii_only).decode("utf-8", "replace").encode())
    payload = frame(then, ascii_only=ascii_only)
    if (text := known.text_in(payload)) is not None:
        assert text == json.loads(payload)["choices"][0]["delta"]["content"]
