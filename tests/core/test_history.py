from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_bridge.core.cues import Action, CueParser, Speech
from npc_bridge.core.history import MESSAGE_OVERHEAD_TOKENS, History, Line, visible_cut


def count_chars(text: str) -> int:
    return len(text)


def conversation(turns: int) -> History:
    history = History("Evening.")
    for turn in range(turns):
        history.hear(f"line {turn:03}", "Ada")
        history.reply(f"answer {turn:03}")
    return history


def test_the_opening_line_is_the_npc_s_first() -> None:
    assert list(History("(nods) Evening.").lines) == [Line("assistant", "(nods) Evening.")]
    assert list(History().lines) == []


def test_lines_wait_until_the_npc_replies() -> None:
    history = History("Evening.")
    assert history.unanswered == 0

    history.hear("Hello.", "Ada")
    history.hear("Anyone?", "Bo")
    assert history.unanswered == 2

    history.reply(" (nods) Hm. ")
    assert history.unanswered == 0
    assert list(history.lines) == [
        Line("assistant", "Evening."),
        Line("user", "Hello.", "Ada"),
        Line("user", "Anyone?", "Bo"),
        Line("assistant", "(nods) Hm."),
    ]


def test_an_interrupted_reply_is_remembered_as_far_as_it_was_shown() -> None:
    history = History()
    history.hear("Hello.", "Ada")
    history.reply_cut("(nods) I was once ")

    assert history.lines[-1] == Line("assistant", "(nods) I was once", cut=True)
    assert history.unanswered == 0


@pytest.mark.parametrize("nothing", ["", "  \n"])
def test_no_empty_line_is_left_behind(nothing: str) -> None:
    history = History(nothing)
    history.hear("Hello.", "Ada")
    history.hear(nothing, "Ada")
    history.reply(nothing)
    history.reply_cut(nothing)

    assert list(history.lines) == [Line("user", "Hello.", "Ada")]
    assert history.unanswered == 1


def test_what_fits_is_not_cut() -> None:
    history = conversation(3)
    cost = sum(len(line.text) + MESSAGE_OVERHEAD_TOKENS for line in history.lines)

    assert history.cut_to_fit(cost, count_chars) == ()
    assert len(history.lines) == 7


def test_a_cut_takes_many_lines_at_once_and_leaves_a_player_s_line_first() -> None:
    history = conversation(20)
    lines = list(history.lines)
    cost = sum(len(line.text) + MESSAGE_OVERHEAD_TOKENS for line in lines)

    gone = history.cut_to_fit(cost - 1, count_chars)

    assert [*gone, *history.lines] == lines
    assert history.lines[0] == Line("user", "line 010", "Ada")
    assert history.cut_to_fit(cost - 1, count_chars) == ()


def test_more_messages_than_wanted_are_cut_too() -> None:
    history = conversation(20)

    history.cut_to_fit(10**6, count_chars, max_messages=30, keep=0.2)

    assert [line.text for line in history.lines] == [
        "line 017", "answer 017", "line 018", "answer 018", "line 019", "answer 019",
    ]  # fmt: skip


def test_lines_without_a_reply_go_last() -> None:
    history = conversation(10)
    for number in range(4):
        history.hear(f"help {number}", "Ada")

    history.cut_to_fit(60, count_chars)
    assert [line.text for line in history.lines] == ["help 0", "help 1", "help 2", "help 3"]

    history.cut_to_fit(25, count_chars)
    assert [line.text for line in history.lines] == ["help 2", "help 3"]


def test_the_newest_line_stays_whatever_it_costs() -> None:
    history = conversation(10)
    history.hear("x" * 10_000, "Ada")

    history.cut_to_fit(-50, count_chars)

    assert [line.text for line in history.lines] == ["x" * 10_000]


def test_an_npc_that_only_talks_on_is_cut_too() -> None:
    history = History()
    for number in range(100):
        history.reply(f"and {number:02}")

    history.cut_to_fit(200, count_chars, keep=0.5)

    assert [line.text for line in history.lines] == [f"and {number:02}" for number in range(90, 100)]


def test_another_way_of_counting_counts_all_lines_anew() -> None:
    history = conversation(5)
    history.cut_to_fit(10**6, count_chars)

    assert len(history.cut_to_fit(10**6, lambda text: 10**6)) == 10


@given(st.lists(st.sampled_from(["hear", "reply"]), max_size=60), st.integers(-10, 400), st.integers(2, 40), st.floats(0.1, 0.9))
def test_after_a_cut_everything_fits(kinds: list[str], budget: int, max_messages: int, keep: float) -> None:
    history = History()
    for number, kind in enumerate(kinds):
        if kind == "hear":
            history.hear(f"{number:06}", "Ada")
        else:
            history.reply(f"{number:06}")
    before = list(history.lines)

    gone = history.cut_to_fit(budget, count_chars, max_messages=max_messages, keep=keep)

    assert [*gone, *history.lines] == before
    assert len(history.lines) <= 1 or (10 * len(history.lines) <= budget and len(history.lines) <= max_messages)
    assert bool(history.lines) == bool(before)


CUTS = {
    "nothing was shown": ("(waves) Hello there.", 0, ""),
    "in a word": ("Hello there.", 8, "Hello th"),
    "an action before the text": ("(waves) Hello there.", 5, "(waves) Hello"),
    "an action exactly here": ("Hello (bows) there.", 5, "Hello (bows)"),
    "the space after an action": ("Hello (bows) there.", 6, "Hello (bows)"),
    "an action not reached": ("Hello there (bows).", 10, "Hello ther"),
    "everything": ("Hello (bows)", 5, "Hello (bows)"),
    "more than everything": ("Hello (bows)", 99, "Hello (bows)"),
    "full width": ("（挥手）你好，客官。（笑）请坐。", 6, "（挥手）你好，客官。（笑）"),
    "a parenthesis that never closes": ("Hello (there my friend", 8, "Hello (t"),
    "an emoticon": ("Hello :( sad", 8, "Hello :("),
    "an aside that is text": ("See (1) there", 7, "See (1)"),
    "nested": ("Hi (waves (wildly)) you", 4, "Hi (waves (wildly)) y"),
    "no text at all": ("", 3, ""),
    "only an action": ("(waves)", 3, "(waves)"),
}


@pytest.mark.parametrize(("raw", "at", "cut"), CUTS.values(), ids=CUTS)
def test_a_reply_is_cut_where_the_player_stopped_seeing_it(raw: str, at: int, cut: str) -> None:
    assert visible_cut(raw, at) == cut


WHOLE = ["(waves) ", "（挥手）", "Hello", " there", "，客官。", "(a (b) c)", "\n", " ", "(1)", "f(x)", "é👩\u200d🚒"]
STRAY = ["(", ")", " :(", "()", ":)", "（", "a" * 250, "b" * 64]


def replies(pieces: list[str]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(pieces), max_size=12).map("".join)


@given(replies(WHOLE), st.integers(0, 60))
def test_a_cut_reply_shows_what_was_shown_and_no_part_of_an_action(raw: str, at: int) -> None:
    cut = visible_cut(raw, at)

    text, actions = read(raw)
    cut_text, cut_actions = read(cut)
    assert raw.startswith(cut)
    assert cut_text == (text[:at].rstrip() if at else "")
    assert cut_actions == [action for action in actions if at and action.at <= len(cut_text)]


@given(replies(WHOLE + STRAY), st.integers(0, 300))
def test_the_more_was_shown_the_more_remains(raw: str, at: int) -> None:
    text, _ = read(raw)

    assert visible_cut(raw, at + 1).startswith(visible_cut(raw, at))
    assert raw.startswith(visible_cut(raw, at))
    assert visible_cut(raw, len(text) or 1) == raw


def read(raw: str) -> tuple[str, list[Action]]:
    parser = CueParser()
    parts = parser.feed(raw) + parser.close()
    text = "".join(part.text for part in parts if isinstance(part, Speech))
    return text, [part for part in parts if isinstance(part, Action)]


def test_who_only_listens_has_its_history_cut_in_blocks_too() -> None:
    history = History()
    cuts = 0
    for number in range(300):
        history.hear(f"Line {number}.", "Tilda")
        cuts += bool(history.cut_to_fit(100_000, len, max_messages=100))
    assert cuts <= 5
    assert history.lines[-1].text == "Line 299."
