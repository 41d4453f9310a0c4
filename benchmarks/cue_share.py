"""Which share of the embedded model's actions finds a clip: told nothing of the clips, told which there are, and held to them.

    python -m benchmarks.cue_share [--replies 24] [--character brom]

The same lines of a player, each in a conversation of its own, with the same seeds. The character's examples stay in all three, and their
actions are those of its clips, so that even a model that is told nothing has seen a few. Takes some minutes.
"""

from __future__ import annotations

import argparse
import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from npc_bridge.backends import Backend, Finished
from npc_bridge.backends.choice import make_backend
from npc_bridge.backends.settings import BackendSettings
from npc_bridge.cast import read_character, tavern
from npc_bridge.core.character import Character
from npc_bridge.core.conversation import Conversation
from npc_bridge.core.cues import Action
from npc_bridge.core.events import EventTemplates
from npc_bridge.core.messages import Open
from npc_bridge.turn import request_for

LINES = (
    "Good evening.", "How is business?", "Can you mend my sword?", "I have no money.", "Do you know Mira?", "What is that noise outside?",
    "You are a liar.", "I will pay you ten gold pieces.", "Tell me a story.", "Who made this table?", "I am leaving the village tomorrow.",
    "My brother was hurt in the mine.", "Is the ale good?", "Look, there is a rat!", "Will you fight with me?", "I brought you a present.",
    "You look tired.", "What do you think of the king?", "Can I sleep here tonight?", "The mill is on fire!", "Do you want to dance?",
    "I found this ring in the river.", "Are you angry with me?", "Farewell, my friend.",
)  # fmt: skip


@dataclass
class Share:
    """What came of one way to ask."""

    replies: int = 0
    with_action: int = 0
    actions: int = 0
    mapped: int = 0
    missed: list[str] = field(default_factory=list)


def talk_with(character: Character) -> Conversation:
    message = Open(type="open", npc="npc", character=character.id)
    return Conversation.opened_by("s", message, character, EventTemplates())


async def ask(backend: Backend, character: Character, lines: list[str], *, is_held: bool) -> Share:
    share = Share()
    for seed, line in enumerate(lines):
        talk = talk_with(character)
        talk.history.hear(line, "Player")
        request = request_for(talk, None, backend, seed=seed)
        if not is_held:  # a limit of sentences is a grammar too, and one that leaves no room for parentheses
            request = replace(request, actions=(), max_sentences=0)
        parser, parts = talk.parser(), []
        async with aclosing(backend.stream(request)) as pieces:
            async for piece in pieces:
                if not isinstance(piece, Finished):
                    parts += parser.feed(piece)
        actions = [part.raw for part in parts + parser.close() if isinstance(part, Action)]
        found = [bool(talk.index.resolve(action)) for action in actions]
        share.replies += 1
        share.with_action += bool(actions)
        share.actions += len(actions)
        share.mapped += sum(found)
        share.missed += [action for action, is_found in zip(actions, found, strict=True) if not is_found]
    return share


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replies", type=int, default=24)
    parser.add_argument("--character", default="brom")
    options = parser.parse_args()
    told = read_character(tavern() / "characters" / f"{options.character}.toml")
    listed, free = (told.model_copy(update={"style": told.style.model_copy(update={"actions": how})}) for how in ("listed", "free"))
    backend = make_backend(BackendSettings(profile="embedded"))
    lines = [LINES[k % len(LINES)] for k in range(options.replies)]
    try:
        await backend.warm_up()
        print(f"{options.replies} replies of {backend.model} as {told.name}, who has {len(told.clips)} clips")
        for name, character, is_held in (
            ("told nothing of the clips", free, False),
            ("told which clips there are", listed, False),
            ("told, and held to them by grammar", listed, True),
        ):
            share = await ask(backend, character, lines, is_held=is_held)
            part = f"{100 * share.mapped / share.actions:.0f} %" if share.actions else "-"
            print(
                f"  {name:36} {share.with_action:3} replies with an action, {share.actions:3} actions, {share.mapped:3} find a clip: {part}"
            )
            for action in list(dict.fromkeys(share.missed))[:8]:
                print(f"      no clip: ({action[:70]})")
    finally:
        await backend.close()


if __name__ == "__main__":
    asyncio.run(main())
