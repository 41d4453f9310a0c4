"""Authored lines and exits in whole turns: what the game hears, and what is remembered."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from npc_bridge.backends.scripted import Scripted
from npc_bridge.core.character import Character, parse_character
from npc_bridge.core.events import EventTemplates
from npc_bridge.core.messages import Candidates, Flags, Line, Open, Say
from npc_bridge.core.session import Begin, Session
from npc_bridge.turn import run_turn

BROM = parse_character(
    """
name = "Brom"
[clips]
nod = "nods"
[fallback]
unknown = ["Hm."]
[exits]
goodbye = "the player leaves"
trade_opened = { description = "they agree to trade", when = "trust >= 2" }
""",
    file="brom.toml",
    character_id="brom",
)


class Game:
    """Plays turns of one NPC to their end, without a server."""

    def __init__(self, *replies: str, character: Character = BROM, **script: Any) -> None:
        self.backend = Scripted.of(replies or ["Aye."], **script)
        self.session = Session("s1", find_character=lambda _: character, templates=EventTemplates())
        self.session.receive(Open(type="open", npc="brom", character="brom", player="Ada"), 0.0)
        self.talk = self.session.conversations["brom"]

    def set(self, **values: Any) -> None:
        self.session.receive(Flags(type="flags", id=f"f{values}", values=values), 0.0)

    async def play(self, message: Any) -> list[dict[str, Any]]:
        """What the game hears of the turn that this message begins, without what tells of time and tokens."""
        heard: list[dict[str, Any]] = []
        [turn] = [each.turn for each in self.session.receive(message, 0.0) if isinstance(each, Begin)]
        await run_turn(turn, self.backend, heard.append, lambda: 0.0, asyncio.timeout(5))
        self.session.turn_over(turn, 0.0)
        heard = [each for each in heard if each.get("reason") != "thinking"]
        return [each for each in heard if each["type"] in ("text", "cue", "exit")] + [{"reason": heard[-1]["reason"]}]

    async def say(self, text: str = "Hello.") -> list[dict[str, Any]]:
        return await self.play(Say(type="say", id=f"l{len(self.talk.history.lines)}", npc="brom", text=text))

    @property
    def said(self) -> list[str]:
        return [line.text for line in self.talk.history.lines if line.role == "assistant"]


def of(kind: str, heard: list[dict[str, Any]]) -> list[Any]:
    return [each[kind] for each in heard if kind in each]


def visible(heard: list[dict[str, Any]]) -> str:
    return "".join(of("text", heard))


@pytest.mark.parametrize("chunk_chars", [1, 4, 100])
async def test_an_exit_that_is_open_is_heard_after_the_text_and_its_mark_is_not(chunk_chars: int) -> None:
    game = Game("(exit: trade_opened) (nods) Let us see your coin.", chunk_chars=chunk_chars)
    game.set(trust=2)
    heard = await game.say("May I buy this?")
    assert visible(heard) == "Let us see your coin."
    assert of("clip", heard) == ["nod"]
    assert heard[-2:] == [{"type": "exit", "npc": "brom", "turn": "t1", "exit": "trade_opened", "at": 0}, {"reason": "stop"}]
    assert game.said == ["(nods) Let us see your coin."]


async def test_an_exit_that_is_not_open_is_dropped_and_counted() -> None:
    game = Game("(exit: trade_opened) No.", "(exit: nonsense) Never.")
    assert of("exit", await game.say()) == []
    assert of("exit", await game.say()) == []
    assert game.talk.exits_refused == 2
    assert game.said == ["No.", "Never."]


async def test_the_condition_is_checked_when_the_reply_is_over() -> None:
    game = Game("(exit: trade_opened) Deal.", delay_s=0.001)
    game.set(trust=2)
    playing = asyncio.create_task(game.say())
    await asyncio.sleep(0)
    game.set(trust=0)
    assert of("exit", await playing) == []


async def test_the_first_exit_of_a_reply_counts_and_its_place_is_told() -> None:
    game = Game("Farewell. (exit: goodbye) (exit: trade_opened)")
    game.set(trust=2)
    heard = await game.say()
    assert [(each["exit"], each["at"]) for each in heard if "exit" in each] == [("goodbye", 9)]


async def test_replies_to_choose_from_have_no_exits_and_no_marks() -> None:
    game = Game("Aye.", "(exit: goodbye) Farewell.")
    await game.say()
    heard = await game.play(Candidates(type="candidates", id="c1", npc="brom", n=2))
    assert of("exit", heard) == []
    assert "exit" not in visible(heard)


async def test_replies_to_choose_from_that_are_only_exits_are_not_taken_for_an_answer() -> None:
    game = Game("Aye.", "(exit: goodbye)", "(exit: goodbye)")
    await game.say()
    heard = await game.play(Candidates(type="candidates", id="c1", npc="brom", n=2))
    assert visible(heard)


async def test_a_reply_that_is_only_an_exit_is_no_failure() -> None:
    heard = await Game("(exit: goodbye)").say()
    assert (of("exit", heard), heard[-1]) == (["goodbye"], {"reason": "stop"})


async def test_a_reply_that_is_only_an_exit_which_is_not_open_is_answered_by_a_fallback_line() -> None:
    heard = await Game("(exit: trade_opened)").say()
    assert (of("exit", heard), visible(heard), heard[-1]) == ([], "Hm.", {"reason": "fallback"})


async def test_a_fallback_has_no_exit() -> None:
    heard = await Game("(exit: goodbye) Farewell.", fault="lost", fault_after_chunks=4).say()
    assert (of("exit", heard), visible(heard)) == ([], "Hm.")


async def test_an_authored_line_comes_with_its_cues_without_asking_the_model() -> None:
    game = Game()
    heard = await game.play(Line(type="line", id="x1", npc="brom", text="(nods) We are closed. [sic] trade_opened"))
    assert (visible(heard), of("clip", heard), heard[-1]) == ("We are closed. [sic] trade_opened", ["nod"], {"reason": "stop"})
    assert game.backend.requests == []
    assert game.said == ["(nods) We are closed. [sic] trade_opened"]


async def test_the_next_prompt_holds_authored_lines_as_said() -> None:
    game = Game()
    await game.play(Line(type="line", id="x1", npc="brom", text="(nods) We are closed."))
    game.session.receive(Line(type="line", id="x2", npc="brom", text="Until when?", player="Ada"), 0.0)
    game.session.receive(Line(type="line", id="x3", npc="brom", text="Until dawn.", shown=True), 0.0)
    await game.say("I see.")
    said = [(each["role"], each["content"]) for each in game.backend.requests[0].messages if each["role"] != "system"]
    assert said == [
        ("assistant", "(nods) We are closed."),
        ("user", "Until when?"),
        ("assistant", "Until dawn."),
        ("user", "I see."),
    ]
