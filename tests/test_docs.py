"""The documentation against the code: every setting, every flag, every link, and the README's two commands."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import click
import pytest

from npc_bridge.backends.settings import BackendSettings
from npc_bridge.cli import COMMANDS
from npc_bridge.config import ServerSettings, SettingsFile
from npc_bridge.core.budget import BudgetSettings
from npc_bridge.memory.settings import StorageSettings

ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")


def table_keys(heading: str) -> dict[str, str]:
    """Key → default, of the first table under a heading."""
    section = CONFIGURATION.split(heading, 1)[1].split("\n## ", 1)[0]
    return dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section, re.MULTILINE))


@pytest.mark.parametrize(
    ("heading", "model"),
    [
        ("# Settings", SettingsFile),
        ("## `[server]`", ServerSettings),
        ("## `[backend]`", BackendSettings),
        ("## `[storage]`", StorageSettings),
        ("## `[[budget]]`", BudgetSettings),
    ],
)
def test_every_setting_is_documented(heading: str, model: type[ServerSettings]) -> None:
    fields = set(model.model_fields) - {"server", "backend", "storage", "budget"}
    assert set(table_keys(heading)) == fields


def test_documented_defaults_of_the_server_are_true() -> None:
    documented = table_keys("## `[server]`")
    for name, field in ServerSettings.model_fields.items():
        said = documented[name].strip().strip("`")
        if isinstance(field.default, int | float):
            assert float(said) == field.default, name


@pytest.mark.parametrize("name", COMMANDS)
def test_every_flag_is_documented(name: str) -> None:
    command: click.Command = getattr(importlib.import_module(f"npc_bridge.cli.{name}"), name)
    flags = {flag for parameter in command.params for flag in parameter.opts if flag.startswith("--")}
    assert not {flag for flag in flags if flag not in CONFIGURATION}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert not [link for link in links if not (page.parent / link).exists()]


def test_the_readme_begins_with_the_two_commands_and_ci_runs_the_second() -> None:
    demo, tests = re.findall(r"```\n(pip install uv && .+)\n```", (ROOT / "README.md").read_text(encoding="utf-8"))[:2]
    assert "npc-bridge demo" in demo
    assert tests in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_every_module_of_the_package_has_its_place_in_the_architecture() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    tops = {path.name for path in (ROOT / "npc_bridge").glob("*.py")} - {"__init__.py", "__main__.py"}
    assert not {name for name in tops if f"`{name}`" not in page}


def test_no_lock_file_with_addresses_is_committed() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "uv.lock" in ignored
