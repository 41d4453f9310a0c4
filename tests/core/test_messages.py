"""The wire vocabulary: what all messages have in common, and that what the bridge sends is what the classes say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, get_args

import pytest
from pydantic import ValidationError
from websockets.asyncio.client import connect

from npc_bridge.backends.scripted import Scripted
from npc_bridge.core.codec import JSON
from npc_bridge.core.messages import BridgeMessage, BridgeSays, Clip, Event, GameMessage, Hello, Message, Open, Player

GAME = get_args(get_args(GameMessage)[0])
BRIDGE = get_args(get_args(BridgeMessage)[0])


def type_of(kind: type[Message]) -> str:
    return str(get_args(kind.model_fields["type"].annotation)[0])


@pytest.mark.parametrize("kind", [*GAME, *BRIDGE], ids=type_of)
def test_a_message_is_named_after_its_type_and_says_what_it_is(kind: type[Message]) -> None:
    assert re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower() == type_of(kind)
    assert kind.__doc__ != Message.__doc__
    assert kind.model_config["frozen"]


def test_no_type_is_used_twice() -> None:
    types = [type_of(kind) for kind in [*GAME, *BRIDGE]]
    assert len(set(types)) == len(types)


@pytest.mark.parametrize("kind", BRIDGE, ids=type_of)
def test_all_that_the_bridge_says_is_numbered(kind: type[Message]) -> None:
    assert issubclass(kind, BridgeSays)


def test_a_token_is_not_shown() -> None:
    assert "secret" not in repr(Hello(type="hello", protocol=1, token="secret"))


def test_a_bare_name_is_a_player_or_a_clip() -> None:
    bare = Open.model_validate({"type": "open", "npc": "a", "character": "b", "player": "Ada", "clips": ["wave"]})
    assert bare == Open(type="open", npc="a", character="b", player=Player(name="Ada"), clips=(Clip(name="wave"),))


@pytest.mark.parametrize("ttl_s", [float("inf"), float("nan"), 0, -1])
def test_time_to_live_is_a_finite_positive_number(ttl_s: float) -> None:
    with pytest.raises(ValidationError):
        Event(type="event", name="rain", ttl_s=ttl_s)


ELSEWHERE = {"saved", "loaded", "forgotten", "gathered", "dispersed", "exit", "notice", "stats"}
"""What this short session does not make the bridge say."""


async def test_what_the_bridge_sends_has_the_fields_of_the_classes_and_no_others(serve: Callable[..., Any]) -> None:
    """The bridge builds plain maps, because validated objects would cost too much; here both are held together."""
    bridge = await serve(Scripted.of(["(waves) Hello there."], fault="unreachable", fault_turns=1))
    sent = [
        {"type": "hello", "protocol": 1},
        {"type": "open", "npc": "tilda", "character": "tilda"},
        {"type": "event", "name": "rain_started", "id": "e1", "data": {"how": "hard"}},
        {"type": "say", "id": "l1", "npc": "tilda", "text": "Hello!"},  # the model is down: an authored line
        {"type": "continue", "id": "c1", "npc": "tilda"},
        {"type": "dance"},
        {"type": "close", "npc": "tilda"},
    ]
    seen: set[str] = set()
    async with connect(bridge.url) as socket:
        for message in sent:
            await socket.send(json.dumps(message))
        while "closed" not in seen:
            frame = await socket.recv()
            read = JSON.decode_bridge(frame)
            assert json.loads(frame).keys() <= type(read).model_fields.keys()
            seen.add(read.type)
    assert seen == {type_of(kind) for kind in BRIDGE} - ELSEWHERE
