"""One HTTP answer while it is read: bytes out, a limit on every silence, and a connection that is hung up or used again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from npc_bridge.backends.connection import library
from npc_bridge.backends.failures import code_and_message, error_body, failure
from npc_bridge.backends.profiles import Profile
from npc_bridge.backends.reply import AnswerReader
from npc_bridge.errors import BackendError, BackendLost, BackendTimeout

if TYPE_CHECKING:
    import aiohttp

log = logging.getLogger(__name__)

MAX_ERROR_BYTES = 65_536
LINGER_S = 0.5
"""How long to wait for the usage after the text is complete, and for the end of a stream whose connection may be used again."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    connect_s: float = 5.0
    first_text_s: float = 60.0
    idle_s: float = 20.0


DEFAULT_TIMEOUTS = Timeouts()


class Exchange:
    """An answer that has begun. Call ``leave`` however it ends."""

    __slots__ = ("_content", "_is_whole", "_let_go", "_name", "_reader", "_response", "_watch")

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        reader: AnswerReader,
        timeouts: Timeouts,
        name: str,
        let_go: Callable[[aiohttp.ClientResponse, bool], None],
    ) -> None:
        """``let_go`` gets the response at the end, and whether it was read as far as it mattered."""
        self._response, self._content, self._reader, self._name, self._let_go = response, response.content, reader, name, let_go
        self._watch = _IdleWatch(response.content, timeouts, name)
        self._is_whole = False

    async def read(self) -> bytes:
        """Return what has come; empty at the end, which for a reply that is complete is its last word. Raises ``BackendError``."""
        if self._reader.is_over:
            self._is_whole = True
            return b""
        if self._reader.has_reason:
            self._watch.hurry()
        try:
            raw = await self._content.readany()
        except (_Lingered, OSError, library().ClientError) as problem:
            if not self._reader.has_reason:
                raise BackendLost(f"{self._name}: the connection broke in the middle of the reply ({type(problem).__name__})") from None
            return b""
        self._watch.touch()
        self._is_whole = not raw
        return raw

    def heard(self) -> None:
        """There was text: from now on the server may only pause as long as one who is speaking."""
        self._watch.shorten()

    def leave(self) -> None:
        self._watch.stop()
        self._let_go(self._response, self._is_whole and self._reader.failure is None)


async def refusal_of(response: aiohttp.ClientResponse, profile: Profile, api_key: str, timeout_s: float) -> BackendError:
    """What a server said instead of a reply, as one of our errors. Hangs up."""
    raw = b""
    try:
        async with asyncio.timeout(timeout_s):
            raw = await response.content.read(MAX_ERROR_BYTES)
    except (OSError, TimeoutError, library().ClientError):
        pass  # the status alone must do
    finally:
        response.close()
    code, message = code_and_message(error_body(raw))
    log.debug("%s answered %d: %s: %s", profile.name, response.status, code, message.replace(api_key or "\0", "***"))
    wait = response.headers.get("Retry-After", "")
    retry_after_s = float(wait) if wait.isascii() and wait.isdigit() else None
    return failure(profile.name, response.status, code, message, special=profile.errors, retry_after_s=retry_after_s)


class _Lingered(Exception):
    """The text was complete and nothing more came."""


class _IdleWatch:
    """Wakes a read that waits too long. Costs a reply one timer now and then, and a read one look at the clock."""

    __slots__ = ("_content", "_limit_s", "_loop", "_name", "_since", "_then", "_timer")

    def __init__(self, content: aiohttp.StreamReader, timeouts: Timeouts, name: str) -> None:
        self._content = content
        self._name = name
        self._loop = asyncio.get_running_loop()
        self._limit_s = timeouts.first_text_s
        self._then = timeouts.idle_s
        self._since = self._loop.time()
        self._timer = self._loop.call_later(min(self._limit_s, self._then), self._look)

    def touch(self) -> None:
        """Something came."""
        self._since = self._loop.time()

    def shorten(self) -> None:
        """The reply has begun."""
        self._limit_s = self._then

    def hurry(self) -> None:
        """The text is complete; only the usage may still come."""
        self._timer.cancel()
        self._timer = self._loop.call_later(LINGER_S, self._content.set_exception, _Lingered())

    def stop(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        left = self._since + self._limit_s - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look)
        else:
            self._content.set_exception(BackendTimeout(f"{self._name}: nothing came for {self._limit_s:g} s"))
