"""Reads an English action: its clauses, and what each of them shows.

Without a grammar of English: a clause counts when it begins with a verb that the list has, after its subject and adverbs, or is a gesture
that is given, made or had. That keeps verbs in the middle of a clause, which mostly are somebody else's, from moving this character. The
names of word classes are those of ``lexicon/en.toml``.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from npc_bridge.core.clips_lexicon import English, Found, Reading, VerbPattern

Own = Mapping[str, Sequence[VerbPattern]]
"""Phrases beside the list, by their first word: the clips' own names and aliases."""

_CLAUSE_END = re.compile(r"[,;:.!?…—–]+|\s-+\s|\s*[/|]\s*")
_ENDED = re.compile(r"[,;.!?]\s*$")
_WORD = re.compile(r"[A-Za-z]+(?:['’][a-z]+)?|\d+")


class _Clause:
    """The words of a clause, as written and in the form of the list."""

    def __init__(self, raw: list[str], english: English, *, is_joined: bool, after: _Clause | None) -> None:
        self.raw = raw
        self.text = " ".join(raw)
        self.is_joined = is_joined
        """Whether "and", "then" or "but" joins it to the clause before, so that it may share its subject."""
        self.tail: _Clause | None = None
        """The clause after it, when only "with" comes between: "shakes with rage" is one thing, "nods with a smile" two."""
        self._classes = english.classes
        self.words = [word.lower().replace("’", "'") for word in raw]
        self.bases = [english.base(word) for word in self.words]
        for k, word in enumerate(self.words[:-1]):
            if word == "her" and not (self.is_in(k + 1, "after_object") or self.words[k + 1].endswith("ly")):
                self.bases[k] = "their"  # hers, not her: "bites her lip" bites nobody
        if after is not None and self.words[0] == "with":
            after.tail = self

    def word(self, k: int) -> str:
        return self.words[k] if 0 <= k < len(self.words) else ""

    def is_in(self, k: int, *classes: str) -> bool:
        """Whether the word at ``k``, as written or in its base form, is of one of these classes."""
        if not 0 <= k < len(self.words):
            return False
        return any(self.words[k] in self._classes[name] or self.bases[k] in self._classes[name] for name in classes)


def read_english(
    action: str, english: English, own: Own, *, is_early: bool = False, is_same: Callable[[str, str], bool] = operator.eq
) -> Reading:
    """Return the senses of an action, in its order. ``is_early``: it is still being written, so ask what could change.

    ``is_same`` says of two senses whether it makes no difference which of them it will be.
    """
    found: list[Found] = []
    kinds: list[str] = []
    is_after_thought = is_others = False
    swallowed: _Clause | None = None
    clauses = _clauses(action, english)
    growing = clauses[-1] if is_early and clauses and not _ENDED.search(action) else None
    for clause in clauses:
        if clause is swallowed:
            continue
        start, reason = _start(clause, english)
        is_others = reason == "scene" or (is_others and clause.is_joined and not clause.is_in(0, "subjects"))
        if start < 0 or is_others:
            kinds.append(reason or "scene")
            continue
        if is_after_thought and not (clause.words[start].endswith(("s", "ing")) or clause.is_in(start - 1, "subjects")):
            continue
        is_growing = growing is not None and growing in (clause, clause.tail)
        hit = _find(clause, start, english, own, is_early=is_growing, is_same=is_same)
        if hit is None:
            continue
        if hit.sense in {"_thought", "_speech"}:
            kinds.append("thought" if hit.sense == "_thought" else "tone")
            is_after_thought = is_after_thought or hit.sense == "_thought"
        else:
            found.append(hit)
            swallowed = clause.tail if hit.takes_tail else None
    words = action.lower().split()
    if not found and "thought" not in kinds and words and (words[0] in english.classes["aside"] or words[0].isdigit()):
        kinds = ["aside"]
    return Reading(tuple(found), kinds[0] if kinds else "action")


def _clauses(action: str, english: English) -> list[_Clause]:
    clauses: list[_Clause] = []
    for part in _CLAUSE_END.split(action.replace("-", " ")):
        words = _WORD.findall(part)
        begin, is_joined = 0, False
        for k in range(1, len(words) + 1):
            if k < len(words) and not (k > begin and _splits(words, begin, k, english)):
                continue
            own = _without_subordinate(words[begin:k], english)
            if own:
                clauses.append(_Clause(own, english, is_joined=is_joined, after=clauses[-1] if begin else None))
            if k < len(words):
                is_joined = words[k].lower() in {"and", "then", "but"}
                begin = k if words[k].lower() == "with" else k + 1
    return clauses


def _splits(words: list[str], begin: int, k: int, english: English) -> bool:
    """Whether the word at ``k`` begins another clause than the one that began at ``begin``."""
    word, following = words[k].lower(), words[k + 1].lower() if k + 1 < len(words) else ""
    if word in english.classes["splitting"]:
        return following not in english.classes["together"] and not (word == "before" and not following.endswith("ing"))
    if word == "as":
        return following in english.classes["subjects"]
    first = english.base(words[begin].lower())
    return word == "to" and english.base(following) in english.verbs and first in english.classes["before_purpose"]


def _without_subordinate(words: list[str], english: English) -> list[str]:
    for k, word in enumerate(map(str.lower, words)):
        following = words[k + 1].lower() if k + 1 < len(words) else ""
        is_end = (
            (word in english.classes["subordinate"] and not (word == "that" and not following))
            or (k > 1 and (word == "like" or (word == "as" and following in {"if", "though"})))
            or (word == "so" and k + 2 < len(words))
        )
        if k and is_end:
            return words[:k]
    return words


def _start(clause: _Clause, english: English) -> tuple[int, str]:
    """Where a clause's verb stands, after subject and adverbs; or -1 and what it is instead of an action of this character."""
    if clause.words[0] in english.classes["subordinate"]:
        return -1, "thought" if clause.words[0] in {"why", "how", "what", "whether"} else "aside"
    k, last = 0, len(clause.words) - 1
    while k <= last:
        word, following = clause.words[k], clause.word(k + 1)
        reason = next((reason for name, reason in _NOT_HIS_OWN if word in english.classes[name]), "")
        if reason:
            # "cannot meet your eye" is in the list as it stands.
            return (k, "") if clause.bases[k] in english.verbs and _verb(clause.bases[k:], english, {}) else (-1, reason)
        if word in english.classes["determiners"]:
            return (k, "") if _is_own(clause, k, english) else (-1, "scene")
        step = _before_verb(clause, k, following, english)
        if not step:
            return k, ""
        k += step
    return last, ""


_NOT_HIS_OWN = (("not", "aside"), ("modals", "thought"), ("others", "scene"), ("later", "scene"))


def _before_verb(clause: _Clause, k: int, following: str, english: English) -> int:
    """How many words to skip at ``k`` because they only stand before the verb."""
    word = clause.words[k]
    if word in english.classes["subjects"] | english.classes["own"] | english.classes["ways"]:
        return 1
    if word in english.classes["auxiliaries"]:
        return 1 if following else 0
    if word.endswith("ly") and following and clause.bases[k] not in english.verbs:
        return 1
    if clause.bases[k] in english.classes["beginning"] and (following == "to" or following.endswith("ing")):
        return 2 if following == "to" else 1
    if clause.bases[k] in {"go", "keep", "carry"} and following == "on" and clause.word(k + 2).endswith("ing"):
        return 2
    is_name = k == 0 and clause.raw[0][0].isupper() and not english.knows(clause.bases[0])
    return 1 if is_name and following.endswith(("s", "ed")) else 0


def _is_own(clause: _Clause, k: int, english: English) -> bool:
    """Whether a clause that begins like "a curt ..." is about this character: a gesture without a verb, or a part of the body."""
    if clause.word(k + 1) in english.classes["body"] or clause.word(k + 2) in english.classes["body"]:
        return True
    # As written: "a cold wind blows" gives no blow.
    return english.nouns.search(" ".join(clause.words[k + 1 : k + 5])) is not None


def _find(clause: _Clause, start: int, english: English, own: Own, *, is_early: bool, is_same: Callable[[str, str], bool]) -> Found | None:
    head = start
    while clause.is_in(head, "determiners", "own"):
        head += 1
    if clause.word(head) == "with":
        # "with hands on hips", but not "with shaking voice"
        inner = next(k for k in range(head + 1, len(clause.words) + 1) if not clause.is_in(k, "determiners", "own"))
        head = inner if clause.is_in(inner, "body") else head
    bases = clause.bases[head:]
    if bases:
        bases[0] = _as_verb(clause, head, english)
    verb = _verb(bases, english, own)
    if clause.tail is not None:
        longer = _verb(bases + clause.tail.bases, english, own)
        if longer is not None and (verb is None or longer[0].weight > verb[0].weight):
            if not longer[0].sense.startswith("_"):
                return Found(longer[0].sense, longer[1], f"{clause.text} {clause.tail.text}", takes_tail=True)
            verb = longer
    is_giving = clause.bases[start] in english.classes["giving"]
    if verb is None or is_giving:
        noun = _noun(clause, start, english, is_giving=is_giving)
        # "casts a glance round the room" and "drops her gaze" are more than a glance and a gaze.
        is_more = verb is not None and verb[0].weight > (1 if noun and _is_possessed(clause, noun.words) else 2)
        if noun is not None and not is_more:
            return replace(noun, is_settled=not is_early)
    if verb is None:
        return _mood(clause, start, "", english)
    pattern, said = verb
    if pattern.sense.startswith("_"):
        return _mood(clause, start, pattern.sense, english) or Found(pattern.sense, said, clause.text)
    is_settled = not (is_early and is_giving)
    if is_early and is_settled:
        rivals = (*own.get(bases[0], ()), *english.verbs.get(bases[0], ()))
        heavier = [rival for rival in rivals if rival.weight >= pattern.weight and not is_same(rival.sense, pattern.sense)]
        is_settled = not any(rival.can_still_match(_plain(bases, english)) for rival in heavier)
    return Found(pattern.sense, said, clause.text, is_settled=is_settled)


def _as_verb(clause: _Clause, k: int, english: English) -> str:
    """The base form at ``k``, with a plus where a part of the body is a verb: "hands you the cup", but "hands on hips"."""
    base = clause.bases[k]
    if not english.knows(base + "+") or clause.is_in(k - 1, "own", "determiners"):
        return base
    if not (
        clause.word(k + 1) in english.classes["after_verb"] or clause.word(k + 1).endswith("ly") or clause.bases[k + 1 : k + 2] == ["their"]
    ):
        return base
    # "hand over her heart" is a hand, "hands over her purse" a gift.
    return base if clause.words[k] == base and clause.is_in(k + 2, "body") else base + "+"


def _verb(bases: list[str], english: English, own: Own) -> tuple[VerbPattern, str] | None:
    """The phrase with the most words that the clause begins with, and those words."""
    plain = _plain(bases, english)
    if not plain:
        return None
    text = " ".join(plain) + " "
    best: tuple[VerbPattern, str] | None = None
    for pattern in (*own.get(plain[0], ()), *english.verbs.get(plain[0], ())):
        if best is None or _rank(pattern) > _rank(best[0]):
            hit = pattern.regex.match(text)
            best = (pattern, hit.group().strip()) if hit else best
    return best


def _plain(bases: list[str], english: English) -> list[str]:
    """The words without those that only say how."""
    degrees = english.classes["degrees"]
    return [word for word in bases if not (word in degrees or (word.endswith("ly") and not english.knows(word)))]


def _rank(pattern: VerbPattern) -> tuple[int, bool, bool]:
    return pattern.weight, not pattern.sense.startswith("_"), pattern.sense.startswith("=")


def _noun(clause: _Clause, start: int, english: English, *, is_giving: bool) -> Found | None:
    """A gesture that is given or had: "gives a curt nod", "with a sly grin", "a smile on his lips"."""
    words = clause.words[start:]
    text = " ".join(clause.bases[start + 1 :] if is_giving else clause.bases[start:])
    if not is_giving and clause.words[0] != "with" and not clause.is_in(start, "determiners", "own"):
        is_short = len(words) <= 3 and clause.bases[start] not in english.verbs and english.nouns.search(words[-1]) is not None
        if not is_short and english.nouns.fullmatch(text) is None:
            return None
    hit = english.nouns.search(text)
    if hit is None or (is_giving and _where_it_goes(clause, start) <= text[: hit.start()].count(" ")):
        return None
    sense = english.noun_senses[(hit.lastindex or 1) - 1]
    if text[hit.end() :].startswith(" of ") and sense not in english.classes["of_feeling"]:
        return _mood(clause, start, "", english) if hit.group().split()[-1] in english.classes["showing"] else None
    if sense == "look_at" and (mood := english.moods.search(text)):
        return Found(english.mood_senses[(mood.lastindex or 1) - 1], mood.group(), clause.text, is_mood=True)
    return Found(sense, hit.group(), clause.text)


def _where_it_goes(clause: _Clause, start: int) -> int:
    """Up to which word something is given: "throws up an arm | to ward off the blow"."""
    bases = clause.bases[start + 1 :]
    ends = (k for k, base in enumerate(bases) if k and base in {"to", "toward", "towards", "from", "off", "against", "at", "into"})
    return next(ends, len(bases))


def _is_possessed(clause: _Clause, noun: str) -> bool:
    """Whether the noun is something the character has: "drops her gaze" drops no look."""
    k = " ".join(clause.bases).split(f" {noun}")[0].count(" ")
    return clause.is_in(k, "own")


_BEFORE_MOOD = ("determiners", "own", "subjects", "ways", "auxiliaries", "showing")


def _mood(clause: _Clause, start: int, verb_sense: str, english: English) -> Found | None:
    """A state of mind, when it is the manner of speaking or all that is said."""
    text = " ".join(clause.bases)
    hit = english.moods.search(text)
    if hit is None:
        return None
    before = text[: hit.start()].split()
    if len(before) == start and clause.words[start] == clause.bases[start] + "s":
        return None  # "fears", "crosses": a verb
    is_manner = verb_sense == "_speech" or (verb_sense == "_own_body" and before[-1:] == ["in"])
    is_seeming = clause.bases[start] in english.classes["seeming"] and len(before) <= start + 4
    is_all = len(before) <= 3 and (
        before[:1] in (["with"], ["in"])
        or all(
            clause.is_in(k, *_BEFORE_MOOD) or word in {"by", "of", "more"} or word.endswith(("ly", "ed", "ing", "y"))
            for k, word in enumerate(before)
        )
    )
    if not (is_manner or is_seeming or is_all):
        return None
    return Found(english.mood_senses[(hit.lastindex or 1) - 1], hit.group(), clause.text, is_mood=True)
