"""Writes docs/godot_reference.md out of the ``##`` comments of the addon, as the engine reads them.

    python godot_addon/tools/reference.py        needs a Godot, see tests/godot/engine.py

A test compares the page with what this makes, and fails for a public member without a comment.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from pathlib import Path

ADDON = Path(__file__).parents[1]
PAGE = ADDON.parent / "docs/godot_reference.md"
CLASSES = ("NpcBridge", "NpcCharacter", "NpcSpeechLabel", "NpcCuePlayer", "NpcEventSource")
"""What a game uses, in the order of the page; everything else is the addon's own affair."""
ENUMS = {"NpcBridge": ("net/connection.gd", "State"), "NpcCuePlayer": ("core/facing.gd", "Way")}
"""Values that a class borrows from a script of the addon's own."""

Element = ElementTree.Element


def read_comments(godot: Sequence[str], project: Path) -> dict[str, Element]:
    """Every class of the addon by its name, or by its file if it has none."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["--headless", "--path", str(project), "--doctool", folder, "--gdscript-docs", "res://addons/npc_bridge"]
        subprocess.run([*godot, *arguments], check=True, capture_output=True, timeout=60)
        roots = [ElementTree.parse(file).getroot() for file in sorted(Path(folder).glob("*.xml"))]
    classes = {root.get("name", "").strip('"'): root for root in roots}
    add_parts(classes)
    return classes


def add_parts(classes: dict[str, Element]) -> None:
    """What a game sees of a class, but which the engine describes elsewhere: what it inherits, and the values of its states."""
    public, inherited = classes["NpcCharacter"], classes["addons/npc_bridge/conversation.gd"]
    public.set("inherits", inherited.get("inherits", ""))
    for tag in ("members", "methods", "signals"):
        own = part(public, tag)
        known = {each.get("name") for each in own}
        own.extend(each for each in part(inherited, tag) if each.get("name") not in known)
        own[:] = sorted(own, key=lambda each: each.get("name", ""))
    for name, (script, enum) in ENUMS.items():
        values = part(classes[f"addons/npc_bridge/{script}"], "constants")
        part(classes[name], "constants").extend(each for each in values if each.get("enum") == enum)


def part(root: Element, tag: str) -> Element:
    """All members of a kind; there need not be any."""
    found = root.find(tag)
    return ElementTree.SubElement(root, tag) if found is None else found


def without_comment(classes: dict[str, Element]) -> list[str]:
    """The public members that say nothing about themselves."""
    silent = [name for name, root in classes.items() if not text_of(root.find("brief_description"))]
    for name, root in classes.items():
        silent += [f"{name}.{member.get('name')}" for member in public_members(root) if not comment_of(member)]
    return silent


def public_members(root: Element) -> Iterator[Element]:
    """Signals, properties, methods and constants, but not what is preloaded."""
    for path in ("signals/signal", "members/member", "methods/method", "constants/constant"):
        for member in root.findall(path):
            if not member.get("name", "_").startswith("_") and member.get("value") != "<Object>":
                yield member


def make_page(classes: dict[str, Element]) -> str:
    """The reference as Markdown."""
    parts = ["# Godot addon: reference\n"]
    parts.append("Made from the comments in the addon by `godot_addon/tools/reference.py`; how to use it is in [godot.md](godot.md).\n")
    for name in CLASSES:
        parts += list(class_section(classes[name]))
    return "\n".join(parts)


def class_section(root: Element) -> Iterator[str]:
    name = root.get("name", "").strip('"')
    base = "autoload" if name == "NpcBridge" else f"extends {root.get('inherits')}"
    yield f"## {name}\n\n*{base}*\n\n{text_of(root.find('brief_description'))}\n"
    if description := text_of(root.find("description")):
        yield f"{description}\n"
    members = list(public_members(root))
    for title, tag in (("Properties", "member"), ("Methods", "method"), ("Signals", "signal"), ("Constants", "constant")):
        rows = [f"| `{signature(each)}` | {comment_of(each)} |" for each in members if each.tag == tag]
        if rows:
            yield f"### {name}: {title.lower()}\n\n| {title[:-1] if title != 'Properties' else 'Property'} | |\n|---|---|"
            yield "\n".join(rows) + "\n"


def signature(member: Element) -> str:
    """A member as one would write it."""
    name = member.get("name", "")
    if member.tag == "member":
        default = member.get("default")
        kind = member.get("enum") or member.get("type")
        return f"{name}: {kind}" + (f" = {default}" if default not in (None, "<unknown>") else "")
    if member.tag == "constant":
        return f"{member.get('enum')}.{name}" if member.get("enum") else f"{name} = {member.get('value')}"
    taken = ", ".join(parameter(each) for each in member.findall("param"))
    returned = member.find("return")
    kind = returned.get("type") if returned is not None else None
    return f"{name}({taken})" + (f" -> {kind}" if kind not in (None, "void") else "")


def parameter(param: Element) -> str:
    default = param.get("default")
    return f"{param.get('name')}: {param.get('enum') or param.get('type')}" + (f" = {default}" if default is not None else "")


def comment_of(member: Element) -> str:
    inner = member.find("description")
    return text_of(inner if inner is not None else member).replace("\n", " ").replace("|", "\\|")


def text_of(element: Element | None) -> str:
    """A comment as Markdown."""
    text = " ".join((element.text or "").split()) if element is not None else ""
    text = re.sub(r"\[codeblock\](.*?)\[/codeblock\]", lambda code: f"`{code[1].strip()}`", text)
    text = re.sub(r"\[/?code\]", "`", text)
    text = re.sub(r"\[(?:method|member|signal|param|enum|constant) (\w+)\]", r"`\1`", text)
    return re.sub(r"\[(\w+)\]", r"`\1`", text)


if __name__ == "__main__":
    sys.path.insert(0, str(ADDON.parent / "tests/godot"))
    from engine import godot_command

    found = read_comments(godot_command(), ADDON)
    PAGE.write_text(make_page(found), encoding="utf-8")
    for member in without_comment(found):
        sys.stderr.write(f"no comment: {member}\n")
