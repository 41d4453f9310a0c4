"""What stands and hangs in the room and has a place of its own in the scene."""

# fmt: off: tables of places read better in rows than with one number on each line.

from __future__ import annotations

import math
import random

from parts import mug
from room import TIMBER, beam, bottle, grain, plank
from svg import INK, Canvas, Point, dark, light


def door_frame() -> Canvas:
    c, chance = Canvas(), random.Random(3)
    c.box(-62, -282, 124, 284, c.fade("#0d1222", "#1c2740", "#29364a"), ink="")
    for index in range(26):
        c.oval(
            chance.uniform(-56, 56),
            -14 + index * 0.5,
            chance.uniform(8, 18),
            4,
            chance.choice(["#39424f", "#2c3542", "#465160"]),
            ink="#1a2230",
            width=1,
        )
    beam(c, chance, -76, -284, 16, 286, upright=True)
    beam(c, chance, 60, -284, 16, 286, upright=True)
    beam(c, chance, -84, -302, 168, 22)
    c.box(-72, -3, 144, 12, c.fade("#9a8f82", "#665c52"))
    return c


def door() -> Canvas:
    """The leaf; its hinges are at x = 0."""
    c, chance = Canvas(), random.Random(4)
    for index in range(5):
        plank(c, chance, index * 24, -280, 24, 280, "#7d4a2c", upright=True)
    c.box(0, -280, 120, 280, "none", width=3)
    for y in (-244, -52):
        c.shape([(0, y - 9, "c"), (70, y - 6), (92, y), (70, y + 6), (0, y + 9, "c")], c.fade("#5a5a66", "#34343e"))
        for x in (12, 36, 60):
            c.oval(x, y, 2.6, 2.6, "#8d8d9a", ink=INK, width=1)
    c.oval(104, -132, 8, 10, "none", ink="#8d8d9a", width=4)
    c.box(99, -150, 11, 11, "#5a5a66", width=1.6)
    c.box(42, -208, 36, 34, "#1b2338", width=3)
    c.path("M60 -208v34M42 -191h36", "none", "#3a2418", 3.4)
    return c


def window() -> Canvas:
    """The frame around a view 168 wide and 176 high whose middle is at (0, 0); curtains at both sides."""
    c, chance = Canvas(), random.Random(5)
    for x, y, w, h in ((-96, -102, 192, 16), (-96, -88, 14, 180), (82, -88, 14, 180)):
        beam(c, chance, x, y, w, h, upright=h > w)
    for x in (-3.5, -45, 38):
        c.box(x, -88, 7 if x == -3.5 else 4, 176, dark(TIMBER, 0.1), width=1.8)
    for y in (-30, 30):
        c.box(-82, y - 2, 164, 4, dark(TIMBER, 0.1), width=1.6)
    beam(c, chance, -108, 88, 216, 15)
    for side in (-1, 1):
        cloth = "#8a3038"
        points: list[Point] = [
            (side * 112, -108, "c"),
            (side * 60, -108, "c"),
            (side * 66, -60),
            (side * 84, -10),
            (side * 92, 22),
            (side * 88, 74),
            (side * 116, 78),
            (side * 118, 0),
        ]
        c.shape(points, c.fade(light(cloth, 0.12), cloth, dark(cloth, 0.35), across=True))
        for x0, x1 in ((70, 92), (86, 102), (102, 110)):
            c.line([(side * x0, -100), (side * (x0 + x1) / 2, -40), (side * x1, 18)], dark(cloth, 0.45), 2, 0.7)
        c.tube([(side * 84, 20), (side * 100, 26), (side * 118, 18)], "#d9b04c", 4)
    c.tube([(-128, -110), (128, -110)], "#6a4a2c", 5)
    for x in (-128, 128):
        c.oval(x, -110, 6, 6, "#d6a648", ink=INK, width=1.8)
    # a pot with something green on the sill
    for x, y in ((48, 62), (56, 52), (66, 58), (74, 66), (60, 68)):
        c.shape([(x, y - 12), (x + 7, y), (x, y + 8), (x - 7, y)], c.fade("#7fae5a", "#3f6a3a"), width=1.5)
    c.shape([(46, 70, "c"), (76, 70, "c"), (72, 90, "c"), (50, 90, "c")], c.fade("#c07a4a", "#8a4a2c"))
    return c


def town() -> Canvas:
    """Roofs in the night, 240 by 120; its foot is at y = 0."""
    c, chance = Canvas(), random.Random(6)
    for layer, colour in ((0, "#2a3a5c"), (1, "#1a2540")):
        x = -130.0
        while x < 130:
            w, h = chance.uniform(26, 46), chance.uniform(34, 66) - layer * 18
            c.shape(
                [(x, 4, "c"), (x, -h, "c"), (x + w / 2, -h - w * 0.55, "c"), (x + w, -h, "c"), (x + w, 4, "c")],
                colour,
                ink=dark(colour, 0.3),
                width=1.2,
            )
            if chance.random() < 0.7:
                c.box(x + w * 0.3, -h + 8, 5, 7, "#ffcf7a", ink="")
            x += w - 3
        if layer == 0:
            c.shape([(-22, 0, "c"), (-22, -88, "c"), (-13, -112, "c"), (-4, -88, "c"), (-4, 0, "c")], "#2a3a5c", ink="#1c2744", width=1.2)
            c.oval(-13, -80, 4.6, 4.6, "#ffe6ac")
    return c


def bar() -> Canvas:
    """The counter, 340 wide; its top is at y = 0 and its left end at x = 0."""
    c, chance = Canvas(), random.Random(8)
    c.box(14, 10, 340, 150, "#4a2c1c", ink="")
    for index in range(10):
        plank(c, chance, 14 + index * 34, 14, 34, 140, "#7d4a2c", upright=True)
    for x in (24, 136, 248):
        c.box(x, 32, 92, 100, c.fade("#8f5a34", "#6a4026"), width=2.4)
        c.box(x + 9, 41, 74, 82, c.fade("#6a4026", "#8f5a34"), width=1.8)
        c.shape([(x + 46, 58), (x + 60, 82), (x + 46, 106), (x + 32, 82)], c.fade("#a8703f", "#74482a"), width=1.8)
    beam(c, chance, 8, 146, 350, 16)
    c.box(-4, -6, 362, 22, c.fade("#c58a52", "#8f5a34", "#5f3a22"), width=2.6)
    grain(c, chance, -4, -4, 362, 16, "#5a3620", 16)
    c.oval(60, -2, 24, 3, "#ffe0ac", opacity=0.3)
    for x in (36, 76):
        c.body.append(f'<g transform="translate({x} -5)">')
        mug(c)
        c.body.append("</g>")
    bottle(c, 118, -5, 54, "#3f6b4a")
    c.shape([(150, -6, "c"), (142, -22), (178, -22), (170, -6, "c")], c.fade("#d9c7a0", "#a08a62"))
    for x, y, tone in ((150, -25, "#c0392b"), (162, -27, "#d68a2c"), (170, -24, "#c0392b"), (157, -33, "#b8b04a")):
        c.oval(x, y, 7, 7, c.glow(light(tone, 0.4), tone), ink=INK, width=1.6)
    return c


def barrel(c: Canvas, x: float, y: float, w: float, h: float) -> None:
    c.shape(
        [
            (x - w * 0.4, y - h, "c"),
            (x + w * 0.4, y - h, "c"),
            (x + w * 0.54, y - h * 0.5),
            (x + w * 0.4, y, "c"),
            (x - w * 0.4, y, "c"),
            (x - w * 0.54, y - h * 0.5),
        ],
        c.fade("#a8703f", "#8a5530", "#4f2f1c", across=True),
        width=2.6,
    )
    for share in (-0.28, -0.1, 0.1, 0.28):
        c.line([(x + w * share, y - h), (x + w * share * 1.3, y - h * 0.5), (x + w * share, y)], "#4a2c1a", 1.4, 0.8)
    for share, bulge in ((0.14, 0.455), (0.36, 0.525), (0.64, 0.525), (0.86, 0.455)):
        c.line([(x - w * bulge, y - h * share), (x, y - h * share + 3), (x + w * bulge, y - h * share)], "#3a3a44", 6)
        c.line([(x - w * bulge * 0.8, y - h * share + 1), (x - w * 0.1, y - h * share + 2.4)], "#8a8a96", 1.4)
    c.oval(x, y - h, w * 0.4, 6, "#b98350", ink=INK, width=2)


def barrels() -> Canvas:
    c = Canvas()
    barrel(c, 0, 0, 76, 96)
    barrel(c, 66, 8, 70, 88)
    return c


def barrel_table() -> Canvas:
    """A barrel with a board on it: Brom's place."""
    c = Canvas()
    barrel(c, 0, 0, 70, 84)
    c.shape([(-52, -92), (0, -99), (52, -92), (52, -86), (0, -80), (-52, -86)], c.fade("#c58a52", "#8f5a34"), width=2.4)
    c.oval(-14, -90, 17, 3.6, "#e9dcc0", ink=INK, width=1.6)
    c.shape([(-26, -92), (-20, -101), (-8, -102), (-1, -92), (-14, -88)], c.fade("#e0a860", "#a8672f"), width=1.8)
    c.box(22, -108, 7, 16, c.fade("#fff2d2", "#d9c49a", across=True), width=1.6)
    c.oval(25, -91, 12, 3, "#8d8d9a", ink=INK, width=1.4)
    return c


def table() -> Canvas:
    """A round table seen from the side: Isolde's place, with a candle."""
    c = Canvas()
    c.shape(
        [(-9, -80, "c"), (9, -80, "c"), (6, -40), (12, -8, "c"), (-12, -8, "c"), (-6, -40)],
        c.fade("#8a5530", "#4f2f1c", across=True),
        width=2.4,
    )
    c.shape([(-40, 0, "c"), (-30, -9), (0, -14), (30, -9), (40, 0, "c"), (20, -2), (-20, -2)], c.fade("#8a5530", "#4f2f1c"), width=2.2)
    c.shape([(-66, -88), (0, -95), (66, -88), (66, -81), (0, -75), (-66, -81)], c.fade("#c58a52", "#8f5a34"), width=2.6)
    c.body.append('<g transform="translate(-36 -86) scale(0.9)">')
    mug(c)
    c.body.append("</g>")
    c.box(-4, -112, 8, 24, c.fade("#fff2d2", "#d9c49a", across=True), width=1.6)
    c.oval(0, -87, 14, 3.4, "#8d8d9a", ink=INK, width=1.5)
    c.shape([(18, -86, "c"), (26, -92), (50, -91), (54, -86, "c"), (40, -83)], "#e9dcc0", width=1.6)
    c.line([(28, -88), (48, -87)], "#7a6248", 1.2)
    return c


def stool() -> Canvas:
    c = Canvas()
    for x0, x1 in ((-16, -22), (16, 22), (4, 6)):
        c.tube([(x0, -56), (x1, -2)], "#6a4026", 6.4)
    c.line([(-19, -22), (19, -22)], INK, 7)
    c.line([(-19, -22), (19, -22)], "#6a4026", 3.4)
    c.shape([(-30, -60), (0, -64), (30, -60), (30, -53), (0, -50), (-30, -53)], c.fade("#b57a46", "#7a4a2c"), width=2.4)
    return c


def logs() -> Canvas:
    c = Canvas()
    for x, y, turn, w in ((-34, -6, 6, 84), (-40, -16, -10, 76), (-22, -24, 14, 62)):
        c.body.append(f'<g transform="translate({x} {y}) rotate({turn})">')
        c.box(0, -8, w, 15, c.fade("#6a4630", "#3a2218", "#1e100c"), width=2.2)
        c.oval(w, -0.5, 5.5, 7.6, "#c08a56", ink=INK, width=2)
        c.oval(w, -0.5, 2.6, 4, "none", ink="#7a4e2c", width=1.2)
        c.line([(8, 2), (w * 0.5, 4)], "#ff7a2a", 2.2, 0.9)
        c.body.append("</g>")
    for x in (-46, 54):
        c.tube([(x, 4), (x, -30), (x + (6 if x < 0 else -6), -34)], "#3a3a44", 5)
    return c


def lantern() -> Canvas:
    """Hangs from its ring at (0, 0)."""
    c = Canvas()
    c.oval(0, 5, 5, 5, "none", ink="#4a4a56", width=2.6)
    c.shape([(-4, 9, "c"), (4, 9, "c"), (16, 20, "c"), (-16, 20, "c")], c.fade("#6a6a78", "#3a3a44"))
    c.shape([(-13, 20, "c"), (13, 20, "c"), (11, 50, "c"), (-11, 50, "c")], c.fade("#ffdf8a", "#ffb84a"))
    c.shape([(0, 25), (5, 38), (0, 46), (-5, 38)], "#fff6d8", ink="")
    for x in (-12, 0, 12):
        c.line([(x, 20), (x * 0.86, 50)], "#3a3a44", 2.4)
    c.box(-14, 49, 28, 7, c.fade("#6a6a78", "#3a3a44"))
    return c


def bracket() -> Canvas:
    """An iron arm on the wall; what hangs from it hangs at (0, 0)."""
    c = Canvas()
    c.line([(-30, -4), (4, -4)], INK, 7)
    c.line([(-30, -4), (4, -4)], "#4a4a56", 3.6)
    c.line([(-30, 22), (-18, 10), (-6, -3)], "#4a4a56", 3.4)
    c.box(-36, -16, 8, 46, "#3a3a44", width=1.8)
    return c


def wheel() -> Canvas:
    """A wagon wheel with candles, hung from the ceiling at (0, 0)."""
    c = Canvas()
    for x in (-70, 70, 0):
        c.line([(0, 0), (x, 66)], "#3a3a44", 2.6)
    c.oval(0, 70, 92, 13, "none", ink=INK, width=12)
    c.oval(0, 70, 92, 13, "none", ink="#7d4f30", width=7.4)
    for x, y in ((-86, 66), (-46, 60), (0, 58), (46, 60), (86, 66), (-58, 80), (58, 80), (0, 83)):
        c.box(x - 3.4, y - 22, 6.8, 20, c.fade("#fff2d2", "#d9c49a", across=True), width=1.5)
    c.line([(-90, 72), (-50, 81), (0, 83.5), (50, 81), (90, 72)], INK, 9)
    c.line([(-90, 72), (-50, 81), (0, 83.5), (50, 81), (90, 72)], "#9a6a3c", 5)
    return c


def clock() -> Canvas:
    """The face of a clock around (0, 0); its hands are separate."""
    c = Canvas()
    c.shape([(-38, -34, "c"), (0, -56, "c"), (38, -34, "c"), (34, 40, "c"), (-34, 40, "c")], c.fade("#8a5530", "#54341f"), width=2.6)
    c.oval(0, 0, 30, 30, c.glow("#fff6dc", "#e0cba0"), ink=INK, width=2.6)
    for index in range(12):
        angle = index * math.pi / 6
        inner = 21 if index % 3 else 18.5
        c.line(
            [(inner * math.sin(angle), -inner * math.cos(angle)), (25 * math.sin(angle), -25 * math.cos(angle))],
            INK,
            2.4 if index % 3 == 0 else 1.5,
        )
    return c


def clock_hand() -> Canvas:
    c = Canvas()
    c.shape([(-2.2, 5, "c"), (-1.6, -18, "c"), (0, -22, "c"), (1.6, -18, "c"), (2.2, 5, "c")], "#2b1a18", ink="")
    c.oval(0, 0, 3, 3, "#2b1a18")
    return c


def rug() -> Canvas:
    c = Canvas()
    c.shape([(-190, 0), (0, -26), (190, 0), (0, 26)], c.fade("#9a3f3a", "#6f2830"), width=2.6)
    c.shape([(-164, 0), (0, -21), (164, 0), (0, 21)], "none", ink="#d9b04c", width=3)
    c.shape([(-120, 0), (0, -15), (120, 0), (0, 15)], c.fade("#3b4a6b", "#2c3852"), ink="#d9b04c", width=2)
    return c


def shadow() -> Canvas:
    c = Canvas()
    c.oval(0, 0, 90, 22, c.glow("#0c0610cc", "#0c061088", "#0c061000"))
    return c


def coin() -> Canvas:
    c = Canvas()
    c.oval(0, 0, 9, 9, c.glow("#fffbe6", "#e8ecf2", "#9aa4b4"), ink=INK, width=2)
    c.oval(0, 0, 5.6, 5.6, "none", ink="#7f8ba2", width=1.4)
    return c


def flame() -> Canvas:
    """Of a candle whose wick is at (0, 0)."""
    c = Canvas()
    c.shape([(0, 2), (-4.4, -4), (-2, -11), (0.6, -19, "c"), (3, -11), (4.4, -4)], c.fade("#ff8a2a", "#ffc24a", "#ffdf7a"), ink="")
    c.shape([(0, 1), (-2, -3), (0, -10), (2, -3)], "#fffbe0", ink="")
    return c
