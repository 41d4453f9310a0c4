"""``npc-bridge serve``: the bridge beside a game."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from npc_bridge import __version__
from npc_bridge.backends import Backend
from npc_bridge.cli.running import backend_options, configure_logs, run, settings_from, when_parent_ends
from npc_bridge.config import Settings
from npc_bridge.errors import StorageTooNew, StorageUnusable

if TYPE_CHECKING:
    from npc_bridge.memory.store import Store

log = logging.getLogger(__name__)


@click.command(short_help="Run the bridge beside a game.")
@click.option("--host", help="Address to listen on. Default: 127.0.0.1, which only this machine reaches.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes any free one. Default: 8765.")
@click.option("--token", help="What a game must show to connect; better set as NPC_BRIDGE_SERVER__TOKEN.")
@backend_options
@click.option("--script", type=click.Path(path_type=Path), help="With --backend scripted: the lines to recite.")
@click.option("--storage", help="File of this game's memory; '' for none. Default: one of its own in the user's data folder.")
@click.option("--record", type=click.Path(path_type=Path), help="Write every message and every piece of a reply to this tape.")
@click.option("--json", "as_json", is_flag=True, help="For a parent process: one JSON line on standard output when ready; picks a token.")
@click.option("--exit-with-parent", is_flag=True, help="End when standard input is closed.")
@click.option("--no-uvloop", is_flag=True, hidden=True, help="Run on asyncio's own event loop.")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True)
def serve(
    host: str | None,
    port: int | None,
    token: str | None,
    storage: str | None,
    record: Path | None,
    as_json: bool,
    exit_with_parent: bool,
    no_uvloop: bool,
    log_level: str,
    **flags: Any,
) -> None:
    """Run the bridge beside a game.

    With no settings at all it listens on ws://127.0.0.1:8765 and runs the small embedded model. Ctrl-C ends it.

    \b
    A bigger model makes better NPCs:
      npc-bridge serve --backend ollama --model qwen3:8b
      npc-bridge serve --backend model_studio            (key in DASHSCOPE_API_KEY)
      npc-bridge serve --backend generic --base-url http://127.0.0.1:8000/v1 --model NAME
    """
    configure_logs(log_level)
    if as_json and not token and not os.environ.get("NPC_BRIDGE_SERVER__TOKEN"):
        token = secrets.token_urlsafe(24)
    settings = settings_from(**flags, server={"host": host, "port": port, "token": token}, storage=storage)
    with contextlib.suppress(asyncio.CancelledError):
        run(_serve(settings, record=record, as_json=as_json, exit_with_parent=exit_with_parent), with_uvloop=not no_uvloop)


async def _serve(settings: Settings, *, record: Path | None, as_json: bool, exit_with_parent: bool) -> None:
    from npc_bridge.backends.choice import make_backend
    from npc_bridge.cast import Cast, read_text
    from npc_bridge.server import Bridge
    from npc_bridge.tape import Recorder, RecordingBackend

    stopped = asyncio.Event()
    if exit_with_parent:
        when_parent_ends(stopped.set)
    cast = Cast(settings.characters, settings.events)
    cast.moderate(settings.moderation, settings.rating)
    async with contextlib.AsyncExitStack() as stack:
        backend: Backend = make_backend(settings.backend)
        stack.push_async_callback(backend.close)
        recorder = None
        if record is not None:
            file = stack.enter_context(record.open("w", encoding="utf-8"))
            events_toml = read_text(cast.events) if cast.events.is_file() else ""
            recorder = Recorder(file, characters=cast.characters, events_toml=events_toml, backend=backend)
            backend = RecordingBackend(backend, recorder)
        store = await opened_store(settings)
        stack.push_async_callback(store.close)
        await store.expire(settings.storage.retention_days)
        bridge = await stack.enter_async_context(
            Bridge(settings.server, backend, cast, storage=settings.storage, store=store, recorder=recorder, budgets=settings.budget)
        )
        _announce(bridge.url, bridge.port, settings, backend.name, backend.model, cast, as_json)
        await stopped.wait()


async def opened_store(settings: Settings) -> Store:
    """The memory of this game. Raises ``StorageUnusable``, which says what to do.

    A file that the user has named has to be had. That of the user's data folder is done without if it cannot be had: a second instance
    of a game, or a folder that cannot be written to, is no reason for silence.
    """
    from npc_bridge.memory.settings import storage_file
    from npc_bridge.memory.store import open_store

    file = storage_file(settings.storage, settings.characters.absolute().parent)
    try:
        return await open_store(file, sync=settings.storage.sync)
    except StorageUnusable as error:
        if settings.storage.path is not None or isinstance(error, StorageTooNew):
            raise
        log.warning("nothing is remembered after this bridge ends: %s", error)
        store = await open_store(None)
        store.failing = str(error)
        return store


def _announce(url: str, port: int, settings: Settings, backend: str, model: str, cast: Any, as_json: bool) -> None:
    if as_json:
        ready = {"type": "ready", "url": url, "port": port, "token": settings.server.token, "pid": os.getpid(), "version": __version__}
        click.echo(json.dumps(ready | {"backend": backend, "model": model}))
        return
    names = ", ".join(sorted(cast.characters)) or "none yet: add files there, they are read at once"
    place = "the tavern that comes with the bridge" if cast.is_builtin else str(cast.folder)
    click.secho(f"npc-bridge {__version__}", bold=True, nl=False)
    click.echo(f" listens on {url}")
    click.echo(f"  model       {model} ({backend})")
    click.echo(f"  characters  {names}  ({place})")
    if backend == "embedded":
        click.secho("  A small model on this machine, offline. For a bigger one see: npc-bridge serve --help", dim=True)
