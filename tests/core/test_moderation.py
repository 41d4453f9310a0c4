from __future__ import annotations

from pathlib import Path

import pytest

from npc_bridge.cast import Cast
from npc_bridge.core.messages import Gather
from npc_bridge.core.moderation import NOTHING, STRUCK_OUT, Moderation, parse_moderation
from npc_bridge.core.session import Begin
from npc_bridge.errors import FileProblems
from tests.core.test_session import opened, say

FILE = """\
[everyone]
includes = "teen"
words = ["damn*"]
player = "where do you live"
npc = ["my real name"]

[teen]
words = ["bloody"]
"""
RATINGS = parse_moderation(FILE, file="moderation.toml")


def test_a_rating_forbids_what_it_says_and_what_it_includes() -> None:
    everyone, teen = Moderation(RATINGS, "everyone"), Moderation(RATINGS, "teen")
    lines = ("Damned rain!", "Where do you live?", "my real name", "Bloody rain.", "Rain.")
    assert [everyone.forbids(line) for line in lines] == [True, True, False, True, False]
    assert [teen.forbids(line) for line in lines] == [False, False, False, True, False]


def test_npcs_are_watched_for_their_own_words() -> None:
    watched = Moderation(RATINGS, "everyone").watched(False)
    assert watched is not None
    assert [bool(watched.find(line)) for line in ("My real name is X.", "Where do you live?", "damn", "As an AI")] == [
        True,
        False,
        True,
        False,
    ]


def test_without_a_rating_nothing_is_forbidden() -> None:
    assert not NOTHING.forbids("damn")
    assert Moderation(RATINGS, "").watched(False) is None


WRONG = {
    "an unknown key": ("[x]\nword = []\n", "moderation.toml:2: unknown key 'x.word'\n  write instead: words"),
    "a star in the middle": (
        '[x]\nwords = ["ok",\n"da*mn"]\n',
        "moderation.toml:3: a * may only stand at the beginning or the end of a phrase: 'da*mn'"
        '\n  write instead: words = ["damn", "hell*"]',
    ),
    "no such rating": ('[x]\nincludes = "y"\n', "moderation.toml:2: there is no rating 'y'\n  write instead: includes = []"),
}


@pytest.mark.parametrize(("text", "expected"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_told_with_its_line_and_what_to_write(text: str, expected: str) -> None:
    with pytest.raises(FileProblems) as caught:
        parse_moderation(text, file="moderation.toml")
    assert str(caught.value) == expected


def test_the_designers_file_counts_for_the_rating_that_is_named(tmp_path: Path) -> None:
    file = tmp_path / "moderation.toml"
    file.write_text(FILE, encoding="utf-8")
    cast = Cast(tmp_path / "characters", tmp_path / "events.toml")
    cast.moderate(file, "")
    assert not cast.moderation.forbids("bloody")
    cast.moderate(file, "teen")
    assert cast.moderation.forbids("bloody")
    with pytest.raises(FileProblems, match="it has no rating 'adult'; it has: everyone, teen"):
        cast.moderate(file, "adult")
    with pytest.raises(FileProblems, match="No such file"):
        cast.moderate(tmp_path / "other.toml", "teen")


def test_in_a_group_a_forbidden_line_is_struck_out_too() -> None:
    session = opened("brom", "mira")
    session.moderation = Moderation(RATINGS, "teen")
    session.receive(Gather(type="gather", id="g1", group="table", npcs=("brom", "mira")), 0.0)
    session.receive(say("You bloody fool!", npc="table"), 0.0)
    heard = [line.text for talk in session.conversations.values() for line in talk.history.lines]
    assert heard == [STRUCK_OUT, STRUCK_OUT]


def test_a_player_s_forbidden_line_is_struck_out_before_anyone_remembers_it() -> None:
    session = opened()
    talk = session.conversations["brom"]
    session.moderation = Moderation(RATINGS, "teen")
    effects = session.receive(say("You bloody fool!"), 0.0)
    (begin,) = [effect for effect in effects if isinstance(effect, Begin)]
    assert begin.turn.situation == "refusal"
    assert [line.text for line in talk.history.lines] == [STRUCK_OUT]
