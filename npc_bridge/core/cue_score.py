"""How well actions are mapped to clips: scores labelled phrases. Takes text and returns figures; ``npc-bridge cues score`` reads the file.

A phrase is a line of JSON: ``text`` (the action without its parentheses), ``gold`` (the clips in playing order, empty when nothing
should be played), ``accept`` (other sequences that are as good), ``lang`` and ``kind``. A prediction is right when it and the gold, or
an accepted sequence, are both empty or begin with the same clip: the first clip decides, because it starts while the player reads.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from npc_bridge.core.clips import ClipIndex, language_of
from npc_bridge.core.messages import Clip

WORST = 30


@dataclass(frozen=True, slots=True)
class Phrase:
    """A labelled action."""

    text: str
    gold: tuple[str, ...]
    accept: tuple[tuple[str, ...], ...]
    language: str
    kind: str

    @property
    def is_tuning(self) -> bool:
        """Whether it is of the half that may be looked at while the lists are written; the other half only gives the figures."""
        return hashlib.sha256(self.text.encode()).digest()[0] % 2 == 0

    def fits(self, clips: Sequence[str]) -> bool:
        return any(tuple(clips[:1]) == other[:1] for other in (self.gold, *self.accept))


@dataclass(frozen=True, slots=True)
class Scored:
    """A phrase and what was made of it."""

    phrase: Phrase
    clips: tuple[str, ...]
    early: str
    """The provisional clip, if there was one."""
    lead: int
    """How many chunks before the closing parenthesis it came; 0 without one."""

    @property
    def is_right(self) -> bool:
        return self.phrase.fits(self.clips)

    @property
    def is_withdrawn(self) -> bool:
        return bool(self.early) and self.early not in self.clips[:1]


def phrases_in(text: str) -> list[Phrase]:
    """Read labelled phrases, one JSON object a line. Raises ``ValueError`` with the number of a line that is none."""
    phrases = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            entry: dict[str, Any] = json.loads(line)
            action = str(entry["text"])
            phrases.append(
                Phrase(
                    text=action,
                    gold=tuple(entry["gold"]),
                    accept=tuple(tuple(sequence) for sequence in entry.get("accept", ())),
                    language=str(entry.get("lang") or language_of(action, "")),
                    kind=str(entry.get("kind", "action")),
                )
            )
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise ValueError(f"line {number} is not a labelled phrase: {type(exc).__name__}") from exc
    return phrases


def clips_in(text: str) -> list[Clip]:
    """Read the clips of a TOML file with one table per clip, ``[clips.wave]``."""
    clips: Mapping[str, Any] = tomllib.loads(text).get("clips", {})
    return [Clip(name=name, **({"description": entry} if isinstance(entry, str) else entry)) for name, entry in clips.items()]


def clips_of(phrases: Iterable[Phrase]) -> list[Clip]:
    """Return all clips that the labels name, for a file of phrases without a vocabulary."""
    return [Clip(name=name) for name in sorted({clip for phrase in phrases for row in (phrase.gold, *phrase.accept) for clip in row})]


def score(phrases: Iterable[Phrase], clips: Sequence[Clip]) -> list[Scored]:
    """Map every phrase, as a whole and while it is being written."""
    indexes = {language: ClipIndex(clips, language) for language in ("en", "zh", "ja")}
    scored = []
    for phrase in phrases:
        index = indexes.get(phrase.language[:2], indexes["en"])
        early, lead = _early(index, phrase.text)
        scored.append(Scored(phrase, tuple(match.clip for match in index.resolve(phrase.text)), early, lead))
    return scored


def _early(index: ClipIndex, action: str) -> tuple[str, int]:
    """The provisional clip, with the action fed as models write: word by word, or two characters at a time where words are not spaced."""
    chunks = re.findall(r"\s*\S+", action) if action.isascii() else re.findall(r"(?s).{1,2}", action)
    for k in range(1, len(chunks)):
        match = index.early("".join(chunks[:k]))
        if match:
            return match.clip, len(chunks) - k
    return "", 0


def report(scored: Sequence[Scored]) -> str:
    """Return the figures as lines of text, the worst confusions last."""
    languages = sorted({one.phrase.language for one in scored})
    kinds = [kind for kind, _ in Counter(one.phrase.kind for one in scored).most_common()]
    lines = [f"{len(scored)} phrases", "", f"{'accuracy':24}" + _columns(["all", *languages])]
    lines.append(_row("all kinds", scored, languages, lambda one: True, lambda one: one.is_right))
    for kind in kinds:
        of_kind = [one for one in scored if one.phrase.kind == kind]
        lines.append(_row(kind, of_kind, languages, lambda one: True, lambda one: one.is_right))
    lines += ["", f"{'where a clip is needed':24}" + _columns(["all", *languages])]
    lines.append(_row("first clip is right", scored, languages, _needs_clip, lambda one: one.is_right))
    lines.append(_row("nothing played", scored, languages, _needs_clip, lambda one: not one.clips))
    lines += ["", f"{'where none belongs':24}" + _columns(["all", *languages])]
    lines.append(_row("false cues", scored, languages, lambda one: not one.phrase.gold, lambda one: not one.is_right))
    lines += ["", f"{'provisional cues':24}" + _columns(["all", *languages])]
    lines.append(_row("share of mapped actions", scored, languages, lambda one: bool(one.clips), lambda one: bool(one.early)))
    lines.append(_row("withdrawn", scored, languages, lambda one: bool(one.early), lambda one: one.is_withdrawn))
    leads = [one.lead for one in scored if one.early]
    lines.append(f"  lead, in chunks: {sum(leads) / len(leads):.1f} on average" if leads else "  no provisional cue")
    return "\n".join([*lines, "", *_confusions(scored)])


def _needs_clip(one: Scored) -> bool:
    return bool(one.phrase.gold) and () not in one.phrase.accept


def _columns(labels: Iterable[str]) -> str:
    return "".join(f"{label:>20}" for label in labels)


def _row(
    label: str,
    scored: Sequence[Scored],
    languages: Sequence[str],
    counts: Callable[[Scored], bool],
    holds: Callable[[Scored], bool],
) -> str:
    cells = []
    for language in ("", *languages):
        group = [one for one in scored if counts(one) and language in ("", one.phrase.language)]
        good = sum(map(holds, group))
        cells.append(f"{100 * good / len(group):.1f} % ({good}/{len(group)})" if group else "-")
    return f"  {label:22}" + _columns(cells)


def _confusions(scored: Sequence[Scored]) -> list[str]:
    wrong: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for one in scored:
        if not one.is_right:
            wrong[(*one.phrase.gold, "-")[0], (*one.clips, "-")[0]].append(one.phrase.text)
    worst = sorted(wrong.items(), key=lambda pair: (-len(pair[1]), pair[0]))[:WORST]
    head = f"wanted → played, the {len(worst)} worst (- is nothing)" if worst else "no confusions"
    return [head, *(f"  {gold:>14} → {played:14} {len(texts):3}  {' | '.join(texts[:3])}" for (gold, played), texts in worst)]
