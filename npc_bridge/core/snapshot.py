"""What is remembered of a conversation while nobody has it open, and a whole session as one plain map: for saved games and after a crash.

A map that came from outside is believed only after it was read here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Protocol, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from npc_bridge.core.changes import AddLine, Change, PutConversation, PutEvent, State
from npc_bridge.core.history import Line
from npc_bridge.core.messages import MAX_ID_CHARS, Event, Player, Say, TurnCause
from npc_bridge.core.messages import Line as AuthoredLine
from npc_bridge.errors import BadSave

SNAPSHOT_VERSION = 1
MAX_OLDER_LINES = 2_000
"""How many lines of a conversation a saved game holds beyond those that the model still reads."""
SAVED_IDS = 1_000
"""How many of the ids that were used last a saved game holds."""


class Kept(Protocol):
    """A part of a session or conversation that has a state of its own."""

    def state(self) -> State: ...

    def restore(self, state: State) -> None: ...


class Owed(BaseModel):
    """A turn that was under way, and has to be taken again."""

    model_config = ConfigDict(frozen=True)

    cause: TurnCause
    answers: tuple[str, ...] = ()
    note: str = Field(default="", max_length=200_000)
    """What it was told a second time, because it stands in for another turn; events that were not used yet wait on the board."""


class TalkState(BaseModel):
    """One conversation without its lines and events."""

    model_config = ConfigDict(frozen=True)

    npc: str = Field(min_length=1, max_length=MAX_ID_CHARS)
    character: str = Field(max_length=MAX_ID_CHARS)
    player: Player
    language: str = Field(max_length=35)
    group: str = Field(max_length=MAX_ID_CHARS)
    first: int = Field(ge=0)
    """Number of the first line that the model still reads."""
    last_turn: str = Field(default="", max_length=MAX_ID_CHARS)
    fallbacks_spoken: int = Field(default=0, ge=0)
    players: tuple[str, ...] = ()
    """Who has ever spoken to the NPC, by name."""
    waiting: tuple[Say, ...] = ()
    authored: tuple[AuthoredLine, ...] = ()
    goes_on: tuple[str, ...] = ()
    """Ids of what asked it to go on."""
    owed: Owed | None = None
    parts: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """The states of its parts, by name."""


@dataclass(slots=True)
class Remembered:
    """One conversation that nobody has open."""

    talk: TalkState
    lines: list[Line] = field(default_factory=list)
    begin: int = 0
    """Number of the first of ``lines``; at most ``talk.first``."""
    events: list[State] = field(default_factory=list)

    @property
    def window(self) -> list[Line]:
        """The lines that the model still reads."""
        return self.lines[self.talk.first - self.begin :]

    def let_older_go(self) -> None:
        """Keep only the lines that the model still reads; the memory has the others."""
        self.lines, self.begin = self.window, self.talk.first

    def changes(self) -> list[Change]:
        """All of it, to be written down anew."""
        npc = self.talk.npc
        lines = [AddLine(npc, n, line.role, line.text, line.player, line.cut) for n, line in enumerate(self.lines, self.begin)]
        events = [PutEvent(npc, int(state["order"]), state) for state in self.events if state["event"].get("id")]
        return [put_conversation(self.talk), *lines, *events]


def put_conversation(talk: TalkState) -> PutConversation:
    return PutConversation(talk.npc, talk.player.id or talk.player.name, talk.model_dump(mode="json", exclude_defaults=True))


# ── a whole session ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

_Role: TypeAlias = Literal[0, 1]
_Text: TypeAlias = Annotated[str, Field(max_length=200_000)]
_SavedLine: TypeAlias = tuple[_Role, _Text, Annotated[str, Field(max_length=200)], bool]


class _SavedEvent(BaseModel):
    order: int = Field(ge=0, lt=2**53)
    left_s: float | None = Field(ge=0, allow_inf_nan=False)
    turns_left: float | None = Field(allow_inf_nan=False)
    event: Event


class _SavedTalk(BaseModel):
    talk: TalkState
    begin: int = Field(ge=0)
    lines: list[_SavedLine] = Field(max_length=10_000)
    events: list[_SavedEvent] = Field(max_length=2_000)


class Snapshot(BaseModel):
    """One session at one moment."""

    model_config = ConfigDict(frozen=True)

    version: Literal[1]
    turns: int = Field(ge=0)
    ids: list[Annotated[str, Field(max_length=MAX_ID_CHARS)]] = Field(max_length=SAVED_IDS)
    parts: dict[str, dict[str, Any]] = Field(default_factory=dict)
    talks: list[_SavedTalk] = Field(max_length=5_000)

    def remembered(self) -> list[Remembered]:
        return [
            Remembered(
                each.talk,
                [Line("assistant" if role else "user", text, player, cut) for role, text, player, cut in each.lines],
                each.begin,
                [event.model_dump(mode="json", exclude={"event"}) | {"event": _plain(event.event)} for event in each.events],
            )
            for each in self.talks
        ]


def _plain(event: Event) -> State:
    return event.model_dump(mode="json", exclude_defaults=True) | {"type": "event"}


def as_map(turns: int, ids: Iterable[str], parts: State, talks: Iterable[Remembered]) -> State:
    """A session as one plain map, for ``read_snapshot``."""
    return {
        "version": SNAPSHOT_VERSION,
        "turns": turns,
        "ids": list(ids)[-SAVED_IDS:],
        "parts": parts,
        "talks": [
            {
                "talk": each.talk.model_dump(mode="json", exclude_defaults=True),
                "begin": each.begin,
                "lines": [packed_line(line) for line in each.lines],
                "events": each.events,
            }
            for each in talks
        ],
    }


def packed_line(line: Line | AddLine) -> list[Any]:
    """A line in a few bytes."""
    return [int(line.role == "assistant"), line.text, line.player, line.cut]


def without(state: State, *, npc: str, player: str) -> State | None:
    """A saved state without the conversations with this NPC and player, of whom either may be empty; None if it holds none of them."""
    talks = [each for each in state["talks"] if not _is_with(each, npc, player)]
    return {**state, "talks": talks} if len(talks) < len(state["talks"]) else None


def _is_with(talk: State, npc: str, player: str) -> bool:
    who = talk["talk"]["player"]
    is_player = player in (who.get("id"), who.get("name")) or any(line[2] == player for line in talk["lines"])
    return (not npc or talk["talk"]["npc"] == npc) and (not player or is_player)


def read_snapshot(state: State, *, re: str = "") -> Snapshot:
    """The session that a map describes. Raises ``BadSave`` for one that no bridge has made, or only a newer one."""
    version = state.get("version")
    if isinstance(version, int) and version > SNAPSHOT_VERSION:
        raise BadSave(f"the saved state has version {version}, this bridge reads up to {SNAPSHOT_VERSION}; update npc-bridge", re=re)
    try:
        snapshot = Snapshot.model_validate(state)
    except ValidationError as exc:
        where = ".".join(str(step) for step in exc.errors(include_url=False, include_input=False)[0]["loc"])
        raise BadSave(f"the saved state is damaged at {where or 'its root'}; the session stays as it is", re=re) from None
    for each in snapshot.talks:
        if not each.begin <= each.talk.first <= each.begin + len(each.lines):
            raise BadSave("the saved state is damaged: its lines do not follow one another", re=re)
    return snapshot


def read_talk(state: State) -> TalkState:
    """The state of one conversation, as ``put_conversation`` wrote it. Raises ``BadSave``."""
    try:
        return TalkState.model_validate(state)
    except ValidationError as exc:
        raise BadSave(f"what is remembered of a conversation cannot be read: {exc.error_count()} fields are wrong") from None
