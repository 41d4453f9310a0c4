"""Tapes of what happens by itself: the pauses of a group, drawn speakers, silences, and summaries that nobody waits for."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from test_client import within

from npc_bridge.backends.scripted import Scripted
from npc_bridge.client import Game, connect
from npc_bridge.config import ServerSettings
from npc_bridge.server import Bridge
from npc_bridge.tape import Recorder, RecordingBackend, replay


def test_a_tape_replays_what_happened_by_itself(tmp_path: Path, cast: Any) -> None:
    file = tmp_path / "tape.jsonl"

    async def play(game: Game) -> None:
        quiet = {"patience": {"thinking": ""}}
        brom = await game.open("brom", character={"name": "Brom", "memory": {"where": "bridge", "entries": 3}} | quiet, silence_s=0.02)
        lin = await game.open("lin", character={"name": "Lin"} | quiet)
        await within((await within(brom.say("Hello."))).done())
        prompted = await within(anext(brom.turns()))
        await within(prompted.done())
        table = await within(game.gather("table", [brom, lin], director="weighted", max_npc_turns=3, pause_s=0.02))
        await within(table.say("And you two?"))
        turns = table.turns()
        for _ in range(4):
            await within((await within(anext(turns))).done())

    async def record() -> None:
        backend = Scripted.of([f"Line {number} of many." for number in range(40)])
        with file.open("w", encoding="utf-8") as tape:
            recorder = Recorder(tape, characters=cast.characters, events_toml="", backend=backend)
            async with (
                Bridge(ServerSettings(port=0), RecordingBackend(backend, recorder), cast, recorder=recorder) as bridge,
                connect(bridge.url) as game,
            ):
                await play(game)

    asyncio.run(record())
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [line["woke"].partition(":")[0] for line in lines if "woke" in line] == ["silence", "group", "group", "group"]
    result = asyncio.run(replay(file))
    assert (result.turns, result.differences) == (6, [])


def test_a_tape_replays_the_ladder(tmp_path: Path, cast: Any) -> None:
    file = tmp_path / "tape.jsonl"
    slow = {"name": "Brom", "patience": {"filler_after_ms": 60, "fillers": ["Hm…", "Well…"], "deadline_ms": 200}}

    async def record() -> None:
        # The first reply comes after a filler, the second steps out of its role, the third never comes.
        backend = Scripted.of(["Aye, it fell in.", "As an AI language model, I cannot.", "No."], first_delay_s=0.12, chunk_chars=6)
        with file.open("w", encoding="utf-8") as tape:
            recorder = Recorder(tape, characters=cast.characters, events_toml="", backend=backend)
            async with (
                Bridge(ServerSettings(port=0), RecordingBackend(backend, recorder), cast, recorder=recorder) as bridge,
                connect(bridge.url) as game,
            ):
                brom = await game.open("brom", character=slow)
                for _ in range(2):
                    await within((await within(brom.say("Well?"))).done())
                backend.script = backend.script.model_copy(update={"fault": "stall", "fault_after_chunks": 0})
                await within((await within(brom.say("Well?"))).done())

    asyncio.run(record())
    tape = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert sum("filled" in line for line in tape) == 3
    result = asyncio.run(replay(file))
    assert (result.turns, result.differences) == (3, [])
