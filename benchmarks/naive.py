"""The same work as one would write it in an afternoon: FastAPI, the openai package with its typed stream, JSON.

It cuts actions out of the stream as the bridge does, and leaves out the rest of what the bridge does. Needs the dependency group
``bench``.

    python -m benchmarks.naive MODEL_PORT        prints {"port": …}
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from openai import AsyncOpenAI

from benchmarks.processes import LIFETIME_S

app = FastAPI()
client = AsyncOpenAI(base_url="http://127.0.0.1:1/v1", api_key="none")


@app.websocket("/")
async def talk(websocket: WebSocket) -> None:
    await websocket.accept(subprotocol="npc-bridge.v1.json")
    npc = ""
    try:
        while True:
            message = await websocket.receive_json()
            match message["type"]:
                case "hello":
                    await websocket.send_json({"type": "welcome", "protocol": 1, "session": "naive", "resumed": False})
                case "open":
                    npc = message["npc"]
                    await websocket.send_json({"type": "opened", "npc": npc, "opening": False})
                case "say":
                    await reply(websocket, npc, message["id"], message["text"])
    except WebSocketDisconnect:
        pass


async def reply(websocket: WebSocket, npc: str, turn: str, text: str) -> None:
    await websocket.send_json({"type": "accepted", "ids": [turn]})
    await websocket.send_json({"type": "turn_started", "npc": npc, "turn": turn, "answers": [turn]})
    stream = await client.chat.completions.create(
        model="fake",
        messages=[{"role": "system", "content": "You are Mira, a smith."}, {"role": "user", "content": text}],
        stream=True,
    )
    at, held = 0, ""
    async for chunk in stream:
        if not chunk.choices or not chunk.choices[0].delta.content:
            continue
        held += chunk.choices[0].delta.content
        while held:
            before, opened, rest = held.partition("(")
            if before:
                await websocket.send_json({"type": "text", "npc": npc, "turn": turn, "at": at, "text": before})
                at += len(before)
            action, closed, after = rest.partition(")")
            if not opened or closed:
                held = after
                if closed:
                    await websocket.send_json({"type": "cue", "npc": npc, "turn": turn, "at": at, "clip": "", "action": action})
            else:
                held = "(" + rest
                break
    await websocket.send_json({"type": "turn_ended", "npc": npc, "turn": turn, "reason": "stop", "chars": at})


async def serve(model_port: int) -> None:
    client.base_url = f"http://127.0.0.1:{model_port}/v1"
    listening = socket.create_server(("127.0.0.1", 0))
    print(json.dumps({"port": listening.getsockname()[1]}), flush=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    async with asyncio.timeout(LIFETIME_S):
        await server.serve(sockets=[listening])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model_port", type=int)
    model_port = parser.parse_args().model_port
    with asyncio.Runner(loop_factory=uvicorn.Config(app).get_loop_factory()) as runner:
        runner.run(serve(model_port))


if __name__ == "__main__":
    main()
