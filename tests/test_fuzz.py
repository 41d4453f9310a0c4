"""A running server under a flood of random and mutated messages: no crash, no task left behind, memory back to where it was."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import msgpack
import psutil
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

GOLDEN = Path(__file__).parent / "golden"
MESSAGES = 50_000
PER_CONNECTION = 500
ALLOWED_GROWTH_BYTES = 12_000_000


def valid_frames(suffix: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted(GOLDEN.glob(f"*.{suffix}"))]


def mutated(frame: bytes, chance: random.Random) -> bytes:
    """A frame with one thing wrong: a byte, a piece, the end, or all of it."""
    match chance.randrange(6):
        case 0:
            return frame
        case 1:
            at = chance.randrange(len(frame))
            return frame[:at] + bytes([chance.randrange(256)]) + frame[at + 1 :]
        case 2:
            return frame[: chance.randrange(len(frame))]
        case 3:
            at = chance.randrange(len(frame))
            return frame[:at] + chance.randbytes(chance.randrange(1, 20)) + frame[at:]
        case 4:
            at = chance.randrange(len(frame))
            return frame[:at] + frame[at + chance.randrange(1, 20) :]
        case _:
            return chance.randbytes(chance.randrange(200))


async def health(url: str) -> dict[str, Any]:
    def get() -> dict[str, Any]:
        with urllib.request.urlopen(url.replace("ws://", "http://") + "/health", timeout=10) as answer:
            return dict(json.load(answer))

    return await asyncio.to_thread(get)


async def quiet(url: str) -> dict[str, Any]:
    """The health once every connection is gone."""
    async with asyncio.timeout(20):
        while (now := await health(url))["sessions"]:
            await asyncio.sleep(0.05)
    return now


async def flood(url: str, token: str, messages: int, chance: random.Random) -> int:
    """Send this many messages over many connections; return how many were answered with an error."""
    errors = 0
    for _ in range(messages // PER_CONNECTION):
        codec = chance.choice(["msgpack", "json"])
        frames = valid_frames(codec)
        pack = msgpack.packb if codec == "msgpack" else lambda message: json.dumps(message).encode()
        async with connect(url, subprotocols=[f"npc-bridge.v1.{codec}"], compression=None, close_timeout=0.2) as socket:
            await socket.send(pack({"type": "hello", "protocol": 1, "token": token}), text=codec == "json")
            await socket.recv()
            await socket.send(pack({"type": "open", "npc": "smith_01", "character": "brom"}), text=codec == "json")
            listening = asyncio.create_task(count_errors(socket, codec))
            for _ in range(PER_CONNECTION):
                await socket.send(mutated(chance.choice(frames), chance), text=codec == "json")
            await socket.send(pack({"type": "close", "npc": "last words"}), text=codec == "json")
            async with asyncio.timeout(20):
                errors += await listening
    return errors


async def count_errors(socket: Any, codec: str) -> int:
    """How many errors come before the answer to the last words."""
    errors = 0
    while True:
        try:
            frame = await socket.recv(decode=False)
        except ConnectionClosed:  # a mutated frame was a text frame of wrong UTF-8, or the like
            return errors
        message = msgpack.unpackb(frame) if codec == "msgpack" else json.loads(frame)
        errors += message["type"] == "error"
        if message["type"] == "error" and "last words" in message["message"]:
            return errors


@pytest.mark.timeout(300)
async def test_fifty_thousand_bad_messages_leave_no_trace(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "npc_bridge", "serve", "--port", "0", "--json", "--backend", "scripted", "--log-level", "error"]
    process = subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    try:
        ready = json.loads(process.stdout.readline())
        chance = random.Random(20261122)
        await flood(ready["url"], ready["token"], 5_000, chance)
        before, memory = await quiet(ready["url"]), psutil.Process(process.pid).memory_info().rss
        errors = await flood(ready["url"], ready["token"], MESSAGES, chance)
        after, growth = await quiet(ready["url"]), psutil.Process(process.pid).memory_info().rss - memory
        assert process.poll() is None
        assert errors > MESSAGES // 4, "most of what was sent was wrong, and was answered"
        assert after == before, "no session, NPC, turn or task is left"
        assert growth < ALLOWED_GROWTH_BYTES
    finally:
        process.kill()
        _, log = process.communicate()
    assert b"Traceback" not in log, log.decode(errors="replace")[-2000:]
