"""``npc-bridge check``: what is wrong in a file, in which line, and what to write instead."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import click
from pydantic import ValidationError

from npc_bridge.errors import FileProblem, FileProblems

if TYPE_CHECKING:
    from npc_bridge.core.character import Character


@click.command(short_help="Check character files and settings; say file, line and what to write instead.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--prompt", is_flag=True, help="Show the prompt that is made from a character, as the model reads it.")
@click.option("--as-json", is_flag=True, help="The problems as JSON lines, for editors.")
def check(files: tuple[Path, ...], prompt: bool, as_json: bool) -> None:
    """Check character files, events files and settings; a folder means all .toml files in it.

    Every problem is named with its file, its line and what to write instead. Ends with 1 if there is any.
    """
    problems: list[FileProblem] = []
    asked: dict[str, list[str]] = {}
    hints: list[str] = []
    for path in files:
        if not path.exists():
            problems.append(FileProblem(str(path), 0, "there is no such file"))
        for file in sorted(path.rglob("*.toml")) if path.is_dir() else [path] if path.exists() else []:
            try:
                line = _check(file, prompt, asked, hints)
            except FileProblems as error:
                problems += error.problems
            else:
                if not as_json:
                    click.echo(line)
    for problem in problems:
        if as_json:
            fields = {"file": problem.file, "line": problem.line, "problem": problem.problem, "remedy": problem.remedy}
            click.echo(json.dumps(fields, ensure_ascii=False))
        else:
            place = f"{problem.file}:{problem.line}" if problem.line else problem.file
            click.echo(click.style(place, bold=True) + ": " + click.style(problem.problem, fg="red"))
            if problem.remedy:
                click.echo(f"    write instead: {problem.remedy}")
    if problems:
        raise SystemExit(1)
    for hint in [] if as_json else [*hints, *flag_hints(asked)]:
        click.secho(hint, fg="yellow")


def flag_hints(asked: dict[str, list[str]]) -> list[str]:
    """Flags that one condition asks for and that are nearly called as others are: typing mistakes, perhaps. ``asked``: flag → files."""
    from npc_bridge.core.conditions import likely_misspelt

    hints = []
    for flag, files in asked.items():
        other = likely_misspelt(flag, frozenset(asked)) if len(files) == 1 else ""
        if other and len(asked[other]) > 1:
            hints.append(f"{files[0]}: the flag '{flag}' is asked for only once; is it '{other}'?")
    return hints


def _check(file: Path, with_prompt: bool, asked: dict[str, list[str]], hints: list[str]) -> str:
    """One line that says what the file holds; the flags that its conditions ask for go into ``asked``, advice into ``hints``.

    Raises ``FileProblems``.
    """
    from npc_bridge.cast import read_character, read_text
    from npc_bridge.cli.advice import advise, reader
    from npc_bridge.core.conditions import flags_in
    from npc_bridge.core.events import parse_templates
    from npc_bridge.core.moderation import parse_moderation
    from npc_bridge.scenarios.file import read_scenarios

    text = read_text(file)
    match _kind(file, text):
        case "settings":
            _check_settings(text, file)
            return f"{file}: settings, all right"
        case "scenarios":
            return f"{file}: {len(read_scenarios(file).scenario)} scenarios, all right"
        case "events":
            templates = parse_templates(text, file=str(file))
            return f"{file}: {len(templates.by_name)} events, all right"
        case "moderation":
            ratings = parse_moderation(text, file=str(file))
            return f"{file}: {len(ratings)} ratings, all right"
        case _:
            character = read_character(file)
            for condition in [*(fact.when for fact in character.knows.values()), *(way.when for way in character.exits.values())]:
                for flag in sorted(flags_in(condition)):
                    asked.setdefault(flag, []).append(str(file))
            hints += advise(character, file, reader())
            said = f"{file}: {character.name}, {len(character.clips)} clips, all right"
            return f"{said}\n{_prompt(character)}" if with_prompt else said


def _kind(file: Path, text: str) -> str:
    """What a file is meant to be: by its name, else by what is in it."""
    if file.name == "npc-bridge.toml":
        return "settings"
    if file.stem in ("events", "moderation"):
        return file.stem
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return "character"  # whose reader says where the mistake is
    if isinstance(tables.get("scenario"), list):
        return "scenarios"
    if "name" in tables:
        return "character"
    if tables.keys() & {"server", "backend", "characters"}:
        return "settings"
    return "events" if tables and all(isinstance(each, dict) and "text" in each for each in tables.values()) else "character"


def _check_settings(text: str, file: Path) -> None:
    from npc_bridge.config import SettingsFile
    from npc_bridge.core.authored import AuthoredText, file_problems

    source = AuthoredText(text, file=str(file))
    try:
        SettingsFile.model_validate(source.tables)
    except ValidationError as error:
        raise FileProblems(file_problems(error, SettingsFile, source)) from None


def _prompt(character: Character) -> str:
    """The messages of a first turn, with a line of the player's."""
    from npc_bridge.backends.estimate import estimate_tokens
    from npc_bridge.core.clips import ClipIndex
    from npc_bridge.core.exits import open_exits
    from npc_bridge.core.history import History
    from npc_bridge.core.knowledge import Knowledge
    from npc_bridge.core.messages import Player
    from npc_bridge.core.prompt import build_prompt

    history = History(character.opening_line)
    history.hear("…", "Player")
    messages = build_prompt(
        character,
        history,
        None,
        player=Player(name="Player"),
        actions=ClipIndex(character.clips, character.language).spoken(character.language),
        language=character.language,
        budget_tokens=1_000_000,
        estimate=estimate_tokens,
        known=Knowledge().now(character.knows, {}, first_line=0),
        exits={name: character.exits[name].description for name in open_exits(character.exits, {})},
    )
    tokens = sum(estimate_tokens(message["content"]) for message in messages)
    blocks = [click.style(f"── {message['role']} ", fg="cyan") + "\n" + message["content"] for message in messages]
    return "\n".join([*blocks, click.style(f"── about {tokens} tokens", fg="cyan"), ""])
