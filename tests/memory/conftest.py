"""A memory on a real disk, opened as often as a test likes and closed after it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from blockbuster import blockbuster_ctx

from npc_bridge.memory.store import Store, open_store

Open: TypeAlias = Callable[..., Awaitable[Store]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "saves" / "game.db"


@pytest.fixture
async def opened(path: Path) -> AsyncIterator[Open]:
    """``await opened()`` gives a store on ``path`` that is closed after the test, and that must not block the loop."""
    async with AsyncExitStack() as stack:
        stack.enter_context(blockbuster_ctx("npc_bridge"))

        async def start(at: Path | None = path, **settings: Any) -> Store:
            store = await open_store(at, **({"sync": "normal"} | settings))
            stack.push_async_callback(store.close)
            return store

        yield start
