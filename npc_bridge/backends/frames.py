"""Reads the text out of a frame that differs from an earlier one only in its text, without parsing all of it again.

Model servers repeat the same two or three hundred bytes around every few letters. What is the same, byte for byte, says the same; only
the string in the middle is new. Whatever is not exactly so is not recognised, and its reader parses it.
"""

from __future__ import annotations

_KEY = b'"content":"'


class FamiliarFrame:
    """Knows the last frame that brought text and nothing else."""

    __slots__ = ("_after", "_before", "_event_after", "_event_before")

    def __init__(self) -> None:
        self._before = self._after = b""
        self._event_before = self._event_after = b""

    def text_in_event(self, raw: bytes) -> str | None:
        """Return the text if these bytes are one whole event with the known frame and another text, else None."""
        before, after = self._event_before, self._event_after
        if not before or not raw.startswith(before) or not raw.endswith(after):
            return None
        text = raw[len(before) : -len(after)]
        if b'"' in text or b"\\" in text or len(raw) < len(before) + len(after):
            return None
        return text.decode()

    def text_in(self, payload: bytes) -> str | None:
        """Return the text if this frame is the known one with another text, else None."""
        before, after = self._before, self._after
        if not before or not payload.startswith(before) or not payload.endswith(after):
            return None
        text = payload[len(before) : -len(after)]
        if b'"' in text or b"\\" in text or len(payload) < len(before) + len(after):
            return None
        return text.decode()

    def learn(self, payload: bytes) -> None:
        """Take this frame as known. It brought text, and was without effect otherwise."""
        at = payload.find(_KEY)
        if at < 0 or payload.count(_KEY[:-2]) != 1:
            return
        at += len(_KEY)
        end = at
        # The string ends at the first quotation mark that is not escaped.
        while (end := payload.find(b'"', end)) > 0 and payload[end - 1 : end] == b"\\":
            end += 1
        if end > 0 and b"\\\\" not in payload[at:end]:
            self._before, self._after = payload[:at], payload[end:]
            self._event_before, self._event_after = b"data:" + self._before, self._after + b"\n\n"
