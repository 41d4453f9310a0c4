"""What remembering costs: durable writes, opening and prompts against the length of a history, saved states, forgetting.

    python -m benchmarks.memory [accepted] [history] [blob] [resume] [--folder DIR]

The folder decides which disk is measured; the report says what kind of file system it has.
"""

from __future__ import annotations

import argparse
import asyncio
import bisect
import bz2
import itertools
import json
import lzma
import os
import random
import re
import sqlite3
import statistics
import tempfile
import time
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgpack
import psutil
from websockets.asyncio.client import connect

from benchmarks.crash import Bridges, bridge_arguments
from benchmarks.processes import percentile
from npc_bridge.backends.scripted import Scripted
from npc_bridge.core.changes import AddLine, PutConversation, PutSession
from npc_bridge.core.character import character_from_map
from npc_bridge.core.events import EventTemplates
from npc_bridge.core.messages import Open, Player
from npc_bridge.core.session import Session
from npc_bridge.memory.blob import pack, unpack
from npc_bridge.memory.store import open_store
from npc_bridge.saves import revive
from npc_bridge.turn import request_for

PARTS = ("accepted", "history", "blob", "resume")
ACTIONS = ("smiles", "nods slowly", "looks over the counter", "shakes his head", "waves at you", "leans closer", "points at the door")
ACTIONS_ZH = ("微笑", "点点头", "看向门口", "摇头", "挥手", "压低声音", "叹了口气")


def evening(language: str, *, npcs: int, messages: int, seed: int = 1) -> dict[str, Any]:
    """A state such as ``save`` packs: so many NPCs with so many messages each.

    The words are drawn at random, common ones more often, so that no phrase ever comes twice: real talk compresses better.
    """
    rng = random.Random(seed)
    speak = speaker(language, rng)
    talks = {
        f"npc_{number}": {
            "character": "mira",
            "player": {"name": "Ann", "id": "player-1"},
            "lines": [
                {
                    "n": n,
                    "role": "assistant" if n % 2 else "user",
                    "text": speak(n % 2 == 1),
                    "player": "" if n % 2 else "Ann",
                    "cut": False,
                }
                for n in range(messages)
            ],
        }
        for number in range(npcs)
    }
    return {"version": 1, "turns": npcs * messages // 2, "talks": talks, "ids": [f"say-{n}" for n in range(npcs * messages // 2)]}


def speaker(language: str, rng: random.Random) -> Any:
    """Gives lines: a player's of 5 to 15 words, an NPC's of 12 to 40 with an action; in Chinese characters, three for two words."""
    words = [chr(0x4E00 + n * 13) for n in range(1_500)] if language == "zh" else vocabulary()
    chances = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(words))))
    joint, actions = ("", ACTIONS_ZH) if language == "zh" else (" ", ACTIONS)

    def speak(is_npc: bool) -> str:
        count = rng.randint(12, 40) if is_npc else rng.randint(5, 15)
        if language == "zh":
            count = count * 3 // 2
        said = joint.join(words[bisect.bisect(chances, rng.random() * chances[-1])] for _ in range(count))
        return f"({rng.choice(actions)}) {said}." if is_npc else f"{said}?"

    return speak


def vocabulary() -> list[str]:
    """A few thousand English words: those of the project's own documents, the commonest first."""
    counts: dict[str, int] = {}
    for page in sorted((Path(__file__).parents[1] / "docs").glob("*.md")):
        for word in re.findall(r"[a-z]{2,}", page.read_text(encoding="utf-8").lower()):
            counts[word] = counts.get(word, 0) + 1
    return sorted(counts, key=lambda word: (-counts[word], word))


# ── accepted ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def accepted_us(folder: Path, bridges: Bridges, storage: str, *, count: int, at_once: int) -> list[float]:
    """Microseconds from an event to its ``accepted``, for ``at_once`` games that each send the next when the last is accepted."""
    arguments = bridge_arguments(folder, "normal" if storage == "normal" else "full")
    if storage == "none":
        arguments[arguments.index("--storage") + 1] = ""
    bridge = await bridges.start(arguments)
    times: list[float] = []

    async def game(number: int) -> None:
        async with connect(f"ws://127.0.0.1:{await bridge.port}", compression=None) as socket:
            await socket.send(json.dumps({"type": "hello", "protocol": 1, "token": "crash"}))
            await socket.send(json.dumps({"type": "open", "npc": "smith", "character": "brom", "player": "Ann"}))
            for n in range(count + 10):
                begin = time.perf_counter()
                event = {"type": "event", "id": f"{number}-{n}", "name": "bell", "key": "bell", "data": {"how": "loud"}, "npc": "smith"}
                await socket.send(json.dumps(event))
                while json.loads(await socket.recv())["type"] != "accepted":
                    pass
                if n >= 10:
                    times.append((time.perf_counter() - begin) * 1e6)

    try:
        await asyncio.gather(*map(game, range(at_once)))
    finally:
        await bridge.kill()
    return times


async def report_accepted(folder: Path, rounds: int) -> None:
    print("\naccepted, µs from an event to its `accepted`, p50 / p99 (best of the rounds)\n")
    print("| storage | one game | 20 games |\n|---|---|---|")
    rows: dict[str, list[str]] = {"none": [], "normal": [], "full": []}
    async with Bridges() as bridges:
        for at_once, count in ((1, 400), (20, 60)):
            best: dict[str, tuple[float, float]] = {}
            for number in range(rounds):
                for storage in rows:
                    times = await accepted_us(folder / f"{storage}-{at_once}-{number}", bridges, storage, count=count, at_once=at_once)
                    found = (percentile(times, 50), percentile(times, 99))
                    best[storage] = min(found, best.get(storage, found), key=lambda pair: pair[1])
            for storage, (half, most) in best.items():
                rows[storage].append(f"{half:,.0f} / {most:,.0f}")
    for storage, cells in rows.items():
        print(f"| {storage} | {' | '.join(cells)} |")
    print(f"\none write of 4 KB and its fsync: {fsync_us(folder):,.0f} µs (median of 200)")


def fsync_us(folder: Path) -> float:
    """What the disk itself takes for the least that is durable."""
    times = []
    with (folder / "fsync").open("wb") as file:
        for _ in range(200):
            begin = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            times.append((time.perf_counter() - begin) * 1e6)
    return statistics.median(times)


# ── a long history ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def report_history(folder: Path, rounds: int, longest: int) -> None:
    print("\none conversation, of which the NPC reads the last 100 messages, ms (median, best of the rounds)\n")
    print("| messages | file MB | open the file | read the conversation | its prompt |\n|---|---|---|---|---|")
    length = 100
    while length <= longest:
        path = folder / f"{length}.db"
        await _fill(path, length)
        best = [float("inf")] * 3
        for _ in range(rounds):
            best = [min(pair) for pair in zip(best, await _open_ms(path), strict=True)]
        print(f"| {length:,} | {path.stat().st_size / 1e6:.1f} | " + " | ".join(f"{each:.2f}" for each in best) + " |", flush=True)
        path.unlink()
        length *= 10


async def _fill(path: Path, length: int) -> None:
    speak = speaker("en", random.Random(1))
    texts = [speak(n % 2 == 1) for n in range(1_000)]
    state = {"npc": "smith", "character": "brom", "player": {"name": "Ann"}, "language": "en", "group": "", "first": max(0, length - 100)}
    store = await open_store(path, sync="normal")
    store.write("s", [PutSession({"turns": length // 2}), PutConversation("smith", "Ann", state)])
    for begin in range(0, length, 10_000):
        lines = range(begin, min(begin + 10_000, length))
        await store.write("s", [AddLine("smith", n, ("user", "assistant")[n % 2], texts[n % 1_000], "", False) for n in lines])
    await store.close()


async def _open_ms(path: Path) -> list[float]:
    """To open the file, to read the conversation, and to make a prompt of it."""
    character, backend = character_from_map({"name": "Brom"}, character_id="brom"), Scripted()
    steps = [time.perf_counter()]
    store = await open_store(path)
    steps.append(time.perf_counter())
    stored = await store.read_session("s")
    steps.append(time.perf_counter())
    assert stored is not None
    session = Session("s", find_character=lambda _: character, templates=EventTemplates())
    revive(session, stored)
    session.receive(Open(type="open", npc="smith", character="brom", player=Player(name="Ann")), 0.0)
    begin = time.perf_counter()
    request = request_for(session.conversations["smith"], None, backend)
    steps.append(time.perf_counter() - begin + steps[-1])
    assert len(request.messages) > 90
    await store.close()
    return [(after - before) * 1e3 for before, after in itertools.pairwise(steps)]


# ── saved states ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def report_blob(rounds: int) -> None:
    print("\na saved state of ten NPCs with 200 messages each (random words: real talk is smaller)\n")
    print("| language | characters said | bytes | pack ms | unpack ms |\n|---|---|---|---|---|")
    for language in ("en", "zh"):
        state = evening(language, npcs=10, messages=200)
        said = sum(len(line["text"]) for talk in state["talks"].values() for line in talk["lines"])
        blob = pack(state)
        packing, unpacking = (min(_ms(work) for _ in range(rounds * 3)) for work in (partial(pack, state), partial(unpack, blob)))
        print(f"| {language} | {said:,} | {len(blob):,} | {packing:.1f} | {unpacking:.1f} |")
    plain = msgpack.packb(evening("en", npcs=10, messages=200))
    sizes = {name: len(work(plain)) for name, work in (("zlib", zlib.compress), ("lzma", lzma.compress), ("bzip2", bz2.compress))}
    print("\nof the English one, by compressor: " + ", ".join(f"{name} {size:,} bytes" for name, size in sizes.items()))


def _ms(work: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1e3


# ── coming back ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def report_resume(folder: Path, rounds: int) -> None:
    print("\ncoming back, ms from connecting to the last message (best of the rounds)\n")
    missed = 1_000
    resumed, restarted = float("inf"), float("inf")
    async with Bridges() as bridges:
        for number in range(rounds):
            arguments = bridge_arguments(folder / f"resume-{number}", "normal")
            bridge = await bridges.start(arguments)
            session = await _miss(await bridge.port, missed)
            resumed = min(resumed, await _come_back_ms(await bridge.port, session, missed))
            await bridge.kill()
            begin = time.perf_counter()
            bridge = await bridges.start(arguments)
            await _come_back_ms(await bridge.port, session, 0)
            restarted = min(restarted, (time.perf_counter() - begin) * 1e3)
            await bridge.kill()
    print(f"with {missed:,} messages missed: {resumed:.1f}; after kill -9, from the start of the bridge (imports done): {restarted:.1f}")


async def _miss(port: int, count: int) -> str:
    """A session that is told so many messages, of which the game has seen the first."""
    async with connect(f"ws://127.0.0.1:{port}", compression=None) as socket:
        await socket.send(json.dumps({"type": "hello", "protocol": 1, "token": "crash"}))
        session = str(json.loads(await socket.recv())["session"])
        for _ in range(count):
            await socket.send(json.dumps({"type": "close", "npc": "nobody"}))
        for _ in range(count):
            await socket.recv()
        socket.transport.abort()
    return session


async def _come_back_ms(port: int, session: str, missed: int) -> float:
    begin = time.perf_counter()
    async with connect(f"ws://127.0.0.1:{port}", compression=None) as socket:
        await socket.send(json.dumps({"type": "hello", "protocol": 1, "token": "crash", "session": session, "seq": 1}))
        assert not missed or json.loads(await socket.recv())["resumed"]
        for _ in range(missed):
            await socket.recv()
        return (time.perf_counter() - begin) * 1e3


# ── the command ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def file_system(folder: Path) -> str:
    """Its kind, without saying where it is."""
    mounts = [each for each in psutil.disk_partitions(all=True) if folder.resolve().is_relative_to(each.mountpoint)]
    return max(mounts, key=lambda each: len(each.mountpoint)).fstype if mounts else "unknown"


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS) + "; default: all")
    parser.add_argument("--folder", type=Path, help="where to measure; default: the system's folder for temporary files")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--longest", type=int, default=1_000_000, help="messages of the longest history")
    options = parser.parse_args()
    parts = options.parts or PARTS
    with tempfile.TemporaryDirectory(dir=options.folder, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        print(f"file system {file_system(folder)}, SQLite {sqlite3.sqlite_version}")
        if "accepted" in parts:
            await report_accepted(folder, options.rounds)
        if "history" in parts:
            await report_history(folder, options.rounds, options.longest)
        if "blob" in parts:
            report_blob(options.rounds)
        if "resume" in parts:
            await report_resume(folder, options.rounds)


if __name__ == "__main__":
    asyncio.run(main())
