"""A session that outlives its connection, its bridge and its timeline, over real sockets."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import msgpack
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from npc_bridge.backends import ChatRequest, Finished
from npc_bridge.backends.scripted import Scripted
from npc_bridge.cast import Cast
from npc_bridge.config import ServerSettings
from npc_bridge.core.codec import MSGPACK
from npc_bridge.errors import StorageFailed
from npc_bridge.memory.settings import StorageSettings
from npc_bridge.memory.store import Store, open_store
from npc_bridge.server import Bridge
from npc_bridge.tape import Recorder, RecordingBackend, replay

Serve = Callable[..., Any]
Message = dict[str, Any]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await open_store(tmp_path / "memory.db", sync="normal")
    yield store
    await store.close()


class Game:
    """A game client that keeps what it is told."""

    def __init__(self, socket: ClientConnection, session: str = "") -> None:
        self.socket, self.session = socket, session
        self.told: list[Message] = []
        self._ids = 0

    async def send(self, kind: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": kind} | fields))

    async def next(self) -> Message:
        self.told.append(json.loads(await asyncio.wait_for(self.socket.recv(), 5)))
        return self.told[-1]

    async def until(self, kind: str) -> list[Message]:
        """Everything up to the first message of this type."""
        messages = [await self.next()]
        while messages[-1]["type"] != kind:
            messages.append(await self.next())
        return messages

    async def say(self, text: str, message_id: str, npc: str = "brom") -> list[Message]:
        await self.send("say", id=message_id, npc=npc, text=text)
        return await self.until("turn_ended")

    async def drop(self) -> None:
        """Lose the connection without a goodbye."""
        self.socket.transport.abort()
        await self.socket.wait_closed()

    @property
    def seq(self) -> int:
        return int(self.told[-1]["seq"])


async def join(bridge: Any, session: str = "", seq: int = 0) -> tuple[Game, Message]:
    game = Game(await connect(bridge.url, compression=None))
    await game.send("hello", protocol=1, session=session, seq=seq)
    welcome = await game.next()
    game.session = welcome["session"]
    return game, welcome


async def meet(game: Game, npc: str = "brom", character: str = "brom", **fields: Any) -> Message:
    await game.send("open", npc=npc, character=character, **fields)
    return (await game.until("opened"))[-1]


def spoken(messages: list[Message]) -> str:
    return "".join(message["text"] for message in messages if message["type"] == "text")


class Paced(Scripted):
    """Recites its first line one piece each time it is let."""

    def __init__(self, *lines: str, chunk_chars: int = 5) -> None:
        super().__init__(Scripted.of(lines, chunk_chars=chunk_chars).script)
        self.let = asyncio.Semaphore(0)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[str | Finished, None]:
        async with aclosing(super().stream(request)) as pieces:
            async for piece in pieces:
                await self.let.acquire()
                yield piece

    def go(self) -> None:
        for _ in range(1_000):
            self.let.release()


# ── resume ──


async def test_a_game_that_comes_back_in_mid_turn_hears_what_it_missed_once_and_in_order(serve: Serve) -> None:
    model = Paced("One two three four five six.")
    bridge = await serve(model)
    game, _ = await join(bridge)
    await meet(game)
    await game.send("say", id="l1", npc="brom", text="Count!")
    await game.until("turn_started")
    model.let.release()
    await game.until("text")
    await game.drop()
    model.go()
    again, welcome = await join(bridge, game.session, game.seq)
    assert (welcome["session"], welcome["resumed"], welcome["seq"]) == (game.session, True, game.seq)
    rest = await again.until("turn_ended")
    assert [message["seq"] for message in rest] == list(range(game.seq + 1, game.seq + 1 + len(rest)))
    assert spoken(game.told + rest) == "One two three four five six."


async def test_a_game_that_changes_its_codec_hears_what_it_missed_in_the_new_one(serve: Serve) -> None:
    bridge = await serve(Scripted.of(["(nod) Hm."]))
    game, _ = await join(bridge)
    await meet(game)
    seq = game.seq
    heard = await game.say("Hello!", "l1")
    await game.drop()
    socket = await connect(bridge.url, compression=None, subprotocols=[Subprotocol("npc-bridge.v1.msgpack")])
    await socket.send(MSGPACK.encode({"type": "hello", "protocol": 1, "session": game.session, "seq": seq}))
    missed = [msgpack.unpackb(await socket.recv()) for _ in range(len(heard) + 1)]
    assert missed[1:] == heard


async def test_what_is_gone_from_the_buffer_is_told_as_state(serve: Serve) -> None:
    model = Paced("x" * 200_000, "Again.", chunk_chars=10_000)
    bridge = await serve(model, storage=StorageSettings(path="", resume_bytes=65_536))
    game, _ = await join(bridge)
    await meet(game)
    await game.send("say", id="l1", npc="brom", text="Talk!")
    await game.until("turn_started")
    await game.drop()
    for _ in range(15):
        model.let.release()
    while len(model.requests) < 1 or model.let._value:
        await asyncio.sleep(0)
    again, welcome = await join(bridge, game.session, game.seq)
    assert (welcome["session"], welcome["resumed"], welcome["npcs"]) == (game.session, False, ["brom"])
    opened = await meet(again)
    assert (opened["opening"], opened["remembered"]) == (False, 1)
    model.go()
    turn = await again.until("turn_ended")
    assert turn[0]["type"] == "turn_started"
    assert [message["seq"] for message in turn] == list(range(opened["seq"] + 1, opened["seq"] + 1 + len(turn)))
    assert spoken(turn) == "x" * 200_000


async def test_the_newer_of_two_games_with_one_session_wins_and_the_older_is_told(serve: Serve) -> None:
    bridge = await serve()
    older, _ = await join(bridge)
    await meet(older)
    newer, welcome = await join(bridge, older.session, older.seq)
    assert welcome["resumed"]
    with pytest.raises(ConnectionClosed) as closed:
        await older.until("never")
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4009
    assert (await newer.say("Hello!", "l1"))[-1]["reason"] == "stop"


async def test_a_game_that_says_goodbye_ends_its_session_and_one_that_stays_away_too(serve: Serve) -> None:
    bridge = await serve(storage=StorageSettings(path="", resume_s=0.05))
    for leave in ("drop", "close"):
        game, _ = await join(bridge)
        await (game.drop() if leave == "drop" else game.socket.close())
        while bridge.plays:
            await asyncio.sleep(0.01)
        after, welcome = await join(bridge, game.session, game.seq)
        assert (welcome["resumed"], welcome["session"] == game.session) == (False, False)
        await after.socket.close()


# ── the memory ──


async def test_a_session_goes_on_after_the_bridge_was_started_anew(serve: Serve, store: Store) -> None:
    model = Scripted.of(["First.", "Second."])
    bridge = await serve(model, store=store)
    game, _ = await join(bridge)
    assert (await meet(game, "tilda", "tilda"))["opening"]
    await game.until("turn_ended")
    await game.say("Hello!", "l1", "tilda")
    await game.send("event", id="e1", name="rain_started", npc="tilda", data={"how": "hard"})
    await game.until("accepted")
    await bridge.__aexit__(None, None, None)

    bridge = await serve(model, store=store)
    game, welcome = await join(bridge, game.session, game.seq)
    assert (welcome["resumed"], welcome["npcs"]) == (False, ["tilda"])
    opened = await meet(game, "tilda", "tilda")
    assert (opened["opening"], opened["remembered"], opened["last_line"]) == (False, 3, "First.")
    await game.send("event", id="e1", name="rain_started", npc="tilda", data={"how": "hard"})
    turn = await game.say("And now?", "l2", "tilda")
    assert [m["ids"] for m in turn if m["type"] == "accepted"] == [["e1", "l2"]]
    started = next(message for message in turn if message["type"] == "turn_started")
    assert started["note"].count("It starts to rain hard.") == 1
    assert [m["content"] for m in model.requests[-1].messages if m["role"] == "assistant"] == ["(wave) Welcome, traveller.", "First."]
    after = await game.say("And?", "l3", "tilda")
    assert next(message for message in after if message["type"] == "turn_started")["note"] == ""


async def test_a_line_that_was_accepted_before_a_crash_is_answered_after_it(serve: Serve, store: Store) -> None:
    bridge = await serve(Paced("Never said."), store=store)
    game, _ = await join(bridge)
    await meet(game)
    await game.send("say", id="l1", npc="brom", text="Hello!")
    await game.until("turn_started")
    await bridge.__aexit__(None, None, None)  # as far as the memory goes, the same as a crash

    bridge = await serve(Scripted.of(["Hm."]), store=store)
    game, _ = await join(bridge, game.session, game.seq)
    await meet(game)
    turn = await game.until("turn_ended")
    assert turn[0]["answers"] == ["l1"]
    assert spoken(turn) == "Hm."


async def test_nothing_is_told_before_it_is_safe(serve: Serve, store: Store) -> None:
    bridge = await serve(store=store)
    game, _ = await join(bridge)
    await meet(game)
    writes: list[asyncio.Future[None]] = []
    write = store.write

    def slow(session: str, changes: Any) -> asyncio.Future[None]:
        written = write(session, changes)
        writes.append(asyncio.get_running_loop().create_future())
        written.add_done_callback(lambda _: None)
        return writes[-1]

    store.write = slow  # type: ignore[method-assign]
    await game.send("say", id="l1", npc="brom", text="Hello!")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(game.socket.recv(), 0.2)
    assert len(writes) == 2  # the line, and what came of its turn
    writes[0].set_result(None)
    told = await game.until("text")
    assert [message["type"] for message in told if message["type"] != "cue"] == ["accepted", "turn_started", "text"]
    writes[1].set_result(None)
    await game.until("turn_ended")


async def test_a_full_disk_silences_nobody_and_nothing_is_called_accepted_until_it_is_safe(serve: Serve, store: Store) -> None:
    bridge = await serve(store=store)
    game, _ = await join(bridge)
    await meet(game)
    write = store.write

    def fail(session: str, changes: Any) -> asyncio.Future[None]:
        failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        failed.set_exception(StorageFailed("the disk is full"))
        failed.exception()
        return failed

    store.write = fail  # type: ignore[method-assign]
    turn = await game.say("Hello!", "l1")
    assert turn[-1]["reason"] == "stop"
    assert not any(message["type"] == "accepted" for message in turn)
    store.write = write  # type: ignore[method-assign]
    turn = await game.say("Hello?", "l2")
    assert [message["ids"] for message in turn if message["type"] == "accepted"] == [["l1"], ["l2"]]


async def test_a_session_of_which_too_much_waited_for_the_disk_is_written_anew_and_then_confirmed(serve: Serve, tmp_path: Path) -> None:
    store = await open_store(tmp_path / "full.db", sync="normal", max_waiting_bytes=5_000)
    bridge = await serve(store=store)
    game, _ = await join(bridge)
    await meet(game)
    await store._call(lambda file: file.db.execute("PRAGMA max_page_count = 1").fetchone())
    for n in range(4):
        await game.say("x" * 2_000, f"l{n}")
    assert store.lost
    await store._call(lambda file: file.db.execute("PRAGMA max_page_count = 100000").fetchone())
    await store.write("another", [])
    assert store.failing == ""
    await game.say("Hello?", "l9")
    accepted: set[str] = set()
    heard = deque(game.told)
    while len(accepted) < 5:  # it may come after the reply, because the session is written anew first
        message = heard.popleft() if heard else await game.next()
        accepted |= set(message["ids"]) if message["type"] == "accepted" else set()
    stored = await store.read_session(game.session)
    await store.close()
    assert stored is not None
    assert accepted == set(stored.ids) == {"l0", "l1", "l2", "l3", "l9"}
    assert [line.text[:6] for line in stored.conversations[0].lines if line.role == "user"] == ["xxxxxx"] * 4 + ["Hello?"]


# ── save and load ──


async def saved(game: Game, **fields: Any) -> Message:
    await game.send("save", id="v1", **fields)
    return (await game.until("saved"))[-1]


async def test_loading_brings_the_session_back_and_nothing_comes_from_the_future(serve: Serve, store: Store) -> None:
    model = Scripted.of(["One.", "Two.", "Three."])
    bridge = await serve(model, store=store)
    game, _ = await join(bridge)
    await meet(game)
    await game.say("Before.", "l1")
    await game.send("event", id="e1", name="rain_started", npc="brom", data={"how": "hard"})
    await game.until("accepted")
    blob = (await saved(game))["blob"]
    await game.say("After.", "l2")
    await game.send("load", id="o1", blob=blob)
    loaded = await game.next()
    assert {key: loaded[key] for key in ("type", "id", "npcs", "timeline")} == {
        "type": "loaded",
        "id": "o1",
        "npcs": ["brom"],
        "timeline": 1,
    }
    turn = await game.say("Again.", "l3")
    assert "It starts to rain hard." in next(m for m in turn if m["type"] == "turn_started")["note"]
    assert [m["content"] for m in model.requests[-1].messages if m["role"] != "system"] == ["Before.", "One.", "Again."]
    # And the memory says the same after a restart.
    stored = await store.read_session(game.session)
    assert stored is not None
    assert [line.text for line in stored.conversations[0].lines] == ["Before.", "One.", "Again.", "Three."]


async def test_a_turn_of_the_old_timeline_is_dropped_on_the_wire_and_in_memory(serve: Serve, store: Store) -> None:
    model = Paced("A long tale of the future.", "Now.")
    bridge = await serve(model, store=store)
    game, _ = await join(bridge)
    await meet(game)
    blob = (await saved(game))["blob"]
    await game.send("say", id="l1", npc="brom", text="Tell!")
    model.let.release()
    await game.until("text")
    await game.send("load", id="o1", blob=blob)
    await game.until("loaded")
    model.go()
    turn = await game.say("Hello!", "l2")
    assert [message["type"] for message in turn if message["type"] not in ("text", "cue")] == ["accepted", "turn_started", "turn_ended"]
    assert spoken(turn) == "Now."
    assert [m["content"] for m in model.requests[-1].messages if m["role"] != "system"] == ["Hello!"]
    await game.send("say", id="l1", npc="brom", text="Tell!")
    assert await game.next() == {"type": "accepted", "ids": ["l1"], "seq": game.seq}  # used once, whatever the timeline


async def test_a_save_in_the_middle_of_a_turn_holds_the_line_and_owes_the_answer(serve: Serve) -> None:
    model = Paced("Half said, half not.", "Said anew.")
    bridge = await serve(model)
    game, _ = await join(bridge)
    await meet(game)
    await game.send("say", id="l1", npc="brom", text="Hello!")
    model.let.release()
    await game.until("text")
    blob = (await saved(game))["blob"]
    model.go()
    await game.until("turn_ended")

    other = await serve(Scripted.of(["Said elsewhere."]))
    elsewhere, _ = await join(other)
    await elsewhere.send("load", id="o1", blob=blob)
    assert (await elsewhere.next())["npcs"] == ["brom"]
    await meet(elsewhere)
    turn = await elsewhere.until("turn_ended")
    assert (turn[0]["answers"], spoken(turn)) == (["l1"], "Said elsewhere.")


async def test_slots_are_kept_by_the_bridge_and_found_by_the_next_run_of_the_game(serve: Serve, store: Store) -> None:
    bridge = await serve(store=store)
    game, _ = await join(bridge)
    await meet(game)
    await game.say("Hello!", "l1")
    answer = await saved(game, slot="quick")
    assert (answer["slot"], "blob" in answer) == ("quick", False)
    await game.socket.close()
    game, _ = await join(bridge)
    await game.send("load", id="o1", slot="quick")
    loaded = await game.next()
    assert (loaded["slot"], loaded["npcs"]) == ("quick", ["brom"])
    assert (await meet(game))["remembered"] == 2


BAD_BLOBS = {"empty base64": "AAAA", "text": base64.b64encode(b"not a save").decode(), "a bomb": base64.b64encode(b"x" * 1_000).decode()}


@pytest.mark.parametrize("blob", BAD_BLOBS.values(), ids=BAD_BLOBS)
async def test_a_blob_that_is_no_save_is_refused_and_the_session_goes_on_as_before(serve: Serve, blob: str) -> None:
    model = Scripted.of(["One.", "Two."])
    bridge = await serve(model)
    game, _ = await join(bridge)
    await meet(game)
    await game.say("Hello!", "l1")
    await game.send("load", id="o1", blob=blob)
    error = await game.next()
    assert (error["type"], error["code"], error["re"]) == ("error", "bad_save", "o1")
    await game.say("Still there?", "l2")
    assert [m["content"] for m in model.requests[-1].messages if m["role"] != "system"] == ["Hello!", "One.", "Still there?"]


@pytest.mark.parametrize("codec", ["json", "msgpack"])
async def test_a_save_of_more_than_a_message_can_be_loaded(serve: Serve, store: Store, codec: str) -> None:
    """Most of its lines are no longer read by the model, and come out of the memory."""

    def noise(n: int) -> str:
        return "".join(random.Random(n).choices("abcdefghijklmnopqrstuvwxyzäöüß ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=1_500)).strip()

    bridge = await serve(Scripted.of([noise(n) for n in range(100)], chunk_chars=2_000), store=store)
    game, _ = await join(bridge)
    for npc in range(5):
        await meet(game, f"npc{npc}", "brom")
        for n in range(20):
            await game.say(noise(1_000 + 100 * npc + n), f"l{npc}-{n}", f"npc{npc}")
    blob = base64.b64decode((await saved(game))["blob"])
    assert len(blob) > 65_536
    if codec == "json":
        await game.send("load", id="o1", blob=base64.b64encode(blob).decode())
        assert len((await game.next())["npcs"]) == 5
        return
    socket = await connect(bridge.url, compression=None, subprotocols=[Subprotocol("npc-bridge.v1.msgpack")], max_size=None)
    await socket.send(MSGPACK.encode({"type": "hello", "protocol": 1}))
    await socket.recv()
    await socket.send(MSGPACK.encode({"type": "load", "id": "o1", "blob": blob}))
    assert len(msgpack.unpackb(await socket.recv())["npcs"]) == 5


async def test_forget_deletes_a_player_everywhere(serve: Serve, store: Store) -> None:
    model = Scripted.of(["Hm."])
    bridge = await serve(model, store=store)
    game, _ = await join(bridge)
    await meet(game, player="Ada")
    await game.say("A secret.", "l1")
    await saved(game, slot="quick")
    await game.send("forget", id="f1", player="Ada")
    forgotten = await game.next()
    assert {key: forgotten[key] for key in ("type", "conversations", "lines", "slots")} == {
        "type": "forgotten", "conversations": 1, "lines": 2, "slots": 1,
    }  # fmt: skip
    await game.say("Hello!", "l2")
    assert [m["content"] for m in model.requests[-1].messages if m["role"] != "system"] == ["Hello!"]
    await store.close()
    assert b"A secret." not in b"".join(path.read_bytes() for path in store.path.parent.iterdir() if path.is_file())


async def test_closing_an_npc_and_opening_it_again_goes_on_with_the_talk(serve: Serve) -> None:
    bridge = await serve()
    game, _ = await join(bridge)
    assert (await meet(game, "tilda", "tilda"))["opening"]
    await game.until("turn_ended")
    await game.send("close", npc="tilda")
    await game.until("closed")
    opened = await meet(game, "tilda", "tilda")
    assert (opened["opening"], opened["remembered"], opened["last_line"]) == (False, 1, "Welcome, traveller.")


async def test_an_opening_line_can_be_declined(serve: Serve) -> None:
    bridge = await serve()
    game, _ = await join(bridge)
    assert not (await meet(game, "tilda", "tilda", opening=False))["opening"]
    assert (await game.say("Hello!", "l1", "tilda"))[1]["cause"] == "say"


async def test_a_tape_of_saves_loads_and_lost_connections_replays(cast: Cast, tmp_path: Path) -> None:
    file = tmp_path / "tape.jsonl"
    with file.open("w", encoding="utf-8") as tape:
        model = Scripted.of(["(nod) One.", "Two.", "Three.", "Four."])
        recorder = Recorder(tape, characters=cast.characters, events_toml="", backend=model)
        async with Bridge(ServerSettings(port=0), RecordingBackend(model, recorder), cast, recorder=recorder) as bridge:
            game, _ = await join(bridge)
            await meet(game)
            await game.say("Hello!", "l1")
            blob = (await saved(game))["blob"]
            await game.say("And?", "l2")
            await game.send("load", id="o1", blob=blob)
            await game.until("loaded")
            await game.say("Again!", "l3")
            await game.drop()
            game, welcome = await join(bridge, game.session, 10_000)
            assert not welcome["resumed"]
            await meet(game)
            await game.send("forget", id="f1", npc="brom")
            await game.until("forgotten")
            await game.say("Who are you?", "l4")
    result = await replay(file)
    assert (result.turns, result.differences) == (4, [])


class Broken(Scripted):
    """Has a bug at first."""

    async def stream(self, request: ChatRequest) -> AsyncGenerator[str | Finished, None]:
        async with aclosing(super().stream(request)) as pieces:
            if len(self.requests) == 0:
                self.requests.append(request)
                raise ZeroDivisionError
            async for piece in pieces:
                yield piece


async def test_a_bug_of_the_bridge_costs_a_turn_and_no_event(serve: Serve) -> None:
    bridge = await serve(Broken(Scripted.of(["Hm."]).script))
    game, _ = await join(bridge)
    await meet(game)
    await game.send("event", id="e1", name="rain_started", npc="brom", data={"how": "hard"})
    assert (await game.say("Hello!", "l1"))[-1]["code"] == "internal"
    turn = await game.say("Hello?", "l2")
    assert "It starts to rain hard." in next(m for m in turn if m["type"] == "turn_started")["note"]
    assert spoken(turn) == "Hm."


async def test_a_game_is_told_of_a_memory_that_was_damaged(serve: Serve, tmp_path: Path) -> None:
    file = tmp_path / "memory.db"
    await asyncio.to_thread(file.write_bytes, b"SQLite format 3\0" + b"no database at all" * 500)
    store = await open_store(file)
    try:
        game, _ = await join(await serve(store=store))
        notice = await game.next()
        assert (notice["type"], notice["code"]) == ("notice", "storage_damaged")
        assert "memory.db.damaged-1" in notice["message"]
    finally:
        await store.close()


async def test_games_are_told_that_the_disk_fails(serve: Serve, store: Store) -> None:
    game, _ = await join(await serve(store=store))
    assert store.on_failing is not None
    store.on_failing("the disk is full")
    notice = await game.next()
    assert {key: notice[key] for key in ("type", "code", "message")} == {
        "type": "notice", "code": "storage_failed", "message": "the disk is full",
    }  # fmt: skip
