"""What a reply becomes on the wire: cues with targets, scores and reasons; early ones that are confirmed or withdrawn."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npc_bridge.backends import Finished
from npc_bridge.core.character import character_from_map
from npc_bridge.core.conversation import Conversation, Turn
from npc_bridge.core.events import EventTemplates
from npc_bridge.core.messages import Cue, Declare, Open
from npc_bridge.delivery import Reply

Sent = list[dict[str, Any]]

CLIPS = ["wave", "smile", "nod", "point", "look_at", "look_away", "laugh", "sit_down", "give"]
TARGETS = [{"name": "door_02", "aliases": ["door", "门"]}, {"name": "player", "aliases": ["you", "你"]}]


def talk_with(style: dict[str, Any] | None = None, **fields: Any) -> Conversation:
    message = {"type": "open", "npc": "brom", "character": "brom", "player": "Ada", "clips": CLIPS, "targets": TARGETS} | fields
    character = character_from_map({"name": "Brom", "style": style or {}}, character_id="brom")
    return Conversation.opened_by("s", Open.model_validate(message), character, EventTemplates())


def reply_in(talk: Conversation, sent: Sent) -> Reply:
    return Reply(Turn(id="t1", conversation=talk, cause="say", asked_at=0.0), sent.append, lambda: 0.0)


def told(*pieces: str, talk: Conversation | None = None, is_complete: bool = True) -> Sent:
    """What the game is told of a reply in these pieces, up to ``turn_ended``."""
    sent: Sent = []
    reply = reply_in(talk or talk_with(), sent)
    for piece in pieces:
        reply.add(piece)
    if is_complete:
        reply.close()
    sent.append(reply.ended("stop" if is_complete else "interrupted", Finished("stop")))
    return sent


def cues(sent: Sent) -> list[dict[str, Any]]:
    """The cues, without what is the same in all of them."""
    return [{key: value for key, value in each.items() if key not in ("type", "npc", "turn")} for each in sent if each["type"] == "cue"]


def test_a_cue_says_how_sure_it_is_and_what_it_is_aimed_at() -> None:
    assert cues(told("(points at the door) There.")) == [
        {"at": 0, "clip": "point", "action": "points at the door", "score": 0.9, "reason": "lexical", "target": "door_02"}
    ]


def test_a_cue_leaves_out_what_has_its_default() -> None:
    assert cues(told("(nod) Aye. (polishes a mug)")) == [
        {"at": 0, "clip": "nod", "action": "nod", "score": 1.0, "reason": "exact"},
        {"at": 4, "clip": "", "action": "polishes a mug"},
    ]


def test_every_clause_has_its_own_cue_and_its_own_target() -> None:
    assert [(cue["clip"], cue.get("target", "")) for cue in cues(told("(nods to you, then points at the door)"))] == [
        ("nod", "player"),
        ("point", "door_02"),
    ]


def test_nobody_is_a_target_who_was_not_declared() -> None:
    talk = talk_with(targets=[], player="Ada")
    assert "target" not in cues(told("(points at Ada)", talk=talk))[0]


def test_targets_can_be_declared_later() -> None:
    talk = talk_with(targets=[])
    talk.declare(Declare.model_validate({"type": "declare", "npc": "brom", "targets": ["Mira"]}))
    assert cues(told("(points at Mira)", talk=talk))[0]["target"] == "Mira"


def test_a_clip_begins_while_its_action_is_being_written_and_is_confirmed_at_the_end() -> None:
    assert cues(told("Hm. (", "smiles", " at", " the", " door", ", nods", ") There.")) == [
        {
            "at": 3, "clip": "smile", "action": "smiles at the", "score": 0.9, "reason": "lexical", "state": "provisional", "id": 1
        },
        {
            "at": 3, "clip": "smile", "action": "smiles at the door, nods", "score": 0.9, "reason": "lexical", "target": "door_02",
            "state": "confirmed", "id": 1,
        },
        {"at": 3, "clip": "nod", "action": "smiles at the door, nods", "score": 0.9, "reason": "lexical"},
    ]  # fmt: skip


def states(sent: Sent) -> list[tuple[str, str, int]]:
    return [(cue["clip"], cue.get("state", "final"), cue.get("id", 0)) for cue in cues(sent)]


def test_the_cues_of_a_turn_are_told_apart() -> None:
    pieces = ("(smiles", " at", " you", ") Ho! (laughs", " at", " the door", ") There.")
    assert states(told(*pieces)) == [
        ("smile", "provisional", 1), ("smile", "confirmed", 1), ("laugh", "provisional", 2), ("laugh", "confirmed", 2),
    ]  # fmt: skip


def test_an_early_cue_is_withdrawn_when_its_action_was_too_long_to_be_one() -> None:
    sent = told("(smiles at you ", "and so on " * 20, ") Hm.")
    assert states(sent) == [("smile", "provisional", 1), ("smile", "withdrawn", 1)]
    assert [each["type"] for each in sent[:3]] == ["cue", "cue", "text"]


def test_an_early_cue_is_withdrawn_when_the_parenthesis_stays_open() -> None:
    assert states(told("Aye (smiles at you ", "and goes on")) == [("smile", "provisional", 1), ("smile", "withdrawn", 1)]


def test_an_early_cue_is_withdrawn_before_an_interrupted_turn_ends() -> None:
    sent = told("Aye. (smiles at you ", is_complete=False)
    assert [each["type"] for each in sent] == ["text", "cue", "cue", "turn_ended"]
    assert cues(sent)[-1] == {"at": 4, "clip": "smile", "action": "smiles at you", "state": "withdrawn", "id": 1}


def test_an_early_cue_is_withdrawn_when_another_line_is_said_instead() -> None:
    sent: Sent = []
    reply = reply_in(talk_with(), sent)
    reply.add("(smiles at you ")
    reply.add_instead("(nods) Hm.")
    reply.close()
    assert states(sent) == [("smile", "provisional", 1), ("smile", "withdrawn", 1), ("nod", "final", 0)]


def test_an_early_cue_is_withdrawn_when_the_whole_action_is_another_clip() -> None:
    """An alias that contains the beginning of a known action wins over it."""
    talk = talk_with(clips=["smile", {"name": "sleep", "aliases": ["smiles at you as he falls asleep on his feet"]}])
    sent = told("(smiles ", "at you ", "from", " afar", ")", talk=talk)
    assert states(sent)[-1] in [("smile", "final", 0), ("smile", "confirmed", 1)]
    assert states(told("(smiles ", "at you as he ", "falls asleep on his feet", ")", talk=talk))[-1] == ("sleep", "final", 0)


def test_early_cues_are_a_setting() -> None:
    assert states(told("(smiles", " at", " you", ")", talk=talk_with({"early_cues": False}))) == [("smile", "final", 0)]


def test_marks_are_a_setting() -> None:
    pieces = ("*waves* Ho! [nods] (laughs)",)
    assert [cue["clip"] for cue in cues(told(*pieces, talk=talk_with({"marks": ["asterisk", "bracket"]})))] == ["wave", "nod"]
    assert [cue["clip"] for cue in cues(told(*pieces))] == ["laugh"]


def test_remarks_stay_visible_by_a_setting() -> None:
    pieces = ("It is far (about forty leagues). (nods)",)
    shown = {
        asides: "".join(each["text"] for each in told(*pieces, talk=talk_with({"asides": asides})) if each["type"] == "text")
        for asides in ("hide", "speak")
    }
    assert shown == {"hide": "It is far.", "speak": "It is far (about forty leagues)."}


def test_how_long_an_action_may_be_is_a_setting() -> None:
    pieces = ("(smiles at you from the other side) Ho!",)
    assert cues(told(*pieces, talk=talk_with({"max_action_chars": 20}))) == []


def test_what_was_shown_is_cut_by_the_same_marks() -> None:
    talk = talk_with({"marks": ["asterisk"]})
    turn = Turn(id="t1", conversation=talk, cause="say", asked_at=0.0, is_interrupted=True, interrupted_at=3)
    talk.conclude(turn, "*waves* Hey! *nods* Come in.", "interrupted", 12)
    assert [line.text for line in talk.history.lines] == ["*waves* Hey"]
    assert talk.history.last_reply(talk.parser()) == "Hey"


REPLIES = st.lists(
    st.sampled_from(
        [
            "(smiles at you)",
            "（挥手）",
            "(points at the door, nods)",
            " Aye. ",
            "(",
            ")",
            "f(x)",
            "(smiles",
            "1) ",
            "*nods*",
            "手を振る",
            "(about a mile)",
        ]
    ),
    max_size=6,
).map("".join)


@settings(max_examples=150)
@given(REPLIES, st.lists(st.integers(0, 90), max_size=12))
def test_without_the_withdrawn_ones_the_cues_do_not_depend_on_where_the_reply_was_cut(reply: str, cuts: list[int]) -> None:
    places = sorted({0, len(reply), *(cut for cut in cuts if cut < len(reply))})
    pieces = [reply[a:b] for a, b in itertools.pairwise(places)]
    sent = told(*pieces)
    for each in cues(sent):
        Cue.model_validate(each | {"type": "cue", "npc": "brom", "turn": "t1"})
    assert settled(sent) == settled(told(reply))
    opened = [cue["id"] for cue in cues(sent) if cue.get("state") == "provisional"]
    closed = [cue["id"] for cue in cues(sent) if cue.get("state") in ("confirmed", "withdrawn")]
    assert opened == closed == list(range(1, len(opened) + 1))


def settled(sent: Sent) -> list[tuple[Any, ...]]:
    return [
        (cue["at"], cue["clip"], cue["action"], cue.get("target"), cue.get("score"))
        for cue in cues(sent)
        if cue.get("state") in (None, "confirmed")
    ]


@pytest.mark.parametrize("marks", [[], ["parens"], "paren"])
def test_wrong_marks_are_refused(marks: Any) -> None:
    from npc_bridge.errors import FileProblems

    with pytest.raises(FileProblems, match="marks"):
        talk_with({"marks": marks})
