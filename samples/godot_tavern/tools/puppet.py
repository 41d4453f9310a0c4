"""A puppet as a Godot scene: joints as Node2D, parts as Sprite2D, and an AnimationPlayer with a track for each joint."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from clips import CLIPS, IDLES, poses_of
from people import Person
from poses import Values, values
from svg import Sheet

ARM = "Body/Torso/Arm{0}"
LEG = "Body/Thigh{0}"
TRACKS: dict[str, tuple[str, bool]] = {
    "body": ("Body:position", False),
    "torso": ("Body/Torso:rotation", False),
    "breath": ("Body/Torso:scale", False),
    "head": ("Body/Torso/Head:rotation", False),
    "neck": ("Body/Torso/Head:position", False),
    "face": ("Body/Torso/Head/Face:position", False),
    "sway": ("Body/Torso/Back:rotation", False),
    "lute": ("Body/Torso/Lute:rotation", False),
    "eyes": ("Body/Torso/Head/Face/Eyes:frame", True),
    "mouth": ("Body/Torso/Head/Face/Mouth:frame", True),
    "over": (ARM.format("B") + ":z_index", True),
    "lap": (LEG.format("F") + ":z_index", True),
    "show_mug": (ARM.format("F") + "/Fore/Hand/Mug:visible", True),
    "show_cup": (ARM.format("F") + "/Fore/Hand/Cup:visible", True),
    "show_teapot": (ARM.format("F") + "/Fore/Hand/Teapot:visible", True),
    "show_sword": (ARM.format("F") + "/Fore/Hand/Sword:visible", True),
    "show_tray": (ARM.format("F") + "/Fore/Hand/Tray:visible", True),
    "show_abacus": (ARM.format("B") + "/Fore/Hand/Abacus:visible", True),
    "show_hilt": ("Body/Torso/Hilt:visible", True),
}
for _low, _up in (("f", "F"), ("b", "B")):
    TRACKS |= {
        f"shoulder_{_low}": (ARM.format(_up) + ":position", False),
        f"arm_{_low}": (ARM.format(_up) + ":rotation", False),
        f"fore_{_low}": (ARM.format(_up) + "/Fore:rotation", False),
        f"hand_{_low}": (ARM.format(_up) + "/Fore/Hand:rotation", False),
        f"grip_{_low}": (ARM.format(_up) + "/Fore/Hand/Art:frame", True),
        f"thigh_{_low}": (LEG.format(_up) + ":rotation", False),
        f"shin_{_low}": (LEG.format(_up) + "/Shin:rotation", False),
        f"foot_{_low}": (LEG.format(_up) + "/Shin/Foot:rotation", False),
        f"brow_{_low}": (f"Body/Torso/Head/Face/Brow{_up}:rotation", False),
        f"brow_place_{_low}": (f"Body/Torso/Head/Face/Brow{_up}:position", False),
    }
"""Where each value of a pose goes, and whether it jumps instead of gliding."""

EASE = -1.7
"""Godot's number for slow, fast, slow."""


@dataclass
class Scene:
    """The text of a scene file, and which nodes it has."""

    text: list[str]
    nodes: set[str]

    def node(self, name: str, kind: str, parent: str | None, **properties: str) -> None:
        where = "" if parent is None else f' parent="{parent}"'
        lines = [f'[node name="{name}" type="{kind}"{where}]', *(f"{key} = {value}" for key, value in properties.items())]
        self.text.append("\n".join(lines) + "\n")
        if parent is not None:
            self.nodes.add(name if parent == "." else f"{parent}/{name}")


def vector(x: float, y: float) -> str:
    return f"Vector2({number(x)}, {number(y)})"


def number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") if abs(value) >= 0.0005 else "0"


def write_puppet(person: Person, sheet: Sheet, file: Path) -> None:
    """Write ``person`` as a scene."""
    clips = ("RESET", "idle", *CLIPS[person.name])
    scene = Scene([], set())
    _add_nodes(scene, person, sheet)
    animations = [_animation(person, clip, scene.nodes) for clip in clips]
    library = ",\n".join(f'&"{clip}": SubResource("clip_{clip}")' for clip in sorted(clips))
    head = [
        f"[gd_scene load_steps={len(clips) + 4} format=3]\n",
        f'[ext_resource type="Texture2D" path="res://art/{person.name}.svg" id="sheet"]',
        '[ext_resource type="Script" path="res://scripts/puppet.gd" id="puppet"]',
        '[ext_resource type="Texture2D" path="res://art/shadow.svg" id="shadow"]\n',
        *animations,
        f'[sub_resource type="AnimationLibrary" id="clips"]\n_data = {{\n{library}\n}}\n',
    ]
    file.write_text("\n".join([*head, *scene.text]), encoding="utf-8", newline="\n")


def _add_nodes(scene: Scene, person: Person, sheet: Sheet) -> None:
    body, pose = person.body, values(IDLES[person.name], person.body)
    scene.node(person.name.capitalize(), "Node2D", None, script='ExtResource("puppet")')
    scene.node(
        "Shadow",
        "Sprite2D",
        ".",
        texture='ExtResource("shadow")',
        scale="Vector2(0.62, 0.5)",
        modulate="Color(1, 1, 1, 0.55)",
        z_index="-2",
    )
    scene.node("Body", "Node2D", ".", position=vector(*pose["body"]))  # type: ignore[misc]
    for side in ("b", "f") if body.has_legs else ():
        thigh = f"Body/Thigh{side.upper()}"
        scene.node(thigh[5:], "Node2D", "Body", position=vector(5 if side == "f" else -5, 0))
        _art(scene, sheet, f"thigh_{side}", thigh)
        scene.node("Shin", "Node2D", thigh, position=vector(0, body.thigh))
        scene.node("Foot", "Node2D", f"{thigh}/Shin", position=vector(0, body.shin))
        _art(scene, sheet, f"foot_{side}", f"{thigh}/Shin/Foot")
        _art(scene, sheet, f"shin_{side}", f"{thigh}/Shin")
    torso = "Body/Torso"
    scene.node("Torso", "Node2D", "Body")
    if "back" in sheet.parts:
        scene.node("Back", "Node2D", torso, position=vector(body.neck[0] - 4, body.neck[1] + 6), z_index="-1")
        _art(scene, sheet, "back", f"{torso}/Back")
    for prop in ("scabbard",):
        if prop in sheet.parts:
            _art(scene, sheet, prop, torso, name="Scabbard", position=vector(-8, -8), z_index="-1")
    _add_arm(scene, person, sheet, "b")
    _art(scene, sheet, "torso", torso)
    if "hilt" in sheet.parts:
        _art(scene, sheet, "hilt", torso, name="Hilt", position=vector(-8, -8))
    if "lute" in sheet.parts:
        scene.node("Lute", "Node2D", torso, position=vector(4, -24), scale="Vector2(-1, 1)")
        _art(scene, sheet, "lute", f"{torso}/Lute")
    head = f"{torso}/Head"
    scene.node("Head", "Node2D", torso, position=vector(*body.neck))
    _art(scene, sheet, "head", head)
    face = f"{head}/Face"
    scene.node("Face", "Node2D", head, position=vector(*body.face))
    _art(scene, sheet, "nose", face, name="Nose", position=vector(3, 1))
    _art(scene, sheet, "eyes", face, name="Eyes", position=vector(1, -5))
    for side in ("b", "f"):
        _art(scene, sheet, f"brow_{side}", face, name=f"Brow{side.upper()}", position=vector(0, 0))
    for name in ("Mouth", "Talk"):
        hidden = {"frame": "3", "visible": "false"} if name == "Talk" else {}
        _art(scene, sheet, "mouth", face, name=name, position=vector(*body.mouth), **hidden)
    if "over_face" in sheet.parts:
        _art(scene, sheet, "over_face", head, name="Over")
    scene.node("Mouthpiece", "Marker2D", head, position=vector(4, {"mira": -92, "wu": -84}.get(person.name, -74)))
    _add_arm(scene, person, sheet, "f")
    scene.node("AnimationPlayer", "AnimationPlayer", ".", libraries='{\n&"": SubResource("clips")\n}', autoplay='"idle"')


def _add_arm(scene: Scene, person: Person, sheet: Sheet, side: str) -> None:
    body, up = person.body, side.upper()
    arm = f"Body/Torso/Arm{up}"
    shoulder = body.shoulder_f if side == "f" else body.shoulder_b
    scene.node(f"Arm{up}", "Node2D", "Body/Torso", position=vector(*shoulder), z_index="2" if side == "f" else "-1")
    _art(scene, sheet, f"arm_{side}", arm)
    scene.node("Fore", "Node2D", arm, position=vector(0, body.upper))
    hand = f"{arm}/Fore/Hand"
    scene.node("Hand", "Node2D", f"{arm}/Fore", position=vector(0, body.fore))
    held = {"mug": (4, 22, 1.5708), "cup": (4, 16, 1.5708), "teapot": (0, 14, 0.0), "sword": (0, 13, 1.5708), "tray": (2, 16, 1.5708)}
    if side == "b":
        held = {"abacus": (6, 14, 1.2)}
    for prop, (x, y, turn) in held.items():
        if prop in sheet.parts:
            _art(scene, sheet, prop, hand, name=prop.capitalize(), position=vector(x, y), rotation=number(turn), visible="false")
    _art(scene, sheet, f"hand_{side}", hand)
    _art(scene, sheet, f"fore_{side}", f"{arm}/Fore")


def _art(scene: Scene, sheet: Sheet, part: str, parent: str, name: str = "Art", **properties: str) -> None:
    piece = sheet.parts[part]
    region = ", ".join(number(value) for value in piece.region)
    frames = {"hframes": str(piece.frames)} if piece.frames > 1 else {}
    frame = {"frame": properties.pop("frame")} if "frame" in properties else {}
    scene.node(
        name,
        "Sprite2D",
        parent,
        **properties,
        scale=vector(1 / sheet.scale, 1 / sheet.scale),
        texture='ExtResource("sheet")',
        centered="false",
        offset=vector(*piece.offset),
        **frames,
        region_enabled="true",
        region_rect=f"Rect2({region})",
        **frame,
    )


def _animation(person: Person, clip: str, nodes: set[str]) -> str:
    if clip == "RESET":
        moments, loops = [(0.0, IDLES[person.name])], False
    else:
        moments, loops = poses_of(person.name, clip)
    keys = [(at, values(pose, person.body)) for at, pose in moments]
    _turn_the_short_way(keys)
    lines = [f'[sub_resource type="Animation" id="clip_{clip}"]', f'resource_name = "{clip}"']
    lines.append(f"length = {number(max(moments[-1][0], 0.001))}")
    if loops:
        lines.append("loop_mode = 1")
    count = 0
    for channel, (path, jumps) in TRACKS.items():
        if channel in keys[0][1] and path.split(":")[0] in nodes:
            lines += _track(count, path, jumps, [(at, every[channel]) for at, every in keys], is_walk=clip == "walk")
            count += 1
    return "\n".join(lines) + "\n"


def _turn_the_short_way(keys: list[tuple[float, Values]]) -> None:
    for (_, before), (_, after) in pairwise(keys):
        for channel, value in after.items():
            start = before[channel]
            if TRACKS.get(channel, ("", True))[0].endswith(":rotation") and isinstance(value, float) and isinstance(start, float):
                after[channel] = start + math.remainder(value - start, 2 * math.pi)


def _track(index: int, path: str, jumps: bool, keys: list[tuple[float, Values | object]], *, is_walk: bool) -> list[str]:
    last = len(keys) - 1
    kept = [key for at, key in enumerate(keys) if at in (0, last) or key[1] != keys[at - 1][1] or key[1] != keys[at + 1][1]]
    if all(value == kept[0][1] for _, value in kept):
        kept = kept[:1]
    times = ", ".join(number(at) for at, _ in kept)
    eases = ", ".join(["1" if is_walk or jumps else str(EASE)] * len(kept))
    shown = ", ".join(_value(value) for _, value in kept)
    track = {
        "type": '"value"',
        "imported": "false",
        "enabled": "true",
        "path": f'NodePath("{path}")',
        "interp": "1",
        "loop_wrap": "true",
        "keys": f'{{\n"times": PackedFloat32Array({times}),\n"transitions": PackedFloat32Array({eases}),\n'
        f'"update": {int(jumps)},\n"values": [{shown}]\n}}',
    }
    return [f"tracks/{index}/{key} = {value}" for key, value in track.items()]


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return vector(*value)
    if isinstance(value, int):
        return str(value)
    assert isinstance(value, float)
    text = number(value)
    return text if "." in text else text + ".0"
