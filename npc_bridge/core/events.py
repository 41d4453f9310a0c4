"""How an event of the game is worded for the model, as its author says in the events file: ``docs/events.md``.

Where events wait until an NPC is told of them: see ``board.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from npc_bridge.core.authored import AuthoredText, file_problems, pointed
from npc_bridge.core.messages import MAX_ID_CHARS, Event
from npc_bridge.core.messages import Note as PushedNote
from npc_bridge.core.plain import message_text, one_line, shortened
from npc_bridge.core.wording import Wording, for_language, wording
from npc_bridge.errors import FileProblem, FileProblems

DEFAULT_PRIORITY = 5
PUSHED = "(note)"
"""The name under which a note of the game waits among the events."""
MAX_LINE_CHARS = 600
MAX_VALUE_CHARS = 200
_MAX_ITEMS = 12
_MAX_DEPTH = 3

_BRACES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_PLACEHOLDER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LEADING_NAME = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)")

_Parts: TypeAlias = tuple[tuple[str, str], ...]
"""A template cut into pairs of literal text and the name of the value after it (empty: none)."""

# ── templates ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _texts(value: object) -> object:
    """A text for all languages, or a table of texts by language."""
    if isinstance(value, Mapping):
        return {str(code).replace("_", "-").lower(): text for code, text in value.items()}
    return {"": str(value)} if isinstance(value, str | int | float) and not isinstance(value, bool) else value


def _check_template(text: str) -> str:
    _cut(text)
    return text


_Text: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
_Template: TypeAlias = Annotated[_Text, AfterValidator(_check_template)]
_ByLanguage: TypeAlias = Annotated[dict[str, _Text], BeforeValidator(_texts), Field(max_length=40)]


class EventSettings(BaseModel):
    """One table of an events file: what the model is told of this event, and how long it matters."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    text: Annotated[dict[str, _Template], BeforeValidator(_texts)] = Field(
        default_factory=dict, max_length=40, examples=["{player} comes in."]
    )
    """The line for the model, one for every language or one for each. ``{player}`` is the value ``player`` of the event's data.
    Without it the event is told as its name and data."""
    priority: int = Field(default=DEFAULT_PRIORITY, ge=0, le=9, examples=[5])
    key: Annotated[str, AfterValidator(_check_template)] = Field(default="", max_length=MAX_ID_CHARS, examples=["weather"])
    """Of several events with the same key only the newest is told. May hold placeholders."""
    ttl_s: float | None = Field(default=None, gt=0, examples=[60])
    ttl_turns: int | None = Field(default=None, ge=1, examples=[3])
    react: bool = False
    """Whether the NPC says something about it by itself."""
    defaults: dict[str, Annotated[dict[str, _Text], BeforeValidator(_texts)]] = Field(default_factory=dict, max_length=40)
    """Values for placeholders that an event comes without, one for every language or one for each."""


class _EventsFile(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    note_title: _ByLanguage = Field(default_factory=dict)
    """The first line of every note, in place of the bridge's own."""


@dataclass(frozen=True, slots=True)
class EventTemplate:
    """What is known about all events of one name."""

    texts: Mapping[str, _Parts] = field(default_factory=dict)
    """By language; empty: an event is rendered as its data."""
    priority: int = DEFAULT_PRIORITY
    key: str = ""
    key_parts: _Parts = ()
    """Only for a key with placeholders."""
    ttl_s: float = inf
    ttl_turns: float = inf
    react: bool = False
    defaults: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def values(self, event: Event, language: str) -> Mapping[str, Any]:
        """What placeholders of this event stand for."""
        if not self.defaults:
            return event.data
        return {**{name: for_language(texts, language) for name, texts in self.defaults.items()}, **event.data}


UNKNOWN_EVENT = EventTemplate()


class EventTemplates:
    """The templates of a game, by event name. Any other event is rendered as its name and data."""

    def __init__(self, by_name: Mapping[str, EventTemplate] | None = None, *, note_title: Mapping[str, str] | None = None) -> None:
        self.by_name = dict(by_name or {})
        self._note_title = dict(note_title or {})

    def replace(self, other: EventTemplates) -> None:
        """Take over the templates of ``other``: the author has saved the file again, and boards hold on to this object."""
        self.by_name, self._note_title = other.by_name, other._note_title

    def reacts(self, event: Event) -> bool:
        """Whether the NPC should say something about this event by itself."""
        return event.react if event.react is not None else self.by_name.get(event.name, UNKNOWN_EVENT).react

    def title(self, language: str) -> str:
        return for_language(self._note_title, language) or wording(language).note_title

    def line(self, event: Event, language: str) -> str:
        """Render one event as one line. Values cannot break out of it, and a placeholder inside a value is text."""
        template = self.by_name.get(event.name, UNKNOWN_EVENT)
        words = wording(language)
        parts: _Parts = for_language(template.texts, language) or ()
        text = filled(parts, template.values(event, language), words)
        return shortened(text or _as_data(event, words), MAX_LINE_CHARS)


def parse_templates(text: str, file: str) -> EventTemplates:
    """Read an events file. Raises ``FileProblems`` with all that is wrong, each with its line and what to write instead."""
    source = AuthoredText(text, file=file)
    problems: list[FileProblem] = []
    title: Mapping[str, str] = {}
    by_name = {}
    if "note_title" in source.tables:
        try:
            title = _EventsFile.model_validate({"note_title": source.tables["note_title"]}).note_title
        except ValidationError as exc:
            problems += file_problems(exc, _EventsFile, source)
    for name, table in source.tables.items():
        if name == "note_title":
            continue
        if not isinstance(table, dict):
            problems.append(source.problem((name,), f"'{name}' must be the table of an event", f'[{name}] and below it text = "…"'))
            continue
        try:
            by_name[name] = _template(EventSettings.model_validate(table))
        except ValidationError as exc:
            problems += file_problems(exc, EventSettings, source, under=(name,))
    if problems:
        raise FileProblems(sorted(problems, key=lambda problem: problem.line))
    return EventTemplates(by_name, note_title=title)


def _template(settings: EventSettings) -> EventTemplate:
    key_parts = _cut(settings.key)
    return EventTemplate(
        texts={code: _cut(text) for code, text in settings.text.items()},
        priority=settings.priority,
        key=settings.key,
        key_parts=key_parts if any(name for _, name in key_parts) else (),
        ttl_s=settings.ttl_s or inf,
        ttl_turns=settings.ttl_turns or inf,
        react=settings.react,
        defaults=settings.defaults,
    )


def _cut(text: str) -> _Parts:
    """Cut a template at its placeholders. Only plain names are placeholders: no attributes, indexes, conversions or formats."""
    parts: list[tuple[str, str]] = []
    literal, begin = "", 0
    for match in _BRACES.finditer(text):
        literal += text[begin : match.start()]
        begin = match.end()
        if match[0] in ("{{", "}}"):
            literal += match[0][0]
        elif match[1] is not None and _PLACEHOLDER.fullmatch(match[1]):
            parts.append((literal, match[1]))
            literal = ""
        elif match[1] is None:
            raise pointed(f"a single '{match[0]}' in a template", f"{match[0] * 2} for the character itself")
        else:
            name = _LEADING_NAME.match(match[1])
            remedy = f"{{{name[1]}}}" if name else "{name}, with the name of a value of the event's data"
            raise pointed(f"'{match[0]}' is no placeholder; a placeholder is a plain name", remedy)
    literal += text[begin:]
    return (*parts, (literal, "")) if literal or not parts else tuple(parts)


# ── rendering ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def filled(parts: _Parts, values: Mapping[str, Any], words: Wording) -> str:
    """Fill a template; empty when a value is missing, because half a sentence is worse than a list of facts."""
    text = ""
    for literal, name in parts:
        text += literal
        if name:
            if name not in values:
                return ""
            text += _value(values[name], words, 1)
    return " ".join(text.split())


def _as_data(event: Event, words: Wording) -> str:
    """``name: value`` or ``name: key: value, key: value``, the form in which role-play models are given facts."""
    name = one_line(event.name, MAX_VALUE_CHARS).replace("_", " ")
    if not event.data:
        return name
    if len(event.data) == 1:
        key, value = next(iter(event.data.items()))
        if key in (event.name, "value", "text"):
            return f"{name}{words.colon}{_value(value, words, 1)}"
    return f"{name}{words.colon}{_value(event.data, words, 0)}"


def pushed_event(message: PushedNote) -> Event:
    """A note that the game pushes waits, counts once and is given back like an event."""
    data = {"text": message.text, "data": message.data}
    return Event(type="event", name=PUSHED, id=message.id, data=data, key=message.key, priority=9)


def pushed_text(event: Event, words: Wording) -> str:
    """The game's text as it is, and its data as ``key: value`` lines."""
    data = event.data.get("data")
    lines = [message_text(str(event.data.get("text", "")))]
    for key, value in data.items() if isinstance(data, dict) else ():
        lines.append(one_line(str(key), MAX_VALUE_CHARS).replace("_", " ") + words.colon + _value(value, words, 0))
    return "\n".join(line for line in lines if line)


def _value(value: Any, words: Wording, depth: int) -> str:
    match value:
        case str():
            return one_line(value, MAX_VALUE_CHARS)
        case bool():
            return words.yes if value else words.no
        case None:
            return words.none
        case int():
            return str(value) if -(10**18) < value < 10**18 else "…"
        case float():
            # Godot's JSON writes every whole number as a fraction.
            return "…" if not abs(value) < 1e18 else str(int(value)) if value.is_integer() else f"{value:.6g}"
        case list() | tuple() | dict() if depth >= _MAX_DEPTH:
            return "…"
        case list() | tuple():
            items = [_value(item, words, depth + 1) for item in value[:_MAX_ITEMS]]
            return words.between.join([*items, "…"] if len(value) > _MAX_ITEMS else items) or words.none
        case dict():
            pairs = [
                one_line(str(key), MAX_VALUE_CHARS).replace("_", " ") + words.colon + _value(item, words, depth + 1)
                for key, item in list(value.items())[:_MAX_ITEMS]
            ]
            return words.comma.join([*pairs, "…"] if len(value) > _MAX_ITEMS else pairs) or words.none
        case _:
            return "…"
