"""What an action is aimed at: ``points at the door`` → the door, if the game has declared one. Never a guess."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

_UNSPACED = re.compile("[\u3041-\u30ff\u3400-\u9fff]")
_TOWARDS = re.compile(
    r"(?:\b(?:at|to|toward|towards|into|onto|on|from|with|behind|beside|against|over|for)(?: (?:the|a|an|his|her|their|my|your|its))?"
    r"|[向对朝往给把将跟和])\s?$"
)


class Targets:
    """The objects and characters of a scene, each with other words for it: ``{"door_02": ("door", "门"), "player": ("you", "你")}``.

    Building it costs more than asking it, so build it when the scene changes.
    """

    def __init__(self, names: Mapping[str, Iterable[str]]) -> None:
        self._names: dict[str, str] = {}
        for name, others in names.items():
            for phrase in (name, *others):
                self._names.setdefault(_plain(phrase), name)
        self._names.pop("", None)
        phrases = [
            re.escape(phrase) if _UNSPACED.search(phrase) else rf"\b{re.escape(phrase)}\b"
            for phrase in sorted(self._names, key=len, reverse=True)
        ]
        self._any = re.compile("|".join(phrases) or r"(?!)")

    def find(self, clause: str) -> str:
        """Return the name of what the clause is aimed at, or "" when it names nothing declared, or two things alike."""
        text = _plain(clause)
        hits = [(self._names[hit.group()], hit.start()) for hit in self._any.finditer(text)]
        if len({name for name, _ in hits}) > 1:
            # "hands the key to Mira": the one that a preposition points to.
            hits = [(name, start) for name, start in hits if _TOWARDS.search(text[:start])]
        return hits[0][0] if len({name for name, _ in hits}) == 1 else ""


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", text)).strip().casefold()
