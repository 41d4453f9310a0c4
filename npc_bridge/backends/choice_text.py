"""The text of one reply on its way out: whole characters, without a repeated beginning, without the model's thinking."""

from __future__ import annotations

from typing import Any, Literal

from npc_bridge.backends.reasoning import ReasoningFilter
from npc_bridge.backends.shape import PrefixStripper
from npc_bridge.errors import BackendError, BackendOverloaded, Moderated


class ChoiceText:
    """One of the replies in a stream; there is only one, unless several were asked for."""

    __slots__ = ("_half", "_name", "failure", "prefix", "reason", "thinking")

    def __init__(self, name: str, *, prefix: str = "", starts_thinking: bool = False) -> None:
        """``name`` is the server's, for errors; ``prefix`` what the reply may begin with and is not shown."""
        self.thinking = ReasoningFilter(starts_inside=starts_thinking)
        self.prefix = PrefixStripper(prefix) if prefix else None
        self.reason: Literal["", "stop", "length"] = ""
        """Set when the server said that this text is complete."""
        self.failure: BackendError | None = None
        self._name = name
        self._half = ""

    @property
    def is_over(self) -> bool:
        return bool(self.reason) or self.failure is not None

    @property
    def is_plain(self) -> bool:
        """Whether text needs no more than to be looked through for thinking: nothing of an earlier piece is held back."""
        return not self._half and self.prefix is None

    def take(self, choice: dict[str, Any]) -> str:
        """Note what the server says about this reply and return its text as it is. Raises ``TypeError`` and its like if it is strange."""
        text = ""
        # OpenAI streams a delta; a whole answer, and each frame of DashScope's, carries a message.
        if part := choice.get("delta") or choice.get("message"):
            text = part.get("content") or ""
            if not isinstance(text, str):
                raise TypeError
        reason = choice.get("finish_reason")
        if reason and reason != "null":
            self._end(reason)
        return text

    def show(self, text: str) -> str:
        """Return what can be shown now."""
        if self._half or not text.isascii():
            text = self._with_whole_characters(text)
        if self.prefix is not None:
            text = self.prefix.feed(text)
        return self.thinking.feed(text)

    def close(self, *, is_text: bool = False) -> str:
        """Return text that was held back, and is text after all; ``is_text`` if that is known although the reply was cut short."""
        text = ""
        if self.prefix is not None:
            text = self.thinking.feed(self.prefix.close())
            self.prefix = None
        return text + self.thinking.close(is_whole=is_text or self.reason == "stop")

    def _end(self, reason: str) -> None:
        if reason in ("content_filter", "sensitive"):
            self.failure = Moderated(f"{self._name}: its moderation stopped the reply")
        elif reason in ("error", "insufficient_system_resource", "abort"):
            self.failure = BackendOverloaded(f"{self._name}: it gave up in the middle of the reply")
        else:
            self.reason = "length" if reason == "length" else "stop"

    def _with_whole_characters(self, text: str) -> str:
        """Put together what a server cut into two escapes; half a character alone becomes U+FFFD."""
        if self._half:
            text, self._half = self._half + text, ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        try:
            text.encode()
        except UnicodeEncodeError:
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return text
