"""What has to be written down of a session, as small facts in their order: the core says what, ``memory`` writes it.

A list of changes is written whole or not at all. Applied in order to what was written before, they give the session's present state. All
of them belong to one session, which the store is told beside them. States are plain maps: text, numbers, booleans, none, lists, maps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

State: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PutSession:
    """The session's own state, in place of the one before."""

    state: State


@dataclass(frozen=True, slots=True)
class PutConversation:
    """The state of one conversation, in place of the one before; without its lines and waiting events."""

    npc: str
    player: str
    """Id of the player who opened it, for ``forget``."""
    state: State


@dataclass(frozen=True, slots=True)
class DropConversation:
    """This conversation, with its lines and events, is gone."""

    npc: str


@dataclass(frozen=True, slots=True)
class AddLine:
    """Line ``n`` of a conversation, counted from 0 over all that was ever said in it."""

    npc: str
    n: int
    role: str
    text: str
    player: str
    cut: bool


@dataclass(frozen=True, slots=True)
class DropLines:
    """The lines from ``n`` on are gone, or will be said anew."""

    npc: str
    n: int


@dataclass(frozen=True, slots=True)
class PutEvent:
    """An event, a note or a line that waits; ``order`` tells it apart from the others of its NPC."""

    npc: str
    order: int
    state: State


@dataclass(frozen=True, slots=True)
class DropEvents:
    """These were used, have expired or were replaced."""

    npc: str
    orders: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class UseIds:
    """The ids of messages that count from now on, so that none counts twice."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DropSession:
    """All that was written of the session is gone, its saved slots excepted: what follows is its new beginning."""


Change: TypeAlias = PutSession | PutConversation | DropConversation | AddLine | DropLines | PutEvent | DropEvents | UseIds | DropSession
