"""The smallest game that talks: an NPC in the terminal, its text as it comes and its cues at their places.

Start a bridge in one terminal, ``npc-bridge serve``, and this in another: ``python talk.py``. Lines given as arguments are said without
asking: ``python talk.py "Good evening." "What is that noise?"``. An empty line, or the end of the input, ends it.
"""

from __future__ import annotations

import asyncio
import sys

from npc_bridge.client import BridgeError, Cue, Game, Npc, Turn, connect

URL = "ws://127.0.0.1:8765"
CLIPS = ["nod", "wave", "laugh", "shrug", "drink"]  # the animations that this game has for the smith


async def main(lines: list[str], url: str = URL) -> None:
    async with connect(url, engine="terminal") as game:
        smith = await game.open("smith_01", character="brom", player="Ada", clips=CLIPS)
        speaking = asyncio.create_task(show_what_nobody_asked_for(smith))
        await game.tell("rain_started")  # he will know, whatever he is asked
        try:
            if lines:
                for line in lines:
                    print(f"\n> {line}")
                    await show(await smith.say(line))
            else:
                await talk(game, smith)
        finally:
            speaking.cancel()


async def talk(game: Game, smith: Npc) -> None:
    """Ask for lines in a thread, so that the smith can speak meanwhile."""
    print("Type what you say; 'draw' draws your sword.")
    while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
        if line == "draw":
            await game.tell("sword_drawn", {"player": "Ada"}, npc=smith.id, react=True)
        else:
            await show(await smith.say(line))


async def show_what_nobody_asked_for(smith: Npc) -> None:
    """The opening line, and what he says by himself when something happens."""
    async for turn in smith.turns():
        await show(turn)


async def show(turn: Turn) -> None:
    """A real game gives text to its typewriter, and plays a clip when the typewriter reaches ``part.at``."""
    print(f"{turn.npc.name}: ", end="", flush=True)
    async for part in turn:
        if isinstance(part, Cue):
            if part.state in ("provisional", "withdrawn"):
                continue  # a game begins the clip, and stops it again; a terminal cannot take back what it has shown
            print(f"[plays {part.clip}]" if part.clip else f"[{part.action}]", end="", flush=True)
        else:
            print(part.text, end="", flush=True)
    ended = await turn.done()
    print(f"   ({ended.reason}: {ended.message})" if ended.code else "")


if __name__ == "__main__":
    try:
        asyncio.run(main(sys.argv[1:]))
    except BridgeError as error:
        sys.exit(str(error))
