"""How often actions find the right clip, how long a decision takes, and what the word lists cost.

    python -m benchmarks.cues [PHRASES.jsonl [CLIPS.toml]]

Without a file: both halves of the development phrases with their 51 clips, then the times over all of them, each decided several times, the
best counts. CPU time.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from npc_bridge.core.character import Character, Style
from npc_bridge.core.clips import ClipIndex, warm_up
from npc_bridge.core.conversation import Conversation, Turn
from npc_bridge.core.cue_score import Phrase, clips_in, clips_of, phrases_in, report, score
from npc_bridge.core.events import EventTemplates
from npc_bridge.core.messages import Clip, Open
from npc_bridge.delivery import Reply

FOLDER = Path(__file__).parent.parent / "tests" / "data" / "cues"


def main() -> None:
    if len(sys.argv) > 1:
        phrases = phrases_in(Path(sys.argv[1]).read_text(encoding="utf-8"))
        clips = clips_in(Path(sys.argv[2]).read_text(encoding="utf-8")) if len(sys.argv) > 2 else clips_of(phrases)
        print(report(score(phrases, clips)))
        return
    lists()
    clips, phrases = clips_in((FOLDER / "vocabulary.toml").read_text(encoding="utf-8")), []
    for half in ("tuned", "untouched"):
        of_half = phrases_in((FOLDER / f"{half}.jsonl").read_text(encoding="utf-8"))
        print(f"\n── the {half} half: {report(score(of_half, clips))}")
        phrases += of_half
    decisions(clips, phrases)
    delivery(clips, [phrase for phrase in phrases if phrase.language == "en"])


def lists() -> None:
    process = psutil.Process()
    before, start = process.memory_info().rss, time.process_time()
    warm_up()
    seconds, memory = time.process_time() - start, process.memory_info().rss - before
    print(f"word lists of three languages: {seconds:.2f} s to compile, {memory / 1e6:.1f} MB, once per process")


def decisions(clips: list[Clip], phrases: list[Phrase]) -> None:
    start = time.process_time()
    index = ClipIndex(clips)
    print(f"\nan index of {len(clips)} clips: {1000 * (time.process_time() - start):.1f} ms")
    deciders: dict[str, Callable[[str], object]] = {
        "resolve": index.resolve,
        "early, at half of the action": lambda text: index.early(text[: len(text) // 2]),
    }
    for name, decide in deciders.items():
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


def delivery(clips: list[Clip], phrases: list[Phrase]) -> None:
    """From the model's pieces, a word each, to the messages of cues and text, without a socket."""
    after = " Well then, what shall it be? I have ale, bread and a bed for the night."
    for early in (False, True):
        character = Character(id="b", name="B", style=Style(early_cues=early))
        runs = []
        for _ in range(5):
            talk = Conversation.opened_by("s", Open(type="open", npc="n", character="b", clips=tuple(clips)), character, EventTemplates())
            reply = Reply(Turn(id="t", conversation=talk, cause="say", asked_at=0.0), lambda message: None, lambda: 0.0)
            start = time.process_time()
            for phrase in phrases:
                for piece in re.findall(r"\s*\S+", f"({phrase.text}){after}"):
                    reply.add(piece)
            runs.append((time.process_time() - start) / len(phrases))
        print(
            f"a reply of one action and {len(after.split())} words, {'with' if early else 'without'} early cues: {1e6 * min(runs):.0f} µs"
        )


if __name__ == "__main__":
    main()
