"""The state machine: messages in, effects out, compared whole."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from npc_bridge.core import messages as wire
from npc_bridge.core.character import Character, parse_character
from npc_bridge.core.doors import MAX_NPCS
from npc_bridge.core.effects import Begin, Send, Stop, Wake
from npc_bridge.core.events import EventTemplates, parse_templates
from npc_bridge.core.ladder import Patience
from npc_bridge.core.session import Session
from npc_bridge.errors import BadMessage, NotNow, UnknownCharacter, UnknownNpc, WireError

BROM = parse_character('name = "Brom"\nreact_cooldown_s = 5\n', file="brom.toml", character_id="brom")
TILDA = parse_character('name = "Tilda"\nopening_line = "(wave) Welcome."\n', file="tilda.toml", character_id="tilda")


def find(character_id: str) -> Character:
    try:
        return {"brom": BROM, "tilda": TILDA}[character_id]
    except KeyError:
        raise UnknownCharacter("no such character", re="open") from None


def new_session(events: str = "") -> Session:
    templates = parse_templates(events, file="events.toml") if events else EventTemplates()
    return Session("s1", find_character=find, templates=templates)


def opened(*npcs: str) -> Session:
    session = new_session()
    for npc in npcs or ("brom",):
        session.receive(wire.Open(type="open", npc=npc, character="brom", player="Ada"), 0.0)
    return session


def say(text: str = "Hello.", message_id: str = "a1", npc: str = "brom") -> wire.Say:
    return wire.Say(type="say", id=message_id, npc=npc, text=text)


def event(name: str = "rain", **fields: Any) -> wire.Event:
    return wire.Event(type="event", name=name, **fields)


def accepted(*ids: str) -> Send:
    return Send({"type": "accepted", "ids": list(ids)})


def begun(effects: list[Any]) -> Any:
    [turn] = [effect.turn for effect in effects if isinstance(effect, Begin)]
    return turn


def test_open_is_answered_by_opened() -> None:
    effects = new_session().receive(wire.Open(type="open", npc="smith", character="brom"), 0.0)
    expected = {"type": "opened", "npc": "smith", "character": "brom", "name": "Brom", "language": "en", "opening": False}
    assert effects == [Send(expected)]


def test_an_opening_line_is_a_turn_of_its_own_right_after_opened() -> None:
    sent, begin = new_session().receive(wire.Open(type="open", npc="tilda", character="tilda"), 3.0)
    assert isinstance(sent, Send)
    assert sent.message["opening"] is True
    assert isinstance(begin, Begin)
    assert (begin.turn.id, begin.turn.cause, begin.turn.asked_at) == ("t1", "opening", 3.0)


def test_a_line_is_accepted_and_begins_a_turn() -> None:
    session = opened()
    first, begin = session.receive(say(), 1.5)
    assert first == accepted("a1")
    assert isinstance(begin, Begin)
    assert (begin.turn.cause, begin.turn.answers, begin.turn.asked_at) == ("say", ("a1",), 1.5)
    assert [line.text for line in session.conversations["brom"].history.lines] == ["Hello."]


def test_a_line_sent_twice_is_accepted_twice_and_answered_once() -> None:
    session = opened()
    session.receive(say(), 0.0)
    assert session.receive(say(), 0.1) == [accepted("a1")]


def test_lines_said_while_the_npc_speaks_are_answered_together_by_the_next_turn() -> None:
    session = opened()
    turn = begun(session.receive(say("One.", "a1"), 0.0))
    assert session.receive(say("Two.", "a2"), 0.1) == [accepted("a2")]
    assert session.receive(say("Three.", "a3"), 0.2) == [accepted("a3")]
    assert begun(session.turn_over(turn, 1.0)).answers == ("a2", "a3")


def test_two_npcs_speak_at_the_same_time() -> None:
    session = opened("brom", "greta")
    begun(session.receive(say(npc="brom", message_id="a1"), 0.0))
    assert begun(session.receive(say(npc="greta", message_id="a2"), 0.0)).conversation.npc == "greta"


def test_an_event_waits_for_the_next_turn() -> None:
    session = opened()
    assert session.receive(event(id="e1"), 0.0) == [accepted("e1")]
    turn = begun(session.receive(say(), 1.0))
    assert turn.conversation.events


def test_an_event_without_an_id_is_not_answered() -> None:
    assert opened().receive(event(), 0.0) == []


def test_an_event_sent_twice_is_used_once() -> None:
    session = opened()
    session.receive(event(id="e1"), 0.0)
    session.receive(event(id="e1"), 0.0)
    assert len(session.conversations["brom"].events) == 1


AUDIENCES = {
    "one NPC": ({"npc": "brom"}, {"brom"}),
    "a group": ({"group": "tavern"}, {"brom", "greta"}),
    "the whole world": ({}, {"brom", "greta", "guard"}),
}


@pytest.mark.parametrize(("scope", "expected"), AUDIENCES.values(), ids=AUDIENCES)
def test_an_event_reaches_whom_it_is_meant_for(scope: dict[str, str], expected: set[str]) -> None:
    session = new_session()
    for npc, group in (("brom", "tavern"), ("greta", "tavern"), ("guard", "gate")):
        session.receive(wire.Open(type="open", npc=npc, character="brom", group=group), 0.0)
    session.receive(event(**scope), 0.0)
    assert {npc for npc, talk in session.conversations.items() if talk.events} == expected


def test_an_npc_reacts_to_an_event_by_itself_and_then_cools_down() -> None:
    session = opened()
    turn = begun(session.receive(event(id="e1", react=True), 10.0))
    assert (turn.cause, turn.answers) == ("event", ("e1",))
    turn.conversation.take_note(turn, len)
    session.turn_over(turn, 11.0)
    assert session.receive(event(id="e2", react=True), 14.0) == [accepted("e2")]
    assert begun(session.receive(event(id="e3", react=True), 15.0)).answers == ("e3",)


def test_an_npc_that_speaks_reacts_when_it_has_finished() -> None:
    session = opened()
    turn = begun(session.receive(say(), 0.0))
    assert session.receive(event(id="e1", react=True), 0.5) == [accepted("e1")]
    assert begun(session.turn_over(turn, 1.0)).answers == ("e1",)


def test_a_reaction_is_dropped_when_the_next_turn_has_told_of_the_event_already() -> None:
    session = opened()
    first = begun(session.receive(say(), 0.0))
    session.receive(event(id="e1", react=True), 0.1)
    session.receive(say("And?", "a2"), 0.2)
    second = begun(session.turn_over(first, 1.0))
    assert second.cause == "say"
    assert second.conversation.take_note(second, len) is not None
    assert session.turn_over(second, 2.0) == []


def test_a_template_can_ask_for_a_reaction() -> None:
    session = new_session('[sword_drawn]\ntext = "A sword is drawn."\nreact = true\n')
    session.receive(wire.Open(type="open", npc="brom", character="brom"), 0.0)
    assert begun(session.receive(event("sword_drawn"), 0.0)).cause == "event"


def test_continue_lets_the_npc_go_on() -> None:
    session = opened()
    effects = session.receive(wire.Continue(type="continue", id="c1", npc="brom"), 0.0)
    assert effects[0] == accepted("c1")
    assert begun(effects).cause == "continue"


def test_continue_while_the_npc_speaks_waits() -> None:
    session = opened()
    turn = begun(session.receive(say(), 0.0))
    assert session.receive(wire.Continue(type="continue", id="c1", npc="brom"), 0.1) == [accepted("c1")]
    session.receive(wire.Continue(type="continue", id="c2", npc="brom"), 0.2)
    assert begun(session.turn_over(turn, 1.0)).answers == ("c1", "c2")


def test_interrupt_stops_the_running_turn_once() -> None:
    session = opened()
    turn = begun(session.receive(say(), 0.0))
    interrupt = wire.Interrupt(type="interrupt", npc="brom", at=4)
    assert session.receive(interrupt, 0.1) == [Stop(turn)]
    assert (turn.is_interrupted, turn.interrupted_at) == (True, 4)
    assert session.receive(interrupt, 0.2) == []


def test_an_interrupt_that_comes_after_the_end_of_the_turn_still_cuts_what_was_not_shown() -> None:
    session = opened()
    turn = begun(session.receive(say(), 0.0))
    turn.conversation.conclude(turn, "(nods) One two three.", "stop", 14)
    session.turn_over(turn, 1.0)
    session.receive(say("Stop!", "a2"), 1.5)
    assert session.receive(wire.Interrupt(type="interrupt", npc="brom", turn=turn.id, at=7), 2.0) == []
    assert [(line.text, line.cut) for line in turn.conversation.history.lines] == [
        ("Hello.", False),
        ("(nods) One two", True),
        ("Stop!", False),
    ]


def test_interrupt_without_a_position_takes_the_last_one_seen() -> None:
    session = opened()
    turn = begun(session.receive(say(), 0.0))
    session.receive(wire.Seen(type="seen", npc="brom", turn=turn.id, at=7), 0.1)
    session.receive(wire.Interrupt(type="interrupt", npc="brom"), 0.2)
    assert turn.interrupted_at == 7


def test_an_interrupt_for_an_earlier_turn_comes_too_late() -> None:
    session = opened()
    session.receive(say(), 0.0)
    assert session.receive(wire.Interrupt(type="interrupt", npc="brom", turn="t99"), 0.1) == []


def test_close_answers_closed() -> None:
    session = opened()
    assert session.receive(wire.Close(type="close", npc="brom"), 0.0) == [Send({"type": "closed", "npc": "brom"})]
    assert session.conversations == {}


def test_close_ends_the_running_turn_first() -> None:
    session = opened()
    turn = begun(session.receive(say(), 0.0))
    assert session.receive(wire.Close(type="close", npc="brom"), 0.1) == [Stop(turn)]
    with pytest.raises(UnknownNpc):
        session.receive(say("More.", "a2"), 0.2)
    assert session.turn_over(turn, 0.3) == [Send({"type": "closed", "npc": "brom"})]


def new(kind: str, **fields: Any) -> Any:
    return {"open": wire.Open, "say": wire.Say, "regenerate": wire.Regenerate, "candidates": wire.Candidates, "choose": wire.Choose,
            "save": wire.Save, "load": wire.Load, "forget": wire.Forget, "hello": wire.Hello, "event": wire.Event}[kind](
        type=kind, **fields
    )  # fmt: skip


REFUSED: dict[str, tuple[Any, type[WireError], str]] = {
    "an NPC that is not open": (say(npc="nobody"), UnknownNpc, "a1"),
    "an event for an NPC that is not open": (event(id="e1", npc="nobody"), UnknownNpc, "e1"),
    "a character that does not exist": (new("open", npc="x", character="nobody"), UnknownCharacter, "open"),
    "an inline character with a mistake": (new("open", npc="x", character={"name": "X", "hobby": 1}), BadMessage, "open"),
    "an NPC that is open already": (new("open", npc="brom", character="brom"), BadMessage, "open"),
    "an empty line": (say("  \n"), BadMessage, "a1"),
    "a second hello": (new("hello", protocol=1), BadMessage, "hello"),
    "nothing to regenerate": (new("regenerate", id="r1", npc="brom"), NotNow, "r1"),
    "nothing to choose from": (new("choose", id="r1", npc="brom", turn="t1", index=0), NotNow, "r1"),
    "a load of nothing": (new("load", id="r1"), BadMessage, "r1"),
    "a load of two things": (new("load", id="r1", slot="quick", blob=b"x"), BadMessage, "r1"),
    "forgetting nobody": (new("forget", id="r1"), BadMessage, "r1"),
}


@pytest.mark.parametrize(("message", "kind", "re"), REFUSED.values(), ids=REFUSED)
def test_a_message_that_is_refused_changes_nothing(message: Any, kind: type[WireError], re: str) -> None:
    session = opened()
    with pytest.raises(kind) as refused:
        session.receive(message, 0.0)
    assert refused.value.re == re
    assert begun(session.receive(say(), 1.0)).answers == ("a1",)


def test_the_number_of_npcs_is_bounded() -> None:
    session = opened(*(f"npc{n}" for n in range(MAX_NPCS)))
    with pytest.raises(BadMessage, match=str(MAX_NPCS)):
        session.receive(new("open", npc="one more", character="brom"), 0.0)


def test_sequence_numbers_count_from_one() -> None:
    session = new_session()
    assert [session.next_seq() for _ in range(3)] == [1, 2, 3]


# ── silence, and the game's own notes ──


def spoken(session: Session, turn: Any, now: float, raw: str = "Aye.") -> list[Any]:
    turn.note = turn.conversation.take_note(turn, len)
    turn.conversation.conclude(turn, raw, "stop", len(raw))
    return session.turn_over(turn, now)


def waiting_brom(silence_s: float = 20.0) -> Session:
    session = new_session()
    session.receive(wire.Open(type="open", npc="brom", character="brom", player="Ada", silence_s=silence_s), 0.0)
    return session


def test_an_npc_prompts_a_silent_player_once() -> None:
    session = waiting_brom()
    [wake] = spoken(session, begun(session.receive(say(), 0.0)), 1.0)
    assert wake == Wake(20.0, "silence:t1:brom")
    prompt = begun(session.wake(wake.key, 21.0))
    assert (prompt.cause, prompt.answers) == ("continue", ())
    assert spoken(session, prompt, 22.0) == []
    assert isinstance(spoken(session, begun(session.receive(say("Yes?", "a2"), 30.0)), 31.0)[0], Wake), "the player spoke: once more"


def test_without_silence_s_an_npc_waits_for_ever() -> None:
    session = waiting_brom(0)
    assert spoken(session, begun(session.receive(say(), 0.0)), 1.0) == []


NOT_SILENT: dict[str, tuple[dict[str, Any], ...]] = {
    "the player speaks": ({"type": "say", "id": "x1", "npc": "brom", "text": "Well?"},),
    "the NPC is held": ({"type": "hold", "id": "x1", "npc": "brom"},),
    "the NPC talks in a group": ({"type": "gather", "id": "x1", "group": "g", "npcs": ["brom"]},),
    "the NPC reacts to something": ({"type": "event", "id": "x1", "name": "rain", "react": True},),
    "the NPC is closed": ({"type": "close", "npc": "brom"},),
}


@pytest.mark.parametrize("messages", NOT_SILENT.values(), ids=NOT_SILENT)
def test_an_npc_does_not_prompt_when(messages: tuple[dict[str, Any], ...]) -> None:
    session = waiting_brom()
    [wake] = spoken(session, begun(session.receive(say(), 0.0)), 1.0)
    adapter: TypeAdapter[wire.GameMessage] = TypeAdapter(wire.GameMessage)
    for message in messages:
        session.receive(adapter.validate_python(message), 5.0)
    assert session.wake(wake.key, 21.0) == []


def note(**fields: Any) -> wire.Note:
    return wire.Note.model_validate({"type": "note", "id": "n1", "npc": "brom"} | fields)


def test_a_note_of_the_game_is_read_once_before_the_players_line_with_its_data() -> None:
    session = opened()
    assert session.receive(note(text="Quest log", data={"cellar": "open", "rats_killed": 3.0}), 0.0) == [accepted("n1")]
    session.receive(event("rain"), 0.0)
    turn = begun(session.receive(say(), 1.0))
    spoken(session, turn, 2.0)
    assert turn.note.text == "Quest log\ncellar: open\nrats killed: 3\n\nWhat just happened:\nrain"
    later = begun(session.receive(say("And?", "a2"), 3.0))
    spoken(session, later, 4.0)
    assert later.note is None


def test_a_note_with_the_key_of_one_that_waits_replaces_it() -> None:
    session = opened()
    session.receive(note(text="Old.", key="quest"), 0.0)
    session.receive(note(id="n2", text="New.", key="quest"), 0.0)
    turn = begun(session.receive(say(), 1.0))
    spoken(session, turn, 2.0)
    assert turn.note.text == "New."


def test_a_note_goes_to_whom_an_event_would() -> None:
    session = new_session()
    for npc, group in (("brom", "tavern"), ("greta", "tavern"), ("guard", "gate")):
        session.receive(wire.Open(type="open", npc=npc, character="brom", group=group), 0.0)
    session.receive(note(npc="", group="tavern", text="The ale is out."), 0.0)
    session.receive(note(id="n2", npc="", text="It is night."), 0.0)
    assert [len(talk.events) for talk in session.conversations.values()] == [2, 2, 1]


def test_a_long_note_takes_no_room_from_events_and_too_long_a_one_is_shortened() -> None:
    session = opened()
    session.receive(event("rain"), 0.0)
    session.receive(note(text="x" * 8_000), 0.0)
    turn = begun(session.receive(say(), 1.0))
    spoken(session, turn, 2.0)
    budget = BROM.note_tokens
    assert turn.note.text.endswith("What just happened:\nrain")
    assert 3 * budget < len(turn.note.text) <= 5 * budget


def test_a_note_without_anything_in_it_is_refused() -> None:
    with pytest.raises(BadMessage, match="needs 'text' or 'data'"):
        opened().receive(note(text=" "), 0.0)


def test_a_note_of_a_turn_that_failed_is_read_by_the_next() -> None:
    session = opened()
    session.receive(note(text="Quest log"), 0.0)
    turn = begun(session.receive(say(), 1.0))
    turn.note = turn.conversation.take_note(turn, len)
    turn.conversation.conclude(turn, "", "failed", 0)
    session.turn_over(turn, 2.0)
    again = begun(session.receive(say("Well?", "a2"), 3.0))
    spoken(session, again, 4.0)
    assert again.note.text == "Quest log"


def speaking(while_speaking: str) -> Session:
    """A session in which Brom, who has this way of being spoken to, answers a first line."""
    session = opened()
    talk = session.conversations["brom"]
    talk.character = BROM.model_copy(update={"patience": Patience(while_speaking=while_speaking)})  # type: ignore[arg-type]
    session.receive(say(), 0.0)
    return session


def test_a_line_that_queues_waits_for_the_end_of_the_turn() -> None:
    session = speaking("queue")
    assert session.receive(say("Wait!", "a2"), 1.0) == [accepted("a2")]
    running = session.conversations["brom"].running
    assert running is not None
    assert not running.is_interrupted


def test_a_line_that_interrupts_cuts_the_reply_where_the_player_was_and_is_answered_next() -> None:
    session = speaking("interrupt")
    turn = session.conversations["brom"].running
    assert turn is not None
    session.receive(wire.Seen(type="seen", npc="brom", turn=turn.id, at=7), 0.5)
    assert session.receive(say("Wait!", "a2"), 1.0) == [accepted("a2"), Stop(turn)]
    assert (turn.is_interrupted, turn.interrupted_at) == (True, 7)
    assert session.receive(say("Stop!", "a3"), 1.1) == [accepted("a3")]
    assert begun(session.turn_over(turn, 2.0)).answers == ("a2", "a3")


def test_a_line_that_is_refused_is_not_remembered_and_may_come_again() -> None:
    session = speaking("refuse")
    with pytest.raises(NotNow, match="is speaking"):
        session.receive(say("Wait!", "a2"), 1.0)
    assert session.receive(say(), 1.0) == [accepted("a1")], "sent twice, it is only answered again"
    turn = session.conversations["brom"].running
    assert turn is not None
    session.turn_over(turn, 2.0)
    assert begun(session.receive(say("Wait!", "a2"), 3.0)).answers == ("a2",)


def test_a_turn_that_follows_up_comes_by_itself_and_gives_way_to_the_player() -> None:
    session = speaking("queue")
    talk = session.conversations["brom"]
    turn = talk.running
    assert turn is not None
    talk.owes_follow_up = True
    follow_up = begun(session.turn_over(turn, 2.0))
    assert (follow_up.cause, follow_up.is_follow_up, talk.owes_follow_up) == ("continue", True, False)
    assert session.receive(say("Well?", "a2"), 3.0) == [accepted("a2"), Stop(follow_up)]
    assert not begun(session.turn_over(follow_up, 4.0)).is_follow_up


def test_a_player_who_speaks_first_is_owed_no_follow_up() -> None:
    session = speaking("queue")
    talk = session.conversations["brom"]
    turn = talk.running
    assert turn is not None
    session.receive(say("Well?", "a2"), 1.0)
    talk.owes_follow_up = True
    assert begun(session.turn_over(turn, 2.0)).answers == ("a2",)
    assert not talk.owes_follow_up
