"""A game of the chaos run: what its player does, what goes wrong with it, and its own books of what the bridge told it."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.simulated import Line
from npc_bridge.backends import Backend
from npc_bridge.cast import Cast
from npc_bridge.config import ServerSettings
from npc_bridge.core.codec import JSON, MSGPACK, Codec
from npc_bridge.core.messages import SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK
from npc_bridge.memory.settings import StorageSettings
from npc_bridge.memory.store import Store
from npc_bridge.server import Bridge

TURN_TIMEOUT_S = 30.0
DEADLINE_MS = 6_000.0
"""By when an NPC says something, as its character file has it."""
LATE_MS = 100.0
"""How far a turn may go past its time limit."""
SAID = ("Hello.", "Why?", "I will kill you!", "x" * 500, "你好。")
ACTS = {
    "say": 50, "gather": 1, "event": 14, "flags": 5, "continue": 4, "interrupt": 6, "seen": 6, "hold": 2, "line": 3, "again": 3, "close": 1,
    "twice": 3, "garbage": 2, "cut": 1, "sleep": 1,
}  # fmt: skip
"""What a game does next, and how often."""
MEAN_PAUSE_S = 6.0
"""Between two acts that concern the same NPC, on average."""


@dataclass(slots=True)
class Seen:
    """One turn as a game has seen it."""

    id: str
    npc: str
    cause: str
    answers: tuple[str, ...]
    began_at: float
    chars: int = 0
    acts: int = 0
    thinking_ms: float | None = None
    """How long after ``turn_started`` the thinking pose came."""
    ended: dict[str, Any] | None = None
    ends: int = 0


@dataclass(slots=True)
class Report:
    """What happened, and what went wrong."""

    npcs: int = 0
    simulated_s: float = 0.0
    took_s: float = 0.0
    lines: int = 0
    turns: int = 0
    answered: int = 0
    ended_unheard: int = 0
    """Lines whose turn was over and remembered when the bridge crashed, before the game had heard of it."""
    reasons: Counter[str] = field(default_factory=Counter)
    model: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    latest_text_ms: float = 0.0
    """The longest that a player waited for the first text of a turn."""
    longest_turn_ms: float = 0.0
    left_tasks: int = 0
    left_objects: Counter[str] = field(default_factory=Counter)
    grown_bytes: int = 0
    wrong: list[str] = field(default_factory=list)


class Game:
    """One game: its NPCs, what its player does, what goes wrong with it, and what it has seen of the bridge."""

    def __init__(self, number: int, npcs: int, house: Premises, dice: random.Random, report: Report) -> None:
        self.npcs = [f"npc{number}_{index}" for index in range(npcs)]
        self.codec: Codec = MSGPACK if number % 2 else JSON
        self.turns: dict[str, Seen] = {}
        self._house, self._dice, self._report = house, dice, report
        self._line: Line | None = None
        self._connections: list[asyncio.Task[None]] = []
        self._session, self._seq = "", 0
        self._open: set[str] = set()
        self._ids = 0
        self._circle = ""
        """The group that is gathered, if one is."""
        self._unsure: dict[str, dict[str, Any]] = {}
        """Messages that were not called accepted yet: after a doubt they are sent again."""
        self.accepted: dict[str, str] = {}
        """Lines of the player, by id, that the bridge has called safe, with their NPC."""
        self.excused: set[str] = set()
        """Lines whose NPC was closed, or whose session the bridge has forgotten."""
        self._remembered: set[str] = set()
        """Ids of the lines that an NPC remembers to have answered."""
        self._welcomed = asyncio.Event()

    # ── the connection ──

    async def connect(self) -> None:
        line = self._line = Line(SUBPROTOCOL_MSGPACK if self.codec is MSGPACK else SUBPROTOCOL_JSON, self._dice.uniform(0.0005, 0.08))
        self._welcomed.clear()
        self._connections.append(asyncio.create_task(self._house.bridge._connected(line.bridge_end)))  # type: ignore[arg-type]
        self._connections.append(asyncio.create_task(self._read(line)))
        self._put({"type": "hello", "protocol": 1, "client": "chaos", "session": self._session, "seq": self._seq})
        async with asyncio.timeout(20):
            await self._welcomed.wait()
        for npc in self.npcs:
            if npc not in self._open:
                self._put_open(npc)
        for message in list(self._unsure.values()):
            self._put(message)

    def _put(self, message: dict[str, Any]) -> None:
        if self._line is not None:
            self._line.send(self.codec.encode(message))

    def _put_open(self, npc: str) -> None:
        self._open.add(npc)
        # The same each time: to whom an id does not belong any more, nothing is remembered.
        character = "brom" if self.npcs.index(npc) % 2 else "tilda"
        self._put({"type": "open", "npc": npc, "character": character, "player": "Ada", "group": f"g{self.npcs.index(npc) % 3}"})

    async def _read(self, line: Line) -> None:
        while True:
            try:
                payload = await line.receive()
            except ConnectionError:
                if self._line is line:
                    self._line = None
                return
            self._take(json.loads(payload) if self.codec is JSON else self.codec.decode_bridge(payload, len(payload)).model_dump())

    def _take(self, message: dict[str, Any]) -> None:  # noqa: C901 (one case for each message)
        kind = message["type"]
        if kind == "welcome":
            self._take_welcome(message)
        elif message["seq"] != self._seq + 1:
            self._wrong(f"message {message['seq']} came after {self._seq}")
        self._seq = message["seq"]
        match kind:
            case "gathered" | "dispersed":
                self._unsure.pop(message["id"], None)
            case "accepted":
                for each in message["ids"]:
                    sent = self._unsure.pop(each, None)
                    if sent is not None and sent["type"] == "say":
                        self.accepted[each] = sent["npc"]
            case "turn_started":
                now = asyncio.get_running_loop().time()
                seen = Seen(message["turn"], message["npc"], message["cause"], tuple(message.get("answers", ())), now)
                self.turns[message["turn"]] = seen
            case "text":
                seen = self.turns[message["turn"]]
                if message.get("index"):  # another of several candidates
                    seen.acts += 1
                    return
                if message["at"] != seen.chars:
                    self._wrong(f"text of {seen.id} at {message['at']}, not {seen.chars}")
                seen.chars += len(message["text"])
                if "exit:" in message["text"] or "trade_opened" in message["text"]:
                    self._wrong(f"the mark of an exit was shown in {seen.id}")
            case "cue" if message.get("reason") == "thinking":
                self.turns[message["turn"]].thinking_ms = 1000 * (asyncio.get_running_loop().time() - self.turns[message["turn"]].began_at)
            case "cue" | "exit":
                self.turns[message["turn"]].acts += 1
            case "turn_ended":
                seen = self.turns[message["turn"]]
                seen.ended, seen.ends = message, seen.ends + 1
            case "error":
                self._report.faults[f"answered: {message['code']}"] += 1
                self._unsure.pop(message.get("re", ""), None)

    def _take_welcome(self, message: dict[str, Any]) -> None:
        if not message["resumed"]:
            # The bridge has forgotten this session, or all that was told is gone: begin anew.
            self._open.clear()
            # Turns that were under way are told again from the beginning, or taken again.
            for turn in [turn for turn in self.turns.values() if turn.ended is None]:
                del self.turns[turn.id]
            if message["session"] != self._session:
                self.excused |= self.accepted.keys() | self._unsure.keys()
                self._session = message["session"]
        self._welcomed.set()

    def crashed(self) -> None:
        """The bridge is gone; another one will be there when this game connects again."""
        self._report.faults["crash"] += 1
        if self._line is not None:
            self._line.cut()
            self._line = None

    # ── the player ──

    async def play(self, until: float) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < until:
            if self._line is None:
                await asyncio.sleep(self._dice.uniform(0.1, 5.0))
                await self.connect()
            self._act(loop)
            await asyncio.sleep(self._dice.expovariate(len(self.npcs) / MEAN_PAUSE_S))
        self._put({"type": "release", "id": self._new_id()})
        for npc in self.npcs:
            self._put({"type": "release", "id": self._new_id(), "npc": npc})
            self._put({"type": "release", "id": self._new_id(), "group": f"g{self.npcs.index(npc) % 3}"})

    async def leave(self) -> None:
        """See all that is under way to its end, then say goodbye."""
        loop = asyncio.get_running_loop()
        until = loop.time() + 4 * TURN_TIMEOUT_S
        while loop.time() < until:
            if self._line is None:
                await self.connect()
            self._line_or_fail().read_on()
            await asyncio.sleep(1)
            for message in list(self._unsure.values()):
                self._put(message)
        await self._look_into_the_memory()
        self._line_or_fail().cut(1000)
        await asyncio.gather(*self._connections)

    async def _look_into_the_memory(self) -> None:
        """Which lines the NPCs remember as answered: that is where a reply is that the game never heard of."""
        store = self._house.bridge.house.store
        assert store is not None
        for npc in self.npcs:
            lines = await store.read_lines(self._session, npc, 0)
            last = max((place for place, line in enumerate(lines) if line.role == "assistant"), default=0)
            self._remembered |= {line.text.rpartition(" ")[2] for line in lines[:last] if line.role == "user"}

    def _line_or_fail(self) -> Line:
        assert self._line is not None
        return self._line

    def _act(self, loop: asyncio.AbstractEventLoop) -> None:  # noqa: C901 (one case for each)
        dice, npc = self._dice, self._dice.choice(self.npcs)
        match dice.choices(list(ACTS), list(ACTS.values()))[0]:
            case "say":
                self._report.lines += 1
                npc = self._circle if self._circle and dice.random() < 0.3 else npc
                self._sure({"type": "say", "npc": npc, "text": f"{dice.choice(SAID)} a{self._ids + 1}"})
            case "gather" if not self._circle:
                self._report.faults["(gathered)"] += 1
                self._circle = f"circle{self._ids}"
                members = dice.sample(self.npcs, min(4, len(self.npcs)))
                director = dice.choice(("addressed", "round_robin", "weighted"))
                self._sure({"type": "gather", "group": self._circle, "npcs": members, "director": director, "pause_s": dice.choice((0, 2))})
                loop.call_later(dice.uniform(5, 60), self._disperse)
            case "event":
                scope = dice.choice(({"npc": npc}, {"group": "g1"}, {}))
                self._sure({"type": "event", "name": "rain", "data": {"how": "hard"}, "react": dice.random() < 0.4} | scope)
            case "flags":
                self._sure({"type": "flags", "values": {"quest": dice.randint(0, 3), "trust": dice.randint(0, 3)}})
            case "continue":
                self._sure({"type": "continue", "npc": npc})
            case "interrupt":
                self._fault("interrupt")
                self._put({"type": "interrupt", "npc": npc, "at": dice.randint(0, 40)})
            case "seen":
                if self.turns:
                    turn = dice.choice(list(self.turns.values())[-10:])
                    self._put({"type": "seen", "npc": turn.npc, "turn": turn.id, "at": dice.randint(0, 99)})
            case "hold":
                self._fault("hold")
                scope = dice.choice(({"npc": npc}, {"group": "g2"}, {}))
                self._sure({"type": "hold"} | scope)
                loop.call_later(dice.uniform(0.5, 10), lambda: self._sure({"type": "release"} | scope))
            case "line":
                self._sure({"type": "line", "npc": npc, "text": "(nods) Halt!", "shown": dice.random() < 0.3})
            case "again":
                self._sure({"type": dice.choice(("regenerate", "candidates")), "npc": npc, "n": 2})
            case "close":
                self._fault("close")
                left = (npc, self._circle)
                self.excused |= {line for line, of in self.accepted.items() if of in left}
                self.excused |= {line for line, sent in self._unsure.items() if sent.get("npc") in left}
                self._put({"type": "close", "npc": npc})
                self._open.discard(npc)
                loop.call_later(dice.uniform(0.5, 3), self._put_open, npc)
            case "twice":
                self._fault("sent twice")
                for message in list(self._unsure.values())[-3:]:
                    self._put(message)
            case "garbage":
                self._fault("garbage")
                garbage = dice.choice((b"", b"{", b"\xff\xfe", b'{"type": "say"}', b'{"type": "what"}', dice.randbytes(70_000)))
                if self._line is not None:
                    self._line.send(garbage)
            case "cut":
                self._fault("cut")
                if self._line is not None:
                    self._line.cut()
            case "sleep":
                self._fault("game does not read")
                if (line := self._line) is not None:
                    line.is_read = False
                    loop.call_later(dice.uniform(0.5, 40), line.read_on)

    def _disperse(self) -> None:
        self._sure({"type": "disperse", "group": self._circle})
        self._circle = ""

    def _sure(self, message: dict[str, Any]) -> None:
        """Send this until it is called safe."""
        message["id"] = self._new_id()
        self._unsure[message["id"]] = message
        self._put(message)

    def _new_id(self) -> str:
        self._ids += 1
        return f"a{self._ids}"

    def _fault(self, name: str) -> None:
        self._report.faults[name] += 1

    def _wrong(self, what: str) -> None:
        self._report.wrong.append(f"{self.npcs[0].partition('_')[0]}: {what}")

    # ── what is checked ──

    def check(self) -> None:
        report = self._report
        answers: dict[str, list[Seen]] = {}
        for turn in self.turns.values():
            report.turns += 1
            for line in turn.answers:
                answers.setdefault(line, []).append(turn)
            self._check_turn(turn)
        for line, npc in self.accepted.items():
            turns = answers.get(line, [])
            if len(turns) == 1:
                report.answered += 1
            elif not turns and line in self._remembered:
                report.ended_unheard += 1
            elif line not in self.excused:
                self._wrong(f"line {line} of {npc} is answered by {[turn.id for turn in turns]}")

    def _check_turn(self, turn: Seen) -> None:
        report, ended = self._report, turn.ended
        if ended is None:
            self._wrong(f"turn {turn.id} ({turn.cause}) of {turn.npc} never ended")
            return
        report.reasons[ended["reason"]] += 1
        report.longest_turn_ms = max(report.longest_turn_ms, ended["total_ms"])
        if ended["reason"] != "interrupted" and turn.cause != "candidates":
            first_ms = ended.get("first_text_ms") or 0.0
            report.latest_text_ms = max(report.latest_text_ms, first_ms)
            if first_ms > DEADLINE_MS + LATE_MS:
                self._wrong(f"the first text of {turn.id} ({turn.cause}) came after {first_ms:.0f} ms")
        if ended.get("code") == "internal":
            self._wrong(f"turn {turn.id} ({turn.cause}) met a bug of the bridge")
        if ended["total_ms"] > 1000 * TURN_TIMEOUT_S + LATE_MS:
            self._wrong(f"turn {turn.id} took {ended['total_ms']:.0f} ms")
        if not turn.chars and not turn.acts and ended["reason"] != "interrupted":
            self._wrong(f"{turn.npc} stayed silent in turn {turn.id} ({turn.cause}, {ended['reason']}, {ended.get('code')})")


def new_bridge(backend: Backend, cast: Cast, store: Store) -> Bridge:
    """A bridge without the part that listens."""
    settings, storage = ServerSettings(turn_timeout_s=TURN_TIMEOUT_S), StorageSettings(path="", resume_s=20)
    bridge = Bridge(settings, backend, cast, storage=storage, store=store, clock=asyncio.get_running_loop().time)
    bridge.words = asyncio.create_task(asyncio.sleep(0))
    return bridge


class Premises:
    """Where the bridge runs, until it crashes and another one takes its place, with the same memory."""

    def __init__(self, new: Callable[[], Bridge]) -> None:
        self._new = new
        self.bridge = new()

    def crash(self, games: list[Game]) -> None:
        """End the process, as it were: connections break, tasks stop where they are, nothing is tidied up."""
        for game in games:
            game.crashed()
        for play in self.bridge.plays.values():
            for timer in (play._answering, play._leaving):
                if timer is not None:
                    timer.cancel()
            for task in play._tasks:
                task.cancel()
            play._send = lambda message: None  # type: ignore[method-assign]
        self.bridge = self._new()
