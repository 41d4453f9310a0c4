"""``npc-bridge cues``: which of a game's clips an action plays, and how often that is right."""

from __future__ import annotations

from pathlib import Path

import click

from npc_bridge.errors import FileProblem, FileProblems


@click.group(short_help="See which clip an action plays, and how often that is right.")
def cues() -> None:
    """See which of a game's clips an action plays, and why; and how often that is right."""


@cues.command()
@click.argument("character", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("actions", nargs=-1, required=True, metavar="ACTION...")
def explain(character: Path, actions: tuple[str, ...]) -> None:
    """Say what each ACTION plays with the clips of the file CHARACTER, and why.

    \b
    For example:
      npc-bridge cues explain characters/brom.toml "leans over the counter and squints" "dead serious"
    """
    from npc_bridge.cast import read_character
    from npc_bridge.core.clips import ClipIndex

    who = read_character(character)
    index = ClipIndex(who.clips, who.language)
    for action in actions:
        matches = index.resolve(action)
        played = ", ".join(f"{match.clip} ({match.score:.2f}, {match.reason})" for match in matches)
        click.echo(
            f"({action})  "
            + (click.style(played, fg="green") if matches else click.style(f"nothing: {index.explain(action)}", fg="yellow"))
        )


@cues.command()
@click.argument("phrases", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--clips", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="TOML file with the clips; else those of the labels."
)
def score(phrases: Path, clips: Path | None) -> None:
    """Map the labelled PHRASES (JSON lines, see docs/cues.md) and report how often the right clip was found."""
    from npc_bridge.cast import read_text
    from npc_bridge.core.cue_score import clips_in, clips_of, phrases_in, report
    from npc_bridge.core.cue_score import score as score_phrases

    try:
        labelled = phrases_in(read_text(phrases))
        declared = clips_in(read_text(clips)) if clips is not None else clips_of(labelled)
    except ValueError as error:
        raise FileProblems([FileProblem(str(phrases), 0, str(error))]) from None
    click.echo(report(score_phrases(labelled, declared)))
