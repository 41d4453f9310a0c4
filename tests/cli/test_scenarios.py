"""``npc-bridge test``: scenario files against scripts and tapes, what is found wrong, and the sample that comes with the bridge."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from npc_bridge.cli.test import test as command
from npc_bridge.errors import BridgeError, FileProblems
from npc_bridge.scenarios.file import Expect, read_scenarios
from npc_bridge.scenarios.stage import Heard, wrong_with

SAMPLE = Path(__file__).parents[2] / "samples" / "scenarios"

CHARACTER = """
name = "Brom"
[clips]
nod = "nods"
[knows]
"the key" = { when = "quest >= 2", text = "It lies under the flagstone." }
[exits]
trade_opened = { description = "they agree to trade", when = "trust >= 2" }
"""
SCRIPT = """
lines = ["(nods) Aye. It is late."]
[[rules]]
when = "shall we"
lines = ["(exit: trade_opened) Deal.", "No."]
"""
SCENARIOS = """
character = "brom"
characters = "characters"
player = "Ada"

[[scenario]]
name = "answers"
flags = { quest = 1 }
[[scenario.step]]
say = "Hello."
expect = { contains = "aye", max_sentences = 2, cues = "nod", prompt_lacks = "flagstone", exit = "", reason = "stop" }
[[scenario.step]]
flags = { quest = 2, trust = 2 }
[[scenario.step]]
event = { name = "rain_started", react = true }
expect = { prompt_contains = ["rain started", "flagstone"] }
[[scenario.step]]
note = "The moon is out."
[[scenario.step]]
say = "Shall we trade?"
expect = { exit = "trade_opened", prompt_contains = "moon", lacks = "exit" }

[[scenario]]
name = "is held"
[[scenario.step]]
hold = true
[[scenario.step]]
say = "Hello?"
expect = { is_silent = true }
[[scenario.step]]
line = "(nods) Hush!"
expect = { contains = "Hush!", cues = ["nod"] }
[[scenario.step]]
line = "Why?"
player = "Ada"
[[scenario.step]]
release = true
expect = { contains = "late", prompt_contains = ["Hush!", "Why?"] }
[[scenario.step]]
go_on = true
expect = { contains = "Aye" }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "characters").mkdir()
    (tmp_path / "characters" / "brom.toml").write_text(CHARACTER, encoding="utf-8")
    (tmp_path / "script.toml").write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "brom_test.toml").write_text(SCENARIOS, encoding="utf-8")
    return tmp_path


def play(*words: str | Path) -> Result:
    return CliRunner().invoke(command, [str(word) for word in words])


def scripted(folder: Path, *words: str | Path) -> Result:
    return play(folder / "brom_test.toml", "--backend", "scripted", "--script", folder / "script.toml", *words)


def test_scenarios_pass_against_a_script(folder: Path) -> None:
    result = scripted(folder)
    assert result.exit_code == 0, result.output
    assert "2 of 2 scenarios passed" in result.output


def test_what_is_not_as_expected_is_told_with_its_step_and_what_was_said(folder: Path) -> None:
    (folder / "script.toml").write_text('lines = ["The flagstone! The flagstone! The flagstone!"]', encoding="utf-8")
    result = scripted(folder)
    assert result.exit_code == 1
    assert "step 1: 'aye' is not said; it said: 'The flagstone! The flagstone! The flagstone!'" in result.output
    assert "step 5: the exits are [], not ['trade_opened']" in result.output
    assert "Ada: Shall we trade?" in result.output


def test_each_seed_is_a_run_and_enough_of_them_have_to_pass(folder: Path) -> None:
    text = """
    character = "brom"
    characters = "characters"
    seeds = 2
    [[scenario]]
    name = "sometimes"
    at_least = 0.5
    [[scenario.step]]
    say = "Shall we?"
    expect = { contains = "Deal" }
    """
    (folder / "brom_test.toml").write_text(text, encoding="utf-8")
    assert "1 of 2" in (result := scripted(folder)).output
    assert result.exit_code == 0
    (folder / "brom_test.toml").write_text(text.replace("0.5", "0.6"), encoding="utf-8")
    assert scripted(folder).exit_code == 1
    assert scripted(folder, "--seeds", "1").exit_code == 0


def test_the_report_for_build_servers_has_each_seed(folder: Path) -> None:
    scripted(folder, "--seeds", "2", "--junit", folder / "report.xml")
    suite = ET.parse(folder / "report.xml").getroot()[0]
    # The script's second line about trade opens no trade.
    assert (suite.get("tests"), suite.get("failures")) == ("4", "1")
    [failure] = suite.iter("failure")
    assert "the exits are [], not ['trade_opened']" in str(failure.get("message"))
    assert [case.get("name") for case in suite][:2] == ["answers [seed 1]", "answers [seed 2]"]


def test_a_tape_is_made_once_and_played_without_the_model_after(folder: Path) -> None:
    tape = folder / "tape.jsonl"
    assert "replies recorded" in scripted(folder, "--tape", tape).output
    recorded = tape.read_bytes()
    (folder / "script.toml").unlink()
    result = play(folder / "brom_test.toml", "--tape", tape)
    assert result.exit_code == 0, result.output
    assert "(tape)" in result.output
    assert tape.read_bytes() == recorded


def test_a_tape_whose_prompts_have_changed_fails_and_says_so(folder: Path) -> None:
    tape = folder / "tape.jsonl"
    scripted(folder, "--tape", tape)
    (folder / "characters" / "brom.toml").write_text(CHARACTER.replace("flagstone", "flagstone, or not"), encoding="utf-8")
    result = play(folder / "brom_test.toml", "--tape", tape)
    assert result.exit_code == 1
    assert "the tape does not fit: reply 2 was asked with another prompt when the tape was made" in result.output
    assert "1 of 2 scenarios passed" in result.output
    assert scripted(folder, "--tape", tape, "--record").exit_code == 0
    assert play(folder / "brom_test.toml", "--tape", tape).exit_code == 0


def test_a_folder_means_all_scenario_files_in_it(folder: Path) -> None:
    assert play(folder, "--backend", "scripted", "--script", folder / "script.toml").exit_code == 0
    with pytest.raises(FileProblems, match="no scenario file"):
        CliRunner().invoke(command, [str(folder / "characters")], catch_exceptions=False)


def test_a_character_that_is_not_there_is_named(folder: Path) -> None:
    (folder / "brom_test.toml").write_text(SCENARIOS.replace('"brom"', '"bram"'), encoding="utf-8")
    with pytest.raises(BridgeError, match="no character 'bram'"):
        CliRunner().invoke(command, [str(folder / "brom_test.toml"), "--backend", "scripted"], catch_exceptions=False)


MISTAKES = {
    "no scenario": ("", 0, "'scenario' is missing"),
    "two things": ('[[scenario]]\nname = "a"\n[[scenario.step]]\nsay = "x"\nhold = true\n', 4, "this one has say and hold"),
    "nothing": ('[[scenario]]\nname = "a"\n[[scenario.step]]\nplayer = "Ada"\n', 4, "this one has nothing"),
    "a pattern": ('[[scenario]]\nname = "a"\n[[scenario.step]]\nsay = "x"\nexpect = { matches = "(" }\n', 6, "no regular expression"),
    "a key": ('[[scenario]]\nname = "a"\n[[scenario.step]]\nsay = "x"\nexpect = { contain = "y" }\n', 6, "unknown key"),
    "a name twice": ('[[scenario]]\nname = "a"\n[[scenario.step]]\nsay = "x"\n' * 2, 7, "two scenarios are called 'a'"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_line(name: str, tmp_path: Path) -> None:
    text, line, problem = MISTAKES[name]
    (tmp_path / "x.toml").write_text('character = "brom"\n' + text, encoding="utf-8")
    with pytest.raises(FileProblems) as caught:
        read_scenarios(tmp_path / "x.toml")
    assert problem in str(caught.value)
    assert caught.value.problems[0].line == line


HEARD = Heard(text="Aye. It rains.", cues=[("nod", ""), ("point", "door")], exits=["leave"], reasons=["stop", "fallback"])
FOUND: list[tuple[dict[str, Any], str]] = [
    ({"contains": ["aye", "snow"]}, "'snow' is not said"),
    ({"contains_any": ["snow", "hail"]}, "none of ['snow', 'hail'] is said"),
    ({"lacks": "rain"}, "'rain' is said"),
    ({"matches": "^It"}, "'^It' fits nothing"),
    ({"max_sentences": 1}, "2 sentences are said, not at most 1"),
    ({"cues": ["wave"]}, "'wave' is not played; played: ['nod', 'point']"),
    ({"cues": [{"clip": "nod", "target": "door"}]}, "'nod' at 'door' is not played"),
    ({"lacks_cues": "nod"}, "'nod' is played"),
    ({"prompt_contains": "moon"}, "'moon' is not in the prompt"),
    ({"prompt_lacks": "sun"}, "'sun' is in the prompt"),
    ({"exit": ""}, "the exits are ['leave'], not []"),
    ({"reason": "stop"}, "a turn ended with 'fallback'"),
    ({"is_silent": True}, "the NPC was to be silent"),
]


@pytest.mark.parametrize(("expect", "wrong"), FOUND)
def test_what_is_expected_and_is_not_so_is_found(expect: dict[str, Any], wrong: str) -> None:
    [found] = wrong_with(Expect.model_validate(expect), HEARD, ["The Sun shines."])
    assert found.startswith(wrong)


def test_what_is_as_expected_is_not_complained_about() -> None:
    expect = {
        "contains": ["AYE"],
        "contains_any": ["snow", "rain"],
        "lacks": "snow",
        "matches": [r"\w\.$"],
        "max_sentences": 2,
        "cues": ["nod", {"clip": "point", "target": "door"}],
        "lacks_cues": "wave",
        "prompt_contains": "SUN",
        "prompt_lacks": "moon",
        "exit": "leave",
        "reason": ["stop", "fallback"],
    }
    assert wrong_with(Expect.model_validate(expect), HEARD, ["The Sun shines."]) == []


def test_the_sample_passes_from_its_tape() -> None:
    result = play(SAMPLE / "inn.toml", "--tape", SAMPLE / "inn.tape.jsonl")
    assert result.exit_code == 0, result.output
    assert "4 of 4 scenarios passed" in result.output
