"""The state machine of one game client: a message comes in, effects come out.

No sockets, no tasks, no clock: ``server.py`` carries the effects out, and a test calls ``receive`` and compares.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, assert_never

from npc_bridge.core import authoring, doors, gathering
from npc_bridge.core import messages as wire
from npc_bridge.core.again import retold, seed_of
from npc_bridge.core.authoring import Holds, next_line
from npc_bridge.core.budget import Meter
from npc_bridge.core.character import Character
from npc_bridge.core.conversation import Conversation, Turn
from npc_bridge.core.effects import Begin, Effect, Keep, Send, Stop, Summarise, Wake
from npc_bridge.core.events import EventTemplates, pushed_event
from npc_bridge.core.flags import FlagBoard
from npc_bridge.core.group import Groups
from npc_bridge.core.ledger import Ledger
from npc_bridge.core.moderation import NOTHING, STRUCK_OUT
from npc_bridge.core.snapshot import Remembered
from npc_bridge.core.summary import Job
from npc_bridge.core.unmapped import Unmapped
from npc_bridge.errors import BadMessage, NotNow, UnknownNpc, WireError

KEPT: tuple[str, ...] = ("flags", "holds", "meter", "groups")
"""Names of the attributes of a session with a state of their own (see ``snapshot.Kept``) that outlive a saved game and a crash."""


class Session:
    """One game client's run: its NPCs, its turns, its sequence numbers.

    ``find_character`` gives the character of an id or raises ``UnknownCharacter``. Times are seconds of any clock that only goes
    forward. Every error that a message can cause is a ``WireError``, raised before anything was changed.
    """

    def __init__(self, session_id: str, *, find_character: Callable[[str], Character], templates: EventTemplates) -> None:
        self.id = session_id
        self.conversations: dict[str, Conversation] = {}
        self.asleep: dict[str, Remembered] = {}
        """What is remembered of NPCs that are not open."""
        self.timeline = 0
        """Counts the loads of saved states."""
        self.turns = 0
        """How many turns have begun, the lost ones included."""
        self.ledger = Ledger()
        self.flags = FlagBoard()
        self.holds = Holds()
        self.meter = Meter()
        self.groups = Groups()
        self.moderation = NOTHING
        self.unmapped = Unmapped()
        """Counts actions without a clip; the server puts its own here, which outlives the session."""
        self.find_character = find_character
        self.templates = templates
        self.seq = 0
        """The number of the last message."""

    def next_seq(self) -> int:
        self.seq += 1
        return self.seq

    def receive(self, message: wire.GameMessage, now: float) -> list[Effect]:  # noqa: C901 (one case for each message)
        """Take one message in. Raises ``WireError``; then nothing happened."""
        match message:
            case wire.Event():
                return self._event(message, now)
            case wire.Say():
                return self._say(message, now)
            case wire.Continue():
                return self._continue(message, now)
            case wire.Interrupt():
                return self._interrupt(message)
            case wire.Seen():
                turn = self.meant(message.npc, message.type).running
                if turn is not None and turn.id == message.turn:
                    turn.seen = max(turn.seen, message.at)
                return []
            case wire.Open():
                return doors.open_npc(self, message, now)
            case wire.Line():
                return authoring.line(self, message, now)
            case wire.Flags():
                if not self.ledger.has(message.id):
                    self.flags.put(message)
                    self._is_new(message.id)
                return [Send({"type": "accepted", "ids": [message.id]})]
            case wire.AskStats():
                return [Send({"type": "stats", "id": message.id} | self.stats())]
            case wire.Hold():
                return authoring.hold(self, message)
            case wire.Release():
                return authoring.release(self, message, now)
            case wire.Note():
                return self._note(message, now)
            case wire.Gather():
                return gathering.gather(self, message, now)
            case wire.Disperse():
                return gathering.disperse(self, message, now)
            case wire.Regenerate() | wire.Candidates():
                return self._again(message, now)
            case wire.Choose():
                return self._choose(message)
            case wire.Declare():
                self.conversation(message.npc, message.type).declare(message)
                return []
            case wire.Close():
                return doors.close_npc(self, message, now)
            case wire.Save() | wire.Load() | wire.Forget():
                return [Keep(checked_keep(message))]
            case wire.Hello():
                raise BadMessage("this connection has said hello already", re="hello")
            case _:
                assert_never(message)

    def turn_over(self, turn: Turn, now: float) -> list[Effect]:
        """What follows now that this turn has ended: the next turn, if something waits for it."""
        if turn.is_void:
            return []
        conversation = turn.conversation
        conversation.running = None
        self.ledger.touch(conversation.npc)
        group = self.groups.of(conversation.npc)
        effects: list[Effect] = [doors.put_to_sleep(self, conversation, now)] if conversation.is_closing else []
        job = conversation.memory.due(conversation.history, conversation.character.memory)
        after: list[Effect] = [Summarise(conversation, job)] if job is not None and not effects else []
        if group is not None:
            return effects + gathering.turn_over(self, group, turn, now) + after
        return (effects or self.go_on(conversation, now) or self._wait_for_player(turn)) + after

    def summarised(self, talk: Conversation, job: Job, count: int, text: str) -> None:
        """A summary that was asked for is made, of the first ``count`` lines; with none of them, it was not."""
        if count:
            talk.memory.finish(job, count, text)
            self.ledger.touch(talk.npc)
        else:
            talk.memory.give_up(job)

    def _wait_for_player(self, turn: Turn) -> list[Effect]:
        """Let the NPC prompt a player who stays silent, once."""
        talk = turn.conversation
        if talk.silence_s <= 0 or talk.has_prompted or talk.last_turn != turn.id:
            return []
        talk.quiet_since = turn.id
        return [Wake(talk.silence_s, f"silence:{turn.id}:{talk.npc}")]

    def _prompt_player(self, key: str, now: float) -> list[Effect]:
        turn_id, _, npc = key.partition(":")
        talk = self.conversations.get(npc)
        if talk is None or talk.is_closing or talk.quiet_since != turn_id or self.groups.of(npc) is not None or self._is_busy(talk):
            return []
        talk.has_prompted = True
        return [self.begin(talk, "continue", now)]

    def go_on(self, conversation: Conversation, now: float) -> list[Effect]:
        """Begin the turn of an NPC that does not speak, if anything waits for one. Authored lines come first, and also while it is held."""
        if (group := self.groups.of(conversation.npc)) is not None:
            return gathering.go_on(self, group, now)
        if (line := next_line(conversation)) is not None:
            return [self.begin(conversation, "line", now, (line.id,), line.text)]
        if conversation in self.holds:
            return []
        if conversation.wants_to_open:
            conversation.wants_to_open = False
            return [self.begin(conversation, "opening", now, line=conversation.character.opening_line)]
        if (owed := conversation.take_owed()) is not None:
            begin = self.begin(conversation, owed.cause, now, owed.answers)
            begin.turn.instead_of = retold(owed.cause, owed.note)
            return [begin]
        if conversation.wants_to_go_on:
            answers, conversation.wants_to_go_on = conversation.wants_to_go_on, ()
            return [self.begin(conversation, "continue", now, answers)]
        if conversation.owes_follow_up:
            begin = self.begin(conversation, "continue", now)
            begin.turn.is_follow_up = True
            return [begin]
        if conversation.wants_to_react is not None:
            return self.react(conversation, conversation.wants_to_react, now)
        return []

    def _event(self, message: wire.Event, now: float) -> list[Effect]:
        audience = self._audience(message)
        effects: list[Effect] = []
        if message.id:
            effects.append(Send({"type": "accepted", "ids": [message.id]}))
            if not self._is_new(message.id):
                return effects
        for conversation in audience:
            conversation.events.add(message, now)
            self.ledger.touch(conversation.npc)
            if self.templates.reacts(message):
                effects += self.react(conversation, message.id, now)
        return effects

    def _note(self, message: wire.Note, now: float) -> list[Effect]:
        audience = self._audience(message)
        if not message.text.strip() and not message.data:
            raise BadMessage("a note needs 'text' or 'data'", re=message.id)
        if self._is_new(message.id):
            for conversation in audience:
                conversation.events.add(pushed_event(message), now)
                self.ledger.touch(conversation.npc)
        return [Send({"type": "accepted", "ids": [message.id]})]

    def _audience(self, message: wire.Event | wire.Note) -> Sequence[Conversation]:
        if message.npc:
            return (self.conversation(message.npc, message.id or message.type),)
        everyone = self.conversations.values()
        if not message.group:
            return list(everyone)
        gathered = self.groups.by_name.get(message.group)
        return [each for each in everyone if each.group == message.group or (gathered is not None and each.npc in gathered.npcs)]

    def react(self, conversation: Conversation, event_id: str, now: float) -> list[Effect]:
        if self._is_busy(conversation):
            conversation.wants_to_react = event_id
            return []
        conversation.wants_to_react = None
        # While it cools down, the event is still told: with the next turn, whatever causes it.
        if not conversation.events or now - conversation.reacted_at < conversation.character.react_cooldown_s:
            return []
        conversation.reacted_at = now
        answers = (event_id,) if event_id else ()
        if (group := self.groups.of(conversation.npc)) is not None:
            return [gathering.begin(self, group, conversation, "event", now, answers)]
        return [self.begin(conversation, "event", now, answers)]

    def _say(self, message: wire.Say, now: float) -> list[Effect]:
        conversation = self.meant(message.npc, message.id)
        if not message.text.strip():
            raise BadMessage("field 'text' is empty; to let the NPC go on, send 'continue'", re=message.id)
        is_forbidden = self.moderation.forbids(message.text)
        if is_forbidden:
            message = message.model_copy(update={"text": STRUCK_OUT})
        if (group := self.groups.of(conversation.npc)) is not None:
            return gathering.say(self, group, message, now)
        accepted = Send({"type": "accepted", "ids": [message.id]})
        if self.ledger.has(message.id):
            return [accepted]
        speaking = conversation.running
        if speaking is not None and not speaking.is_follow_up and conversation.character.patience.while_speaking == "refuse":
            raise NotNow(f"'{conversation.npc}' is speaking, and cannot be spoken to meanwhile", re=message.id)
        self._is_new(message.id)
        conversation.is_offended = conversation.is_offended or is_forbidden
        conversation.waiting.append(message)
        if self._is_busy(conversation):
            return [accepted, *self._make_room(conversation)]
        return [accepted, self.begin(conversation, "say", now, conversation.hear_waiting())]

    def _make_room(self, talk: Conversation) -> list[Effect]:
        """End the running turn for a line of the player's, if that is the character's way, or if the turn only follows up on another."""
        turn = talk.running
        if turn is None or turn.is_interrupted or not (turn.is_follow_up or talk.character.patience.while_speaking == "interrupt"):
            return []
        turn.is_interrupted, turn.interrupted_at = True, turn.seen or None
        return [Stop(turn)]

    def _continue(self, message: wire.Continue, now: float) -> list[Effect]:
        conversation = self.meant(message.npc, message.id)
        if (group := self.groups.of(conversation.npc)) is not None and message.npc == group.name:
            return gathering.go_on_asked(self, group, message, now)
        accepted = Send({"type": "accepted", "ids": [message.id]})
        if not self._is_new(message.id):
            return [accepted]
        if self._is_busy(conversation):
            conversation.wants_to_go_on += (message.id,)
            return [accepted]
        if group is not None:
            conversation.wants_to_go_on += (message.id,)
            return [accepted, *gathering.go_on(self, group, now)]
        return [accepted, self.begin(conversation, "continue", now, (message.id,))]

    def _again(self, message: wire.Regenerate | wire.Candidates, now: float) -> list[Effect]:
        talk = self.meant(message.npc, message.id)
        accepted = Send({"type": "accepted", "ids": [message.id]})
        if self.ledger.has(message.id):
            return [accepted]
        group = self.groups.of(talk.npc)
        if group is not None:
            gathering.refuse_again(self, group, talk, message.id)
        talk.again.refuse(talk, message.id)
        if talk in self.holds:
            raise NotNow(f"'{talk.npc}' is held; send 'release' first", re=message.id)
        self._is_new(message.id)
        last = talk.history.lines[-1]
        instead_of = talk.again.take_back(talk)
        if group is not None:
            if instead_of is not None:
                group.rehear(talk, self.conversations, last, None)
            begin = gathering.begin(self, group, talk, message.type, now, (message.id,))
        else:
            begin = self.begin(talk, message.type, now, (message.id,))
        begin.turn.instead_of, begin.turn.seed = instead_of, seed_of(self.id, begin.turn.id)
        begin.turn.n = message.n if isinstance(message, wire.Candidates) else 1
        return [accepted, begin]

    def _choose(self, message: wire.Choose) -> list[Effect]:
        talk = self.meant(message.npc, message.id)
        if not self.ledger.has(message.id):
            last = talk.history.lines[-1] if talk.history.lines else None
            talk.again.choose(talk, message.turn, message.index, message.id)
            if (group := self.groups.of(talk.npc)) is not None and last is not None:
                group.rehear(talk, self.conversations, last, talk.history.lines[-1])
            self._is_new(message.id)
        return [Send({"type": "accepted", "ids": [message.id]})]

    def stats(self) -> dict[str, Any]:
        """What a session knows of ``stats``."""
        about = self.meter.rows()
        talks = self.conversations.values()
        about["session"] |= {
            "npcs": len(talks),
            "turns_running": sum(talk.running is not None for talk in talks),
            "held": sum(talk in self.holds for talk in talks),
            "flags": len(self.flags),
            "exits_refused": sum(talk.exits_refused for talk in talks),
        }
        return about | {"unmapped": self.unmapped.rows()}

    def _is_busy(self, talk: Conversation) -> bool:
        """Whether a turn of this NPC has to wait."""
        group = self.groups.of(talk.npc)
        return talk.running is not None or talk in self.holds or (group is not None and group.is_busy(self.conversations))

    def _interrupt(self, message: wire.Interrupt) -> list[Effect]:
        talk = self.meant(message.npc, message.type)
        turn = talk.running
        if (group := self.groups.of(talk.npc)) is not None:
            group.turns_left, group.pausing = 0, ""
        if message.turn and message.turn == talk.last_turn:
            # The reply had ended here, but the player was still reading it.
            if message.at is not None:
                self._cut(talk, message.at)
            return []
        if turn is None or turn.is_interrupted or (message.turn and message.turn != turn.id):
            return []
        turn.is_interrupted = True
        turn.interrupted_at = message.at if message.at is not None else turn.seen or None
        return [Stop(turn)]

    def _cut(self, talk: Conversation, at: int) -> None:
        """The player was shown no more of the last reply, and so others have heard no more of it."""
        old = talk.history.last_of_npc
        talk.history.cut_last_reply(at, talk.parser)
        new = talk.history.last_of_npc
        if new != old:
            talk.memory.reply_was_another()
        if (group := self.groups.of(talk.npc)) is not None and old is not None and new != old:
            group.rehear(talk, self.conversations, old, new if new is not None and new.cut else None)

    def begin(self, conversation: Conversation, cause: wire.TurnCause, now: float, answers: tuple[str, ...] = (), line: str = "") -> Begin:
        self.turns += 1
        conversation.quiet_since = ""
        if answers and cause != "event":
            conversation.has_prompted = False
        self.ledger.touch(conversation.npc)
        turn = Turn(id=f"t{self.turns}", conversation=conversation, cause=cause, asked_at=now, answers=answers, line=line)
        if cause == "say" and conversation.is_offended:
            turn.situation, conversation.is_offended = "refusal", False
        conversation.owes_follow_up = False
        conversation.running, conversation.unmapped = turn, self.unmapped
        return Begin(turn)

    def meant(self, name: str, re: str) -> Conversation:
        """The NPC of this id, or the one whom a message to the whole group means."""
        is_group = name in self.groups.by_name and name not in self.conversations
        return self.conversation(gathering.one_of(self, name, re).npc if is_group else name, re)

    def wake(self, key: str, now: float) -> list[Effect]:
        """Some time after ``Wake``."""
        kind, _, name = key.partition(":")
        return gathering.wake(self, name, now) if kind == "group" else self._prompt_player(name, now)

    def conversation(self, npc: str, re: str) -> Conversation:
        conversation = self.conversations.get(npc)
        if conversation is None or conversation.is_closing:
            raise UnknownNpc(f"no conversation with '{npc}' is open; send 'open' first", re=re)
        self.ledger.touch(npc)
        return conversation

    def _is_new(self, message_id: str) -> bool:
        """Use this id; False if it was used before."""
        return self.ledger.use(message_id)


def checked_keep(message: wire.Save | wire.Load | wire.Forget) -> wire.Save | wire.Load | wire.Forget:
    """The message, if it makes sense. Raises ``BadMessage``."""
    if isinstance(message, wire.Load) and bool(message.slot) == bool(message.blob):
        raise BadMessage("'load' needs either 'slot' or 'blob'", re=message.id)
    if isinstance(message, wire.Forget) and not (message.npc or message.player):
        raise BadMessage("'forget' needs 'npc', 'player' or both", re=message.id)
    return message


def refusal(error: WireError) -> Send:
    """What the game is told of a message that could not be carried out."""
    return Send({"type": "error", "code": error.code, "message": str(error), "retry": error.retry, "re": error.re})
