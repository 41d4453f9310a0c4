"""Another reply in place of the last: what leaves no trace, what is told again, and when there is none."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from npc_bridge.core import messages as wire
from npc_bridge.core.again import Again, seed_of
from npc_bridge.core.character import Character, parse_character
from npc_bridge.core.conversation import Conversation, Turn
from npc_bridge.core.events import EventTemplates
from npc_bridge.core.session import Begin, Send, Session
from npc_bridge.errors import BadMessage, NotNow, WireError

FROM_GAME: TypeAdapter[wire.GameMessage] = TypeAdapter(wire.GameMessage)
BROM = parse_character('name = "Brom"\nopening_line = "Evening."\n', file="brom.toml", character_id="brom")


class Talk:
    """One NPC, told what the model says."""

    def __init__(self) -> None:
        self.session = Session("s1", find_character=self._find, templates=EventTemplates())
        self.begun: list[Turn] = []
        self.ids = 0
        self.do("open", character="brom", player="Ada")
        self.reply("Evening.")

    @staticmethod
    def _find(_: str) -> Character:
        return BROM

    @property
    def talk(self) -> Conversation:
        return self.session.conversations["brom"]

    @property
    def lines(self) -> list[str]:
        return [line.text for line in self.talk.history.lines]

    def do(self, kind: str, **fields: Any) -> list[Any]:
        self.ids += 1
        message = {"type": kind, "npc": "brom", "id": f"m{self.ids}"} | fields
        effects = self.session.receive(FROM_GAME.validate_python(message), 0.0)
        self.begun += [effect.turn for effect in effects if isinstance(effect, Begin)]
        return effects

    def reply(self, raw: str, reason: wire.TurnReason = "stop", chars: int | None = None, offers: tuple[str, ...] = ()) -> Turn:
        turn = self.begun[-1]
        turn.note = self.talk.take_note(turn, len)
        turn.offers = tuple((offer, len(offer)) for offer in offers)
        self.talk.conclude(turn, raw, reason, len(raw) if chars is None else chars)
        self.begun += [effect.turn for effect in self.session.turn_over(turn, 1.0) if isinstance(effect, Begin)]
        return turn

    def say(self, text: str, answer: str) -> Turn:
        self.do("say", text=text)
        return self.reply(answer)


def test_the_new_reply_stands_where_the_old_one_stood() -> None:
    talk = Talk()
    first = talk.say("Hello.", "Go away.")
    effects = talk.do("regenerate")
    assert effects[0] == Send({"type": "accepted", "ids": ["m3"]})
    assert talk.lines == ["Evening.", "Hello."]
    again = talk.reply("Welcome.")
    assert talk.lines == ["Evening.", "Hello.", "Welcome."]
    assert (again.cause, again.answers, again.started()["replaces"]) == ("regenerate", ("m3",), first.id)


def test_each_regeneration_has_a_seed_of_its_own() -> None:
    talk = Talk()
    talk.say("Hello.", "Go away.")
    seeds = set()
    for _ in range(4):
        talk.do("regenerate")
        seeds.add(talk.reply("Welcome.").seed)
    assert len(seeds) == 4
    assert all(seed is not None and 0 <= seed < 2**31 for seed in seeds)
    assert seed_of("s1", "t2") != seed_of("s2", "t2")


def test_the_note_is_told_again_and_then_no_more() -> None:
    talk = Talk()
    talk.do("event", name="rain")
    first = talk.say("Hello.", "Go away.")
    talk.do("event", name="thunder")
    talk.do("regenerate")
    again = talk.reply("Welcome.")
    assert again.note is first.note
    assert again.note is not None
    assert "rain" in again.note.text
    after = talk.say("Well?", "Well.")
    assert after.note is not None
    assert "rain" not in after.note.text
    assert "thunder" in after.note.text


@pytest.mark.parametrize(("reason", "chars"), [("failed", 0), ("interrupted", 0)])
def test_a_regeneration_that_comes_to_nothing_gives_its_note_back_once(reason: wire.TurnReason, chars: int) -> None:
    talk = Talk()
    talk.do("event", name="rain")
    first = talk.say("Hello.", "Go away.")
    talk.do("regenerate")
    talk.reply("", reason, chars)
    assert talk.lines == ["Evening.", "Hello."]
    after = talk.say("Well?", "Well.")
    assert after.note is not None
    assert first.note is not None
    assert after.note.text == first.note.text
    assert talk.say("And?", "And.").note is None


def test_events_age_once_for_a_reply_that_was_replaced() -> None:
    talk = Talk()
    talk.do("event", name="rain", ttl_turns=2, priority=0)
    talk.do("event", name="flood of words " + "x" * 100, data={"x": "y" * 200}, priority=9)
    talk.say("Hello.", "Go away.")  # the note has no room for the rain
    assert len(talk.talk.events) == 1
    talk.do("regenerate")
    talk.reply("Welcome.")
    assert len(talk.talk.events) == 1


def test_a_fallback_line_is_replaced_and_the_events_told_as_if_it_had_not_been() -> None:
    talk = Talk()
    talk.do("event", name="rain")
    talk.do("say", text="Hello.")
    talk.reply("Hm.", "fallback")
    talk.do("regenerate")
    again = talk.reply("Welcome.")
    assert talk.lines == ["Evening.", "Hello.", "Welcome."]
    assert again.note is not None
    assert talk.say("Well?", "Well.").note is None


def test_an_interrupted_reply_is_replaced() -> None:
    talk = Talk()
    talk.do("say", text="Hello.")
    talk.reply("Go away, will you.", "interrupted", 7)
    assert talk.lines[-1] == "Go away"
    talk.do("regenerate")
    talk.reply("Welcome.")
    assert talk.lines == ["Evening.", "Hello.", "Welcome."]


def test_after_a_turn_that_failed_regenerate_is_its_second_attempt() -> None:
    talk = Talk()
    talk.do("say", text="Hello.")
    talk.reply("", "failed")
    talk.do("regenerate")
    again = talk.reply("Welcome.")
    assert talk.lines == ["Evening.", "Hello.", "Welcome."]
    assert "replaces" not in again.started()


def test_a_continued_reply_is_continued_again() -> None:
    talk = Talk()
    talk.say("Hello.", "Go away.")
    talk.do("continue")
    talk.reply("And do not come back.")
    talk.do("regenerate")
    assert talk.reply("Now.").first_cause == "continue"
    talk.do("regenerate")
    assert talk.reply("At once.").first_cause == "continue"
    assert talk.lines == ["Evening.", "Hello.", "Go away.", "At once."]


def test_an_authored_line_has_no_other_words() -> None:
    with pytest.raises(NotNow, match="authored"):
        Talk().do("regenerate")


def test_nothing_is_regenerated_while_the_npc_speaks() -> None:
    talk = Talk()
    talk.do("say", text="Hello.")
    with pytest.raises(NotNow, match="speaking"):
        talk.do("regenerate")


def test_a_refused_regeneration_changes_nothing_and_can_be_sent_again() -> None:
    talk = Talk()
    talk.do("say", text="Hello.")
    with pytest.raises(NotNow):
        talk.do("regenerate", id="again")
    talk.reply("Go away.")
    assert any(isinstance(effect, Begin) for effect in talk.do("regenerate", id="again"))


def test_a_regeneration_sent_twice_is_done_once() -> None:
    talk = Talk()
    talk.say("Hello.", "Go away.")
    talk.do("regenerate", id="again")
    talk.reply("Welcome.")
    assert talk.do("regenerate", id="again") == [Send({"type": "accepted", "ids": ["again"]})]
    assert talk.lines[-1] == "Welcome."


# ── candidates ──


def offered(*texts: str) -> Talk:
    talk = Talk()
    talk.say("Hello.", "Go away.")
    talk.do("candidates", n=len(texts))
    talk.reply(next(filter(None, texts)), offers=texts)
    return talk


def test_the_chosen_candidate_is_what_the_npc_said_and_the_others_leave_no_trace() -> None:
    talk = offered("One.", "Two.", "Three.")
    turn = talk.begun[-1]
    assert (turn.started()["n"], turn.cause) == (3, "candidates")
    assert talk.do("choose", turn=turn.id, index=2, id="c") == [Send({"type": "accepted", "ids": ["c"]})]
    assert talk.lines == ["Evening.", "Hello.", "Three."]
    with pytest.raises(NotNow):
        talk.do("choose", turn=turn.id, index=0)
    assert talk.do("choose", turn=turn.id, index=0, id="c") == [Send({"type": "accepted", "ids": ["c"]})]
    assert talk.lines == ["Evening.", "Hello.", "Three."]


def test_going_on_without_choosing_takes_the_first() -> None:
    talk = offered("One.", "Two.")
    turn = talk.begun[-1]
    talk.say("Well?", "Well.")
    assert talk.lines == ["Evening.", "Hello.", "One.", "Well?", "Well."]
    with pytest.raises(NotNow):
        talk.do("choose", turn=turn.id, index=1)


REFUSED: dict[str, tuple[dict[str, Any], type[WireError]]] = {
    "another turn": ({"turn": "t1", "index": 0}, NotNow),
    "an index beyond the last": ({"index": 2}, BadMessage),
    "a candidate that failed": ({"index": 1}, BadMessage),
}


@pytest.mark.parametrize(("fields", "error"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_chosen_is_refused(fields: dict[str, Any], error: type[WireError]) -> None:
    talk = offered("One.", "")
    with pytest.raises(error):
        talk.do("choose", **({"turn": talk.begun[-1].id} | fields))
    assert talk.lines[-1] == "One."


def test_candidates_are_not_chosen_while_they_are_written() -> None:
    talk = Talk()
    talk.say("Hello.", "Go away.")
    talk.do("candidates", n=2)
    with pytest.raises(NotNow, match="still"):
        talk.do("choose", turn=talk.begun[-1].id, index=0)


def test_candidates_can_be_asked_for_again_in_place_of_those_before() -> None:
    talk = offered("One.", "Two.")
    talk.do("candidates", n=2)
    talk.reply("Three.", offers=("Three.", "Four."))
    talk.do("choose", turn=talk.begun[-1].id, index=1)
    assert talk.lines == ["Evening.", "Hello.", "Four."]


def test_what_could_be_chosen_can_be_chosen_after_loading() -> None:
    talk = offered("One.", "Two.")
    state = talk.talk.again.state()
    talk.talk.again = Again()
    talk.talk.again.restore(state)
    talk.do("choose", turn=talk.begun[-1].id, index=1)
    assert talk.lines[-1] == "Two."


def test_a_damaged_state_has_nothing_to_regenerate() -> None:
    again = Again()
    again.restore({"turn": 7, "cause": "whim"})
    assert again.last is None
