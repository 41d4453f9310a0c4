"""The memory on disk: what was written is there, in order, whatever happens to the disk in between."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

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
    UseIds,
)
from npc_bridge.errors import StorageFailed
from npc_bridge.memory.file import EARLIEST, MemoryFile, Stored, StoredConversation
from npc_bridge.memory.store import Store
from tests.memory.conftest import Open

PLAIN = {"text": "挥手 🙂 'quoted' \x00", "n": 3, "x": 0.5, "big": 2**70, "on": True, "none": None, "list": [1, [2]], "map": {"a": {}}}


def line(n: int, text: str = "Hello.", *, npc: str = "mira", player: str = "Ann") -> AddLine:
    return AddLine(npc, n, "user", text, player, False)


def contents(stored: Stored | None) -> list[str]:
    assert stored is not None
    return [each.text for conversation in stored.conversations for each in conversation.lines]


# ── what was written is read ──


async def test_what_was_written_is_read_also_by_the_next_bridge(opened: Open) -> None:
    changes: list[Change] = [
        PutSession(PLAIN),
        PutConversation("mira", "p1", PLAIN | {"first": 1}),
        line(0),
        AddLine("mira", 1, "assistant", "(waves) 你好", "", True),
        PutEvent("mira", 2, {"b": 1}),
        PutEvent("mira", 1, PLAIN),
        UseIds(("say-1", "e-1")),
    ]
    expected = Stored(
        PLAIN,
        (StoredConversation("mira", "p1", PLAIN | {"first": 1}, (AddLine("mira", 1, "assistant", "(waves) 你好", "", True),), 2),),
        (PutEvent("mira", 1, PLAIN), PutEvent("mira", 2, {"b": 1})),
        ("say-1", "e-1"),
    )
    store = await opened()
    await store.write("s", changes)
    assert await store.read_session("s") == expected
    await store.close()
    again = await opened()
    assert await again.read_session("s") == expected
    assert await again.read_session("another") is None
    assert again.damaged is None


CHANGES: dict[str, tuple[Sequence[Change], Callable[[Stored], object], object]] = {
    "a line said anew replaces those from its number on": (
        [line(0, "a"), line(1, "b"), line(2, "c"), DropLines("mira", 1), line(1, "d")],
        contents,
        ["a", "d"],
    ),
    "a state replaces the one before": ([PutSession({"a": 1}), PutSession({"b": 2})], lambda stored: stored.state, {"b": 2}),
    "used events are gone": (
        [PutEvent("mira", n, {}) for n in range(4)] + [DropEvents("mira", (0, 2)), DropEvents("brom", (1,))],
        lambda stored: [event.order for event in stored.events],
        [1, 3],
    ),
    "a conversation is dropped with its lines and events, and may begin again": (
        [line(0), line(1), PutEvent("mira", 0, {}), line(0, "kept", npc="brom"), DropConversation("mira"), line(0, "new")],
        lambda stored: (contents(stored), stored.events),
        (["kept", "new"], ()),
    ),
    "an id used twice keeps its place": ([UseIds(("a", "b")), UseIds(("a", "c"))], lambda stored: stored.ids, ("a", "b", "c")),
    "a session is dropped whole and begins anew": (
        [PutSession({"old": 1}), line(0), PutEvent("mira", 0, {}), UseIds(("a",)), DropSession(), UseIds(("b",))],
        lambda stored: stored,
        Stored({}, (), (), ("b",)),
    ),
}


@pytest.mark.parametrize(("changes", "what", "expected"), CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("is_at_once", [True, False], ids=["in one list", "one by one"])
async def test_changes_in_their_order_give_the_present_state(
    opened: Open, changes: Sequence[Change], what: Callable[[Stored], object], expected: object, is_at_once: bool
) -> None:
    store = await opened()
    await store.write("other", [PutSession({"stays": 1}), line(0, "stays"), PutEvent("mira", 0, {}), UseIds(("a",))])
    before = await store.read_session("other")
    for each in [changes] if is_at_once else [[change] for change in changes]:
        await store.write("s", each)
    stored = await store.read_session("s")
    assert stored is not None
    assert what(stored) == expected
    assert await store.read_session("other") == before


async def test_a_session_dropped_to_the_end_is_unknown(opened: Open) -> None:
    store = await opened()
    await store.write("s", [PutSession({"a": 1}), DropSession()])
    assert await store.read_session("s") is None


async def test_lines_that_the_npc_no_longer_reads_are_read_only_when_asked_for(opened: Open) -> None:
    store = await opened()
    await store.write("s", [PutConversation("mira", "", {"first": 90}), *(line(n, str(n)) for n in range(100))])
    stored = await store.read_session("s")
    assert stored is not None
    assert ([each.n for each in stored.conversations[0].lines], stored.conversations[0].count) == (list(range(90, 100)), 100)
    assert [each.text for each in await store.read_lines("s", "mira", 3, 5)] == ["3", "4"]
    assert [each.text for each in await store.read_lines("s", "mira", 98)] == ["98", "99"]
    assert await store.read_lines("s", "nobody", 0) == ()


async def test_the_last_20000_ids_are_remembered(opened: Open) -> None:
    store = await opened()
    for begin in range(0, 23_000, 500):
        await store.write("s", [UseIds(tuple(f"id{n}" for n in range(begin, begin + 500)))])
    stored = await store.read_session("s")
    assert stored is not None
    assert stored.ids == tuple(f"id{n}" for n in range(3_000, 23_000))


async def test_text_that_no_file_can_hold_is_mended(opened: Open) -> None:
    store = await opened()
    await store.write("s", [PutSession({"a": "\ud800!"}), line(0, "a\ud800b🙂"), UseIds(("\udfff",))])
    stored = await store.read_session("s")
    assert stored is not None
    assert (stored.state, contents(stored), stored.ids) == ({"a": "�!"}, ["a�b🙂"], ("�",))


async def test_a_state_that_is_no_plain_map_is_refused_there_and_then(opened: Open) -> None:
    store = await opened()
    with pytest.raises(TypeError):
        store.write("s", [PutSession({"a": object()})])
    await store.write("s", [PutSession({"a": 1})])


async def test_a_memory_without_a_file_ends_with_the_process(opened: Open) -> None:
    store = await opened(None)
    await store.write("s", [line(0, "a")])
    assert contents(await store.read_session("s")) == ["a"]
    assert (await store.forget(npc="mira")).lines == 1
    await store.close()
    assert await (await opened(None)).read_session("s") is None


# ── the thread ──


async def test_what_gathers_is_committed_together_and_answered_in_order(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    commits: list[int] = []
    go_on, write = threading.Event(), MemoryFile.write

    def counted(file: MemoryFile, batch: object) -> None:
        rows = list(batch)  # type: ignore[call-overload]
        commits.append(len(rows))
        assert go_on.wait(10)
        write(file, rows)

    monkeypatch.setattr(MemoryFile, "write", counted)
    store = await opened()
    answered: list[int] = []
    writes = [store.write("s", [line(n)]) for n in range(200)]
    for n, each in enumerate(writes):
        each.add_done_callback(lambda _, n=n: answered.append(n))
    go_on.set()
    await asyncio.gather(*writes)
    assert answered == list(range(200))
    assert sum(commits) == 200
    assert len(commits) <= 3


async def test_a_write_that_nobody_waits_for_any_more_is_written(opened: Open) -> None:
    store = await opened()
    store.write("s", [line(0, "a")]).cancel()
    await store.write("s", [line(1, "b")])
    assert contents(await store.read_session("s")) == ["a", "b"]


async def test_closing_writes_what_waits_and_leaves_one_file(opened: Open, path: Path) -> None:
    store = await opened()
    writes = [store.write("s", [line(n, str(n))]) for n in range(50)]
    await store.close()
    assert all(each.done() and each.exception() is None for each in writes)
    assert sorted(each.name for each in path.parent.iterdir()) == ["game.db", "game.db.lock"]
    with pytest.raises(StorageFailed, match="closed"):
        await store.write("s", [line(50)])
    with pytest.raises(StorageFailed, match="closed"):
        await store.read_session("s")
    await store.close()
    assert len(contents(await (await opened()).read_session("s"))) == 50


# ── a disk that fails ──


def limit(store: Store, pages: int) -> Callable[[], object]:
    """Let the file grow to so many pages only, as a full disk would; gives what frees the space again."""
    database: list[sqlite3.Connection] = []

    def work(file: MemoryFile) -> None:
        database.append(file.db)
        count = file.db.execute("PRAGMA page_count").fetchone()[0]
        file.db.execute(f"PRAGMA max_page_count = {count + pages}")

    return lambda: store._call(work)


async def test_a_full_disk_is_told_and_everything_is_written_in_order_once_there_is_space(opened: Open) -> None:
    store = await opened()
    told: list[str] = []
    store.on_failing = told.append
    await store.write("s", [line(0, "first")])
    await limit(store, 0)()
    for n in range(1, 4):
        with pytest.raises(StorageFailed, match="disk is full: free some space"):
            await store.write("s", [line(n, f"{n}" * 5_000)])
    assert store.failing == "the disk is full: free some space, writing goes on by itself"
    with pytest.raises(StorageFailed, match="still wait"):
        await store.read_session("s")
    await limit(store, 1_000)()
    await store.write("s", [])
    assert store.failing == ""
    assert told == ["the disk is full: free some space, writing goes on by itself", ""]
    stored = await store.read_session("s")
    assert [text[:5] for text in contents(stored)] == ["first", "11111", "22222", "33333"]


async def test_writing_goes_on_by_itself(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("npc_bridge.memory.store.RETRY_S", 0.01)
    store = await opened()
    mended = asyncio.Event()
    store.on_failing = lambda failing: mended.set() if not failing else None
    await limit(store, 0)()
    with pytest.raises(StorageFailed):
        await store.write("s", [line(0, "x" * 10_000)])
    await limit(store, 1_000)()
    async with asyncio.timeout(10):
        await mended.wait()
    assert len(contents(await store.read_session("s"))) == 1


async def test_all_is_well_only_when_everything_that_waited_is_written(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("npc_bridge.memory.store.MAX_COMMIT", 2)
    store = await opened()
    await store.write("s", [line(0)])
    await limit(store, 0)()
    writes = [store.write("s", [line(n, "x" * 5_000)]) for n in range(1, 8)]
    for each in writes:
        with pytest.raises(StorageFailed):
            await each
    left: list[int] = []
    store.on_failing = lambda failing: left.append(store._waiting_bytes)
    await limit(store, 1_000)()
    await store.write("s", [])
    assert (left, store.failing) == ([0], "")
    assert len(contents(await store.read_session("s"))) == 8


async def test_what_waits_for_the_disk_has_a_bound_beyond_which_a_session_is_written_anew(opened: Open) -> None:
    store = await opened(max_waiting_bytes=20_000)
    await store.write("s", [line(0, "a")])
    await limit(store, 0)()
    kept = store.write("s", [line(1, "b" * 15_000)])
    lost = store.write("s", [line(2, "c" * 15_000)])
    small = store.write("s", [line(2, "d")])
    other = store.write("other", [line(0, "e")])
    for each, why in ((kept, "full"), (lost, "bytes wait"), (small, "could not be kept"), (other, "full")):
        with pytest.raises(StorageFailed, match=why):
            await each
    assert store.lost == {"s"}
    await limit(store, 1_000)()
    await store.write("other", [])
    assert [text[0] for text in contents(await store.read_session("s"))] == ["a", "b"]
    with pytest.raises(StorageFailed, match="could not be kept"):
        await store.write("s", [line(2, "d")])
    await store.write("s", [DropSession(), line(0, "anew")])
    assert (contents(await store.read_session("s")), store.lost) == (["anew"], set())
    assert contents(await store.read_session("other")) == ["e"]


async def test_a_locked_file_is_waited_for(opened: Open, path: Path) -> None:
    store = await opened()
    await store.write("s", [line(0, "a")])
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        other.execute("BEGIN IMMEDIATE")
        writing = store.write("s", [line(1, "b")])
        asyncio.get_running_loop().call_later(0.1, other.execute, "ROLLBACK")
        await writing
    finally:
        other.close()
    assert contents(await store.read_session("s")) == ["a", "b"]


async def test_a_file_that_stays_locked_is_told_after_a_bounded_time_and_nothing_is_lost(
    opened: Open, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("npc_bridge.memory.opening.BUSY_WAIT_S", 0.05)
    store = await opened()
    await store.write("s", [line(0, "a")])
    other = sqlite3.connect(path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageFailed, match="another program holds the memory's file: close it there"):
            await store.write("s", [line(1, "b")])
    finally:
        other.close()
    await store.write("s", [])
    assert contents(await store.read_session("s")) == ["a", "b"]


async def test_another_program_may_read_meanwhile(opened: Open, path: Path) -> None:
    store = await opened()
    await store.write("s", [line(0, "a")])
    other = sqlite3.connect(path, isolation_level=None)
    try:
        other.execute("BEGIN")
        assert other.execute("SELECT text FROM line").fetchall() == [("a",)]
        await store.write("s", [line(1, "b")])
        assert other.execute("SELECT text FROM line").fetchall() == [("a",)]
    finally:
        other.close()


# ── slots, and age ──


async def test_a_saved_state_is_found_by_the_next_run_of_the_game(opened: Open) -> None:
    store = await opened()
    await store.put_slot("run-1", "quick", b"one")
    await store.put_slot("run-1", "quick", b"two")
    await store.put_slot("run-1", "chapter 2", b"\x00three")
    await store.write("run-1", [DropSession()])
    await store.close()
    store = await opened()
    assert await store.get_slot("quick", "run-2") == b"two"
    assert await store.get_slot("none", "run-2") is None
    await store.put_slot("run-2", "quick", b"four")
    assert await store.get_slot("quick") == b"four"
    assert [(slot.name, slot.session, slot.size) for slot in await store.slots("run-1")] == [("chapter 2", "run-1", 6)]
    assert {slot.name for slot in await store.slots()} == {"quick", "chapter 2"}


class Clock:
    """A wall clock that a test sets."""

    def __init__(self) -> None:
        self.time = EARLIEST + 1_000_000_000.0

    def __call__(self) -> float:
        return self.time

    def pass_days(self, days: float) -> None:
        self.time += days * 86_400


async def test_what_was_not_used_for_long_expires_if_that_is_set(opened: Open) -> None:
    clock = Clock()
    store = await opened(wall_clock=clock)
    for session in ("old", "played on", "open"):
        await store.write(session, [line(0)])
    await store.put_slot("old", "old", b"x")
    clock.pass_days(20)
    await store.write("played on", [line(1)])
    await store.put_slot("played on", "new", b"x")
    clock.pass_days(20)
    assert await store.expire(0) == 0
    assert await store.expire(41) == 0
    assert await store.expire(30, keep=["open"]) == 2
    assert await store.read_session("old") is None
    assert await store.read_session("played on") is not None
    assert await store.read_session("open") is not None
    assert [slot.name for slot in await store.slots()] == ["new"]


@pytest.mark.parametrize("wrong_days", [-20_000, -400, -1, 400, 20_000])
async def test_a_clock_that_was_wrong_for_a_while_deletes_nothing(opened: Open, wrong_days: float) -> None:
    clock = Clock()
    store = await opened(wall_clock=clock)
    await store.write("before", [line(0)])
    clock.pass_days(wrong_days)
    store = await reopened(store, opened, clock)
    await store.write("meanwhile", [line(0)])
    if wrong_days < 30:
        assert await store.expire(30) == 0
    clock.pass_days(-wrong_days)
    store = await reopened(store, opened, clock)
    await store.write("after", [line(0)])
    assert await store.expire(30) == 0
    for session in ("before", "meanwhile", "after"):
        assert await store.read_session(session) is not None
    clock.pass_days(31 + max(0, wrong_days))
    assert await store.expire(30) == 3


async def reopened(store: Store, opened: Open, clock: Clock) -> Store:
    await store.close()
    return await opened(wall_clock=clock)
