"""Which memory ``serve`` opens, and what it does when that cannot be had."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from npc_bridge.cli.serve import opened_store
from npc_bridge.config import Settings
from npc_bridge.errors import StorageLocked
from npc_bridge.memory.settings import StorageSettings


@pytest.fixture(autouse=True)
def _data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NPC_BRIDGE_STORAGE__PATH", raising=False)
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "data"))


async def test_a_second_instance_of_a_game_goes_on_without_a_memory_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings(characters=tmp_path / "characters")
    first = await opened_store(settings)
    with caplog.at_level(logging.WARNING):
        second = await opened_store(settings)
    assert (first.path is not None, first.failing, second.path) == (True, "", None)
    assert "nothing is remembered after this bridge ends" in caplog.text
    assert "another" in second.failing
    await first.close()
    await second.close()


async def test_a_file_that_was_named_has_to_be_had(tmp_path: Path) -> None:
    settings = Settings(storage=StorageSettings(path=str(tmp_path / "game.db")))
    first = await opened_store(settings)
    with pytest.raises(StorageLocked):
        await opened_store(settings)
    await first.close()
