"""One session as it is played: its turns as tasks, what was told to the game, and what is written down before the game hears of it.

A play outlives its connection: a game that comes back in time hears what it missed, in the middle of a turn too. What to do is decided in
``core/session.py``, how a reply comes about in ``turn.py``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, assert_never

from npc_bridge.backends import Backend
from npc_bridge.config import ServerSettings
from npc_bridge.core import keeping
from npc_bridge.core import messages as wire
from npc_bridge.core.codec import JSON, MSGPACK, Codec
from npc_bridge.core.conversation import Conversation, Turn
from npc_bridge.core.effects import Begin, Effect, Keep, Retell, Send, Stop, Summarise, Wake
from npc_bridge.core.session import Session, refusal
from npc_bridge.core.summary import Job
from npc_bridge.errors import BackendError, BridgeError, WireError
from npc_bridge.memory.settings import StorageSettings
from npc_bridge.memory.store import Store
from npc_bridge.outbox import Outbox
from npc_bridge.remembering import summarise
from npc_bridge.saves import forget_for_good, load_state, save_state
from npc_bridge.spending import Till
from npc_bridge.tape import Recorder
from npc_bridge.turn import request_for, run_turn

log = logging.getLogger(__name__)

ACCEPTED_AT_ONCE = 256
"""How many ids one ``accepted`` names at most; a flood of events is answered in few messages."""
ACCEPTED_WITHIN_S = 0.002


@dataclass(frozen=True, slots=True)
class House:
    """What all sessions of a bridge share."""

    settings: ServerSettings
    backend: Backend
    clock: Callable[[], float]
    storage: StorageSettings
    store: Store | None = None
    recorder: Recorder | None = None
    till: Till = field(default_factory=Till)


class Play:
    """One session and its tasks. ``attach`` gives it a game to talk to, ``end`` ends it."""

    def __init__(self, session: Session, house: House, plays: dict[str, Play]) -> None:
        self.session, self.house = session, house
        self.plays = plays
        """All of the bridge's, by session id."""
        self.outbox: Outbox | None = None
        self.codec: Codec = JSON
        self._told: deque[bytes] = deque()
        """The last messages, as they were sent; the newest has the session's last number."""
        self._told_bytes = 0
        self._held: deque[dict[str, Any] | asyncio.Future[None]] = deque()
        """What waits for a write: messages, each after the writes that have to be safe before it goes out."""
        self._unconfirmed: list[str] = []
        """Ids that are not called accepted yet, because the disk has failed to keep them."""
        self._is_failing = False
        self._accepted: list[str] = []
        self._answering: asyncio.TimerHandle | None = None
        self._leaving: asyncio.TimerHandle | None = None
        self._scopes: dict[str, asyncio.Timeout] = {}
        self._scripts: dict[str, list[bytes]] = {}
        """What the turns under way have told so far, by turn id. As bytes: thousands of maps would keep the garbage collector busy."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._summaries: set[asyncio.Task[None]] = set()

    # ── the game ──

    def attach(self, outbox: Outbox, codec: Codec, welcome: dict[str, Any], seen_seq: int | None) -> None:
        """Talk to this game from now on.

        ``seen_seq`` is the last number that a game which comes back has seen; None for a new one. ``welcome`` is told first, and says
        whether the game hears what it missed after it, or has to open its NPCs again.
        """
        missed = self._missed(seen_seq) if seen_seq is not None else None
        self.outbox, was, self.codec = outbox, self.codec, codec
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None
        if missed is None:
            if seen_seq is not None:
                keeping.lose_sight(self.session)
                if self.house.recorder is not None:
                    self.house.recorder.lost_sight(self.session.id)
            self._held = deque(each for each in self._held if isinstance(each, asyncio.Future))
            self._send(welcome | {"resumed": False})
            return
        outbox.put(codec.encode(welcome | {"resumed": True, "seq": seen_seq}))
        for payload in missed:
            outbox.put(payload if was is codec else codec.encode(read(payload)))

    def detach(self, outbox: Outbox, *, for_good: bool) -> None:
        """The game is gone. If it does not come back within ``resume_s``, or will not, the play ends."""
        if self.outbox is outbox:
            self.outbox = None
            wait_s = 0.0 if for_good else self.house.storage.resume_s
            self._leaving = asyncio.get_running_loop().call_later(wait_s, self.end)

    def end(self) -> None:
        """End all turns, as if they had not begun. What is written down stays."""
        if self.plays.get(self.session.id) is self:
            del self.plays[self.session.id]
        for timer in (self._answering, self._leaving):
            if timer is not None:
                timer.cancel()
        for task in self._tasks:
            task.cancel()

    async def ended(self) -> None:
        """Wait until all tasks of an ended play are over."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _missed(self, seen_seq: int) -> list[bytes] | None:
        """What came after this number, or None if not all of it is here any more."""
        count = self.session.seq - seen_seq
        return list(self._told)[len(self._told) - count :] if 0 <= count <= len(self._told) else None

    # ── messages in ──

    def receive(self, message: wire.GameMessage, now: float) -> asyncio.Task[None] | None:
        """Carry out one message. What is returned has to be awaited before the next one."""
        try:
            effects = self.session.receive(message, now)
        except WireError as error:
            effects = [refusal(error)]
        waits = self._carry_out(effects, now)
        if message.type == "open" and (talk := self.session.conversations.get(message.npc)) is not None and talk.running is None:
            self._read_ahead(talk)
        return waits

    def refuse(self, error: WireError) -> None:
        """Answer a message that could not be read."""
        self._carry_out([refusal(error)], self.house.clock())

    def _carry_out(self, effects: list[Effect], now: float) -> asyncio.Task[None] | None:
        self._write(now)
        waits = None
        for effect in effects:
            match effect:
                case Send(message):
                    if message["type"] == "accepted":
                        self._accept(message["ids"])
                    else:
                        self._answer_accepted()
                        if message["type"] == "stats":
                            message |= self.house.till.stats(self.session, self.house.backend)
                        self.tell(message)
                case Begin(turn):
                    self._answer_accepted()
                    self._make_way()
                    self._keep(asyncio.create_task(self._run(turn)))
                case Stop(turn):
                    self._stop(turn)
                case Retell(turn):
                    script = self._scripts.get(turn.id, [])
                    told, script[:] = list(script), []
                    for payload in told:
                        self.tell(read(payload))
                case Keep(message):
                    self._answer_accepted()
                    waits = self._keep(asyncio.create_task(self._keep_state(message, now)))
                case Summarise(talk, job):
                    self._summaries.add(self._keep(asyncio.create_task(self._summarise(talk, job))))
                case Wake(after_s, key):
                    self._keep(asyncio.create_task(self._wake(after_s, key)))
                case _:
                    assert_never(effect)
        return waits

    async def _summarise(self, talk: Conversation, job: Job) -> None:
        text, count = "", 0
        try:
            with contextlib.suppress(BackendError):
                text, count = await summarise(talk, job, self.house.backend)
        finally:  # without one, the next turn tries again
            self.session.summarised(talk, job, count, text)
        self._write(self.house.clock())

    def _make_way(self) -> None:
        """A model on this machine has one mind: a summary that it is writing waits for the next turn, and the player does not."""
        if self.house.backend.reads_ahead:
            for task in self._summaries:
                task.cancel()
        self._summaries = {task for task in self._summaries if not task.done()}

    async def _wake(self, after_s: float, key: str) -> None:
        await asyncio.sleep(after_s)
        if self.outbox is None:
            return  # nobody is there to hear what an NPC says by itself
        now = self.house.clock()
        if self.house.recorder is not None:
            self.house.recorder.woke(self.session.id, key, now)
        self._carry_out(self.session.wake(key, now), now)

    async def _keep_state(self, message: wire.Save | wire.Load | wire.Forget, now: float) -> None:
        store = self.house.store
        try:
            match message:
                case wire.Save():
                    effects = await save_state(self.session, message, store, now)
                case wire.Load():
                    effects = await load_state(self.session, message, store, now)
                case wire.Forget():
                    effects = await forget_for_good(self.session, message, store, self._forget_elsewhere)
                case _:
                    assert_never(message)
        except WireError as error:
            error.re = message.id
            effects = [refusal(error)]
        else:
            if self.house.recorder is not None:
                self.house.recorder.kept(self.session.id, message.id, now)
        self._carry_out(effects, now)

    def _forget_elsewhere(self, player: str) -> None:
        for play in list(self.plays.values()):
            if play is not self:
                play._carry_out(keeping.forget(play.session, "", player), self.house.clock())

    def _stop(self, turn: Turn) -> None:
        # A turn that has not begun sees is_interrupted for itself; one that is past its scope is over anyway.
        if (scope := self._scopes.get(turn.id)) is not None:
            with contextlib.suppress(RuntimeError):
                scope.reschedule(asyncio.get_running_loop().time())

    # ── turns ──

    async def _run(self, turn: Turn) -> None:
        scope = self._scopes[turn.id] = asyncio.timeout(0 if turn.is_interrupted else self.house.settings.turn_timeout_s)
        self._scripts.setdefault(turn.id, [])
        till, has_told = self.house.till, False
        turn.rung = till.rung(self.session, turn)
        if self.house.recorder is not None:
            turn.filled = partial(self.house.recorder.filled, self.session.id, turn.id)

        def tell(message: dict[str, Any]) -> None:
            nonlocal has_told
            notices = till.bill(self.session, turn, message) if message["type"] == "turn_ended" else []
            if not turn.is_void:
                if turn.is_over or not has_told:
                    has_told = True
                    # What came of the turn, and which events had expired when it began, is safe before the game hears of it.
                    self.session.ledger.touch(turn.conversation.npc)
                    self._write(self.house.clock())
                self.tell(message)
            for notice in notices:
                self.tell(notice)

        try:
            await run_turn(turn, self.house.backend, tell, self.house.clock, scope)
        except Exception as error:  # a bug in the bridge: it costs the turn, and the player still hears that it ended
            log.error("turn %s broke: %s\n%s", turn.id, type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
            if not turn.is_over:
                turn.conversation.conclude(turn, "", "failed", 0)  # what it was told waits for the next turn
            tell(turn.cut_off() | {"reason": "failed", "code": BridgeError.code, "message": "the bridge failed; its log says where"})
        finally:
            del self._scopes[turn.id], self._scripts[turn.id]
        now = self.house.clock()
        if self.house.recorder is not None:
            self.house.recorder.ended(self.session.id, turn.id, now)
        effects = self.session.turn_over(turn, now)
        self._carry_out(effects, now)
        if not any(isinstance(effect, Begin) for effect in effects) and not turn.is_void:
            self._read_ahead(turn.conversation)

    def _read_ahead(self, talk: Conversation) -> None:
        """Let the model read what was said while the player thinks of an answer."""
        backend = self.house.backend
        if not backend.reads_ahead or talk.is_closing:
            return

        async def read() -> None:
            with contextlib.suppress(BackendError):
                await backend.read_ahead(request_for(talk, None, backend))

        self._keep(asyncio.create_task(read()))

    def _keep(self, task: asyncio.Task[None]) -> asyncio.Task[None]:
        """Cancel this task when the play ends."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # ── messages out ──

    def tell(self, message: dict[str, Any]) -> None:
        """Send one message, after all that is written before it is safe. Neither waits nor fails: a game that is gone may come back."""
        if self._held:
            self._held.append(message)
        else:
            self._send(message)

    def _send(self, message: dict[str, Any]) -> None:
        if self._is_failing and message["type"] == "accepted":
            self._unconfirmed += message["ids"]  # a disk that fails silences nobody, but nothing is called safe that is not
            return
        message["seq"] = self.session.next_seq()
        if (recorder := self.house.recorder) is not None:
            recorder.sent(self.session.id, message)
        payload = self.codec.encode(message)
        if (turn := message.get("turn")) in self._scripts:
            self._scripts[turn].append(payload)
        self._told.append(payload)
        self._told_bytes += len(payload)
        while self._told_bytes > self.house.storage.resume_bytes and self._told:
            self._told_bytes -= len(self._told.popleft())
        if self.outbox is not None:
            self.outbox.put(payload)

    def _write(self, now: float) -> None:
        """Write down what has changed; what is told from here on waits until it is safe."""
        changes = keeping.changes(self.session, now)
        if changes and self.house.store is not None:
            done = self.house.store.write(self.session.id, changes)
            self._held.append(done)
            done.add_done_callback(self._let_go)

    def _let_go(self, _: asyncio.Future[None]) -> None:
        """Send what no longer waits."""
        held = self._held
        while held:
            first = held[0]
            if isinstance(first, asyncio.Future):
                if not first.done():
                    return
                held.popleft()
                if first.cancelled() or first.exception() is not None:
                    self._is_failing = True
                else:
                    self.confirm()
            else:
                self._send(held.popleft())  # type: ignore[arg-type]

    def confirm(self) -> None:
        """The disk works: what it has failed to keep before is safe now."""
        store = self.house.store
        if store is not None and self.session.id in store.lost:
            now = self.house.clock()
            self._held.append(done := store.write(self.session.id, keeping.everything(self.session, now)))
            done.add_done_callback(self._let_go)
            return
        self._is_failing = False
        if self._unconfirmed:
            ids, self._unconfirmed = self._unconfirmed, []
            self._send({"type": "accepted", "ids": ids})

    def _accept(self, ids: list[str]) -> None:
        """Answer these soon, together with others that come right after them."""
        if not self._accepted:
            self._answering = asyncio.get_running_loop().call_later(ACCEPTED_WITHIN_S, self._answer_accepted)
        self._accepted += ids
        if len(self._accepted) >= ACCEPTED_AT_ONCE:
            self._answer_accepted()

    def _answer_accepted(self) -> None:
        if self._accepted and self._answering is not None:
            self._answering.cancel()
            ids, self._accepted = self._accepted, []
            self.tell({"type": "accepted", "ids": ids})


def read(payload: bytes) -> dict[str, Any]:
    """A message that was encoded, as it was told."""
    codec: Codec = JSON if payload[:1] == b"{" else MSGPACK
    return codec.decode_bridge(payload, len(payload)).model_dump(exclude_unset=True)
