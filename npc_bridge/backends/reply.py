"""One reply as it comes off the wire: bytes in, what the player may see out. Knows the stream format, and neither sockets nor time.

Everything that one read from the network brings comes out as one piece. This is the hot path: one ``json.loads`` for each frame,
and no object is built for it.
"""

from __future__ import annotations

import json
import logging
from typing import Any

from npc_bridge.backends import Finished
from npc_bridge.backends.failures import code_and_message, failure
from npc_bridge.backends.frames import FamiliarFrame
from npc_bridge.backends.profiles import Profile
from npc_bridge.backends.reasoning import ReasoningFilter
from npc_bridge.backends.shape import PrefixStripper
from npc_bridge.backends.sse import EventSplitter, EventTooLarge
from npc_bridge.errors import BackendError, BackendLost, BackendOverloaded, Moderated

log = logging.getLogger(__name__)

MAX_PLAIN_BYTES = 1_048_576

# Half the price of json.loads, which looks for a byte order mark and for white space around the value first.
_decode = json.JSONDecoder().raw_decode


class ReplyReader:
    """Feed it what the server sends; after ``is_over`` or ``close``, ``finished`` or ``failure`` says how the reply ended."""

    def __init__(self, profile: Profile, *, prefix: str = "", starts_thinking: bool = False) -> None:
        self.failure: BackendError | None = None
        """Set when the server said that something went wrong; text that came before it has been returned."""
        self.has_reason = False
        """Whether the server said that the text is complete; only the usage may be missing."""
        self.is_over = False
        self.has_text = False
        self.thinking = ReasoningFilter(starts_inside=starts_thinking)
        self._profile = profile
        self._events = EventSplitter()
        self._familiar = FamiliarFrame()
        self._prefix = PrefixStripper(prefix) if prefix else None
        self._reason = ""
        self._usage: object = None
        self._half = ""
        self._plain: bytearray | None = None
        self._is_new = True

    def feed(self, raw: bytes) -> str:
        """Return the text that these bytes complete; often empty."""
        # Most reads bring one event that differs from the last one in its text alone.
        if (text := self._familiar.text_in_event(raw)) is not None and self._is_between_events:
            return self.thinking.feed(text)
        if self._is_new:
            begin = raw.lstrip()
            if not begin:
                return ""
            self._is_new = False
            if begin.startswith(b"{"):
                self._plain = bytearray()
        if self._plain is not None:
            return self._feed_plain(raw)
        try:
            payloads = self._events.feed(raw)
        except EventTooLarge:
            self._fail(BackendLost(f"{self._profile.name}: a frame of the stream has no end"))
            return ""
        return self._text_of(payloads)

    def close(self) -> str:
        """Take the end of the bytes as the end of the reply, and return text that was held back."""
        text = ""
        if self._plain is not None:
            text = self._close_plain(bytes(self._plain))
            self._plain = None
        elif not self.is_over:
            text = self._text_of(self._events.close())
        if self._prefix is not None:
            text += self.thinking.feed(self._prefix.close())
            self._prefix = None
        text += self.thinking.close(is_whole=self._reason == "stop")
        if self.failure is None and not self._reason:
            self._fail(BackendLost(f"{self._profile.name}: the stream ended before the reply did"))
        self.is_over = True
        return text

    @property
    def _is_between_events(self) -> bool:
        """Whether nothing of an earlier read is waiting for what comes next."""
        return self._events.is_empty and not self._half and self._prefix is None

    @property
    def finished(self) -> Finished:
        usage = self._usage if isinstance(self._usage, dict) else {}
        details = usage.get("prompt_tokens_details")
        cached = details.get("cached_tokens") if isinstance(details, dict) else None
        return Finished(
            "length" if self._reason == "length" else "stop",
            prompt_tokens=_count(usage.get("prompt_tokens")),
            cached_tokens=_count(usage.get("cached_tokens") if cached is None else cached),
            completion_tokens=_count(usage.get("completion_tokens")),
        )

    def _text_of(self, payloads: list[bytes]) -> str:
        texts = []
        for payload in payloads:
            try:
                if (text := self._familiar.text_in(payload)) is None:
                    text = self._read(payload)
            except (ValueError, RecursionError):
                if payload.strip() == b"[DONE]":
                    self.is_over = True
                    break
                self._fail(BackendLost(f"{self._profile.name}: a frame of the stream is not JSON ({len(payload)} bytes)"))
                break
            except (AttributeError, TypeError, LookupError):
                self._fail(BackendLost(f"{self._profile.name}: a frame of the stream has another form than expected"))
                break
            if text:
                texts.append(text)
            if self.is_over:
                break
        if not texts:
            return ""
        text = texts[0] if len(texts) == 1 else "".join(texts)
        if self._half or not text.isascii():
            text = self._with_whole_characters(text)
        if self._prefix is not None:
            text = self._prefix.feed(text)
        return self.thinking.feed(text)

    def _read(self, payload: bytes) -> str | None:
        """Note what one frame says and return its text."""
        frame: dict[str, Any] = _decode(payload.decode().strip())[0]
        text = None
        if choices := frame.get("choices"):
            choice = choices[0]
            if delta := choice.get("delta"):
                text = delta.get("content")
                if text is not None and not isinstance(text, str):
                    raise TypeError
            reason = choice.get("finish_reason")
            if reason and reason != "null":
                self._end(reason)
        elif choices is None and ("error" in frame or "code" in frame):
            self._fail(self._failure_of(frame))
            return None
        if usage := frame.get("usage"):
            self._usage = usage
        elif text and not self.has_reason:
            self._familiar.learn(payload)
        if self.has_reason and self._usage is not None:
            self.is_over = True
        return text

    def _end(self, reason: str) -> None:
        if reason in ("content_filter", "sensitive"):
            self._fail(Moderated(f"{self._profile.name}: its moderation stopped the reply"))
        elif reason in ("error", "insufficient_system_resource", "abort"):
            self._fail(BackendOverloaded(f"{self._profile.name}: it gave up in the middle of the reply"))
        else:
            self._reason = "length" if reason == "length" else "stop"
            self.has_reason = True

    def _fail(self, failed: BackendError) -> None:
        self.failure = failed
        self.is_over = True

    def _failure_of(self, frame: Any) -> BackendError:
        code, message = code_and_message(frame)
        log.debug("%s said in mid-reply: %s (%d characters)", self._profile.name, code, len(message))
        return failure(self._profile.name, 0, code, message, special=self._profile.errors)

    def _with_whole_characters(self, text: str) -> str:
        """Put together what a server cut into two escapes; half a character alone becomes U+FFFD."""
        if self._half:
            text, self._half = self._half + text, ""
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        try:
            text.encode()
        except UnicodeEncodeError:
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return text

    def _feed_plain(self, raw: bytes) -> str:
        assert self._plain is not None
        self._plain += raw
        if len(self._plain) > MAX_PLAIN_BYTES:
            self._fail(BackendLost(f"{self._profile.name}: the answer is longer than {MAX_PLAIN_BYTES} bytes"))
        return ""

    def _close_plain(self, body: bytes) -> str:
        """Read an answer that came whole, from a server that does not stream, or that reports an error with status 200."""
        try:
            answer = json.loads(body)
            choices = answer.get("choices")
            if not choices:
                self._fail(self._failure_of(answer))
                return ""
            text = choices[0]["message"].get("content") or ""
            self._end(choices[0].get("finish_reason") or "stop")
            self._usage = answer.get("usage") or None
        except (ValueError, AttributeError, TypeError, LookupError):
            self._fail(BackendLost(f"{self._profile.name}: the answer is cut or has another form than expected ({len(body)} bytes)"))
            return ""
        if text and not text.isascii():
            text = self._with_whole_characters(text)
        return self.thinking.feed(self._prefix.feed(text) if self._prefix is not None else text)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) else None
