"""The server over real sockets: who is let in, what a bad message costs, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any

import msgpack
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from npc_bridge.backends.scripted import Scripted
from npc_bridge.errors import Refused

Serve = Callable[..., Any]


async def dial(bridge: Any, **options: Any) -> ClientConnection:
    return await connect(bridge.url, compression=None, **options)


async def hello(bridge: Any, *, token: str = "", **options: Any) -> ClientConnection:
    socket = await dial(bridge, **options)
    await socket.send(json.dumps({"type": "hello", "protocol": 1, "token": token}))
    assert (await receive(socket))["type"] == "welcome"
    return socket


async def receive(socket: ClientConnection) -> dict[str, Any]:
    frame = await asyncio.wait_for(socket.recv(), 5)
    return dict(json.loads(frame) if isinstance(frame, str) else msgpack.unpackb(frame))


async def until(socket: ClientConnection, kind: str) -> list[dict[str, Any]]:
    """Everything up to the first message of this type."""
    messages = [await receive(socket)]
    while messages[-1]["type"] != kind:
        messages.append(await receive(socket))
    return messages


def cues_in(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The cues of the reply itself, without the pose while the model thinks."""
    return [message for message in messages if message["type"] == "cue" and message.get("reason") != "thinking"]


async def send(socket: ClientConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def closed(socket: ClientConnection) -> tuple[int, str]:
    async def listen() -> None:
        while True:
            await asyncio.wait_for(socket.recv(), 5)

    with pytest.raises(ConnectionClosed):
        await listen()
    assert socket.close_code is not None
    return socket.close_code, socket.close_reason or ""


async def get(bridge: Any, path: str, host: str = "127.0.0.1") -> tuple[int, str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", bridge.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()
    head, _, body = answer.partition("\r\n\r\n")
    return int(head.split()[1]), body


async def test_a_line_is_answered_by_text_and_cues_at_their_places(serve: Serve) -> None:
    bridge = await serve(Scripted.of(["(nod) Evening. (wave) Ale?"], chunk_chars=3))
    socket = await hello(bridge)
    await send(socket, type="open", npc="smith", character="brom", clips=["nod", "wave"])
    await send(socket, type="say", id="a1", npc="smith", text="Hello!")
    messages = await until(socket, "turn_ended")
    assert [message["seq"] for message in messages] == list(range(2, 2 + len(messages)))
    assert [message["type"] for message in messages if message["type"] != "text"] == [
        "opened", "accepted", "turn_started", "cue", "cue", "turn_ended",
    ]  # fmt: skip
    assert "".join(message["text"] for message in messages if message["type"] == "text") == "Evening. Ale?"
    assert [(m["at"], m["clip"]) for m in cues_in(messages)] == [(0, "nod"), (8, "wave")]
    assert (messages[-1]["reason"], messages[-1]["chars"]) == ("stop", 13)
    await socket.close()


async def test_the_opening_line_is_spoken_without_the_model(serve: Serve) -> None:
    backend = Scripted.of(["never"])
    socket = await hello(await serve(backend))
    await send(socket, type="open", npc="inn", character="tilda", clips=["wave"])
    messages = await until(socket, "turn_ended")
    assert [message.get("text") for message in messages if message["type"] == "text"] == ["Welcome, traveller."]
    assert backend.requests == []
    await socket.close()


async def test_events_are_in_the_next_prompt_and_in_no_other(serve: Serve) -> None:
    backend = Scripted.of(["Aye."])
    socket = await hello(await serve(backend))
    await send(socket, type="open", npc="smith", character="brom")
    await send(socket, type="event", id="e1", name="rain_started", data={"how": "hard"})
    for number in (1, 2):
        await send(socket, type="say", id=f"a{number}", npc="smith", text="Well?")
        await until(socket, "turn_ended")
    first, second = (request.messages for request in backend.requests)
    assert "It starts to rain hard." in first[-2]["content"]
    assert first[-2]["role"] == "system"
    assert not any("rain" in message["content"] for message in second)
    assert second[: len(first) - 2] == first[:-2], "the prefix stays as it was"
    await socket.close()


async def test_a_failed_turn_gives_its_events_back_and_speaks_a_fallback_line(serve: Serve) -> None:
    backend = Scripted.of(["Aye."], fault="unreachable", fault_turns=1)
    socket = await hello(await serve(backend))
    await send(socket, type="open", npc="smith", character="brom", clips=["nod"])
    await send(socket, type="event", name="rain_started", data={"how": "hard"})
    await send(socket, type="say", id="a1", npc="smith", text="Well?")
    messages = await until(socket, "turn_ended")
    assert [m["text"] for m in messages if m["type"] == "text"] == ["Hm."]
    assert {k: messages[-1][k] for k in ("reason", "code", "retry")} == {
        "reason": "fallback", "code": "backend_unreachable", "retry": True,
    }  # fmt: skip
    await send(socket, type="say", id="a2", npc="smith", text="And now?")
    assert "It starts to rain hard." in (await until(socket, "turn_ended"))[1]["note"]
    await socket.close()


async def test_a_cut_stream_is_a_failed_turn_and_not_an_answer(serve: Serve) -> None:
    socket = await hello(await serve(Scripted.of(["A long enough reply."], fault="lost", fault_after_chunks=2)))
    await send(socket, type="open", npc="smith", character="brom")
    await send(socket, type="say", id="a1", npc="smith", text="Well?")
    *messages, ended = await until(socket, "turn_ended")
    assert "".join(message["text"] for message in messages if message["type"] == "text") == "A long e…"
    assert (ended["reason"], ended["code"], ended["chars"]) == ("failed", "backend_lost", 9)
    await socket.close()


async def test_a_model_that_fails_in_the_middle_of_its_first_action_is_no_silent_npc(serve: Serve) -> None:
    backend = Scripted.of(["(nods slowly) Aye.", "Aye."], chunk_chars=4, fault="lost", fault_after_chunks=2, fault_turns=1)
    socket = await hello(await serve(backend))
    await send(socket, type="open", npc="smith", character="brom", clips=["nod"])
    await send(socket, type="say", id="a1", npc="smith", text="Well?")
    messages = await until(socket, "turn_ended")
    assert [m["text"] for m in messages if m["type"] == "text"] == ["Hm."]
    assert [(m["clip"], m["action"]) for m in cues_in(messages)] == [("nod", "nod")]
    await send(socket, type="say", id="a2", npc="smith", text="Well?")
    await until(socket, "turn_ended")
    assert [m["content"] for m in backend.requests[1].messages if m["role"] == "assistant"] == ["(nod) Hm."]
    await socket.close()


async def test_a_stalled_model_ends_in_a_fallback_line(serve: Serve) -> None:
    bridge = await serve(Scripted.of(["…"], fault="stall", fault_after_chunks=0), turn_timeout_s=0.2)
    socket = await hello(bridge)
    await send(socket, type="open", npc="smith", character="brom")
    await send(socket, type="say", id="a1", npc="smith", text="Well?")
    ended = (await until(socket, "turn_ended"))[-1]
    assert (ended["reason"], ended["code"]) == ("fallback", "backend_timeout")
    await socket.close()


async def test_interrupt_cuts_the_turn_in_history_where_the_player_was(serve: Serve) -> None:
    lines = ["One two three. (nod) Four five six.", "Yes?"]
    backend = Scripted.of(lines, chunk_chars=16, fault="stall", fault_after_chunks=1, fault_turns=1)
    socket = await hello(await serve(backend))
    await send(socket, type="open", npc="smith", character="brom", clips=["nod"])
    await send(socket, type="say", id="a1", npc="smith", text="Count.")
    await until(socket, "text")
    await send(socket, type="interrupt", npc="smith", at=7)
    assert (await until(socket, "turn_ended"))[-1]["reason"] == "interrupted"
    await send(socket, type="say", id="a2", npc="smith", text="Stop!")
    await until(socket, "turn_ended")
    assert [m["content"] for m in backend.requests[1].messages if m["role"] == "assistant"] == ["One two—"]
    await socket.close()


async def test_interrupting_before_the_first_text_leaves_no_line_behind(serve: Serve) -> None:
    backend = Scripted.of(["Hello.", "Yes?"], fault="stall", fault_after_chunks=0, fault_turns=1)
    socket = await hello(await serve(backend))
    await send(socket, type="open", npc="smith", character="brom")
    await send(socket, type="say", id="a1", npc="smith", text="Count.")
    await until(socket, "turn_started")
    await send(socket, type="interrupt", npc="smith")
    assert (await until(socket, "turn_ended"))[-1]["chars"] == 0
    await send(socket, type="say", id="a2", npc="smith", text="Stop!")
    await until(socket, "turn_ended")
    assert [m["role"] for m in backend.requests[1].messages] == ["system", "user", "user"]
    await socket.close()


BAD = {
    "not JSON": (b"{", "bad_message"),
    "wrong UTF-8": (b'{"type": "say", "text": "\xff"}', "bad_message"),
    "not a map": (b"[1, 2]", "bad_message"),
    "no type": (b"{}", "bad_message"),
    "an unknown type": (b'{"type": "sing"}', "unknown_type"),
    "a missing field": (b'{"type": "say"}', "bad_message"),
    "an empty frame": (b"", "bad_message"),
    "1 MiB of text": (b'{"type": "say", "id": "a", "npc": "smith", "text": "' + b"x" * 1_048_576 + b'"}', "message_too_large"),
    "a depth bomb": (b'{"type": "event", "name": "x", "data": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001, "bad_message"),
    "an NPC that is not open": (b'{"type": "say", "id": "a1", "npc": "ghost", "text": "Hu?"}', "unknown_npc"),
}


@pytest.mark.parametrize(("frame", "code"), BAD.values(), ids=BAD)
async def test_a_bad_message_costs_that_message_and_not_the_session(serve: Serve, frame: bytes, code: str) -> None:
    socket = await hello(await serve())
    await send(socket, type="open", npc="smith", character="brom")
    await receive(socket)
    await socket.send(frame, text=True)
    error = await receive(socket)
    assert (error["type"], error["code"]) == ("error", code)
    await send(socket, type="say", id="a1", npc="smith", text="Still there?")
    assert (await until(socket, "turn_ended"))[-1]["reason"] == "stop"
    await socket.close()


async def test_an_error_does_not_repeat_what_was_said(serve: Serve) -> None:
    socket = await hello(await serve())
    await socket.send(json.dumps({"type": "say", "id": 7, "npc": "smith", "text": ["my secret"]}))
    assert "secret" not in json.dumps(await receive(socket))
    await socket.close()


async def test_a_text_frame_on_a_msgpack_connection_is_refused_with_an_error(serve: Serve) -> None:
    bridge = await serve()
    socket = await dial(bridge, subprotocols=["npc-bridge.v1.msgpack"])
    await socket.send(msgpack.packb({"type": "hello", "protocol": 1}))
    assert (await receive(socket))["type"] == "welcome"
    await socket.send('{"type": "say"}')
    assert (await receive(socket))["code"] == "bad_message"
    await socket.close()


SUBPROTOCOLS: dict[str, tuple[list[str] | None, str | None]] = {
    "none offered": (None, None),
    "msgpack": (["npc-bridge.v1.msgpack"], "npc-bridge.v1.msgpack"),
    "json": (["npc-bridge.v1.json"], "npc-bridge.v1.json"),
    "the first known one": (["npc-bridge.v9.msgpack", "npc-bridge.v1.json", "npc-bridge.v1.msgpack"], "npc-bridge.v1.json"),
    "only unknown ones": (["chat"], None),
}


@pytest.mark.parametrize(("offered", "chosen"), SUBPROTOCOLS.values(), ids=SUBPROTOCOLS)
async def test_the_subprotocol_is_the_first_that_both_know(serve: Serve, offered: Any, chosen: str | None) -> None:
    socket = await dial(await serve(), subprotocols=offered)
    assert socket.subprotocol == chosen
    await socket.close()


async def test_the_token_is_wanted_when_one_is_set(serve: Serve) -> None:
    bridge = await serve(token="swordfish")
    await (await hello(bridge, token="swordfish")).close()
    socket = await dial(bridge)
    await send(socket, type="hello", protocol=1, token="guess")
    assert await closed(socket) == (4001, "the token is missing or wrong")


async def test_listening_elsewhere_than_on_this_machine_takes_a_token(serve: Serve) -> None:
    with pytest.raises(Refused, match="token"):
        await serve(host="0.0.0.0")


REFUSALS: dict[str, tuple[str, int]] = {
    "another protocol version": ('{"type": "hello", "protocol": 2}', 4002),
    "no hello": ('{"type": "close", "npc": "x"}', 4000),
    "not a message": ("nonsense", 4000),
}


@pytest.mark.parametrize(("frame", "code"), REFUSALS.values(), ids=REFUSALS)
async def test_a_bad_hello_is_refused_with_a_code_that_the_game_can_read(serve: Serve, frame: str, code: int) -> None:
    socket = await dial(await serve())
    await socket.send(frame)
    assert (await closed(socket))[0] == code


async def test_a_client_that_says_nothing_is_let_go(serve: Serve) -> None:
    socket = await dial(await serve(hello_timeout_s=0.05))
    assert (await closed(socket))[0] == 4006


async def test_web_pages_of_foreign_origin_are_refused(serve: Serve) -> None:
    bridge = await serve(allowed_origins=["https://play.example.org"])
    assert (await closed(await dial(bridge, origin="https://evil.example.org")))[0] == 4003
    await (await hello(bridge, origin="https://play.example.org")).close()


async def test_a_foreign_name_for_this_machine_is_refused(serve: Serve) -> None:
    bridge = await serve()
    assert (await get(bridge, "/health", host="evil.example.org"))[0] == 403


async def test_the_number_of_connections_is_bounded(serve: Serve) -> None:
    bridge = await serve(max_connections=1)
    first = await hello(bridge)
    assert (await closed(await dial(bridge)))[0] == 4004
    await first.close()


async def test_health_counts_and_says_nothing_of_what_is_said(serve: Serve) -> None:
    bridge = await serve()
    socket = await hello(bridge)
    await send(socket, type="open", npc="smith", character="brom")
    await receive(socket)
    status, body = await get(bridge, "/health")
    health = json.loads(body)
    assert status == 200
    assert {name: health[name] for name in ("status", "backend", "model", "sessions", "npcs", "turns_running")} == {
        "status": "ok", "backend": "scripted", "model": "script", "sessions": 1, "npcs": 1, "turns_running": 0,
    }  # fmt: skip
    assert (await get(bridge, "/elsewhere"))[0] == 404
    await socket.close()


async def test_a_slow_client_is_closed_and_the_others_do_not_notice(serve: Serve) -> None:
    bridge = await serve(Scripted.of(["x" * 200_000], chunk_chars=2_000), max_queue_bytes=65_536)
    slow, quick = await hello(bridge), await hello(bridge)
    slow.transport.pause_reading()
    with contextlib.suppress(ConnectionClosed):  # the bridge hangs up while the client still sends
        for number in range(400):
            npc = f"npc{number}"
            await send(slow, type="open", npc=npc, character="brom")
            await send(slow, type="say", id=npc, npc=npc, text="Go on.")
            await asyncio.sleep(0.01)
    async with asyncio.timeout(5):
        while len(bridge.connections) != 1:
            await asyncio.sleep(0.01)
    await send(quick, type="open", npc="smith", character="brom")
    await send(quick, type="say", id="a1", npc="smith", text="Still there?")
    assert (await until(quick, "turn_ended"))[-1]["reason"] == "stop"
    await quick.close()
    slow.transport.abort()


async def test_too_many_messages_a_second_come_late_and_are_not_lost(serve: Serve) -> None:
    socket = await hello(await serve(max_messages_per_s=100))
    await send(socket, type="open", npc="smith", character="brom")
    await receive(socket)
    started = asyncio.get_running_loop().time()
    for number in range(140):
        await send(socket, type="event", id=f"e{number}", name="step")
    ids: list[str] = []
    while len(ids) < 140:
        ids += (await receive(socket))["ids"]
    assert ids == [f"e{number}" for number in range(140)]
    assert asyncio.get_running_loop().time() - started > 0.25
    await socket.close()


async def test_many_events_are_answered_in_few_messages(serve: Serve) -> None:
    socket = await hello(await serve())
    await send(socket, type="open", npc="smith", character="brom")
    await receive(socket)
    await asyncio.gather(*(send(socket, type="event", id=f"e{number}", name="step", key="step") for number in range(500)))
    answers: list[list[str]] = []
    while sum(map(len, answers)) < 500:
        answers.append((await receive(socket))["ids"])
    assert len(answers) < 250
    await socket.close()


async def test_stopping_the_bridge_ends_running_turns_and_tells_the_games(serve: Serve) -> None:
    bridge = await serve(Scripted.of(["…"], fault="stall", fault_after_chunks=0))
    socket = await hello(bridge)
    await send(socket, type="open", npc="smith", character="brom")
    await send(socket, type="say", id="a1", npc="smith", text="Well?")
    await until(socket, "turn_started")
    async with asyncio.timeout(1):
        code, _ = (await asyncio.gather(closed(socket), bridge.__aexit__(None, None, None)))[0]
    assert code == 4008


async def test_a_saved_character_file_counts_from_the_next_turn_on(serve: Serve, cast: Any) -> None:
    backend = Scripted.of(["Aye."])
    bridge = await serve(backend)
    socket = await hello(bridge)
    await send(socket, type="open", npc="smith", character="brom")
    await receive(socket)
    (cast.folder / "brom.toml").write_text('name = "Brom the Younger"\n', encoding="utf-8")
    await asyncio.sleep(1.5)
    await send(socket, type="say", id="a1", npc="smith", text="Who are you?")
    await until(socket, "turn_ended")
    assert "Brom the Younger" in backend.requests[0].messages[0]["content"]
    await socket.close()
