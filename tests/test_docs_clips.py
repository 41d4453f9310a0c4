"""The designer's page shows what really happens: its files are written, its commands run, and their output compared."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from npc_bridge.cast import read_character
from npc_bridge.cli.cues import cues
from npc_bridge.core.clips import ClipIndex
from npc_bridge.core.unmapped import Unmapped, suggest

PAGE = Path(__file__).parent.parent / "docs" / "designers-clips.md"
BLOCKS = re.findall(r"```(toml|console)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
PLAYED = ["polishes a mug"] * 7 + ["bows to Ada"] * 3 + ["kneels"] * 2 + ["waves", "remembers the war"]


def write_counts(path: Path, character: Path) -> None:
    """What a bridge would have counted."""
    index, counts = ClipIndex(read_character(character).clips), Unmapped()
    for action in PLAYED:
        counts.see("tilda", action, index.resolve(action), index, heard=(), players=("Ada",))
    suggest(counts.wanting())
    path.write_text(json.dumps(counts.state()), encoding="utf-8")


def test_the_designers_page_shows_what_really_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "characters" / "tilda.toml"
    file.parent.mkdir()
    monkeypatch.setenv("NPC_BRIDGE_STORAGE__PATH", "memory.db")
    for kind, block in BLOCKS:
        if kind == "toml" and block.startswith("name"):
            file.write_text(block, encoding="utf-8")
            write_counts(tmp_path / "memory.unmapped.json", file)
        elif kind == "toml" and not file.read_text(encoding="utf-8").count(block):
            clip = block.split(" = ")[0]
            file.write_text(re.sub(rf"(?m)^{clip} = .*\n", block, file.read_text(encoding="utf-8")), encoding="utf-8")
        for command in re.findall(r"(?m)^\$ npc-bridge cues (.*)\n((?:(?!\$ ).*\n)*)", block):
            shown = CliRunner().invoke(cues, shlex.split(command[0]), catch_exceptions=False)
            assert (shown.output.replace("\\", "/"), shown.exit_code) == (command[1], 0)
    assert sum(kind == "console" for kind, _ in BLOCKS) == 5
