"""Who an NPC is: what a character file says, checked so that a typing mistake is found in its line before a player finds it.

The keys are documented in ``docs/characters.md``; how a prompt is made from them is in ``prompt.py``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from npc_bridge.core.authored import AuthoredText, file_problems, is_blank, pointed
from npc_bridge.core.cues import Style as MarkStyle
from npc_bridge.core.exits import Exits
from npc_bridge.core.knowledge import Knows
from npc_bridge.core.ladder import Lines, Patience, Signs
from npc_bridge.core.messages import MAX_CLIPS, Clip
from npc_bridge.core.situation import SITUATIONS, Situation
from npc_bridge.core.summary import MemorySettings
from npc_bridge.errors import FileProblems

MAX_TEXT_CHARS = 8_000
MAX_ENTRIES = 64

_Text: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_TEXT_CHARS)]
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*")

_TOP_ONLY = (
    *("opening_line", "note_tokens", "react_cooldown_s", "examples", "clips"),
    *("sampling", "fallback", "history", "style", "patience", "memory"),
)


def _lines_of(value: object) -> object:
    """A text or a list of texts, as a tuple. Numbers are fine for an age or a year."""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return () if is_blank(value) else (str(value),)
    if isinstance(value, Mapping):
        return tuple(f"{key}: {text}" if isinstance(text, str | int | float) else text for key, text in value.items())
    return value if isinstance(value, list | tuple) else (value,)


def _one_line(text: str) -> str:
    if len(text.splitlines()) > 1:
        raise pointed("this text must be a single line")
    return text


def _language(code: str) -> str:
    if not _LANGUAGE.fullmatch(code):
        raise pointed("'language' must be a language code", 'language = "en", "zh-TW" and the like')
    return code


def _facts(value: object) -> object:
    if isinstance(value, Mapping):
        for key in _TOP_ONLY:
            if key in value:
                raise pointed(f"'{key}' stands in the wrong table", f"{key} at the top of the file, before the first [table]", at=(key,))
    return value


_Line: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, max_length=400), AfterValidator(_one_line)]
_Lines: TypeAlias = Annotated[tuple[_Text, ...], BeforeValidator(_lines_of), Field(max_length=MAX_ENTRIES)]
Facts: TypeAlias = Annotated[dict[_Line, _Lines], BeforeValidator(_facts), Field(max_length=MAX_ENTRIES)]
"""A table whose keys the author chooses, each with one text or several."""


def _clip_list(value: object) -> object:
    """``wave = "raises a hand"`` and ``wave = {description = …, aliases = […]}`` as the wire writes clips."""
    if not isinstance(value, Mapping):
        return value
    clips = []
    for name, entry in value.items():
        if isinstance(entry, str):
            clips.append({"name": name, "description": entry})
        elif isinstance(entry, Mapping):
            for key in entry:
                if key not in ("description", "aliases"):
                    raise pointed(f"a clip has no '{key}'", f'{name} = {{ description = "…", aliases = ["…"] }}', at=(name, key))
            clips.append({**entry, "name": name})
        else:
            raise pointed(f"clip '{name}' must be a text or a table", f'{name} = "what it looks like"', at=(name,))
    return clips


def _situations(value: object) -> object:
    if isinstance(value, Mapping) and not value.get("unknown"):
        raise pointed("there are no lines for 'unknown', the situation when no other fits", 'unknown = ["Hm."]')
    return value


def _known_situations(tables: object) -> object:
    """Check that every fallback line has a situation that the bridge, or the character, can recognise."""
    if not isinstance(tables, Mapping):
        return tables
    own = tables.get("situations")
    known = (*SITUATIONS, *(own if isinstance(own, Mapping) else ()))
    others = tables.get("fallback_in")
    tables_of_lines: dict[tuple[str, ...], object] = {("fallback",): tables.get("fallback")}
    if isinstance(others, Mapping):
        tables_of_lines |= {("fallback_in", str(language)): lines for language, lines in others.items()}
    for path, lines in tables_of_lines.items():
        for key in lines if isinstance(lines, Mapping) else ():
            if key not in known:
                close = difflib.get_close_matches(str(key), known, 1, 0.5)
                remedy = close[0] if close else "one of " + ", ".join(known)
                raise pointed(f"'{key}' is no situation that the bridge recognises", remedy, at=(*path, key))
    return tables


class _Table(BaseModel):
    # Unknown keys are refused, also in characters that come over the wire: they are nearly always typing mistakes.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Style(_Table):
    """Part four: how the character speaks."""

    manner: _Text = ""
    """Tone, dialect, favourite words."""
    length: _Text = Field(default="", examples=["one or two short sentences"])
    """How long replies are, in words for the model."""
    actions: Literal["free", "listed", "off"] = "free"
    """Actions in parentheses: in free words, only those of the clips, or none."""
    max_sentences: int = Field(default=0, ge=0, le=50, examples=[2])
    """A hard limit where the model server can hold the model to one; 0: none."""
    marks: tuple[MarkStyle, ...] = Field(default=("paren",), min_length=1, examples=[["paren", "asterisk"]])
    """What the bridge reads as an action: ``(nods)``, ``[nods]``, ``*nods*``."""
    asides: Literal["hide", "speak"] = "hide"
    """What becomes of remarks in parentheses that nobody can act, ``(about forty leagues)``."""
    max_action_chars: int = Field(default=200, ge=20, le=2_000, examples=[200])
    """A parenthesis that is longer was text all along."""
    repeats: Literal["avoid", "allow"] = "avoid"
    """Whether the NPC may say a sentence of its last replies again."""
    out_of_character: Literal["catch", "allow"] = "catch"
    """What becomes of phrases that give the model away, ``as an AI language model``."""
    early_cues: bool = Field(default=True, examples=[True])
    """Whether a clip may begin while its action is still being written."""


class Example(_Table):
    """One line of a player and how the character would answer it."""

    player: _Text = Field(min_length=1, examples=["Good evening."])
    npc: _Text = Field(min_length=1, examples=["(nods) Evening."])


class Sampling(_Table):
    """How the model chooses its words. What is not set is left to the model server."""

    temperature: float | None = Field(default=None, ge=0, lt=2, examples=[0.8])
    top_p: float | None = Field(default=None, gt=0, le=1, examples=[0.95])
    top_k: int | None = Field(default=None, ge=0, le=1_000, examples=[20])
    repetition_penalty: float | None = Field(default=None, gt=0, le=2, examples=[1.05])
    presence_penalty: float | None = Field(default=None, ge=-2, le=2, examples=[0.0])
    seed: int | None = Field(default=None, ge=0, le=2**31 - 1, examples=[7])
    max_tokens: int | None = Field(default=None, ge=1, le=32_768, examples=[200])

    def parameters(self) -> dict[str, float | int]:
        """What is set, by its OpenAI name."""
        return self.model_dump(exclude_none=True)


class HistorySettings(_Table):
    """How much of the conversation the model reads again."""

    max_messages: int = Field(default=100, ge=2, le=2_000, examples=[100])
    """More than this, or more than the model takes, and the oldest are cut off, many at once."""
    keep: float = Field(default=0.5, ge=0.1, le=0.9, examples=[0.5])
    """Which part remains after a cut. Less means rarer cuts: each costs the server's prompt cache."""


class Character(_Table):
    """An NPC as its author wrote it."""

    id: str = Field(exclude=True)
    """The file's name without ``.toml``; for an inline character the NPC's id."""
    name: _Line = Field(min_length=1, max_length=120, examples=["Brom"])
    language: Annotated[str, AfterValidator(_language)] = Field(default="en", max_length=35, examples=["en"])
    opening_line: _Text = ""
    """Said when a conversation begins, actions included; empty: the player speaks first."""
    identity: Facts = Field(default_factory=dict)
    """Part one: age, personality, occupation, profile, relationships and whatever else."""
    background: Facts = Field(default_factory=dict)
    """Part two: experiences, interests and so on, by category."""
    scene: Facts = Field(default_factory=dict)
    """Part three: scenario, relationship with the player, instructions."""
    style: Style = Style()
    knows: Knows = Field(default_factory=dict)
    """What the character knows only while conditions on the game's flags hold."""
    exits: Exits = Field(default_factory=dict)
    """Named outcomes of the talk that the model may choose."""
    examples: tuple[Example, ...] = Field(default=(), max_length=MAX_ENTRIES)
    clips: Annotated[tuple[Clip, ...], BeforeValidator(_clip_list)] = Field(default=(), max_length=MAX_CLIPS)
    sampling: Sampling = Sampling()
    fallback: Annotated[dict[str, _Lines], BeforeValidator(_situations)] = Field(default_factory=dict)
    """Authored lines for when no model answers, by situation; ``unknown`` fits every situation."""
    fallback_in: dict[str, dict[str, Lines]] = Field(default_factory=dict)
    """The same in other languages, by their code."""
    situations: dict[str, Signs] = Field(default_factory=dict, max_length=MAX_ENTRIES)
    """Situations of the game's own, by the words of a player that make them."""
    patience: Patience = Patience()
    note_tokens: int = Field(default=200, ge=0, le=8_000, examples=[200])
    """How long the note made from events may be."""
    react_cooldown_s: float = Field(default=8.0, ge=0, le=86_400, examples=[8.0])
    """How long the NPC waits before it reacts to an event by itself again."""
    history: HistorySettings = HistorySettings()
    memory: MemorySettings = MemorySettings()

    @model_validator(mode="before")
    @classmethod
    def _check_situations(cls, tables: object) -> object:
        return _known_situations(tables)

    def fallback_lines(self, situation: Situation) -> tuple[str, ...]:
        """Return the authored lines for a situation, those for ``unknown`` when it has none, and none when nothing was authored."""
        return self.fallback.get(situation) or self.fallback.get("unknown", ())


def parse_character(text: str, *, file: str, character_id: str) -> Character:
    """Read a character file. Raises ``FileProblems`` with all that is wrong, each with its line and what to write instead."""
    source = AuthoredText(text, file=file)
    return _validated(source.tables, source, character_id)


def character_from_map(tables: Mapping[str, Any], *, character_id: str) -> Character:
    """Read the same tables from a map, as ``open`` carries them. Raises ``FileProblems``; there are no lines then."""
    source = AuthoredText("", file=f"character '{character_id}'")
    source.tables = dict(tables)
    return _validated(tables, source, character_id)


def _validated(tables: Mapping[str, Any], source: AuthoredText, character_id: str) -> Character:
    if "id" in tables:
        what = "the id of a character is the name of its file"
        raise FileProblems([source.problem(("id",), what, "name = …, for what players call the character")])
    try:
        return Character.model_validate({**tables, "id": character_id})
    except ValidationError as exc:
        raise FileProblems(file_problems(exc, Character, source)) from None
