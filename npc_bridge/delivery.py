"""A reply on its way to the game: text and cues as the model writes them, and what to report when it is over.

What the model is asked, and what happens when it fails, is decided in ``turn.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from npc_bridge.backends import Finished
from npc_bridge.core.clips import Match
from npc_bridge.core.conversation import Turn
from npc_bridge.core.cues import Action, Part, Speech
from npc_bridge.core.exits import Chosen
from npc_bridge.core.messages import TurnReason
from npc_bridge.core.unmapped import LOW_SCORE
from npc_bridge.errors import BackendError

Tell: TypeAlias = Callable[[dict[str, Any]], None]
"""Send one message to the game, without waiting for a game that reads slowly, and without complaint when it is gone."""
Clock: TypeAlias = Callable[[], float]

EARLY_CHARS = 60
"""An action that has no clip after so many code points gets no provisional cue any more: it would come hardly before the final one."""


class Reply:
    """What the NPC has said so far in this turn, on its way to the game."""

    def __init__(self, turn: Turn, tell: Tell, clock: Clock) -> None:
        self._turn, self._tell, self._clock = turn, tell, clock
        self._parser = turn.conversation.parser()
        self._is_early = turn.conversation.character.style.early_cues
        self._foreseen: dict[str, Any] | None = None
        """The provisional cue of the action that is being written."""
        self._ids = 0
        self._pieces: list[str] = []
        self._exits = None if turn.line else turn.conversation.exit_reader()
        self._exit: tuple[str, int] | None = None
        """The first exit that the model chose, and its place in the text."""
        self._first_text_at: float | None = None
        self.chars = 0
        """Visible code points sent."""

    @property
    def raw(self) -> str:
        """The reply as the model wrote it, with its parentheses."""
        return "".join(self._pieces)

    offers = ()
    """No choice, see ``candidates.Replies``."""

    def add(self, piece: str) -> None:
        """Send what this piece of the model's reply says and does."""
        if self._exits is None:
            self._add(piece)
        else:
            self._add_without_marks(self._exits.feed(piece))

    def _add(self, piece: str) -> None:
        self._pieces.append(piece)
        parts = self._parser.feed(piece)
        if parts:
            self._send(parts)
        if self._is_early and self._foreseen is None and self._parser.held_chars:
            self._foresee()

    def add_instead(self, line: str) -> None:
        """Forget what came so far, of which nothing was shown, and say this."""
        self._withdraw()
        self._parser, self._pieces = self._turn.conversation.parser(), []
        self._exits = self._exit = None
        self.add(line)

    def close(self) -> None:
        """Send what was held back in case it became an action, and the exit that was chosen, if it is open."""
        if self._exits is not None:
            self._add_without_marks(self._exits.close())
        self._send(self._parser.close())
        if self._exit is not None:
            self._leave(*self._exit)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was said or done, and no exit was chosen that is open."""
        is_leaving = self._exit is not None and self._exit[0] in self._turn.conversation.open_exits()
        return not is_leaving and not self.raw.strip()

    def _add_without_marks(self, parts: list[str | Chosen]) -> None:
        for part in parts:
            if isinstance(part, str):
                self._add(part)
            elif self._exit is None:
                self._exit = (part.name, self._parser.position)

    def _leave(self, name: str, at: int) -> None:
        """Tell the game of the exit. The model may choose one that it was not told of, or whose conditions hold no longer."""
        talk = self._turn.conversation
        if name in talk.open_exits():
            self._tell({"type": "exit", "npc": talk.npc, "turn": self._turn.id, "exit": name, "at": min(at, self.chars)})
        else:
            talk.exits_refused += 1

    def ended(self, reason: TurnReason, end: Finished | BackendError) -> dict[str, Any]:
        """The ``turn_ended`` of this reply. What is still provisional then is withdrawn first."""
        self._withdraw()
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
        npc = self._turn.conversation.npc
        for part in parts:
            if isinstance(part, Speech):
                if self._foreseen is not None:
                    self._withdraw()  # what looked like an action was text
                if self._first_text_at is None:
                    self._first_text_at = self._clock()
                self.chars = part.at + len(part.text)
                self._tell({"type": "text", "npc": npc, "turn": turn, "at": part.at, "text": part.text})
            else:
                self._act(part)

    def _act(self, action: Action) -> None:
        """Send the cues of an action, one for each clip that it plays, or one without a clip."""
        talk, foreseen = self._turn.conversation, self._foreseen
        matches = talk.index.resolve(action.raw, talk.aim)
        if not matches or matches[0].score < LOW_SCORE:
            talk.note_unmapped(action.raw, matches)
        if foreseen is not None:
            if not matches or (matches[0].clip, action.at) != (foreseen["clip"], foreseen["at"]):
                self._withdraw(action.raw)
            else:
                self._foreseen = None
                self._tell(self._cue(action, matches.pop(0)) | {"state": "confirmed", "id": foreseen["id"]})
                if not matches:
                    return
        for match in matches:
            self._tell(self._cue(action, match))
        if not matches:
            self._tell(self._cue(action, None))

    def _foresee(self) -> None:
        """Send the clip of an action that is still being written, once it can only be that one."""
        action = self._parser.peek()
        if action is None or len(action.raw) > EARLY_CHARS:
            return
        match = self._turn.conversation.index.early(action.raw)
        if match is not None:
            self._ids += 1
            self._foreseen = self._cue(action, match) | {"state": "provisional", "id": self._ids}
            self._tell(self._foreseen)

    def _withdraw(self, action: str = "") -> None:
        """Take back the provisional cue, if there is one."""
        foreseen, self._foreseen = self._foreseen, None
        if foreseen is not None:
            kept = {name: foreseen[name] for name in ("type", "npc", "turn", "at", "clip", "id")}
            self._tell(kept | {"action": action or foreseen["action"], "state": "withdrawn"})

    def _cue(self, action: Action, match: Match | None) -> dict[str, Any]:
        """A cue without the fields that have their default."""
        turn = self._turn
        cue: dict[str, Any] = {"type": "cue", "npc": turn.conversation.npc, "turn": turn.id, "at": action.at}
        if match is None:
            return cue | {"clip": "", "action": action.raw}
        cue |= {"clip": match.clip, "action": action.raw, "score": round(match.score, 3), "reason": match.how}
        if match.target:
            cue["target"] = match.target
        return cue
