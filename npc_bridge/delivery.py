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
from npc_bridge.core.ladder import ellipsis_in, gap_in
from npc_bridge.core.manner import Manner, rules_for
from npc_bridge.core.messages import TurnReason
from npc_bridge.core.sentences import is_ended
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
        self._authored_chars = 0
        """How many of them a filler took that was said while the model thought, and how long it was with its actions."""
        self._authored_raw = 0
        self.is_heard = False
        """Whether the model wrote anything, shown or not."""
        self._manner = None if turn.line else Manner(rules_for(turn.conversation))

    @property
    def raw(self) -> str:
        """The reply as the model wrote it, with its parentheses."""
        return "".join(self._pieces)

    has_whole = False
    offers = ()
    """No choice, see ``candidates.Replies``."""

    def hear(self, piece: str) -> None:
        """Send what this piece of the model's reply says and does, as far as the character's manner allows it."""
        self.is_heard = True
        if self._manner is not None:
            piece = self._manner.feed(piece)
        if piece:
            self.add(piece)

    def hear_end(self) -> None:
        """The model has written all of it: send what the character's manner held back."""
        if self._manner is not None and (rest := self._manner.close()):
            self.add(rest)

    @property
    def is_over(self) -> bool:
        """Whether nothing of what the model may still write will be shown."""
        return self._manner is not None and self._manner.is_over

    @property
    def offence(self) -> str:
        """Why the reply was ended early, if it was; see ``manner.py``."""
        return self._manner.offence if self._manner is not None else ""

    @property
    def has_words(self) -> bool:
        """Whether words of the model were shown."""
        return self.chars > self._authored_chars

    def hear_again(self) -> None:
        """Forget what the model wrote, of which no words were shown: it is asked once more, and held to less."""
        self._forget_held()
        if self.raw:
            self.add(gap_in(self._turn.conversation.language))
        self._manner = Manner(rules_for(self._turn.conversation, is_second_try=True))

    def fill(self, line: str) -> bool:
        """Say an authored line before the model has written anything; False if it has."""
        if self.raw:
            return False
        self.add(line + gap_in(self._turn.conversation.language))
        self._authored_chars, self._authored_raw = self.chars, len(self.raw)
        return True

    def trail_off(self) -> None:
        """End the reply where it stands, in mid-sentence if need be, as a speaker does who breaks off."""
        self._forget_held()
        self._exits = None
        if not is_ended(self._spoken):
            self.add(ellipsis_in(self._turn.conversation.language))
        self._send(self._parser.close())

    def _forget_held(self) -> None:
        """An action, or a mark, that was still being written was none."""
        self._withdraw()
        raw, held = self.raw, self._parser.held_chars
        self._pieces = [raw[: len(raw) - held].rstrip()]
        self._parser.forget()

    @property
    def _spoken(self) -> str:
        parser = self._turn.conversation.parser()
        return "".join(part.text for part in parser.feed(self.raw) + parser.close() if isinstance(part, Speech))

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
        """Say this in the place of the model, of which no words were shown."""
        self._forget_held()
        self._manner = self._exits = self._exit = None
        self.add((gap_in(self._turn.conversation.language) if self.raw and not self.raw[-1].isspace() else "") + line)

    def close(self) -> None:
        """Send what was held back in case it became an action, and the exit that was chosen, if it is open."""
        self.hear_end()
        if self._exits is not None:
            self._add_without_marks(self._exits.close())
        self._send(self._parser.close())
        if self._exit is not None:
            self._leave(*self._exit)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was said or done, and no exit was chosen that is open."""
        is_leaving = self._exit is not None and self._turn.n == 1 and self._exit[0] in self._turn.conversation.open_exits()
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
        if self._turn.n > 1:
            return  # one of several replies, and perhaps not the one that is chosen
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
        if turn.backend:
            message["backend"] = turn.backend
        if self._first_text_at is not None:
            message["first_text_ms"] = round(1000 * (self._first_text_at - asked_at), 2)
        if isinstance(end, Finished):
            names = ("prompt_tokens", "cached_tokens", "completion_tokens", "cost_usd")
            message |= {name: count for name in names if (count := getattr(end, name)) is not None}
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
