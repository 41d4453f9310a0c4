"""The room itself; what stands in it is in things.py. A generator with a fixed seed draws the detail, so every build is the same."""

# fmt: off: tables of places read better in rows than with one number on each line.

from __future__ import annotations

import math
import random

from parts import mug
from svg import INK, Box, Canvas, Point, dark, light, mix

WIDTH, HEIGHT, FLOOR = 1440.0, 720.0, 508.0
WOOD, TIMBER, PLASTER, STONE = "#8a5a36", "#54341f", "#c29a6b", "#8d8378"


def wobble(chance: random.Random, points: list[Point], by: float) -> list[Point]:
    return [(point[0] + chance.uniform(-by, by), point[1] + chance.uniform(-by, by), *point[2:]) for point in points]  # type: ignore[misc]


def grain(
    c: Canvas, chance: random.Random, x: float, y: float, w: float, h: float, colour: str, count: int, *, upright: bool = False
) -> None:
    """Lines that run along a piece of wood."""
    for _ in range(count):
        if upright:
            at, start = x + chance.uniform(2, w - 2), y + chance.uniform(0, h * 0.5)
            c.line(
                [(at, start), (at + chance.uniform(-2, 2), start + h * 0.2), (at, start + h * chance.uniform(0.25, 0.5))], colour, 1.2, 0.45
            )
        else:
            at, start = y + chance.uniform(2, h - 2), x + chance.uniform(0, w * 0.6)
            c.line(
                [(start, at), (start + w * 0.15, at + chance.uniform(-1.5, 1.5)), (start + w * chance.uniform(0.2, 0.4), at)],
                colour,
                1.2,
                0.45,
            )


def plank(c: Canvas, chance: random.Random, x: float, y: float, w: float, h: float, colour: str, *, upright: bool = False) -> None:
    tone = mix(colour, chance.choice(["#2a1a1c", "#d9a066", "#7a4a3a"]), chance.uniform(0.02, 0.14))
    c.box(x, y, w, h, c.fade(light(tone, 0.08), tone, dark(tone, 0.18), across=upright), ink=dark(colour, 0.55), width=1.6)
    grain(c, chance, x, y, w, h, dark(tone, 0.35), max(2, int((h if upright else w) / 45)), upright=upright)


def beam(c: Canvas, chance: random.Random, x: float, y: float, w: float, h: float, *, upright: bool = False) -> None:
    c.box(x, y, w, h, c.fade(light(TIMBER, 0.16), TIMBER, dark(TIMBER, 0.4), across=upright), width=2.4)
    grain(c, chance, x, y, w, h, dark(TIMBER, 0.5), int((h if upright else w) / 26), upright=upright)


def room() -> Canvas:
    """Walls, floor, ceiling, hearth, shelves: all that never moves and stands behind everybody."""
    c, chance = Canvas(), random.Random(7)
    _wall(c, chance)
    _floor(c, chance)
    _hearth(c, chance)
    _shelves(c, chance)
    _pictures(c, chance)
    _ceiling(c, chance)
    return c


def _wall(c: Canvas, chance: random.Random) -> None:
    c.box(-10, -10, WIDTH + 20, FLOOR + 20, c.fade(dark(PLASTER, 0.5), PLASTER, dark(PLASTER, 0.12)), ink="")
    for _ in range(150):
        x, y = chance.uniform(0, WIDTH), chance.uniform(50, 400)
        c.oval(
            x, y, chance.uniform(14, 60), chance.uniform(6, 22), chance.choice(["#7a5a3c", "#e6c89a"]), opacity=chance.uniform(0.04, 0.12)
        )
    for _ in range(16):
        x, y = chance.uniform(20, WIDTH), chance.uniform(70, 360)
        c.line([(x, y), (x + chance.uniform(-12, 12), y + 14), (x + chance.uniform(-18, 18), y + 30)], dark(PLASTER, 0.5), 1.3, 0.5)
    for x in (22, 196, 408, 622, 938, 1112):
        beam(c, chance, x, 40, 20, 370, upright=True)
    for x0, x1 in ((216, 408), (642, 700)):
        c.path(f"M{x0} 84L{x1} 60v22L{x0} 106Z", dark(TIMBER, 0.1), INK, 2)
    x = 0.0
    while x < WIDTH:
        w = chance.uniform(24, 34)
        plank(c, chance, x, 408, w, FLOOR - 408, mix(WOOD, TIMBER, 0.35), upright=True)
        x += w
    beam(c, chance, -10, 398, WIDTH + 20, 14)
    beam(c, chance, -10, FLOOR - 12, WIDTH + 20, 14)


def _floor(c: Canvas, chance: random.Random) -> None:
    c.box(-10, FLOOR, WIDTH + 20, HEIGHT - FLOOR + 10, "#3a2418", ink="")
    y, h = FLOOR, 13.0
    while y < HEIGHT:
        x = -chance.uniform(0, 200)
        while x < WIDTH:
            w = chance.uniform(150, 320)
            plank(c, chance, x, y, w, h, mix("#7d4f30", "#5a3622", (y - FLOOR) / 260))
            for end in (x + 6, x + w - 6):
                c.oval(end, y + h / 2, 1.6, 1.2, "#2a1a16", opacity=0.8)
            x += w
        y, h = y + h, h * 1.24
    c.box(-10, FLOOR, WIDTH + 20, 46, c.fade("#12090eaa", "#12090e00"), ink="")


def _stones(c: Canvas, chance: random.Random, x0: float, y0: float, x1: float, y1: float, row: float, *, hole: Box | None = None) -> None:
    """A wall of stones; none in the hole."""
    c.box(x0, y0, x1 - x0, y1 - y0, "#40352f", ink=INK, width=2.6)
    y, index = y0 + 1.5, 0
    while y < y1 - 5:
        x = x0 - (index % 2) * chance.uniform(8, 24)
        h = min(row, y1 - y - 1)
        while x < x1:
            w = chance.uniform(row * 1.1, row * 2.1)
            left, right = max(x, x0) + 1.5, min(x + w, x1) - 1.5
            if hole and left < hole[0] + hole[2] and right > hole[0] and y + h > hole[1]:
                left, right = (left, min(right, hole[0] - 1)) if left < hole[0] else (max(left, hole[0] + hole[2] + 1), right)
            if right - left > 7:
                tone = mix(STONE, chance.choice(["#6a5a4c", "#a89a86", "#74727c"]), chance.uniform(0, 0.5))
                corners: list[Point] = [
                    (left + 2, y + 2),
                    (right - 2, y + 2),
                    (right - 1, y + h / 2),
                    (right - 2, y + h - 3),
                    (left + 2, y + h - 3),
                    (left + 1, y + h / 2),
                ]
                c.shape(wobble(chance, corners, 1.2), c.fade(light(tone, 0.16), tone, dark(tone, 0.3)), ink="#2e2420", width=1.5)
            x += w
        y, index = y + row, index + 1


def _hearth(c: Canvas, chance: random.Random) -> None:
    _stones(c, chance, 706, 46, 894, 356, 24)
    _stones(c, chance, 672, 366, 928, FLOOR + 14, 25, hole=(718, 404, 164, 200))
    c.shape(
        [(718, FLOOR + 12, "c"), (718, 440, "c"), (736, 412), (800, 398), (864, 412), (882, 440, "c"), (882, FLOOR + 12, "c")],
        c.fade("#120a0a", "#2a130c"),
        width=3,
    )
    for y in (430, 456, 482):
        c.line([(728, y), (872, y)], "#4a2416", 1.4, 0.5)
    for index in range(9):
        angle = math.pi * (0.03 + 0.94 * index / 8)
        x, y = 800 - 90 * math.cos(angle), 452 - 50 * math.sin(angle)
        tone = mix(STONE, "#a89a86", chance.uniform(0.1, 0.6))
        c.body.append(f'<g transform="translate({x:.1f} {y:.1f}) rotate({math.degrees(angle) - 90:.1f})">')
        c.shape([(-13, -13), (13, -13), (11, 12), (-11, 12)], c.fade(light(tone, 0.15), dark(tone, 0.2)), ink="#2e2420", width=1.8)
        c.body.append("</g>")
    beam(c, chance, 656, 350, 288, 22)
    c.box(664, 372, 14, 20, dark(TIMBER, 0.2))
    c.box(922, 372, 14, 20, dark(TIMBER, 0.2))
    _stones(c, chance, 660, FLOOR + 10, 940, FLOOR + 30, 19)
    for x, scale in ((690, 0.8), (712, 0.7), (902, 0.85)):
        c.body.append(f'<g transform="translate({x} 350) scale({scale})">')
        mug(c)
        c.body.append("</g>")
    for x, h in ((744, 26), (756, 18), (868, 22)):
        c.box(x - 4, 350 - h, 8, h, c.fade("#fff2d2", "#d9c49a", across=True), width=1.6)
        c.line([(x, 350 - h), (x, 344 - h)], INK, 1.6)
    # a round shield over crossed swords
    for turn in (-38, 38):
        c.body.append(f'<g transform="translate(800 212) rotate({turn})">')
        c.shape(
            [(-4, -92, "c"), (0, -104, "c"), (4, -92, "c"), (4, 60, "c"), (-4, 60, "c")],
            c.fade("#dfe6f0", "#8d97a8", across=True),
            width=1.8,
        )
        c.tube([(-14, 62), (14, 62)], "#b58a3c", 4)
        c.tube([(0, 66), (0, 82)], "#5a2f26", 4.4)
        c.body.append("</g>")
    c.oval(800, 212, 54, 54, c.glow("#b34a3a", "#7c2c2c"), ink=INK, width=3)
    c.path("M800 160V264M748 212H852", "none", "#e0b860", 9)
    c.oval(800, 212, 54, 54, "none", ink="#c9a14c", width=6)
    c.oval(800, 212, 16, 16, c.glow("#f6e3a8", "#b98a3c"), ink=INK, width=2.2)


def bottle(c: Canvas, x: float, y: float, h: float, colour: str) -> None:
    w = h * 0.19
    c.shape(
        [
            (x - w * 0.4, y - h, "c"),
            (x + w * 0.4, y - h, "c"),
            (x + w * 0.42, y - h * 0.68),
            (x + w, y - h * 0.5),
            (x + w, y, "c"),
            (x - w, y, "c"),
            (x - w, y - h * 0.5),
            (x - w * 0.42, y - h * 0.68),
        ],
        c.fade(light(colour, 0.35), colour, dark(colour, 0.45), across=True),
        width=1.8,
    )
    c.box(x - w * 0.45, y - h - 4, w * 0.9, 6, "#b98a58", width=1.3)
    c.box(x - w * 0.8, y - h * 0.36, w * 1.6, h * 0.2, "#e9d7ae", ink="", opacity=0.85)
    c.line([(x - w * 0.55, y - h * 0.46), (x - w * 0.6, y - 4)], "#ffffff", 1.4, 0.45)


def _shelves(c: Canvas, chance: random.Random) -> None:
    c.box(1150, 118, 300, 282, c.fade("#5a3a26", "#3a2418"), width=2.6)
    for x in range(1150, 1450, 30):
        c.line([(x, 118), (x, 400)], "#2e1c14", 1.6, 0.7)
    for y in (196, 278, 360):
        x = 1172.0
        while x < 1436:
            kind = chance.random()
            if kind < 0.6:
                bottle(c, x, y, chance.uniform(40, 58), chance.choice(["#3f6b4a", "#7a3a2c", "#4a5a7a", "#8a6a2c", "#5a3a5e", "#b06a3a"]))
                x += chance.uniform(20, 27)
            elif kind < 0.85:
                c.body.append(f'<g transform="translate({x + 6:.0f} {y}) scale(0.95)">')
                mug(c)
                c.body.append("</g>")
                x += 40
            else:
                c.shape(
                    [(x - 8, y, "c"), (x - 14, y - 16), (x - 6, y - 32), (x + 10, y - 32), (x + 18, y - 16), (x + 12, y, "c")],
                    c.fade("#c98a5a", "#8a5434"),
                )
                c.box(x - 6, y - 38, 16, 7, "#6a4a34", width=1.6)
                x += 40
        beam(c, chance, 1142, y, 310, 11)
    beam(c, chance, 1142, 104, 310, 16)
    beam(c, chance, 1138, 104, 16, 296, upright=True)


def _pictures(c: Canvas, chance: random.Random) -> None:
    """A notice board, a hanging rope of onions, a horseshoe."""
    c.box(268, 212, 104, 92, "#4a2e1e", width=3)
    c.box(275, 219, 90, 78, c.fade("#a97c4c", "#86603a"))
    for x, y, w, h, turn in ((284, 226, 32, 40, -4), (322, 224, 34, 28, 3), (326, 258, 28, 34, -2), (288, 270, 26, 22, 5)):
        c.body.append(f'<g transform="rotate({turn} {x} {y})">')
        c.box(x, y, w, h, "#f0e2c0", width=1.6)
        for line in range(2, int(h / 6)):
            c.line([(x + 5, y + line * 6), (x + w - chance.uniform(5, 12), y + line * 6)], "#7a6248", 1.3, 0.8)
        c.oval(x + w / 2, y + 3, 2.2, 2.2, "#b03a2e", ink=INK, width=1)
        c.body.append("</g>")
    c.line([(1096, 84), (1094, 190)], "#8a6a44", 2.4)
    for index, (x, y) in enumerate(((1086, 120), (1103, 128), (1088, 142), (1102, 152), (1090, 166), (1100, 176), (1094, 192))):
        tone = "#c98a4a" if index % 2 else "#e0c7a0"
        c.shape(
            [(x, y - 13), (x + 9, y - 2), (x + 6, y + 8), (x - 6, y + 8), (x - 9, y - 2)], c.fade(light(tone), dark(tone, 0.2)), width=1.7
        )
    c.path("M128 128c-26 0-30 44-17 62l8-5c-9-16-8-41 9-41s18 25 9 41l8 5c13-18 9-62-17-62Z", "#8a8d98", INK, 2)


def _ceiling(c: Canvas, chance: random.Random) -> None:
    c.box(-10, -10, WIDTH + 20, 34, "#24150f", ink="")
    beam(c, chance, -10, 22, WIDTH + 20, 30)
    for x in range(40, 1440, 172):
        c.box(x, -6, 42, 66, c.fade(light(TIMBER, 0.12), dark(TIMBER, 0.35)), width=2.4)
        c.oval(x + 21, 42, 13, 11, dark(TIMBER, 0.15), ink=dark(TIMBER, 0.5), width=1.4)
        c.oval(x + 21, 42, 7, 6, "none", ink=dark(TIMBER, 0.5), width=1.2)
    c.box(-10, 52, WIDTH + 20, 40, c.fade("#12090e99", "#12090e00"), ink="")
