from __future__ import annotations

import tomllib

import pytest

from npc_bridge.core.clip_file import with_alias

HEAD = '# Brom, the smith\nname = "Brom"  # as players call him\n\n'
TAIL = "\n[sampling]\ntemperature = 0.7\n"

FILES: dict[str, tuple[str, str]] = {
    "a description alone": (
        '[clips]\nwipe = "wipes a thing" # with a rag\nnod = "nods"\n',
        '[clips]\nwipe = { description = "wipes a thing", aliases = ["polishes a mug"] } # with a rag\nnod = "nods"\n',
    ),
    "a table without aliases": (
        '[clips]\nwipe = { description = "wipes" }\n',
        '[clips]\nwipe = { description = "wipes", aliases = ["polishes a mug"] }\n',
    ),
    "an empty table": ("[clips]\nwipe = {}\n", '[clips]\nwipe = { aliases = ["polishes a mug"] }\n'),
    "aliases": (
        '[clips]\nwipe = { aliases = ["wipes", "擦"] }  # two\n',
        '[clips]\nwipe = { aliases = ["wipes", "擦", "polishes a mug"] }  # two\n',
    ),
    "no alias yet": ("[clips]\nwipe = { aliases = [] }\n", '[clips]\nwipe = { aliases = ["polishes a mug"] }\n'),
    "aliases over several lines": (
        '[clips.wipe]\naliases = [\n  "wipes", # often\n  "scrubs",\n]\n',
        '[clips.wipe]\naliases = [\n  "wipes", # often\n  "scrubs", "polishes a mug",\n]\n',
    ),
    "a table of its own": (
        '[clips.wipe] # rag\ndescription = "wipes"\n',
        '[clips.wipe] # rag\naliases = ["polishes a mug"]\ndescription = "wipes"\n',
    ),
    "dotted keys": (
        '[clips]\nwipe.description = "wipes" # so\n',
        '[clips]\nwipe.description = "wipes" # so\nwipe.aliases = ["polishes a mug"]\n',
    ),
    "another clip of the table": (
        '[clips]\nnod = "nods" # yes\n',
        '[clips]\nnod = "nods" # yes\nwipe = { aliases = ["polishes a mug"] }\n',
    ),
    "only tables of other clips": (
        '[clips.nod]\ndescription = "nods"\n',
        '[clips.nod]\ndescription = "nods"\n' + TAIL + '\n[clips.wipe]\naliases = ["polishes a mug"]\n',
    ),
    "no clips": ("", TAIL + '\n[clips]\nwipe = { aliases = ["polishes a mug"] }\n'),
    "a quoted name": (
        "[clips]\n'wipe' = 'wipes'\n",
        "[clips]\n'wipe' = { description = 'wipes', aliases = [\"polishes a mug\"] }\n",
    ),
}


@pytest.mark.parametrize("line_ends", ["\n", "\r\n"])
@pytest.mark.parametrize("name", FILES)
def test_an_alias_is_added_and_nothing_else_is_changed(name: str, line_ends: str) -> None:
    before, after = FILES[name]
    text = (HEAD + before + TAIL).replace("\n", line_ends)
    expected = HEAD + (after if TAIL in after else after + TAIL)
    assert with_alias(text, "wipe", "polishes a mug") == expected.replace("\n", line_ends)


def test_a_name_that_needs_quotes_gets_them() -> None:
    text = with_alias('name = "B"\n', "anim_lib/Wipe 01", 'says "hm"')
    assert tomllib.loads(text)["clips"] == {"anim_lib/Wipe 01": {"aliases": ['says "hm"']}}


def test_an_alias_that_is_there_is_not_added_again() -> None:
    text = '[clips]\nwipe = { aliases = ["polishes a mug"] }\n'
    assert with_alias(text, "wipe", "polishes a mug") is text


def test_clips_written_as_one_inline_table_are_edited_too() -> None:
    text = with_alias('name = "B"\nclips = { wipe = "wipes", nod = "nods" }\n', "wipe", "polishes")
    assert tomllib.loads(text)["clips"]["wipe"] == {"description": "wipes", "aliases": ["polishes"]}
