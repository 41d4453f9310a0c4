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
        gone, stay, players = _sorted_out(_talks(file.db, npc, session), players)
        for talk in gone:
            file.drop_conversation(talk.session, talk.npc)
        lines = sum(talk.lines for talk in gone)
        events = sum(talk.events for talk in gone)
        if players:
            lines += sum(_forget_in(file.db, talk, players) for talk in stay)
        events += _forget_waiting(file.db, stay, players) if players else 0
        if session and not players and not npc:
            slots = file.db.execute("DELETE FROM slot WHERE session = ?", (session,)).rowcount
            file._drop_session(session)
        else:
            slots = _forget_in_slots(file.db, players, npc, session, prune)
        file.forget_rows()
    aside = tuple(each.name for each in files_set_aside(file.path)) if file.path is not None else ()
    return Forgotten(len(gone), lines, events, slots, _wipe(file.db), aside)


@dataclass(frozen=True, slots=True)
class _Talk:
    """A conversation, and how much there is of it."""

    id: int
    session: int
    npc: str
    player: str
    state: State
    lines: int
    events: int

    @property
    def name(self) -> str:
        """The name of the player who opened it."""
        who = self.state.get("player")
        return str(who.get("name", "")) if isinstance(who, dict) else ""


def _talks(db: sqlite3.Connection, npc: str, session: str) -> list[_Talk]:
    found = db.execute(
        "SELECT c.id, c.session, c.npc, c.player, c.state, (SELECT count(*) FROM line WHERE conversation = c.id), "
        "(SELECT count(*) FROM waiting AS w WHERE w.session = c.session AND w.npc = c.npc) "
        "FROM conversation AS c JOIN session AS s ON s.id = c.session WHERE ?1 IN ('', c.npc) AND ?2 IN ('', s.name)",
        (npc, session),
    )
    return [_Talk(row, of, its_npc, player, read_state(text), *counts) for row, of, its_npc, player, text, *counts in found]


def _sorted_out(talks: list[_Talk], players: set[str]) -> tuple[list[_Talk], list[_Talk], set[str]]:
    """The conversations that go, those that stay and may hold something of the players, and all names of the players.

    Lines know the name of who said them, and no id: in a conversation that another player of the same name opened, the name is that one's.
    """
    if not players:
        return talks, [], players
    gone = [talk for talk in talks if players & {talk.player, talk.name}]
    known = players | {talk.name for talk in gone if talk.name}
    ids = {talk.id for talk in gone}
    return gone, [talk for talk in talks if talk.id not in ids and talk.name not in known], known


def _forget_in(db: sqlite3.Connection, talk: _Talk, players: set[str]) -> int:
    """Of a conversation that stays: the players' lines, and what its state holds of them. Gives the number of lines."""
    marks = ", ".join("?" * len(players))
    blanked = db.execute(
        f"UPDATE line SET text = '', player = '' WHERE conversation = ? AND player IN ({marks})", (talk.id, *players)
    ).rowcount
    if blanked or names_any(talk.state, players):
        db.execute("UPDATE conversation SET state = ? WHERE id = ?", (state_text(_without(talk.state, players)), talk.id))
    return blanked


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


def _forget_waiting(db: sqlite3.Connection, talks: list[_Talk], players: set[str]) -> int:
    """What waits in these conversations and names the players anywhere."""
    count = 0
    for talk in talks:
        found = db.execute("SELECT place, state FROM waiting WHERE session = ? AND npc = ?", (talk.session, talk.npc)).fetchall()
        gone = [place for place, state in found if names_any(read_state(state), players)]
        count += len(gone)
        db.executemany("DELETE FROM waiting WHERE session = ? AND npc = ? AND place = ?", ((talk.session, talk.npc, n) for n in gone))
    return count


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
