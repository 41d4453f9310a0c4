"""Thinking is kept out of what is shown, however it is cut and marked."""

from __future__ import annotations

import pytest

from npc_bridge.backends.reasoning import ReasoningFilter

CASES = {
    "none": ("Hello there.", "Hello there."),
    "before": ("<think>They are kind.</think>Hello.", "Hello."),
    "before, with empty lines": ("\n<think>\nHm.\n</think>\n\nHello.", "Hello."),
    "between": ("Hel<think>hm</think>lo.", "Hello."),
    "twice": ("<think>a</think>Hel<think>b</think>lo.", "Hello."),
    "other names": ("<thinking>a</thinking>Hel<REASONING>b</REASONING>lo.", "Hello."),
    "never closed": ("Hello. <think>But is it", "Hello. "),
    "comparison": ("3 < 4, <b>bold</b>, <thin ice>, <", "3 < 4, <b>bold</b>, <thin ice>, <"),
    "actions": ("(waves) <think>(hides)</think>(nods)", "(waves) (nods)"),
}


def shown(pieces: list[str], *, starts_inside: bool = False, is_whole: bool = True) -> str:
    thinking = ReasoningFilter(starts_inside=starts_inside)
    return "".join([thinking.feed(piece) for piece in pieces]) + thinking.close(is_whole=is_whole)


@pytest.mark.parametrize(("text", "visible"), CASES.values(), ids=CASES)
def test_every_cut_shows_the_same(text: str, visible: str) -> None:
    assert shown([text]) == visible
    assert shown(list(text)) == visible
    for cut in range(len(text) + 1):
        assert shown([text[:cut], text[cut:]]) == visible


def test_thinking_that_the_prompt_opened_is_hidden_at_every_cut() -> None:
    text = "They are < kind.</think>Hello."
    for cut in range(len(text) + 1):
        assert shown([text[:cut], text[cut:]], starts_inside=True) == "Hello."


def test_a_reply_that_was_expected_to_think_and_did_not_is_shown_in_the_end() -> None:
    assert shown(["Hello ", "there."], starts_inside=True) == "Hello there."


def test_thinking_that_was_cut_off_is_not_shown() -> None:
    assert shown(["They are", " kind."], starts_inside=True, is_whole=False) == ""


def test_a_closing_tag_that_nothing_opened_is_not_shown_and_is_reported() -> None:
    thinking = ReasoningFilter()
    assert thinking.feed("They are kind.</think>Hello.") == "Hello."
    assert thinking.ended_unopened


def test_text_is_not_held_back() -> None:
    thinking = ReasoningFilter()
    assert [thinking.feed(piece) for piece in ("Hel", "lo <", "b> you<th", "e>")] == ["Hel", "lo ", "<b> you", "<the>"]


def test_long_thinking_takes_linear_time() -> None:
    thinking = ReasoningFilter(starts_inside=True)
    for _ in range(200_000):
        thinking.feed("hm, ")
    assert thinking.feed("</think>Hello") == "Hello"
