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
MAX_TARGETS = 256
MAX_ALIASES = 64
MAX_NOTE_CHARS = 8_000
MAX_GROUP_NPCS = 16

Id: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID_CHARS)]
Name: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Position: TypeAlias = Annotated[int, Field(ge=0)]
"""A place in the visible text of a turn, in Unicode code points from 0."""


class Message(BaseModel):
    """What all messages share: unknown fields are ignored, so that old and new can meet; ``3.0`` is accepted for ``3``."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False, ser_json_bytes="base64")


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
    aliases: tuple[Name, ...] = Field(default=(), max_length=MAX_ALIASES, fail_fast=True)


class Target(Message):
    """A thing, a place or a person of the game that an action can be aimed at. A bare string is its name."""

    name: Name
    aliases: tuple[Name, ...] = Field(default=(), max_length=32, fail_fast=True)
    """Other words for it, as a character may write them."""


PlayerField: TypeAlias = Annotated[Player, BeforeValidator(_player)]
ClipField: TypeAlias = Annotated[Clip, BeforeValidator(_clip)]
TargetField: TypeAlias = Annotated[Target, BeforeValidator(_clip)]
FlagValue: TypeAlias = bool | int | float | Annotated[str, StringConstraints(max_length=400)] | None

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
    targets: tuple[TargetField, ...] = Field(default=(), max_length=MAX_TARGETS, fail_fast=True)
    """What this NPC's actions can be aimed at; cues name no others."""
    opening: bool = True
    """Whether the opening line is spoken if this is their first meeting."""
    silence_s: float = Field(default=0.0, ge=0)
    """After how long a silence of the player the NPC goes on by itself, once; 0: never."""


class Declare(Message):
    """What this NPC can play or aim at has changed. What is left out stays."""

    type: Literal["declare"]
    npc: Id
    clips: tuple[ClipField, ...] | None = Field(default=None, max_length=MAX_CLIPS, fail_fast=True)
    targets: tuple[TargetField, ...] | None = Field(default=None, max_length=MAX_TARGETS, fail_fast=True)


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
    """To whom: an NPC, who answers, or a group that was gathered, whose director chooses who does."""
    text: str = Field(max_length=MAX_SAY_CHARS)
    player: str = Field(default="", max_length=120)


class Continue(Message):
    """Go on, although the player said nothing."""

    type: Literal["continue"]
    id: Id
    npc: Id
    """Who goes on: an NPC, or one of a gathered group, as its director chooses."""


class Note(Message):
    """Something for the NPC to know in its next reply, and in no other: a search result, the state of a quest."""

    type: Literal["note"]
    id: Id
    npc: str = Field(default="", max_length=MAX_ID_CHARS)
    """Who reads it: one NPC, or a ``group``, or everyone when both are empty."""
    group: str = Field(default="", max_length=MAX_ID_CHARS)
    text: str = Field(default="", max_length=MAX_NOTE_CHARS)
    data: dict[str, Any] = Field(default_factory=dict)
    """Read as ``key: value`` lines, after the text."""
    key: str = Field(default="", max_length=MAX_ID_CHARS)
    """Replaces a note or event with the same key that was not used yet."""


class Gather(Message):
    """Let these NPCs talk with each other and with the players, in one conversation."""

    type: Literal["gather"]
    id: Id
    group: Id
    npcs: tuple[Id, ...] = Field(min_length=1, max_length=MAX_GROUP_NPCS, fail_fast=True)
    director: Literal["addressed", "round_robin", "weighted", "game"] = "addressed"
    """Who speaks next when the game does not say: who is addressed by name, each in turn, at random by ``weights``, nobody."""
    weights: dict[str, float] = Field(default_factory=dict)
    """How talkative an NPC is, by id; 1 when it is not named."""
    max_npc_turns: int = Field(default=2, ge=0, le=20)
    """How many turns NPCs take by themselves after one that a player asked for."""
    pause_s: float = Field(default=0.0, ge=0, le=60)
    """How long to wait before an NPC answers another."""


class Disperse(Message):
    """End the talk of this group; each NPC remembers what it heard."""

    type: Literal["disperse"]
    id: Id
    group: Id


class Line(Message):
    """An authored line that was not asked of a model: the NPC, or a player, says it, and the NPC remembers it as said."""

    type: Literal["line"]
    id: Id
    npc: Id
    text: str = Field(max_length=MAX_SAY_CHARS)
    """With its actions in parentheses."""
    player: str = Field(default="", max_length=120)
    """The player who says it; empty: the NPC does."""
    shown: bool = False
    """The game shows the line itself: remember it, and send no turn."""


class Flags(Message):
    """What is true in the game now, for conditions in character files. A flag that is none is forgotten."""

    type: Literal["flags"]
    id: Id
    npc: str = Field(default="", max_length=MAX_ID_CHARS)
    """For this NPC only; empty: for all."""
    values: dict[Name, FlagValue] = Field(max_length=400)


class Hold(Message):
    """A cutscene or authored dialogue runs: end running turns and start none, until ``release``. Events still count."""

    type: Literal["hold"]
    id: Id
    npc: str = Field(default="", max_length=MAX_ID_CHARS)
    """One NPC, or a ``group``, or everyone when both are empty."""
    group: str = Field(default="", max_length=MAX_ID_CHARS)


class Release(Message):
    """What was held may speak again; lines that waited are answered now."""

    type: Literal["release"]
    id: Id
    npc: str = Field(default="", max_length=MAX_ID_CHARS)
    group: str = Field(default="", max_length=MAX_ID_CHARS)


class AskStats(Message):
    """How is it going: answered by ``stats``."""

    type: Literal["ask_stats"]
    id: Id


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
    Hello
    | Open
    | Declare
    | Event
    | Note
    | Flags
    | Say
    | Continue
    | Line
    | Hold
    | Release
    | Gather
    | Disperse
    | Regenerate
    | Candidates
    | Choose
    | Seen
    | Interrupt
    | Save
    | Load
    | Forget
    | AskStats
    | Close,
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
    characters: tuple[str, ...] = ()
    """Ids of the character files, to choose from."""
    npcs: tuple[str, ...] = ()
    """NPCs that this session knows from before: ``open`` goes on with them."""
    timeline: int = 0


class Opened(BridgeSays):
    """The conversation with this NPC is open."""

    type: Literal["opened"]
    npc: Id
    character: str
    name: str
    language: str
    opening: bool
    """Whether the NPC now speaks its opening line, as a turn of its own."""
    remembered: int = 0
    """How many lines of earlier talk this conversation goes on from."""
    last_line: str = ""
    """The visible text of what the NPC said last."""


class Accepted(BridgeSays):
    """These events and lines are safe and will be used once; sent again, they are answered but not used again."""

    type: Literal["accepted"]
    ids: tuple[str, ...]


TurnCause: TypeAlias = Literal["opening", "say", "continue", "event", "regenerate", "candidates", "line"]
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
    replaces: str = ""
    """The turn that this one takes the place of: what was shown of it is void."""
    n: int = 1
    """How many replies come side by side, to choose from."""
    group: str = ""
    """The group whose talk this turn belongs to."""


class Text(BridgeSays):
    """A piece of what the NPC says, to show at once."""

    type: Literal["text"]
    npc: Id
    turn: Id
    at: Position
    text: str
    index: int = 0
    """Which of the candidates this belongs to."""


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
    target: str = ""
    """What it is aimed at, one of the names the game declared; empty when none was meant."""
    score: float | None = None
    """How sure the choice of the clip is, 0 to 1."""
    reason: str = ""
    """How the clip was found: ``exact``, ``alias``, ``lexical``, ``meaning``; or ``thinking``, for a pose while the model thinks."""
    state: Literal["final", "provisional", "confirmed", "withdrawn"] = "final"
    """A provisional cue comes while its action is still being written; one with the same ``id`` confirms or withdraws it."""
    id: int = 0
    """Tells the cues of a turn that come provisionally apart, from 1; 0 for others."""
    index: int = 0
    """Which of the candidates this belongs to."""

    @property
    def begins(self) -> bool:
        """Whether this is when to play the clip: not at ``confirmed``, where it is playing already."""
        return self.state in ("final", "provisional")

    @property
    def is_over(self) -> bool:
        """Whether the clip, which has begun early, is to stop."""
        return self.state == "withdrawn"


class Exit(BridgeSays):
    """The talk has come to one of the character's exits, whose conditions hold: the game may take over."""

    type: Literal["exit"]
    npc: Id
    turn: Id
    exit: str
    at: Position = 0


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
    backend: str = ""
    """Which model answered, when there are several in a row; ``authored`` when none did."""
    cost_usd: float | None = None
    """What the turn cost; absent when prices are not known."""
    spent_usd: float | None = None
    """What the session cost so far."""


class Saved(BridgeSays):
    """The state for the game's save file."""

    type: Literal["saved"]
    id: Id
    slot: str = ""
    blob: bytes = b""


class Loaded(BridgeSays):
    """The session is back at the saved state. All that came before belongs to another timeline; its turns are over."""

    type: Literal["loaded"]
    id: Id
    slot: str = ""
    npcs: tuple[str, ...] = ()
    """The NPCs that the saved state knows."""
    timeline: int = 0
    """Counts the loads of this session."""


class Forgotten(BridgeSays):
    """This was deleted for good."""

    type: Literal["forgotten"]
    id: Id
    conversations: int = 0
    lines: int = 0
    events: int = 0
    slots: int = 0


class Gathered(BridgeSays):
    """These NPCs now talk with each other."""

    type: Literal["gathered"]
    id: Id
    group: Id
    npcs: tuple[str, ...]


class Dispersed(BridgeSays):
    """The talk of the group is over."""

    type: Literal["dispersed"]
    id: Id
    group: Id


class Notice(BridgeSays):
    """Something the game should know, although all goes on."""

    type: Literal["notice"]
    code: str
    message: str
    npc: str = ""
    player: str = ""


class Stats(BridgeSays):
    """How it is going."""

    type: Literal["stats"]
    id: Id
    session: dict[str, Any] = Field(default_factory=dict)
    """Counts of this session: turns, tokens, money."""
    characters: tuple[dict[str, Any], ...] = ()
    players: tuple[dict[str, Any], ...] = ()
    backends: tuple[dict[str, Any], ...] = ()
    """The model servers in a row and how each one is."""
    budgets: tuple[dict[str, Any], ...] = ()
    unmapped: tuple[dict[str, Any], ...] = ()
    """Actions for which no clip was found, with how often, and suggestions."""


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
    Welcome
    | Opened
    | Accepted
    | TurnStarted
    | Text
    | Cue
    | Exit
    | TurnEnded
    | Saved
    | Loaded
    | Forgotten
    | Gathered
    | Dispersed
    | Notice
    | Stats
    | Closed
    | Error,
    Field(discriminator="type"),
]
