"""What the Godot addon costs the game's main thread, in a real engine.

    python -m benchmarks.godot_frame [--npcs 50] [--per-s 40] [--seconds 8]

A stand-in bridge sends text to many NPCs at once; the game has an NpcCharacter and an NpcSpeechLabel for each and runs at 60 frames a
second. Reported is the time that the addon takes of a frame: reading from the socket, decoding, signals, typewriters. "Undisturbed" is the
quietest tenth of those frames in which about the average number of messages came, because the machine that runs this is rarely idle.
Beside it: the CPU time of the whole game, drawing of the labels included, less that of the same game while nobody talks. The codecs are
measured by themselves before. See docs/godot.md for what came out.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import psutil
from websockets.asyncio.server import ServerConnection, serve

from npc_bridge.core.codec import JSON, MSGPACK, Json, Msgpack

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests/godot"))
from engine import godot_command  # noqa: E402

PIECES = ("Easy", " with", " that", ", lad", "! ", "Sit", " down", ". ")
TURN_PIECES = 120
CODECS: dict[str, tuple[int, Json | Msgpack]] = {"json": (0, JSON), "msgpack": (1, MSGPACK)}


class StandIn:
    """Speaks the protocol as the bridge does, and lets every NPC that is opened talk without end."""

    def __init__(self, codec: Json | Msgpack, npcs: int, per_s: int) -> None:
        self._codec, self._npcs, self._per_s = codec, npcs, per_s
        self._seq = 0

    async def talk(self, socket: ServerConnection) -> None:
        with contextlib.suppress(Exception):
            await self._greet(socket)
            await self._flood(socket)

    async def _greet(self, socket: ServerConnection) -> None:
        await socket.recv()
        about = {"protocol": 1, "session": "s", "resumed": False, "server": "stand-in", "backend": "none", "model": "none"}
        await self._send(socket, {"type": "welcome", **about, "max_message_bytes": 65536})
        for number in range(self._npcs):
            await socket.recv()
            about = {"character": "brom", "name": "Brom", "language": "en", "opening": False}
            await self._send(socket, {"type": "opened", "npc": f"npc_{number}", **about})

    async def _flood(self, socket: ServerConnection) -> None:
        if not self._per_s:
            await socket.wait_closed()
        # Each NPC at its own moment, as in a game.
        async with asyncio.TaskGroup() as tasks:
            for number in range(self._npcs):
                tasks.create_task(self._speak(socket, f"npc_{number}", number / self._npcs / self._per_s))

    async def _speak(self, socket: ServerConnection, npc: str, offset_s: float) -> None:
        clock = asyncio.get_running_loop().time
        due = clock() + offset_s
        turns = 0
        while True:
            turns += 1
            turn, at = f"{npc}-{turns}", 0
            await self._send(socket, {"type": "turn_started", "npc": npc, "turn": turn, "cause": "say", "answers": [], "note": ""})
            for count in range(TURN_PIECES):
                piece = PIECES[count % len(PIECES)]
                await self._send(socket, {"type": "text", "npc": npc, "turn": turn, "at": at, "text": piece})
                at += len(piece)
                due += 1 / self._per_s
                await asyncio.sleep(due - clock())
            await self._send(socket, {"type": "turn_ended", "npc": npc, "turn": turn, "reason": "stop", "chars": at, "total_ms": 1.0})

    async def _send(self, socket: ServerConnection, message: dict[str, Any]) -> None:
        if socket.transport.is_closing():  # asyncio would go on complaining in the log
            raise ConnectionResetError
        self._seq += 1
        message["seq"] = self._seq
        await socket.send(self._codec.encode(message), text=not self._codec.is_binary)


async def play(plan: dict[str, Any], url: str = "") -> dict[str, Any]:
    """Run the game with this plan and give the figures it prints, with the CPU seconds that it took to get them."""
    with tempfile.TemporaryDirectory() as home:
        folders = dict.fromkeys(("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), home)
        godot = await asyncio.to_thread(godot_command)
        project = str(ROOT / "godot_addon")
        game = await asyncio.create_subprocess_exec(
            *[*godot, "--headless", "--audio-driver", "Dummy", "--path", project, "-s", "tests/frame_cost.gd", "--", json.dumps(plan)],
            env=os.environ | folders | ({"NPC_BRIDGE_URL": url} if url else {}),
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(60):
                return await follow(game)
        except TimeoutError:
            raise SystemExit("the game did not end") from None
        finally:
            if game.returncode is None:
                game.kill()
            await game.wait()


async def follow(game: asyncio.subprocess.Process) -> dict[str, Any]:
    process, begun = psutil.Process(game.pid), 0.0
    assert game.stdout is not None
    async for line in game.stdout:
        if line.startswith(b"begin"):
            begun = cpu_s(process)
        elif line.startswith(b"{"):
            return dict(json.loads(line)) | {"cpu_s": cpu_s(process) - begun}
    raise SystemExit("the game printed nothing; was godot_addon imported?")


def cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def measure(codec: str, npcs: int, per_s: int, seconds: float, *, layout: bool = False) -> dict[str, Any]:
    """One run against a stand-in bridge; with ``per_s`` 0 nobody talks."""
    setting, chosen = CODECS[codec]
    async with serve(StandIn(chosen, npcs, per_s).talk, "127.0.0.1", 0, subprotocols=[chosen.subprotocol], compression=None) as server:
        port = server.sockets[0].getsockname()[1]
        plan = {"npcs": npcs, "codec": setting, "seconds": seconds, "layout": layout, "full_frame": npcs * per_s // 60}
        return await play(plan, f"ws://127.0.0.1:{port}")


async def main(npcs: int, per_s: int, seconds: float) -> None:
    costs = await play({"codecs": True})
    print("codec, µs a message (best of 100 rounds)")
    for name in CODECS:
        for kind, cost in costs[name].items():
            print(f"  {name:8} {kind:8} {cost['bytes']:5} bytes   encode {cost['encode']:6}   decode {cost['decode']:6}")
    print(f"{npcs} NPCs, {per_s} pieces of text a second each, at 60 frames a second; µs of a frame")
    silent = await measure("json", npcs, 0, seconds)
    idle_us = 1e6 * silent["cpu_s"] / silent["frames"]
    for name, codec, layout in (("json", "json", False), ("msgpack", "msgpack", False), ("json, with the engine's layout", "json", True)):
        run = await measure(codec, npcs, per_s, seconds, layout=layout)
        added_us = (1e6 * run["cpu_s"] - idle_us * run["frames"]) / (60 * seconds)
        addon = f"the addon {run['undisturbed_us']:5} undisturbed, {run['median_us']:5} median"
        print(f"  {name:30}   {addon}; CPU of the whole game, drawing included: {added_us:5.0f} more than in silence")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--npcs", type=int, default=50)
    parser.add_argument("--per-s", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=8.0)
    chosen = parser.parse_args()
    asyncio.run(main(chosen.npcs, chosen.per_s, chosen.seconds))
