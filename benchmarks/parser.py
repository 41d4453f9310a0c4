"""How many characters a second the cue parser reads, and against what.

    python -m benchmarks.parser

The floor is what any streaming parser does at least: look for a parenthesis in each chunk and hand the chunk on in an object. Chunks of
20 characters are about what a model server sends; one big chunk shows what bounds the parser itself. CPU time, the best of several runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from npc_bridge.core.cues import CueParser, Speech

CHARS = 400_000
TEXTS = {
    "plain text": "Ah, you again. The road was long, and the rain did not help it. ",
    "Chinese plain text": "啊，又是你。路很远，雨又下个不停，先坐下来暖和暖和吧。",
    "one action in 100": "(leans over the counter) Well, what have we here? You look like you walked all night. Sit down. ",
    "all actions": "(waves at you) ",
    "all Chinese actions": "（挥手致意）",
    "never closed": "so it goes ",
    "opened and never closed": "(",
}
SIZES = {"4": 4, "20": 20, "100": 100, "all at once": CHARS}


def floor(chunks: list[str]) -> None:
    at = 0
    for chunk in chunks:
        if "(" in chunk or "（" in chunk:
            pass
        _ = [Speech(chunk, at)]
        at += len(chunk)


def parse(chunks: list[str]) -> None:
    parser = CueParser()
    for chunk in chunks:
        parser.feed(chunk)
    parser.close()


def best_of(run: Callable[[list[str]], None], chunks: list[str], times: int = 5) -> float:
    best = float("inf")
    for _ in range(times):
        start = time.process_time()
        run(chunks)
        best = min(best, time.process_time() - start)
    return best


def main() -> None:
    print(f"{'million characters a second (times the floor)':48}" + "".join(f"{label:>18}" for label in SIZES))
    for name, unit in TEXTS.items():
        text = (unit * (CHARS // len(unit) + 1))[:CHARS]
        if name == "never closed":
            text = "(" + text
        cells = []
        for size in SIZES.values():
            chunks = [text[k : k + size] for k in range(0, len(text), size)]
            ours, least = best_of(parse, chunks), best_of(floor, chunks)
            ratio = f"{ours / least:.1f} ×" if len(chunks) > 1 else "-"
            cells.append(f"{len(text) / ours / 1e6:10.1f} ({ratio})")
        print(f"{name:48}" + "".join(f"{cell:>18}" for cell in cells))


if __name__ == "__main__":
    main()
