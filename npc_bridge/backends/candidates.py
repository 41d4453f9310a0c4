"""Several replies to the same messages: by one request where the server can do that, by as many requests everywhere else.

One request costs the prompt once. A server that refuses ``n`` is asked again one by one; one that silently ignores it is noticed by the
replies that are missing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol, TypeAlias, runtime_checkable

from npc_bridge.backends import Backend, ChatRequest, Finished
from npc_bridge.errors import BackendError, BackendLost, BackendRefused

MAX_SEED = 2**31 - 1

Candidate: TypeAlias = tuple[int, str | Finished | BackendError]
"""The number of a reply, from 0, and its next piece; each ends with one ``Finished`` or with its error."""


@runtime_checkable
class ManyAtOnce(Protocol):
    """A backend that can be asked for several replies in one request."""

    @property
    def most_candidates(self) -> int: ...

    def stream_candidates(self, request: ChatRequest, n: int) -> AsyncGenerator[Candidate, None]: ...


async def stream_many(backend: Backend, request: ChatRequest, n: int) -> AsyncGenerator[Candidate, None]:
    """Yield the pieces of ``n`` replies as they come.

    One that fails costs the others nothing, and nothing is raised. ``sum_of`` of their ends is what they took together. Separate requests
    count up from the request's seed, if it has one. Closing it early stops them all.
    """
    missing = set(range(n))
    if n > 1 and isinstance(backend, ManyAtOnce) and backend.most_candidates >= n:
        has_text: set[int] = set()
        try:
            async with aclosing(backend.stream_candidates(request, n)) as pieces:
                async for index, piece in pieces:
                    if isinstance(piece, str):
                        has_text.add(index)
                    elif isinstance(piece, BackendError) and index not in has_text and has_text:
                        continue  # the server ignored n
                    else:
                        missing.discard(index)
                    yield index, piece
        except BackendError as error:
            if type(error) is not BackendRefused:
                for index in sorted(missing):
                    yield index, error
                return
            # llama.cpp refuses more replies at once than it has slots.
    async with aclosing(_by_repeated_calls(backend, request, sorted(missing))) as pieces:
        async for each in pieces:
            yield each


async def _by_repeated_calls(backend: Backend, request: ChatRequest, indexes: Iterable[int]) -> AsyncGenerator[Candidate, None]:
    streams = {index: backend.stream(_with_seed(request, index)) for index in indexes}
    asked = {asyncio.ensure_future(anext(stream)): index for index, stream in streams.items()}
    try:
        while asked:
            done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            for task in sorted(done, key=lambda task: asked[task]):
                index = asked.pop(task)
                try:
                    piece = task.result()
                except BackendError as error:
                    yield index, error
                    continue
                except StopAsyncIteration:
                    yield index, BackendLost("the model's stream ended before the reply did")
                    continue
                if isinstance(piece, str):
                    asked[asyncio.ensure_future(anext(streams[index]))] = index
                yield index, piece
    finally:
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        for stream in streams.values():
            await stream.aclose()


def _with_seed(request: ChatRequest, index: int) -> ChatRequest:
    seed = request.sampling.get("seed")
    sampling = request.sampling if seed is None else {**request.sampling, "seed": (int(seed) + index) % (MAX_SEED + 1)}
    return replace(request, sampling=sampling, choice=index)


def sum_of(ends: Iterable[Finished]) -> Finished:
    """What several replies took together. A count that one of them does not tell is not told. At least one has to be given."""
    first, *others = ends
    total = first
    for end in others:
        total = Finished(
            "stop" if "stop" in (total.reason, end.reason) else "length",
            prompt_tokens=_sum(total.prompt_tokens, end.prompt_tokens),
            cached_tokens=_sum(total.cached_tokens, end.cached_tokens),
            completion_tokens=_sum(total.completion_tokens, end.completion_tokens),
            cost_usd=None if total.cost_usd is None or end.cost_usd is None else total.cost_usd + end.cost_usd,
            memory_tokens=total.memory_tokens,
            summary_tokens=total.summary_tokens if end.summary_tokens is None else (total.summary_tokens or 0) + end.summary_tokens,
        )
    return total


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
