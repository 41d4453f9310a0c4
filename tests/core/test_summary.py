"""Long-term memory that the bridge keeps: what the model reads in each turn, and what becomes a summary meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from npc_bridge.backends.estimate import estimate_tokens
from npc_bridge.core.character import parse_character
from npc_bridge.core.conversation import Conversation
from npc_bridge.core.events import EventTemplates
from npc_bridge.core.messages import Open
from npc_bridge.core.prompt import build_prompt
from npc_bridge.core.summary import MAX_SUMMARY_TOKENS, Job, LongTerm, shortened_summary, summary_messages


class Talk:
    """One NPC with a memory, and a model that calls its lines A1, A2 … and its summaries S1, S2 …"""

    def __init__(self, n: int = 3, **memory: Any) -> None:
        skip = memory.pop("skip", ())
        character = parse_character(
            f'name = "Brom"\n[memory]\nwhere = "bridge"\nentries = {n}\nskip = {list(skip)}\n'.replace("'", '"'),
            file="brom.toml",
            character_id="brom",
        )
        message = Open.model_validate({"type": "open", "npc": "brom", "character": "brom", "player": "Ada"})
        self.talk = Conversation.opened_by("s", message, character, EventTemplates())
        self.jobs: list[Job] = []
        self.turns = 0
        self.budget = 100_000

    @property
    def settings(self) -> Any:
        return self.talk.character.memory

    def prompt(self) -> list[dict[str, str]]:
        talk = self.talk
        return build_prompt(
            talk.character, talk.history, None, player=talk.player, actions=(), language=talk.language,
            budget_tokens=self.budget, estimate=estimate_tokens, memory=talk.memory,
        )  # fmt: skip

    def read(self) -> list[str]:
        """What the model reads after the persona: the summary, and the lines."""
        persona, *lines = self.prompt()
        summary = persona["content"].partition("remembers from before\n")[2]
        return [*([summary] if summary else []), *(message["content"] for message in lines)]

    def turn(self, *, finish: bool = True, text: str = "") -> tuple[list[str], str]:
        """The player speaks, the NPC replies: what the model read, and what was summarised meanwhile."""
        self.turns += 1
        self.talk.history.hear(f"U{self.turns}{text}", "Ada")
        read = self.read()
        self.talk.history.reply(f"A{self.turns}{text}")
        job = self.talk.memory.due(self.talk.history, self.settings)
        if job is None:
            return read, ""
        self.jobs.append(job)
        made = "+".join([line.text for line in job.lines] + ([job.so_far] if job.so_far else []))
        if finish:
            self.talk.memory.finish(job, len(job.lines), f"S{len(self.jobs)}")
        return read, f"{made}→S{len(self.jobs)}"


def test_the_table_of_six_turns_for_three_entries() -> None:
    talk = Talk(3)
    assert [talk.turn() for _ in range(6)] == [
        (["U1"], ""),
        (["U1", "A1", "U2"], "U1+A1+U2→S1"),
        (["S1", "U2", "A2", "U3"], ""),
        (["S1", "U3", "A3", "U4"], "A2+U3+A3+S1→S2"),
        (["S2", "U4", "A4", "U5"], "U4+A4+U5+S2→S3"),
        (["S3", "U5", "A5", "U6"], ""),
    ]


def test_a_summary_that_is_not_finished_is_not_read_and_the_one_before_is() -> None:
    talk = Talk(3)
    talk.turn()
    talk.turn(finish=False)
    assert talk.turn()[0] == ["U2", "A2", "U3"]
    job = talk.jobs[0]
    talk.talk.memory.finish(job, 3, "S1")
    assert talk.turn()[0] == ["S1", "U3", "A3", "U4"]


def test_while_a_summary_is_made_no_other_begins() -> None:
    talk = Talk(3)
    for _ in range(4):
        talk.turn(finish=False)
    assert len(talk.jobs) == 1


def test_a_summary_that_failed_is_made_of_the_same_lines_after_the_next_turn() -> None:
    talk = Talk(3)
    talk.turn()
    talk.turn(finish=False)
    talk.talk.memory.give_up(talk.jobs[0])
    talk.turn()
    assert [line.text for line in talk.jobs[1].lines] == ["U1", "A1", "U2"]


def test_a_summary_of_a_state_that_was_left_is_dropped() -> None:
    talk = Talk(3)
    talk.turn()
    talk.turn(finish=False)
    talk.talk.memory.restore({"summary": "as saved", "done": 0})
    talk.talk.memory.finish(talk.jobs[0], 3, "S1")
    assert talk.talk.memory.summary == "as saved"


def test_lines_that_did_not_fit_into_the_request_are_left_for_the_next_summary() -> None:
    talk = Talk(3)
    talk.turn()
    talk.turn(finish=False)
    talk.talk.memory.finish(talk.jobs[0], 2, "S1")
    talk.turn()
    assert [line.text for line in talk.jobs[1].lines] == ["U2", "A2", "U3"]


SKIPPED: dict[str, tuple[list[str], list[str], list[str]]] = {
    "players": (["user"], ["A1", "A2", "A3", "U4"], ["A1", "A2", "A3"]),
    "replies": (["output"], ["U2", "U3", "U4"], ["U1", "U2", "U3"]),
}


@pytest.mark.parametrize(("skip", "read", "summarised"), SKIPPED.values(), ids=SKIPPED)
def test_what_is_skipped_is_neither_read_again_nor_summarised(skip: list[str], read: list[str], summarised: list[str]) -> None:
    talk = Talk(3, skip=skip)
    for _ in range(3):
        talk.turn(finish=False)
    assert talk.turn(finish=False)[0] == read
    assert [line.text for line in talk.jobs[0].lines] == summarised


def test_an_authored_line_is_skipped_as_such_and_not_as_a_reply() -> None:
    talk = Talk(3, skip=["assistant"])
    talk.talk.history.reply("Evening.")
    talk.talk.memory.note_reply(talk.talk.history, is_authored=True, is_whole=True)
    talk.turn()
    assert talk.turn()[0] == ["U1", "A1", "U2"]


def test_for_many_entries_the_prompt_keeps_its_beginning_over_several_turns() -> None:
    talk = Talk(40)
    same = 0
    before: list[dict[str, str]] = []
    for _ in range(200):
        talk.turns += 1
        talk.talk.history.hear(f"U{talk.turns}", "Ada")
        prompt = talk.prompt()
        assert 40 <= len(prompt) - 1 <= 44 or talk.turns < 21
        same += prompt[: len(before)] == before
        before = prompt
        talk.talk.history.reply(f"A{talk.turns}")
        job = talk.talk.memory.due(talk.talk.history, talk.settings)
        if job is not None:
            talk.talk.memory.finish(job, len(job.lines), "S")
    assert same >= 110


def test_lines_in_a_summary_are_dropped_once_they_are_read_no_more() -> None:
    talk = Talk(3)
    for _ in range(50):
        talk.turn()
    assert len(talk.talk.history.lines) <= 8


def test_lines_that_a_small_model_cannot_read_are_summarised_before_they_are_lost() -> None:
    talk = Talk(200)
    talk.budget = 900
    read: list[str] = []
    for _ in range(30):
        read, _ = talk.turn(text=" and some more words to fill the line with")
    assert read[0].startswith("S"), "what was cut off became a summary"
    everything = [line.text.split()[0] for job in talk.jobs for line in job.lines]
    assert everything == [f"{who}{n}" for n in range(1, 31) for who in "UA"][: len(everything)], "each line once, none left out"


def test_the_summary_stands_at_the_end_of_the_persona() -> None:
    talk = Talk(3)
    before = talk.prompt()[0]["content"]
    talk.talk.memory.summary = "Ada wants a sword."
    assert talk.prompt()[0]["content"] == before + "\n\nWhat Brom remembers from before\nAda wants a sword."


def test_the_request_for_a_summary_has_the_names_and_what_was_remembered() -> None:
    talk = Talk(3)
    talk.talk.memory.summary = "Ada wants a sword."
    for _ in range(2):
        talk.turn()
    messages, count = summary_messages(talk.talk, talk.jobs[0], 10_000, estimate_tokens)
    assert count == 3
    assert messages[1]["content"] == "So far:\nAda wants a sword.\n\nSince then:\nAda: U1\nBrom: A1\nAda: U2"
    assert "in English" in messages[0]["content"]


def test_a_request_for_a_summary_fits_into_a_small_model() -> None:
    talk = Talk(3)
    for _ in range(2):
        talk.turn(text=" word" * 200)
    messages, count = summary_messages(talk.talk, talk.jobs[0], 600, estimate_tokens)
    assert count == 1
    assert sum(estimate_tokens(message["content"]) for message in messages) <= 600


def test_a_summary_is_at_most_a_thousand_tokens_and_ends_with_a_sentence() -> None:
    short = shortened_summary("Ada came in. " * 2_000, estimate_tokens)
    assert MAX_SUMMARY_TOKENS // 2 < estimate_tokens(short) <= MAX_SUMMARY_TOKENS
    assert short.endswith("in.")
    assert estimate_tokens(shortened_summary("他来了。" * 2_000, estimate_tokens)) <= MAX_SUMMARY_TOKENS


def test_what_is_remembered_survives() -> None:
    talk = Talk(3)
    for _ in range(5):
        talk.turn()
    talk.talk.memory.spill(talk.talk.history.lines[-1:], talk.talk.history.count - 1)
    again = LongTerm()
    again.restore(talk.talk.memory.state())
    assert again.state() == talk.talk.memory.state()


def test_without_a_memory_nothing_is_summarised() -> None:
    talk = Talk(3)
    off = talk.settings.model_copy(update={"where": "off"})
    for _ in range(5):
        talk.talk.history.hear("U", "Ada")
        talk.talk.history.reply("A")
        assert talk.talk.memory.due(talk.talk.history, off) is None


def test_a_damaged_state_remembers_nothing() -> None:
    memory = LongTerm()
    memory.restore({"summary": "x", "done": -5})
    assert memory.state() == {}
