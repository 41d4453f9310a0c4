"""The animations: what everybody can do, and what only some can. A clip is a list of moments, each a change of the idle pose."""

# fmt: off: tables of places read better in rows than with one number on each line.

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from poses import Pose, changed

Moment: TypeAlias = tuple[float, dict[str, Any]]
END: dict[str, Any] = {}


@dataclass(frozen=True)
class Clip:
    """Moments in seconds; an empty change is the idle pose."""

    moments: list[Moment]
    loops: bool = False


IDLES: dict[str, Pose] = {
    "brom": Pose(
        is_seated=True,
        torso=4,
        f=(0.52, 0.42),
        aim_f=90,
        grip_f="fist",
        b=(0.5, 0.8),
        foot_f=(44, 0),
        foot_b=(26, 0),
        shown=frozenset({"mug"}),
    ),
    "mira": Pose(
        is_seated=True,
        torso=3,
        f=(0.12, 0.62),
        aim_f=60,
        grip_f="rest",
        b=(0.78, 0.34),
        aim_b=150,
        grip_b="fist",
        foot_f=(48, 0),
        foot_b=(22, 0),
    ),
    "isolde": Pose(
        is_seated=True, torso=-2, f=(0.58, 0.72), b=(0.4, 0.8), foot_f=(46, 0), foot_b=(30, 0), brows=(0, 6), shown=frozenset({"hilt"})
    ),
    "wu": Pose(f=(0.42, 0.56), b=(0.8, 0.52), aim_f=60, aim_b=60, grip_f="fist", mouth="smile", foot_f=(12, 0), foot_b=(-12, 0)),
    "tess": Pose(f=(0.72, 0.3), b=(0.92, 0.36), aim_f=90, aim_b=90, grip_f="fist", grip_b="fist", mouth="smile", shown=frozenset({"tray"})),
    "hero": Pose(f=(0.16, 0.94), b=(-0.02, 0.95), shown=frozenset({"hilt"})),
}


def swing(start: float, step: float, *changes: dict[str, Any], times: int = 1) -> list[Moment]:
    """The same moments again and again."""
    return [(start + step * index, change) for index, change in enumerate(changes * times)]


def hand(who: str) -> dict[str, Any]:
    """What the near hand puts down before it gestures."""
    return {"hide": "mug"} if who == "brom" else {}


def wave(who: str) -> Clip:
    up: dict[str, Any] = {**hand(who), "grip_f": "open", "mouth": "smile", "eyes": "happy", "brows": (3, 0), "head": -4}
    left, right = {**up, "f": (0.3, -0.72), "aim_f": 205}, {**up, "f": (0.62, -0.62), "aim_f": 150, "torso": -2}
    return Clip(
        [(0, END), (0.3, right), *swing(0.52, 0.22, left, right, times=3), (2.1, {**up, "f": (0.5, -0.6), "aim_f": 175}), (2.5, END)]
    )


def nod(who: str) -> Clip:
    down, up = {"head": 16, "nod": 4, "eyes": "closed", "mouth": "smile"}, {"head": -7, "nod": -2, "mouth": "smile", "brows": (2, 0)}
    return Clip([(0, END), (0.18, up), *swing(0.42, 0.24, down, up, times=2), (1.4, {"head": 6, "mouth": "smile"}), (1.75, END)])


def shake_head(who: str) -> Clip:
    stern: dict[str, Any] = {"mouth": "frown", "brows": (-1, 8), "eyes": "narrow"}
    left, right = {**stern, "look": -15, "head": -4}, {**stern, "look": 5, "head": 4}
    return Clip([(0, END), *swing(0.22, 0.24, left, right, times=3), (1.9, {**stern, "look": -4}), (2.2, END)])


def bow(who: str) -> Clip:
    deep: dict[str, Any] = {
        **hand(who),
        "torso": 34,
        "head": 24,
        "eyes": "closed",
        "mouth": "smile",
        "f": (0.25, 0.4),
        "aim_f": 100,
        "grip_f": "rest",
        "b": (-0.75, 0.35),
        "grip_b": "open",
    }
    if who == "wu":  # one fist in the other hand
        deep = {
            "torso": 17,
            "head": 26,
            "eyes": "closed",
            "mouth": "smile",
            "f": (0.62, 0.02),
            "b": (0.98, 0.04),
            "aim_f": 130,
            "aim_b": 130,
            "grip_f": "fist",
            "grip_b": "rest",
        }
    if who == "mira":
        deep |= {"b": (0.78, 0.34), "grip_b": "fist", "f": (0.8, 0.35), "grip_f": "open"}
    rise: dict[str, Any] = {}
    if who in ("brom", "mira"):
        rise = {"is_seated": False, "foot_f": (14, 0), "foot_b": (-12, 0)}
    return Clip(
        [
            (0, END),
            (0.35, {**rise, "torso": 6}),
            (0.8, {**rise, **deep}),
            (1.6, {**rise, **deep}),
            (2.1, {**rise, "mouth": "smile"}),
            (2.6, END),
        ]
    )


def shrug(who: str) -> Clip:
    high: dict[str, Any] = {
        **hand(who),
        "shoulders": -9,
        "head": -8,
        "f": (0.66, 0.08),
        "aim_f": 120,
        "grip_f": "open",
        "mouth": "frown",
        "brows": (6, -6),
    }
    if who != "mira":
        high |= {"b": (-0.5, 0.12), "aim_b": -110, "grip_b": "open"}
    return Clip([(0, END), (0.3, high), (0.75, {**high, "shoulders": -12, "head": 7}), (1.3, high), (1.75, END)])


def point(who: str) -> Clip:
    out: dict[str, Any] = {
        **hand(who),
        "f": (0.97, -0.1),
        "aim_f": 94,
        "grip_f": "point",
        "torso": 5,
        "brows": (1, 8),
        "mouth": "talk",
        "eyes": "narrow",
    }
    return Clip(
        [(0, END), (0.25, {**out, "f": (0.5, 0.1)}), (0.45, out), (0.65, {**out, "f": (0.9, -0.08)}), (0.85, out), (1.8, out), (2.2, END)]
    )


def laugh(who: str) -> Clip:
    joy: dict[str, Any] = {"mouth": "laugh", "eyes": "happy", "brows": (4, -4), "head": -15}
    if who != "mira":
        joy |= {"b": (0.5, 0.5), "aim_b": 60}
    up, down = {**joy, "torso": -11, "shoulders": -6, "nod": -3}, {**joy, "torso": -5, "shoulders": 1, "head": -6}
    return Clip([(0, END), *swing(0.22, 0.16, up, down, times=6), (2.3, {"mouth": "smile", "eyes": "happy", "torso": 2}), (2.7, END)])


def smile(who: str) -> Clip:
    warm: dict[str, Any] = {"mouth": "smile", "eyes": "happy", "brows": (4, -4), "head": -6}
    return Clip([(0, END), (0.3, warm), (1.1, {**warm, "head": 5, "torso": 3}), (1.9, warm), (2.3, END)])


def frown(who: str) -> Clip:
    dark: dict[str, Any] = {"mouth": "frown", "eyes": "narrow", "brows": (-3, 20), "head": 7}
    return Clip([(0, END), (0.25, dark), (1.0, {**dark, "torso": 7, "head": 9}), (1.9, dark), (2.3, END)])


def sigh(who: str) -> Clip:
    full: dict[str, Any] = {"shoulders": -8, "torso": -5, "head": -10, "eyes": "closed", "breath": 1.03, "mouth": "o", "brows": (4, -8)}
    empty: dict[str, Any] = {"shoulders": 8, "torso": 11, "head": 18, "eyes": "closed", "breath": 0.97, "mouth": "frown", "brows": (2, -12)}
    return Clip([(0, END), (0.6, full), (1.3, empty), (2.1, empty), (2.7, END)])


def gasp(who: str) -> Clip:
    shock: dict[str, Any] = {
        "torso": -12,
        "head": -8,
        "shoulders": -8,
        "eyes": "wide",
        "mouth": "o",
        "brows": (9, -8),
        "f": (0.4, -0.22),
        "aim_f": 165,
        "grip_f": "open",
    }
    return Clip([(0, END), (0.14, shock), (0.9, {**shock, "torso": -9}), (1.5, shock), (2.0, END)])


def look_around(who: str) -> Clip:
    left, right = (
        {"look": -17, "head": -6, "torso": -4, "eyes": "wide", "brows": (4, 0)},
        {"look": 6, "head": 3, "torso": 5, "eyes": "wide", "brows": (4, 0)},
    )
    return Clip([(0, END), (0.4, left), (1.05, left), (1.5, right), (2.2, right), (2.7, END)])


def think(who: str) -> Clip:
    chin: dict[str, Any] = {
        **hand(who),
        "f": (0.1, -0.2),
        "aim_f": 170,
        "grip_f": "point",
        "b": (0.55, 0.4),
        "head": -9,
        "brows": (5, 6),
        "eyes": "narrow",
    }
    return Clip(
        [(0, END), (0.4, chin), *swing(0.7, 0.35, {**chin, "f": (0.14, -0.15), "head": -6}, chin, times=3), (2.7, chin), (3.1, END)]
    )


def cross_arms(who: str) -> Clip:
    firm: dict[str, Any] = {
        **hand(who),
        "f": (0.06, 0.42),
        "aim_f": -80,
        "b": (0.62, 0.4),
        "aim_b": 100,
        "grip_f": "rest",
        "grip_b": "rest",
        "torso": -5,
        "head": 3,
        "brows": (-2, 12),
        "mouth": "frown",
        "back_arm_over": False,
    }
    firm["f"], firm["aim_f"] = (0.3, 0.38), 100
    firm["back_arm_over"] = True
    return Clip([(0, END), (0.4, firm), (1.0, {**firm, "head": -4}), (2.2, firm), (2.7, {**firm, "torso": -2}), (3.1, END)])


def drink(who: str) -> Clip:
    held: dict[str, Any] = {"grip_f": "fist", "show": "cup" if who == "wu" else "mug"}
    lift, tip = (
        {**held, "f": (0.55, -0.2), "aim_f": 88},
        {**held, "f": (0.42, -0.34), "aim_f": 128, "head": -19, "torso": -5, "eyes": "closed"},
    )
    start: list[Moment] = [(0, END)] if who == "brom" else [(0, END), (0.3, {"f": (0.75, 0.5), "aim_f": 80})]
    after = {**held, "f": (0.6, 0.1), "aim_f": 90, "mouth": "smile", "eyes": "happy"}
    return Clip(
        [
            *start,
            (0.4, {**held, "f": (0.7, 0.3), "aim_f": 90}),
            (0.75, lift),
            (1.05, tip),
            (1.8, {**tip, "head": -23, "aim_f": 138}),
            (2.2, after),
            (2.8, END),
        ]
    )


def lean_in(who: str) -> Clip:
    near: dict[str, Any] = {"torso": 19, "head": 4, "shift": 6, "eyes": "wide", "brows": (4, -4), "mouth": "smile", "look": 3}
    if who in ("wu", "brom"):
        near |= {**hand(who), "f": (0.5, -0.22), "aim_f": 150, "grip_f": "open", "mouth": "talk"}
    return Clip([(0, END), (0.45, near), (1.3, {**near, "head": -4}), (2.2, near), (2.7, END)])


def retreat(who: str) -> Clip:
    ward: dict[str, Any] = {
        **hand(who),
        "torso": -13,
        "f": (0.82, -0.18),
        "aim_f": 150,
        "grip_f": "open",
        "b": (0.8, -0.12),
        "aim_b": 150,
        "grip_b": "open",
        "eyes": "wide",
        "mouth": "o",
        "brows": (8, -10),
        "is_seated": False,
    }
    step: dict[str, Any] = {**ward, "shift": -24, "foot_f": (20, 0), "foot_b": (-22, -10)}
    far: dict[str, Any] = {**ward, "shift": -40, "foot_f": (16, 0), "foot_b": (-16, 0)}
    return Clip([(0, END), (0.28, step), (0.55, far), (1.7, {**far, "torso": -9}), (2.5, END)])


def clap(who: str) -> Clip:
    joy: dict[str, Any] = {
        "mouth": "laugh",
        "eyes": "happy",
        "brows": (4, -2),
        "grip_f": "open",
        "grip_b": "open",
        "aim_f": 140,
        "aim_b": 140,
        "back_arm_over": True,
    }
    apart, together = {**joy, "f": (0.36, -0.02), "b": (0.98, 0.0), "torso": -3}, {**joy, "f": (0.56, 0.02), "b": (0.82, 0.02), "torso": 2}
    return Clip([(0, END), *swing(0.3, 0.14, apart, together, times=6), (2.1, apart), (2.5, END)])


def dance(who: str) -> Clip:
    joy: dict[str, Any] = {"is_seated": False, "mouth": "laugh", "eyes": "happy", "brows": (4, -2), "grip_f": "open"}
    one: dict[str, Any] = {
        **joy,
        "f": (0.66, -0.72),
        "aim_f": 160,
        "torso": -9,
        "head": 8,
        "shift": -14,
        "hip": (0, 5),
        "foot_f": (24, -22),
        "foot_b": (-6, 0),
    }
    two: dict[str, Any] = {
        **joy,
        "f": (0.8, -0.3),
        "aim_f": 130,
        "torso": 9,
        "head": -8,
        "shift": 16,
        "hip": (0, 5),
        "foot_f": (8, 0),
        "foot_b": (-26, -22),
    }
    hop: dict[str, Any] = {**joy, "f": (0.6, -0.6), "aim_f": 160, "hip": (0, -14), "foot_f": (12, -14), "foot_b": (-12, -14)}
    return Clip([(0, END), (0.35, hop), *swing(0.6, 0.26, one, hop, two, hop, times=2), (2.9, END)])


def play_lute(who: str) -> Clip:
    song: dict[str, Any] = {"eyes": "closed", "mouth": "smile", "grip_f": "rest"}
    down = {**song, "f": (0.2, 0.7), "aim_f": 70, "torso": 6, "head": 10, "lute": 2}
    up = {**song, "f": (0.1, 0.5), "aim_f": 50, "torso": -2, "head": -6, "lute": -3, "b": (0.7, 0.28)}
    return Clip([(0, END), *swing(0.25, 0.2, down, up, times=7), (3.3, END)])


def wipe_hands(who: str) -> Clip:
    down: dict[str, Any] = {"hide": "mug", "head": 14, "back_arm_over": True}
    one, two = (
        {**down, "f": (0.22, 0.62), "aim_f": 20, "b": (0.62, 0.44), "aim_b": 20},
        {**down, "f": (0.3, 0.44), "aim_f": 20, "b": (0.55, 0.66), "aim_b": 20},
    )
    return Clip([(0, END), *swing(0.3, 0.2, one, two, times=5), (2.4, {**down, "f": (0.5, 0.3), "aim_f": 90}), (2.8, END)])


def salute(who: str) -> Clip:
    stiff: dict[str, Any] = {
        "is_seated": False,
        "foot_f": (7, 0),
        "foot_b": (-5, 0),
        "torso": -4,
        "head": -3,
        "b": (-0.02, 0.97),
        "brows": (2, 4),
    }
    brow = {**stiff, "f": (0.36, -0.5), "aim_f": 205, "grip_f": "rest"}
    return Clip([(0, END), (0.45, stiff), (0.75, brow), (1.7, brow), (2.0, {**stiff, "f": (0.3, 0.8)}), (2.6, END)])


def hand_on_sword(who: str) -> Clip:
    risen: dict[str, Any] = {
        "is_seated": False,
        "foot_f": (24, 0),
        "foot_b": (-20, 0),
        "torso": 7,
        "head": 3,
        "brows": (-3, 18),
        "eyes": "narrow",
        "mouth": "frown",
        "hip": (0, 4),
    }
    grip = {**risen, "f": (-0.12, 0.72), "aim_f": -10, "grip_f": "fist", "b": (0.86, 0.1), "aim_b": 120, "grip_b": "open"}
    return Clip([(0, END), (0.35, risen), (0.6, grip), (1.4, {**grip, "head": 6}), (2.4, grip), (3.0, END)])


def stand_up(who: str) -> Clip:
    up: dict[str, Any] = {
        **hand(who),
        "is_seated": False,
        "foot_f": (16, 0),
        "foot_b": (-14, 0),
        "f": (0.1, 0.95),
        "b": (-0.1, 0.95),
        "brows": (0, 10),
    }
    return Clip(
        [
            (0, END),
            (0.25, {"torso": 26, "head": -6}),
            (0.65, {**up, "torso": -3}),
            (1.0, {**up, "torso": -5, "head": -3, "grip_f": "fist", "grip_b": "fist"}),
            (2.6, {**up, "torso": -4, "grip_f": "fist", "grip_b": "fist"}),
            (3.3, END),
        ]
    )


def sit_down(who: str) -> Clip:
    up: dict[str, Any] = {"is_seated": False, "foot_f": (30, 0), "foot_b": (14, 0)}
    return Clip(
        [
            (0, END),
            (0.4, {**up, "torso": 10}),
            (0.8, up),
            (1.3, {"torso": 16, "hip": (0, 4)}),
            (1.6, {"torso": -6, "eyes": "closed"}),
            (2.1, END),
        ]
    )


def step_forward(who: str) -> Clip:
    firm: dict[str, Any] = {
        "is_seated": False,
        "brows": (-2, 14),
        "eyes": "narrow",
        "mouth": "frown",
        "f": (0.2, 0.9),
        "b": (-0.1, 0.9),
        "grip_f": "fist",
        "grip_b": "fist",
    }
    lift, land = (
        {**firm, "shift": 20, "foot_f": (34, -16), "foot_b": (-16, 0), "torso": 4},
        {**firm, "shift": 42, "foot_f": (24, 0), "foot_b": (-24, 0), "torso": 9},
    )
    return Clip(
        [
            (0, END),
            (0.4, {**firm, "foot_f": (10, 0), "foot_b": (-8, 0)}),
            (0.65, lift),
            (0.85, land),
            (2.2, {**land, "torso": 6}),
            (3.0, END),
        ]
    )


def beckon(who: str) -> Clip:
    out: dict[str, Any] = {"grip_f": "open", "brows": (4, 0), "head": -4, "torso": 4}
    far, near = {**out, "f": (0.86, 0.02), "aim_f": 110}, {**out, "f": (0.56, -0.12), "aim_f": 200, "head": 3}
    return Clip([(0, END), *swing(0.3, 0.26, far, near, times=3), (2.1, far), (2.5, END)])


def pour_tea(who: str) -> Clip:
    held: dict[str, Any] = {"grip_f": "fist", "show": "teapot", "mouth": "smile", "b": (0.88, 0.5), "aim_b": 70}
    level, tip = (
        {**held, "f": (0.5, 0.1), "aim_f": 20},
        {**held, "f": (0.58, -0.08), "aim_f": -28, "head": 12, "torso": 6, "eyes": "narrow"},
    )
    return Clip([(0, END), (0.4, level), (0.9, tip), (1.9, {**tip, "f": (0.6, -0.02)}), (2.3, level), (2.8, END)])


def count_coins(who: str) -> Clip:
    held: dict[str, Any] = {"show": "abacus", "b": (0.72, 0.5), "aim_b": 90, "head": 14, "eyes": "narrow", "grip_f": "point"}
    one, two = {**held, "f": (0.42, 0.28), "aim_f": 60}, {**held, "f": (0.5, 0.36), "aim_f": 46, "brows": (3, 0)}
    return Clip(
        [
            (0, END),
            *swing(0.35, 0.15, one, two, times=7),
            (2.6, {**held, "f": (0.5, 0.1), "aim_f": 120, "grip_f": "open", "mouth": "smile"}),
            (3.1, END),
        ]
    )


def idle(who: str) -> Clip:
    """Breathing, a blink, and a little of what this person is like."""
    sway: dict[str, Any] = {"breath": 1.022, "shoulders": -1.6, "head": 1.5, "sway": 3}
    odd: dict[str, dict[str, Any]] = {
        "brom": {"f": (0.5, 0.38), "look": -3},
        "mira": {"f": (0.2, 0.68), "lute": 1.5, "head": 6, "mouth": "smile"},
        "isolde": {"look": -8, "eyes": "narrow"},
        "wu": {"f": (0.45, 0.52), "head": 4},
        "tess": {"look": -3},
        "hero": {"look": -2},
    }
    return Clip(
        [
            (0, END),
            (1.2, sway),
            (2.3, {"eyes": "closed"}),
            (2.42, END),
            (3.4, {**sway, **odd[who]}),
            (4.3, odd[who]),
            (4.8, {**odd[who], "eyes": "closed"}),
            (4.92, odd[who]),
            (6.0, END),
        ],
        loops=True,
    )


def walk(who: str) -> Clip:
    moments: list[Moment] = []
    for index in range(9):
        turn = index / 8 * 2 * math.pi
        change: dict[str, Any] = {
            "hip": (0, 3 + 3 * math.cos(2 * turn)),
            "torso": 4,
            "head": -2,
            "sway": 10 + 4 * math.sin(2 * turn),
            "foot_f": (26 * math.cos(turn), min(0.0, -15 * math.sin(turn))),
            "foot_b": (-26 * math.cos(turn), min(0.0, 15 * math.sin(turn))),
        }
        if who == "hero":
            change |= {"f": (-0.34 * math.cos(turn), 0.9), "b": (0.34 * math.cos(turn), 0.9)}
        moments.append((index * 0.085, change))
    return Clip(moments, loops=True)


DRAWN: dict[str, Any] = {
    "show": "sword",
    "hide": "hilt",
    "grip_f": "fist",
    "f": (0.62, 0.16),
    "aim_f": 70,
    "torso": 4,
    "brows": (-2, 14),
    "mouth": "frown",
    "foot_f": (24, 0),
    "foot_b": (-22, 0),
    "hip": (0, 5),
    "b": (-0.42, 0.5),
    "grip_b": "open",
    "eyes": "narrow",
}


def draw_sword(who: str) -> Clip:
    reach: dict[str, Any] = {"f": (-0.1, 0.7), "aim_f": -10, "grip_f": "fist", "torso": 8, "brows": (-1, 10)}
    high: dict[str, Any] = {**DRAWN, "f": (0.4, -0.72), "aim_f": 120, "torso": -6}
    return Clip([(0, END), (0.25, reach), (0.34, {**reach, "show": "sword", "hide": "hilt"}), (0.6, high), (0.95, high), (1.25, DRAWN)])


def armed(who: str) -> Clip:
    return Clip([(0, DRAWN), (1.1, {**DRAWN, "breath": 1.02, "hip": (0, 7), "aim_f": 74}), (2.2, DRAWN)], loops=True)


def give(who: str) -> Clip:
    toss: dict[str, Any] = {"f": (0.8, -0.35), "aim_f": 150, "grip_f": "open", "mouth": "smile", "torso": 4}
    return Clip(
        [(0, END), (0.25, {"f": (0.3, 0.6), "grip_f": "fist", "torso": 8}), (0.45, toss), (0.9, {**toss, "f": (0.8, -0.1)}), (1.4, END)]
    )


def talk(who: str) -> Clip:
    one: dict[str, Any] = {"f": (0.5, 0.3), "aim_f": 110, "grip_f": "open", "mouth": "talk", "brows": (3, 0)}
    return Clip(
        [
            (0, END),
            (0.25, one),
            (0.5, {**one, "mouth": "calm", "f": (0.55, 0.22)}),
            (0.75, one),
            (1.0, {**one, "mouth": "smile"}),
            (1.5, END),
        ]
    )


COMMON: dict[str, Callable[[str], Clip]] = {
    clip.__name__: clip
    for clip in (
        wave,
        nod,
        shake_head,
        bow,
        shrug,
        point,
        laugh,
        smile,
        frown,
        sigh,
        gasp,
        look_around,
        think,
        cross_arms,
        drink,
        lean_in,
        retreat,
        clap,
        dance,
        play_lute,
        wipe_hands,
        salute,
        hand_on_sword,
        stand_up,
        sit_down,
        step_forward,
        beckon,
        pour_tea,
        count_coins,
        idle,
        walk,
        draw_sword,
        armed,
        give,
        talk,
    )
} | {"lean": lean_in}

CLIPS: dict[str, tuple[str, ...]] = {
    "brom": (
        "nod",
        "shake_head",
        "laugh",
        "sigh",
        "wipe_hands",
        "drink",
        "lean",
        "look_around",
        "think",
        "shrug",
        "retreat",
        "bow",
        "wave",
        "smile",
        "cross_arms",
        "stand_up",
    ),
    "mira": (
        "wave",
        "nod",
        "shake_head",
        "bow",
        "shrug",
        "point",
        "clap",
        "laugh",
        "smile",
        "gasp",
        "sigh",
        "dance",
        "drink",
        "play_lute",
        "lean_in",
        "look_around",
    ),
    "isolde": (
        "nod",
        "shake_head",
        "salute",
        "shrug",
        "point",
        "smile",
        "frown",
        "sigh",
        "cross_arms",
        "hand_on_sword",
        "drink",
        "stand_up",
        "sit_down",
        "step_forward",
        "beckon",
        "look_around",
    ),
    "wu": (
        "wave",
        "nod",
        "shake_head",
        "bow",
        "shrug",
        "point",
        "laugh",
        "smile",
        "frown",
        "sigh",
        "drink",
        "pour_tea",
        "count_coins",
        "lean_in",
        "look_around",
        "retreat",
    ),
    "tess": ("walk",),
    "hero": ("walk", "draw_sword", "armed", "give", "talk"),
}
"""What each can do besides idling; for the four that talk, what their character files under npc_bridge/tavern list."""


def poses_of(who: str, clip: str) -> tuple[list[tuple[float, Pose]], bool]:
    """The poses of a clip and whether it loops."""
    made = COMMON[clip](who)
    return [(at, changed(IDLES[who], **dict(change))) for at, change in made.moments], made.loops
