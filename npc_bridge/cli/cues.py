"""``npc-bridge cues``: which of a game's clips an action plays, how often that is right, and what no clip shows yet."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from npc_bridge.errors import FileProblem, FileProblems

if TYPE_CHECKING:
    from npc_bridge.config import Settings


@click.group(short_help="See which clip an action plays, and how often that is right.")
def cues() -> None:
    """See which of a game's clips an action plays, why, and how often that is right; and give clips to actions that have none."""


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
    from npc_bridge.core.clips_near import nearest

    who = read_character(character)
    index = ClipIndex(who.clips, who.language)
    for action in actions:
        matches = index.resolve(action)
        why = index.explain(action)
        if why.startswith("unmapped"):
            why += "; near: " + (", ".join(name for name, _ in nearest(index, action)) or "none")
        played = ", ".join(f"{match.clip} ({match.score:.2f}, {match.reason})" for match in matches)
        click.echo(f"({action})  " + (click.style(played, fg="green") if matches else click.style(f"nothing: {why}", fg="yellow")))


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


@cues.command()
@click.option("--config", type=click.Path(path_type=Path), help="Settings file. Default: npc-bridge.toml here, if there is one.")
@click.option("--characters", type=click.Path(path_type=Path), help="Folder of character files. Default: characters.")
@click.option(
    "--tape", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Count on this tape, not what the bridge counted."
)
@click.option("--limit", type=click.IntRange(1), default=30, show_default=True, help="How many at most.")
@click.option("--as-json", is_flag=True, help="JSON lines, for other programs.")
def report(config: Path | None, characters: Path | None, tape: Path | None, limit: int, as_json: bool) -> None:
    """List what NPCs wanted to do and no clip shows, or only doubtfully, with the clips that come nearest.

    The bridge counts while games are played, per character, and goes on counting after a restart. It never counts what a player said.
    """
    from npc_bridge.cast import Cast
    from npc_bridge.unmapped_file import read_counts, rows_of

    settings = _settings(config, characters)
    if tape is not None:
        import asyncio

        from npc_bridge.tape import replay

        rows = asyncio.run(replay(tape)).unmapped.rows()
    else:
        path = _counts_file(settings)
        rows = rows_of(read_counts(path), Cast(settings.characters, settings.events).characters) if path is not None else []
    for row in rows[:limit]:
        if as_json:
            click.echo(json.dumps(row, ensure_ascii=False))
            continue
        near = ", ".join(row["suggestions"]) or "-"
        played = click.style(f"  plays {row['clip']}", fg="yellow") if "clip" in row else ""
        click.echo(f"{row['count']:>5} ×  {row['character']:<12} ({row['action']}){played}" + click.style(f"  near: {near}", dim=True))
    if rows and not as_json:
        click.echo('\nGive one a clip with:  npc-bridge cues accept "ACTION" CLIP')
    elif not rows and not as_json:
        click.echo(
            "Every action that was counted has its clip." if tape is not None else "Nothing was counted, or all of it has its clip by now."
        )


@cues.command()
@click.argument("action")
@click.argument("clip")
@click.option("--character", "only", multiple=True, help="Id of the character to change; may be given several times. Default: see above.")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file. Default: npc-bridge.toml here, if there is one.")
@click.option("--characters", type=click.Path(path_type=Path), help="Folder of character files. Default: characters.")
def accept(action: str, clip: str, only: tuple[str, ...], config: Path | None, characters: Path | None) -> None:
    """From now on CLIP shows ACTION: write it into the character files as an alias.

    Changed are the characters for whom the action was counted, else all that have the clip in their file. The rest of a file stays as it
    is, comments included; a running bridge reads it at once.

    \b
    For example:
      npc-bridge cues accept "polishes a mug" wipe
    """
    from npc_bridge.cast import Cast, read_character
    from npc_bridge.core.clips import plain_words
    from npc_bridge.unmapped_file import read_counts, rows_of

    settings = _settings(config, characters)
    cast = Cast(settings.characters, settings.events)
    if cast.is_builtin:
        raise click.ClickException(f"there is no folder {settings.characters}; say where the characters are with --characters")
    phrase, path = plain_words(action), _counts_file(settings)
    rows = rows_of(read_counts(path), cast.characters) if path is not None else []
    counted = [row["character"] for row in rows if row["action"] == phrase]
    having = [who.id for who in cast.characters.values() if any(each.name == clip for each in who.clips)]
    chosen = list(only) or [each for each in counted if each in cast.characters] or having
    for unknown in (each for each in chosen if each not in cast.characters):
        raise click.ClickException(f"there is no character '{unknown}'; there are: {', '.join(sorted(cast.characters))}")
    names = sorted({each.name for who in cast.characters.values() for each in who.clips})
    if not chosen or clip not in names:
        _refuse_mistyped(clip, names)
    if not chosen:
        raise click.ClickException(f"no character file has a clip '{clip}'; say which character is meant with --character")
    for each in sorted(set(chosen)):
        file = cast.folder / f"{each}.toml"
        _write_alias(file, clip, phrase)
        read_character(file)
        note = "" if each in having else click.style("  (a clip that its file did not name before: the game must declare it)", dim=True)
        click.echo(f"{file}: {clip} also shows ({phrase}){note}")


def _write_alias(file: Path, clip: str, alias: str) -> None:
    """Change the file as a whole, so that a bridge never reads half of it."""
    from npc_bridge.core.clip_file import with_alias

    raw = file.read_bytes()
    mark = b"\xef\xbb\xbf" if raw.startswith(b"\xef\xbb\xbf") else b""
    try:
        text = with_alias(raw.decode("utf-8-sig"), clip, alias)
    except ValueError as error:
        raise click.ClickException(f"{file}: {error}") from None
    beside = file.with_name(file.name + ".new")
    beside.write_bytes(mark + text.encode())
    beside.replace(file)


def _refuse_mistyped(clip: str, names: list[str]) -> None:
    close = difflib.get_close_matches(clip, names, 1, 0.75)
    if close and close[0] != clip:
        raise click.ClickException(f"no character file has a clip '{clip}'; is '{close[0]}' meant?")


def _settings(config: Path | None, characters: Path | None) -> Settings:
    from npc_bridge.cli.running import read_settings

    return read_settings(config, **({"characters": characters} if characters is not None else {}))


def _counts_file(settings: Settings) -> Path | None:
    from npc_bridge.unmapped_file import counts_file

    return counts_file(settings.storage, settings.characters)
