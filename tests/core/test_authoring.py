"""Authored dialogue beside the model's: holds, and lines that the designer wrote."""

from __future__ import annotations

from typing import Any

import pytest

from npc_bridge.core import messages as wire
from npc_bridge.core.authoring import Holds
from npc_bridge.core.character import Character, parse_character
from npc_bridge.core.conversation import Turn
from npc_bridge.core.effects import Begin, Effect, Send, Stop
from npc_bridge.core.events import EventTemplates
from npc_bridge.core.session import Session
from npc_bridge.errors import BadMessage, UnknownNpc

BROM = parse_character('name = "Brom"\n', file="brom.toml", character_id="brom")
TILDA = parse_character('name = "Tilda"\nopening_line = "(wave) Welcome."\n', file="tilda.toml", character_id="tilda")


class Game:
    """A game that counts its messages' ids."""

    def __init__(self, *npcs: str, group: str = "") -> None:
        cast: dict[str, Character] = {"brom": BROM, "tilda": TILDA}
        self.session = Session("s1", find_character=cast.__getitem__, templates=EventTemplates())
        self._ids = 0
        for npc in npcs:
            self.open(npc, group=group)

    def open(self, npc: str, *, character: str = "brom", group: str = "") -> list[Effect]:
        return self.session.receive(wire.Open(type="open", npc=npc, character=character, player="Ada", group=group), 0.0)

    def send(self, kind: type[Any], **fields: Any) -> list[Effect]:
        self._ids += 1
        message = {"type": kind.__name__.lower(), "id": f"a{self._ids}", **fields}
        return self.session.receive(kind.model_validate(message), 0.0)

    def end(self, turn: Turn, raw: str = "Aye.", reason: Any = "stop") -> list[Effect]:
        """What the server does when a turn is over."""
        turn.conversation.conclude(turn, raw, reason, len(raw))
        return self.session.turn_over(turn, 0.0)

    def said(self, npc: str) -> list[str]:
        return [line.text for line in self.session.conversations[npc].history.lines]


def begun(effects: list[Effect]) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(each.turn.conversation.npc, each.turn.cause, each.turn.answers) for each in effects if isinstance(each, Begin)]


def turn_of(effects: list[Effect]) -> Turn:
    [turn] = [each.turn for each in effects if isinstance(each, Begin)]
    return turn


def test_a_line_that_comes_while_the_npc_is_held_waits_and_is_answered_on_release() -> None:
    game = Game("brom")
    assert game.send(wire.Hold, npc="brom") == [Send({"type": "accepted", "ids": ["a1"]})]
    assert begun(game.send(wire.Say, npc="brom", text="Hello?")) == []
    assert begun(game.send(wire.Say, npc="brom", text="Brom?")) == []
    assert begun(game.send(wire.Release, npc="brom")) == [("brom", "say", ("a2", "a3"))]


@pytest.mark.parametrize("scope", [{"npc": "brom"}, {"group": "tavern"}, {}])
def test_a_hold_ends_the_turns_under_way_where_the_player_was(scope: dict[str, str]) -> None:
    game = Game("brom", group="tavern")
    turn = turn_of(game.send(wire.Say, npc="brom", text="Hello"))
    game.session.receive(wire.Seen(type="seen", npc="brom", turn=turn.id, at=3), 0.0)
    assert game.send(wire.Hold, **scope)[1:] == [Stop(turn)]
    assert (turn.is_interrupted, turn.interrupted_at) == (True, 3)
    assert game.send(wire.Hold, **scope)[1:] == []
    assert game.end(turn, "Aye, so it is.", "interrupted") == []
    assert game.said("brom") == ["Hello", "Aye"]


def test_who_is_outside_of_the_held_group_speaks() -> None:
    game = Game("brom", group="tavern")
    game.open("ulf", group="street")
    game.send(wire.Hold, group="tavern")
    assert begun(game.send(wire.Say, npc="ulf", text="Hello")) == [("ulf", "say", ("a2",))]


def test_an_npc_that_is_opened_inside_a_hold_is_held_and_its_opening_line_waits() -> None:
    game = Game()
    game.send(wire.Hold, group="tavern")
    assert begun(game.open("host", character="tilda", group="tavern")) == []
    assert begun(game.send(wire.Release, group="tavern")) == [("host", "opening", ())]


def test_a_group_that_was_gathered_is_held_by_its_name() -> None:
    game = Game("brom", "ulf")
    game.send(wire.Gather, group="table", npcs=["brom", "ulf"])
    game.send(wire.Hold, group="table")
    assert begun(game.send(wire.Say, npc="table", text="Brom?")) == []
    assert begun(game.send(wire.Release, group="table")) == [("brom", "say", ("a3",))]


def test_one_release_ends_any_number_of_the_same_hold() -> None:
    game = Game("brom")
    game.send(wire.Hold)
    game.send(wire.Hold)
    game.send(wire.Say, npc="brom", text="Hello?")
    assert begun(game.send(wire.Release)) == [("brom", "say", ("a3",))]


def test_who_is_held_in_two_ways_speaks_when_both_are_released() -> None:
    game = Game("brom", group="tavern")
    game.send(wire.Hold, group="tavern")
    game.send(wire.Hold)
    game.send(wire.Say, npc="brom", text="Hello?")
    assert begun(game.send(wire.Release, group="tavern")) == []
    assert begun(game.send(wire.Release)) == [("brom", "say", ("a3",))]


def test_a_release_of_what_is_not_held_does_nothing() -> None:
    game = Game("brom")
    assert game.send(wire.Release, npc="brom") == [Send({"type": "accepted", "ids": ["a1"]})]


def test_events_still_count_while_an_npc_is_held_and_it_reacts_afterwards() -> None:
    game = Game("brom")
    game.send(wire.Hold)
    assert begun(game.send(wire.Event, name="fire", react=True)) == []
    assert begun(game.send(wire.Continue, npc="brom")) == []
    [(npc, cause, _)] = begun(released := game.send(wire.Release))
    assert (npc, cause) == ("brom", "continue")
    assert "fire" in turn_of(released).conversation.take_note(turn_of(released), len).text  # type: ignore[union-attr]


def test_an_authored_line_is_a_turn_and_is_remembered_as_said() -> None:
    game = Game("brom")
    turn = turn_of(game.send(wire.Line, npc="brom", text="(nods) We are closed."))
    assert (turn.cause, turn.answers, turn.line) == ("line", ("a1",), "(nods) We are closed.")
    game.end(turn, turn.line)
    assert game.said("brom") == ["(nods) We are closed."]


def test_an_authored_line_is_told_no_events_and_uses_none_up() -> None:
    game = Game("brom")
    game.send(wire.Event, name="fire", npc="brom", ttl_turns=1)
    turn = turn_of(game.send(wire.Line, npc="brom", text="We are closed."))
    assert turn.conversation.take_note(turn, len) is None
    game.end(turn, turn.line)
    assert len(turn.conversation.events) == 1


def test_authored_lines_are_spoken_while_the_npc_is_held_one_after_the_other() -> None:
    game = Game("brom")
    asked = turn_of(game.send(wire.Say, npc="brom", text="Hello"))
    game.send(wire.Hold)
    game.send(wire.Line, npc="brom", text="Halt!")
    game.send(wire.Line, npc="brom", text="But why?", player="Ada")
    game.send(wire.Line, npc="brom", text="Because.")
    first = turn_of(game.end(asked, "", "interrupted"))
    second = turn_of(game.end(first, first.line))
    assert game.end(second, second.line) == []
    assert game.said("brom") == ["Hello", "Halt!", "But why?", "Because."]


def test_a_line_that_the_game_shows_itself_is_only_remembered() -> None:
    game = Game("brom")
    assert game.send(wire.Line, npc="brom", text="(nods) We are closed.", shown=True) == [Send({"type": "accepted", "ids": ["a1"]})]
    assert game.send(wire.Line, npc="brom", text="A pity.", player="Ada") == [Send({"type": "accepted", "ids": ["a2"]})]
    assert [(line.role, line.player) for line in game.session.conversations["brom"].history.lines] == [("assistant", ""), ("user", "Ada")]
    assert game.said("brom") == ["(nods) We are closed.", "A pity."]


def test_an_interrupt_that_comes_late_does_not_cut_a_line_that_the_game_showed() -> None:
    game = Game("brom")
    turn = turn_of(game.send(wire.Say, npc="brom", text="Hello"))
    game.end(turn)
    game.send(wire.Line, npc="brom", text="We are closed.", shown=True)
    game.session.receive(wire.Interrupt(type="interrupt", npc="brom", turn=turn.id, at=1), 0.0)
    assert game.said("brom") == ["Hello", "Aye.", "We are closed."]


def test_a_line_sent_twice_is_said_once() -> None:
    game = Game("brom")
    game.end(turn_of(game.send(wire.Line, npc="brom", text="Halt!", id="x")), "Halt!")
    assert begun(game.send(wire.Line, npc="brom", text="Halt!", id="x")) == []


def test_an_empty_line_and_a_line_for_nobody_are_refused() -> None:
    game = Game("brom")
    with pytest.raises(BadMessage, match="'text' is empty"):
        game.send(wire.Line, npc="brom", text=" ")
    with pytest.raises(UnknownNpc):
        game.send(wire.Line, npc="nobody", text="Halt!")


def test_closing_an_npc_that_is_held_works_as_ever() -> None:
    game = Game("brom")
    game.send(wire.Hold)
    assert game.session.receive(wire.Close(type="close", npc="brom"), 0.0) == [Send({"type": "closed", "npc": "brom"})]


def test_what_is_held_outlives_a_save() -> None:
    game = Game("brom", group="tavern")
    game.send(wire.Hold, group="tavern")
    game.send(wire.Hold, npc="ulf")
    kept = Holds()
    kept.restore(game.session.holds.state())
    assert kept.state() == {"world": False, "npcs": ["ulf"], "groups": ["tavern"]}
    assert game.session.conversations["brom"] in kept
    assert Holds().state() == {}
    kept.restore({"npcs": 3})
    assert kept.state() == {}
