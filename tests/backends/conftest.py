"""Streams are tested on both event loops, because each has its own way with sockets and processes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping

import pytest

LoopFactories = Mapping[str, Callable[[], asyncio.AbstractEventLoop]]


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> LoopFactories:
    """uvloop where the bridge runs on it; asyncio's own everywhere, but not a second time for the slow embedded model."""
    if sys.platform == "win32":
        return {"asyncio": asyncio.new_event_loop}
    import uvloop

    if item.get_closest_marker("model"):
        return {"uvloop": uvloop.new_event_loop}
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
