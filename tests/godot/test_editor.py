"""The addon in Godot's editor: a fresh project, the plugin going on and off, the panel with a real bridge, translations."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from godot.conftest import ADDON, BridgeProcess, Project, complaints

from npc_bridge.cli.install import install

sys.path.insert(0, str(ADDON / "tools"))
import strings

PROBE = """@tool
extends EditorPlugin

func _enter_tree() -> void:
	_look.call_deferred()

func _look() -> void:
	await get_tree().process_frame
	_report("before")
	EditorInterface.set_plugin_enabled("npc_bridge", true)
	await get_tree().process_frame
	_report("enabled")
	EditorInterface.set_plugin_enabled("npc_bridge", false)
	await get_tree().process_frame
	_report("disabled")
	EditorInterface.set_plugin_enabled("npc_bridge", true)
	# The editor saves the project a moment later.
	await get_tree().create_timer(2.0).timeout
	get_tree().quit()

func _report(when: String) -> void:
	var settings := []
	for property: Dictionary in ProjectSettings.get_property_list():
		if str(property["name"]).begins_with("npc_bridge/"):
			settings.append(property["name"])
	var panels := EditorInterface.get_base_control().find_children("NPC Bridge", "HBoxContainer", true, false).size()
	var autoload: String = ProjectSettings.get_setting("autoload/NpcBridge", "")
	print("PROBE ", JSON.stringify({"when": when, "autoload": autoload, "settings": settings.size(), "panels": panels}))
"""


@pytest.fixture(scope="module")
def fresh(godot: tuple[str, ...], environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Project:
    """An empty project with the addon installed by the command, and a plugin that looks at the editor."""
    folder = tmp_path_factory.mktemp("fresh")
    enabled = 'enabled=PackedStringArray("res://addons/probe/plugin.cfg")'
    (folder / "project.godot").write_text(f"config_version=5\n\n[editor_plugins]\n\n{enabled}\n", encoding="utf-8")
    probe = folder / "addons/probe"
    probe.mkdir(parents=True)
    (probe / "plugin.gd").write_text(PROBE, encoding="utf-8")
    about = '[plugin]\n\nname="probe"\ndescription=""\nauthor=""\nversion="1"\nscript="plugin.gd"\n'
    (probe / "plugin.cfg").write_text(about, encoding="utf-8")
    assert CliRunner().invoke(install, ["godot", str(folder)]).exit_code == 0
    return Project(folder, godot, environment)


def test_the_plugin_goes_on_and_off_in_a_fresh_project_and_leaves_nothing_behind(fresh: Project) -> None:
    fresh.run("--import")
    printed = fresh.run("--editor")
    assert complaints(printed) == []
    reports = [json.loads(line) for line in re.findall(r"PROBE (.+)$", printed, re.MULTILINE)][:3]
    autoload = "*" + (fresh.folder / "addons/npc_bridge/npc_bridge.gd.uid").read_text(encoding="utf-8").strip()
    assert reports == [
        {"when": "before", "autoload": "", "settings": 0, "panels": 0},
        {"when": "enabled", "autoload": autoload, "settings": 12, "panels": 1},
        {"when": "disabled", "autoload": "", "settings": 0, "panels": 0},
    ]


def test_a_game_of_that_project_has_the_autoload(fresh: Project) -> None:
    look = "extends SceneTree\nfunc _initialize() -> void:\n\t_look.call_deferred()\n"
    look += 'func _look() -> void:\n\tprint("FOUND ", root.get_node_or_null("NpcBridge"))\n\tquit()\n'
    (fresh.folder / "look.gd").write_text(look, encoding="utf-8")
    assert re.search(r"^FOUND NpcBridge:", fresh.run("-s", "look.gd"), re.MULTILINE)


def test_the_panel_lists_talks_and_maps(project: Project, bridge: Callable[..., BridgeProcess], tmp_path: Path) -> None:
    characters = tmp_path / "bridge/characters"
    characters.mkdir(parents=True)
    for name in ("smith", "bard"):
        (characters / f"{name}.toml").write_text(f'name = "{name.title()}"\n', encoding="utf-8")
    running = bridge('lines = ["Watch! (nods) There (polishes a mug) I go [b]."]').ready
    printed = project.run("-s", "tests/panel.gd", NPC_BRIDGE_URL=running["url"], NPC_BRIDGE_TOKEN=running["token"])
    assert complaints(printed) == []
    assert "WARNING" not in printed
    shown = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    cast, chat, mapped, off = shown
    assert cast["ids"] == ["bard", "smith"]
    lines = chat["text"].strip().split("\n")
    assert lines[:2] == ["> [rain_started]", "> Good day!"]
    assert "rain started" in "".join(lines[2:4]).replace("_", " ")
    assert lines[-2] == "Watch! (nods → nod) There (polishes a mug → ?) I go [b]."
    assert re.fullmatch(r"stop · first text \d+ ms · \d+ ms · \d+ tokens read · 0 of them cached · \d+ tokens written", lines[-1])
    assert chat["unmapped"] == ["polishes a mug"]
    assert re.fullmatch(r'npc-bridge cues accept "polishes a mug" \w+ --character smith', chat["command"])
    assert (mapped["clip_map"], mapped["unmapped"]) == ({"polishes a mug": "nod"}, [])
    assert off["characters"] == []


def test_the_template_for_translators_has_every_text_of_the_panel() -> None:
    """When this fails, run ``python godot_addon/tools/strings.py``."""
    assert strings.TEMPLATE.read_text(encoding="utf-8") == strings.make_template()


def test_every_translation_is_complete_and_keeps_its_placeholders() -> None:
    wanted = set(strings.find_texts())
    for file in strings.TEMPLATE.parent.glob("*.po"):
        texts = strings.read_po(file)
        assert set(texts) == wanted, file.name
        for text, translated in texts.items():
            assert translated, f"{file.name}: {text}"
            assert re.findall(r"%\w", text) == re.findall(r"%\w", translated), text
