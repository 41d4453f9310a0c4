"""Which clips a designer may have in mind for an action that none of them shows: suggestions to choose from, never played by themselves."""

from __future__ import annotations

from collections import defaultdict
from functools import cache, lru_cache

from npc_bridge.core.clips import ClipIndex, plain_words
from npc_bridge.core.clips_lexicon import english, near_senses
from npc_bridge.core.messages import Clip

_BY_STEPS = (0.55, 0.45, 0.35)
"""Scores of clips for senses one, two and three steps away in the list of near senses."""
_BY_WORDS, _BY_LETTERS = 0.5, 0.4
_LEAST = 0.12


def nearest(index: ClipIndex, action: str, count: int = 3) -> list[tuple[str, float]]:
    """Return the clips that come nearest to an action, best first, each with a score below what would be played.

    By what the action means, by the words it has in common with a clip's name, aliases and description, and by their letters.
    """
    scores: defaultdict[str, float] = defaultdict(float)
    for found in index.read(action).found:
        for sense, score in _around(found.sense):
            if shown := index.shows(sense):
                scores[shown] = max(scores[shown], score)
    words, letters = _words(action), _pairs(action)
    for clip in index.clips:
        for phrase in _phrases(clip):
            theirs = _words(phrase)
            common = len(words & theirs)
            likeness = _BY_WORDS * common / min(len(words), len(theirs)) if common else 0.0
            others = _pairs(phrase)
            likeness = max(likeness, _BY_LETTERS * 2 * len(letters & others) / (len(letters) + len(others) or 1))
            scores[clip.name] = max(scores[clip.name], likeness)
    ranked = sorted(((name, round(score, 2)) for name, score in scores.items() if score >= _LEAST), key=lambda pair: -pair[1])
    return ranked[:count]


@cache
def _neighbours() -> dict[str, set[str]]:
    """The list of near senses, read both ways: what is too far to be played may still be what a designer has."""
    both: defaultdict[str, set[str]] = defaultdict(set)
    for sense, others in near_senses().items():
        for other in others:
            both[sense].add(other)
            both[other].add(sense)
    return dict(both)


@cache
def _around(sense: str) -> tuple[tuple[str, float], ...]:
    """A sense and those around it, with their scores."""
    seen, layer = {sense}, [sense]
    scored = [(sense, _BY_STEPS[0])]
    for score in _BY_STEPS:
        layer = sorted({other for near in layer for other in _neighbours().get(near, ())} - seen)
        seen.update(layer)
        scored += [(other, score) for other in layer]
    return tuple(scored)


def _phrases(clip: Clip) -> tuple[str, ...]:
    return (clip.name, *clip.aliases, *([clip.description] if clip.description else []))


@lru_cache(maxsize=4_096)
def _words(phrase: str) -> frozenset[str]:
    words = english()
    little = frozenset().union(*(words.classes[name] for name in ("determiners", "own", "subjects", "aside", "of_files")))
    return frozenset(words.base(word) for word in plain_words(phrase).split() if word not in little and not word.isdigit())


@lru_cache(maxsize=4_096)
def _pairs(phrase: str) -> frozenset[str]:
    text = plain_words(phrase).replace(" ", "")
    return frozenset(text[k : k + 2] for k in range(len(text) - 1))
