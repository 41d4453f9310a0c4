"""The addon's own tests, written in GDScript and run by a real engine: each is a test here as well."""

from __future__ import annotations

import re

import pytest
from godot.conftest import ADDON, GOLDEN, Project

SUITES = sorted((ADDON / "tests/unit").glob("test_*.gd"))
TESTS = [
    f"{suite.stem}::{name}" for suite in SUITES for name in re.findall(r"^func (test_\w+)", suite.read_text(encoding="utf-8"), re.MULTILINE)
]


@pytest.fixture(scope="session")
def verdicts(project: Project) -> dict[str, str]:
    """What the runner said of each test, from one run of the engine: empty when it passed."""
    printed = project.run("-s", "tests/run.gd", NPC_BRIDGE_GOLDEN=str(GOLDEN))
    found = {test: flaws for verdict, test, flaws in re.findall(r"^(PASS|FAIL) (\S+::\S+) ?(.*)$", printed, re.MULTILINE)}
    assert re.search(r"^\d+ passed, \d+ failed$", printed, re.MULTILINE), f"the runner did not reach its end:\n{printed[-4000:]}"
    return found


@pytest.mark.parametrize("test", TESTS)
def test_in_the_engine(test: str, verdicts: dict[str, str]) -> None:
    assert verdicts.get(test, "it did not run") == ""


def test_the_runner_ran_nothing_that_is_not_listed_here(verdicts: dict[str, str]) -> None:
    assert sorted(verdicts) == sorted(TESTS)
