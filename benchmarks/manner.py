"""What holding a reply to the character's manner costs for each chunk, beside cutting it into text and actions.

    python -m benchmarks.manner

Chunks are the tokens of ordinary prose, about four letters each, which is the worst case: a server sends more at once. CPU time, the best
of several runs.
"""

from __future__ import annotations

import re

from benchmarks.parser import best_of, parse
from npc_bridge.core.manner import Manner, Rules, said_in
from npc_bridge.core.moderation import NOTHING

PROSE = (
    "(nods) The mine is closed, my friend. The old road was washed out last spring, and nobody but Ulf has walked it since. "
    "He came back with mud to his knees and a story about lights in the water. I would not go there alone, not for silver. "
    "Ask Mira, she knows the songs about it. "
)
REPEATS = 200
BARE = Rules(name="Brom", others=("The traveller",))
USUAL = Rules(name="Brom", others=("The traveller",), phrases=NOTHING.watched(True))
ALL = Rules(
    name="Brom",
    others=("The traveller",),
    phrases=NOTHING.watched(True),
    max_sentences=10_000,
    said=said_in(["Sit down, the ale is good tonight. I forged the blade above the hearth.", "Snow, so early in the year! Come closer."]),
)


def main() -> None:
    chunks = re.findall(r" ?\w+|\W", PROSE) * REPEATS
    parsing = best_of(parse, chunks)

    def held_to(rules: Rules) -> float:
        def run(fed: list[str]) -> None:
            manner = Manner(rules)
            for chunk in fed:
                manner.feed(chunk)
            manner.close()

        return best_of(run, chunks)

    print(f"{len(chunks)} chunks\n{'':40}{'us a chunk':>12}{'x parser':>10}")
    print(f"{'the cue parser':40}{1e6 * parsing / len(chunks):>12.2f}{1:>10.2f}")
    for name, rules in {"names only": BARE, "and phrases (the default)": USUAL, "and length and repetition": ALL}.items():
        took = held_to(rules)
        print(f"{name:40}{1e6 * took / len(chunks):>12.2f}{took / parsing:>10.2f}")


if __name__ == "__main__":
    main()
