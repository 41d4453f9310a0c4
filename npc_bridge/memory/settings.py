"""What a user can set about the memory on disk, and where its file is when nothing is set."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from npc_bridge.memory.opening import Sync


class StorageSettings(BaseModel):
    """Where the memory is, and how long it lasts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str | None = None
    """The file of this game's memory. None: one of its own in the user's data folder. Empty: no file, only memory."""
    sync: Sync = "full"
    """``full`` survives a loss of power, ``normal`` only the end of the process at any moment."""
    retention_days: float = Field(default=0.0, ge=0)
    """Sessions and saved states that were not used for so many days are deleted. 0: never."""
    resume_s: float = Field(default=60.0, ge=0)
    """How long turns go on, and messages are kept, for a game whose connection was lost."""
    resume_bytes: int = Field(default=1_048_576, ge=65_536)
    """How many bytes of messages are kept for such a game."""


def storage_file(settings: StorageSettings, game_folder: Path) -> Path | None:
    """The file to open; None: a memory that ends with the process. ``game_folder`` is where the characters folder is."""
    if settings.path == "":
        return None
    if settings.path is not None:
        return Path(settings.path).expanduser()
    return default_file(game_folder)


def default_file(game_folder: Path) -> Path:
    """A file for the game in this folder, in the user's data folder: always writable, and nothing appears between the game's files."""
    folder = game_folder.absolute()
    name = re.sub(r"[^\w-]+", "-", folder.name).strip("-") or "game"
    mark = hashlib.blake2b(str(folder).encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    return data_folder() / f"{name}-{mark}.db"


def data_folder() -> Path:
    """Where programs of this user keep what they need to remember, on this system."""
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return base / "npc-bridge"
