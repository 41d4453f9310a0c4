"""The parts that all people share: limbs, hands, eyes, mouths, and what they hold. Everyone is drawn looking to the right."""

# fmt: off: tables of places read better in rows than with one number on each line.

from __future__ import annotations

from dataclasses import dataclass, field

from svg import INK, Canvas, Draw, Sheet, dark, light, mix

EYES = ("open", "closed", "happy", "wide", "narrow")
MOUTHS = ("calm", "smile", "frown", "talk", "laugh", "o")
HANDS = ("rest", "open", "point", "fist")


@dataclass(frozen=True)
class Body:
    """How somebody is built; pixels, from joint to joint. Positions on the torso count from the hips, upwards negative."""

    thigh: float = 46
    shin: float = 46
    upper: float = 40
    fore: float = 36
    neck: tuple[float, float] = (2, -88)
    shoulder_f: tuple[float, float] = (6, -76)
    shoulder_b: tuple[float, float] = (-10, -78)
    arm_width: float = 10
    leg_width: float = 12
    hand: float = 1.0
    has_legs: bool = True
    face: tuple[float, float] = (8, -31)
    mouth: tuple[float, float] = (2, 17)
    """On the face."""
    skin: str = "#e2ab85"
    sleeve: str = "#7a3b32"
    cuff: str = "#e2ab85"
    trousers: str = "#4b3a36"
    boots: str = "#3a2620"
    eye: str = "#3b2418"
    brow: str = "#3a241b"
    brow_width: float = 3.4
    lips: str = "#8c4438"
    props: dict[str, Draw] = field(default_factory=dict)


def add_limbs(sheet: Sheet, body: Body) -> None:
    """Arms, hands and legs. The ones behind are darker."""
    for side, shade in (("f", 0.0), ("b", 0.22)):
        sleeve, skin, cuff = (dark(colour, shade) if shade else colour for colour in (body.sleeve, body.skin, body.cuff))
        width = body.arm_width
        box = (-width - 8, -width - 4, 2 * width + 16, body.upper + 2 * width + 12)
        sheet.add(f"arm_{side}", box, lambda c, s=sleeve, w=width: _upper_arm(c, s, w, body.upper))
        box = (-width - 8, -width - 4, 2 * width + 16, body.fore + 2 * width + 10)
        sheet.add(f"fore_{side}", box, lambda c, s=cuff, w=width, k=skin: _fore_arm(c, s, k, w, body.fore))
        sheet.add(f"hand_{side}", (-24, -14, 48, 50), *(_hand(name, skin, body.hand) for name in HANDS))
        if body.has_legs:
            _add_leg(sheet, body, side, shade)


def _upper_arm(canvas: Canvas, sleeve: str, width: float, length: float) -> None:
    canvas.limb(width, width * 0.86, length, canvas.fade(light(sleeve, 0.16), sleeve, dark(sleeve, 0.28), across=True), bulge=2)
    canvas.line([(-width * 0.5, length * 0.7), (0, length * 0.78), (width * 0.4, length * 0.7)], dark(sleeve, 0.4), 1.6, 0.7)


def _fore_arm(canvas: Canvas, cuff: str, skin: str, width: float, length: float) -> None:
    canvas.limb(width * 0.86, width * 0.62, length, canvas.fade(light(cuff, 0.14), cuff, dark(cuff, 0.28), across=True), bulge=1)
    if cuff != skin:
        canvas.line([(-width * 0.66, length - 3), (0, length - 1), (width * 0.66, length - 3)], dark(cuff, 0.45), 2.4, 0.8)


def _hand(shape: str, skin: str, size: float) -> Draw:
    def draw(canvas: Canvas) -> None:
        s = size
        fill = canvas.fade(light(skin, 0.14), skin, dark(skin, 0.14), across=True)
        if shape == "open":
            for x, y, root in ((-11, 23, -5), (-4, 28, -2), (4, 28, 2), (11, 23, 5)):
                canvas.tube([(root * s, 10 * s), (x * s, y * s)], skin, 5.4 * s)
            canvas.tube([(6 * s, 6 * s), (15 * s, 12 * s)], skin, 5.6 * s)
        elif shape == "point":
            canvas.tube([(-2 * s, 12 * s), (-4 * s, 31 * s)], skin, 5.6 * s)
            canvas.tube([(5 * s, 8 * s), (10 * s, 14 * s)], skin, 5.6 * s)
        elif shape == "rest":
            canvas.tube([(6 * s, 6 * s), (10 * s, 15 * s)], skin, 5.8 * s)
        palm = {"open": 17, "point": 18, "rest": 23, "fist": 20}[shape] * s
        wide = (10 if shape == "fist" else 8.5) * s
        canvas.oval(0, 0, 6 * s, 6 * s, fill)
        canvas.shape([(-5 * s, -3), (-wide, palm * 0.45), (-wide * 0.7, palm), (wide * 0.7, palm), (wide, palm * 0.45), (5 * s, -3)], fill)
        canvas.oval(0, -1, 5.6 * s, 4.5 * s, fill)
        if shape == "open":
            canvas.line([(-4 * s, 12 * s), (4 * s, 11 * s)], dark(skin, 0.3), 1.3, 0.6)
        elif shape in ("fist", "point"):
            for x in (-3.5, 1, 5):
                canvas.line([(x * s, palm * 0.5), (x * s - 1, palm * 0.95)], dark(skin, 0.45), 1.4, 0.8)
        elif shape == "rest":
            for x in (-2.5, 2.5):
                canvas.line([(x * s, palm * 0.6), (x * s, palm * 0.96)], dark(skin, 0.45), 1.3, 0.7)

    return draw


def _add_leg(sheet: Sheet, body: Body, side: str, shade: float) -> None:
    trousers, boots = (dark(colour, shade) if shade else colour for colour in (body.trousers, body.boots))
    width = body.leg_width

    def thigh(canvas: Canvas) -> None:
        canvas.limb(width, width * 0.85, body.thigh, canvas.fade(light(trousers, 0.12), trousers, dark(trousers), across=True), bulge=1.5)

    def shin(canvas: Canvas) -> None:
        canvas.limb(width * 0.85, width * 0.7, body.shin, canvas.fade(light(boots, 0.14), boots, dark(boots), across=True), bulge=1)
        top = body.shin * 0.16
        cuff: list = [(-width - 1, top, "c"), (width + 1, top, "c"), (width, top + 9, "c"), (-width, top + 9, "c")]
        canvas.shape(cuff, light(boots, 0.14))

    def foot(canvas: Canvas) -> None:
        fill = canvas.fade(light(boots, 0.12), dark(boots, 0.2))
        w = width * 0.74
        canvas.oval(0, -2, w, w, fill)
        canvas.shape([(-w, -5), (-w - 1, 9), (-w, 13, "c"), (22, 13, "c"), (24, 8), (14, 2), (w, -5)], fill)
        canvas.line([(-w, 11), (23, 11)], INK, 2.4)
        canvas.oval(0, -5, w - 1.4, 5, light(boots, 0.05))

    span = 2 * width + 12
    sheet.add(f"thigh_{side}", (-span / 2, -width - 4, span, body.thigh + width + 20), thigh)
    sheet.add(f"shin_{side}", (-span / 2, -width - 4, span, body.shin + width + 20), shin)
    sheet.add(f"foot_{side}", (-16, -16, 44, 32), foot)


def add_face(sheet: Sheet, body: Body) -> None:
    """Eyes, brows and mouths, each around the middle of the face."""
    sheet.add("eyes", (-20, -11, 40, 22), *(_eyes(name, body) for name in EYES))
    for side in ("f", "b"):
        sheet.add(f"brow_{side}", (-11, -6, 22, 12), lambda c: c.line([(-7.5, 1.5), (0, -1.8), (7.5, 1)], body.brow, body.brow_width))
    sheet.add("mouth", (-15, -10, 30, 24), *(_mouth(name, body) for name in MOUTHS))


def _eyes(name: str, body: Body) -> Draw:
    def draw(canvas: Canvas) -> None:
        for x, wide in ((-8.5, 1.0), (9, 0.9)):
            if name == "closed":
                canvas.line([(x - 5 * wide, 0), (x, 2.6), (x + 5 * wide, 0)], INK, 2.4)
                continue
            if name == "happy":
                canvas.line([(x - 5.4 * wide, 2), (x, -3.4), (x + 5.4 * wide, 2)], INK, 2.6)
                continue
            high = {"open": 5.4, "wide": 7.4, "narrow": 3.4}[name]
            canvas.oval(x, 0, 5.2 * wide, high, "#fff6e6", ink=INK, width=1.5)
            canvas.oval(x + 1.3, 0.4, 3.0 if name == "wide" else 3.3, min(high - 0.6, 4.2), body.eye)
            canvas.oval(x + 2.4, -1.4, 1.1, 1.2, "#ffffff")
            canvas.line([(x - 5.6 * wide, -high * 0.55), (x, -high - 0.3), (x + 5.8 * wide, -high * 0.45)], INK, 2.3)

    return draw


def _mouth(name: str, body: Body) -> Draw:
    def draw(canvas: Canvas) -> None:
        lips, dusk = body.lips, "#4a1820"
        if name == "calm":
            canvas.line([(-6, 0), (0, 0.8), (6, -0.4)], lips, 2.4)
        elif name == "smile":
            canvas.line([(-9, -2.5), (-1, 3.6), (9, -3.2)], lips, 2.6)
        elif name == "frown":
            canvas.line([(-7, 3.4), (0, -1.6), (8, 3)], lips, 2.6)
        elif name == "talk":
            canvas.shape([(-6, -1), (0, -3), (7, -1), (4, 5), (-3, 5)], dusk, ink=lips, width=2)
        elif name == "laugh":
            canvas.shape([(-10, -4, "c"), (0, -2), (10, -4, "c"), (6, 7), (0, 10), (-6, 7)], dusk, ink=lips, width=2.2)
            canvas.shape([(-8, -3, "c"), (0, -1.2), (8, -3, "c"), (7, 1), (-7, 1)], "#fff3df", ink="")
            canvas.oval(0, 7, 4.4, 2.2, "#c9685e")
        else:
            canvas.oval(0, 2, 4.4, 6, dusk, ink=lips, width=2)

    return draw


def nose(canvas: Canvas, skin: str, size: float = 1.0) -> None:
    """Seen three quarters from the front; on the face, beside the eyes."""
    s = size
    canvas.shape([(0, -5 * s), (5 * s, 4 * s), (7.5 * s, 9 * s), (2 * s, 11.5 * s), (-3 * s, 9 * s)], light(skin, 0.1), ink="")
    canvas.line([(3.4 * s, -2 * s), (7.6 * s, 8.4 * s), (2 * s, 11.6 * s), (-2.6 * s, 9.6 * s)], dark(skin, 0.5), 1.8)
    canvas.oval(4 * s, 6 * s, 2 * s, 2.2 * s, mix(skin, "#ff7a5a", 0.35), opacity=0.6)


def mug(canvas: Canvas) -> None:
    """A wooden mug with iron hoops, standing on (0, 0)."""
    wood = canvas.fade("#b07a45", "#8a5a31", "#5f3a22", across=True)
    canvas.tube([(-12, -20), (-21, -18), (-20, -6), (-12, -5)], "#6a4a34", 3.2)
    canvas.shape([(-12, -26, "c"), (12, -26, "c"), (13.5, 0, "c"), (-13.5, 0, "c")], wood)
    for y in (-21, -5):
        canvas.line([(-12.6, y), (12.6, y)], "#4d4a52", 3.4)
        canvas.line([(-10, y - 0.8), (-2, y - 0.8)], "#9a98a4", 1.2)
    canvas.shape([(-13, -26), (-11, -32), (-4, -31), (1, -35), (8, -31), (13, -32), (13, -25), (0, -24)], "#fff3d8", width=1.8)


def sword(canvas: Canvas) -> None:
    """Held at (0, 0), the blade upwards."""
    canvas.shape(
        [(-4.4, -8, "c"), (-4, -82, "c"), (0, -94, "c"), (4, -82, "c"), (4.4, -8, "c")],
        canvas.fade("#f4f8ff", "#b9c4d6", "#7f8ba2", across=True),
    )
    canvas.line([(0, -10), (0, -80)], "#6f7a92", 1.4)
    canvas.tube([(-15, -8), (0, -10), (15, -8)], "#b58a3c", 4.4)
    canvas.tube([(0, -5), (0, 11)], "#5a2f26", 5)
    canvas.oval(0, 14, 4.4, 4.4, "#d6a648", ink=INK, width=1.8)


def scabbard(canvas: Canvas) -> None:
    """Hangs from the belt at (0, 0), backwards."""
    canvas.tube([(4, -6), (-30, 44)], "#4a2c24", 7)
    canvas.tube([(-26, 38), (-30, 44)], "#b58a3c", 7)


def hilt(canvas: Canvas) -> None:
    """Stands out of the scabbard while the sword is in it."""
    canvas.tube([(-2, -18), (12, -8)], "#b58a3c", 3.6)
    canvas.tube([(6, -15), (13, -25)], "#5a2f26", 4.6)
    canvas.oval(15, -28, 4, 4, "#d6a648", ink=INK, width=1.6)


def lute(canvas: Canvas) -> None:
    """Its body lies around (0, 0), the neck goes up to the left."""
    canvas.tube([(-10, -6), (-62, -36)], "#5b3521", 7)
    canvas.tube([(-62, -36), (-72, -28)], "#4a2a1c", 7)
    for step in (0, 1, 2):
        canvas.oval(-66 - 3 * step, -37 + 5 * step, 2.2, 2.2, "#e8d9b0", ink=INK, width=1.2)
    wood = canvas.fade("#e2a95c", "#c98443", "#8f5229")
    canvas.shape([(-20, -14), (-4, -20), (18, -12), (30, 6), (24, 22), (6, 26), (-12, 14), (-20, 0)], wood, width=2.4)
    canvas.oval(6, 3, 7.4, 7.4, "#3a2018", ink="#8a5a2c", width=2.4)
    canvas.tube([(15, 16), (23, 9)], "#4a2a1c", 2.2, 0.8)
    for shift in (-2.2, 0, 2.2):
        canvas.line([(19 + shift, 13 - shift), (-62 + shift, -35 - shift)], "#f7e7bd", 0.9, 0.9)


def tray(canvas: Canvas) -> None:
    """Carried at (0, 0), with three mugs."""
    for x in (-22, 22, 0):
        canvas.body.append(f'<g transform="translate({x} -2) scale(0.82)">')
        mug(canvas)
        canvas.body.append("</g>")
    canvas.shape([(-42, -4, "c"), (42, -4, "c"), (36, 4, "c"), (-36, 4, "c")], canvas.fade("#9a6a3c", "#5f3a22"))


def teapot(canvas: Canvas) -> None:
    """Held by its handle at (0, 0), the spout to the right."""
    clay = canvas.fade("#8fb6a8", "#5d8b80", "#3b5f5b")
    canvas.tube([(0, 0), (2, -14), (24, -16), (28, 0)], "#5a3a24", 3.4)
    canvas.tube([(28, 8), (40, 2), (45, -5)], "#5d8b80", 5)
    canvas.shape([(2, 6), (14, -3), (28, 4), (31, 16), (14, 23), (-1, 16)], clay)
    canvas.oval(14, -3, 4, 2.6, "#a9cdbf", ink=INK, width=1.6)
    canvas.line([(4, 12), (14, 15), (26, 12)], "#d8ecdf", 1.4, 0.7)


def cup(canvas: Canvas) -> None:
    """A handleless tea bowl, standing on (0, 0)."""
    canvas.shape([(-9, -12, "c"), (9, -12, "c"), (6, -1), (0, 0), (-6, -1)], canvas.fade("#f3ead6", "#c9bda2"))
    canvas.line([(-7, -8), (0, -6.5), (7, -8)], "#4a7ba0", 1.8)


def abacus(canvas: Canvas) -> None:
    """Lies on the arm around (0, 0)."""
    canvas.box(-26, -16, 52, 32, "#6b3f26")
    canvas.box(-22, -12, 44, 24, "#c59b66", ink="", opacity=0.9)
    canvas.line([(-24, -4), (24, -4)], "#6b3f26", 2.6)
    for index, x in enumerate((-17, -8.5, 0, 8.5, 17)):
        canvas.line([(x, -12), (x, 12)], "#54331f", 1.2)
        for y in (-8.5, 1 + index % 2 * 2, 6.5 + index % 2):
            canvas.oval(x, y, 3.2, 2, "#2b1a18")


PROPS: dict[str, tuple[tuple[float, float, float, float], Draw]] = {
    "mug": ((-26, -38, 44, 42), mug),
    "sword": ((-20, -98, 40, 120), sword),
    "scabbard": ((-42, -14, 56, 68), scabbard),
    "hilt": ((-10, -36, 34, 36), hilt),
    "lute": ((-82, -48, 120, 82), lute),
    "tray": ((-46, -40, 92, 48), tray),
    "teapot": ((-8, -24, 60, 52), teapot),
    "cup": ((-12, -16, 24, 20), cup),
    "abacus": ((-30, -20, 60, 40), abacus),
}
