"""Row 17 at the wire: what a model thinks is never shown, also by a model whose first reply brings the closing tag alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fake_model import DIALECTS, MODEL, Answer, FakeModel

from npc_bridge.backends import ChatMessage, ChatRequest, Finished
from npc_bridge.backends.model_server import PROBE, ModelServer
from npc_bridge.backends.profiles import find_profile
from npc_bridge.backends.tries import NO_RETRY

MESSAGES: list[ChatMessage] = [{"role": "system", "content": "You are Brom."}, {"role": "user", "content": "Hello."}]
UNOPENED = "They greet me, so I greet them.</think>\n\n(nods) Evening."
SHOWN = "(nods) Evening."


@pytest.fixture
async def fake() -> AsyncIterator[FakeModel]:
    async with FakeModel(DIALECTS["generic"]) as server:
        yield server


def client(fake: FakeModel, profile: str = "generic", **update: Any) -> ModelServer:
    return ModelServer(find_profile(profile).model_copy(update=update), model=MODEL, base_url=fake.base_url, backoff=NO_RETRY)


async def reply(backend: ModelServer) -> list[str]:
    """The pieces of a reply."""
    return [piece async for piece in backend.stream(ChatRequest(MESSAGES)) if not isinstance(piece, Finished)]


@pytest.mark.parametrize("chunk_chars", [1, 2, 5, 1000])
@pytest.mark.parametrize("is_warm", [False, True])
async def test_a_closing_tag_alone_shows_nothing_of_the_first_reply(fake: FakeModel, chunk_chars: int, is_warm: bool) -> None:
    backend = client(fake)
    if is_warm:
        fake.answers.append(Answer(text="One word. Yes is one.</think>Yes."))
        await backend.warm_up()
    fake.answers += [Answer(text=UNOPENED, chunk_chars=chunk_chars)] * 2
    assert ["".join(await reply(backend)) for _ in range(2)] == [SHOWN, SHOWN]
    await backend.close()


async def test_warming_up_asks_one_small_question_and_the_first_reply_then_streams(fake: FakeModel) -> None:
    backend = client(fake)
    await backend.warm_up()
    assert [(request.body["messages"], request.body["max_tokens"]) for request in fake.requests] == [(PROBE, 512)]
    fake.answers.append(Answer(chunk_chars=1))
    assert len(await reply(backend)) > 1
    await backend.warm_up()
    assert len(fake.requests) == 2
    await backend.close()


async def test_without_it_the_first_reply_comes_at_its_end_and_the_next_ones_stream(fake: FakeModel) -> None:
    backend = client(fake)
    fake.answers += [Answer(chunk_chars=1)] * 2
    assert await reply(backend) == [Answer().text]
    assert len(await reply(backend)) > 1
    await backend.close()


async def test_a_model_that_opens_its_thoughts_itself_needs_no_waiting(fake: FakeModel) -> None:
    backend = client(fake)
    fake.answers += [Answer(text="<think>Hm.</think>" + SHOWN, chunk_chars=1)] * 2
    for _ in range(2):
        pieces = await reply(backend)
        assert ("".join(pieces), len(pieces) > 1) == (SHOWN, True)
    await backend.close()


async def test_a_first_reply_that_is_cut_short_is_shown_if_the_model_turns_out_not_to_think(fake: FakeModel) -> None:
    backend = client(fake)
    fake.answers += [Answer(finish="length"), Answer(text="Yes.")]
    assert await reply(backend) == [Answer().text]
    assert len(fake.requests) == 2
    await backend.close()


@pytest.mark.parametrize(
    "probe", [Answer(text="One word...</think>Yes."), Answer(text="Hm, hm", finish="length"), Answer(status=500, body=b"{}")]
)
async def test_a_first_reply_that_is_cut_short_is_not_shown_if_that_may_be_thinking(fake: FakeModel, probe: Answer) -> None:
    backend = client(fake)
    fake.answers += [Answer(text="They greet me, so", finish="length"), probe]
    assert await reply(backend) == []
    await backend.close()


@pytest.mark.parametrize("profile", ["model_studio", "openai", "deepseek", "embedded"])
async def test_a_server_that_keeps_thinking_apart_is_asked_nothing(fake: FakeModel, profile: str) -> None:
    backend = client(fake, profile)
    await backend.warm_up()
    assert fake.requests == []
    await backend.close()


@pytest.mark.parametrize("profile", ["llamacpp", "ollama", "vllm", "lm_studio", "generic"])
async def test_any_other_server_is(fake: FakeModel, profile: str) -> None:
    fake.dialect = DIALECTS[profile]
    backend = ModelServer(find_profile(profile), model=MODEL, base_url=fake.base_url, api_key=fake.dialect.key, backoff=NO_RETRY)
    await backend.warm_up()
    assert (len(fake.requests), fake.refusals) == (1, [])
    await backend.close()


async def test_a_server_that_is_not_there_yet_does_not_fail_the_start() -> None:
    async with FakeModel(DIALECTS["generic"]) as gone:
        pass
    backend = client(gone)
    await backend.warm_up()
    await backend.close()


async def test_it_is_said_once_that_a_model_begins_with_thoughts(fake: FakeModel, caplog: pytest.LogCaptureFixture) -> None:
    backend = client(fake)
    fake.answers += [Answer(text=UNOPENED)] * 3
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            await reply(backend)
    assert [record.getMessage() for record in caplog.records] == [
        "generic: replies of fake-model begin inside <think>; they are held until it closes"
    ]
    await backend.close()


async def test_replies_that_run_side_by_side_are_all_held_until_it_is_known(fake: FakeModel) -> None:
    backend = client(fake)
    fake.answers += [Answer(text=UNOPENED, chunk_chars=1)] * 3
    assert ["".join(pieces) for pieces in await asyncio.gather(*(reply(backend) for _ in range(3)))] == [SHOWN] * 3
    await backend.close()


async def test_reasoning_in_a_field_of_its_own_is_left_out(fake: FakeModel) -> None:
    backend = client(fake)
    fake.answers.append(Answer(reasoning="They greet me.", text=SHOWN))
    assert "".join(await reply(backend)) == SHOWN
    await backend.close()
