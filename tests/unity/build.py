"""Builds the Unity package without Unity, and runs its NUnit tests: what the test modules share."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dotnet import ENVIRONMENT, Tools

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PACKAGE = ROOT / "unity_package"
TIMEOUT_S = 240
REAL_BRIDGE = {
    "NPC_BRIDGE_GOLDEN": str(ROOT / "tests/golden"),
    "NPC_BRIDGE_COMMAND": str(Path(sys.executable).parent / "npc-bridge"),
    "NPC_BRIDGE_SERVER__MAX_MESSAGE_BYTES": "1048576",
    "NPC_BRIDGE_STORAGE__PATH": "",  # a bridge that remembers nothing, unless a test says where
}
"""What the C# tests need to find the golden files and to start a real bridge."""
RUNTIME = {
    "runtimeOptions": {
        "tfm": "net8.0",
        "framework": {"name": "Microsoft.NETCore.App", "version": "8.0.0"},
        "configProperties": {"System.Globalization.Invariant": True},
    }
}


@dataclass(frozen=True)
class Job:
    """One assembly to build."""

    name: str
    sources: Sequence[Path]
    uses: tuple[str, ...] = ()
    """Names of other jobs, or of libraries in the folder of the compiler."""
    defines: tuple[str, ...] = ()
    is_program: bool = False
    docs: bool = True
    """Whether a public member without a comment is a problem."""


def sources(*folders: Path) -> list[Path]:
    """The C# files below these folders, but not what belongs to an assembly definition further down."""
    found = []
    for folder in folders:
        inner = [each.parent for each in folder.rglob("*.asmdef") if each.parent != folder]
        found += [path for path in sorted(folder.rglob("*.cs")) if not any(each in path.parents for each in inner)]
    return found


CORE = Job("NpcBridge.Core", sources(PACKAGE / "Runtime/Core"))
RUNNER = Job("runner", [HERE / "runner/Program.cs"], ("nunit.framework",), is_program=True, docs=False)
CORE_TESTS = Job("NpcBridge.Core.Tests", sources(PACKAGE / "Tests/Core"), ("NpcBridge.Core", "nunit.framework"), docs=False)
STUBS = Job("UnityStubs", [HERE / f"stubs/{name}.cs" for name in ("Engine", "UnityEngine", "UnityEditor", "Labels")], docs=False)
LAYER = Job("NpcBridge.Unity", sources(PACKAGE / "Runtime/Unity"), ("NpcBridge.Core", "UnityStubs"))
TMP = Job("NpcBridge.TextMeshPro", sources(PACKAGE / "Runtime/TextMeshPro"), ("NpcBridge.Core", "NpcBridge.Unity", "UnityStubs"))
UGUI = Job("NpcBridge.UGUI", sources(PACKAGE / "Runtime/UGUI"), ("NpcBridge.Core", "NpcBridge.Unity", "UnityStubs"))
IN_A_PROJECT = ("NpcBridge.Core", "NpcBridge.Unity", "UnityStubs")
EDITOR = Job("NpcBridge.Editor", sources(PACKAGE / "Editor"), IN_A_PROJECT)
SAMPLES = tuple(Job(f"{path.name}Sample", sources(path), IN_A_PROJECT, docs=False) for path in sorted((PACKAGE / "Samples~").iterdir()))
LAYER_TESTS = Job(
    "NpcBridge.Layer.Tests",
    sources(HERE / "layer"),
    (*IN_A_PROJECT, "NpcBridge.TextMeshPro", "NpcBridge.UGUI", "NpcBridge.Editor", "TavernSample", "nunit.framework"),
    docs=False,
)
JOBS = (CORE, RUNNER, CORE_TESTS, STUBS, LAYER, TMP, UGUI, EDITOR, *SAMPLES, LAYER_TESTS)
SNIPPETS = "Snippets"
"""The assembly of all the C# code that the pages show."""


def snippets() -> list[str]:
    """The blocks of C# code in the package's pages and in the repository's guide."""
    pages = [PACKAGE / "README.md", *sorted((PACKAGE / "Documentation~").glob("*.md")), ROOT / "docs/unity.md"]
    found = []
    for page in pages:
        found += re.findall(r"^```csharp\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return found


@dataclass(frozen=True)
class Built:
    """What came out."""

    tools: Tools
    folder: Path
    results: Mapping[str, dict[str, Any]]

    def check(self, name: str) -> None:
        """Fail if this assembly has problems."""
        assert self.results[name]["problems"] == []


def build(tools: Tools, folder: Path, jobs: Sequence[Job] = JOBS, framework: Iterable[Path] | None = None) -> Built:
    """Compile the jobs, in order, into a folder in which they run."""
    libraries = sorted(framework if framework is not None else framework_of(tools))
    wanted = []
    for job in jobs:
        uses = [folder / f"{name}.dll" if any(each.name == name for each in jobs) else tools.roslyn / f"{name}.dll" for name in job.uses]
        wanted.append(
            {
                "name": job.name,
                "sources": [str(path) for path in job.sources],
                "references": [str(path) for path in [*libraries, *uses]],
                "out": str(folder / f"{job.name}.{'exe' if job.is_program and framework is not None else 'dll'}"),
                "defines": list(job.defines),
                "kind": "program" if job.is_program else "library",
                "docs": job.docs,
            }
        )
    done = subprocess.run(
        [sys.executable, str(HERE / "roslyn.py"), str(tools.home)],
        input=json.dumps(wanted),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    shutil.copy(tools.roslyn / "nunit.framework.dll", folder)
    (folder / "runner.runtimeconfig.json").write_text(json.dumps(RUNTIME), encoding="utf-8")
    return Built(tools, folder, {each["name"]: each for each in json.loads(done.stdout)})


def framework_of(tools: Tools) -> list[Path]:
    """The managed libraries of the .NET runtime; those that are only for the runtime itself stay out."""
    wanted = re.compile(r"(System\..*|Microsoft\.Win32\..*|mscorlib|netstandard)\.dll")
    return [path for path in tools.framework.glob("*.dll") if wanted.fullmatch(path.name) and "Native" not in path.name]


@dataclass
class Outcome:
    """How one NUnit test method went; a method with several cases has several lines."""

    lines: list[list[str]] = field(default_factory=list)


class Report:
    """The outcomes of one run, by the name of the method."""

    def __init__(self, text: str, said: str) -> None:
        self.said = said
        self.by_method: dict[str, Outcome] = {}
        self.suites: list[str] = []
        lines = text.splitlines()
        self.is_complete = bool(lines) and lines[-1] == "end"
        for line in lines[:-1] if self.is_complete else lines:
            parts = [part.replace("\\n", "\n").replace("\\\\", "\\") for part in line.split("\t")]
            if parts[0] == "Suite":
                self.suites.append(parts[-1])
            else:
                self.by_method.setdefault(parts[2], Outcome()).lines.append(parts)

    def check(self, method: str) -> None:
        """Fail as this method did."""
        outcome = self.by_method.get(method)
        assert outcome is not None, f"{method} did not run; complete: {self.is_complete}; {self.suites}; {self.said[-2000:]}"
        bad = [f"{line[3]}: {line[0]}\n{line[4]}" for line in outcome.lines if line[0] != "Passed"]
        assert not bad, "\n".join(bad)


def run_tests(built: Built, assembly: str, command: Sequence[str] = (), **environment: str) -> Report:
    """Run the NUnit tests of a built assembly in a process of their own, which is ended if it hangs."""
    report = built.folder / f"{assembly}.txt"
    start: list[str | Path] = (
        [*command, built.folder / "runner.exe"] if command else [built.tools.dotnet, "exec", built.folder / "runner.dll"]
    )
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("NPC_BRIDGE_")}
    try:
        done = subprocess.run(
            [*start, built.folder / f"{assembly}.dll", report],
            env=inherited | ENVIRONMENT | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_S,
            check=False,
        )
        said = f"exit code {done.returncode}: {done.stdout}{done.stderr}"
    except subprocess.TimeoutExpired as hung:
        said = f"hung after {TIMEOUT_S} s: {hung.stdout!r} {hung.stderr!r}"
    return Report(report.read_text(encoding="utf-8") if report.exists() else "", said)


def methods_of(*folders: Path) -> list[str]:
    """The names of the NUnit test methods below these folders, as the runner reports them, without any compiler."""
    found = []
    for path in sources(*folders):
        text = path.read_text(encoding="utf-8")
        space = re.search(r"^namespace ([\w.]+)", text, re.MULTILINE)
        name = ""
        pending = False
        for line in text.splitlines():
            if match := re.match(r"\s*public (?:sealed )?class (\w+)", line):
                name = match[1]
            if re.match(r"\s*\[(Test|TestCase|TestCaseSource)\b", line):
                pending = True
            elif pending and (match := re.match(r"\s*public (?:async )?\w+ (\w+)\(", line)):
                found.append(f"{space[1] if space else ''}.{name}.{match[1]}")
                pending = False
    return found
