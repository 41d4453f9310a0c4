"""Tapes: a recorded session, and the same session again without a model.

A tape is a file of JSON lines: first the characters and the wording of events, then every message and every piece of a model's reply in
the order in which the bridge met them. ``replay`` feeds them to the same session and the same turns that serve a game and compares what
comes out. So a bug report is a test. A tape holds what players and NPCs said, and never a token or a key.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO, TypeAlias

from pydantic import TypeAdapter

from npc_bridge import __version__
from npc_bridge.backends import Backend, ChatRequest, Finished, ModelLimits
from npc_bridge.backends.estimate import estimate_tokens
from npc_bridge.core import keeping
from npc_bridge.core import messages as wire
from npc_bridge.core.changes import State
from npc_bridge.core.character import Character
from npc_bridge.core.conversation import Turn
from npc_bridge.core.effects import Begin, Effect, Keep, Retell, Send, Stop, Wake
from npc_bridge.core.events import EventTemplates, parse_templates
from npc_bridge.core.session import Session, refusal
from npc_bridge.core.snapshot import read_snapshot
from npc_bridge.core.unmapped import Unmapped
from npc_bridge.errors import BackendError, BackendLost, FileProblem, FileProblems, UnknownCharacter, WireError, backend_error
from npc_bridge.saves import read_blob
from npc_bridge.turn import run_turn

TAPE_VERSION = 1
NOT_REPLAYED = ("welcome", "accepted", "notice", "stats", "saved", "forgotten")
"""What depends on the network, the disk or other sessions."""
TIMINGS = ("seq", "total_ms", "first_text_ms", "spent_usd")
"""Fields that differ from run to run, or tell what other turns have cost."""

Piece: TypeAlias = str | Finished | BackendError

_from_game: TypeAdapter[wire.GameMessage] = TypeAdapter(wire.GameMessage)


class Recorder:
    """Writes a tape, line by line, so that a crash loses nothing but the last line. ``t`` is the time in seconds of the bridge's clock."""

    def __init__(
        self,
        file: TextIO,
        *,
        characters: dict[str, Character],
        events_toml: str,
        backend: Backend,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file = file
        self._clock = clock
        limits = asdict(backend.limits)
        self._write({"tape": TAPE_VERSION, "bridge": __version__, "backend": backend.name, "model": backend.model, "limits": limits})
        self._write({"events_toml": events_toml})
        for character in characters.values():
            self._write({"character_id": character.id, "character": character.model_dump(mode="json", exclude_defaults=True)})

    def began(self, session: str, past: State | None = None) -> None:
        """``past``: what the memory holds of the session, if it goes on from an earlier run of the bridge."""
        self._write({"session": session, "is": "begun"} | ({"past": past} if past is not None else {}))

    def lost_sight(self, session: str) -> None:
        """The game came back and had missed too much."""
        self._write({"session": session, "is": "out of sight"})

    def kept(self, session: str, message_id: str, now: float) -> None:
        """A save, load or forget that came in before took effect here."""
        self._write({"session": session, "t": now, "kept": message_id})

    def received(self, session: str, message: wire.GameMessage, now: float) -> None:
        self._write({"session": session, "t": now, "in": message.model_dump(mode="json", exclude_unset=True, exclude={"token"})})

    def sent(self, session: str, message: dict[str, Any]) -> None:
        self._write({"session": session, "out": message})

    def piece(self, conversation: str, piece: Piece) -> None:
        match piece:
            case str():
                self._write({"model": conversation, "text": piece})
            case Finished():
                self._write({"model": conversation, "finished": asdict(piece)})
            case BackendError():
                self._write({"model": conversation, "failed": piece.code, "message": str(piece)})

    def stopped(self, conversation: str) -> None:
        """The reply was interrupted, or took too long."""
        self._write({"model": conversation, "stopped": True})

    def filled(self, session: str, turn: str) -> None:
        """The model took so long that the NPC said a filler."""
        self._write({"session": session, "filled": turn})

    def ended(self, session: str, turn: str, now: float) -> None:
        self._write({"session": session, "t": now, "turn_over": turn})

    def woke(self, session: str, key: str, now: float) -> None:
        self._write({"session": session, "t": now, "woke": key})

    def _write(self, line: dict[str, Any]) -> None:
        line.setdefault("t", round(self._clock(), 6))
        self._file.write(json.dumps(line, ensure_ascii=False, default=lambda value: value.hex()) + "\n")
        self._file.flush()


class RecordingBackend:
    """A backend that is listened to."""

    def __init__(self, backend: Backend, recorder: Recorder) -> None:
        self._backend, self._recorder = backend, recorder
        self.name, self.model, self.limits = backend.name, backend.model, backend.limits
        self.estimate_tokens, self.warm_up = backend.estimate_tokens, backend.warm_up
        self.reads_ahead, self.read_ahead, self.close = backend.reads_ahead, backend.read_ahead, backend.close

    async def stream(self, request: ChatRequest) -> AsyncGenerator[str | Finished, None]:
        name = stream_name(request)
        try:
            async with aclosing(self._backend.stream(request)) as pieces:
                async for piece in pieces:
                    self._recorder.piece(name, piece)
                    yield piece
        except BackendError as error:
            self._recorder.piece(name, error)
            raise
        except asyncio.CancelledError:  # not GeneratorExit: a reply that is over before its model has ended is so in a replay too
            self._recorder.stopped(name)
            raise


def stream_name(request: ChatRequest) -> str:
    """What a tape calls the replies of a conversation; candidates come side by side."""
    return f"{request.conversation}#{request.choice}" if request.choice else request.conversation


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a replay left its tape."""

    line: int
    session: str
    expected: dict[str, Any] | None
    got: dict[str, Any] | None


@dataclass(slots=True)
class Replay:
    """What came of replaying a tape."""

    messages: int = 0
    turns: int = 0
    differences: list[Difference] = field(default_factory=list)
    unmapped: Unmapped = field(default_factory=Unmapped)
    """The actions on the tape for which no clip was found."""


class TapeBackend:
    """Recites what the model said on the tape, piece by piece, when it is told to."""

    name = "tape"

    def __init__(self, model: str, limits: ModelLimits) -> None:
        self.model, self.limits = model, limits
        self._pieces: dict[str, asyncio.Queue[Piece]] = defaultdict(asyncio.Queue)

    def put(self, conversation: str, piece: Piece) -> None:
        self._pieces[conversation].put_nowait(piece)

    def forget(self, conversation: str) -> None:
        for name in [name for name in self._pieces if name.partition("#")[0] == conversation]:
            del self._pieces[name]

    async def stream(self, request: ChatRequest) -> AsyncGenerator[str | Finished, None]:
        queue = self._pieces[stream_name(request)]
        while True:
            piece = await queue.get()
            if isinstance(piece, BackendError):
                raise piece
            yield piece
            if isinstance(piece, Finished):
                return

    def estimate_tokens(self, text: str) -> int:
        return estimate_tokens(text)

    async def warm_up(self) -> None:
        """Nothing to load."""

    reads_ahead = False

    async def read_ahead(self, request: ChatRequest) -> None:
        """Not done: see ``Backend.read_ahead``."""

    async def close(self) -> None:
        """Nothing to close."""


class _Player:
    """Feeds one tape through sessions and turns, and keeps what they said."""

    def __init__(self, backend: TapeBackend, characters: dict[str, Character], templates: EventTemplates) -> None:
        self.backend, self.characters, self.templates = backend, characters, templates
        self.now = 0.0
        self.unmapped = Unmapped()
        self.sessions: dict[str, Session] = {}
        self.said: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.keeps: dict[str, wire.Save | wire.Load | wire.Forget] = {}
        self.slots: dict[str, State] = {}
        self.running: dict[str, asyncio.Timeout] = {}
        self.finished: dict[tuple[str, str], Turn] = {}
        self.scripts: dict[str, list[dict[str, Any]]] = {}

    def find(self, character_id: str) -> Character:
        if character_id not in self.characters:
            raise UnknownCharacter(f"there is no character '{character_id}' on the tape", re="open")
        return self.characters[character_id]

    async def play(self, line: dict[str, Any], tasks: asyncio.TaskGroup) -> None:
        if "t" in line:
            self.now = line["t"]
        if "session" in line:
            self._session_line(line, line["session"], tasks)
        else:
            self._model_line(line)
        for _ in range(20):  # let the turns run until they wait for the tape again
            await asyncio.sleep(0)

    def _session_line(self, line: dict[str, Any], session: str, tasks: asyncio.TaskGroup) -> None:
        match line:
            case {"is": "begun"}:
                self.sessions[session] = Session(session, find_character=self.find, templates=self.templates)
                self.sessions[session].unmapped = self.unmapped
                if (past := line.get("past")) is not None:
                    keeping.revive(self.sessions[session], past, past["ids"], read_snapshot(past).remembered())
            case {"is": "out of sight"}:
                keeping.lose_sight(self.sessions[session])
            case {"kept": message_id}:
                self._carry_out(session, self._keep(self.sessions[session], self.keeps.pop(message_id)), tasks)
            case {"in": message}:
                if "blob" in message:
                    message["blob"] = base64.urlsafe_b64decode(message["blob"])
                try:
                    effects = self.sessions[session].receive(_from_game.validate_python(message), self.now)
                except WireError as error:
                    effects = [refusal(error)]
                self._carry_out(session, effects, tasks)
            case {"turn_over": turn_id}:
                turn = self.finished.pop((session, turn_id), None)
                if turn is not None:
                    self._carry_out(session, self.sessions[session].turn_over(turn, self.now), tasks)
            case {"filled": turn_id}:
                self._fill(session, turn_id)
            case {"woke": key}:
                self._carry_out(session, self.sessions[session].wake(key, self.now), tasks)

    def _fill(self, session: str, turn_id: str) -> None:
        turns = (talk.running for talk in self.sessions[session].conversations.values())
        for turn in turns:
            if turn is not None and turn.id == turn_id and turn.fill is not None:
                turn.fill()

    def _model_line(self, line: dict[str, Any]) -> None:
        match line:
            case {"model": conversation, "text": text}:
                self.backend.put(conversation, text)
            case {"model": conversation, "finished": finished}:
                self.backend.put(conversation, Finished(**finished))
            case {"model": conversation, "failed": code, "message": message}:
                self.backend.put(conversation, backend_error(code, message))
            case {"model": conversation, "stopped": True}:
                self._stop(self.running.get(conversation.partition("#")[0]))

    def _carry_out(self, session: str, effects: list[Effect], tasks: asyncio.TaskGroup) -> None:
        for effect in effects:
            match effect:
                case Send(message):
                    self.said[session].append(message)
                case Begin(turn):
                    self.backend.forget(turn.conversation.id)
                    tasks.create_task(self._run(session, turn))
                case Keep(message):
                    self.keeps[message.id] = message
                    if isinstance(message, wire.Save) and message.slot:
                        self.slots[message.slot] = keeping.snapshot(self.sessions[session], self.now)
                case Retell(turn):
                    self.said[session] += self.scripts.get(turn.id, ())
                case Wake():
                    pass  # the tape says when
                case Stop():
                    pass  # pieces may have come in before it took effect: the tape says where it did

    def _keep(self, session: Session, message: wire.Save | wire.Load | wire.Forget) -> list[Effect]:
        match message:
            case wire.Save():
                return []
            case wire.Load():
                state = self.slots.get(message.slot)
                saved = read_snapshot(state) if state is not None else read_blob(message.blob)
                return keeping.load(session, message, saved, self.now)
            case wire.Forget():
                return keeping.forget(session, message.npc, message.player)

    def _stop(self, scope: asyncio.Timeout | None) -> None:
        if scope is not None:
            with suppress(RuntimeError):  # it is over already
                scope.reschedule(asyncio.get_running_loop().time())

    async def _run(self, session: str, turn: Turn) -> None:
        script = self.scripts[turn.id] = []

        def tell(message: dict[str, Any]) -> None:
            if not turn.is_void:
                script.append(message)
                self.said[session].append(message)

        scope = self.running[turn.conversation.id] = asyncio.timeout(0 if turn.is_interrupted else None)
        await run_turn(turn, self.backend, tell, lambda: self.now, scope)
        self.finished[session, turn.id] = turn


async def replay(path: Path) -> Replay:
    """Play a tape without a model, and compare. Raises ``FileProblems`` if the file is not a tape of this version."""
    lines = list(_read(path))
    head = lines[0][1]
    characters = {
        each["character_id"]: Character.model_validate(each["character"] | {"id": each["character_id"]})
        for _, each in lines
        if "character" in each
    }
    events_toml = next((each["events_toml"] for _, each in lines if "events_toml" in each), "")
    templates = parse_templates(events_toml, file="events.toml") if events_toml else EventTemplates()
    player = _Player(TapeBackend(head["model"], ModelLimits(**head["limits"])), characters, templates)
    expected: dict[str, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
    result = Replay(unmapped=player.unmapped)
    async with asyncio.TaskGroup() as tasks:
        for number, line in lines:
            if "out" in line:
                expected[line["session"]].append((number, line["out"]))
            else:
                result.messages += "in" in line
                await player.play(line, tasks)
        for conversation in {each["model"] for _, each in lines if "model" in each}:
            player.backend.put(conversation, BackendLost("the tape ends here"))
    for session, messages in expected.items():
        result.turns += sum(message["type"] == "turn_ended" for _, message in messages)
        result.differences += _compare(session, messages, player.said[session])
    return result


def _compare(session: str, expected: list[tuple[int, dict[str, Any]]], got: list[dict[str, Any]]) -> Iterator[Difference]:
    """Compare NPC by NPC: what different NPCs say at the same time may interleave differently."""

    def by_npc(messages: list[tuple[int, dict[str, Any]]]) -> dict[str, list[tuple[int, dict[str, Any]]]]:
        npcs: dict[str, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
        for number, message in messages:
            if message["type"] not in NOT_REPLAYED:
                npcs[message.get("npc", "")].append((number, {k: v for k, v in message.items() if k not in TIMINGS}))
        return npcs

    want, have = by_npc(expected), by_npc([(0, message) for message in got])
    for npc, messages in want.items():
        theirs = have.get(npc, [])
        for index, (number, message) in enumerate(messages):
            other = theirs[index][1] if index < len(theirs) else None
            if message != other:
                yield Difference(number, session, message, other)
                break


def _read(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileProblems([FileProblem(str(path), 0, f"it cannot be read as a tape: {error}")]) from error
    for number, line in enumerate(text.splitlines(), 1):
        try:
            value = json.loads(line)
        except ValueError:
            if number == text.count("\n") + 1:
                return  # the bridge was killed while it wrote the last line
            raise FileProblems([FileProblem(str(path), number, "this is not a line of a tape")]) from None
        if number == 1 and value.get("tape") != TAPE_VERSION:
            raise FileProblems([FileProblem(str(path), 1, f"this bridge reads tapes of version {TAPE_VERSION}")])
        yield number, value
