"""The backend that recites does what its script says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from npc_bridge.backends import ChatRequest, Finished
from npc_bridge.backends.scripted import Rule, Script, Scripted, load_script
from npc_bridge.errors import BackendError, BackendLost, BackendUnreachable, FileProblem


def asked(text: str, note: str = "") -> ChatRequest:
    notes = [{"role": "system", "content": note}] if note else []
    return ChatRequest([{"role": "system", "content": "You sell swords."}, *notes, {"role": "user", "content": text}])


async def said(backend: Scripted, request: ChatRequest) -> str:
    return "".join([piece async for piece in backend.stream(request) if isinstance(piece, str)])


async def collect(stream: AsyncIterator[object], into: list[object]) -> None:
    async for piece in stream:
        into.append(piece)  # noqa: PERF401  what came before an error counts


async def test_lines_come_in_turn_and_begin_again() -> None:
    backend = Scripted.of(["One.", "Two."])
    assert [await said(backend, asked("Go on.")) for _ in range(3)] == ["One.", "Two.", "One."]


async def test_a_rule_answers_what_the_player_says_or_what_the_note_tells() -> None:
    backend = Scripted.of(["Hm."], {"rain": "Come in.", "sword": "Put it away."})
    requests = [asked("Is that RAIN?"), asked("Hello.", "It rains: rain"), asked("My sword!"), asked("Well.")]
    assert [await said(backend, request) for request in requests] == ["Come in.", "Come in.", "Put it away.", "Hm."]


async def test_only_what_came_after_the_last_reply_counts() -> None:
    request = ChatRequest(
        [{"role": "user", "content": "rain"}, {"role": "assistant", "content": "Yes."}, {"role": "user", "content": "So?"}]
    )
    assert await said(Scripted.of(["Hm."], {"rain": "Come in."}), request) == "Hm."


async def test_a_reply_comes_in_chunks_and_ends_with_counted_tokens() -> None:
    pieces = [piece async for piece in Scripted.of(["(nods) Yes."], chunk_chars=5).stream(asked("Well?"))]
    assert pieces == ["(nods", ") Yes", ".", Finished("stop", prompt_tokens=10, cached_tokens=0, completion_tokens=6)]


@pytest.mark.parametrize(("after", "shown"), [(0, ""), (2, "One Tw")])
async def test_a_stream_breaks_where_the_script_says(after: int, shown: str) -> None:
    texts: list[object] = []
    stream = Scripted.of(["One Two"], chunk_chars=3, fault="lost", fault_after_chunks=after).stream(asked("Well?"))
    with pytest.raises(BackendLost):
        await collect(stream, texts)
    assert "".join(map(str, texts)) == shown


async def test_a_fault_can_pass() -> None:
    backend = Scripted.of(["One."], fault="unreachable", fault_turns=2)
    outcomes: list[object] = []
    for _ in range(3):
        try:
            outcomes.append(await said(backend, asked("Well?")))
        except BackendError as error:
            outcomes.append(type(error))
    assert outcomes == [BackendUnreachable, BackendUnreachable, "One."]


async def test_a_stalled_reply_can_be_left() -> None:
    async with aclosing(Scripted.of(["One Two"], chunk_chars=3, fault="stall", fault_after_chunks=1).stream(asked("Well?"))) as pieces:
        assert await anext(pieces) == "One"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await anext(pieces)


def test_a_script_is_a_small_file(tmp_path: Path) -> None:
    file = tmp_path / "smith.toml"
    file.write_text('lines = ["(nod) Hm."]\ndelay_s = 0.02\n[[rules]]\nwhen = "rain"\nlines = ["（看天）下雨了。"]\n', encoding="utf-8")
    assert load_script(file) == Script(lines=("(nod) Hm.",), delay_s=0.02, rules=(Rule(when="rain", lines=("（看天）下雨了。",)),))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "there is no such file"),
        (b"lines = [", "not TOML in UTF-8"),
        (b"lines = ['\xff']", "not TOML in UTF-8"),
        (b"line = ['x']", "line: Extra inputs are not permitted"),
        (b"chunk_chars = 0", "chunk_chars: Input should be greater than or equal to 1"),
    ],
)
def test_a_wrong_script_says_what_is_wrong(tmp_path: Path, content: bytes | None, says: str) -> None:
    file = tmp_path / "script.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(FileProblem, match=says):
        load_script(file)
