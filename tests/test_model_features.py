"""What a model server can do, from a game's message to the server's request and back: a real bridge between a game and a stand-in model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from fake_model import DIALECTS, KEY, MODEL, SESSION_HEADER, Answer, FakeModel
from test_server import hello, send, until

from npc_bridge.backends.connection import library
from npc_bridge.backends.model_server import ModelServer
from npc_bridge.backends.profiles import Model, load_profiles, parenthesis_tokens
from npc_bridge.backends.row import Row
from npc_bridge.backends.scripted import Scripted
from npc_bridge.backends.tries import Backoff

Serve = Callable[..., Any]
PROFILES = load_profiles()
parenthesis_tokens("qwen")  # read before the loop runs, as the bridge does
library()  # takes a second, which a test on a busy machine need not wait for
PRICED = Model(
    name=MODEL, context_tokens=8192, max_input_tokens=8000, max_output_tokens=500, input_price=1.0, output_price=2.0, cached_price=0.2
)
BROM: dict[str, Any] = {"name": "Brom", "fallback": {"unknown": ["(nod) Hm."]}, "patience": {"thinking": ""}}


@pytest.fixture
async def fake() -> AsyncIterator[FakeModel]:
    async with FakeModel() as server:
        yield server


def model(fake: FakeModel, profile: str = "model_studio", **update: Any) -> ModelServer:
    fake.dialect = DIALECTS[profile]
    chosen = PROFILES[profile].model_copy(update={"requests_per_s": 0.0, "models": (PRICED,)} | update)
    return ModelServer(chosen, model=MODEL, base_url=fake.base_url, api_key=KEY, backoff=Backoff(first_s=0.01))


async def talk(serve: Serve, backend: Any, *lines: str, character: dict[str, Any] | None = None) -> list[list[dict[str, Any]]]:
    """Say these lines to an NPC; what came back for each, up to its ``turn_ended``."""
    socket = await hello(await serve(backend))
    await send(socket, type="open", npc="smith", character={**BROM, **(character or {})}, clips=["nod", "wave"], player={"name": "Ann"})
    answers = []
    for number, line in enumerate(lines):
        await send(socket, type="say", id=f"s{number}", npc="smith", text=line)
        answers.append(await until(socket, "turn_ended"))
    await socket.close()
    await backend.close()
    return answers


def text_of(messages: list[dict[str, Any]]) -> str:
    return "".join(message["text"] for message in messages if message["type"] == "text")


@pytest.mark.parametrize("profile", ["model_studio", "model_studio_native"])
@pytest.mark.parametrize("stream", [True, False])
async def test_both_protocols_bring_the_same_text_cues_and_money(serve: Serve, fake: FakeModel, profile: str, stream: bool) -> None:
    fake.answers.append(Answer(text="(nods) Evening. (waves) Ale?"))
    (messages,) = await talk(serve, model(fake, profile, stream=stream), "Hello.")
    assert text_of(messages) == "Evening. Ale?"
    assert [(m["clip"], m["at"]) for m in messages if m["type"] == "cue" and m.get("state", "final") == "final"] == [
        ("nod", 0),
        ("wave", 8),
    ]
    ended = messages[-1]
    cached, fresh = ended["cached_tokens"], ended["prompt_tokens"] - ended["cached_tokens"]
    assert ended["cost_usd"] == pytest.approx((fresh * 1.0 + cached * 0.2 + ended["completion_tokens"] * 2.0) / 1e6, abs=1e-6)
    assert fake.refusals == []


async def test_each_conversation_is_named_to_the_servers_cache(serve: Serve, fake: FakeModel) -> None:
    await talk(serve, model(fake), "Hello.", "Well?")
    names = {request.headers[SESSION_HEADER] for request in fake.requests}
    assert len(names) == 1
    assert names.pop().endswith("/smith")


@pytest.mark.parametrize("profile", ["model_studio", "model_studio_native"])
async def test_a_character_without_actions_bans_them_and_shows_none_that_come_all_the_same(
    serve: Serve, fake: FakeModel, profile: str
) -> None:
    fake.answers.append(Answer(text="(nods) Evening. （挥手）Ale?"))
    (messages,) = await talk(serve, model(fake, profile), "Hello.", character={"style": {"actions": "off"}})
    body = fake.requests[0].body
    assert body.get("parameters", body)["logit_bias"]["7"] == -100
    assert text_of(messages) == "Evening. Ale?"
    assert [message for message in messages if message["type"] == "cue"] == []


async def test_a_server_that_remembers_is_told_the_new_messages_only(serve: Serve, fake: FakeModel) -> None:
    await talk(serve, model(fake), "Hello.", "Well?", character={"memory": {"where": "server", "entries": 50}})
    first, second = [request.body for request in fake.requests]
    assert first["character_options"]["memory"]["memory_entries"] == 50
    assert "Brom" in first["character_options"]["profile"]
    assert second["messages"] == [{"role": "user", "content": "Well?"}]
    assert fake.refusals == []


async def test_a_busy_server_costs_the_player_a_moment_and_not_the_answer(serve: Serve, fake: FakeModel) -> None:
    fake.answers += [Answer(status=429, body=b'{"error": {"code": "limit_requests"}}'), Answer(status=503, body=b"")]
    (messages,) = await talk(serve, model(fake), "Hello.")
    assert (messages[-1]["reason"], len(fake.requests)) == ("stop", 3)


async def test_moderation_in_mid_stream_ends_the_turn_in_character(serve: Serve, fake: FakeModel) -> None:
    fake.answers.append(Answer(text="(nods) Evening. I have heard that", fault="moderated", fault_after=4))
    (messages,) = await talk(serve, model(fake), "Hello.")
    ended = messages[-1]
    assert ended["code"] == "moderated"
    assert text_of(messages).startswith("Evening.")
    assert len(fake.requests) == 1


@pytest.mark.parametrize("n", [2, 4])
async def test_candidates_come_from_one_request(serve: Serve, fake: FakeModel, n: int) -> None:
    backend = model(fake)
    socket = await hello(await serve(backend))
    await send(socket, type="open", npc="smith", character=BROM, clips=["nod"])
    await send(socket, type="say", id="s", npc="smith", text="Hello.")
    await until(socket, "turn_ended")
    fake.answers.append(Answer(text="One.", others=("Two.", "Three.", "Four.")[: n - 1]))
    await send(socket, type="candidates", id="c", npc="smith", n=n)
    messages = await until(socket, "turn_ended")
    texts = dict.fromkeys(range(n), "")
    for message in messages:
        if message["type"] == "text":
            texts[message.get("index", 0)] += message["text"]
    assert list(texts.values()) == ["One.", "Two.", "Three.", "Four."][:n]
    assert [request.body.get("n") for request in fake.requests] == [None, n]
    await socket.close()
    await backend.close()


async def test_when_the_first_backend_fails_the_next_one_answers_and_is_named(serve: Serve, fake: FakeModel) -> None:
    fake.answers += [Answer(status=401, body=b"{}")]
    row = Row([model(fake), Scripted.of(["(nod) I am the small one."])])
    first, second = await talk(serve, row, "Hello.", "Again.")
    assert [(text_of(messages), messages[-1]["backend"]) for messages in (first, second)] == [("I am the small one.", "scripted")] * 2
    assert len(fake.requests) == 1
    assert [status["state"] for status in row.status()] == ["open", "closed"]
