"""Text from outside, made fit to stand inside a prompt.

Players choose their names, and games put them into events. Such text must not be able to end its line, its message or its
sentence in the model's eyes. Nothing here judges what a text says; ``one_line`` and ``message_text`` only keep it in its place.
"""

from __future__ import annotations

import re
import unicodedata

# Line breaks, control characters, bidirectional overrides, invisible formatting, lone surrogates and tag characters. The joiners
# U+200C and U+200D stay: Persian words and many emoji need them.
_KEEP_FORMAT = {"\u200c", "\u200d"}

# What chat templates use as markers: <|im_start|>, <｜User｜>, <start_of_turn>, </s>, <<SYS>>, [INST]. A server that applies the
# template itself may read such markers out of the content too. "<3" is not a marker.
_ANGLE_MARKER = re.compile(r"<(?=[|｜/<_!A-Za-z])")
_SQUARE_MARKER = re.compile(
    r"\[(/?(?:INST|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|ARGS|CALL_ID|THINK|IMG))\]"
)
_SPEAKER = re.compile(r"(?i)(?:system|assistant|user|developer|human|instructions?|系统|系統|助手|用户|用戶|システム|ユーザー)\s*[:：]")
_SPACES = re.compile(r"\s+")
_QUOTES = str.maketrans('“”"', "'''")


def _is_dropped(char: str) -> bool:
    category = unicodedata.category(char)
    return category in {"Cc", "Cs", "Co", "Cn"} or (category == "Cf" and char not in _KEEP_FORMAT)


def _without_markers(text: str) -> str:
    if "<" in text:
        text = _ANGLE_MARKER.sub("‹", text)
    if "[" in text:
        text = _SQUARE_MARKER.sub(r"(\1)", text)
    return text


def shortened(text: str, max_chars: int) -> str:
    """The text, cut to ``max_chars`` code points, the last of them an ellipsis."""
    return text if len(text) <= max_chars else text[: max(0, max_chars - 1)].rstrip() + "…"


def one_line(text: str, max_chars: int = 200) -> str:
    """The text as one line of at most ``max_chars`` code points, or a few more for its quotation marks.

    What looks like a speaker's mark (``System:``) puts the whole text between quotation marks, so that it cannot be taken for one.
    """
    text = text[: max_chars * 4]
    if not text.isprintable():
        text = "".join(" " if char.isspace() else "" if _is_dropped(char) else char for char in text)
    text = shortened(_SPACES.sub(" ", _without_markers(text)).strip(), max_chars)
    return f"“{text.translate(_QUOTES)}”" if _SPEAKER.search(text) else text


def message_text(text: str) -> str:
    """The text of one message, with its line breaks, without invisible characters and chat template markers."""
    if not text.isprintable():
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
        text = "".join(char for char in text if char in "\n\t" or not _is_dropped(char))
    return _without_markers(text).strip()
