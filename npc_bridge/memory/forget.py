"""Forgetting for good: what is remembered of a player, of an NPC or of a session leaves the file, down to its bytes.

A player's data are the conversations that the player opened, with all their lines, and the lines that the player said in others, which
stay as empty ones, so that the others keep their numbers, and the summaries of those. Of a saved state only who made it knows the shape:
``prune`` takes the data out of it; without it a saved state that names the player or the NPC is deleted.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeAlias

from npc_bridge.core.changes import State
from npc_bridge.errors import BadSave
from npc_bridge.memory.blob import pack, unpack
from npc_bridge.memory.file import MemoryFile, transaction
from npc_bridge.memory.opening import files_set_aside
from npc_bridge.memory.rows import read_state, state_text

SUMMARY_PART = "memory"
"""The part of a conversation's state that holds what was said in other words."""
PASSING = ("owed",)
"""Parts of a conversation's state that can go without harm."""

Prune: TypeAlias = Callable[[State], State | None]
"""Takes a saved state, gives it without the player's data; None if it holds none. May change the state in place."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much was deleted."""

    conversations: int = 0
    lines: int = 0
    events: int = 0
    slots: int = 0
    """Saved states that were deleted, or went on without it."""
    is_wiped: bool = True
    """Whether the bytes are gone from the disk. If another program holds the file they go when the bridge is closed."""
    set_aside: tuple[str, ...] = ()
    """Damaged files from earlier, by name, which may still hold some of it: nobody can search them. Delete them."""


def forget(
    file: MemoryFile,
    *,
    player: str = "",
    names: Collection[str] = (),
    npc: str = "",
    session: str = "",
    prune: Prune | None = None,
) -> Forgotten:
    """Delete what fits all that is given. ``names`` are other names of the player, as they stand with lines. Raises ``StorageFailed``.

    With only ``session`` that session goes whole, with the states it saved.
    """
    if not (player or npc or session):
        raise ValueError("say what to forget")
    players = {name for name in (player, *names) if name}
    with transaction(file):
        conversations, lines, events = _forget_conversations(file, players, npc, session)
        if players:
            _forget_in_states(file.db, players, npc, session)
            lines += _blank_lines(file.db, players, npc, session)
        events += _forget_waiting(file.db, players, npc, session)
        if session and not players and not npc:
            slots = file.db.execute("DELETE FROM slot WHERE session = ?", (session,)).rowcount
            file._drop_session(session)
        else:
            slots = _forget_in_slots(file.db, players, npc, session, prune)
        file.forget_rows()
    aside = tuple(each.name for each in files_set_aside(file.path)) if file.path is not None else ()
    return Forgotten(conversations, lines, events, slots, _wipe(file.db), aside)


def _forget_conversations(file: MemoryFile, players: set[str], npc: str, session: str) -> tuple[int, int, int]:
    found = file.db.execute(
        "SELECT c.session, c.npc, c.player, (SELECT count(*) FROM line WHERE conversation = c.id), "
        "(SELECT count(*) FROM waiting AS w WHERE w.session = c.session AND w.npc = c.npc) "
        "FROM conversation AS c JOIN session AS s ON s.id = c.session WHERE ?1 IN ('', c.npc) AND ?2 IN ('', s.name)",
        (npc, session),
    ).fetchall()
    gone = [each for each in found if not players or each[2] in players]
    for session_row, its_npc, *_ in gone:
        file.drop_conversation(session_row, its_npc)
    return len(gone), sum(each[3] for each in gone), sum(each[4] for each in gone)


def _forget_in_states(db: sqlite3.Connection, players: set[str], npc: str, session: str) -> None:
    """Of conversations that stay, although the player spoke in them or is named in them."""
    marks = ", ".join("?" * len(players))
    found = db.execute(
        f"SELECT c.id, c.state, EXISTS (SELECT 1 FROM line WHERE conversation = c.id AND player IN ({marks})) "
        "FROM conversation AS c JOIN session AS s ON s.id = c.session WHERE ? IN ('', c.npc) AND ? IN ('', s.name)",
        (*players, npc, session),
    ).fetchall()
    for conversation, text, has_spoken in found:
        state = read_state(text)
        if has_spoken or names_any(state, players):
            db.execute("UPDATE conversation SET state = ? WHERE id = ?", (state_text(_without(state, players)), conversation))


def _without(state: State, players: set[str]) -> State:
    """A conversation's state without what names the players, and without its summary, which may hold what they said."""
    kept: State = {}
    for key, value in state.items():
        if key == "parts":
            kept[key] = {name: part for name, part in value.items() if name != SUMMARY_PART and not names_any(part, players)}
        elif isinstance(value, list):
            kept[key] = [each for each in value if not names_any(each, players)]
        elif key not in PASSING or not names_any(value, players):
            kept[key] = value
    return kept


def _blank_lines(db: sqlite3.Connection, players: set[str], npc: str, session: str) -> int:
    marks = ", ".join("?" * len(players))
    return db.execute(
        f"UPDATE line SET text = '', player = '' WHERE player IN ({marks}) AND conversation IN ("
        "SELECT c.id FROM conversation AS c JOIN session AS s ON s.id = c.session WHERE ? IN ('', c.npc) AND ? IN ('', s.name))",
        (*players, npc, session),
    ).rowcount


def _forget_waiting(db: sqlite3.Connection, players: set[str], npc: str, session: str) -> int:
    """What waits for the NPC, or, of a player, what names that player anywhere."""
    found = db.execute(
        "SELECT w.session, w.npc, w.place, w.state FROM waiting AS w JOIN session AS s ON s.id = w.session "
        "WHERE ? IN ('', w.npc) AND ? IN ('', s.name)",
        (npc, session),
    ).fetchall()
    gone = [row[:3] for row in found if not players or names_any(read_state(row[3]), players)]
    db.executemany("DELETE FROM waiting WHERE session = ? AND npc = ? AND place = ?", gone)
    return len(gone)


def _forget_in_slots(db: sqlite3.Connection, players: set[str], npc: str, session: str, prune: Prune | None) -> int:
    count = 0
    for name, blob in db.execute("SELECT name, blob FROM slot WHERE ? IN ('', session)", (session,)).fetchall():
        changed = _pruned(bytes(blob), players or {npc}, prune)
        if changed is None:
            continue
        count += 1
        if changed:
            db.execute("UPDATE slot SET blob = ? WHERE name = ?", (changed, name))
        else:
            db.execute("DELETE FROM slot WHERE name = ?", (name,))
    return count


def _pruned(blob: bytes, words: set[str], prune: Prune | None) -> bytes | None:
    """The saved state without the data; empty: delete it; None: it holds none."""
    try:
        state = unpack(blob)
    except BadSave:
        return b""  # nobody can load it, and nobody knows what is in it
    if prune is None:
        return b"" if names_any(state, words) else None
    pruned = prune(state)
    return pack(pruned) if pruned is not None else None


def names_any(value: Any, names: Collection[str]) -> bool:
    """Whether one of the names is in a key or a text anywhere in this, as a word of its own where the script has words."""
    pattern = "|".join(f"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])" for name in names)
    return _has(value, re.compile(pattern).search)


def _has(value: Any, finds: Callable[[str], object]) -> bool:
    match value:
        case str():
            return finds(value) is not None
        case dict():
            return any(_has(key, finds) or _has(each, finds) for key, each in value.items())
        case list() | tuple():
            return any(_has(each, finds) for each in value)
        case _:
            return False


def _wipe(db: sqlite3.Connection) -> bool:
    """Write the file anew without a trace of what was deleted; whether that could be done."""
    # Without room for a second copy it still holds that what was deleted was overwritten where it stood (secure_delete).
    with contextlib.suppress(sqlite3.Error):
        db.execute("VACUUM")
    try:
        return bool(db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)
    except sqlite3.Error:
        return False
