"""Drawing in SVG: outlined shapes from few points, and sheets that hold the parts of one puppet.

Coordinates are pixels of the game at 1280x720. Only what Godot's importer draws is used: paths, gradients, opacity; no filters, no text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

INK = "#24161a"
Point: TypeAlias = tuple[float, float] | tuple[float, float, str]
"""x, y, and "c" for a corner; a curve goes smoothly through the other points."""
Box: TypeAlias = tuple[float, float, float, float]
"""x, y, width, height."""


def mix(one: str, other: str, share: float) -> str:
    """The colour between two."""
    a, b = (tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5)) for colour in (one, other))
    return "#" + "".join(f"{round(x + (y - x) * share):02x}" for x, y in zip(a, b, strict=True))


def light(colour: str, share: float = 0.2) -> str:
    return mix(colour, "#ffe9c4", share)


def dark(colour: str, share: float = 0.25) -> str:
    return mix(colour, "#1a1024", share)


def number(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".") if abs(value) >= 0.05 else "0"


def outline(points: Sequence[Point], *, is_closed: bool) -> str:
    """The path of a smooth curve through these points."""
    count = len(points)
    place = [(point[0], point[1]) for point in points]

    def pull(index: int) -> tuple[float, float]:
        if len(points[index % count]) > 2 or (not is_closed and index % count in (0, count - 1)):
            return (0.0, 0.0)
        before, after = place[(index - 1) % count], place[(index + 1) % count]
        return ((after[0] - before[0]) / 6, (after[1] - before[1]) / 6)

    path = [f"M{number(place[0][0])} {number(place[0][1])}"]
    for index in range(count if is_closed else count - 1):
        start, end = place[index], place[(index + 1) % count]
        first, second = pull(index), pull(index + 1)
        if first == second == (0.0, 0.0):
            path.append(f"L{number(end[0])} {number(end[1])}")
            continue
        curve = (start[0] + first[0], start[1] + first[1], end[0] - second[0], end[1] - second[1], *end)
        path.append("C" + " ".join(number(value) for value in curve))
    return "".join(path) + ("Z" if is_closed else "")


class Canvas:
    """What is drawn, in order."""

    def __init__(self) -> None:
        self.definitions: list[str] = []
        self.body: list[str] = []
        self._gradients: dict[tuple[str, ...], str] = {}
        self._prefix = "g"

    def fade(self, *colours: str, across: bool = False) -> str:
        """A gradient from top to bottom, or from left to right."""
        end = 'x2="1" y2="0"' if across else 'x2="0" y2="1"'
        return self._gradient("linearGradient", f'x1="0" y1="0" {end}', colours)

    def glow(self, *colours: str) -> str:
        """A gradient from the middle outwards; ``#rrggbbaa`` is see-through."""
        return self._gradient("radialGradient", 'cx="0.5" cy="0.5" r="0.5"', colours)

    def _gradient(self, tag: str, where: str, colours: tuple[str, ...]) -> str:
        key = (tag, where, *colours)
        if key not in self._gradients:
            name = f"{self._prefix}{len(self._gradients)}"
            stops = ""
            for index, colour in enumerate(colours):
                see_through = f' stop-opacity="{int(colour[7:], 16) / 255:.2f}"' if len(colour) == 9 else ""
                stops += f'<stop offset="{index / (len(colours) - 1):.2f}" stop-color="{colour[:7]}"{see_through}/>'
            self.definitions.append(f'<{tag} id="{name}" {where}>{stops}</{tag}>')
            self._gradients[key] = f"url(#{name})"
        return self._gradients[key]

    def path(self, path: str, fill: str = "none", ink: str = "", width: float = 2.2, opacity: float = 1.0) -> None:
        pen = f' stroke="{ink}" stroke-width="{number(width)}" stroke-linejoin="round" stroke-linecap="round"' if ink else ""
        veil = f' opacity="{opacity:.2f}"' if opacity < 1 else ""
        self.body.append(f'<path d="{path}" fill="{fill}"{pen}{veil}/>')

    def shape(self, points: Sequence[Point], fill: str, *, ink: str = INK, width: float = 2.2, opacity: float = 1.0) -> None:
        """A filled area; with ``ink`` it is outlined."""
        self.path(outline(points, is_closed=True), fill, ink, width, opacity)

    def box(self, x: float, y: float, w: float, h: float, fill: str, *, ink: str = INK, width: float = 2.2, opacity: float = 1.0) -> None:
        self.path(f"M{number(x)} {number(y)}h{number(w)}v{number(h)}h{number(-w)}Z", fill, ink, width, opacity)

    def oval(self, x: float, y: float, rx: float, ry: float, fill: str, *, ink: str = "", width: float = 2.2, opacity: float = 1.0) -> None:
        pen = f' stroke="{ink}" stroke-width="{number(width)}"' if ink else ""
        veil = f' opacity="{opacity:.2f}"' if opacity < 1 else ""
        place = f'cx="{number(x)}" cy="{number(y)}" rx="{number(rx)}" ry="{number(ry)}"'
        self.body.append(f'<ellipse {place} fill="{fill}"{pen}{veil}/>')

    def line(self, points: Sequence[Point], ink: str = INK, width: float = 2.0, opacity: float = 1.0) -> None:
        """An open curve."""
        self.path(outline(points, is_closed=False), "none", ink, width, opacity)

    def tube(self, points: Sequence[Point], colour: str, width: float, edge: float = 2.0) -> None:
        """A thick outlined curve with round ends: a finger, a strap, a rope."""
        self.line(points, INK, width + 2 * edge)
        self.line(points, colour, width)

    def limb(self, top: float, bottom: float, length: float, fill: str, *, bulge: float = 0.0) -> None:
        """A part that hangs from a joint at (0, 0): outlined at its sides and end, open at the joint."""
        left: list[Point] = [(-top, 2), (-(top + bottom) / 2 - bulge, length * 0.45), (-bottom, length)]
        right: list[Point] = [(bottom, length), ((top + bottom) / 2 + bulge, length * 0.45), (top, 2)]
        self.oval(0, 0, top, top, fill)
        self.shape([*left, (0, length + bottom * 0.5), *right], fill, ink="")
        self.line([*left, (0, length + bottom * 0.5), *right])

    def svg(self, box: Box, scale: float) -> str:
        x, y, w, h = box
        size = f'width="{number(w * scale)}" height="{number(h * scale)}" viewBox="{number(x)} {number(y)} {number(w)} {number(h)}"'
        lines = [f'<svg xmlns="http://www.w3.org/2000/svg" {size}>', f"<defs>{''.join(self.definitions)}</defs>", *self.body, "</svg>\n"]
        return "\n".join(lines)


Draw: TypeAlias = Callable[[Canvas], None]


@dataclass(frozen=True)
class Part:
    """Where a part is on its sheet, in pixels of the texture, and its joint."""

    region: Box
    offset: tuple[float, float]
    frames: int


@dataclass
class Sheet:
    """All parts of a puppet in one picture, each with its joint at its own (0, 0)."""

    scale: float = 2.0
    width: float = 512.0
    canvas: Canvas = field(default_factory=Canvas)
    parts: dict[str, Part] = field(default_factory=dict)
    _x: float = 0.0
    _y: float = 0.0
    _row: float = 0.0

    def add(self, name: str, box: Box, *frames: Draw) -> None:
        """Draw a part; several drawings become frames side by side."""
        w, h = box[2] * len(frames), box[3]
        if self._x + w > self.width:
            self._x, self._y, self._row = 0.0, self._y + self._row + 2, 0.0
        for index, draw in enumerate(frames):
            self.canvas.body.append(f'<g transform="translate({number(self._x + index * box[2] - box[0])} {number(self._y - box[1])})">')
            draw(self.canvas)
            self.canvas.body.append("</g>")
        s = self.scale
        region = (self._x * s, self._y * s, w * s, h * s)
        self.parts[name] = Part(region, (box[0] * s, box[1] * s), len(frames))
        self._x += math.ceil(w) + 2
        self._row = max(self._row, math.ceil(h))

    def write(self, file: Path) -> None:
        file.write_text(self.canvas.svg((0, 0, self.width, self._y + self._row), self.scale), encoding="utf-8", newline="\n")
