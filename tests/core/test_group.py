"""NPCs that talk with each other: who speaks next, what each one hears, and that they speak one at a time."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from npc_bridge.core import messages as wire
from npc_bridge.core.character import Character, parse_character
from npc_bridge.core.conversation import Conversation, Turn
from npc_bridge.core.effects import Begin, Send, Stop, Wake
from npc_bridge.core.events import EventTemplates
from npc_bridge.core.group import Groups, addressed
from npc_bridge.core.prompt import build_prompt
from npc_bridge.core.session import Session
from npc_bridge.errors import BadMessage, NotNow, UnknownGroup, UnknownNpc

FROM_GAME: TypeAdapter[wire.GameMessage] = TypeAdapter(wire.GameMessage)
NAMES = {"brom": "Brom", "tilda": "Tilda", "ferris": "Old Ferris", "lulu": "凌路", "guard1": "Guard", "guard2": "Guard"}


def find(character_id: str) -> Character:
    return parse_character(f'name = "{NAMES[character_id]}"\nreact_cooldown_s = 0\n', file="x.toml", character_id=character_id)


class Tavern:
    """Some NPCs, gathered, and told what the model says."""

    def __init__(self, *npcs: str, **settings: Any) -> None:
        self.session = Session("s1", find_character=find, templates=EventTemplates())
        self.effects: list[Any] = []
        self.ids = 0
        self.now = 0.0
        self.npcs = npcs or ("brom", "tilda", "ferris")
        for npc in self.npcs:
            self.do("open", npc=npc, character=npc, player="Ada")
        if settings.pop("gather", True):
            self.do("gather", group="tavern", npcs=list(self.npcs), **settings)

    def do(self, kind: str, **fields: Any) -> list[Any]:
        self.ids += 1
        message = FROM_GAME.validate_python({"type": kind, "id": f"m{self.ids}"} | fields)
        return self._follow(self.session.receive(message, self.now))

    def _follow(self, effects: list[Any]) -> list[Any]:
        self.effects += effects
        return effects

    def talk(self, npc: str) -> Conversation:
        return self.session.conversations[npc]

    @property
    def running(self) -> Turn:
        [turn] = [talk.running for talk in self.session.conversations.values() if talk.running is not None]
        return turn

    @property
    def is_silent(self) -> bool:
        return not any(talk.running for talk in self.session.conversations.values())

    def reply(self, raw: str, reason: wire.TurnReason = "stop", chars: int | None = None) -> Turn:
        """Let whoever's turn it is say this."""
        turn = self.running
        turn.note = turn.conversation.take_note(turn, len)
        turn.conversation.conclude(turn, raw, reason, len(raw) if chars is None else chars)
        self._follow(self.session.turn_over(turn, self.now))
        return turn

    def wake(self) -> list[Any]:
        wakes = [effect for effect in self.effects if isinstance(effect, Wake)]
        return self._follow(self.session.wake(wakes[-1].key, self.now))

    def history(self, npc: str) -> list[str]:
        return [f"{line.player or 'I'}: {line.text}" for line in self.talk(npc).history.lines]

    def prompt(self, npc: str) -> list[dict[str, str]]:
        talk = self.talk(npc)
        return build_prompt(
            talk.character, talk.history, None, player=talk.player, actions=(), language=talk.language,
            budget_tokens=10_000, estimate=len, circle=talk.circle,
        )  # fmt: skip


def test_gather_is_answered_by_who_takes_part() -> None:
    tavern = Tavern("brom", "tilda")
    assert tavern.effects[-1] == Send({"type": "gathered", "id": "m3", "group": "tavern", "npcs": ["brom", "tilda"]})


def test_each_npc_is_assistant_to_itself_and_the_rest_are_users_with_names_in_front() -> None:
    tavern = Tavern("brom", "tilda", max_npc_turns=1)
    tavern.do("say", npc="brom", text="Evening, all.")
    tavern.reply("(nods) Evening.")
    tavern.reply("Ale?")
    assert tavern.prompt("brom")[1:] == [
        {"role": "user", "content": "Ada: Evening, all."},
        {"role": "assistant", "content": "Brom: (nods) Evening."},
        {"role": "user", "content": "Tilda: Ale?"},
        {"role": "assistant", "content": "Brom:"},
    ]
    assert tavern.prompt("tilda")[1:] == [
        {"role": "user", "content": "Ada: Evening, all."},
        {"role": "user", "content": "Brom: (nods) Evening."},
        {"role": "assistant", "content": "Tilda: Ale?"},
        {"role": "assistant", "content": "Tilda:"},
    ]
    assert "Tilda" in tavern.prompt("brom")[0]["content"]


def test_in_chinese_the_colon_is_full_width() -> None:
    tavern = Tavern("lulu", "brom", gather=False)
    tavern.talk("lulu").language = "zh"
    tavern.do("gather", group="tavern", npcs=["lulu", "brom"], max_npc_turns=0)
    tavern.do("say", npc="lulu", text="你好。")
    tavern.reply("（挥手）你好。")
    assert [message["content"] for message in tavern.prompt("lulu")[1:]] == ["Ada：你好。", "凌路：（挥手）你好。", "凌路："]


def test_everyone_hears_everything_and_remembers_it_after_disperse() -> None:
    tavern = Tavern("brom", "tilda", max_npc_turns=0)
    tavern.do("say", npc="tilda", text="Is the mine open?", player="Bert")
    tavern.reply("Ask Brom.")
    assert tavern.do("disperse", group="tavern")[0] == Send({"type": "dispersed", "id": "m5", "group": "tavern"})
    assert tavern.history("brom") == ["Bert: Is the mine open?", "Tilda: Ask Brom."]
    assert tavern.history("tilda") == ["Bert: Is the mine open?", "I: Ask Brom."]
    assert tavern.talk("brom").circle is None
    tavern.do("say", npc="brom", text="Well?")
    assert tavern.running.conversation.npc == "brom"
    assert tavern.prompt("brom")[1:] == [
        {"role": "user", "content": "Bert: Is the mine open?"},
        {"role": "user", "content": "Tilda: Ask Brom."},
        {"role": "user", "content": "Well?"},
    ]


def test_the_turns_of_a_group_name_it() -> None:
    tavern = Tavern()
    tavern.do("say", npc="tavern", text="Evening.")
    assert tavern.running.started()["group"] == "tavern"


# ── the director ──

ADDRESSED = {
    "by name": ("Brom, what does Tilda want?", "brom"),
    "at the end": ("What does Brom want, Tilda?", "tilda"),
    "by a part of the name": ("I say, Ferris, is it late?", "ferris"),
    "in small letters": ("tilda! come here", "tilda"),
    "named first": ("I heard Tilda and Brom are here", "tilda"),
    "nobody: who spoke last": ("And then?", "ferris"),
    "a common word of a name is none": ("That old story again", "ferris"),
    "not inside another word": ("The bromide is fine, is it not Tilda", "tilda"),
}


@pytest.mark.parametrize(("line", "expected"), ADDRESSED.values(), ids=ADDRESSED)
def test_who_is_addressed_answers(line: str, expected: str) -> None:
    tavern = Tavern(max_npc_turns=0)
    tavern.do("say", npc="ferris", text="Evening.")
    tavern.reply("Evening.")
    tavern.do("say", npc="tavern", text=line)
    assert tavern.running.conversation.npc == expected


def test_a_chinese_name_is_found_without_spaces_around_it() -> None:
    tavern = Tavern("brom", "lulu")
    found = addressed("我想问凌路一件事", [tavern.talk("brom"), tavern.talk("lulu")])
    assert found is not None
    assert found.npc == "lulu"


def test_an_npc_that_the_game_asks_answers_whatever_the_director() -> None:
    tavern = Tavern(director="round_robin", max_npc_turns=0)
    tavern.do("say", npc="ferris", text="Brom?")
    assert tavern.running.conversation.npc == "ferris"


def test_round_robin_takes_each_in_turn() -> None:
    tavern = Tavern(director="round_robin", max_npc_turns=0)
    spoke = []
    for _ in range(4):
        tavern.do("say", npc="tavern", text="And?")
        spoke.append(tavern.reply("Aye.").conversation.npc)
    assert spoke == ["brom", "tilda", "ferris", "brom"]


def test_weights_say_how_often_an_npc_speaks_and_the_same_session_draws_the_same() -> None:
    def spoke() -> list[str]:
        tavern = Tavern(director="weighted", weights={"brom": 5, "ferris": 0}, max_npc_turns=0)
        found = []
        for _ in range(60):
            tavern.do("say", npc="tavern", text="And?")
            found.append(tavern.reply("Aye.").conversation.npc)
        return found

    first = spoke()
    assert first == spoke()
    assert "ferris" not in first
    assert set(first) == {"brom", "tilda"}


def test_under_the_games_direction_nobody_answers_until_the_game_says_who() -> None:
    tavern = Tavern(director="game")
    tavern.do("say", npc="tavern", text="Who will help me?")
    assert tavern.is_silent
    tavern.do("continue", npc="tilda")
    assert tavern.prompt("tilda")[-2:] == [
        {"role": "user", "content": "Ada: Who will help me?"}, {"role": "assistant", "content": "Tilda:"},
    ]  # fmt: skip
    tavern.reply("I will.")
    assert tavern.is_silent


def test_continue_to_the_group_lets_the_next_in_turn_go_on() -> None:
    tavern = Tavern(max_npc_turns=0)
    tavern.do("continue", npc="tavern")
    assert tavern.reply("Well.").answers == ("m5",)
    tavern.do("continue", npc="tavern")
    assert tavern.running.conversation.npc == "tilda"


# ── NPCs among themselves ──


def test_npcs_go_on_by_themselves_within_the_limit() -> None:
    tavern = Tavern(max_npc_turns=3)
    tavern.do("say", npc="brom", text="Evening.")
    spoke = []
    for _ in range(10):
        if tavern.is_silent:
            break
        spoke.append(tavern.reply("Aye.").conversation.npc)
    assert spoke == ["brom", "tilda", "ferris", "brom"]


def test_an_npc_that_another_names_answers_it_and_goes_before_other_npcs_at_a_busy_server() -> None:
    tavern = Tavern()
    tavern.do("say", npc="brom", text="Evening.")
    tavern.reply("What do you say, Ferris?")
    assert (tavern.running.conversation.npc, tavern.running.priority) == ("ferris", "addressed")
    tavern.reply("Nothing.")
    assert tavern.running.priority == "npc"


def test_an_npc_waits_before_it_answers_another() -> None:
    tavern = Tavern(pause_s=2)
    tavern.do("say", npc="brom", text="Evening.")
    tavern.reply("Evening.")
    assert tavern.is_silent
    assert tavern.effects[-1] == Wake(2, "group:tavern")
    tavern.wake()
    assert tavern.running.conversation.npc == "tilda"


def test_a_player_who_speaks_in_the_pause_goes_first_and_the_pause_is_over() -> None:
    tavern = Tavern(pause_s=2, max_npc_turns=1)
    tavern.do("say", npc="brom", text="Evening.")
    tavern.reply("Evening.")
    tavern.do("say", npc="ferris", text="And you?")
    assert tavern.running.conversation.npc == "ferris"
    assert tavern.wake() == []
    tavern.reply("Fine.")
    assert tavern.is_silent


def test_npcs_never_speak_at_the_same_time() -> None:
    tavern = Tavern()
    tavern.do("say", npc="brom", text="Evening.")
    tavern.do("say", npc="tilda", text="And you?")
    tavern.do("event", name="rain", react=True)
    tavern.do("continue", npc="ferris")
    tavern.do("line", npc="ferris", text="Order!")
    spoke = []
    while not tavern.is_silent and len(spoke) < 20:
        turn = tavern.running  # which is one at most
        spoke.append((turn.conversation.npc, turn.cause))
        tavern.reply("Aye.")
    assert spoke[:4] == [("brom", "say"), ("ferris", "line"), ("tilda", "say"), ("ferris", "continue")]


def test_a_players_line_that_came_while_an_npc_spoke_is_answered_before_npcs_go_on() -> None:
    tavern = Tavern(max_npc_turns=5)
    tavern.do("say", npc="brom", text="Evening.")
    tavern.do("say", npc="tavern", text="Ferris, you there?")
    tavern.reply("Evening.")
    assert tavern.running.conversation.npc == "ferris"
    assert tavern.history("ferris") == ["Ada: Evening.", "Brom: Evening.", "Ada: Ferris, you there?"]


def test_a_player_who_interrupts_ends_what_npcs_say_among_themselves() -> None:
    tavern = Tavern(max_npc_turns=5)
    tavern.do("say", npc="brom", text="Evening.")
    tavern.reply("Evening.")
    assert tavern.do("interrupt", npc="tavern") == [Stop(tavern.running)]
    tavern.reply("So I said", "interrupted", 5)
    assert tavern.is_silent
    assert tavern.history("brom")[-1] == "Tilda: So I—"


def test_what_the_player_has_not_seen_nobody_has_heard() -> None:
    tavern = Tavern("brom", "tilda", max_npc_turns=0)
    tavern.do("say", npc="brom", text="Evening.")
    turn = tavern.reply("Evening. I hate Tilda.")
    tavern.do("interrupt", npc="brom", turn=turn.id, at=8)
    assert tavern.history("brom")[-1] == "I: Evening."
    assert tavern.history("tilda")[-1] == "Brom: Evening.—"
    tavern.do("interrupt", npc="brom", turn=turn.id, at=0)
    assert tavern.history("brom") == tavern.history("tilda") == ["Ada: Evening."]


def test_a_turn_that_fails_is_heard_by_nobody() -> None:
    tavern = Tavern("brom", "tilda")
    tavern.do("say", npc="brom", text="Evening.")
    tavern.reply("", "failed", 0)
    assert tavern.is_silent
    assert tavern.history("tilda") == ["Ada: Evening."]


def test_another_reply_is_heard_in_place_of_the_first_by_everyone() -> None:
    tavern = Tavern("brom", "tilda", max_npc_turns=0)
    tavern.do("say", npc="brom", text="Evening.")
    tavern.reply("Go away.")
    tavern.do("regenerate", npc="tavern")
    assert tavern.history("tilda") == ["Ada: Evening."]
    tavern.reply("Welcome.")
    assert tavern.history("tilda") == ["Ada: Evening.", "Brom: Welcome."]


def test_only_the_last_line_of_a_group_can_be_said_again() -> None:
    tavern = Tavern("brom", "tilda", max_npc_turns=1)
    tavern.do("say", npc="brom", text="Evening.")
    tavern.reply("Go away.")
    tavern.reply("Stay.")
    with pytest.raises(NotNow):
        tavern.do("regenerate", npc="brom")


def test_events_for_a_group_are_told_to_each_of_it() -> None:
    tavern = Tavern("brom", "tilda", "ferris", gather=False)
    tavern.do("gather", group="table", npcs=["brom", "tilda"])
    tavern.do("event", name="rain", group="table")
    assert [len(tavern.talk(npc).events) for npc in ("brom", "tilda", "ferris")] == [1, 1, 0]


def test_a_held_npc_does_not_speak_and_the_others_do() -> None:
    tavern = Tavern("brom", "tilda", max_npc_turns=2)
    tavern.do("hold", npc="tilda")
    tavern.do("say", npc="brom", text="Evening.")
    tavern.reply("Evening, Tilda.")
    assert tavern.is_silent
    tavern.do("say", npc="tilda", text="And you?")
    assert tavern.is_silent
    tavern.do("release", npc="tilda")
    assert (tavern.running.conversation.npc, tavern.running.answers) == ("tilda", ("m6",))


def test_two_of_the_same_name_are_numbered() -> None:
    tavern = Tavern("guard1", "guard2", max_npc_turns=0)
    tavern.do("say", npc="guard2", text="Halt?")
    tavern.reply("Halt!")
    assert tavern.history("guard1")[-1] == "Guard 2: Halt!"


def test_an_npc_that_is_closed_leaves_the_group_and_the_last_one_ends_it() -> None:
    tavern = Tavern("brom", "tilda", max_npc_turns=2)
    tavern.do("say", npc="brom", text="Evening.")
    tavern.do("close", npc="tilda")
    tavern.reply("Evening.")
    assert tavern.is_silent
    assert tavern.session.groups.by_name["tavern"].npcs == ["brom"]
    tavern.do("close", npc="brom")
    assert tavern.session.groups.by_name == {}


def test_gathering_again_changes_who_takes_part() -> None:
    tavern = Tavern("brom", "tilda", "ferris")
    tavern.do("gather", group="tavern", npcs=["brom", "ferris"], director="round_robin", max_npc_turns=0)
    tavern.do("say", npc="tavern", text="Evening.")
    tavern.reply("Evening.")
    assert tavern.talk("tilda").circle is None
    assert tavern.history("tilda") == []
    assert tavern.history("ferris")[-1] == "Brom: Evening."


def test_what_cannot_be_gathered_or_dispersed_is_refused() -> None:
    tavern = Tavern("brom", "tilda")
    with pytest.raises(UnknownNpc):
        tavern.do("gather", group="gate", npcs=["guard9"])
    with pytest.raises(BadMessage, match="takes part in 'tavern'"):
        tavern.do("gather", group="gate", npcs=["brom"])
    with pytest.raises(UnknownGroup):
        tavern.do("disperse", group="gate")
    with pytest.raises(BadMessage, match="weights"):
        tavern.do("gather", group="tavern", npcs=["brom"], weights={"brom": -1})


def test_lines_that_wait_when_a_group_disperses_are_answered_all_the_same() -> None:
    tavern = Tavern("brom", "tilda")
    tavern.do("say", npc="brom", text="Evening.")
    tavern.do("say", npc="tilda", text="And you?")
    effects = tavern.do("disperse", group="tavern")
    assert [effect.turn.answers for effect in effects if isinstance(effect, Begin)] == [("m5",)]


def test_a_group_is_restored_with_the_lines_that_waited() -> None:
    tavern = Tavern("brom", "tilda", director="weighted", weights={"brom": 2.0}, pause_s=1.5)
    tavern.do("say", npc="brom", text="Evening.")
    tavern.do("say", npc="tilda", text="And you?")
    state = tavern.session.groups.state()
    groups = Groups()
    groups.restore(state)
    assert groups.state() == state
    assert [line.text for line in groups.by_name["tavern"].waiting] == ["And you?"]


def test_a_damaged_state_gathers_nobody() -> None:
    groups = Groups()
    groups.restore({"groups": [{"name": "tavern", "npcs": "brom", "max_npc_turns": 10**9}]})
    assert groups.by_name == {}
