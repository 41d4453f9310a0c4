"""The command line as a person or a parent process uses it: real processes, real terminals' worth of text."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from npc_bridge.client import connect

COMMAND = [sys.executable, "-m", "npc_bridge"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("NPC_BRIDGE_")}


def npc_bridge(*words: str, cwd: Path, typed: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words],
        cwd=cwd,
        input=typed,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        env=ENVIRONMENT | {"PYTHONUTF8": "1"} | environment,
        check=False,
    )


@asynccontextmanager
async def serving(*words: str, cwd: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, Any]]]:
    """``npc-bridge serve`` as a game starts it; yields the process and its ready line."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "serve", "--port", "0", "--json", *words,
        cwd=cwd, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            line = await process.stdout.readline()
        yield process, json.loads(line)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def test_help_names_every_command(tmp_path: Path) -> None:
    text = npc_bridge("--help", cwd=tmp_path).stdout
    for command in ("demo", "serve", "chat", "check", "replay"):
        assert command in text
        assert npc_bridge(command, "--help", cwd=tmp_path).returncode == 0


def test_the_demo_plays_by_itself_and_shows_what_the_bridge_does(tmp_path: Path) -> None:
    played = npc_bridge("demo", "--script", "--backend", "scripted", cwd=tmp_path)
    assert played.returncode == 0, played.stderr
    for expected in ("Brom", "(nod) Evening", "event rain_started", "note: ", "first text after", "prompt tokens cached"):
        assert expected in played.stdout
    assert played.stdout.count("first text after") == 4
    assert played.stderr == ""


def test_the_demo_pulls_the_model_s_plug_and_the_smith_is_not_silent(tmp_path: Path) -> None:
    played = npc_bridge("demo", "--script", "--backend", "scripted", "--unplug-after", "1", cwd=tmp_path)
    assert played.returncode == 0, played.stderr
    shown = " ".join(played.stdout.split())
    assert "The model is unplugged." in shown
    codes = ("backend_timeout", "backend_lost", "backend_unreachable", "backend_timeout")
    assert shown.count("an authored line, because the model did not answer") == 3
    assert [code for code in shown.replace(":", "").split() if code in codes] == list(codes)
    assert shown.count("0.0 s thinks") == 4
    assert "1.5 s “" in shown
    assert "5.0 s “" in shown or "5.1 s “" in shown
    assert played.stderr == ""


def test_chat_takes_lines_and_commands(tmp_path: Path) -> None:
    typed = "Hello!\n/rain\nWell?\n/continue\n/event dragon_seen where=north !\n/who\n/dance\n/quit\n"
    chat = npc_bridge("chat", "mira", "--backend", "scripted", cwd=tmp_path, typed=typed)
    assert chat.returncode == 0, chat.stderr
    for expected in ("Talking with Mira", "It starts to rain outside.", "dragon seen", "north", "mira", "no command /dance"):
        assert expected in chat.stdout
    assert chat.stdout.count("first text after") == 4


def test_chat_with_a_character_file_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "greta.toml").write_text('name = "Greta"\nopening_line = "Mind the geese."\n', encoding="utf-8")
    chat = npc_bridge("chat", "greta.toml", "--backend", "scripted", cwd=tmp_path, typed="/quit\n")
    assert "Mind the geese." in chat.stdout, chat.stderr


def test_a_character_that_does_not_exist_is_one_clear_line(tmp_path: Path) -> None:
    chat = npc_bridge("chat", "nobody", "--backend", "scripted", cwd=tmp_path)
    assert chat.returncode == 1
    assert "there is no character 'nobody'" in chat.stderr
    assert "brom" in chat.stderr
    assert "Traceback" not in chat.stderr


def test_no_bridge_at_the_address_is_one_clear_line(tmp_path: Path) -> None:
    chat = npc_bridge("chat", "brom", "--url", "ws://127.0.0.1:9", cwd=tmp_path)
    assert chat.returncode == 1
    assert "npc-bridge serve" in chat.stderr


MISTAKES = {
    "a character": ("bo.toml", 'name = "Bo"\n\n[sampling]\ntemperature = 3.0\n', "bo.toml:4:", "temperature = 0.8"),
    "a misspelt key": ("bo.toml", 'name = "Bo"\nlangage = "en"\n', "bo.toml:2:", "language"),
    "events": ("events.toml", '[rain]\ntext = "It rains {how!r}."\n', "events.toml:2:", "{how}"),
    "settings": ("npc-bridge.toml", "[server]\nprot = 80\n", "npc-bridge.toml:2:", "port"),
    "a condition": ("bo.toml", 'name = "Bo"\n[knows]\nkey = { when = "quest = 2", text = "x" }\n', "bo.toml:3:", "=="),
    "scenarios": ("x.toml", '[[scenario]]\nname = "a"\n[[scenario.step]]\nsai = "Hello"\n', "x.toml:4:", "say"),
    "TOML itself": ("bo.toml", 'name = "Bo\n', "bo.toml:1", ""),
}


@pytest.mark.parametrize(("name", "text", "place", "remedy"), MISTAKES.values(), ids=MISTAKES)
def test_check_says_file_line_and_what_to_write_instead(tmp_path: Path, name: str, text: str, place: str, remedy: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    checked = npc_bridge("check", name, cwd=tmp_path)
    assert checked.returncode == 1
    assert place in checked.stdout
    assert remedy in checked.stdout


def test_check_points_out_a_flag_that_is_probably_misspelt(tmp_path: Path) -> None:
    flags = ("quest.cellar", "quest.cellar", "quest.celler")
    facts = "".join(f'fact{n} = {{ when = "{flag}", text = "x" }}\n' for n, flag in enumerate(flags))
    (tmp_path / "bo.toml").write_text(f'name = "Bo"\n[knows]\n{facts}', encoding="utf-8")
    checked = npc_bridge("check", "bo.toml", cwd=tmp_path)
    assert checked.returncode == 0
    assert "bo.toml: the flag 'quest.celler' is asked for only once; is it 'quest.cellar'?" in checked.stdout


def test_check_shows_the_prompt(tmp_path: Path) -> None:
    (tmp_path / "bo.toml").write_text('name = "Bo"\n[scene]\nscenario = "Bo sells bread."\n', encoding="utf-8")
    checked = npc_bridge("check", "--prompt", "bo.toml", cwd=tmp_path)
    assert checked.returncode == 0
    assert "You are Bo." in checked.stdout
    assert "Bo sells bread." in checked.stdout


def test_check_of_a_folder_checks_every_file_and_speaks_json_to_editors(tmp_path: Path) -> None:
    (tmp_path / "good.toml").write_text('name = "Bo"\n', encoding="utf-8")
    (tmp_path / "bad.toml").write_text("name = 3\n", encoding="utf-8")
    checked = npc_bridge("check", "--as-json", ".", cwd=tmp_path)
    [problem] = [json.loads(line) for line in checked.stdout.splitlines()]
    assert (problem["file"], problem["line"]) == ("bad.toml", 1)


def test_cues_says_what_an_action_plays_and_why(tmp_path: Path) -> None:
    (tmp_path / "bo.toml").write_text('name = "Bo"\n[clips]\nWave_Right_01 = ""\nnod = ""\n', encoding="utf-8")
    explained = npc_bridge("cues", "explain", "bo.toml", "waves at you", "nods", "about three miles", cwd=tmp_path).stdout.splitlines()
    assert "Wave_Right_01" in explained[0]
    assert "nod" in explained[1]
    assert "nothing" in explained[2]


def test_cues_scores_labelled_phrases(tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text(
        '{"lang": "en", "text": "nods", "gold": ["nod"], "accept": [], "kind": "action"}\n', encoding="utf-8"
    )
    scored = npc_bridge("cues", "score", "mine.jsonl", cwd=tmp_path)
    assert scored.returncode == 0, scored.stderr
    assert "1 phrases" in scored.stdout


async def test_a_parent_process_reads_one_ready_line_and_connects_with_it(tmp_path: Path) -> None:
    async with serving("--backend", "scripted", cwd=tmp_path) as (process, ready):
        assert {name: ready[name] for name in ("type", "pid", "backend")} == {"type": "ready", "pid": process.pid, "backend": "scripted"}
        async with connect(ready["url"], token=ready["token"]) as game:
            assert game.welcome.backend == "scripted"


async def test_the_bridge_ends_with_its_parent(tmp_path: Path) -> None:
    async with serving("--backend", "scripted", "--exit-with-parent", cwd=tmp_path) as (process, _):
        assert process.stdin is not None
        process.stdin.close()
        async with asyncio.timeout(5):
            assert await process.wait() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to one process there")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
async def test_a_signal_ends_the_bridge_and_its_model_within_a_second(tmp_path: Path, sent: signal.Signals) -> None:
    async with serving(cwd=tmp_path) as (process, ready):
        async with connect(ready["url"], token=ready["token"]) as game:
            npc = await game.open("smith", character="brom")
            turn = await npc.say("Tell me a long story.")
            async for _ in turn:
                break
            children = psutil.Process(process.pid).children(recursive=True)
            assert children, "the model runs in a process of its own"
            started = time.monotonic()
            process.send_signal(sent)
            await process.wait()
            taken_s = time.monotonic() - started
        psutil.wait_procs(children, timeout=1)
        assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
        assert taken_s < 2.0  # a second, and as much again for a busy machine
        assert process.stderr is not None
        assert b"Traceback" not in await process.stderr.read()


async def test_a_recorded_session_replays_the_same_without_a_model(tmp_path: Path) -> None:
    tape = tmp_path / "evening.tape.jsonl"
    async with (
        serving("--backend", "scripted", "--record", str(tape), cwd=tmp_path) as (_, ready),
        connect(ready["url"], token=ready["token"]) as game,
    ):
        npc = await game.open("smith", character="brom", clips=["nod", "smile"])
        await game.tell("rain_started")
        await (await npc.say("Good evening.")).done()
        cut = await npc.say("And then?")
        await cut.interrupt(3)
        await cut.done()
        await (await npc.say("Go on.")).done()
    text = tape.read_text(encoding="utf-8")
    assert all("t" in json.loads(line) for line in text.splitlines()), "every line has its time"
    assert ready["token"] not in text
    same = npc_bridge("replay", str(tape), cwd=tmp_path)
    assert same.returncode == 0, same.stdout + same.stderr
    assert "4 turns, all as it was" in same.stdout
    tape.write_text(text.replace('"clip": "nod"', '"clip": "bow"', 1), encoding="utf-8")
    other = npc_bridge("replay", str(tape), cwd=tmp_path)
    assert other.returncode == 1
    assert '"clip": "bow"' in other.stdout


async def test_what_is_said_is_never_in_the_log(tmp_path: Path) -> None:
    async with serving("--backend", "scripted", "--log-level", "info", cwd=tmp_path) as (process, ready):
        async with connect(ready["url"], token=ready["token"]) as game:
            npc = await game.open("smith", character="brom", player="Rumpelstiltskin")
            await game.tell("secret_told", {"secret": "swordfish"})
            turn = await npc.say("My password is swordfish.")
            await turn.done()
        process.terminate()
        assert process.stderr is not None
        log = (await process.stderr.read()).decode()
    assert "session" in log, "the log is on"
    for said in ("swordfish", "Rumpelstiltskin", "password", turn.text, ready["token"]):
        assert said not in log


def test_settings_come_from_file_then_environment_then_flags(tmp_path: Path) -> None:
    (tmp_path / "npc-bridge.toml").write_text('[backend]\nprofile = "ollama"\nmodel = "file"\n', encoding="utf-8")
    script = "from npc_bridge.config import load_settings as s; print(s().backend.model, s(backend={'model': 'flag'}).backend.model)"
    for environment, expected in (({}, "file flag"), ({"NPC_BRIDGE_BACKEND__MODEL": "env"}, "env flag")):
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=tmp_path, env=ENVIRONMENT | environment, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == expected


def test_a_wrong_setting_is_one_clear_message(tmp_path: Path) -> None:
    served = npc_bridge("serve", "--port", "0", cwd=tmp_path, NPC_BRIDGE_SERVER__MAX_CONNECTIONS="none")
    assert served.returncode == 1
    assert "server.max_connections" in served.stderr
    assert "Traceback" not in served.stderr


def test_a_port_in_use_is_one_clear_message(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        served = npc_bridge("serve", "--port", str(port), "--backend", "scripted", cwd=tmp_path)
    assert served.returncode == 1
    assert f"port {port}" in served.stderr
    assert "Traceback" not in served.stderr


ROWS_TYPED = """\
Good evening.
/regenerate
/candidates 3
/choose 2
/note "The cellar is open" since=spring
/event rain
Well?
/save one
And?
/load one
/load two
/flag quest.cellar=2
/hold
Are you there?
/release
/line "(nods) The mine is shut."
/group mira
Mira, what do you think?
/to brom And you?
/group
/stats
/forget
/quit
"""


def test_chat_has_a_command_for_all_that_a_game_can_do(tmp_path: Path) -> None:
    chat = npc_bridge("chat", "brom", "--backend", "scripted", cwd=tmp_path, typed=ROWS_TYPED)
    assert (chat.returncode, chat.stderr) == (0, "")
    place = 0
    for expected in (
        "Brom 1", "Brom 2", "Brom 3", "said: I see.", "read with the next reply", "The cellar is open · since: spring", "kept as one",
        "as it was when one was saved", "nothing was saved as two", "quest.cellar is 2", "everyone is silent", "heard; answered after",
        "The mine is shut.", "Brom, Mira are here", "Mira    ", "Brom    ", "only Brom is left", "session: turns", "never met you",
    ):  # fmt: skip
        assert expected in chat.stdout[place:], expected
        place = chat.stdout.index(expected, place)
