"""The Python client: what a game, a terminal or a test talks to the bridge with.

    async with connect("ws://127.0.0.1:8765") as game:
        brom = await game.open("smith_01", character="brom", player="Ada", clips=["wave", "nod"])
        turn = await brom.say("Can you mend this sword?")
        async for part in turn:
            ...  # Text to show, Cue to play

Three layers, which the clients for Godot and Unity have as well: the socket (of ``websockets``), ``protocol.py`` (bytes, ids and sequence
numbers, no I/O) and what a game sees (``game.py``, ``npc.py``). What is said is described in ``docs/protocol.md``, how to use this in
``docs/python-client.md``.

Everything belongs to one event loop. A connection that breaks is made again if ``connect`` is told for how long to try; else, and after
that, every wait ends with ``ConnectionLost``.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Literal

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import InvalidHandshake, InvalidURI
from websockets.typing import Subprotocol

from npc_bridge.client.game import Game
from npc_bridge.client.group import Group
from npc_bridge.client.link import Link
from npc_bridge.client.npc import Candidates, Npc, Part, Turn
from npc_bridge.client.protocol import MAX_ANSWER_BYTES, ConnectionLost, Protocol
from npc_bridge.core.codec import JSON, MSGPACK, Codec
from npc_bridge.core.messages import Clip, Cue, Exit, Notice, Player, Target, Text, TurnEnded
from npc_bridge.errors import BridgeError, Refused, WireError

__all__ = [
    "BridgeError",
    "Candidates",
    "Clip",
    "ConnectionLost",
    "Cue",
    "Exit",
    "Game",
    "Group",
    "Notice",
    "Npc",
    "Part",
    "Player",
    "Refused",
    "Target",
    "Text",
    "Turn",
    "TurnEnded",
    "WireError",
    "connect",
]

log = logging.getLogger(__name__)

DEFAULT_URL = "ws://127.0.0.1:8765"


@asynccontextmanager
async def connect(
    url: str = DEFAULT_URL,
    *,
    token: str = "",
    codec: Literal["msgpack", "json"] = "msgpack",
    engine: str = "",
    timeout_s: float = 10.0,
    reconnect_s: float = 0.0,
    session: str = "",
    on_error: Callable[[WireError], None] | None = None,
    on_notice: Callable[[Notice], None] | None = None,
) -> AsyncGenerator[Game, None]:
    """Connect to a bridge and say hello; the connection is closed when the block is left.

    ``engine`` is for the bridge's log. When the connection breaks, it is made again for up to ``reconnect_s`` seconds, with growing pauses;
    what was missed comes then, and what was not answered is sent again. ``session`` goes on with an earlier session of that id, of which a
    bridge with a memory still knows the NPCs. ``on_error`` is called with every error that no call waits for, which are those of ``seen``,
    ``interrupt``, ``declare`` and unconfirmed ``tell``, and ``on_notice`` with what the bridge wants the developer to know; without them
    both are logged.

    Raises ``Refused`` if the bridge does not want this client (wrong token, other protocol version), ``ConnectionLost`` if there is no
    bridge at ``url`` or it does not answer within ``timeout_s``.
    """
    chosen: Codec = MSGPACK if codec == "msgpack" else JSON
    protocol = Protocol(chosen, id_prefix=secrets.token_hex(4))
    game = Game(on_notice or log_notice)

    async def dial() -> ClientConnection:
        return await open_checked(url, chosen, timeout_s)

    link = Link(dial, protocol, game.take, on_error or log_error, token=token, engine=engine, reconnect_s=reconnect_s)
    try:
        async with asyncio.timeout(timeout_s):
            await link.open(session)
    except TimeoutError as exc:
        raise ConnectionLost(f"the bridge at {url} did not welcome us within {timeout_s:g} s") from exc
    game.use(link)
    reader = asyncio.create_task(game.read())
    try:
        yield game
    finally:
        await link.close()
        await reader


async def open_checked(url: str, codec: Codec, timeout_s: float) -> ClientConnection:
    """A websocket that speaks the sub-protocol. Raises ``ConnectionLost``."""
    try:
        async with asyncio.timeout(timeout_s):
            socket = await open_socket(
                url,
                subprotocols=[Subprotocol(codec.subprotocol)],
                compression=None,  # costs more than it saves on one machine
                max_size=MAX_ANSWER_BYTES,
                proxy=None,  # the bridge runs beside the game
                ping_timeout=180,  # a game that stands at a breakpoint is not dead
                close_timeout=1,
            )
    except (OSError, InvalidHandshake, TimeoutError) as exc:
        raise ConnectionLost(f"no bridge answers at {url}; is 'npc-bridge serve' running?") from exc
    except InvalidURI as exc:
        raise ConnectionLost(f"{url} is not the address of a bridge; write ws://HOST:PORT") from exc
    if socket.subprotocol != codec.subprotocol:
        await socket.close()
        raise ConnectionLost(f"what listens at {url} does not speak {codec.subprotocol}")
    return socket


def log_error(error: WireError) -> None:
    """What happens to an error that nobody waits for, unless the game says otherwise."""
    log.warning("the bridge answered %s to %r: %s", error.code, error.re, error)


def log_notice(notice: Notice) -> None:
    """What happens to a notice, unless the game says otherwise."""
    log.warning("the bridge says %s: %s", notice.code, notice.message)
