from __future__ import annotations

import pytest

from npc_bridge.core.clips import ClipIndex, Match, action_words, plain_words
from npc_bridge.core.messages import Clip

CLIPS = [Clip(name="wave", aliases=("挥手", "greet with a hand")), Clip(name="shake_head"), Clip(name="anim-lib/SitDown")]


@pytest.mark.parametrize(
    ("action", "matches"),
    [
        ("wave", [Match("wave", 1.0, "exact")]),
        ("Shake Head", [Match("shake_head", 1.0, "exact")]),
        ("ｓｈａｋｅ－ｈｅａｄ", [Match("shake_head", 1.0, "exact")]),
        ("anim lib sit down", [Match("anim-lib/SitDown", 1.0, "exact")]),
        ("挥手", [Match("wave", 1.0, "alias")]),
        ("Greet, with a hand!", [Match("wave", 1.0, "alias")]),
        ("", []),
        ("...", []),
    ],
)
def test_an_action_equal_to_a_name_or_alias_is_that_clip(action: str, matches: list[Match]) -> None:
    assert ClipIndex(CLIPS).resolve(action) == matches


def test_of_two_clips_that_read_alike_the_first_is_meant() -> None:
    index = ClipIndex([Clip(name="sit_down"), Clip(name="SitDown"), Clip(name="rest", aliases=("sit down",))])
    assert index.names == ("sit_down", "SitDown", "rest")
    assert index.resolve("sit down") == [Match("sit_down", 1.0, "exact")]


@pytest.mark.parametrize("name", ["wave", "shake_head", "anim_lib/Nod", "Wave_Right_01", "HTTPWave2", "挥手", "идти", "__"])
def test_what_the_model_is_told_to_write_comes_back_as_the_clip(name: str) -> None:
    clip = Clip(name=name)
    assert ClipIndex([clip]).resolve(action_words(clip)) == [Match(name, 1.0, "exact")]


def test_names_read_as_words() -> None:
    assert [plain_words(name) for name in ("Shake_Head", "shakeHead", "lib/HTTPWave-2")] == [
        "shake head",
        "shake head",
        "lib http wave 2",
    ]
