"""The floor: the thinnest relay that asyncio allows, a raw protocol to the model and websocket frames by hand to the game.

It speaks just enough of our wire to be driven by the same load client. It looks for the text in what the model sends and parses
nothing else: no actions, no history, no errors.

    python -m benchmarks.floor MODEL_PORT [--loop uvloop]        prints {"port": …}
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import json
import re
from typing import Any, cast

import msgpack  # type: ignore[import-untyped]

from benchmarks.frames import BINARY, accept_key, frame, split
from benchmarks.processes import loop_factory, serve

CONTENT = re.compile(rb'"content":"([^"]+)"')
PACK = msgpack.Packer().pack


class Model(asyncio.Protocol):
    """The connection to the model; kept from one reply to the next."""

    def __init__(self, game: Game) -> None:
        self.game = game
        self.rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.game.model = None

    def ask(self, text: str) -> None:
        messages = [{"role": "system", "content": "You are Mira, a smith."}, {"role": "user", "content": text}]
        body = json.dumps({"model": "fake", "messages": messages, "stream": True}).encode()
        self.transport.write(b"POST /v1/chat/completions HTTP/1.1\r\nhost: model\r\ncontent-length: %d\r\n\r\n" % len(body) + body)

    def data_received(self, data: bytes) -> None:
        received = self.rest + data
        end = received.rfind(b"\n\n") + 2
        self.rest = received[end:]
        if text := b"".join(CONTENT.findall(received, 0, end)):
            self.game.show(text.decode())
        if received.find(b"[DONE]", 0, end) > 0:
            self.game.send("turn_ended", turn=self.game.turn, reason="stop", chars=self.game.at)


class Game(asyncio.Protocol):
    """One game's connection, with one NPC."""

    def __init__(self, model_port: int) -> None:
        self.model_port = model_port
        self.model: Model | None = None
        self.rest = b""
        self.npc = self.turn = ""
        self.seq = self.at = 0
        self.is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.model:
            self.model.transport.abort()

    def data_received(self, data: bytes) -> None:
        self.rest += data
        if not self.is_open:
            head, separator, rest = self.rest.partition(b"\r\n\r\n")
            if separator:
                self.upgrade(head)
                self.rest, self.is_open = rest, True
        if self.is_open:
            frames, self.rest = split(self.rest)
            for opcode, payload in frames:
                if opcode == BINARY:
                    self.receive(msgpack.unpackb(payload))

    def upgrade(self, head: bytes) -> None:
        key = next(line[18:].strip() for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key:"))
        self.transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
            b"sec-websocket-protocol: npc-bridge.v1.msgpack\r\nsec-websocket-accept: " + accept_key(key) + b"\r\n\r\n"
        )

    def receive(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "hello":
                self.send("welcome", protocol=1, session="floor", resumed=False)
            case "open":
                self.npc = message["npc"]
                self.send("opened", opening=False)
            case "say":
                self.turn, self.at = message["id"], 0
                self.send("accepted", ids=[message["id"]])
                self.send("turn_started", turn=self.turn, cause="say", answers=[message["id"]])
                if self.model:
                    self.model.ask(message["text"])
                else:
                    connecting = asyncio.ensure_future(self.connect(message["text"]))
                    connecting.add_done_callback(lambda done: done.result())

    async def connect(self, text: str) -> None:
        loop = asyncio.get_running_loop()
        _, self.model = await loop.create_connection(functools.partial(Model, self), "127.0.0.1", self.model_port)
        self.model.ask(text)

    def show(self, text: str) -> None:
        self.send("text", turn=self.turn, at=self.at, text=text)
        self.at += len(text)

    def send(self, type_: str, **fields: object) -> None:
        self.seq += 1
        self.transport.write(frame(PACK({"type": type_, "seq": self.seq, "npc": self.npc, **fields})))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model_port", type=int)
    parser.add_argument("--loop", default="asyncio")
    arguments = parser.parse_args()
    with asyncio.Runner(loop_factory=loop_factory(arguments.loop)) as runner:
        runner.run(serve(functools.partial(Game, arguments.model_port)))


if __name__ == "__main__":
    main()
