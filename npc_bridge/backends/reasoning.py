"""Keeps a model's thinking out of what the player sees: text between ``<think>`` and ``</think>``, wherever the chunks are cut.

Costs one search for ``<`` as long as there is none. Thinking that a server sends in a field of its own (``reasoning_content``)
never comes this far.
"""

from __future__ import annotations

import re

_NAMES = ("think", "thinking", "thought", "reasoning")
_TAG = re.compile(r"<(/?)(?:" + "|".join(_NAMES) + r")>", re.IGNORECASE)
_OPENING = re.compile(r"<(?:" + "|".join(_NAMES) + r")>", re.IGNORECASE)
_CLOSING = re.compile(r"</(?:" + "|".join(_NAMES) + r")>", re.IGNORECASE)
_TAGS = tuple(f"<{slash}{name}>" for slash in ("", "/") for name in _NAMES)
_LONGEST = max(map(len, _TAGS))


class ReasoningFilter:
    """Feed it the reply in pieces; it gives back what is not thinking."""

    __slots__ = ("_began", "_held", "_inside", "_maybe_text", "ended_unopened")

    def __init__(self, *, starts_inside: bool = False) -> None:
        """``starts_inside``: the prompt's template has opened the thinking already, so that only the closing tag will come."""
        self._inside = starts_inside
        self._held = ""
        self._maybe_text: list[str] | None = [] if starts_inside else None
        self._began = False
        self.ended_unopened = False
        """Whether a closing tag came that nothing had opened: this model's replies start inside."""

    @property
    def is_inside(self) -> bool:
        """Whether all that comes now is taken for thinking."""
        return self._inside

    def feed(self, piece: str) -> str:
        """Return what can be shown now. Holds back no more than what may be the beginning of a tag."""
        if not self._inside and not self._held and self._began and "<" not in piece:
            return piece
        shown = self._search(self._held + piece)
        if not self._began:
            shown = shown.lstrip()
            self._began = bool(shown)
        return shown

    def close(self, *, is_whole: bool = True) -> str:
        """Return what was held back and turned out to be text.

        A reply that was expected to start with thinking, and is ``is_whole`` without a closing tag, was text all along.
        """
        held, self._held = self._held, ""
        if self._inside:
            if self._maybe_text is None or not is_whole:
                return ""
            held = "".join(self._maybe_text) + held
        return held if self._began else held.lstrip()

    def _search(self, text: str) -> str:
        shown = ""
        while text:
            if self._inside:
                found = _CLOSING.search(text)
                if found is None:
                    self._held = text[-_LONGEST:]
                    if self._maybe_text is not None:
                        self._maybe_text.append(text[:-_LONGEST])
                    return shown
                if self._maybe_text is not None and not _OPENING.search("".join(self._maybe_text) + text[: found.start()]):
                    self.ended_unopened = True
                self._inside, self._maybe_text = False, None
                text = text[found.end() :]
                continue
            found = _TAG.search(text)
            if found is None:
                keep = _tail_that_may_be_a_tag(text)
                self._held = text[len(text) - keep :]
                return shown + text[: len(text) - keep]
            if found[1]:
                # The tag that opened it was lost, or stood in the prompt: what this piece holds before it was thinking.
                self.ended_unopened = True
            else:
                shown += text[: found.start()]
                self._inside = True
            text = text[found.end() :]
        self._held = ""
        return shown


def _tail_that_may_be_a_tag(text: str) -> int:
    """Length of the longest end of ``text`` that is the beginning of a tag."""
    at = text.rfind("<", max(0, len(text) - _LONGEST + 1))
    if at < 0:
        return 0
    tail = text[at:].lower()
    return len(tail) if any(tag.startswith(tail) for tag in _TAGS) else 0
