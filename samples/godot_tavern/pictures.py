"""Takes the pictures of docs/images/: plays moments of the evening in a real engine and photographs them.

    python samples/godot_tavern/pictures.py [NAME …]

Run by hand. Needs Godot as play.py finds it, on a machine without a screen Debian's ``xvfb xauth libgl1 libgl1-mesa-dri``, for the Chinese
picture ``fonts-noto-cjk``, and ``pngquant`` to make the files small. The words come from a bridge that recites, so that every run says the
same; everything else is what a player sees.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from play import PROJECT, ROOT, RunningBridge, find_godot, prepare

IMAGES = ROOT / "docs" / "images"
MAX_BYTES = 400_000
TIMEOUT_S = 240

Steps = list[list[Any]]
ARRIVED: Steps = [["until", "types", {"guest": "Isolde"}]]
MET: Steps = [["until", "typed", {"guest": "Isolde"}]]


@dataclass(frozen=True)
class Moment:
    """What is played before the picture is taken, and what the bridge recites, by what was heard."""

    steps: Steps
    answers: dict[str, tuple[str, ...]]
    size: str = "1280x720"
    language: str = "en"


MOMENTS = {
    "arrival": Moment(
        [*MET, ["walk", 236], ["turn", False], ["say", "Good evening. Is there a seat by the fire?"],
         ["until", "types", {"guest": "Isolde"}], ["shown", "Isolde", 40], ["picture", "FILE"]],
        {"seat": ("(salute) Welcome to the Salted Pony, traveller. (nod) Keep your sword where it is.",)},
    ),
    "rain": Moment(
        [*MET, ["walk", 516], ["until", "typed", {"guest": "Mira"}], ["seconds", 1.0], ["turn", False], ["happen", "rain_started"],
         ["until", "types", {"guest": "Mira"}], ["shown", "Mira", 66], ["say", "Play us something for the weather!"], ["seconds", 0.5],
         ["picture", "FILE"]],
        {"starts to rain": ("(play lute) Rain on the roof and rhymes by the fire! (smile) Now nobody can leave before my third verse.",)},
    ),
    "sword": Moment(
        [["speed", 200], *MET, ["meet", "Mira"], ["meet", "Brom"], ["until", "typed", {"guest": "Brom"}], ["walk", 812], ["turn", True],
         ["seconds", 6.5], ["speed", 40], ["happen", "sword_drawn"], ["until", "types", {"guest": "Brom"}], ["shown", "Brom", 38],
         ["seconds", 0.25], ["picture", "FILE"]],
        {"draws a sword": (
            "(hand on sword) Put that away, traveller. (frown) I warn once, and that was it.",
            "(gasp) A blade! Hold that pose, I need it for the third verse!",
            "(retreat) Easy with that, lad! I know good steel when it points at me.")},
    ),
    "coin": Moment(
        [["speed", 200], *MET, ["walk", 826], ["turn", False], ["until", "typed", {"guest": "Brom"}],
         ["until", "typed", {"guest": "Mira"}], ["seconds", 5.6], ["speed", 40], ["happen", "coin_given"],
         ["until", "turn_started", {"cause": "event"}], ["happen", "coin_given"], ["seconds", 0.95], ["picture", "FILE"]],
        {"silver coin": ("(laughs) A silver coin, for an old smith? You are too kind! (raises his mug) Then the next round is mine.",)},
    ),
    "midnight": Moment(
        [["speed", 200], *MET, ["walk", 516], ["turn", False], ["until", "typed", {"guest": "Mira"}], ["meet", "Brom"],
         ["until", "typed", {"guest": "Brom"}], ["speed", 40], ["happen", "barmaid_entered"], ["seconds", 3.6],
         ["happen", "midnight"], ["seconds", 2.6], ["picture", "FILE"]],
        {"midnight": ("(look around) The hour of ghosts and encores! (play lute) Which shall it be?",),
         "barmaid": ("(smile) Over here, Tess! On the mayor's account.",)},
        size="1920x1080",
    ),
    "chinese": Moment(
        [["speed", 200], *MET, ["walk", 856], ["until", "typed", {"guest": "Wu"}], ["turn", False], ["seconds", 5.5], ["speed", 30],
         ["happen", "rain_started"], ["seconds", 1.6], ["say", "掌柜的，楼上还有房吗？"], ["until", "types", {"guest": "Wu", "turn": "t4"}],
         ["shown", "Wu", 9], ["picture", "FILE"]],
        {"房": ("（拨算盘）有，楼上最后一间，不漏雨。（压低声音）隔壁打呼噜，您多担待。",), "下起了雨": ("（点头）嗯。",)},
        language="zh",
    ),
}  # fmt: skip


def script_of(moment: Moment) -> str:
    """What the scripted backend is to say, as its TOML file."""
    rules = "".join(f"[[rules]]\nwhen = {json.dumps(when, ensure_ascii=False)}\nlines = {json.dumps(lines, ensure_ascii=False)}\n"
                    for when, lines in moment.answers.items())  # fmt: skip
    return f'lines = ["(nod) Hm."]\nfirst_delay_s = 0.18\ndelay_s = 0.01\nchunk_chars = 5\n{rules}'


def take(name: str, moment: Moment, godot: list[str], folder: Path) -> Path:
    """Play the moment and give the picture, as the engine wrote it."""
    file, script = folder / f"{name}.png", folder / f"{name}.toml"
    script.write_text(script_of(moment), encoding="utf-8")
    steps = json.dumps(moment.steps).replace("FILE", file.as_posix())
    screen = ["xvfb-run", "-a", "-s", f"-screen 0 {moment.size}x24"] if shutil.which("xvfb-run") and not os.environ.get("DISPLAY") else []
    game = [
        *screen,
        *godot,
        "--path",
        str(PROJECT),
        "--rendering-driver",
        "opengl3",
        "--audio-driver",
        "Dummy",
        "--resolution",
        moment.size,
    ]
    game += ["--language", moment.language, "-s", "res://tools/rehearsal.gd", "--", steps]
    with RunningBridge(["--backend", "scripted", "--script", str(script)]) as address:
        done = subprocess.run(game, env=os.environ | address, timeout=TIMEOUT_S, capture_output=True, encoding="utf-8", check=False)
    if done.returncode or not file.is_file():
        sys.exit(f"{name} could not be played:\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}")
    return file


def shrink(file: Path, target: Path) -> None:
    """Write the picture with as few colours as it takes to be small."""
    for colours in (["256"], ["--nofs", "256"], ["--nofs", "160"], ["--nofs", "96"]):
        command = ["pngquant", "--force", "--speed", "1", "--output", str(target), *colours, str(file)]
        if subprocess.run(command, check=False).returncode == 0 and target.stat().st_size <= MAX_BYTES:
            return
    sys.exit(f"{target} has {target.stat().st_size} bytes, the limit is {MAX_BYTES}")


def main() -> None:
    godot = find_godot()
    prepare(godot)
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in sys.argv[1:] or MOMENTS:
            shrink(take(name, MOMENTS[name], godot, Path(folder)), IMAGES / f"godot_{name}.png")
            sys.stdout.write(f"{name}: {(IMAGES / f'godot_{name}.png').stat().st_size} bytes\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
