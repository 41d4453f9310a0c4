from __future__ import annotations

import pytest
from cut_replies import read

from npc_bridge.core.cues import Action, CueParser, Part, Speech, Style

REPLIES: dict[str, tuple[str, list[Part]]] = {
    "plain text": ("Good evening.", [Speech("Good evening.", 0)]),
    "in mid-sentence": ("Hello (waves) there.", [Speech("Hello", 0), Action("waves", 5), Speech(" there.", 5)]),
    "before a full stop": ("Hello (waves).", [Speech("Hello", 0), Action("waves", 5), Speech(".", 5)]),
    "at the start": ("(waves) Hello", [Action("waves", 0), Speech("Hello", 0)]),
    "at the end": ("Hello (waves) ", [Speech("Hello", 0), Action("waves", 5)]),
    "nothing else": (" (waves)\n", [Action("waves", 0)]),
    "Chinese": ("你好（挥手）朋友。（笑）", [Speech("你好", 0), Action("挥手", 2), Speech("朋友。", 2), Action("笑", 5)]),
    "Chinese with spaces": ("你好 （挥手） 朋友", [Speech("你好", 0), Action("挥手", 2), Speech("朋友", 2)]),
    "Chinese before Latin": ("你好 （挥手） Tom", [Speech("你好", 0), Action("挥手", 2), Speech(" Tom", 2)]),
    "mixed widths": ("(waves） Hi（nods)", [Action("waves", 0), Speech("Hi", 0), Action("nods", 2)]),
    "nested": ("(waves (slowly) at you) Hi", [Action("waves (slowly) at you", 0), Speech("Hi", 0)]),
    "two in a row": ("Hm. (nods) (smiles) Yes", [Speech("Hm.", 0), Action("nods", 3), Action("smiles", 3), Speech(" Yes", 3)]),
    "between paragraphs": ("One.\n\n(nods)\n\nTwo.", [Speech("One.", 0), Action("nods", 4), Speech("\n\nTwo.", 4)]),
    "line end after it": ("One. (nods)\nTwo.", [Speech("One.", 0), Action("nods", 4), Speech("\nTwo.", 4)]),
    "inside quotes": ('"(sighs) Well (nods)" (goes)', [
        Speech('"', 0), Action("sighs", 1), Speech("Well", 1), Action("nods", 5), Speech('"', 5), Action("goes", 6),
    ]),
    "before a quote": ('So (nods) "yes"', [Speech("So", 0), Action("nods", 2), Speech(' "yes"', 2)]),
    "beyond the plane": ("🗡️ (bows) 🛡", [Speech("🗡️", 0), Action("bows", 2), Speech(" 🛡", 2)]),
    "pause": ("(...) Well （……）", [Action("...", 0), Speech("Well", 0), Action("……", 4)]),
    "empty": ("Hello ( ) there ()", [Speech("Hello there", 0)]),
    "emoticons": ("Ah :( no ;-( and :'( :)", [Speech("Ah :( no ;-( and :'( :)", 0)]),
    "emoticon at the end": ("Ah :(", [Speech("Ah :(", 0)]),
    "reversed emoticon": ("Ha (: yes", [Speech("Ha (: yes", 0)]),
    "kaomoji": ("Ha (^_^) yes", [Speech("Ha (^_^) yes", 0)]),
    "name before an action": ("Mira:(waves) Hi", [Speech("Mira:", 0), Action("waves", 5), Speech(" Hi", 5)]),
    "smile that closes": ("(waves :)) Hello", [Action("waves :", 0), Speech("Hello", 0)]),
    "smile before the end": ("(waves :) ) Hello", [Action("waves :", 0), Speech("Hello", 0)]),
    "enumerations": ("1) ale a) beer (2) wine (iv) mead （三）", [Speech("1) ale a) beer (2) wine (iv) mead （三）", 0)]),
    "code": ("f(x) foo() max(a, b) hero(es)", [Speech("f(x) foo() max(a, b) hero(es)", 0)]),
    "a year": ("in the war (1304) and (?)", [Speech("in the war (1304) and (?)", 0)]),
    "words glued to it": ("Hello(waves at you)", [Speech("Hello", 0), Action("waves at you", 5)]),
    "unclosed": ("Well (as I said", [Speech("Well (as I said", 0)]),
    "unclosed around a closed one": ("Oh (no (waves) dear", [Speech("Oh (no", 0), Action("waves", 6), Speech(" dear", 6)]),
    "closed only": ("Oh) dear )", [Speech("Oh) dear )", 0)]),
    "open at the end": ("Oh dear (", [Speech("Oh dear (", 0)]),
    "white space at both ends": ("\n Oh  dear ", [Speech("Oh  dear", 0)]),
    "other marks": ("*waves* [nods] Hi", [Speech("*waves* [nods] Hi", 0)]),
}  # fmt: skip


@pytest.mark.parametrize("name", REPLIES)
def test_a_reply_is_cut_into_speech_and_actions(name: str) -> None:
    reply, parts = REPLIES[name]
    assert read([reply]) == parts


@pytest.mark.parametrize("name", REPLIES)
def test_the_parts_do_not_depend_on_where_the_reply_was_cut(name: str) -> None:
    reply, parts = REPLIES[name]
    for size in range(1, len(reply)):
        assert read([reply[k : k + size] for k in range(0, len(reply), size)]) == parts, size
    for first in range(len(reply) + 1):
        for second in range(first, len(reply) + 1):
            assert read([reply[:first], reply[first:second], reply[second:]]) == parts, (first, second)


STYLED: dict[str, tuple[tuple[Style, ...], str, list[Part]]] = {
    "asterisks": (
        ("asterisk",),
        "*waves* Hi **you** 2 * 3 (so) *no",
        [Action("waves", 0), Speech("Hi **you** 2 * 3 (so) *no", 0)],
    ),
    "brackets": (
        ("bracket",),
        "Hi [waves] you 【点头】",
        [Speech("Hi", 0), Action("waves", 2), Speech(" you", 2), Action("点头", 6)],
    ),
    "all of them": (
        ("paren", "bracket", "asterisk"),
        "(nods) Hi *waves (twice)* a[1] [bows (low]",
        [Action("nods", 0), Speech("Hi", 0), Action("waves (twice)", 2), Speech(" a[1]", 2), Action("bows (low", 7)],
    ),
}


@pytest.mark.parametrize("name", STYLED)
def test_other_marks_are_a_setting(name: str) -> None:
    styles, reply, parts = STYLED[name]
    for size in range(1, len(reply) + 1):
        assert read([reply[k : k + size] for k in range(0, len(reply), size)], styles=styles) == parts, size


def test_text_outside_of_parentheses_is_not_held_back() -> None:
    parser = CueParser()
    assert parser.feed("Good") == [Speech("Good", 0)]
    assert parser.feed(" evening ") == [Speech(" evening", 4)]
    assert parser.feed("to") == [Speech(" to", 12)]
    assert parser.feed(" you (wa") == [Speech(" you", 15)]
    assert parser.position == 19
    assert parser.feed("ves") == []
    assert parser.feed(")") == [Action("waves", 19)]
    assert parser.feed("!") == [Speech("!", 19)]


def test_an_action_that_is_too_long_was_text_all_along() -> None:
    parser = CueParser(max_action_chars=5)
    assert parser.feed("So (abcde") == [Speech("So", 0)]
    assert parser.feed("f") == [Speech(" (abcdef", 2)]
    assert parser.feed("), (abcde)") == [Speech("),", 10), Action("abcde", 12)]


def test_an_unclosed_parenthesis_hides_no_action_within_it() -> None:
    text = "(" + "so it goes " * 30
    assert read([text + "(nods) on"]) == [Speech(text.rstrip(), 0), Action("nods", len(text) - 1), Speech(" on", len(text) - 1)]


def test_speech_in_parentheses_stays_visible_by_a_setting() -> None:
    settings = {"is_speech": "about forty leagues".__eq__}
    assert read(["Far (about forty leagues) off (points)"], **settings) == [
        Speech("Far (about forty leagues) off", 0),
        Action("points", 29),
    ]


def test_an_action_can_be_peeked_at_while_it_is_written() -> None:
    parser = CueParser()
    assert parser.peek() is None
    parser.feed("Hi (")
    assert parser.peek() is None
    parser.feed("waves ")
    assert parser.peek() == Action("waves", 2)
    parser.feed("at you) and")
    assert parser.peek() is None
