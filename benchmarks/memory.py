"""What remembering costs: durable writes, opening and prompts against the length of a history, saved states, forgetting.

python -m benchmarks.memory [accepted] [history] [blob] [restart] [--folder DIR]

The folder decides which disk is measured; the report says what kind of file system it has.
"""

from __future__ import annotations

import bisect
import itertools
import random
import re
from pathlib import Path
from typing import Any

ACTIONS = ("smiles", "nods slowly", "looks over the counter", "shakes his head", "waves at you", "leans closer", "points at the door")
ACTIONS_ZH = ("微笑", "点点头", "看向门口", "摇头", "挥手", "压低声音", "叹了口气")


def evening(language: str, *, npcs: int, messages: int, seed: int = 1) -> dict[str, Any]:
    """A state such as ``save`` packs: so many NPCs with so many messages each.

    The words are drawn at random, common ones more often, so that no phrase ever comes twice: real talk compresses better.
    """
    rng = random.Random(seed)
    speak = speaker(language, rng)
    talks = {
        f"npc_{number}": {
            "character": "mira",
            "player": {"name": "Ann", "id": "player-1"},
            "lines": [
                {
                    "n": n,
                    "role": "assistant" if n % 2 else "user",
                    "text": speak(n % 2 == 1),
                    "player": "" if n % 2 else "Ann",
                    "cut": False,
                }
                for n in range(messages)
            ],
        }
        for number in range(npcs)
    }
    return {"version": 1, "turns": npcs * messages // 2, "talks": talks, "ids": [f"say-{n}" for n in range(npcs * messages // 2)]}


def speaker(language: str, rng: random.Random) -> Any:
    """Gives lines: a player's of 5 to 15 words, an NPC's of 12 to 40 with an action; in Chinese characters, three for two words."""
    words = [chr(0x4E00 + n * 13) for n in range(1_500)] if language == "zh" else vocabulary()
    chances = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(words))))
    joint, actions = ("", ACTIONS_ZH) if language == "zh" else (" ", ACTIONS)

    def speak(is_npc: bool) -> str:
        count = rng.randint(12, 40) if is_npc else rng.randint(5, 15)
        if language == "zh":
            count = count * 3 // 2
        said = joint.join(words[bisect.bisect(chances, rng.random() * chances[-1])] for _ in range(count))
        return f"({rng.choice(actions)}) {said}." if is_npc else f"{said}?"

    return speak


def vocabulary() -> list[str]:
    """A few thousand English words: those of the project's own documents, the commonest first."""
    counts: dict[str, int] = {}
    for page in sorted((Path(__file__).parents[1] / "docs").glob("*.md")):
        for word in re.findall(r"[a-z]{2,}", page.read_text(encoding="utf-8").lower()):
            counts[word] = counts.get(word, 0) + 1
    return sorted(counts, key=lambda word: (-counts[word], word))
