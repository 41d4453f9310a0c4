"""Row 15: DashScope's own protocol beside the compatible one, as a stream and not; the same reply comes out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fake_model import DIALECTS, KEY, MODEL, Answer, FakeModel

from npc_bridge.backends import ChatMessage, ChatRequest, Finished
from npc_bridge.backends.dashscope import native_body
from npc_bridge.backends.exchange import Timeouts
from npc_bridge.backends.model_server import ModelServer
from npc_bridge.backends.profiles import find_profile
from npc_bridge.backends.tries import NO_RETRY
from npc_bridge.errors import (
    BackendError,
    BackendLost,
    BackendOverloaded,
    BackendRefused,
    BackendTimeout,
    BadKey,
    ModelNotFound,
    Moderated,
    OutOfCredit,
    PromptTooLong,
)

MESSAGES: list[ChatMessage] = [
    {"role": "system", "content": "You are Brom, the smith."},
    {"role": "assistant", "content": "(nods) Evening."},
    {"role": "system", "content": "Just now:\nrain:starts"},
    {"role": "user", "content": "Hello."},
    {"role": "assistant", "content": "Brom:"},
]
PROMPT = sum(len(message["content"]) for message in MESSAGES)
EVERYTHING: dict[str, Any] = {
    "temperature": 0.92,
    "top_p": 0.95,
    "top_k": 20,
    "repetition_penalty": 1.05,
    "presence_penalty": 0.5,
    "seed": 5,
    "max_tokens": 100,
    "stop": ["\n\n"],
}


@pytest.fixture
async def fake() -> AsyncIterator[FakeModel]:
    async with FakeModel(DIALECTS["model_studio_native"]) as server:
        yield server


def client(fake: FakeModel, profile: str = "model_studio_native", *, stream: bool = True, **options: Any) -> ModelServer:
    fake.dialect = DIALECTS[profile]
    chosen = find_profile(profile).model_copy(update={"requests_per_s": 0.0, "stream": stream})
    return ModelServer(chosen, **({"model": MODEL, "base_url": fake.base_url, "api_key": KEY, "backoff": NO_RETRY} | options))


async def talk(backend: ModelServer, **request: Any) -> tuple[str, Finished | BackendError]:
    text = ""
    try:
        async for piece in backend.stream(ChatRequest(MESSAGES, **request)):
            if isinstance(piece, Finished):
                return text, piece
            text += piece
    except BackendError as error:
        return text, error
    finally:
        await backend.close()
    pytest.fail("the reply has no end")


@pytest.mark.parametrize("profile", ["model_studio", "model_studio_native"])
@pytest.mark.parametrize("stream", [True, False])
async def test_both_protocols_as_a_stream_and_not_bring_the_same_reply(fake: FakeModel, profile: str, stream: bool) -> None:
    fake.answers.append(Answer(echo_prefix=not stream))
    text, end = await talk(client(fake, profile, stream=stream), sampling=EVERYTHING, conversation="tavern")
    assert fake.refusals == []
    assert text == Answer().text
    assert isinstance(end, Finished)
    assert (end.reason, end.prompt_tokens, end.cached_tokens) == ("stop", PROMPT, PROMPT // 2)
    assert fake.requests[0].headers["x-dashscope-aca-session"] == "tavern"


async def test_the_native_request_is_nested_and_asks_for_a_stream_in_a_header(fake: FakeModel) -> None:
    await talk(client(fake), sampling={"temperature": 0.5, "min_p": 0.1})
    (request,) = fake.requests
    assert request.path == "/api/v1/services/aigc/text-generation/generation"
    assert request.headers["x-dashscope-sse"] == "enable"
    assert request.body == {
        "model": MODEL,
        "input": {"messages": [*MESSAGES[:-1], {"role": "assistant", "content": "Brom:", "partial": True}]},
        "parameters": {"result_format": "message", "incremental_output": True, "temperature": 0.5},
    }


async def test_without_a_stream_neither_header_nor_increments_are_asked_for(fake: FakeModel) -> None:
    await talk(client(fake, stream=False))
    (request,) = fake.requests
    assert "x-dashscope-sse" not in request.headers
    assert "incremental_output" not in request.body["parameters"]


@pytest.mark.parametrize("bytes_per_write", [0, 1, 7, -1])
async def test_every_cut_shows_the_same(fake: FakeModel, bytes_per_write: int) -> None:
    text = "（挥手）<think>hm</think>欢迎，旅行者👋🏽。"
    fake.answers.append(Answer(text=text, chunk_chars=1, bytes_per_write=bytes_per_write))
    assert (await talk(client(fake)))[0] == "（挥手）欢迎，旅行者👋🏽。"


async def test_text_arrives_before_the_reply_is_over(fake: FakeModel) -> None:
    fake.answers.append(Answer(fault="stall"))
    backend = client(fake)
    stream = backend.stream(ChatRequest(MESSAGES))
    text = ""
    while len(text) < 12:
        text += str(await anext(stream))
    assert text == "(waves) Good"
    await stream.aclose()
    await backend.close()


async def test_a_reply_that_hit_the_limit_says_so(fake: FakeModel) -> None:
    fake.answers.append(Answer(finish="length"))
    _, end = await talk(client(fake))
    assert isinstance(end, Finished)
    assert end.reason == "length"


@pytest.mark.parametrize(
    ("answer", "error", "shown"),
    [
        (Answer(fault="cut"), BackendLost, "(waves) Good"),
        (Answer(fault="end"), BackendLost, "(waves) Good"),
        (Answer(fault="malformed"), BackendLost, "(waves) Good"),
        (Answer(fault="strange"), BackendLost, "(waves) Good"),
        (Answer(fault="moderated"), Moderated, "(waves) Good"),
        (Answer(fault="moderated", bytes_per_write=-1), Moderated, "(waves) Good"),
        (Answer(fault="overloaded"), BackendOverloaded, "(waves) Good"),
        (Answer(fault="throttled"), BackendOverloaded, "(waves) Good"),
        (Answer(fault="stall"), BackendTimeout, "(waves) Good"),
        (Answer(fault="silent"), BackendTimeout, ""),
        (Answer(status=400, body=b'{"code": "InvalidParameter", "message": "x", "request_id": "r"}'), BackendRefused, ""),
        (
            Answer(status=400, body=b'{"code": "InvalidParameter", "message": "Range of input length should be [1, 30000]"}'),
            PromptTooLong,
            "",
        ),
        (Answer(status=400, body=b'{"code": "DataInspectionFailed", "message": "x"}'), Moderated, ""),
        (Answer(status=400, body=b'id:1\nevent:error\n:HTTP_STATUS/400\ndata:{"code":"DataInspectionFailed"}\n\n'), Moderated, ""),
        (Answer(body=b'id:1\nevent:error\n:HTTP_STATUS/400\ndata:{"code":"DataInspectionFailed","message":"x"}\n\n'), Moderated, ""),
        (Answer(status=400, body=b'{"code": "Arrearage", "message": "x"}'), OutOfCredit, ""),
        (Answer(status=401, body=b'{"code": "InvalidApiKey", "message": "x"}'), BadKey, ""),
        (Answer(status=403, body=b'{"code": "AccessDenied.Unpurchased", "message": "x"}'), BadKey, ""),
        (Answer(status=403, body=b'{"code": "Model.AccessDenied", "message": "x"}'), BadKey, ""),
        (Answer(status=404, body=b'{"code": "ModelNotFound", "message": "x"}'), ModelNotFound, ""),
        (Answer(status=429, body=b'{"code": "Throttling.AllocationQuota", "message": "x"}'), BackendOverloaded, ""),
        (Answer(status=503, body=b'{"code": "ModelUnavailable", "message": "x"}'), BackendOverloaded, ""),
    ],
    ids=str,
)
async def test_what_goes_wrong_is_one_of_our_errors(fake: FakeModel, answer: Answer, error: type[BackendError], shown: str) -> None:
    fake.answers.append(answer)
    text, end = await talk(client(fake, timeouts=Timeouts(2.0, 0.15, 0.1)))
    assert isinstance(end, error)
    assert text == shown


async def test_a_wrong_key_is_refused(fake: FakeModel) -> None:
    _, end = await talk(client(fake, api_key="sk-wrong"))
    assert isinstance(end, BadKey)


def test_all_that_is_no_message_becomes_a_parameter() -> None:
    flat = {"model": "m", "messages": [], "stream": False, "n": 2, "character_options": {"profile": "p"}, "logit_bias": {"7": -100}}
    assert native_body(flat) == {
        "model": "m",
        "input": {"messages": []},
        "parameters": {"result_format": "message", "n": 2, "character_options": {"profile": "p"}, "logit_bias": {"7": -100}},
    }
