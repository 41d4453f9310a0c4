"""Row 16 at the wire: a busy server is asked again in time, never after text was shown, and never more often than it takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from fake_model import DIALECTS, KEY, MODEL, Answer, FakeModel

from npc_bridge.backends import ChatMessage, ChatRequest, Finished, Priority
from npc_bridge.backends.exchange import Timeouts
from npc_bridge.backends.model_server import ModelServer
from npc_bridge.backends.profiles import find_profile
from npc_bridge.backends.tries import Backoff
from npc_bridge.errors import BackendError, BackendLost, BackendOverloaded, BackendTimeout, Moderated

MESSAGES: list[ChatMessage] = [{"role": "system", "content": "You are Brom."}, {"role": "user", "content": "Hello."}]
QUICK = Backoff(first_s=0.01, most_s=0.05, tries=3)
BUSY = {
    "model_studio": [
        Answer(status=429, body=b'{"error": {"code": "limit_requests", "message": "x"}}'),
        Answer(status=429, body=b'{"error": {"code": "limit_burst_rate", "message": "x"}}'),
        Answer(status=429, body=b'{"error": {"code": "insufficient_quota", "message": "x"}}'),
        Answer(status=500, body=b'{"error": {"code": "internal_error", "message": "x"}}'),
        Answer(status=500, body=b'{"error": {"code": "RequestTimeOut", "message": "x"}}'),
        Answer(status=502, body=b"<html>"),
        Answer(fault="throttled", fault_after=0),
        Answer(fault="overloaded", fault_after=0),
    ],
    "model_studio_native": [
        Answer(status=429, body=b'{"code": "Throttling.RateQuota", "message": "x", "request_id": "r"}'),
        Answer(status=500, body=b'{"code": "ModelServingError", "message": "x", "request_id": "r"}'),
        Answer(status=503, body=b'{"code": "ModelUnavailable", "message": "x", "request_id": "r"}'),
        Answer(status=500, body=b'{"code": "RequestTimeOut", "message": "x", "request_id": "r"}'),
        Answer(fault="throttled", fault_after=0),
        Answer(fault="overloaded", fault_after=0),
    ],
}


@pytest.fixture
async def fake() -> AsyncIterator[FakeModel]:
    async with FakeModel() as server:
        yield server


def client(fake: FakeModel, profile: str = "model_studio", *, update: dict[str, Any] | None = None, **options: Any) -> ModelServer:
    fake.dialect = DIALECTS[profile]
    chosen = find_profile(profile).model_copy(update={"requests_per_s": 0.0, **(update or {})})
    usual = {"model": MODEL, "base_url": fake.base_url, "api_key": KEY, "backoff": QUICK, "chance": lambda: 1.0}
    return ModelServer(chosen, **(usual | options))


async def say(backend: ModelServer, **request: Any) -> str | BackendError:
    """All text, or the error if there was none."""
    texts = ""
    try:
        async for piece in backend.stream(ChatRequest(MESSAGES, **request)):
            texts += piece if isinstance(piece, str) else ""
    except BackendError as error:
        return error
    return texts


@pytest.mark.parametrize(("profile", "busy"), [(name, busy) for name, each in BUSY.items() for busy in each], ids=str)
async def test_a_busy_server_is_asked_again(fake: FakeModel, profile: str, busy: Answer) -> None:
    fake.answers += [busy, busy, Answer()]
    backend = client(fake, profile)
    assert await say(backend) == Answer().text
    assert len(fake.requests) == 3
    await backend.close()


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=400, body=b'{"error": {"code": "invalid_parameter_error"}}'),
        Answer(status=400, body=b'{"error": {"code": "data_inspection_failed"}}'),
        Answer(status=401, body=b'{"error": {"code": "invalid_api_key"}}'),
        Answer(status=403, body=b'{"error": {"code": "insufficient_quota"}}'),
        Answer(status=404, body=b'{"error": {"code": "model_not_found"}}'),
        Answer(fault="cut"),
        Answer(fault="moderated", fault_after=0),
    ],
    ids=str,
)
async def test_what_will_not_get_better_is_asked_once(fake: FakeModel, answer: Answer) -> None:
    fake.answers.append(answer)
    backend = client(fake)
    assert isinstance(await say(backend, deadline_s=5.0), BackendError)
    assert len(fake.requests) == 1
    await backend.close()


@pytest.mark.parametrize(
    ("fault", "error"),
    [("overloaded", BackendOverloaded), ("throttled", BackendOverloaded), ("moderated", Moderated), ("cut", BackendLost)],
)
@pytest.mark.parametrize("profile", ["model_studio", "model_studio_native"])
async def test_after_text_was_shown_nothing_is_asked_again(fake: FakeModel, profile: str, fault: str, error: type[BackendError]) -> None:
    fake.answers.append(Answer(fault=fault))
    backend = client(fake, profile)
    shown = list[str]()

    async def listen() -> None:
        async for piece in backend.stream(ChatRequest(MESSAGES, deadline_s=5.0)):
            shown.append(str(piece))

    with pytest.raises(error):
        await listen()
    assert ("".join(shown), len(fake.requests)) == ("(waves) Good", 1)
    await backend.close()


async def test_a_storm_ends_with_the_servers_own_error_before_the_deadline(fake: FakeModel) -> None:
    fake.answers += [BUSY["model_studio"][0]] * 100
    backend = client(fake)
    await backend.warm_up()
    began = asyncio.get_running_loop().time()
    assert isinstance(await say(backend, deadline_s=1.0), BackendOverloaded)
    assert all(arrival < began + 1.0 + 0.5 for arrival in fake.arrivals)  # half a second for a busy machine
    assert 3 < len(fake.requests) < 30
    await backend.close()


async def test_the_wait_that_a_server_asks_for_is_kept_by_all(fake: FakeModel) -> None:
    fake.answers.append(Answer(status=429, body=b"{}", headers=(("Retry-After", "1"),)))
    backend = client(fake)
    first = asyncio.create_task(say(backend, deadline_s=5.0))
    while not fake.requests:
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.05)
    assert await asyncio.gather(first, say(backend)) == [Answer().text, Answer().text]
    assert [arrival - fake.arrivals[0] >= 1 for arrival in fake.arrivals] == [False, True, True]
    await backend.close()


async def test_a_deadline_bounds_the_silence_of_a_server(fake: FakeModel) -> None:
    fake.answers.append(Answer(fault="silent"))
    backend = client(fake, timeouts=Timeouts(first_text_s=30.0, idle_s=20.0))
    await backend.warm_up()
    async with asyncio.timeout(15.0):
        assert isinstance(await say(backend, deadline_s=0.2), BackendTimeout)
    await backend.close()


async def test_conversations_share_the_allowance_of_their_key(fake: FakeModel) -> None:
    fake.per_s = 2
    backends = [client(fake, update={"requests_per_s": 2.0}) for _ in range(2)]
    priorities: list[Priority] = ["summary", "npc", "npc", "addressed", "say"]
    tasks = [asyncio.create_task(say(backends[at % 2], priority=priority, conversation=priority)) for at, priority in enumerate(priorities)]
    assert await asyncio.gather(*tasks) == [Answer().text] * 5
    assert [arrival - fake.arrivals[0] > 1 for arrival in fake.arrivals] == [False, False, True, True, True]
    assert [request.headers["x-dashscope-aca-session"] for request in fake.requests][2:] == ["say", "addressed", "npc"]
    assert fake.refusals == []
    for backend in backends:
        await backend.close()


async def test_who_waits_in_vain_is_told_in_time(fake: FakeModel) -> None:
    fake.answers.append(Answer(fault="stall"))
    backend = client(fake, update={"concurrency": 1})
    async with aclosing(backend.stream(ChatRequest(MESSAGES))) as pieces:
        await anext(pieces)
        error = await say(backend, deadline_s=0.1)
        assert isinstance(error, BackendTimeout)
        assert str(error) == "model_studio: too many requests were waiting before this one"
        assert len(fake.requests) == 1
    assert await say(backend) == Answer().text  # leaving the first reply gave its place back
    await backend.close()


async def test_every_way_to_end_a_reply_gives_its_place_back(fake: FakeModel) -> None:
    backend = client(fake, update={"concurrency": 1})
    fake.answers += [Answer(), Answer(fault="cut"), Answer(status=400, body=b"{}"), Answer(fault="hang_up"), Answer(fault="hang_up")]
    for _ in range(4):
        await say(backend)
    fake.answers.append(Answer(fault="silent"))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await say(backend)
    async with asyncio.timeout(2):
        assert await say(backend) == Answer().text
    await backend.close()


async def test_the_last_reply_reports_its_usage(fake: FakeModel) -> None:
    fake.answers += [BUSY["model_studio"][0], Answer()]
    backend = client(fake)
    *_, end = [piece async for piece in backend.stream(ChatRequest(MESSAGES))]
    assert isinstance(end, Finished)
    assert end.completion_tokens == len(Answer().text)
    await backend.close()
