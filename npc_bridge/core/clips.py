"""Action → clip: finds the game's own animation for what the model wrote between the parentheses.

Pure and quick (well under a millisecond): it is asked once for every action while a reply streams.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from npc_bridge.core.messages import Clip

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BETWEEN_WORDS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Match:
    """A clip to play, how sure that is (0 to 1), and how it was found."""

    clip: str
    score: float
    reason: str


class ClipIndex:
    """The clips that one NPC can play. Where two read alike, the one declared first is meant."""

    def __init__(self, clips: Sequence[Clip]) -> None:
        self.names = tuple(clip.name for clip in clips)
        self._exact: dict[str, Match] = {}
        for clip in clips:
            self._exact.setdefault(plain_words(clip.name), Match(clip.name, 1.0, "exact"))
        for clip in clips:
            for alias in clip.aliases:
                self._exact.setdefault(plain_words(alias), Match(clip.name, 1.0, "alias"))

    def resolve(self, action: str) -> list[Match]:
        """Return the clips for an action in playing order; empty when it is none, or none of the clips shows it."""
        match = self._exact.get(plain_words(action))
        return [match] if match else []


def plain_words(name: str) -> str:
    """Return a name as lower-case words with single spaces: ``Shake_Head``, ``shakeHead``, ``ｓｈａｋｅ　ｈｅａｄ`` are one."""
    words = _CAMEL.sub(" ", unicodedata.normalize("NFKC", name))
    return _BETWEEN_WORDS.sub(" ", words).strip().casefold()


def action_words(clip: Clip) -> str:
    """Return how the model should write this clip between parentheses; ``ClipIndex.resolve`` takes it back exactly."""
    return plain_words(clip.name) or clip.name
