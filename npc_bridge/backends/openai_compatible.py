"""Any server that speaks the OpenAI protocol. How servers differ is in the profile; nothing here asks which one it is.

Streams are read with aiohttp straight from the socket, because a game may have a hundred NPCs talking and the ``openai`` package
spends most of its time building an object for each token (``docs/performance.md``). That package does the calls that are rare.
Both are loaded at the first call, in a thread: together they take a second, and the bridge is listening before.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from npc_bridge.backends import ChatRequest, Finished, ModelLimits
from npc_bridge.backends.connection import library, open_session
from npc_bridge.backends.estimate import estimate_tokens
from npc_bridge.backends.failures import TemplateRefused, code_and_message, error_body, failure
from npc_bridge.backends.profiles import Model, Profile, Shape
from npc_bridge.backends.reply import ReplyReader
from npc_bridge.backends.shape import prefill_of, shape
from npc_bridge.errors import BackendError, BackendLost, BackendTimeout, BackendUnreachable, BadSettings

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


class OpenAICompatible:
    """One model at one server. Nothing is connected before the first call; ``close`` when done."""

    def __init__(
        self, profile: Profile, *, model: str = "", base_url: str = "", api_key: str = "", timeouts: Timeouts = DEFAULT_TIMEOUTS
    ) -> None:
        self._profile = profile
        self._model: Model = profile.model_named(model or profile.model)
        self._base_url = (base_url or profile.base_url).rstrip("/")
        if not self._base_url.startswith(("http://", "https://")):
            raise BadSettings(f"base_url {self._base_url!r} is no address of the form http://127.0.0.1:8080/v1")
        self._api_key = api_key
        self._timeouts = timeouts
        self._session: aiohttp.ClientSession | None = None
        self._opening = asyncio.Lock()
        self._shape: Shape = profile
        self._starts_thinking = self._model.starts_thinking
        self._ending: set[aiohttp.ClientResponse] = set()

    @property
    def name(self) -> str:
        return self._profile.name

    @property
    def model(self) -> str:
        return self._model.name

    @property
    def limits(self) -> ModelLimits:
        return self._model.limits

    @property
    def base_url(self) -> str:
        return self._base_url

    def estimate_tokens(self, text: str) -> int:
        return estimate_tokens(text)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[str | Finished, None]:
        """See ``Backend.stream``."""
        response = await self._asked(request)
        content = response.content
        reader = ReplyReader(self._profile, prefix=prefill_of(request.messages), starts_thinking=self._starts_thinking)
        watch = _IdleWatch(content, self._timeouts, self.name)
        is_whole = False
        try:
            try:
                while raw := await content.readany():
                    watch.touch()
                    if piece := reader.feed(raw):
                        yield piece
                    if reader.is_over:
                        break
                    if reader.has_reason:
                        watch.hurry()
                is_whole = True
            except (_Lingered, OSError, library().ClientError) as problem:
                if not reader.has_reason:
                    raise self._lost("in the middle of the reply", problem) from None
            if piece := reader.close():
                yield piece
        finally:
            watch.stop()
            self._let_go(response, wait_for_end=is_whole and reader.failure is None)
        yield self._end_of(reader)

    async def probe(self) -> list[str]:
        """Return the names of the models that the server offers. Raises ``BackendError`` as a reply would."""
        from npc_bridge.backends.probe import model_names

        return await model_names(self._profile, self._base_url, self._api_key, self._timeouts.connect_s)

    async def warm_up(self) -> None:
        """Load the HTTP library without holding up the loop, so that the first reply need not wait for it."""
        await self._opened()

    reads_ahead = False

    async def read_ahead(self, request: ChatRequest) -> None:
        """Not done: see ``Backend.read_ahead``."""

    async def close(self) -> None:
        for response in self._ending:
            response.close()
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def __repr__(self) -> str:
        return f"OpenAICompatible({self.name!r}, model={self.model!r}, base_url={self._base_url!r})"

    def _body(self, request: ChatRequest) -> bytes:
        profile = self._profile
        body: dict[str, Any] = {"model": self._model.name, "messages": shape(request.messages, self._shape), "stream": True}
        if profile.ask_usage:
            body["stream_options"] = {"include_usage": True}
        for name, value in {**profile.defaults, **request.sampling}.items():
            if name in profile.sampling:
                body[profile.renames.get(name, name)] = value
        if profile.prefill == "continue_flags" and prefill_of(request.messages):
            body |= {"continue_final_message": True, "add_generation_prompt": False}
        body |= profile.extra_body
        body |= self._grammar(request)
        return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")

    def _grammar(self, request: ChatRequest) -> dict[str, Any]:
        sentences = request.max_sentences if self._profile.short_sentences else 0
        if self._profile.grammar == "none" or not (request.actions or sentences):
            return {}
        from npc_bridge.backends.grammar import fresh_actions, reply_grammar

        # A very small model would do the same thing in every reply.
        actions = fresh_actions(request.actions, request.messages) if self._profile.short_sentences else request.actions
        grammar = reply_grammar(actions, sentences, request.language)
        return {"structured_outputs": {"grammar": grammar}} if self._profile.grammar == "vllm" else {"grammar": grammar}

    def _headers(self, request: ChatRequest) -> dict[str, str]:
        # A compressed stream would be held back until a block of it is full.
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream", "Accept-Encoding": "identity"}
        headers["User-Agent"] = "npc-bridge"
        if self._api_key:
            headers["Authorization"] = f"Bearer {self._api_key}"
        if self._profile.session_header and request.conversation:
            headers[self._profile.session_header] = request.conversation
        return headers

    async def _asked(self, request: ChatRequest) -> aiohttp.ClientResponse:
        """Ask; and once more in the strict shape if the model's template refuses the usual one, which is remembered."""
        try:
            return await self._post(request)
        except TemplateRefused:
            strict = self._profile.strict()
            if not self._profile.template_decides or self._shape == strict:
                raise
            log.info("%s: the chat template of %s refuses late system messages or runs of one role; they are merged", self.name, self.model)
            self._shape = strict
            return await self._post(request)

    async def _post(self, request: ChatRequest) -> aiohttp.ClientResponse:
        """Return the answer's beginning, or raise what the server said instead of one."""
        session = await self._opened()
        http = library()
        try:
            async with asyncio.timeout(self._timeouts.first_text_s):
                response = await self._sent(session, request)
        except (http.ClientConnectorError, http.ConnectionTimeoutError) as problem:
            raise self._unreachable(problem) from None
        except TimeoutError:
            raise BackendTimeout(f"{self.name}: no answer within {self._timeouts.first_text_s:g} s") from None
        except (http.ClientError, OSError) as problem:
            raise self._lost("before the reply", problem) from None
        if response.status != 200:
            raise await self._refusal(response)
        return response

    async def _sent(self, session: aiohttp.ClientSession, request: ChatRequest) -> aiohttp.ClientResponse:
        url, body, headers = f"{self._base_url}/chat/completions", self._body(request), self._headers(request)
        try:
            return await session.post(url, data=body, headers=headers, allow_redirects=False)
        except library().ServerDisconnectedError:
            # A connection kept from the last reply may be closed by the server just as it is used again.
            return await session.post(url, data=body, headers=headers, allow_redirects=False)

    async def _opened(self) -> aiohttp.ClientSession:
        async with self._opening:
            if self._session is None:
                timeout_s, keep_alive = self._timeouts.connect_s, self._profile.keep_alive
                self._session = await open_session(self._base_url, connect_timeout_s=timeout_s, keep_alive=keep_alive)
            return self._session

    async def _refusal(self, response: aiohttp.ClientResponse) -> BackendError:
        raw = b""
        try:
            async with asyncio.timeout(self._timeouts.connect_s):
                raw = await response.content.read(MAX_ERROR_BYTES)
        except (OSError, TimeoutError, library().ClientError):
            pass  # the status alone must do
        finally:
            response.close()
        code, message = code_and_message(error_body(raw))
        log.debug("%s answered %d: %s: %s", self.name, response.status, code, message.replace(self._api_key or "\0", "***"))
        wait = response.headers.get("Retry-After", "")
        return failure(
            self.name,
            response.status,
            code,
            message,
            special=self._profile.errors,
            retry_after_s=float(wait) if wait.isascii() and wait.isdigit() else None,
        )

    def _end_of(self, reader: ReplyReader) -> Finished:
        if reader.failure is not None:
            raise reader.failure
        if reader.thinking.ended_unopened and not self._starts_thinking:
            log.warning("%s: replies of %s begin inside <think>; from now on they are held until it closes", self.name, self.model)
            self._starts_thinking = True
        return reader.finished

    def _let_go(self, response: aiohttp.ClientResponse, *, wait_for_end: bool) -> None:
        """Hang up; or, when the reply is over, let its last bytes come with nobody waiting, so that the connection can be used again."""
        if not wait_for_end or not self._profile.keep_alive:
            response.close()
        elif not response.content.is_eof():
            self._ending.add(response)
            asyncio.get_running_loop().call_later(LINGER_S, self._hang_up, response)

    def _hang_up(self, response: aiohttp.ClientResponse) -> None:
        self._ending.discard(response)
        response.close()

    def _lost(self, when: str, problem: Exception) -> BackendLost:
        return BackendLost(f"{self.name}: the connection broke {when} ({type(problem).__name__})")

    def _unreachable(self, problem: Exception) -> BackendUnreachable:
        http = library()
        match problem:
            case http.ClientSSLError() | http.ClientConnectorCertificateError():
                what = f"the certificate of {self._base_url} is not trusted, or it does not speak TLS."
            case http.ConnectionTimeoutError():
                what = f"no connection to {self._base_url} within {self._timeouts.connect_s:g} s."
            case _:
                what = f"nothing answers at {self._base_url}."
        return BackendUnreachable(f"{self.name}: {what} {self._profile.hint}".rstrip())


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
