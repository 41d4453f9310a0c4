"""Opening and leaving a conversation: first meetings, and going on with what is remembered.

Functions of a session, beside what ``session.py`` does while an NPC is open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from npc_bridge.core import messages as wire
from npc_bridge.core.character import Character, character_from_map
from npc_bridge.core.conversation import Conversation
from npc_bridge.core.effects import Effect, Retell, Send, Stop
from npc_bridge.errors import BadMessage, FileProblems

if TYPE_CHECKING:
    from npc_bridge.core.session import Session

MAX_NPCS = 1_000
MAX_COMPLAINT_CHARS = 1_000


def open_npc(session: Session, message: wire.Open, now: float) -> list[Effect]:
    character = inline_character(message) if isinstance(message.character, dict) else session.find_character(message.character)
    conversation = session.conversations.get(message.npc)
    if conversation is not None and not conversation.is_away:
        raise BadMessage(f"'{message.npc}' is open already; close it first", re=message.type)
    if conversation is None:
        conversation = _opened(session, message, character, now)
    else:
        conversation.reopen(message, character)
    session.ledger.touch(message.npc)
    if (group := session.groups.of(message.npc)) is not None:
        group.seat(session.conversations)
    history = conversation.history
    conversation.wants_to_open = bool(character.opening_line and message.opening and not history.count and not conversation.running)
    opened = {
        "type": "opened",
        "npc": message.npc,
        "character": character.id,
        "name": character.name,
        "language": conversation.language,
        "opening": conversation.wants_to_open,
    }
    if history.count:
        opened |= {"remembered": history.count, "last_line": history.last_reply(conversation.parser())}
    if conversation.running is not None:
        return [Send(opened), Retell(conversation.running)]
    return [Send(opened), *session.go_on(conversation, now)]


def _opened(session: Session, message: wire.Open, character: Character, now: float) -> Conversation:
    if len(session.conversations) >= MAX_NPCS:
        raise BadMessage(f"{MAX_NPCS} NPCs are open, which is the limit; close those that are far away", re=message.type)
    conversation = Conversation.opened_by(session.id, message, character, session.templates)
    conversation.flags, conversation.moderation = session.flags, session.moderation
    session.conversations[message.npc] = conversation
    past = session.asleep.pop(message.npc, None)
    if past is not None and past.talk.character == character.id:
        conversation.recall(past, now)
    elif past is not None:
        session.ledger.drop(message.npc)  # someone else goes by this id now
    return conversation


def put_to_sleep(session: Session, conversation: Conversation, now: float) -> Send:
    npc = conversation.npc
    conversation.stop_waiting()
    if (group := session.groups.of(npc)) is not None:
        session.groups.leave(npc)
        group.seat(session.conversations)
    session.ledger.note(conversation.changes(now))
    session.asleep[npc] = conversation.remembered(now)
    del session.conversations[npc]
    return Send({"type": "closed", "npc": npc})


def close_npc(session: Session, message: wire.Close, now: float) -> list[Effect]:
    conversation = session.conversation(message.npc, message.type)
    if conversation.running is None:
        return [put_to_sleep(session, conversation, now)]
    conversation.is_closing = True
    conversation.running.is_interrupted = True
    return [Stop(conversation.running)]


def inline_character(message: wire.Open) -> Character:
    """The character that ``open`` brings along. Raises ``BadMessage`` with what to write instead."""
    assert isinstance(message.character, dict)
    try:
        return character_from_map(message.character, character_id=message.npc)
    except FileProblems as error:
        raise BadMessage(str(error)[:MAX_COMPLAINT_CHARS], re=message.type) from None
