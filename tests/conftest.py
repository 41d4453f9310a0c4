"""What the tests share: a cast, a scripted model, and a bridge that listens on a free port."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from blockbuster import blockbuster_ctx

from npc_bridge.backends import Backend
from npc_bridge.backends.scripted import Scripted
from npc_bridge.cast import Cast
from npc_bridge.config import ServerSettings
from npc_bridge.memory.settings import StorageSettings
from npc_bridge.memory.store import Store
from npc_bridge.server import Bridge
from npc_bridge.tape import Recorder

# Bridges that tests start as processes of their own remember nothing, unless a test says where.
os.environ.setdefault("NPC_BRIDGE_STORAGE__PATH", "")

SMITH = """
name = "Brom"
[clips]
nod = "nods"
wave = "waves"
[fallback]
unknown = ["(nod) Hm."]
[patience]
thinking = ""
"""

INNKEEPER = """
name = "Tilda"
opening_line = "(wave) Welcome, traveller."
react_cooldown_s = 5
[patience]
thinking = ""
"""

EVENTS = """
[rain_started]
text = "It starts to rain {how}."
key = "weather"
[sword_drawn]
text = "{who} draws a sword."
react = true
"""


@pytest.fixture
def game_folder(tmp_path: Path) -> Path:
    """A game's folder: two characters and the wording of its events."""
    folder = tmp_path / "characters"
    folder.mkdir()
    (folder / "brom.toml").write_text(SMITH, encoding="utf-8")
    (folder / "tilda.toml").write_text(INNKEEPER, encoding="utf-8")
    (tmp_path / "events.toml").write_text(EVENTS, encoding="utf-8")
    return tmp_path


@pytest.fixture
def cast(game_folder: Path) -> Cast:
    return Cast(game_folder / "characters", game_folder / "events.toml")


@pytest.fixture
async def serve(cast: Cast) -> AsyncIterator[Callable[..., Any]]:
    """``await serve(backend, port=0, …)`` gives a bridge that is closed after the test, and whose loop nothing may block."""
    async with AsyncExitStack() as stack:
        stack.enter_context(blockbuster_ctx("npc_bridge"))

        async def start(
            backend: Backend | None = None,
            *,
            storage: StorageSettings | None = None,
            store: Store | None = None,
            recorder: Recorder | None = None,
            **settings: Any,
        ) -> Bridge:
            chosen = ServerSettings(**({"port": 0} | settings))
            model = backend or Scripted.of(["Hello there."])
            bridge = Bridge(chosen, model, cast, storage=storage or StorageSettings(path=""), store=store, recorder=recorder)
            return await stack.enter_async_context(bridge)

        yield start
