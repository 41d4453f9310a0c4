"""Flags: what is true in the game, for all NPCs and for single ones."""

from __future__ import annotations

from typing import Any

import pytest

from npc_bridge.core.flags import MAX_FLAGS, FlagBoard
from npc_bridge.core.messages import Flags
from npc_bridge.errors import BadMessage


def flags(values: dict[str, Any], npc: str = "") -> Flags:
    return Flags(type="flags", id="g1", npc=npc, values=values)


def test_flags_that_are_not_named_stay_and_none_takes_one_away() -> None:
    board = FlagBoard()
    board.put(flags({"rain": True, "quest": 1}))
    board.put(flags({"quest": 2, "rain": None, "unheard_of": None}))
    assert dict(board.of("brom")) == {"quest": 2}


def test_a_flag_of_one_npc_comes_before_the_one_for_all() -> None:
    board = FlagBoard()
    board.put(flags({"trust": 1, "rain": True}))
    board.put(flags({"trust": 5}, npc="brom"))
    assert (dict(board.of("brom")), dict(board.of("ulf"))) == ({"trust": 5, "rain": True}, {"trust": 1, "rain": True})
    board.put(flags({"trust": None}, npc="brom"))
    assert board.of("brom")["trust"] == 1


def test_too_many_flags_are_refused_and_change_nothing() -> None:
    board = FlagBoard()
    for start in range(0, MAX_FLAGS, 400):
        board.put(flags({f"f{n}": n for n in range(start, start + 400)}))
    with pytest.raises(BadMessage, match="4000 flags"):
        board.put(flags({"one_more": 1, "f1": 7}))
    assert board.of("brom")["f1"] == 1
    board.put(flags({"f1": 7, "f2": None}))
    assert len(board) == MAX_FLAGS - 1


def test_a_damaged_state_leaves_no_flags() -> None:
    board = FlagBoard()
    board.put(flags({"a": 1}))
    board.restore({"": {"a": [1]}})
    assert len(board) == 0


def test_flags_outlive_a_save_with_their_types() -> None:
    board, kept = FlagBoard(), FlagBoard()
    board.put(flags({"a": True, "b": 1, "c": 0.5, "d": "1"}))
    board.put(flags({"a": False}, npc="brom"))
    kept.restore(board.state())
    assert repr(kept.state()) == repr(board.state())
