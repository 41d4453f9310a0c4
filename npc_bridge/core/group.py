"""NPCs that talk with each other and with players: who takes part, who speaks next, and how each one hears the others.

Every NPC keeps a history of its own, in which the others are heard like players, with their names in front. So each prompt has a stable
beginning, and after ``disperse`` everyone remembers what it heard. When turns begin is decided in ``gathering.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, Field, ValidationError

from npc_bridge.core.again import MAX_SEED
from npc_bridge.core.conversation import Circle, Conversation
from npc_bridge.core.history import Line
from npc_bridge.core.messages import MAX_GROUP_NPCS, Gather, Id, Say
from npc_bridge.errors import BadMessage, UnknownGroup

MAX_GROUPS = 200
Director: TypeAlias = Literal["addressed", "round_robin", "weighted", "game"]
Talks: TypeAlias = Mapping[str, Conversation]

# Parts of names that are said of many: "the rain" addresses no "The Smith".
_COMMON = frozenset({"the", "of", "von", "van", "der", "de", "la", "le", "el", "da", "old", "young", "a", "an"})


@dataclass(slots=True)
class Group:
    """One talk of several NPCs."""

    name: str
    npcs: list[str]
    director: Director = "addressed"
    weights: dict[str, float] = field(default_factory=dict)
    max_npc_turns: int = 2
    pause_s: float = 0.0
    turns_left: int = 0
    """How many turns NPCs may still take by themselves."""
    last_speaker: str = ""
    last_turn: str = ""
    waiting: list[Say] = field(default_factory=list)
    """Lines that arrived while somebody spoke."""
    asked: tuple[str, ...] = ()
    """Ids of the ``continue`` messages to the whole group that arrived while somebody spoke."""
    pausing: str = ""
    """The turn after which an NPC will speak by itself once the pause is over."""

    def set_up(self, message: Gather) -> None:
        """As the game says now; who spoke last stays."""
        self.npcs = list(dict.fromkeys(message.npcs))
        self.director, self.weights = message.director, dict(message.weights)
        self.max_npc_turns, self.pause_s = message.max_npc_turns, message.pause_s
        self.turns_left, self.pausing = 0, ""

    # ── who is here ──

    def present(self, talks: Talks) -> list[Conversation]:
        """Those who take part and are open, in the order of ``gather``."""
        return [talks[npc] for npc in self.npcs if npc in talks and not talks[npc].is_away and not talks[npc].is_closing]

    def is_busy(self, talks: Talks) -> bool:
        return any(talks[npc].running is not None for npc in self.npcs if npc in talks)

    def seat(self, talks: Talks) -> None:
        """Let everyone present know who the others are. NPCs of the same name are numbered, so that they can be told apart."""
        here = self.present(talks)
        names: dict[str, str] = {}
        for talk in here:
            name, number = talk.character.name, 1
            while name in names.values():
                number += 1
                name = f"{talk.character.name} {number}"
            names[talk.npc] = name
        for talk in here:
            others = tuple(name for npc, name in names.items() if npc != talk.npc)
            talk.circle = Circle(self.name, names[talk.npc], others)

    # ── what is heard ──

    def hear(self, talks: Talks, line: Say) -> None:
        """Everyone hears a player's line."""
        for talk in self.present(talks):
            talk.history.hear(line.text, line.player or talk.player.name)

    def spread(self, speaker: Conversation, talks: Talks, since: int) -> None:
        """Everyone else hears what is in the speaker's history from line ``since`` on."""
        history = speaker.history
        for line in history.lines[max(0, since - history.first) :]:
            who = line.player if line.role == "user" else _name_of(speaker)
            for talk in self.present(talks):
                if talk is not speaker:
                    talk.history.hear(_as_heard(line), who)

    def rehear(self, speaker: Conversation, talks: Talks, old: Line, new: Line | None) -> None:
        """What the speaker said turns out to have been something else, or nothing."""
        for talk in self.present(talks):
            if talk is not speaker:
                heard = Line("user", _as_heard(old), _name_of(speaker))
                talk.history.replace_line(heard, Line("user", _as_heard(new), heard.player) if new is not None else None)

    # ── who speaks next ──

    def next_for_players(self, text: str, able: Sequence[Conversation], seed: int) -> Conversation | None:
        """Who answers a player that addressed the whole group; None: the game says so later."""
        match self.director:
            case "game":
                return None
            case "addressed":
                last = next((talk for talk in able if talk.npc == self.last_speaker), None)
                return addressed(text, able) or last or next(iter(able), None)
            case "round_robin":
                return self._after(self.last_speaker, able)
            case "weighted":
                return self._by_weight(able, seed)

    def next_for_npcs(self, speaker: Conversation, able: Sequence[Conversation], seed: int) -> tuple[Conversation | None, bool]:
        """Who answers an NPC that has just spoken, and whether it was addressed by name; None: nobody."""
        others = [talk for talk in able if talk is not speaker]
        named = addressed(speaker.history.last_reply(speaker.parser()), others)
        match self.director:
            case "game":
                return None, False
            case "weighted":
                chosen = self._by_weight(others, seed)
            case "addressed":
                chosen = named or self._after(speaker.npc, others)
            case "round_robin":
                chosen = self._after(speaker.npc, others)
        return chosen, chosen is not None and chosen is named

    def next_asked(self, able: Sequence[Conversation]) -> Conversation | None:
        """Who goes on when the game asks the whole group to."""
        return self._after(self.last_speaker, able)

    def _after(self, npc: str, able: Sequence[Conversation]) -> Conversation | None:
        """The next one in turn."""
        begin = self.npcs.index(npc) + 1 if npc in self.npcs else 0
        order = [*self.npcs[begin:], *self.npcs[:begin]]
        return min(able, key=lambda talk: order.index(talk.npc), default=None)

    def _by_weight(self, able: Sequence[Conversation], seed: int) -> Conversation | None:
        """At random by weight; not the one who has just spoken, if there is another."""
        others = [talk for talk in able if talk.npc != self.last_speaker] or list(able)
        weights = [max(0.0, self.weights.get(talk.npc, 1.0)) for talk in others]
        place = seed / MAX_SEED * sum(weights)
        for talk, weight in zip(others, weights, strict=True):
            place -= weight
            if weight and place < 0:
                return talk
        return None


def addressed(text: str, talks: Iterable[Conversation]) -> Conversation | None:
    """Whom a line speaks to: who is named at its beginning or end or set off by a comma, else who is named first."""
    found: list[tuple[bool, int, Conversation]] = []
    for talk in talks:
        for name in _callings(_name_of(talk)):
            for match in re.finditer(_pattern(name), text, re.IGNORECASE):
                before, after = text[: match.start()].rstrip(), text[match.end() :].lstrip()
                is_called = not before or before[-1] in ",，、;:!?…" or not after or after[0] in ",，、:：!！?？"
                found.append((not is_called, match.start(), talk))
    return min(found, key=lambda each: each[:2])[2] if found else None


def _callings(name: str) -> list[str]:
    """By what someone may be called: the whole name, or a telling part of it."""
    parts = [part for part in re.split(r"[\s·・]+", name) if len(part) > 1 and part.casefold() not in _COMMON]
    return list(dict.fromkeys([name, *parts]))


def _pattern(name: str) -> str:
    # Words of scripts without spaces stand beside any other letter.
    return rf"(?<!\w){re.escape(name)}(?!\w)" if name.isascii() or not any(char >= "\u2e80" for char in name) else re.escape(name)


def _name_of(talk: Conversation) -> str:
    return talk.circle.name if talk.circle is not None else talk.character.name


def _as_heard(line: Line) -> str:
    return line.text.rstrip("—-") + "—" if line.cut else line.text


class Groups:
    """The groups of a session. No NPC is in two."""

    __slots__ = ("by_name",)

    def __init__(self) -> None:
        self.by_name: dict[str, Group] = {}

    def of(self, npc: str) -> Group | None:
        """The group that this NPC takes part in."""
        return next((group for group in self.by_name.values() if npc in group.npcs), None)

    def named(self, name: str, re: str) -> Group:
        """Raises ``UnknownGroup``."""
        if name not in self.by_name:
            raise UnknownGroup(f"no group '{name}' was gathered", re=re)
        return self.by_name[name]

    def gather(self, message: Gather) -> Group:
        """The group, made or set up anew. Raises ``BadMessage`` if someone takes part elsewhere."""
        for npc in message.npcs:
            other = self.of(npc)
            if other is not None and other.name != message.group:
                raise BadMessage(f"'{npc}' takes part in '{other.name}'; disperse that first", re=message.id)
        if message.group not in self.by_name and len(self.by_name) >= MAX_GROUPS:
            raise BadMessage(f"{MAX_GROUPS} groups are gathered, which is the limit; disperse some", re=message.id)
        if any(not 0 <= weight < float("inf") for weight in message.weights.values()):
            raise BadMessage("field 'weights' must hold numbers from 0 up", re=message.id)
        group = self.by_name.setdefault(message.group, Group(message.group, []))
        group.set_up(message)
        return group

    def leave(self, npc: str) -> None:
        """This NPC is closed; a group without any is over."""
        group = self.of(npc)
        if group is not None:
            group.npcs.remove(npc)
            if not group.npcs:
                del self.by_name[group.name]

    def state(self) -> dict[str, Any]:
        """See ``snapshot.Kept``."""
        groups = [
            _SavedGroup.model_validate(group, from_attributes=True).model_dump(mode="json", exclude_defaults=True)
            for group in self.by_name.values()
        ]
        return {"groups": groups} if groups else {}

    def restore(self, state: dict[str, Any]) -> None:
        """See ``snapshot.Kept``. What cannot be read is forgotten: nobody is gathered then."""
        try:
            saved = _SavedGroups.model_validate(state)
        except ValidationError:
            saved = _SavedGroups()
        self.by_name = {each.name: Group(**{name: getattr(each, name) for name in _SavedGroup.model_fields}) for each in saved.groups}


class _SavedGroup(BaseModel):
    name: Id
    npcs: list[Id] = Field(max_length=MAX_GROUP_NPCS)
    director: Director = "addressed"
    weights: dict[str, float] = Field(default={}, max_length=400)
    max_npc_turns: int = Field(default=2, ge=0, le=20)
    pause_s: Annotated[float, Field(ge=0, le=60)] = 0.0
    last_speaker: str = ""
    waiting: list[Say] = []
    asked: tuple[str, ...] = ()


class _SavedGroups(BaseModel):
    groups: list[_SavedGroup] = Field(default=[], max_length=MAX_GROUPS)
