"""One NPC and everything said with it: what is known, what is waiting, and which turn runs.

Plain state, no I/O. ``session.py`` decides what happens; this file says what follows from it for one NPC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from npc_bridge.core import ladder
from npc_bridge.core.again import Again, LastReply
from npc_bridge.core.board import EventBoard, Note
from npc_bridge.core.changes import Change, PutConversation
from npc_bridge.core.character import Character
from npc_bridge.core.clips import ClipIndex, Match
from npc_bridge.core.clips_targets import Targets
from npc_bridge.core.cues import CueParser
from npc_bridge.core.events import EventTemplates
from npc_bridge.core.exits import ExitReader, open_exits
from npc_bridge.core.flags import FlagBoard
from npc_bridge.core.history import History, visible_cut
from npc_bridge.core.knowledge import Knowledge, Known
from npc_bridge.core.messages import MAX_ALIASES, Clip, Declare, Line, Open, Player, Say, Target, TurnCause, TurnReason
from npc_bridge.core.moderation import NOTHING, STRUCK_OUT, Moderation
from npc_bridge.core.snapshot import Owed, Remembered, TalkState, put_conversation
from npc_bridge.core.summary import LongTerm
from npc_bridge.core.unmapped import Unmapped

KEPT: tuple[str, ...] = ("again", "memory", "knowledge")
"""Names of the attributes with a state of their own (see ``snapshot.Kept``) that outlive a saved game and a crash."""


@dataclass(frozen=True, slots=True)
class Circle:
    """Those with whom an NPC talks in a group, by the names that stand in front of lines."""

    group: str
    name: str
    """The NPC's own."""
    others: tuple[str, ...]
    """The other NPCs'."""


@dataclass(slots=True)
class Turn:
    """One NPC reply, from its cause to ``turn_ended``. The session makes it, ``run_turn`` carries it out."""

    id: str
    conversation: Conversation
    cause: TurnCause
    asked_at: float
    """When its cause arrived, in seconds of the session's clock; timings count from here."""
    answers: tuple[str, ...] = ()
    line: str = ""
    """What the NPC says word for word, without asking a model: an opening line, or one that the game sent."""
    rung: int = 0
    """How many backends of a row may not be asked, because a budget is spent."""
    note: Note | None = None
    """What happened in the game since the last turn; given back when the turn fails."""
    seen: int = 0
    """How far the player was shown this turn, in code points."""
    is_interrupted: bool = False
    interrupted_at: int | None = None
    """Where the player was when interrupting; None: everything that was sent counts as shown."""
    is_over: bool = False
    """What came of it is written down."""
    is_void: bool = False
    """It belongs to a timeline that was left: nothing more of it is told or remembered."""
    instead_of: LastReply | None = None
    """The reply in whose place this one comes."""
    n: int = 1
    """How many replies it offers side by side."""
    offers: tuple[tuple[str, int], ...] = ()
    """Each of them with its actions, and how much visible text of it was sent."""
    group: str = ""
    """The group whose talk it belongs to."""
    priority: Literal["say", "addressed", "npc"] = "say"
    """Who goes first when a server takes few requests at a time."""
    situation: str = ""
    """What its authored line has to fit if no model is to be asked; empty: a model is."""
    is_follow_up: bool = False
    """The model goes on after a fallback line that it was too late for."""
    fill: Callable[[], None] | None = None
    """Says a filler, while the turn waits for its model."""
    filled: Callable[[], None] | None = None
    """Told when that happened."""
    backend: str = ""
    """Which model answered, if there are several in a row; ``authored`` when none did."""
    seed: int | None = None
    """Takes the place of the character's own, so that the reply is another."""

    @property
    def first_cause(self) -> TurnCause:
        """Why the NPC speaks, also when this reply comes in the place of another."""
        return self.instead_of.cause if self.instead_of is not None else self.cause

    def owed(self) -> Owed:
        """What has to be taken again if this turn is cut off by a crash or a load."""
        again = self.instead_of
        note = again.note.text if again is not None and again.is_told and again.note is not None else ""
        return Owed(cause=self.first_cause, answers=self.answers, note=note)

    def cut_off(self) -> dict[str, Any]:
        """The ``turn_ended`` of a turn that nobody may hear the rest of."""
        return {"type": "turn_ended", "npc": self.conversation.npc, "turn": self.id, "reason": "interrupted", "chars": 0, "total_ms": 0.0}

    def started(self) -> dict[str, Any]:
        """The ``turn_started`` of this turn."""
        message: dict[str, Any] = {
            "type": "turn_started",
            "npc": self.conversation.npc,
            "turn": self.id,
            "cause": self.cause,
            "answers": list(self.answers),
            "note": self.note.text if self.note else "",
        }
        if self.instead_of is not None and self.instead_of.turn:
            message["replaces"] = self.instead_of.turn
        if self.n > 1:
            message["n"] = self.n
        if self.group:
            message["group"] = self.group
        return message


@dataclass(slots=True)
class Conversation:
    """Everything between the players and one NPC of one session."""

    id: str
    """Tells it apart from every other conversation of this bridge."""
    npc: str
    character: Character
    player: Player
    declared: tuple[Clip, ...]
    """The clips that the game declared."""
    language: str
    group: str
    events: EventBoard
    targets: tuple[Target, ...] = ()
    """What the NPC's actions can be aimed at."""
    history: History = field(default_factory=History)
    flags: FlagBoard = field(default_factory=FlagBoard)
    """The session's."""
    knowledge: Knowledge = field(default_factory=Knowledge)
    exits_refused: int = 0
    """How often the model chose an exit that was not open."""
    clips: tuple[Clip, ...] = field(init=False)
    index: ClipIndex = field(init=False)
    aim: Targets | None = field(init=False)
    """``targets``, to look for in actions; None when there are none."""
    unmapped: Unmapped = field(default_factory=Unmapped)
    """Where actions without a clip are counted; the session's, which is the bridge's."""
    silence_s: float = 0.0
    """After how long a silence of the player the NPC goes on by itself; 0: never."""
    quiet_since: str = ""
    """The turn since which nobody has said anything."""
    has_prompted: bool = False
    """It went on by itself, and the player is still silent."""
    circle: Circle | None = None
    """The group in which it talks now."""
    running: Turn | None = None
    last_turn: str = ""
    """Id of the turn that said the last reply in the history."""
    memory: LongTerm = field(default_factory=LongTerm)
    """What is remembered beyond the lines that the model reads."""
    again: Again = field(default_factory=Again)
    """How that reply came about, for another in its place."""
    waiting: list[Say] = field(default_factory=list)
    """Lines that arrived while the NPC was speaking."""
    authored: list[Line] = field(default_factory=list)
    """Authored lines that arrived while the NPC was speaking."""
    wants_to_open: bool = False
    """The opening line was not spoken yet."""
    wants_to_go_on: tuple[str, ...] = ()
    """Ids of the ``continue`` messages that arrived while the NPC was speaking; it goes on once for all of them."""
    wants_to_react: str | None = None
    """Id of the event (empty if it has none) that the NPC will react to once it has finished speaking."""
    reacted_at: float = float("-inf")
    is_closing: bool = False
    fallbacks_spoken: int = 0
    fillers_spoken: int = 0
    moderation: Moderation = NOTHING
    is_offended: bool = False
    """A line that waits was struck out: the next reply is a refusal."""
    owes_follow_up: bool = False
    """The model was too late for the last turn, and goes on after its fallback line."""
    owed: Owed | None = None
    """A turn that a crash or a load cut off, and that is taken again once the NPC is open."""
    is_away: bool = False
    """The game has lost track of this NPC and will open it again."""
    _written: PutConversation | None = None

    def __post_init__(self) -> None:
        self.recast(self.character)

    @classmethod
    def opened_by(cls, session_id: str, message: Open, character: Character, templates: EventTemplates) -> Conversation:
        return cls(
            id=f"{session_id}/{message.npc}",
            npc=message.npc,
            character=character,
            player=message.player,
            declared=message.clips,
            language=message.language or character.language,
            group=message.group,
            events=EventBoard(templates),
            targets=message.targets,
            silence_s=message.silence_s,
        )

    def recast(self, character: Character) -> None:
        """Go on as the edited ``character``, from the next turn on."""
        self.character = character
        self.clips = playable_clips(self.declared, character.clips)
        self.index = ClipIndex(self.clips, self.language)
        self.aim = Targets({target.name: target.aliases for target in self.targets}) if self.targets else None

    def parser(self) -> CueParser:
        """A reader for one reply, with the character's own marks of actions."""
        style = self.character.style
        is_speech = self.index.is_aside if style.asides == "speak" else None
        return CueParser(max_action_chars=style.max_action_chars, styles=style.marks, is_speech=is_speech)

    def known(self) -> Known:
        """What the character knows by now of that which it does not always know."""
        return self.knowledge.now(self.character.knows, self.flags.of(self.npc), first_line=self.history.first)

    def open_exits(self) -> dict[str, str]:
        """The descriptions of the exits whose conditions hold now, by name."""
        exits = self.character.exits
        return {name: exits[name].description for name in open_exits(exits, self.flags.of(self.npc))}

    def exit_reader(self) -> ExitReader | None:
        """A reader that takes the marks of exits out of one reply; None for a character without exits."""
        return ExitReader(self.character.exits) if self.character.exits else None

    def declare(self, message: Declare) -> None:
        """Take over what the game says this NPC can play and aim at now."""
        if message.clips is not None:
            self.declared = message.clips
        if message.targets is not None:
            self.targets = message.targets
        self.recast(self.character)

    def note_unmapped(self, action: str, matches: Sequence[Match]) -> None:
        """Count an action that no clip shows, or only a doubtful one, unless it quotes a player."""
        lately = [line for line in self.history.lines[-12:] if line.role == "user"]
        players = {self.player.name, *(line.player for line in lately)}
        self.unmapped.see(self.character.id, action, matches, self.index, heard=[line.text for line in lately], players=players)

    @property
    def name(self) -> str:
        """What the NPC is called here: two of the same name in a group are numbered."""
        return self.circle.name if self.circle is not None else self.character.name

    @property
    def other_names(self) -> tuple[str, ...]:
        """Who else takes part: players, and the other NPCs of a group."""
        players = (self.player.name, *(line.player for line in self.history.lines[-12:] if line.player))
        return tuple(dict.fromkeys((*players, *(self.circle.others if self.circle is not None else ()))))

    def hear_waiting(self) -> tuple[str, ...]:
        """Move the waiting lines into the history; return their ids."""
        for line in self.waiting:
            self.history.hear(line.text, line.player or self.player.name)
        ids = tuple(line.id for line in self.waiting)
        self.waiting.clear()
        return ids

    # ── what is remembered ──

    def reopen(self, message: Open, character: Character) -> None:
        """The game opens this NPC again, and says anew who it is and what it can do."""
        self.player, self.declared, self.targets, self.group = message.player, message.clips, message.targets, message.group
        self.language = message.language or character.language
        self.is_away, self.silence_s = False, message.silence_s
        self.recast(character)

    def anew(self, templates: EventTemplates) -> Conversation:
        """The same NPC, open for the same game, that remembers nothing."""
        again = Conversation(
            self.id, self.npc, self.character, self.player, self.declared, self.language, self.group, EventBoard(templates), self.targets
        )
        again.flags, again.is_away, again.silence_s = self.flags, self.is_away, self.silence_s
        return again

    def recall(self, past: Remembered, now: float) -> None:
        """Go on from what was remembered of this conversation, and is written down so."""
        self.history = History(lines=past.window, first=past.talk.first, players=past.talk.players)
        self.events.restore(past.events, now)
        self.last_turn, self.fallbacks_spoken, self.owed = past.talk.last_turn, past.talk.fallbacks_spoken, past.talk.owed
        self.waiting, self.authored = list(past.talk.waiting), list(past.talk.authored)
        self.wants_to_go_on = past.talk.goes_on
        for name in KEPT:
            if name in past.talk.parts:
                getattr(self, name).restore(past.talk.parts[name])

    def state(self) -> TalkState:
        """All that has to be remembered, except lines and events."""
        turn = self.running
        return TalkState.model_construct(
            npc=self.npc,
            character=self.character.id,
            player=self.player,
            language=self.language,
            group=self.group,
            first=self.history.first,
            last_turn=self.last_turn,
            fallbacks_spoken=self.fallbacks_spoken,
            players=tuple(sorted(self.history.players)),
            waiting=tuple(self.waiting),
            authored=tuple(self.authored),
            goes_on=self.wants_to_go_on,
            owed=turn.owed() if turn is not None and not turn.is_over else self.owed,
            parts={name: state for name in KEPT if (state := getattr(self, name).state())},
        )

    def remembered(self, now: float) -> Remembered:
        """The conversation as it is now. A turn under way has not happened yet: it is owed, and its note waits."""
        turn = self.running
        note = turn.note if turn is not None and not turn.is_over else None
        events = sorted(self.events.states(now) + [told.state(now) for told in (note.events if note else ())], key=lambda e: e["order"])
        return Remembered(self.state(), list(self.history.lines), self.history.first, events)

    def changes(self, now: float) -> list[Change]:
        """What has to be written down since the last call."""
        put = put_conversation(self.state())
        changes: list[Change] = [] if put == self._written else [put]
        self._written = put
        return [*changes, *self.history.changes(self.npc), *self.events.changes(self.npc, now)]

    # ── turns ──

    def stop_waiting(self) -> None:
        """The conversation is left: lines that wait are not said."""
        self.waiting.clear()
        self.authored.clear()
        self.wants_to_go_on, self.wants_to_react, self.wants_to_open, self.owed = (), None, False, None

    def take_owed(self) -> Owed | None:
        """What to speak of next: lines that wait, or a turn that a crash or a load cut off."""
        owed, self.owed = self.owed, None
        answers = owed.answers if owed is not None else ()
        note = owed.note if owed is not None else ""
        if self.waiting:
            return Owed(cause="say", answers=(*answers, *self.hear_waiting()), note=note)
        if owed is None or owed.cause in ("continue", "event"):
            return owed
        return Owed(cause="say", answers=answers, note=note) if self.history.unanswered else None

    def take_note(self, turn: Turn, estimate: Callable[[str], int]) -> Note | None:
        """What this turn is told of the game's events. An authored line is told nothing."""
        if turn.line:
            return None
        if turn.instead_of is not None and turn.instead_of.is_told:
            return turn.instead_of.note
        return self.events.take(turn.asked_at, budget_tokens=self.character.note_tokens, estimate=estimate, language=self.language)

    def conclude(self, turn: Turn, raw: str, reason: TurnReason, sent_chars: int) -> None:
        """Write down what came of the turn: history keeps what the player was shown, and an event counts once.

        ``raw`` is the reply with its parentheses, ``sent_chars`` how much visible text of it the game was sent. A turn that failed, or
        of which the player was shown nothing, gives its note back.
        """
        turn.is_over = True
        if reason in ("stop", "length", "fallback", "failed"):
            self.history.reply(raw)
            is_shown = reason != "failed" or bool(raw.strip())
        else:
            seen = turn.interrupted_at if turn.interrupted_at is not None else sent_chars
            shown = visible_cut(raw, min(seen, sent_chars), self.parser)
            is_shown = bool(shown.strip())
            if is_shown:
                self.history.reply_cut(shown)
        if is_shown:
            self.last_turn = turn.id
            self.again.conclude(self, turn, reason)
            is_whole = reason in ("stop", "length") and turn.instead_of is None and turn.n == 1
            self.memory.note_reply(self.history, is_authored=bool(turn.line) or reason == "fallback", is_whole=is_whole)
        if turn.line:
            return
        if is_shown and reason not in ("fallback", "failed"):
            if turn.note is not None:
                self.events.use_up(turn.note)
            if turn.instead_of is None or not turn.instead_of.is_told:
                self.events.end_turn()
        elif turn.note is not None:
            self.events.give_back(turn.note)

    def fallback_line(self, turn: Turn) -> str:
        """An authored line for when the model fails, such as fits what was just said; never the one it said last."""
        reacts = turn.first_cause == "event"
        situation = turn.situation or ladder.situation_now(self.character, self.history, reacts=reacts)
        self.fallbacks_spoken += 1
        return ladder.fallback(self.character, self.language, situation, self.fallbacks_spoken - 1, self._last_raw)

    @property
    def _last_raw(self) -> str:
        return last.text if (last := self.history.last_of_npc) is not None else ""

    def strike_out(self) -> None:
        """Forget the words of the players' last lines: a server that refuses them once refuses every prompt that holds them."""
        waiting = self.history.lines[len(self.history.lines) - self.history.unanswered :]
        self.history.drop_from(len(self.history.lines) - len(waiting))
        for line in waiting:
            self.history.hear(STRUCK_OUT, line.player)

    def filler(self) -> str:
        """What the NPC says while it waits for its model; empty if it would say the same twice in a row."""
        self.fillers_spoken += 1
        return ladder.filler(self.character, self.language, self.fillers_spoken - 1, self._last_raw)


def playable_clips(declared: Sequence[Clip], described: Iterable[Clip]) -> tuple[Clip, ...]:
    """The game's clips, with the descriptions and aliases that the character file adds; the file's own when the game declared none."""
    if not declared:
        return tuple(described)
    known = {clip.name: clip for clip in described}
    return tuple(_both(clip, known[clip.name]) if clip.name in known else clip for clip in declared)


def _both(declared: Clip, described: Clip) -> Clip:
    """The game's word first, the file's after it."""
    aliases = tuple(dict.fromkeys((*declared.aliases, *described.aliases)))
    return Clip(name=declared.name, description=declared.description or described.description, aliases=aliases[:MAX_ALIASES])
