"""The benchmarks still run, and what they compare loses nothing. Nothing here says how fast anything is."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import relay
from benchmarks.reply import ask, bare, expected

ROOT = Path(__file__).parents[1]

TINY = [
    relay.Scenario("paced", "paced", {"--streams": 2, "--rate": 60, "--chunks": 45, "--window-s": 0.5, "--ramp-s": 0.1}),
    relay.Scenario("burst", "burst", {"--streams": 3, "--rate": 0, "--chunks": 500, "--turns": 2}),
]


def run(*words: str) -> str:
    return subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=True).stdout


@pytest.mark.parametrize("naive", [pytest.param(False, id="bridge"), pytest.param(True, id="FastAPI + openai")])
def test_every_relay_brings_the_whole_reply(naive: bool, capsys: pytest.CaptureFixture[str]) -> None:
    if naive and not importlib.util.find_spec("fastapi"):
        pytest.skip("needs the dependency group 'bench'")
    relays = [relay.FLOOR, relay.NAIVE if naive else relay.BRIDGE]
    rounds = relay.compare(relays, TINY, rounds=1)
    results = [result for by_relay in rounds for by_scenario in by_relay.values() for result in by_scenario.values()]
    assert [(result["lost"], result["unfinished"]) for result in results] == [(0, 0)] * 4
    assert all(result["chunks"] > 50 and result["turns"] > 2 for result in results)
    relay.report(TINY[0], rounds)
    assert "1.00 (1.00–1.00)" in capsys.readouterr().out


def test_events_are_counted_beside_a_floor() -> None:
    table = run("benchmarks.events", "--rounds", "1", "--games", "2", "--events", "2048")
    assert [line.split()[0] for line in table.splitlines() if "(" in line] == ["floor", "bridge", "bridge,"]


def test_idle_sessions_and_starts_are_measured() -> None:
    table = run("benchmarks.idle", "--sessions", "20", "--starts", "1")
    assert " 20 sessions" in table
    assert "python -c pass" in table


def test_remembering_is_measured() -> None:
    table = run("benchmarks.memory", "--rounds", "1", "--longest", "1000")
    for row in ("| none |", "| normal |", "| full |", "| 100 |", "| 1,000 |", "| en |", "| zh |", "messages missed: "):
        assert row in table


def test_most_of_a_long_evenings_prompts_are_what_the_server_read_before() -> None:
    """Counted, not timed: the same on every machine, and so a promise."""
    rows = [row for row in run("benchmarks.cache", "--counted").splitlines() if "%" in row]
    shares = [float(row.split("|")[2].strip().rstrip("%")) for row in rows]
    cuts = [int(row.split("|")[4]) for row in rows]
    assert shares[0] >= 85
    assert cuts[0] >= 2
    assert shares[1] < 60
    assert cuts[2] > cuts[0]


def test_a_reply_is_compared_without_its_stamps_and_actions() -> None:
    assert expected(2) == bare(["Well", " |00001|000000000000000001| come in", " from (waves)"])
    assert ask(30, 60) == "Tell me more, rate=30 chunks=60 please."
