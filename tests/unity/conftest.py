"""The Unity package, built once for all tests. Without the tools the tests fail in CI and are skipped elsewhere, saying why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from build import JOBS, Built, build
from dotnet import Tools, ToolsMissing, tools


@pytest.fixture(scope="session")
def csharp() -> Tools:
    """The C# compiler, NUnit and a .NET runtime."""
    try:
        return tools()
    except ToolsMissing as missing:
        if os.environ.get("CI"):
            pytest.fail(f"no C# tools here: {missing}")
        pytest.skip(f"no C# tools here: {missing}")


@pytest.fixture(scope="session")
def built(csharp: Tools, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Every assembly of the package, and those of its tests."""
    folder: Path = tmp_path_factory.mktemp("unity")
    return build(csharp, folder, JOBS)
