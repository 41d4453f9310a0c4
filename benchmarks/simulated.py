"""Simulated time and a simulated network: an event loop that never waits, and connections that can be slow, cut or left unread.

With these, minutes of play pass in seconds, and the same seed gives the same play. The bridge that plays in them is the real one from its
connections on; only the websocket itself is not there.
"""

from __future__ import annotations

import asyncio
import selectors
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, TypeVar

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK
from websockets.frames import Close
from websockets.protocol import State

from benchmarks.frames import split
from npc_bridge.core.changes import Change
from npc_bridge.memory.store import Store, open_store

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """Instead of waiting for the clock it moves it on; for threads it waits."""

    loop: SimulatedLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if self.loop.threads_at_work:
            return super().select(0.001)  # simulated time stands still until they are done
        if timeout is None:
            raise RuntimeError("nothing will ever happen again: every task waits for another")
        self.loop.now += max(timeout, 1e-6)
        return []


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is a number that jumps to the next timer."""

    def __init__(self) -> None:
        self.now = 0.0
        self.threads_at_work = 0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        self.threads_at_work += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._is_done)
        return future

    async def shutdown_default_executor(self, *_: Any) -> None:
        self.threads_at_work += 1
        await super().shutdown_default_executor()
        self.threads_at_work -= 1

    def _is_done(self, _: asyncio.Future[Any]) -> None:
        self.threads_at_work -= 1


@asynccontextmanager
async def memory() -> AsyncGenerator[Store, None]:
    """A store whose thread simulated time waits for."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedLoop)
    loop.threads_at_work += 1
    store = await open_store(None)
    loop.threads_at_work -= 1
    write, call = store.write, store._call

    def counted_write(session: str, changes: Sequence[Change]) -> asyncio.Future[None]:
        loop.threads_at_work += 1
        done = write(session, changes)
        done.add_done_callback(loop._is_done)
        return done

    async def counted_call(work: Any, session: str = "") -> Any:
        loop.threads_at_work += 1
        try:
            return await call(work, session)
        finally:
            loop.threads_at_work -= 1

    store.write, store._call = counted_write, counted_call  # type: ignore[method-assign]
    try:
        yield store
    finally:
        loop.threads_at_work += 1
        await store.close()
        loop.threads_at_work -= 1


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end in simulated time."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(main)


class Line:
    """One connection between a game and the bridge. What is sent arrives ``delay_s`` later and in order, or never once it is ``cut``."""

    def __init__(self, subprotocol: str, delay_s: float) -> None:
        self.delay_s = delay_s
        self._last_at = 0.0
        self.is_cut = False
        self.is_read = True
        """Whether the game reads what arrives."""
        self.bridge_end = BridgeEnd(self, subprotocol)
        self.to_bridge: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.to_game: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._unread: deque[bytes] = deque()
        self.unread_bytes = 0
        self.close_code = 1006

    def send(self, payload: bytes) -> None:
        """The game sends a message."""
        self._later(lambda: self.to_bridge.put_nowait(payload))

    async def receive(self) -> bytes:
        """The next message for the game. Raises ``ConnectionError`` when there will be none."""
        payload = await self.to_game.get()
        if payload is None:
            self.to_game.put_nowait(None)
            raise ConnectionError
        return payload

    def take(self, data: bytes) -> None:
        """The bridge has written these frames."""
        self.unread_bytes += len(data)
        self._later(lambda: self._arrive(data))

    def cut(self, code: int = 1006) -> None:
        """The connection breaks, or is closed with a code. What is under way is lost."""
        if not self.is_cut:
            self.is_cut, self.close_code = True, code
            self.bridge_end.state = State.CLOSED
            self.to_bridge.put_nowait(None)
            self.to_game.put_nowait(None)

    def read_on(self) -> None:
        """The game reads what has arrived meanwhile, and goes on reading."""
        self.is_read = True
        while self._unread:
            self._arrive(self._unread.popleft())

    def _arrive(self, data: bytes) -> None:
        if not self.is_read:
            self._unread.append(data)
            return
        self.unread_bytes -= len(data)
        frames, rest = split(data)
        assert not rest, "the bridge writes whole frames"
        for _, payload in frames:
            self.to_game.put_nowait(payload)

    def _later(self, act: Callable[[], None]) -> None:
        def unless_cut() -> None:
            if not self.is_cut:
                act()

        loop = asyncio.get_running_loop()
        # Timers that are due at the same moment come in any order.
        self._last_at = max(loop.time() + self.delay_s, self._last_at + 1e-7)
        loop.call_at(self._last_at, unless_cut)


class BridgeEnd:
    """What the bridge holds of a line: as much of a websocket as it uses. It is its own transport."""

    def __init__(self, line: Line, subprotocol: str) -> None:
        self._line = line
        self.subprotocol = subprotocol
        self.state = State.OPEN
        self.request = SimpleNamespace(headers=Headers({"Host": "127.0.0.1"}))
        self.transport = self

    @property
    def close_code(self) -> int | None:
        return self._line.close_code if self._line.is_cut else None

    async def recv(self, decode: bool | None = None) -> bytes:
        payload = await self._line.to_bridge.get()
        if payload is None:
            code = self._line.close_code
            kind = ConnectionClosedOK if code in (1000, 1001) else ConnectionClosedError
            raise kind(Close(code, "") if code != 1006 else None, None)
        return payload

    async def close(self, code: int = 1000, reason: str = "") -> None:
        self._line.cut(code)

    def write(self, data: bytes) -> None:
        self._line.take(data)

    def get_write_buffer_size(self) -> int:
        return self._line.unread_bytes

    def is_closing(self) -> bool:
        return self._line.is_cut

    def abort(self) -> None:
        self._line.cut()
