"""Row 16: one queue for each key, the most important first, and never more than the server takes."""

from __future__ import annotations

import asyncio

import pytest

from npc_bridge.backends import Priority
from npc_bridge.backends.gate import SAFETY, Gate, gate_for
from tests.simulated_loop import simulated


def now() -> float:
    return asyncio.get_running_loop().time()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def ask(gate: Gate, log: list[str], name: str, priority: Priority = "say", *, model: str = "m", per_s: float = 0.0) -> None:
    await gate.enter(model, priority, per_s=per_s)
    log.append(name)


@simulated
async def test_without_limits_nobody_waits() -> None:
    gate = Gate()
    for _ in range(100):
        await gate.enter("m")
    assert (gate.running, gate.waiting) == (100, 0)


@simulated
async def test_the_most_important_goes_first_and_equals_in_their_order() -> None:
    gate, log = Gate(1), list[str]()
    await gate.enter("m")
    names: list[tuple[str, Priority]] = [
        ("summary", "summary"), ("npc", "npc"), ("say 1", "say"), ("addressed", "addressed"), ("say 2", "say"), ("npc 2", "npc"),
    ]  # fmt: skip
    tasks = [asyncio.create_task(ask(gate, log, name, priority)) for name, priority in names]
    await settle()
    assert gate.waiting == 6
    for _ in names:
        gate.leave()
        await settle()
    assert log == ["say 1", "say 2", "addressed", "npc", "npc 2", "summary"]
    await asyncio.gather(*tasks)


@simulated
async def test_two_a_second_means_two_in_any_second() -> None:
    gate, times = Gate(), list[float]()
    for _ in range(7):
        await gate.enter("m", per_s=2)
        gate.leave()
        times.append(round(now(), 6))
    assert times == pytest.approx([0, 0, SAFETY, SAFETY, 2 * SAFETY, 2 * SAFETY, 3 * SAFETY])


@simulated
async def test_less_than_one_a_second_is_possible() -> None:
    gate, times = Gate(), list[float]()
    for _ in range(3):
        await gate.enter("m", per_s=0.25)
        times.append(now())
    assert times == pytest.approx([0, 4 * SAFETY, 8 * SAFETY])


@simulated
async def test_a_players_line_overtakes_all_that_wait_for_the_next_second() -> None:
    gate, log = Gate(), list[str]()
    tasks = [asyncio.create_task(ask(gate, log, f"npc {number}", "npc", per_s=2)) for number in range(6)]
    await settle()
    tasks.append(asyncio.create_task(ask(gate, log, "say", per_s=2)))
    await asyncio.gather(*tasks)
    assert log == ["npc 0", "npc 1", "say", "npc 2", "npc 3", "npc 4", "npc 5"]
    assert now() == pytest.approx(3 * SAFETY)


@simulated
async def test_each_model_has_an_allowance_of_its_own_in_the_one_queue() -> None:
    gate = Gate()
    for model in ("plus", "flash", "plus", "flash"):
        await gate.enter(model, per_s=2)
    assert now() == 0
    await gate.enter("plus", per_s=2)
    assert now() == pytest.approx(SAFETY)


@simulated
async def test_who_is_cancelled_leaves_the_queue() -> None:
    gate, log = Gate(1), list[str]()
    await gate.enter("m")
    first, second = (asyncio.create_task(ask(gate, log, name)) for name in ("first", "second"))
    await settle()
    first.cancel()
    await settle()
    assert gate.waiting == 1
    gate.leave()
    await second
    assert (log, gate.running) == (["second"], 1)


@simulated
async def test_who_is_cancelled_in_the_moment_of_being_let_in_gives_the_place_back() -> None:
    gate, log = Gate(1), list[str]()
    await gate.enter("m")
    first, second = (asyncio.create_task(ask(gate, log, name)) for name in ("first", "second"))
    await settle()
    gate.leave()
    first.cancel()
    await second
    assert (log, gate.running, gate.waiting) == (["second"], 1, 0)


@simulated
async def test_who_gives_up_in_the_moment_that_a_place_becomes_free_is_passed_over() -> None:
    gate, log = Gate(concurrency=1), []
    await gate.enter("m")
    first, second = (asyncio.create_task(ask(gate, log, name)) for name in ("gives up", "stays"))
    await settle()
    first.cancel()
    gate.leave()
    await settle()
    assert (log, first.cancelled(), second.done(), gate.running) == (["stays"], True, True, 1)


@simulated
async def test_after_too_many_requests_nobody_asks_for_a_while() -> None:
    gate = Gate()
    await gate.enter("plus")
    gate.hold("plus", 5.0)
    await gate.enter("flash")
    assert now() == 0
    await gate.enter("plus", "summary")
    assert now() == 5.0


@simulated
async def test_all_who_use_a_key_at_a_server_share_one_queue() -> None:
    gate = gate_for("https://example.org/v1", "sk-1", 3)
    assert gate_for("https://example.org/v1", "sk-1", 3) is gate
    assert gate_for("https://example.org/v1", "sk-2", 3) is not gate
    assert gate_for("https://example.com/v1", "sk-1", 3) is not gate
    assert "sk-1" not in repr(vars(gate))
