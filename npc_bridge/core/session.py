"""The state machine of one game client: a message comes in, effects come out.

No sockets, no tasks, no clock: ``server.py`` carries the effects out, and a test calls ``receive`` and compares.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never

from npc_bridge.core import messages as wire
from npc_bridge.core.character import Character, character_from_map
from npc_bridge.core.conversation import Conversation, Turn
from npc_bridge.core.events import EventTemplates
from npc_bridge.errors import BadMessage, FileProblems, NotSupported, UnknownNpc, WireError

MAX_NPCS = 1_000
MAX_COMPLAINT_CHARS = 1_000
REMEMBERED_IDS = 20_000
"""How many ids of events and lines a session remembers, to use each one once."""


@dataclass(frozen=True, slots=True)
class Send:
    """Tell the game."""

    message: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Begin:
    """Let this turn run."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class Stop:
    """End this turn early; ``turn_over`` is called for it as for any other."""

    turn: Turn


Effect: TypeAlias = Send | Begin | Stop


class Session:
    """One game client's run: its NPCs, its turns, its sequence numbers.

    ``find_character`` gives the character of an id or raises ``UnknownCharacter``. Times are seconds of any clock that only goes
    forward. Every error that a message can cause is a ``WireError``, raised before anything was changed.
    """

    def __init__(self, session_id: str, *, find_character: Callable[[str], Character], templates: EventTemplates) -> None:
        self.id = session_id
        self.conversations: dict[str, Conversation] = {}
        self._find_character = find_character
        self._templates = templates
        self._ids: dict[str, None] = {}
        self._turns = 0
        self._seq = 0

    def next_seq(self) -> int:
        self._seq += 1
        return self._seq

    def receive(self, message: wire.GameMessage, now: float) -> list[Effect]:
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
                turn = self._conversation(message.npc, message.type).running
                if turn is not None and turn.id == message.turn:
                    turn.seen = max(turn.seen, message.at)
                return []
            case wire.Open():
                return self._open(message, now)
            case wire.Declare():
                self._conversation(message.npc, message.type).declare(message)
                return []
            case wire.Close():
                return self._close(message)
            case wire.Hello():
                raise BadMessage("this connection has said hello already", re="hello")
            case (
                wire.Regenerate() | wire.Candidates() | wire.Choose() | wire.Save() | wire.Load() | wire.Forget() | wire.AskStats()
                | wire.Note() | wire.Flags() | wire.Line() | wire.Hold() | wire.Release() | wire.Gather() | wire.Disperse()
            ):  # fmt: skip
                raise NotSupported(f"'{message.type}' comes with a later version of the bridge", re=message.id)
            case _:
                assert_never(message)

    def turn_over(self, turn: Turn, now: float) -> list[Effect]:
        """What follows now that this turn has ended: the next turn, if something waits for it."""
        conversation = turn.conversation
        conversation.running = None
        if conversation.is_closing:
            del self.conversations[conversation.npc]
            return [Send({"type": "closed", "npc": conversation.npc})]
        if conversation.waiting:
            return [self._begin(conversation, "say", now, conversation.hear_waiting())]
        if conversation.wants_to_go_on:
            answers, conversation.wants_to_go_on = conversation.wants_to_go_on, ()
            return [self._begin(conversation, "continue", now, answers)]
        if conversation.wants_to_react is not None:
            return self._react(conversation, conversation.wants_to_react, now)
        return []

    def _open(self, message: wire.Open, now: float) -> list[Effect]:
        if message.npc in self.conversations:
            raise BadMessage(f"'{message.npc}' is open already; close it first", re=message.type)
        if len(self.conversations) >= MAX_NPCS:
            raise BadMessage(f"{MAX_NPCS} NPCs are open, which is the limit; close those that are far away", re=message.type)
        character = inline_character(message) if isinstance(message.character, dict) else self._find_character(message.character)
        conversation = Conversation.opened_by(self.id, message, character, self._templates)
        self.conversations[message.npc] = conversation
        opened = {
            "type": "opened",
            "npc": message.npc,
            "character": character.id,
            "name": character.name,
            "language": conversation.language,
            "opening": bool(character.opening_line),
        }
        if not character.opening_line:
            return [Send(opened)]
        return [Send(opened), self._begin(conversation, "opening", now)]

    def _event(self, message: wire.Event, now: float) -> list[Effect]:
        audience = self._audience(message)
        effects: list[Effect] = []
        if message.id:
            effects.append(Send({"type": "accepted", "ids": [message.id]}))
            if not self._is_new(message.id):
                return effects
        for conversation in audience:
            conversation.events.add(message, now)
            if self._templates.reacts(message):
                effects += self._react(conversation, message.id, now)
        return effects

    def _audience(self, message: wire.Event) -> Sequence[Conversation]:
        if message.npc:
            return (self._conversation(message.npc, message.id or message.type),)
        everyone = self.conversations.values()
        return [each for each in everyone if each.group == message.group] if message.group else list(everyone)

    def _react(self, conversation: Conversation, event_id: str, now: float) -> list[Effect]:
        if conversation.running is not None:
            conversation.wants_to_react = event_id
            return []
        conversation.wants_to_react = None
        # While it cools down, the event is still told: with the next turn, whatever causes it.
        if not conversation.events or now - conversation.reacted_at < conversation.character.react_cooldown_s:
            return []
        conversation.reacted_at = now
        return [self._begin(conversation, "event", now, (event_id,) if event_id else ())]

    def _say(self, message: wire.Say, now: float) -> list[Effect]:
        conversation = self._conversation(message.npc, message.id)
        if not message.text.strip():
            raise BadMessage("field 'text' is empty; to let the NPC go on, send 'continue'", re=message.id)
        accepted = Send({"type": "accepted", "ids": [message.id]})
        if not self._is_new(message.id):
            return [accepted]
        conversation.waiting.append(message)
        if conversation.running is not None:
            return [accepted]
        return [accepted, self._begin(conversation, "say", now, conversation.hear_waiting())]

    def _continue(self, message: wire.Continue, now: float) -> list[Effect]:
        conversation = self._conversation(message.npc, message.id)
        accepted = Send({"type": "accepted", "ids": [message.id]})
        if not self._is_new(message.id):
            return [accepted]
        if conversation.running is not None:
            conversation.wants_to_go_on += (message.id,)
            return [accepted]
        return [accepted, self._begin(conversation, "continue", now, (message.id,))]

    def _interrupt(self, message: wire.Interrupt) -> list[Effect]:
        talk = self._conversation(message.npc, message.type)
        turn = talk.running
        if message.turn and message.turn == talk.last_turn:
            # The reply had ended here, but the player was still reading it.
            if message.at is not None:
                talk.history.cut_last_reply(message.at)
            return []
        if turn is None or turn.is_interrupted or (message.turn and message.turn != turn.id):
            return []
        turn.is_interrupted = True
        turn.interrupted_at = message.at if message.at is not None else turn.seen or None
        return [Stop(turn)]

    def _close(self, message: wire.Close) -> list[Effect]:
        conversation = self._conversation(message.npc, message.type)
        if conversation.running is None:
            del self.conversations[message.npc]
            return [Send({"type": "closed", "npc": message.npc})]
        conversation.is_closing = True
        conversation.running.is_interrupted = True
        return [Stop(conversation.running)]

    def _begin(self, conversation: Conversation, cause: wire.TurnCause, now: float, answers: tuple[str, ...] = ()) -> Begin:
        self._turns += 1
        turn = Turn(id=f"t{self._turns}", conversation=conversation, cause=cause, asked_at=now, answers=answers)
        conversation.running = turn
        return Begin(turn)

    def _conversation(self, npc: str, re: str) -> Conversation:
        conversation = self.conversations.get(npc)
        if conversation is None or conversation.is_closing:
            raise UnknownNpc(f"no conversation with '{npc}' is open; send 'open' first", re=re)
        return conversation

    def _is_new(self, message_id: str) -> bool:
        """Remember this id; False if it was used before."""
        if message_id in self._ids:
            return False
        self._ids[message_id] = None
        if len(self._ids) > REMEMBERED_IDS:
            del self._ids[next(iter(self._ids))]
        return True


def inline_character(message: wire.Open) -> Character:
    """The character that ``open`` brings along. Raises ``BadMessage`` with what to write instead."""
    assert isinstance(message.character, dict)
    try:
        return character_from_map(message.character, character_id=message.npc)
    except FileProblems as error:
        raise BadMessage(str(error)[:MAX_COMPLAINT_CHARS], re=message.type) from None


def refusal(error: WireError) -> Send:
    """What the game is told of a message that could not be carried out."""
    return Send({"type": "error", "code": error.code, "message": str(error), "retry": error.retry, "re": error.re})
