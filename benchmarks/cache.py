"""How much of every prompt the model server already has in its cache, over a long evening with many events.

    python -m benchmarks.cache [--turns 100] [--context 4096] [--counted]

One NPC talks with a player for a hundred turns on the embedded model (the extra ``local``), with one to five events before each, until its
history has been cut several times. The same evening is run three times: as the bridge makes its prompts; with a history that loses one
line a turn, as soon as it is full, instead of half of them now and then; and with events that stay in the history. What counts is the
server's own word for how many tokens of a prompt it had not to read again. Nothing is read ahead.

That takes a quarter of an hour and more. With ``--counted`` no model is asked: the NPC always says the same, and what counts is how many
whole messages at the beginning of a prompt were there the last time, in estimated tokens. That takes seconds and comes out a little lower.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from npc_bridge.backends import ChatMessage, ChatRequest, Finished, ModelLimits
from npc_bridge.backends.embedded import Embedded
from npc_bridge.backends.estimate import estimate_tokens
from npc_bridge.backends.exchange import Timeouts
from npc_bridge.core.board import EventBoard, Note
from npc_bridge.core.character import Character, HistorySettings, parse_character
from npc_bridge.core.events import parse_templates
from npc_bridge.core.history import History
from npc_bridge.core.messages import Event, Player
from npc_bridge.core.prompt import build_prompt

WAYS = {
    "bridge": "the bridge: notes for one turn, rare large cuts",
    "sliding": "the same, but one small cut a turn once the history is full",
    "kept": "the same as the bridge, but events stay in the history",
}
REPLY_TOKENS = 40
LINES = (
    "Good evening. What is there to eat tonight?",
    "Who else has come through here this week?",
    "I heard something outside. Did you hear it too?",
    "Tell me about the old mill by the river.",
    "Do you know the smith well?",
    "How long have you been in this village?",
    "What would you do if the bridge were gone?",
    "I have to be at the pass before the snow comes. Which way is best?",
    "Have you ever seen the sea?",
    "That is hard to believe. Go on.",
)
EVENTS = (
    ("weather", {"what": "it starts to rain heavily"}),
    ("door", {"what": "a wet stranger comes in and sits down by the fire"}),
    ("fire", {"what": "a log falls apart in the hearth, and sparks fly"}),
    ("music", {"what": "the bard begins to play a slow song"}),
    ("dog", {"what": "the dog under the table growls at the door"}),
    ("clock", {"what": "the bell of the chapel strikes ten"}),
    ("player", {"what": "the traveller puts a silver coin on the counter"}),
    ("window", {"what": "something knocks at the window twice"}),
)
TEMPLATES = "\n".join(f'[{name}]\ntext = "{{what}}."' for name, _ in EVENTS)


class Counting:
    """Stands for a server that caches whole messages and does nothing else."""

    LINE = "(nods) That is a long story, and the night is young. Sit down, traveller, and I will tell you all of it."

    def __init__(self, context_tokens: int) -> None:
        reply = min(512, context_tokens // 4)  # as the embedded model has it
        self.limits = ModelLimits(context_tokens, context_tokens - reply, reply)
        self._last: list[ChatMessage] = []

    def estimate_tokens(self, text: str) -> int:
        return estimate_tokens(text, per_wide=2.0)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[str | Finished, None]:
        costs = [self.estimate_tokens(message["content"]) + 4 for message in request.messages]
        pairs = zip(request.messages, self._last, strict=False)
        same = next((at for at, (now, then) in enumerate(pairs) if now != then), min(len(request.messages), len(self._last)))
        self._last = [*request.messages, {"role": "assistant", "content": self.LINE}]
        yield self.LINE
        yield Finished("stop", prompt_tokens=sum(costs), cached_tokens=sum(costs[:same]), completion_tokens=REPLY_TOKENS)

    async def close(self) -> None:
        """Nothing to close."""


@dataclass
class Evening:
    """What one run came to."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    cuts: int = 0
    worst: float = 1.0
    """The smallest share of one prompt that came from the cache, after the first."""
    shares: list[float] = field(default_factory=list)

    @property
    def share(self) -> float:
        return self.cached_tokens / self.prompt_tokens


async def spend(backend: Embedded | Counting, way: str, turns: int, seed: int) -> Evening:
    """One evening; the same lines and the same events whatever the way."""
    chance = random.Random(seed)
    character, player = _character(way), Player(id="p", name="Wanderer")
    history, board, evening = History(character.opening_line), EventBoard(parse_templates(TEMPLATES, "events.toml")), Evening()
    limits = backend.limits
    for turn in range(turns):
        told = [chance.choice(EVENTS) for _ in range(chance.randint(1, 5))]
        for name, data in told:
            board.add(Event(type="event", name=name, data=data), float(turn))
        note: Note | None = board.take(float(turn), budget_tokens=character.note_tokens, estimate=backend.estimate_tokens, language="en")
        if way == "kept" and note is not None:
            history.hear(note.text, "")
            board.use_up(note)
            note = None
        history.hear(LINES[turn % len(LINES)], player.name)
        first = history.lines[0]
        messages = build_prompt(
            character,
            history,
            note,
            player=player,
            actions=(),
            language="en",
            budget_tokens=min(limits.max_input_tokens, limits.context_tokens - REPLY_TOKENS),
            estimate=backend.estimate_tokens,
        )
        evening.cuts += history.lines[0] is not first
        text, finished = await _reply(backend, messages, way, seed + turn)
        history.reply(text)
        if note is not None:
            board.use_up(note)
        board.end_turn()
        _count(evening, finished, is_first=turn == 0)
    return evening


def _character(way: str) -> Character:
    text = resources.files("npc_bridge").joinpath("tavern", "characters", "mira.toml").read_text(encoding="utf-8")
    character = parse_character(text, file="mira.toml", character_id="mira")
    # A setting that a character file cannot have: cut no more than has to go.
    keep = 1.0 if way == "sliding" else character.history.keep
    return character.model_copy(update={"history": HistorySettings.model_construct(max_messages=2_000, keep=keep)})


async def _reply(backend: Embedded | Counting, messages: Sequence[Any], way: str, seed: int) -> tuple[str, Finished]:
    request = ChatRequest(list(messages), {"max_tokens": REPLY_TOKENS, "seed": seed}, max_sentences=2, conversation=way)
    text, finished = "", Finished("stop")
    async with aclosing(backend.stream(request)) as pieces:
        async for piece in pieces:
            if isinstance(piece, str):
                text += piece
            else:
                finished = piece
    return text, finished


def _count(evening: Evening, finished: Finished, *, is_first: bool) -> None:
    assert finished.prompt_tokens is not None
    assert finished.cached_tokens is not None
    evening.prompt_tokens += finished.prompt_tokens
    evening.cached_tokens += finished.cached_tokens
    evening.shares.append(finished.cached_tokens / finished.prompt_tokens)
    if not is_first:
        evening.worst = min(evening.worst, evening.shares[-1])


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=100)
    parser.add_argument("--context", type=int, default=4096, help="the model's window in tokens; 4096 is the bridge's own default")
    parser.add_argument("--only", choices=list(WAYS), action="append", help="only this way; can be given several times")
    parser.add_argument("--counted", action="store_true", help="count messages that stay the same instead of asking the model")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print(f"{args.turns} turns, 1 to 5 events each, a window of {args.context} tokens\n")
    print("| prompts | from the cache | read again, tokens a turn | cuts | median turn | worst turn |\n|---|---|---|---|---|---|")
    for way in args.only or WAYS:
        backend: Embedded | Counting = (
            Counting(args.context)
            if args.counted
            else Embedded(context_tokens=args.context, slots=1, timeouts=Timeouts(first_text_s=600.0, idle_s=600.0))
        )
        try:
            evening = await spend(backend, way, args.turns, args.seed)
        finally:
            await backend.close()
        again = (evening.prompt_tokens - evening.cached_tokens) / args.turns
        median = sorted(evening.shares)[len(evening.shares) // 2]
        print(f"| {WAYS[way]} | {evening.share:.1%} | {again:.0f} | {evening.cuts} | {median:.1%} | {evening.worst:.1%} |", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
