"""Several replies side by side: over a real socket, with a model that fails, and on a tape."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest
from test_server import hello, send, until

from npc_bridge.backends import ChatRequest, Finished
from npc_bridge.backends.candidates import sum_of
from npc_bridge.backends.scripted import Scripted
from npc_bridge.candidates import Piece, ask_for_several
from npc_bridge.config import ServerSettings
from npc_bridge.errors import BackendError, BackendLost
from npc_bridge.server import Bridge
from npc_bridge.tape import Recorder, RecordingBackend, replay

Serve = Callable[..., Any]
REQUEST = ChatRequest([{"role": "user", "content": "Hello."}], {"seed": 7})


class Unsteady(Scripted):
    """Fails for the candidates that it is told to, after one piece."""

    failing: tuple[int, ...] = ()

    async def stream(self, request: ChatRequest) -> AsyncGenerator[str | Finished, None]:
        async for piece in super().stream(request):
            yield piece
            if request.choice in self.failing:
                raise BackendLost("lost")


def candidates(messages: list[dict[str, Any]]) -> dict[int, str]:
    texts: dict[int, str] = {}
    for message in messages:
        if message["type"] == "text":
            at = texts.get(message.get("index", 0), "")
            assert message["at"] == len(at)
            texts[message.get("index", 0)] = at + message["text"]
    return texts


async def test_candidates_come_side_by_side_each_with_its_cues_and_a_seed_of_its_own(serve: Serve) -> None:
    backend = Scripted.of(["Go away.", "(nod) One.", "(wave) Two.", "Three."], chunk_chars=2)
    socket = await hello(await serve(backend))
    await send(socket, type="open", npc="smith", character="brom", clips=["nod", "wave"])
    await send(socket, type="say", id="a1", npc="smith", text="Hello!")
    await until(socket, "turn_ended")
    await send(socket, type="candidates", id="c1", npc="smith", n=3)
    messages = await until(socket, "turn_ended")
    started = next(message for message in messages if message["type"] == "turn_started")
    assert {key: started[key] for key in ("cause", "answers", "replaces", "n")} == {
        "cause": "candidates", "answers": ["c1"], "replaces": "t1", "n": 3,
    }  # fmt: skip
    assert candidates(messages) == {0: "One.", 1: "Two.", 2: "Three."}
    assert [(m["clip"], m.get("index", 0)) for m in messages if m["type"] == "cue" and m.get("state", "final") != "provisional"] == [
        ("nod", 0), ("wave", 1),
    ]  # fmt: skip
    seeds = [request.sampling["seed"] for request in backend.requests[1:]]
    assert len(set(seeds)) == 3
    assert all(request.messages == backend.requests[1].messages for request in backend.requests[2:])
    assert not any("Go away" in message["content"] for message in backend.requests[1].messages)
    await send(socket, type="choose", id="c2", npc="smith", turn=started["turn"], index=1)
    await send(socket, type="say", id="a2", npc="smith", text="Well?")
    await until(socket, "turn_ended")
    assert [message["content"] for message in backend.requests[-1].messages[1:]] == ["Hello!", "(wave) Two.", "Well?"]
    await socket.close()


async def collect(backend: Scripted, n: int) -> tuple[dict[int, str], Finished]:
    texts: dict[int, str] = {}
    end: Finished | None = None
    async for piece in ask_for_several(backend, REQUEST, n):
        if isinstance(piece, Piece):
            texts[piece.choice] = texts.get(piece.choice, "") + piece
        else:
            assert isinstance(piece, Finished)
            end = piece
    assert end is not None
    return texts, end


async def test_one_candidate_that_fails_costs_the_others_nothing() -> None:
    backend = Unsteady.of(["One one.", "Two two.", "Three."])
    backend.failing = (1,)
    texts, end = await collect(backend, 3)
    assert texts == {0: "One one.", 1: "Two ", 2: "Three."}
    assert end.completion_tokens is not None


async def test_when_all_candidates_fail_the_turn_fails_as_the_first_did() -> None:
    with pytest.raises(BackendError, match="out of reach"):
        await collect(Scripted.of(["One."], fault="unreachable"), 2)


async def test_closing_the_candidates_stops_every_one() -> None:
    backend = Scripted.of(["One one one."], fault="stall", fault_after_chunks=1)
    pieces = ask_for_several(backend, REQUEST, 3)
    assert {(await anext(pieces)) for _ in range(3)} == {"One "}
    before = len(asyncio.all_tasks())
    await pieces.aclose()
    assert len(asyncio.all_tasks()) == before - 3


def test_what_candidates_took_is_summed_and_not_told_where_one_server_did_not_tell() -> None:
    one = Finished("stop", prompt_tokens=10, cached_tokens=4, completion_tokens=3)
    assert sum_of([one, Finished("length", prompt_tokens=10, completion_tokens=5)]) == Finished(
        "stop", prompt_tokens=20, cached_tokens=None, completion_tokens=8
    )


def test_candidates_are_replayed_from_a_tape(tmp_path: Path, cast: Any) -> None:
    file = tmp_path / "tape.jsonl"

    async def record() -> None:
        backend = Scripted.of(["Go away.", "(nod) One.", "(wave) Two."], chunk_chars=2)
        with file.open("w", encoding="utf-8") as tape:
            recorder = Recorder(tape, characters=cast.characters, events_toml="", backend=backend)
            async with Bridge(ServerSettings(port=0), RecordingBackend(backend, recorder), cast, recorder=recorder) as bridge:
                socket = await hello(bridge)
                await send(socket, type="open", npc="smith", character="brom", clips=["nod", "wave"])
                await send(socket, type="say", npc="smith", id="a1", text="Hello!")
                await until(socket, "turn_ended")
                await send(socket, type="candidates", npc="smith", id="c1", n=2)
                await until(socket, "turn_ended")
                await send(socket, type="regenerate", npc="smith", id="r1")
                await until(socket, "turn_ended")
                await socket.close()

    asyncio.run(record())
    assert any(json.loads(line).get("model", "").endswith("#1") for line in file.read_text(encoding="utf-8").splitlines())
    result = asyncio.run(replay(file))
    assert (result.turns, result.differences) == (3, [])


async def test_a_candidate_that_is_complete_counts_although_another_hangs(serve: Serve) -> None:
    class Hanging(Scripted):
        async def stream(self, request: ChatRequest) -> AsyncGenerator[str | Finished, None]:
            async for piece in super().stream(request):
                if request.choice == 1:
                    await asyncio.Event().wait()
                yield piece

    bridge = await serve(Hanging.of(["Go away.", "One.", "Two."]), turn_timeout_s=0.3)
    socket = await hello(bridge)
    await send(socket, type="open", npc="smith", character="brom")
    await send(socket, type="say", id="a1", npc="smith", text="Hello!")
    await until(socket, "turn_ended")
    await send(socket, type="candidates", id="c1", npc="smith", n=2)
    messages = await until(socket, "turn_ended")
    assert (candidates(messages), messages[-1]["reason"]) == ({0: "One."}, "stop")
    await send(socket, type="choose", id="c2", npc="smith", turn=messages[-1]["turn"], index=1)
    assert (await until(socket, "error"))[-1]["code"] == "bad_message"
    await socket.close()
