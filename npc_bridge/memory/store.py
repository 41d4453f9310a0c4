"""The memory for the event loop: one thread does all that touches the file, and commits what has gathered meanwhile in one go.

    await store.write(session, changes)     # durable now

Nothing here decides what is written: see ``core/changes.py``. Nothing here runs SQL: see ``file.py``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from npc_bridge.core.changes import AddLine, Change, State
from npc_bridge.errors import StorageFailed
from npc_bridge.memory.file import MemoryFile, Slot, Stored
from npc_bridge.memory.forget import Forgotten, forget
from npc_bridge.memory.opening import Sync
from npc_bridge.memory.rows import Rows, begins_anew, rows_of

T = TypeVar("T")

RETRY_S = 2.0
"""How often writing is tried again while the disk fails, if nothing new comes."""
MAX_WAITING_BYTES = 32 * 1024 * 1024
"""How much may wait for the disk; see ``Store.lost``."""
MAX_COMMIT = 500
"""How many lists of changes are committed together at most."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Write:
    rows: Rows
    done: asyncio.Future[None]
    has_failed: bool = False
    """It was reported as failed, and is still to be written."""


@dataclass(slots=True)
class _Call:
    work: Callable[[MemoryFile], Any]
    done: asyncio.Future[Any]
    session: str = ""
    """Whose changes it must not miss."""


class Store:
    """The memory of one game. Made by ``open_store``; all its methods belong to the loop that opened it.

    What was given to it is written in the order in which it was given, whatever fails in between.
    """

    damaged: Path | None
    """Where a damaged file was set aside when this one was opened."""
    failing: str
    """Why nothing can be written at present; empty when all that waited is written."""
    lost: set[str]
    """Sessions of which not all could be kept, because too much waited for the disk. Their file holds an earlier state of theirs, whole.
    All that is written for them fails, until a list of changes that begins with ``DropSession`` writes them anew."""
    on_failing: Callable[[str], None] | None
    """Called in the loop with the new ``failing`` whenever it changes."""

    def __init__(self, path: Path | None, loop: asyncio.AbstractEventLoop, max_waiting_bytes: int) -> None:
        self.path = path
        self.damaged, self.failing, self.lost, self.on_failing = None, "", set(), None
        self._loop = loop
        self._jobs: queue.SimpleQueue[_Write | _Call | None] = queue.SimpleQueue()
        self._max_waiting = max_waiting_bytes
        self._waiting_bytes = 0
        self._is_closed = False
        self._ended = loop.create_future()

    def write(self, session: str, changes: Sequence[Change]) -> asyncio.Future[None]:
        """Have these changes written; the future is done when they are durable.

        It fails with ``StorageFailed`` when the disk does; the changes are kept then and written as soon as it can be done, ahead of
        all that comes later. No changes at all wait for those of before. Raises ``TypeError`` or ``ValueError`` for a state that is no
        plain map. Cancelling the future changes nothing.
        """
        rows = rows_of(session, changes)
        done: asyncio.Future[None] = self._loop.create_future()
        # Who does not wait for it has no use for its error either: ``failing`` tells.
        done.add_done_callback(_look_at)
        if problem := self._refusal(rows):
            done.set_exception(StorageFailed(problem))
            return done
        self._waiting_bytes += rows.size
        self._jobs.put(_Write(rows, done))
        return done

    def _refusal(self, rows: Rows) -> str:
        if self._is_closed:
            return "the memory is closed"
        if begins_anew(rows):
            self.lost.discard(rows.session)
        elif rows.session in self.lost:
            return "earlier changes of this session could not be kept"
        # What is too much by itself is taken alone.
        if rows.rows and self._waiting_bytes and self._waiting_bytes + rows.size > self._max_waiting:
            self.lost.add(rows.session)
            return f"more than {self._max_waiting} bytes wait for the disk" + (f": {self.failing}" if self.failing else "")
        return ""

    async def read_session(self, session: str) -> Stored | None:
        """All that the session needs to go on; None if nothing is known of it. Reads no line that the NPCs no longer read."""
        return await self._call(lambda file: file.read_session(session), session)

    async def read_lines(self, session: str, npc: str, begin: int, end: int | None = None) -> tuple[AddLine, ...]:
        """The lines with these numbers, ``end`` excluded; None: to the last."""
        return await self._call(lambda file: file.read_lines(session, npc, begin, end), session)

    async def put_slot(self, session: str, slot: str, blob: bytes) -> None:
        """Keep a saved state under this name, in place of the one before, whoever saved that."""
        await self._call(lambda file: file.put_slot(session, slot, blob))

    async def get_slot(self, slot: str, session: str = "") -> bytes | None:
        """The saved state of this name. Slots belong to the game, not to a session: the next run of the game is a new session."""
        return await self._call(lambda file: file.get_slot(slot), session)

    async def slots(self, session: str = "") -> list[Slot]:
        """The saved states of this session, or all."""
        return await self._call(lambda file: file.slots(session))

    async def forget(
        self,
        *,
        player: str = "",
        names: Collection[str] = (),
        npc: str = "",
        session: str = "",
        prune: Callable[[State], State | None] | None = None,
    ) -> Forgotten:
        """Delete for good what is remembered; see ``forget.py``. ``prune`` runs in the thread of the store."""
        return await self._call(partial(forget, player=player, names=names, npc=npc, session=session, prune=prune))

    async def expire(self, days: float, keep: Collection[str] = ()) -> int:
        """Delete what was not used for so many days, except these sessions; 0 deletes nothing. Says how many sessions and slots."""
        kept = frozenset(keep)
        return await self._call(lambda file: file.expire(days, kept)) if days > 0 else 0

    async def close(self) -> None:
        """Write what waits, close the file and let go of it. Never fails; what could not be written is told in the log."""
        self._is_closed = True
        self._jobs.put(None)
        await asyncio.shield(self._ended)

    async def _call(self, work: Callable[[MemoryFile], T], session: str = "") -> T:
        if self._is_closed:
            raise StorageFailed("the memory is closed")
        done: asyncio.Future[T] = self._loop.create_future()
        done.add_done_callback(_look_at)
        self._jobs.put(_Call(work, done, session))
        return await done

    # ── in the loop, for the thread ──

    def _written(self, writes: Sequence[_Write], *, are_all: bool) -> None:
        for write in writes:
            self._waiting_bytes -= write.rows.size
            _settle(write.done, None, None)
        if are_all:
            self._fails("")

    def _kept(self, writes: Sequence[_Write], error: StorageFailed) -> None:
        for write in writes:
            _settle(write.done, None, error)
        self._fails(str(error))

    def _fails(self, failing: str) -> None:
        if failing != self.failing:
            self.failing = failing
            if self.on_failing is not None:
                self.on_failing(failing)


class _Worker:
    """The thread's side of a store: takes jobs until there is a None."""

    def __init__(self, store: Store, jobs: queue.SimpleQueue[_Write | _Call | None], loop: asyncio.AbstractEventLoop) -> None:
        self._store, self._jobs, self._loop = store, jobs, loop
        self._kept: deque[_Write] = deque()
        """What is to be written next, in order."""

    def run(self, file: MemoryFile) -> None:
        is_over = False
        while not is_over:
            for job in self._take():
                match job:
                    case _Write():
                        self._kept.append(job)
                    case _Call():
                        self._write(file)
                        self._answer(file, job)
                    case None:
                        is_over = True
            self._write(file)
        if self._kept:
            log.error("%d changes could not be written before the end: %s", len(self._kept), "the disk still fails")

    def _take(self) -> list[_Write | _Call | None]:
        """All jobs there are, once there is one; none when it is time to try again what failed."""
        try:
            jobs = [self._jobs.get(timeout=RETRY_S if self._kept else None)]
        except queue.Empty:
            return []
        with contextlib.suppress(queue.Empty):
            while jobs[-1] is not None:
                jobs.append(self._jobs.get_nowait())
        return jobs

    def _write(self, file: MemoryFile) -> None:
        """Write what is kept, in few commits; stop at the first that fails."""
        while self._kept:
            batch = [self._kept[i] for i in range(min(MAX_COMMIT, len(self._kept)))]
            try:
                file.write(write.rows for write in batch)
            except StorageFailed as error:
                self._keep(error)
                return
            for _ in batch:
                self._kept.popleft()
            self._in_loop(self._store._written, batch, are_all=not self._kept)

    def _keep(self, error: StorageFailed) -> None:
        fresh = [write for write in self._kept if not write.has_failed]
        for write in fresh:
            write.has_failed = True
        if fresh:
            log.warning("the memory cannot be written: %s", error)
        self._in_loop(self._store._kept, fresh, error)

    def _answer(self, file: MemoryFile, call: _Call) -> None:
        result: Any = None
        error: Exception | None = None
        if any(write.rows.session == call.session for write in self._kept):
            error = StorageFailed("changes of this session still wait for the disk")
        else:
            try:
                result = call.work(file)
            except Exception as exc:  # the caller's to deal with, whatever it is; the thread lives on
                error = exc
        self._in_loop(_settle, call.done, result, error)

    def _in_loop(self, what: Callable[..., None], *arguments: Any, **named: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(partial(what, *arguments, **named))


async def open_store(
    path: Path | None, *, sync: Sync = "full", wall_clock: Callable[[], float] = time.time, max_waiting_bytes: int = MAX_WAITING_BYTES
) -> Store:
    """Open or create the memory of a game; None: one that ends with the process.

    Raises ``StorageUnusable``, ``StorageLocked`` or ``StorageTooNew``, which say what to do.
    """
    loop = asyncio.get_running_loop()
    store = Store(path, loop, max_waiting_bytes)
    opened: asyncio.Future[Path | None] = loop.create_future()
    worker = _Worker(store, store._jobs, loop)

    def run() -> None:
        try:
            file = MemoryFile(path, sync=sync, wall_clock=wall_clock)
        except Exception as error:
            worker._in_loop(_settle, opened, None, error)
            return
        worker._in_loop(_settle, opened, file.damaged, None)
        try:
            worker.run(file)
        finally:
            file.close()
            worker._in_loop(_settle, store._ended, None, None)

    threading.Thread(target=run, name="memory", daemon=True).start()
    store.damaged = await opened
    return store


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():  # cancelled
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)


def _look_at(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()
