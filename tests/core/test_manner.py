from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_bridge.core.cues import CueParser
from npc_bridge.core.manner import Manner, Rules, letters_of, out_of_character, said_in
from npc_bridge.core.moderation import NOTHING

SAID = said_in(["(nods) Fresh bread, the best in the village. Aye. Eat well, my old friend!"])
BROM = Rules(name="Brom", others=("Ada", "Mira the bard"), phrases=NOTHING.watched(True))
SHORT = replace(BROM, max_sentences=2, said=SAID)


def shown(rules: Rules, pieces: list[str]) -> tuple[str, str]:
    """All of the reply that is let through, and its offence."""
    manner = Manner(rules)
    text = "".join(manner.feed(piece) for piece in pieces)
    return text + manner.close(), manner.offence


NAMES = {
    "its own": ("Brom: Hello. Sit.", "Hello. Sit."),
    "its own in bold": ("**Brom:** Hello.", "Hello."),
    "its own in each line": ("Brom: Hello.\nBrom: Sit.", "Hello.\nSit."),
    "its role": ("Assistant: Hello.", "Hello."),
    "the player's": ("Hello.\nAda: Hi.\nBrom: Sit.", "Hello.\n"),
    "the player's, at the beginning": ("Ada: Hi.", ""),
    "another NPC's": ("Hello.\n\n  **Mira the bard**: Hi.", "Hello.\n\n"),
    "another NPC's first name": ("Hello.\nMira: Hi.", "Hello.\n"),
    "a full-width colon": ("你好。\nAda：嗨。", "你好。\n"),
    "any player's": ("Hello.\nUser: Hi.", "Hello.\n"),
    "in the middle of a line": ("I told Ada: go.", "I told Ada: go."),
    "without a colon": ("Brom is my name.\nAda is yours.", "Brom is my name.\nAda is yours."),
    "longer": ("Brother: no.\nAdam: no.", "Brother: no.\nAdam: no."),
    "alone": ("Brom", "Brom"),
}


@pytest.mark.parametrize(("reply", "expected"), NAMES.values(), ids=NAMES)
def test_nobody_s_name_begins_a_line(reply: str, expected: str) -> None:
    assert shown(BROM, [reply]) == shown(BROM, list(reply)) == (expected, "")


LIMITS = {
    "a third sentence": ("One. Two! Three.", "One. Two! "),
    "an action after the second": ("One. (nods) Two. (bows) Three.", "One. (nods) Two. (bows) "),
    "a quote": ("He said: “Go.” I went. I came.", "He said: “Go.” I went. "),
    "a title": ("Ask Mr. Smith. He knows Dr. Jones. I do not.", "Ask Mr. Smith. He knows Dr. Jones. "),
    "an ellipsis": ("Well... I know. I think. No.", "Well... I know. I think. "),
    "Chinese": ("一。二！三。", "一。二！"),
    "Japanese": ("「行こう。」と言った。はい。いいえ。", "「行こう。」と言った。はい。"),
    "fewer": ("One. Two.", "One. Two."),
}


@pytest.mark.parametrize(("reply", "expected"), LIMITS.values(), ids=LIMITS)
def test_a_reply_is_over_at_the_end_of_its_last_sentence(reply: str, expected: str) -> None:
    assert shown(SHORT, [reply]) == shown(SHORT, list(reply)) == (expected, "")


REPEATED = {
    "in other marks": ("FRESH bread - the best in the village! Have ale.", "Have ale."),
    "a short one": ("Aye. Have ale.", "Aye. Have ale."),
    "a beginning that goes on otherwise": ("Fresh bread, the best in town. Ale.", "Fresh bread, the best in town. Ale."),
    "a longer one": ("Fresh bread, the best in the village and town.", "Fresh bread, the best in the village and town."),
    "with its own action": ("(nods) Fresh bread, the best in the village. (smiles) Ale.", "(nods) (smiles) Ale."),
    "not counted": ("Eat well, my old friend! One. Two. Three.", "One. Two. "),
    "all of it": ("Eat well, my old friend!", ""),
}


@pytest.mark.parametrize(("reply", "expected"), REPEATED.values(), ids=REPEATED)
def test_what_was_just_said_is_left_out(reply: str, expected: str) -> None:
    assert shown(SHORT, [reply]) == shown(SHORT, list(reply)) == (expected, "")


def test_a_sentence_is_held_back_only_while_it_may_be_a_repeated_one() -> None:
    manner = Manner(SHORT)
    assert [manner.feed(piece) for piece in ("(nods) ", "Fresh ", "bread, ", "the ", "old ", "way.")] == [
        "(nods) ", "", "", "", "Fresh bread, the old ", "way.",
    ]  # fmt: skip


@pytest.mark.parametrize("phrase", out_of_character())
def test_every_phrase_that_gives_a_model_away_is_caught_before_it_is_shown(phrase: str) -> None:
    text, offence = shown(BROM, list(f"Well. {phrase}, you see."))
    assert (text, offence) == ("Well. ", "out_of_character")


@pytest.mark.parametrize(
    "line",
    [
        "I am an old man, and as an aide I was no good.",
        "She models in clay; her language is rough.",
        "I cannot help you with that sword.",
        "Stay in the tavern, friend. Here is the bread.",
        "我是铁匠，作为一个老人，我爱说话。",
        "私は愛を知らない。言語は難しい。",
    ],
)
def test_what_a_character_may_say_is_let_through(line: str) -> None:
    assert shown(BROM, list(line)) == (line, "")


def test_a_sentence_too_many_hides_what_comes_after_it() -> None:
    assert shown(SHORT, ["One. Two. Three. As an AI."]) == ("One. Two. ", "")


def test_actions_are_left_out_of_a_character_that_has_none() -> None:
    silent = replace(BROM, without_actions=CueParser)
    assert shown(silent, list("(nods) Aye. (smiles) Go (now).")) == ("Aye. Go.", "")


PIECES = ["Brom", "Ada", ":", " ", "\n", "**", ". ", "…", '"', "(nods)", "(", "As an AI", "A", "s", "Mr.", "我是AI", "。", "*", "3.5"]
PIECES += ["Fresh bread, the best in the village", "Fresh bread", "Eat well, my old friend!", "Player"]


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join), st.integers(1, 9), st.booleans())
def test_what_is_let_through_does_not_depend_on_where_the_reply_was_cut(reply: str, size: int, has_actions: bool) -> None:
    rules = SHORT if has_actions else replace(SHORT, without_actions=CueParser)
    whole = shown(rules, [reply])
    assert shown(rules, list(reply)) == whole
    assert shown(rules, [reply[at : at + size] for at in range(0, len(reply), size)]) == whole


@given(st.text(max_size=60))
def test_what_breaks_no_rule_is_let_through_as_it_is(reply: str) -> None:
    assert shown(Rules(), [reply]) == (reply, "")


def test_time_grows_with_the_reply_and_not_faster() -> None:
    rules = replace(BROM, max_sentences=50, said=SAID)

    def seconds(reply: str) -> float:
        best = float("inf")
        for _ in range(3):
            manner = Manner(rules)
            began = time.perf_counter()
            for at in range(0, len(reply), 4):
                manner.feed(reply[at : at + 4])
            best = min(best, time.perf_counter() - began)
        return best

    for unit in ("as an ", "Brom ", "(", "…", "Fresh bread, ", "\n", "*", "。 a"):
        # Thirty-two times the reply; were it quadratic, it would take a thousand times as long.
        assert seconds(unit * 8_000) < 300 * max(seconds(unit * 250), 0.0005), unit


def test_sentences_are_compared_by_their_letters() -> None:
    assert letters_of("Fresh — bread, 3!") == "freshbread3"
    assert said_in(["Aye. Yes, yes."]) == frozenset()
