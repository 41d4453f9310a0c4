"""``npc-bridge test``: scenario files, played and judged."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from npc_bridge.cli.running import backend_options, run, settings_from
from npc_bridge.errors import FileProblem, FileProblems

if TYPE_CHECKING:
    from npc_bridge.config import Settings
    from npc_bridge.scenarios.stage import Outcome


@click.command(short_help="Play scenario files and check what your NPCs say, do and know.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@backend_options
@click.option("--script", type=click.Path(path_type=Path), help="For --backend scripted: the lines to recite.")
@click.option("--seeds", type=click.IntRange(1, 100), help="Play each scenario with the seeds 1 to this, whatever its file says.")
@click.option("--tape", type=click.Path(path_type=Path), help="Play from this tape, without a model; make it if it is not there.")
@click.option("--record", is_flag=True, help="Ask the model and make the tape anew.")
@click.option("--junit", type=click.Path(path_type=Path), help="Write a report for build servers.")
def test(
    files: tuple[Path, ...],
    config: Path | None,
    backend: str | None,
    model: str | None,
    base_url: str | None,
    characters: Path | None,
    events: Path | None,
    script: Path | None,
    seeds: int | None,
    tape: Path | None,
    record: bool,
    junit: Path | None,
) -> None:
    """Play scenario files and check what your NPCs say, do and know; a folder means all .toml files in it.

    Each scenario is played with several seeds, because a model does not answer the same way twice. Ends with 1 if too many of them fail.
    """
    if record and tape is None:
        raise click.UsageError("--record makes a tape: say which one with --tape FILE")
    settings = settings_from(
        config=config, backend=backend, model=model, base_url=base_url, characters=characters, events=events, script=script
    )
    is_replayed = tape is not None and tape.is_file() and not record
    outcomes = run(_play(all_files(files), settings, tuple(range(1, seeds + 1)) if seeds else (), tape, is_replayed))
    if junit is not None:
        from npc_bridge.scenarios.report import write_junit

        write_junit(junit, outcomes)
    if not _report(outcomes):
        raise SystemExit(1)


def all_files(paths: tuple[Path, ...]) -> list[Path]:
    """The scenario files meant. Raises ``FileProblems``."""
    import tomllib

    from npc_bridge.scenarios.file import looks_like_scenarios

    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise FileProblems([FileProblem(str(path), 0, "there is no such file")])
        if path.is_file():
            found.append(path)
            continue
        for file in sorted(path.rglob("*.toml")):
            try:
                is_meant = looks_like_scenarios(tomllib.loads(file.read_text(encoding="utf-8-sig")))
            except ValueError:
                is_meant = False  # of characters and settings 'check' says what is wrong with them
            found += [file] if is_meant else []
    if not found:
        what = "there is no scenario file in this folder"
        raise FileProblems([FileProblem(str(paths[0]), 0, what, "[[scenario]] tables in a .toml file")])
    return found


async def _play(files: list[Path], settings: Settings, seeds: tuple[int, ...], tape: Path | None, is_replayed: bool) -> list[Outcome]:
    from npc_bridge.backends.choice import make_backend
    from npc_bridge.cast import Cast
    from npc_bridge.scenarios.file import read_scenarios
    from npc_bridge.scenarios.stage import play_file
    from npc_bridge.scenarios.tape import ListenedTo, Tape

    read = [(file, read_scenarios(file)) for file in files]
    listened = ListenedTo(None, Tape(tape)) if tape is not None and is_replayed else ListenedTo(make_backend(settings.backend))
    outcomes: list[Outcome] = []
    try:
        click.echo(f"{listened.model} ({listened.name})")
        for file, scenarios in read:
            folder = file.parent / scenarios.characters if scenarios.characters else settings.characters
            events = file.parent / scenarios.events if scenarios.events else settings.events
            async with aclosing(play_file(file, scenarios, listened, Cast(folder, events), seeds=seeds)) as played:
                async for outcome in played:
                    outcomes.append(outcome)
                    click.echo("." if outcome.is_passed else click.style("x", fg="red"), nl=False)
        click.echo()
        if tape is not None and not is_replayed:
            listened.write(tape)
            click.echo(f"{tape}: {len(listened.replies)} replies recorded")
    finally:
        await listened.close()
    return outcomes


def _report(outcomes: list[Outcome]) -> bool:
    """Show a table; True if all is as it should be."""
    from rich.console import Console
    from rich.table import Table

    from npc_bridge.scenarios.report import by_scenario, is_passed

    table = Table("file", "scenario", "passed", "seconds", box=None)
    failed: list[Outcome] = []
    groups = by_scenario(outcomes)
    for group in groups:
        passed, is_enough = sum(each.is_passed for each in group), is_passed(group)
        failed += [] if is_enough else [each for each in group if not each.is_passed]
        colour = "green" if is_enough else "red"
        row = (f"[{colour}]{passed} of {len(group)}[/]", f"{sum(each.took_s for each in group):.1f}")
        table.add_row(group[0].file, group[0].scenario, *row)
    console = Console()
    console.print(table)
    for each in failed:
        click.secho(f"\n{each.file}: {each.scenario}, seed {each.seed}", bold=True)
        for line in each.wrong:
            click.secho(f"  {line}", fg="red")
        for line in each.said:
            click.secho(f"    {line}", dim=True)
    count = sum(is_passed(group) for group in groups)
    click.echo(f"\n{count} of {len(groups)} scenarios passed")
    return count == len(groups)
