"""Moderation: words and phrases that a game's rating forbids, in what players say and in what NPCs say.

A player's line is struck out before anyone remembers it, and the NPC refuses in character. An NPC's words are caught in the stream, before
they are shown. How a phrase is compared is said in ``phrases.py``; a search takes time in proportion to the text, whatever the file holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from npc_bridge.core.authored import AuthoredText, file_problems, pointed
from npc_bridge.core.manner import OUT_OF_CHARACTER, out_of_character
from npc_bridge.core.phrases import PhraseSet, bad_phrase
from npc_bridge.errors import FileProblem, FileProblems

MAX_PHRASES = 20_000
STRUCK_OUT = "…"
"""What is remembered of a player's line that may not be said."""
_FORBIDDEN = "forbidden"


def _phrases(value: object) -> object:
    phrases = (value,) if isinstance(value, str) else value
    if isinstance(phrases, list | tuple):
        for place, phrase in enumerate(phrases):
            if isinstance(phrase, str) and (problem := bad_phrase(phrase)):
                raise pointed(f"{problem}: '{phrase[:40]}'", 'words = ["damn", "hell*"]', at=(place,) if phrases is value else ())
    return phrases


_Phrase: TypeAlias = Annotated[str, StringConstraints(min_length=1)]
Phrases: TypeAlias = Annotated[tuple[_Phrase, ...], BeforeValidator(_phrases), Field(max_length=MAX_PHRASES, examples=[["damn"]])]


class Rating(BaseModel):
    """What one rating forbids."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: Phrases = ()
    """Whoever says them."""
    player: Phrases = ()
    """Only of players."""
    npc: Phrases = ()
    """Only of NPCs."""
    includes: Annotated[tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)] = ()
    """Other ratings, whose words are forbidden too."""


class Moderation:
    """What is forbidden under one rating; without any, nothing."""

    def __init__(self, ratings: Mapping[str, Rating] | None = None, rating: str = "") -> None:
        counted = _counted(ratings or {}, rating) if rating else []
        self._npc = tuple(dict.fromkeys(phrase for each in counted for phrase in (*each.words, *each.npc)))
        self._player = PhraseSet((phrase, _FORBIDDEN) for each in counted for phrase in (*each.words, *each.player))
        self._with_models = lru_cache(maxsize=2)(self._watched)

    def forbids(self, players_line: str) -> bool:
        """Whether a player may not say this."""
        return bool(self._player) and bool(self._player.find(players_line))

    def watched(self, catches_models: bool) -> PhraseSet | None:
        """What is not to be shown of an NPC's words; with ``catches_models`` also what gives a model away."""
        return self._with_models(catches_models)

    def _watched(self, catches_models: bool) -> PhraseSet | None:
        models = [(phrase, OUT_OF_CHARACTER) for phrase in out_of_character()] if catches_models else []
        return PhraseSet([*((phrase, _FORBIDDEN) for phrase in self._npc), *models]) or None


NOTHING = Moderation()


def parse_moderation(text: str, *, file: str) -> dict[str, Rating]:
    """Read a moderation file: a table for each rating. Raises ``FileProblems``."""
    source = AuthoredText(text, file=file)
    problems: list[FileProblem] = []
    ratings: dict[str, Rating] = {}
    for name, table in source.tables.items():
        try:
            ratings[name] = Rating.model_validate(table)
        except ValidationError as exc:
            problems += file_problems(exc, Rating, source, under=(name,))
    for name, rating in ratings.items():
        for other in rating.includes:
            if other not in source.tables:
                known = ", ".join(f'"{each}"' for each in source.tables if each != name)
                problems.append(source.problem((name, "includes"), f"there is no rating '{other}'", f"includes = [{known}]"))
    if problems:
        raise FileProblems(sorted(problems, key=lambda problem: problem.line))
    return ratings


def _counted(ratings: Mapping[str, Rating], rating: str) -> list[Rating]:
    """The rating and all that it includes, each once."""
    names = [rating]
    for name in names:
        names += [other for other in ratings[name].includes if other not in names]
    return [ratings[name] for name in names]
