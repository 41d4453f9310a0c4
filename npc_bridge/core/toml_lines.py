"""In which line of a TOML file each key stands, so that a problem can be shown at its place.

``tomllib`` reads the values and decides what is valid TOML; it keeps no places. This file reads the same text once more, only for
the places, and relies on ``tomllib`` having accepted it.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from typing import TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]
"""Where a value stands: ``("examples", 1, "npc")`` is the ``npc`` of the second ``[[examples]]``."""

_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
# Up to two quotes may stand directly before the three that close a multi-line string.
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})' r"|'''.*?'''(?:'{0,2})" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE_VALUE = re.compile(r"[^,\]}#\n]*")


class TomlLines:
    """The line of every key and list item of one TOML text, which must be valid."""

    def __init__(self, text: str) -> None:
        self._text = text.replace("\r\n", "\n")
        self._newlines = [i for i, char in enumerate(self._text) if char == "\n"]
        self._at = 0
        self._lines: dict[KeyPath, int] = {}
        self._array_sizes: dict[KeyPath, int] = {}
        self._read()

    def line(self, path: KeyPath) -> int:
        """Line of this key, from 1; of the nearest table around it when the key is not in the file; 0 when nothing is."""
        while path:
            if path in self._lines:
                return self._lines[path]
            path = path[:-1]
        return 0

    def _read(self) -> None:
        table: KeyPath = ()
        while self._skip(_BLANK) < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self._text, self._at)
        if match:
            self._at = match.end()
        return self._at

    def _mark(self, path: KeyPath, start: int) -> None:
        self._lines.setdefault(path, bisect_left(self._newlines, start) + 1)

    def _header(self) -> KeyPath:
        start = self._at
        is_array = self._text.startswith("[[", start)
        self._at += 2 if is_array else 1
        keys = self._key()
        self._at += 2 if is_array else 1
        path: KeyPath = ()
        for key in keys[:-1]:
            self._mark((*path, key), start)
            path = self._latest((*path, key))
        path = (*path, keys[-1])
        if is_array:
            index = self._array_sizes.get(path, 0)
            self._array_sizes[path] = index + 1
            self._mark(path, start)
            path = (*path, index)
        self._mark(path, start)
        return path

    def _latest(self, path: KeyPath) -> KeyPath:
        size = self._array_sizes.get(path, 0)
        return (*path, size - 1) if size else path

    def _key(self) -> list[str]:
        keys = []
        while True:
            self._skip(_SPACE)
            bare = _BARE_KEY.match(self._text, self._at)
            if bare:
                keys.append(bare.group())
                self._at = bare.end()
            else:
                start = self._at
                self._skip(_STRING)
                keys.append(str(tomllib.loads(f"key = {self._text[start : self._at]}")["key"]))
            self._skip(_SPACE)
            if self._text[self._at] != ".":
                return keys
            self._at += 1

    def _pair(self, table: KeyPath) -> None:
        start = self._at
        path = table
        for key in self._key():
            path = (*path, key)
            self._mark(path, start)
        self._at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        match self._text[self._at]:
            case '"' | "'":
                self._skip(_STRING)
            case "[":
                self._list(path)
            case "{":
                self._inline_table(path)
            case _:
                self._skip(_BARE_VALUE)

    def _list(self, path: KeyPath) -> None:
        self._at += 1
        index = 0
        while self._text[self._skip(_BLANK)] != "]":
            self._mark((*path, index), self._at)
            self._value((*path, index))
            index += 1
            self._skip_comma()
        self._at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self._at += 1
        while self._text[self._skip(_BLANK)] != "}":
            self._pair(path)
            self._skip_comma()
        self._at += 1

    def _skip_comma(self) -> None:
        if self._text[self._skip(_BLANK)] == ",":
            self._at += 1
