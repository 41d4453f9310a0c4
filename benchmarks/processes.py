"""Servers under test as processes: started, waited for, pinned to a core, and ended with the block."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

READY_TIMEOUT_S = 60
LIFETIME_S = 900
"""After this, each server of ours ends by itself, should nobody be left to end it."""
CPU_STEP_S = 0.01
"""In which steps the system counts CPU time."""
TOKEN = "benchmarks"
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("NPC_BRIDGE_")},
    "PYTHONPATH": str(Path(__file__).parents[1]),
    "NPC_BRIDGE_SERVER__MAX_CONNECTIONS": "4096",
}

Loop = Callable[[], asyncio.AbstractEventLoop]


@dataclass(frozen=True, slots=True)
class Running:
    """A process that is listening."""

    pid: int
    port: int


def python(module: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", module, *map(str, arguments)]


def bridge(model_port: int, *arguments: object) -> list[str]:
    """The command line of a real ``npc-bridge serve`` on the fake model."""
    program = Path(sys.executable).with_name("npc-bridge.exe" if sys.platform == "win32" else "npc-bridge")
    backend = ["--backend", "generic", "--model", "fake", "--base-url", f"http://127.0.0.1:{model_port}/v1"]
    return [str(program), "serve", "--json", "--port", "0", "--token", TOKEN, "--log-level", "warning", *backend, *map(str, arguments)]


@contextmanager
def running(command: Sequence[str], *, core: int | None = None, env: dict[str, str] | None = None) -> Iterator[Running]:
    """Start a server, wait for its ready line (JSON with ``port``) on standard output, and end it with the block."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "stderr").open("w+b") as stderr:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, cwd=folder, env={**ENVIRONMENT, **(env or {})}
        )
        assert process.stdout is not None
        watchdog = threading.Timer(READY_TIMEOUT_S, process.kill)
        watchdog.start()
        try:
            line = process.stdout.readline()
            watchdog.cancel()
            if not line:
                stderr.seek(0)
                raise SystemExit(f"{' '.join(command)} did not start:\n{stderr.read().decode(errors='replace')[-2000:]}")
            pin(process.pid, core)
            yield Running(process.pid, int(json.loads(line)["port"]))
        finally:
            watchdog.cancel()
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()


def answer(command: Sequence[str], *, core: int | None = None, timeout_s: float = 300) -> dict[str, Any]:
    """Run a process to its end and read the JSON of its last line."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=ENVIRONMENT)
    try:
        pin(process.pid, core)
        out, _ = process.communicate(timeout=timeout_s)
    finally:
        process.kill()
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    result: dict[str, Any] = json.loads(out.splitlines()[-1])
    return result


def pin(pid: int, core: int | None) -> None:
    """Keep a process on one core, where the system can."""
    if core is not None and hasattr(psutil.Process, "cpu_affinity") and core in psutil.Process().cpu_affinity():
        psutil.Process(pid).cpu_affinity([core])


def cpu_s(process: psutil.Process) -> float:
    """CPU time that the process has used, user and system, in seconds. The system counts in steps of 10 ms."""
    times = process.cpu_times()
    return float(times.user + times.system)


def loop_factory(name: str) -> Loop:
    """``asyncio`` or ``uvloop``; the former where the latter does not exist."""
    if name == "uvloop" and sys.platform != "win32":
        import uvloop

        return uvloop.new_event_loop
    return asyncio.new_event_loop


async def serve(protocol: Callable[[], asyncio.Protocol]) -> None:
    """Serve a protocol on a free port, say which, and go on until ended from outside."""
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, backlog=4096)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await asyncio.sleep(LIFETIME_S)


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile; not a number when there are no values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else float("nan")


def spread(values: Sequence[float], digits: int = 2) -> str:
    """``median (min–max)``."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"
