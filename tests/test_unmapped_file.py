"""Actions without a clip, from a game to the designer's file and back: counted by the bridge, kept, listed, accepted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from npc_bridge.backends.scripted import Scripted
from npc_bridge.cast import Cast, read_character
from npc_bridge.cli.cues import cues
from npc_bridge.client import connect
from npc_bridge.config import ServerSettings
from npc_bridge.core.unmapped import Unmapped
from npc_bridge.memory.settings import StorageSettings
from npc_bridge.server import Bridge
from npc_bridge.tape import Recorder, RecordingBackend, replay
from npc_bridge.unmapped_file import UnmappedFile, counts_file, read_counts

REPLIES = ["(nods, polishes a mug) Aye.", "(juggles three knives) Ho!", "(Juggles three knives.) Hm.", "(mouths Xylophoria) What?"]


@pytest.fixture
def game(game_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A game's folder as the working directory, with a memory of its own."""
    monkeypatch.chdir(game_folder)
    monkeypatch.setenv("NPC_BRIDGE_STORAGE__PATH", "memory.db")
    return game_folder


async def play(cast: Cast, lines: int = len(REPLIES)) -> list[dict[str, Any]]:
    """Let Brom say his lines to a game, and give what the bridge counted."""
    storage = StorageSettings(path="memory.db")
    async with Bridge(ServerSettings(port=0), Scripted.of(REPLIES), cast, storage=storage) as bridge, connect(bridge.url) as game:
        brom = await game.open("smith", character="brom", clips=["nod", "wipe_table", "wave"])
        for _ in range(lines):
            await (await brom.say("What is xylophoria?")).done()
        return bridge.unmapped.counts.rows()


async def test_what_no_clip_shows_is_counted_and_kept_over_a_restart(game: Path, cast: Cast) -> None:
    first = await play(cast)
    assert [(row["action"], row["count"]) for row in first] == [("juggles three knives", 2)]
    assert [(row["action"], row["count"]) for row in await play(cast)] == [("juggles three knives", 4)]
    written = json.loads((game / "memory.unmapped.json").read_text(encoding="utf-8"))
    assert list(written["characters"]) == ["brom"]
    assert "xylophoria" not in json.dumps(written).lower()


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cues, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


async def test_a_designer_lists_and_accepts_and_a_running_bridge_is_told(game: Path, cast: Cast) -> None:
    await play(cast)
    assert "(juggles three knives)" in run("report")
    assert json.loads(run("report", "--as-json"))["count"] == 2
    file = game / "characters" / "brom.toml"
    before = file.read_text(encoding="utf-8")
    assert "brom.toml: wave also shows (juggles three knives)" in run("accept", "Juggles three knives", "wave").replace("\\", "/")
    assert file.read_text(encoding="utf-8") == before.replace(
        'wave = "waves"', 'wave = { description = "waves", aliases = ["juggles three knives"] }'
    )
    assert "has its clip by now" in run("report")
    again = Cast(game / "characters", game / "events.toml")
    assert await play(again) == []


def test_a_mistyped_clip_is_refused(game: Path) -> None:
    result = CliRunner().invoke(cues, ["accept", "juggles", "wavee", "--character", "brom"])
    assert (result.exit_code, "is 'wave' meant?" in result.output) == (1, True)


def test_a_clip_that_only_the_game_knows_is_added_for_one_character(game: Path) -> None:
    run("accept", "juggles", "juggle_01", "--character", "brom")
    clips = {clip.name: clip.aliases for clip in read_character(game / "characters" / "brom.toml").clips}
    assert clips["juggle_01"] == ("juggles",)


def test_nobody_to_change_is_said(game: Path) -> None:
    result = CliRunner().invoke(cues, ["accept", "juggles", "zzz"])
    assert (result.exit_code, "--character" in result.output) == (1, True)


async def test_a_report_of_a_tape_needs_no_bridge(game: Path, cast: Cast) -> None:
    backend = Scripted.of(REPLIES)
    with (game / "evening.tape").open("w", encoding="utf-8") as file:
        recorder = Recorder(file, characters=cast.characters, events_toml="", backend=backend)
        async with (
            Bridge(ServerSettings(port=0), RecordingBackend(backend, recorder), cast, recorder=recorder) as bridge,
            connect(bridge.url) as playing,
        ):
            brom = await playing.open("smith", character="brom", clips=["nod"])
            for _ in range(3):
                await (await brom.say("Well?")).done()
    tape = await replay(game / "evening.tape")
    assert [(row["action"], row["count"]) for row in tape.unmapped.rows()] == [("juggles three knives", 2)]


def test_a_damaged_file_counts_anew(tmp_path: Path) -> None:
    path = tmp_path / "counts.json"
    path.write_text("{", encoding="utf-8")
    assert read_counts(path).rows() == []


async def test_a_file_that_cannot_be_written_costs_no_game_anything(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    kept = UnmappedFile(blocked / "counts.json")
    kept.counts = Unmapped.restored({"characters": {"b": {"kneels": [1, ""]}}})
    kept.counts.drop_if(lambda character, action: True)
    await kept.save()
    assert kept.counts.rows() == []


def test_a_game_without_a_memory_keeps_no_counts(tmp_path: Path) -> None:
    assert counts_file(StorageSettings(path=""), tmp_path / "characters") is None
    assert counts_file(StorageSettings(path="m.db"), tmp_path / "characters") == Path("m.unmapped.json")
