"""Money at the wire: what a game hears of it, and that neither a restart nor a clock gives any back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from npc_bridge.backends import Backend, ChatRequest, Finished
from npc_bridge.backends.row import Row
from npc_bridge.backends.scripted import Scripted
from npc_bridge.cast import Cast
from npc_bridge.config import ServerSettings
from npc_bridge.core.budget import BudgetSettings
from npc_bridge.memory.store import open_store
from npc_bridge.server import Bridge
from npc_bridge.spending import ACCOUNTS_ID


class Dear(Scripted):
    """A model that takes 10 tokens and a tenth of a dollar for each reply."""

    @property
    def name(self) -> str:
        return "dear"

    async def stream(self, request: ChatRequest) -> AsyncGenerator[str | Finished, None]:
        self.requests.append(request)
        yield "Dear words."
        yield Finished("stop", 8, 0, 2, cost_usd=0.1)


class Game:
    """A game that talks with Brom."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._ids = 0

    async def send(self, kind: str, **fields: Any) -> None:
        self._ids += 1
        await self.socket.send(json.dumps({"type": kind, "id": f"a{self._ids}"} | fields))

    async def until(self, kind: str) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = []
        async with asyncio.timeout(10):
            while not messages or messages[-1]["type"] != kind:
                messages.append(json.loads(await self.socket.recv()))
        return messages

    async def say(self) -> tuple[str, dict[str, Any]]:
        """What Brom answers, and the turn's end."""
        await self.send("say", npc="brom", text="Hello.")
        messages = await self.until("turn_ended")
        return "".join(each.get("text", "") for each in messages), messages[-1]

    async def stats(self) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """The notices that came since the last turn, and how it is going."""
        await self.send("ask_stats")
        messages = await self.until("stats")
        return [each for each in messages if each["type"] == "notice"], messages[-1]


@asynccontextmanager
async def game_of(cast: Cast, backend: Backend, *budgets: BudgetSettings, **how: Any) -> AsyncIterator[Game]:
    async with (
        Bridge(ServerSettings(port=0), backend, cast, budgets=budgets, **how) as bridge,
        connect(bridge.url, compression=None) as socket,
    ):
        game = Game(socket)
        await socket.send(json.dumps({"type": "hello", "protocol": 1}))
        await game.send("open", npc="brom", character="brom", player={"name": "Ada", "id": "p1"})
        await game.until("opened")
        yield game


async def test_turns_have_a_meter(cast: Cast) -> None:
    async with game_of(cast, Dear()) as game:
        ends = [(await game.say())[1] for _ in range(2)]
        assert [(end["cost_usd"], end["spent_usd"]) for end in ends] == [(0.1, 0.1), (0.1, 0.2)]
        notices, stats = await game.stats()
        assert notices == []
        assert stats["session"]["turns"] == 2
        assert stats["session"]["cost_usd"] == 0.2
        assert [row["player"] for row in stats["players"]] == ["p1"]
        assert stats["budgets"] == []


async def test_a_spent_budget_leads_to_the_smaller_model_and_then_to_authored_lines_and_is_told_once(cast: Cast) -> None:
    dear, small = Dear(), Dear.of(["Small words."])
    budget = BudgetSettings(scope="player", usd=0.25, overdraft=0.5)
    async with game_of(cast, Row([dear, small]), budget) as game:
        heard, codes = [], []
        for _ in range(6):
            text, end = await game.say()
            heard.append((text, end["reason"], end.get("code", "")))
            notices, stats = await game.stats()
            codes.append([each["code"] for each in notices])
        assert [reason for _, reason, _ in heard] == ["stop", "stop", "stop", "stop", "fallback", "fallback"]
        assert all(text for text, _, _ in heard)
        assert heard[-1][2] == "budget_spent"
        assert codes == [[], ["budget_low"], ["budget_spent"], [], [], []]
        assert (len(dear.requests), len(small.requests)) == (3, 1)
        [account] = stats["budgets"]
        assert account == {"scope": "player", "name": "p1", "per": "day", "limit_usd": 0.25, "spent_usd": 0.4}


async def test_with_one_backend_only_authored_lines_are_left(cast: Cast) -> None:
    async with game_of(cast, Dear(), BudgetSettings(tokens=10)) as game:
        assert (await game.say())[1]["reason"] == "stop"
        assert (await game.say())[1]["code"] == "budget_spent"


async def test_what_was_spent_survives_a_restart_and_a_clock_that_is_set_back(cast: Cast, tmp_path: Path) -> None:
    budget = BudgetSettings(per="hour", tokens=10)
    for hour, expected in ((100, "stop"), (100, "fallback"), (98, "fallback"), (99, "stop")):
        store = await open_store(tmp_path / "memory.db")
        async with game_of(cast, Dear(), budget, store=store, wall=partial(float, 3600 * hour)) as game:
            assert (await game.say())[1]["reason"] == expected
        await store.close()


async def test_the_accounts_are_no_session_that_a_game_could_go_on_with(cast: Cast, tmp_path: Path) -> None:
    store = await open_store(tmp_path / "memory.db")
    async with game_of(cast, Dear(), BudgetSettings(tokens=10), store=store) as game:
        await game.say()
        async with connect(f"ws://127.0.0.1:{game.socket.remote_address[1]}", compression=None) as thief:
            await thief.send(json.dumps({"type": "hello", "protocol": 1, "session": ACCOUNTS_ID}))
            welcome = json.loads(await thief.recv())
            assert welcome["session"] != ACCOUNTS_ID
    await store.close()
