"""What a request can ask of a server beside a reply: memory, a session's cache, no actions, prices, limits. Rows 9, 11, 13 and 14."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fake_model import DIALECTS, KEY, MODEL, Answer, FakeModel

from npc_bridge.backends import ChatMessage, ChatRequest, Finished, ModelLimits, Price, ServerMemory
from npc_bridge.backends.estimate import refuse_too_long
from npc_bridge.backends.model_server import ModelServer
from npc_bridge.backends.profiles import Model, find_profile, parenthesis_tokens
from npc_bridge.backends.tries import NO_RETRY
from npc_bridge.errors import PromptTooLong

PERSONA = "You are Brom, the smith."
MESSAGES: list[ChatMessage] = [
    {"role": "system", "content": PERSONA},
    {"role": "assistant", "content": "(nods) Evening."},
    {"role": "user", "content": "Hello."},
    {"role": "assistant", "content": "Hm."},
    {"role": "system", "content": "Just now:\nrain:starts"},
    {"role": "user", "content": "Do you hear that?"},
]
PLUS = Model(
    name=MODEL, context_tokens=32768, max_input_tokens=30000, max_output_tokens=4000, input_price=0.5, output_price=1.4, cached_price=0.1
)
PROTOCOLS = ["model_studio", "model_studio_native"]


@pytest.fixture
async def fake() -> AsyncIterator[FakeModel]:
    async with FakeModel() as server:
        yield server


def client(fake: FakeModel, profile: str = "model_studio", **update: Any) -> ModelServer:
    fake.dialect = DIALECTS[profile]
    chosen = find_profile(profile).model_copy(update={"requests_per_s": 0.0, "separate_thinking": True, "models": (PLUS,)} | update)
    return ModelServer(chosen, model=MODEL, base_url=fake.base_url, api_key=KEY, backoff=NO_RETRY)


async def ends(backend: ModelServer, *requests: ChatRequest) -> list[Finished]:
    found = []
    for request in requests:
        *_, end = [piece async for piece in backend.stream(request)]
        assert isinstance(end, Finished)
        found.append(end)
    await backend.close()
    return found


def parameters(fake: FakeModel) -> dict[str, Any]:
    body = fake.requests[-1].body
    return {**body["parameters"], "messages": body["input"]["messages"]} if "parameters" in body else body


# ── row 11: long-term memory at the server ──


@pytest.mark.parametrize("profile", PROTOCOLS)
async def test_a_server_that_remembers_gets_the_persona_as_profile_and_the_new_messages_only(fake: FakeModel, profile: str) -> None:
    memory = ServerMemory(profile=PERSONA, new=2, entries=50, skip_save_types=("system",))
    await ends(client(fake, profile), ChatRequest(MESSAGES, conversation="tavern-7", memory=memory))
    assert fake.refusals == []
    assert parameters(fake)["messages"] == MESSAGES[-2:]
    assert parameters(fake)["character_options"] == {
        "profile": PERSONA,
        "memory": {"enable_long_term_memory": True, "memory_entries": 50, "skip_save_types": ["system"]},
    }
    assert fake.requests[-1].headers["x-dashscope-aca-session"] == "tavern-7"


@pytest.mark.parametrize(("entries", "asked"), [(2, 20), (20, 20), (400, 400), (1_000, 400)])
async def test_only_numbers_of_entries_that_the_server_knows_are_sent(fake: FakeModel, entries: int, asked: int) -> None:
    memory = ServerMemory(PERSONA, new=2, entries=entries)
    await ends(client(fake), ChatRequest(MESSAGES, conversation="tavern-7", memory=memory))
    assert parameters(fake)["character_options"]["memory"]["memory_entries"] == asked


async def test_a_model_without_memory_gets_the_whole_history_from_a_server_that_has_one(fake: FakeModel) -> None:
    forgetful = client(fake, models=(PLUS.model_copy(update={"server_memory": False}),))
    await ends(forgetful, ChatRequest(MESSAGES, conversation="tavern-7", memory=ServerMemory(PERSONA, new=2)))
    assert parameters(fake)["messages"] == MESSAGES
    assert [model.name for model in find_profile("model_studio").models if model.server_memory is None] == ["qwen-plus-character"]


@pytest.mark.parametrize("profile", ["openai", "llamacpp", "ollama"])
async def test_a_server_that_does_not_remember_gets_the_whole_history_from_the_same_request(fake: FakeModel, profile: str) -> None:
    await ends(client(fake, profile), ChatRequest(MESSAGES, conversation="tavern-7", memory=ServerMemory(PERSONA, new=2)))
    assert fake.refusals == []
    assert parameters(fake)["messages"] == MESSAGES
    assert "character_options" not in parameters(fake)


@pytest.mark.parametrize("profile", PROTOCOLS)
async def test_a_summary_of_the_server_is_counted_once_although_it_is_told_every_time(fake: FakeModel, profile: str) -> None:
    told: list[tuple[int, int, int] | None] = [None, (4700, 671, 3328), (4700, 671, 3328), (5000, 680, 0)]
    fake.answers += [Answer(memory_tokens=671 if summary else None, summary=summary) for summary in told]
    request = ChatRequest(MESSAGES, conversation="tavern-7", memory=ServerMemory(PERSONA, new=2))
    finished = await ends(client(fake, profile), *[request] * 4)
    assert [(each.memory_tokens, each.summary_tokens) for each in finished] == [(None, None), (671, 5371), (671, None), (671, 5680)]
    first, with_summary, same, new = [each.cost_usd or 0 for each in finished]
    assert first == same
    assert with_summary - first == pytest.approx(((4700 - 3328) * 0.5 + 3328 * 0.1 + 671 * 1.4) / 1e6)
    assert new - first == pytest.approx((5000 * 0.5 + 680 * 1.4) / 1e6)


async def test_summaries_of_different_conversations_are_counted_apart(fake: FakeModel) -> None:
    fake.answers += [Answer(summary=(100, 10, 0))] * 2
    memory = ServerMemory(PERSONA, new=2)
    requests = [ChatRequest(MESSAGES, conversation=name, memory=memory) for name in ("smith", "bard")]
    assert [each.summary_tokens for each in await ends(client(fake), *requests)] == [110, 110]


# ── row 13: the session's cache ──


@pytest.mark.parametrize("profile", PROTOCOLS)
@pytest.mark.parametrize(("usage", "cached"), [("details", True), ("top", True), ("neither", False)])
async def test_cached_tokens_are_read_in_both_shapes(fake: FakeModel, profile: str, usage: str, cached: bool) -> None:
    fake.answers.append(Answer(usage=usage))
    (end,) = await ends(client(fake, profile), ChatRequest(MESSAGES))
    assert end.prompt_tokens is not None
    assert end.cached_tokens == (end.prompt_tokens // 2 if cached else None)


async def test_a_profile_can_bring_headers_of_its_own(fake: FakeModel) -> None:
    await ends(client(fake, headers={"X-DashScope-Wait-Timeout": "10"}), ChatRequest(MESSAGES))
    assert fake.requests[0].headers["x-dashscope-wait-timeout"] == "10"


# ── row 14: prices and limits ──


async def test_a_reply_costs_what_its_tokens_cost_and_cached_ones_a_fifth(fake: FakeModel) -> None:
    (end,) = await ends(client(fake), ChatRequest(MESSAGES))
    assert end.prompt_tokens is not None
    cached = end.prompt_tokens // 2
    expected = ((end.prompt_tokens - cached) * 0.5 + cached * 0.1 + len(Answer().text) * 1.4) / 1e6
    assert end.cost_usd == pytest.approx(expected)


async def test_what_is_not_known_has_no_price(fake: FakeModel) -> None:
    fake.answers += [Answer(usage="none"), Answer()]
    assert [end.cost_usd for end in await ends(client(fake), ChatRequest(MESSAGES))] == [None]
    assert [end.cost_usd for end in await ends(client(fake, models=()), ChatRequest(MESSAGES))] == [None]


@pytest.mark.parametrize(
    ("model", "limits", "price"),
    [
        ("qwen-plus-character", ModelLimits(32768, 30000, 4000), Price(0.5, 1.4, 0.1)),
        ("qwen-flash-character", ModelLimits(8192, 8000, 4096), Price(0.05, 0.4, 0.01)),
        ("qwen-plus-character-ja", ModelLimits(8192, 7680, 512), Price(0.5, 1.4, 0.1)),
    ],
)
@pytest.mark.parametrize("profile", PROTOCOLS)
def test_the_three_models_come_with_their_limits_and_prices(profile: str, model: str, limits: ModelLimits, price: Price) -> None:
    server = ModelServer(find_profile(profile), model=model, api_key=KEY)
    assert server.limits == limits
    assert server.price is not None
    assert (server.price.input_usd, server.price.output_usd, server.price.cached_usd) == pytest.approx(
        (price.input_usd, price.output_usd, price.cached_usd)
    )


def test_limits_and_prices_are_the_users_to_change() -> None:
    mine = {"mine": {"like": "model_studio", "models": [PLUS.model_dump(exclude_none=True) | {"input_price": 0.8, "cached_price": None}]}}
    server = ModelServer(find_profile("mine", mine), model=MODEL, api_key=KEY)
    assert server.price == Price(0.8, 1.4, 0.8)


@pytest.mark.parametrize("profile", PROTOCOLS)
async def test_what_is_over_the_limit_is_never_sent(fake: FakeModel, profile: str) -> None:
    small = PLUS.model_copy(update={"max_input_tokens": 300})
    backend = client(fake, profile, models=(small,))
    long: list[ChatMessage] = [*MESSAGES[:-1], {"role": "user", "content": "word " * 400}]
    for request in (ChatRequest(long), ChatRequest(MESSAGES, memory=ServerMemory("word " * 400, new=1))):
        with pytest.raises(PromptTooLong, match=r"is about \d+ tokens long, the limit is 300"):
            await ends(backend, request)
    assert fake.requests == []


def test_a_prompt_that_fits_is_not_refused_however_many_bytes_it_has() -> None:
    limits = ModelLimits(200, 100, 50)
    refuse_too_long("x", ["word " * 90], limits, lambda text: len(text.split()))
    with pytest.raises(PromptTooLong):
        refuse_too_long("x", ["word " * 100], limits, lambda text: len(text.split()))


async def test_more_output_than_the_model_gives_is_not_asked_for(fake: FakeModel) -> None:
    await ends(client(fake), ChatRequest(MESSAGES, {"max_tokens": 9000}))
    assert fake.requests[0].body["max_tokens"] == 4000


# ── row 9: no actions ──


@pytest.mark.parametrize("profile", PROTOCOLS)
async def test_a_known_vocabulary_is_told_never_to_write_parentheses(fake: FakeModel, profile: str) -> None:
    await ends(client(fake, profile), ChatRequest(MESSAGES, no_actions=True))
    bias = parameters(fake)["logit_bias"]
    assert fake.refusals == []
    assert {"7", "8", "320", "873", "9909", "7552", "42344", "58359", "91093", "96899", "6599", "10297", "12832"} <= set(bias)
    assert set(bias.values()) == {-100}
    assert len(bias) == len(parenthesis_tokens("qwen")) == 71


@pytest.mark.parametrize("profile", ["openai", "ollama", "lm_studio", "deepseek", "generic"])
async def test_an_unknown_vocabulary_is_told_nothing(fake: FakeModel, profile: str) -> None:
    await ends(client(fake, profile), ChatRequest(MESSAGES, no_actions=True))
    assert "logit_bias" not in parameters(fake)


@pytest.mark.parametrize(("grammar", "field"), [("gbnf", "grammar"), ("vllm", "structured_outputs"), ("vllm_guided", "guided_grammar")])
async def test_a_server_with_a_grammar_cannot_write_them_at_all(fake: FakeModel, grammar: str, field: str) -> None:
    profile = "llamacpp" if grammar == "gbnf" else "vllm"
    await ends(client(fake, profile, grammar=grammar), ChatRequest(MESSAGES, no_actions=True, actions=("nods",)))
    assert fake.refusals == []
    asked = parameters(fake)[field]
    assert (asked["grammar"] if grammar == "vllm" else asked) == "text ::= [^()（）]\nroot ::= text+\n"
