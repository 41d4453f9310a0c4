"""Plays scenarios: a bridge and a game that says what the file says, over a real connection, and what is found wrong.

One bridge plays a whole file; each scenario with each seed is a session of its own.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from npc_bridge.cast import Cast
from npc_bridge.config import ServerSettings
from npc_bridge.core.character import Character
from npc_bridge.core.sentences import sentences
from npc_bridge.scenarios.file import Expect, Scenario, ScenarioFile, Step
from npc_bridge.scenarios.tape import ListenedTo, Run
from npc_bridge.server import Bridge

NPC = "npc"
STEP_TIMEOUT_S = 180.0


@dataclass(slots=True)
class Outcome:
    """What came of one scenario with one seed."""

    file: str
    scenario: str
    seed: int
    at_least: float
    took_s: float = 0.0
    wrong: list[str] = field(default_factory=list)
    """What was not as expected, with the number of the step."""
    said: list[str] = field(default_factory=list)
    """What was said by both, to understand it."""

    is_stale: bool = False
    """The tape does not fit."""

    @property
    def is_passed(self) -> bool:
        return not self.wrong


@dataclass(slots=True)
class Heard:
    """What the game heard during one step."""

    text: str = ""
    cues: list[tuple[str, str]] = field(default_factory=list)
    exits: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def take(self, message: dict[str, Any]) -> None:
        match message:
            case {"type": "turn_started"}:
                self.text += " " if self.text else ""
            case {"type": "text", "text": text}:
                self.text += text
            case {"type": "cue", "clip": clip} if clip and message.get("state") not in ("provisional", "withdrawn"):
                self.cues.append((clip, message.get("target", "")))
            case {"type": "exit", "exit": name}:
                self.exits.append(name)
            case {"type": "turn_ended", "reason": reason}:
                self.reasons.append(reason)
            case {"type": "error", "code": code, "message": text}:
                self.errors.append(f"{code}: {text}")


async def play_file(
    path: Path, scenarios: ScenarioFile, listened: ListenedTo, cast: Cast, *, seeds: Iterable[int] = ()
) -> AsyncGenerator[Outcome, None]:
    """Play all scenarios of a file, each with all its seeds. Raises ``UnknownCharacter``.

    The characters of ``cast`` become patient: what is said may not depend on how fast the machine is.
    """
    cast.characters = {name: patient(character) for name, character in cast.characters.items()}
    for each in scenarios.scenario:
        cast.find(each.character or scenarios.character)
    async with Bridge(ServerSettings(port=0, max_connections=4, turn_timeout_s=STEP_TIMEOUT_S), listened, cast) as bridge:
        for scenario in scenarios.scenario:
            for seed in tuple(seeds) or scenario.seeds or scenarios.seeds:
                began = time.perf_counter()
                outcome = Outcome(path.stem, scenario.name, seed, scenario.at_least)
                async with connect(bridge.url, compression=None, ping_interval=None, proxy=None) as socket:
                    await _Player(socket, listened, outcome).play(scenarios, scenario)
                outcome.took_s = time.perf_counter() - began
                yield outcome


def patient(character: Character) -> Character:
    """The same character, who waits for the model as long as it takes, and says nothing meanwhile."""
    waits = character.patience.model_copy(update={"filler_after_ms": 0, "deadline_ms": 0, "stall_ms": 0})
    return character.model_copy(update={"patience": waits})


class _Player:
    """The game of one run."""

    def __init__(self, socket: ClientConnection, listened: ListenedTo, outcome: Outcome) -> None:
        self._socket, self._listened, self._outcome = socket, listened, outcome
        self._run = Run(outcome.file, outcome.scenario, outcome.seed)
        self._ids = 0

    async def play(self, scenarios: ScenarioFile, scenario: Scenario) -> None:
        await self._send({"type": "hello", "protocol": 1, "client": "npc-bridge test"})
        welcome = await self._until("welcome", Heard())
        self._listened.attend(f"{welcome['session']}/{NPC}", self._run)
        if scenario.flags:
            await self._send({"type": "flags", "values": scenario.flags})
        opening = {"type": "open", "npc": NPC, "character": scenario.character or scenarios.character, "player": scenarios.player}
        clips = [clip.model_dump() for clip in scenarios.clips]
        targets = [target.model_dump() for target in scenarios.targets]
        await self._send(opening | {"language": scenarios.language, "clips": clips, "targets": targets})
        await self._settle(Heard())
        for number, step in enumerate(scenario.step, 1):
            before = len(self._run.prompts)
            heard = Heard()
            async with asyncio.timeout(STEP_TIMEOUT_S):
                await self._send(message_of(step))
                await self._settle(heard)
            if step.say is not None:
                self._outcome.said.append(f"{step.player or scenarios.player}: {step.say}")
            if heard.text:
                self._outcome.said.append(f"{scenario.character or scenarios.character}: {heard.text}")
            self._outcome.wrong += [f"step {number}: {each}" for each in wrong_with(step.expect, heard, self._run.prompts[before:])]
        if self._run.stale:
            self._outcome.is_stale = True
            self._outcome.wrong.insert(0, f"the tape does not fit: {self._run.stale}")

    async def _send(self, message: dict[str, Any]) -> None:
        self._ids += 1
        if message["type"] not in ("hello", "open"):
            message |= {"id": f"s{self._ids}"}
        await self._socket.send(json.dumps(message))

    async def _until(self, kind: str, heard: Heard) -> dict[str, Any]:
        while True:
            message: dict[str, Any] = json.loads(await self._socket.recv())
            heard.take(message)
            if message["type"] == kind:
                return message

    async def _settle(self, heard: Heard) -> None:
        """Wait until all that was sent is taken in, and nobody speaks."""
        while True:
            await self._send({"type": "ask_stats"})
            stats = await self._until("stats", heard)
            if not stats["session"]["turns_running"]:
                return
            await self._until("turn_ended", heard)


def message_of(step: Step) -> dict[str, Any]:
    """What the game sends for a step."""
    to = {"npc": NPC}
    match step.what[0]:
        case "say":
            return {"type": "say", "text": step.say} | to | ({"player": step.player} if step.player else {})
        case "line":
            return {"type": "line", "text": step.line} | to | ({"player": step.player} if step.player else {})
        case "event":
            assert step.event is not None
            return {"type": "event"} | step.event.model_dump(exclude_none=True) | to
        case "flags":
            return {"type": "flags", "values": step.flags}
        case "note":
            return {"type": "note", "text": step.note} | to
        case "go_on":
            return {"type": "continue"} | to
        case kind:
            return {"type": kind} | to


def wrong_with(expect: Expect, heard: Heard, prompts: list[str]) -> list[str]:
    """What is not as expected."""
    text, prompt = heard.text.casefold(), "\n".join(prompts).casefold()
    said = f"; it said: {heard.text!r}"
    clips = [clip for clip, _ in heard.cues]
    wrong = [f"the bridge answered {error}" for error in heard.errors]
    wrong += [f"{each!r} is not said{said}" for each in expect.contains if each.casefold() not in text]
    if expect.contains_any and not any(each.casefold() in text for each in expect.contains_any):
        wrong.append(f"none of {list(expect.contains_any)} is said{said}")
    wrong += [f"{each!r} is said{said}" for each in expect.lacks if each.casefold() in text]
    wrong += [f"{each!r} fits nothing that is said{said}" for each in expect.matches if not re.search(each, heard.text)]
    if expect.max_sentences is not None and (count := len(sentences(heard.text))) > expect.max_sentences:
        wrong.append(f"{count} sentences are said, not at most {expect.max_sentences}{said}")
    for cue in expect.cues:
        if not any(clip == cue.clip and cue.target in (None, target) for clip, target in heard.cues):
            aim = f" at '{cue.target}'" if cue.target else ""
            wrong.append(f"'{cue.clip}'{aim} is not played; played: {clips}")
    wrong += [f"'{each}' is played" for each in expect.lacks_cues if each in clips]
    if (expect.prompt_contains or expect.prompt_lacks) and not prompts:
        wrong.append("no model was asked, so that there is no prompt to look at")
    wrong += [f"{each!r} is not in the prompt" for each in expect.prompt_contains if prompts and each.casefold() not in prompt]
    wrong += [f"{each!r} is in the prompt" for each in expect.prompt_lacks if each.casefold() in prompt]
    if expect.exit is not None and heard.exits != ([expect.exit] if expect.exit else []):
        wrong.append(f"the exits are {heard.exits}, not {[expect.exit] if expect.exit else []}{said}")
    wrong += [f"a turn ended with '{each}'{said}" for each in heard.reasons if expect.reason and each not in expect.reason]
    if expect.is_silent and heard.reasons:
        wrong.append(f"the NPC was to be silent{said}")
    return wrong
