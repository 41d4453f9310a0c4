"""Forgetting for good: what was deleted is in no byte of the files any more."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from npc_bridge.core.changes import AddLine, DropLines, PutConversation, PutEvent, PutSession, State, UseIds
from npc_bridge.memory.blob import pack, unpack
from npc_bridge.memory.file import MemoryFile
from npc_bridge.memory.forget import Forgotten, names_any
from npc_bridge.memory.store import Store
from tests.memory.conftest import Open

SECRET = "I am allergic to silverleaf"
OTHERS = "What a storm outside"
TAVERN = {
    "npc": "tavern",
    "waiting": [{"player": "Ann", "text": SECRET}, {"player": "Bo", "text": OTHERS}],
    "owed": {"cause": "say", "note": f"Ann: {SECRET}"},
    "parts": {"memory": {"summary": SECRET}, "knowledge": {"of": OTHERS}},
}


async def two_players(store: Store) -> None:
    """Ann talks with Mira alone, Bo with Brom, and both in Bo's tavern; some of it was said anew, used or replaced since."""
    for session in ("monday", "tuesday"):
        await store.write(
            session,
            [
                PutSession({"turns": 4}),
                PutConversation("mira", "ann-1", {"summary": SECRET}),
                *(AddLine("mira", n, "user", f"{SECRET} {n} " * 40, "Ann", False) for n in range(60)),
                AddLine("mira", 60, "assistant", f"So {SECRET}?", "", False),
                PutEvent("mira", 1, {"text": SECRET}),
                PutConversation("brom", "bo-1", {"summary": OTHERS}),
                AddLine("brom", 0, "user", OTHERS, "Bo", False),
                PutEvent("brom", 1, {"data": {"who": ["Ann"]}}),
                PutEvent("brom", 2, {"data": {"who": ["Bo"]}}),
                PutConversation("tavern", "bo-1", TAVERN),
                AddLine("tavern", 0, "user", OTHERS, "Bo", False),
                AddLine("tavern", 1, "user", SECRET, "Ann", False),
                AddLine("tavern", 2, "assistant", "Hm.", "", False),
                UseIds(("a", "b")),
            ],
        )
        await store.write(session, [DropLines("mira", 50), PutConversation("mira", "ann-1", {"first": 3}), PutEvent("mira", 1, {"x": 1})])
    await store.put_slot("monday", "with ann", pack({"talks": {"mira": {"lines": [SECRET], "player": "Ann"}, "brom": {"lines": [OTHERS]}}}))
    await store.put_slot("monday", "without", pack({"talks": {"brom": {"lines": [OTHERS]}}}))


def bytes_of(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in sorted(folder.iterdir()))


def without_ann(state: State) -> State | None:
    return state if state["talks"].pop("mira", None) else None


async def test_a_players_words_are_in_no_byte_of_the_files(opened: Open, path: Path) -> None:
    store = await opened()
    await two_players(store)
    assert SECRET.encode() in bytes_of(path.parent)
    gone = await store.forget(player="ann-1", names=("Ann",), prune=without_ann)
    assert gone == Forgotten(conversations=2, lines=2 * 50 + 2, events=2 + 2, slots=1)
    assert SECRET.encode() not in bytes_of(path.parent)
    assert OTHERS.encode() in bytes_of(path.parent)
    await store.close()
    assert SECRET.encode() not in bytes_of(path.parent)


async def test_what_the_others_said_stays_under_its_numbers(opened: Open) -> None:
    store = await opened()
    await two_players(store)
    await store.forget(player="ann-1", names=("Ann",), prune=without_ann)
    stored = await store.read_session("tuesday")
    assert stored is not None
    assert {talk.npc: [(each.n, each.player, each.text) for each in talk.lines] for talk in stored.conversations} == {
        "brom": [(0, "Bo", OTHERS)],
        "tavern": [(0, "Bo", OTHERS), (1, "", ""), (2, "", "Hm.")],
    }
    assert stored.events == (PutEvent("brom", 2, {"data": {"who": ["Bo"]}}),)
    assert stored.ids == ("a", "b")
    assert stored.conversations[1].state == {
        "npc": "tavern",
        "waiting": [{"player": "Bo", "text": OTHERS}],
        "parts": {"knowledge": {"of": OTHERS}},
    }
    assert stored.conversations[0].state == {"summary": OTHERS}
    blob = await store.get_slot("with ann")
    assert blob is not None
    assert unpack(blob) == {"talks": {"brom": {"lines": [OTHERS]}}}


@pytest.mark.parametrize("called", ["ann-1", "Ann"])
async def test_a_player_is_known_by_id_and_by_name_and_another_of_the_name_is_left_alone(opened: Open, called: str) -> None:
    store = await opened()
    ann, other = ({"player": {"name": "Ann", "id": each}} for each in ("ann-1", "ann-2"))
    await store.write("s", [PutConversation("mira", "ann-1", ann), AddLine("mira", 0, "user", SECRET, "Ann", False)])
    await store.write("s", [PutConversation("brom", "bo-1", {"player": {"name": "Bo", "id": "bo-1"}})])
    await store.write("s", [AddLine("brom", 0, "user", SECRET, "Ann", False), AddLine("brom", 1, "user", OTHERS, "Bo", False)])
    await store.write("t", [PutConversation("mira", "ann-2", other), AddLine("mira", 0, "user", OTHERS, "Ann", False)])
    await store.write("t", [PutEvent("mira", 1, {"who": "Ann"})])
    gone = await store.forget(player=called)
    s, t = await store.read_session("s"), await store.read_session("t")
    assert s is not None
    assert [line.text for talk in s.conversations for line in talk.lines] == ["", OTHERS]
    if called == "Ann":  # both are called so
        assert gone == Forgotten(conversations=2, lines=3, events=1)
    else:
        assert gone == Forgotten(conversations=1, lines=2, events=0)
        assert t is not None
        assert [line.text for talk in t.conversations for line in talk.lines] == [OTHERS]
        assert len(t.events) == 1


async def test_a_saved_state_that_nobody_can_prune_is_deleted_if_it_names_the_player(opened: Open) -> None:
    store = await opened()
    await two_players(store)
    assert (await store.forget(player="Ann")).slots == 1
    assert [slot.name for slot in await store.slots()] == ["without"]


async def test_an_npc_is_forgotten_in_all_sessions(opened: Open) -> None:
    store = await opened()
    await two_players(store)
    gone = await store.forget(npc="mira", prune=without_ann)
    assert gone == Forgotten(conversations=2, lines=100, events=2, slots=1)
    stored = await store.read_session("monday")
    assert stored is not None
    assert [talk.npc for talk in stored.conversations] == ["brom", "tavern"]


async def test_all_that_is_given_must_fit(opened: Open) -> None:
    store = await opened()
    await two_players(store)
    assert (await store.forget(player="ann-1", npc="brom", session="monday", prune=without_ann)).conversations == 0
    gone = await store.forget(player="ann-1", names=("Ann",), npc="mira", session="monday", prune=lambda _: None)
    assert gone == Forgotten(conversations=1, lines=50, events=1)
    stored = await store.read_session("tuesday")
    assert stored is not None
    assert len(stored.conversations) == 3


async def test_a_session_goes_whole_with_the_states_it_saved(opened: Open, path: Path) -> None:
    store = await opened()
    await two_players(store)
    gone = await store.forget(session="monday")
    assert gone == Forgotten(conversations=3, lines=50 + 1 + 3, events=3, slots=2)
    assert await store.read_session("monday") is None
    assert await store.read_session("tuesday") is not None
    await store.forget(session="tuesday")
    assert SECRET.encode() not in bytes_of(path.parent)
    assert OTHERS.encode() not in bytes_of(path.parent)


async def test_nothing_known_means_nothing_deleted(opened: Open) -> None:
    store = await opened()
    await two_players(store)
    assert await store.forget(player="nobody") == Forgotten()
    with pytest.raises(ValueError, match="say what to forget"):
        await store.forget()


async def test_a_program_that_reads_meanwhile_is_told_of(opened: Open, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("npc_bridge.memory.opening.BUSY_WAIT_S", 0.05)
    store = await opened()
    await two_players(store)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT * FROM line").fetchone()
    gone = await store.forget(player="ann-1", names=("Ann",), prune=without_ann)
    assert (gone.conversations, gone.is_wiped) == (2, False)
    other.close()
    await store.close()
    assert SECRET.encode() not in bytes_of(path.parent)


async def test_without_room_for_a_second_copy_the_bytes_are_overwritten_where_they_stand(opened: Open, path: Path) -> None:
    store = await opened()
    await two_players(store)

    def leave_no_room(file: MemoryFile) -> None:
        file.db.set_authorizer(lambda action, *_: sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_ATTACH else sqlite3.SQLITE_OK)

    await store._call(leave_no_room)
    gone = await store.forget(player="ann-1", names=("Ann",), prune=without_ann)
    assert gone.conversations == 2
    assert SECRET.encode() not in bytes_of(path.parent)


async def test_damaged_files_that_may_hold_some_of_it_are_named(opened: Open, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database, and it names Ann")
    store = await opened()
    assert (await store.forget(player="Ann")).set_aside == ("game.db.damaged-1",)


@pytest.mark.parametrize(
    ("value", "is_named"),
    [
        ("Ann", True),
        ("to Ann:", True),
        ({"Ann": 1}, True),
        ([{"a": ("x", "Ann")}], True),
        ("Annual", False),
        ("Hannah-Ann's", True),
        ("你好Ann。", True),
        ("Bo", False),
        (3, False),
        (None, False),
        ({}, False),
    ],
)
def test_a_name_is_found_anywhere(value: object, is_named: bool) -> None:
    assert names_any(value, {"Ann"}) is is_named
