"""The load: many games in one process, each with its own connection and NPC, and what they saw.

    python -m benchmarks.load RELAY_PORT --pid PID --streams 100 --rate 30 --chunks 300 --window-s 5

prints one line of JSON (``Result``). Added latency is the time from the model's write of a piece to its arrival here, so it holds the
cost of both sockets too. Added time to the first text is the time from the player's line leaving to its arrival at the model, plus the
time from the model's first write to its arrival here. The CPU time is that of the process PID over the window.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import json
import time
from array import array
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar, cast

import msgpack  # type: ignore[import-untyped]
import psutil

from benchmarks.frames import BINARY, CLOSE, PING, PONG, TEXT, frame, split
from benchmarks.processes import CPU_STEP_S, TOKEN, cpu_s, loop_factory, percentile
from benchmarks.reply import STAMP, ask, bare, expected

OPEN_TIMEOUT_S = 60

CHARACTER: dict[str, Any] = {
    "name": "Mira",
    "identity": {"occupation": "smith", "personality": "blunt, proud of her work, fair to those who pay"},
    "scene": {"place": "the forge at the edge of the village, on a rainy evening"},
    "style": {"manner": "short sentences", "length": "a few sentences"},
}
CLIPS = ["wave", "nod", "take_item", "hammer", "laugh"]


@dataclass(frozen=True, slots=True)
class Result:
    """What one run showed. Times in microseconds."""

    chunks: int
    """Pieces that arrived in the window."""
    messages: int
    """``text`` messages that they came in."""
    cpu_us: float
    """CPU time of the relay per piece."""
    busy: float
    """The relay's share of a core in the window; near 1 it is saturated, and latencies say only that."""
    load_busy: float
    """The same of this process; near 1 the figures are worthless."""
    added_p50_us: float
    added_p99_us: float
    first_texts: int
    first_p50_us: float
    first_p99_us: float
    asked_p50_us: float
    """The part of it from the player's line to its arrival at the model."""
    turns: int
    """Replies that ended, each compared with what the model sent."""
    lost: int
    """Pieces that did not arrive, or replies that differ. Anything but 0 is a bug."""
    unfinished: int
    """Replies that had not ended in time."""


AnyGame = TypeVar("AnyGame", bound="Game")


class Tally:
    """What all games saw."""

    def __init__(self) -> None:
        self.is_counting = False
        self.added_ns, self.first_ns, self.asked_ns = array("q"), array("q"), array("q")
        self.chunks = self.messages = self.turns = self.lost = 0
        self.problems: list[str] = []

    def reply(self, texts: list[str], chunks: int, reason: str) -> None:
        """A reply is over: is it all there, in order?"""
        self.turns += 1
        numbers = [int(number) for number, _, _ in STAMP.findall("".join(texts))]
        if missing := chunks - len(set(numbers)):
            self.lost += missing
        elif numbers != list(range(chunks)) or bare(texts) != expected(chunks) or reason != "stop":
            self.lost += 1
            self.problems.append(f"a reply of {chunks} chunks came out wrong ({reason})")


class Game(asyncio.Protocol):
    """One game: its connection, its NPC, and the reply that it is showing."""

    def __init__(self, name: str, tally: Tally, *, is_json: bool = False) -> None:
        self.name, self.tally, self.is_json = name, tally, is_json
        loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = loop.create_future()
        self.turn_over: asyncio.Future[None] = loop.create_future()
        self.received = b""
        self.is_upgraded = False
        self.problem = ""
        self.texts: list[str] = []
        self.said_ns = self.chunks = self.lines = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        protocol = "json" if self.is_json else "msgpack"
        self.transport.write(
            b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n"
            b"sec-websocket-key: bnBjLWJyaWRnZS1iZW5jaA==\r\nsec-websocket-protocol: npc-bridge.v1.%s\r\n\r\n" % protocol.encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        for waited in (self.ready, self.turn_over):
            if not waited.done():
                waited.set_exception(ConnectionResetError(f"{self.name}: the relay closed the connection {self.problem}"))
                waited.exception()  # whoever waits sees it again

    def data_received(self, data: bytes) -> None:
        now_ns = time.monotonic_ns()
        self.received += data
        if not self.is_upgraded:
            head, separator, rest = self.received.partition(b"\r\n\r\n")
            if not separator:
                return
            if b" 101 " not in head:
                raise ConnectionRefusedError(head.decode(errors="replace"))
            self.received, self.is_upgraded = rest, True
            self.send("hello", protocol=1, client="benchmarks", token=TOKEN)
        frames, self.received = split(self.received)
        for opcode, payload in frames:
            if opcode in (TEXT, BINARY):
                self.see(json.loads(payload) if opcode == TEXT else msgpack.unpackb(payload), now_ns)
            elif opcode == PING:
                self.transport.write(frame(payload, PONG, masked=True))
            elif opcode == CLOSE:
                self.problem = f"({int.from_bytes(payload[:2], 'big')}: {payload[2:].decode(errors='replace')})"

    def see(self, message: dict[str, Any], now_ns: int) -> None:
        match message["type"]:
            case "text":
                self.show(message["text"], now_ns)
            case "turn_ended":
                self.tally.reply(self.texts, self.chunks, message["reason"])
                self.turn_over.set_result(None)
            case "welcome":
                self.send("open", npc=self.name, character=CHARACTER, clips=CLIPS, player="Ada")
            case "opened":
                self.ready.set_result(None)
            case "error":
                raise RuntimeError(f"the relay answered {message}")

    def show(self, text: str, now_ns: int) -> None:
        tally = self.tally
        self.texts.append(text)
        stamps = STAMP.findall(text)
        if tally.is_counting:
            tally.messages += 1
            tally.chunks += len(stamps)
            for _, written_ns, arrived_ns in stamps:
                tally.added_ns.append(now_ns - int(written_ns))
                if arrived_ns:
                    tally.asked_ns.append(int(arrived_ns) - self.said_ns)
                    tally.first_ns.append(tally.asked_ns[-1] + tally.added_ns[-1])

    def say(self, rate: int, chunks: int) -> asyncio.Future[None]:
        """Ask for a reply; the future is done when it is over."""
        self.turn_over = asyncio.get_running_loop().create_future()
        self.texts, self.chunks, self.lines = [], chunks, self.lines + 1
        self.said_ns = time.monotonic_ns()
        self.send("say", id=f"{self.name}-{self.lines}", npc=self.name, text=ask(rate, chunks))
        return self.turn_over

    def send(self, type_: str, **fields: object) -> None:
        message = {"type": type_, **fields}
        if self.is_json:
            self.transport.write(frame(json.dumps(message).encode(), TEXT, masked=True))
        else:
            self.transport.write(frame(msgpack.packb(message), masked=True))


async def connect(port: int, count: int, make: Callable[[str], AnyGame], *, at_once: int = 20) -> list[AnyGame]:
    """Open so many sessions, each with one NPC, a few at a time."""
    games: list[AnyGame] = []
    async with asyncio.timeout(OPEN_TIMEOUT_S):
        while len(games) < count:
            fresh = [make(f"npc{number}") for number in range(len(games), min(len(games) + at_once, count))]
            for game in fresh:
                await asyncio.get_running_loop().create_connection(functools.partial(_same, game), "127.0.0.1", port)
            await asyncio.gather(*(game.ready for game in fresh))
            games += fresh
    return games


def _same(game: Game) -> Game:
    return game


def _fail(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A game that goes wrong ends the run: half a load measures nothing."""
    raise SystemExit(f"{context['message']}: {context.get('exception')!r}")


async def talk(game: Game, arguments: argparse.Namespace, delay_s: float, is_over: asyncio.Event) -> None:
    await asyncio.sleep(delay_s)
    for _ in range(arguments.turns):
        await game.say(arguments.rate, arguments.chunks)
        if is_over.is_set():
            return


async def run(arguments: argparse.Namespace) -> Result:
    tally, server, here = Tally(), psutil.Process(arguments.pid), psutil.Process()
    asyncio.get_running_loop().set_exception_handler(_fail)
    games = await connect(arguments.port, arguments.streams, lambda name: Game(name, tally, is_json=arguments.json))
    await games[0].say(0, 1)  # what a relay loads with its first reply is not what is measured
    is_over = asyncio.Event()

    def delay_s(number: int) -> float:  # phases spread evenly within the time between two chunks as well
        return 0.0 if not arguments.rate else arguments.ramp_s * number / len(games) + (number * 0.618 % 1) / arguments.rate

    talks = [asyncio.ensure_future(talk(game, arguments, delay_s(number), is_over)) for number, game in enumerate(games)]
    if arguments.rate and arguments.window_s:
        await asyncio.sleep(2 * arguments.ramp_s)
    tally.is_counting = True
    begin = time.monotonic(), cpu_s(server), cpu_s(here)
    done, running = await asyncio.wait(talks, timeout=arguments.window_s or arguments.limit_s)
    end = time.monotonic(), cpu_s(server), cpu_s(here)
    tally.is_counting = False
    is_over.set()
    if running and arguments.window_s:
        finished, running = await asyncio.wait(running, timeout=arguments.limit_s)
        done |= finished
    for task in done:
        task.result()
    for task in running:
        task.cancel()
    for game in games:
        game.transport.abort()
    if tally.problems:
        raise SystemExit("\n".join(tally.problems[:5]))
    wall_s, server_s, here_s = (after - before for after, before in zip(end, begin, strict=True))
    first, added = tally.first_ns, tally.added_ns
    return Result(
        chunks=tally.chunks,
        messages=tally.messages,
        cpu_us=max(server_s, CPU_STEP_S) / max(tally.chunks, 1) * 1e6,
        busy=server_s / wall_s,
        load_busy=here_s / wall_s,
        added_p50_us=percentile(added, 50) / 1e3,
        added_p99_us=percentile(added, 99) / 1e3,
        first_texts=len(first),
        first_p50_us=percentile(first, 50) / 1e3,
        first_p99_us=percentile(first, 99) / 1e3,
        asked_p50_us=percentile(tally.asked_ns, 50) / 1e3,
        turns=tally.turns,
        lost=tally.lost,
        unfinished=len(running),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--pid", type=int, required=True, help="the relay")
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--rate", type=int, default=30, help="chunks a second in each stream; 0: as fast as they go")
    parser.add_argument("--chunks", type=int, default=300, help="chunks of one reply")
    parser.add_argument("--turns", type=int, default=1_000_000, help="replies of each stream, at most")
    parser.add_argument("--window-s", type=float, default=0.0, help="measure so long, in full swing; 0: from first line to last reply")
    parser.add_argument("--ramp-s", type=float, default=1.0, help="the streams start spread over this time; as long again to the window")
    parser.add_argument("--limit-s", type=float, default=30.0, help="then wait no longer for replies to end")
    parser.add_argument("--json", action="store_true")
    with asyncio.Runner(loop_factory=loop_factory("uvloop")) as runner:
        print(json.dumps(asdict(runner.run(run(parser.parse_args())))), flush=True)


if __name__ == "__main__":
    main()
