"""A stand-in model server over a real socket: as strict about requests as the real ones are, and as badly behaved when told to be.

It answers in its own words; what it should say and how it should fail is an ``Answer``, taken in order from ``FakeModel.answers``. How
servers differ is a ``Dialect``. It runs in a test's own loop (``async with FakeModel() as fake``) or by itself:

    python tests/fake_model.py [DIALECT]        prints {"base_url": …, "key": …} and serves until its standard input ends
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

KEY = "sk-fake-0123456789abcdef"
MODEL = "fake-model"

_RANGES: dict[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "top_k": (0, 1000),
    "min_p": (0, 1),
    "repetition_penalty": (0.01, 10),
    "repeat_penalty": (0.01, 10),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
    "seed": (0, 2**31 - 1),
    "max_tokens": (1, 100_000),
    "max_completion_tokens": (1, 100_000),
}
_COMMON = frozenset({"model", "messages", "stream", "stream_options", "stop", "temperature", "top_p", "max_tokens", "presence_penalty"})


@dataclass(frozen=True)
class Dialect:
    """What one kind of server accepts."""

    late_system: bool = True
    assistant_first: bool = True
    same_role: bool = True
    prefill: str = "none"
    """``none``: a trailing assistant message is refused; ``plain``; ``partial`` or ``prefix`` in the message; ``flags`` in the body."""
    parameters: frozenset[str] = _COMMON
    key: str = KEY


DIALECTS: dict[str, Dialect] = {
    "model_studio": Dialect(prefill="partial", parameters=_COMMON | {"top_k", "repetition_penalty", "seed", "n", "logit_bias"}),
    "openai": Dialect(parameters=_COMMON - {"max_tokens"} | {"seed", "frequency_penalty", "max_completion_tokens", "n", "logit_bias"}),
    "deepseek": Dialect(prefill="prefix", parameters=_COMMON | {"frequency_penalty"}),
    "llamacpp": Dialect(
        prefill="flags",
        parameters=_COMMON | {"top_k", "min_p", "repeat_penalty", "frequency_penalty", "seed", "grammar", "n", "cache_prompt"},
    ),
    "vllm": Dialect(
        prefill="flags",
        parameters=_COMMON | {"top_k", "min_p", "repetition_penalty", "frequency_penalty", "seed", "n", "structured_outputs"},
    ),
    "ollama": Dialect(prefill="plain", parameters=_COMMON | {"seed", "frequency_penalty"}, key=""),
    "lm_studio": Dialect(prefill="plain", parameters=_COMMON | {"top_k", "repeat_penalty", "frequency_penalty", "seed"}, key=""),
    "generic": Dialect(parameters=_COMMON | {"seed", "frequency_penalty"}, key=""),
    "strict_template": Dialect(
        late_system=False,
        assistant_first=False,
        same_role=False,
        prefill="flags",
        parameters=_COMMON | {"top_k", "repeat_penalty", "seed", "grammar"},
        key="",
    ),
}


@dataclass(frozen=True)
class Answer:
    """What the server says to one request, and how it goes wrong."""

    text: str = "(waves) Good evening, traveller."
    chunk_chars: int = 6
    finish: str = "stop"
    reasoning: str = ""
    """Comes before the text, in ``reasoning_content``."""
    usage: str = "details"
    """Where cached tokens stand: in ``details``, at the ``top`` level, in ``neither``; or ``none`` for no usage at all."""
    usage_place: str = "after"
    """A frame ``after`` the finish reason, ``with`` it, or one ``before`` it."""
    line_end: str = "\n"
    data_prefix: str = "data: "
    comments: bool = False
    multi_line: bool = False
    done: bool = True
    echo_prefix: bool = False
    """Begin with the text of the trailing assistant message, as llama.cpp does now and then."""
    bytes_per_write: int = 0
    """0: one write for each frame; -1: everything at once."""
    status: int = 200
    body: bytes = b""
    """What comes instead of frames; always with another ``status`` than 200."""
    headers: tuple[tuple[str, str], ...] = ()
    fault: str = ""
    """``hang_up``, ``silent``, ``plain``; or after ``fault_after`` text frames ``cut``, ``end``, ``malformed``, ``strange``,
    ``moderated``, ``overloaded``, ``stall``; or at the end ``linger``: the stream stays open."""
    fault_after: int = 2


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class FakeModel:
    """The server. ``requests`` holds what it was asked, ``refusals`` why it did not like it."""

    dialect: Dialect = field(default_factory=lambda: DIALECTS["model_studio"])
    answers: deque[Answer] = field(default_factory=deque)
    requests: list[Request] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    def __post_init__(self) -> None:
        self.hung_up = asyncio.Event()
        """Set when a client left in the middle of a reply."""
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def __aenter__(self) -> FakeModel:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        try:
            while (request := await _read_request(reader)) is not None:
                self.requests.append(request)
                await self._answer(request, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, _HangUp, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    async def _answer(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.dialect.key and request.headers.get("authorization") != f"Bearer {self.dialect.key}":
            return await self._refuse(writer, 401, "invalid_api_key", "Incorrect API key provided.")
        path = request.path.removeprefix("http://models.example")  # as a proxy is asked
        if path == "/v1/models":
            return await _send_whole(writer, 200, {"object": "list", "data": [{"id": MODEL, "object": "model"}, {"id": "another"}]})
        if path != "/v1/chat/completions":
            return await self._refuse(writer, 404, "not_found", "no such path")
        if problem := _problem(request.body, self.dialect):
            status, code, message = problem
            return await self._refuse(writer, status, code, message)
        answer = self.answers.popleft() if self.answers else Answer()
        if answer.fault == "hang_up":
            raise _HangUp
        if answer.fault == "silent":
            await reader.read()
            self.hung_up.set()
            raise _HangUp
        if answer.status != 200 or answer.body:
            return await _send_whole(writer, answer.status, answer.body, answer.headers)
        if answer.fault == "plain":
            return await _send_whole(writer, 200, _whole(answer))
        return await self._stream(request, answer, reader, writer)

    async def _refuse(self, writer: asyncio.StreamWriter, status: int, code: str, message: str) -> None:
        self.refusals.append(message)
        await _send_whole(writer, status, {"error": {"message": message, "type": code, "param": None, "code": code}, "request_id": "r-1"})

    async def _stream(self, request: Request, answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n")
        async with contextlib.aclosing(_cut(_body(request.body, answer), answer.bytes_per_write)) as pieces:
            async for piece in pieces:
                if piece is None:
                    await writer.drain()
                    await reader.read()
                    self.hung_up.set()
                    raise _HangUp
                writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                try:
                    await writer.drain()
                except ConnectionError:
                    self.hung_up.set()
                    raise
                await asyncio.sleep(0)
                if reader.at_eof() or writer.transport.is_closing():
                    self.hung_up.set()
                    raise _HangUp
        writer.write(b"0\r\n\r\n")
        await writer.drain()


class _HangUp(Exception):
    """The connection is dropped here."""


class _Cut(Exception):
    """The stream is dropped here."""


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    raw = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(first.split(" ")[1], headers, json.loads(raw) if raw else {})


async def _send_whole(writer: asyncio.StreamWriter, status: int, body: Any, headers: tuple[tuple[str, str], ...] = ()) -> None:
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    more = "".join(f"{name}: {value}\r\n" for name, value in headers)
    kind = "" if "content-type" in more else "content-type: application/json\r\n"
    writer.write(f"HTTP/1.1 {status} Status\r\n{kind}{more}content-length: {len(payload)}\r\n\r\n".encode() + payload)
    await writer.drain()


def _problem(body: dict[str, Any], dialect: Dialect) -> tuple[int, str, str] | None:
    """What is wrong with a request, as the real servers see it."""
    flags = {"continue_final_message", "add_generation_prompt"} if dialect.prefill == "flags" else set()
    if unknown := set(body) - dialect.parameters - flags:
        return 400, "invalid_parameter_error", f"unknown parameters: {sorted(unknown)}"
    if body.get("model") != MODEL:
        return 404, "model_not_found", f"The model {body.get('model')!r} does not exist."
    if body.get("stream") is not True:
        return 400, "invalid_parameter_error", "this stand-in only streams"
    for name, (low, high) in _RANGES.items():
        value = body.get(name, low)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            return 400, "invalid_parameter_error", f"{name} must be in [{low}, {high}]"
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return 400, "invalid_parameter_error", "messages must be a list that is not empty"
    if problem := _problem_of_messages(messages, body, dialect):
        return 400, "invalid_parameter_error", problem
    return None


def _problem_of_messages(messages: list[dict[str, Any]], body: dict[str, Any], dialect: Dialect) -> str:
    for at, message in enumerate(messages):
        if not set(message) <= {"role", "content", "partial", "prefix"} or message.get("role") not in ("system", "user", "assistant"):
            return f"messages[{at}] is wrong"
        if not isinstance(message.get("content"), str) or not message["content"]:
            return f"messages[{at}].content must be a string that is not empty"
        if {"partial", "prefix"} & set(message) and (at != len(messages) - 1 or dialect.prefill not in message):
            return f"messages[{at}] may not be partial"
        if at and message["role"] == "system" and not dialect.late_system:
            return "System message must be at the beginning."
    spoken = [message["role"] for message in messages if message["role"] != "system"]
    if not dialect.assistant_first and spoken[:1] == ["assistant"]:
        return "Conversation roles must alternate user/assistant/user/assistant/..."
    if not dialect.same_role and any(one == other for one, other in pairwise(spoken)):
        return "Conversation roles must alternate user/assistant/user/assistant/..."
    flags = body.get("continue_final_message") is True and body.get("add_generation_prompt") is False
    if messages[-1]["role"] == "assistant":
        accepted = {"plain": True, "flags": flags, "none": False}.get(dialect.prefill, messages[-1].get(dialect.prefill) is True)
        return "" if accepted else "the last message may not be from the assistant"
    return "continue_final_message needs a last message from the assistant" if flags else ""


def _frame(answer: Answer, delta: dict[str, Any] | None, *, finish: str | None = None, usage: dict[str, Any] | None = None) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}]
    body = {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": MODEL, "choices": choices, "usage": usage}
    return _event(answer, json.dumps(body, ensure_ascii=False))


def _event(answer: Answer, data: str) -> bytes:
    lines = data.replace(', "choices"', ',\n"choices"').split("\n") if answer.multi_line else [data]
    comment = [": keep-alive"] if answer.comments else []
    return (answer.line_end.join([*comment, *(answer.data_prefix + line for line in lines)]) + answer.line_end * 2).encode()


def _usage(body: dict[str, Any], answer: Answer) -> dict[str, Any] | None:
    asked = body.get("stream_options", {}).get("include_usage")
    if answer.usage == "none" or not asked:
        return None
    prompt = sum(len(message["content"]) for message in body["messages"])
    usage: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": len(answer.text), "total_tokens": prompt + len(answer.text)}
    cached: dict[str, dict[str, Any]] = {
        "details": {"prompt_tokens_details": {"cached_tokens": prompt // 2}},
        "top": {"cached_tokens": prompt // 2},
    }
    return usage | cached.get(answer.usage, {})


def _whole(answer: Answer) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": answer.text}, "finish_reason": answer.finish}
    return {"id": "c-1", "object": "chat.completion", "choices": [choice], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}


async def _body(body: dict[str, Any], answer: Answer) -> AsyncGenerator[bytes | None, None]:
    """The frames; ``None`` where the server hangs."""
    try:
        for frame in _frames(body, answer):
            yield frame
            if frame is None:
                return
    except _Cut:
        raise _HangUp from None


def _frames(body: dict[str, Any], answer: Answer) -> Any:
    usage = _usage(body, answer)
    yield _frame(answer, {"role": "assistant", "content": ""})
    yield _frame(answer, {"content": None, "reasoning_content": answer.reasoning} if answer.reasoning else {"content": None})
    last = body["messages"][-1]
    text = (last["content"] if answer.echo_prefix and last["role"] == "assistant" else "") + answer.text
    for count, at in enumerate(range(0, len(text), answer.chunk_chars)):
        if answer.fault and count == answer.fault_after and (frame := _faulty(answer)) != b"":
            yield frame
            if answer.fault != "malformed":
                return
        yield _frame(answer, {"content": text[at : at + answer.chunk_chars]})
    if usage and answer.usage_place == "before":
        yield _frame(answer, None, usage=usage)
    yield _frame(answer, {}, finish=answer.finish, usage=usage if answer.usage_place == "with" else None)
    if usage and answer.usage_place == "after":
        yield _frame(answer, None, usage=usage)
    if answer.done:
        yield _event(answer, "[DONE]")
    if answer.fault == "linger":
        yield None


def _faulty(answer: Answer) -> bytes | None:
    """The frame that goes wrong; ``None`` to hang, empty when this fault comes elsewhere."""
    match answer.fault:
        case "cut":
            raise _Cut
        case "end":
            return b": the end\n\n"
        case "malformed":
            return _event(answer, '{"choices": [{"delta": {"content": "Good')
        case "strange":
            return _event(answer, '{"choices": ["what?"]}')
        case "moderated":
            error = {"code": "data_inspection_failed", "message": "Output data may contain inappropriate content.", "type": "x"}
            return _event(answer, json.dumps({"error": error, "request_id": "r-1"}))
        case "overloaded":
            return _event(answer, json.dumps({"error": {"code": 500, "message": "oops", "type": "server_error"}}))
        case "stall":
            return None
    return b""


async def _cut(frames: AsyncGenerator[bytes | None, None], size: int) -> AsyncGenerator[bytes | None, None]:
    """The same bytes in pieces of ``size``."""
    if not size:
        async for frame in frames:
            yield frame
        return
    everything = bytearray()
    hangs = False
    async for frame in frames:
        hangs = frame is None
        everything += frame or b""
    step = len(everything) if size < 0 else size
    for at in range(0, len(everything), step):
        yield bytes(everything[at : at + step])
    if hangs:
        yield None


async def _main(name: str) -> None:
    async with FakeModel(DIALECTS[name]) as fake:
        print(json.dumps({"base_url": fake.base_url, "key": fake.dialect.key}), flush=True)  # noqa: T201
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1] if len(sys.argv) > 1 else "model_studio"))
