"""Authored dialogue beside the model's: who is held while a cutscene runs, and lines that the designer wrote.

What happens to turns is decided in ``session.py``; this file keeps what was asked for.
"""

from __future__ import annotations

from pydantic import BaseModel, Field, ValidationError

from npc_bridge.core.changes import State
from npc_bridge.core.conversation import Conversation, Turn
from npc_bridge.core.messages import Hold, Id, Line, Release
from npc_bridge.errors import BadMessage

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
