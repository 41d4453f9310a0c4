"""One turn against models that are late, stall, break, lie or are not there: what the game hears, and exactly when. Time is simulated."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from npc_bridge.backends import ChatRequest, Finished
from npc_bridge.backends.row import Row
from npc_bridge.backends.scripted import Scripted
from npc_bridge.core.character import character_from_map
from npc_bridge.core.conversation import Conversation, Turn
from npc_bridge.core.events import EventTemplates
from npc_bridge.core.messages import Open, TurnCause
from npc_bridge.core.moderation import Moderation, Rating
from npc_bridge.errors import BackendLost, BackendUnreachable, Moderated
from npc_bridge.turn import run_turn
from tests.simulated_loop import simulated

BROM: dict[str, Any] = {
    "name": "Brom",
    "clips": {"nod": "nods", "think": "a hand at the chin"},
    "patience": {"filler_after_ms": 2000, "deadline_ms": 8000, "stall_ms": 5000, "fillers": ["(nods) Hm…", "Well…"]},
    "fallback": {"unknown": ["(nod) Ask me later.", "Eh?"], "question": ["Ask Mira."]},
}

Wait = float
"""Seconds before the next piece."""
Piece = str | Wait | Exception


class Model(Scripted):
    """Writes as it is told: text, pauses in seconds, and failures; for each reply the next list, the last one again and again."""

    def __init__(self, *replies: Iterable[Piece], name: str = "model") -> None:
        super().__init__()
        self._replies = [list(reply) for reply in replies]
        self._name = name
        self.stopped_at: list[float] = []
        """When generation was stopped before it was complete."""

    @property
    def name(self) -> str:
        return self._name

    async def stream(self, request: ChatRequest) -> AsyncGenerator[str | Finished, None]:
        reply = self._replies[min(len(self.requests), len(self._replies) - 1)]
        self.requests.append(request)
        try:
            for piece in reply:
                if isinstance(piece, Exception):
                    raise piece
                if isinstance(piece, str):
                    yield piece
                else:
                    await asyncio.sleep(piece)
        except (asyncio.CancelledError, GeneratorExit):
            self.stopped_at.append(asyncio.get_running_loop().time())
            raise
        yield Finished("stop", prompt_tokens=7, completion_tokens=3)


@dataclass
class Heard:
    """What the game hears, and when."""

    talk: Conversation
    messages: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    turns: int = 0

    def tell(self, message: dict[str, Any]) -> None:
        self.messages.append((asyncio.get_running_loop().time(), message))

    async def take_turn(self, backend: Scripted | Row, text: str = "The mine fell in.", cause: TurnCause = "say", **how: Any) -> Turn:
        loop = asyncio.get_running_loop()
        self.messages.clear()
        self.turns += 1
        if cause == "say":
            self.talk.history.hear(text, "Ada")
        turn = Turn(id=f"t{self.turns}", conversation=self.talk, cause=cause, asked_at=loop.time(), **how)
        await run_turn(turn, backend, self.tell, loop.time, asyncio.timeout(60))
        return turn

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for _, message in self.messages if message["type"] == kind]

    @property
    def text(self) -> str:
        said = ""
        for message in self.of("text"):
            assert message["at"] == len(said)
            said += message["text"]
        return said

    @property
    def times(self) -> list[tuple[float, str]]:
        """When each text came, to the millisecond."""
        return [(round(at, 3), message["text"]) for at, message in self.messages if message["type"] == "text"]

    @property
    def end(self) -> dict[str, Any]:
        (ended,) = self.of("turn_ended")
        assert self.messages[-1][1] is ended
        assert ended["chars"] == len(self.text)
        return ended

    @property
    def remembered(self) -> list[str]:
        return [line.text for line in self.talk.history.lines if line.role == "assistant"]


def heard(more: dict[str, Any] | None = None, language: str = "", base: dict[str, Any] = BROM) -> Heard:
    character = character_from_map(base | (more or {}), character_id="brom")
    opened = Open.model_validate({"type": "open", "npc": "brom", "character": "brom", "player": "Ada", "language": language})
    return Heard(Conversation.opened_by("s", opened, character, EventTemplates()))


NEVER = 3600.0


# ── the ladder ──


@simulated
async def test_the_npc_thinks_at_once() -> None:
    game = heard()
    await game.take_turn(Model([1.0, "Aye."]))
    kinds = [(round(at, 3), message["type"]) for at, message in game.messages]
    assert kinds == [(0.0, "turn_started"), (0.0, "cue"), (1.0, "text"), (1.0, "turn_ended")]
    (cue,) = game.of("cue")
    assert cue == {"type": "cue", "npc": "brom", "turn": "t1", "at": 0, "clip": "think", "action": "thinks", "reason": "thinking"}


@simulated
async def test_the_pose_is_what_the_character_names_and_may_be_none() -> None:
    named = heard({"patience": {"thinking": "nod"}})
    await named.take_turn(Model(["Aye."]))
    assert [cue["clip"] for cue in named.of("cue")] == ["nod"]
    none = heard({"patience": {"thinking": ""}})
    await none.take_turn(Model(["Aye."]))
    assert none.of("cue") == []
    unknown = heard({"clips": {"wave": "waves"}})
    await unknown.take_turn(Model(["Aye."]))
    assert [(cue["clip"], cue["reason"]) for cue in unknown.of("cue")] == [("", "thinking")]


@simulated
async def test_a_filler_bridges_a_long_wait_and_is_part_of_the_reply() -> None:
    game = heard()
    await game.take_turn(Model([3.0, "Aye, ", "it did."]))
    assert game.times == [(2.0, "Hm…"), (3.0, " Aye,"), (3.0, " it did.")]
    assert [(cue["at"], cue["clip"]) for cue in game.of("cue")] == [(0, "think"), (0, "nod")]
    assert game.end["reason"] == "stop"
    assert game.remembered == ["(nods) Hm… Aye, it did."]


@simulated
async def test_fillers_take_turns() -> None:
    game = heard()
    said = []
    for _ in range(3):
        await game.take_turn(Model([3.0, "Aye."]))
        said.append(game.text)
    assert said == ["Hm… Aye.", "Well… Aye.", "Hm… Aye."]


@simulated
async def test_a_single_filler_is_not_said_twice_in_a_row() -> None:
    game = heard({"patience": BROM["patience"] | {"fillers": ["Hm…"]}})
    said = []
    for _ in range(3):
        await game.take_turn(Model([3.0, "Aye."]))
        said.append(game.text)
    assert said == ["Hm… Aye.", "Aye.", "Hm… Aye."]


@simulated
async def test_the_deadline_brings_an_authored_line_and_stops_the_model() -> None:
    game, model = heard(), Model([NEVER])
    await game.take_turn(model, "Where is the mine?")
    assert game.times == [(2.0, "Hm…"), (8.0, " Ask Mira.")]
    assert {name: game.end[name] for name in ("reason", "code", "backend", "total_ms")} == {
        "reason": "fallback", "code": "backend_timeout", "backend": "authored", "total_ms": 8000.0,
    }  # fmt: skip
    assert model.stopped_at == [8.0]
    assert game.remembered == ["(nods) Hm… Ask Mira."]


@simulated
async def test_what_came_without_a_word_does_not_hold_the_deadline_off() -> None:
    game = heard()
    await game.take_turn(Model([1.0, "(nods slo", 4.0, "wly and", 4.0, " then", NEVER]))
    assert (game.text, round(game.messages[-1][0], 3)) == ("Ask me later.", 8.0)
    assert game.remembered == ["(nod) Ask me later."]


@pytest.mark.parametrize("error", [BackendUnreachable("down"), BackendLost("cut")], ids=["unreachable", "lost"])
def test_an_error_brings_the_authored_line_at_once(error: Exception) -> None:
    @simulated
    async def play() -> None:
        game = heard()
        await game.take_turn(Model([error]))
        assert game.times == [(0.0, "Ask me later.")]
        assert (game.end["reason"], game.end["code"]) == ("fallback", error.code)  # type: ignore[attr-defined]

    play()


@simulated
async def test_the_same_authored_line_never_comes_twice_in_a_row() -> None:
    game, broken = heard(), Model([BackendUnreachable("down")])
    said = []
    for text in ("Why?", "Why?", "Why?", "Go on.", "Go on."):
        await game.take_turn(broken, text)
        said.append(game.text)
    assert all(one != other for one, other in itertools.pairwise(said))
    assert said[0] == "Ask Mira."


@pytest.mark.parametrize("language", ["en", "zh", "ja", "zh-TW", "fr", "xx"])
def test_a_character_without_any_authored_line_is_not_silent_in_any_language(language: str) -> None:
    @simulated
    async def play() -> None:
        game = heard(language=language, base={"name": "Brom"})
        said = []
        for text in ("Hello!", "Where is it?", "", "…", "I will kill you", "谢谢", "どこですか"):
            await game.take_turn(Model([NEVER]), text or "x")
            assert game.end["reason"] == "fallback"
            said.append(game.text)
        assert all(said)
        assert all(one != other for one, other in itertools.pairwise(said))

    play()


@simulated
async def test_authored_lines_are_in_the_language_of_the_conversation() -> None:
    more = {"fallback_in": {"zh": {"unknown": ["（点头）等等再问。"]}}, "patience": {"fillers_in": {"zh": "嗯……"}}}
    game = heard(more, "zh")
    await game.take_turn(Model([NEVER]), "矿塌了。")
    assert game.text == "嗯……等等再问。"


@simulated
async def test_a_game_names_situations_of_its_own() -> None:
    game = heard({"situations": {"trade": ["how much", "coin*"]}, "fallback": {"unknown": "Hm.", "trade": "Come to the forge."}})
    await game.take_turn(Model([BackendLost("cut")]), "I have coins. How much?")
    assert game.text == "Come to the forge."


# ── in the middle of a reply ──


@simulated
async def test_a_stall_in_mid_sentence_trails_off() -> None:
    game, model = heard(), Model([1.0, "The mine is. It lies in the nor", NEVER])
    await game.take_turn(model)
    assert game.text == "The mine is. It lies in the nor…"
    assert (game.end["reason"], game.end["code"], model.stopped_at) == ("failed", "backend_timeout", [6.0])
    assert game.remembered == ["The mine is. It lies in the nor…"]
    assert not game.talk.history.lines[-1].cut


ENDS = {
    "after a sentence": ("It fell in.", "It fell in."),
    "after a quote": ("He said: “Go.”", "He said: “Go.”"),
    "in an action": ("It fell in. (shakes his he", "It fell in."),
    "in an action in mid-sentence": ("It fell (shakes his he", "It fell…"),
    "after white space": ("It fell ", "It fell…"),
    "with a dash": ("It fell—", "It fell—"),
}


@pytest.mark.parametrize(("written", "shown"), ENDS.values(), ids=ENDS)
def test_what_breaks_off_ends_as_a_speaker_would(written: str, shown: str) -> None:
    @simulated
    async def play() -> None:
        game = heard()
        await game.take_turn(Model([written, BackendLost("cut")]))
        assert (game.text, game.remembered) == (shown, [shown])
        assert game.end["reason"] == "failed"

    play()


@simulated
async def test_a_sentence_trails_off_in_its_language() -> None:
    game = heard(language="ja")
    await game.take_turn(Model(["鉱山は", BackendLost("cut")]))
    assert game.text == "鉱山は……"


@simulated
async def test_a_model_that_drips_is_not_stalled_and_ends_with_the_turn_s_time() -> None:
    game = heard()
    await game.take_turn(Model([piece for _ in range(100) for piece in ("la ", 4.0)]))
    assert round(game.messages[-1][0], 3) == 60.0
    assert game.text.endswith("la…")


@simulated
async def test_moderation_in_mid_reply_ends_it_in_character() -> None:
    game = heard()
    await game.take_turn(Model(["It is a bloo", Moderated("no")]))
    assert (game.text, game.end["code"]) == ("It is a bloo…", "moderated")


@simulated
async def test_what_a_server_refuses_is_struck_out_and_refused_in_character() -> None:
    game = heard({"fallback": {"unknown": "Hm.", "refusal": "Not that."}})
    model = Model([Moderated("no")], ["Aye."])
    await game.take_turn(model, "Something vile.")
    assert (game.text, game.end["reason"], game.end["code"]) == ("Not that.", "fallback", "moderated")
    await game.take_turn(model, "Good evening.")
    assert not any("vile" in message["content"] for message in model.requests[1].messages)


# ── several backends ──


@simulated
async def test_a_stalled_backend_makes_room_for_the_next_in_time() -> None:
    game, slow, small = heard(), Model([NEVER], name="slow"), Model([0.5, "Aye."], name="small")
    await game.take_turn(Row([slow, small], clock=asyncio.get_running_loop().time))
    assert (game.text, game.end["reason"], game.end["backend"]) == ("Hm… Aye.", "stop", "small")
    assert slow.stopped_at == [pytest.approx(4.8)]


@simulated
async def test_a_backend_that_fails_costs_no_time() -> None:
    game, down, small = heard(), Model([BackendUnreachable("down")], name="down"), Model(["Aye."], name="small")
    row = Row([down, small], clock=asyncio.get_running_loop().time)
    for _ in range(4):
        await game.take_turn(row)
        assert (game.text, game.end["backend"], game.end["total_ms"]) == ("Aye.", "small", 0.0)
    assert len(down.requests) == 3, "its breaker is open"


@simulated
async def test_when_every_backend_is_left_alone_the_authored_line_comes_at_once() -> None:
    game, down = heard(), Model([BackendUnreachable("down")])
    row = Row([down], clock=asyncio.get_running_loop().time, open_after=1)
    await game.take_turn(row)
    await game.take_turn(row)
    assert (game.end["reason"], game.end["code"], game.end["backend"]) == ("fallback", "backend_unreachable", "authored")
    assert len(down.requests) == 1


@simulated
async def test_a_backend_that_stalls_until_the_deadline_counts_as_failed() -> None:
    game, slow = heard(), Model([NEVER])
    row = Row([slow], clock=asyncio.get_running_loop().time)
    await game.take_turn(row)
    assert row.rungs[0].failures == 1


@simulated
async def test_an_interrupted_backend_is_not_blamed() -> None:
    game, slow = heard(), Model([NEVER])
    loop = asyncio.get_running_loop()
    row, scope = Row([slow], clock=loop.time), asyncio.timeout(60)
    turn = Turn(id="t1", conversation=game.talk, cause="say", asked_at=loop.time())
    running = asyncio.create_task(run_turn(turn, row, game.tell, loop.time, scope))
    await asyncio.sleep(1)
    turn.is_interrupted = True
    scope.reschedule(loop.time())
    await running
    assert (game.end["reason"], game.text, row.rungs[0].failures, game.remembered) == ("interrupted", "", 0, [])


# ── manner ──


@simulated
async def test_a_model_that_gives_itself_away_is_asked_once_more() -> None:
    game, model = heard(), Model(["As an AI langu", "age model, I cannot."], ["Aye, it fell in."])
    await game.take_turn(model)
    assert (game.text, game.end["reason"]) == ("Aye, it fell in.", "stop")
    first, second = (request.sampling.get("seed") for request in model.requests)
    assert first != second


@simulated
async def test_the_second_try_goes_on_after_the_filler() -> None:
    game = heard()
    await game.take_turn(Model([3.0, "As an AI language model, I cannot."], ["Aye."]))
    assert (game.text, game.remembered) == ("Hm… Aye.", ["(nods) Hm… Aye."])


@simulated
async def test_a_model_that_gives_itself_away_twice_is_not_heard() -> None:
    game, model = heard(), Model(["As an AI language model, I cannot."])
    await game.take_turn(model)
    assert (game.text, game.end["reason"], game.end["code"]) == ("Ask me later.", "fallback", "out_of_character")
    assert len(model.requests) == 2


@simulated
async def test_a_model_that_gives_itself_away_in_mid_reply_trails_off() -> None:
    game, model = heard(), Model(["The mine? Well, ", "as an AI, I ", "cannot know."])
    await game.take_turn(model)
    assert (game.text, game.end["reason"], game.end["code"]) == ("The mine? Well,…", "failed", "out_of_character")
    assert model.stopped_at, "it is not paid for what nobody sees"


@simulated
async def test_the_reply_is_over_after_its_sentences_and_the_model_is_stopped() -> None:
    game, model = heard({"style": {"max_sentences": 2}}), Model(["One. Two", "! ", "Three. ", 5.0, "Four."])
    await game.take_turn(model)
    assert (game.text, game.end["reason"], game.messages[-1][0]) == ("One. Two!", "stop", 0.0)
    assert (game.remembered, model.stopped_at) == (["One. Two!"], [0.0])


@simulated
async def test_nobody_speaks_for_the_player() -> None:
    game = heard()
    await game.take_turn(Model(["Brom: Aye.\n", "Ada: And then?\nBrom: Then it fell."]))
    assert (game.text, game.remembered) == ("Aye.", ["Aye."])


@simulated
async def test_a_reply_that_only_repeats_is_asked_for_once_more_and_then_shown() -> None:
    game, model = heard(), Model(["The mine is closed since last spring."])
    for _ in range(2):
        await game.take_turn(model)
        assert game.text == "The mine is closed since last spring."
    assert len(model.requests) == 3


@simulated
async def test_actions_that_are_off_are_neither_shown_nor_remembered() -> None:
    game = heard({"style": {"actions": "off"}})
    await game.take_turn(Model(["(nods) Aye. (wav", "es) Go."]))
    assert [cue["reason"] for cue in game.of("cue")] == ["thinking"]
    assert game.remembered == ["Aye. Go."]


@simulated
async def test_the_npc_s_forbidden_words_are_not_shown_and_refused_in_character() -> None:
    game = heard({"fallback": {"unknown": "Hm.", "refusal": "Not that."}})
    game.talk.moderation = Moderation({"teen": Rating(npc=("bloody",))}, "teen")
    await game.take_turn(Model(["Bloo", "dy rain."]))
    assert (game.text, game.end["code"]) == ("Not that.", "moderated")
    await game.take_turn(Model(["What a bloo", "dy rain."]))
    assert game.text == "What a…"


@simulated
async def test_a_refusal_asks_no_model() -> None:
    game, model = heard({"fallback": {"unknown": "Hm.", "refusal": "Not that."}}), Model(["Aye."])
    await game.take_turn(model, "…", situation="refusal")
    assert (game.text, game.end["reason"], game.end["code"], model.requests) == ("Not that.", "fallback", "moderated", [])


@simulated
async def test_an_authored_line_is_said_as_it_is() -> None:
    game = heard({"style": {"max_sentences": 1, "actions": "off"}})
    await game.take_turn(Model(["no"]), cause="opening", line="Brom: One. Two. As an AI.")
    assert (game.text, game.of("cue")) == ("Brom: One. Two. As an AI.", [])


@simulated
async def test_a_late_model_may_follow_up() -> None:
    game = heard({"patience": BROM["patience"] | {"late": "follow_up"}})
    await game.take_turn(Model([NEVER]))
    assert game.talk.owes_follow_up
    await game.take_turn(Model([20.0, "It fell in."]), cause="continue", is_follow_up=True)
    assert (game.text, game.end["reason"], round(game.times[0][0], 3)) == ("It fell in.", "stop", 28.0)
    await game.take_turn(Model([NEVER]), cause="continue", is_follow_up=True)
    assert (game.text, game.end["reason"]) == ("", "failed"), "it has nothing to add"
    assert not game.talk.owes_follow_up or game.remembered[-1] == "It fell in."
