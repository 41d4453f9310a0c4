"""Where the memory is when nothing is set, and when something is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from npc_bridge.memory.settings import StorageSettings, data_folder, default_file, storage_file


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for name in ("LOCALAPPDATA", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_a_path_is_taken_as_it_is_and_an_empty_one_means_no_file(tmp_path: Path) -> None:
    game = tmp_path / "game"
    assert storage_file(StorageSettings(path="saves/npc.db"), game) == Path("saves/npc.db")
    assert storage_file(StorageSettings(path=""), game) is None
    assert storage_file(StorageSettings(), game) == default_file(game)


@pytest.mark.skipif(sys.platform == "win32", reason="'~' is looked up differently there")
def test_a_path_may_begin_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert storage_file(StorageSettings(path="~/npc.db"), tmp_path) == tmp_path / "npc.db"


def test_each_game_has_a_file_of_its_own_in_the_users_data_folder(tmp_path: Path) -> None:
    one, other = default_file(tmp_path / "a" / "My Game!"), default_file(tmp_path / "b" / "My Game!")
    assert one.parent == data_folder()
    assert one.name.startswith("My-Game-")
    assert one != other
    assert one == default_file(tmp_path / "a" / "My Game!")
    assert default_file(Path("/")).name.startswith("game-")
    assert default_file(tmp_path / "酒馆").name.startswith("酒馆-")


@pytest.mark.parametrize(
    ("platform", "variable", "folder"),
    [
        ("linux", None, ".local/share/npc-bridge"),
        ("linux", "XDG_DATA_HOME", "data/npc-bridge"),
        ("darwin", None, "Library/Application Support/npc-bridge"),
        ("win32", None, "AppData/Local/npc-bridge"),
        ("win32", "LOCALAPPDATA", "data/npc-bridge"),
    ],
)
def test_the_data_folder_is_where_the_system_keeps_such_things(
    home: Path, monkeypatch: pytest.MonkeyPatch, platform: str, variable: str | None, folder: str
) -> None:
    monkeypatch.setattr("npc_bridge.memory.settings.sys.platform", platform)
    if variable is not None:
        monkeypatch.setenv(variable, str(home / "data"))
    assert data_folder() == home / folder


@pytest.mark.parametrize("wrong", [{"sync": "off"}, {"retention_days": -1}, {"resume_s": -1}, {"resume_bytes": 10}, {"file": "x"}])
def test_what_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        StorageSettings.model_validate(wrong)
