"""What a reply shows does not depend on where the network cut it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from npc_bridge.backends import Finished
from npc_bridge.backends.profiles import find_profile
from npc_bridge.backends.reply import ReplyReader
from npc_bridge.errors import BackendLost

GENERIC = find_profile("generic")


def frames(*texts: str | None, ascii_only: bool = False, line_end: str = "\n", usage: Any = None) -> bytes:
    """A whole stream as bytes."""
    deltas: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}], "usage": None} for text in texts
    ]
    deltas.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    if usage is not None:
        deltas.append({"choices": [], "usage": usage})
    events = [f"data: {json.dumps(delta, ensure_ascii=ascii_only)}{line_end}{line_end}" for delta in deltas]
    return "".join([*events, f"data: [DONE]{line_end}{line_end}"]).encode("utf-8", "surrogatepass")


def read(pieces: list[bytes], **options: Any) -> tuple[str, Finished]:
    reader = ReplyReader(GENERIC, **options)
    text = ""
    for piece in pieces:
        text += reader.feed(piece)
        if reader.is_over:
            break
    text += reader.close()
    assert reader.failure is None
    return text, reader.finished


CASES: dict[str, tuple[bytes, str, dict[str, Any]]] = {
    "English": (frames("(waves) ", "Good ", "evening."), "(waves) Good evening.", {}),
    "Chinese": (frames("（挥手）", "欢", "迎👋🏽"), "（挥手）欢迎👋🏽", {}),
    "CRLF": (frames("（挥手）", "欢迎", line_end="\r\n"), "（挥手）欢迎", {}),
    "escapes": (frames("（挥手）", "欢迎👋🏽", ascii_only=True), "（挥手）欢迎👋🏽", {}),
    "half characters": (frames("a\ud83d", "\udc4b", "b\ud83d", "c", ascii_only=True), "a👋b\ufffdc", {}),
    "half a character at the end": (frames("a", "\ud83d", ascii_only=True), "a", {}),
    "empty and null": (frames("", None, "Hello", None, ""), "Hello", {}),
    "thinking": (frames("<thi", "nk>No", "body</th", "ink>\n\n", "Hello"), "Hello", {}),
    "thinking that was opened in the prompt": (frames("Nob", "ody</thi", "nk>\nHello"), "Hello", {"starts_thinking": True}),
    "less-than": (frames("a <", "3 b <t", "able>"), "a <3 b <table>", {}),
    "echo": (frames("Brom", ": Hel", "lo"), "Hello", {"prefix": "Brom:"}),
    "no echo": (frames("Bro", "ken!"), "Broken!", {"prefix": "Brom:"}),
    "part of an echo": (frames("Br"), "Br", {"prefix": "Brom:"}),
}


@pytest.mark.parametrize(("stream", "shown", "options"), CASES.values(), ids=CASES)
def test_every_cut_shows_the_same(stream: bytes, shown: str, options: dict[str, Any]) -> None:
    assert read([stream], **options) == (shown, Finished("stop"))
    assert read([stream[at : at + 1] for at in range(len(stream))], **options) == (shown, Finished("stop"))
    for cut in range(1, len(stream)):
        assert read([stream[:cut], stream[cut:]], **options) == (shown, Finished("stop"))
    assert read([b"data: " + event for event in stream.split(b"data: ")[1:]], **options) == (shown, Finished("stop"))


def test_a_stream_cut_anywhere_before_its_finish_reason_is_lost() -> None:
    stream = frames("（挥手）", "欢迎")
    for cut in range(stream.index(b'"stop"')):
        reader = ReplyReader(GENERIC)
        reader.feed(stream[:cut])
        reader.close()
        assert isinstance(reader.failure, BackendLost)


@pytest.mark.parametrize(
    ("usage", "finished"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 2}, Finished("stop", 9, None, 2)),
        ({"prompt_tokens": 9, "completion_tokens": 2, "cached_tokens": 4}, Finished("stop", 9, 4, 2)),
        ({"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 0}, "cached_tokens": 4}, Finished("stop", 9, 0, None)),
        ({"prompt_tokens": 9, "prompt_tokens_details": None, "cached_tokens": 4}, Finished("stop", 9, 4, None)),
        ({"prompt_tokens": "many"}, Finished("stop")),
        (["many"], Finished("stop")),
    ],
    ids=["none", "at the top", "both", "null", "strange", "very strange"],
)
def test_usage_is_read_in_every_shape(usage: Any, finished: Finished) -> None:
    assert read([frames("Hello", usage=usage)]) == ("Hello", finished)


def test_text_is_shown_before_an_error_that_came_with_it() -> None:
    stream = frames("Hello").split(b"\n\n")[0] + b'\n\ndata: {"error": {"code": "server_error"}}\n\n'
    reader = ReplyReader(GENERIC)
    assert reader.feed(stream) == "Hello"
    assert reader.failure is not None
