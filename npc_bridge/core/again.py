"""Another reply in place of the last: the same place in the history, the same note, another seed; one, or several to choose from.

What was shown of the old reply is void, and nothing of it is read again. Authored lines are not asked of a model, so there is no other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, ValidationError

from npc_bridge.core.board import Note
from npc_bridge.core.history import visible_cut
from npc_bridge.core.messages import MAX_ID_CHARS, TurnCause, TurnReason
from npc_bridge.errors import BadMessage, NotNow

if TYPE_CHECKING:
    from npc_bridge.core.conversation import Conversation, Turn

_AUTHORED: tuple[TurnCause, ...] = ("opening", "line")
MAX_SEED = 2**31 - 1


@dataclass(frozen=True, slots=True)
class LastReply:
    """How the reply at the end of a history came about."""

    turn: str
    cause: TurnCause
    """Of the turn that it first came from, however often it was replaced since."""
    note: Note | None = None
    """What it was told, to be told again."""
    is_told: bool = False
    """Whether its events count as used; otherwise they went back to the others and wait there."""
    n: int = 0
    """Its place: the number of its line."""
    offers: tuple[str, ...] = ()
    """The candidates with their actions, to choose from; the history has the first. Empty texts cannot be chosen."""


class Again:
    """What a conversation remembers of its last reply, to say it in other words."""

    __slots__ = ("last",)

    def __init__(self) -> None:
        self.last: LastReply | None = None

    def state(self) -> dict[str, Any]:
        """Of the note only the text is kept: its events were used."""
        last = self.last
        if last is None:
            return {}
        note = last.note.text if last.note is not None else ""
        return {"turn": last.turn, "cause": last.cause, "note": note, "is_told": last.is_told, "n": last.n, "offers": list(last.offers)}

    def restore(self, state: dict[str, Any]) -> None:
        """See ``snapshot.Kept``. What cannot be read is forgotten: nothing can be regenerated then."""
        try:
            saved = _Saved.model_validate(state)
        except ValidationError:
            self.last = None
            return
        note = Note(saved.note, ()) if saved.note else None
        self.last = LastReply(saved.turn, saved.cause, note, saved.is_told, saved.n, saved.offers)

    def conclude(self, talk: Conversation, turn: Turn, reason: TurnReason) -> None:
        """Remember how the reply that was just written into the history came about."""
        offers = tuple(visible_cut(raw, chars, talk.parser).strip() for raw, chars in turn.offers)
        is_told = reason not in ("fallback", "failed")
        self.last = LastReply(turn.id, turn.first_cause, turn.note, is_told, talk.history.count - 1, offers)

    def replaceable(self, talk: Conversation) -> LastReply | None:
        """The reply at the end of the history, if it is the one that was remembered."""
        last, lines = self.last, talk.history.lines
        return last if last is not None and lines and lines[-1].role == "assistant" and last.n == talk.history.count - 1 else None

    def refuse(self, talk: Conversation, re: str) -> None:
        """Raise ``NotNow`` if no other reply can be asked for."""
        if talk.running is not None:
            raise NotNow(f"'{talk.npc}' is speaking; interrupt it first, or wait for 'turn_ended'", re=re)
        if talk.history.unanswered:
            return  # the last turn failed, and this one is its second attempt
        last = self.replaceable(talk)
        if last is None:
            raise NotNow(f"'{talk.npc}' has said nothing that could be said in other words", re=re)
        if last.cause in _AUTHORED:
            raise NotNow(f"the last line of '{talk.npc}' was authored, and there is no other", re=re)

    def take_back(self, talk: Conversation) -> LastReply | None:
        """Take the last reply out of the history; None if the players' lines wait for one anyway."""
        last = None if talk.history.unanswered else self.replaceable(talk)
        if last is not None:
            talk.history.drop_from(len(talk.history.lines) - 1)
            talk.memory.reply_was_another()
            self.last = None
        return last

    def choose(self, talk: Conversation, turn: str, index: int, re: str) -> str:
        """Take one of the candidates and return it; the others leave no trace. Raises ``NotNow`` or ``BadMessage``."""
        if talk.running is not None and talk.running.id == turn:
            raise NotNow("the candidates are still being written; choose after 'turn_ended'", re=re)
        last = self.replaceable(talk)
        if last is None or last.turn != turn or not last.offers:
            raise NotNow(f"there is nothing to choose from turn '{turn}' any more", re=re)
        if index >= len(last.offers) or not last.offers[index]:
            raise BadMessage(f"turn '{turn}' has no candidate {index}", re=re)
        chosen, is_cut = last.offers[index], talk.history.lines[-1].cut
        talk.history.drop_from(len(talk.history.lines) - 1)
        (talk.history.reply_cut if is_cut else talk.history.reply)(chosen)
        self.last = replace(last, offers=())
        return chosen


def retold(cause: TurnCause, note: str) -> LastReply | None:
    """In whose stead a turn is taken again that was cut off while it stood in for another: it is told the same."""
    return LastReply("", cause, Note(note, ()), is_told=True) if note else None


class _Saved(BaseModel):
    turn: str = Field(max_length=MAX_ID_CHARS)
    cause: TurnCause
    note: str = Field(default="", max_length=200_000)
    is_told: bool = False
    n: int = Field(default=0, ge=0)
    offers: tuple[str, ...] = Field(default=(), max_length=4)


def seed_of(session_id: str, turn_id: str) -> int:
    """A seed that no other reply of this session has, and the same whenever it is asked for: the session's id is random enough."""
    digest = blake2b(f"{session_id}/{turn_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % MAX_SEED
