"""Games played from end to end: a real bridge that recites, a real engine, and what the player would have seen."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from godot.conftest import ROOT, BridgeProcess, GameProcess
from websockets.sync.server import ServerConnection, serve

Bridge = Callable[..., BridgeProcess]
Play = Callable[..., GameProcess]

CODECS = {"json": 0, "msgpack": 1}
TALK = 'lines = ["Hello there. (nods) Fine day (waves at you) is it not?"]'
GREETED: list[list[Any]] = [["start"], ["until", "opened"]]
SMITH: dict[str, Any] = {"id": "smith_01", "character": "smith"}
QUIET_SMITH = 'name = "Brom"\n'
FALLBACK = '[fallback]\nunknown = ["Hm."]\n'


def write_cast(folder: Path) -> None:
    """Characters beside a bridge: a smith who waits to be spoken to, and an innkeeper with an opening line."""
    characters = folder / "characters"
    characters.mkdir(parents=True)
    (characters / "smith.toml").write_text(QUIET_SMITH, encoding="utf-8")
    (characters / "innkeeper.toml").write_text('name = "Tilda"\nopening_line = "(waves) Welcome, traveller."\n', encoding="utf-8")
    events = '[rain_started]\ntext = "It starts to rain."\n[sword_drawn]\ntext = "{player} draws a sword."\nreact = true\n'
    (folder / "events.toml").write_text(events, encoding="utf-8")


@pytest.fixture(autouse=True)
def cast(tmp_path: Path) -> None:
    write_cast(tmp_path / "bridge")


@pytest.fixture(scope="module")
def talkative(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeProcess]:
    """One bridge for all tests that want no more of it than ``TALK``: each game has a session of its own."""
    folder = tmp_path_factory.mktemp("talkative")
    write_cast(folder)
    running = BridgeProcess(folder, TALK)
    yield running
    running.stop()


def where(bridge: BridgeProcess) -> dict[str, str]:
    return {"url": bridge.ready["url"], "token": bridge.ready["token"]}


def of(events: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    return [event for event in events if event["event"] in names]


def without_warnings(game: GameProcess) -> None:
    assert [line for line in game.printed if "WARNING" in line or "ERROR" in line] == []


@pytest.mark.parametrize("codec", CODECS)
def test_a_line_is_answered_with_text_and_each_cue_fires_at_its_place(talkative: BridgeProcess, play: Play, codec: str) -> None:
    game = play(
        [*GREETED, ["say", "Good day!"], ["until", "turn_ended"], ["until", "typed"]],
        **where(talkative),
        codec=CODECS[codec],
        npcs=[SMITH | {"speed": 60}],
    )
    events = game.finish()
    assert of(events, "turn_started", "turn_ended", "cue_reached", "typed") == [
        {"event": "turn_started", "npc": "smith_01", "turn": "t1", "cause": "say", "note": ""},
        {"event": "turn_ended", "npc": "smith_01", "turn": "t1", "reason": "stop", "text": "Hello there. Fine day is it not?"},
        {"event": "cue_reached", "npc": "smith_01", "clip": "nod", "action": "nods", "at": 12, "shown": 12},
        {"event": "cue_reached", "npc": "smith_01", "clip": "wave", "action": "waves at you", "at": 21, "shown": 21},
        {"event": "typed", "npc": "smith_01", "turn": "t1", "shown": "Hello there. Fine day is it not?"},
    ]
    assert [event["plays"] for event in of(events, "animation")] == ["nod", "wave"]
    without_warnings(game)


def test_a_cue_after_an_emoji_fires_at_its_place(bridge: Bridge, play: Play) -> None:
    line = "好剑！👋🏽 𝄞(nods) Indeed."
    game = play([*GREETED, ["say", "Look"], ["until", "typed"]], **where(bridge(f'lines = ["{line}"]')), npcs=[SMITH | {"speed": 60}])
    assert of(game.finish(), "cue_reached", "typed") == [
        {"event": "cue_reached", "npc": "smith_01", "clip": "nod", "action": "nods", "at": 7, "shown": 7},
        {"event": "typed", "npc": "smith_01", "turn": "t1", "shown": "好剑！👋🏽 𝄞 Indeed."},
    ]


def test_what_the_model_writes_is_never_markup(bridge: Bridge, play: Play) -> None:
    line = "[b]bold[/b] [img]res://icon.png[/img] [color=red]"
    game = play([*GREETED, ["say", "Hi"], ["until", "typed"]], **where(bridge(f'lines = ["{line}"]\nchunk_chars = 3')), npcs=[SMITH])
    assert of(game.finish(), "typed")[0]["shown"] == line
    without_warnings(game)


def test_an_opening_line_is_spoken_without_being_asked_for(talkative: BridgeProcess, play: Play) -> None:
    game = play([*GREETED, ["until", "typed"]], **where(talkative), npcs=[SMITH | {"character": "innkeeper"}])
    assert of(game.finish(), "turn_started", "cue_reached", "typed") == [
        {"event": "turn_started", "npc": "smith_01", "turn": "t1", "cause": "opening", "note": ""},
        {"event": "cue_reached", "npc": "smith_01", "clip": "wave", "action": "waves", "at": 0, "shown": 0},
        {"event": "typed", "npc": "smith_01", "turn": "t1", "shown": "Welcome, traveller."},
    ]


def test_an_event_is_in_the_note_of_the_next_turn_only(talkative: BridgeProcess, play: Play) -> None:
    steps = [["tell", "rain_started", {}, {}], ["say", "Hi"], ["until", "turn_ended"], ["say", "Again"], ["until", "turn_ended"]]
    game = play([*GREETED, *steps], **where(talkative), npcs=[SMITH])
    events = game.finish()
    notes = [event["note"] for event in of(events, "turn_started")]
    assert "It starts to rain." in notes[0]
    assert notes[1:] == [""]
    assert of(events, "done")[0]["waiting"] == 0


def test_an_event_may_make_the_npc_speak_by_itself(talkative: BridgeProcess, play: Play) -> None:
    steps = [["tell", "sword_drawn", {"player": "Ada"}, {"npc": "smith_01"}], ["until", "turn_ended"]]
    game = play([*GREETED, *steps], **where(talkative), npcs=[SMITH])
    (started,) = of(game.finish(), "turn_started")
    assert started["cause"] == "event"
    assert "Ada draws a sword." in started["note"]


def test_an_interrupted_npc_stops_at_once_and_its_later_cues_never_fire(bridge: Bridge, play: Play) -> None:
    script = 'lines = ["Once upon a time there was (nods) a king who (waves) reigned for a very long time.", "Yes?"]\ndelay_s = 0.02'
    steps = [["say", "A story!"], ["shown", 12], ["interrupt"], ["until", "turn_ended"], ["say", "Hey"], ["until", "typed", {"turn": "t2"}]]
    events = play([*GREETED, *steps], **where(bridge(script)), npcs=[SMITH | {"speed": 40}]).finish()
    (told,) = [event["message"] for event in of(events, "sent") if event["message"]["type"] == "interrupt"]
    ended, _ = of(events, "turn_ended")
    typed, after = of(events, "typed")
    assert ended["reason"] == "interrupted"
    assert told["at"] == len(typed["shown"])
    assert "Once upon a time there was a king".startswith(typed["shown"])
    assert of(events, "cue_reached") == []
    assert after["shown"] == "Yes?"


def test_a_bridge_that_is_killed_in_mid_turn_answers_that_line_anew_and_then_the_next(bridge: Bridge, play: Play) -> None:
    slow = 'lines = ["A long story that never comes to its end."]\ndelay_s = 0.3'
    first = bridge(slow, token="secret")
    steps = [["say", "Go on"], ["until", "turn_started"], ["until", "state", {"state": "ready"}]]
    game = play(
        [*GREETED, *steps, ["say", "And now?"], *[["until", "turn_ended", {"reason": "stop"}]] * 2, ["until", "typed"]],
        **where(first),
        npcs=[SMITH],
    )
    game.until("turn_started")
    first.kill()
    game.until("state", state="waiting")
    bridge(TALK, port=first.ready["port"], token="secret")
    events = game.finish()
    assert [event["reason"] for event in of(events, "turn_ended")] == ["lost", "stop", "stop"]
    assert [event["state"] for event in of(events, "state")][:3] == ["connecting", "ready", "waiting"]
    assert [event["code"] for event in of(events, "failed")] == ["connection_lost"]
    assert of(events, "typed")[-1]["shown"] == "Hello there. Fine day is it not?"


def test_what_was_told_without_a_bridge_arrives_once_there_is_one(bridge: Bridge, play: Play) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    tell = ["tell", "rain_started", {}, {}]
    steps = [["start"], ["until", "state", {"state": "waiting"}], tell, ["say", "Hi"], ["until", "turn_ended"]]
    game = play(steps, url=f"ws://127.0.0.1:{port}", token="t", npcs=[SMITH])
    lost = game.until("failed", code="connection_lost")
    assert lost["message"] == f"no bridge answers at ws://127.0.0.1:{port}; is 'npc-bridge serve' running? (trying again)"
    bridge(TALK, port=port, token="t")
    events = game.finish()
    (started,) = of(events, "turn_started")
    assert "It starts to rain." in started["note"]
    assert of(events, "done")[0]["waiting"] == 0


@pytest.mark.parametrize("codec", CODECS)
def test_2000_pieces_of_text_in_one_burst_arrive_without_loss(bridge: Bridge, play: Play, codec: str) -> None:
    line = " ".join(f"{number:03d}" for number in range(1000))
    steps = [["say", "Count"], ["freeze", 1500], ["until", "turn_ended"], ["skip"], ["until", "typed"]]
    game = play([*GREETED, *steps], **where(bridge(f'lines = ["{line}"]\nchunk_chars = 2')), codec=CODECS[codec], npcs=[SMITH])
    events = game.finish()
    (ended,) = of(events, "turn_ended")
    (done,) = of(events, "done")
    assert ended["text"] == line
    assert done["tally"]["text"] == 2000
    assert of(events, "typed")[0]["shown"] == line


def test_a_wrong_token_is_said_once_and_not_tried_again(bridge: Bridge, play: Play) -> None:
    running = bridge(TALK)
    game = play(
        [["start"], ["until", "state", {"state": "refused"}], ["pause", 1.0]], url=running.ready["url"], token="wrong", npcs=[SMITH]
    )
    events = game.finish()
    assert of(events, "failed") == [{"event": "failed", "code": "refused", "message": "the token is missing or wrong"}]
    assert of(events, "state")[:2] == [
        {"event": "state", "state": "connecting", "code": 0, "reason": ""},
        {"event": "state", "state": "refused", "code": 4001, "reason": "the token is missing or wrong"},
    ]


def test_a_bridge_of_another_protocol_is_refused_in_words(talkative: BridgeProcess, play: Play) -> None:
    game = play([["protocol", 7], ["start"], ["until", "state", {"state": "refused"}]], **where(talkative), npcs=[SMITH])
    events = game.finish()
    assert of(events, "state")[1] == {
        "event": "state",
        "state": "refused",
        "code": 4002,
        "reason": "this bridge speaks protocol 1, the game speaks 7",
    }


def test_an_unknown_character_is_told_to_its_npc_with_those_that_exist(talkative: BridgeProcess, play: Play) -> None:
    npcs = [SMITH | {"id": "a"}, SMITH | {"id": "b", "character": "nobody"}, SMITH | {"id": "c"}]
    game = play([["start"], ["until", "opened", {"npc": "c"}], ["say", "c", "Hi"], ["until", "turn_ended"]], **where(talkative), npcs=npcs)
    events = game.finish()
    (failed,) = of(events, "npc_failed")
    assert (failed["npc"], failed["code"]) == ("b", "unknown_character")
    assert failed["message"].endswith("there are: innkeeper, smith")
    assert [event["npc"] for event in of(events, "opened")] == ["a", "c"]


def test_a_message_that_is_too_large_costs_itself_only(talkative: BridgeProcess, play: Play) -> None:
    game = play([*GREETED, ["flood", 100_000], ["say", "Hi"], ["until", "turn_ended"]], **where(talkative), npcs=[SMITH])
    events = game.finish()
    (failed,) = of(events, "failed")
    assert failed["code"] == "message_too_large"
    assert failed["message"].endswith("the limit is 65536")


def test_garbage_from_a_save_file_is_answered_with_an_error(talkative: BridgeProcess, play: Play) -> None:
    steps = [["load", [1, 2, 3]], ["until", "failed"], ["say", "Hi"], ["until", "turn_ended"]]
    events = play([*GREETED, *steps], **where(talkative), npcs=[SMITH]).finish()
    assert len(of(events, "failed")) == 1


def test_a_clip_that_the_npc_does_not_have_is_reported_and_not_played(bridge: Bridge, play: Play) -> None:
    script = 'lines = ["Watch! (does a backflip) There."]'
    game = play([*GREETED, ["say", "Hi"], ["until", "typed"]], **where(bridge(script)), npcs=[SMITH])
    events = game.finish()
    assert of(events, "cue_unhandled", "animation") == [{"event": "cue_unhandled", "npc": "smith_01", "action": "does a backflip", "at": 6}]
    without_warnings(game)


def test_a_model_that_fails_is_told_and_the_npc_is_not_silent(bridge: Bridge, play: Play, tmp_path: Path) -> None:
    (tmp_path / "bridge/characters/smith.toml").write_text(QUIET_SMITH + FALLBACK, encoding="utf-8")
    script = 'fault = "unreachable"'
    events = play([*GREETED, ["say", "Hi"], ["until", "typed"]], **where(bridge(script)), npcs=[SMITH]).finish()
    assert of(events, "turn_ended")[0]["reason"] == "fallback"
    assert of(events, "typed")[0]["shown"] == "Hm."


def test_the_bridge_is_told_how_much_was_seen(bridge: Bridge, play: Play) -> None:
    script = 'lines = ["One two three four five six seven eight nine ten."]\ndelay_s = 0.1'
    game = play([*GREETED, ["say", "Hi"], ["until", "typed"]], **where(bridge(script)), npcs=[SMITH | {"speed": 20}])
    seen = [event["message"]["at"] for event in of(game.finish(), "sent") if event["message"]["type"] == "seen"]
    assert seen == sorted(set(seen))
    assert len(seen) >= 3
    assert seen[-1] == len("One two three four five six seven eight nine ten.")


class Stranger:
    """A bridge that misbehaves: garbage, then a gap; after that it resumes the session as a later version of the bridge would."""

    def __init__(self) -> None:
        self.hellos: list[dict[str, Any]] = []
        self.server = serve(self.talk, "127.0.0.1", 0, select_subprotocol=lambda _socket, offered: offered[0])
        self.url = f"ws://127.0.0.1:{self.server.socket.getsockname()[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def talk(self, socket: ServerConnection) -> None:
        hello = json.loads(socket.recv())
        self.hellos.append(hello)
        is_back = len(self.hellos) > 1
        about = {"protocol": 1, "session": "s1", "server": "stranger", "backend": "b", "model": "m", "max_message_bytes": 65536}
        socket.send(json.dumps({"type": "welcome", "resumed": is_back, "seq": 8 if is_back else 1} | about))
        if not is_back:
            socket.recv()
            socket.send(
                json.dumps(
                    {"type": "opened", "npc": "smith_01", "character": "smith", "name": "B", "language": "", "opening": False, "seq": 2}
                )
            )
            start = {"type": "turn_started", "npc": "smith_01", "turn": "t1", "cause": "say", "answers": [], "note": "", "seq": 3}
            socket.send(json.dumps(start))
            socket.send("this is not JSON")
            socket.send('{"type": "dance", "seq": 5}')
            self.say(socket, 0, "Hel", 6)
            self.say(socket, 5, "?", 9)
        else:
            self.say(socket, 0, "Hel", 6)
            self.say(socket, 3, "lo", 9)
            end = {"type": "turn_ended", "npc": "smith_01", "turn": "t1", "reason": "stop", "chars": 5, "total_ms": 1.0, "seq": 10}
            socket.send(json.dumps(end))
        for _message in socket:
            pass

    def say(self, socket: ServerConnection, at: int, text: str, seq: int) -> None:
        socket.send(json.dumps({"type": "text", "npc": "smith_01", "turn": "t1", "at": at, "text": text, "seq": seq}))


def test_garbage_costs_itself_and_a_gap_is_closed_by_resuming(play: Play) -> None:
    stranger = Stranger()
    try:
        game = play([*GREETED, ["until", "turn_ended"], ["until", "typed"]], stranger.url, npcs=[SMITH])
        events = game.finish()
    finally:
        stranger.server.shutdown()
        stranger.thread.join(5)
    assert [(hello.get("session"), hello.get("seq")) for hello in stranger.hellos] == [(None, None), ("s1", 6)]
    assert [event["code"] for event in of(events, "failed")] == ["unreadable", "unreadable", "messages_lost", "connection_lost"]
    assert of(events, "turn_ended") == [{"event": "turn_ended", "npc": "smith_01", "turn": "t1", "reason": "stop", "text": "Hello"}]


@pytest.fixture
def command(tmp_path: Path) -> str:
    """A command that is ``npc-bridge``, wherever this Python has it."""
    shim = tmp_path / "npc-bridge"
    shim.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m npc_bridge "$@"\n', encoding="utf-8")
    shim.chmod(0o755)
    return str(shim)


def started_by_the_game(command: str, folder: Path) -> dict[str, Any]:
    (folder / "script.toml").write_text(TALK, encoding="utf-8")
    arguments = ["--backend", "scripted", "--script", str(folder / "script.toml"), "--characters", str(folder / "bridge/characters")]
    return {
        "settings": {"autostart": True},
        "project": {"npc_bridge/bridge/command": command, "npc_bridge/bridge/arguments": arguments},
        "npcs": [SMITH],
    }


def test_the_game_starts_the_bridge_and_the_bridge_ends_with_the_game(play: Play, command: str, tmp_path: Path) -> None:
    game = play([*GREETED, ["pid"], ["say", "Hi"], ["until", "typed"]], **started_by_the_game(command, tmp_path))
    pid = game.until("pid")["pid"]
    assert psutil.pid_exists(pid)
    events = game.finish()
    assert [event["state"] for event in of(events, "state")] == ["starting", "connecting", "ready", "offline"]
    assert of(events, "typed")[0]["shown"] == "Hello there. Fine day is it not?"
    ends(pid)


def test_the_bridge_ends_when_the_game_crashes(play: Play, command: str, tmp_path: Path) -> None:
    game = play([*GREETED, ["pid"], ["until", "never"]], **started_by_the_game(command, tmp_path))
    pid = game.until("pid")["pid"]
    game.process.kill()
    ends(pid)


def test_a_bridge_that_the_game_started_and_that_dies_is_started_again(play: Play, command: str, tmp_path: Path) -> None:
    steps = [["pid"], ["until", "state", {"state": "ready"}], ["say", "Hi"], ["until", "turn_ended"]]
    game = play([["start"], ["until", "state", {"state": "ready"}], *steps], **started_by_the_game(command, tmp_path))
    psutil.Process(game.until("pid")["pid"]).kill()
    events = game.finish()
    states = [event["state"] for event in of(events, "state")]
    assert states == ["starting", "connecting", "ready", "waiting", "starting", "connecting", "ready", "offline"]
    assert of(events, "turn_ended")[0]["reason"] == "stop"


def test_a_command_that_is_not_there_is_said_with_what_to_do(play: Play, tmp_path: Path) -> None:
    plan = started_by_the_game("no-such-npc-bridge", tmp_path)
    events = play([["start"], ["until", "state", {"state": "refused"}], ["pause", 0.3]], **plan).finish()
    (failed,) = of(events, "failed")
    assert failed["code"] == "start_failed"
    assert failed["message"].startswith("the command 'no-such-npc-bridge' was not found. Install the bridge with: pip install npc-bridge")


def test_a_bridge_that_cannot_start_is_said_with_its_own_words(play: Play, command: str, tmp_path: Path) -> None:
    plan = started_by_the_game(command, tmp_path)
    plan["project"]["npc_bridge/bridge/arguments"] = ["--backend", "no_such_backend"]
    events = play([["start"], ["until", "state", {"state": "refused"}]], **plan).finish()
    (failed,) = of(events, "failed")
    assert failed["code"] == "start_failed"
    assert "no_such_backend" in failed["message"]


def ends(pid: int) -> None:
    """Wait for the end of this process; raises when it outlives 10 s."""
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(10)
