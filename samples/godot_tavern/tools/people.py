"""Who sits in the tavern, and what they look like. Heads and torsos are drawn here; see parts.py for the rest."""

# fmt: off: tables of places read better in rows than with one number on each line.

from __future__ import annotations

from dataclasses import dataclass, field

from parts import PROPS, Body, add_face, add_limbs, nose
from svg import INK, Box, Canvas, Draw, Point, Sheet, dark, light, mix


@dataclass(frozen=True)
class Person:
    """One puppet: how it is built, and what is special about it."""

    name: str
    body: Body
    torso: Draw
    head: Draw
    over_face: Draw | None = None
    """Beard and hat brim: drawn over eyes and mouth."""
    back: Draw | None = None
    """Behind everything, and swaying: a cape."""
    props: tuple[str, ...] = ()
    extra: dict[str, tuple[Box, Draw]] = field(default_factory=dict)

    def sheet(self) -> Sheet:
        sheet = Sheet()
        sheet.add("torso", (-70, -130, 140, 240), self.torso)
        sheet.add("head", (-62, -104, 124, 128), self.head)
        if self.over_face is not None:
            sheet.add("over_face", (-62, -104, 124, 150), self.over_face)
        if self.back is not None:
            sheet.add("back", (-70, -20, 130, 190), self.back)
        add_limbs(sheet, self.body)
        add_face(sheet, self.body)
        sheet.add("nose", (-8, -10, 24, 28), lambda c: nose(c, self.body.skin, 1.35 if self.name == "brom" else 0.9))
        for prop in self.props:
            box, draw = PROPS[prop]
            sheet.add(prop, box, draw)
        for name, (box, draw) in self.extra.items():
            sheet.add(name, box, draw)
        return sheet


def skull(canvas: Canvas, skin: str, *, wide: float = 26.0, chin: float = 0.0) -> None:
    """Neck and head, turned three quarters to the right."""
    canvas.shape([(-9, -12), (-11, 8), (0, 12), (12, 8), (11, -12)], dark(skin, 0.2))
    fill = canvas.fade(light(skin, 0.16), skin, dark(skin, 0.12), across=True)
    points: list[Point] = [(-wide + 2, -36), (-wide + 5, -54), (0, -63), (wide - 2, -52), (wide + 1, -34), (wide - 3, -16), (9, -4 + chin)]
    canvas.shape([*points, (-4, -5 + chin), (-wide + 7, -18)], fill)
    canvas.oval(wide - 9, -20, 6, 4, mix(skin, "#ff5f4a", 0.4), opacity=0.4)
    canvas.oval(-5, -19, 6, 4, mix(skin, "#ff5f4a", 0.4), opacity=0.35)


def ear(canvas: Canvas, skin: str, x: float = -17) -> None:
    canvas.oval(x, -32, 5.5, 8, skin, ink=INK, width=2)
    canvas.line([(x + 1, -36), (x - 2, -32), (x + 1, -28)], dark(skin, 0.4), 1.4)


# ── Brom, the smith: broad, bearded, leather apron ───────────────────────────────────────────────────────────────────────────────

BROM = Body(
    thigh=44,
    shin=46,
    upper=44,
    fore=40,
    neck=(6, -100),
    shoulder_f=(20, -84),
    shoulder_b=(-26, -86),
    arm_width=16,
    leg_width=16,
    hand=1.28,
    skin="#d99c74",
    sleeve="#e6d3b0",
    cuff="#d99c74",
    trousers="#4a4038",
    boots="#39271f",
    brow="#6d3318",
    brow_width=5.6,
    mouth=(1, 22),
)


def brom_torso(c: Canvas) -> None:
    shirt = "#e6d3b0"
    c.shape(
        [(-34, -92), (-14, -104), (20, -104), (36, -90), (46, -50), (46, -14), (34, 14), (-30, 14), (-40, -14), (-42, -50)],
        c.fade(light(shirt, 0.3), shirt, dark(shirt, 0.3), across=True),
    )
    c.line([(-30, -60), (-34, -30), (-30, -6)], dark(shirt, 0.45), 2, 0.5)
    leather = c.fade("#8f5a34", "#74452a", "#532f20", across=True)
    c.tube([(-16, -100), (-12, -74)], "#53301f", 5)
    c.tube([(26, -98), (30, -74)], "#53301f", 5)
    c.shape(
        [(-18, -78, "c"), (36, -78, "c"), (46, -46), (48, -18), (46, 46, "c"), (-26, 46, "c"), (-30, -18), (-26, -46)], leather, width=2.6
    )
    c.shape(
        [(-14, -72, "c"), (33, -72, "c"), (42, -46), (44, -16), (42, 40, "c"), (-21, 40, "c"), (-25, -16), (-21, -44)],
        "none",
        ink="#b98352",
        width=1.4,
        opacity=0.7,
    )
    c.tube([(-37, -9), (0, -2), (44, -10)], "#3b2419", 6)
    c.box(4, -10, 13, 13, "#d6a648", width=2)
    c.shape([(10, 12, "c"), (36, 12, "c"), (34, 32), (12, 32)], "#6b3f28", width=2)
    for x, y, r in ((-10, 22, 4), (28, -40, 5), (2, -52, 3)):
        c.oval(x, y, r, r * 0.7, "#3a2118", opacity=0.5)
    c.tube([(20, 18), (28, -2)], "#7c7f8a", 3)
    c.box(18, -10, 18, 9, "#8d919d", width=2)


def brom_head(c: Canvas) -> None:
    skin = BROM.skin
    skull(c, skin, wide=29, chin=2)
    ear(c, skin, -20)
    hair = "#8a4420"
    c.shape(
        [(-27, -30), (-29, -50), (-14, -66), (10, -66), (24, -58), (12, -56), (-6, -54), (-14, -44), (-18, -28)],
        c.fade(light(hair), dark(hair)),
    )
    c.oval(8, -58, 9, 3.4, light(skin, 0.5), opacity=0.5)
    beard = "#9c4f22"
    c.shape(
        [
            (-23, -38, "c"),
            (-17, -24),
            (-8, -18),
            (8, -23),
            (20, -20),
            (28, -26),
            (31, -36, "c"),
            (34, -16),
            (29, 8),
            (19, 22),
            (10, 34),
            (0, 22),
            (-14, 12),
            (-23, -10),
        ],
        c.fade(light(beard, 0.14), beard, dark(beard, 0.25)),
    )
    for x, y in ((-12, 0), (-3, 12), (8, 22), (18, 14), (27, -2)):
        c.line([(x - 2, y - 10), (x, y), (x - 2, y + 7)], dark(beard, 0.35), 1.8, 0.7)
    c.tube([(3, 20), (17, 20)], "#d6a648", 3.4, 1.2)


def brom_moustache(c: Canvas) -> None:
    c.shape(
        [(9, -23), (0, -22), (-9, -15), (-15, -16), (-10, -8), (2, -10), (9, -14), (16, -10), (29, -9), (33, -17), (27, -14), (18, -22)],
        c.fade(light("#9c4f22", 0.25), "#9c4f22"),
    )


# ── Mira, the bard: feather hat, red braid, green doublet ────────────────────────────────────────────────────────────────────────

MIRA = Body(
    thigh=46,
    shin=48,
    upper=36,
    fore=34,
    neck=(2, -80),
    shoulder_f=(8, -68),
    shoulder_b=(-12, -70),
    arm_width=9.5,
    leg_width=11,
    hand=0.95,
    skin="#efbf9a",
    sleeve="#f0e2c4",
    cuff="#f0e2c4",
    trousers="#7b2f45",
    boots="#5a3626",
    eye="#2f6a4a",
    brow="#7c2f1a",
    lips="#b3404a",
)


def mira_torso(c: Canvas) -> None:
    green = "#2f7d63"
    c.shape(
        [
            (-17, -72),
            (-6, -84),
            (10, -84),
            (18, -70),
            (16, -44),
            (15, -26),
            (26, 16),
            (14, 26),
            (0, 20),
            (-14, 27),
            (-27, 16),
            (-16, -26),
            (-17, -46),
        ],
        c.fade(light(green, 0.25), green, dark(green, 0.35), across=True),
    )
    c.shape([(-6, -84, "c"), (10, -84, "c"), (6, -56), (3, -50)], "#f4e6ca", width=1.8)
    for y in (-48, -40, -32):
        c.line([(0, y), (9, y - 1)], "#e8c76a", 2)
    c.tube([(-17, -24), (0, -20), (16, -25)], "#6a3a22", 5)
    c.oval(5, -21, 4, 4, "#e0b450", ink=INK, width=1.6)
    c.line([(-26, 14), (-14, 24), (0, 17), (14, 23), (25, 14)], "#e8c76a", 2.4)


def mira_head(c: Canvas) -> None:
    skin, hair = MIRA.skin, "#b5451f"
    c.shape(
        [(-22, -50), (-30, -30), (-32, -4), (-26, 20), (-18, 30), (-13, 16), (-14, -8), (-10, -30)],
        c.fade(light(hair, 0.15), hair, dark(hair, 0.3)),
    )
    for y in (-6, 6, 17):
        c.line([(-30 + y * 0.3, y), (-22, y + 5), (-14, y - 2)], dark(hair, 0.4), 2)
    c.tube([(-25, 24), (-16, 25)], "#2f7d63", 4)
    skull(c, skin, wide=23)
    c.shape(
        [(-23, -26), (-25, -48), (-10, -64), (12, -64), (25, -48), (18, -46), (6, -52), (-6, -46), (-14, -36), (-16, -18)],
        c.fade(light(hair, 0.25), hair),
    )


def mira_hat(c: Canvas) -> None:
    hat = "#7b2f45"
    c.shape(
        [(2, -74), (-26, -98), (-46, -96), (-54, -82), (-40, -86), (-24, -80), (-10, -66)],
        c.fade("#fff4dc", "#f2c14e", "#d9822b", across=True),
    )
    c.line([(-4, -70), (-26, -88), (-48, -90)], "#b86a1e", 1.8)
    c.shape([(-20, -58), (-14, -76), (6, -82), (22, -72), (24, -56)], c.fade(light(hat, 0.2), hat))
    c.shape(
        [(-32, -54), (-16, -60), (8, -62), (28, -58), (40, -48), (26, -50), (4, -53), (-20, -48), (-32, -48)],
        c.fade(light(hat, 0.12), dark(hat, 0.3)),
    )
    c.line([(-18, -61), (2, -65), (22, -61)], "#e8c76a", 3)


# ── Isolde, the guard captain: mail, blue tabard, cape ───────────────────────────────────────────────────────────────────────────

ISOLDE = Body(
    thigh=50,
    shin=52,
    upper=40,
    fore=38,
    neck=(2, -90),
    shoulder_f=(14, -78),
    shoulder_b=(-18, -80),
    arm_width=11,
    leg_width=12,
    hand=1.02,
    skin="#c98d68",
    sleeve="#8b94a3",
    cuff="#5f4a3c",
    trousers="#3c4357",
    boots="#2c2426",
    eye="#33405e",
    brow="#2b2024",
    brow_width=4.0,
    lips="#7d3c36",
)


def rings(c: Canvas, x0: float, x1: float, y0: float, y1: float) -> None:
    """Mail: rows of small rings."""
    path, row = [], 0
    y = y0
    while y < y1:
        x = x0 + (row % 2) * 2.6
        while x < x1:
            path.append(f"M{x:.0f} {y:.0f}q2.6 4 5.2 0")
            x += 5.2
        y, row = y + 4.2, row + 1
    c.path("".join(path), "none", "#4a5262", 1.1, 0.75)


def isolde_torso(c: Canvas) -> None:
    steel = "#97a0b0"
    c.shape(
        [(-26, -84), (-8, -94), (14, -94), (28, -82), (24, -50), (22, -24), (30, 26), (-30, 26), (-22, -24), (-25, -50)],
        c.fade(light(steel, 0.35), steel, dark(steel, 0.35), across=True),
    )
    rings(c, -26, 22, -84, 22)
    blue = "#2c4a86"
    c.shape(
        [(-13, -92, "c"), (18, -92, "c"), (18, -24), (23, 50, "c"), (4, 42, "c"), (-17, 50, "c"), (-14, -24)],
        c.fade(light(blue, 0.2), blue, dark(blue, 0.35), across=True),
    )
    for points in ([(-13, -90), (-14, -24), (-17, 48)], [(18, -90), (18, -24), (23, 48)]):
        c.line(points, "#d9b04c", 2.2)
    tower: list[Point] = [
        (-6, -44, "c"),
        (-6, -66, "c"),
        (-2, -66, "c"),
        (-2, -61, "c"),
        (1, -61, "c"),
        (1, -66, "c"),
        (5, -66, "c"),
        (5, -61, "c"),
        (8, -61, "c"),
        (8, -66, "c"),
        (12, -66, "c"),
        (12, -44, "c"),
    ]
    c.shape(tower, "#e8c76a", width=1.6)
    c.box(1, -54, 4, 10, blue, width=1.2)
    c.tube([(-23, -20), (2, -16), (23, -21)], "#4a2c20", 6)
    c.box(-1, -22, 10, 11, "#d6a648", width=1.8)
    c.shape([(-30, -70), (-30, -84), (-18, -95), (-6, -92), (-10, -76)], c.fade("#dfe5ee", "#8b94a3"))
    c.shape([(28, -66), (32, -80), (22, -94), (12, -92), (14, -74)], c.fade("#e8eef6", "#8b94a3"))


def isolde_head(c: Canvas) -> None:
    skin, hair = ISOLDE.skin, "#2f2226"
    c.oval(-22, -52, 11, 11, c.glow(light(hair, 0.2), hair), ink=INK)
    skull(c, skin, wide=23, chin=1)
    ear(c, skin, -15)
    c.shape(
        [(-20, -30), (-25, -48), (-12, -65), (10, -66), (23, -55), (24, -46), (14, -55), (0, -54), (-9, -48), (-13, -34)],
        c.fade(light(hair, 0.22), hair),
    )
    c.line([(8, -63), (0, -60), (-10, -58), (-20, -54)], "#b9b4bc", 3.2)
    c.line([(15, -42), (19, -34), (18, -26)], "#8f4f44", 1.8)
    c.shape([(-17, -2), (-12, -10), (0, -6), (12, -8), (20, 0), (22, 8), (0, 13), (-20, 8)], c.fade("#b3bccb", "#6f7888"))
    rings(c, -16, 18, -3, 9)


def cape(colour: str, lining: str) -> Draw:
    def draw(c: Canvas) -> None:
        c.shape(
            [(-16, -8), (14, -8), (10, 40), (8, 120, "c"), (-8, 126), (-26, 120), (-44, 124, "c"), (-36, 60), (-26, 20)],
            c.fade(light(colour, 0.12), colour, dark(colour, 0.4)),
        )
        for x0, x1 in ((-16, -28), (-6, -10), (4, 4)):
            c.line([(x0, 10), ((x0 + x1) / 2 - 2, 60), (x1, 116)], dark(colour, 0.5), 2.2, 0.7)
        c.line([(8, 118), (-8, 124), (-26, 118), (-43, 122)], lining, 2.4)

    return draw


# ── Wu, the innkeeper: long robe, cap, thin beard ────────────────────────────────────────────────────────────────────────────────

WU = Body(
    thigh=40,
    shin=42,
    upper=36,
    fore=34,
    neck=(4, -84),
    shoulder_f=(16, -72),
    shoulder_b=(-20, -74),
    arm_width=14,
    leg_width=13,
    hand=1.05,
    skin="#e6b48a",
    sleeve="#6a3142",
    cuff="#d8c39a",
    trousers="#2f2a33",
    boots="#26222b",
    brow="#5c5450",
    brow_width=3.6,
    lips="#8c4438",
)


def wu_torso(c: Canvas) -> None:
    robe = "#6a3142"
    c.shape(
        [
            (-28, -78),
            (-10, -88),
            (16, -88),
            (32, -76),
            (40, -44),
            (40, -10),
            (36, 40),
            (40, 66, "c"),
            (-34, 66, "c"),
            (-32, 40),
            (-34, -10),
            (-34, -46),
        ],
        c.fade(light(robe, 0.2), robe, dark(robe, 0.4), across=True),
    )
    c.line([(16, -86), (4, -60), (26, -44), (26, 64)], "#d8a84a", 2.8)
    for y in (-36, -20, -4):
        c.oval(26, y, 3.2, 3.2, "#e8c76a", ink=INK, width=1.4)
    for x, y in ((-12, -40), (6, -22), (-16, 0), (4, 20), (-12, 40), (16, 44)):
        c.oval(x, y, 8, 8, "none", ink="#a9564f", width=1.8, opacity=0.8)
        c.line([(x - 4, y), (x, y - 4), (x + 4, y), (x, y + 4), (x - 4, y)], "#a9564f", 1.4, 0.8)
    c.tube([(-34, -12), (2, -6), (40, -13)], "#3b4a6b", 8)
    c.shape([(-8, -12, "c"), (0, -10), (2, 30, "c"), (-10, 28, "c")], "#3b4a6b", width=1.8)
    c.line([(-33, 61), (39, 61)], "#d8a84a", 3)


def wu_head(c: Canvas) -> None:
    skull(c, WU.skin, wide=27, chin=3)
    ear(c, WU.skin, -18)
    c.shape([(-24, -34), (-26, -50), (-16, -54), (-16, -36)], "#4a444a", width=1.8)
    c.line([(-13, -46), (2, -48)], dark(WU.skin, 0.25), 1.4, 0.5)


def wu_cap(c: Canvas) -> None:
    c.shape([(-27, -46), (-25, -64), (-6, -74), (14, -72), (27, -60), (29, -46), (2, -51)], c.fade("#4a4658", "#2a2734", "#1d1a26"))
    c.shape([(-28, -46), (0, -52), (29, -47), (29, -41), (0, -46), (-27, -40)], "#2f5a5a", width=2)
    c.oval(12, -47, 4.6, 4.6, "#5fd0a6", ink=INK, width=1.6)
    c.oval(0, -75, 4.4, 4.4, "#c8503c", ink=INK, width=1.6)
    gray = "#6a625f"
    c.line([(8, -17), (0, -13), (-6, -4), (-6, 4)], gray, 2.6)
    c.line([(14, -17), (23, -13), (28, -4), (27, 4)], gray, 2.6)
    c.shape([(6, -4), (16, -4), (15, 8), (11, 24), (8, 8)], gray, width=1.8)


# ── the barmaid and the traveller: nobody talks to a model for them ──────────────────────────────────────────────────────────────

TESS = Body(
    thigh=44,
    shin=46,
    upper=35,
    fore=33,
    neck=(1, -78),
    shoulder_f=(8, -66),
    shoulder_b=(-11, -68),
    arm_width=9.5,
    leg_width=10,
    hand=0.95,
    skin="#e9b892",
    sleeve="#f2e6cf",
    cuff="#e9b892",
    trousers="#5a3a4a",
    boots="#3a2620",
    brow="#7a5526",
    lips="#b3404a",
)


def tess_torso(c: Canvas) -> None:
    dress = "#a8443a"
    c.shape(
        [(-16, -24), (16, -24), (30, 30), (38, 76, "c"), (0, 82), (-36, 76, "c"), (-28, 30)],
        c.fade(light(dress, 0.18), dress, dark(dress, 0.35), across=True),
    )
    c.shape(
        [(-16, -70), (-6, -80), (8, -80), (17, -68), (15, -44), (16, -20), (-16, -20), (-16, -44)],
        c.fade("#fff4de", "#e3cfa8", across=True),
    )
    c.shape([(-15, -50, "c"), (-8, -46), (2, -44), (16, -50, "c"), (16, -18), (-16, -18)], c.fade("#6f4a3a", "#4a2e26", across=True))
    for y in (-40, -33, -26):
        c.line([(0, y), (8, y)], "#f0d9a0", 1.6)
    c.shape([(-6, -18), (15, -18), (25, 30), (27, 58), (4, 62), (-10, 56), (-10, 20)], c.fade("#fffaf0", "#dccbb0"), width=2)


def tess_head(c: Canvas) -> None:
    hair = "#d9a441"
    c.oval(-20, -56, 12, 12, c.glow(light(hair, 0.3), hair), ink=INK)
    skull(c, TESS.skin, wide=22)
    c.shape(
        [(-20, -26), (-24, -48), (-10, -64), (10, -65), (23, -52), (20, -44), (10, -53), (-4, -50), (-12, -40), (-14, -24)],
        c.fade(light(hair, 0.35), hair),
    )
    c.line([(-20, -50), (-4, -62), (16, -60)], "#a8443a", 4)


HERO = Body(
    thigh=48,
    shin=50,
    upper=38,
    fore=36,
    neck=(2, -84),
    shoulder_f=(10, -72),
    shoulder_b=(-14, -74),
    arm_width=10.5,
    leg_width=11.5,
    hand=1.0,
    skin="#dba37c",
    sleeve="#3d5a52",
    cuff="#5b4030",
    trousers="#57493c",
    boots="#3d2a20",
    brow="#3a241b",
)


def hero_torso(c: Canvas) -> None:
    tunic = "#46685e"
    c.shape(
        [(-21, -76), (-8, -88), (12, -88), (22, -74), (20, -44), (18, -20), (26, 26), (0, 31), (-26, 26), (-18, -20), (-20, -46)],
        c.fade(light(tunic, 0.22), tunic, dark(tunic, 0.35), across=True),
    )
    c.line([(2, 28), (3, 0), (4, -16)], dark(tunic, 0.5), 1.8, 0.7)
    c.tube([(-16, -78), (8, -44), (18, -22)], "#6a4426", 5)
    c.tube([(-19, -18), (0, -14), (19, -19)], "#4f2f1f", 6)
    c.box(2, -20, 9, 10, "#c9cdd6", width=1.8)
    c.shape([(-24, -12), (-12, -12), (-10, 8), (-24, 9)], "#7a4f2c", width=2)


def hero_head(c: Canvas) -> None:
    skull(c, HERO.skin, wide=23)
    hair = "#4a2f22"
    c.shape(
        [(-22, -28), (-26, -50), (-12, -66), (8, -68), (25, -56), (22, -46), (12, -54), (4, -47), (-6, -51), (-12, -42), (-16, -26)],
        c.fade(light(hair, 0.25), hair),
    )
    c.shape([(-24, -16), (-14, -10), (0, -3), (14, -5), (22, -12), (26, 4), (6, 12), (-20, 8)], c.fade("#8f3b34", "#5f2528"))


PEOPLE = (
    Person("brom", BROM, brom_torso, brom_head, over_face=brom_moustache, props=("mug",)),
    Person("mira", MIRA, mira_torso, mira_head, over_face=mira_hat, props=("lute", "mug")),
    Person("isolde", ISOLDE, isolde_torso, isolde_head, back=cape("#8e2f36", "#d9b04c"), props=("mug", "scabbard", "hilt")),
    Person("wu", WU, wu_torso, wu_head, over_face=wu_cap, props=("cup", "teapot", "abacus")),
    Person("tess", TESS, tess_torso, tess_head, props=("tray",)),
    Person("hero", HERO, hero_torso, hero_head, back=cape("#3b4a6b", "#8fa3c4"), props=("sword", "scabbard", "hilt")),
)
