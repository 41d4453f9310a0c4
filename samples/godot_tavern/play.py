"""Plays the tavern: finds Godot, puts the addon into the project, starts the bridge and the game, and ends both.

    uv run --no-dev --extra local python samples/godot_tavern/play.py

Godot is the one named in GODOT, or ``godot`` on the PATH, or the one that the tests of this repository have fetched. With ``--no-bridge``
the tavern plays on authored lines.
"""

from __future__ import annotations

import argparse
import filecmp
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent
ROOT = PROJECT.parent.parent
TAVERN = ROOT / "npc_bridge" / "tavern"
START_TIMEOUT_S = 60
NOBODY = "ws://127.0.0.1:9"
"""An address where nobody answers; naming one keeps the game from starting a bridge of its own."""


class NoGodot(Exception):
    """There is no engine here; the message says what to do."""


def find_godot() -> list[str]:
    """The command that runs Godot. Raises ``NoGodot``."""
    if named := os.environ.get("GODOT"):
        if found := shutil.which(named):
            return [found]
        raise NoGodot(f"GODOT is {named}, which is not there")
    for name in ("godot", "godot4", "Godot"):
        if found := shutil.which(name):
            return [found]
    if (fetched := _fetched_godot()) is not None:
        return fetched
    raise NoGodot("Godot is not on the PATH. Get version 4.4 or later from https://godotengine.org and set GODOT to the program.")


def _fetched_godot() -> list[str] | None:
    """The engine that the tests run with, if they have fetched it; never fetches."""
    recipe = ROOT / "tests" / "godot" / "engine.py"
    spec = importlib.util.spec_from_file_location("npc_bridge_engine", recipe) if recipe.is_file() else None
    if spec is None or spec.loader is None:
        return None
    engine = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(engine)
    homes = sorted(engine.cache_folder().glob("godot-*"))
    try:
        command: list[str] = engine.command_of(homes[-1]) if homes else []
    except engine.EngineMissing:
        return None
    return command or None


def prepare(godot: Sequence[str]) -> None:
    """Put the addon, the characters and the events into the project, and let Godot import what is new."""
    is_new = _copy_tree(ROOT / "godot_addon" / "addons" / "npc_bridge", PROJECT / "addons" / "npc_bridge")
    for source in (TAVERN / "events.toml", *sorted((TAVERN / "characters").glob("*.toml"))):
        _copy(source, PROJECT / source.relative_to(TAVERN))
    imported = PROJECT / ".godot" / "imported"
    newest = max(file.stat().st_mtime for folder in ("art", "text") for file in (PROJECT / folder).iterdir())
    if is_new or not imported.is_dir() or imported.stat().st_mtime < newest:
        subprocess.run(
            [*godot, "--headless", "--path", str(PROJECT), "--import"],
            check=True, timeout=300, env=os.environ | {"NPC_BRIDGE_URL": NOBODY}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        imported.mkdir(parents=True, exist_ok=True)
        os.utime(imported)


def _copy_tree(source: Path, target: Path) -> bool:
    """Make ``target`` the same as ``source``; True if it was not."""
    wanted = {file.relative_to(source) for file in source.rglob("*") if file.is_file() and "__pycache__" not in file.parts}
    there = {file.relative_to(target) for file in target.rglob("*") if file.is_file()} if target.is_dir() else set()
    is_new = False
    # What the engine itself writes beside a file belongs to the project that it was imported into.
    for extra in (path for path in there - wanted if path.suffix not in {".import", ".uid"}):
        (target / extra).unlink()
        is_new = True
    for file in wanted:
        is_new = _copy(source / file, target / file) or is_new
    return is_new


def _copy(source: Path, target: Path) -> bool:
    if target.is_file() and filecmp.cmp(source, target, shallow=False):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    return True


class RunningBridge:
    """A bridge beside the game; it ends with the ``with`` block, and with this process, however that ends."""

    def __init__(self, options: Sequence[str]) -> None:
        command = [sys.executable, "-m", "npc_bridge", "serve", "--port", "0", "--json", "--exit-with-parent", "--log-level", "warning"]
        command += ["--characters", str(PROJECT / "characters"), "--events", str(PROJECT / "events.toml"), *options]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def __enter__(self) -> dict[str, str]:
        """What the game needs to find it, as environment variables."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait(START_TIMEOUT_S)
            raise SystemExit("the bridge did not start; see above")
        ready = json.loads(line)
        return {"NPC_BRIDGE_URL": ready["url"], "NPC_BRIDGE_TOKEN": ready["token"]}

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def parse(arguments: Sequence[str] | None = None) -> tuple[argparse.Namespace, list[str]]:
    """The options, and what is passed on to ``npc-bridge serve``."""
    parser = argparse.ArgumentParser(
        description="Plays the tavern.",
        epilog="Other options go to npc-bridge serve, such as --backend ollama --model qwen3:8b, or --script FILE.",
    )
    parser.add_argument("--language", choices=("en", "zh"), default="en", help="zh: Innkeeper Wu's; needs a model for it")
    parser.add_argument("--size", default="1280x720", help="of the window; default: %(default)s")
    parser.add_argument("--no-bridge", action="store_true", help="play on authored lines")
    parser.add_argument("--editor", action="store_true", help="open the project in the Godot editor instead")
    return parser.parse_known_args(arguments)


def main() -> int:
    """Play until the game's window is closed."""
    chosen, passed_on = parse()
    try:
        godot = find_godot()
    except NoGodot as problem:
        sys.exit(str(problem))
    sys.stdout.write("Preparing the project (the first time takes a minute) …\n")
    sys.stdout.flush()
    prepare(godot)
    if chosen.editor:
        return subprocess.run([*godot, "--path", str(PROJECT), "--editor"], check=False).returncode
    game = [*godot, "--path", str(PROJECT), "--language", chosen.language, "--resolution", chosen.size]
    if chosen.no_bridge:
        return subprocess.run([*game, "--", "--no-bridge"], check=False, env=os.environ | {"NPC_BRIDGE_URL": NOBODY}).returncode
    with RunningBridge(passed_on) as address:
        return subprocess.run(game, check=False, env=os.environ | address).returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
