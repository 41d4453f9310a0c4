"""kill -9 at random moments, over and over: is all that was accepted there, once, and is nothing said twice?

    python -m benchmarks.crash [--kills 1000] [--lanes 4] [--seed 1]

Each lane is a game with a bridge and a memory of its own. The game talks, tells events, saves, loads and loses its connection; the bridge
is killed at a random moment, also while it starts, and started again on the same file. The bridge is ``npc-bridge serve`` with one change:
its model says back what it was told, so that the memory itself proves which line and which event came into which reply. Where processes can
be forked they are, after all imports: a start takes a twentieth of a second then.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidMessage

NPCS = ("smith", "guard")
TOKEN = re.compile(r"\b[se]\d+x\b")
"""What the game says and tells is named so: ``s17x`` is a line, ``e17x`` an event."""
CHARACTER = 'name = "Brom"\n[clips]\nnod = "nods"\n'
PATIENCE_S = 60
NEVER = 1_000_000_000


# ── the bridge ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def serve(arguments: list[str]) -> None:
    """``npc-bridge serve`` with a model that says back what it was told since its last reply."""
    import npc_bridge.backends.choice
    from npc_bridge.backends import ChatRequest, Finished
    from npc_bridge.backends.scripted import Scripted
    from npc_bridge.cli.serve import serve as command

    class Echo(Scripted):
        async def stream(self, request: ChatRequest) -> AsyncGenerator[str | Finished, None]:
            new = request.messages[1:]
            while any(message["role"] == "assistant" for message in new):
                new = new[1:]
            for piece in ("(nods) ", "I heard ", " ".join(TOKEN.findall(" ".join(message["content"] for message in new))), "."):
                await asyncio.sleep(0.001)
                yield piece
            yield Finished("stop")

    npc_bridge.backends.choice.make_backend = lambda _: Echo()  # type: ignore[assignment]
    command.main(arguments, standalone_mode=False)


def fork_bridges() -> None:
    """Start a bridge for each line on standard input, its command line as JSON; ends, and they with it, when that is closed."""
    import uvloop  # noqa: F401

    import npc_bridge.backends.choice
    import npc_bridge.cast
    import npc_bridge.cli.serve
    import npc_bridge.memory.store
    import npc_bridge.server
    import npc_bridge.tape

    npc_bridge.server.load_words()
    print("{}", flush=True)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    life, keeps_alive = os.pipe()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os.close(keeps_alive)
            os.dup2(life, 0)
            sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115
            try:
                serve([*json.loads(line), "--exit-with-parent"])
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        os.write(1, json.dumps({"type": "forked", "pid": pid}).encode() + b"\n")  # in one piece, as the ready lines of the bridges


class Bridges:
    """Starts bridges: by fork where there is one, else as processes of their own."""

    def __init__(self) -> None:
        self.can_fork = hasattr(os, "fork")
        self._nursery: asyncio.subprocess.Process | None = None
        self._forking = asyncio.Lock()
        self._ready: dict[int, asyncio.Future[int]] = {}
        self._reading: asyncio.Task[None] | None = None
        self._forked: asyncio.Queue[int] = asyncio.Queue()

    async def __aenter__(self) -> Bridges:
        if self.can_fork:
            self._nursery = await _process("fork")
            assert self._nursery.stdout is not None
            await self._nursery.stdout.readline()
            self._reading = asyncio.create_task(self._read(self._nursery))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._nursery is not None and self._reading is not None:
            assert self._nursery.stdin is not None
            self._nursery.stdin.close()
            await self._nursery.wait()
            self._reading.cancel()

    async def start(self, arguments: list[str]) -> Bridge:
        """Start one; it may not be ready yet."""
        if self._nursery is None:
            process = await _process("serve", *arguments)
            assert process.stdout is not None
            return Bridge(process.pid, asyncio.ensure_future(_port(process.stdout)), process)
        assert self._nursery.stdin is not None
        async with self._forking:
            self._nursery.stdin.write(json.dumps(arguments).encode() + b"\n")
            pid = await self._forked.get()
        return Bridge(pid, self._port_of(pid), None)

    async def _read(self, nursery: asyncio.subprocess.Process) -> None:
        assert nursery.stdout is not None
        while line := await nursery.stdout.readline():
            told = json.loads(line)
            if told["type"] == "forked":
                self._forked.put_nowait(told["pid"])
            elif not (port := self._port_of(told["pid"])).done():  # else it was killed just now
                port.set_result(told["port"])

    def _port_of(self, pid: int) -> asyncio.Future[int]:
        return self._ready.setdefault(pid, asyncio.get_running_loop().create_future())


@dataclass(slots=True)
class Bridge:
    """A bridge that was started."""

    pid: int
    port: asyncio.Future[int]
    process: asyncio.subprocess.Process | None

    async def kill(self) -> None:
        """kill -9."""
        if self.process is not None:
            self.process.kill()
            await self.process.communicate()
        else:
            os.kill(self.pid, signal.SIGKILL)
        self.port.cancel()


async def _process(*arguments: str) -> asyncio.subprocess.Process:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NPC_BRIDGE_")}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.crash", *arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env=environment | {"PYTHONPATH": str(Path(__file__).parents[1])},
    )  # fmt: skip


async def _port(stdout: asyncio.StreamReader) -> int:
    return int(json.loads(await stdout.readline())["port"])


# ── the game ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Known:
    """What a game can rely on."""

    accepted: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)
    """Lines whose turn has ended."""

    def copy(self) -> Known:
        return Known(set(self.accepted), set(self.answered))


class Game:
    """Plays against one memory, and notices what the bridge may not do."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.known = Known()
        self.unsure: dict[str, dict[str, Any]] = {}
        """What was sent and is not accepted, by id: sent again to the next bridge."""
        self.void: set[str] = set()
        """Was accepted on a timeline that a load has ended."""
        self.saves: list[tuple[str, Known]] = []
        self.problems: list[str] = []
        self.counts: Counter[str] = Counter()
        self.session, self.seq, self.timeline, self.count = "", 0, 0, 0
        self._saving: dict[str, Known] = {}
        self._loading: Known | None = None
        self._turns: dict[str, list[str]] = {}
        self._opened: set[str] = set()
        self._last: set[str] = set()
        """The last line to each NPC."""
        self.is_settling = False
        self.is_over = asyncio.Event()
        """All is at rest, or so many messages came as were to come before the next kill."""
        self.until = 0

    async def play(self, port: int, *, lose_after: int) -> None:
        """Play until the connection is gone, or so many messages have come and it is given up."""
        async with connect(
            f"ws://127.0.0.1:{port}", compression=None, max_size=None, ping_interval=None, open_timeout=PATIENCE_S
        ) as socket:
            hello = {"type": "hello", "protocol": 1, "token": "crash"}
            await self._send(socket, hello | ({"session": self.session, "seq": self.seq} if self.session else {}))
            async for frame in socket:
                await self._hear(socket, json.loads(frame))
                lose_after -= 1
                if lose_after <= 0 and self._loading is None:
                    self.counts["lost connections"] += 1
                    socket.transport.abort()
                    return

    async def _hear(self, socket: ClientConnection, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind != "welcome":
            if message["seq"] != self.seq + 1:
                self.problems.append(f"message {message['seq']} came after {self.seq}")
            self.seq = message["seq"]
            self._note(message)
        self.until -= 1
        if self.until == 0:
            self.is_over.set()
        match kind:
            case "welcome":
                await self._begin(socket, message)
            case "opened":
                self._opened.add(message["npc"])
                if len(self._opened) == len(NPCS):
                    await self._go_on(socket)
            case "turn_ended":
                await self._say_or_settle(socket)
            case "loaded":
                await self._go_on(socket)

    def _note(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "accepted":
                for each in message["ids"]:
                    if self.unsure.pop(each, None) is not None:  # else it was sent before a load
                        self.known.accepted.add(each)
            case "turn_started":
                self._turns[message["turn"]] = message["answers"]
                if again := self.known.answered.intersection(message["answers"]):
                    self.problems.append(f"answered again: {sorted(again)}")
            case "turn_ended":
                if message["reason"] != "stop":
                    self.problems.append(f"a turn ended with {message['reason']}")
                self.known.answered.update(self._turns.pop(message["turn"], ()))
                self.counts["turns"] += 1
            case "saved":
                self.saves.append((message["blob"], self._saving.pop(message["id"])))
                self.counts["saves"] += 1
            case "loaded":
                self._loaded(message["timeline"])
            case "error" | "notice":
                self.problems.append(f"{message['type']} {message['code']}: {message['message']}")

    async def _begin(self, socket: ClientConnection, welcome: dict[str, Any]) -> None:
        if self.session and welcome["session"] != self.session:
            self.problems.append("the session is lost")
        self.session = welcome["session"]
        if welcome["resumed"]:
            self.counts["resumed"] += 1
            if welcome["seq"] != self.seq:
                self.problems.append("resumed at another number")
            await self._send_again(socket)
            await self._say_or_settle(socket)
            return
        self.seq = welcome["seq"]
        self._saving.clear()
        if welcome.get("timeline", self.timeline) != self.timeline:
            self._loaded(welcome["timeline"])
        self._loading = None
        self._turns.clear()
        self._opened.clear()
        for npc in NPCS:
            await self._send(socket, {"type": "open", "npc": npc, "character": "brom", "player": "Ann"})

    async def _send_again(self, socket: ClientConnection) -> None:
        for message in list(self.unsure.values()):
            await self._send(socket, message)

    async def _go_on(self, socket: ClientConnection) -> None:
        """After all NPCs are there."""
        await self._send_again(socket)
        for npc in NPCS:
            await self._say(socket, npc)

    async def _say_or_settle(self, socket: ClientConnection) -> None:
        if not self.is_settling:
            await self._say(socket, self.rng.choice(NPCS))
        elif not self.unsure and self._last <= self.known.answered:
            self.is_over.set()  # a turn answers all that was said before

    async def _say(self, socket: ClientConnection, npc: str) -> None:
        """Tell something, perhaps save or load, and say something."""
        if self._loading is not None:
            return
        for _ in range(self.rng.choice((0, 1, 1, 3))):
            await self._use(socket, {"type": "event", "name": "bell", "data": {"text": self._id("e")}, "npc": npc})
        chance = self.rng.random()
        if chance < 0.1 and not self.is_settling:
            await self._save(socket)
        elif chance < 0.15 and self.saves and not self.is_settling:
            await self._load(socket)
            return
        line = self._id("s")
        if self.is_settling:
            self._last.add(line)
        await self._use(socket, {"type": "say", "text": line, "npc": npc, "player": "Ann"})

    async def _save(self, socket: ClientConnection) -> None:
        known = self.known.copy()
        known.accepted.update(self.unsure)  # messages are taken in order: these come before
        name = self._id("save")
        self._saving[name] = known
        await self._send(socket, {"type": "save", "id": name})

    async def _load(self, socket: ClientConnection) -> None:
        blob, self._loading = self.rng.choice(self.saves)
        await self._send(socket, {"type": "load", "id": self._id("load"), "blob": blob})

    def _loaded(self, timeline: int) -> None:
        if self._loading is None or timeline != self.timeline + 1:
            self.problems.append(f"timeline {timeline} came after {self.timeline}")
            return
        self.counts["loads"] += 1
        self.timeline = timeline
        self.void |= self.known.accepted | set(self.unsure)
        self.known, self._loading = self._loading.copy(), None
        self.void -= self.known.accepted
        self.unsure.clear()
        self._turns.clear()

    def _id(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}x"

    async def _use(self, socket: ClientConnection, message: dict[str, Any]) -> None:
        message["id"] = message.get("text") or message["data"]["text"]
        self.unsure[message["id"]] = message
        await self._send(socket, message)

    async def _send(self, socket: ClientConnection, message: dict[str, Any]) -> None:
        await socket.send(json.dumps(message))


# ── one lane ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Lane:
    """What came of the kills of one game."""

    kills: int = 0
    kills_while_starting: int = 0
    accepted: int = 0
    lines_on_disk: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    restarts_s: list[float] = field(default_factory=list)
    """From the start of a bridge to its ready line."""
    problems: list[str] = field(default_factory=list)


def bridge_arguments(folder: Path, sync: str = "full") -> list[str]:
    """Of a bridge for the game in this folder, with its memory in ``game.db`` there."""
    (folder / "characters").mkdir(parents=True)
    (folder / "characters" / "brom.toml").write_text(CHARACTER, encoding="utf-8")
    (folder / "npc-bridge.toml").write_text(f'[storage]\nsync = "{sync}"\n', encoding="utf-8")
    arguments = ["--port", "0", "--json", "--token", "crash", "--log-level", "warning", "--config", str(folder / "npc-bridge.toml")]
    arguments += ["--characters", str(folder / "characters"), "--storage", str(folder / "game.db")]
    return [*arguments, "--events", str(folder / "events.toml")]


async def lane(bridges: Bridges, folder: Path, kills: int, seed: int, *, sync: str = "full") -> Lane:
    """Kill a bridge so many times, then let the game come to rest, and look into the memory."""
    rng, result = random.Random(seed), Lane()
    game = Game(rng)
    arguments = bridge_arguments(folder, sync)
    while result.kills <= kills:
        is_last = result.kills == kills
        begin = time.monotonic()
        bridge = await bridges.start(arguments)
        if not is_last and rng.random() < 0.1:
            await asyncio.sleep(rng.random() * (0.1 if bridges.can_fork else 1.5))
            result.kills_while_starting += 1
            await bridge.kill()
        else:
            async with asyncio.timeout(PATIENCE_S):
                port = await bridge.port
            result.restarts_s.append(time.monotonic() - begin)
            game.is_settling = is_last
            async with _playing(game, port, until=0 if is_last else rng.randrange(1, 80)):
                await asyncio.sleep(rng.random() * 0.003)
                await bridge.kill()
        result.kills += 1
    result.kills -= 1  # the last one came when all was at rest
    result.accepted, result.counts = len(game.known.accepted), game.counts
    result.problems = game.problems + memory_problems(folder / "game.db", game, result)
    return result


@asynccontextmanager
async def _playing(game: Game, port: int, *, until: int) -> AsyncIterator[None]:
    """Begin when the game has heard so many messages, or, if 0, is at rest, and let it play on; its connection is lost now and then."""
    game.until, game.is_settling = until, until == 0
    game.is_over.clear()

    async def play() -> None:
        while True:
            lose_after = NEVER if game.is_settling else game.rng.choice((NEVER, NEVER, NEVER, game.rng.randrange(1, 60)))
            with contextlib.suppress(ConnectionClosed, InvalidMessage, ConnectionError):
                await game.play(port, lose_after=lose_after)

    playing = asyncio.create_task(play())
    over = asyncio.create_task(game.is_over.wait())
    await asyncio.wait({playing, over}, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
    if not over.done():
        game.problems.append(f"nothing more came; {sorted(game.unsure)} are not accepted")
    try:
        yield
    finally:
        over.cancel()
        playing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await playing


def memory_problems(path: Path, game: Game, result: Lane) -> list[str]:
    """What is not in the memory exactly once although it was accepted, or is there although it never happened."""
    from npc_bridge.memory.file import MemoryFile

    said: Counter[str] = Counter()
    heard: Counter[str] = Counter()
    with closing(MemoryFile(path)) as file:
        problems = [f"the file is damaged: {file.damaged}"] if file.damaged is not None else []
        stored = file.read_session(game.session)
        if stored is None:
            return [*problems, "the session is not in the memory"]
        for talk in stored.conversations:
            lines = file.read_lines(game.session, talk.npc, 0, None)
            if [line.n for line in lines] != list(range(talk.count)):
                problems.append(f"the lines of {talk.npc} do not follow one another")
            result.lines_on_disk += len(lines)
            for line in lines:
                (said if line.role == "user" else heard).update(TOKEN.findall(line.text))
        waiting = Counter(TOKEN.findall(" ".join(json.dumps(event.state["event"].get("data")) for event in stored.events)))
    for each in sorted(game.known.accepted):
        places = {"said": said[each], "heard": heard[each], "waiting": waiting[each]}
        expected = [{"said": 1, "heard": 1, "waiting": 0}] if each.startswith("s") else [{"said": 0, "heard": 1, "waiting": 0}]
        if each.startswith("e"):
            expected.append({"said": 0, "heard": 0, "waiting": 1})
        if places not in expected:
            problems.append(f"{each} was accepted, and is {places}")
    future = game.void & (said.keys() | heard.keys() | waiting.keys())
    if future:
        problems.append(f"from another timeline: {sorted(future)}")
    return problems


# ── the command ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def _somewhere(folder: Path | None) -> AsyncIterator[Path]:
    with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as name:
        yield Path(name)


async def kill_often(kills: int, lanes: int, seed: int, folder: Path | None = None) -> list[Lane]:
    """All lanes side by side; one after another if they are one."""
    async with _somewhere(folder) as place, Bridges() as bridges:
        each, more = divmod(kills, lanes)
        return list(
            await asyncio.gather(
                *(lane(bridges, place / str(n), each + (n < more), seed * 1_000 + n, sync=("full", "normal")[n % 2]) for n in range(lanes))
            )
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--lanes", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where the memories are, which decides the disk")
    options = parser.parse_args()
    begin = time.monotonic()
    results = asyncio.run(kill_often(options.kills, options.lanes, options.seed, options.folder))
    counts = sum((result.counts for result in results), Counter())
    restarts = sorted(each for result in results for each in result.restarts_s)
    print(f"{sum(result.kills for result in results)} kills in {time.monotonic() - begin:.0f} s, ", end="")
    print(f"{sum(result.kills_while_starting for result in results)} of them while starting; {dict(counts)}")
    print(f"{sum(result.lines_on_disk for result in results)} lines on disk at the end; restart to ready ", end="")
    print(f"median {restarts[len(restarts) // 2]:.3f} s, slowest {restarts[-1]:.3f} s")
    problems = [problem for result in results for problem in result.problems]
    print("\n".join(problems) if problems else "no problems: all that was accepted is there, once")
    sys.exit(bool(problems))


if __name__ == "__main__":
    if sys.argv[1:2] == ["fork"]:
        fork_bridges()
    elif sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2:])
    else:
        main()
