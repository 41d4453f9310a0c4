"""``npc-bridge demo``: a tavern evening in the terminal.

A real client on a real websocket to the real server: what it does, any game can do.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from npc_bridge.cli.running import backend_options, configure_logs, run, settings_from
from npc_bridge.config import Settings

if TYPE_CHECKING:
    from rich.console import Console

    from npc_bridge.backends import Backend
    from npc_bridge.cli.parlour import Parlour
    from npc_bridge.cli.stage import Stage
    from npc_bridge.client import Turn


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
UNPLUGGED = (
    Beat("It does not answer any more: the model hangs.", "", "Where does the road behind the mill lead?"),
    Beat("It breaks off in the middle of a reply.", "", "And what lies beyond the hills, do you think?"),
    Beat("It is not there at all.", "", "Put your hammer down, or I will fight you!"),
    Beat("And once more it hangs.", "", "Good night, Brom."),
)
"""What is said once the model is unplugged; see ``Unplugged``."""
LADDER = "At once a pose, then a filler, and at the deadline a line that the character's author wrote."
BIGGER = "A bigger model plays better: npc-bridge demo --backend ollama --model qwen3:8b"


@click.command(short_help="A tavern evening in this terminal.")
@click.option("--script", "as_script", is_flag=True, help="Play the evening without a person, then end.")
@click.option(
    "--unplug-after",
    type=click.IntRange(min=0),
    metavar="N",
    help="Pull the model's plug after N replies, and see that the NPC is not silent.",
)
@backend_options
def demo(as_script: bool, unplug_after: int | None, **flags: Any) -> None:
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
        run(play_demo(settings, Console(highlight=False), as_script=as_script, unplug_after=unplug_after))


async def play_demo(settings: Settings, console: Console, *, as_script: bool, unplug_after: int | None = None) -> None:
    """Play the evening on this console, and then, unless ``as_script``, let the person at it talk."""
    from npc_bridge.backends.unplugged import Unplugged
    from npc_bridge.cast import Cast, tavern
    from npc_bridge.cli.chat import own_bridge
    from npc_bridge.cli.parlour import Parlour
    from npc_bridge.cli.stage import Stage
    from npc_bridge.client import connect

    stage = Stage(console)
    cast = Cast(tavern() / "characters", tavern() / "events.toml")
    beats: tuple[Beat, ...] = EVENING
    between: Callable[[Backend], Backend] = lambda backend: backend  # noqa: E731
    if unplug_after is not None:
        beats = EVENING[:unplug_after] + UNPLUGGED
        between = partial(Unplugged, after=len(EVENING[:unplug_after]))
        smith = cast.find("brom")
        hurried = smith.patience.model_copy(update={"filler_after_ms": 1_500, "deadline_ms": 5_000})
        cast.characters["brom"] = smith.model_copy(update={"patience": hurried})
    async with own_bridge(settings, cast, console, between=between) as url, connect(url, engine="terminal") as game:
        welcome = game.welcome
        where = "on this machine, offline" if welcome.backend == "embedded" else welcome.backend
        stage.title("A tavern evening", f"{welcome.model}, {where}", BIGGER if welcome.backend == "embedded" else "")
        clips = [clip.name for clip in cast.find("brom").clips]
        brom = await game.open("smith", character="brom", player="The traveller", clips=clips)
        parlour = Parlour(stage, game, brom, player="The traveller", clips=clips, events=cast.templates.by_name)
        with parlour.open_ears():
            await parlour.play_unasked(wait_s=10)
            for beat in beats:
                if unplug_after is not None and beat is UNPLUGGED[0]:
                    stage.title("The model is unplugged.", LADDER)
                await _play(beat, parlour, stage)
            if not as_script:
                stage.title(
                    "Now you.", "Type what you say. /rain, /thunder, /barmaid, /coin, /midnight … make things happen; /help, /quit."
                )
                await parlour.talk()


async def _play(beat: Beat, parlour: Parlour, stage: Stage) -> None:
    stage.happens(beat.happens, f"event {beat.event}" if beat.event else "")
    if beat.event:
        await parlour.game.tell(beat.event, {"player": "The traveller"}, npc=parlour.npc.id, react=not beat.line)
    if not beat.line:
        await parlour.play_unasked(wait_s=30)
        return
    stage.says("You", beat.line)
    began = asyncio.get_running_loop().time()
    turn = await parlour.npc.say(beat.line)
    steps = asyncio.create_task(_steps(turn, began)) if beat in UNPLUGGED else None
    await stage.play(turn)
    if steps is not None:
        stage.remark(" · ".join(await steps))


async def _steps(turn: Turn, began: float) -> list[str]:
    """What the NPC did instead of being silent, and when."""
    from npc_bridge.client import Cue, Text

    steps, chars = [], 0
    async for part in turn:
        after = f"{asyncio.get_running_loop().time() - began:.1f} s"
        match part:
            case Cue(reason="thinking"):
                steps.append(f"{after} thinks ({part.clip or part.action})")
            case Text() if not chars or part.text.startswith(" "):
                steps.append(f"{after} “{part.text.strip()}”")
        chars += isinstance(part, Text)
    return steps
