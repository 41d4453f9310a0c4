"""A backend that recites: for tests, for the demo without a model, and for building a game's dialogue before choosing a model.

Token counts are estimates. Nothing is cached, and nothing is understood.
"""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import AsyncGenerator, Iterable, Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from npc_bridge.backends import ChatMessage, ChatRequest, Finished, ModelLimits
from npc_bridge.backends.estimate import estimate_tokens
from npc_bridge.errors import BackendLost, BackendUnreachable, FileProblem

DEFAULT_LINES = ("(nods) I see.", "(smiles) Tell me more.", "(looks around) Strange days, these.")


class Rule(BaseModel):
    """What to recite when the last user message, or the note before it, contains ``when``; upper and lower case are the same."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    when: str = Field(min_length=1)
    lines: tuple[str, ...] = Field(min_length=1)
    """Taken in turn, from the first again after the last."""


class Script(BaseModel):
    """What a ``Scripted`` backend recites, and how badly it behaves."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lines: tuple[str, ...] = Field(default=DEFAULT_LINES, min_length=1)
    """Taken in turn when no rule fits."""
    rules: tuple[Rule, ...] = ()
    """The first that fits counts."""
    chunk_chars: int = Field(default=4, ge=1)
    delay_s: float = Field(default=0.0, ge=0)
    """Before each chunk."""
    first_delay_s: float = Field(default=0.0, ge=0)
    """Before the first chunk, in addition."""
    fault: Literal["", "unreachable", "lost", "stall"] = ""
    """``unreachable``: fails at once; ``lost``: the stream breaks; ``stall``: it hangs."""
    fault_after_chunks: int = Field(default=2, ge=0)
    fault_turns: int = Field(default=0, ge=0)
    """How many replies fail before it gets better; 0: all of them."""


DEFAULT_SCRIPT = Script()


class Scripted:
    """Recites a ``Script``."""

    def __init__(self, script: Script = DEFAULT_SCRIPT, *, context_tokens: int = 8192) -> None:
        self.script = script
        self.requests: list[ChatRequest] = []
        """What it was asked for, oldest first."""
        self._limits = ModelLimits(context_tokens, context_tokens - 1024, 1024)
        self._next: dict[int, int] = {}

    @classmethod
    def of(cls, lines: Iterable[str], rules: Mapping[str, str] | None = None, **how: object) -> Scripted:
        """Recite these lines in turn; ``rules`` maps what has to be said to the answer; ``how`` holds the rest of a ``Script``."""
        table = [{"when": when, "lines": [line]} for when, line in (rules or {}).items()]
        return cls(Script.model_validate({"lines": tuple(lines), "rules": table, **how}))

    @property
    def name(self) -> str:
        return "scripted"

    @property
    def model(self) -> str:
        return "script"

    @property
    def limits(self) -> ModelLimits:
        return self._limits

    def estimate_tokens(self, text: str) -> int:
        return estimate_tokens(text)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[str | Finished, None]:
        """See ``Backend.stream``."""
        self.requests.append(request)
        script = self.script
        fault = script.fault if not script.fault_turns or len(self.requests) <= script.fault_turns else ""
        if fault == "unreachable":
            raise BackendUnreachable("scripted: out of reach, as the script says")
        line = self._line_for(request.messages)
        await asyncio.sleep(script.first_delay_s)
        for count, at in enumerate(range(0, len(line), script.chunk_chars)):
            await self._misbehave(fault, count)
            await asyncio.sleep(script.delay_s)
            yield line[at : at + script.chunk_chars]
        if fault:
            await self._misbehave(fault, script.fault_after_chunks)
        prompt = sum(estimate_tokens(message["content"]) for message in request.messages)
        yield Finished("stop", prompt_tokens=prompt, cached_tokens=0, completion_tokens=estimate_tokens(line))

    async def warm_up(self) -> None:
        """Nothing to do."""

    reads_ahead = False

    async def read_ahead(self, request: ChatRequest) -> None:
        """Not done: see ``Backend.read_ahead``."""

    async def probe(self) -> list[str]:
        return [self.model]

    async def close(self) -> None:
        """Nothing to close."""

    async def _misbehave(self, fault: str, count: int) -> None:
        if fault and count == self.script.fault_after_chunks:
            if fault == "stall":
                await asyncio.Event().wait()
            raise BackendLost("scripted: the stream broke, as the script says")

    def _line_for(self, messages: list[ChatMessage]) -> str:
        heard = _heard(messages)
        for number, rule in enumerate(self.script.rules):
            if rule.when.casefold() in heard:
                return self._take(number, rule.lines)
        return self._take(-1, self.script.lines)

    def _take(self, key: int, lines: tuple[str, ...]) -> str:
        at = self._next.get(key, 0)
        self._next[key] = at + 1
        return lines[at % len(lines)]


def _heard(messages: list[ChatMessage]) -> str:
    """What came after the last reply: the player's lines and the note, but not the character."""
    heard: list[str] = []
    if messages and messages[-1]["role"] == "assistant":  # the beginning of the reply
        messages = messages[:-1]
    for message in reversed(messages[1:] if messages and messages[0]["role"] == "system" else messages):
        if message["role"] == "assistant":
            break
        heard.append(message["content"])
    return "\n".join(reversed(heard)).casefold()


def load_script(file: Path) -> Script:
    """Read a script from a TOML file whose keys are those of ``Script``. Raises ``FileProblem``."""
    try:
        return Script.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise FileProblem(str(file), 0, "there is no such file") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise FileProblem(str(file), 0, f"not TOML in UTF-8: {problem}") from None
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise FileProblem(str(file), 0, f"{where}: {first['msg']}") from None
