"""How long it takes to decide on a clip, and what the word lists cost.

    python -m benchmarks.cues

Over the development phrases with their 51 clips, each decided several times, the best counts. CPU time.
"""

from __future__ import annotations

import time
from pathlib import Path

import psutil

from npc_bridge.core.clips import ClipIndex, warm_up
from npc_bridge.core.clips_lexicon import english
from npc_bridge.core.cue_score import clips_in, phrases_in

FOLDER = Path(__file__).parent.parent / "tests" / "data" / "cues"


def main() -> None:
    clips = clips_in((FOLDER / "vocabulary.toml").read_text(encoding="utf-8"))
    phrases = [phrase for half in ("tuned", "untouched") for phrase in phrases_in((FOLDER / f"{half}.jsonl").read_text(encoding="utf-8"))]
    process = psutil.Process()
    before, start = process.memory_info().rss, time.process_time()
    english()
    print(f"English word list: {time.process_time() - start:.2f} s, its phrases compiled when they are first met")
    warm_up()
    seconds, memory = time.process_time() - start, process.memory_info().rss - before
    print(f"word lists of three languages, all compiled: {seconds:.2f} s, {memory / 1e6:.1f} MB, once per process")
    start = time.process_time()
    index = ClipIndex(clips)
    print(f"an index of {len(clips)} clips: {1000 * (time.process_time() - start):.1f} ms")
    decisions = {"resolve": index.resolve, "early, at half of the action": lambda text: index.early(text[: len(text) // 2])}
    for name, decide in decisions.items():
        times = []
        for phrase in phrases:
            runs = []
            for _ in range(5):
                start = time.process_time()
                decide(phrase.text)
                runs.append(time.process_time() - start)
            times.append(min(runs))
        times.sort()
        middle, last = times[len(times) // 2], times[int(len(times) * 0.99)]
        print(f"{name}: {1e6 * middle:.0f} µs at the median, {1e6 * last:.0f} µs at the 99th percentile of {len(times)}")


if __name__ == "__main__":
    main()
