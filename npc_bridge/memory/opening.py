"""Opening the file of a memory: it must be ours, of a version we know, sound, and in nobody else's hands.

A file that is not sound is set aside under another name with all that belongs to it, and a new one is begun; nothing is ever written over
it. A file that is not ours, or too new, is left as it is to the byte.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from npc_bridge.errors import StorageLocked, StorageTooNew, StorageUnusable
from npc_bridge.memory.migrations import APPLICATION_ID, LATEST, migrate, version_of

Sync: TypeAlias = Literal["full", "normal"]

LOCK_WAIT_S = 2.0
"""How long another bridge that is just ending is waited for."""
BUSY_WAIT_S = 2.0
"""How long another program's lock on the file is waited for, at each attempt to write."""
CHECKED_BYTES = 8 * 1024 * 1024
"""A file of up to this size is checked throughout when it is opened, in about 10 ms; of a larger one only whether it is all there."""

_MAGIC = b"SQLite format 3\x00"
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that is open, and locked against other bridges until ``lock`` is closed or the process ends."""

    db: sqlite3.Connection
    lock: sqlite3.Connection | None
    damaged: Path | None
    """Where a damaged file was set aside."""


def open_database(path: Path | None, *, sync: Sync = "full") -> Opened:
    """Open or create the file; None is a memory that ends with the process.

    Raises ``StorageUnusable`` or its kinds ``StorageLocked`` and ``StorageTooNew``, all of which say what to do.
    """
    if path is None:
        db = sqlite3.connect(":memory:", isolation_level=None)
        migrate(db)
        return Opened(db, None, None)
    _make_room(path)
    lock = _lock(path)
    try:
        try:
            return Opened(_open_sound(path, sync), lock, None)
        except sqlite3.DatabaseError as exc:
            if not is_damage(exc):
                raise
        aside = set_aside(path)
        return Opened(_open_sound(path, sync), lock, aside)
    except sqlite3.Error as exc:
        lock.close()
        raise _explained(path, exc) from exc
    except OSError as exc:
        lock.close()
        raise StorageUnusable(f"the memory {path} cannot be opened: {exc.strerror}; {_ELSEWHERE}") from exc
    except BaseException:
        lock.close()
        raise


def open_to_read(path: Path) -> Opened:
    """Open a file that is there without changing anything, also while a bridge uses it. Raises as ``open_database`` does."""
    try:
        _refuse_if_not_ours(path)
        return Opened(_to_look_at(path), None, None)
    except sqlite3.Error as exc:
        if is_damage(exc):
            raise StorageUnusable(f"the memory {path} is damaged; the next 'npc-bridge serve' sets it aside") from exc
        raise _explained(path, exc) from exc


def is_damage(error: sqlite3.Error) -> bool:
    return primary_code(error) in _DAMAGE


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's result code without its details; 0 when the error is not from SQLite itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def mark_as_suspect(path: Path) -> None:
    """Have the whole file checked when it is opened next, however large it is."""
    with contextlib.suppress(OSError):
        _suspicion(path).touch()


def set_aside(path: Path) -> Path:
    """Rename a damaged file, and what belongs to it, to the first free ``NAME.damaged-1``, ``-2``, …; return its new path."""
    parts = ("-wal", "-shm", "-journal", "")
    names = (path.with_name(f"{path.name}.damaged-{number}") for number in itertools.count(1))
    aside = next(name for name in names if not any(_beside(name, part).exists() for part in parts))
    for part in parts:
        with contextlib.suppress(FileNotFoundError):
            _beside(path, part).rename(_beside(aside, part))
    log.warning("the memory %s was damaged; it was set aside as %s, and a new one is begun", path, aside.name)
    return aside


def files_set_aside(path: Path) -> list[Path]:
    """Damaged files that were set aside earlier and are still there."""
    return sorted(each for each in path.parent.glob(f"{path.name}.damaged-*") if not each.name.endswith(("-wal", "-shm", "-journal")))


# ── the steps of opening ──


_ELSEWHERE = "choose another place with 'path' in [storage], or none with path = \"\""


def _make_room(path: Path) -> None:
    if path.is_dir():
        raise StorageUnusable(f"the memory's path {path} is a folder; name a file in it, such as {path / 'npc-bridge.db'}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise StorageUnusable(f"the folder {path.parent} of the memory cannot be made: {exc.strerror}; {_ELSEWHERE}") from exc


def _lock(path: Path) -> sqlite3.Connection:
    """Hold ``NAME.lock`` in a way that ends with the process, on every system: as SQLite locks its own files."""
    file = _beside(path, ".lock")
    lock = None
    try:
        lock = sqlite3.connect(file, isolation_level=None, timeout=LOCK_WAIT_S)
        lock.execute("PRAGMA journal_mode = OFF")  # nothing is ever written to it
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as exc:
        if lock is not None:
            lock.close()
        if primary_code(exc) == sqlite3.SQLITE_BUSY:
            raise StorageLocked(
                f"another bridge uses the memory {path}; end that one, or give this one a file of its own with 'path' in [storage]"
            ) from None
        raise StorageUnusable(f"the memory's folder {path.parent} cannot be written to ({exc}, {file.name}); {_ELSEWHERE}") from exc
    return lock


def _open_sound(path: Path, sync: Sync) -> sqlite3.Connection:
    """Raises ``sqlite3.DatabaseError`` as ``is_damage`` tells when the file is not sound."""
    if path.exists() and path.stat().st_size:
        _refuse_if_not_ours(path)
        _check(path)
    db = sqlite3.connect(path, isolation_level=None, timeout=BUSY_WAIT_S)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA synchronous = {sync}")
        # macOS writes to the disk itself only when asked for this.
        db.execute(f"PRAGMA fullfsync = {int(sync == 'full')}")
        db.execute("PRAGMA secure_delete = ON")
        migrate(db)
        # A file that cannot be written to says so now and not at the first line.
        db.execute("BEGIN IMMEDIATE")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute("COMMIT")
    except BaseException:
        db.close()
        raise
    return db


def _refuse_if_not_ours(path: Path) -> None:
    """Look without touching: reading the file, or, when part of it is in the log beside it, through a connection that cannot write."""
    with path.open("rb") as file:
        header = file.read(100)
    if not header.startswith(_MAGIC) or len(header) < 100:
        raise _damage("the file has no head")
    version, application = int.from_bytes(header[60:64], "big"), int.from_bytes(header[68:72], "big")
    is_empty = False
    if application != APPLICATION_ID or _has_log(path):
        with contextlib.closing(_to_look_at(path)) as db:
            version, application = version_of(db), db.execute("PRAGMA application_id").fetchone()[0]
            is_empty = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if application != APPLICATION_ID and not is_empty:
        raise StorageUnusable(f"{path} is a database of another program, not a memory of npc-bridge; {_ELSEWHERE}")
    if version > LATEST:
        raise StorageTooNew(
            f"the memory {path} was written by a newer npc-bridge (its version is {version}, this one knows {LATEST}); "
            f"install the newer npc-bridge, or {_ELSEWHERE}. The file was left as it is"
        )


def _check(path: Path) -> None:
    """Find damage before it is met in the middle of a game, and before anything is written, the log beside the file included."""
    size, suspicion = path.stat().st_size, _suspicion(path)
    is_suspect = suspicion.exists()
    with contextlib.closing(_to_look_at(path)) as db:
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if size <= CHECKED_BYTES or is_suspect:
            if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise _damage("the file is damaged")
        elif not _has_log(path):
            pages, page_bytes = (db.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "page_size"))
            if pages * page_bytes > size:
                raise _damage("the file is cut short")
    if is_suspect:
        suspicion.unlink(missing_ok=True)


def _has_log(path: Path) -> bool:
    """Whether part of the file is still in the log beside it."""
    log_file = _beside(path, "-wal")
    return log_file.exists() and log_file.stat().st_size > 0


def _to_look_at(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=BUSY_WAIT_S)


def _damage(message: str) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError(message)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def _explained(path: Path, error: sqlite3.Error) -> StorageUnusable:
    match primary_code(error):
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StorageLocked(f"another program has the memory {path} open and is writing to it; close it there")
        case sqlite3.SQLITE_FULL:
            return StorageUnusable(f"the disk with the memory {path} is full; free some space there, or {_ELSEWHERE}")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return StorageUnusable(f"the memory {path} cannot be written to; make it and its folder writable, or {_ELSEWHERE}")
        case _:
            return StorageUnusable(f"the memory {path} cannot be opened ({error}); {_ELSEWHERE}")


def _suspicion(path: Path) -> Path:
    return _beside(path, ".suspect")


def _beside(path: Path, part: str) -> Path:
    return path.with_name(path.name + part)
