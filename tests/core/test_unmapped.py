from __future__ import annotations

import json

import pytest

from npc_bridge.core.clips import ClipIndex
from npc_bridge.core.messages import Clip
from npc_bridge.core.unmapped import MAX_ACTIONS, Unmapped, without_players

INDEX = ClipIndex([Clip(name=name) for name in ("wave", "wipe_table", "nod", "smile", "sit_down")])


def seen(*actions: str, heard: tuple[str, ...] = (), players: tuple[str, ...] = ("Ada",)) -> list[tuple[str, int]]:
    counts = Unmapped()
    for action in actions:
        counts.see("brom", action, INDEX.resolve(action), INDEX, heard=heard, players=players)
    return [(row["action"], row["count"]) for row in counts.rows()]


def test_actions_without_a_clip_are_counted() -> None:
    assert seen("kneels", "juggles knives", "Juggles knives!", "waves") == [("juggles knives", 2), ("kneels", 1)]


def test_what_is_no_action_is_not_counted() -> None:
    assert seen("remembers the war", "about forty leagues", "the door creaks open", "says") == []


def test_a_doubtful_clip_is_counted_with_what_was_played() -> None:
    counts = Unmapped()
    counts.see("brom", "delighted", INDEX.resolve("delighted"), INDEX, heard=(), players=())
    assert counts.rows() == [{"character": "brom", "action": "delighted", "count": 1, "suggestions": [], "clip": "smile"}]


PRIVATE: dict[str, tuple[str, tuple[str, ...]]] = {
    "three words of the player's": ("repeats where the silver key is", ("I know where the silver key is hidden.",)),
    "an unknown word of the player's": ("mouths Xylophoria", ("My secret is xylophoria.",)),
    "a quotation": ('mutters "the key"', ()),
    "a number": ("writes down 5551234", ()),
    "an address": ("notes ada@example.org", ()),
    "four characters of the player's": ("默念着银色钥匙在井里", ("银色钥匙在井底下",)),
    "too long to be an alias": ("does " + "this and that " * 8, ()),
}


@pytest.mark.parametrize("name", PRIVATE)
def test_what_may_come_from_a_player_is_not_counted(name: str) -> None:
    action, heard = PRIVATE[name]
    assert without_players(action, heard, ["Ada"]) == ""


def test_a_players_name_reads_as_you() -> None:
    assert without_players("kneels before Ada", ["I am Ada."], ["Ada"]) == "kneels before you"
    assert without_players("跪在李雷面前", [], ["李雷"], "zh") == "跪在你面前"


def test_common_words_may_be_those_of_the_player() -> None:
    assert without_players("juggles the mug", ["Give me that mug"], ["Ada"]) == "juggles the mug"


def test_suggestions_are_the_clips_that_come_nearest() -> None:
    counts = Unmapped()
    counts.see("brom", "wipes the counter", [], INDEX, heard=(), players=())
    assert counts.rows()[0]["suggestions"][:1] == ["wipe_table"]


def test_the_rarest_goes_when_there_are_too_many() -> None:
    counts = Unmapped()
    names = ["juggles " + "".join("abcdefghij"[int(digit)] for digit in f"{number:03}") for number in range(MAX_ACTIONS + 5)]
    for number, name in enumerate(names):
        for _ in range(1 if number == 3 else 2):
            counts.see("brom", name, [], INDEX, heard=(), players=())
    rows = counts.rows(limit=1_000)
    assert len(rows) == MAX_ACTIONS
    assert "juggles aad" not in [row["action"] for row in rows]


def test_the_counts_go_on_from_their_state() -> None:
    counts = Unmapped()
    counts.see("brom", "kneels", [], INDEX, heard=(), players=())
    again = Unmapped.restored(json.loads(json.dumps(counts.state())))
    again.see("brom", "kneels", [], INDEX, heard=(), players=())
    assert [(row["action"], row["count"]) for row in again.rows()] == [("kneels", 2)]


@pytest.mark.parametrize(
    "state", [{}, {"characters": 3}, {"characters": {"b": 1}}, {"characters": {"b": {"x": ["1", 2], "y": [True, ""]}}}]
)
def test_a_damaged_state_counts_from_nothing(state: dict[str, object]) -> None:
    assert Unmapped.restored(state).rows() == []


def test_what_has_a_clip_now_is_left_out_and_can_be_dropped() -> None:
    counts = Unmapped()
    for action in ("kneels", "juggles knives"):
        counts.see("brom", action, [], INDEX, heard=(), players=())
    assert [row["action"] for row in counts.rows(lambda _, action: action == "kneels")] == ["juggles knives"]
    counts.drop_if(lambda character, action: (character, action) == ("brom", "kneels"))
    assert [row["action"] for row in counts.rows()] == ["juggles knives"]
