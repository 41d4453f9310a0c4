"""What the bridge costs beside the thinnest relay there can be, and beside the way one would write it in an afternoon.

    python -m benchmarks.relay [--rounds 5]

All relays stand between the same fake model and the same load, one after the other, round after round, so that a busy machine
troubles them alike. The relay has a core to itself, the model and the load share another. Compare ratios: times differ by a factor of
two from machine to machine.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.processes import answer, bridge, python, running, spread

RELAY_CORE, OTHERS_CORE = 0, 1
FELL_BEHIND_US = 33_333
"""A relay whose pieces arrive later than the next one is written is not keeping up."""

Result = dict[str, Any]
Rounds = list[dict[str, dict[str, Result]]]
"""Results by round, relay and scenario."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What the load does."""

    name: str
    title: str
    options: dict[str, object]


@dataclass(frozen=True, slots=True)
class Relay:
    """One of those that are compared."""

    name: str
    command: Callable[[int], list[str]]
    """From the port of the model."""
    load_options: tuple[str, ...] = ()


FLOOR = Relay("floor", lambda model: python("benchmarks.floor", model))
BRIDGE = Relay("bridge", bridge)
NAIVE = Relay("FastAPI + openai", lambda model: python("benchmarks.naive", model), ("--json",))
RELAYS = [
    FLOOR,
    Relay("floor, uvloop", lambda model: python("benchmarks.floor", model, "--loop", "uvloop")),
    BRIDGE,
    Relay("bridge, no uvloop", lambda model: bridge(model, "--no-uvloop")),
    NAIVE,
]
HAS_NAIVE = all(importlib.util.find_spec(name) for name in ("fastapi", "uvicorn"))


def scenarios(streams: int, window_s: float) -> list[Scenario]:
    many = f"{streams} streams at 30 chunks a second each"
    long_turn = int((window_s + 5) * 30)
    paced: dict[str, object] = {"--streams": streams, "--rate": 30, "--window-s": window_s}
    burst: dict[str, object] = {"--rate": 0, "--chunks": 1000, "--turns": 1}
    short: dict[str, object] = {"--streams": 1, "--rate": 100, "--chunks": 4}
    return [
        Scenario("steady", f"{many}, in the middle of long replies", {**paced, "--chunks": long_turn}),
        Scenario("turns", f"{many}, replies of 60 chunks one after the other", {**paced, "--chunks": 60}),
        Scenario("burst", f"{streams} streams, 1,000 chunks each as fast as they go", {**burst, "--streams": streams}),
        Scenario("single", "one stream, short replies one after the other", {**short, "--turns": int(20 * window_s)}),
    ]


def measure(relay: Relay, wanted: Sequence[Scenario], model_port: int) -> dict[str, Result]:
    """All scenarios on one process of this relay."""
    results = {}
    with running(relay.command(model_port), core=RELAY_CORE) as server:
        for scenario in wanted:
            options = [str(word) for option in scenario.options.items() for word in option]
            load = python("benchmarks.load", server.port, "--pid", server.pid, *options, *relay.load_options)
            results[scenario.name] = answer(load, core=OTHERS_CORE)
    return results


def report(scenario: Scenario, rounds: Rounds) -> None:
    """One table: medians over the rounds, and the ratio of CPU time to the floor of the same round."""
    print(f"\n{scenario.title}")
    row = "  {:<18}{:>10}  {:<20}{:>16}{:>16}{:>8}{:>8}  {}"
    print(row.format("relay", "CPU us/ch", "x floor", "added p50/p99", "1st p50/p99 us", "chunks", "lost", ""))
    for name in rounds[0]:
        results = [each[name][scenario.name] for each in rounds]
        ratios = [each[name][scenario.name]["cpu_us"] / each[FLOOR.name][scenario.name]["cpu_us"] for each in rounds]
        middle = {field: statistics.median(result[field] for result in results) for field in results[0]}
        remarks = []
        if middle["added_p50_us"] > FELL_BEHIND_US and scenario.name != "burst":
            remarks.append("fell behind")
        if unfinished := sum(result["unfinished"] for result in results):
            remarks.append(f"{unfinished} replies unfinished")
        cells = [f"{middle['cpu_us']:.1f}", spread(ratios)]
        cells += [f"{middle[f'{kind}_p50_us']:.0f} / {middle[f'{kind}_p99_us']:.0f}" for kind in ("added", "first")]
        lost = sum(result["lost"] for result in results)
        print(row.format(name, *cells, sum(result["chunks"] for result in results), lost, ", ".join(remarks)))


def compare(relays: Sequence[Relay], wanted: Sequence[Scenario], rounds: int) -> Rounds:
    """Measure them one after the other, round after round."""
    results = []
    with running(python("benchmarks.fake_model"), core=OTHERS_CORE) as model:
        for number in range(rounds):
            busy = f", load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
            print(f"round {number + 1} of {rounds}{busy}", file=sys.stderr)
            results.append({relay.name: measure(relay, wanted, model.port) for relay in relays})
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--window-s", type=float, default=5.0)
    parser.add_argument("--only", action="append", help="a relay or a scenario by name; may be given several times")
    options = parser.parse_args()
    only = set(options.only or ())
    relays = [each for each in RELAYS if HAS_NAIVE or each is not NAIVE]
    relays = [each for each in relays if each.name in only | {FLOOR.name}] if only & {each.name for each in relays} else relays
    wanted = scenarios(options.streams, options.window_s)
    wanted = [each for each in wanted if each.name in only] or wanted
    if not HAS_NAIVE:
        print("FastAPI is not installed: run with the dependency group 'bench' to compare with it", file=sys.stderr)
    rounds = compare(relays, wanted, options.rounds)
    for scenario in wanted:
        report(scenario, rounds)


if __name__ == "__main__":
    main()
