"""``npc-bridge memory``: what NPCs remember, as text to read, edit and carry from one machine to another."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from npc_bridge.errors import FileProblem, FileProblems

if TYPE_CHECKING:
    from npc_bridge.memory.file import MemoryFile, Stored, StoredConversation
    from npc_bridge.memory.text import Script

MISTAKE = "# MISTAKE "
TIME = "%Y-%m-%d %H:%M"


@click.group(short_help="Read, edit and carry what NPCs remember.")
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False), help="File of the memory. Default: that of the settings.")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file. Default: npc-bridge.toml here, if there is one.")
@click.pass_context
def memory(ctx: click.Context, file: Path | None, config: Path | None) -> None:
    """Read, edit and carry what NPCs remember.

    \b
    npc-bridge memory show                what there is
    npc-bridge memory show mira           what Mira remembers
    npc-bridge memory edit mira           the same in your editor
    npc-bridge memory export mira a.txt   all of it as a text file, and back:
    npc-bridge memory import a.txt

    While a bridge uses the file it can be read, and not changed.
    """
    ctx.obj = file if file is not None else _file_of_the_settings(config)


@memory.command()
@click.argument("npc", required=False, default="")
@click.option("--session", default="", help="Id of the session. Default: the last one that knows the NPC.")
@click.option("--all", "with_all", is_flag=True, help="Also what the NPC no longer reads.")
@click.pass_obj
def show(path: Path, npc: str, session: str, with_all: bool) -> None:
    """Show all conversations, or the one with NPC."""
    with closing(_open(path, to_read=True)) as file:
        if npc:
            click.echo(_text(file, *_find(file, npc, session), with_all=with_all), nl=False)
        else:
            _list(file, session)


@memory.command()
@click.argument("npc")
@click.option("--session", default="", help="Id of the session. Default: the last one that knows the NPC.")
@click.option("--editor", help="Editor to use. Default: the one of VISUAL or EDITOR, else the system's.")
@click.pass_obj
def edit(path: Path, npc: str, session: str, editor: str | None) -> None:
    """Open the conversation with NPC in your editor, and take over what you change when you close it.

    A text with a mistake is offered again with the mistake named; leave it as it is to give up.
    """
    with closing(_open(path)) as file:
        session, talk = _find(file, npc, session)
        text, notes = _text(file, session, talk), ""
        while True:
            edited = click.edit(notes + text, editor=editor, extension=".txt")
            before, text = text, _without_mistakes(edited) if edited is not None else text
            if text == before:
                click.echo("Nothing was changed.")
                return
            try:
                script = _checked(text, f"conversation with {npc}")
                break
            except FileProblems as error:
                click.secho(str(error), fg="red", err=True)
                notes = "".join(f"{MISTAKE}{line}\n" for problem in error.problems for line in str(problem).splitlines())
        _write(file, script, session)


@memory.command("export")
@click.argument("npc")
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--session", default="", help="Id of the session. Default: the last one that knows the NPC.")
@click.pass_obj
def export(path: Path, npc: str, out: Path | None, session: str) -> None:
    """Write all of the conversation with NPC to the text file OUT, or to standard output."""
    with closing(_open(path, to_read=True)) as file:
        text = _text(file, *_find(file, npc, session), with_all=True)
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
        click.echo(f"{out}: written")


@memory.command("import")
@click.argument("texts", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--session", default="", help="Into this session. Default: the one that the file names.")
@click.pass_obj
def import_(path: Path, texts: tuple[Path, ...], session: str) -> None:
    """Take over the conversations in text files, in place of what the NPCs remember. All of them, or none if one has a mistake."""
    from npc_bridge.cast import read_text

    scripts = [_checked(read_text(each), str(each)) for each in texts]
    with closing(_open(path, may_create=True)) as file:
        for script in scripts:
            _write(file, script, session or script.session)


# ── the file ──


def _file_of_the_settings(config: Path | None) -> Path:
    from npc_bridge.cli.running import read_settings
    from npc_bridge.memory.settings import storage_file

    settings = read_settings(config)
    file = storage_file(settings.storage, settings.characters.absolute().parent)
    if file is None:
        raise click.ClickException("the settings ask for no memory on disk ('path' in [storage] is empty); name a file with --file")
    return file


def _open(path: Path, *, to_read: bool = False, may_create: bool = False) -> MemoryFile:
    from npc_bridge.memory.file import MemoryFile

    if not path.is_file() and not may_create:
        raise click.ClickException(f"there is no memory {path} yet; it begins with the first 'npc-bridge serve', or name it with --file")
    file = MemoryFile(path, to_read=to_read)
    if file.damaged is not None:
        file.close()
        raise click.ClickException(f"the memory {path} was damaged; it was set aside as {file.damaged.name}, and a new one begins")
    return file


def _find(file: MemoryFile, npc: str, session: str) -> tuple[str, StoredConversation]:
    for name in [session] if session else [name for name, _ in file.sessions()]:
        for talk in _stored(file, name).conversations:
            if talk.npc == npc:
                return name, talk
    where = f"session '{session}'" if session else str(file.path)
    raise click.ClickException(f"nobody has talked with '{npc}' in {where}; 'npc-bridge memory show' lists who there is")


def _stored(file: MemoryFile, session: str) -> Stored:
    if (stored := file.read_session(session)) is None:
        raise click.ClickException(f"there is no session '{session}'; 'npc-bridge memory show' lists them")
    return stored


def _list(file: MemoryFile, session: str) -> None:
    click.secho(str(file.path), bold=True)
    sessions = [(name, touched) for name, touched in file.sessions() if session in ("", name)]
    for name, touched in sessions:
        click.echo(f"session {name}  {_when(touched)}")
        stored = _stored(file, name)
        for talk in stored.conversations:
            waits = sum(event.npc == talk.npc for event in stored.events)
            waiting = f", {waits} events wait" if waits else ""
            click.echo(f"  {talk.npc}  with {talk.player or 'nobody'}, {talk.count} lines, {len(talk.lines)} of them still read{waiting}")
    for slot in file.slots(session):
        click.echo(f"saved {slot.name}  {_when(slot.saved_at)}, {slot.size} bytes, by session {slot.session}")
    if not sessions:
        click.echo("nobody has talked yet")


def _when(stamp: float) -> str:
    return datetime.fromtimestamp(stamp, tz=UTC).astimezone().strftime(TIME)


# ── texts ──


def _without_mistakes(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(MISTAKE))


def _text(file: MemoryFile, session: str, talk: StoredConversation, *, with_all: bool = False) -> str:
    from npc_bridge.memory.text import to_text

    first = talk.count - len(talk.lines)
    earlier = file.read_lines(session, talk.npc, 0, first) if with_all else None
    notes = [f"What {talk.npc} remembers. '>' speaks to the NPC, '<' is the NPC, '<|' was cut short; see docs/memory.md."]
    if first and not with_all:
        notes.append(f"{first} earlier lines, which the NPC no longer reads, are not shown: see --all and export.")
    return to_text(talk.npc, session, talk.state, talk.lines, earlier, notes)


def _checked(text: str, name: str) -> Script:
    """Raises ``FileProblems``."""
    from pydantic import ValidationError

    from npc_bridge.core.snapshot import TalkState
    from npc_bridge.memory.text import from_text

    script = from_text(text, name)
    try:
        TalkState.model_validate(script.state | {"npc": script.npc, "first": 0})
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise FileProblems(FileProblem(name, 0, f"state, {'.'.join(map(str, each['loc']))}: {each['msg']}") for each in found) from None
    return script


def _write(file: MemoryFile, script: Script, session: str) -> None:
    from npc_bridge.core.changes import AddLine, Change, DropLines, PutConversation
    from npc_bridge.memory.rows import rows_of
    from npc_bridge.memory.text import OF_THE_MOMENT

    stored = file.read_session(session)
    known = next((talk for talk in stored.conversations if talk.npc == script.npc), None) if stored is not None else None
    begin = known.count - len(known.lines) if known is not None and script.said_earlier is None else 0
    lines: Sequence[AddLine] = [*(script.said_earlier or ()), *script.said]
    now = {key: value for key, value in known.state.items() if key in OF_THE_MOMENT} if known is not None else {}
    state = script.state | now | {"npc": script.npc, "first": begin + len(script.said_earlier or ())}
    who = state.get("player", {})
    changes: list[Change] = [
        PutConversation(script.npc, who.get("id") or who.get("name", ""), state),
        DropLines(script.npc, begin),
        *(AddLine(script.npc, n, line.role, line.text, line.player, line.cut) for n, line in enumerate(lines, begin)),
    ]
    file.write([rows_of(session, changes)])
    click.echo(f"{script.npc}, session {session}: {len(script.said)} lines to read, {len(lines) + begin} in all")
