"""The chaos run: many NPCs, minutes of play, and faults at random in the model, the network and the game. Nothing may be silent or lost.

    python -m benchmarks.chaos --npcs 50 --minutes 10 --seed 1

plays in simulated time (``simulated.py``) and prints what happened, and what went wrong; it ends with 1 if anything did. It is checked
for every line that was accepted that exactly one turn answers it and ends, that no turn went past its time limit, that no NPC stayed
silent, that no message was lost or came twice, and that memory and tasks are back to the start.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import random
import sys
import tempfile
import time
import tracemalloc
from collections import Counter
from dataclasses import fields
from functools import partial
from pathlib import Path

from benchmarks import simulated
from benchmarks.chaos_game import Game, Premises, Report, new_bridge
from benchmarks.chaos_model import ChaosModel
from npc_bridge.backends import Backend
from npc_bridge.backends.row import Row
from npc_bridge.cast import Cast
from npc_bridge.core.conversation import Conversation, Turn
from npc_bridge.core.session import Session
from npc_bridge.play import Play

CRASHES = 2
"""How often the bridge's process ends in mid-play, and another one goes on with its memory."""
GROWTH_BYTES = 2_000_000
"""How much memory may be left over. What the interpreter and its libraries keep for themselves differs from run to run."""

CHARACTER = """
name = "{name}"
react_cooldown_s = 5
[style]
max_sentences = 3
[clips]
nod = "nods"
wave = "waves"
laugh = "laughs"
[patience]
filler_after_ms = 1500
deadline_ms = 6000
stall_ms = 3000
[fallback]
unknown = ["(nods) Hm.", "(waves) Later."]
[knows]
"the key" = {{ when = "quest >= 2", text = "It lies under the flagstone." }}
[exits]
trade_opened = {{ description = "they agree to trade", when = "trust >= 2" }}
"""


def cast_in(folder: Path) -> Cast:
    (folder / "characters").mkdir()
    for name in ("Brom", "Tilda"):
        opening = 'opening_line = "(waves) Welcome."\n' if name == "Tilda" else ""
        (folder / "characters" / f"{name.lower()}.toml").write_text(opening + CHARACTER.format(name=name), encoding="utf-8")
    (folder / "events.toml").write_text('[rain]\ntext = "It rains {how}."\nkey = "weather"\n', encoding="utf-8")
    return Cast(folder / "characters", folder / "events.toml")


async def play(cast: Cast, *, npcs: int, minutes: float, seed: int) -> Report:
    """Let games play side by side with one bridge, and check what they have seen."""
    loop = asyncio.get_running_loop()
    report, dice, began = Report(npcs=npcs), random.Random(seed), time.monotonic()
    tasks_before = len(asyncio.all_tasks())
    models = [ChaosModel(name, random.Random(dice.random()), faults=faults) for name, faults in (("large", 0.4), ("small", 0.2))]
    backend: Backend = Row(models, clock=loop.time)
    async with simulated.memory() as store:
        house = Premises(partial(new_bridge, backend, cast, store))
        per_game = 10
        games = [
            Game(number, min(per_game, npcs - number * per_game), house, random.Random(dice.random()), report)
            for number in range(-(-npcs // per_game))
        ]
        until = loop.time() + 60 * minutes
        for crash in range(1, CRASHES + 1):
            loop.call_at(loop.time() + crash * 60 * minutes / (CRASHES + 1), house.crash, games)
        await asyncio.gather(*(game.play(until) for game in games))
        await asyncio.gather(*(game.leave() for game in games))
        report.simulated_s = loop.time()
        del house
    for game in games:
        game.check()
    for model in models:
        report.model.update(model.did)
    await asyncio.sleep(60)
    report.left_tasks = len(asyncio.all_tasks()) - tasks_before
    if report.left_tasks:
        report.wrong.append(f"{report.left_tasks} tasks are left: {[task.get_coro() for task in asyncio.all_tasks()][:5]}")
    report.took_s = time.monotonic() - began
    return report


def left_over() -> Counter[str]:
    """What is still there of what every session makes."""
    gc.collect()
    kinds = (Play, Session, Conversation, Turn)
    return Counter(type(each).__name__ for each in gc.get_objects() if isinstance(each, kinds))


def chaos(*, npcs: int, minutes: float, seed: int) -> Report:
    """One chaos run, after a short one that fills the caches of all libraries."""
    there = left_over()  # of whoever else uses this process
    with tempfile.TemporaryDirectory() as folder:
        cast = cast_in(Path(folder))
        simulated.run(play(cast, npcs=min(npcs, 10), minutes=0.5, seed=seed + 1))
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        report = simulated.run(play(cast, npcs=npcs, minutes=minutes, seed=seed))
        report.left_objects = left_over() - there
        report.grown_bytes = tracemalloc.get_traced_memory()[0] - before
        where = tracemalloc.take_snapshot().statistics("lineno")[:3] if report.grown_bytes > GROWTH_BYTES else []
        tracemalloc.stop()
    if report.left_objects:
        report.wrong.append(f"still in memory: {dict(report.left_objects)}")
    if report.grown_bytes > GROWTH_BYTES:
        report.wrong.append(f"{report.grown_bytes} bytes more than before, most of it from {', '.join(map(str, where))}")
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--npcs", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=10.0, help="of simulated play")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    report = chaos(npcs=options.npcs, minutes=options.minutes, seed=options.seed)
    for each in fields(report):
        if each.name != "wrong":
            value = getattr(report, each.name)
            print(f"{each.name:>18}  {dict(value) if isinstance(value, Counter) else value}")
    print(f"{'wrong':>18}  {len(report.wrong)}")
    for problem in report.wrong[:40]:
        print(f"  {problem}")
    sys.exit(1 if report.wrong else 0)


if __name__ == "__main__":
    main()
