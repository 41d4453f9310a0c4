"""The memory of one game on disk: sessions with their conversations, lines, waiting events and used ids, and saved states by name.

Plain synchronous code for one thread, which ``store.py`` gives it, or the command line. Tables: ``migrations.py`` and ``docs/memory.md``.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from npc_bridge.core.changes import (
    AddLine,
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
from npc_bridge.errors import StorageFailed
from npc_bridge.memory.opening import Opened, Sync, is_damage, mark_as_suspect, open_database, open_to_read, primary_code
from npc_bridge.memory.rows import Row, Rows, read_state

KEPT_IDS = 20_000
"""How many used ids of a session are read back; a few more may be on disk."""
TRIM_EVERY = 1_000
TOUCH_EVERY_S = 60.0
EARLIEST = 1_790_000_000.0
"""No wall clock is earlier than this in truth (September 2026): a machine whose clock says 1970 must not make its memory look old."""
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class StoredConversation:
    """A conversation as it was written, with the lines that its state says the NPC still reads."""

    npc: str
    player: str
    state: State
    lines: tuple[AddLine, ...]
    """From number ``state["first"]`` on."""
    count: int
    """How many lines were said in all: the number of the next one."""


@dataclass(frozen=True, slots=True)
class Stored:
    """All that a session needs to go on."""

    state: State
    conversations: tuple[StoredConversation, ...]
    events: tuple[PutEvent, ...]
    """What waits, by NPC, then in order."""
    ids: tuple[str, ...]
    """The last ``KEPT_IDS`` used ids, in order of use."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A saved state that the bridge keeps."""

    name: str
    session: str
    """Who saved it."""
    saved_at: float
    """Seconds of the wall clock."""
    size: int


class MemoryFile:
    """One open file. Every method raises ``StorageFailed`` when the disk does not do its part; nothing was changed then."""

    def __init__(
        self, path: Path | None, *, sync: Sync = "full", to_read: bool = False, wall_clock: Callable[[], float] = time.time
    ) -> None:
        """Raises ``StorageUnusable`` and its kinds, as ``open_database`` does. ``to_read`` also opens a file that a bridge uses."""
        opened: Opened = open_to_read(path) if to_read and path is not None else open_database(path, sync=sync)
        self.path = path
        self.damaged = opened.damaged
        self.db, self._lock = opened.db, opened.lock
        self._wall_clock = wall_clock
        self._sessions: dict[str, int] = {}
        self._conversations: dict[tuple[int, str], int] = {}
        self._touched: dict[int, float] = {}
        self._ids_since_trim: dict[int, int] = {}
        self._newest = self._newest_stamp()

    def close(self) -> None:
        """Move what is in the log beside the file into the file, and let go of it."""
        try:
            self.db.close()
        finally:
            if self._lock is not None:
                self._lock.close()

    # ── writing ──

    def write(self, batch: Iterable[Rows]) -> None:
        """Write all of it, or nothing. It is durable when this returns, as far as ``sync`` promises."""
        with transaction(self):
            for rows in batch:
                self._apply(rows)

    def _apply(self, rows: Rows) -> None:
        for row in rows.rows:
            if row[0] is DropSession:
                self._drop_session(rows.session)
            else:
                self._apply_row(self._session(rows.session), row)

    def _apply_row(self, session: int, row: Row) -> None:
        execute = self.db.execute
        match row:
            case (kind, npc, *line) if kind is AddLine:
                execute("INSERT OR REPLACE INTO line VALUES (?, ?, ?, ?, ?, ?)", (self._conversation(session, npc), *line))
            case (kind, ids) if kind is UseIds:
                self._use_ids(session, ids)
            case (kind, npc, place, state) if kind is PutEvent:
                execute("INSERT OR REPLACE INTO waiting VALUES (?, ?, ?, ?)", (session, npc, place, state))
            case (kind, npc, places) if kind is DropEvents:
                self.db.executemany(
                    "DELETE FROM waiting WHERE session = ? AND npc = ? AND place = ?", ((session, npc, place) for place in places)
                )
            case (kind, npc, player, state) if kind is PutConversation:
                execute("UPDATE conversation SET player = ?, state = ? WHERE id = ?", (player, state, self._conversation(session, npc)))
            case (kind, state) if kind is PutSession:
                execute("UPDATE session SET state = ? WHERE id = ?", (state, session))
            case (kind, npc, n) if kind is DropLines:
                execute("DELETE FROM line WHERE conversation = ? AND n >= ?", (self._conversation(session, npc), n))
            case (kind, npc) if kind is DropConversation:
                self.drop_conversation(session, npc)
            case _:
                raise AssertionError(row[0])

    def _session(self, name: str) -> int:
        """The row of a session, made if there is none, and known to have been in use just now."""
        now = self.now()
        session = self._sessions.get(name)
        if session is None:
            self.db.execute("INSERT OR IGNORE INTO session (name, state, touched) VALUES (?, '{}', ?)", (name, now))
            session = self._sessions[name] = int(self.db.execute("SELECT id FROM session WHERE name = ?", (name,)).fetchone()[0])
        if now - self._touched.get(session, 0.0) >= TOUCH_EVERY_S:
            self.db.execute("UPDATE session SET touched = ? WHERE id = ?", (now, session))
            self._touched[session] = now
        return session

    def _conversation(self, session: int, npc: str) -> int:
        found = self._conversations.get((session, npc))
        if found is None:
            self.db.execute("INSERT OR IGNORE INTO conversation (session, npc, player, state) VALUES (?, ?, '', '{}')", (session, npc))
            row = self.db.execute("SELECT id FROM conversation WHERE session = ? AND npc = ?", (session, npc)).fetchone()
            found = self._conversations[session, npc] = int(row[0])
        return found

    def _use_ids(self, session: int, ids: Sequence[str]) -> None:
        self.db.executemany("INSERT OR IGNORE INTO used (session, id) VALUES (?, ?)", ((session, each) for each in ids))
        since = self._ids_since_trim.get(session, 0) + len(ids)
        if since >= TRIM_EVERY:
            since = 0
            self.db.execute(
                "DELETE FROM used WHERE session = ?1 AND place <= "
                "(SELECT place FROM used WHERE session = ?1 ORDER BY place DESC LIMIT 1 OFFSET ?2)",
                (session, KEPT_IDS),
            )
        self._ids_since_trim[session] = since

    def drop_conversation(self, session: int, npc: str) -> None:
        """Inside a transaction: the conversation with its lines and what waits for it."""
        self.db.execute("DELETE FROM line WHERE conversation = ?", (self._conversation(session, npc),))
        self.db.execute("DELETE FROM waiting WHERE session = ? AND npc = ?", (session, npc))
        self.db.execute("DELETE FROM conversation WHERE session = ? AND npc = ?", (session, npc))
        self._conversations.pop((session, npc), None)

    def _drop_session(self, name: str) -> None:
        row = self.db.execute("SELECT id FROM session WHERE name = ?", (name,)).fetchone()
        if row is None:
            return
        self.db.execute("DELETE FROM line WHERE conversation IN (SELECT id FROM conversation WHERE session = ?)", row)
        for table in ("conversation", "waiting", "used"):
            self.db.execute(f"DELETE FROM {table} WHERE session = ?", row)
        self.db.execute("DELETE FROM session WHERE id = ?", row)
        self.forget_rows()

    def forget_rows(self) -> None:
        """Look rows up again: those that were known may be gone."""
        for known in (self._sessions, self._conversations, self._touched, self._ids_since_trim):
            known.clear()

    # ── reading ──

    def read_session(self, name: str) -> Stored | None:
        with reading(self):
            row = self.db.execute("SELECT id, state FROM session WHERE name = ?", (name,)).fetchone()
            if row is None:
                return None
            session, state = row
            found = self.db.execute("SELECT id, npc, player, state FROM conversation WHERE session = ? ORDER BY id", (session,))
            conversations = tuple(self._stored(*each) for each in found.fetchall())
            waiting = self.db.execute("SELECT npc, place, state FROM waiting WHERE session = ? ORDER BY npc, place", (session,))
            events = tuple(PutEvent(npc, place, read_state(text)) for npc, place, text in waiting)
            used = self.db.execute("SELECT id FROM used WHERE session = ? ORDER BY place DESC LIMIT ?", (session, KEPT_IDS))
            ids = tuple(each for (each,) in used)[::-1]
        return Stored(read_state(state), conversations, events, ids)

    def _stored(self, conversation: int, npc: str, player: str, text: str) -> StoredConversation:
        state = read_state(text)
        lines = self._lines(conversation, npc, int(state.get("first", 0)), None)
        count = self.db.execute("SELECT coalesce(max(n) + 1, 0) FROM line WHERE conversation = ?", (conversation,)).fetchone()[0]
        return StoredConversation(npc, player, state, lines, count)

    def read_lines(self, session: str, npc: str, begin: int, end: int | None) -> tuple[AddLine, ...]:
        """The lines with these numbers, ``end`` excluded; None: to the last."""
        with reading(self):
            row = self.db.execute(
                "SELECT c.id FROM conversation AS c JOIN session AS s ON s.id = c.session WHERE s.name = ? AND c.npc = ?", (session, npc)
            ).fetchone()
            return self._lines(row[0], npc, begin, end) if row is not None else ()

    def _lines(self, conversation: int, npc: str, begin: int, end: int | None) -> tuple[AddLine, ...]:
        found = self.db.execute(
            "SELECT n, role, text, player, cut FROM line WHERE conversation = ? AND n >= ? AND n < ? ORDER BY n",
            (conversation, begin, end if end is not None else 1 << 62),
        )
        return tuple(AddLine(npc, n, role, text, player, bool(cut)) for n, role, text, player, cut in found)

    def sessions(self) -> list[tuple[str, float]]:
        """Every session with the time it was last written to, the newest first."""
        with reading(self):
            return self.db.execute("SELECT name, touched FROM session ORDER BY touched DESC, id DESC").fetchall()

    # ── saved states ──

    def put_slot(self, session: str, slot: str, blob: bytes) -> None:
        with transaction(self):
            self.db.execute("INSERT OR REPLACE INTO slot VALUES (?, ?, ?, ?)", (slot, session, self.now(), blob))

    def get_slot(self, slot: str) -> bytes | None:
        with reading(self):
            row = self.db.execute("SELECT blob FROM slot WHERE name = ?", (slot,)).fetchone()
        return bytes(row[0]) if row is not None else None

    def slots(self, session: str = "") -> list[Slot]:
        """Those that this session saved, or all; the newest first."""
        with reading(self):
            found = self.db.execute(
                "SELECT name, session, saved, length(blob) FROM slot WHERE ?1 IN ('', session) ORDER BY saved DESC, name", (session,)
            )
            return [Slot(*each) for each in found]

    # ── age ──

    def now(self) -> float:
        """The wall clock, which here never goes back: what is written later never looks older."""
        self._newest = max(self._newest, self._wall_clock(), EARLIEST)
        return self._newest

    def expire(self, days: float, keep: Collection[str] = ()) -> int:
        """Delete sessions and saved states that were not written for so many days, except the sessions in ``keep``; say how many.

        A clock that was wrong for a while can make things live longer, and never shorter: stamps do not go back, see ``now``, and are
        compared with what the clock says at present.
        """
        oldest = self._wall_clock() - days * DAY_S
        with transaction(self):
            old = [name for (name,) in self.db.execute("SELECT name FROM session WHERE touched < ?", (oldest,))]
            gone = [name for name in old if name not in keep]
            for name in gone:
                self._drop_session(name)
            slots = self.db.execute("DELETE FROM slot WHERE saved < ?", (oldest,)).rowcount
        return len(gone) + slots

    def _newest_stamp(self) -> float:
        newest = self.db.execute(
            "SELECT max(coalesce((SELECT max(touched) FROM session), 0), coalesce((SELECT max(saved) FROM slot), 0))"
        ).fetchone()[0]
        return float(newest)


@contextlib.contextmanager
def transaction(file: MemoryFile) -> Iterator[None]:
    """All that is done inside is written, or nothing; a disk that fails is a ``StorageFailed``."""
    db = file.db
    try:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("COMMIT")
    except BaseException as error:
        file.forget_rows()
        if db.in_transaction:
            db.execute("ROLLBACK")
        if isinstance(error, sqlite3.Error):
            raise _failed(file, error) from error
        raise


@contextlib.contextmanager
def reading(file: MemoryFile) -> Iterator[None]:
    """A disk that fails inside is a ``StorageFailed``."""
    try:
        yield
    except sqlite3.Error as error:
        raise _failed(file, error) from error


def _failed(file: MemoryFile, error: sqlite3.Error) -> StorageFailed:
    """What went wrong and what to do, without the file's place, which is nobody's business on the wire."""
    match primary_code(error):
        case sqlite3.SQLITE_FULL:
            return StorageFailed("the disk is full: free some space, writing goes on by itself")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StorageFailed("another program holds the memory's file: close it there, writing goes on by itself")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return StorageFailed("the memory's file cannot be written to: make it and its folder writable, writing goes on by itself")
        case _ if is_damage(error):
            if file.path is not None:
                mark_as_suspect(file.path)
            return StorageFailed("the memory's file is damaged: start the bridge again, which sets the file aside and begins a new one")
        case _:
            return StorageFailed(f"the disk does not do its part ({error}): see to it, writing goes on by itself")
