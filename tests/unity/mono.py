"""Debian's Mono, the nearest thing to Unity's own runtime that can be had, unpacked into the user's cache folder.

Its packages are fetched by the machine's own apt from the machine's own sources, with lists and a cache apart, so nothing is installed
and nothing of the machine's changes. Mono's own compiler is too old for C# 9: what runs here was compiled by Roslyn against its 4.8 API.

    python tests/unity/mono.py        prints the command that runs a program
"""

from __future__ import annotations

import contextlib
import shlex
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from dotnet import ToolsMissing, cache_folder, run

PACKAGES = (
    "mono-runtime-sgen",
    "mono-runtime-common",
    "mono-devel",  # the reference assemblies, and the facades that let it load libraries for .NET Standard
    "libmono-corlib4.5-dll",
    "libmono-security4.0-cil",
    "libmono-system4.0-cil",
    "libmono-system-configuration4.0-cil",
    "libmono-system-core4.0-cil",
    "libmono-system-numerics4.0-cil",
    "libmono-system-security4.0-cil",
    "libmono-system-xml4.0-cil",
)
SYSTEM_LIBRARIES = ("libgssapi-krb5-2", "libkrb5-3", "libk5crypto3", "libkrb5support0", "libkeyutils1", "libcom-err2")
"""What the runtime links to and a bare machine may not have; unpacked beside it."""
REFERENCES = ("mscorlib", "System", "System.Core", "Facades/netstandard")


@dataclass(frozen=True)
class Mono:
    """Where it is."""

    home: Path

    @property
    def references(self) -> list[Path]:
        """The reference assemblies of the 4.8 API."""
        return [self.home / "usr/lib/mono/4.8-api" / f"{name}.dll" for name in REFERENCES]

    @property
    def command(self) -> list[str]:
        """What runs a program."""
        return [str(self.home / "usr/bin/mono-sgen")]

    @property
    def environment(self) -> dict[str, str]:
        """What the command needs to find its libraries away from where it was built for."""
        libraries = [str(path) for path in [*self.home.glob("usr/lib/*-linux-gnu"), *self.home.glob("lib/*-linux-gnu")]]
        return {
            "MONO_CFG_DIR": str(self.home / "etc"),
            "MONO_GAC_PREFIX": str(self.home / "usr"),
            "MONO_PATH": f"{self.home / 'usr/lib/mono/4.5'}:{self.home / 'usr/lib/mono/4.5/Facades'}",
            "LD_LIBRARY_PATH": ":".join([*libraries, str(self.home / "usr/lib")]),
        }

    def is_complete(self) -> bool:
        return all(path.is_file() for path in [*self.references, Path(self.command[0])])


def mono() -> Mono:
    """Mono on this machine; fetches it the first time. Raises ``ToolsMissing``."""
    found = Mono(cache_folder() / "mono-1")
    if not found.is_complete():
        fetch(found.home)
    return found


def fetch(home: Path) -> None:
    """Fetch and unpack. Raises ``ToolsMissing``; ``home`` is there afterwards in full or not at all."""
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise ToolsMissing(f"Mono is fetched with {tool}, which this machine does not have")
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix="fetching-") as folder:
        made = Mono(Path(folder) / "made")
        for package in download(Path(folder)):
            run(["dpkg-deb", "-x", str(package), str(made.home)])
        if not made.is_complete():
            raise ToolsMissing("the Mono of this machine's Debian is not the one that was expected")
        if home.exists():
            shutil.rmtree(home)
        try:
            made.home.rename(home)
        except OSError:
            if not Mono(home).is_complete():  # otherwise another run was faster
                raise


def download(folder: Path) -> list[Path]:
    """The packages as files. System libraries that this Debian calls differently are left out: the machine may have them."""
    for inside in ("lists/partial", "cache/archives/partial"):
        (folder / inside).mkdir(parents=True)
    options = {
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
    }
    apt = ["apt-get", "-q", *(part for name, value in options.items() for part in ("-o", f"{name}={value}"))]
    run([*apt, "update"])
    run([*apt, "download", *PACKAGES], folder)
    for library in SYSTEM_LIBRARIES:
        with contextlib.suppress(ToolsMissing):
            run([*apt, "download", library], folder)
    return sorted(folder.glob("*.deb"))


if __name__ == "__main__":
    try:
        found = mono()
        words = [f"{name}={value}" for name, value in found.environment.items()]
        sys.stdout.write(shlex.join(["env", *words, *found.command]) + "\n")
    except ToolsMissing as missing:
        sys.exit(f"no Mono here: {missing}")
