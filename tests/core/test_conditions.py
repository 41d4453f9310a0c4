"""Conditions: what holds when, and what an author is told of a mistake."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from npc_bridge.core.conditions import MAX_CONDITION_CHARS, flags_in, holds, likely_misspelt, parse_condition

FLAGS = {"quest.cellar": 2, "met_the_king": True, "weather": "rain", "trust": 0.5, "dead": False, "gold": 0, "title": "", "门开了": True}

HOLD = [
    "",
    "quest.cellar >= 2",
    "quest.cellar==2",
    "quest.cellar < 3 and trust > 0.25",
    "-1 < gold",
    "met_the_king",
    "met_the_king == true",
    "weather == 'rain'",
    'weather != "snow"',
    "not dead",
    "not gold and not title",
    "dead or weather == 'rain'",
    "(dead or met_the_king) and quest.cellar",
    "dead and dead or met_the_king",
    "not not met_the_king",
    "not (dead or gold)",
    "unset == none",
    "unset != 2",
    "not unset",
    "门开了",
    "true",
    "quest.cellar == 2.0",
    "2 <= quest.cellar",
]
FAIL = [
    "quest.cellar > 2",
    "dead",
    "gold",
    "title",
    "unset",
    "unset < 1",
    "unset >= 0",
    "weather > 1",
    "weather == 2",
    "met_the_king and dead",
    "met_the_king and (dead or gold)",
    "not met_the_king",
    "not dead and gold",
    "false",
    "met_the_king != true",
]


@pytest.mark.parametrize("condition", HOLD)
def test_a_condition_that_is_met_holds(condition: str) -> None:
    assert holds(condition, FLAGS)


@pytest.mark.parametrize("condition", FAIL)
def test_a_condition_that_is_not_met_does_not_hold(condition: str) -> None:
    assert not holds(condition, FLAGS)


MISTAKES = [
    ("quest = 2", "'=' means nothing in a condition", "=="),
    ("a && b", "'&&' means nothing in a condition", "and"),
    ("a || b", "'||' means nothing in a condition", "or"),
    ("!a", "'!' means nothing in a condition", "not"),
    ("a => 2", "'=>' means nothing in a condition", ">="),
    ("a + 1 > 2", "'+' means nothing in a condition", "names, numbers"),
    ("a >", "the condition ends too early", "a comparison"),
    ("and a", "a name or a value is missing before 'and'", "a comparison"),
    ("a and", "the condition ends too early", "a comparison"),
    ("(a or b", "a parenthesis is not closed", "(a or b)"),
    ("a)", "')' does not belong where it stands", "one ( for each )"),
    ("a b", "'b' does not belong where it stands", "and or or before b"),
    ("a == 1 == 2", "'==' does not belong where it stands", "and or or"),
    ("2", "a value alone is no condition", "a comparison"),
    ("weather > 'rain'", "only numbers are less or more: '>' stands beside something else", "== or !="),
    ("a == True", "'True' is written in small letters", "true"),
    ("a AND b", "'AND' is written in small letters", "and"),
    ("__import__('os')", "'(' does not belong where it stands", ""),
    ("(" * 20 + "a" + ")" * 20, "more than 16 parentheses or nots inside one another", "a flag"),
    ('weather == "rain', "'\"' means nothing in a condition", ""),
]


@pytest.mark.parametrize(("condition", "problem", "remedy"), MISTAKES)
def test_a_mistake_is_named_with_what_to_write_instead(condition: str, problem: str, remedy: str) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        parse_condition(condition)
    assert caught.value.context is not None
    assert caught.value.context["problem"] == problem
    assert remedy in caught.value.context["remedy"]


def test_the_flags_that_a_condition_asks_for_are_known() -> None:
    assert flags_in('not (quest.cellar >= 2 or a == b) and weather != "rain"') == {"quest.cellar", "a", "b", "weather"}


def test_a_flag_that_is_nearly_another_ones_name_is_probably_that_one() -> None:
    assert likely_misspelt("quest.celler", frozenset({"quest.cellar", "weather"})) == "quest.cellar"
    assert likely_misspelt("quest.cellar", frozenset({"quest.cellar", "weather"})) == ""


@given(st.text(max_size=MAX_CONDITION_CHARS))
def test_any_text_is_a_condition_or_a_mistake(text: str) -> None:
    try:
        parse_condition(text)
    except PydanticCustomError:
        return
    assert holds(text, {}) in (True, False)


@given(st.recursive(st.sampled_from(["a", "b", "a == 1", "b != 'x'"]), lambda inner: st.one_of(
    st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map(lambda parts: f"({''.join(parts)})"), inner.map("not {}".format)),
    max_leaves=8), st.sampled_from([None, 0, 1, True]), st.sampled_from([None, "", "x"]))  # fmt: skip
def test_conditions_hold_as_the_same_words_do_in_python(text: str, a: object, b: object) -> None:
    assert holds(text, {"a": a, "b": b}) == bool(eval(text, {"a": a, "b": b}))  # type: ignore[dict-item]
