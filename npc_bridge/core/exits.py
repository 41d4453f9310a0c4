"""Exits: named outcomes of a talk that the character's author offers and the model chooses by writing a mark, ``(exit: trade_opened)``.

Two halves: which exits the model is told of, and the reader that takes the mark out of the reply, so that no player ever sees it, however
badly it is written. Whether an exit is allowed is checked again when the game would hear of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from npc_bridge.core.authored import pointed
from npc_bridge.core.conditions import Condition, Flags, holds

MAX_EXITS = 32
MAX_MARK_CHARS = 80
"""A mark that is not closed after so many code points is taken for one word."""

_NAME = re.compile(r"[^\W\d_]\w*(?:[-_]\w+)*")
_OPEN = "([{<（［【「*"
_CLOSE = ")]}>）］】」*"
_BRACKETED = re.compile(rf"([{re.escape(_OPEN)}]+)[ \t]*([^{re.escape(_OPEN + _CLOSE)}\n]+)[{re.escape(_CLOSE)}]")
_OPENING = re.compile(rf"[{re.escape(_OPEN)}]+[ \t]*")
_SAYS_EXIT = re.compile(r"exit\s*[:：=]\s*|exit\s+(?=\w*_)", re.IGNORECASE)
_WORD = re.compile(r"[\w-]+")


def _exit_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise pointed(f"'{name}' is no name for an exit", "letters, digits and _, such as trade_opened")
    return name


class Exit(BaseModel):
    """One outcome. A bare text is its description, and it is always open."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    description: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)] = Field(
        examples=["the player has agreed to buy or sell"]
    )
    """When the model should choose it, in its own language: the end of a sentence that begins with "if"."""
    when: Condition = Field(default="", examples=["trust >= 2"])
    """Which flags of the game have to be how; empty: always."""


def _exits(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: {"description": each} if isinstance(each, str) else each for name, each in value.items()}
    return value


_Name: TypeAlias = Annotated[str, StringConstraints(max_length=60), AfterValidator(_exit_name)]
Exits: TypeAlias = Annotated[dict[_Name, Exit], BeforeValidator(_exits), Field(max_length=MAX_EXITS)]


def open_exits(exits: Mapping[str, Exit], flags: Flags) -> list[str]:
    """The names of those whose conditions hold now."""
    return [name for name, each in exits.items() if holds(each.when, flags)] if exits else []


def mark_of(name: str) -> str:
    """What the model is asked to write, between parentheses."""
    return f"exit: {name}"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The model has chosen this exit, in the words of the mark that it wrote."""

    name: str
    """As in the character file; empty if there is no such exit."""


class ExitReader:
    """Takes the marks of exits out of a reply, fed in pieces of any size. What comes out does not depend on the cuts.

    Taken for a mark: ``exit:`` with a name, between any brackets or none, closed or not; an exit's name alone between brackets; and a
    name that holds ``_`` anywhere. Text waits only while it may become one of these.
    """

    __slots__ = ("_closers", "_held", "_is_after_mark", "_is_after_space", "_last", "_names", "_starts")

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {_plain(name): name for name in names}
        bare = sorted((name for name in self._names.values() if "_" in name), key=len, reverse=True)
        self._starts = tuple(name.casefold() for name in bare)
        self._held = self._last = ""
        self._is_after_mark = False
        self._closers = 0
        """How many brackets may still close the mark."""
        self._is_after_space = True
        """Whether what came out last ends with white space, so that the white space after a mark is one too many."""

    def feed(self, piece: str) -> list[str | Chosen]:
        """Return what may be shown by now, and what was chosen, in order."""
        return self._read(self._held + piece, is_last=False)

    def close(self) -> list[str | Chosen]:
        """Return what was still held back; the reply is over."""
        return self._read(self._held, is_last=True)

    def _read(self, text: str, *, is_last: bool) -> list[str | Chosen]:
        out: list[str | Chosen] = []
        begin = at = self._skip(text, 0)
        while at < len(text):
            length = self._mark_at(text, at, is_last=is_last)
            if length == 0:
                at += 1
                continue
            self._say(text[begin:at], out)
            if length < 0:
                self._held = text[at:]
                return out
            out.append(Chosen(self._meant(text[at : at + length])))
            self._is_after_mark, self._last = True, ""
            begin = at = self._skip(text, at + length)
        self._say(text[begin:], out)
        self._held = ""
        return out

    def _skip(self, text: str, at: int) -> int:
        """Step over what belongs to the mark before: further brackets, and one of the two white spaces around it."""
        if self._is_after_mark:
            while at < len(text) and ((text[at] in _CLOSE and self._closers > 0) or (text[at] in " \t" and self._is_after_space)):
                self._closers = self._closers - 1 if text[at] in _CLOSE else 0
                at += 1
            self._is_after_mark = at == len(text)
        return at

    def _say(self, text: str, out: list[str | Chosen]) -> None:
        if text:
            out.append(text)
            self._last = text[-1]
            self._is_after_space = self._last.isspace()

    def _mark_at(self, text: str, at: int, *, is_last: bool) -> int:
        """Length of the mark that begins here; 0 if none does; -1 if the text to come decides."""
        if text[at] in _OPEN:
            return self._bracketed(text, at, is_last=is_last)
        before = text[at - 1] if at else self._last
        if before.isalnum() or before == "_":
            return 0
        return self._bare(text, at, is_last=is_last)

    def _bracketed(self, text: str, at: int, *, is_last: bool) -> int:
        closed = _BRACKETED.match(text, at)
        if closed is not None:
            if not self._is_mark(closed[2]):
                return 0
            self._closers = len(closed[1]) - 1
            return closed.end() - at
        opening = _OPENING.match(text, at)
        assert opening is not None
        inner = text[opening.end() : opening.end() + MAX_MARK_CHARS + 1]
        is_cut = len(inner) > MAX_MARK_CHARS or any(mark in inner for mark in "\n" + _OPEN + _CLOSE)
        if not (is_last or is_cut):
            return -1 if _SAYS_EXIT.match(inner) or _may_begin(inner, ("exit", *self._names)) else 0
        # Never closed: the first word that may be a name was the name.
        says = _SAYS_EXIT.match(inner)
        word = _WORD.match(inner, says.end() if says else 0)
        if says is None and (word is None or word[0].casefold() not in self._starts):
            return 0
        self._closers = 0
        return opening.end() - at + (word.end() if word else says.end() if says else 0)

    def _bare(self, text: str, at: int, *, is_last: bool) -> int:
        rest = text[at : at + MAX_MARK_CHARS].casefold()
        says = _SAYS_EXIT.match(rest)
        word = _WORD.match(rest, says.end() if says else 0)
        end = word.end() if word else says.end() if says else 0
        if says is not None or (word is not None and word[0] in self._starts):
            self._closers = 1  # of what was never opened
            return -1 if end == len(rest) < MAX_MARK_CHARS and not is_last else end
        if is_last or word is None:
            return 0
        after = rest[end:].lstrip()
        is_exit = word[0] == "exit" and any(name.startswith(after) for name in ("", *self._starts))
        return -1 if is_exit or (not rest[end:] and _may_begin(word[0], ("exit", *self._starts))) else 0

    def _is_mark(self, inner: str) -> bool:
        plain = _plain(inner)
        return _SAYS_EXIT.match(inner) is not None or plain in self._names or plain.removeprefix("exit") in self._names

    def _meant(self, mark: str) -> str:
        """The exit that a mark names; the longest one that it begins with, if it says more than a name."""
        plain = _plain(mark)
        plain = plain if plain in self._names else plain.removeprefix("exit")
        if plain in self._names:
            return self._names[plain]
        fitting = [name for name in self._names if plain.startswith(name)]
        return self._names[max(fitting, key=len)] if fitting else ""


def _may_begin(text: str, words: Iterable[str]) -> bool:
    """Whether more text could make one of these words of it, or whether it begins with ``exit``."""
    plain = _plain(text)
    return plain.startswith("exit") or any(word.startswith(plain) or _plain(word).startswith(plain) for word in words)


def _plain(text: str) -> str:
    """A name as it may be written: without case, brackets, and what stands between its words."""
    return re.sub(r"[\W_]+", "", text).casefold()
