"""Actions for which no clip was found, or only a doubtful one, counted by character: what a designer should give an animation or an alias.

Bounded, and never with what a player said: what an NPC quotes of a player, or of anybody, is not counted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from npc_bridge.core.clips import ClipIndex, Match, plain_words
from npc_bridge.core.clips_lexicon import english
from npc_bridge.core.clips_near import nearest

LOW_SCORE = 0.75
"""A clip that scores less was played, but may be the wrong one: a mood without a movement, shown by a near one."""
MAX_CHARACTERS = 200
MAX_ACTIONS = 200
"""How many different actions are kept of a character; then the rarest goes."""
MAX_ACTION_CHARS = 60
"""A longer one is no alias that anybody would want, and more likely to hold what was said."""

_SAME_WORDS, _SAME_CHARS = 3, 4
_PRIVATE = re.compile(r"""["“”„«»「」『』@]|\d{3}|https?:""")
_UNSPACED = re.compile("[\u3041-\u30ff\u3400-\u9fff]")
_NAMELESS = {"zh": "你", "ja": "あなた"}

State = dict[str, Any]


@dataclass(slots=True)
class Entry:
    """One action of one character."""

    count: int = 0
    clip: str = ""
    """What was played all the same, if anything was."""
    suggestions: tuple[str, ...] = ()


Wanting: TypeAlias = tuple[Entry, str, ClipIndex]


def suggest(wanting: Iterable[Wanting]) -> None:
    """Look for the clips that come nearest to each of these; in any thread."""
    for entry, phrase, index in wanting:
        entry.suggestions = tuple(name for name, _ in nearest(index, phrase) if name != entry.clip)


class Unmapped:
    """The counts of all characters of one bridge. ``changes`` grows with each, so that a writer sees whether there is anything new."""

    def __init__(self) -> None:
        self.changes = 0
        self._characters: dict[str, dict[str, Entry]] = {}
        self._wanting: dict[int, Wanting] = {}

    def see(
        self, character: str, action: str, matches: Sequence[Match], index: ClipIndex, *, heard: Iterable[str], players: Iterable[str]
    ) -> None:
        """Count an action if its clip is missing or doubtful, and it is one.

        ``heard`` is what players said lately, ``players`` their names.
        """
        if matches and matches[0].score >= LOW_SCORE:
            return
        if not matches and index.read(action).kind != "action":
            return  # a thought, an aside, what others do: not meant to be played
        phrase = without_players(action, heard, players, index.language)
        if phrase:
            self._count(character, phrase, matches[0].clip if matches else "", index)

    def _count(self, character: str, phrase: str, clip: str, index: ClipIndex) -> None:
        if character not in self._characters and len(self._characters) >= MAX_CHARACTERS:
            return
        entries = self._characters.setdefault(character, {})
        entry = entries.get(phrase)
        if entry is None:
            if len(entries) >= MAX_ACTIONS:
                del entries[min(entries, key=lambda old: entries[old].count)]
            entry = entries[phrase] = Entry()
            self._wanting[id(entry)] = (entry, phrase, index)
        entry.count += 1
        entry.clip = clip
        self.changes += 1

    def wanting(self) -> list[Wanting]:
        """Return what suggestions are to be looked for, once: ``suggest`` takes milliseconds, too long for an event loop."""
        wanting, self._wanting = list(self._wanting.values()), {}
        return wanting

    def drop_if(self, is_mapped: Callable[[str, str], bool]) -> None:
        """Forget the actions of a character for which this holds: they have a clip now."""
        for character, entries in self._characters.items():
            for action in [action for action in entries if is_mapped(character, action)]:
                del entries[action]
                self.changes += 1

    def rows(self, is_mapped: Callable[[str, str], bool] = lambda character, action: False, limit: int = 200) -> list[dict[str, Any]]:
        """Return what was counted, the most frequent first, as ``stats`` carries it.

        Looks for suggestions that nobody has looked for yet. ``is_mapped`` is asked of a character and an action whether that has found
        a clip since it was counted; then it is left out.
        """
        suggest(self.wanting())
        counted = [
            (-entry.count, character, action, entry)
            for character, entries in self._characters.items()
            for action, entry in entries.items()
            if not is_mapped(character, action)
        ]
        counted.sort(key=lambda each: each[:3])
        return [
            {"character": character, "action": action, "count": entry.count, "suggestions": list(entry.suggestions)}
            | ({"clip": entry.clip} if entry.clip else {})
            for _, character, action, entry in counted[:limit]
        ]

    def state(self) -> State:
        """All of it as plain values."""
        return {
            "version": 1,
            "characters": {
                character: {action: [entry.count, entry.clip, *entry.suggestions] for action, entry in entries.items()}
                for character, entries in self._characters.items()
            },
        }

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Unmapped:
        """Go on from a state. What is not as it should be is left out: these are counts, and not worth an error."""
        new = cls()
        characters = state.get("characters")
        for character, actions in characters.items() if isinstance(characters, dict) else ():
            entries = {}
            for action, values in actions.items() if isinstance(actions, dict) else ():
                match values:
                    case [int(count), str(clip), *names] if not isinstance(count, bool) and all(isinstance(name, str) for name in names):
                        entries[str(action)] = Entry(count, clip, tuple(names[:3]))
            if len(new._characters) < MAX_CHARACTERS:
                new._characters[str(character)] = dict(list(entries.items())[:MAX_ACTIONS])
        return new


def without_players(action: str, heard: Iterable[str], players: Iterable[str], language: str = "") -> str:
    """Return an action as it is counted: plain words, with "you" for a player's name; "" for one that may hold what a player said.

    That is one with quotation marks, an address or a number in it, one that has three words in a row (four characters of Chinese or
    Japanese) from a player's last lines, and one with a word of theirs that no list of ours knows.
    """
    if len(action) > MAX_ACTION_CHARS or _PRIVATE.search(action):
        return ""
    text = unicodedata.normalize("NFKC", action)
    for name in sorted(filter(None, players), key=len, reverse=True):
        you = _NAMELESS.get(language[:2], "你") if _UNSPACED.search(text) else "you"
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)" if name.isascii() else re.escape(name), you, text, flags=re.IGNORECASE)
    phrase = plain_words(text)
    words = phrase.split()
    knows, base = english().knows, english().base
    for line in map(plain_words, heard):
        theirs = f" {line} "
        if _UNSPACED.search(phrase):
            if any(phrase[k : k + _SAME_CHARS] in line for k in range(len(phrase) - _SAME_CHARS + 1)):
                return ""
        elif any(f" {' '.join(words[k : k + _SAME_WORDS])} " in theirs for k in range(len(words) - _SAME_WORDS + 1)):
            return ""
        if any(len(word) > 3 and word.isascii() and f" {word} " in theirs and not knows(base(word)) for word in words):
            return ""
    return phrase
