"""The tables of a memory's file, as numbered steps from an empty file to today's.

A file's number is its ``user_version``. A step that was released is never edited; a change of the tables is one more step at the end,
and a sentence about it in ``docs/memory.md``.
"""

from __future__ import annotations

import sqlite3

APPLICATION_ID = 0x4E504342
"""``NPCB``: tells our files from other people's databases."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE session (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            state TEXT NOT NULL,
            touched REAL NOT NULL
        )""",
        """CREATE TABLE conversation (
            id INTEGER PRIMARY KEY,
            session INTEGER NOT NULL,
            npc TEXT NOT NULL,
            player TEXT NOT NULL,
            state TEXT NOT NULL,
            UNIQUE (session, npc)
        )""",
        """CREATE TABLE line (
            conversation INTEGER NOT NULL,
            n INTEGER NOT NULL,
            role TEXT NOT NULL,
            text TEXT NOT NULL,
            player TEXT NOT NULL,
            cut INTEGER NOT NULL,
            PRIMARY KEY (conversation, n)
        ) WITHOUT ROWID""",
        """CREATE TABLE waiting (
            session INTEGER NOT NULL,
            npc TEXT NOT NULL,
            place INTEGER NOT NULL,
            state TEXT NOT NULL,
            PRIMARY KEY (session, npc, place)
        ) WITHOUT ROWID""",
        """CREATE TABLE used (
            place INTEGER PRIMARY KEY,
            session INTEGER NOT NULL,
            id TEXT NOT NULL,
            UNIQUE (session, id)
        )""",
        """CREATE TABLE slot (
            name TEXT PRIMARY KEY,
            session TEXT NOT NULL,
            saved REAL NOT NULL,
            blob BLOB NOT NULL
        ) WITHOUT ROWID""",
    ),
)
LATEST = len(MIGRATIONS)


def version_of(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def migrate(db: sqlite3.Connection) -> None:
    """Bring the tables to the latest number, each step whole or not at all."""
    for number in range(version_of(db), LATEST):
        db.execute("BEGIN IMMEDIATE")
        try:
            for statement in MIGRATIONS[number]:
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {number + 1}")
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise
