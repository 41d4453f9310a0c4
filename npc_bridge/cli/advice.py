"""What ``npc-bridge check`` says of a valid character: which of its four parts are missing, and whether the model can read it all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from npc_bridge.errors import BridgeError, FileProblem, FileProblems

if TYPE_CHECKING:
    from npc_bridge.backends import Backend
    from npc_bridge.core.character import Character

PARTS = {
    "identity": 'who it is: age, personality, occupation, relationships, such as occupation = "smith"',
    "background": 'what was: experiences, interests, such as experiences = "Fought at Merrow."',
    "scene": 'what is: where they meet, what the player is to it, such as scenario = "A forge at dusk."',
    "style": 'how it speaks, such as manner = "Gruff, dry." and length = "one or two short sentences"',
}
CROWDED = 0.5
"""A character that takes more than this part of what the model reads leaves little room to talk in."""


@dataclass(frozen=True, slots=True)
class Reader:
    """The model that will read the characters."""

    name: str
    budget_tokens: int
    backend: Backend


@cache
def reader() -> Reader | None:
    """The model that the settings of this folder choose; None when they choose none that is there."""
    from npc_bridge.backends.choice import make_backend
    from npc_bridge.cli.running import read_settings

    try:
        backend = make_backend(read_settings(None).backend)
    except BridgeError:
        return None
    limits = backend.limits
    reply = min(limits.max_output_tokens, limits.context_tokens // 4)
    return Reader(backend.model or backend.name, min(limits.max_input_tokens, limits.context_tokens - reply), backend)


def missing_parts(character: Character) -> list[str]:
    """One hint for each of the four parts that says nothing."""
    said = {
        "identity": bool(character.identity),
        "background": bool(character.background),
        "scene": bool(character.scene),
        "style": bool(character.style.manner or character.style.length),
    }
    return [f"[{part}] says nothing yet: {what}" for part, what in PARTS.items() if not said[part]]


def fixed_tokens(character: Character, backend: Backend) -> int:
    """What stands in every prompt: the persona, the examples, and room for the longest note."""
    from npc_bridge.core.clips import ClipIndex
    from npc_bridge.core.history import MESSAGE_OVERHEAD_TOKENS, History
    from npc_bridge.core.messages import Player
    from npc_bridge.core.prompt import build_prompt

    messages = build_prompt(
        character,
        History(),
        None,
        player=Player(name="Player"),
        actions=ClipIndex(character.clips, character.language).spoken(character.language),
        language=character.language,
        budget_tokens=1_000_000,
        estimate=backend.estimate_tokens,
    )
    return character.note_tokens + sum(backend.estimate_tokens(each["content"]) + MESSAGE_OVERHEAD_TOKENS for each in messages)


def advise(character: Character, file: Path, read_by: Reader | None) -> list[str]:
    """Hints for the author. Raises ``FileProblems`` if the model cannot read the character at all."""
    hints = missing_parts(character)
    if read_by is not None:
        tokens, budget = fixed_tokens(character, read_by.backend), read_by.budget_tokens
        if tokens > budget:
            what = f"the character takes about {tokens:,} tokens of every prompt, and {read_by.name} reads {budget:,}"
            remedy = "less in [background] and [[examples]], or choose a model with a larger window"
            raise FileProblems([FileProblem(str(file), 0, what, remedy)])
        if tokens > CROWDED * budget:
            hints.append(f"it takes about {tokens:,} of the {budget:,} tokens that {read_by.name} reads: little is left to talk in")
    return [f"{file}: {hint}" for hint in hints]
