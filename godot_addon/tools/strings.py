"""Writes the template for translators out of what the addon says in the editor.

python godot_addon/tools/strings.py
"""

from __future__ import annotations

import re
from pathlib import Path

ADDON = Path(__file__).parents[1] / "addons/npc_bridge"
TEMPLATE = ADDON / "editor/translations/npc_bridge.pot"
USES = re.compile(r'(?:Text\.of|_heading)\("((?:[^"\\]|\\.)+)"\)')
BUTTONS = re.compile(r'_button\(\s*"([^"]+)",.*?"([^"]+)"\s*\)', re.DOTALL)
"""A button has a text and a hint, with a callable between them."""


def find_texts() -> list[str]:
    """Every text, in order, each once."""
    found: list[str] = []
    for script in sorted(ADDON.rglob("*.gd")):
        text = script.read_text(encoding="utf-8")
        found += USES.findall(text)
        found += [part for pair in BUTTONS.findall(text) for part in pair]
    return list(dict.fromkeys(found))


def make_template() -> str:
    """The template in gettext's format."""
    head = 'msgid ""\nmsgstr ""\n"Project-Id-Version: NPC Bridge for Godot\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    head += '"Content-Transfer-Encoding: 8bit\\n"\n'
    return head + "".join(f'\nmsgid "{text}"\nmsgstr ""\n' for text in find_texts())


def read_po(file: Path) -> dict[str, str]:
    """The texts of a translation."""
    pairs = re.findall(r'^msgid "(.+)"\nmsgstr "(.*)"$', file.read_text(encoding="utf-8"), re.MULTILINE)
    return dict(pairs)


if __name__ == "__main__":
    TEMPLATE.write_text(make_template(), encoding="utf-8")
