"""Exits: which the model is told of, and how their marks are taken out of a reply, however badly they are written."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_bridge.core.character import parse_character
from npc_bridge.core.exits import Chosen, ExitReader, open_exits
from npc_bridge.errors import FileProblems

NAMES = ("trade_opened", "leave")


def read(text: str, *cuts: int) -> tuple[str, list[str]]:
    """What may be shown of a reply that was fed in pieces, and the exits that were chosen."""
    reader = ExitReader(NAMES)
    places = [0, *sorted(cuts), len(text)]
    parts = [part for begin, end in pairwise(places) for part in reader.feed(text[begin:end])] + reader.close()
    return "".join(part for part in parts if isinstance(part, str)), [part.name for part in parts if isinstance(part, Chosen)]


REPLIES = {
    "(exit: trade_opened) Come in.": ("Come in.", ["trade_opened"]),
    "Good. (exit: trade_opened)": ("Good. ", ["trade_opened"]),
    "Good. (exit: trade_opened) Come in.": ("Good. Come in.", ["trade_opened"]),
    "(exit: trade opened) Yes.": ("Yes.", ["trade_opened"]),
    "(Exit: Trade-Opened) Yes.": ("Yes.", ["trade_opened"]),
    "(exit trade_opened) Yes.": ("Yes.", ["trade_opened"]),
    "(trade_opened) Yes.": ("Yes.", ["trade_opened"]),
    "[[trade_opened]] Yes.": ("Yes.", ["trade_opened"]),
    "((exit: trade_opened)) Yes.": ("Yes.", ["trade_opened"]),
    "**exit: trade_opened** Yes.": ("Yes.", ["trade_opened"]),
    "<exit: trade_opened> Yes.": ("Yes.", ["trade_opened"]),
    "（exit：trade_opened）好。": ("好。", ["trade_opened"]),
    "(exit: trade_opened, and he smiles) Yes.": ("Yes.", ["trade_opened"]),
    "(exit: trade_opened": ("", ["trade_opened"]),
    "[trade_opened": ("", ["trade_opened"]),
    "Yes. exit: trade_opened": ("Yes. ", ["trade_opened"]),
    "exit: trade_opened) Yes.": ("Yes.", ["trade_opened"]),
    "Exit trade_opened Yes.": ("Yes.", ["trade_opened"]),
    "trade_opened Yes.": ("Yes.", ["trade_opened"]),
    "(exit: leave) (exit: trade_opened) Yes.": ("Yes.", ["leave", "trade_opened"]),
    "(exit: no_such_thing) Yes.": ("Yes.", [""]),
    "(exit:) Yes.": ("Yes.", [""]),
    "(leave) Bye.": ("Bye.", ["leave"]),
    # What is no mark.
    "The exit is over there. Leave, traveller!": ("The exit is over there. Leave, traveller!", []),
    "(waves) Trade is open.": ("(waves) Trade is open.", []),
    "(he must leave) No.": ("(he must leave) No.", []),
    "(exits) Bye.": ("(exits) Bye.", []),
    "(points at the exit) There.": ("(points at the exit) There.", []),
    "untrade_opened": ("untrade_opened", []),
    "(nods": ("(nods", []),
    "exit": ("exit", []),
    "(exit": ("(exit", []),
    "The exit of his speech (": ("The exit of his speech (", []),
}


@pytest.mark.parametrize("reply", REPLIES)
def test_a_mark_is_taken_out_wherever_the_reply_is_cut(reply: str) -> None:
    for place in range(len(reply) + 1):
        assert read(reply, place) == REPLIES[reply]
    assert read(reply, *range(len(reply))) == REPLIES[reply]


@given(st.text(alphabet="(exit: trade_opned)[]*l avE\n", max_size=40), st.lists(st.integers(0, 40), max_size=6))
def test_what_comes_out_does_not_depend_on_the_cuts(text: str, cuts: list[int]) -> None:
    assert read(text, *(min(cut, len(text)) for cut in cuts)) == read(text)


@given(st.text(max_size=200))
def test_no_reply_is_held_back_for_long(text: str) -> None:
    reader = ExitReader(NAMES)
    shown = [part for part in reader.feed(text + " " + "x" * 100) if isinstance(part, str)]
    assert "".join(shown).endswith("x" * 20)


def test_plain_text_comes_out_at_once() -> None:
    reader = ExitReader(NAMES)
    assert reader.feed("Good ev") == ["Good ev"]
    assert reader.feed("ening.") == ["ening."]


FILE = """
name = "Brom"
[exits]
leave = "the player says goodbye"
trade_opened = { description = "they agree to trade", when = "trust >= 2" }
"""


def test_an_exit_is_open_while_its_condition_holds() -> None:
    exits = parse_character(FILE, file="brom.toml", character_id="brom").exits
    assert open_exits(exits, {}) == ["leave"]
    assert open_exits(exits, {"trust": 2}) == ["leave", "trade_opened"]


@pytest.mark.parametrize(
    ("table", "problem", "remedy"),
    [
        ('"trade opened" = "they trade"', "'trade opened' is no name for an exit", "trade_opened"),
        ('leave = { description = "bye", when = "trust => 2" }', "'=>' means nothing in a condition", ">="),
        ('leave = { when = "trust" }', "'exits.leave.description' is missing", ""),
        ('leave = { description = "bye", if = "trust" }', "unknown key 'exits.leave.if'", ""),
    ],
)
def test_a_mistake_is_named_with_its_line_and_a_remedy(table: str, problem: str, remedy: str) -> None:
    with pytest.raises(FileProblems) as caught:
        parse_character(f'name = "Brom"\n\n[exits]\n{table}\n', file="brom.toml", character_id="brom")
    [found] = caught.value.problems
    assert (found.line, found.problem) == (4, problem)
    assert remedy in found.remedy
