"""The chaos run, short: whatever goes wrong in the model, the network and the game, no line is lost and no NPC is silent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

import pytest

from benchmarks import simulated
from benchmarks.chaos import chaos
from benchmarks.chaos_model import FAULTS
from benchmarks.simulated import Line


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What goes wrong on purpose fills no log."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_is_silent_lost_late_or_left_over(seed: int) -> None:
    report = chaos(npcs=20, minutes=1, seed=seed)
    assert report.wrong == []
    assert report.answered > 50
    assert {"interrupted", "fallback", "stop"} <= report.reasons.keys()
    assert report.model.keys() - {"reply"} <= set(FAULTS)
    assert len(report.model) > 5


def test_simulated_time_jumps_to_the_next_timer() -> None:
    async def sleep() -> float:
        begun = asyncio.get_running_loop().time()
        await asyncio.sleep(3_600)
        return asyncio.get_running_loop().time() - begun

    assert simulated.run(sleep()) == pytest.approx(3_600)


def test_simulated_time_stands_still_while_a_thread_works() -> None:
    async def work() -> float:
        begun = asyncio.get_running_loop().time()
        async with asyncio.timeout(60):
            await asyncio.to_thread(sum, range(1_000_000))
        return asyncio.get_running_loop().time() - begun

    assert simulated.run(work()) < 1


def test_what_is_sent_arrives_late_and_in_order_until_the_line_is_cut() -> None:
    async def talk() -> list[bytes]:
        line = Line("", delay_s=0.5)
        for number in range(5):
            line.send(b"%d" % number)
        arrived = [await line.bridge_end.recv() for _ in range(5)]
        assert asyncio.get_running_loop().time() == pytest.approx(0.5, abs=0.01)
        line.send(b"lost")
        line.cut()
        with pytest.raises(ConnectionError):
            await line.receive()
        return arrived

    assert simulated.run(talk()) == [b"0", b"1", b"2", b"3", b"4"]
