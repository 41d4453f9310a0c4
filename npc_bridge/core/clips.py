"""Action → clip: finds the game's own animation for what the model wrote between the parentheses.

In this order: the clip's name or alias as it stands, then what the words mean, by the lists under ``lexicon/``, then nothing. A wrong
animation is worse than none, so what scores below ``THRESHOLD`` is not played. Pure and quick: it is asked once for every action while a
reply streams. ``docs/cues.md`` tells designers how to get the most of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from npc_bridge.core.clips_english import read_english
from npc_bridge.core.clips_lexicon import Found, Reading, VerbPattern, english, near_senses, unspaced
from npc_bridge.core.clips_targets import Targets
from npc_bridge.core.clips_unspaced import read_unspaced
from npc_bridge.core.messages import Clip

MAX_READ = 128
"""How many actions an NPC's clips keep in mind as they were read last."""
THRESHOLD = 0.6
"""What scores less is not played. Tuned on one half of the development phrases; see ``docs/cues.md``."""

_ACT, _MOOD, _NEAR, _FARTHER = 0.9, 0.75, 0.1, 0.02

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=\d)")
_BETWEEN_WORDS = re.compile(r"[\W_]+")
_KANA = re.compile("[\u3041-\u30ff]")
_HAN = re.compile("[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Match:
    """A clip to play, how sure that is (0 to 1), and how it was found: ``exact``, ``alias``, or the words that said so."""

    clip: str
    score: float
    reason: str
    target: str = ""
    """What it is aimed at, by the name that the game declared; see ``Targets``."""

    @property
    def how(self) -> str:
        """How it was found, in a word: ``exact``, ``alias`` or ``lexical``."""
        return self.reason if self.reason in ("exact", "alias") else "lexical"


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
        self.language = language
        self._exact: dict[str, Match] = {}
        for clip in clips:
            self._exact.setdefault(plain_words(clip.name), Match(clip.name, 1.0, "exact"))
        for clip in clips:
            for alias in clip.aliases:
                self._exact.setdefault(plain_words(alias), Match(clip.name, 1.0, "alias"))
        self._verbs: dict[str, list[VerbPattern]] = {}
        self._phrases: list[tuple[str, str]] = []
        own = {clip.name: _own_phrases(clip) for clip in clips}
        self._english = english().with_words(phrase for phrases in own.values() for phrase in phrases)
        for name, phrases in own.items():
            self._add_own_words(name, phrases)
        self._places = _places(clips)
        self.clips = tuple(clips)
        self._spoken: dict[str, tuple[str, ...]] = {}
        self._read: dict[tuple[str, bool], Reading] = {}

    def resolve(self, action: str, targets: Targets | None = None) -> list[Match]:
        """Return the clips for an action in playing order; empty when it is none, or none of the clips shows it."""
        exact = self._exact.get(plain_words(action))
        if exact:
            return [exact]
        matches: list[Match] = []
        for found in self.read(action).found:
            match = self._match(found)
            if match and match.score >= THRESHOLD and match.clip not in [other.clip for other in matches]:
                target = targets.find(found.clause) if targets else ""
                matches.append(replace(match, target=target) if target else match)
        return matches

    def early(self, beginning: str) -> Match | None:
        """Return the first clip of an action that is still being written, once nothing likely to follow can change it; else None.

        A guess all the same, though a rarely wrong one: confirm or withdraw it by ``resolve`` when the action is complete.
        """
        complete = _complete_words(beginning)
        found = self.read(complete, is_early=True).found[:1]
        if not found or found[0].is_mood or not found[0].is_settled:
            return None
        match = self._match(found[0])
        return match if match and match.score >= THRESHOLD else None

    def explain(self, action: str) -> str:
        """Return one line on what was decided and why, for designers."""
        matches = self.resolve(action)
        if matches:
            return ", ".join(f"{match.clip} ({match.score:.2f}, {match.reason})" for match in matches)
        reading = self.read(action)
        senses = dict.fromkeys(found.sense for found in reading.found if not found.sense.startswith("_"))
        if senses:
            return f"unmapped: no clip shows {', '.join(senses)}"
        if reading.kind != "action":
            return f"no cue: {reading.kind}"
        return "unmapped: a movement for which there is no name" if reading.found else "unmapped: not understood"

    def shows(self, sense: str) -> str | None:
        """Return the clip that shows this very sense, or None."""
        place = self._places.get(sense)
        return place.clip if place is not None and not place.note else None

    def is_aside(self, action: str) -> bool:
        """Whether it is a remark, ``about forty leagues``, rather than something done: for ``CueParser(is_speech=…)`` to keep visible."""
        return plain_words(action) not in self._exact and self.read(action).kind == "aside" and not self.resolve(action)

    def spoken(self, language: str) -> tuple[str, ...]:
        """Return how the model should write each clip in a language, in the order of ``names``; ``resolve`` takes them back exactly."""
        language = language[:2] if language[:2] in {"zh", "ja"} else "en"
        if language not in self._spoken:
            said = unspaced(language).said if language != "en" else {}
            shown = {place.clip: said[sense] for sense, place in self._places.items() if not place.note and sense in said}
            self._spoken[language] = tuple(self._say(clip, language, shown.get(clip.name, "")) for clip in self.clips)
        return self._spoken[language]

    def read(self, action: str, *, is_early: bool = False) -> Reading:
        """Return what an action says, whether or not a clip shows it. ``is_early``: it is still being written."""
        # Models repeat themselves, and an action is read again when it is counted, or was read while it was being written.
        known = self._read.get((action, is_early))
        if known is None:
            if len(self._read) >= MAX_READ:
                self._read.clear()
            known = self._read[action, is_early] = self._read_anew(action, is_early=is_early)
        return known

    def _read_anew(self, action: str, *, is_early: bool) -> Reading:
        language = language_of(action, self.language)
        if language == "en":
            return read_english(action, self._english, self._verbs, is_early=is_early, is_same=self._is_same)
        return read_unspaced(action, language, unspaced(language), self._phrases)

    def _say(self, clip: Clip, language: str, said: str) -> str:
        own = [alias for alias in clip.aliases if language != "en" and language_of(alias, "") == language]
        for phrase in (*own, said):
            if phrase and [match.clip for match in self.resolve(phrase)] == [clip.name]:
                return phrase
        return action_words(clip)

    def _is_same(self, sense: str, other: str) -> bool:
        """Whether both senses are played by one clip."""
        if sense == other:
            return True
        place, others = self._places.get(sense), self._places.get(other)
        return place is not None and others is not None and place.clip == others.clip

    def _match(self, found: Found) -> Match | None:
        if found.sense.startswith("="):
            return Match(found.sense[1:], 0.95, f"its own words: {found.words}")
        place = self._places.get(found.sense)
        if place is None:
            return None
        score = round((_MOOD if found.is_mood else _ACT) - place.penalty, 2)
        return Match(place.clip, score, f"{found.sense}: {found.words}{place.note}")

    def _add_own_words(self, clip: str, phrases: Iterable[str]) -> None:
        for phrase in phrases:
            if language_of(phrase, "") == "en":
                for first, patterns in self._english.phrases("=" + clip, [phrase] if phrase else []).items():
                    self._verbs.setdefault(first, []).extend(patterns)
            else:
                self._phrases.append((phrase, "=" + clip))


def plain_words(name: str) -> str:
    """Return a name as lower-case words with single spaces: ``Shake_Head``, ``shakeHead``, ``ｓｈａｋｅ　ｈｅａｄ`` are one."""
    words = _CAMEL.sub(" ", unicodedata.normalize("NFKC", name))
    return _BETWEEN_WORDS.sub(" ", words).strip().casefold()


def _own_phrases(clip: Clip) -> tuple[str, ...]:
    """What a clip is called that the lists do not know, and its aliases."""
    names = () if _sense_of_name(clip.name) else (" ".join(_significant(clip.name)),)
    return tuple(dict.fromkeys((*names, *map(plain_words, clip.aliases))))


def warm_up() -> None:
    """Read and compile the lists of all languages, which takes some tenths of a second; otherwise the first actions wait for it."""
    english().compile()
    for language in ("zh", "ja"):
        unspaced(language)
    near_senses()


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


def _complete_words(beginning: str) -> str:
    """What was written, without a last word that may go on."""
    if language_of(beginning, "") != "en":
        return beginning
    end = re.search(r"(?:\bher\s+)?[A-Za-z'’]*$", beginning)
    return beginning[: end.start()] if end else beginning


def _significant(name: str) -> list[str]:
    """The words of a clip's name that say what it shows: ``anim_lib/Wave_Right_01`` → ``wave``."""
    words = plain_words(re.split(r"[/\\:]", name)[-1] or name).split()
    return [word for word in words if word not in english().classes["of_files"] and not word.isdigit()] or words


def _sense_of_name(name: str) -> str:
    """What a name stands for, from its whole to its single words; "" when the lists do not know it."""
    if language_of(name, "") != "en":
        language = language_of(name, "")
        return next((found.sense for found in read_unspaced(name, language, unspaced(language), ()).found), "").lstrip("_")
    words = english()
    whole = words.base_phrase(plain_words(re.split(r"[/\\:]", name)[-1]))
    if whole in words.names:
        return words.names[whole]
    bases = [words.base(word) for word in _significant(name)]
    if " ".join(bases) in words.names:
        return words.names[" ".join(bases)]
    for k in range(len(bases)):
        found = read_english(" ".join(bases[k:]), words, {}).found[:1]
        sense = found[0].sense if found else words.names.get(bases[k], "")
        if found and bases[k] in words.classes["giving"] and len(found[0].words.split()) < len(bases) - k:
            return ""  # "take_damage" takes nothing
        if sense:
            return "" if sense.startswith("_") else sense
    return ""


def _places(clips: Sequence[Clip]) -> dict[str, _Place]:
    """Which clip to play for each sense: one that shows it, else one that shows something near."""
    shown: dict[str, _Place] = {}
    for clip in sorted(clips, key=lambda clip: len(_significant(clip.name))):
        sense = _sense_of_name(clip.name)
        if sense:
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
