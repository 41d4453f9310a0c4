"""Knowledge: what is known when, and where in the prompt it stands."""

from __future__ import annotations

from typing import Any

import pytest

from npc_bridge.backends.scripted import Scripted
from npc_bridge.core.character import parse_character
from npc_bridge.core.conversation import Conversation
from npc_bridge.core.events import EventTemplates
from npc_bridge.core.knowledge import Knowledge, Known
from npc_bridge.core.messages import Flags, Open
from npc_bridge.errors import FileProblems
from npc_bridge.turn import request_for

FILE = """
name = "Brom"
[history]
max_messages = 6
[knows]
"the river" = "It floods every spring."
"the cellar key" = { when = "quest.cellar >= 2", text = "It lies under the third flagstone." }
"the king" = { when = "met_the_king and not dead", text = "He limps." }
[exits]
trade_opened = { description = "they agree to trade", when = "trust >= 2" }
"""
BROM = parse_character(FILE, file="brom.toml", character_id="brom")
RIVER, KEY, KING = (
    "the river: It floods every spring.",
    "the cellar key: It lies under the third flagstone.",
    "the king: He limps.",
)


def test_what_becomes_known_stands_beside_the_note_until_the_prompt_begins_anew() -> None:
    knowledge = Knowledge()
    assert knowledge.now(BROM.knows, {}, first_line=0) == Known((RIVER,), ())
    assert knowledge.now(BROM.knows, {"quest.cellar": 2}, first_line=0) == Known((RIVER,), (KEY,))
    assert knowledge.now(BROM.knows, {"quest.cellar": 2}, first_line=40) == Known((RIVER, KEY), ())


def test_what_may_not_be_known_any_more_leaves_at_once_and_takes_the_new_along() -> None:
    knowledge = Knowledge()
    knowledge.now(BROM.knows, {"quest.cellar": 2}, first_line=0)
    assert knowledge.now(BROM.knows, {"met_the_king": True}, first_line=0) == Known((RIVER, KING), ())


def test_what_was_only_beside_the_note_leaves_without_touching_the_persona() -> None:
    knowledge = Knowledge()
    before = knowledge.now(BROM.knows, {}, first_line=0)
    knowledge.now(BROM.knows, {"quest.cellar": 2}, first_line=0)
    assert knowledge.now(BROM.knows, {}, first_line=0) == before


def test_where_facts_stand_outlives_a_save() -> None:
    knowledge, kept = Knowledge(), Knowledge()
    assert knowledge.state() == {}
    knowledge.now(BROM.knows, {}, first_line=0)
    kept.restore(knowledge.state())
    assert kept.now(BROM.knows, {"quest.cellar": 2}, first_line=0) == Known((RIVER,), (KEY,))


class Talk:
    """A conversation whose prompts are looked at."""

    def __init__(self) -> None:
        opened = Open(type="open", npc="brom", character="brom", player="Ada")
        self.conversation = Conversation.opened_by("s1", opened, BROM, EventTemplates())
        self.conversation.history.hear("Hello.", "Ada")

    def set(self, values: dict[str, Any]) -> None:
        self.conversation.flags.put(Flags(type="flags", id="f", values=values))

    def say(self, text: str) -> None:
        self.conversation.history.reply("Aye.")
        self.conversation.history.hear(text, "Ada")

    def prompt(self) -> list[dict[str, str]]:
        return request_for(self.conversation, None, Scripted()).messages


def test_only_what_is_allowed_is_in_the_prompt() -> None:
    talk = Talk()
    assert RIVER in str(talk.prompt())
    for secret in ("flagstone", "limps", "trade_opened"):
        assert secret not in str(talk.prompt())


def test_a_new_fact_and_an_open_exit_stand_before_the_line_and_the_beginning_stays_the_same_bytes() -> None:
    talk = Talk()
    before = talk.prompt()
    talk.set({"quest.cellar": 2, "trust": 2})
    after = talk.prompt()
    assert [message["role"] for message in after] == ["system", "system", "user"]
    assert [after[0], after[2]] == before
    assert KEY in after[1]["content"]
    assert "(exit: trade_opened) if they agree to trade" in after[1]["content"]


def test_after_a_cut_of_the_history_a_new_fact_stands_in_the_persona() -> None:
    talk = Talk()
    talk.prompt()
    talk.set({"quest.cellar": 2})
    for number in range(4):
        talk.say(f"Line {number}.")
    prompt = talk.prompt()
    assert KEY in prompt[0]["content"]
    assert str(prompt).count("flagstone") == 1


@pytest.mark.parametrize(
    ("fact", "problem"),
    [
        ('"the key" = { when = "quest = 2", text = "It is lost." }', "'=' means nothing in a condition"),
        ('"the key" = { when = "quest" }', "'knows.the key.text' is missing"),
        ('"the key" = ""', "'knows.the key' is empty"),
    ],
)
def test_a_mistake_is_named_with_its_line(fact: str, problem: str) -> None:
    with pytest.raises(FileProblems) as caught:
        parse_character(f'name = "Brom"\n[knows]\n{fact}\n', file="brom.toml", character_id="brom")
    [found] = caught.value.problems
    assert (found.line, found.problem) == (3, problem)
