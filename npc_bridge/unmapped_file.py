"""Keeps the counts of actions without a clip over restarts, in a small JSON file of its own, away from the event loop."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from npc_bridge.core.character import Character
from npc_bridge.core.clips import plain_words
from npc_bridge.core.unmapped import Unmapped, suggest
from npc_bridge.memory.settings import StorageSettings, storage_file

log = logging.getLogger(__name__)


class UnmappedFile:
    """The counts of one bridge, and the file that they go on from. Without a path they last as long as the process.

    A file that cannot be read counts from nothing, one that cannot be written is said in the log: a game must not fail for it.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.counts = Unmapped()
        self._written = 0

    async def open(self) -> None:
        """Read what was counted before."""
        if self.path is not None:
            self.counts = await asyncio.to_thread(read_counts, self.path)

    def drop_accepted(self, characters: Mapping[str, Character]) -> None:
        """Forget what has an alias in the character files by now."""
        self.counts.drop_if(mapped_by(characters))

    async def keep(self, every_s: float = 5.0) -> None:
        """Write the file whenever there is something new, until cancelled."""
        while True:
            await asyncio.sleep(every_s)
            await self.save()

    async def save(self) -> None:
        """Write the file if there is something new."""
        if self.path is None or self._written == self.counts.changes:
            return
        if wanting := self.counts.wanting():
            await asyncio.to_thread(suggest, wanting)
        changes, text = self.counts.changes, json.dumps(self.counts.state(), ensure_ascii=False, indent=1)
        try:
            await asyncio.to_thread(_write, self.path, text)
        except OSError as error:
            log.warning("cannot write %s: %s", self.path, error.strerror)
        self._written = changes


def counts_file(storage: StorageSettings, characters: Path) -> Path | None:
    """Where the counts of a game are: beside its memory; None when that is not kept either."""
    memory = storage_file(storage, characters.absolute().parent)
    return memory.with_suffix(".unmapped.json") if memory is not None else None


def read_counts(path: Path) -> Unmapped:
    """The counts of a file; none if it is missing or damaged."""
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Unmapped()
    except (OSError, ValueError):
        log.warning("cannot read %s; the actions without a clip are counted anew", path)
        return Unmapped()
    return Unmapped.restored(state) if isinstance(state, dict) else Unmapped()


def rows_of(counts: Unmapped, characters: Mapping[str, Character]) -> list[dict[str, Any]]:
    """The counts without those actions that are an alias in the character's file by now."""
    return counts.rows(mapped_by(characters))


def mapped_by(characters: Mapping[str, Character]) -> Callable[[str, str], bool]:
    """Whether a character's file names an action, as a clip or as an alias."""
    known = {
        character.id: {plain_words(phrase) for clip in character.clips for phrase in (clip.name, *clip.aliases)}
        for character in characters.values()
    }
    return lambda character, action: action in known.get(character, ())


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
