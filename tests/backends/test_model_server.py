"""The client against a stand-in server over real sockets: what comes back, what goes wrong, and what is left behind."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from blockbuster import blockbuster_ctx
from fake_model import DIALECTS, KEY, MODEL, Answer, FakeModel

from npc_bridge.backends import ChatMessage, ChatRequest, Finished
from npc_bridge.backends.exchange import Timeouts
from npc_bridge.backends.model_server import ModelServer
from npc_bridge.backends.profiles import Profile, find_profile
from npc_bridge.backends.tries import NO_RETRY
from npc_bridge.errors import (
    BackendError,
    BackendLost,
    BackendOverloaded,
    BackendRefused,
    BackendTimeout,
    BackendUnreachable,
    BadKey,
    ModelNotFound,
    Moderated,
    OutOfCredit,
    PromptTooLong,
)

SECRET_LINE = "My grandmother's name is Yevgenia."
MESSAGES: list[ChatMessage] = [
    {"role": "system", "content": "You are Brom, the smith."},
    {"role": "assistant", "content": "(nods) Evening."},
    {"role": "user", "content": "Hello."},
    {"role": "system", "content": "Just now:\nrain:starts"},
    {"role": "user", "content": SECRET_LINE},
]
PROMPT_TOKENS = sum(len(message["content"]) for message in MESSAGES)
USUAL = Finished("stop", prompt_tokens=PROMPT_TOKENS, cached_tokens=PROMPT_TOKENS // 2, completion_tokens=len(Answer().text))
QUICK = Timeouts(connect_s=2.0, first_text_s=0.15, idle_s=0.1)


@pytest.fixture
async def fake() -> AsyncIterator[FakeModel]:
    async with FakeModel() as server:
        yield server


def client(fake: FakeModel, profile: str | Profile = "model_studio", **options: Any) -> ModelServer:
    """A client that knows how the model thinks, does not hurry and asks once, unless ``options`` say otherwise."""
    chosen = find_profile(profile) if isinstance(profile, str) else profile
    calm = chosen.model_copy(update={"separate_thinking": True, "requests_per_s": 0.0}) if isinstance(profile, str) else chosen
    usual = {"model": MODEL, "base_url": fake.base_url, "api_key": KEY, "backoff": NO_RETRY}
    return ModelServer(calm, **(usual | options))


async def talk(backend: ModelServer, request: ChatRequest | None = None) -> tuple[str, Finished]:
    """The whole reply, read to its very end; the backend is closed."""
    try:
        pieces = [piece async for piece in backend.stream(request or ChatRequest(MESSAGES))]
    finally:
        await backend.close()
    *texts, finished = pieces
    assert isinstance(finished, Finished)
    return "".join(str(text) for text in texts), finished


async def talk_until_error(backend: ModelServer) -> tuple[str, BackendError]:
    """What could be shown before it went wrong, and how it did."""
    texts: list[str] = []
    try:
        async for piece in backend.stream(ChatRequest(MESSAGES)):
            assert isinstance(piece, str)
            texts.append(piece)
    except BackendError as error:
        return "".join(texts), error
    finally:
        await backend.close()
    pytest.fail("nothing went wrong")


async def test_a_reply_is_streamed_and_ends_with_its_usage(fake: FakeModel) -> None:
    assert await talk(client(fake)) == (Answer().text, USUAL)


async def test_text_arrives_before_the_reply_is_over(fake: FakeModel) -> None:
    fake.answers.append(Answer(fault="stall"))
    backend = client(fake)
    async with aclosing(backend.stream(ChatRequest(MESSAGES))) as pieces:
        text = await anext(pieces)
        while len(str(text)) < 12:
            text = str(text) + str(await anext(pieces))
    assert text == "(waves) Good"
    await backend.close()


async def test_what_one_read_brings_comes_as_one_piece(fake: FakeModel) -> None:
    fake.answers.append(Answer(bytes_per_write=-1, chunk_chars=1))
    backend = client(fake)
    pieces = [piece async for piece in backend.stream(ChatRequest(MESSAGES))]
    await backend.close()
    assert pieces == [Answer().text, USUAL]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(line_end="\r\n"),
        Answer(line_end="\r"),
        Answer(data_prefix="data:"),
        Answer(comments=True),
        Answer(multi_line=True),
        Answer(bytes_per_write=1),
        Answer(bytes_per_write=7, line_end="\r\n", comments=True, multi_line=True, data_prefix="data:"),
        Answer(done=False),
        Answer(usage_place="before"),
        Answer(usage_place="with"),
        Answer(usage="top"),
        Answer(reasoning="The player wants to be greeted."),
        Answer(fault="linger"),
        Answer(fault="linger", done=False),
    ],
    ids=str,
)
async def test_the_reply_does_not_depend_on_how_the_server_frames_it(fake: FakeModel, answer: Answer) -> None:
    fake.answers.append(answer)
    assert await talk(client(fake)) == (answer.text, USUAL)


async def test_usage_that_never_comes_is_not_waited_for_long(fake: FakeModel) -> None:
    fake.answers.append(Answer(usage="none", done=False, fault="linger"))
    assert await talk(client(fake)) == (Answer().text, Finished("stop"))


async def test_cached_tokens_are_unknown_when_the_server_does_not_say(fake: FakeModel) -> None:
    fake.answers.append(Answer(usage="neither"))
    _, finished = await talk(client(fake))
    assert finished == Finished("stop", prompt_tokens=PROMPT_TOKENS, cached_tokens=None, completion_tokens=len(Answer().text))


async def test_a_reply_that_hit_the_limit_says_so(fake: FakeModel) -> None:
    fake.answers.append(Answer(finish="length"))
    _, finished = await talk(client(fake))
    assert finished.reason == "length"


async def test_an_answer_that_comes_whole_is_taken(fake: FakeModel) -> None:
    fake.answers.append(Answer(fault="plain"))
    assert await talk(client(fake)) == (Answer().text, USUAL)


async def test_chinese_and_emoji_survive_any_cut(fake: FakeModel) -> None:
    text = "（挥手）欢迎，旅行者👋🏽。今晚下雨。"
    fake.answers.append(Answer(text=text, chunk_chars=1, bytes_per_write=1))
    assert (await talk(client(fake)))[0] == text


@pytest.mark.parametrize(
    "text", ["<think>They are kind.</think>\n\nWelcome.", "Welc<think>hm</think>ome.", "They are kind.</think>Welcome."]
)
async def test_thinking_is_never_shown(fake: FakeModel, text: str) -> None:
    fake.answers.append(Answer(text=text, bytes_per_write=-1))
    assert (await talk(client(fake)))[0] == "Welcome."


async def test_a_model_that_once_closed_thinking_it_did_not_open_is_expected_to_do_it_again(
    fake: FakeModel, caplog: pytest.LogCaptureFixture
) -> None:
    fake.answers += [Answer(text="Hm, hm.</think>Welcome."), Answer(text="They are kind.</think>Welcome."), Answer(text="Welcome.")]
    backend = client(fake)
    shown: list[str] = []
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            pieces = [piece async for piece in backend.stream(ChatRequest(MESSAGES))]
            shown.append("".join(map(str, pieces[:-1])))
    await backend.close()
    assert shown[1:] == ["Welcome.", "Welcome."]
    assert "</think>" not in shown[0]
    assert len(caplog.records) == 1


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
        (Answer(fault="stall"), BackendTimeout, "(waves) Good"),
        (Answer(fault="silent"), BackendTimeout, ""),
        (Answer(finish="content_filter"), Moderated, Answer().text),
        (Answer(body=b"{}"), BackendOverloaded, ""),
        (Answer(body=b'{"error": {"code": "data_inspection_failed", "message": "no"}}'), Moderated, ""),
        (Answer(body=b'{"choices": [{"mess'), BackendLost, ""),
        (Answer(body=b"<html>Welcome to our hotel</html>"), BackendLost, ""),
        (Answer(body=b" "), BackendLost, ""),
        (Answer(status=502, body=b"<html>Bad gateway</html>"), BackendOverloaded, ""),
        (Answer(status=400, body=b'{"error": {"code": "invalid_parameter_error", "message": "x"}}'), BackendRefused, ""),
        (Answer(status=400, body=b'data: {"error": {"code": "data_inspection_failed", "message": "x"}}\n\n'), Moderated, ""),
        (Answer(status=400, body=b'{"code": "Arrearage", "message": "x", "request_id": "r"}'), OutOfCredit, ""),
        (Answer(status=400, body=b'{"error": {"code": 400, "type": "exceed_context_size_error"}}'), PromptTooLong, ""),
        (Answer(status=401, body=b'{"error": {"code": "invalid_api_key", "message": "sk-fake-0123456789abcdef"}}'), BadKey, ""),
        (Answer(status=403, body=b'{"error": {"code": "AccessDenied.Unpurchased"}}'), BadKey, ""),
        (Answer(status=403, body=b'{"error": {"code": "AllocationQuota.FreeTierOnly"}}'), OutOfCredit, ""),
        (Answer(status=404, body=b'{"error": {"code": "model_not_found"}}'), ModelNotFound, ""),
        (Answer(status=429, body=b'{"error": {"code": "limit_requests"}}'), BackendOverloaded, ""),
        (Answer(status=503, body=b""), BackendOverloaded, ""),
    ],
    ids=str,
)
async def test_what_goes_wrong_is_one_of_our_errors(fake: FakeModel, answer: Answer, error: type[BackendError], shown: str) -> None:
    fake.answers.append(answer)
    text, raised = await talk_until_error(client(fake, timeouts=QUICK))
    assert (raised.code, text) == (error.code, shown)
    assert KEY not in str(raised)


async def test_a_server_that_still_reads_the_prompt_is_not_taken_for_one_that_pauses(fake: FakeModel) -> None:
    fake.answers.append(Answer(fault="stall", fault_after=0))  # its first frames hold no text
    _, raised = await talk_until_error(client(fake, timeouts=Timeouts(connect_s=2.0, first_text_s=0.3, idle_s=0.05)))
    assert str(raised) == "model_studio: nothing came for 0.3 s"


async def test_a_server_that_hangs_up_at_once_is_asked_once_more(fake: FakeModel) -> None:
    fake.answers += [Answer(fault="hang_up"), Answer()]
    assert await talk(client(fake)) == (Answer().text, USUAL)
    fake.answers += [Answer(fault="hang_up"), Answer(fault="hang_up")]
    _, raised = await talk_until_error(client(fake))
    assert isinstance(raised, BackendLost)


async def test_a_redirect_does_not_carry_the_key_elsewhere(fake: FakeModel) -> None:
    async with FakeModel() as elsewhere:
        fake.answers.append(Answer(status=307, headers=(("Location", f"{elsewhere.base_url}/chat/completions"),)))
        _, raised = await talk_until_error(client(fake))
        assert isinstance(raised, ModelNotFound)
        assert elsewhere.requests == []


async def test_a_proxy_of_the_system_is_used_for_other_computers_only(fake: FakeModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", fake.base_url.removesuffix("/v1"))
    monkeypatch.setenv("no_proxy", "")
    assert (await talk(client(fake, base_url="http://models.example/v1")))[0] == Answer().text
    async with FakeModel() as near:
        await talk(client(near))
        assert len(near.requests) == 1
    assert len(fake.requests) == 1


async def test_a_server_that_speaks_no_tls_is_named(fake: FakeModel) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as plain:
        port = plain.sockets[0].getsockname()[1]
        _, raised = await talk_until_error(client(fake, "vllm", base_url=f"https://127.0.0.1:{port}/v1"))
    assert str(raised) == (
        f"vllm: the certificate of https://127.0.0.1:{port}/v1 is not trusted, or it does not speak TLS. "
        "Is vLLM running? Start it with: vllm serve MODEL"
    )


async def test_a_wait_that_the_server_asks_for_is_passed_on(fake: FakeModel) -> None:
    fake.answers.append(Answer(status=429, body=b"{}", headers=(("Retry-After", "7"),)))
    _, raised = await talk_until_error(client(fake))
    assert isinstance(raised, BackendOverloaded)
    assert raised.retry_after_s == 7


async def test_a_server_that_is_not_there_says_what_to_do() -> None:
    async with FakeModel() as gone:
        pass
    backend = client(gone, "ollama", api_key="")
    _, raised = await talk_until_error(backend)
    assert isinstance(raised, BackendUnreachable)
    assert str(raised) == f"ollama: nothing answers at {gone.base_url}. Is Ollama running? Start it with: ollama serve"


async def test_leaving_early_stops_the_generation_at_the_server(fake: FakeModel) -> None:
    fake.answers.append(Answer(text="word " * 20_000, chunk_chars=5))
    backend = client(fake)
    async with aclosing(backend.stream(ChatRequest(MESSAGES))) as pieces:
        await anext(pieces)
    async with asyncio.timeout(2):
        await fake.hung_up.wait()
    await backend.close()


async def test_cancelling_the_task_stops_the_generation_at_the_server(fake: FakeModel) -> None:
    fake.answers.append(Answer(fault="stall"))
    backend = client(fake)

    async def read() -> None:
        async with aclosing(backend.stream(ChatRequest(MESSAGES))) as pieces:
            async for _ in pieces:
                started.set()

    started = asyncio.Event()
    task = asyncio.create_task(read())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(2):
        await fake.hung_up.wait()
    await backend.close()


async def test_cancelling_before_the_first_word_hangs_up_too(fake: FakeModel) -> None:
    fake.answers.append(Answer(fault="silent"))
    backend = client(fake)
    stream = backend.stream(ChatRequest(MESSAGES))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await anext(stream)
    async with asyncio.timeout(2):
        await fake.hung_up.wait()
    await backend.close()


async def test_a_connection_is_used_again_after_a_whole_reply(fake: FakeModel) -> None:
    backend = client(fake)
    for _ in range(3):
        async for _ in backend.stream(ChatRequest(MESSAGES)):
            pass
        for _ in range(200):
            await asyncio.sleep(0)  # the last bytes come after the reply, with nobody waiting for them
    assert fake.connections == 1
    await backend.close()


async def test_a_connection_to_llama_cpp_is_never_used_again(fake: FakeModel) -> None:
    fake.dialect = DIALECTS["llamacpp"]
    backend = client(fake, "llamacpp")
    for _ in range(3):
        async for _ in backend.stream(ChatRequest(MESSAGES)):
            pass
    assert fake.connections == 3
    await backend.close()


@pytest.mark.parametrize("profile", ["model_studio", "openai", "deepseek", "llamacpp", "vllm", "ollama", "lm_studio", "generic"])
@pytest.mark.parametrize("prefill", [False, True])
async def test_each_kind_of_server_accepts_what_its_profile_makes(fake: FakeModel, profile: str, prefill: bool) -> None:
    fake.dialect = DIALECTS[profile]
    if prefill:
        fake.answers.append(Answer(echo_prefix=True))
    everything = {
        "temperature": 0.9,
        "top_p": 0.9,
        "top_k": 20,
        "min_p": 0.1,
        "repetition_penalty": 1.1,
        "presence_penalty": 0.5,
        "frequency_penalty": 0.5,
        "seed": 5,
        "max_tokens": 100,
        "stop": ["\n\n"],
    }
    messages = [*MESSAGES, {"role": "assistant", "content": "Brom:"}] if prefill else MESSAGES
    request = ChatRequest(messages, everything, actions=("nods",), conversation="tavern")
    text, _ = await talk(client(fake, profile), request)
    assert fake.refusals == []
    assert text == Answer().text


@pytest.mark.parametrize("profile", ["llamacpp", "vllm"])
async def test_a_template_that_wants_strict_turns_gets_an_equivalent_prompt(fake: FakeModel, profile: str) -> None:
    fake.dialect = DIALECTS["strict_template"]
    backend = client(fake, profile)
    for _ in range(2):
        pieces = [piece async for piece in backend.stream(ChatRequest(MESSAGES))]
        assert "".join(map(str, pieces[:-1])) == Answer().text
    await backend.close()
    assert fake.refusals == ["System message must be at the beginning."]
    assert [request.body["messages"] for request in fake.requests[1:]] == 2 * [
        [
            {"role": "user", "content": "You are Brom, the smith."},
            {"role": "assistant", "content": "(nods) Evening."},
            {"role": "user", "content": f"Hello.\nJust now:\nrain:starts\n\n{SECRET_LINE}"},
        ]
    ]


@pytest.mark.parametrize("profile", ["llamacpp", "vllm", "ollama", "lm_studio"])
async def test_a_template_without_system_messages_gets_an_equivalent_prompt(fake: FakeModel, profile: str) -> None:
    fake.dialect = DIALECTS["bare_template"]
    backend = client(fake, profile)
    for messages in (MESSAGES, [MESSAGES[0], *MESSAGES[2:]]):
        pieces = [piece async for piece in backend.stream(ChatRequest(messages))]
        assert "".join(map(str, pieces[:-1])) == Answer().text
    await backend.close()
    assert fake.refusals[-1] in ("System role not supported", "System message must be at the beginning.")
    assert [request.body["messages"] for request in fake.requests if request.body["messages"][0]["role"] == "user"] == [
        [
            {"role": "user", "content": "You are Brom, the smith."},
            {"role": "assistant", "content": "(nods) Evening."},
            {"role": "user", "content": f"Hello.\nJust now:\nrain:starts\n\n{SECRET_LINE}"},
        ],
        [{"role": "user", "content": f"You are Brom, the smith.\nHello.\nJust now:\nrain:starts\n\n{SECRET_LINE}"}],
    ]


async def test_a_server_with_one_template_for_all_is_not_asked_twice(fake: FakeModel) -> None:
    fake.dialect = DIALECTS["strict_template"]
    _, raised = await talk_until_error(client(fake, "generic"))
    assert isinstance(raised, BackendRefused)
    assert len(fake.requests) == 1


async def test_the_conversation_is_named_to_a_server_that_caches_by_it(fake: FakeModel) -> None:
    await talk(client(fake), ChatRequest(MESSAGES, conversation="tavern-7"))
    assert fake.requests[0].headers["x-dashscope-aca-session"] == "tavern-7"


async def test_the_servers_models_can_be_listed(fake: FakeModel) -> None:
    backend = client(fake)
    assert await backend.probe() == ["another", MODEL]
    await backend.close()


async def test_a_probe_with_a_bad_key_says_so(fake: FakeModel) -> None:
    backend = client(fake, api_key="sk-wrong-key-000")
    with pytest.raises(BadKey) as caught:
        await backend.probe()
    assert "sk-wrong-key-000" not in str(caught.value)


async def test_a_probe_of_nothing_says_what_to_do() -> None:
    async with FakeModel() as gone:
        pass
    with pytest.raises(BackendUnreachable, match="Is Ollama running"):
        await client(gone, "ollama").probe()


async def test_neither_key_nor_words_are_logged_or_shown(fake: FakeModel, caplog: pytest.LogCaptureFixture) -> None:
    fake.answers += [Answer(), Answer(status=400, body=SECRET_LINE.encode()), Answer(fault="moderated")]
    with caplog.at_level(logging.INFO):
        await talk(client(fake))
        errors = [(await talk_until_error(client(fake)))[1] for _ in range(2)]
    seen = caplog.text + repr(errors) + repr([error.__cause__ for error in errors]) + repr(client(fake))
    assert KEY not in seen
    assert SECRET_LINE not in seen


async def test_nothing_blocks_the_loop(fake: FakeModel) -> None:
    with blockbuster_ctx():
        backend = client(fake)
        await backend.warm_up()
        async for _ in backend.stream(ChatRequest(MESSAGES)):
            pass
        await backend.probe()
        await backend.close()


async def test_nothing_is_left_behind(fake: FakeModel) -> None:
    before = asyncio.all_tasks()
    fake.answers += [Answer(), Answer(fault="cut"), Answer(fault="linger")]
    backend = client(fake)
    for _ in range(3):
        try:
            async for _ in backend.stream(ChatRequest(MESSAGES)):
                pass
        except BackendLost:
            pass
    await backend.close()
    own = {task for task in asyncio.all_tasks() - before if "_connected" not in repr(task.get_coro())}
    assert own == set()
