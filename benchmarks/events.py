"""How many game events a second one core takes in: msgpack, validated, coalesced. Beside it, the same without validation.

    python -m benchmarks.events [--events 300000]

A game that sends positions sends the same few keys again and again, so the load does. It sends as fast as it is let; the last event
of each connection has an id, and its ``accepted`` says that all are in. What counts is events per second of the server's CPU time.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Any

import msgpack  # type: ignore[import-untyped]
import psutil
from websockets.asyncio.server import ServerConnection, serve

from benchmarks.frames import frame
from benchmarks.load import Game, Tally, connect
from benchmarks.processes import CPU_STEP_S, LIFETIME_S, answer, bridge, cpu_s, loop_factory, python, running, spread

BLOCK_EVENTS = 256
KEYS = 16


class EventGame(Game):
    """A game that tells events as fast as the server reads them."""

    def __init__(self, name: str, tally: Tally) -> None:
        super().__init__(name, tally)
        self.may_write = asyncio.Event()
        self.may_write.set()
        self.all_taken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def pause_writing(self) -> None:
        self.may_write.clear()

    def resume_writing(self) -> None:
        self.may_write.set()

    def see(self, message: dict[str, Any], now_ns: int) -> None:
        if message["type"] != "accepted":
            super().see(message, now_ns)
        elif "last" in message["ids"]:
            self.all_taken.set_result(None)

    async def flood(self, events: int) -> None:
        """Send so many events and wait until all were taken in."""
        block = b"".join(frame(msgpack.packb(self.event(number)), masked=True) for number in range(BLOCK_EVENTS))
        for _ in range(events // BLOCK_EVENTS):
            await self.may_write.wait()
            self.transport.write(block)
        self.send("event", id="last", npc=self.name, name="flood_ended")
        await self.all_taken

    def event(self, number: int) -> dict[str, Any]:
        who = f"guard_{number % KEYS}"
        position = {"who": who, "x": number * 0.37, "y": 12.5, "z": number * -0.11}
        return {"type": "event", "name": "moved", "npc": self.name, "key": f"moved_{who}", "data": position}


async def load(port: int, pid: int, games: int, events: int) -> dict[str, float]:
    server, tally = psutil.Process(pid), Tally()
    players = await connect(port, games, lambda name: EventGame(name, tally))
    cpu_before_s, before_s = cpu_s(server), time.monotonic()
    await asyncio.gather(*(player.flood(events // games) for player in players))
    wall_s, used_s = time.monotonic() - before_s, cpu_s(server) - cpu_before_s
    for player in players:
        player.transport.abort()
    sent = events // games // BLOCK_EVENTS * BLOCK_EVENTS * games
    return {"events": sent, "per_cpu_s": sent / max(used_s, CPU_STEP_S), "per_s": sent / wall_s}


async def floor(socket: ServerConnection) -> None:
    """Decode, keep the newest of each key, validate nothing."""
    latest: dict[str, Any] = {}
    async for payload in socket:
        message = msgpack.unpackb(payload)
        match message["type"]:
            case "event":
                latest[message.get("key")] = message
                if "id" in message:
                    await socket.send(msgpack.packb({"type": "accepted", "ids": [message["id"]]}))
            case "hello":
                await socket.send(msgpack.packb({"type": "welcome"}))
            case "open":
                await socket.send(msgpack.packb({"type": "opened"}))


async def serve_floor() -> None:
    async with serve(floor, "127.0.0.1", 0, compression=None, subprotocols=["npc-bridge.v1.msgpack"]) as server:  # type: ignore[list-item]
        print(json.dumps({"port": next(iter(server.sockets)).getsockname()[1]}), flush=True)
        await asyncio.sleep(LIFETIME_S)


def compare(rounds: int, games: int, events: int) -> None:
    servers = {
        "floor (no validation)": python("benchmarks.events", "floor"),
        "bridge": bridge(1),
        "bridge, no uvloop": bridge(1, "--no-uvloop"),
    }
    results: dict[str, list[dict[str, float]]] = {name: [] for name in servers}
    for _, (name, command) in itertools.product(range(rounds), servers.items()):
        with running(command, core=0, env={"NPC_BRIDGE_SERVER__MAX_MESSAGES_PER_S": "0"}) as server:
            results[name].append(answer(python("benchmarks.events", "load", server.port, server.pid, games, events), core=1))
    row = "  {:<24}{:>18}{:>14}  {}"
    print(f"\n{games} connections, {KEYS} keys each, {events} events a round, {rounds} rounds\n")
    print(row.format("server", "events / CPU s", "events / s", "x floor"))
    for name, each in results.items():
        ratios = [one["per_cpu_s"] / base["per_cpu_s"] for one, base in zip(each, results["floor (no validation)"], strict=True)]
        per_cpu_s, per_s = (statistics.median(one[field] for one in each) for field in ("per_cpu_s", "per_s"))
        print(row.format(name, f"{per_cpu_s:,.0f}", f"{per_s:,.0f}", spread(ratios)))


def main(arguments: Sequence[str] | None = None) -> None:
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] in (["load"], ["floor"]):
        with asyncio.Runner(loop_factory=loop_factory("uvloop")) as runner:
            if words[0] == "floor":
                runner.run(serve_floor())
            else:
                print(json.dumps(runner.run(load(*map(int, words[1:])))), flush=True)
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--games", type=int, default=4)
    parser.add_argument("--events", type=int, default=300_000)
    options = parser.parse_args(words)
    compare(options.rounds, options.games, options.events)


if __name__ == "__main__":
    main()
