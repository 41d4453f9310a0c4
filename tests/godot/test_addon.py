"""The addon as files: formatted, linted, commented, and complete."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from godot.conftest import ADDON, ROOT, Project

from npc_bridge import __version__
from npc_bridge.core import messages as wire

sys.path.insert(0, str(ADDON / "tools"))
import reference

SHIPPED = ADDON / "addons/npc_bridge"
SCRIPTS = sorted(SHIPPED.rglob("*.gd"))
IDENTIFIER = re.compile(r"uid://[a-y0-8]+")


def gdtoolkit(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", f"gdtoolkit.{module}", *arguments, "addons", "tests"]
    return subprocess.run(command, cwd=ADDON, capture_output=True, text=True, check=False, timeout=100)


def test_gdformat_has_nothing_to_change() -> None:
    done = gdtoolkit("formatter", "--check", "--line-length", "120")
    assert done.returncode == 0, done.stderr + done.stdout


def test_gdlint_has_nothing_to_say() -> None:
    done = gdtoolkit("linter")
    assert done.returncode == 0, done.stderr + done.stdout


def test_all_warnings_are_errors_in_the_addons_own_project(godot: tuple[str, ...], tmp_path: Path) -> None:
    """All that this engine knows, but for two that forbid ``:=`` and every plain ``append()``."""
    (tmp_path / "project.godot").write_text("config_version=5\n", encoding="utf-8")
    lister = (
        "extends SceneTree\nfunc _initialize() -> void:\n\tfor p in ProjectSettings.get_property_list():\n\t\tprint(p.name)\n\tquit()\n"
    )
    (tmp_path / "list.gd").write_text(lister, encoding="utf-8")
    printed = Project(tmp_path, godot, {}).run("-s", "list.gd")
    known = set(re.findall(r"^debug/gdscript/warnings/(\w+)$", printed, re.MULTILINE))
    known -= {"enable", "directory_rules", "renamed_in_godot_4_hint"}
    chosen = re.findall(r"^gdscript/warnings/(\w+)=2$", (ADDON / "project.godot").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(known) > 40
    assert known - set(chosen) == {"inferred_declaration", "return_value_discarded"}


@pytest.fixture(scope="session")
def comments(project: Project) -> dict[str, reference.Element]:
    return reference.read_comments(project.godot, project.folder)


def test_every_public_member_has_a_comment(comments: dict[str, reference.Element]) -> None:
    assert len(comments) > 15
    assert reference.without_comment(comments) == []


def test_the_reference_page_is_what_the_comments_say(comments: dict[str, reference.Element]) -> None:
    """When this fails, run ``python godot_addon/tools/reference.py``."""
    assert reference.PAGE.read_text(encoding="utf-8") == reference.make_page(comments)


def test_every_script_has_an_identifier_of_its_own() -> None:
    found = {path: path.with_name(path.name + ".uid").read_text(encoding="utf-8").strip() for path in SCRIPTS}
    assert all(IDENTIFIER.fullmatch(uid) for uid in found.values())
    assert len(set(found.values())) == len(SCRIPTS)
    assert {path.with_suffix("") for path in SHIPPED.rglob("*.gd.uid")} == set(SCRIPTS)


def test_every_icon_is_there_and_was_imported() -> None:
    icons = {match for path in SCRIPTS for match in re.findall(r'@icon\("(.+?)"\)', path.read_text(encoding="utf-8"))}
    assert len(icons) == 4
    for icon in SHIPPED.glob("icons/*.svg"):
        assert icon.with_name(icon.name + ".import").is_file(), icon.name
    assert all((SHIPPED / icon).is_file() for icon in icons)


def test_only_what_users_place_in_scenes_has_a_global_name() -> None:
    named = [match for path in SCRIPTS for match in re.findall(r"^class_name (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)]
    assert sorted(named) == ["NpcCharacter", "NpcCuePlayer", "NpcEventSource", "NpcSpeechLabel"]


def test_nothing_in_the_runtime_needs_an_engine_newer_than_4_3() -> None:
    """What 4.4 and 4.5 brought to the language: typed dictionaries, variable arguments, abstract classes, Logger."""
    newer = re.compile(r"Dictionary\[|^@abstract|\.\.\.\w+:|extends Logger", re.MULTILINE)
    assert [path.name for path in SCRIPTS if "editor" not in path.parts and newer.search(path.read_text(encoding="utf-8"))] == []


def table(name: str) -> dict[str, dict[str, Any]]:
    """A constant of the addon's messages.gd as Python reads it."""
    script = (SHIPPED / "core/messages.gd").read_text(encoding="utf-8")
    written = re.search(rf"^const {name} := (\{{.*?^\}})", script, re.MULTILINE | re.DOTALL)
    assert written is not None
    as_python = re.sub(r"TYPE_\w+", lambda kind: repr(kind[0]), written[1])
    found: dict[str, dict[str, Any]] = ast.literal_eval(as_python.replace("true", "True").replace("false", "False"))
    return found


def test_the_addon_knows_every_field_of_every_message_of_the_bridge() -> None:
    required, optional = table("REQUIRED"), table("OPTIONAL")
    kinds = get_args(get_args(wire.BridgeMessage)[0])
    assert len(kinds) == len(required)
    for kind in kinds:
        (name,) = get_args(kind.model_fields["type"].annotation)
        fields = {field: info for field, info in kind.model_fields.items() if field not in {"type", "seq", "blob"}}
        must = {field for field, info in fields.items() if info.is_required()}
        assert set(required[name]) == must, name
        assert set(optional.get(name, {})) == set(fields) - must, name


def test_the_version_is_that_of_the_bridge() -> None:
    config = configparser.ConfigParser()
    config.read(SHIPPED / "plugin.cfg", encoding="utf-8")
    script = re.search(r'^const VERSION := "(.+)"$', (SHIPPED / "npc_bridge.gd").read_text(encoding="utf-8"), re.MULTILINE)
    assert script is not None
    assert [config["plugin"]["version"].strip('"'), script[1]] == [__version__, __version__]


def test_the_licence_goes_along_and_the_readme_too() -> None:
    assert (SHIPPED / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert (SHIPPED / "README.md").is_file()


def test_every_project_setting_is_in_the_guide() -> None:
    settings = re.findall(r'"(npc_bridge/\w+/\w+)"', (SHIPPED / "settings.gd").read_text(encoding="utf-8"))
    guide = (ROOT / "docs/godot.md").read_text(encoding="utf-8")
    assert len(settings) == 12
    assert [setting for setting in settings if f"| `{setting}` |" not in guide] == []
