"""Row 4: several replies to the same messages, by one request or by several, and what they took together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from fake_model import DIALECTS, KEY, MODEL, Answer, FakeModel

from npc_bridge.backends import ChatMessage, ChatRequest, Finished
from npc_bridge.backends.candidates import MAX_SEED, stream_many, sum_of
from npc_bridge.backends.model_server import ModelServer
from npc_bridge.backends.profiles import find_profile
from npc_bridge.backends.row import Row
from npc_bridge.backends.scripted import Scripted
from npc_bridge.backends.tries import NO_RETRY
from npc_bridge.errors import BackendError, BackendLost, BackendUnreachable, Moderated

MESSAGES: list[ChatMessage] = [{"role": "system", "content": "You are Brom."}, {"role": "user", "content": "Hello."}]
ANSWER = Answer(text="(nods) Evening.", others=("Hm.", "（挥手）欢迎，旅行者👋🏽。"))


@pytest.fixture
async def fake() -> AsyncIterator[FakeModel]:
    async with FakeModel() as server:
        yield server


def client(fake: FakeModel, profile: str = "model_studio") -> ModelServer:
    fake.dialect = DIALECTS[profile]
    calm = find_profile(profile).model_copy(update={"requests_per_s": 0.0, "separate_thinking": True})
    return ModelServer(calm, model=MODEL, base_url=fake.base_url, api_key=KEY, backoff=NO_RETRY)


async def several(backend: Any, n: int, **request: Any) -> tuple[dict[int, str], dict[int, Finished | BackendError]]:
    """What each reply says, and how it ends."""
    texts, ends = dict.fromkeys(range(n), ""), {}
    async for index, piece in stream_many(backend, ChatRequest(MESSAGES, **request), n):
        assert index not in ends
        if isinstance(piece, str):
            texts[index] += piece
        else:
            ends[index] = piece
    await backend.close()
    return texts, ends


@pytest.mark.parametrize("profile", ["model_studio", "model_studio_native"])
@pytest.mark.parametrize("bytes_per_write", [0, 1, 7, -1])
async def test_one_request_brings_several_replies_however_they_are_interleaved(fake: FakeModel, profile: str, bytes_per_write: int) -> None:
    backend = client(fake, profile)
    fake.answers.append(Answer(text=ANSWER.text, others=ANSWER.others, chunk_chars=2, bytes_per_write=bytes_per_write))
    texts, ends = await several(backend, 3)
    assert texts == {0: ANSWER.text, 1: ANSWER.others[0], 2: ANSWER.others[1]}
    assert len(fake.requests) == 1
    prompt, completion = sum(len(message["content"]) for message in MESSAGES), sum(map(len, texts.values()))
    assert sum_of(end for end in ends.values() if isinstance(end, Finished)) == Finished("stop", prompt, prompt // 2, completion)


async def test_each_reply_has_an_end_of_its_own(fake: FakeModel) -> None:
    backend = client(fake)
    fake.answers.append(Answer(text="One.", others=("Two.", "Three."), finishes=("length", "content_filter", "stop")))
    _, ends = await several(backend, 3)
    assert [type(ends[index]) for index in range(3)] == [Finished, Moderated, Finished]
    assert [end.reason for end in ends.values() if isinstance(end, Finished)] == ["length", "stop"]


async def test_thinking_is_kept_out_of_each(fake: FakeModel) -> None:
    backend = client(fake)
    fake.answers.append(Answer(text="<think>a</think>One.", others=("Two.<think>", "b</think>Three."), chunk_chars=100))
    texts, _ = await several(backend, 3)
    assert texts == {0: "One.", 1: "Two.", 2: "Three."}


async def test_a_server_that_ignores_n_is_asked_again_for_the_missing_ones(fake: FakeModel) -> None:
    backend = client(fake, "llamacpp")
    fake.dialect = DIALECTS["ollama"]
    fake.answers += [Answer(text="One."), Answer(text="Two."), Answer(text="Three.")]
    texts, ends = await several(backend, 3, sampling={"seed": MAX_SEED})
    assert sorted(texts.values()) == ["One.", "Three.", "Two."]
    assert all(isinstance(end, Finished) for end in ends.values())
    first, *others = [(request.body.get("n"), request.body["seed"]) for request in fake.requests]
    assert (first, set(others)) == ((3, MAX_SEED), {(None, 0), (None, 1)})


async def test_a_server_with_too_few_slots_is_asked_one_by_one(fake: FakeModel) -> None:
    backend = client(fake, "llamacpp")
    fake.dialect = replace(fake.dialect, slots=2)
    texts, _ = await several(backend, 3)
    assert texts == dict.fromkeys(range(3), Answer().text)
    assert [request.body.get("n") for request in fake.requests] == [3, None, None, None]


@pytest.mark.parametrize("profile", ["ollama", "lm_studio", "deepseek"])
async def test_a_server_without_n_is_asked_several_times_with_different_seeds(fake: FakeModel, profile: str) -> None:
    backend = client(fake, profile)
    texts, ends = await several(backend, 2, sampling={"seed": 7})
    assert texts == {0: Answer().text, 1: Answer().text}
    assert ["n" in request.body for request in fake.requests] == [False, False]
    assert {request.body.get("seed") for request in fake.requests} == ({None} if profile == "deepseek" else {7, 8})
    together = sum_of(end for end in ends.values() if isinstance(end, Finished))
    assert together.completion_tokens == 2 * len(Answer().text)


async def test_one_that_fails_costs_the_others_nothing(fake: FakeModel) -> None:
    backend = client(fake, "ollama")
    fake.answers += [Answer(text="One."), Answer(fault="cut")]
    texts, ends = await several(backend, 2)
    assert {texts[index]: type(ends[index]) for index in (0, 1)} == {"One.": Finished, "(waves) Good": BackendLost}


async def test_a_server_that_refuses_ends_every_one_with_its_error(fake: FakeModel) -> None:
    backend = client(fake)
    fake.answers.append(Answer(status=400, body=b'{"error": {"code": "data_inspection_failed"}}'))
    _, ends = await several(backend, 3)
    assert [type(end) for end in ends.values()] == [Moderated, Moderated, Moderated]


async def test_a_stream_that_breaks_ends_what_was_not_over(fake: FakeModel) -> None:
    backend = client(fake)
    fake.answers.append(Answer(text="One one one.", others=("Two two two.",), fault="cut", fault_after=3))
    texts, ends = await several(backend, 2)
    assert texts == {0: "One one one.", 1: "Two tw"}
    assert [type(end) for end in ends.values()] == [BackendLost, BackendLost]


async def test_leaving_early_stops_them_all(fake: FakeModel) -> None:
    backend = client(fake, "ollama")
    fake.answers += [Answer(fault="stall"), Answer(fault="stall")]
    async with aclosing(stream_many(backend, ChatRequest(MESSAGES), 2)) as pieces:
        await anext(pieces)
    async with asyncio.timeout(2):
        await fake.hung_up.wait()
    await backend.close()


async def test_backends_in_a_row_and_others_are_asked_once_for_each() -> None:
    broken = Scripted.of(["No."], fault="unreachable")
    texts, ends = await several(Row([broken, Scripted.of(["One.", "Two."])]), 2)
    assert sorted(texts.values()) == ["One.", "Two."]
    assert all(isinstance(end, Finished) for end in ends.values())
    _, ends = await several(broken, 2)
    assert [type(end) for end in ends.values()] == [BackendUnreachable, BackendUnreachable]


def test_a_sum_knows_only_what_all_of_them_tell() -> None:
    assert sum_of([Finished("length", 10, 5, 2, 0.5), Finished("stop", 10, None, 3, 0.25)]) == Finished("stop", 20, None, 5, 0.75)


async def test_a_stream_that_ends_without_an_end_is_a_reply_that_broke_off() -> None:
    class Silent(Scripted):
        async def stream(self, request: ChatRequest) -> AsyncIterator[str | Finished]:  # type: ignore[override]
            yield "Well"
            if request.choice:
                yield Finished("stop")

    texts, ends = await several(Silent(), 2)
    assert texts == {0: "Well", 1: "Well"}
    assert (type(ends[0]), ends[1]) == (BackendLost, Finished("stop"))
