"""Where the engine comes from, and what is said when it cannot be had."""

from __future__ import annotations

from pathlib import Path

import pytest
from godot import engine
from godot.engine import EngineMissing


def test_a_chosen_engine_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPC_BRIDGE_GODOT", "no-such-godot")
    with pytest.raises(EngineMissing, match="NPC_BRIDGE_GODOT is no-such-godot, which is not there"):
        engine.godot_command()


def test_a_machine_without_apt_is_told_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NPC_BRIDGE_GODOT", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineMissing, match="set NPC_BRIDGE_GODOT"):
        engine.godot_command()
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_is_not_complete_says_so(tmp_path: Path) -> None:
    with pytest.raises(EngineMissing, match="is not complete; delete it"):
        engine.command_of(tmp_path)


def test_no_address_of_an_archive_is_written_in_the_repository() -> None:
    text = Path(engine.__file__).read_text(encoding="utf-8")
    assert "://" not in text
