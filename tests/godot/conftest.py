"""A real Godot, a project with the addon, a real bridge as a process of its own, and a game that a test plays from outside.

Engine runs are bounded in time, one at a time, and ended by their own process id. Without an engine these tests are skipped, and say why;
in CI (the variable ``CI`` is set) they fail instead.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from godot.engine import EngineMissing, godot_command

ROOT = Path(__file__).parents[2]
ADDON = ROOT / "godot_addon"
GOLDEN = ROOT / "tests/golden"
ENGINE_TIMEOUT_S = 90
READY_TIMEOUT_S = 30


@dataclass(frozen=True)
class Project:
    """A Godot project on disk whose classes are known to the engine."""

    folder: Path
    godot: tuple[str, ...]
    environment: dict[str, str]

    def command(self, *arguments: str) -> list[str]:
        return [*self.godot, "--headless", "--audio-driver", "Dummy", "--path", str(self.folder), *arguments]

    def run(self, *arguments: str, **variables: str) -> str:
        """Run the engine to its end and give all it printed."""
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=ENGINE_TIMEOUT_S,
            check=False,
        )
        return done.stdout.decode(errors="replace")


@pytest.fixture(scope="session")
def godot() -> tuple[str, ...]:
    try:
        return tuple(godot_command())
    except EngineMissing as missing:
        if os.environ.get("CI"):
            pytest.fail(f"CI runs these tests with a real engine, and there is none: {missing}")
        pytest.skip(f"there is no Godot here: {missing}")


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A home of its own for the engine, so that a test neither sees nor changes a developer's settings."""
    home = tmp_path_factory.mktemp("home")
    folders = {name: str(home / name.lower()) for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")}
    return {name: value for name, value in os.environ.items() if not name.startswith("NPC_BRIDGE")} | folders


@pytest.fixture(scope="session")
def project(godot: tuple[str, ...], environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the addon's own project, imported once: classes with names are unknown before."""
    folder = tmp_path_factory.mktemp("godot") / "project"
    shutil.copytree(ADDON, folder, ignore=shutil.ignore_patterns(".godot"))
    project = Project(folder, godot, environment)
    assert complaints(project.run("--import")) == []
    return project


def complaints(printed: str) -> list[str]:
    """The errors of engine and scripts in what was printed."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", printed)
    return [line for line in plain.splitlines() if re.match(r"\s*(SCRIPT ERROR|ERROR|USER ERROR|Parse Error|Unicode parsing)", line)]


class BridgeProcess:
    """``npc-bridge serve`` as a child, scripted. Ends when its standard input is closed, or when it is killed."""

    def __init__(self, folder: Path, script: str, *, port: int = 0, token: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "script.toml").write_text(script, encoding="utf-8")
        arguments = ["serve", "--backend", "scripted", "--script", "script.toml", "--port", str(port), "--json", "--exit-with-parent"]
        variables = {name: value for name, value in os.environ.items() if not name.startswith("NPC_BRIDGE")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "npc_bridge", *arguments, *(["--token", token] if token else [])],
            cwd=folder,
            env=variables | {"PYTHONPATH": str(ROOT), "XDG_DATA_HOME": str(folder / "data"), "LOCALAPPDATA": str(folder / "data")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the bridge ended with exit code {self.process.wait(5)} before it was ready")
        self.ready: dict[str, Any] = json.loads(line)

    def kill(self) -> None:
        """As a crash would end it."""
        self.process.kill()
        self._forget()

    def stop(self) -> None:
        """As the end of its parent would."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self._forget()

    def _forget(self) -> None:
        self.process.wait(10)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


class Wire:
    """A way to a bridge that can be cut: passes bytes on in both directions until then."""

    def __init__(self, port: int) -> None:
        self._there = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self._is_open = True
        self.url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """As when a cable is pulled; what connects afterwards gets through again."""
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._ends.clear()

    def close(self) -> None:
        self._is_open = False
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while self._is_open:
                here, _ = self._listener.accept()
                there = socket.create_connection(self._there)
                self._ends += [here, there]
                for one, other in ((here, there), (there, here)):
                    threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while octets := one.recv(65536):
                other.sendall(octets)
            other.shutdown(socket.SHUT_WR)


@dataclass
class GameProcess:
    """A game that plays its plan; what happens in it comes as maps, in order."""

    process: subprocess.Popen[bytes]
    events: list[dict[str, Any]] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._pump, daemon=True).start()

    def until(self, event: str, **fields: Any) -> dict[str, Any]:
        """The next of these events; fails if the game ends or ``ENGINE_TIMEOUT_S`` pass before it comes."""
        wanted = {"event": event} | fields
        while (happened := self._next()) is not None:
            if wanted.items() <= happened.items():
                return happened
        raise AssertionError(f"the game ended before {wanted}:\n{self}")

    def finish(self) -> list[dict[str, Any]]:
        """All that happened, once the game has played its plan to the end."""
        while self._next() is not None:
            pass
        assert self.process.wait(10) == 0, f"the plan was not played to its end:\n{self}"
        return self.events

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def __str__(self) -> str:
        return "\n".join([*map(json.dumps, self.events[-40:]), *self.printed[-20:]])

    def _next(self) -> dict[str, Any] | None:
        deadline = time.monotonic() + ENGINE_TIMEOUT_S
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"nothing happened for {ENGINE_TIMEOUT_S} s:\n{self}") from None
            if line is None:
                return None
            if not line.startswith('{"'):
                self.printed.append(line)
                continue
            self.events.append(json.loads(line))
            return self.events[-1]

    def _pump(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.decode(errors="replace").rstrip("\r\n"))
        self._lines.put(None)


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[Callable[..., BridgeProcess]]:
    """``bridge('lines = ["Hello."]')`` starts one that is ended after the test."""
    running: list[BridgeProcess] = []

    def start(script: str, **how: Any) -> BridgeProcess:
        running.append(BridgeProcess(tmp_path / "bridge", script, **how))
        return running[-1]

    yield start
    for each in running:
        if each.process.poll() is None:
            each.stop()


@pytest.fixture
def play(project: Project) -> Iterator[Callable[..., GameProcess]]:
    """``play([["start"], …], url, token, **plan)`` starts a game with these steps."""
    games: list[GameProcess] = []

    def start(steps: list[list[Any]], url: str = "", token: str = "", **plan: Any) -> GameProcess:
        assert not any(game.process.poll() is None for game in games), "one engine at a time"
        variables = {"NPC_BRIDGE_URL": url, "NPC_BRIDGE_TOKEN": token} if url else {}
        process = subprocess.Popen(
            project.command("-s", "tests/game.gd", "--", json.dumps({"steps": steps} | plan)),
            env=project.environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        games.append(GameProcess(process))
        return games[-1]

    yield start
    for game in games:
        game.end()
