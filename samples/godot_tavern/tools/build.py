"""Draws the tavern: writes art/*.svg and puppets/*.tscn.

    python samples/godot_tavern/tools/build.py

The results are checked in; run this after changing what it draws or how somebody moves. tavern.tscn, the scene that all of it stands in,
is made by hand in the editor and never written by this.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import icons
import room
import things
from people import PEOPLE
from puppet import write_puppet
from svg import Box, Canvas

PROJECT = Path(__file__).parent.parent
_ICON: Box = (-16, -16, 32, 32)
PICTURES: dict[str, tuple[Box, float, Callable[[], Canvas]]] = {
    "room": ((0, 0, room.WIDTH, room.HEIGHT), 1.5, room.room),
    "door_frame": ((-88, -306, 176, 320), 1.5, things.door_frame),
    "door": ((-2, -284, 126, 288), 1.5, things.door),
    "window": ((-140, -122, 280, 232), 2, things.window),
    "town": ((-120, -120, 240, 124), 2, things.town),
    "bar": ((-8, -64, 372, 232), 1.5, things.bar),
    "barrels": ((-46, -106, 156, 122), 1.5, things.barrels),
    "barrel_table": ((-58, -116, 116, 122), 2, things.barrel_table),
    "table": ((-72, -126, 144, 132), 2, things.table),
    "stool": ((-36, -70, 72, 76), 2, things.stool),
    "logs": ((-62, -44, 130, 56), 2, things.logs),
    "lantern": ((-20, -4, 40, 64), 2, things.lantern),
    "bracket": ((-40, -22, 54, 58), 2, things.bracket),
    "wheel": ((-104, -4, 208, 100), 2, things.wheel),
    "clock": ((-44, -62, 88, 108), 2, things.clock),
    "clock_hand": ((-6, -26, 12, 36), 2, things.clock_hand),
    "flame": ((-6, -22, 12, 26), 3, things.flame),
    "rug": ((-196, -32, 392, 64), 1.5, things.rug),
    "shadow": ((-92, -24, 184, 48), 1, things.shadow),
    "coin": ((-12, -12, 24, 24), 3, things.coin),
    "icon_rain": (_ICON, 3, icons.icon(icons.rain)),
    "icon_sword": (_ICON, 3, icons.icon(icons.sword)),
    "icon_coin": (_ICON, 3, icons.icon(icons.purse)),
    "icon_barmaid": (_ICON, 3, icons.icon(icons.mug)),
    "icon_midnight": (_ICON, 3, icons.icon(icons.bell)),
    "emblem": (_ICON, 4, icons.icon(icons.emblem)),
}
"""What is drawn into art/: the part of the plane that is shown, pixels of the texture for each pixel of the game, and by whom."""


def build(project: Path = PROJECT) -> None:
    for folder in ("art", "puppets"):
        (project / folder).mkdir(parents=True, exist_ok=True)
    for name, (box, scale, draw) in PICTURES.items():
        (project / "art" / f"{name}.svg").write_text(draw().svg(box, scale), encoding="utf-8", newline="\n")
    for person in PEOPLE:
        sheet = person.sheet()
        sheet.write(project / "art" / f"{person.name}.svg")
        write_puppet(person, sheet, project / "puppets" / f"{person.name}.tscn")


if __name__ == "__main__":
    build()
