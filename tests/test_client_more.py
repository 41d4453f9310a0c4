"""The Python client: other replies, groups, authored lines, saved games, and connections that break."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from test_client import Dictated, first, parts_of, within

from npc_bridge.backends.scripted import Scripted
from npc_bridge.client import ConnectionLost, Game, connect
from npc_bridge.errors import BadSave, NotNow

Serve = Callable[..., Any]


@asynccontextmanager
async def at_the_forge(serve: Serve, *lines: str, **how: Any) -> AsyncIterator[tuple[Game, Any, Scripted]]:
    backend = Scripted.of(lines or ["Aye."])
    async with connect((await serve(backend)).url, **how) as game:
        yield game, await game.open("brom", player="Ada", clips=["nod", "wave"]), backend


async def test_another_reply_names_the_turn_whose_place_it_takes(serve: Serve) -> None:
    async with at_the_forge(serve, "Go away.", "Welcome.") as (_, brom, _backend):
        before = await within(brom.say("Hello."))
        await within(before.done())
        again = await within(brom.regenerate())
        await within(again.done())
    assert (again.text, again.replaces, again.cause) == ("Welcome.", before.id, "regenerate")


async def test_candidates_come_as_texts_side_by_side_and_one_is_chosen(serve: Serve) -> None:
    async with at_the_forge(serve, "Go away.", "One.", "(nod) Two.", "Well.") as (_, brom, backend):
        await within((await within(brom.say("Hello."))).done())
        offered = await within(brom.candidates(2))
        await within(offered.done())
        assert (offered.texts, offered.text, offered.n) == (("One.", "Two."), "One.", 2)
        assert [
            (part.clip, part.index)
            async for part in offered
            if part.type == "cue" and part.state != "provisional" and part.reason != "thinking"
        ] == [("nod", 1)]
        await within(offered.choose(1))
        with pytest.raises(NotNow):
            await within(offered.choose(0))
        await within((await within(brom.say("Well?"))).done())
    assert [message["content"] for message in backend.requests[-1].messages[1:]] == ["Hello.", "(nod) Two.", "Well?"]


async def test_a_group_tells_all_its_turns_in_order(serve: Serve) -> None:
    backend = Scripted.of(["Ask Tilda.", "Tilda: (wave) Me?", "Aye, you."])
    async with connect((await serve(backend)).url) as game:
        brom = await game.open("brom", player="Ada")
        await game.open("tilda", player="Ada", opening=False)
        table = await within(game.gather("table", [brom, "tilda"], max_npc_turns=2))
        turn = await within(table.say("Who pays?"))
        turns = table.turns()
        heard = [await first(turns) for _ in range(3)]
        assert heard[0] is turn
        assert [(each.npc.id, (await within(each.done())).reason and each.text, each.group) for each in heard] == [
            ("brom", "Ask Tilda.", "table"), ("tilda", "Me?", "table"), ("brom", "Aye, you.", "table"),
        ]  # fmt: skip
        await within(table.disperse())
        assert [turn async for turn in turns] == []
    assert [message["content"] for message in backend.requests[-1].messages[1:]] == [
        "Ada: Who pays?", "Brom: Ask Tilda.", "Tilda: (wave) Me?", "Brom:",
    ]  # fmt: skip


async def test_under_the_games_own_direction_a_line_to_the_group_is_only_heard(serve: Serve) -> None:
    async with at_the_forge(serve) as (game, brom, backend):
        table = await within(game.gather("table", [brom], director="game"))
        assert await within(table.say("Anyone?")) is None
        await within((await within(brom.continue_())).done())
    assert backend.requests[-1].messages[-2]["content"] == "Ada: Anyone?"


async def test_authored_lines_holds_flags_notes_and_declarations_reach_the_bridge(serve: Serve) -> None:
    async with at_the_forge(serve, "(waves) Aye.") as (game, brom, backend):
        said = await within(brom.line("(nod) The mine is shut."))
        assert said is not None
        assert await within(parts_of(said)) == [(0, "nod", "nod"), (0, "The mine is shut.")]
        assert await within(brom.line("So I see.", player="Ada")) is None
        await within(game.flags({"quest.mine": 2}))
        await within(brom.note("The mine fell in.", {"since": "spring"}))
        await brom.declare(clips=["bow"])
        await within(brom.hold())
        waiting = asyncio.create_task(brom.say("Since when?"))
        await within(brom.release())
        turn = await within(waiting)
        assert await within(parts_of(turn)) == [(0, "", "waves"), (0, "Aye.")]
    assert turn.note == "The mine fell in.\nsince: spring"
    assert [message["content"] for message in backend.requests[-1].messages[1:]] == [
        "(nod) The mine is shut.", "So I see.", "The mine fell in.\nsince: spring", "Since when?",
    ]  # fmt: skip


async def test_a_saved_state_is_gone_back_to(serve: Serve) -> None:
    async with at_the_forge(serve, "One.", "Two.", "Three.") as (game, brom, backend):
        await within((await within(brom.say("Hello."))).done())
        state = await within(game.save())
        await within((await within(brom.say("Again."))).done())
        loaded = await within(game.load(state))
        assert (loaded.timeline, game.timeline) == (1, 1)
        await within((await within(brom.say("Now."))).done())
        with pytest.raises(BadSave):
            await within(game.load(b"nonsense"))
    assert [message["content"] for message in backend.requests[-1].messages[1:]] == ["Hello.", "One.", "Now."]


async def test_a_turn_under_way_is_over_when_a_state_is_loaded(serve: Serve) -> None:
    backend = Dictated()
    async with connect((await serve(backend)).url) as game:
        brom = await game.open("brom")
        state = await within(game.save())
        backend.say("Well, ")
        turn = await within(brom.say("Hello."))
        async for _ in turn:
            break
        await within(game.load(state))
        assert (await within(turn.done())).reason == "interrupted"


async def test_what_was_forgotten_is_counted(serve: Serve) -> None:
    async with at_the_forge(serve) as (game, brom, _):
        await within((await within(brom.say("Hello."))).done())
        forgotten = await within(game.forget(npc="brom"))
    assert forgotten.conversations == 1


# ── connections that break ──


async def cut(bridge: Any) -> None:
    """Break the connection under the client."""
    for connection in list(bridge.connections):
        connection.socket.transport.abort()


async def test_without_reconnect_s_a_broken_connection_ends_everything(serve: Serve) -> None:
    bridge = await serve(Dictated())
    async with connect(bridge.url) as game:
        brom = await game.open("brom")
        waiting = asyncio.create_task(brom.say("Hello."))
        await asyncio.sleep(0)
        await cut(bridge)
        with pytest.raises(ConnectionLost):
            await within(waiting)


async def test_a_reply_goes_on_after_the_connection_was_made_again(serve: Serve) -> None:
    backend = Dictated()
    bridge = await serve(backend)
    async with connect(bridge.url, reconnect_s=10) as game:
        session = game.welcome.session
        brom = await game.open("brom")
        backend.say("Well, ")
        turn = await within(brom.say("Hello."))
        async for _ in turn:
            break
        await cut(bridge)
        backend.say("well. ", None)
        assert (await within(turn.done())).reason == "stop"
        assert turn.text == "Well, well."
        assert (game.welcome.session, game.welcome.resumed) == (session, True)


async def test_a_line_that_was_sent_into_a_broken_connection_is_answered_once(serve: Serve) -> None:
    backend = Dictated()
    bridge = await serve(backend)
    async with connect(bridge.url, reconnect_s=10) as game:
        brom = await game.open("brom")
        await cut(bridge)
        backend.say("Aye.", None)
        turn = await within(brom.say("Hello."))
        assert (await within(turn.done())).reason == "stop"
        backend.say("Well.", None)
        await within((await within(brom.say("And?"))).done())
    assert [message["content"] for message in backend.requests[-1].messages[1:]] == ["Hello.", "Aye.", "And?"]


async def test_a_bridge_that_does_not_come_back_in_time_ends_everything(serve: Serve) -> None:
    bridge = await serve(Dictated())
    async with connect(bridge.url, reconnect_s=0.2) as game:
        brom = await game.open("brom")
        waiting = asyncio.create_task(brom.say("Hello."))
        await asyncio.sleep(0)
        await bridge.__aexit__(None, None, None)
        with pytest.raises(ConnectionLost):
            await within(waiting)


async def test_a_group_and_what_it_said_come_back_with_a_saved_state(serve: Serve) -> None:
    backend = Scripted.of(["One.", "Two.", "Three."])
    async with connect((await serve(backend)).url) as game:
        brom = await game.open("brom", player="Ada")
        tilda = await game.open("tilda", player="Ada", opening=False)
        table = await within(game.gather("table", [brom, tilda], director="round_robin", max_npc_turns=0))
        await within((await asked(table.say("Hello."))).done())
        state = await within(game.save())
        await within((await asked(table.say("Again."))).done())
        await within(game.load(state))
        turn = await asked(table.say("Now."))
        await within(turn.done())
    assert (turn.npc.id, turn.group) == ("tilda", "table"), "who spoke last is part of the state"
    assert [message["content"] for message in backend.requests[-1].messages[1:]] == ["Ada: Hello.", "Brom: One.", "Ada: Now.", "Tilda:"]


async def asked(turn: Any) -> Any:
    found = await within(turn)
    assert found is not None
    return found


async def test_npcs_and_groups_are_open_again_at_a_bridge_that_was_started_anew(serve: Serve) -> None:
    backend = Dictated()
    bridge = await serve(backend)
    async with connect(bridge.url, reconnect_s=10) as game:
        session, port = game.welcome.session, bridge.port
        brom = await game.open("brom", player="Ada")
        table = await within(game.gather("table", [brom], max_npc_turns=0))
        backend.say("Well, ")
        lost = await within(brom.say("Hello."))
        async for _ in lost:
            break
        await bridge.__aexit__(None, None, None)
        backend.say("Aye.", None)
        await serve(backend, port=port)
        turn = await within(table.say("Still there?"))
        assert turn is not None
        assert (await within(turn.done())).reason == "stop"
        assert (turn.npc, turn.group, turn.text) == (brom, "table", "Aye.")
        with pytest.raises(ConnectionLost, match="away for too long"):
            await within(lost.done())
        assert game.welcome.session != session
