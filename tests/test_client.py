"""The Python client against the real bridge, over a real socket."""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
import runpy
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_socket

from npc_bridge.backends import ChatRequest, Finished
from npc_bridge.backends.scripted import Scripted
from npc_bridge.client import Candidates, Clip, ConnectionLost, Cue, Exit, Game, Group, Npc, Part, Player, Text, Turn, connect
from npc_bridge.client.feed import MAX_WAITING_TURNS
from npc_bridge.client.protocol import Protocol
from npc_bridge.core.codec import JSON, MSGPACK
from npc_bridge.core.messages import Opened, TurnEnded, TurnStarted
from npc_bridge.errors import BadMessage, Refused, UnknownCharacter, UnknownNpc, WireError

Serve = Callable[..., Any]
CodecName = Literal["msgpack", "json"]
by_codec = pytest.mark.parametrize("codec", ["msgpack", "json"])


class Dictated(Scripted):
    """A model that says what the test dictates, when the test dictates it; None ends the reply."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: asyncio.Queue[str | None] = asyncio.Queue()

    def say(self, *pieces: str | None) -> None:
        for piece in pieces:
            self.pieces.put_nowait(piece)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[str | Finished, None]:
        self.requests.append(request)
        while (piece := await self.pieces.get()) is not None:
            yield piece
        yield Finished("stop")


async def within(awaitable: Any) -> Any:
    async with asyncio.timeout(10):
        return await awaitable


async def parts_of(turn: Turn) -> list[tuple[Any, ...]]:
    """Each part as ``(at, text)`` or ``(at, clip, action)``, pieces of text joined."""
    joined: list[tuple[Any, ...]] = []
    async for part in turn:
        match part:
            case Cue(reason="thinking"):
                pass
            case Cue():
                joined.append((part.at, part.clip, part.action))
            case Text() if joined and len(joined[-1]) == 2:
                joined[-1] = (joined[-1][0], joined[-1][1] + part.text)
            case Text():
                joined.append((part.at, part.text))
    return joined


async def first(turns: AsyncGenerator[Any, None]) -> Any:
    return await within(anext(turns))


# ── talking ──


@by_codec
async def test_a_line_is_answered_by_text_and_cues_at_their_places(serve: Serve, codec: CodecName) -> None:
    bridge = await serve(Scripted.of(["(waves) 你好👋🏽！(nods) Sit down."]))
    async with connect(bridge.url, codec=codec) as game:
        brom = await game.open("brom", player="Ada", clips=["wave", Clip(name="nod", description="nods")])
        turn = await within(brom.say("Hello!"))
        assert await within(parts_of(turn)) == [(0, "wave", "waves"), (0, "你好👋🏽！"), (5, "nod", "nods"), (5, " Sit down.")]
        ended = await turn.done()
    assert (turn.cause, turn.text, ended.reason, ended.chars) == ("say", "你好👋🏽！ Sit down.", "stop", 15)
    assert len(turn.text) == ended.chars


async def test_the_welcome_says_what_the_game_is_talking_to(serve: Serve) -> None:
    bridge = await serve(Scripted.of(["Hm."]), max_message_bytes=5_000)
    async with connect(bridge.url) as game:
        welcome = game.welcome
    assert (welcome.protocol, welcome.backend, welcome.model, welcome.max_message_bytes) == (1, "scripted", "script", 5_000)


async def test_all_that_open_can_say_arrives(serve: Serve) -> None:
    backend = Scripted.of(["Hm."])
    bridge = await serve(backend)
    async with connect(bridge.url) as game:
        cat = await game.open(
            "cat",
            character={"name": "Mog", "identity": {"personality": "proud"}},
            player=Player(name="Ada", description="a young traveller"),
            clips=["purr"],
            language="de",
            group="tavern",
        )
        assert (cat.id, cat.name, cat.language, game.npcs) == ("cat", "Mog", "de", {"cat": cat})
        await (await within(cat.say("Hello!"))).done()
    system = backend.requests[0].messages[0]["content"]
    assert all(word in system for word in ("Mog", "proud", "Ada", "a young traveller"))


async def test_the_opening_line_is_the_first_of_the_turns_nobody_asked_for(serve: Serve) -> None:
    bridge = await serve()
    async with connect(bridge.url) as game:
        tilda = await game.open("tilda", clips=["wave"])
        turn = await first(tilda.turns())
        assert await within(parts_of(turn)) == [(0, "wave", "wave"), (0, "Welcome, traveller.")]
        assert turn.cause == "opening"


async def test_an_event_is_in_the_note_of_the_next_turn_only(serve: Serve) -> None:
    bridge = await serve()
    async with connect(bridge.url) as game:
        brom = await game.open("brom")
        await within(game.tell("rain_started", {"how": "hard"}))
        turns = [await within(brom.say("Hello!")), await within(brom.say("And now?"))]
        await within(turns[1].done())
    assert ["It starts to rain hard." in turn.note for turn in turns] == [True, False]


async def test_a_reaction_is_a_turn_nobody_asked_for(serve: Serve) -> None:
    bridge = await serve(Scripted.of(["Put that away!"]))
    async with connect(bridge.url) as game:
        brom = await game.open("brom")
        await within(game.tell("sword_drawn", {"who": "Ada"}, npc="brom"))
        turn = await first(brom.turns())
        await within(turn.done())
    assert (turn.cause, turn.text) == ("event", "Put that away!")


async def test_an_event_told_to_a_group_reaches_its_npcs_alone(serve: Serve) -> None:
    bridge = await serve()
    async with connect(bridge.url) as game:
        inside, outside = await game.open("brom", group="tavern"), await game.open("guard", character="brom")
        await within(game.tell("rain_started", {"how": "hard"}, group="tavern", priority=9, ttl_s=60, ttl_turns=1))
        notes = [(await within(npc.say("Hello!"))).note for npc in (inside, outside)]
    assert ["rain" in note for note in notes] == [True, False]


async def test_unconfirmed_events_keep_their_order_with_lines(serve: Serve) -> None:
    bridge = await serve()
    async with connect(bridge.url) as game:
        brom = await game.open("brom")
        for x in range(100):
            await game.tell("player_at", {"x": x}, key="player_at", confirm=False)
        turn = await within(brom.say("Hello!"))
        await within(turn.done())
    assert "99" in turn.note
    assert "98" not in turn.note


async def test_lines_said_while_the_npc_speaks_are_answered_by_one_turn(serve: Serve) -> None:
    backend = Dictated()
    bridge = await serve(backend)
    async with connect(bridge.url) as game:
        brom = await game.open("brom")
        speaking = await within(brom.say("Hello!"))
        waiting = [asyncio.create_task(brom.say(text)) for text in ("Can you hear me?", "Brom?")]
        backend.say("Yes, ")
        assert (await within(anext(aiter(speaking)))).text == "Yes,"
        await within(game.tell("rain_started", {"how": "hard"}))  # answered after the lines: they have arrived
        backend.say("yes.", None, "I can.", None)
        one, other = [await within(task) for task in waiting]
        assert one is other
        assert (await within(one.done())).reason == "stop"
    assert (speaking.text, one.text, len(one.answers)) == ("Yes, yes.", "I can.", 2)


async def test_everyone_who_reads_a_turn_sees_all_of_it(serve: Serve) -> None:
    backend = Dictated()
    bridge = await serve(backend)
    async with connect(bridge.url) as game:
        brom = await game.open("brom")
        turn = await within(brom.say("Hello!"))
        early = [asyncio.create_task(parts_of(turn)) for _ in range(3)]
        for piece in ("One ", "two ", "(nods) ", "three.", None):
            backend.say(piece)
            await asyncio.sleep(0)
        found = [await within(task) for task in early] + [await parts_of(turn)]
    assert found == [[(0, "One two"), (7, "nod", "nods"), (7, " three.")]] * 4


async def test_interrupt_ends_the_turn_where_the_player_was(serve: Serve) -> None:
    backend = Dictated()
    bridge = await serve(backend)
    async with connect(bridge.url) as game:
        brom = await game.open("brom")
        turn = await within(brom.say("Hello!"))
        backend.say("It was a dark and stormy night, ")
        await within(anext(aiter(turn)))
        await turn.interrupt(at=13)
        assert (await within(turn.done())).reason == "interrupted"
        backend.say("Fine.", None)
        await within((await within(brom.say("Enough."))).done())
    said = [message["content"] for message in backend.requests[-1].messages if message["role"] == "assistant"]
    assert said[-1].startswith("It was a dark")
    assert "stormy" not in said[-1]


async def test_what_was_seen_counts_when_the_interruption_does_not_say(serve: Serve) -> None:
    backend = Dictated()
    bridge = await serve(backend)
    async with connect(bridge.url) as game:
        brom = await game.open("brom")
        turn = await within(brom.say("Hello!"))
        backend.say("It was a dark and stormy night, ")
        await within(anext(aiter(turn)))
        await turn.seen(13)
        await brom.interrupt()
        await within(turn.done())
        backend.say("Fine.", None)
        await within((await within(brom.say("Enough."))).done())
    assert "stormy" not in str(backend.requests[-1].messages)


async def test_continue_lets_the_npc_go_on(serve: Serve) -> None:
    bridge = await serve(Scripted.of(["First.", "Second."]))
    async with connect(bridge.url) as game:
        brom = await game.open("brom")
        await within((await within(brom.say("Hello!"))).done())
        turn = await within(brom.continue_())
        await within(turn.done())
    assert (turn.cause, turn.text) == ("continue", "Second.")


async def test_a_failed_turn_is_an_answer_and_not_an_exception(serve: Serve) -> None:
    bridge = await serve(Scripted.of(["Hello there."], fault="lost", fault_after_chunks=1))
    async with connect(bridge.url) as game:
        brom = await game.open("brom")
        turn = await within(brom.say("Hello!"))
        ended = await within(turn.done())
    assert (turn.text, ended.reason, ended.code, ended.retry) == ("Hell…", "failed", "backend_lost", True)


async def test_a_model_that_is_down_is_covered_by_an_authored_line(serve: Serve) -> None:
    bridge = await serve(Scripted.of(["Hello there."], fault="unreachable"))
    async with connect(bridge.url) as game:
        brom = await game.open("brom")
        turn = await within(brom.say("Hello!"))
        ended = await within(turn.done())
    assert (turn.text.strip(), ended.reason, ended.code) == ("Hm.", "fallback", "backend_unreachable")


# ── leaving ──


async def test_closing_ends_the_turns_of_an_npc(serve: Serve) -> None:
    bridge = await serve()
    async with connect(bridge.url) as game:
        brom = await game.open("brom")
        await within(brom.close())
        assert [turn async for turn in brom.turns()] == []
        assert game.npcs == {}
        with pytest.raises(UnknownNpc):
            await within(brom.say("Hello?"))
        assert (await within(game.open("brom"))).name == "Brom"


async def test_closing_interrupts_and_lets_go_whoever_waits(serve: Serve) -> None:
    backend = Dictated()
    bridge = await serve(backend)
    async with connect(bridge.url) as game:
        brom = await game.open("brom")
        turn = await within(brom.say("Hello!"))
        waiting = asyncio.create_task(brom.say("Brom?"))
        await within(game.tell("rain_started"))  # by its answer, the line has arrived
        await within(brom.close())
        assert (await within(turn.done())).reason == "interrupted"
        with pytest.raises(UnknownNpc, match="the conversation with 'brom' was closed"):
            await within(waiting)


async def test_a_call_that_was_cancelled_leaves_its_turn_to_the_others(serve: Serve) -> None:
    backend = Dictated()
    bridge = await serve(backend)
    async with connect(bridge.url) as game:
        brom = await game.open("brom")
        speaking = await within(brom.say("Hello!"))
        waiting = asyncio.create_task(brom.say("Brom?"))
        await within(game.tell("rain_started"))
        waiting.cancel()
        backend.say("Yes.", None, "Yes?", None)
        turn = await first(brom.turns())
        await within(turn.done())
    assert (speaking.text, turn.text, turn.cause) == ("Yes.", "Yes?", "say")


# ── errors ──


async def test_errors_are_exceptions_of_their_code(serve: Serve) -> None:
    bridge = await serve()
    async with connect(bridge.url) as game:
        brom = await game.open("brom")
        with pytest.raises(UnknownCharacter):
            await within(game.open("nobody"))
        with pytest.raises(BadMessage, match="open already"):
            await within(game.open("brom"))
        with pytest.raises(BadMessage, match="the limit is 8000"):
            await within(brom.say("x" * 8_001))
        with pytest.raises(BadMessage, match="is empty"):
            await within(brom.say(" "))
        with pytest.raises(UnknownNpc):
            await within(game.tell("rain_started", npc="nobody"))
        with pytest.raises(BadMessage, match="must be 9 or less"):
            await within(game.tell("rain_started", priority=11))
        assert (await within((await within(brom.say("Hello!"))).done())).reason == "stop"


async def test_an_error_that_no_call_waits_for_goes_to_on_error(serve: Serve) -> None:
    bridge = await serve()
    errors: asyncio.Queue[WireError] = asyncio.Queue()
    async with connect(bridge.url, on_error=errors.put_nowait) as game:
        await game.tell("rain_started", npc="nobody", confirm=False)
        error = await within(errors.get())
    assert (type(error), error.code, error.re) == (UnknownNpc, "unknown_npc", "event")


async def test_an_error_that_no_call_waits_for_is_logged_otherwise(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    bridge = await serve()
    with caplog.at_level(logging.WARNING, "npc_bridge.client"):
        async with connect(bridge.url) as game:
            await game.tell("rain_started", npc="nobody", confirm=False)
            await within(game.tell("rain_started"))
    assert [record.getMessage() for record in caplog.records] == [
        "the bridge answered unknown_npc to 'event': no conversation with 'nobody' is open; send 'open' first"
    ]


async def test_a_wrong_token_is_refused(serve: Serve) -> None:
    bridge = await serve(token="right")
    with pytest.raises(Refused, match="the token is missing or wrong") as caught:
        async with connect(bridge.url, token="wrong"):
            pass
    assert caught.value.close_code == 4001
    async with connect(bridge.url, token="right") as game:
        assert game.welcome.seq == 1


async def test_a_full_bridge_refuses(serve: Serve) -> None:
    bridge = await serve(max_connections=1)
    async with connect(bridge.url):
        with pytest.raises(Refused) as caught:
            async with connect(bridge.url):
                pass
    assert caught.value.close_code == 4004


async def test_no_bridge_is_said_so(unused_port: int) -> None:
    with pytest.raises(ConnectionLost, match=r"no bridge answers at ws://127.0.0.1:\d+; is 'npc-bridge serve' running\?"):
        async with connect(f"ws://127.0.0.1:{unused_port}"):
            pass
    with pytest.raises(ConnectionLost, match="is not the address of a bridge"):
        async with connect("127.0.0.1:8765"):
            pass


@pytest.fixture
async def unused_port() -> int:
    async with serve_socket(hang_up, "127.0.0.1", 0) as server:
        return int(server.sockets[0].getsockname()[1])


async def hang_up(socket: ServerConnection) -> None:
    await socket.close()


async def test_something_else_that_listens_is_not_taken_for_a_bridge() -> None:
    async with serve_socket(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ConnectionLost, match=r"does not speak npc-bridge\.v1\.msgpack"):
            async with connect(f"ws://127.0.0.1:{port}"):
                pass


# ── the end of the connection ──


async def test_when_the_bridge_stops_everyone_who_waits_learns_it(serve: Serve) -> None:
    backend = Dictated()
    bridge = await serve(backend)
    async with connect(bridge.url) as game:
        brom = await game.open("brom")
        turn = await within(brom.say("Hello!"))
        waits = [parts_of(turn), turn.done(), brom.say("Brom?"), anext(brom.turns())]
        tasks = [asyncio.create_task(wait) for wait in waits]  # type: ignore[arg-type]
        await within(game.tell("rain_started"))
        await bridge.__aexit__(None, None, None)
        lost = await within(asyncio.gather(*tasks, return_exceptions=True))
        assert [(type(error), error.close_code) for error in lost] == [(ConnectionLost, 4008)] * 4
        with pytest.raises(ConnectionLost, match="the bridge is stopping"):
            await brom.say("Hello?")


async def test_after_the_block_nothing_can_be_said(serve: Serve) -> None:
    bridge = await serve()
    async with connect(bridge.url) as game:
        brom = await game.open("brom")
    with pytest.raises(ConnectionLost, match="closed by this game"):
        await brom.say("Hello?")


async def test_an_exception_in_the_block_comes_out_as_it_is(serve: Serve) -> None:
    bridge = await serve()
    with pytest.raises(ZeroDivisionError):
        async with connect(bridge.url):
            raise ZeroDivisionError


async def test_the_client_leaves_no_task_behind(serve: Serve) -> None:
    bridge = await serve()
    async with connect(bridge.url) as game:
        await game.open("brom")
    names = {task.get_coro().__qualname__ for task in asyncio.all_tasks()}  # type: ignore[union-attr]
    assert "Game.read" not in names


# ── the protocol without a socket ──


def closed(seq: int, **fields: Any) -> bytes:
    return MSGPACK.encode({"type": "closed", "npc": "brom", "seq": seq} | fields)


def test_a_gap_in_the_sequence_is_noticed() -> None:
    protocol = Protocol(MSGPACK, "x")
    assert [protocol.read(closed(seq)) is not None for seq in (1, 2)] == [True, True]
    with pytest.raises(ConnectionLost, match="2 messages are missing before number 5"):
        protocol.read(closed(5))


def test_what_was_seen_before_is_left_out() -> None:
    protocol = Protocol(MSGPACK, "x")
    assert [protocol.read(closed(seq)) is not None for seq in (1, 2, 1, 2, 3)] == [True, True, False, False, True]


def test_messages_of_a_later_bridge_are_passed_over_and_counted() -> None:
    protocol = Protocol(MSGPACK, "x")
    seen = [protocol.read(frame) is not None for frame in (closed(1), closed(2, type="sang"), closed(3, npc=7), closed(4))]
    assert seen == [True, False, False, True]


def test_ids_are_unlike_those_of_any_other_run() -> None:
    one, other = Protocol(JSON, "a"), Protocol(JSON, "b")
    assert len({one.new_id(), one.new_id(), other.new_id(), other.new_id()}) == 4


def test_fields_that_are_not_given_are_not_sent() -> None:
    written = Protocol(JSON, "x").write("interrupt", npc="brom", turn="", at=None)
    assert written == b'{"type":"interrupt","npc":"brom"}'
    assert Protocol(JSON, "x").write("interrupt", npc="brom", at=0) == b'{"type":"interrupt","npc":"brom","at":0}'


async def test_of_turns_that_nobody_reads_the_oldest_are_dropped(caplog: pytest.LogCaptureFixture) -> None:
    opened = Opened(type="opened", npc="brom", character="brom", name="Brom", language="en", opening=False)
    brom = Npc(None, opened)  # type: ignore[arg-type]
    for number in range(MAX_WAITING_TURNS + 2):
        brom.begin_unasked(Turn(brom, TurnStarted(type="turn_started", npc="brom", turn=f"t{number}", cause="event")))
    brom.end(None)
    assert [turn.id async for turn in brom.turns()] == [f"t{number}" for number in range(2, MAX_WAITING_TURNS + 2)]
    assert len(caplog.records) == 2


def test_the_parts_of_a_turn_are_exported() -> None:
    assert Part == Text | Cue | Exit
    assert TurnEnded.model_fields.keys() >= {"reason", "code", "message", "retry", "cached_tokens", "first_text_ms"}


# ── what the docs promise ──

ROOT = Path(__file__).parents[1]
DOC = (ROOT / "docs" / "python-client.md").read_text(encoding="utf-8")


FOR_EACH_OTHER = {
    "use", "send", "ask", "ask_for_turn", "leave", "leave_group", "read", "begin", "begin_unasked", "end", "take", "lose",
}  # fmt: skip
"""Methods by which the classes of the client call each other; a game needs none of them."""


@pytest.mark.parametrize("kind", [Game, Npc, Turn, Candidates, Group])
def test_every_public_member_is_in_the_docs(kind: type) -> None:
    attributes = re.findall(r"^        self\.([a-z]\w*)\b", inspect.getsource(kind), re.MULTILINE)
    public = {member for member in [*vars(kind), *attributes] if not member.startswith("_")} - FOR_EACH_OTHER
    assert {member for member in public if f"{kind.__name__.lower()}.{member}" not in DOC} == set()


@pytest.mark.parametrize("call", [connect, Game.open, Game.tell, Game.note, Game.gather, Npc.line, Npc.declare])
def test_every_argument_is_in_the_docs(call: Callable[..., Any]) -> None:
    arguments = set(inspect.signature(call).parameters) - {"self"}
    assert {argument for argument in arguments if not re.search(rf"[`(\s]{argument}[`=,]", DOC)} == set()


async def test_the_example_of_the_docs_runs(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    bridge = await serve(Scripted.of(["(laughs) For you, always."]))
    source = re.findall(r"```python\n(.*?)```", DOC, re.DOTALL)[0].replace("ws://127.0.0.1:8765", bridge.url)
    names: dict[str, Any] = {}
    exec(compile(source.replace("asyncio.run(main())", ""), "python-client.md", "exec"), names)
    await within(names["main"]())
    printed = capsys.readouterr().out
    assert printed.startswith("[plays laugh at 0]For you, always.\nstop, first text after ")


async def test_the_sample_talks(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    bridge = await serve(Scripted.of(["(nods) I see.", "(grins widely) Just the rain."]))
    sample = runpy.run_path(str(ROOT / "samples" / "python_client" / "talk.py"))
    await within(sample["main"](["Good evening.", "What is that noise?"], bridge.url))
    assert capsys.readouterr().out.splitlines() == [
        "",
        "> Good evening.",
        "Brom: [plays nod]I see.",
        "",
        "> What is that noise?",
        "Brom: [grins widely]Just the rain.",
    ]
