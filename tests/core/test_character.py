from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from npc_bridge.core.authored import tables_of
from npc_bridge.core.character import Character, Example, HistorySettings, Sampling, Style, character_from_map, parse_character
from npc_bridge.core.clips import ClipIndex, action_words
from npc_bridge.core.cues import Action, CueParser
from npc_bridge.core.messages import Clip
from npc_bridge.core.situation import SITUATIONS
from npc_bridge.errors import FileProblems

TAVERN = sorted((Path(str(files("npc_bridge"))) / "tavern" / "characters").glob("*.toml"))

WHOLE = """\
name = "Brom"
language = "en"
opening_line = "(nods) Evening."
note_tokens = 120
react_cooldown_s = 3

[identity]
age = 52
personality = "gruff"
relationships = { Mira = "a friend", Ulf = "a foe" }

[background]
interests = ["iron", "ale"]
nothing = ""

[scene]
instructions = '''
Sell nothing
on credit.
'''

[style]
manner = "dry"
length = "short"
actions = "listed"
max_sentences = 2

[[examples]]
player = "Hello."
npc = "(nods) Evening."

[clips]
wave = "raises a hand"
nod = { description = "moves the head", aliases = ["nods"] }

[sampling]
temperature = 0.7
seed = 0

[fallback]
unknown = ["Hm.", "Eh?"]
greeting = "Evening."

[history]
max_messages = 40
keep = 0.25
"""

TABLES: dict[str, Any] = {
    "name": "Brom",
    "language": "en",
    "opening_line": "(nods) Evening.",
    "note_tokens": 120.0,
    "react_cooldown_s": 3,
    "identity": {"age": 52, "personality": "gruff", "relationships": {"Mira": "a friend", "Ulf": "a foe"}},
    "background": {"interests": ["iron", "ale"], "nothing": ""},
    "scene": {"instructions": "Sell nothing\non credit."},
    "style": {"manner": "dry", "length": "short", "actions": "listed", "max_sentences": 2.0},
    "examples": [{"player": "Hello.", "npc": "(nods) Evening."}],
    "clips": {"wave": "raises a hand", "nod": {"description": "moves the head", "aliases": ["nods"]}},
    "sampling": {"temperature": 0.7, "seed": 0.0},
    "fallback": {"unknown": ["Hm.", "Eh?"], "greeting": "Evening."},
    "history": {"max_messages": 40, "keep": 0.25},
}

BROM = Character(
    id="brom",
    name="Brom",
    language="en",
    opening_line="(nods) Evening.",
    identity={"age": ("52",), "personality": ("gruff",), "relationships": ("Mira: a friend", "Ulf: a foe")},
    background={"interests": ("iron", "ale"), "nothing": ()},
    scene={"instructions": ("Sell nothing\non credit.",)},
    style=Style(manner="dry", length="short", actions="listed", max_sentences=2),
    examples=(Example(player="Hello.", npc="(nods) Evening."),),
    clips=(Clip(name="wave", description="raises a hand"), Clip(name="nod", description="moves the head", aliases=("nods",))),
    sampling=Sampling(temperature=0.7, seed=0),
    fallback={"unknown": ("Hm.", "Eh?"), "greeting": ("Evening.",)},
    note_tokens=120,
    react_cooldown_s=3.0,
    history=HistorySettings(max_messages=40, keep=0.25),
)


def parse(text: str) -> Character:
    return parse_character(text, file="brom.toml", character_id="brom")


def problems_of(text: str) -> list[str]:
    with pytest.raises(FileProblems) as caught:
        parse(text)
    return [str(problem) for problem in caught.value.problems]


def test_a_file_is_read_whole() -> None:
    assert parse(WHOLE) == BROM


def test_an_inline_character_is_read_the_same_way_with_numbers_as_godot_writes_them() -> None:
    assert character_from_map(TABLES, character_id="brom") == BROM


def test_a_name_is_enough() -> None:
    assert parse('name = "Brom"') == Character(id="brom", name="Brom")


def test_a_file_may_come_from_windows() -> None:
    assert parse("\ufeff" + WHOLE.replace("\n", "\r\n")) == BROM


def test_only_what_is_set_is_sent_to_the_model() -> None:
    assert BROM.sampling.parameters() == {"temperature": 0.7, "seed": 0}


def test_fallback_lines_fit_the_situation_or_any() -> None:
    assert BROM.fallback_lines("greeting") == ("Evening.",)
    assert BROM.fallback_lines("threat") == ("Hm.", "Eh?")
    assert parse('name = "Brom"').fallback_lines("threat") == ()


WRONG = {
    "no name": ("language = 'en'\n", ["brom.toml: 'name' is missing\n  write instead: name = \"Brom\""]),
    "an empty name": ("\nname = ' '\n", ["brom.toml:2: 'name' is empty\n  write instead: name = \"Brom\""]),
    "a misspelt key": (
        'name = "Brom"\nopening_lin = "Hm."\n',
        ["brom.toml:2: unknown key 'opening_lin'\n  write instead: opening_line"],
    ),
    "a misspelt key in a table": (
        'name = "Brom"\n[style]\nmanners = "dry"\n',
        ["brom.toml:3: unknown key 'style.manners'\n  write instead: manner"],
    ),
    "a key of another table": (
        'name = "Brom"\ntemperature = 1\n[style]\nopening_line = "Hm."\n',
        [
            "brom.toml:2: unknown key 'temperature'\n  write instead: temperature, but under [sampling]",
            "brom.toml:4: unknown key 'style.opening_line'\n"
            "  write instead: opening_line, but at the top of the file, before the first [table]",
        ],
    ),
    "a key of the top in a free table": (
        'name = "Brom"\n[scene]\nopening_line = "Hm."\n',
        [
            "brom.toml:3: 'opening_line' stands in the wrong table\n"
            "  write instead: opening_line at the top of the file, before the first [table]"
        ],
    ),
    "an unknown key": (
        'name = "Brom"\n[style]\nzzz = 1\n',
        [
            "brom.toml:3: unknown key 'style.zzz'\n  write instead: one of actions, asides, early_cues, length, manner, marks, "
            "max_action_chars, max_sentences, out_of_character, repeats"
        ],
    ),
    "numbers out of range": (
        'name = "Brom"\n[sampling]\ntemperature = 2\ntop_p = 0\npresence_penalty = -2.5\nseed = 2147483648\n[history]\nkeep = 1\n',
        [
            "brom.toml:3: 'sampling.temperature' is 2; it must be at least 0 and below 2\n  write instead: temperature = 0.8",
            "brom.toml:4: 'sampling.top_p' is 0; it must be above 0 and at most 1\n  write instead: top_p = 0.95",
            "brom.toml:5: 'sampling.presence_penalty' is -2.5; it must be at least -2 and at most 2\n"
            "  write instead: presence_penalty = 0.0",
            "brom.toml:6: 'sampling.seed' is 2147483648; it must be at least 0 and at most 2147483647\n  write instead: seed = 7",
            "brom.toml:8: 'history.keep' is 1; it must be at least 0.1 and at most 0.9\n  write instead: keep = 0.5",
        ],
    ),
    "no numbers": (
        'name = "Brom"\nnote_tokens = "many"\n[sampling]\ntemperature = "hot"\nseed = 1.5\ntop_p = nan\n',
        [
            "brom.toml:2: 'note_tokens' must be a whole number\n  write instead: note_tokens = 200",
            "brom.toml:4: 'sampling.temperature' must be a number\n  write instead: temperature = 0.8",
            "brom.toml:5: 'sampling.seed' must be a whole number\n  write instead: seed = 7",
            "brom.toml:6: 'sampling.top_p' must be a finite number\n  write instead: top_p = 0.95",
        ],
    ),
    "none of the choices": (
        'name = "Brom"\nstyle.actions = "lists"\n',
        ['brom.toml:2: \'style.actions\' must be one of "free", "listed", "off"\n  write instead: actions = "listed"'],
    ),
    "something else than a table": (
        'name = "Brom"\nidentity = "a smith"\nstyle = 3\n',
        ["brom.toml:2: 'identity' must be a table", "brom.toml:3: 'style' must be a table"],
    ),
    "something else than text": (
        'name = "Brom"\n[identity]\nage = true\nfriends = [1, "Mira"]\n',
        ["brom.toml:3: 'identity.age' must be text", "brom.toml:4: 'identity.friends[1]' must be text"],
    ),
    "an example without an answer": (
        'name = "Brom"\n[[examples]]\nplayer = "Hi."\nnpc = "Hm."\n[[examples]]\nplayer = "Hi."\n',
        ["brom.toml:5: 'examples[2].npc' is missing\n  write instead: npc = \"(nods) Evening.\""],
    ),
    "a clip of the wrong form": (
        'name = "Brom"\n[clips]\nwave = 3\n',
        ["brom.toml:3: clip 'wave' must be a text or a table\n  write instead: wave = \"what it looks like\""],
    ),
    "a clip with a misspelt key": (
        'name = "Brom"\n[clips]\nwave = { alias = "waves" }\n',
        ['brom.toml:3: a clip has no \'alias\'\n  write instead: wave = { description = "…", aliases = ["…"] }'],
    ),
    "a clip with a wrong value": (
        'name = "Brom"\n[clips]\nnod = "nods"\nwave = { aliases = "waves" }\n',
        ["brom.toml:4: 'clips.wave.aliases' must be a list"],
    ),
    "a situation that never comes": (
        'name = "Brom"\n[fallback]\nunknown = "Hm."\ngreetings = "Evening."\n',
        ["brom.toml:4: 'greetings' is no situation that the bridge recognises\n  write instead: greeting"],
    ),
    "no fallback for the other situations": (
        'name = "Brom"\n[fallback]\ngreeting = "Evening."\n',
        ["brom.toml:2: there are no lines for 'unknown', the situation when no other fits\n  write instead: unknown = [\"Hm.\"]"],
    ),
    "an id": (
        'id = "smith"\nname = "Brom"\n',
        ["brom.toml:1: the id of a character is the name of its file\n  write instead: name = …, for what players call the character"],
    ),
    "a language that is a name": (
        'name = "Brom"\nlanguage = "plain English"\n',
        ['brom.toml:2: \'language\' must be a language code\n  write instead: language = "en", "zh-TW" and the like'],
    ),
    "too much text": (
        f'name = "Brom"\nopening_line = "{"a" * 8001}"\n',
        ["brom.toml:2: 'opening_line' is too long; at most 8000 characters are allowed"],
    ),
    "text without quotation marks": (
        "name = Brom # the smith\n",
        ['brom.toml:1: text stands between quotation marks\n  write instead: name = "Brom"'],
    ),
    "a key twice": (
        'name = "Brom"\nname = "Mira"\n',
        ["brom.toml:2: this key or table is in the file twice\n  write instead: it once, with everything that belongs to it"],
    ),
    "a backslash": (
        'name = "Brom"\nopening_line = "\\d"\n',
        ["brom.toml:2: a backslash in a text begins a code such as \\n\n  write instead: two backslashes for one"],
    ),
    "a text that never ends": (
        'name = "Brom"\nopening_line = """Hm.\n[style]\nmanner = "dry"\n',
        ["brom.toml:2: this text never ends\n  write instead: the quotation marks that end it"],
    ),
    "a bracket missing": (
        'name = "Brom"\n[style\nmanner = "dry"\n',
        ["brom.toml:2: not valid TOML: expected ']' at the end of a table declaration"],
    ),
}


@pytest.mark.parametrize(("text", "expected"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_told_with_its_line_and_what_to_write(text: str, expected: list[str]) -> None:
    assert problems_of(text) == expected


def test_an_inline_character_says_what_is_wrong_without_a_line() -> None:
    with pytest.raises(FileProblems) as caught:
        character_from_map({"name": "Brom", "style": {"action": "free"}}, character_id="npc-7")

    assert str(caught.value) == "character 'npc-7': unknown key 'style.action'\n  write instead: actions"


@pytest.mark.parametrize(
    "tables", [{}, {1: 2}, {"name": ["x"]}, {"name": "x", "clips": [{"name": 3}, None]}, {"name": "x", "examples": {}}]
)
def test_an_inline_character_of_any_shape_is_refused_and_no_more(tables: dict[Any, Any]) -> None:
    with pytest.raises(FileProblems):
        character_from_map(tables, character_id="npc-7")


@pytest.mark.parametrize("path", TAVERN, ids=lambda path: path.stem)
def test_the_tavern_is_well_written(path: Path) -> None:
    character = parse_character(path.read_text(encoding="utf-8"), file=path.name, character_id=path.stem)

    assert set(character.fallback) == set(SITUATIONS)
    assert len(character.clips) >= 12
    assert all(clip.description for clip in character.clips)
    index = ClipIndex(character.clips)
    assert [clip.name for clip in character.clips] == [index.resolve(action_words(clip))[0].clip for clip in character.clips]
    spoken = [character.opening_line, *(example.npc for example in character.examples)]
    authored = [*spoken, *(line for lines in character.fallback.values() for line in lines)]
    if character.style.actions == "listed":
        # A model copies what it reads: an action that no clip shows would be copied too.
        assert [action for line in authored for action in actions_of(line) if not index.resolve(action)] == []


def actions_of(line: str) -> list[str]:
    parser = CueParser()
    return [part.raw for part in parser.feed(line) + parser.close() if isinstance(part, Action)]


DOCUMENT = Path(__file__).parents[2] / "docs" / "characters.md"


def test_every_key_is_documented() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")

    keys = {key for fields in tables_of(Character).values() for key in fields}
    tables = {f"[{table}]" for table in tables_of(Character) if table and table != "examples"}
    missing = [key for key in sorted({*keys, *SITUATIONS}) if f"`{key}`" not in text and f"[{key}]" not in text]
    assert missing + [table for table in sorted(tables) if table not in text] == []


@pytest.mark.parametrize("block", re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL))
def test_the_documentation_s_examples_are_valid(block: str) -> None:
    parse(block if "name =" in block else f'name = "Brom"\n{block}')
