"""Builds the archive for Godot's Asset Library: ``addons/npc_bridge`` at its top, and nothing else.

    python godot_addon/tools/release_zip.py [FOLDER]        FOLDER: dist

The same files make the same bytes, whoever builds it and when.
"""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path

ADDON = Path(__file__).parents[1] / "addons/npc_bridge"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip file knows."""


def build(folder: Path) -> Path:
    """Write the archive into a folder and give its path."""
    found = re.search(r'^version="(.+)"$', (ADDON / "plugin.cfg").read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"npc-bridge-godot-{found[1]}.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as writer:
        for path in sorted(ADDON.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                entry = zipfile.ZipInfo(f"addons/npc_bridge/{path.relative_to(ADDON).as_posix()}", EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                writer.writestr(entry, path.read_bytes())
    return archive


if __name__ == "__main__":
    sys.stdout.write(f"{build(Path(sys.argv[1] if len(sys.argv) > 1 else 'dist'))}\n")
