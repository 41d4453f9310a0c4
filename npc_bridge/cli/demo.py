"""``npc-bridge demo``: a tavern evening in the terminal.

A real client on a real websocket to the real server: what it does, any game can do.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from npc_bridge.cli.running import backend_options, configure_logs, run, settings_from
from npc_bridge.config import Settings

if TYPE_CHECKING:
    from rich.console import Console

    from npc_bridge.cli.parlour import Parlour
    from npc_bridge.cli.stage import Stage


@dataclass(frozen=True, slots=True)
class Beat:
    """One thing that happens, and what the player says to it; without a line the NPC reacts by itself."""

    happens: str
    event: str
    line: str = ""


EVENING = (
    Beat("You come in out of the dark.", "player_arrived", "Good evening. Is that seat free?"),
    Beat("Rain begins to drum on the roof.", "rain_started", "Do you hear that?"),
    Beat("You draw your sword.", "sword_drawn"),
    Beat("You push a silver coin over to him.", "coin_given", "This is for you."),
)
BIGGER = "A bigger model plays better: npc-bridge demo --backend ollama --model qwen3:8b"


@click.command(short_help="A tavern evening in this terminal.")
@click.option("--script", "as_script", is_flag=True, help="Play the evening without a person, then end.")
@backend_options
def demo(as_script: bool, **flags: Any) -> None:
    """A tavern evening in this terminal: things happen, the smith answers, and you see what the bridge does for it.

    With nothing configured it runs a small model on this machine, offline. After a few scenes it is your turn to type.

    \b
    A bigger model plays better:
      npc-bridge demo --backend ollama --model qwen3:8b
      npc-bridge demo --backend model_studio              (key in DASHSCOPE_API_KEY)
      npc-bridge demo --backend generic --base-url http://127.0.0.1:8000/v1 --model NAME
    """
    configure_logs("error")
    settings = settings_from(**flags)
    from rich.console import Console

    with contextlib.suppress(asyncio.CancelledError):
        run(play_demo(settings, Console(highlight=False), as_script=as_script))


async def play_demo(settings: Settings, console: Console, *, as_script: bool) -> None:
    """Play the evening on this console, and then, unless ``as_script``, let the person at it talk."""
    from npc_bridge.cast import Cast, tavern
    from npc_bridge.cli.chat import own_bridge
    from npc_bridge.cli.parlour import Parlour
    from npc_bridge.cli.stage import Stage
    from npc_bridge.client import connect

    stage = Stage(console)
    cast = Cast(tavern() / "characters", tavern() / "events.toml")
    async with own_bridge(settings, cast, console) as url, connect(url, engine="terminal") as game:
        welcome = game.welcome
        where = "on this machine, offline" if welcome.backend == "embedded" else welcome.backend
        stage.title("A tavern evening", f"{welcome.model}, {where}", BIGGER if welcome.backend == "embedded" else "")
        clips = [clip.name for clip in cast.find("brom").clips]
        brom = await game.open("smith", character="brom", player="The traveller", clips=clips)
        parlour = Parlour(stage, game, brom, player="The traveller", clips=clips, events=cast.templates.by_name)
        with parlour.open_ears():
            await parlour.play_unasked(wait_s=10)
            for beat in EVENING:
                await _play(beat, parlour, stage)
            if not as_script:
                stage.title(
                    "Now you.", "Type what you say. /rain, /thunder, /barmaid, /coin, /midnight … make things happen; /help, /quit."
                )
                await parlour.talk()


async def _play(beat: Beat, parlour: Parlour, stage: Stage) -> None:
    stage.happens(beat.happens, f"event {beat.event}")
    await parlour.game.tell(beat.event, {"player": "The traveller"}, npc=parlour.npc.id, react=not beat.line)
    if beat.line:
        stage.says("You", beat.line)
        await stage.play(await parlour.npc.say(beat.line))
    else:
        await parlour.play_unasked(wait_s=30)
