"""Opening the file: new, old, ours or not, sound or not, and in nobody else's hands."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from npc_bridge.core.changes import AddLine, PutSession
from npc_bridge.errors import StorageLocked, StorageTooNew, StorageUnusable
from npc_bridge.memory import migrations, opening
from npc_bridge.memory.file import MemoryFile
from npc_bridge.memory.rows import rows_of


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "LOCK_WAIT_S", 0.0)
    monkeypatch.setattr(opening, "BUSY_WAIT_S", 0.0)


@contextmanager
def memory(path: Path) -> Iterator[MemoryFile]:
    with closing(MemoryFile(path, sync="normal")) as file:
        yield file


def fill(path: Path, lines: int = 500) -> None:
    with memory(path) as file:
        file.write(
            [rows_of("s", [PutSession({"a": 1}), *(AddLine("mira", n, "user", f"line {n} " * 5, "Ann", False) for n in range(lines))])]
        )


def files(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir() if not each.name.endswith((".lock", "-shm"))}


# ── whose file it is ──


def test_the_folder_is_made(tmp_path: Path) -> None:
    fill(tmp_path / "a" / "b" / "game.db")
    with memory(tmp_path / "a" / "b" / "game.db") as file:
        assert file.damaged is None
        assert file.read_session("s") is not None


def test_tables_of_every_earlier_version_are_brought_to_the_latest(tmp_path: Path) -> None:
    for version in range(migrations.LATEST):
        path = tmp_path / f"{version}.db"
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            for step in migrations.MIGRATIONS[:version]:
                for statement in step:
                    db.execute(statement)
            db.execute(f"PRAGMA user_version = {version}")
            db.execute(f"PRAGMA application_id = {migrations.APPLICATION_ID}")
        with memory(path) as file:
            assert migrations.version_of(file.db) == migrations.LATEST
            assert tables(file.db) == TABLES


TABLES = {"session", "conversation", "line", "waiting", "used", "slot"}


def tables(db: sqlite3.Connection) -> set[str]:
    return {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "game.db"
    fill(path)
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, ("CREATE TABLE extra (a)", "CREATE TABLE session (a)")))
    monkeypatch.setattr(migrations, "LATEST", migrations.LATEST + 1)
    with pytest.raises(StorageUnusable):
        MemoryFile(path)
    monkeypatch.undo()
    with memory(path) as file:
        assert tables(file.db) == TABLES


@pytest.mark.parametrize("is_in_log", [False, True], ids=["in the file", "still in the log beside it"])
def test_a_file_of_a_newer_bridge_is_refused_and_left_as_it_is(tmp_path: Path, is_in_log: bool) -> None:
    path = tmp_path / "game.db"
    fill(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"PRAGMA user_version = {migrations.LATEST + 1}")
        if is_in_log:
            for name in ("game.db", "game.db-wal"):
                shutil.copy(tmp_path / name, tmp_path / f"copy-{name}")
    if is_in_log:
        for name in ("game.db", "game.db-wal"):
            (tmp_path / f"copy-{name}").replace(tmp_path / name)
    before, stamp = files(tmp_path), path.stat().st_mtime_ns
    with pytest.raises(StorageTooNew, match=r"written by a newer npc-bridge .*install the newer npc-bridge.*left as it is"):
        MemoryFile(path)
    assert files(tmp_path) == before
    assert path.stat().st_mtime_ns == stamp


def test_another_programs_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "game.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE inventory (item)")
    before = files(tmp_path)
    with pytest.raises(StorageUnusable, match="of another program"):
        MemoryFile(path)
    assert files(tmp_path) == before


def test_a_file_that_was_just_begun_when_the_bridge_was_killed_is_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    fill(tmp_path / "empty.db")
    with closing(sqlite3.connect(tmp_path / "begun.db", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
    fill(tmp_path / "begun.db")
    assert not list(tmp_path.glob("*.damaged*"))


# ── damage ──


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2 + 100]


def torn_page(data: bytes) -> bytes:
    return data[:8192] + b"\xaa" * 4096 + data[12288:]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "no database at all": lambda _: b"these are not the bytes you are looking for",
    "one byte": lambda _: b"\x00",
    "zeros": lambda data: bytes(len(data)),
    "cut in the middle": cut,
    "the first page only": lambda data: data[:4096],
    "a torn page": torn_page,
    "a head without a body": lambda data: data[:100] + bytes(len(data) - 100),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_set_aside_as_it_is_and_a_new_one_begun(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "game.db"
    for number in (1, 2):
        fill(path)
        damaged = damage(path.read_bytes())
        path.write_bytes(damaged)
        with memory(path) as file:
            assert file.damaged == tmp_path / f"game.db.damaged-{number}"
            assert file.damaged.read_bytes() == damaged
            assert file.read_session("s") is None
        with memory(path) as file:
            assert file.damaged is None


def test_the_log_beside_a_damaged_file_is_set_aside_with_it(tmp_path: Path) -> None:
    path = tmp_path / "game.db"
    fill(path)
    with memory(path) as file:
        file.write([rows_of("s", [AddLine("mira", 500, "user", "only in the log", "Ann", False)])])
        log = (tmp_path / "game.db-wal").read_bytes()
    damaged = torn_page(path.read_bytes())
    path.write_bytes(damaged)
    (tmp_path / "game.db-wal").write_bytes(log)
    with memory(path) as file:
        assert file.damaged is not None
        assert file.damaged.read_bytes() == damaged
        assert (tmp_path / "game.db.damaged-1-wal").read_bytes() == log
        assert file.read_session("s") is None


def test_a_large_file_is_checked_throughout_only_when_there_is_a_suspicion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "game.db"
    fill(path)
    path.write_bytes(torn_page(path.read_bytes()))
    monkeypatch.setattr(opening, "CHECKED_BYTES", 0)
    with memory(path) as file:
        assert file.damaged is None
        with pytest.raises(Exception, match="is damaged: start the bridge again"):
            file.read_session("s")
    with memory(path) as file:
        assert file.damaged == tmp_path / "game.db.damaged-1"
    with memory(path) as file:
        assert file.damaged is None


def test_a_large_file_that_is_cut_short_is_set_aside_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "game.db"
    fill(path)
    path.write_bytes(path.read_bytes()[:-4096])
    monkeypatch.setattr(opening, "CHECKED_BYTES", 0)
    with memory(path) as file:
        assert file.damaged == tmp_path / "game.db.damaged-1"


@pytest.fixture(scope="module")
def sound() -> Iterator[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder) / "game.db")
        yield (Path(folder) / "game.db").read_bytes()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), junk=st.binary(min_size=1, max_size=600), size=st.floats(0, 1.2))
def test_whatever_is_damaged_it_opens_or_is_set_aside_or_is_refused(sound: bytes, place: float, junk: bytes, size: float) -> None:
    data = bytearray(sound)
    at = int(place * len(data))
    data[at : at + len(junk)] = junk
    del data[int(size * len(data)) :]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "game.db"
        path.write_bytes(data)
        try:
            with memory(path) as file:
                assert file.damaged is None or file.damaged.read_bytes() == data
                file.write([rows_of("new", [PutSession({"a": 1})])])
                assert file.read_session("new") is not None
        except StorageUnusable:
            assert path.read_bytes() == data


# ── nobody else's hands ──


def test_a_second_bridge_on_the_same_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "game.db"
    with memory(path) as first:
        with pytest.raises(StorageLocked, match=r"another bridge uses the memory .* end that one, or give this one a file of its own"):
            MemoryFile(path)
        first.write([rows_of("s", [PutSession({"a": 1})])])
    with memory(path) as file:
        assert file.read_session("s") is not None


HOLDER = """
import sys, pathlib
from npc_bridge.memory.file import MemoryFile
file = MemoryFile(pathlib.Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
"""


def test_the_lock_of_a_bridge_that_is_killed_ends_with_it(tmp_path: Path) -> None:
    path = tmp_path / "game.db"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdin is not None
    try:
        assert holder.stdout.readline().strip() == b"open"
        with pytest.raises(StorageLocked):
            MemoryFile(path)
        assert not list(tmp_path.glob("*.lock-*"))
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
        holder.stdin.close()
    fill(path)


def test_a_program_that_is_writing_to_the_file_is_named_as_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "game.db"
    fill(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageLocked, match=r"another program has the memory .* open and is writing to it; close it there"):
            MemoryFile(path)
    fill(path)


# ── places that cannot be ──


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(StorageUnusable, match=r"is a folder; name a file in it, such as .*npc-bridge\.db"):
        MemoryFile(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageUnusable, match=r"the folder .*file.* cannot be made: .*; choose another place with 'path' in \[storage\]"):
        MemoryFile(tmp_path / "file" / "below" / "game.db")


@pytest.fixture
def nobodys_folder() -> Iterator[Path]:
    """A folder in which permissions count, even if the tests run as root."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        is_root = os.geteuid() == 0
        if is_root:
            os.chown(folder, 65534, 65534)
            os.seteuid(65534)
        try:
            yield folder
        finally:
            if is_root:
                os.seteuid(0)
            folder.chmod(0o700)


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no read-only mark there")
def test_a_read_only_folder_is_told_with_what_to_do(nobodys_folder: Path) -> None:
    nobodys_folder.chmod(0o500)
    with pytest.raises(StorageUnusable, match=r"folder .* cannot be written to .*choose another place with 'path' in \[storage\], or none"):
        MemoryFile(nobodys_folder / "game.db")


@pytest.mark.skipif(sys.platform == "win32", reason="needs another user")
def test_a_file_that_cannot_be_written_to_is_told_with_what_to_do(nobodys_folder: Path) -> None:
    path = nobodys_folder / "game.db"
    fill(path)
    path.chmod(0o400)
    before = path.read_bytes()
    with pytest.raises(StorageUnusable, match="cannot be written to; make it and its folder writable"):
        MemoryFile(path)
    assert path.read_bytes() == before


def test_awkward_names_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "my game? #1 100% 挥手.db"
    fill(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StorageTooNew):
        MemoryFile(path)
    assert sorted(each.name for each in tmp_path.iterdir()) == [path.name, path.name + ".lock"]
