"""Where sentences begin and end in a reply that is still being written: English and its kin, Chinese, Japanese.

When in doubt a sentence goes on: a reply that is a sentence too long is better than one that is cut in the middle.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum, auto

_STOPS = ".!?…؟।"
_WIDE_STOPS = "。！？｡"
_CLOSERS = "\"'”’»」』)]）】］》*_~～♪"
_QUOTE_ENDS = frozenset('"”’»」』')
_MARKS = {"paren": {"(": ")）", "（": ")）"}, "bracket": {"[": "]］】", "［": "]］】", "【": "]］】"}, "asterisk": {"*": "*"}}
_SHORTEST_BEFORE_ELLIPSIS = 12
_LONGEST_ACTION = 200
_TITLES = "mr mrs ms mx dr st sr jr prof rev hon capt cpt lt col gen sgt maj messrs vs vol mt ft e.g i.e"
_ABBREVIATIONS = frozenset(_TITLES.split())
_MAY_END = frozenset(("etc", "a.m", "p.m"))
_LAST_WORD = re.compile(r"[^\W_](?:[^\W_]|\.(?=[^\W_]))*$")
_TAIL_CHARS = 12
_ENDED = re.compile(rf"(?:[{_STOPS}{_WIDE_STOPS}—–♪～~-]|\n)[{re.escape(_CLOSERS)}\s]*$")


class _At(Enum):
    START = auto()
    """Between two sentences."""
    INSIDE = auto()
    STOPPED = auto()
    """Directly after a full stop or the like."""
    SPACED = auto()
    """After that and white space, or after a line's end."""


class SentenceReader:
    """Finds where sentences begin and end in a reply with its actions, fed in pieces of any size.

    An action belongs to the sentence that surrounds it; one that stands between two sentences belongs to neither. ``styles`` are those of
    ``CueParser``, whose finer distinctions do not matter here.
    """

    __slots__ = ("_action", "_at", "_closes", "_find", "_is_quoted", "_length", "_marks", "_stop", "_tail")

    def __init__(self, styles: Iterable[str] = ("paren",)) -> None:
        self._marks = {opener: closers for style in styles for opener, closers in _MARKS[style].items()}
        self._find = _interesting("".join(self._marks)).search
        self._at = _At.START
        self._closes = ""
        """What ends the action that is open; empty outside of one."""
        self._action = 0
        self._length = 0
        """Of the sentence so far, and ``_tail`` its last few characters."""
        self._tail = ""
        self._stop = ""
        self._is_quoted = False

    def feed(self, piece: str) -> list[tuple[int, bool]]:
        """Return where in this piece a sentence begins (True), or has ended at the latest (False), in order."""
        found: list[tuple[int, bool]] = []
        place, end = 0, len(piece)
        while place < end:
            if self._closes:
                place = self._skip_action(piece, place)
            elif self._at is _At.INSIDE:
                place = self._read_inside(piece, place)
            else:
                if (char := piece[place]) in self._marks:
                    self._open(char, place, found)
                elif self._at is _At.START:
                    if not char.isspace():
                        self._begin(place, found)
                        continue
                elif (is_end := self._ends_before(char)) is not None:
                    self._at = _At.START if is_end else _At.INSIDE
                    if is_end:
                        found.append((place, False))
                    continue
                place += 1
        return found

    def is_inside(self, piece: str) -> bool:
        """Whether all of this piece stands in the middle of a sentence; then it is read, and need not be fed."""
        if self._at is not _At.INSIDE or self._closes or self._find(piece) is not None:
            return False
        self._length += len(piece)
        self._tail = (self._tail + piece)[-_TAIL_CHARS:]
        return True

    def _read_inside(self, piece: str, place: int) -> int:
        hit = self._find(piece, place)
        stop = hit.start() if hit else len(piece)
        self._length += stop - place
        self._tail = (self._tail + piece[max(place, stop - _TAIL_CHARS) : stop])[-_TAIL_CHARS:]
        if hit is None:
            return stop
        char = piece[stop]
        if char in self._marks:
            self._closes, self._action = self._marks[char], 0
        else:
            self._at, self._stop, self._is_quoted = (_At.SPACED if char == "\n" else _At.STOPPED), char, False
        return stop + 1

    def _skip_action(self, piece: str, place: int) -> int:
        limit = min(len(piece), place + _LONGEST_ACTION - self._action)
        end = next((k for k in range(place, limit) if piece[k] in self._closes), -1)
        if end >= 0:
            self._closes = ""
            return end + 1
        self._action += limit - place
        if self._action >= _LONGEST_ACTION:
            self._closes = ""
        return limit

    def _open(self, char: str, place: int, found: list[tuple[int, bool]]) -> None:
        """An action begins where a sentence may have ended."""
        self._closes, self._action = self._marks[char], 0
        if self._at is not _At.START:
            if self._is_end(""):
                self._at = _At.START
                found.append((place, False))
            else:
                self._at = _At.INSIDE

    def _begin(self, place: int, found: list[tuple[int, bool]]) -> None:
        found.append((place, True))
        self._at, self._length, self._tail, self._stop = _At.INSIDE, 0, "", ""

    def _ends_before(self, char: str) -> bool | None:
        """Whether the sentence ended before this character, which follows its full stop; None if that cannot be told yet."""
        if char == "\n":
            self._at, self._stop = _At.SPACED, "\n"
        elif char.isspace():
            self._at = _At.SPACED
        elif self._at is _At.STOPPED and (char in _STOPS or char in _WIDE_STOPS):
            self._stop += char
        elif self._at is _At.STOPPED and char in _CLOSERS:
            self._is_quoted = self._is_quoted or char in _QUOTE_ENDS
        else:
            is_apart = self._at is _At.SPACED or (not self._is_quoted and (self._stop[-1] in _WIDE_STOPS or char >= "⺀"))
            if is_apart and self._is_end(char):
                return True
            self._length += len(self._stop) + 1
            self._tail = (self._tail + self._stop)[-_TAIL_CHARS:]
            return False
        return None

    def _is_end(self, following: str) -> bool:
        """Whether a sentence ended, judged by its stops, the word before them, and the character after them."""
        stop = self._stop
        if stop[-1] == "\n":
            return True
        if "…" in stop or ".." in stop:
            return self._length >= _SHORTEST_BEFORE_ELLIPSIS and not following.islower()
        if self._is_quoted and following.islower():
            return False
        if stop != ".":
            return True
        word = _LAST_WORD.search(self._tail)
        said = word.group().casefold() if word else ""
        is_initial = len(said) == 1 and said.isalpha() and said != "i"
        is_number = said.isdecimal() and self._length <= len(said)
        return not (said in _ABBREVIATIONS or (said in _MAY_END and following.islower()) or is_initial or is_number)


def _interesting(openers: str) -> re.Pattern[str]:
    return re.compile(f"[{_STOPS}{_WIDE_STOPS}\n{re.escape(openers)}]")


def sentences(text: str, styles: Iterable[str] = ("paren",)) -> list[str]:
    """Return the sentences of a whole reply, without the actions between them."""
    found = SentenceReader(styles).feed(text)
    begins = [place for place, is_begin in found if is_begin]
    ends = [min((place for place, is_begin in found if not is_begin and place > begin), default=len(text)) for begin in begins]
    return [text[begin:end].strip() for begin, end in zip(begins, ends, strict=True)]


def is_ended(text: str) -> bool:
    """Whether a text stops where a sentence does, or where its speaker broke off."""
    return not text.strip() or _ENDED.search(text[-40:]) is not None
