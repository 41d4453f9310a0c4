"""A real Godot for the tests, without installing anything on the machine.

Debian's next suite carries the engine as a package. It is downloaded into an apt root of its own, unpacked into the user's cache folder
and run from there with its own libraries, so neither root's packages nor the repository change. ``NPC_BRIDGE_GODOT`` names another
executable to use instead.

    python tests/godot/engine.py        prints the command that runs the engine
"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SUITE = "forky"
PACKAGES = ("godot", "ca-certificates")
TIMEOUT_S = 600
"""For the whole download; it is about 150 MB."""


class EngineMissing(Exception):
    """There is no engine here, and why."""


def godot_command() -> list[str]:
    """What runs Godot on this machine; downloads it the first time. Raises ``EngineMissing``."""
    if chosen := os.environ.get("NPC_BRIDGE_GODOT"):
        if not shutil.which(chosen):
            raise EngineMissing(f"NPC_BRIDGE_GODOT is {chosen}, which is not there")
        return [chosen]
    home = cache_folder() / f"godot-{SUITE}-{platform.machine()}"
    if not home.is_dir():
        fetch(home)
    return command_of(home)


def cache_folder() -> Path:
    """Where downloads of this project are kept for this user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "npc-bridge"


def command_of(home: Path) -> list[str]:
    """The engine under the loader and the libraries it was built with: those of the machine are older."""
    loaders = sorted(home.glob("**/ld-linux-*.so.*"))
    binary = home / "usr/bin/godot"
    if not loaders or not binary.exists():
        raise EngineMissing(f"{home} is not complete; delete it, and it is fetched again")
    folders = sorted({str(path.parent) for path in home.glob("**/lib*.so*")})
    return [str(loaders[0]), "--library-path", ":".join(folders), str(binary)]


def fetch(home: Path) -> None:
    """Download and unpack the engine. Raises ``EngineMissing``; ``home`` is there afterwards in full or not at all."""
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise EngineMissing(f"the engine is fetched with {tool}, which this machine does not have; set NPC_BRIDGE_GODOT to a Godot 4.6")
    mirror = debian_mirror()
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix="fetching-") as folder:
        root = Path(folder)
        apt = make_apt_root(root / "apt", mirror)
        run([*apt, "update"])
        run([*apt, "install", "--download-only", "--yes", "--no-install-recommends", *PACKAGES])
        packages = sorted((root / "apt/cache/archives").glob("*.deb"))
        for package in packages:
            run(["dpkg-deb", "-x", str(package), str(root / "unpacked")])
        command_of(root / "unpacked")
        try:
            (root / "unpacked").rename(home)
        except OSError:
            if not home.is_dir():  # otherwise another run was faster
                raise


def debian_mirror() -> str:
    """The address that this machine's own apt takes Debian's main archive from."""
    listed = run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(COMPONENT)", "Created-By: Packages"])
    for line in listed.splitlines():
        address, _, component = line.partition(" ")
        if component == "main" and address.rstrip("/").endswith("/debian"):
            return address
    raise EngineMissing("this machine's apt sources name no Debian archive; set NPC_BRIDGE_GODOT to a Godot 4.6")


def make_apt_root(root: Path, mirror: str) -> list[str]:
    """An apt that knows one suite, has nothing installed and writes only below ``root``; its settings are otherwise the machine's."""
    for folder in ("state/lists/partial", "cache/archives/partial", "etc"):
        (root / folder).mkdir(parents=True)
    (root / "state/status").touch()
    keys = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
    signed = f" [signed-by={keys}]" if keys.exists() else ""
    (root / "etc/sources.list").write_text(f"deb{signed} {mirror} {SUITE} main\n", encoding="utf-8")
    (root / "etc/preferences").touch()
    options = {
        "Dir::State": root / "state",
        "Dir::State::status": root / "state/status",
        "Dir::Cache": root / "cache",
        "Dir::Etc::sourcelist": root / "etc/sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::Etc::preferences": root / "etc/preferences",
        "Dir::Etc::preferencesparts": "-",
        "APT::Sandbox::User": "",
        "APT::Update::Post-Invoke::": "true",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "Debug::NoLocking": "1",
    }
    return ["apt-get", "-q", *(part for name, value in options.items() for part in ("-o", f"{name}={value}"))]


def run(command: list[str]) -> str:
    """Run one step and give what it printed. Raises ``EngineMissing`` with the end of its errors."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineMissing(f"{command[0]} did not finish: {error}") from error
    if done.returncode:
        end = " ".join((done.stderr or done.stdout).split())[-400:]
        raise EngineMissing(f"{command[0]} {command[-1]} failed: {end}")
    return done.stdout


if __name__ == "__main__":
    try:
        sys.stdout.write(shlex.join(godot_command()) + "\n")
    except EngineMissing as missing:
        sys.exit(f"no Godot here: {missing}")
