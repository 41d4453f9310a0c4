"""A conversation as text: what a designer reads, and what comes back from the editor."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_bridge.core.changes import AddLine
from npc_bridge.errors import FileProblems
from npc_bridge.memory.text import OF_THE_MOMENT, Script, from_text, to_text

SUMMARY = "Ann is the smith's daughter.\n# She is looking for her brother.\n\nShe does not like rain."
STATE = {
    "character": "mira",
    "first": 3,
    "waiting": [{"id": "x"}],
    "player": {"name": "Ann"},
    "parts": {"summary": {"text": SUMMARY, "n": 2}},
}
SAID = (
    AddLine("mira", 3, "user", "Good evening.\n> no quote", "Ann", False),
    AddLine("mira", 4, "assistant", "(nods) 晚上好。", "", False),
    AddLine("mira", 5, "user", "", "", False),
    AddLine("mira", 6, "assistant", "It was a", "", True),
)
TEXT = r"""# What mira remembers.
npc: mira
session: s1

== state
{
  "character": "mira",
  "player": {
    "name": "Ann"
  },
  "parts": {
    "summary": {
      "n": 2
    }
  }
}

== parts.summary.text
Ann is the smith's daughter.
\# She is looking for her brother.

She does not like rain.

== said

> Ann
Good evening.
\> no quote

< mira
(nods) 晚上好。

>

<| mira
It was a
"""


def test_it_reads_like_a_script() -> None:
    assert to_text("mira", "s1", STATE, SAID, notes=["What mira remembers."]) == TEXT


def test_it_is_read_back_without_what_is_of_the_moment() -> None:
    script = from_text(TEXT, "a.txt")
    state = {key: value for key, value in STATE.items() if key not in OF_THE_MOMENT} | {"parts": {"summary": {"text": SUMMARY, "n": 2}}}
    assert script == Script("mira", "s1", state, renumbered(SAID), None)
    assert from_text("\ufeff" + TEXT.replace("\n", "\r\n"), "a.txt") == script


def renumbered(lines: tuple[AddLine, ...]) -> tuple[AddLine, ...]:
    return tuple(AddLine("mira", n, line.role, line.text, line.player, line.cut) for n, line in enumerate(lines))


def test_earlier_lines_stand_before() -> None:
    script = from_text(to_text("mira", "s1", {}, SAID[2:], SAID[:2]), "a.txt")
    assert (script.said, script.said_earlier) == (renumbered(SAID[2:]), renumbered(SAID[:2]))
    assert from_text(to_text("mira", "s1", {}, SAID, ()), "a.txt").said_earlier == ()


TEXTS = st.text(alphabet=st.sampled_from("ab>#<|=\\ \n\u2028\x0c挥🙂:"), max_size=30).map(lambda text: text.strip("\n"))
NAMES = st.text(alphabet="ab>#<|=: 挥", min_size=1, max_size=8).map(str.strip)
STATES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS.map(lambda text: text * 5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(alphabet="ab.= #\n-_", max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(["parts", "player", "a b", "=="]), STATES, max_size=4),
    st.lists(st.tuples(st.booleans(), TEXTS, NAMES, st.booleans()), max_size=6),
)
def test_whatever_was_said_comes_back(state: dict[str, Any], said: list[tuple[bool, str, str, bool]]) -> None:
    lines = tuple(
        AddLine("mira", n, "user" if is_player else "assistant", text, name if is_player else "", is_cut and not is_player)
        for n, (is_player, text, name, is_cut) in enumerate(said)
    )
    script = from_text(to_text("mira", "s 1", state, lines), "a.txt")
    assert script == Script("mira", "s 1", without_edges(state), lines, None)


def without_edges(value: Any) -> Any:
    """Long texts stand by themselves, and blank lines around them do not count."""
    if isinstance(value, dict):
        return {key: without_edges(each) for key, each in value.items()}
    return value.strip("\n") if isinstance(value, str) and ("\n" in value or len(value) > 60) else value


MISTAKES = {
    "nothing": ("", {1: "there is no 'npc:'"}),
    "no section": ("npc: a\nsession: b\n", {1: "there is no section 'said'"}),
    "a line in the head": ("npc: a\nsession: b\nhello\n== said\n", {3: "only 'npc:' and 'session:' stand here"}),
    "words before a speaker": ("npc: a\nsession: b\n== said\nhello\n> Ann\n", {4: "nobody says this"}),
    "two of a section": ("npc: a\nsession: b\n== said\n== said\n", {4: "there are two sections 'said'"}),
    "a state that is no JSON": ('npc: a\nsession: b\n== state\n{\n  "a": ,\n}\n== said\n', {5: "the state is not JSON"}),
    "a state that is no map": ("npc: a\nsession: b\n== state\n[1]\n== said\n", {3: "the state is no map"}),
    "a section for what is not there": ('npc: a\nsession: b\n== state\n{"x": 1}\n== x.y\nhi\n== said\n', {5: "there is no place 'x.y'"}),
    "several": ("npc: a\nhello\n== said\nhello\n", {1: "there is no 'session:'", 2: "only 'npc:'", 4: "nobody says this"}),
}


@pytest.mark.parametrize(("text", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_every_mistake_is_named_with_its_line(text: str, expected: dict[int, str]) -> None:
    with pytest.raises(FileProblems) as error:
        from_text(text, "a.txt")
    found = {problem.line: problem.problem for problem in reversed(error.value.problems)}
    assert found.keys() == expected.keys()
    assert all(found[line].startswith(problem) for line, problem in expected.items())
