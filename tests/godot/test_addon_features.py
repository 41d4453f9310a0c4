"""What a game gets of the later features, from end to end: early cues, targets, other replies, groups, authored lines, saves, resuming."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from godot.conftest import BridgeProcess, GameProcess, Wire
from godot.test_sample_play import CODECS, GREETED, SMITH, of, where, without_warnings, write_cast

Bridge = Callable[..., BridgeProcess]
Play = Callable[..., GameProcess]

ANSWERED: list[list[Any]] = [["until", "turn_ended"], ["until", "typed"]]
FAST = SMITH | {"speed": 2000}


@pytest.fixture(autouse=True)
def cast(tmp_path: Path) -> None:
    write_cast(tmp_path / "bridge")


@pytest.fixture
def wire() -> Iterator[Callable[[BridgeProcess], Wire]]:
    """``wire(bridge)`` is a way to it that can be cut."""
    wires: list[Wire] = []

    def lay(bridge: BridgeProcess) -> Wire:
        wires.append(Wire(bridge.ready["port"]))
        return wires[-1]

    yield lay
    for each in wires:
        each.close()


def asked(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in event.items() if key != "event"} for event in of(events, "asked")]


# ── cues ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_clip_begins_while_its_action_is_still_being_written_and_is_not_begun_twice(bridge: Bridge, play: Play) -> None:
    script = 'lines = ["(nods very slowly and at great length) Yes."]\nchunk_chars = 2\ndelay_s = 0.05'
    game = play([*GREETED, ["say", "Well?"], *ANSWERED], **where(bridge(script)), npcs=[FAST])
    events = game.finish()
    early = [(event["clip"], event["state"]) for event in of(events, "cue_due") if event["reason"] != "thinking"]
    assert early == [("nod", "provisional"), ("nod", "confirmed")]
    assert [event["plays"] for event in of(events, "animation")] == ["nod"]
    (reached,) = of(events, "cue_reached")
    assert (reached["action"], reached["at"]) == ("nods very slowly and at great length", 0)
    without_warnings(game)


def test_the_npc_is_seen_to_think_until_the_first_words(bridge: Bridge, play: Play) -> None:
    script = 'lines = ["Well. (nods) Yes."]\nfirst_delay_s = 0.4'
    npc = FAST | {"clips": ["idle", "nod", "think"]}
    game = play([*GREETED, ["say", "Well?"], *ANSWERED], **where(bridge(script)), npcs=[npc])
    events = game.finish()
    (pose,) = of(events, "cue_due")
    assert (pose["clip"], pose["reason"]) == ("think", "thinking")
    assert [event["plays"] for event in of(events, "animation")] == ["think", "nod"]
    assert [event["clip"] for event in of(events, "cue_reached")] == ["nod"]
    without_warnings(game)


def test_the_body_turns_to_what_an_action_is_aimed_at(bridge: Bridge, play: Play) -> None:
    script = 'lines = ["(waves at the door) Come in! (nods towards the hearth) It is warm there."]'
    npc = FAST | {"targets": {"door": -300, "hearth": 300}}
    game = play([*GREETED, ["say", "May I?"], *ANSWERED], **where(bridge(script)), npcs=[npc])
    events = game.finish()
    assert [(event["target"], event["faces"]) for event in of(events, "aimed")] == [("door", -1.0), ("hearth", 1.0)]
    without_warnings(game)


# ── other replies ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_reply_in_other_words_takes_the_place_of_the_first(bridge: Bridge, play: Play) -> None:
    script = 'lines = ["The first try.", "The second try."]'
    game = play([*GREETED, ["say", "Hi"], *ANSWERED, ["regenerate"], *ANSWERED], **where(bridge(script)), npcs=[FAST])
    events = game.finish()
    assert [(event["cause"], event["turn"]) for event in of(events, "turn_started")] == [("say", "t1"), ("regenerate", "t2")]
    assert [event["shown"] for event in of(events, "typed")] == ["The first try.", "The second try."]
    without_warnings(game)


def test_one_of_several_replies_is_chosen_and_said(bridge: Bridge, play: Play) -> None:
    script = 'lines = ["First.", "One. (nods)", "Two. (waves)", "Three."]'
    steps = [["say", "Hi"], *ANSWERED, ["candidates", 2], ["until", "candidates"], ["choose", 1], ["until", "typed"]]
    game = play([*GREETED, *steps, ["say", "So?"], *ANSWERED], **where(bridge(script)), npcs=[FAST])
    events = game.finish()
    (offer,) = of(events, "candidates")
    assert sorted(text.strip() for text in offer["texts"]) == ["One.", "Two."]
    assert of(events, "typed")[1]["shown"].strip() == offer["texts"][1].strip()
    assert [event["reason"] for event in of(events, "turn_ended")] == ["stop", "stop", "stop"]
    assert len(of(events, "cue_reached")) == 1
    without_warnings(game)


# ── authored dialogue ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_held_npc_answers_what_waited_once_it_is_released(bridge: Bridge, play: Play) -> None:
    steps = [["hold"], ["say", "Hi"], ["pause", 0.4], ["release"], *ANSWERED]
    game = play([*GREETED, *steps], **where(bridge('lines = ["Where was I?"]')), npcs=[FAST])
    events = game.finish()
    released = next(event for event in of(events, "sent") if event["message"]["type"] == "release")
    (started,) = of(events, "turn_started")
    assert events.index(started) > events.index(released)
    assert of(events, "typed")[0]["shown"] == "Where was I?"
    assert of(events, "done")[0]["waiting"] == 0


def test_lines_of_an_authored_dialogue_are_remembered_while_nobody_may_speak(bridge: Bridge, play: Play) -> None:
    spoken = [["line", "Is Brom here?", "Ada", True], ["line", "I am. (nods)", "", True]]
    steps = [["hold"], *spoken, ["release"], ["leave"], ["say", "Good."], ["until", "opened"], *ANSWERED]
    game = play([*GREETED, *steps], **where(bridge('lines = ["Yes."]')), npcs=[FAST])
    events = game.finish()
    assert [event["remembered"] for event in of(events, "opened")] == [0, 2]
    assert [event["cause"] for event in of(events, "turn_started")] == ["say"]
    without_warnings(game)


def test_an_authored_line_is_said_with_its_gestures(bridge: Bridge, play: Play) -> None:
    game = play([*GREETED, ["line", "(waves) Word for word.", "", False], *ANSWERED], **where(bridge('lines = ["No."]')), npcs=[FAST])
    events = game.finish()
    assert [event["cause"] for event in of(events, "turn_started")] == ["line"]
    assert of(events, "typed")[0]["shown"] == "Word for word."
    assert [event["clip"] for event in of(events, "cue_reached")] == ["wave"]
    without_warnings(game)


def test_an_exit_is_reached_when_its_conditions_hold_and_not_before(bridge: Bridge, play: Play, tmp_path: Path) -> None:
    exits = '[exits]\ntrade_opened = { description = "the player wants to buy", when = "trust >= 2" }\n'
    (tmp_path / "bridge/characters/smith.toml").write_text('name = "Brom"\n' + exits, encoding="utf-8")
    script = 'lines = ["Look around. (exit: trade_opened)"]'
    steps = [["say", "Show me"], *ANSWERED, ["flags", {"trust": 2}], ["say", "Show me"], *ANSWERED]
    game = play([*GREETED, *steps], **where(bridge(script)), npcs=[FAST])
    events = game.finish()
    assert [event["shown"].strip() for event in of(events, "typed")] == ["Look around.", "Look around."]
    (taken,) = of(events, "exit")
    assert taken["exit"] == "trade_opened"
    assert events.index(taken) > events.index(of(events, "turn_ended")[0])


# ── saves, loads, resuming ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("codec", CODECS)
def test_going_back_to_a_save_unsays_what_was_said_since(bridge: Bridge, play: Play, codec: str) -> None:
    script = 'lines = ["The first.", "The second, which is long enough to be cut in the middle of it."]\ndelay_s = 0.05'
    steps = [["say", "One"], *ANSWERED, ["save"], ["say", "Two"], ["shown", 5], ["go_back"], ["say", "Three"], ["until", "typed"]]
    game = play([*GREETED, *steps], **where(bridge(script)), codec=CODECS[codec], npcs=[SMITH | {"speed": 60}])
    events = game.finish()
    saved, loaded = asked(events)
    assert saved["saved"] > 50
    assert loaded == {"loaded": True}
    assert [event["reason"] for event in of(events, "turn_ended")][:2] == ["stop", "loaded"]
    assert of(events, "rewound") == [{"event": "rewound", "npc": "smith_01", "label": ""}]
    without_warnings(game)


def test_a_save_can_be_kept_by_the_bridge_under_a_name(bridge: Bridge, play: Play) -> None:
    steps = [["say", "One"], *ANSWERED, ["save_slot", "quick"], ["say", "Two"], *ANSWERED, ["load_slot", "quick"]]
    events = play([*GREETED, *steps], **where(bridge('lines = ["Yes."]')), npcs=[FAST]).finish()
    assert asked(events)[-1] == {"loaded": True}


def test_a_save_that_is_none_is_refused_in_words_and_all_goes_on(bridge: Bridge, play: Play) -> None:
    steps = [["go_back"], ["load_slot", "never"], ["say", "Hi"], *ANSWERED]
    events = play([*GREETED, *steps], **where(bridge('lines = ["Yes."]')), npcs=[FAST]).finish()
    assert asked(events) == [{"loaded": False}, {"loaded": False}]
    assert [event["code"] for event in of(events, "failed")] == ["bad_message", "bad_save"]
    assert of(events, "typed")[0]["shown"] == "Yes."


def test_a_player_can_be_forgotten(bridge: Bridge, play: Play) -> None:
    steps = [["say", "One"], *ANSWERED, ["forget", "", "Ada"]]
    events = play([*GREETED, *steps], **where(bridge('lines = ["Yes."]')), npcs=[FAST]).finish()
    (gone,) = asked(events)
    assert gone["forgotten"]["conversations"] == 1
    assert gone["forgotten"]["lines"] == 2


@pytest.mark.parametrize("codec", CODECS)
def test_a_reply_goes_on_in_mid_sentence_when_the_connection_was_cut(
    bridge: Bridge, play: Play, wire: Callable[[BridgeProcess], Wire], codec: str
) -> None:
    line = " ".join(f"{number:02d}" for number in range(60))
    running = bridge(f'lines = ["{line}", "And now?"]\nchunk_chars = 3\ndelay_s = 0.03')
    way = wire(running)
    steps = [["say", "Count"], ["shown", 12], ["pause", 0.01], *ANSWERED, ["say", "Go on"], *ANSWERED]
    game = play([*GREETED, *steps], url=way.url, token=running.ready["token"], codec=CODECS[codec], npcs=[FAST])
    game.until("turn_started")
    way.cut()
    events = game.finish()
    assert [event["reason"] for event in of(events, "turn_ended")] == ["stop", "stop"]
    assert [event["shown"] for event in of(events, "typed")] == [line, "And now?"]
    assert [event["state"] for event in of(events, "state")] == ["connecting", "ready", "waiting", "connecting", "ready", "offline"]
    assert len(of(events, "opened")) == 1
    assert len(of(events, "turn_started")) == 2


def test_an_npc_that_comes_while_the_connection_is_down_is_there_afterwards(
    bridge: Bridge, play: Play, wire: Callable[[BridgeProcess], Wire]
) -> None:
    running = bridge('lines = ["Yes."]')
    way = wire(running)
    steps = [["until", "state", {"state": "waiting"}], ["leave"], ["say", "Anyone?"], *ANSWERED]
    game = play([*GREETED, *steps], url=way.url, token=running.ready["token"], npcs=[FAST])
    game.until("opened")
    way.cut()
    events = game.finish()
    assert len(of(events, "opened")) == 2
    assert of(events, "npc_failed") == []
    assert of(events, "typed")[0]["shown"] == "Yes."


def test_a_bridge_that_was_started_again_goes_on_with_what_was_said(bridge: Bridge, play: Play) -> None:
    first = bridge('lines = ["Slow."]\ndelay_s = 0.2', token="secret")
    steps = [["say", "One"], *ANSWERED, ["until", "state", {"state": "ready"}], ["until", "opened"], ["say", "Two"], *ANSWERED]
    game = play([*GREETED, *steps], **where(first), npcs=[FAST])
    game.until("typed")
    first.kill()
    game.until("state", state="waiting")
    bridge('lines = ["Again."]', port=first.ready["port"], token="secret")
    events = game.finish()
    assert [event["shown"] for event in of(events, "typed")] == ["Slow.", "Again."]
    assert [event["remembered"] for event in of(events, "opened")] == [0, 2]


# ── figures ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_stats_say_which_actions_have_no_clip(bridge: Bridge, play: Play) -> None:
    steps = [["say", "Hi"], *ANSWERED, ["stats"]]
    game = play([*GREETED, *steps], **where(bridge('lines = ["(polishes a mug) Hm."]')), npcs=[FAST])
    (figures,) = asked(game.finish())
    assert figures["stats"]["session"]["turns"] == 1
    (row,) = figures["stats"]["unmapped"]
    assert (row["character"], row["action"], row["count"]) == ("smith", "polishes a mug", 1)


# ── several at one table ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_gathered_group_is_spoken_to_and_answers_by_whom_its_director_chooses(bridge: Bridge, play: Play, tmp_path: Path) -> None:
    for name in ("Brom", "Mira"):
        (tmp_path / f"bridge/characters/{name.lower()}.toml").write_text(f'name = "{name}"\n', encoding="utf-8")
    npcs = [{"id": "smith", "character": "brom", "label": False}, {"id": "bard", "character": "mira", "label": False}]
    opened: list[list[Any]] = [["start"], ["until", "opened", {"npc": "smith"}], ["until", "opened", {"npc": "bard"}]]
    gather = ["gather", "table", ["smith", "bard"], {"max_npc_turns": 1}]
    steps = [gather, ["say_to", "table", "Mira, a song?"], ["until", "turn_ended"], ["until", "turn_ended"], ["disperse", "table"]]
    game = play([*opened, *steps], **where(bridge('lines = ["So be it."]')), npcs=npcs)
    events = game.finish()
    assert asked(events) == [{"gathered": True}, {"dispersed": True}]
    speakers = [event["npc"] for event in of(events, "turn_started")]
    assert speakers[0] == "bard"
    assert set(speakers) <= {"smith", "bard"}
    assert of(events, "done")[0]["waiting"] == 0
    without_warnings(game)


def test_a_note_is_read_in_the_next_reply_and_in_no_other(bridge: Bridge, play: Play) -> None:
    steps = [["note", "The bridge is closed."], ["say", "Hi"], *ANSWERED, ["say", "And?"], *ANSWERED]
    events = play([*GREETED, *steps], **where(bridge('lines = ["Yes."]')), npcs=[FAST]).finish()
    notes = [event["note"] for event in of(events, "turn_started")]
    assert "The bridge is closed." in notes[0]
    assert notes[1:] == [""]
