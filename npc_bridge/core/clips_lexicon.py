"""What people do and how it is said: the word lists under ``lexicon/``, read once and compiled.

A *sense* is what an action shows, whatever it is called: ``wave``, ``shake_head``. Senses whose name begins with ``_`` are never played;
they keep ``takes a breath`` from being read as ``takes``.
"""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, TypeAlias

Senses: TypeAlias = dict[str, dict[str, list[str]]]


@dataclass(frozen=True, slots=True)
class Found:
    """One sense, found in one clause."""

    sense: str
    words: str
    """What said so, in the form of the list."""
    clause: str
    is_mood: bool = False
    is_settled: bool = True
    """Whether no longer phrase of the lexicon could still turn it into something else, were the clause to go on."""
    takes_tail: bool = False
    """Whether it covers the "with ..." that follows, too."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What an action says: senses in the order in which they are done, and the first kind of thing that is no action, if any."""

    found: tuple[Found, ...]
    kind: str = "action"
    """``action``, or why nothing was found: ``thought``, ``scene``, ``aside``, ``tone``."""


_GAP = 4
"""How many words "*" stands for at most."""
_ENDS_GAP = frozenset({"at", "to", "toward", "towards", "with", "as"})
"""After these, an object is over: what follows is hardly still a part of the phrase."""


@dataclass(frozen=True)
class VerbPattern:
    """A phrase that a clause can begin with."""

    sense: str
    parts: tuple[tuple[bool, frozenset[str]], ...]
    """For each word whether others may stand before it, and its forms; no forms at all: the end."""

    @cached_property
    def weight(self) -> int:
        """How many words have to be there."""
        return sum(bool(forms) for _, forms in self.parts)

    @cached_property
    def regex(self) -> re.Pattern[str]:
        expression = ""
        for has_gap, forms in self.parts:
            between = rf"(?:\S+ ){{0,{_GAP}}}?" if has_gap else ""
            expression += f"{between}(?:{'|'.join(sorted(map(re.escape, forms)))}) " if forms else "$"
        return re.compile(expression)

    def can_still_match(self, words: list[str]) -> bool:
        """Whether a clause that begins with these words, the first of which fits, is likely to go on so that all of this phrase is there.

        Likely, not sure: after "waves at" nobody is waved away, though it could be written.
        """
        states = {(1, 0)}
        for word in words[1:]:
            reached = set()
            for place, gap in states:
                if place == len(self.parts):
                    return True
                has_gap, forms = self.parts[place]
                if word in forms:
                    reached.add((place + 1, 0))
                if has_gap and gap < _GAP and word not in _ENDS_GAP:
                    reached.add((place, gap + 1))
            states = reached
        return bool(states)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("lexicon", f"{name}.toml").read_text(encoding="utf-8"))


@cache
def near_senses() -> Mapping[str, tuple[str, ...]]:
    """Which senses may stand in for one, best first."""
    return {sense: tuple(others) for sense, others in _read("near").items()}


IRREGULAR = {
    "ate": "eat", "bent": "bend", "bit": "bite", "brought": "bring", "came": "come", "caught": "catch", "clung": "cling",
    "crept": "creep", "drank": "drink", "drew": "draw", "fell": "fall", "flew": "fly", "flung": "fling", "gave": "give", "got": "get",
    "gotten": "get", "held": "hold", "hid": "hide", "knelt": "kneel", "laid": "lay", "lain": "lie", "leant": "lean", "leapt": "leap",
    "lying": "lie", "made": "make", "met": "meet", "ran": "run", "rose": "rise", "sang": "sing", "sat": "sit", "shook": "shake",
    "slept": "sleep", "slid": "slide", "sank": "sink", "spun": "spin", "stood": "stand", "struck": "strike", "swung": "swing",
    "thought": "think", "threw": "throw", "took": "take", "went": "go", "wept": "weep", "woke": "wake", "wrote": "write", "drawn": "draw",
    "given": "give", "taken": "take", "thrown": "throw", "fallen": "fall", "eaten": "eat", "written": "write", "hidden": "hide",
}  # fmt: skip


class English:
    """The English list: phrases by their first word, and the base forms they are written in."""

    def __init__(self, senses: Senses) -> None:
        groups = {name: str(words) for name, words in senses.pop("groups", {}).items()}
        self.classes = {name: frozenset(str(words).split()) for name, words in senses.pop("classes").items()}
        self._groups = groups | {"own": "his|her|their|my|its|both"}
        self._vocabulary: set[str] = {word for words in self._groups.values() for word in words.split("|")}
        self._vocabulary.update(self.classes["giving"], self.classes["seeming"], self.classes["beginning"], self.classes["before_purpose"])
        for lists in senses.values():
            for phrase in (*lists.get("verb", ()), *lists.get("noun", ()), *lists.get("mood", ())):
                self._vocabulary.update(re.findall(r"[a-z'+]+", re.sub(r"<\w+>", "", phrase)))
        self._own: frozenset[str] = frozenset()
        self.verbs: dict[str, list[VerbPattern]] = {}
        self.names: dict[str, str] = {}
        nouns: list[tuple[str, str]] = []
        moods: list[tuple[str, str]] = []
        for sense, lists in senses.items():
            for phrase in lists.get("verb", ()):
                self._add_verb(self.verbs, sense, phrase)
            nouns += [(self.base_phrase(phrase), sense) for phrase in lists.get("noun", ())]
            moods += [(self.base_phrase(phrase), sense) for phrase in lists.get("mood", ())]
            for phrase in (sense.lstrip("_").replace("_", " "), *lists.get("name", ())):
                self.names.setdefault(self.base_phrase(phrase), sense)
        self.nouns, self.noun_senses = self._search_list(nouns)
        self.moods, self.mood_senses = self._search_list(moods)

    def compile(self) -> None:
        """Compile every phrase now rather than when it is first needed."""
        for patterns in self.verbs.values():
            for pattern in patterns:
                _ = pattern.regex

    def with_words(self, phrases: Iterable[str]) -> English:
        """This list for one NPC, whose clips have words of their own. Nobody else's words are read differently for it."""
        own = frozenset(word for phrase in phrases for word in phrase.split() if not self.knows(self.base(word)))
        if not own:
            return self
        extended = copy.copy(self)
        extended._own = own
        return extended

    def base(self, word: str) -> str:
        """Return the form in which the list has a word: ``waving``, ``waved``, ``waves`` → ``wave``; unknown words stay."""
        word = IRREGULAR.get(word, word)
        for stem in _stems(word):
            if stem in self._vocabulary or stem in self._own:
                return stem
        return word

    def knows(self, word: str) -> bool:
        return word in self._vocabulary

    def base_phrase(self, phrase: str) -> str:
        return " ".join(self.base(word) for word in phrase.split())

    def phrases(self, sense: str, phrases: Iterable[str]) -> dict[str, list[VerbPattern]]:
        """Return further phrases for one sense, such as a clip's own name, in the form of ``verbs``."""
        verbs: dict[str, list[VerbPattern]] = {}
        for phrase in phrases:
            self._add_verb(verbs, sense, phrase.replace(" ", " * "))
        return verbs

    def _add_verb(self, verbs: dict[str, list[VerbPattern]], sense: str, phrase: str) -> None:
        words = re.sub(r"<(\w+)>", lambda group: self._groups[group[1]], phrase).split()
        parts = []
        for before, word in zip(["", *words], words, strict=False):
            if word != "*":
                forms = frozenset() if word == "$" else frozenset(self.base(form) for form in word.split("|"))
                parts.append((before == "*", forms))
        pattern = VerbPattern(sense, tuple(parts))
        for first in dict.fromkeys(self.base(form) for form in words[0].split("|")):
            verbs.setdefault(first, []).append(pattern)

    def _search_list(self, phrases: list[tuple[str, str]]) -> tuple[re.Pattern[str], list[str]]:
        """One regular expression for many phrases, the longest first; the number of its group leads to the sense."""
        phrases = sorted(phrases, key=lambda pair: -len(pair[0]))
        parts = ["(" + re.escape(phrase).replace(r"\*\ ", r"(?:\S+ ){0,3}?").replace(r"\ \*", r"") + ")" for phrase, _ in phrases]
        return re.compile(r"(?<!\S)(?:" + "|".join(parts) + r")(?!\S)"), [sense for _, sense in phrases]


def _stems(word: str) -> list[str]:
    """Base forms that a word may be of, best first; the word itself last."""
    stems = []
    if word.endswith(("ies", "ied")) and len(word) > 4:
        stems += [word[:-3] + "y", word[:-1]]
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 2 and not word.endswith("ss"):
            stem = word[: -len(ending)]
            if ending == "es" and not stem.endswith(("s", "x", "z", "ch", "sh", "o")):
                continue
            if ending == "s":
                stems += [stem] if len(stem) > 2 else []
            else:
                stems += [stem + "e", stem] + ([stem[:-1]] if stem[-1:] == stem[-2:-1] else [])
    if word.endswith("ly") and len(word) > 4:
        stems += [word[:-3] + "y" if word.endswith("ily") else word[:-2], word[:-1] + "e", word[:-4]]
    return [*stems, word]


@dataclass(frozen=True, slots=True)
class Unspaced:
    """The list of a language without spaces: one regular expression for each sense."""

    acts: tuple[tuple[str, re.Pattern[str]], ...]
    moods: tuple[tuple[str, re.Pattern[str]], ...]
    guards: Mapping[str, re.Pattern[str]]
    said: Mapping[str, str]
    """How the model should write a sense, if it is to be written in this language."""


def _compile(patterns: list[str], gap: int) -> re.Pattern[str]:
    between = f"[^，。、！？]{{0,{gap}}}?"
    return re.compile("|".join(pattern.replace("~?", "~").replace("~", between) for pattern in patterns) or r"(?!)")


@cache
def english() -> English:
    return English(_read("en"))


@cache
def unspaced(language: str) -> Unspaced:
    """Return the list of Chinese, ``zh``, or Japanese, ``ja``."""
    senses, gap = _read(language), {"zh": 5, "ja": 8}[language]
    said = {sense: str(phrase) for sense, phrase in senses.pop("say").items()}
    guards = {name: _compile(patterns, gap) for name, patterns in senses.pop("guard").items()}
    acts = tuple((sense, _compile(lists["act"], gap)) for sense, lists in senses.items() if lists.get("act"))
    moods = tuple((sense, _compile(lists["mood"], gap)) for sense, lists in senses.items() if "mood" in lists)
    return Unspaced(acts, moods, guards, said)
