"""What outlives a game, a crash and a load: a session as it is written down, as a saved game holds it, and how it goes on from either.

Plain functions of a session; nothing is written here. See ``changes.py`` for what is, and ``snapshot.py`` for saved games.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from npc_bridge.core.changes import Change, DropSession, PutSession, State, UseIds
from npc_bridge.core.conversation import Conversation
from npc_bridge.core.effects import Effect, Send, Stop
from npc_bridge.core.messages import Load, Player
from npc_bridge.core.session import KEPT, Session
from npc_bridge.core.snapshot import Remembered, Snapshot, as_map


def changes(session: Session, now: float) -> list[Change]:
    """What has to be written down since the last call; all of it together is the session's present state."""
    found = session.ledger.take(session.conversations, now)
    if found and (state := own_state(session)) != session.ledger.state:
        session.ledger.state = state
        found.append(PutSession(state))
    return found


def everything(session: Session, now: float) -> list[Change]:
    """All of the session, to be written down anew because the memory could not keep up; of old lines, those that the NPCs still read."""
    session.ledger.take(session.conversations, now)
    talks = [conversation.remembered(now) for conversation in session.conversations.values()] + list(session.asleep.values())
    found: list[Change] = [DropSession(), UseIds(tuple(session.ledger.ids))]
    return [*found, *(change for each in talks for change in each.changes()), PutSession(own_state(session))]


def own_state(session: Session) -> State:
    """The session's own state, without its conversations."""
    parts = {name: state for name in KEPT if (state := getattr(session, name).state())}
    return {"turns": session.turns, "timeline": session.timeline, "parts": parts}


def revive(session: Session, state: State, ids: Iterable[str], talks: Iterable[Remembered]) -> None:
    """Go on from what the memory holds, after the bridge was started anew. Nobody is open yet."""
    session.turns, session.timeline = int(state.get("turns", 0)), int(state.get("timeline", 0))
    session.ledger.state = state
    session.ledger.know(ids)
    session.asleep = {each.talk.npc: each for each in talks}
    _restore_parts(session, state.get("parts", {}))


def lose_sight(session: Session) -> None:
    """The game has missed too much: it will open its NPCs again, and hear then how they are."""
    for conversation in session.conversations.values():
        conversation.is_away = True


def snapshot(session: Session, now: float) -> State:
    """The whole session at this moment as one plain map, for a saved game."""
    talks = [conversation.remembered(now) for conversation in session.conversations.values()]
    return as_map(session.turns, session.ledger.ids, own_state(session)["parts"], [*talks, *session.asleep.values()])


def load(session: Session, message: Load, saved: Snapshot, now: float) -> list[Effect]:
    """Go back to a saved state, on a new timeline. Turns under way are void; who is open stays open."""
    before = session.conversations
    effects: list[Effect] = [stop for conversation in before.values() for stop in _void(conversation)]
    session.timeline += 1
    session.turns = max(session.turns, saved.turns)
    session.ledger.begin_anew(saved.ids)
    session.asleep = {each.talk.npc: each for each in saved.remembered()}
    _restore_parts(session, saved.parts)
    loaded: dict[str, Any] = {"type": "loaded", "id": message.id, "npcs": list(session.asleep), "timeline": session.timeline}
    effects.append(Send(loaded | ({"slot": message.slot} if message.slot else {})))
    for past in session.asleep.values():
        session.ledger.note(past.changes())
        past.let_older_go()
    session.conversations = {npc: _again(session, talk, now) for npc, talk in before.items()}
    for group in session.groups.by_name.values():
        group.seat(session.conversations)
    for conversation in session.conversations.values():
        effects += session.go_on(conversation, now)
    return effects


def forget(session: Session, npc: str, player: str) -> list[Effect]:
    """Forget this NPC, or all that was said with this player. Who is open then has never met them."""
    effects: list[Effect] = []
    for past in list(session.asleep.values()):
        if _concerns(past.talk.npc, past.talk.player, past.talk.players, npc, player):
            del session.asleep[past.talk.npc]
            session.ledger.drop(past.talk.npc)
    for talk in list(session.conversations.values()):
        if _concerns(talk.npc, talk.player, talk.history.players, npc, player):
            turn = talk.running
            effects += _void(talk)
            if turn is not None:
                effects.append(Send(turn.cut_off()))
            session.ledger.drop(talk.npc)
            session.ledger.touch(talk.npc)
            session.conversations[talk.npc] = talk.anew(session.templates)
            if (group := session.groups.of(talk.npc)) is not None:
                group.seat(session.conversations)
    return effects


def _again(session: Session, before: Conversation, now: float) -> Conversation:
    """An NPC that is open, as the saved state knows it; if it does not, they have never met."""
    again = before.anew(session.templates)
    past = session.asleep.pop(before.npc, None)
    if past is not None and past.talk.character == before.character.id:
        again.recall(past, now)
    elif past is not None:
        session.ledger.drop(before.npc)
    session.ledger.touch(before.npc)
    return again


def _void(conversation: Conversation) -> list[Effect]:
    """End the turn under way, if there is one, so that nothing more of it is told or remembered."""
    if (turn := conversation.running) is None:
        return []
    turn.is_void = turn.is_interrupted = True
    return [Stop(turn)]


def _concerns(talk_npc: str, talk_player: Player, players: Collection[str], npc: str, player: str) -> bool:
    """Whether this conversation is with the NPC and the player named, of whom either may be empty."""
    is_with_player = player in (talk_player.name, talk_player.id) or player in players
    return (not npc or npc == talk_npc) and (not player or is_with_player)


def _restore_parts(session: Session, parts: dict[str, State]) -> None:
    for name in KEPT:
        getattr(session, name).restore(parts.get(name, {}))
