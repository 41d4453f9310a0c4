"""What the bridge costs while nothing happens: memory of an idle session, and the time from start to listening.

    python -m benchmarks.idle [--sessions 500 1000] [--starts 10]

An idle session is a connected game with one NPC opened, of the tavern that comes with the bridge. Its memory is the growth of the
server's resident set, divided; what the first sessions load for all is left out by opening some before.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import psutil

from benchmarks.load import Game, Tally, connect
from benchmarks.processes import Running, bridge, python, running, spread

SETTLE_S = 1.0


class IdleGame(Game):
    """A game that opens an NPC by the name of its character file, hears the opening line, and says nothing."""

    def send(self, type_: str, **fields: Any) -> None:
        super().send(type_, **(fields | {"character": "brom"} if type_ == "open" else fields))

    def see(self, message: dict[str, Any], now_ns: int) -> None:
        if message["type"] == "turn_ended":
            self.ready.set_result(None)
        elif message["type"] in ("welcome", "error") or (message["type"] == "opened" and not message["opening"]):
            super().see(message, now_ns)


async def memory(server: Running, counts: Sequence[int]) -> dict[int, float]:
    """KB per session, for each number of sessions."""
    process, tally = psutil.Process(server.pid), Tally()

    async def settled_kb() -> float:
        await asyncio.sleep(SETTLE_S)
        return float(process.memory_info().rss) / 1024

    first = await connect(server.port, 20, lambda name: IdleGame(name, tally))
    base_kb, games, kb_each = await settled_kb(), list(first), {}
    for count in counts:
        games += await connect(server.port, count - len(games) + len(first), lambda name: IdleGame(name, tally))
        kb_each[count] = (await settled_kb() - base_kb) / count
    for game in games:
        game.transport.abort()
    return kb_each


def start_s(command: Sequence[str]) -> float:
    """Seconds from starting a server until a connection to it succeeds, as its ready line invites to."""
    began_s = time.perf_counter()
    with running(command) as server, socket.create_connection(("127.0.0.1", server.port), timeout=5):
        return time.perf_counter() - began_s


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, nargs="+", default=[500, 1000])
    parser.add_argument("--starts", type=int, default=10)
    options = parser.parse_args(arguments)

    with running(python("benchmarks.fake_model")) as model, running(bridge(model.port)) as server:
        kb_each = asyncio.run(memory(server, options.sessions))
    print("\nmemory of an idle session with one NPC")
    for count, kb in kb_each.items():
        print(f"  {count:5d} sessions  {kb:6.1f} KB each")

    python_s, bridge_s = [], []
    for _ in range(options.starts):
        began_s = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        python_s.append(time.perf_counter() - began_s)
        bridge_s.append(start_s(bridge(1)))
    print(f"\nstart to listening, {options.starts} starts: median (min–max) in seconds")
    print(f"  bridge            {spread(bridge_s, 3)}")
    print(f"  python -c pass    {spread(python_s, 3)}   x{statistics.median(bridge_s) / statistics.median(python_s):.1f}")


if __name__ == "__main__":
    main()
