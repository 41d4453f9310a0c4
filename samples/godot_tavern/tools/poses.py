"""A pose is where hands, feet and head are; from it follow the turns of all joints.

Hands are told as places relative to their shoulder, in arm lengths: (1, 0) is stretched out forwards, (0, 1) hangs down. Feet are told in
pixels from where the person stands. Forwards is to the right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypeAlias

from parts import EYES, HANDS, MOUTHS, Body

Spot: TypeAlias = tuple[float, float]
Values: TypeAlias = dict[str, float | tuple[float, float] | int | bool]


@dataclass(frozen=True)
class Pose:
    """Degrees lean and bend forwards. ``aim`` is where a hand points: 0 down, 90 forwards, 180 up; ``None`` goes on from the arm."""

    hip: Spot = (0, 0)
    torso: float = 0
    head: float = 0
    look: float = 0
    """How far the face is turned: -16 is over the other shoulder."""
    nod: float = 0
    shoulders: float = 0
    breath: float = 1.0
    f: Spot = (0.1, 0.97)
    b: Spot = (-0.05, 0.97)
    aim_f: float | None = None
    aim_b: float | None = None
    grip_f: str = "rest"
    grip_b: str = "rest"
    foot_f: Spot = (10, 0)
    foot_b: Spot = (-10, 0)
    eyes: str = "open"
    mouth: str = "calm"
    brows: tuple[float, float] = (0, 0)
    """How far they are raised, in pixels, and how angry they slant, in degrees."""
    sway: float = 0
    lute: float = 0
    back_arm_over: bool = False
    is_seated: bool = False
    shown: frozenset[str] = frozenset()
    """Which things that are not always there are held."""
    shift: float = 0
    """How far the whole person has moved forwards."""


def bend(first: float, second: float, to: Spot, *, is_leg: bool = False) -> tuple[float, float]:
    """How two bones have to turn so that the end of the second is at ``to``, in radians; the second counts from the first."""
    distance = min(max(math.hypot(*to), abs(first - second) + 0.5), first + second - 0.3)
    towards = math.atan2(to[1], to[0])
    corner = math.acos(max(-1.0, min(1.0, (first**2 + distance**2 - second**2) / (2 * first * distance))))
    one = towards - corner if is_leg else towards + corner
    joint = (first * math.cos(one), first * math.sin(one))
    end = (distance * math.cos(towards), distance * math.sin(towards))
    two = math.atan2(end[1] - joint[1], end[0] - joint[0])
    turn = two - one
    return one - math.pi / 2, math.atan2(math.sin(turn), math.cos(turn))


def values(pose: Pose, body: Body) -> Values:
    """What each animated property has to be for this pose."""
    result: Values = {}
    stand = body.thigh + body.shin + 12
    hip = (pose.hip[0] + pose.shift, pose.hip[1] - stand)
    if pose.is_seated:
        hip = (pose.hip[0] + pose.shift - 4, pose.hip[1] - body.shin - 20)
    result["body"] = hip
    result["torso"] = math.radians(pose.torso)
    result["breath"] = (1.0, pose.breath)
    result["head"] = math.radians(pose.head)
    result["neck"] = (body.neck[0], body.neck[1] + pose.nod + pose.shoulders * 0.4)
    result["face"] = (body.face[0] + pose.look, body.face[1] + pose.nod * 0.6)
    result["sway"] = math.radians(pose.sway)
    result["lute"] = math.radians(pose.lute)
    reach = body.upper + body.fore
    for side, spot, aim, grip in (("f", pose.f, pose.aim_f, pose.grip_f), ("b", pose.b, pose.aim_b, pose.grip_b)):
        upper, fore = bend(body.upper, body.fore, (spot[0] * reach, spot[1] * reach))
        result[f"arm_{side}"], result[f"fore_{side}"] = upper, fore
        wrist = 0.0 if aim is None else -math.radians(aim) - upper - fore
        result[f"hand_{side}"] = math.atan2(math.sin(wrist), math.cos(wrist))
        result[f"grip_{side}"] = HANDS.index(grip)
        shoulder = body.shoulder_f if side == "f" else body.shoulder_b
        result[f"shoulder_{side}"] = (shoulder[0], shoulder[1] + pose.shoulders)
    if body.has_legs:
        for side, place in (("f", pose.foot_f), ("b", pose.foot_b)):
            root = (hip[0] + (5 if side == "f" else -5), hip[1])
            thigh, shin = bend(body.thigh, body.shin, (place[0] + pose.shift - root[0], place[1] - 12 - root[1]), is_leg=True)
            result[f"thigh_{side}"], result[f"shin_{side}"], result[f"foot_{side}"] = thigh, shin, -thigh - shin
    result["lap"] = 1 if pose.is_seated else 0
    result["eyes"], result["mouth"] = EYES.index(pose.eyes), MOUTHS.index(pose.mouth)
    raised, slant = pose.brows
    result["brow_f"], result["brow_b"] = math.radians(-slant), math.radians(slant)
    result["brow_place_f"], result["brow_place_b"] = (10.0, -15 - raised), (-8.5, -15.5 - raised)
    result["over"] = 3 if pose.back_arm_over else -1
    for prop in ("mug", "cup", "teapot", "abacus", "sword", "hilt", "tray"):
        result[f"show_{prop}"] = prop in pose.shown
    return result


def changed(pose: Pose, **what: object) -> Pose:
    """The same pose but for this; ``show`` and ``hide`` add and take away what is held."""
    shown = set(pose.shown)
    for thing in str(what.pop("show", "")).split():
        shown.add(thing)
    for thing in str(what.pop("hide", "")).split():
        shown.discard(thing)
    return replace(pose, shown=frozenset(shown), **what)  # type: ignore[arg-type]
