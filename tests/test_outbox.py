"""What goes out to a game: whole frames of every size, in order, many in one write, and none to a game that does not read."""

from __future__ import annotations

import asyncio
import logging

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosedError

from npc_bridge.outbox import Outbox

SIZES = [0, 1, 125, 126, 127, 65_535, 65_536, 200_000]


class Pair:
    """An outbox and the game at its other end."""

    def __init__(self, outbox: Outbox, socket: ServerConnection, game: ClientConnection) -> None:
        self.outbox, self.socket, self.game = outbox, socket, game


@pytest.fixture
async def pair(request: pytest.FixtureRequest):
    is_binary, max_bytes = getattr(request, "param", (True, 10_000_000))
    accepted: asyncio.Future[ServerConnection] = asyncio.get_running_loop().create_future()

    async def stay(socket: ServerConnection) -> None:
        accepted.set_result(socket)
        await socket.wait_closed()

    async with (
        serve(stay, "127.0.0.1", 0, compression=None, write_limit=max_bytes) as server,
        connect(f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}", compression=None, max_size=None) as game,
    ):
        socket = await accepted
        yield Pair(Outbox(socket, "s1", is_binary=is_binary, max_bytes=max_bytes), socket, game)


async def read_all(game: ClientConnection) -> None:
    while True:
        await game.recv()


async def test_messages_of_every_size_arrive_whole_and_in_order(pair: Pair) -> None:
    sent = [bytes([number]) * size for number, size in enumerate(SIZES)]
    for payload in sent:
        pair.outbox.put(payload)
    assert [await pair.game.recv() for _ in sent] == sent


@pytest.mark.parametrize("pair", [(False, 10_000_000)], indirect=True)
async def test_a_text_connection_gets_text_frames(pair: Pair) -> None:
    pair.outbox.put("（挥手）".encode())
    assert await pair.game.recv() == "（挥手）"


async def test_messages_of_one_pass_of_the_loop_go_out_in_one_write(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[bytes] = []
    monkeypatch.setattr(pair.socket.transport, "write", writes.append)
    pair.outbox.put(b"one")
    pair.outbox.put(b"two")
    assert writes == []
    await asyncio.sleep(0)
    assert writes == [b"\x82\x03one\x82\x03two"]
    pair.outbox.put(b"three")
    await asyncio.sleep(0)
    assert writes == [b"\x82\x03one\x82\x03two", b"\x82\x05three"]


async def test_what_websockets_sends_itself_comes_between_whole_messages(pair: Pair) -> None:
    pair.outbox.put(b"one")
    await pair.socket.ping()
    pair.outbox.put(b"two")
    assert [await pair.game.recv(), await pair.game.recv()] == [b"one", b"two"]


async def test_nothing_is_sent_to_a_game_that_has_left(pair: Pair) -> None:
    await pair.game.close()
    await pair.socket.wait_closed()
    pair.outbox.put(b"too late")
    await asyncio.sleep(0)


@pytest.mark.parametrize("pair", [(True, 65_536)], indirect=True)
async def test_a_game_that_does_not_read_is_closed_once(pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
    pair.game.transport.pause_reading()
    with caplog.at_level(logging.WARNING, "npc_bridge"):
        for _ in range(400):
            pair.outbox.put(b"x" * 60_000)
            pair.outbox.put(b"x" * 60_000)
    assert [record.getMessage().split(":")[0] for record in caplog.records] == ["session s1 reads too slowly"]
    pair.game.transport.resume_reading()
    with pytest.raises(ConnectionClosedError):
        await read_all(pair.game)
