"""The command line: ``npc-bridge serve``, ``demo``, ``chat``, ``check``, ``replay``.

Each command is a module of its own, imported when it is called, so that ``serve`` listens before a second has passed.
"""

from __future__ import annotations

import importlib
import sys

import click

from npc_bridge import __version__
from npc_bridge.errors import BridgeError

COMMANDS = {
    "demo": "A tavern evening in this terminal: the quickest way to see what the bridge does.",
    "serve": "Run the bridge beside a game.",
    "chat": "Talk with a character here, as a game would.",
    "check": "Check character files and settings; say file, line and what to write instead.",
    "test": "Play scenario files and check what your NPCs say, do and know.",
    "cues": "See which clip an action plays and why, and how often that is right.",
    "memory": "Read, edit and carry what NPCs remember.",
    "install": "Put the addon for Godot or Unity into your game's project.",
    "replay": "Play a recorded session again without a model, and compare.",
}


class Commands(click.Group):
    """Knows its commands by name and loads the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(f"npc_bridge.cli.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="npc-bridge")
def cli() -> None:
    """Lets any game's NPCs talk, act and remember.

    A game connects to this bridge and tells it what happens; the bridge asks a language model and streams back what the NPC says, with
    its gestures as cues for the game's own animations. Without any settings it runs a small model on this machine, offline.

    Start with: npc-bridge demo
    """


def main() -> None:
    """Run the command line; errors of ours are one clear message and not a stack of calls."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a Windows console of an older code page cannot show every character
            stream.reconfigure(errors="replace")
    try:
        cli(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except BridgeError as error:
        click.secho(str(error), fg="red", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
