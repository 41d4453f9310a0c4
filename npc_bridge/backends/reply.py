"""One answer as it comes off the wire: bytes in, what the player may see out. Knows the stream formats, and neither sockets nor time.

OpenAI's and DashScope's own frames are told apart by their form. Everything that one read from the network brings comes out as one
piece. This is the hot path: one ``json.loads`` for each frame at most, and no object is built for it.
"""

from __future__ import annotations

import json
import logging
from typing import Any

from npc_bridge.backends import Finished
from npc_bridge.backends.choice_text import ChoiceText
from npc_bridge.backends.failures import code_and_message, failure
from npc_bridge.backends.frames import FamiliarFrame
from npc_bridge.backends.profiles import Profile
from npc_bridge.backends.sse import EventSplitter, EventTooLarge
from npc_bridge.backends.usage import Usage
from npc_bridge.errors import BackendError, BackendLost

log = logging.getLogger(__name__)

MAX_PLAIN_BYTES = 1_048_576

# Half the price of json.loads, which looks for a byte order mark and for white space around the value first.
_decode = json.JSONDecoder().raw_decode


class AnswerReader:
    """What an answer with one reply and one with several share: the frames, the usage, and how it goes wrong."""

    def __init__(self, profile: Profile, n: int, *, prefix: str = "", starts_thinking: bool = False) -> None:
        self.choices = [ChoiceText(profile.name, prefix=prefix, starts_thinking=starts_thinking) for _ in range(n)]
        self.failure: BackendError | None = None
        """Set when the server said that something went wrong; text that came before it has been returned."""
        self.is_over = False
        self.usage: Usage | None = None
        self._profile = profile
        self._events = EventSplitter()
        self._plain: bytearray | None = None
        self._is_new = True

    @property
    def has_reason(self) -> bool:
        """Whether the server said that the text is complete; only the usage may be missing."""
        return all(choice.reason for choice in self.choices)

    @property
    def is_in_doubt(self) -> bool:
        """Whether text is held back that may be thinking or not, and the reply was cut short before that was clear."""
        return any(choice.reason == "length" and choice.thinking.is_inside for choice in self.choices)

    def _payloads(self, raw: bytes) -> list[bytes]:
        """The data of the events that these bytes complete; an answer that is no stream is kept until its end."""
        if self._is_new:
            begin = raw.lstrip()
            if not begin:
                return []
            self._is_new = False
            if begin.startswith(b"{"):
                self._plain = bytearray()
        try:
            if self._plain is None:
                return self._events.feed(raw)
        except EventTooLarge:
            self._fail(BackendLost(f"{self._profile.name}: a frame of the stream has no end"))
            return []
        self._plain += raw
        if len(self._plain) > MAX_PLAIN_BYTES:
            self._fail(BackendLost(f"{self._profile.name}: the answer is longer than {MAX_PLAIN_BYTES} bytes"))
        return []

    def _last_payloads(self) -> list[bytes]:
        """What was kept until the end: a last event without its empty line, or the whole answer."""
        if self._plain is None:
            return [] if self.is_over else self._events.close()
        body, self._plain = bytes(self._plain), None
        return [] if self.failure else [body]

    def _frame(self, payload: bytes) -> list[Any] | None:
        """Note what one frame says beside its choices, and return those; None at the end of the stream and when it makes no sense."""
        try:
            frame: dict[str, Any] = _decode(payload.decode().strip())[0]
        except (ValueError, RecursionError):
            if payload.strip() == b"[DONE]":
                self.is_over = True
            else:
                self._fail(BackendLost(f"{self._profile.name}: a frame of the answer is not JSON ({len(payload)} bytes)"))
            return None
        choices = frame.get("choices")
        if choices is None:
            output = frame.get("output")
            choices = output.get("choices") if isinstance(output, dict) else None
        if choices is None and ("error" in frame or "code" in frame or not frame):
            self._fail(self._failure_of(frame))
            return None
        if usage := frame.get("usage"):
            self.usage = Usage.of(usage)
        return choices or []

    def _lose(self) -> None:
        self._fail(BackendLost(f"{self._profile.name}: a frame of the answer has another form than expected"))

    def _fail(self, failed: BackendError) -> None:
        self.failure = self.failure or failed
        self.is_over = True

    def _failure_of(self, frame: Any) -> BackendError:
        code, message = code_and_message(frame)
        log.debug("%s said in mid-reply: %s (%d characters)", self._profile.name, code, len(message))
        return failure(self._profile.name, 0, code, message, special=self._profile.errors)


_STRANGE = (AttributeError, TypeError, LookupError, ValueError)


class ReplyReader(AnswerReader):
    """Feed it what the server sends; after ``is_over`` or ``close``, ``finished`` or ``failure`` says how the reply ended."""

    def __init__(self, profile: Profile, *, prefix: str = "", starts_thinking: bool = False) -> None:
        super().__init__(profile, 1, prefix=prefix, starts_thinking=starts_thinking)
        self._choice = self.choices[0]
        self._familiar = FamiliarFrame()

    @property
    def has_reason(self) -> bool:
        return bool(self._choice.reason)

    @property
    def reason(self) -> str:
        return self._choice.reason

    @property
    def finished(self) -> Finished:
        return (self.usage or Usage()).finished("length" if self._choice.reason == "length" else "stop")

    def feed(self, raw: bytes) -> str:
        """Return the text that these bytes complete; often empty."""
        # Most reads bring one event that differs from the last one in its text alone.
        if (text := self._familiar.text_in_event(raw)) is not None and self._events.is_empty and self._choice.is_plain:
            return self._choice.thinking.feed(text)
        return self._text_of(self._payloads(raw))

    def close(self, *, is_text: bool = False) -> str:
        """Take the end of the bytes as the end of the reply, and return text that was held back.

        ``is_text``: what might be thinking, in a reply that was cut short, is known to be none.
        """
        text = self._text_of(self._last_payloads()) + self._choice.close(is_text=is_text)
        if self.failure is None and not self._choice.reason:
            self._fail(BackendLost(f"{self._profile.name}: the stream ended before the reply did"))
        self.is_over = True
        return text

    def _text_of(self, payloads: list[bytes]) -> str:
        texts = []
        for payload in payloads:
            if (text := self._familiar.text_in(payload)) is None:
                text = self._read(payload)
            if text:
                texts.append(text)
            if self.is_over:
                break
        if not texts:
            return ""
        return self._choice.show(texts[0] if len(texts) == 1 else "".join(texts))

    def _read(self, payload: bytes) -> str:
        """Note what one frame says and return its text."""
        before = self.usage
        try:
            choices = self._frame(payload)
            text = self._choice.take(choices[0]) if choices else ""
        except _STRANGE:
            self._lose()
            return ""
        if self._choice.failure is not None:
            self._fail(self._choice.failure)
        elif self._choice.reason:
            self.is_over = self.is_over or self.usage is not None
        elif text and self.usage is before:
            self._familiar.learn(payload)
        return text


class CandidatesReader(AnswerReader):
    """The same for an answer with several replies that come interleaved."""

    def feed(self, raw: bytes) -> list[tuple[int, str]]:
        """Return the text that these bytes complete, with the number of the reply that it belongs to."""
        return self._texts_of(self._payloads(raw))

    def close(self, *, is_text: bool = False) -> list[tuple[int, str]]:
        """Take the end of the bytes as the end of all replies, and return text that was held back. ``is_text`` as for one."""
        texts = self._texts_of(self._last_payloads())
        texts += [(index, text) for index, choice in enumerate(self.choices) if (text := choice.close(is_text=is_text))]
        for choice in self.choices:
            if not choice.is_over:
                choice.failure = self.failure or BackendLost(f"{self._profile.name}: the stream ended before the reply did")
        self.is_over = True
        return texts

    def _texts_of(self, payloads: list[bytes]) -> list[tuple[int, str]]:
        texts: list[tuple[int, str]] = []
        for payload in payloads:
            try:
                for choice in self._frame(payload) or []:
                    index = int(choice.get("index") or 0)
                    if 0 <= index < len(self.choices) and (text := self.choices[index].take(choice)):
                        texts.append((index, self.choices[index].show(text)))
            except _STRANGE:
                self._lose()
            if self.is_over or (self.usage is not None and all(choice.is_over for choice in self.choices)):
                self.is_over = True
                break
        return [(index, text) for index, text in texts if text]
