"""What ``check`` says of a valid character: missing parts, and what is too long for the model that will read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from npc_bridge.backends.profiles import find_profile
from npc_bridge.backends.scripted import Scripted
from npc_bridge.cast import read_character, tavern
from npc_bridge.cli.advice import Reader, advise, fixed_tokens, missing_parts
from npc_bridge.core.character import Character, parse_character
from npc_bridge.errors import FileProblems

FILE = Path("odo.toml")


def odo(text: str = "") -> Character:
    return parse_character(f'name = "Odo"\n{text}', file="odo.toml", character_id="odo")


def test_each_part_that_says_nothing_is_named_with_what_it_is_for() -> None:
    parts = [hint.split(" ")[0] for hint in missing_parts(odo('[identity]\nage = 61\n[style]\nactions = "off"\n'))]
    assert parts == ["[background]", "[scene]", "[style]"]


def test_a_character_with_all_four_parts_lacks_nothing() -> None:
    assert missing_parts(read_character(tavern() / "characters" / "mira.toml")) == []


def test_what_the_model_cannot_read_is_a_problem_and_what_crowds_it_a_hint() -> None:
    backend = Scripted()
    long = odo('[background]\nexperiences = "' + "A long way. " * 300 + '"\n')
    tokens = fixed_tokens(long, backend)
    with pytest.raises(FileProblems, match=r"odo.toml: the character takes about [\d,]+ tokens of every prompt, and small reads 500"):
        advise(long, FILE, Reader("small", 500, backend))
    assert any("little is left to talk in" in hint for hint in advise(long, FILE, Reader("middling", tokens + 100, backend)))
    assert not any("talk in" in hint for hint in advise(long, FILE, Reader("large", 3 * tokens, backend)))


def test_the_limits_of_the_role_play_models_are_those_that_count() -> None:
    limits = {model.name: model.limits for model in find_profile("model_studio").models}
    assert limits["qwen-flash-character"].max_input_tokens == 8_000
    assert limits["qwen-plus-character-ja"].max_input_tokens == 7_680
    assert limits["qwen-plus-character"].max_input_tokens == 30_000
