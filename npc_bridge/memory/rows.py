"""Changes of a session as rows for the tables: made before anything is written, so that what cannot be stored is refused there and then."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never

from npc_bridge.core.changes import (
    AddLine,
    Change,
    DropConversation,
    DropEvents,
    DropLines,
    DropSession,
    PutConversation,
    PutEvent,
    PutSession,
    State,
    UseIds,
)

Row: TypeAlias = tuple[Any, ...]
"""The class of the change and then its values, as SQLite takes them."""

ROW_CHARS = 100
"""What a row costs beside its text, about."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one list of changes of one session."""

    session: str
    rows: tuple[Row, ...]
    size: int
    """About how many bytes it keeps in memory while it waits."""


def rows_of(session: str, changes: Sequence[Change]) -> Rows:
    """Raises ``TypeError`` or ``ValueError`` for a state that is no plain map."""
    rows = tuple(_row(change) for change in changes)
    return Rows(session, rows, sum(ROW_CHARS + sum(len(value) for value in row if value.__class__ is str) for row in rows))


def begins_anew(rows: Rows) -> bool:
    """Whether nothing of what was written of the session before matters any more."""
    return bool(rows.rows) and rows.rows[0][0] is DropSession


def state_text(state: State) -> str:
    # Not pure ASCII: people read this, and Chinese would be twice as long.
    text = json.dumps(state, ensure_ascii=False, separators=(",", ":"))
    return storable(text)


def read_state(text: str) -> State:
    state: State = json.loads(text)
    return state


def storable(text: str) -> str:
    """The text, with lone surrogates, which no file can hold, as U+FFFD."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _row(change: Change) -> Row:
    match change:
        case AddLine():
            line = (storable(change.npc), int(change.n), change.role, storable(change.text), storable(change.player), int(change.cut))
            return (AddLine, *line)
        case PutEvent():
            return (PutEvent, storable(change.npc), int(change.order), state_text(change.state))
        case DropEvents():
            return (DropEvents, storable(change.npc), tuple(map(int, change.orders)))
        case UseIds():
            return (UseIds, tuple(map(storable, change.ids)))
        case PutConversation():
            return (PutConversation, storable(change.npc), storable(change.player), state_text(change.state))
        case PutSession():
            return (PutSession, state_text(change.state))
        case DropLines():
            return (DropLines, storable(change.npc), int(change.n))
        case DropConversation():
            return (DropConversation, storable(change.npc))
        case DropSession():
            return (DropSession,)
        case _:
            assert_never(change)
