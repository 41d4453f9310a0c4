"""The Unity package, built once for all tests. Without the tools the tests fail in CI and are skipped elsewhere, saying why."""

from __future__ import annotations

from pathlib import Path

import pytest
from build import IN_A_PROJECT, JOBS, SNIPPETS, Built, Job, build, snippets
from dotnet import Tools, ToolsMissing, must_be_had, tools


@pytest.fixture(scope="session")
def csharp() -> Tools:
    """The C# compiler, NUnit and a .NET runtime."""
    try:
        return tools()
    except ToolsMissing as missing:
        if must_be_had():
            pytest.fail(f"no C# tools here: {missing}")
        pytest.skip(f"no C# tools here: {missing}")


@pytest.fixture(scope="session")
def built(csharp: Tools, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Every assembly of the package, and those of its tests."""
    folder: Path = tmp_path_factory.mktemp("unity")
    pages = []
    for number, code in enumerate(snippets()):
        path = folder / f"snippet{number}.cs"
        path.write_text(f"namespace Snippet{number}\n{{\n{code}}}\n", encoding="utf-8")
        pages.append(path)
    return build(csharp, folder, (*JOBS, Job(SNIPPETS, pages, IN_A_PROJECT, docs=False)))
