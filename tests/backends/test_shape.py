"""One order of messages, told in the way that each chat template takes."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from npc_bridge.backends import ChatMessage
from npc_bridge.backends.profiles import Shape, load_profiles
from npc_bridge.backends.shape import PrefixStripper, prefill_of, shape


def system(text: str) -> ChatMessage:
    return {"role": "system", "content": text}


def user(text: str) -> ChatMessage:
    return {"role": "user", "content": text}


def npc(text: str) -> ChatMessage:
    return {"role": "assistant", "content": text}


TALK = [
    system("You are Brom."),
    npc("Evening."),
    user("Hi."),
    npc("Ale?"),
    user("Yes."),
    user("Please."),
    system("rain:starts"),
    user("Hm?"),
]
CONTINUED = [system("You are Brom."), user("Hi."), system("rain:starts"), npc("Brom:")]

CASES: dict[str, tuple[list[ChatMessage], Shape, list[dict[str, Any]]]] = {
    "kept": (TALK, Shape(), TALK),
    "late system said by the user": (TALK, Shape(late_system="user"), [*TALK[:6], user("rain:starts"), user("Hm?")]),
    "late system before the next line": (TALK, Shape(late_system="merge_next"), [*TALK[:6], user("rain:starts\n\nHm?")]),
    "late system in brackets": (
        [*TALK[:3], system("Just now:\n- It rains.\n- A dog barks."), user("Hm?")],
        Shape(late_system="bracket"),
        [*TALK[:3], user("[Just now: It rains. A dog barks.] Hm?")],
    ),
    "late system with the first": (
        TALK,
        Shape(late_system="merge_first"),
        [system("You are Brom.\n\nrain:starts"), *TALK[1:6], user("Hm?")],
    ),
    "strict turns": (
        TALK,
        Shape(late_system="merge_next", assistant_first=False, merge_same_role=True),
        [user("You are Brom."), npc("Evening."), user("Hi."), npc("Ale?"), user("Yes.\nPlease.\nrain:starts\n\nHm?")],
    ),
    "strict turns without system": (
        [system("You are Brom."), user("Hi."), system("rain:starts"), user("Hm?")],
        Shape(late_system="merge_next", assistant_first=False, merge_same_role=True, system=False),
        [user("You are Brom.\nHi.\nrain:starts\n\nHm?")],
    ),
    "a system message is still first when the player spoke first": (
        [system("You are Brom."), user("Hi.")],
        Shape(assistant_first=False),
        [system("You are Brom."), user("Hi.")],
    ),
    "prefill by itself": (CONTINUED, Shape(prefill="plain"), CONTINUED),
    "prefill by flags": (CONTINUED, Shape(prefill="continue_flags"), CONTINUED),
    "prefill, partial": (CONTINUED, Shape(prefill="partial"), [*CONTINUED[:3], {**npc("Brom:"), "partial": True}]),
    "prefill, prefix": (CONTINUED, Shape(prefill="prefix"), [*CONTINUED[:3], {**npc("Brom:"), "prefix": True}]),
    "no prefill": (CONTINUED, Shape(), [*CONTINUED[:3], user("[Go on, and begin with: Brom:]")]),
    "no prefill, strict": (
        CONTINUED,
        Shape(late_system="merge_next", merge_same_role=True),
        [CONTINUED[0], user("Hi.\nrain:starts\n[Go on, and begin with: Brom:]")],
    ),
    "a note for a silent player": (
        CONTINUED,
        Shape(late_system="merge_next", prefill="plain"),
        [CONTINUED[0], user("Hi."), user("rain:starts"), npc("Brom:")],
    ),
    "prefill after a reply": (
        [*CONTINUED[:2], npc("Hello."), npc("Brom:")],
        Shape(prefill="plain", merge_same_role=True),
        [*CONTINUED[:2], npc("Hello.\nBrom:")],
    ),
    "empty messages are left out": ([system("You are Brom."), user(""), user("Hi.")], Shape(), [system("You are Brom."), user("Hi.")]),
    "notes only": (
        [system("You are Brom."), system("a"), system("b")],
        Shape(late_system="merge_next"),
        [system("You are Brom."), user("a\n\nb")],
    ),
    "no character": ([user("Hi."), system("a")], Shape(late_system="merge_first"), [user("Hi."), user("a")]),
    "nothing": ([], Shape(), []),
}


@pytest.mark.parametrize(("messages", "to", "shaped"), CASES.values(), ids=CASES)
def test_messages_take_the_shape_of_the_server(messages: list[ChatMessage], to: Shape, shaped: list[dict[str, Any]]) -> None:
    before = deepcopy(messages)
    assert shape(messages, to) == shaped
    assert messages == before


@pytest.mark.parametrize("profile", load_profiles().values(), ids=load_profiles())
def test_what_was_said_is_the_beginning_of_what_comes_later(profile: Shape) -> None:
    """The prefix that a server caches is the same from turn to turn, whatever the shape; the note and the line after it are new."""
    earlier, later = shape(TALK[:5], profile), shape([*TALK[:5], npc("Here."), *TALK[6:]], profile)
    assert later[: len(earlier)] == earlier


def test_a_reply_begins_with_the_text_of_a_trailing_assistant_message() -> None:
    assert [prefill_of(TALK), prefill_of(CONTINUED), prefill_of([])] == ["", "Brom:", ""]


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        ("Brom: Hello.", " Hello."),
        ("Brom:Hello.", "Hello."),
        (" Brom: Hello.", " Hello."),
        ("Hello. Brom: no", "Hello. Brom: no"),
        ("Broken", "Broken"),
        ("Bro", "Bro"),
        ("", ""),
    ],
)
def test_a_prefix_that_the_server_repeats_is_not_shown_at_any_cut(reply: str, shown: str) -> None:
    for cut in range(len(reply) + 1):
        stripper = PrefixStripper("Brom:")
        assert stripper.feed(reply[:cut]) + stripper.feed(reply[cut:]) + stripper.close() == shown
