"""``npc-bridge memory``: what a designer sees of the memory, and what comes of an edit."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from npc_bridge.cli.memory import memory
from npc_bridge.core.changes import AddLine, PutConversation, PutEvent, PutSession
from npc_bridge.errors import FileProblems, StorageLocked, StorageTooNew
from npc_bridge.memory.file import MemoryFile, Stored
from npc_bridge.memory.rows import rows_of

TALK = {"npc": "mira", "character": "mira", "player": {"name": "Ann", "id": "ann-1"}, "language": "en", "group": "", "first": 1}
SAID = (
    AddLine("mira", 0, "user", "Hello.", "Ann", False),
    AddLine("mira", 1, "assistant", "(waves) Welcome.", "", False),
    AddLine("mira", 2, "user", "你好。", "Ann", False),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A memory of two sessions, in the later of which Mira no longer reads her first line."""
    path = tmp_path / "game.db"
    with closing(MemoryFile(path)) as file:
        file.write([rows_of("monday", [PutConversation("brom", "ann-1", TALK | {"npc": "brom", "first": 0})])])
        file.write([rows_of("tuesday", [PutSession({"turns": 2}), PutConversation("mira", "ann-1", TALK | {"waiting": []}), *SAID])])
        file.write([rows_of("tuesday", [PutEvent("mira", 1, {"order": 1})])])
        file.put_slot("tuesday", "quick", b"1234")
    return path


@pytest.fixture
def run(path: Path) -> Callable[..., Result]:
    def invoke(*arguments: str | Path) -> Result:
        result = CliRunner().invoke(memory, ["--file", str(path), *map(str, arguments)], catch_exceptions=False)
        assert "Traceback" not in result.output
        return result

    return invoke


def read(path: Path, session: str = "tuesday") -> Stored | None:
    with closing(MemoryFile(path)) as file:
        return file.read_session(session)


def said(path: Path, session: str = "tuesday") -> list[tuple[int, str]]:
    with closing(MemoryFile(path)) as file:
        return [(line.n, line.text) for line in file.read_lines(session, "mira", 0, None)]


def test_show_lists_who_there_is(run: Callable[..., Result]) -> None:
    output = run("show").output
    assert "mira  with ann-1, 3 lines, 2 of them still read, 1 events wait" in output
    assert "brom  with ann-1, 0 lines, 0 of them still read\n" in output
    assert output.index("session tuesday") < output.index("session monday") < output.index("saved quick")
    assert "session tuesday" not in run("show", "--session", "monday").output


def test_show_prints_what_the_npc_reads(run: Callable[..., Result]) -> None:
    output = run("show", "mira").output
    assert "# 1 earlier lines" in output
    assert output.endswith("== said\n\n< mira\n(waves) Welcome.\n\n> Ann\n你好。\n")
    assert "> Ann\nHello.\n\n== said\n" in run("show", "mira", "--all").output


def test_who_is_not_there_is_named(run: Callable[..., Result]) -> None:
    assert "nobody has talked with 'nobody' in" in run("show", "nobody").output
    assert "there is no session 'friday'" in run("show", "mira", "--session", "friday").output


def test_a_memory_that_is_not_there_is_not_made(run: Callable[..., Result], path: Path) -> None:
    path.unlink()
    result = run("show")
    assert result.exit_code == 1
    assert f"there is no memory {path} yet" in result.output
    assert not path.exists()


def test_the_settings_say_where_the_memory_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPC_BRIDGE_STORAGE__PATH", str(path))
    assert "session tuesday" in CliRunner().invoke(memory, ["show"]).output
    monkeypatch.setenv("NPC_BRIDGE_STORAGE__PATH", "")
    assert "name a file with --file" in CliRunner().invoke(memory, ["show"]).output


# ── edit ──

EDITOR = """
import pathlib, sys
file = pathlib.Path(sys.argv[-1])
text = file.read_text(encoding="utf-8-sig")
for old, new in zip(sys.argv[1:-1:2], sys.argv[2:-1:2]):
    text = text.replace(old.encode().decode("unicode_escape"), new.encode().decode("unicode_escape"))
file.write_text(text, encoding="utf-8")
"""


@pytest.fixture
def editor(tmp_path: Path) -> Callable[..., list[str]]:
    """Arguments for an editor that replaces one text by another."""
    script = tmp_path / "editor.py"
    script.write_text(EDITOR, encoding="utf-8")

    def replacing(*texts: str) -> list[str]:
        words = " ".join(f'"{text}"' for text in texts)
        return ["--editor", f'"{sys.executable}" "{script}" {words}']

    return replacing


def test_an_edit_changes_what_the_npc_reads_and_leaves_the_rest(
    run: Callable[..., Result], path: Path, editor: Callable[..., list[str]]
) -> None:
    result = run("edit", "mira", *editor("Welcome.", "Go away.\\n\\n> Bo\\nWhat?", '\\"en\\"', '\\"zh\\"'))
    assert result.output == "mira, session tuesday: 3 lines to read, 4 in all\n"
    assert said(path) == [(0, "Hello."), (1, "(waves) Go away."), (2, "What?"), (3, "你好。")]
    stored = read(path)
    assert stored is not None
    assert stored.conversations[0].state == TALK | {"waiting": [], "language": "zh"}
    assert (stored.conversations[0].player, stored.state) == ("ann-1", {"turns": 2})
    assert stored.events == (PutEvent("mira", 1, {"order": 1}),)


def test_an_edit_without_a_change_writes_nothing(run: Callable[..., Result], path: Path, editor: Callable[..., list[str]]) -> None:
    before = read(path)
    assert run("edit", "mira", *editor()).output == "Nothing was changed.\n"
    assert read(path) == before


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [("== said", "", "there is no section"), ('\\"language\\"', '\\"tongue\\"', "language"), ("npc: mira", "hello", "no 'npc:'")],
)
def test_a_mistake_is_named_and_changes_nothing(
    run: Callable[..., Result], path: Path, editor: Callable[..., list[str]], old: str, new: str, problem: str
) -> None:
    before = read(path)
    result = run("edit", "mira", *editor(old, new))  # the second time the editor changes nothing, which gives up
    assert problem in result.output
    assert result.output.endswith("Nothing was changed.\n")
    assert read(path) == before


# ── export and import ──


def test_what_is_exported_is_imported_on_another_machine(run: Callable[..., Result], path: Path, tmp_path: Path) -> None:
    run("export", "mira", tmp_path / "mira.txt")
    assert run("export", "mira").output == (tmp_path / "mira.txt").read_text(encoding="utf-8")
    before = read(path)
    path.unlink()
    assert run("import", tmp_path / "mira.txt").output == "mira, session tuesday: 2 lines to read, 3 in all\n"
    after = read(path)
    assert before is not None
    assert after is not None
    assert after.conversations[0].lines == before.conversations[0].lines
    assert after.conversations[0].state == TALK
    assert said(path) == [(0, "Hello."), (1, "(waves) Welcome."), (2, "你好。")]
    run("import", tmp_path / "mira.txt", "--session", "friday")
    assert said(path, "friday") == said(path)


def test_an_import_replaces_what_was_there(run: Callable[..., Result], path: Path, tmp_path: Path) -> None:
    run("export", "mira", tmp_path / "mira.txt")
    with closing(MemoryFile(path)) as file:
        file.write([rows_of("tuesday", [AddLine("mira", n, "user", "more", "Ann", False) for n in range(3, 9)])])
    run("import", tmp_path / "mira.txt")
    assert said(path) == [(0, "Hello."), (1, "(waves) Welcome."), (2, "你好。")]


def test_all_files_are_imported_or_none(run: Callable[..., Result], path: Path, tmp_path: Path) -> None:
    run("export", "mira", tmp_path / "good.txt")
    (tmp_path / "bad.txt").write_text("npc: mira\nsession: tuesday\n== sayd\n", encoding="utf-8")
    before = read(path)
    with pytest.raises(FileProblems, match=r"bad\.txt:1: there is no section 'said'"):
        run("import", tmp_path / "good.txt", tmp_path / "bad.txt", "--session", "new")
    assert read(path) == before
    assert read(path, "new") is None


# ── while a bridge uses the file ──


def test_a_file_in_use_is_read_and_not_changed(
    run: Callable[..., Result], path: Path, tmp_path: Path, editor: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("npc_bridge.memory.opening.LOCK_WAIT_S", 0.0)
    with closing(MemoryFile(path)) as bridge:
        bridge.write([rows_of("tuesday", [AddLine("mira", 3, "user", "just now", "Ann", False)])])
        assert run("show", "mira").output.endswith("just now\n")
        run("export", "mira", tmp_path / "mira.txt")
        for arguments in (["edit", "mira", *editor("a", "b")], ["import", str(tmp_path / "mira.txt")]):
            with pytest.raises(StorageLocked, match="another bridge uses the memory"):
                run(*arguments)


def test_a_damaged_file_is_read_by_nobody_and_set_aside_by_an_edit(run: Callable[..., Result], path: Path, tmp_path: Path) -> None:
    path.write_bytes(b"\x00" * 10_000)
    result = CliRunner().invoke(memory, ["--file", str(path), "show"])
    assert "is damaged; the next 'npc-bridge serve' sets it aside" in str(result.exception)
    assert "was damaged; it was set aside as game.db.damaged-1" in run("edit", "mira").output
    assert (tmp_path / "game.db.damaged-1").read_bytes() == b"\x00" * 10_000


def test_a_file_of_a_newer_bridge_is_left_as_it_is(run: Callable[..., Result], path: Path) -> None:
    with closing(MemoryFile(path)) as file:
        file.db.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    for command in ("show", "edit"):
        with pytest.raises(StorageTooNew):
            run(command, "mira")
    assert path.read_bytes() == before
