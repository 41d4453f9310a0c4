"""Authored dialogue beside the model's: who is held while a cutscene runs, and lines that the designer wrote.

Functions of a session, beside what ``session.py`` does when nothing is authored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, Field, ValidationError

from npc_bridge.core.changes import State
from npc_bridge.core.conversation import Conversation, Turn
from npc_bridge.core.effects import Effect, Send, Stop
from npc_bridge.core.messages import Hold, Id, Line, Release
from npc_bridge.errors import BadMessage

if TYPE_CHECKING:
    from npc_bridge.core.session import Session

MAX_HELD = 4_000


class Holds:
    """What is held: single NPCs, groups, or everyone.

    A group is one that NPCs were opened with, or one that was gathered. Each is held or not, however often the game says so: one
    ``release`` ends what any number of the same ``hold`` began. An NPC that
    is held in two ways, by itself and with its group, speaks when both have been released. NPCs that are opened later are held too.
    """

    __slots__ = ("_groups", "_is_world", "_npcs")

    def __init__(self) -> None:
        self._is_world = False
        self._npcs: set[str] = set()
        self._groups: set[str] = set()

    def hold(self, message: Hold) -> None:
        """Raises ``BadMessage`` when so much is held already that something must be wrong."""
        if len(self._npcs) + len(self._groups) >= MAX_HELD:
            raise BadMessage(f"{MAX_HELD} NPCs and groups are held, which is the limit; release some", re=message.id)
        if message.npc:
            self._npcs.add(message.npc)
        elif message.group:
            self._groups.add(message.group)
        else:
            self._is_world = True

    def release(self, message: Release) -> None:
        if message.npc:
            self._npcs.discard(message.npc)
        elif message.group:
            self._groups.discard(message.group)
        else:
            self._is_world = False

    def __contains__(self, talk: Conversation) -> bool:
        groups = (talk.group, talk.circle.group if talk.circle is not None else "")
        return self._is_world or talk.npc in self._npcs or any(group in self._groups for group in groups)

    def state(self) -> State:
        """See ``snapshot.Kept``."""
        if not (self._is_world or self._npcs or self._groups):
            return {}
        return {"world": self._is_world, "npcs": sorted(self._npcs), "groups": sorted(self._groups)}

    def restore(self, state: State) -> None:
        """See ``snapshot.Kept``. What cannot be a state holds nobody."""
        try:
            held = _Held.model_validate(state)
        except ValidationError:
            held = _Held()
        self._is_world, self._npcs, self._groups = held.world, set(held.npcs), set(held.groups)


class _Held(BaseModel):
    world: bool = False
    npcs: list[Id] = Field(default=[], max_length=MAX_HELD)
    groups: list[Id] = Field(default=[], max_length=MAX_HELD)


def interrupt_for_hold(talk: Conversation) -> Turn | None:
    """Mark the running turn as interrupted where the player was, and return it; None if there is none to stop."""
    turn = talk.running
    if turn is None or turn.is_interrupted:
        return None
    turn.is_interrupted = True
    turn.interrupted_at = turn.seen or None
    return turn


def next_line(talk: Conversation) -> Line | None:
    """The next authored line that the NPC has to speak, in a turn; those before it that are only remembered are remembered now."""
    while talk.authored:
        line = talk.authored.pop(0)
        if line.player:
            talk.history.hear(line.text, line.player)
        elif line.shown:
            talk.history.reply(line.text)
            # An interrupt that names the last turn must not cut this line.
            talk.last_turn = ""
        else:
            return line
    return None


def line(session: Session, message: Line, now: float) -> list[Effect]:
    talk = session.conversation(message.npc, message.id)
    if not message.text.strip():
        raise BadMessage("field 'text' is empty", re=message.id)
    accepted = Send({"type": "accepted", "ids": [message.id]})
    if not session.ledger.use(message.id):
        return [accepted]
    talk.authored.append(message)
    return [accepted, *([] if talk.running is not None else session.go_on(talk, now))]


def hold(session: Session, message: Hold) -> list[Effect]:
    accepted = Send({"type": "accepted", "ids": [message.id]})
    if session.ledger.has(message.id):
        return [accepted]
    session.holds.hold(message)
    session.ledger.use(message.id)
    stopped = [interrupt_for_hold(talk) for talk in session.conversations.values() if talk in session.holds]
    return [accepted, *(Stop(turn) for turn in stopped if turn is not None)]


def release(session: Session, message: Release, now: float) -> list[Effect]:
    effects: list[Effect] = [Send({"type": "accepted", "ids": [message.id]})]
    if session.ledger.use(message.id):
        held = [talk for talk in session.conversations.values() if talk in session.holds and talk.running is None]
        session.holds.release(message)
        for talk in held:
            effects += session.go_on(talk, now)
    return effects
