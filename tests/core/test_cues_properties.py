from __future__ import annotations

import time
from itertools import pairwise

import pytest
from cut_replies import read
from hypothesis import given, settings
from hypothesis import strategies as st

from npc_bridge.core.cues import Action, CueParser, Part, Speech, Style

REPLIES = st.lists(
    st.sampled_from([*"()（）[]*:;-'\"=.,!?1a x\n好。，「", "  ", " (waves) ", "（笑）", ":(", "f(", "word ", "(nods :)", "🗡️", "\u3000"]),
    max_size=40,
).map("".join)
STYLES = st.sampled_from([("paren",), ("bracket", "asterisk"), ("paren", "bracket", "asterisk")])


@settings(max_examples=400, deadline=None)
@given(reply=REPLIES, cuts=st.lists(st.integers(0, 60), max_size=8), limit=st.integers(1, 12), styles=STYLES)
def test_the_parts_do_not_depend_on_where_the_reply_was_cut(reply: str, cuts: list[int], limit: int, styles: tuple[Style, ...]) -> None:
    whole = read([reply], max_action_chars=limit, styles=styles)
    places = [0, *sorted(min(cut, len(reply)) for cut in cuts), len(reply)]
    assert read([reply[a:b] for a, b in pairwise(places)], max_action_chars=limit, styles=styles) == whole
    assert read(list(reply), max_action_chars=limit, styles=styles) == whole


@settings(max_examples=400, deadline=None)
@given(reply=REPLIES)
def test_positions_count_the_visible_text_and_nothing_is_added(reply: str) -> None:
    parts = read([reply])
    visible = ""
    for part in parts:
        assert part.at == len(visible)
        visible += part.text if isinstance(part, Speech) else ""
    assert visible == visible.strip()
    rest = iter(reply)
    assert all(char in rest for char in visible), "visible text is what the reply holds, in its order"


@settings(max_examples=200, deadline=None)
@given(reply=REPLIES.map(lambda reply: reply.translate({ord(char): None for char in "(（"})))
def test_a_reply_without_actions_is_shown_as_it_is_but_for_its_ends(reply: str) -> None:
    expected: list[Part] = [Speech(reply.strip(), 0)] if reply.strip() else []
    assert read([reply]) == expected


@settings(max_examples=200, deadline=None)
@given(words=st.lists(st.sampled_from(["(waves)", "（nods)", "Well", "so", "on.", "(sits down)"]), max_size=12))
def test_no_double_space_is_shown_around_removed_actions(words: list[str]) -> None:
    visible = "".join(part.text for part in read([" ".join(words)]) if isinstance(part, Speech))
    assert visible == " ".join(word for word in words if word[0] not in "(（")


def seconds_for(text: str, size: int) -> float:
    chunks = [text[k : k + size] for k in range(0, len(text), size)]
    best = 9.0
    for _ in range(3):
        parser = CueParser()
        start = time.perf_counter()
        for chunk in chunks:
            parser.feed(chunk)
        parser.close()
        best = min(best, time.perf_counter() - start)
    return best


LONG: dict[str, str] = {
    "never closed": "(" + "so it goes " * 10_000,
    "opened again and again": "(" * 50_000,
    "nested deeply": "(a" * 25_000 + ")" * 25_000,
    "closed only": "a)" * 50_000,
    "white space": "a" + " " * 100_000,
}


@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize("size", [20, 200_000])
def test_time_grows_with_the_length_and_not_with_its_square(name: str, size: int) -> None:
    text = LONG[name]
    quarter = seconds_for(text[: len(text) // 4], size)
    # Four times the text: 4 is linear, 16 is the square. Between them there is room for a busy machine.
    assert seconds_for(text, size) < 9 * quarter + 0.01


def test_an_action_between_chunks_keeps_its_place() -> None:
    assert read(["Hello", " ", "(", "wa", "ves", ")", " ", "there"]) == [
        Speech("Hello", 0),
        Action("waves", 5),
        Speech(" there", 5),
    ]
