"""What a scenario file says. Mistakes are named with their line and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from npc_bridge.cast import read_text
from npc_bridge.core.authored import AuthoredText, file_problems, pointed
from npc_bridge.core.messages import MAX_SAY_CHARS, ClipField, FlagValue, TargetField, TurnReason
from npc_bridge.errors import FileProblems

MAX_RUNS = 100


def _as_list(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value,)


def _seeds(value: object) -> object:
    """``3`` is the seeds 1, 2 and 3."""
    return tuple(range(1, value + 1)) if isinstance(value, int) and not isinstance(value, bool) and value <= MAX_RUNS else value


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise pointed(f"'{text}' is no regular expression: {error}", "\\\\ before each of . * + ? ( ) [ ] that means itself") from None
    return text


def _cue(value: object) -> object:
    return {"clip": value} if isinstance(value, str) else value


_Texts: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_as_list), Field(max_length=64)]
_Patterns: TypeAlias = Annotated[tuple[Annotated[str, AfterValidator(_pattern)], ...], BeforeValidator(_as_list), Field(max_length=64)]
_Seeds: TypeAlias = Annotated[tuple[Annotated[int, Field(ge=0, lt=2**31)], ...], BeforeValidator(_seeds), Field(max_length=MAX_RUNS)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExpectedCue(_Table):
    """A cue that has to come. A bare text is its clip."""

    clip: str = Field(examples=["nod"])
    target: str | None = None


class Expect(_Table):
    """What has to be true of a step. Upper and lower case are the same in what is contained."""

    contains: _Texts = ()
    """All of these are said."""
    contains_any: _Texts = ()
    """One of these is said."""
    lacks: _Texts = ()
    """None of these is said."""
    matches: _Patterns = ()
    """Regular expressions that fit somewhere in what is said."""
    max_sentences: int | None = Field(default=None, ge=0, examples=[2])
    cues: Annotated[tuple[Annotated[ExpectedCue, BeforeValidator(_cue)], ...], BeforeValidator(_as_list)] = ()
    """All of these are played."""
    lacks_cues: _Texts = ()
    """None of these clips is played."""
    prompt_contains: _Texts = ()
    """All of these are in what the model reads: what the NPC knows."""
    prompt_lacks: _Texts = ()
    """None of these is."""
    exit: str | None = Field(default=None, examples=["trade_opened"])
    """The exit that the game hears of; empty: none."""
    reason: Annotated[tuple[TurnReason, ...], BeforeValidator(_as_list)] = ()
    """One of these ends each turn."""
    is_silent: bool = False
    """The NPC does not answer, because it is held."""


class EventStep(_Table):
    """An event of the game."""

    name: str = Field(min_length=1, max_length=120, examples=["rain_started"])
    data: dict[str, Any] = Field(default_factory=dict)
    react: bool | None = None


class Step(_Table):
    """One thing that happens, and what is expected of it. Exactly one of the first eight keys."""

    say: str | None = Field(default=None, max_length=MAX_SAY_CHARS, examples=["Good evening."])
    event: Annotated[EventStep | None, BeforeValidator(lambda value: {"name": value} if isinstance(value, str) else value)] = None
    flags: dict[str, FlagValue] | None = None
    note: str | None = None
    line: str | None = Field(default=None, max_length=MAX_SAY_CHARS)
    """An authored line of the NPC."""
    hold: Literal[True] | None = None
    release: Literal[True] | None = None
    go_on: Literal[True] | None = None
    """The NPC goes on although the player says nothing."""
    player: str = ""
    """Who says it, if not the player of the file; with ``line``: the player's line."""
    expect: Expect = Expect()

    @model_validator(mode="after")
    def _is_one_thing(self) -> Step:
        if len(self.what) != 1:
            found = " and ".join(self.what) or "nothing"
            raise pointed(f"a step is one thing that happens; this one has {found}", 'say = "…", or one of ' + ", ".join(_ACTIONS))
        return self

    @property
    def what(self) -> list[str]:
        return [name for name in _ACTIONS if getattr(self, name) is not None]


_ACTIONS = ("say", "event", "flags", "note", "line", "hold", "release", "go_on")


class Scenario(_Table):
    """One story: steps in their order, played once for each seed."""

    name: str = Field(min_length=1, max_length=200, examples=["keeps the secret"])
    character: str = ""
    """Another character than that of the file."""
    flags: dict[str, FlagValue] = Field(default_factory=dict)
    """Set before the first step."""
    seeds: _Seeds = ()
    """Other seeds than those of the file."""
    at_least: float = Field(default=1.0, ge=0, le=1, examples=[0.8])
    """Which part of the seeds has to pass."""
    step: tuple[Step, ...] = Field(max_length=200)

    @model_validator(mode="after")
    def _has_steps(self) -> Scenario:
        # A minimum length would hide what is wrong with the steps that there are (pydantic 2.14).
        if not self.step:
            raise pointed("nothing happens in this scenario", "[[scenario.step]] tables")
        return self


class ScenarioFile(_Table):
    """A whole file."""

    character: str = Field(default="", examples=["brom"])
    """Id of the character that the scenarios are played with."""
    characters: str = ""
    """Folder of character files, from this file's folder; empty: that of the settings."""
    events: str = ""
    """File with the wording of events, from this file's folder; empty: that of the settings."""
    player: str = Field(default="Player", min_length=1, max_length=120)
    language: str = ""
    clips: tuple[ClipField, ...] = Field(default=(), max_length=512)
    targets: tuple[TargetField, ...] = Field(default=(), max_length=256)
    seeds: _Seeds = (1,)
    """``3`` for the seeds 1 to 3, or a list."""
    scenario: tuple[Scenario, ...] = Field(max_length=500)

    @model_validator(mode="after")
    def _fits(self) -> ScenarioFile:
        if not self.scenario:
            raise pointed("there is no scenario in this file", "[[scenario]] tables")
        names: set[str] = set()
        for number, each in enumerate(self.scenario):
            if not (each.character or self.character):
                remedy = 'character = "brom", at the top of the file'
                raise pointed(f"scenario '{each.name}' has no character", remedy, at=("scenario", number))
            if each.name in names:
                raise pointed(f"two scenarios are called '{each.name}'", "a name of its own for each", at=("scenario", number, "name"))
            names.add(each.name)
        return self


def read_scenarios(path: Path) -> ScenarioFile:
    """Read a scenario file. Raises ``FileProblems`` with all that is wrong."""
    source = AuthoredText(read_text(path), file=str(path))
    try:
        return ScenarioFile.model_validate(source.tables)
    except ValidationError as exc:
        raise FileProblems(file_problems(exc, ScenarioFile, source)) from None


def looks_like_scenarios(tables: Mapping[str, Any]) -> bool:
    """Whether a TOML file is meant to be a scenario file."""
    return isinstance(tables.get("scenario"), list)
