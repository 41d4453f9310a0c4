"""What happens in the game → one note for the model: templates, coalescing, priority, expiry.

An event waits on its conversation's board until a turn takes it into a note; then it is gone, unless the turn fails and gives
the note back. Taking events in is the hot path, so nothing is rendered before a turn asks. No clock: times come in as seconds
that only grow. The author's side is documented in ``docs/events.md``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from npc_bridge.core.authored import AuthoredText, file_problems, pointed
from npc_bridge.core.changes import Change, DropEvents, PutEvent, State
from npc_bridge.core.messages import MAX_ID_CHARS, Event
from npc_bridge.core.messages import Note as PushedNote
from npc_bridge.core.plain import message_text, one_line, shortened
from npc_bridge.core.wording import Wording, for_language, wording
from npc_bridge.errors import FileProblem, FileProblems

DEFAULT_PRIORITY = 5
MAX_WAITING = 256
PUSHED = "(note)"
"""The name under which a note of the game waits among the events."""
PUSHED_BUDGETS = 4
"""How many times as long as the note made from events those of the game may be together."""
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
        text = _filled(parts, template.values(event, language), words)
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


def _filled(parts: _Parts, values: Mapping[str, Any], words: Wording) -> str:
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


# ── the board ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Told:
    """One event with what the board knows about it: when it came, and how long it still matters."""

    __slots__ = ("event", "expires_at", "is_waiting", "key", "order", "priority", "stored", "turns_left")

    event: Event
    key: str
    order: int
    """Counts the events of a board in order of happening."""
    priority: int
    expires_at: float
    turns_left: float
    is_waiting: bool
    stored: int
    """The order under which it is written down; 0 when it is not."""

    def state(self, now: float) -> State:
        """What has to be known to put it back on a board later: how long it still matters, not until when."""
        return {
            "order": self.order,
            "left_s": None if self.expires_at == inf else max(0.0, self.expires_at - now),
            "turns_left": None if self.turns_left == inf else self.turns_left,
            "event": self.event.model_dump(mode="json", exclude_defaults=True) | {"type": "event"},
        }


@dataclass(frozen=True, slots=True)
class Note:
    """The one-shot ``system`` message of a turn, and the events that it is made of, in order of happening."""

    text: str
    events: tuple[Told, ...]


class EventBoard:
    """The events that one NPC has not been told yet.

    At most ``max_waiting`` of them matter; beyond that those of the lowest priority go, the oldest first.
    """

    __slots__ = ("_by_key", "_dropped", "_gone", "_max", "_order", "_seen_order", "_templates", "_unwritten", "_waiting")

    def __init__(self, templates: EventTemplates, *, max_waiting: int = MAX_WAITING) -> None:
        self._templates = templates
        self._max = max_waiting
        self._waiting: list[Told] = []
        """In no order."""
        self._by_key: dict[str, Told] = {}
        self._order = 0
        self._seen_order = 0
        """The last turn has seen the events up to this one, whether it used them or not."""
        self._dropped = 0
        self._unwritten: list[Told] = []
        """Events with an id that came since the last call of ``changes``."""
        self._gone: list[int] = []
        """Orders under which events were written down that count no more."""

    def add(self, event: Event, now: float) -> None:
        """Put an event on the board. It replaces one that waits with the same key: only the newest is told, at its time."""
        template = self._templates.by_name.get(event.name, UNKNOWN_EVENT)
        key = event.key or template.key
        if template.key_parts and not event.key:
            key = _filled(template.key_parts, template.values(event, "en"), wording("en")) or template.key
        told = self._by_key.get(key) if key else None
        if told is None:
            if len(self._waiting) >= 2 * self._max:
                self._trim(now)
            told = Told()
            told.key = key
            told.is_waiting = True
            told.stored = 0
            if key:
                self._by_key[key] = told
            self._waiting.append(told)
        elif told.stored:
            self._unwrite(told)
        self._order += 1
        told.order = self._order
        if event.id:
            self._unwritten.append(told)
        told.event = event
        priority, ttl_s, ttl_turns = event.priority, event.ttl_s, event.ttl_turns
        told.priority = template.priority if priority is None else priority
        told.expires_at = now + (template.ttl_s if ttl_s is None else ttl_s)
        told.turns_left = template.ttl_turns if ttl_turns is None else ttl_turns

    def take(self, now: float, *, budget_tokens: int, estimate: Callable[[str], int], language: str) -> Note | None:
        """Take the events for one turn off the board, as a note of at most ``budget_tokens``; None when there is nothing to tell.

        When not all fit, those of the highest priority are told, and among equals the newest; the others wait for a later turn. The
        first one of all is shortened rather than left, so that nothing blocks the board. The note tells them in order of happening.
        """
        self._trim(now)
        self._seen_order = self._order
        title = self._templates.title(language)
        left = budget_tokens - estimate(title)
        chosen: list[tuple[Told, str]] = []
        pushed = self._take_pushed(budget_tokens, estimate, language)
        events = (told for told in self._waiting if told.event.name != PUSHED)
        for told in sorted(events, key=lambda told: (-told.priority, -told.order)):
            line = self._templates.line(told.event, language)
            cost = estimate("\n" + line)
            if cost > left and not chosen:
                line = _shortened_to(line, left, estimate)
                cost = left
            if cost > left or not line:
                break
            left -= cost
            chosen.append((told, line))
        if not chosen and not pushed:
            return None
        chosen.sort(key=lambda pair: pair[0].order)
        blocks = [text for _, text in pushed]
        if chosen:
            blocks.append("\n".join([title, *(line for _, line in chosen)]))
        told_of = tuple(sorted((told for told, _ in [*pushed, *chosen]), key=lambda told: told.order))
        for told in told_of:
            self._remove(told)
        self._waiting = [told for told in self._waiting if told.is_waiting]
        return Note("\n\n".join(blocks), told_of)

    def _take_pushed(self, budget_tokens: int, estimate: Callable[[str], int], language: str) -> list[tuple[Told, str]]:
        """The game's own notes that fit, in order of coming; of too many the newest, and the newest shortened rather than left."""
        left = PUSHED_BUDGETS * budget_tokens
        chosen: list[tuple[Told, str]] = []
        for told in sorted((told for told in self._waiting if told.event.name == PUSHED), key=lambda told: -told.order):
            text = pushed_text(told.event, wording(language))
            cost = estimate(text)
            if cost > left and not chosen:
                text, cost = _shortened_to(text, left, estimate), left
            if cost > left or not text:
                break
            left -= cost
            chosen.append((told, text))
        return chosen[::-1]

    def use_up(self, note: Note) -> None:
        """The turn that was told this succeeded: its events are gone for good."""
        for told in note.events:
            if not told.is_waiting:
                self._unwrite(told)

    def give_back(self, note: Note) -> None:
        """Put the events of a failed turn's note back, with their order and age; a newer event with the same key wins."""
        for told in note.events:
            if told.is_waiting:
                continue
            if told.key and told.key in self._by_key:
                self._unwrite(told)
                continue
            told.is_waiting = True
            if told.key:
                self._by_key[told.key] = told
            self._waiting.append(told)
            if told.event.id and not told.stored:
                self._unwritten.append(told)

    def end_turn(self) -> None:
        """A turn succeeded: what it saw and did not use is one turn older. What came while it ran is not."""
        for told in self._waiting:
            if told.order <= self._seen_order:
                told.turns_left -= 1
                if told.turns_left <= 0:
                    self._let_go(told)
        self._waiting = [told for told in self._waiting if told.is_waiting]

    @property
    def dropped(self) -> int:
        """How many events were let go so far because too many waited."""
        return self._dropped

    def __len__(self) -> int:
        """How many events wait; some of them may have expired by the time of the next ``take``."""
        return min(len(self._waiting), self._max)

    def _trim(self, now: float) -> None:
        """Let go of what has expired, and of what is too much.

        Not done for each event: the board may hold twice as many for a while, so that a flood costs no sorting per event.
        """
        for told in self._waiting:
            if told.expires_at <= now:
                self._let_go(told)
        self._waiting = [told for told in self._waiting if told.is_waiting]
        surplus = len(self._waiting) - self._max
        if surplus > 0:
            self._waiting.sort(key=lambda told: (told.priority, told.order))
            for told in self._waiting[:surplus]:
                self._let_go(told)
            del self._waiting[:surplus]
            self._dropped += surplus

    def changes(self, npc: str, now: float) -> list[Change]:
        """What came, and what counts no more, since the last call; only of events with an id, which are safe once they are accepted."""
        changes: list[Change] = []
        if self._gone:
            changes.append(DropEvents(npc, tuple(self._gone)))
            self._gone.clear()
        for told in self._unwritten:
            if told.is_waiting and not told.stored:
                told.stored = told.order
                changes.append(PutEvent(npc, told.order, told.state(now)))
        self._unwritten.clear()
        return changes

    def states(self, now: float) -> list[State]:
        """All that waits, in order of happening."""
        return [told.state(now) for told in sorted(self._waiting, key=lambda told: told.order) if told.is_waiting]

    def restore(self, states: Iterable[State], now: float) -> None:
        """Put events back on this board, which is empty, as ``states`` told of them; they are written down so."""
        for state in sorted(states, key=lambda state: int(state["order"])):
            self._order = int(state["order"]) - 1
            event = Event.model_validate(state["event"])
            self.add(event, now)
            told = self._waiting[-1] if not event.key else self._by_key[event.key]
            left_s, turns_left = state["left_s"], state["turns_left"]
            told.expires_at = inf if left_s is None else now + left_s
            told.turns_left = inf if turns_left is None else turns_left
            told.stored = told.order
        self._unwritten.clear()

    def _let_go(self, told: Told) -> None:
        self._remove(told)
        self._unwrite(told)

    def _unwrite(self, told: Told) -> None:
        if told.stored:
            self._gone.append(told.stored)
            told.stored = 0

    def _remove(self, told: Told) -> None:
        told.is_waiting = False
        if told.key:
            del self._by_key[told.key]


def _shortened_to(line: str, budget_tokens: int, estimate: Callable[[str], int]) -> str:
    """The longest beginning of a line that fits, with an ellipsis; empty if there is hardly any."""
    low, high = 0, len(line)
    while low < high:
        middle = (low + high + 1) // 2
        if estimate("\n" + shortened(line, middle)) <= budget_tokens:
            low = middle
        else:
            high = middle - 1
    return shortened(line, low) if low >= 8 else ""
