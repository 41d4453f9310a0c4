"""The addon in a game's project: new, newer, changed by the user, and no longer there."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from npc_bridge import __version__
from npc_bridge.cli import install as module
from npc_bridge.cli.install import MANIFEST, godot_addon, install, read_tree, unity_package


@pytest.fixture
def game(tmp_path: Path) -> Path:
    """An empty Godot project."""
    (tmp_path / "project.godot").write_text("config_version=5\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def addon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An addon of two scripts, in place of the real one."""
    source = tmp_path / "source"
    (source / "core").mkdir(parents=True)
    for name, text in {"plugin.cfg": "[plugin]", "core/a.gd": "a = 1", "core/a.gd.uid": "uid://a"}.items():
        (source / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(module, "godot_addon", lambda: source)
    return source


def run(game: Path, *flags: str) -> Result:
    return CliRunner().invoke(install, ["godot", str(game), *flags])


def test_the_whole_addon_is_copied(game: Path) -> None:
    result = run(game)
    assert result.exit_code == 0
    assert "Now enable it in Godot" in result.output
    assert read_tree(game / "addons/npc_bridge") == read_tree(godot_addon())
    assert (game / "addons/npc_bridge" / MANIFEST).is_file()


def test_installing_again_changes_nothing(game: Path, addon: Path) -> None:
    run(game)
    assert (
        run(game).output
        == f"NPC Bridge {__version__} is in {game / 'addons' / 'npc_bridge'} (0 new, 0 replaced, 0 removed, 3 as they were).\n"
    )


def test_a_newer_addon_replaces_what_was_not_touched_and_removes_what_is_gone(game: Path, addon: Path) -> None:
    (addon / "core/old.gd").write_text("old", encoding="utf-8")
    run(game)
    (addon / "core/old.gd").unlink()
    (addon / "core/a.gd").write_text("a = 2", encoding="utf-8")
    (addon / "core/b.gd").write_text("b = 1", encoding="utf-8")
    assert "(1 new, 1 replaced, 1 removed, 2 as they were)" in run(game).output
    assert read_tree(game / "addons/npc_bridge") == read_tree(addon)


def test_a_file_that_the_user_changed_stops_everything(game: Path, addon: Path) -> None:
    run(game)
    mine = game / "addons/npc_bridge/core/a.gd"
    mine.write_text("a = 'mine'", encoding="utf-8")
    before = read_tree(game)
    for name in ("core/a.gd", "plugin.cfg"):
        (addon / name).write_text("newer", encoding="utf-8")
    result = run(game)
    assert result.exit_code == 1
    assert str(mine) in result.output
    assert "plugin.cfg" not in result.output
    assert read_tree(game) == before | read_tree_of_source(addon)


def read_tree_of_source(addon: Path) -> dict[str, str]:
    return {f"source/{name}": digest for name, digest in read_tree(addon).items()}


def test_force_overwrites_what_the_user_changed(game: Path, addon: Path) -> None:
    run(game)
    (game / "addons/npc_bridge/core/a.gd").write_text("mine", encoding="utf-8")
    assert run(game, "--force").exit_code == 0
    assert read_tree(game / "addons/npc_bridge") == read_tree(addon)


def test_a_change_of_the_user_that_the_newer_addon_has_as_well_is_none(game: Path, addon: Path) -> None:
    run(game)
    for folder in (addon, game / "addons/npc_bridge"):
        (folder / "core/a.gd").write_text("a = 2", encoding="utf-8")
    assert run(game).exit_code == 0


def test_a_copy_that_was_not_installed_by_this_command_is_not_overwritten(game: Path, addon: Path) -> None:
    (game / "addons/npc_bridge/core").mkdir(parents=True)
    (game / "addons/npc_bridge/core/a.gd").write_text("unpacked from an archive", encoding="utf-8")
    assert run(game).exit_code == 1


def test_what_the_engine_writes_anew_is_no_change_of_the_user(game: Path, addon: Path) -> None:
    run(game)
    (game / "addons/npc_bridge/core/a.gd.uid").write_text("uid://b", encoding="utf-8")
    assert run(game).exit_code == 0


def test_a_dropped_file_that_the_user_changed_is_left_and_said(game: Path, addon: Path) -> None:
    run(game)
    (game / "addons/npc_bridge/core/a.gd").write_text("mine", encoding="utf-8")
    (addon / "core/a.gd").unlink()
    result = run(game)
    assert result.exit_code == 0
    assert "is no longer part of the addon, but you have changed it, so it was left" in result.output
    assert (game / "addons/npc_bridge/core/a.gd").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("manifest", ["", "[]", '{"files": 3}', '{"files": {"../../project.godot": "x"}}'])
def test_a_list_that_is_garbage_does_no_harm(game: Path, addon: Path, manifest: str) -> None:
    run(game)
    (game / "addons/npc_bridge" / MANIFEST).write_text(manifest, encoding="utf-8")
    assert run(game).exit_code == 0
    assert (game / "project.godot").read_text(encoding="utf-8") == "config_version=5\n"


def test_a_folder_that_is_no_project_is_refused(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert result.exit_code == 1
    assert "give the folder of your Godot project" in result.output


def test_the_release_archive_holds_the_addon_and_is_the_same_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(godot_addon().parents[1] / "tools"))
    import release_zip

    first, second = release_zip.build(tmp_path / "a"), release_zip.build(tmp_path / "b")
    assert first.name == f"npc-bridge-godot-{__version__}.zip"
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        archive.extractall(tmp_path / "project")
    assert read_tree(tmp_path / "project/addons/npc_bridge") == read_tree(godot_addon())


def test_the_unity_package_is_embedded_into_a_project(tmp_path: Path) -> None:
    (tmp_path / "Packages").mkdir()
    (tmp_path / "Packages" / "manifest.json").write_text("{}", encoding="utf-8")
    result = CliRunner().invoke(install, ["unity", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert read_tree(tmp_path / "Packages/com.npcbridge.unity") == read_tree(unity_package())


def test_a_folder_that_is_no_unity_project_is_said_to_be_none(tmp_path: Path) -> None:
    result = CliRunner().invoke(install, ["unity", str(tmp_path)])
    assert result.exit_code == 1
    assert "Packages/manifest.json" in result.output
