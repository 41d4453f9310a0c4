"""The sample tavern, played from end to end: the real scene in a real engine, and a real bridge that recites."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from godot.conftest import ADDON, ROOT, BridgeProcess, GameProcess, Project, complaints

from npc_bridge.cast import Cast

SAMPLE = ROOT / "samples/godot_tavern"
TAVERN = ROOT / "npc_bridge/tavern"
FAST: list[list[Any]] = [["speed", 400]]
MEETING: list[list[Any]] = [*FAST, ["until", "typed", {"guest": "Isolde"}]]
"""The player comes in, and the captain, who sits next to the door, has said her opening line."""

Rehearse = Callable[..., GameProcess]
Bridge = Callable[..., BridgeProcess]


@pytest.fixture(scope="module")
def tavern(godot: tuple[str, ...], environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the sample as ``play.py`` prepares it."""
    folder = tmp_path_factory.mktemp("tavern") / "project"
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns(".godot", "addons", "__pycache__"))
    shutil.copytree(ADDON / "addons", folder / "addons")
    project = Project(folder, godot, environment | {"NPC_BRIDGE_URL": "ws://127.0.0.1:9"})
    assert complaints(project.run("--import")) == []
    return project


@pytest.fixture
def rehearse(tavern: Project) -> Iterator[Rehearse]:
    """``rehearse(steps, bridge)`` plays the tavern by these steps; without a bridge it does not look for one."""
    games: list[GameProcess] = []

    def start(steps: list[list[Any]], bridge: BridgeProcess | None = None, language: str = "en") -> GameProcess:
        variables = {"NPC_BRIDGE_URL": bridge.ready["url"], "NPC_BRIDGE_TOKEN": bridge.ready["token"]} if bridge else {}
        command = tavern.command("--language", language, "-s", "res://tools/rehearsal.gd", "--", json.dumps(steps))
        process = subprocess.Popen(
            command if bridge else [*command, "--no-bridge"],
            env=tavern.environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        games.append(GameProcess(process))
        return games[-1]

    yield start
    for game in games:
        game.end()


@pytest.fixture(autouse=True)
def no_saved_game(environment: dict[str, str]) -> None:
    for file in Path(environment["XDG_DATA_HOME"]).glob("**/tavern.save"):
        file.unlink()


@pytest.fixture(autouse=True)
def cast(tmp_path: Path) -> None:
    """The tavern's characters and events where the bridge looks for them."""
    shutil.copytree(TAVERN, tmp_path / "bridge")
    for file in SAMPLE.glob("characters/*_zh.toml"):
        shutil.copy(file, tmp_path / "bridge/characters")


def of(events: list[dict[str, Any]], *names: str, **fields: Any) -> list[dict[str, Any]]:
    return [event for event in events if event["event"] in names and fields.items() <= event.items()]


def errors(game: GameProcess) -> list[str]:
    return complaints("\n".join(game.printed))


def test_a_typed_line_is_answered_and_the_guest_moves_where_the_letters_have_come_to(rehearse: Rehearse, bridge: Bridge) -> None:
    script = 'lines = ["Your papers. (frown) All of them, (point) on the table."]\nchunk_chars = 5'
    steps = [*MEETING, ["type", "Good evening, captain."], ["until", "typed", {"guest": "Isolde", "turn": "t2"}], ["until", "plays"]]
    game = rehearse([*steps, ["seconds", 2.6]], bridge(script))
    events = game.finish()
    assert of(events, "turn_started", "cue", "typed", guest="Isolde")[-4:] == [
        {"event": "turn_started", "guest": "Isolde", "turn": "t2", "cause": "say", "note": ""},
        {"event": "cue", "guest": "Isolde", "clip": "frown", "action": "frown", "at": 12, "shown": 12},
        {"event": "cue", "guest": "Isolde", "clip": "point", "action": "point", "at": 25, "shown": 25},
        {"event": "typed", "guest": "Isolde", "turn": "t2", "shown": "Your papers. All of them, on the table."},
    ]
    assert [event["animation"] for event in of(events, "plays")][:2] == ["look_around", "frown"]
    assert {event["guest"] for event in of(events, "cue")} == {"Isolde"}
    assert errors(game) == []


def test_what_happens_shows_in_the_room_and_in_the_notes_of_those_it_concerns(rehearse: Rehearse, bridge: Bridge) -> None:
    steps = [
        *MEETING,
        ["happen", "rain_started"],
        ["until", "turn_ended", {"guest": "Isolde"}],
        ["happen", "sword_drawn"],
        ["until", "turn_started", {"guest": "Mira", "cause": "event"}],
        ["until", "turn_started", {"guest": "Brom", "cause": "event"}],
    ]
    game = rehearse(steps, bridge('lines = ["(nod) Hm."]'))
    events = game.finish()
    assert of(events, "room") == [
        {"event": "room", "rain": True, "midnight": False, "armed": False, "barmaid": False},
        {"event": "room", "rain": True, "midnight": False, "armed": True, "barmaid": False},
    ]
    reactions = {event["guest"]: event["note"] for event in of(events, "turn_started", cause="event")}
    assert set(reactions) == {"Isolde", "Mira", "Brom"}
    assert all("draws a sword" in reactions[guest] and "starts to rain" in reactions[guest] for guest in ("Mira", "Brom"))
    first = of(events, "turn_started", cause="event", guest="Isolde")[0]
    assert "starts to rain" in first["note"]
    assert "sword" not in first["note"]
    assert errors(game) == []


def test_a_coin_is_noticed_by_the_nearest_guest_only(rehearse: Rehearse, bridge: Bridge) -> None:
    steps = [
        *MEETING,
        ["walk", 960],
        ["happen", "coin_given"],
        ["until", "turn_ended", {"guest": "Brom", "reason": "stop"}],
        ["seconds", 0.3],
    ]
    events = rehearse([*steps, ["happen", "barmaid_entered"], ["happen", "midnight"]], bridge('lines = ["(laughs) Thank you."]')).finish()
    (told,) = [event for event in of(events, "turn_started") if "gives you a silver coin" in event["note"]]
    assert (told["guest"], told["cause"]) == ("Brom", "event")
    assert of(events, "room")[-1] == {"event": "room", "rain": False, "midnight": True, "armed": False, "barmaid": True}


def test_a_guest_is_interrupted_by_escape_and_by_beginning_to_type(rehearse: Rehearse, bridge: Bridge) -> None:
    story = "Once upon a time there was a wall (point) and on it stood a guard (salute) all night."
    ask: list[list[Any]] = [
        ["speed", 40],
        ["say", "Tell me a story."],
        ["until", "types"],
        ["shown", "Isolde", 12],
    ]
    escape = [*ask, ["press", "Escape"], ["until", "typed", {"turn": "t2"}], ["seconds", 1]]
    typing = [*ask, ["type", "Wait"], ["until", "typed", {"turn": "t3"}], ["until", "typed", {"turn": "t4"}]]
    game = rehearse([*MEETING, *escape, *typing], bridge(f'lines = ["{story}", "{story}", "Yes?"]\ndelay_s = 0.07'))
    events = game.finish()
    shown = {event["turn"]: event["shown"] for event in of(events, "typed", guest="Isolde")}
    for turn in ("t2", "t3"):
        assert "Once upon a time there was a wall".startswith(shown[turn])
        assert of(events, "turn_ended", turn=turn)[0]["reason"] == "interrupted"
    assert of(events, "cue", clip="point") == []
    assert shown["t4"] == "Yes?"
    assert errors(game) == []


def test_a_bridge_that_is_killed_and_started_again_costs_one_turn(rehearse: Rehearse, bridge: Bridge) -> None:
    first = bridge('lines = ["A long story that never comes to its end."]\ndelay_s = 0.3', token="secret")
    steps = [*MEETING, ["say", "Go on"], ["until", "turn_started", {"cause": "say"}], ["until", "turn_ended", {"reason": "lost"}]]
    steps += [["until", "state", {"state": "ready"}], ["say", "And now?"], ["until", "turn_ended", {"reason": "stop"}]]
    game = rehearse([*steps, ["until", "typed", {"shown": "Where was I? Ah."}], ["seconds", 0.2]], first)
    game.until("turn_started", cause="say")
    first.kill()
    game.until("state", state="waiting")
    bridge('lines = ["Where was I? (nod) Ah."]', port=first.ready["port"], token="secret")
    events = game.finish()
    assert [event["state"] for event in of(events, "state")][-4:] == ["waiting", "connecting", "ready", "offline"]
    assert errors(game) == []


def test_going_back_to_the_saved_evening_unsays_what_was_said_since(rehearse: Rehearse, bridge: Bridge) -> None:
    script = 'lines = ["The first answer.", "The second answer.", "The third answer."]'
    say: list[list[Any]] = [["until", "typed", {"guest": "Isolde"}]]
    steps = [
        *[*MEETING, ["press", "F9"], ["announced", "Nothing is saved yet."]],
        *[["say", "First."], *say, ["press", "F5"], ["announced", "Saved."], ["memory", "Isolde"]],
        *[["walk", 500], ["happen", "midnight"], ["happen", "rain_started"], ["say", "Second."], *say, ["memory", "Isolde"]],
        *[["press", "F9"], ["announced", "Loaded."], ["memory", "Isolde"], ["say", "Third."], *say],
    ]
    game = rehearse(steps, bridge(script))
    events = game.finish()
    saved, since, loaded = of(events, "memory")
    assert saved == {"event": "memory", "guest": "Isolde", "lines": saved["lines"], "last": "The first answer."}
    assert since["lines"] > saved["lines"]
    assert loaded == saved
    before, after = of(events, "announced")[1:]
    assert after["room"] == before["room"] == {"rain": False, "midnight": False, "armed": False, "barmaid": False}
    assert after["x"] == before["x"]
    assert errors(game) == []


def test_a_saved_evening_goes_on_in_another_run_of_the_game(rehearse: Rehearse, bridge: Bridge) -> None:
    running = bridge('lines = ["The first answer.", "The second answer."]')
    heard: list[list[Any]] = [["until", "typed", {"guest": "Isolde"}]]
    rehearse([*MEETING, ["happen", "sword_drawn"], ["say", "First."], *heard, ["press", "F5"], ["announced", "Saved."]], running).finish()
    steps = [*MEETING, ["press", "F9"], ["announced", "Loaded."], ["memory", "Isolde"], ["seconds", 0.2]]
    game = rehearse(steps, running)
    events = game.finish()
    (memory,) = of(events, "memory")
    assert memory["lines"] >= 3
    assert of(events, "announced")[0]["room"]["armed"] is True
    assert errors(game) == []


def test_without_a_bridge_the_guests_speak_authored_lines_with_their_gestures(rehearse: Rehearse) -> None:
    steps = [
        *MEETING,
        ["type", "Thank you!"],
        ["until", "typed"],
        ["happen", "midnight"],
        ["until", "typed"],
        ["meet", "Mira"],
        ["until", "typed"],
        ["meet", "Brom"],
        ["until", "typed"],
    ]
    game = rehearse([*steps, ["gossip"], ["until", "typed"], ["until", "typed"]])
    events = game.finish()
    assert [(event["guest"], event["shown"]) for event in of(events, "typed")] == [
        ("Isolde", "Hands where I can see them. Good. Now you may order a drink."),
        ("Isolde", "It is what the town pays me for. Badly."),
        ("Isolde", "Midnight. Second watch. After this mug."),
        ("Mira", "Oh, a new face! Sit down before somebody dull takes the chair."),
        ("Brom", "Evening, traveller. I am Brom, the smith. Sit down, the ale is good."),
        ("Mira", "Brom, what rhymes with anvil?"),
        ("Brom", "Hm. Nothing. That is what I like about it."),
    ]
    assert [(event["clip"], event["at"], event["shown"]) for event in of(events, "cue")[:2]] == [("look_around", 0, 0), ("nod", 28, 28)]
    assert of(events, "state")[-1] == {"event": "state", "state": "offline"}
    assert errors(game) == []


def test_two_guests_talk_with_each_other_when_nobody_speaks(rehearse: Rehearse, bridge: Bridge) -> None:
    meet: list[list[Any]] = [["meet", "Mira"], ["meet", "Brom"], ["until", "typed"], ["until", "typed"], ["gossip"]]
    talk = [["until", "typed", {"guest": guest}] for guest in ("Mira", "Brom", "Mira", "Brom")]
    events = rehearse([*MEETING, *meet, *talk], bridge('lines = ["(nod) So they say."]')).finish()
    assert [(event["guest"], event["shown"]) for event in of(events, "typed")][3:] == [
        ("Mira", "Brom, what rhymes with anvil?"),
        ("Brom", "So they say."),
        ("Mira", "So they say."),
        ("Brom", "So they say."),
    ]


def test_the_chinese_evening_has_an_innkeeper_and_speaks_chinese(rehearse: Rehearse, bridge: Bridge) -> None:
    steps = [*FAST, ["until", "typed", {"guest": "Isolde"}], ["walk", 856], ["until", "typed", {"guest": "Wu"}], ["say", "有房吗？"]]
    events = rehearse(
        [*steps, ["until", "typed", {"guest": "Wu"}]], bridge('lines = ["（拨算盘）有。（笑）楼上请。"]'), language="zh"
    ).finish()
    assert [event["shown"] for event in of(events, "typed")] == [
        "手放在我看得见的地方。好，现在可以点酒了。",
        "客官里边请！外头雨大，先喝碗热茶暖暖身子。",
        "有。楼上请。",
    ]
    assert [event["clip"] for event in of(events, "cue", guest="Wu")] == ["bow", "count_coins", "smile"]


@pytest.mark.parametrize("guest", ["brom", "isolde", "mira", "wu"])
def test_every_puppet_can_do_what_its_character_file_lists_and_no_more(guest: str) -> None:
    scene = (SAMPLE / f"puppets/{guest}.tscn").read_text(encoding="utf-8")
    clips = set(re.findall(r'^resource_name = "(\w+)"', scene, re.MULTILINE)) - {"idle", "RESET"}
    cast = Cast(TAVERN / "characters", TAVERN / "events.toml")
    assert clips == {clip.name for clip in cast.find(guest).clips}
    assert len(clips) >= 16


def test_the_drawings_and_puppets_are_what_the_tools_make(tmp_path: Path) -> None:
    code = "import sys, pathlib; sys.path.insert(0, sys.argv[1]); import build; build.build(pathlib.Path(sys.argv[2]))"
    subprocess.run([sys.executable, "-c", code, str(SAMPLE / "tools"), str(tmp_path / "made")], check=True, timeout=60)
    made = {file.relative_to(tmp_path / "made"): file.read_text(encoding="utf-8") for file in tmp_path.glob("made/*/*") if file.is_file()}
    assert made == {name: (SAMPLE / name).read_text(encoding="utf-8") for name in made}
    assert len(made) > 30
