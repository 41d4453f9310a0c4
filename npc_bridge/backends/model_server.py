"""One model at a server that is reached over HTTP. How servers differ is in the profile; nothing here asks which one it is.

Streams are read with aiohttp straight from the socket, because a game may have a hundred NPCs talking and the ``openai`` package
spends most of its time building an object for each token (``docs/performance.md``). That package does the calls that are rare.
Both are loaded at the first call, in a thread: together they take a second, and the bridge is listening before.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypedDict

from npc_bridge.backends import ChatMessage, ChatRequest, Finished, ModelLimits, Price
from npc_bridge.backends.connection import library, open_session
from npc_bridge.backends.dashscope import PATH as NATIVE_PATH
from npc_bridge.backends.estimate import estimate_tokens, refuse_too_long
from npc_bridge.backends.exchange import DEFAULT_TIMEOUTS, LINGER_S, Exchange, Timeouts, refusal_of
from npc_bridge.backends.failures import TemplateRefused, Throttled
from npc_bridge.backends.gate import Gate, gate_for
from npc_bridge.backends.profiles import Model, Profile, Shape, parenthesis_tokens
from npc_bridge.backends.reply import AnswerReader, CandidatesReader, ReplyReader
from npc_bridge.backends.request_body import encoded_body, headers_for, price_of, sent_texts
from npc_bridge.backends.shape import prefill_of
from npc_bridge.backends.tries import DEFAULT_BACKOFF, Backoff, Tries
from npc_bridge.backends.usage import Usage
from npc_bridge.errors import BackendError, BackendLost, BackendTimeout, BackendUnreachable, BadSettings

if TYPE_CHECKING:
    import aiohttp

log = logging.getLogger(__name__)

NOTHING = Usage(0, 0, 0)
REMEMBERED_SUMMARIES = 10_000
MOST_CANDIDATES = 4
PROBE: list[ChatMessage] = [{"role": "user", "content": "Answer with one word: are you there?"}]
PROBE_TOKENS = 512
PROBE_TIMEOUT_S = 20.0


class ModelServer:
    """One model at one server. Nothing is connected before the first call; ``close`` when done."""

    def __init__(
        self,
        profile: Profile,
        *,
        model: str = "",
        base_url: str = "",
        api_key: str = "",
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        backoff: Backoff = DEFAULT_BACKOFF,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """``chance`` gives numbers between 0 and 1, by which pauses vary."""
        self._model: Model = profile.model_named(model or profile.model)
        if self._model.server_memory is not None:
            profile = profile.model_copy(update={"server_memory": self._model.server_memory})
        self._profile = profile
        self._base_url = (base_url or profile.base_url).rstrip("/")
        if not self._base_url.startswith(("http://", "https://")):
            raise BadSettings(f"base_url {self._base_url!r} is no address of the form http://127.0.0.1:8080/v1")
        self._url = self._base_url + (NATIVE_PATH if profile.protocol == "dashscope" else "/chat/completions")
        self._api_key = api_key
        self._timeouts, self._backoff, self._chance = timeouts, backoff, chance
        self._session: aiohttp.ClientSession | None = None
        self._opening, self._settling = asyncio.Lock(), asyncio.Lock()
        self._gate: Gate | None = None
        self._shape: Shape = profile
        self._starts_thinking = self._model.starts_thinking
        if self._starts_thinking is None and profile.separate_thinking:
            self._starts_thinking = False
        parenthesis_tokens(profile.logit_bias)  # reads a file, which is not for the loop
        self._summaries: dict[str, Usage] = {}
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
    def price(self) -> Price | None:
        """What the model costs; None when that is not known."""
        return price_of(self._model)

    @property
    def most_candidates(self) -> int:
        """How many replies one request can ask for."""
        return MOST_CANDIDATES if self._profile.n == "native" else 1

    @property
    def base_url(self) -> str:
        return self._base_url

    def estimate_tokens(self, text: str) -> int:
        return estimate_tokens(text)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[str | Finished, None]:
        """See ``Backend.stream``. A server that is busy is asked again until there is text or the deadline comes."""
        refuse_too_long(self.name, sent_texts(request, self._profile), self.limits, self.estimate_tokens)
        tries, has_text = self._tries(request), False
        while True:
            reader = ReplyReader(self._profile, **self._reading(request))
            exchange = await self._begun(request, reader, tries)
            try:
                while raw := await exchange.read():
                    if piece := reader.feed(raw):
                        if not has_text:
                            has_text = True
                            exchange.heard()
                        yield piece
                if piece := reader.close(is_text=await self._is_text(reader)):
                    has_text = True
                    yield piece
                self._learn_from(reader)
                if reader.failure is not None:
                    raise reader.failure
                break
            except BackendError as error:
                if has_text:
                    raise
                problem = error
            finally:
                exchange.leave()
                self._left()
            await self._pause_after(problem, tries)
        yield self._priced("length" if reader.reason == "length" else "stop", reader.usage, request)

    async def stream_candidates(self, request: ChatRequest, n: int) -> AsyncGenerator[tuple[int, str | Finished | BackendError], None]:
        """Ask once for ``n`` replies and yield their pieces with their numbers, each ended by ``Finished`` or its error.

        Raises ``BackendError`` when there is no answer at all. The usage of all of them stands with the first one that is whole, and the
        others took nothing.
        """
        refuse_too_long(self.name, sent_texts(request, self._profile), self.limits, self.estimate_tokens)
        tries, has_text = self._tries(request), False
        while True:
            reader = CandidatesReader(self._profile, n, **self._reading(request))
            exchange = await self._begun(request, reader, tries, n)
            try:
                while raw := await exchange.read():
                    for piece in reader.feed(raw):
                        if not has_text:
                            has_text = True
                            exchange.heard()
                        yield piece
                for piece in reader.close(is_text=await self._is_text(reader)):
                    has_text = True
                    yield piece
                self._learn_from(reader)
                break
            except BackendError as error:
                if has_text:
                    raise
                problem = error
            finally:
                exchange.leave()
                self._left()
            await self._pause_after(problem, tries)
        usage = reader.usage
        for index, choice in enumerate(reader.choices):
            if choice.failure is not None:
                yield index, choice.failure
            else:
                yield index, self._priced("length" if choice.reason == "length" else "stop", usage, request)
                usage = usage and NOTHING

    async def probe(self) -> list[str]:
        """Return the names of the models that the server offers. Raises ``BackendError`` as a reply would."""
        from npc_bridge.backends.probe import model_names

        return await model_names(self._profile, self._base_url, self._api_key, self._timeouts.connect_s)

    async def warm_up(self) -> None:
        """Load the HTTP library without holding up the loop, and find out how the model thinks, before a player waits for either."""
        await self._opened()
        if self._starts_thinking is None:
            await self._ask_how_it_thinks()

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
        return f"ModelServer({self.name!r}, model={self.model!r}, base_url={self._base_url!r})"

    def _tries(self, request: ChatRequest) -> Tries:
        return Tries(self._backoff, request.deadline_s, asyncio.get_running_loop().time, self._chance)

    def _reading(self, request: ChatRequest) -> _Reading:
        # As long as it is not known, a reply is held back as if it began with thinking: what was shown cannot be taken back.
        return {"prefix": prefill_of(request.messages), "starts_thinking": self._starts_thinking is not False}

    async def _begun(self, request: ChatRequest, reader: AnswerReader, tries: Tries, n: int = 1) -> Exchange:
        """Ask, when it is this request's turn and as often as it makes sense. The caller leaves the exchange, and the gate."""
        while True:
            await self._enter(request, tries)
            try:
                response = await self._asked(request, tries, n)
            except BackendError as error:
                self._left()
                problem = error
            except BaseException:
                self._left()
                raise
            else:
                return self._exchange(response, reader, tries)
            await self._pause_after(problem, tries)

    def _exchange(self, response: aiohttp.ClientResponse, reader: AnswerReader, tries: Tries) -> Exchange:
        timeouts = replace(self._timeouts, first_text_s=min(self._timeouts.first_text_s, tries.left_s))
        return Exchange(response, reader, timeouts, self.name, self._let_go)

    async def _enter(self, request: ChatRequest, tries: Tries) -> None:
        if self._gate is None:
            self._gate = gate_for(self._base_url, self._api_key, self._profile.concurrency)
        try:
            async with asyncio.timeout(None if tries.left_s == float("inf") else tries.left_s):
                await self._gate.enter(self.model, request.priority, per_s=self._profile.requests_per_s)
        except TimeoutError:
            raise BackendTimeout(f"{self.name}: too many requests were waiting before this one") from None

    def _left(self) -> None:
        assert self._gate is not None
        self._gate.leave()

    async def _pause_after(self, error: BackendError, tries: Tries) -> None:
        """Wait before the next try, or raise the error if there is none."""
        pause_s = tries.pause_after(error)
        if pause_s is None:
            raise error
        log.debug("%s: %s; asked again in %.2f s", self.name, error, pause_s)
        if isinstance(error, Throttled) and self._gate is not None:
            self._gate.hold(self.model, pause_s)
        await asyncio.sleep(pause_s)

    async def _asked(self, request: ChatRequest, tries: Tries, n: int) -> aiohttp.ClientResponse:
        """Ask; and again in a stricter shape as long as the model's template refuses the usual one, which is remembered."""
        while True:
            used = self._shape
            try:
                return await self._post(request, tries, n)
            except TemplateRefused:
                stricter = self._profile.stricter(used)
                if not self._profile.template_decides or stricter is None:
                    raise
                if self._shape == used:
                    log.info("%s: the chat template of %s refuses this order of messages; they are merged", self.name, self.model)
                    self._shape = stricter

    async def _post(self, request: ChatRequest, tries: Tries, n: int) -> aiohttp.ClientResponse:
        """Return the answer's beginning, or raise what the server said instead of one."""
        session = await self._opened()
        http = library()
        body = encoded_body(request, self._profile, self._model, self._shape, n)
        limit_s = min(self._timeouts.first_text_s, tries.left_s)
        try:
            async with asyncio.timeout(limit_s):
                response = await self._sent(session, body, headers_for(request, self._profile, self._api_key))
        except (http.ClientConnectorError, http.ConnectionTimeoutError) as problem:
            raise self._unreachable(problem) from None
        except TimeoutError:
            raise BackendTimeout(f"{self.name}: no answer within {limit_s:.3g} s") from None
        except (http.ClientError, OSError) as problem:
            raise BackendLost(f"{self.name}: the connection broke before the reply ({type(problem).__name__})") from None
        if response.status != 200:
            raise await refusal_of(response, self._profile, self._api_key, self._timeouts.connect_s)
        return response

    async def _sent(self, session: aiohttp.ClientSession, body: bytes, headers: dict[str, str]) -> aiohttp.ClientResponse:
        try:
            return await session.post(self._url, data=body, headers=headers, allow_redirects=False)
        except library().ServerDisconnectedError:
            # A connection kept from the last reply may be closed by the server just as it is used again.
            return await session.post(self._url, data=body, headers=headers, allow_redirects=False)

    async def _opened(self) -> aiohttp.ClientSession:
        async with self._opening:
            if self._session is None:
                timeout_s, keep_alive = self._timeouts.connect_s, self._profile.keep_alive
                self._session = await open_session(self._base_url, connect_timeout_s=timeout_s, keep_alive=keep_alive)
            return self._session

    async def _is_text(self, reader: AnswerReader) -> bool:
        """Whether a reply that was held back and ends without a closing tag is text although it was cut short."""
        if self._starts_thinking is None and reader.is_in_doubt:
            await self._ask_how_it_thinks()
        return self._starts_thinking is False

    async def _ask_how_it_thinks(self) -> None:
        """Ask the model a small question when nobody waits, to see whether its answers begin in the middle of its thoughts."""
        async with self._settling:
            if self._starts_thinking is not None:
                return
            request = ChatRequest(PROBE, {"max_tokens": PROBE_TOKENS, "temperature": 0}, deadline_s=PROBE_TIMEOUT_S)
            reader, tries = ReplyReader(self._profile), self._tries(request)
            try:
                # Not through the gate: the reply that has to know it may be the last that it lets in.
                exchange = self._exchange(await self._asked(request, tries, 1), reader, tries)
                try:
                    async with asyncio.timeout(tries.left_s):
                        while raw := await exchange.read():
                            reader.feed(raw)
                    reader.close()
                finally:
                    exchange.leave()
            except (BackendError, TimeoutError) as problem:
                log.debug("%s: it is not known yet how %s thinks (%s)", self.name, self.model, type(problem).__name__)
                return
            if reader.reason == "length":
                self._starts_thinking = True  # nobody says one word in so many
            self._learn_from(reader)

    def _learn_from(self, reader: AnswerReader) -> None:
        """Note how the model thinks: whether its replies begin inside of thoughts that the prompt has opened."""
        if any(choice.thinking.ended_unopened for choice in reader.choices):
            if not self._starts_thinking:
                log.warning("%s: replies of %s begin inside <think>; they are held until it closes", self.name, self.model)
            self._starts_thinking = True
        elif self._starts_thinking is None and all(choice.reason == "stop" for choice in reader.choices):
            self._starts_thinking = False

    def _priced(self, reason: Literal["stop", "length"], usage: Usage | None, request: ChatRequest) -> Finished:
        if usage is None:
            return Finished(reason)
        summary = usage.summary if request.memory is not None else None
        if summary is not None and self._summaries.get(request.conversation) == summary:
            summary = None  # it was told before, and counted
        elif summary is not None:
            self._summaries[request.conversation] = summary
            if len(self._summaries) > REMEMBERED_SUMMARIES:
                del self._summaries[next(iter(self._summaries))]
        return usage.finished(reason, self.price, summary)

    def _let_go(self, response: aiohttp.ClientResponse, is_whole: bool) -> None:
        """Hang up; or, when the reply is over, let its last bytes come with nobody waiting, so that the connection can be used again."""
        if not is_whole or not self._profile.keep_alive:
            response.close()
        elif not response.content.is_eof():
            self._ending.add(response)
            asyncio.get_running_loop().call_later(LINGER_S, self._hang_up, response)

    def _hang_up(self, response: aiohttp.ClientResponse) -> None:
        self._ending.discard(response)
        response.close()

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


class _Reading(TypedDict):
    prefix: str
    starts_thinking: bool
