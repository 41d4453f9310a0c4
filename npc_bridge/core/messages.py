"""The wire vocabulary, version 1: what a game and the bridge can say to each other.

Each message is a flat map with a ``type``. This file says which fields there are; ``docs/protocol.md`` says what they mean, and
``tests/golden/`` holds one example of each. Nothing here encodes, decodes or acts: see ``codec.py`` and ``session.py``.

The bridge reads the game's messages into these classes. On its way out it builds plain maps, because building a validated object for
each piece of text would cost more than all the rest; the classes of the second half are what the Python client reads them into, and
the tests hold the two together.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

PROTOCOL = 1
SUBPROTOCOL_MSGPACK = "npc-bridge.v1.msgpack"
SUBPROTOCOL_JSON = "npc-bridge.v1.json"

MAX_ID_CHARS = 128
MAX_SAY_CHARS = 8_000
MAX_CLIPS = 512

Id: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID_CHARS)]
Name: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Position: TypeAlias = Annotated[int, Field(ge=0)]
"""A place in the visible text of a turn, in Unicode code points from 0."""


class Message(BaseModel):
    """What all messages share: unknown fields are ignored, so that old and new can meet; ``3.0`` is accepted for ``3``."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


def _player(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


def _clip(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


class Player(Message):
    """Who speaks to the NPC. A bare string is its name."""

    name: Name
    id: str = Field(default="", max_length=MAX_ID_CHARS)
    """Tells players of the same name apart; the name when empty."""
    description: str = Field(default="", max_length=2_000)


class Clip(Message):
    """An animation of the game that this NPC can play. A bare string is its name."""

    name: Name
    description: str = Field(default="", max_length=400)
    aliases: tuple[Name, ...] = Field(default=(), max_length=64, fail_fast=True)


PlayerField: TypeAlias = Annotated[Player, BeforeValidator(_player)]
ClipField: TypeAlias = Annotated[Clip, BeforeValidator(_clip)]

# ── from the game ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Hello(Message):
    """The first message of a connection."""

    type: Literal["hello"]
    protocol: int
    client: str = Field(default="", max_length=120)
    engine: str = Field(default="", max_length=120)
    token: str = Field(default="", max_length=512, repr=False)
    session: str = Field(default="", max_length=MAX_ID_CHARS)
    """To go on with an earlier session: its id, and in ``seq`` the last number seen."""
    seq: int = Field(default=0, ge=0)


class Open(Message):
    """Begin, or go on with, the conversation with one NPC."""

    type: Literal["open"]
    npc: Id
    character: Id | dict[str, Any]
    """Id of a character file, or the same tables inline."""
    player: PlayerField = Player(name="Player")
    clips: tuple[ClipField, ...] = Field(default=(), max_length=MAX_CLIPS, fail_fast=True)
    language: str = Field(default="", max_length=35)
    group: str = Field(default="", max_length=MAX_ID_CHARS)
    """Events can be told to all NPCs of a group at once, ``tavern`` for example."""


class Event(Message):
    """Something happened in the game. Told once, used in one prompt."""

    type: Literal["event"]
    name: Name
    id: str = Field(default="", max_length=MAX_ID_CHARS)
    """An event with an id is answered by ``accepted`` and counts once however often it is sent. Without one it is neither."""
    data: dict[str, Any] = Field(default_factory=dict)
    npc: str = Field(default="", max_length=MAX_ID_CHARS)
    """Who notices it: one NPC, or a ``group``, or everyone when both are empty."""
    group: str = Field(default="", max_length=MAX_ID_CHARS)
    key: str = Field(default="", max_length=MAX_ID_CHARS)
    """A later event with the same key replaces this one, if it was not used yet."""
    priority: int | None = Field(default=None, ge=0, le=9)
    """Which events stay when a note is too long: 9 before 0. Otherwise the template's, else 5."""
    ttl_s: float | None = Field(default=None, gt=0)
    ttl_turns: int | None = Field(default=None, ge=1)
    react: bool | None = None
    """Whether the NPC should say something about it by itself."""


class Say(Message):
    """The player said this to the NPC."""

    type: Literal["say"]
    id: Id
    npc: Id
    text: str = Field(max_length=MAX_SAY_CHARS)
    player: str = Field(default="", max_length=120)


class Continue(Message):
    """Go on, although the player said nothing."""

    type: Literal["continue"]
    id: Id
    npc: Id


class Regenerate(Message):
    """Say the last reply again in other words."""

    type: Literal["regenerate"]
    id: Id
    npc: Id


class Candidates(Message):
    """Offer several replies to choose from."""

    type: Literal["candidates"]
    id: Id
    npc: Id
    n: int = Field(ge=1, le=4)


class Choose(Message):
    """Take this one of the candidates."""

    type: Literal["choose"]
    id: Id
    npc: Id
    turn: Id
    index: int = Field(ge=0, le=3)


class Seen(Message):
    """The player was shown the turn up to this position."""

    type: Literal["seen"]
    npc: Id
    turn: Id
    at: Position


class Interrupt(Message):
    """Stop the reply that is under way; the player was shown it up to ``at``."""

    type: Literal["interrupt"]
    npc: Id
    turn: str = Field(default="", max_length=MAX_ID_CHARS)
    """Only if this turn is still the running one. Empty: whichever is."""
    at: Position | None = None
    """Nothing known: all that was sent counts as shown."""


class Save(Message):
    """Hand me this session's state for my save file."""

    type: Literal["save"]
    id: Id
    slot: str = Field(default="", max_length=MAX_ID_CHARS)


class Load(Message):
    """Go back to this state."""

    type: Literal["load"]
    id: Id
    slot: str = Field(default="", max_length=MAX_ID_CHARS)
    blob: bytes = b""


class Forget(Message):
    """Delete what is remembered of a player or an NPC."""

    type: Literal["forget"]
    id: Id
    npc: str = Field(default="", max_length=MAX_ID_CHARS)
    player: str = Field(default="", max_length=120)


class Close(Message):
    """Leave this conversation."""

    type: Literal["close"]
    npc: Id


GameMessage: TypeAlias = Annotated[
    Hello | Open | Event | Say | Continue | Regenerate | Candidates | Choose | Seen | Interrupt | Save | Load | Forget | Close,
    Field(discriminator="type"),
]

# ── from the bridge ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


class BridgeSays(Message):
    """What all messages of the bridge share."""

    seq: int = Field(default=0, ge=0)
    """Counts the messages of a session from 1 without a gap. 0 only before ``welcome``."""


class Welcome(BridgeSays):
    """The session is open."""

    type: Literal["welcome"]
    protocol: int
    session: Id
    resumed: bool
    """Whether this is the session that ``hello`` asked for; if not, open the NPCs again."""
    server: str
    backend: str
    model: str
    max_message_bytes: int


class Opened(BridgeSays):
    """The conversation with this NPC is open."""

    type: Literal["opened"]
    npc: Id
    character: str
    name: str
    language: str
    opening: bool
    """Whether the NPC now speaks its opening line, as a turn of its own."""


class Accepted(BridgeSays):
    """These events and lines are safe and will be used once; sent again, they are answered but not used again."""

    type: Literal["accepted"]
    ids: tuple[str, ...]


TurnCause: TypeAlias = Literal["opening", "say", "continue", "event"]
TurnReason: TypeAlias = Literal["stop", "length", "interrupted", "fallback", "failed"]


class TurnStarted(BridgeSays):
    """An NPC begins to reply."""

    type: Literal["turn_started"]
    npc: Id
    turn: Id
    cause: TurnCause
    answers: tuple[str, ...] = ()
    """Ids of the lines, or of the event, that this turn answers."""
    note: str = ""
    """The note made from events for this turn, as the model reads it."""


class Text(BridgeSays):
    """A piece of what the NPC says, to show at once."""

    type: Literal["text"]
    npc: Id
    turn: Id
    at: Position
    text: str


class Cue(BridgeSays):
    """Something the NPC does, at its place in the text."""

    type: Literal["cue"]
    npc: Id
    turn: Id
    at: Position
    clip: str
    """One of the clips the game declared, or empty when none fits."""
    action: str
    """What the model wrote between the parentheses."""


class TurnEnded(BridgeSays):
    """The reply is over. Every turn that started ends exactly once."""

    type: Literal["turn_ended"]
    npc: Id
    turn: Id
    reason: TurnReason
    chars: int
    """Length of the turn's visible text in code points."""
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    """How many of ``prompt_tokens`` the server had cached; absent when it does not say."""
    completion_tokens: int | None = None
    first_text_ms: float | None = None
    total_ms: float = 0.0
    code: str = ""
    """Why it failed, or why the fallback line was spoken; a code of ``error``."""
    message: str = ""
    retry: bool = False


class Saved(BridgeSays):
    """The state for the game's save file."""

    type: Literal["saved"]
    id: Id
    slot: str = ""
    blob: bytes = b""


class Loaded(BridgeSays):
    """The session is back at the saved state."""

    type: Literal["loaded"]
    id: Id
    slot: str = ""


class Closed(BridgeSays):
    """The conversation is left."""

    type: Literal["closed"]
    npc: Id


class Error(BridgeSays):
    """A message could not be carried out; the session goes on."""

    type: Literal["error"]
    code: str
    message: str
    retry: bool = False
    re: str = ""
    """Id of the message at fault, or its type when it has none."""


BridgeMessage: TypeAlias = Annotated[
    Welcome | Opened | Accepted | TurnStarted | Text | Cue | TurnEnded | Saved | Loaded | Closed | Error,
    Field(discriminator="type"),
]
