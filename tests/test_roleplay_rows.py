"""What the role-play API can do, capability by capability, as a game sees it: the Python client, a real bridge, and a stand-in server that
refuses what the real one would. The sections of ``docs/roleplay.md`` have the same numbers.

What each capability has of edge cases is tested beside its module; here each one is there, from end to end.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from fake_model import DIALECTS, SESSION_HEADER, Answer, FakeModel
from test_client import within
from test_model_features import model
from test_remembering import settled

from npc_bridge.backends.profiles import load_profiles, parenthesis_tokens
from npc_bridge.backends.scripted import Scripted
from npc_bridge.cast import Cast, tavern
from npc_bridge.cli.check import check
from npc_bridge.client import Game, Npc, Turn, connect
from npc_bridge.config import ServerSettings
from npc_bridge.errors import BadMessage
from npc_bridge.server import Bridge

Serve = Callable[..., Any]
DOC = (Path(__file__).parents[1] / "docs" / "roleplay.md").read_text(encoding="utf-8")
BROM: dict[str, Any] = {"name": "Brom", "fallback": {"unknown": ["(nod) Hm."]}, "patience": {"thinking": ""}}
LIN: dict[str, Any] = {"name": "Lin", "patience": {"thinking": ""}}
for each in load_profiles().values():
    parenthesis_tokens(each.logit_bias)  # read before the loop runs, as the bridge does


@pytest.fixture
async def fake() -> AsyncIterator[FakeModel]:
    async with FakeModel() as server:
        yield server


@asynccontextmanager
async def playing(serve: Serve, fake: FakeModel, profile: str = "model_studio", **update: Any) -> AsyncIterator[Game]:
    backend = model(fake, profile, **update)
    async with connect((await serve(backend)).url) as game:
        yield game
    await backend.close()
    assert fake.refusals == [], "the server would have refused this"


async def ended(turn: Turn) -> Turn:
    await within(turn.done())
    return turn


async def say(npc: Npc, text: str) -> Turn:
    return await ended(await within(npc.say(text)))


def sent(fake: FakeModel, place: int = -1) -> list[tuple[str, str]]:
    """The messages of a request after the persona."""
    return [(each["role"], each["content"]) for each in fake.requests[place].body["messages"][1:]]


def answers(fake: FakeModel, *texts: str) -> None:
    fake.answers.extend(Answer(text=text) for text in texts)


async def test_row_1_the_four_parts_of_a_character_are_what_the_model_reads_first(serve: Serve, fake: FakeModel) -> None:
    parts = {
        "identity": {"age": "52"}, "background": {"experiences": "Fought at Merrow."}, "scene": {"scenario": "A forge at dusk."},
        "style": {"manner": "Gruff."},
    }  # fmt: skip
    async with playing(serve, fake) as game:
        await say(await game.open("brom", character=BROM | parts, player="Ada"), "Hello.")
        with pytest.raises(BadMessage, match="manner"):
            await game.open("other", character=BROM | {"style": {"maner": "Gruff."}})
    persona = fake.requests[0].body["messages"][0]["content"]
    places = [persona.index(said) for said in ("You are Brom.", "52", "Fought at Merrow.", "A forge at dusk.", "Gruff.")]
    assert places == sorted(places)


async def test_row_2_the_opening_line_is_a_turn_without_a_model_and_is_not_repeated(serve: Serve, fake: FakeModel) -> None:
    character = BROM | {"opening_line": "(nod) Evening."}
    async with playing(serve, fake) as game:
        brom = await game.open("brom", character=character, clips=["nod"])
        turns = brom.turns()
        first = await ended(await within(anext(turns)))
        assert (first.cause, first.text, [part.clip for part in first.parts if part.type == "cue"]) == ("opening", "Evening.", ["nod"])
        assert fake.requests == []
        await say(brom, "Hello.")
        await brom.close()
        again = await game.open("brom", character=character, clips=["nod"])
        assert again.remembered == 3
        assert (await say(again, "Me again.")).cause == "say"
    assert sent(fake, 0)[0] == ("assistant", "(nod) Evening.")
    assert [text for _, text in sent(fake)].count("(nod) Evening.") == 1


async def test_row_3_history_is_whole_and_then_cut_in_blocks_after_the_same_system_message(serve: Serve, fake: FakeModel) -> None:
    async with playing(serve, fake) as game:
        brom = await game.open("brom", character=BROM | {"history": {"max_messages": 12}}, player="Ada")
        for number in range(20):
            answers(fake, f"Aye {number}.")
            await say(brom, f"Line {number}.")
    prompts = [request.body["messages"] for request in fake.requests]
    assert len({prompt[0]["content"] for prompt in prompts}) == 1
    assert max(map(len, prompts)) in (12, 13)
    kept = [later[: len(earlier)] == earlier for earlier, later in pairwise(prompts)]
    assert 2 <= kept.count(False) <= 5, "most prompts begin as the one before"


@pytest.mark.parametrize("profile", ["model_studio", "generic"])
async def test_row_4_diverse_replies_are_offered_and_the_others_leave_no_trace(serve: Serve, fake: FakeModel, profile: str) -> None:
    async with playing(serve, fake, profile) as game:
        brom = await game.open("brom", character=BROM, player="Ada")
        answers(fake, "Go away.")
        await say(brom, "Hello.")
        if DIALECTS[profile].n == "yes":
            fake.answers.append(Answer(text="One.", others=("Two.", "Three.")))
        else:
            answers(fake, "One.", "Two.", "Three.")
        offered = await within(brom.candidates(3))
        await ended(offered)
        assert sorted(offered.texts) == ["One.", "Three.", "Two."]
        await within(offered.choose(offered.texts.index("Two.")))
        await say(brom, "Well?")
    assert sent(fake) == [("user", "Hello."), ("assistant", "Two."), ("user", "Well?")]


async def test_row_5_regenerate_has_a_new_seed_the_same_place_and_the_same_note_once(serve: Serve, fake: FakeModel) -> None:
    async with playing(serve, fake) as game:
        brom = await game.open("brom", character=BROM, player="Ada")
        await brom.tell("rain")
        await say(brom, "Hello.")
        again = await ended(await within(brom.regenerate()))
        last = await ended(await within(brom.regenerate()))
        assert last.replaces == again.id
        await say(brom, "Well?")
    first, second, third = (request.body for request in fake.requests[:3])
    assert first["messages"] == second["messages"] == third["messages"]
    assert len({first.get("seed"), second["seed"], third["seed"]}) == 3
    assert "rain" in first["messages"][-2]["content"]
    assert not any("rain" in text for _, text in sent(fake))


async def test_row_6_sampling_reaches_the_server_and_values_out_of_range_are_refused_with_the_range(serve: Serve, fake: FakeModel) -> None:
    sampling = {
        "temperature": 0.7,
        "top_p": 0.9,
        "top_k": 30,
        "repetition_penalty": 1.1,
        "presence_penalty": 0.5,
        "seed": 7,
        "max_tokens": 90,
    }
    async with playing(serve, fake) as game:
        await say(await game.open("brom", character=BROM | {"sampling": sampling}), "Hello.")
        for name, value, limit in (("temperature", 2, "below 2"), ("top_p", 0, "above 0"), ("seed", 2**31, "2147483647")):
            with pytest.raises(BadMessage, match=limit):
                await game.open("other", character=BROM | {"sampling": {name: value}})
    assert {name: fake.requests[0].body[name] for name in sampling} == sampling


async def test_row_7_in_a_group_each_npc_is_assistant_to_itself_and_names_never_reach_the_player(serve: Serve, fake: FakeModel) -> None:
    async with playing(serve, fake) as game:
        brom = await game.open("brom", character=BROM, player="Ada", clips=["nod"])
        lin = await game.open("lin", character=LIN, player="Ada")
        table = await within(game.gather("table", [brom, lin], max_npc_turns=1))
        fake.answers += [Answer(text=" (nods) Ask her.\nLin: Me?", echo_prefix=True), Answer(text="Lin: I know nothing.")]
        await within(table.say("Brom, who sings?", player="Ada"))
        turns = table.turns()
        heard = [await ended(await within(anext(turns))) for _ in range(2)]
        assert [(turn.npc.id, turn.text.strip(), turn.cause) for turn in heard] == [
            ("brom", "Ask her.", "say"), ("lin", "I know nothing.", "continue"),
        ]  # fmt: skip
        await within(table.say("And you, Brom?", player="Bert"))
        await ended(await within(anext(turns)))
    body = fake.requests[2].body
    assert body["messages"][-1] == {"role": "assistant", "content": "Brom:", "partial": True}
    assert sent(fake, 2)[:-1] == [
        ("user", "Ada: Brom, who sings?"), ("assistant", "Brom: (nods) Ask her."), ("user", "Lin: I know nothing."),
        ("user", "Bert: And you, Brom?"),
    ]  # fmt: skip
    assert sent(fake, 1)[1] == ("user", "Brom: (nods) Ask her.")


async def test_row_8_the_npc_goes_on_and_prompts_a_silent_player_once(serve: Serve, fake: FakeModel) -> None:
    async with playing(serve, fake) as game:
        brom = await game.open("brom", character=BROM, player="Ada", silence_s=0.05)
        answers(fake, "Well, well.")
        await say(brom, "Hello.")
        prompted = await ended(await within(anext(brom.turns())))
        assert (prompted.cause, prompted.answers) == ("continue", ())
        await ended(await within(brom.continue_()))
    assert [request.body["messages"][-1] for request in fake.requests[1:3]] == [
        {"role": "assistant", "content": "Brom:", "partial": True}
    ] * 2
    assert sent(fake, 1)[:-1] == [("user", "Hello."), ("assistant", "Well, well.")]


async def test_row_9_without_actions_none_is_shown_and_with_listed_ones_only_those_are_offered(serve: Serve, fake: FakeModel) -> None:
    async with playing(serve, fake) as game:
        fake.answers.append(Answer(text="(nods) Evening. （挥手）Ale?"))
        off = await game.open("off", character=BROM | {"style": {"actions": "off"}}, clips=["nod"])
        turn = await say(off, "Hello.")
        assert [(part.type, getattr(part, "text", "")) for part in turn.parts if part.type == "cue"] == []
        assert turn.text == "Evening. Ale?"
        await say(await game.open("listed", character=BROM | {"style": {"actions": "listed"}}, clips=["nod"]), "Hello.")
    assert fake.requests[0].body["logit_bias"]["7"] == -100
    assert "(nod)" in fake.requests[1].body["messages"][0]["content"]
    assert "logit_bias" not in fake.requests[1].body


async def test_row_10_notes_stand_once_directly_before_the_last_unanswered_line(serve: Serve, fake: FakeModel) -> None:
    async with playing(serve, fake) as game:
        brom = await game.open("brom", character=BROM, player="Ada")
        answers(fake, "Aye.")
        await say(brom, "Hello.")
        await brom.hold()
        lines = [asyncio.create_task(brom.say(text)) for text in ("One.", "Two.")]
        await brom.note("Quest log", {"cellar": "open"})
        await brom.tell("rain")
        await brom.release()
        assert len({await within(line) for line in lines}) == 1
        await ended(await within(lines[0]))
        await brom.note("For nobody in particular")
        await ended(await within(brom.continue_()))
    system = "Quest log\ncellar: open\n\nWhat just happened:\nrain"
    assert sent(fake, 1)[2:] == [("user", "One."), ("system", system), ("user", "Two.")]
    assert sent(fake, 2)[-2:] == [("system", "For nobody in particular"), ("assistant", "Brom:")]
    assert sum("Quest log" in text for _, text in sent(fake, 2)) == 0


async def test_row_11_a_server_with_a_memory_is_sent_the_new_messages_only(serve: Serve, fake: FakeModel) -> None:
    memory = {"where": "server", "entries": 50, "skip": ["system"]}
    async with playing(serve, fake) as game:
        brom = await game.open("brom", character=BROM | {"memory": memory}, player="Ada")
        await say(brom, "Hello.")
        await say(brom, "Well?")
    options = fake.requests[1].body["character_options"]
    assert fake.requests[1].body["messages"] == [{"role": "user", "content": "Well?"}]
    assert options["memory"] == {"enable_long_term_memory": True, "memory_entries": 50, "skip_save_types": ["system"]}
    assert options["profile"].startswith("You are Brom.")
    assert len({request.headers[SESSION_HEADER] for request in fake.requests}) == 1


async def test_row_12_the_bridge_remembers_as_the_table_of_six_turns_says(serve: Serve, fake: FakeModel) -> None:
    read = []
    async with playing(serve, fake) as game:
        brom = await game.open("brom", character=BROM | {"memory": {"where": "bridge", "entries": 3}}, player="Ada")
        for number, summary in enumerate(("", "S1", "", "S2", "S3", ""), 1):
            answers(fake, f"A{number}", *([summary] if summary else []))
            before = len(fake.requests)
            await say(brom, f"U{number}")
            body = fake.requests[before].body
            summarised = body["messages"][0]["content"].partition("remembers from before\n")[2]
            read.append(" ".join([*([summarised] if summarised else []), *(each["content"] for each in body["messages"][1:])]))
            async with asyncio.timeout(5):
                while fake.answers:
                    await asyncio.sleep(0.01)
            await settled()
            await asyncio.sleep(0.02)
    assert read == ["U1", "U1 A1 U2", "S1 U2 A2 U3", "S1 U3 A3 U4", "S2 U4 A4 U5", "S3 U5 A5 U6"]


async def test_row_13_each_conversation_is_named_to_the_cache_and_cached_tokens_are_told(serve: Serve, fake: FakeModel) -> None:
    fake.answers += [Answer(usage="details"), Answer(usage="top")]
    async with playing(serve, fake) as game:
        brom = await game.open("brom", character=BROM)
        lin = await game.open("lin", character=LIN)
        told = [(await say(npc, "Hello.")).ended for npc in (brom, lin)]
        stats = await within(game.stats())
    assert all(end is not None and end.cached_tokens for end in told)
    assert stats.session["cached_tokens"] == sum(end.cached_tokens or 0 for end in told if end is not None)
    assert len({request.headers[SESSION_HEADER] for request in fake.requests}) == 2


async def test_row_14_input_over_the_models_limit_is_cut_and_money_is_counted(serve: Serve, fake: FakeModel) -> None:
    async with playing(serve, fake) as game:
        brom = await game.open("brom", character=BROM, player="Ada")
        for number in range(7):
            answers(fake, "Aye.")
            turn = await say(brom, f"Line {number}. " + "word " * 1_400)
        stats = await within(game.stats())
        end = turn.ended
    assert end is not None
    assert (end.cost_usd or 0) > 0
    assert stats.session["cost_usd"] == pytest.approx(end.spent_usd)
    assert len(sent(fake)) < 13
    assert sent(fake)[-1][1].startswith("Line 6.")


@pytest.mark.parametrize("profile", ["model_studio", "model_studio_native"])
@pytest.mark.parametrize("stream", [True, False])
async def test_row_15_both_protocols_bring_the_same(serve: Serve, fake: FakeModel, profile: str, stream: bool) -> None:
    fake.answers.append(Answer(text="(nods) Evening."))
    async with playing(serve, fake, profile, stream=stream) as game:
        turn = await say(await game.open("brom", character=BROM, clips=["nod"]), "Hello.")
    assert turn.text == "Evening."
    assert turn.ended is not None
    assert turn.ended.prompt_tokens


async def test_row_16_a_storm_of_refusals_is_ridden_out_and_what_cannot_be_is_said_in_character(serve: Serve, fake: FakeModel) -> None:
    storm = [Answer(status=429, body=b'{"error": {"code": "limit_requests"}}')] * 2 + [Answer(status=500, body=b"{}")]
    fake.answers += [*storm, Answer(text="Evening."), Answer(status=401, body=b'{"error": {"code": "invalid_api_key"}}')]
    async with playing(serve, fake) as game:
        brom = await game.open("brom", character=BROM)
        assert (await say(brom, "Hello.")).text == "Evening."
        turn = await say(brom, "Well?")
    assert turn.ended is not None
    assert (turn.text, turn.ended.reason, turn.ended.code, turn.ended.retry) == ("Hm.", "fallback", "bad_key", False)


THOUGHTS = {
    "a block": Answer(text="<think>She lies.</think>Evening."),
    "only its end": Answer(text="She lies.</think>Evening.", chunk_chars=100),
    "a field of its own": Answer(text="Evening.", reasoning="She lies."),
}


@pytest.mark.parametrize("chunk_chars", [1, 4, 100])
@pytest.mark.parametrize("answer", THOUGHTS.values(), ids=THOUGHTS)
async def test_row_17_what_a_model_thinks_is_never_shown(serve: Serve, fake: FakeModel, answer: Answer, chunk_chars: int) -> None:
    # Thoughts without a beginning that come in small pieces are the business of a profile that says so: see test_reasoning.py.
    fake.answers.append(replace(answer, chunk_chars=max(chunk_chars, answer.chunk_chars if answer.chunk_chars == 100 else 1)))
    async with playing(serve, fake) as game:
        assert (await say(await game.open("brom", character=BROM), "Hello.")).text == "Evening."


@pytest.mark.parametrize("profile", ["model_studio", "openai", "deepseek", "llamacpp", "vllm", "ollama", "lm_studio", "generic"])
async def test_row_18_every_server_is_asked_in_a_way_that_it_takes(serve: Serve, fake: FakeModel, profile: str) -> None:
    async with playing(serve, fake, profile) as game:
        brom = await game.open("brom", character=BROM | {"opening_line": "Evening."}, player="Ada")
        await ended(await within(anext(brom.turns())))
        await brom.note("It is late.")
        await say(brom, "Hello.")
        await ended(await within(brom.continue_()))
        await within(game.gather("table", [brom], max_npc_turns=0))
        assert (await say(brom, "And?")).ended is not None


# ── what the docs promise ──


def test_every_capability_has_its_section_and_its_test() -> None:
    sections = {int(number) for number in re.findall(r"^## (\d+)\. ", DOC, re.MULTILINE)}
    tests = {int(found[1]) for name in globals() if (found := re.match(r"test_row_(\d+)_", name))}
    assert sections == tests == set(range(1, 19))


def test_check_is_what_the_docs_say_it_is() -> None:
    assert "npc-bridge check" in DOC
    assert check.name == "check"


EXAMPLES = [
    (section.partition("\n")[0], code)
    for section in DOC.split("\n## ")[1:]
    for code in re.findall(r"```python\n(.*?)```", section, re.DOTALL)
]


def test_every_section_has_an_example() -> None:
    assert [int(title.split(".")[0]) for title, _ in EXAMPLES] == list(range(1, 19))


@pytest.mark.parametrize("code", [code for _, code in EXAMPLES], ids=[title for title, _ in EXAMPLES])
async def test_the_examples_of_the_docs_run(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    cast = Cast(tavern() / "characters", tavern() / "events.toml")
    names: dict[str, Any] = {}
    exec(compile("async def example(game):\n" + indent(code, "    "), "roleplay.md", "exec"), names)
    async with Bridge(ServerSettings(port=0), Scripted(), cast) as bridge, connect(bridge.url) as game:
        await within(names["example"](game))
    assert "Traceback" not in capsys.readouterr().err
