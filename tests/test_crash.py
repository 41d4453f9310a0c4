"""kill -9 at any moment: nothing that was accepted is lost, nothing is said twice, and the restart is quick."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import psutil
import pytest
from websockets.asyncio.client import connect

from benchmarks.crash import Bridges, Lane, bridge_arguments, kill_often
from npc_bridge.core.changes import AddLine, PutConversation, UseIds
from npc_bridge.memory.store import open_store

KILLS = 200


@pytest.mark.timeout(300)
async def test_killed_200_times_at_random_moments_nothing_is_lost_and_nothing_repeated(tmp_path: Path) -> None:
    seed = time.time_ns() % 1_000_000
    lanes = await kill_often(KILLS, lanes=4, seed=seed, folder=tmp_path)
    assert [problem for lane in lanes for problem in lane.problems] == [], f"seed {seed}"
    assert sum(lane.kills for lane in lanes) == KILLS
    assert all(something_happened(lane) for lane in lanes)


def something_happened(lane: Lane) -> bool:
    """So that the test cannot pass because nothing was said."""
    return lane.counts["turns"] > lane.kills and lane.accepted > 0 and lane.lines_on_disk > 0 and lane.counts["saves"] > 0


async def fill(path: Path, conversations: int, lines: int) -> None:
    store = await open_store(path, sync="normal")
    for number in range(conversations):
        npc = f"npc{number}"
        state = {"npc": npc, "character": "brom", "player": {"name": "Ann"}, "language": "en", "group": "", "first": 10}
        said = [
            AddLine(npc, n, ("user", "assistant")[n % 2], f"Line {n} of {npc}, neither long nor short.", "", False) for n in range(lines)
        ]
        store.write("s", [PutConversation(npc, "Ann", state), *said, UseIds(tuple(f"{npc}-{n}" for n in range(20)))])
    await store.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the time of an interpreter's start and imports is left out by forking")
async def test_after_a_kill_a_bridge_with_1000_conversations_on_disk_serves_within_a_second(tmp_path: Path) -> None:
    await fill(tmp_path / "game.db", conversations=1_000, lines=30)
    arguments = bridge_arguments(tmp_path)
    async with Bridges() as bridges:
        for _ in range(2):
            bridge = await bridges.start(arguments)
            try:
                async with connect(f"ws://127.0.0.1:{await bridge.port}", max_size=None) as socket:
                    await socket.send(json.dumps({"type": "hello", "protocol": 1, "token": "crash", "session": "s"}))
                    welcome = json.loads(await socket.recv())
                    await socket.send(json.dumps({"type": "open", "npc": "npc7", "character": "brom", "player": "Ann"}))
                    opened = json.loads(await socket.recv())
                    # Of its own, because the machine may be busy with other tests.
                    times = psutil.Process(bridge.pid).cpu_times()
            finally:
                await bridge.kill()
            assert (len(welcome["npcs"]), opened["remembered"]) == (1_000, 30)
            assert times.user + times.system < 1
