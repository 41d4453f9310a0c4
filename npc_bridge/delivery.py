"""A reply on its way to the game: text and cues as the model writes them, and what to report when it is over.

What the model is asked, and what happens when it fails, is decided in ``turn.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from npc_bridge.backends import Finished
from npc_bridge.core.conversation import Turn
from npc_bridge.core.cues import CueParser, Part, Speech
from npc_bridge.core.messages import TurnReason
from npc_bridge.errors import BackendError

Tell: TypeAlias = Callable[[dict[str, Any]], None]
"""Send one message to the game, without waiting for a game that reads slowly, and without complaint when it is gone."""
Clock: TypeAlias = Callable[[], float]


class Reply:
    """What the NPC has said so far in this turn, on its way to the game."""

    def __init__(self, turn: Turn, tell: Tell, clock: Clock) -> None:
        self._turn, self._tell, self._clock = turn, tell, clock
        self._parser = CueParser()
        self._pieces: list[str] = []
        self._first_text_at: float | None = None
        self.chars = 0
        """Visible code points sent."""

    @property
    def raw(self) -> str:
        """The reply as the model wrote it, with its parentheses."""
        return "".join(self._pieces)

    def add(self, piece: str) -> None:
        """Send what this piece of the model's reply says and does."""
        self._pieces.append(piece)
        self._send(self._parser.feed(piece))

    def add_instead(self, line: str) -> None:
        """Forget what came so far, of which nothing was shown, and say this."""
        self._parser, self._pieces = CueParser(), []
        self.add(line)

    def close(self) -> None:
        """Send what was held back in case it became an action."""
        self._send(self._parser.close())

    def ended(self, reason: TurnReason, end: Finished | BackendError) -> dict[str, Any]:
        """The ``turn_ended`` of this reply."""
        turn, asked_at = self._turn, self._turn.asked_at
        message: dict[str, Any] = {"type": "turn_ended", "npc": turn.conversation.npc, "turn": turn.id, "reason": reason}
        message |= {"chars": self.chars, "total_ms": round(1000 * (self._clock() - asked_at), 2)}
        if self._first_text_at is not None:
            message["first_text_ms"] = round(1000 * (self._first_text_at - asked_at), 2)
        if isinstance(end, Finished):
            counts = {"prompt_tokens": end.prompt_tokens, "cached_tokens": end.cached_tokens, "completion_tokens": end.completion_tokens}
            message |= {name: count for name, count in counts.items() if count is not None}
        elif reason != "interrupted":
            message |= {"code": end.code, "message": str(end), "retry": end.retry}
        return message

    def _send(self, parts: list[Part]) -> None:
        """The hot path: plain maps and no validation, because this runs for every piece of every reply."""
        turn = self._turn.id
        talk = self._turn.conversation
        for part in parts:
            if isinstance(part, Speech):
                if self._first_text_at is None:
                    self._first_text_at = self._clock()
                self.chars = part.at + len(part.text)
                self._tell({"type": "text", "npc": talk.npc, "turn": turn, "at": part.at, "text": part.text})
            else:
                for clip in [match.clip for match in talk.index.resolve(part.raw)] or [""]:
                    self._tell({"type": "cue", "npc": talk.npc, "turn": turn, "at": part.at, "clip": clip, "action": part.raw})
