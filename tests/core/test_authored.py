from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from npc_bridge.core.authored import AuthoredText, file_problems, tables_of
from npc_bridge.core.character import character_from_map, parse_character
from npc_bridge.core.events import parse_templates
from npc_bridge.errors import FileProblem, FileProblems


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Door(Table):
    colour: str = Field(examples=["red"])
    locks: int = Field(default=1, gt=0, lt=10, examples=[2])


class House(Table):
    door: Door | None = None
    windows: tuple[Door, ...] = ()
    made_of: str = Field(default="", max_length=5)
    hidden: str = Field(default="", exclude=True)


def problems_of(text: str) -> list[str]:
    source = AuthoredText(text, file="house.toml")
    with pytest.raises(ValidationError) as caught:
        House.model_validate(source.tables)
    return [str(problem) for problem in file_problems(caught.value, House, source)]


def test_problems_inside_optional_tables_and_lists_of_tables_are_found() -> None:
    assert problems_of('made_of = "plaster"\n[door]\ncolour = 3\nlocks = 10\n[[windows]]\ncolour = "red"\n[[windows]]\nlooks = 1\n') == [
        "house.toml:1: 'made_of' is too long; at most 5 characters are allowed",
        "house.toml:3: 'door.colour' must be text\n  write instead: colour = \"red\"",
        "house.toml:4: 'door.locks' is 10; it must be above 0 and below 10\n  write instead: locks = 2",
        "house.toml:7: 'windows[2].colour' is missing\n  write instead: colour = \"red\"",
        "house.toml:8: unknown key 'windows[2].looks'\n  write instead: locks",
    ]


def test_the_keys_that_an_author_may_write_are_listed_by_table() -> None:
    assert {table: list(fields) for table, fields in tables_of(House).items()} == {
        "": ["door", "windows", "made_of"],
        "door": ["colour", "locks"],
        "windows": ["colour", "locks"],
    }


def test_a_text_that_is_nested_without_end_is_refused() -> None:
    with pytest.raises(FileProblems, match="nested too deeply"):
        AuthoredText("a = " + "[" * 50_000, file="deep.toml")


TAVERN = Path(str(files("npc_bridge"))) / "tavern"
BROM = (TAVERN / "characters" / "brom.toml").read_text(encoding="utf-8")
EVENTS = (TAVERN / "events.toml").read_text(encoding="utf-8")
PIECES = st.sampled_from(
    ['"', "'", '"""', "[", "]", "[[", "{", "}", "=", "\n", ".", ",", "#", "\\", "x", "1", "é", "\u2028", "\r", "name = 'y'\n"]
)
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 30), PIECES | st.just("")), min_size=1, max_size=4)


def edited(text: str, edits: list[tuple[float, int, str]]) -> str:
    for place, length, piece in edits:
        at = int(place * len(text))
        text = text[:at] + piece + text[at + length :]
    return text


@given(EDITS)
def test_a_file_in_the_middle_of_being_edited_is_read_or_refused_with_lines_that_exist(edits: list[tuple[float, int, str]]) -> None:
    for original, read in (
        (BROM, lambda text: parse_character(text, file="brom.toml", character_id="brom")),
        (EVENTS, lambda text: parse_templates(text, "events.toml")),
    ):
        text = edited(original, edits)
        problems = problems_in(partial(read, text))
        assert all(0 <= problem.line <= text.count("\n") + 1 for problem in problems)


def problems_in(read: Callable[[], object]) -> tuple[FileProblem, ...]:
    try:
        read()
    except FileProblems as error:
        return error.problems
    return ()


KEYS = st.sampled_from(
    ["name", "identity", "style", "actions", "examples", "player", "npc", "clips", "sampling", "seed", "fallback", "unknown"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=3),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(KEYS | st.integers() | st.text(max_size=3), values, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_an_inline_character_of_any_shape_is_read_or_refused(tables: dict[str, Any]) -> None:
    problems = problems_in(lambda: character_from_map(tables, character_id="npc-7"))

    assert all(problem.line == 0 and problem.problem for problem in problems)
