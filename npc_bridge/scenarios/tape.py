"""The model of a scenario run: listened to, given its seed, written on a tape, or recited from one.

A tape is a file of JSON lines: the model's name and limits, then one line for each reply, with the scenario, the seed and a mark of the
prompt that it answers. A reply to another prompt is no answer: when a character or the bridge changes what the model would read, the tape
says so.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from npc_bridge.backends import Backend, ChatRequest, Finished, ModelLimits
from npc_bridge.backends.estimate import estimate_tokens
from npc_bridge.errors import BackendError, BackendLost, FileProblem, FileProblems, backend_error

TAPE_VERSION = 1


@dataclass(slots=True)
class Run:
    """One scenario with one seed, as its model sees it."""

    file: str
    scenario: str
    seed: int
    prompts: list[str] = field(default_factory=list)
    """What the model was given to read, request by request."""
    stale: str = ""
    """Why the tape does not fit, if it does not."""

    @property
    def key(self) -> str:
        return f"{self.file}/{self.scenario}/{self.seed}"


class ListenedTo:
    """A backend whose requests are looked at, and whose replies are kept for a tape."""

    reads_ahead = False

    def __init__(self, backend: Backend | None, tape: Tape | None = None) -> None:
        self._backend, self._tape = backend, tape
        self.replies: list[dict[str, Any]] = []
        self._runs: dict[str, Run] = {}
        self._count: dict[str, int] = {}
        if tape is not None:
            self.name, self.model, self.limits = "tape", tape.model, tape.limits
        else:
            assert backend is not None
            self.name, self.model, self.limits = backend.name, backend.model, backend.limits

    def attend(self, conversation: str, run: Run) -> None:
        """What is asked for this conversation belongs to this run."""
        self._runs[conversation] = run

    def estimate_tokens(self, text: str) -> int:
        return estimate_tokens(text) if self._backend is None else self._backend.estimate_tokens(text)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[str | Finished, None]:
        """See ``Backend.stream``."""
        run = self._runs[request.conversation]
        number = self._count[run.key] = self._count.get(run.key, -1) + 1
        run.prompts.append("\n".join(message["content"] for message in request.messages))
        seeded = replace(request, sampling=request.sampling | {"seed": run.seed})
        pieces = self._listen(run, number, seeded) if self._tape is None else self._tape.recite(run, number, _mark(seeded))
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece

    async def _listen(self, run: Run, number: int, request: ChatRequest) -> AsyncGenerator[str | Finished, None]:
        assert self._backend is not None
        said: list[str] = []
        reply: dict[str, Any] = {"run": run.key, "request": number, "prompt": _mark(request), "pieces": said}
        self.replies.append(reply)
        try:
            async with aclosing(self._backend.stream(request)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, str):
                        said.append(piece)
                    else:
                        reply["finished"] = {name: value for name, value in asdict(piece).items() if value is not None}
                    yield piece
        except BackendError as error:
            reply |= {"failed": error.code, "message": str(error)}
            raise

    def write(self, path: Path) -> None:
        """Write what was said to a tape."""
        head = {"scenario_tape": TAPE_VERSION, "backend": self.name, "model": self.model, "limits": asdict(self.limits)}
        replies = sorted(self.replies, key=lambda reply: (reply["run"], reply["request"]))
        path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in [head, *replies]), encoding="utf-8", newline="\n")

    async def warm_up(self) -> None:
        if self._backend is not None:
            await self._backend.warm_up()

    async def read_ahead(self, request: ChatRequest) -> None:
        """Not done: it would change nothing that is looked at."""

    async def close(self) -> None:
        if self._backend is not None:
            await self._backend.close()


class Tape:
    """Replies of a model, from a file. Raises ``FileProblems`` if that is not such a tape."""

    def __init__(self, path: Path) -> None:
        lines = list(_lines(path))
        head = lines[0] if lines else {}
        if head.get("scenario_tape") != TAPE_VERSION:
            raise FileProblems([FileProblem(str(path), 1, "this is no tape of scenarios", "record it again with --record")])
        self.model = str(head.get("model", ""))
        self.limits = ModelLimits(**head["limits"])
        self._replies = {(reply["run"], reply["request"]): reply for reply in lines[1:]}

    async def recite(self, run: Run, number: int, mark: str) -> AsyncGenerator[str | Finished, None]:
        reply = self._replies.get((run.key, number))
        if reply is None or reply["prompt"] != mark:
            what = "is not on the tape" if reply is None else "was asked with another prompt when the tape was made"
            run.stale = run.stale or f"reply {number + 1} {what}; record it again with --record"
            raise BackendLost("the tape does not fit")
        for piece in reply["pieces"]:
            yield piece
            await asyncio.sleep(0)
        if "failed" in reply:
            raise backend_error(reply["failed"], reply["message"])
        yield Finished(**reply["finished"]) if "finished" in reply else Finished("stop")


def _lines(path: Path) -> Iterable[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileProblems([FileProblem(str(path), 0, f"it cannot be read as a tape: {error}")]) from error
    for number, line in enumerate(text.splitlines(), 1):
        try:
            value = json.loads(line)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise FileProblems([FileProblem(str(path), number, "this is no line of a tape", "record it again with --record")])
        yield value


def _mark(request: ChatRequest) -> str:
    """Tells one prompt from another."""
    text = json.dumps([[message["role"], message["content"]] for message in request.messages], ensure_ascii=False)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
