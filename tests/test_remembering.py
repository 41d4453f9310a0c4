"""Summaries made by a real bridge: after the reply, at the lowest priority, and never in a player's way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

from test_client import within

from npc_bridge.backends import ChatRequest, Finished, ServerMemory
from npc_bridge.backends.scripted import Scripted
from npc_bridge.client import Npc, connect
from npc_bridge.errors import BackendLost

Serve = Callable[..., Any]


class Keeper(Scripted):
    """Answers ``A1``, ``A2`` …; a summary comes when the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.replies: list[ChatRequest] = []
        self.summaries: list[ChatRequest] = []
        self.asked, self.may_go_on = asyncio.Event(), asyncio.Event()
        self.is_cancelled = False
        self.fails = False
        self.is_local = False

    @property
    def reads_ahead(self) -> bool:  # type: ignore[override]
        return self.is_local

    async def stream(self, request: ChatRequest) -> AsyncGenerator[str | Finished, None]:
        if request.priority != "summary":
            self.replies.append(request)
            yield f"A{len(self.replies)}"
            yield Finished("stop")
            return
        self.summaries.append(request)
        self.asked.set()
        try:
            await self.may_go_on.wait()
        except (asyncio.CancelledError, GeneratorExit):
            self.is_cancelled = True
            raise
        if self.fails:
            raise BackendLost("lost")
        yield f"S{len(self.summaries)}"
        yield Finished("stop")


def brom(**memory: Any) -> dict[str, Any]:
    return {"name": "Brom", "memory": {"where": "bridge", "entries": 3} | memory, "patience": {"thinking": ""}}


async def say(npc: Npc, text: str) -> None:
    await within((await within(npc.say(text))).done())


def persona(request: ChatRequest) -> str:
    return request.messages[0]["content"]


async def test_a_summary_is_made_after_the_reply_and_read_from_the_next_turn_on(serve: Serve) -> None:
    backend = Keeper()
    async with connect((await serve(backend)).url) as game:
        npc = await game.open("brom", character=brom(), player="Ada")
        await say(npc, "U1")
        await say(npc, "U2")
        await within(backend.asked.wait())
        await say(npc, "U3")  # which waits for no summary
        assert "remembers" not in persona(backend.replies[-1])
        backend.may_go_on.set()
        await settled()
        await say(npc, "U4")
    assert backend.summaries[0].priority == "summary"
    assert backend.summaries[0].messages[1]["content"] == "Since then:\nAda: U1\nBrom: A1\nAda: U2"
    assert persona(backend.replies[3]).endswith("What Brom remembers from before\nS1")
    assert [message["content"] for message in backend.replies[3].messages[1:]] == ["U3", "A3", "U4"]


async def settled() -> None:
    """Let a summary that may go on come to its end."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_a_model_on_this_machine_lets_go_of_a_summary_when_the_player_speaks_and_takes_it_up_afterwards(serve: Serve) -> None:
    backend = Keeper()
    backend.is_local = True
    async with connect((await serve(backend)).url) as game:
        npc = await game.open("brom", character=brom(), player="Ada")
        await say(npc, "U1")
        await say(npc, "U2")
        await within(backend.asked.wait())
        backend.asked.clear()
        await say(npc, "U3")
        await within(backend.asked.wait())
    assert backend.is_cancelled
    first, second = (request.messages[1]["content"] for request in backend.summaries)
    assert first == second


async def test_a_summary_that_fails_costs_the_player_nothing(serve: Serve) -> None:
    backend = Keeper()
    backend.fails = True
    backend.may_go_on.set()
    async with connect((await serve(backend)).url) as game:
        npc = await game.open("brom", character=brom(), player="Ada")
        for text in ("U1", "U2", "U3"):
            await say(npc, text)
            await settled()
    assert len(backend.summaries) == 2
    assert [message["content"] for message in backend.replies[2].messages[1:]] == ["U2", "A2", "U3"]


async def test_what_is_remembered_is_saved_and_loaded(serve: Serve) -> None:
    backend = Keeper()
    backend.may_go_on.set()
    async with connect((await serve(backend)).url) as game:
        npc = await game.open("brom", character=brom(), player="Ada")
        await say(npc, "U1")
        state = await within(game.save())
        await say(npc, "U2")
        await settled()
        later = await within(game.save())
        await within(game.load(state))
        await say(npc, "U2 again")
        assert "remembers" not in persona(backend.replies[-1])
        await within(game.load(later))
        await say(npc, "U3")
    assert persona(backend.replies[-1]).endswith("\nS1")


async def test_a_server_that_remembers_is_told_what_is_new(serve: Serve) -> None:
    backend = Keeper()
    async with connect((await serve(backend)).url) as game:
        npc = await game.open("brom", character=brom(where="server", entries=10, skip=["system"]), player="Ada")
        await say(npc, "U1")
        await npc.note("It is late.")
        await say(npc, "U2")
        again = await within(npc.regenerate())
        await within(again.done())
        await say(npc, "U3")
    memories = [request.memory for request in backend.replies]
    assert memories[0] == ServerMemory(persona(backend.replies[0]), new=1, entries=20, skip_save_types=("system",))
    assert [memory.new for memory in memories if memory is not None] == [1, 2, 2, 3]
    assert backend.summaries == []
