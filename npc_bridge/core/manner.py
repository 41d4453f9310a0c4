"""How a character may speak: what a model writes beside that is taken out of its reply while it streams.

Four things, one after the other, each of them holding back as little as it can:

- the NPC's own ``Name:`` at the beginning of a line is left out, and that of anyone else ends the reply;
- a phrase that must not be said ends the reply before it is shown (``phrases.py``);
- a sentence that the NPC has just said in one of its last replies is left out, and one too many ends the reply;
- actions are left out if the character has none.

It works on the reply as the model wrote it, actions included, and knows neither models nor time.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from npc_bridge.core.cues import CueParser, Speech
from npc_bridge.core.phrases import PhraseSet, PhraseWatch
from npc_bridge.core.sentences import SentenceReader, sentences

if TYPE_CHECKING:
    from npc_bridge.core.conversation import Conversation

OUT_OF_CHARACTER = "out_of_character"
"""The label of a phrase that gives the model away."""
REMEMBERED_REPLIES = 3
_SHORTEST_REPEATED = 16
"""In letters, a Chinese or Japanese one counting double: ``Aye.`` may be said again."""
_OWN_NAMES = ("assistant", "npc")
_PLAYERS_NAMES = ("user", "player", "human", "you", "system", "玩家", "用户", "用戶", "プレイヤー", "ユーザー")
_DECORATION = "*_#>[【「"
_AFTER_NAME = "*_]】」 \t"
_MOST_AROUND_NAME = 16
"""White space and marks around a name; with more it is none."""
_LINE_ENDS = "\n"


@dataclass(frozen=True, slots=True)
class Rules:
    """What one reply is held to. The defaults allow everything."""

    name: str = ""
    """The NPC's own name."""
    others: tuple[str, ...] = ()
    """Names of everyone else who takes part: a line that begins with one of them ends the reply."""
    max_sentences: int = 0
    said: frozenset[str] = frozenset()
    """Sentences that must not come again, as ``said_in`` gives them."""
    phrases: PhraseSet | None = None
    """What must not be said."""
    styles: tuple[str, ...] = ("paren",)
    """What marks an action, as for ``CueParser``."""
    without_actions: Callable[[], CueParser] | None = None
    """Makes a reader that finds the actions to leave out; None: they stay."""


def rules_for(talk: Conversation, *, is_second_try: bool = False) -> Rules:
    """What the next reply of this NPC is held to. A second try may repeat what was said: better that than nothing."""
    style = talk.character.style
    replies = [line.text for line in talk.history.lines if line.role == "assistant"][-REMEMBERED_REPLIES:]
    return Rules(
        name=talk.name,
        others=talk.other_names,
        max_sentences=style.max_sentences,
        said=said_in(replies, style.marks) if style.repeats == "avoid" and not is_second_try else frozenset(),
        phrases=talk.moderation.watched(style.out_of_character == "catch"),
        styles=style.marks,
        without_actions=talk.parser if style.actions == "off" else None,
    )


class Manner:
    """Holds one reply, fed in pieces of any size, to the rules. All it returns together does not depend on where it was cut."""

    __slots__ = ("_actions", "_names", "_sentences", "_watch", "is_over", "offence")

    def __init__(self, rules: Rules) -> None:
        self.is_over = False
        """Nothing of what the model still writes will be shown."""
        self.offence = ""
        """The label of the phrase that ended the reply, if one did."""
        self._names = _Names(rules.name, rules.others) if rules.name or rules.others else None
        self._watch = PhraseWatch(rules.phrases) if rules.phrases else None
        self._sentences = _Sentences(rules.max_sentences, rules.said, rules.styles) if rules.max_sentences or rules.said else None
        self._actions = rules.without_actions() if rules.without_actions is not None else None

    def feed(self, piece: str) -> str:
        """Return what of the reply can go on its way to the player."""
        if self.is_over:
            return ""
        names, watch = self._names, self._watch
        is_last = False
        if names is not None and (names.is_looking or _LINE_ENDS in piece):
            piece = names.feed(piece)
            is_last = names.is_over
        if watch is not None:
            piece = watch.feed(piece)
            is_last = is_last or bool(watch.found)
        if is_last:
            return self._end(piece)
        if self._sentences is not None:
            piece = self._sentences.feed(piece)
            if self._sentences.is_over:
                self.is_over = True
        return piece if self._actions is None else self._without_actions(piece)

    def close(self) -> str:
        """Return what was held back; the reply is over."""
        if self.is_over:
            return ""
        held = self._names.close() if self._names is not None else ""
        return self._end(self._watch.feed(held) if self._watch is not None else held)

    def _end(self, text: str) -> str:
        """Let the last of the reply, and what was held back of it, through the rest of the rules."""
        self.is_over = True
        watch, limit = self._watch, self._sentences
        if watch is not None:
            text += watch.close()
            self.offence = watch.found
        if limit is not None:
            text = limit.feed(text)
            if limit.is_over:
                self.offence = ""  # it came after what was one sentence too many
            else:
                text += limit.close()
        return text if self._actions is None else self._without_actions(text)

    def _without_actions(self, text: str) -> str:
        assert self._actions is not None
        parts = self._actions.feed(text) + (self._actions.close() if self.is_over else [])
        return "".join(part.text for part in parts if isinstance(part, Speech))


class _Names:
    """Takes the NPC's own name off the beginning of lines, and ends the reply where a line begins with another's."""

    __slots__ = ("_held", "_is_bold", "_is_stripping", "_longest", "_others", "_own", "is_looking", "is_over")

    def __init__(self, name: str, others: Iterable[str]) -> None:
        self._own = {each.lower() for each in (name, *name.split()[:1], *_OWN_NAMES) if each}
        self._others = {each.lower() for other in (*others, *_PLAYERS_NAMES) for each in (other, *other.split()[:1]) if each} - self._own
        self._longest = max(map(len, self._own | self._others))
        self._held = ""
        self.is_looking = True
        """Whether this is the beginning of a line, where a name may stand."""
        self._is_stripping = self._is_bold = False
        self.is_over = False

    def feed(self, piece: str) -> str:
        shown = ""
        while piece and not self.is_over:
            if not self.is_looking:
                end = piece.find("\n") + 1
                if not end:
                    return shown + piece
                shown, piece, self.is_looking = shown + piece[:end], piece[end:], True
            elif self._is_stripping:
                rest = piece.lstrip(" \t*_]】」" if self._is_bold else " \t")
                if rest:
                    self.is_looking = self._is_stripping = False
                piece = rest
            else:
                # Letter by letter, for a name's length at most: where a line begins is rarely fed in large pieces.
                self._held, piece = self._held + piece[0], piece[1:]
                shown += self._look()
        return shown

    def close(self) -> str:
        held, self._held = self._held, ""
        return held

    def _look(self) -> str:
        """Decide about what was held; return what of it can be shown."""
        held = self._held
        name = held.lstrip(_DECORATION + " \t").lower()
        if name[-1:] in (":", "："):
            who = name[:-1].rstrip(_AFTER_NAME)
            if who in self._others:
                self.is_over = True
            elif who in self._own:
                self._is_stripping, self._is_bold = True, held.lstrip()[:1] in _DECORATION
            if self.is_over or self._is_stripping:
                self._held = ""
                return ""
        if len(held) <= self._longest + _MOST_AROUND_NAME and any(self._may_be(name)):
            return ""
        self._held, self.is_looking = "", held[-1:] == "\n"
        return held

    def _may_be(self, name: str) -> Iterator[bool]:
        """For each name, whether this is its beginning, or all of it with a colon yet to come."""
        for each in (*self._own, *self._others):
            yield each.startswith(name) or (name.startswith(each) and not name[len(each) :].strip(_AFTER_NAME))


class _Sentences:
    """Ends a reply after so many sentences, and leaves out those that were said before."""

    __slots__ = ("_count", "_held", "_letters", "_matching", "_most", "_reader", "_said", "is_over")

    def __init__(self, most: int, said: frozenset[str], styles: Iterable[str]) -> None:
        self.is_over = False
        self._most = most
        self._said = said
        self._reader = SentenceReader(styles)
        self._count = 0
        self._held = ""
        """The beginning of a sentence that may be one of ``_matching``: those that begin with the same ``_letters``."""
        self._letters = ""
        self._matching: list[str] = []

    def feed(self, piece: str) -> str:
        if self.is_over:
            return ""
        if not self._matching and self._reader.is_inside(piece):
            return piece
        shown, begin = "", 0
        for place, is_beginning in self._reader.feed(piece):
            shown += self._read(piece[begin:place])
            begin = place
            if not is_beginning:
                shown += self.close()
            elif self._most and self._count >= self._most:
                self.is_over = True
                return shown
            else:
                self._count += 1
                self._letters, self._matching = "", list(self._said)
        return shown + self._read(piece[begin:])

    def close(self) -> str:
        """The sentence is over: return what was held of it, unless it was said before."""
        held, self._held, self._matching = self._held, "", []
        if held and self._letters in self._said:
            self._count -= 1
            return ""
        return held

    def _read(self, text: str) -> str:
        if not self._matching:
            return text
        self._held += text
        self._letters += letters_of(text)
        self._matching = [each for each in self._matching if each.startswith(self._letters)]
        if self._matching:
            return ""
        held, self._held = self._held, ""
        return held


def said_in(replies: Sequence[str], styles: Iterable[str] = ("paren",)) -> frozenset[str]:
    """The sentences of these replies that are long enough to be noticed when they come again, as they are compared: letters only."""
    compared = (letters_of(sentence) for reply in replies for sentence in sentences(reply, styles))
    return frozenset(each for each in compared if sum(1 + (char >= "⺀") for char in each) >= _SHORTEST_REPEATED)


def letters_of(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()


@lru_cache(maxsize=1)
def out_of_character() -> tuple[str, ...]:
    """The phrases that give a model away."""
    tables = tomllib.loads(files(__package__).joinpath("out_of_character.toml").read_text(encoding="utf-8"))
    return tuple(phrase for phrases in tables.values() for phrase in phrases)
