"""Pictures for the buttons, and the game's own."""

# fmt: off: tables of places read better in rows than with one number on each line.

from __future__ import annotations

from collections.abc import Callable

from parts import mug as draw_mug
from svg import INK, Canvas


def icon(draw: Callable[[Canvas], None]) -> Callable[[], Canvas]:
    """A picture for a button, 32 by 32 around (0, 0)."""

    def make() -> Canvas:
        c = Canvas()
        draw(c)
        return c

    return make


def rain(c: Canvas) -> None:
    c.shape([(-12, -2), (-10, -9), (-2, -11), (4, -14), (11, -8), (13, -1)], c.fade("#dfe8f4", "#93a6c4"), width=1.8)
    for x in (-8, 0, 8):
        c.tube([(x + 1, 4), (x - 2, 11)], "#7fb4e8", 2.4, 0.9)


def sword(c: Canvas) -> None:
    c.body.append('<g transform="rotate(42) scale(0.95)">')
    c.shape(
        [(-2.6, 5, "c"), (-2.6, -12, "c"), (0, -16, "c"), (2.6, -12, "c"), (2.6, 5, "c")],
        c.fade("#f4f8ff", "#9aa8c0", across=True),
        width=1.6,
    )
    c.tube([(-7, 6), (7, 6)], "#d6a648", 2.6, 1.1)
    c.tube([(0, 8), (0, 13)], "#7a4030", 2.8, 1.1)
    c.body.append("</g>")


def purse(c: Canvas) -> None:
    for x, y in ((-5, 5), (6, 3), (0, -5)):
        c.oval(x, y, 8, 8, c.glow("#fff6c8", "#e8b84a", "#b07a24"), ink=INK, width=1.8)
        c.oval(x, y, 4.6, 4.6, "none", ink="#9a6a1c", width=1.3)


def mug(c: Canvas) -> None:
    c.body.append('<g transform="translate(2 13) scale(0.8)">')
    draw_mug(c)
    c.body.append("</g>")


def bell(c: Canvas) -> None:
    c.oval(0, 11, 3.4, 3.4, "#8a5a1c", ink=INK, width=1.6)
    c.shape(
        [(-3, -13), (3, -13), (8, -6), (9, 5), (13, 10, "c"), (-13, 10, "c"), (-9, 5), (-8, -6)], c.fade("#ffe08a", "#d09a34"), width=1.8
    )


def emblem(c: Canvas) -> None:
    c.oval(0, 0, 15.5, 15.5, c.glow("#8a3038", "#4a1820"), ink="#d6a648", width=1.6)
    c.body.append('<g transform="translate(2 10) scale(0.62)">')
    draw_mug(c)
    c.body.append("</g>")
