"""A conversation as text that a designer reads and edits, and back.

    npc: mira
    session: 8F0Nnz8C8klEzO6c

    == state
    {"character": "mira", ...}

    == parts.summary.text
    Long texts of the state stand by themselves.

    == said
    > Ann
    Good evening.

    < mira
    (nods) Good evening.

``>`` says something to the NPC, ``<`` is the NPC, ``<|`` the NPC cut short. A line that begins with ``#`` is a note to the reader; a line
of a text that begins with one of ``\\ # > < =`` has a backslash before it. Blank lines around a text do not count.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from npc_bridge.core.changes import AddLine, State
from npc_bridge.errors import FileProblem, FileProblems

OF_THE_MOMENT = ("npc", "first", "waiting", "authored", "goes_on", "owed")
"""Parts of a conversation's state that are no memory; they are left as they are."""
PASSING_PARTS = ("again",)
"""Parts of the state that refer to single lines; they do not outlive an edit."""
LONG_CHARS = 60
"""A text of the state that is longer stands by itself."""

_ESCAPED = re.compile(r"^(?=[\\#><=])", re.MULTILINE)
_SPEAKER = re.compile(r"(>|<\||<) ?(.*)")


@dataclass(frozen=True, slots=True)
class Script:
    """What a text says of a conversation."""

    npc: str
    session: str
    state: State
    said: tuple[AddLine, ...]
    """Numbered from 0."""
    said_earlier: tuple[AddLine, ...] | None
    """What the NPC no longer reads, before ``said``; None if the text does not tell, and what is on disk stays."""


def to_text(
    npc: str, session: str, state: State, said: Sequence[AddLine], said_earlier: Sequence[AddLine] | None = None, notes: Iterable[str] = ()
) -> str:
    """The text that ``from_text`` reads. ``notes`` are for the reader only."""
    lasting = {key: value for key, value in state.items() if key not in OF_THE_MOMENT}
    if isinstance(parts := lasting.get("parts"), dict):
        lasting["parts"] = {name: part for name, part in parts.items() if name not in PASSING_PARTS}
    short, long = _split(lasting)
    blocks = ["\n".join([*(f"# {note}" for note in notes), f"npc: {npc}", f"session: {session}"])]
    blocks.append("== state\n" + json.dumps(short, ensure_ascii=False, indent=2))
    blocks += [f"== {path}\n{_escaped(text)}" for path, text in long.items()]
    if said_earlier is not None:
        blocks += ["== said earlier", *(_block(npc, line) for line in said_earlier)]
    blocks += ["== said", *(_block(npc, line) for line in said)]
    return "\n\n".join(blocks) + "\n"


def from_text(text: str, file: str) -> Script:
    """Raises ``FileProblems`` with each line that cannot be read. ``file`` names the text in them."""
    return _Reader(text, file).read()


def _block(npc: str, line: AddLine) -> str:
    who = f"> {' '.join(_lines(line.player))}" if line.role == "user" else f"{'<|' if line.cut else '<'} {npc}"
    return f"{who.rstrip()}\n{_escaped(line.text)}".rstrip("\n")


def _escaped(text: str) -> str:
    return _ESCAPED.sub(r"\\", "\n".join(_lines(text)).strip("\n"))


def _lines(text: str) -> list[str]:
    """Editors and systems end lines as they like; a text has one kind."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _split(state: State, path: str = "") -> tuple[State, dict[str, str]]:
    """The state without its long texts, and those by the path to them."""
    short: State = {}
    long: dict[str, str] = {}
    for key, value in state.items():
        where = f"{path}.{key}" if path else key
        is_plain = re.fullmatch(r"[\w-]+", key) is not None
        if isinstance(value, dict) and is_plain:
            short[key], found = _split(value, where)
            long |= found
        elif isinstance(value, str) and is_plain and (len(value) > LONG_CHARS or "\n" in value):
            long[where] = value
        else:
            short[key] = value
    return short, long


class _Reader:
    """Reads one text, section by section."""

    def __init__(self, text: str, file: str) -> None:
        self._file = file
        self._problems: list[FileProblem] = []
        self._sections: dict[str, tuple[int, list[tuple[int, str]]]] = {"": (1, [])}
        """Name → the line where it begins, and its own lines with their numbers."""
        section = self._sections[""][1]
        for number, line in enumerate(_lines(text.removeprefix("\ufeff")), 1):
            if line.startswith("== "):
                name = line[3:].strip()
                if name in self._sections:
                    self._complain(number, f"there are two sections '{name}'", "one of them")
                section = []
                self._sections[name] = (number, section)
            elif not line.startswith("#"):
                section.append((number, line))

    def read(self) -> Script:
        names = self._names()
        state = self._state()
        said = self._said("said", 0)
        earlier = self._said("said earlier", 0) if "said earlier" in self._sections else None
        for name, (number, lines) in self._sections.items():
            if name not in ("", "state", "said", "said earlier"):
                self._put(state, name, number, _plain(line for _, line in lines))
        if "said" not in self._sections:
            self._complain(1, "there is no section 'said'", "== said")
        if self._problems:
            raise FileProblems(sorted(self._problems, key=lambda problem: problem.line))
        npc = names["npc"]
        said, earlier = (
            [AddLine(npc, each.n, each.role, each.text, each.player, each.cut) for each in lines] for lines in (said, earlier or [])
        )
        return Script(npc, names["session"], state, tuple(said), tuple(earlier) if "said earlier" in self._sections else None)

    def _names(self) -> dict[str, str]:
        names: dict[str, str] = {}
        for number, line in self._sections[""][1]:
            key, colon, value = line.partition(":")
            if colon and key.strip() in ("npc", "session"):
                names[key.strip()] = value.strip()
            elif line.strip():
                self._complain(number, "only 'npc:' and 'session:' stand here", "a note behind a #")
        for key in ("npc", "session"):
            if not names.get(key):
                self._complain(1, f"there is no '{key}:'", f"{key}: and its id")
        return names

    def _state(self) -> State:
        begin, lines = self._sections.get("state", (1, []))
        try:
            state = json.loads("\n".join(line for _, line in lines) or "{}")
        except json.JSONDecodeError as error:
            number = lines[min(error.lineno, len(lines)) - 1][0]
            self._complain(number, f"the state is not JSON: {error.msg} (column {error.colno})")
            return {}
        if not isinstance(state, dict):
            self._complain(begin, "the state is no map", '{"name": "value"}')
            return {}
        return state

    def _put(self, state: State, path: str, number: int, text: str) -> None:
        *way, last = path.split(".")
        place: Any = state
        for key in way:
            place = place.setdefault(key, {}) if isinstance(place, dict) else None
        if isinstance(place, dict):
            place[last] = text
        else:
            self._complain(number, f"there is no place '{path}' in the state", "a section that was there")

    def _said(self, section: str, begin: int) -> list[AddLine]:
        said: list[AddLine] = []
        role, player, is_cut, lines = "", "", False, list[str]()
        for number, line in [*self._sections.get(section, (0, []))[1], (0, "> ")]:
            match = _SPEAKER.fullmatch(line)
            if match is None:
                if line.strip() and not role:
                    self._complain(number, "nobody says this", "> and a name, or < and the NPC's, in the line before")
                lines.append(line)
                continue
            if role:
                said.append(AddLine("", begin + len(said), role, _plain(lines), player, is_cut))
            role, player = ("user", match[2].strip()) if match[1] == ">" else ("assistant", "")
            is_cut, lines = match[1] == "<|", []
        return said

    def _complain(self, line: int, problem: str, remedy: str = "") -> None:
        self._problems.append(FileProblem(self._file, line, problem, remedy))


def _plain(lines: Iterable[str]) -> str:
    return "\n".join(line[1:] if line.startswith("\\") else line for line in lines).strip("\n")
