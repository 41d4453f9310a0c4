"""Every order of say, event, interrupt, regenerate, failure, reconnect, crash, save and load: a line is heard once, an event used once.

The session is the real one, what it writes goes into a real memory file, and a crash goes on from there. The turns are played by the
machine in the place of a model. Beside it runs a model of what should be: what was said, what was replied, which events wait.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from npc_bridge.core import keeping
from npc_bridge.core import messages as wire
from npc_bridge.core.character import Character
from npc_bridge.core.conversation import Conversation, Turn
from npc_bridge.core.effects import Begin, Effect, Send
from npc_bridge.core.events import EventTemplates
from npc_bridge.core.session import Session
from npc_bridge.core.snapshot import read_snapshot
from npc_bridge.errors import NotNow
from npc_bridge.memory.blob import pack, unpack
from npc_bridge.memory.file import MemoryFile
from npc_bridge.memory.rows import rows_of
from npc_bridge.saves import revive

BROM = Character(id="brom", name="Brom", note_tokens=8_000)


@dataclass
class Truth:
    """What should be, on one timeline."""

    said: list[str] = field(default_factory=list)
    replied: list[str] = field(default_factory=list)
    waiting: dict[str, tuple[str, float]] = field(default_factory=dict)
    """Events that no turn has used: id → key and the time left in seconds when it came."""
    until: dict[str, float] = field(default_factory=dict)
    last_told: set[str] = field(default_factory=set)
    """The events in the note of the last reply."""

    def tell(self, event: str, key: str, left_s: float, now: float) -> None:
        for other in [each for each, (its_key, _) in self.waiting.items() if key and its_key == key]:
            del self.waiting[other]
        self.waiting[event], self.until[event] = (key, left_s), now + left_s

    def write_down(self, now: float) -> None:
        """What is written down of an event is how long it still matters."""
        for event, (key, _) in self.waiting.items():
            self.waiting[event] = (key, max(0.0, self.until[event] - now))

    def read_back(self, now: float) -> None:
        for event, (_, left_s) in self.waiting.items():
            self.until[event] = now + left_s

    def awaited(self, now: float) -> set[str]:
        return {event for event in self.waiting if self.until[event] > now}


class Playing(RuleBasedStateMachine):
    """One game, one NPC."""

    def __init__(self) -> None:
        super().__init__()
        self.file = MemoryFile(None)
        self.now = 0.0
        self.numbers = count(1)
        self.truth = Truth()
        self.used: dict[str, wire.GameMessage] = {}
        self.saved: list[tuple[bytes, Truth]] = []
        self.turn: Turn | None = None
        self.told: set[str] = set()
        """The events in the note of the turn under way."""
        self.session = self.fresh()

    def teardown(self) -> None:
        self.file.close()

    @initialize()
    def meet(self) -> None:
        self.take(wire.Open(type="open", npc="brom", character="brom"))

    # ── the machine's own part: what a play does ──

    def fresh(self) -> Session:
        return Session("s", find_character=lambda _: BROM, templates=EventTemplates())

    @property
    def talk(self) -> Conversation:
        return self.session.conversations["brom"]

    def take(self, message: wire.GameMessage) -> list[Effect]:
        effects = self.session.receive(message, self.now)
        self.carry_out(effects)
        return effects

    def carry_out(self, effects: list[Effect]) -> None:
        self.write()
        for effect in effects:
            if isinstance(effect, Begin):
                self.begin(effect.turn)

    def write(self) -> None:
        changes = keeping.changes(self.session, self.now)
        if changes:
            self.file.write([rows_of("s", changes)])

    def begin(self, turn: Turn) -> None:
        awaited = self.truth.awaited(self.now)
        turn.note = self.talk.take_note(turn, lambda text: len(text) // 4)
        told = {word for word in (turn.note.text.split() if turn.note else ()) if word.startswith("happened-")}
        is_again = turn.instead_of is not None and turn.instead_of.is_told
        assert told == (self.truth.last_told if is_again else awaited)
        for event in [each for each in self.truth.waiting if each not in awaited]:
            if not is_again:
                del self.truth.waiting[event]  # expired unused
        self.turn, self.told = turn, told
        self.session.ledger.touch("brom")
        self.write()  # what has expired is gone

    def end(self, raw: str, reason: Any, sent: int) -> bool:
        """End the turn under way; whether the player was shown something of it."""
        turn, self.turn = self.turn, None
        assert turn is not None
        before = len(self.talk.history.lines)
        self.talk.conclude(turn, raw, reason, sent)
        is_shown = len(self.talk.history.lines) > before
        is_used = is_shown and reason not in ("fallback", "failed")
        if is_used:
            for event in self.told:
                self.truth.waiting.pop(event, None)
        elif turn.note is not None and turn.note.events:
            for told in turn.note.events:  # given back, if no newer one has its key
                newer = any(key and key == told.key for key, _ in self.truth.waiting.values())
                if told.event.id and told.event.id not in self.truth.waiting and not newer:
                    self.truth.waiting[told.event.id] = (told.key, 0.0)
        if is_shown:
            self.truth.last_told = set(self.told)
        self.write()
        self.carry_out(self.session.turn_over(turn, self.now))
        return is_shown

    # ── what the game does ──

    @rule()
    def say(self) -> None:
        n = next(self.numbers)
        message = wire.Say(type="say", id=f"l{n}", npc="brom", text=f"Line {n}.")
        self.used[message.id] = message
        self.truth.said.append(message.text)
        self.take(message)

    @rule(key=st.sampled_from(["", "", "weather"]), left_s=st.sampled_from([5.0, 1e9]))
    def event(self, key: str, left_s: float) -> None:
        n = next(self.numbers)
        event = f"happened-{n}"
        message = wire.Event(type="event", id=event, name=event, npc="brom", key=key, ttl_s=left_s)
        self.used[event] = message
        self.truth.tell(event, key, left_s, self.now)
        self.take(message)

    @precondition(lambda self: self.used)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        message = self.used[data.draw(st.sampled_from(sorted(self.used)))]
        running = self.turn
        assert self.take(message) == [Send({"type": "accepted", "ids": [message.id]})]
        assert self.turn is running

    @rule()
    def time_passes(self) -> None:
        self.now += 10.0

    @precondition(lambda self: self.turn is None)
    @rule()
    def go_on(self) -> None:
        n = next(self.numbers)
        self.take(wire.Continue(type="continue", id=f"c{n}", npc="brom"))

    @precondition(lambda self: self.turn is None)
    @rule()
    def regenerate(self) -> None:
        n = next(self.numbers)
        awaits_reply = self.talk.history.unanswered
        try:
            self.take(wire.Regenerate(type="regenerate", id=f"r{n}", npc="brom"))
        except NotNow:
            assert not awaits_reply
            return
        if not awaits_reply:
            self.truth.replied.pop()

    # ── what becomes of a turn ──

    @precondition(lambda self: self.turn is not None)
    @rule()
    def succeed(self) -> None:
        raw = f"Reply {next(self.numbers)}."
        self.truth.replied.append(raw)
        self.end(raw, "stop", len(raw))

    @precondition(lambda self: self.turn is not None)
    @rule()
    def fail(self) -> None:
        self.end("", "failed", 0)

    @precondition(lambda self: self.turn is not None)
    @rule()
    def fall_back(self) -> None:
        raw = f"Hm {next(self.numbers)}."
        self.truth.replied.append(raw)
        self.end(raw, "fallback", len(raw))

    @precondition(lambda self: self.turn is not None)
    @rule(at=st.sampled_from([0, 3, 8]))
    def interrupt(self, at: int) -> None:
        assert self.turn is not None
        raw = f"Reply {next(self.numbers)}, cut short."
        self.take(wire.Interrupt(type="interrupt", npc="brom", turn=self.turn.id, at=at))
        if at:
            self.truth.replied.append(raw[:at].strip())
        assert self.end(raw, "interrupted", 10) == bool(at)

    # ── what the world does ──

    @rule()
    def lose_the_connection(self) -> None:
        """And miss so much that the NPCs are opened again."""
        keeping.lose_sight(self.session)
        self.take(wire.Open(type="open", npc="brom", character="brom"))

    @rule()
    def crash(self) -> None:
        """Nothing is left but the file."""
        stored = self.file.read_session("s")
        assert stored is not None
        self.turn = None
        self.session = self.fresh()
        revive(self.session, stored)
        self.truth.read_back(self.now)
        self.take(wire.Open(type="open", npc="brom", character="brom"))

    @rule()
    def save(self) -> None:
        blob = pack(keeping.snapshot(self.session, self.now))
        truth = copy.deepcopy(self.truth)
        truth.write_down(self.now)
        self.saved.append((blob, truth))

    @precondition(lambda self: self.saved)
    @rule(data=st.data())
    def load(self, data: st.DataObject) -> None:
        blob, truth = data.draw(st.sampled_from(self.saved))
        void, self.turn = self.turn, None
        self.truth = copy.deepcopy(truth)
        self.truth.read_back(self.now)
        self.carry_out(keeping.load(self.session, wire.Load(type="load", id="o", slot="x"), read_snapshot(unpack(blob)), self.now))
        if void is not None:
            void.conversation.conclude(void, "Never said.", "stop", 5)
            assert self.session.turn_over(void, self.now) == []

    @rule()
    def the_disk_could_not_keep_up(self) -> None:
        self.file.write([rows_of("s", keeping.everything(self.session, self.now))])
        self.truth.write_down(self.now)

    # ── what is always so ──

    @invariant()
    def every_line_is_heard_once(self) -> None:
        if not self.session.conversations:
            return
        heard = [line.text for line in self.talk.history.lines if line.role == "user"]
        assert heard + [line.text for line in self.talk.waiting] == self.truth.said

    @invariant()
    def every_reply_is_remembered_as_it_was_shown(self) -> None:
        if self.session.conversations:
            assert [line.text for line in self.talk.history.lines if line.role == "assistant"] == self.truth.replied

    @invariant()
    def the_file_says_the_same(self) -> None:
        stored = self.file.read_session("s")
        if stored is not None and self.session.conversations:
            lines = stored.conversations[0].lines
            assert [(line.role, line.text) for line in lines] == [(line.role, line.text) for line in self.talk.history.lines]


TestExactlyOnce = Playing.TestCase
TestExactlyOnce.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
