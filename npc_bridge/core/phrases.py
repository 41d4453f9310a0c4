"""Finds phrases in a text that is still being written, and holds back no more of it than may yet become one of them.

A phrase is words, compared without regard to case, punctuation, width and white space: ``language model`` is also found in
``Language-Model``. A ``*`` at its beginning or end stands for the rest of a word. That is all a pattern can say, on purpose: a search
takes time in proportion to the text, whatever is searched for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

MAX_PHRASE_CHARS = 80
_LONGEST_KNOWN_PIECE, _MOST_KNOWN_PIECES = 16, 8_192
_GAP = " "
"""What any run of characters between two words is compared as. A text begins and ends with one."""
_JOINING = frozenset("'’*")
"""``I'm`` is compared as ``im``, and ``d*mn`` as ``dmn``."""


class PhraseSet:
    """Phrases, each with a label of the caller's choice. Made once, and searched for at once however many they are."""

    __slots__ = ("depths", "failures", "labels", "lengths", "longest", "nexts", "plain_pieces")

    def __init__(self, phrases: Iterable[tuple[str, str]]) -> None:
        self.nexts: list[dict[str, int]] = [{}]
        """For each beginning of a phrase, the next character and the longer beginning that it makes. 0 is none at all."""
        self.labels, self.depths, self.failures = [""], [0], [0]
        self.lengths = [0]
        """How long the phrase is that ends with each beginning, if ``labels`` says that one does."""
        for phrase, label in phrases:
            for compared in _compared(phrase):
                self._add(compared, label)
        self.longest = max(self.depths)
        self.plain_pieces: dict[tuple[int, str], tuple[int, str]] = {}
        """Pieces in which no phrase begins: models write the same few thousand tokens all the time."""
        self._link()

    def __bool__(self) -> bool:
        return self.longest > 0

    def find(self, text: str) -> str:
        """Return the label of the first phrase in a whole text, or nothing."""
        watch = PhraseWatch(self)
        watch.feed(text)
        watch.close()
        return watch.found

    def step(self, state: int, char: str) -> int:
        """Return which beginning of a phrase the text ends in after one more character."""
        while (after := self.nexts[state].get(char, 0)) == 0 and state:
            state = self.failures[state]
        return after

    def know(self, state: int, piece: str, after: int, last: str) -> None:
        """Remember that no phrase begins in a piece, and where the search stands after it."""
        if len(self.plain_pieces) >= _MOST_KNOWN_PIECES:
            self.plain_pieces.clear()
        self.plain_pieces[state, piece] = after, last

    def _add(self, compared: str, label: str) -> None:
        state = 0
        for char in compared:
            if char not in self.nexts[state]:
                self.nexts[state][char] = len(self.nexts)
                self.nexts.append({})
                self.labels.append("")
                self.depths.append(self.depths[state] + 1)
                self.failures.append(0)
                self.lengths.append(0)
            state = self.nexts[state][char]
        self.labels[state] = self.labels[state] or label
        self.lengths[state] = self.depths[state]

    def _link(self) -> None:
        """Where to go on when a phrase breaks off: the longest end of it that begins another (Aho and Corasick, 1975)."""
        queue = deque(self.nexts[0].values())
        while queue:
            state = queue.popleft()
            for char, after in self.nexts[state].items():
                queue.append(after)
                self.failures[after] = self.step(self.failures[state], char)
                if not self.labels[after]:
                    back = self.failures[after]
                    self.labels[after], self.lengths[after] = self.labels[back], self.lengths[back]


class PhraseWatch:
    """Watches one text, fed in pieces of any size, for the phrases of a set.

    ``feed`` returns the text up to where a phrase may yet have begun. Once one is complete, ``found`` is its label, what stands before it
    has been returned, and nothing after it is. Neither depends on where the text was cut.
    """

    __slots__ = ("_begin", "_held", "_last", "_places", "_set", "_state", "found")

    def __init__(self, phrases: PhraseSet) -> None:
        self.found = ""
        self._set = phrases
        self._state = phrases.step(0, _GAP)
        self._last = _GAP
        """The last character, as it was compared."""
        self._held = ""
        self._begin = 0
        """Where in the whole text ``_held`` begins."""
        self._places: deque[int] = deque([-1], maxlen=max(1, phrases.longest))
        """Where in the whole text the last compared characters stand."""

    def feed(self, piece: str) -> str:
        """Return what of the text can be shown now."""
        if not self._held and self._last < "⺀" and (known := self._set.plain_pieces.get((self._state, piece))) is not None:
            self._state, self._last = known
            self._begin += len(piece)
            return piece
        if self.found:
            return ""
        nexts, failures, labels, places = self._set.nexts, self._set.failures, self._set.labels, self._places
        state, last = self._state, self._last
        text = self._held + piece
        place = self._begin + len(self._held)
        for char in piece:
            char = _COMPARED[char]
            if char != _GAP:
                if not char:
                    place += 1
                    continue
            elif last == _GAP or last >= "⺀":
                place += 1
                continue
            last = char
            while (after := nexts[state].get(char, 0)) == 0 and state:
                state = failures[state]
            state = after
            if state:
                places.append(place)
                if labels[state]:
                    return self._complete(text, place + 1, state)
            place += 1
        depth = self._set.depths[state]
        if not self._held and depth <= (last == _GAP):
            if len(piece) <= _LONGEST_KNOWN_PIECE and self._last < "⺀":
                self._set.know(self._state, piece, state, last)
            self._state, self._last, self._begin = state, last, place
            return piece
        self._state, self._last = state, last
        return self._cut(text, self._begin_of(text, depth, place))

    def close(self) -> str:
        """Return what was held back; the text is over."""
        if not self.found and self._last != _GAP:
            end = self._begin + len(self._held)
            state = self._set.step(self._state, _GAP)
            self._places.append(end)
            if self._set.labels[state]:
                return self._complete(self._held, end, state)
        held, self._held = self._held, ""
        return "" if self.found else held

    def _complete(self, text: str, end: int, state: int) -> str:
        self.found = self._set.labels[state]
        return self._cut(text, self._begin_of(text, self._set.lengths[state], end))

    def _cut(self, text: str, begin: int) -> str:
        shown, self._held = text[: begin - self._begin], text[begin - self._begin :]
        self._begin = begin
        return shown

    def _begin_of(self, text: str, compared: int, end: int) -> int:
        """Where in the whole text the first word of the last ``compared`` characters begins. The gap before it is none of the phrase."""
        if compared:
            begin = self._places[-compared]
            if begin >= self._begin and text[begin - self._begin].isalnum():
                return begin
        return self._places[1 - compared] if compared > 1 else end


def bad_phrase(phrase: str) -> str:
    """Say what is wrong with a phrase, or nothing."""
    if len(phrase) > MAX_PHRASE_CHARS:
        return f"a phrase has at most {MAX_PHRASE_CHARS} characters"
    if "*" in phrase.strip().strip("*"):
        return "a * may only stand at the beginning or the end of a phrase"
    return "" if any(char.isalnum() for char in phrase) else "a phrase needs a letter or a digit"


def _compared(phrase: str) -> list[str]:
    """The phrase as texts are compared with it; in Chinese and Japanese, with and without a gap after a Latin word."""
    plain = ""
    for char in phrase:
        compared = _COMPARED[char]
        if compared != _GAP or (plain and plain[-1] != _GAP and not _is_unspaced(plain[-1])):
            plain += compared
    plain = plain.strip(_GAP)
    if any(map(_is_unspaced, plain)):
        tight = plain.replace(_GAP, "")
        return list(dict.fromkeys((tight, "".join(map(_gap_between, _GAP + tight, tight)).lstrip(_GAP))))
    phrase = phrase.strip()
    return [("" if phrase.startswith("*") else _GAP) + plain + ("" if phrase.endswith("*") else _GAP)] if plain else []


def _gap_between(before: str, char: str) -> str:
    return _GAP + char if _is_unspaced(char) and not _is_unspaced(before) else char


def _plain(char: str) -> str:
    """One letter or digit as it is compared: narrow, and small."""
    if "！" <= char <= "～":
        char = chr(ord(char) - 0xFEE0)
    small = char.lower()
    return small if len(small) == 1 else char


class _Compared(dict[str, str]):
    """Any character → what it is compared as: a letter or digit, a gap, or nothing at all. Remembers the answer."""

    def __missing__(self, char: str) -> str:
        self[char] = compared = _plain(char) if char.isalnum() else "" if char in _JOINING else _GAP
        return compared


_COMPARED = _Compared()


def _is_unspaced(char: str) -> bool:
    return char >= "⺀"
