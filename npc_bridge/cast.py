"""The files that designers write, read from disk: characters and the wording of events, again whenever one is saved."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from npc_bridge.core.character import Character, parse_character
from npc_bridge.core.events import EventTemplates, parse_templates
from npc_bridge.core.moderation import NOTHING, Moderation, parse_moderation
from npc_bridge.errors import FileProblem, FileProblems, UnknownCharacter

log = logging.getLogger(__name__)

Stamp = dict[Path, tuple[int, int]]


class Cast:
    """Everyone that an NPC can be, by id: ``characters/mira.toml`` is ``mira``.

    ``folder`` and ``events`` may be missing; without a folder the tavern that the bridge brings along is there. Raises
    ``FileProblems`` with every problem of every file.
    """

    def __init__(self, folder: Path, events: Path) -> None:
        self.is_builtin = not folder.is_dir()
        self.folder = tavern() / "characters" if self.is_builtin else folder
        self.events = tavern() / "events.toml" if self.is_builtin and not events.is_file() else events
        self.characters: dict[str, Character] = {}
        self.templates = EventTemplates()
        self.moderation = NOTHING
        self._stamp: Stamp = {}
        self._read()

    def find(self, character_id: str) -> Character:
        """The character of this id. Raises ``UnknownCharacter``."""
        try:
            return self.characters[character_id]
        except KeyError:
            known = ", ".join(sorted(self.characters)) or "none"
            raise UnknownCharacter(f"there is no character '{character_id}'; there are: {known}", re="open") from None

    def moderate(self, file: Path, rating: str) -> None:
        """Forbid what this file says for a rating; without a rating, nothing. Raises ``FileProblems``."""
        if not rating:
            return
        ratings = parse_moderation(read_text(file), file=str(file))
        if rating not in ratings:
            known = ", ".join(ratings) or "none"
            raise FileProblems([FileProblem(str(file), 0, f"it has no rating '{rating}'; it has: {known}", f"[{rating}]")])
        self.moderation = Moderation(ratings, rating)

    async def watch(self, changed: Callable[[], None], every_s: float = 1.0) -> None:
        """Read the files again when one was saved, and say so; runs until cancelled.

        A file that is wrong is reported in the log, and everyone stays who they were.
        """
        while True:
            await asyncio.sleep(every_s)
            try:
                is_new = await asyncio.to_thread(self._read_if_changed)
            except FileProblems as error:
                log.warning("the files were saved with mistakes; the NPCs stay as they were\n%s", error)
                continue
            if is_new:
                log.info("read %d characters again", len(self.characters))
                changed()

    def _read_if_changed(self) -> bool:
        if self._look() == self._stamp:
            return False
        self._read()
        return True

    def _look(self) -> Stamp:
        paths = [*sorted(self.folder.glob("*.toml")), *([self.events] if self.events.is_file() else [])]
        return {path: (status.st_mtime_ns, status.st_size) for path in paths for status in [path.stat()]}

    def _read(self) -> None:
        self._stamp = self._look()
        problems: list[FileProblem] = []
        characters: dict[str, Character] = {}
        for path in sorted(self.folder.glob("*.toml")):
            try:
                characters[path.stem] = read_character(path)
            except FileProblems as error:
                problems += error.problems
        try:
            templates = parse_templates(read_text(self.events), file=str(self.events)) if self.events.is_file() else EventTemplates()
        except FileProblems as error:
            problems += error.problems
        if problems:
            raise FileProblems(problems)
        self.characters = characters
        self.templates.replace(templates)


def read_character(path: Path) -> Character:
    """The character of one file. Raises ``FileProblems``."""
    return parse_character(read_text(path), file=str(path), character_id=path.stem)


def read_text(path: Path) -> str:
    """The text of a file, whichever editor wrote it. Raises ``FileProblems`` if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise FileProblems([FileProblem(str(path), line, "this is not UTF-8", "save the file as UTF-8")]) from error
    except OSError as error:
        raise FileProblems([FileProblem(str(path), 0, error.strerror or "it cannot be read")]) from error


def tavern() -> Path:
    """The folder of the tavern that comes with the bridge."""
    return Path(str(files("npc_bridge"))) / "tavern"
