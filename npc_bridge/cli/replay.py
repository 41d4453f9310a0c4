"""``npc-bridge replay``: a tape again, without a model."""

from __future__ import annotations

import json
from pathlib import Path

import click

from npc_bridge.cli.running import run


@click.command(short_help="Play a recorded session again without a model, and compare.")
@click.argument("tape", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def replay(tape: Path) -> None:
    """Play TAPE again and compare what the bridge says now with what it said then.

    A tape is made by: npc-bridge serve --record FILE. It holds what players and NPCs said, and no key or token. Ends with 1 if anything
    differs.
    """
    from npc_bridge.tape import replay as play

    result = run(play(tape))
    for difference in result.differences:
        click.secho(f"{tape}:{difference.line}: it was, and is now", fg="red")
        click.echo(f"  - {json.dumps(difference.expected, ensure_ascii=False)}")
        click.echo(f"  + {json.dumps(difference.got, ensure_ascii=False)}")
    same = "all as it was" if not result.differences else f"{len(result.differences)} conversations differ"
    click.echo(f"{tape}: {result.messages} messages from the game, {result.turns} turns, {same}")
    if result.differences:
        raise SystemExit(1)
