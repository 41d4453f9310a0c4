"""What the commands share: settings from flags, the event loop, and ending on Ctrl-C, a signal, or the parent's death."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic import ValidationError

from npc_bridge.config import Settings, load_settings
from npc_bridge.errors import BadSettings

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


def backend_options(command: F) -> F:
    """The flags that choose who speaks."""
    options = [
        click.option("--config", type=click.Path(path_type=Path), help="Settings file. Default: npc-bridge.toml here, if there is one."),
        click.option("--backend", help="Model server: embedded, ollama, model_studio, openai, llamacpp, vllm, lm_studio, deepseek, ..."),
        click.option("--model", help="The model's name at that server."),
        click.option("--base-url", help="Where the server is, up to /v1, if it is not at its usual place."),
        click.option("--characters", type=click.Path(path_type=Path), help="Folder of character files. Default: characters."),
        click.option("--events", type=click.Path(path_type=Path), help="File with the wording of events. Default: events.toml."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def settings_from(
    *,
    config: Path | None,
    backend: str | None,
    model: str | None,
    base_url: str | None,
    characters: Path | None,
    events: Path | None,
    server: dict[str, Any] | None = None,
    script: Path | None = None,
    storage: str | None = None,
) -> Settings:
    """Defaults < file < environment < these flags. Raises ``BadSettings``, which says what to change."""
    chosen = {"profile": backend, "model": model, "base_url": base_url, "script": str(script) if script else None}
    flags: dict[str, Any] = {
        "backend": {name: value for name, value in chosen.items() if value is not None},
        "server": {name: value for name, value in (server or {}).items() if value is not None},
        "storage": {"path": storage} if storage is not None else {},
        "characters": characters,
        "events": events,
    }
    return read_settings(config, **{name: value for name, value in flags.items() if value})


def read_settings(config: Path | None, **flags: Any) -> Settings:
    """The settings, with mistakes explained. Raises ``BadSettings``."""
    if config is not None and not config.is_file():
        raise BadSettings(f"there is no settings file {config}")
    try:
        return load_settings(config, **flags)
    except ValidationError as error:
        lines = [f"  {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors(include_url=False, include_input=False)]
        raise BadSettings("the settings are not right:\n" + "\n".join(lines)) from None
    except ValueError as error:  # not TOML
        raise BadSettings(f"{config or 'npc-bridge.toml'} is not TOML: {error}") from None


def run(main: Coroutine[Any, Any, T], *, with_uvloop: bool = True) -> T:
    """Run to the end, on uvloop where there is one. Ctrl-C and a polite end of the process cancel ``main``, which tidies up."""
    factory = None
    if with_uvloop and sys.platform != "win32":
        with contextlib.suppress(ImportError):
            import uvloop

            factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(_until_told_to_stop(main))


async def _until_told_to_stop(main: Coroutine[Any, Any, T]) -> T:
    """Make SIGTERM, or Ctrl-Break on Windows, as gentle as Ctrl-C, which the runner sees to."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    if sys.platform == "win32":
        signal.signal(signal.SIGBREAK, lambda *_: loop.call_soon_threadsafe(task.cancel))
    else:
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
    return await main


def when_parent_ends(stop: Callable[[], object]) -> None:
    """Call ``stop`` in the event loop once standard input is closed: the parent has closed it, or is dead."""
    loop = asyncio.get_running_loop()

    def wait() -> None:
        with contextlib.suppress(OSError, ValueError):
            while sys.stdin.buffer.read(4096):
                pass
        with contextlib.suppress(RuntimeError):  # the loop is closed: we are ending anyway
            loop.call_soon_threadsafe(stop)

    threading.Thread(target=wait, name="parent", daemon=True).start()


def configure_logs(level: str) -> None:
    """Log to standard error: standard output belongs to the ready line."""
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)-7s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    logging.getLogger("websockets").setLevel(logging.WARNING)
