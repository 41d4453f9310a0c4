"""``npc-bridge chat``: a game client for the terminal."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from npc_bridge.cli.running import backend_options, configure_logs, run, settings_from
from npc_bridge.config import Settings

if TYPE_CHECKING:
    from rich.console import Console

    from npc_bridge.backends import Backend
    from npc_bridge.cast import Cast
    from npc_bridge.client import Game


@click.command(short_help="Talk with a character here, as a game would.")
@click.argument("character")
@click.option("--url", help="Talk through a bridge that is running already, such as ws://127.0.0.1:8765.")
@click.option("--token", default="", help="The token of that bridge.")
@click.option("--player", default="The traveller", show_default=True, help="Who you are to the NPC.")
@click.option("--language", default="", help="The language to speak, such as en or zh. Default: the character's own.")
@backend_options
@click.option("--script", type=click.Path(path_type=Path), help="With --backend scripted: the lines to recite.")
def chat(character: str, url: str | None, token: str, player: str, language: str, **flags: Any) -> None:
    """Talk with CHARACTER in this terminal, as a game would: over a websocket, with events and cues.

    CHARACTER is the id of a character, such as brom, or a character file. /help lists the commands.
    """
    configure_logs("error")
    path = Path(character)
    if path.suffix == ".toml":
        flags["characters"] = flags["characters"] or path.parent
        character = path.stem
    settings = settings_from(**flags)
    with contextlib.suppress(asyncio.CancelledError):
        run(_chat(settings, character, url, token, player, language))


async def _chat(settings: Settings, character: str, url: str | None, token: str, player: str, language: str) -> None:
    from rich.console import Console

    from npc_bridge.cast import Cast
    from npc_bridge.client import connect

    console = Console(highlight=False)
    cast = Cast(settings.characters, settings.events)
    cast.moderate(settings.moderation, settings.rating)
    async with contextlib.AsyncExitStack() as stack:
        if url is None:
            address = await stack.enter_async_context(own_bridge(settings, cast, console))
        else:
            address = url
        game = await stack.enter_async_context(connect(address, token=token if url else "", engine="terminal"))
        await _visit(game, cast, console, character, player, language)


async def _visit(game: Game, cast: Cast, console: Console, character: str, player: str, language: str) -> None:
    from npc_bridge.cli.parlour import Parlour
    from npc_bridge.cli.stage import Stage

    stage = Stage(console)
    known = cast.characters.get(character)
    clips = [clip.name for clip in known.clips] if known else []
    npc = await game.open(character, character=character, player=player, clips=clips, language=language)
    stage.title(f"Talking with {npc.name}", f"{game.welcome.model} ({game.welcome.backend}) · /help lists the commands, /quit ends")
    parlour = Parlour(stage, game, npc, player=player, clips=clips, events=cast.templates.by_name)
    with parlour.open_ears():
        if known is not None and known.opening_line:
            await parlour.play_unasked(wait_s=5)
        await parlour.talk()


@contextlib.asynccontextmanager
async def own_bridge(
    settings: Settings, cast: Cast, console: Console, *, between: Callable[[Backend], Backend] = lambda backend: backend
) -> AsyncGenerator[str, None]:
    """A bridge of our own on a free port, its model loaded; gives its address. ``between`` may put something between it and its model."""
    from npc_bridge.backends.choice import make_backend
    from npc_bridge.server import Bridge

    local = settings.server.model_copy(update={"port": 0, "host": "127.0.0.1", "token": ""})
    status = console.status("…")
    backend = between(make_backend(settings.backend, on_progress=status.update))
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(backend.close)
        bridge = await stack.enter_async_context(Bridge(local, backend, cast))
        with status:
            await backend.warm_up()
        yield bridge.url
