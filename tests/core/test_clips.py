from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest
from cut_replies import read
from hypothesis import given, settings
from hypothesis import strategies as st

from npc_bridge.core.clips import ClipIndex, Match, action_words, plain_words
from npc_bridge.core.clips_targets import Targets
from npc_bridge.core.cues import Action, Speech
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
        ("waves at you", [Match("wave", 0.9, "wave: wave")]),
        ("向你用力挥手", [Match("wave", 0.95, "its own words: 挥手")]),
        ("手を振る", [Match("wave", 0.9, "wave: 手を振")]),
        ("beckons you closer", [Match("wave", 0.8, "beckon: beckon, near wave")]),
        (
            "sits down and shakes his head",
            [Match("anim-lib/SitDown", 0.9, "sit_down: sit down"), Match("shake_head", 0.9, "shake_head: shake his head")],
        ),
        ("", []),
        ("...", []),
        ("🗡️", []),
    ],
)
def test_an_action_becomes_clips_with_a_score_and_a_reason(action: str, matches: list[Match]) -> None:
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


def played(clips: list[str], action: str, language: str = "") -> list[str]:
    return [match.clip for match in ClipIndex([Clip(name=name) for name in clips], language).resolve(action)]


OTHER_GAMES: dict[str, tuple[list[str], str, list[str]]] = {
    "side and number in the name": (["Wave_Right_01", "Wave_Left_02"], "waves at you", ["Wave_Right_01"]),
    "idle in the name": (["idle", "idle_drink"], "takes a long sip of ale", ["idle_drink"]),
    "library in the name": (["anim_lib/nod", "anim_lib/idle"], "nods slowly", ["anim_lib/nod"]),
    "camel case": (["SitIdle", "StandUp"], "rises from his chair", ["StandUp"]),
    "what animators call it": (["Agree", "Disagree", "Greeting"], "shakes her head", ["Disagree"]),
    "a mood": (["SadIdle", "HappyIdle"], "frowns", ["SadIdle"]),
    "Chinese names": (["挥手_01", "点头"], "waves goodbye", ["挥手_01"]),
    "Chinese action, English name": (["Npc_Male_Yawn"], "打了个大大的哈欠", ["Npc_Male_Yawn"]),
    "a word of no list": (["juggle", "backflip"], "juggles three knives", ["juggle"]),
    "several words of no list": (["play_darts"], "plays a round of darts", ["play_darts"]),
    "no clip shows it": (["wave", "nod"], "kneels", []),
    "something near": (["punch"], "attacks", ["punch"]),
    "nothing near": (["smile"], "grimaces", []),
}


@pytest.mark.parametrize("name", OTHER_GAMES)
def test_the_names_of_the_animations_are_enough(name: str) -> None:
    clips, action, expected = OTHER_GAMES[name]
    assert played(clips, action) == expected


@pytest.mark.parametrize("action", ["leans over the counter", "倾身凑过来看", "カウンターに身を乗り出す"])
def test_who_leans_in_approaches_or_else_leans(action: str) -> None:
    assert played(["approach", "lean"], action) == ["approach"]
    assert [match.score for match in ClipIndex([Clip(name="lean")]).resolve(action)] == [0.78]
    assert played(["lean", "lean_in"], action) == ["lean_in"]


@pytest.mark.parametrize("action", ["leans against the wall", "倚在吧台上", "壁に寄りかかる"])
def test_who_leans_on_something_does_not_approach(action: str) -> None:
    assert played(["approach", "lean"], action) == ["lean"]
    assert played(["approach"], action) == []


def test_a_description_helps_where_the_name_says_nothing() -> None:
    index = ClipIndex([Clip(name="emote_07", description="raises a hand and waves it"), Clip(name="emote_08", description="nods")])
    assert [match.clip for match in index.resolve("waves at the crowd")] == ["emote_07"]
    assert [match.clip for match in index.resolve("点头")] == ["emote_08"]


EVERYDAY = ["wave", "nod", "laugh", "angry", "run", "dance", "smile", "attack", "walk", "drink", "think", "cry", "look_at", "tremble"]

SILENT: dict[str, str] = {
    "a wish": "wants to run, but her legs will not obey",
    "a memory": "remembers how they danced",
    "somebody else": "the crowd laughs",
    "weather": "a cold wind runs through the street",
    "the player": "you see her smile",
    "denied": "does not laugh",
    "not quite": "almost smiles",
    "an aside": "if you can call that a dance",
    "a language": "in Dwarvish",
    "a verb of saying": "says",
    "a voice": "her voice trembles",
    "a smile that ends": "her smile fades",
    "Chinese thought": "心想这人真可笑",
    "Chinese scene": "众人大笑",
    "Chinese verb of saying": "说",
    "Chinese denial": "没有笑",
    "Chinese fright": "心跳得厉害",
    "Japanese wish": "逃げ出したいと思う",
    "Japanese scene": "雨が降っている",
    "Japanese denial": "笑わない",
    "Japanese voice": "声を震わせて",
}


@pytest.mark.parametrize("name", SILENT)
def test_what_is_no_gesture_of_this_character_gives_no_cue(name: str) -> None:
    assert played(EVERYDAY, SILENT[name]) == []


def test_the_language_decides_for_characters_that_two_languages_share() -> None:
    assert played(["sigh"], "溜息") == []
    assert played(["sigh"], "溜息", "ja") == ["sigh"]


def test_an_explanation_says_what_is_missing() -> None:
    index = ClipIndex([Clip(name="wave")])
    assert [index.explain(action) for action in ("waves", "kneels", "remembers the war", "flibbers")] == [
        "wave (0.90, wave: wave)",
        "unmapped: no clip shows kneel",
        "no cue: thought",
        "unmapped: not understood",
    ]


def test_a_remark_can_stay_visible() -> None:
    index = ClipIndex([Clip(name="nod"), Clip(name="in_love")])
    actions = ("about forty leagues", "in Dwarvish", "大概三天的路程", "エルフ語で", "nods", "remembers the war", "flibbers", "in love")
    assert [action for action in actions if index.is_aside(action)] == [
        "about forty leagues",
        "in Dwarvish",
        "大概三天的路程",
        "エルフ語で",
    ]
    parts = read(["Far (about forty leagues), (nods) yes."], is_speech=index.is_aside)
    assert parts == [Speech("Far (about forty leagues),", 0), Action("nods", 26), Speech(" yes.", 26)]


def test_the_model_is_told_the_clips_in_its_own_language() -> None:
    index = ClipIndex([Clip(name="wave"), Clip(name="nod", aliases=("用力点头",)), Clip(name="Wave_Left"), Clip(name="juggle")])
    assert index.spoken("zh-CN") == ("挥手", "用力点头", "wave left", "juggle")
    assert index.spoken("ja") == ("手を振る", "うなずく", "wave left", "juggle")
    assert index.spoken("fr") == ("wave", "用力点头", "wave left", "juggle")
    for language in ("zh", "ja", "en"):
        assert tuple(index.resolve(phrase)[0].clip for phrase in index.spoken(language)) == index.names


TARGETS = Targets({"door_02": ("door", "门", "扉"), "player": ("you", "你"), "iron key": (), "Mira": ("米拉",)})


@pytest.mark.parametrize(
    ("action", "targets"),
    [
        ("points at the door", ["door_02"]),
        ("nods to Mira and points at the door", ["Mira", "door_02"]),
        ("hands the iron key to Mira", ["Mira"]),
        ("looks at Mira and the door", ["Mira"]),
        ("glances between door, Mira", ["door_02"]),
        ("points at the doorway", [""]),
        ("points somewhere", [""]),
        ("指着门", ["door_02"]),
        ("把铁钥匙递给米拉", ["Mira"]),
        ("扉を指差す", ["door_02"]),
    ],
)
def test_a_target_is_something_declared_and_never_a_guess(action: str, targets: list[str]) -> None:
    index = ClipIndex([Clip(name=name) for name in ("point", "nod", "give", "look_at")])
    assert [match.target for match in index.resolve(action, TARGETS)] == targets


def test_a_name_in_other_letters_is_found_between_those_without_spaces() -> None:
    index = ClipIndex([Clip(name="wave")])
    assert [match.target for match in index.resolve("向Mira挥手", TARGETS)] == ["Mira"]
    assert [match.target for match in index.resolve("朝门挥手", TARGETS)] == ["door_02"]
    assert [match.target for match in index.resolve("waves at Miranda", TARGETS)] == [""]


def test_a_provisional_clip_waits_until_nothing_likely_can_change_it() -> None:
    index = ClipIndex([Clip(name=name) for name in ("wave", "look_at", "look_away", "smile")])
    assert index.early("look") is None
    assert index.early("looks ") is None
    assert index.early("looks away from ") is None  # "from side to side"
    assert index.early("looks away, ") == Match("look_away", 0.9, "look_away: look away")
    assert index.early("smiles ") is None  # "smiles fade"
    assert index.early("smiles at ") == Match("smile", 0.9, "smile: smile")
    assert index.early("waves ") is None  # "waves you off"
    assert index.early("waves at ") == Match("wave", 0.9, "wave: wave")
    assert index.early("angrily ") is None
    assert index.early("用力挥手") is None
    assert index.early("用力挥手告别") == Match("wave", 0.9, "wave: 挥手")


WORDS = ["she", "her", "waves", "with", "and", ",", "to", "look", "at", "不", "笑", "的", "挥手", "手を", "振る", "a", "the", "-", "of"]


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_any_text_is_read_without_complaint(action: str) -> None:
    index = ClipIndex(CLIPS)
    assert index.resolve(action, TARGETS) == index.resolve(action, TARGETS)
    index.early(action)
    assert index.explain(action)


def test_the_designers_page_shows_what_really_happens() -> None:
    page = (Path(__file__).parents[2] / "docs" / "cues.md").read_text(encoding="utf-8")
    clips = re.findall(r'"(\w[^"]*)"', page.split("clips=[", 1)[1].split("]", 1)[0])
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", page.split("## How a clip is found", 1)[0], re.MULTILINE)
    assert len(rows) > 6
    assert [", ".join(f"`{clip}`" for clip in played(clips, action)) or "nothing" for action, _ in rows] == [shown for _, shown in rows]
    examples = doctest.DocTestParser().get_doctest(page.replace("```", "\n"), {}, "docs/cues.md", None, 0)
    assert doctest.DocTestRunner().run(examples).failed == 0


def test_the_words_of_one_npc_change_nothing_for_another() -> None:
    juggler = ClipIndex((Clip(name="emote_07", aliases=("juggles",)),), "en")
    before = juggler.explain("juggles three knives")
    assert before == "emote_07 (0.95, its own words: juggles)"
    ClipIndex((Clip(name="emote_09", aliases=("juggle",)),), "en")
    assert juggler.explain("juggles three knives") == before
