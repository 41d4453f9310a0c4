"""Makes ``demo.svg``, the picture at the top of the README: the demo as it played on this machine.

uv run --extra local python docs/images/make_demo.py
"""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from npc_bridge.cli.demo import play_demo
from npc_bridge.cli.running import run
from npc_bridge.config import Settings

console = Console(record=True, width=86, file=io.StringIO(), highlight=False)
run(play_demo(Settings(), console, as_script=True))
picture = console.export_svg(title="npc-bridge demo", theme=MONOKAI)
picture = re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)  # a picture that loads nothing from elsewhere
picture = re.sub(r"<!--.*?-->", "", picture, flags=re.DOTALL)
Path(__file__).with_name("demo.svg").write_text(picture, encoding="utf-8")
