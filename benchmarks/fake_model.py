"""A model server that costs almost nothing: OpenAI-compatible streaming with ready-made chunks.

How fast and how long it answers stands in the player's line (``reply.ask``), so one server serves every scenario. Paced streams are
timed each by itself, from the moment its request came; both event loops round timers to a millisecond.

    python -m benchmarks.fake_model        prints {"port": …}
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from typing import cast

from benchmarks.processes import loop_factory, serve
from benchmarks.reply import OPENING, PIECES, SETTINGS

BURST_CHUNKS_PER_WRITE = 40


def _event(content: str | None, finish: str | None = None, usage: Mapping[str, object] | None = None) -> bytes:
    """One event as Model Studio frames it, in one HTTP chunk; the ``%`` places in the content are filled in later."""
    choice = {"delta": {"content": content} if content is not None else {}, "finish_reason": finish, "index": 0, "logprobs": None}
    body = {
        "choices": [] if usage else [choice],
        "object": "chat.completion.chunk",
        "usage": usage,
        "created": 1767225600,
        "system_fingerprint": None,
        "model": "fake",
        "id": "chatcmpl-3c1f0a52-6f0e-9d1b-8a57-0f6d2f3f9b11",
    }
    return _http_chunk(b"data: " + json.dumps(body, separators=(",", ":")).encode() + b"\n\n")


def _http_chunk(body: bytes) -> bytes:
    size = len(body % ((0,) * body.count(b"%")))
    return b"%x\r\n" % size + body + b"\r\n"


FIRST = _event(OPENING)
CHUNKS = tuple(_event(piece) for piece in PIECES)
_USAGE = {"prompt_tokens": 900, "completion_tokens": 400, "total_tokens": 1300, "prompt_tokens_details": {"cached_tokens": 800}}
BEGIN = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n" + _event("")
END = _event(None, "stop") + _event(None, usage=_USAGE) + _http_chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"


def _whole(body: object, status: bytes = b"200 OK") -> bytes:
    payload = json.dumps(body).encode()
    return b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (status, len(payload), payload)


class FakeModel(asyncio.Protocol):
    """One connection; requests come one after the other."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.received = b""
        self.sent = self.chunks = self.rate = 0
        self.arrived_ns = 0
        self.begun_s = 0.0
        self.is_paused = False
        self.timer: asyncio.Handle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.timer:
            self.timer.cancel()

    def pause_writing(self) -> None:
        self.is_paused = True

    def resume_writing(self) -> None:
        self.is_paused = False
        if self.sent < self.chunks and not self.rate:
            self.timer = self.loop.call_soon(self.burst)

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if not separator:
            return
        length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
        if len(body) < length:
            return
        self.received = body[length:]
        self.answer(head, body[:length])

    def answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"GET"):
            self.transport.write(_whole({"object": "list", "data": [{"id": "fake", "object": "model"}]}))
        elif b'"stream":true' not in body.replace(b" ", b""):
            choice = {"index": 0, "message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}
            self.transport.write(_whole({"id": "fake", "object": "chat.completion", "created": 0, "model": "fake", "choices": [choice]}))
        else:
            settings = SETTINGS.findall(body)
            self.rate, self.chunks = map(int, settings[-1]) if settings else (0, 1)
            self.sent, self.arrived_ns, self.begun_s = 0, time.monotonic_ns(), self.loop.time()
            self.transport.write(BEGIN)
            if self.rate:
                self.step()
            else:
                self.burst()

    def chunk(self) -> bytes:
        number, now_ns = self.sent, time.monotonic_ns()
        self.sent += 1
        return CHUNKS[number % len(CHUNKS)] % (number, now_ns) if number else FIRST % (0, now_ns, self.arrived_ns)

    def step(self) -> None:
        self.transport.write(self.chunk())
        if self.sent == self.chunks:
            self.transport.write(END)
        else:
            self.timer = self.loop.call_at(self.begun_s + self.sent / self.rate, self.step)

    def burst(self) -> None:
        self.transport.write(b"".join([self.chunk() for _ in range(min(BURST_CHUNKS_PER_WRITE, self.chunks - self.sent))]))
        if self.sent == self.chunks:
            self.transport.write(END)
        elif not self.is_paused:
            self.timer = self.loop.call_soon(self.burst)


def main() -> None:
    with asyncio.Runner(loop_factory=loop_factory("uvloop")) as runner:
        runner.run(serve(FakeModel))


if __name__ == "__main__":
    main()
