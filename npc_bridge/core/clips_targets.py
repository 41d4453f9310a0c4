"""What an action is aimed at: ``points at the door`` → the door, if the game has declared one. Never a guess."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

_UNSPACED = re.compile("[\u3041-\u30ff\u3400-\u9fff]")
_SPACED_WORD = re.compile("[^\\W\u3041-\u30ff\u3400-\u9fff]+")
_TOWARDS = re.compile(
    r"(?:\b(?:at|to|toward|towards|into|onto|on|from|with|behind|beside|against|over|for)(?: (?:the|a|an|his|her|their|my|your|its))?"
    r"|[向对朝往给把将跟和])\s?$"
)


class Targets:
    """The objects and characters of a scene, each with other words for it: ``{"door_02": ("door", "门"), "player": ("you", "你")}``.

    Looked up word by word, so that a scene of hundreds of things costs no more to ask than one of ten.
    """

    def __init__(self, names: Mapping[str, Iterable[str]]) -> None:
        self._names: dict[str, str] = {}
        for name, others in names.items():
            for phrase in (name, *others):
                self._names.setdefault(_plain(phrase), name)
        self._names.pop("", None)
        self._most_words = max((phrase.count(" ") + 1 for phrase in self._names), default=0)
        self._unspaced: dict[str, list[str]] = {}
        for phrase in sorted(self._names, key=len, reverse=True):
            if _UNSPACED.search(phrase):
                self._unspaced.setdefault(phrase[0], []).append(phrase)

    def find(self, clause: str) -> str:
        """Return the name of what the clause is aimed at, or "" when it names nothing declared, or two things alike."""
        text = _plain(clause)
        hits = [*self._words_in(text), *self._unspaced_in(text)]
        if len({name for name, _ in hits}) > 1:
            # "hands the key to Mira": the one that a preposition points to.
            hits = [(name, start) for name, start in hits if _TOWARDS.search(text[:start])]
        return hits[0][0] if len({name for name, _ in hits}) == 1 else ""

    def _words_in(self, text: str) -> Iterator[tuple[str, int]]:
        """What whole words name, the longest first, and where."""
        words = [word.span() for word in _SPACED_WORD.finditer(text)]
        k = 0
        while k < len(words):
            for count in range(min(self._most_words, len(words) - k), 0, -1):
                start, end = words[k][0], words[k + count - 1][1]
                name = self._names.get(text[start:end])
                if name is not None:
                    yield name, start
                    k += count - 1
                    break
            k += 1

    def _unspaced_in(self, text: str) -> Iterator[tuple[str, int]]:
        """The same for languages without spaces."""
        k = 0
        while k < len(text):
            phrase = next((phrase for phrase in self._unspaced.get(text[k], ()) if text.startswith(phrase, k)), "")
            if phrase:
                yield self._names[phrase], k
            k += len(phrase) or 1


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", text)).strip().casefold()
