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
from dataclasses import dataclass, field
from typing import Any

from fake_frames import Answer, Cut, cut_into, frames, native_frames, whole
from fake_rules import DIALECTS, KEY, MODEL, SESSION_HEADER, Dialect, flat, problem_of

__all__ = ["DIALECTS", "KEY", "MODEL", "SESSION_HEADER", "Answer", "Dialect", "FakeModel", "Request"]

NATIVE_PATH = "/api/v1/services/aigc/text-generation/generation"


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
    arrivals: list[float] = field(default_factory=list)
    """When each request came, by the clock of the event loop."""
    refusals: list[str] = field(default_factory=list)
    per_s: int = 0
    """How many requests it takes in any second, before it answers 429; 0: any number."""
    connections: int = 0
    port: int = 0

    def __post_init__(self) -> None:
        self.hung_up = asyncio.Event()
        """Set when a client left in the middle of a reply."""
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}{'/api' if self._is_native else ''}/v1"

    @property
    def _is_native(self) -> bool:
        return self.dialect.protocol == "dashscope"

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
                self.arrivals.append(asyncio.get_running_loop().time())
                await self._answer(request, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, _HangUp, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    async def _answer(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.dialect.key and request.headers.get("authorization") != f"Bearer {self.dialect.key}":
            return await self._refuse(writer, 401, "invalid_api_key", "Incorrect API key provided.")
        path = request.path.removeprefix("http://models.example")  # as a proxy is asked
        if path.endswith("/v1/models"):
            return await _send_whole(writer, 200, {"object": "list", "data": [{"id": MODEL, "object": "model"}, {"id": "another"}]})
        if path != (NATIVE_PATH if self._is_native else "/v1/chat/completions"):
            return await self._refuse(writer, 404, "not_found", "no such path")
        if self.per_s and sum(arrival > self.arrivals[-1] - 1 for arrival in self.arrivals) > self.per_s:
            return await self._refuse(writer, 429, "limit_requests", "You have exceeded your current request limit.")
        body = flat(request.body, request.headers) if self._is_native else request.body
        if problem := body if isinstance(body, tuple) else problem_of(body, request.headers, self.dialect):
            return await self._refuse(writer, *problem)
        answer = self.answers.popleft() if self.answers else Answer()
        if answer.fault == "hang_up":
            raise _HangUp
        if answer.fault == "silent":
            await reader.read()
            self.hung_up.set()
            raise _HangUp
        if answer.status != 200 or answer.body:
            return await _send_whole(writer, answer.status, answer.body, answer.headers)
        asked = request.body
        if self.dialect.n == "ignored":
            asked = {name: value for name, value in asked.items() if name != "n"}
        if answer.fault == "plain" or not body["stream"]:
            return await _send_whole(writer, 200, whole(asked, answer, is_native=self._is_native))
        return await self._stream(asked, answer, reader, writer)

    async def _refuse(self, writer: asyncio.StreamWriter, status: int, code: str, message: str) -> None:
        self.refusals.append(message)
        if self._is_native:
            native = {"invalid_parameter_error": "InvalidParameter", "invalid_api_key": "InvalidApiKey", "limit_requests": "Throttling"}
            said: dict[str, Any] = {"code": native.get(code, code), "message": message, "request_id": "r-1"}
        else:
            said = {"error": {"message": message, "type": code, "param": None, "code": code}, "request_id": "r-1"}
        await _send_whole(writer, status, said)

    async def _stream(self, body: dict[str, Any], answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n")
        made = native_frames(body, answer) if self._is_native else frames(body, answer)
        try:
            async with contextlib.aclosing(cut_into(made, answer.bytes_per_write)) as pieces:
                async for piece in pieces:
                    await self._write(piece, reader, writer)
        except Cut:
            raise _HangUp from None
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    async def _write(self, piece: bytes | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
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


class _HangUp(Exception):
    """The connection is dropped here."""


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


async def _main(name: str) -> None:
    async with FakeModel(DIALECTS[name]) as fake:
        print(json.dumps({"base_url": fake.base_url, "key": fake.dialect.key}), flush=True)  # noqa: T201
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1] if len(sys.argv) > 1 else "model_studio"))
