"""Reads an English action: its clauses, and what each of them shows.

Without a grammar of English: a clause counts when it begins with a verb that the list has, after its subject and adverbs, or is a gesture
that is given, made or had. That keeps verbs in the middle of a clause, which mostly are somebody else's, from moving this character.
"""

from __future__ import annotations

import re

from npc_bridge.core.clips_lexicon import English, Found, Reading, VerbPattern

_CLAUSE_END = re.compile(r"[,;:.!?…—–]+|\s-+\s|\s*[/|]\s*")
_WORD = re.compile(r"[A-Za-z]+(?:['’][a-z]+)?|\d+")

_SUBJECTS = frozenset("he she they i we himself herself".split())
_OWN = frozenset("his her their my its".split())
_AUXILIARIES = frozenset("is are was were be been being am has have had do does did will shall just then".split())
_BEGINNINGS = frozenset("begin start continue proceed keep manage move go rush hurry stop pause turn lean step reach bend rise".split())
_BEGIN_TO = frozenset("begin start continue proceed keep manage resume".split())
_NOT = frozenset("not never no without don't doesn't didn't won't wouldn't can't cannot couldn't isn't hardly barely almost nearly".split())
_DETERMINERS = frozenset(
    "the a an this that these those some several many few all both each every another other one two three four five six seven eight "
    "nine ten dozen hundred".split()
)
_OTHERS = frozenset("you it everyone everybody someone somebody nobody people others nothing something who there".split())
_SUBORDINATE = frozenset(
    "because that who whom which whose where when whenever until unless than if though although why how what whether since".split()
)
_ASIDE = frozenset(
    "about around approximately roughly or nearly as if of from for by in at on to not but well maybe perhaps probably actually also "
    "like literally namely which called named aka ie eg note ooc though although because since whatever until between unless".split()
)
_AFTER_OBJECT = frozenset(
    "a an the to in on at with by and into over out from down up back away for of off across through toward towards against around "
    "something some another one two again once more until as so while before after then gently hard close closer tight tightly good".split()
)
_AFTER_VERB = frozenset(
    "you him them me us it the a an your each over out back down up for to toward towards off away everyone someone one two another".split()
)
_MODALS = frozenset("should would could might must may ought".split())
_LATER = frozenset("later meanwhile afterwards elsewhere outside inside tomorrow yesterday tonight soon eventually years days hours".split())
_SPLIT = frozenset("and then while before with but".split())
_TOGETHER = frozenset("right left down forth out round over again away up off in".split())
_GIVING = frozenset(
    "give offer make drop flash let heave do perform take break burst crack manage wear put force have cast shoot throw sweep sketch "
    "execute breathe draw utter release blow dip spare muster stifle suppress hide return earn get share exchange offering answer".split()
)
_SEEMING = frozenset("look seem appear sound feel grow become turn go act".split())
_SHOWING = frozenset("look expression face air tone voice eyes eye glance stare gaze manner note".split())
_BODY = frozenset(
    "hand hands arm arms finger fingers head eye eyes eyebrow eyebrows brow face lip lips mouth shoulder shoulders chin cheek cheeks "
    "leg legs knee knees foot feet jaw nose fist fists voice tear tears ear ears gaze breath color colour smile grin body tooth teeth".split()
)
_OF_FEELING = frozenset("laugh sigh smile gasp nod shake_head grin chuckle giggle snort cry tremble shrug frown whisper".split())
_WAYS = frozenset("again once more back still now slowly quite very so too rather all somewhat most half slightly bit".split())
_WAYS_ONLY = frozenset("quite very so too rather somewhat most slightly bit".split())


class _Clause:
    """The words of a clause, as written and in the form of the list."""

    def __init__(self, words: list[str], english: English, *, is_joined: bool) -> None:
        self.text = " ".join(words)
        self.is_joined = is_joined
        """Whether "and", "then" or "but" joins it to the clause before, so that it may share its subject."""
        self.tail: list[str] = []
        """The clause after it, when only "with" comes between: "shakes with rage" is one thing, "nods with a smile" two."""
        self.words = [word.lower().replace("’", "'") for word in words]
        self.raw = words
        self.bases = [english.base(word) for word in self.words]
        for k, word in enumerate(self.words[:-1]):
            if word == "her" and not (self.words[k + 1] in _AFTER_OBJECT or self.words[k + 1].endswith("ly")):
                self.bases[k] = "their"  # hers, not her: "bites her lip" bites nobody


def read_english(action: str, english: English, own: dict[str, list[VerbPattern]]) -> Reading:
    """Return the senses of an action. ``own`` are phrases beside the list: the clips' own names and aliases."""
    found: list[Found] = []
    kind = "action"
    is_after_thought = is_others = False
    swallowed: list[str] = []
    for clause in _clauses(action, english):
        if swallowed is clause.bases:
            continue
        start, reason = _start(clause, english)
        is_others = reason == "scene" or (is_others and clause.is_joined and clause.words[0] not in _SUBJECTS)
        if start < 0 or is_others:
            kind = (reason or "scene") if kind == "action" else kind
            continue
        if is_after_thought and not _is_finite(clause, start):
            continue
        hit = _find(clause, start, english, own)
        if hit is None:
            continue
        if hit.sense == "_thought":
            kind, is_after_thought = ("thought" if kind == "action" else kind), True
        elif hit.sense == "_speech":
            kind = "tone" if kind == "action" else kind
        else:
            found.append(hit)
            swallowed = clause.tail if hit.takes_tail else []
    if not found and kind in {"action", "scene"} and _is_aside(action):
        kind = "aside"
    return Reading(tuple(found), kind)


def _is_aside(action: str) -> bool:
    words = action.lower().split()
    return bool(words) and (words[0] in _ASIDE or words[0].isdigit())


def _clauses(action: str, english: English) -> list[_Clause]:
    clauses: list[_Clause] = []
    for part in _CLAUSE_END.split(action.replace("-", " ")):
        words = _WORD.findall(part)
        begin, is_joined = 0, False
        for k in range(1, len(words) + 1):
            if k < len(words) and not (k > begin and _splits(words, begin, k, english)):
                continue
            own = _cut_subordinate(words[begin:k])
            if own:
                clauses.append(_Clause(own, english, is_joined=is_joined))
                if own[0].lower() == "with" and len(clauses) > 1 and begin:
                    clauses[-2].tail = clauses[-1].bases
            if k < len(words):
                is_joined = words[k].lower() in {"and", "then", "but"}
                begin = k if words[k].lower() == "with" else k + 1
    return clauses


def _splits(words: list[str], begin: int, k: int, english: English) -> bool:
    """Whether the word at ``k`` begins another clause than the one that began at ``begin``."""
    word, following = words[k].lower(), words[k + 1].lower() if k + 1 < len(words) else ""
    if word in _SPLIT:
        return following not in _TOGETHER and not (word == "before" and not following.endswith("ing"))
    if word == "as":
        return following in _SUBJECTS
    return word == "to" and english.base(following) in english.verbs and english.base(words[begin].lower()) in _BEGINNINGS


def _cut_subordinate(words: list[str]) -> list[str]:
    for k, raw in enumerate(words):
        word = raw.lower()
        if k and word in _SUBORDINATE and not (word == "that" and k + 1 == len(words)):
            return words[:k]
        if k > 1 and (word == "like" or (word == "as" and words[k + 1 : k + 2] and words[k + 1].lower() in {"if", "though"})):
            return words[:k]
        if k and word == "so" and k + 2 < len(words):
            return words[:k]
    return words


def _start(clause: _Clause, english: English) -> tuple[int, str]:
    """Where a clause's verb stands, after subject and adverbs; or -1 and what the clause is instead of an action of this character."""
    words, k = clause.words, 0
    if words[0] in _SUBORDINATE:
        return -1, "thought" if words[0] in {"why", "how", "what", "whether"} else "aside"
    while k < len(words):
        word = words[k]
        following = words[k + 1] if k + 1 < len(words) else ""
        if word in _NOT:
            return -1, "aside"
        if word in _MODALS:
            return -1, "thought"
        if word in _OTHERS:
            return -1, "scene"
        if word in _LATER:
            return -1, "scene"
        if word in _SUBJECTS or word in _OWN or word in _WAYS or (word in _AUXILIARIES and following):
            k += 1
        elif word.endswith("ly") and following and clause.bases[k] not in english.verbs:
            k += 1
        elif word in _DETERMINERS:
            if not _is_own(clause, k, english):
                return -1, "scene"
            return k, ""
        elif clause.bases[k] in _BEGIN_TO and (following == "to" or following.endswith("ing")):
            k += 2 if following == "to" else 1
        elif k == 0 and clause.raw[0][0].isupper() and not english.knows(clause.bases[0]) and following.endswith(("s", "ed")):
            k += 1
        else:
            return k, ""
    return len(words) - 1, ""


def _is_own(clause: _Clause, k: int, english: English) -> bool:
    """Whether a clause that begins like "a curt ..." is about this character: a gesture without a verb, or a part of the body."""
    if any(word in _BODY for word in clause.words[k + 1 : k + 3]):
        return True
    # As written: "a cold wind blows" gives no blow.
    return english.nouns.search(" ".join(clause.words[k + 1 : k + 5])) is not None


def _is_finite(clause: _Clause, start: int) -> bool:
    return clause.words[start].endswith(("s", "ing")) or (start > 0 and clause.words[start - 1] in _SUBJECTS)


def _find(clause: _Clause, start: int, english: English, own: dict[str, list[VerbPattern]]) -> Found | None:
    bases = clause.bases[start:]
    skip = 0
    while skip < len(bases) and clause.words[start + skip] in _DETERMINERS | _OWN:
        skip += 1
    if skip < len(bases):
        bases[skip] = _as_verb(clause, start + skip, english)
    verb = _verb(bases[skip:], english, own) if skip < len(bases) else None
    if clause.tail and (longer := _verb(bases[skip:] + clause.tail, english, own)) and (not verb or longer.weight > verb.weight):
        return Found(longer.sense, longer.source, clause.text, takes_tail=True)
    if verb is None or bases[0] in _GIVING:
        noun = _noun(clause, start, english)
        if noun is not None:
            return noun
    if verb is not None and not verb.sense.startswith("_"):
        return verb_found(verb, bases[skip:], clause, english)
    mood = _mood(clause, start, verb, english)
    if mood is not None:
        return mood
    return Found(verb.sense, verb.source, clause.text) if verb is not None else None


def _as_verb(clause: _Clause, k: int, english: English) -> str:
    """The base form at ``k``, with a plus where a part of the body is a verb: "hands you the cup", but "hands on hips"."""
    word, base = clause.words[k], clause.bases[k]
    if not english.knows(base + "+") or (k and clause.words[k - 1] in _OWN | _DETERMINERS):
        return base
    following = clause.words[k + 1] if k + 1 < len(clause.words) else ""
    if following in _AFTER_VERB or following.endswith("ly") or clause.bases[k + 1 : k + 2] == ["their"]:
        return base if word == base and clause.bases[k + 2 : k + 3] and clause.bases[k + 2] in _BODY else base + "+"
    return base


def verb_found(verb: VerbPattern, bases: list[str], clause: _Clause, english: English) -> Found:
    rivals = english.verbs.get(bases[0], [])
    is_settled = all(other.weight <= verb.weight or other.sense == verb.sense for other in rivals)
    return Found(verb.sense, verb.source, clause.text, is_settled=is_settled)


def _verb(bases: list[str], english: English, own: dict[str, list[VerbPattern]]) -> VerbPattern | None:
    plain = [word for word in bases if not (word in _WAYS_ONLY or (word.endswith("ly") and not english.knows(word)))]
    if not plain:
        return None
    text = " ".join(plain) + " "
    best: VerbPattern | None = None
    for pattern in (*own.get(plain[0], ()), *english.verbs.get(plain[0], ())):
        if pattern.regex.match(text) and (best is None or _rank(pattern) > _rank(best)):
            best = pattern
    return best


def _rank(pattern: VerbPattern) -> tuple[int, bool, bool]:
    return pattern.weight, not pattern.sense.startswith("_"), pattern.sense.startswith("=")


def _noun(clause: _Clause, start: int, english: English) -> Found | None:
    """A gesture that is given or had: "gives a curt nod", "with a sly grin", "a smile on his lips"."""
    first = clause.bases[start]
    words, text = clause.words[start:], " ".join(clause.bases[start:])
    if first not in _GIVING and clause.words[0] != "with" and clause.words[start] not in _DETERMINERS | _OWN:
        only = english.nouns.fullmatch(text)
        if only is None and not (len(words) <= 3 and first not in english.verbs and english.nouns.search(words[-1])):
            return None
    if first in _GIVING:
        text = " ".join(clause.bases[start + 1 :])
    hit = english.nouns.search(text)
    if hit is None:
        return None
    sense = english.noun_senses[(hit.lastindex or 1) - 1]
    rest = text[hit.end() :].split()
    if rest[:1] == ["of"] and sense not in _OF_FEELING:
        return _mood(clause, start, None, english) if hit.group().split()[-1] in _SHOWING else None
    if sense in {"look_at"} and (mood := english.moods.search(text)):
        return Found(english.mood_senses[(mood.lastindex or 1) - 1], mood.group(), clause.text, is_mood=True)
    return Found(sense, hit.group(), clause.text)


def _mood(clause: _Clause, start: int, verb: VerbPattern | None, english: English) -> Found | None:
    """A state of mind, when it is the manner of speaking or all that is said."""
    text = " ".join(clause.bases)
    hit = english.moods.search(text)
    if hit is None:
        return None
    before = text[: hit.start()].split()
    is_manner = verb is not None and (verb.sense == "_speech" or (verb.sense == "_own_body" and before[-1:] == ["in"]))
    is_seeming = clause.bases[start] in _SEEMING and len(before) <= start + 4
    is_all = len(before) <= 3 and all(
        word in _DETERMINERS | _OWN | _SUBJECTS | _WAYS | _AUXILIARIES | _SHOWING | {"with", "in", "by", "of", "more", "suddenly"}
        or word.endswith(("ly", "ed", "ing", "y"))
        or (len(before) <= 3 and before[0] in {"with", "in"})
        for word in before
    )
    if not (is_manner or is_seeming or is_all):
        return None
    sense = english.mood_senses[(hit.lastindex or 1) - 1]
    return Found(sense, hit.group(), clause.text, is_mood=True)
