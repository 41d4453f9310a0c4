"""``docs/clients.md`` says what the three clients can do: every name in it is in their code, and nothing of the wire is left out."""

from __future__ import annotations

import inspect
import re
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

from npc_bridge import client
from npc_bridge.client import link
from npc_bridge.core import messages as wire

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/clients.md").read_text(encoding="utf-8")
ADDON = ROOT / "godot_addon/addons/npc_bridge"
PACKAGE = ROOT / "unity_package/Runtime"
GODOT_FILES = {"NpcBridge": "npc_bridge.gd", "NpcCharacter": "npc_character.gd", "NpcCuePlayer": "npc_cue_player.gd"}
CLIENTS = ("Python", "Godot", "Unity")
ONE_WORD = [
    *("tell", "note", "flags", "line", "hold", "release", "gather", "disperse", "regenerate", "candidates", "choose", "save", "load"),
    *("forget", "stats", "declare", "say", "continue", "interrupt", "open", "close"),
]
"""What a game asks for by the same word everywhere."""


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def names_in(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


CAPABILITIES = rows("What you can do")
EXCEPTIONS = {word: row for row in rows("Where names differ") for word in row[0].split(", ")}


@cache
def python_members(name: str) -> frozenset[str]:
    """What a game may use of a class of the Python client: methods, fields, and attributes set when it is made."""
    found = getattr(client, name)
    made = set()
    for each in inspect.getmro(found)[:-1]:
        if each.__module__.startswith("npc_bridge."):
            made |= set(re.findall(r"self\.([a-z]\w*)(?::|,| =)", inspect.getsource(each)))
    return frozenset({each for each in dir(found) if not each.startswith("_")} | made | set(getattr(found, "model_fields", ())))


@cache
def godot_members(name: str) -> frozenset[str]:
    """Signals, variables and functions without an underscore, those of the script's base included."""
    path: Path | None = ADDON / GODOT_FILES[name]
    found: set[str] = set()
    while path is not None:
        code = path.read_text(encoding="utf-8")
        found |= set(re.findall(r"^(?:static )?(?:@export[^\n]*? )?(?:func|signal|var) ([a-z]\w*)", code, re.MULTILINE))
        base = re.search(r'^extends "(?:res://addons/npc_bridge/)?([\w/.]+)"', code, re.MULTILINE)
        path = ADDON / base[1] if base else None
    return frozenset(found)


@cache
def unity_members(name: str) -> frozenset[str]:
    """Public methods, properties, events and constants of a class in all its parts."""
    found: set[str] = set()
    for path in sorted(PACKAGE.rglob("*.cs")):
        for part in re.split(r"^    (?=public |internal )", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            if re.match(rf"public (?:sealed |abstract |static |partial )*class {name}\b", part):
                found |= set(
                    re.findall(
                        r"^        public (?:(?:static|event|const|override) )*[\w<>\[\], .()]+? (\w+)(?=[ ;({\n])", part, re.MULTILINE
                    )
                )
    return frozenset(found)


MEMBERS = {"Python": python_members, "Godot": godot_members, "Unity": unity_members}


def test_every_message_and_every_newer_field_is_in_the_table() -> None:
    spoken = {get_args(each.model_fields["type"].annotation)[0] for union in (wire.GameMessage, wire.BridgeMessage)
              for each in get_args(get_args(union)[0])}  # fmt: skip
    listed = {name for row in CAPABILITIES for name in names_in(row[0])}
    assert {name for name in listed if "." not in name} == spoken
    for name in listed - spoken:
        message, field = name.split(".")
        owner = getattr(wire, camel(message))
        assert field in owner.model_fields, name


def camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


@pytest.mark.parametrize("row", CAPABILITIES, ids=lambda row: row[1])
def test_every_client_has_what_the_table_says(row: list[str]) -> None:
    for language, cell in zip(CLIENTS, row[2:], strict=True):
        names = names_in(cell)
        assert names or cell.startswith("none: "), f"{language} says neither a name nor why there is none"
        for name in names:
            if "." not in name:
                assert name == "connect" or name in inspect.signature(client.connect).parameters, name
                continue
            owner, member = name.split(".")
            assert member in MEMBERS[language](owner), f"{language} has no {name}"


@pytest.mark.parametrize("word", ONE_WORD)
def test_one_word_is_used_everywhere_or_the_page_says_why_not(word: str) -> None:
    row = next(
        each for each in CAPABILITIES if {"ask_stats" if word == "stats" else "event" if word == "tell" else word} & set(names_in(each[0]))
    )
    found = [{name.split(".")[-1] for name in names_in(cell)} for cell in row[2:]]
    missing = [
        language for language, names in zip(CLIENTS, found, strict=True) if (word if language != "Unity" else camel(word)) not in names
    ]
    assert not missing or word in EXCEPTIONS, f"{word} is called otherwise in {missing}"


@pytest.mark.parametrize("word", EXCEPTIONS)
def test_a_reason_is_given_for_names_that_are_there(word: str) -> None:
    row = EXCEPTIONS[word]
    assert len(row[4].split()) > 5
    for language, cell in zip(CLIENTS, row[1:4], strict=True):
        everything: set[str] = {"connect"} if language == "Python" else set()
        owners = {
            "Python": ("Game", "Npc", "Group", "Candidates"),
            "Godot": tuple(GODOT_FILES),
            "Unity": ("NpcBridgeConnection", "NpcCharacter"),
        }
        for owner in owners[language]:
            everything |= MEMBERS[language](owner)
        assert {name.split(".")[-1] for name in names_in(cell)} <= everything


def test_all_three_take_the_same_close_codes_for_final() -> None:
    godot = re.search(r"FINAL_CLOSE_CODES: Array\[int\] = \[([\d, ]+)\]", (ADDON / "core/messages.gd").read_text(encoding="utf-8"))
    unity = (PACKAGE / "Core/WireLimits.cs").read_text(encoding="utf-8")
    assert godot is not None
    assert "(closeCode >= 4000 && closeCode <= 4004) || closeCode == SessionTaken" in unity
    taken = re.search(r"SessionTaken = (\d+);", unity)
    assert taken is not None
    codes = [4000, 4001, 4002, 4003, 4004, 4009]
    assert (list(link._FINAL), [int(code) for code in godot[1].split(",")], [*range(4000, 4005), int(taken[1])]) == (codes, codes, codes)


def test_the_figures_of_their_behaviour_are_theirs() -> None:
    settings = (ADDON / "settings.gd").read_text(encoding="utf-8")
    unity = (PACKAGE / "Core/ConnectionSettings.cs").read_text(encoding="utf-8")
    assert f"pauses of {link.FIRST_PAUSE_S} s, doubled up to {link.LONGEST_PAUSE_S:g} s" in PAGE
    engines = (
        re.findall(r'(?:FIRST|MOST)_DELAY: \{"value": ([\d.]+)', settings),
        re.findall(r"RetrySeconds \{ get; set; \} = ([\d.]+)", unity),
    )
    assert [[float(each) for each in found] for found in engines] == [[0.5, 10], [0.5, 10]]
    assert "pauses of 0.5 s, doubled up to 10 s" in PAGE
    grace = [re.search(r"RESUME_GRACE_S := ([\d.]+)", (ADDON / "net/session.gd").read_text(encoding="utf-8")),
             re.search(r"ResumeGraceSeconds = (\d+);", (PACKAGE / "Core/BridgeSession.cs").read_text(encoding="utf-8"))]  # fmt: skip
    assert [float(found[1]) for found in grace if found] == [60, 60]
    kept = [re.search(r"MAX_UNACCEPTED := (\d+)", (ADDON / "core/protocol.gd").read_text(encoding="utf-8")),
            re.search(r"MaxUnaccepted = (\d+);", (PACKAGE / "Core/Protocol.cs").read_text(encoding="utf-8"))]  # fmt: skip
    assert all(found is not None and f"up to {int(found[1]):,} wait" in PAGE for found in kept)
