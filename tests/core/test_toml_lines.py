from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from npc_bridge.core.toml_lines import KeyPath, TomlLines

TEXT = '''\
# a comment with = and [brackets]
name = "Brom"   # [not.a.table]
"odd key" = 'C:\\path'
a.b.c = 1

[identity]
age = 52
story = """
key = "no key" \\
[no.table]
ends with two quotes""""
quote = \'\'\'
# no comment
\'\'\'

  [ background . "old times" ]
  lists = [
    "one",  # first
    [2, { deep = true }],
    "]",
  ]
inline = { x = 1, y = { z = "}" } }

[[examples]]
player = "hi"
[[examples]]
player = "ho"
[examples.more]
k = 1
[[examples.inner]]
k = 1
[[examples.inner]]
k = 2
'''


def test_every_key_is_found_in_its_line() -> None:
    lines = TomlLines(TEXT)

    assert {path: lines.line(path) for path in paths(tomllib.loads(TEXT))} == {
        ("name",): 2,
        ("odd key",): 3,
        ("a",): 4,
        ("a", "b"): 4,
        ("a", "b", "c"): 4,
        ("identity",): 6,
        ("identity", "age"): 7,
        ("identity", "story"): 8,
        ("identity", "quote"): 12,
        ("background",): 16,
        ("background", "old times"): 16,
        ("background", "old times", "lists"): 17,
        ("background", "old times", "lists", 0): 18,
        ("background", "old times", "lists", 1): 19,
        ("background", "old times", "lists", 1, 0): 19,
        ("background", "old times", "lists", 1, 1): 19,
        ("background", "old times", "lists", 1, 1, "deep"): 19,
        ("background", "old times", "lists", 2): 20,
        ("background", "old times", "inline"): 22,
        ("background", "old times", "inline", "x"): 22,
        ("background", "old times", "inline", "y"): 22,
        ("background", "old times", "inline", "y", "z"): 22,
        ("examples",): 24,
        ("examples", 0): 24,
        ("examples", 0, "player"): 25,
        ("examples", 1): 26,
        ("examples", 1, "player"): 27,
        ("examples", 1, "more"): 28,
        ("examples", 1, "more", "k"): 29,
        ("examples", 1, "inner"): 30,
        ("examples", 1, "inner", 0): 30,
        ("examples", 1, "inner", 0, "k"): 31,
        ("examples", 1, "inner", 1): 32,
        ("examples", 1, "inner", 1, "k"): 33,
    }


def test_windows_line_ends_count_once() -> None:
    assert TomlLines("a = 1\r\n\r\nb = '''\r\n\r\n'''\r\nc = 2\r\n").line(("c",)) == 6


def test_a_key_that_is_missing_is_shown_at_its_table() -> None:
    lines = TomlLines("\n[style]\nmanner = 'dry'\n")

    assert lines.line(("style", "length")) == 2
    assert lines.line(("name",)) == 0


NAMES = st.text("ab_-é .\"'#[]={}\\", min_size=1, max_size=4)
VALUES = st.recursive(
    st.integers() | st.booleans() | st.text("ab\"'\\#[]{}=,\n é", max_size=8),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(NAMES, values, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=4), max_size=4), st.booleans())
def test_any_file_is_read_to_its_end(tables: dict[str, dict[str, Any]], has_blank_lines: bool) -> None:
    """A header or key that stands where the reader does not expect it would shift everything after it."""
    text = ""
    expected: dict[KeyPath, int] = {}
    for name, table in tables.items():
        expected[(name,)] = text.count("\n") + 1
        text += f"[{json.dumps(name, ensure_ascii=False)}] # [x]\n" + "\n# a = 1\n" * has_blank_lines
        for key, value in table.items():
            expected[(name, key)] = text.count("\n") + 1
            text += f"{json.dumps(key, ensure_ascii=False)} = {as_toml(value)}\n"
    assert tomllib.loads(text) == tables

    lines = TomlLines(text)

    assert {path: lines.line(path) for path in expected} == expected


def as_toml(value: Any) -> str:
    match value:
        case list():
            return "[\n" + ",\n".join(map(as_toml, value)) + "\n]"
        case dict():
            return "{" + ", ".join(f"{json.dumps(key, ensure_ascii=False)} = {as_toml(item)}" for key, item in value.items()) + "}"
        case str() if "\n" in value and '"' not in value:
            return '"""\n' + value.replace("\\", "\\\\") + '"""'
        case _:
            return json.dumps(value, ensure_ascii=False)


def paths(tables: Any, above: KeyPath = ()) -> Iterator[KeyPath]:
    if above:
        yield above
    items = tables.items() if isinstance(tables, dict) else enumerate(tables) if isinstance(tables, list) else ()
    for key, value in items:
        yield from paths(value, (*above, key))
