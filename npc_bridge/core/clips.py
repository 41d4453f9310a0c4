"""Action → clip: finds the game's own animation for what the model wrote between the parentheses.

In this order: the clip's name or alias as it stands, then what the words mean, by the lists under ``lexicon/``, then nothing. A wrong
animation is worse than none, so what scores below ``THRESHOLD`` is not played. Pure and quick: it is asked once for every action while a
reply streams. ``docs/cues.md`` tells designers how to get the most of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from npc_bridge.core.clips_english import read_english
from npc_bridge.core.clips_lexicon import Found, Reading, VerbPattern, english, near_senses, unspaced
from npc_bridge.core.clips_unspaced import read_unspaced
from npc_bridge.core.messages import Clip

THRESHOLD = 0.6
"""What scores less is not played. Tuned on one half of the development phrases; see ``docs/cues.md``."""

_ACT, _MOOD, _NEAR, _FARTHER = 0.9, 0.75, 0.1, 0.02

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=\d)")
_BETWEEN_WORDS = re.compile(r"[\W_]+")
_KANA = re.compile("[\u3041-\u30ff]")
_HAN = re.compile("[\u3400-\u9fff]")
_NOT_A_WORD = frozenset(
    "anim animation animations clip clips lib library npc human humanoid male female man woman player char character base upper lower body "
    "full fast slow mixamo rig armature action gesture emote emotes face facial pose loop looped start begin end stop in out to left right "
    "l r lh rh front fwd forward short long small big light heavy idle basic generic default common new old alt var variant a b c d v the "
    "once one two hand handed inplace root motion rm m f".split()
)


@dataclass(frozen=True, slots=True)
class Match:
    """A clip to play, how sure that is (0 to 1), and how it was found: ``exact``, ``alias``, or the words that said so."""

    clip: str
    score: float
    reason: str


@dataclass(frozen=True, slots=True)
class _Place:
    """The clip for a sense, and what is taken off the score because it shows a near one."""

    clip: str
    penalty: float
    note: str = ""


class ClipIndex:
    """The clips that one NPC can play. Where two are alike, the one declared first is meant.

    ``language`` only decides for text that could be either Chinese or Japanese.
    """

    def __init__(self, clips: Sequence[Clip], language: str = "") -> None:
        self.names = tuple(clip.name for clip in clips)
        self._language = language
        self._exact: dict[str, Match] = {}
        for clip in clips:
            self._exact.setdefault(plain_words(clip.name), Match(clip.name, 1.0, "exact"))
        for clip in clips:
            for alias in clip.aliases:
                self._exact.setdefault(plain_words(alias), Match(clip.name, 1.0, "alias"))
        self._verbs: dict[str, list[VerbPattern]] = {}
        self._phrases: list[tuple[str, str]] = []
        for clip in clips:
            self._add_own_words(clip)
        self._places = _places(clips)

    def resolve(self, action: str) -> list[Match]:
        """Return the clips for an action in playing order; empty when it is none, or none of the clips shows it."""
        exact = self._exact.get(plain_words(action))
        if exact:
            return [exact]
        matches: list[Match] = []
        for found in self.read(action).found:
            match = self._match(found)
            if match and match.score >= THRESHOLD and match.clip not in [other.clip for other in matches]:
                matches.append(match)
        return matches

    def read(self, action: str) -> Reading:
        """Return what an action says, whether or not a clip shows it."""
        language = language_of(action, self._language)
        if language == "en":
            return read_english(action, english(), self._verbs)
        return read_unspaced(action, language, unspaced(language), self._phrases)

    def _match(self, found: Found) -> Match | None:
        if found.sense.startswith("="):
            return Match(found.sense[1:], 0.95, f"its own words: {found.words}")
        place = self._places.get(found.sense)
        if place is None:
            return None
        score = round((_MOOD if found.is_mood else _ACT) - place.penalty, 2)
        return Match(place.clip, score, f"{found.sense}: {found.words}{place.note}")

    def _add_own_words(self, clip: Clip) -> None:
        is_known = any(not sense.startswith("_") for sense in _senses_of_name(clip.name))
        names = () if is_known else (" ".join(_significant(clip.name)),)
        for phrase in dict.fromkeys((*names, *map(plain_words, clip.aliases))):
            if language_of(phrase, "") == "en":
                for first, patterns in english().phrases("=" + clip.name, [phrase] if phrase else []).items():
                    self._verbs.setdefault(first, []).extend(patterns)
            else:
                self._phrases.append((phrase, "=" + clip.name))


def plain_words(name: str) -> str:
    """Return a name as lower-case words with single spaces: ``Shake_Head``, ``shakeHead``, ``ｓｈａｋｅ　ｈｅａｄ`` are one."""
    words = _CAMEL.sub(" ", unicodedata.normalize("NFKC", name))
    return _BETWEEN_WORDS.sub(" ", words).strip().casefold()


def action_words(clip: Clip) -> str:
    """Return how the model should write this clip between parentheses: its first alias, else its name.

    ``ClipIndex.resolve`` takes it back exactly.
    """
    return plain_words(clip.aliases[0] if clip.aliases else clip.name) or clip.name


def language_of(text: str, hint: str) -> str:
    """``ja``, ``zh`` or ``en``: which list to read a text with. The hint decides for characters that Chinese and Japanese share."""
    if _KANA.search(text):
        return "ja"
    if _HAN.search(text):
        return "ja" if hint.startswith("ja") else "zh"
    return "en"


def _significant(name: str) -> list[str]:
    """The words of a clip's name that say what it shows: ``anim_lib/Wave_Right_01`` → ``wave``."""
    words = plain_words(re.split(r"[/\\:]", name)[-1] or name).split()
    return [word for word in words if word not in _NOT_A_WORD and not word.isdigit()] or words


def _senses_of_name(name: str) -> list[str]:
    """What a name stands for, from its whole to its single words."""
    if language_of(name, "") != "en":
        language = language_of(name, "")
        return [found.sense for found in read_unspaced(name, language, unspaced(language), ()).found]
    words = english()
    whole = words.base_phrase(plain_words(re.split(r"[/\\:]", name)[-1]))
    if whole in words.names:
        return [words.names[whole]]
    bases = [words.base(word) for word in _significant(name)]
    if " ".join(bases) in words.names:
        return [words.names[" ".join(bases)]]
    senses = []
    for k in range(len(bases)):
        found = read_english(" ".join(bases[k:]), words, {}).found
        senses += [hit.sense for hit in found[:1]] or ([words.names[bases[k]]] if bases[k] in words.names else [])
    return senses


def _places(clips: Sequence[Clip]) -> dict[str, _Place]:
    """Which clip to play for each sense: one that shows it, else one that shows something near."""
    shown: dict[str, _Place] = {}
    for clip in sorted(clips, key=lambda clip: len(_significant(clip.name))):
        for sense in _senses_of_name(clip.name)[:1]:
            if not sense.startswith("_"):
                shown.setdefault(sense, _Place(clip.name, 0.0))
    for clip in clips:
        if clip.description and clip.name not in {place.clip for place in shown.values()}:
            for found in ClipIndex([]).read(clip.description).found[:1]:
                if not found.sense.startswith("_"):
                    shown.setdefault(found.sense, _Place(clip.name, _NEAR, ", by its description"))
    places = dict(shown)
    for sense, others in near_senses().items():
        for k, other in enumerate(others):
            if other in shown and sense not in places:
                place = shown[other]
                places[sense] = _Place(place.clip, place.penalty + _NEAR + k * _FARTHER, f", near {other}")
    return places
