"""When the NPCs of a group speak: one at a time, an answer to a player before an NPC's own wish, and by themselves only so often.

Functions of a session and one of its groups, beside what ``session.py`` does for an NPC by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from npc_bridge.core import messages as wire
from npc_bridge.core.again import seed_of
from npc_bridge.core.authoring import next_line
from npc_bridge.core.conversation import Conversation, Turn
from npc_bridge.core.effects import Begin, Effect, Send, Wake
from npc_bridge.core.group import Group
from npc_bridge.errors import NotNow, UnknownNpc

if TYPE_CHECKING:
    from npc_bridge.core.session import Session

WAKE = "group:"


def gather(session: Session, message: wire.Gather, now: float) -> list[Effect]:
    """Begin the talk of a group, or set one that goes on up anew."""
    effects: list[Effect] = []
    if not session.ledger.has(message.id):
        for npc in message.npcs:
            session.conversation(npc, message.id)
        before = session.groups.by_name.get(message.group)
        left = set(before.npcs) - set(message.npcs) if before is not None else set()
        group = session.groups.gather(message)
        session.ledger.use(message.id)
        for npc in left & session.conversations.keys():
            session.conversations[npc].circle = None
        group.seat(session.conversations)
        touch(session, group)
        effects = go_on(session, group, now)
    return [Send({"type": "gathered", "id": message.id, "group": message.group, "npcs": list(message.npcs)}), *effects]


def disperse(session: Session, message: wire.Disperse, now: float) -> list[Effect]:
    """End the talk of a group. A turn under way goes on; lines that wait go to who would have answered them. Raises ``UnknownGroup``."""
    dispersed = Send({"type": "dispersed", "id": message.id, "group": message.group})
    if session.ledger.has(message.id):
        return [dispersed]
    group = session.groups.named(message.group, message.id)
    session.ledger.use(message.id)
    here = group.present(session.conversations)
    for line in group.waiting:
        talk = next((talk for talk in here if talk.npc == line.npc), None) or group.next_for_players(line.text, here, 0)
        if talk is not None:
            talk.waiting.append(line)
    touch(session, group)
    del session.groups.by_name[message.group]
    effects: list[Effect] = []
    for talk in here:
        talk.circle = None
        if talk.running is None:
            effects += session.go_on(talk, now)
        else:
            talk.running.group = ""
    return [dispersed, *effects]


def touch(session: Session, group: Group) -> None:
    for npc in group.npcs:
        session.ledger.touch(npc)


def say(session: Session, group: Group, message: wire.Say, now: float) -> list[Effect]:
    """A player said this to the group, or to one of it; everyone hears it."""
    accepted = Send({"type": "accepted", "ids": [message.id]})
    if not session.ledger.use(message.id):
        return [accepted]
    group.waiting.append(message)
    touch(session, group)
    return [accepted, *go_on(session, group, now)]


def go_on_asked(session: Session, group: Group, message: wire.Continue, now: float) -> list[Effect]:
    """The game asks the whole group to go on."""
    accepted = Send({"type": "accepted", "ids": [message.id]})
    if not session.ledger.use(message.id):
        return [accepted]
    group.asked += (message.id,)
    return [accepted, *go_on(session, group, now)]


def one_of(session: Session, name: str, re: str) -> Conversation:
    """The one of a group whom a message means that names only the group: who is speaking, else who spoke last."""
    group = session.groups.by_name.get(name)
    here = group.present(session.conversations) if group is not None else []
    speaking = next((talk for talk in here if talk.running is not None), None)
    last = next((talk for talk in here if group is not None and talk.npc == group.last_speaker), None)
    found = speaking or last or next(iter(here), None)
    if found is None:
        raise UnknownNpc(f"no conversation with '{name}' is open; send 'open' or 'gather' first", re=re)
    return found


def refuse_again(session: Session, group: Group, talk: Conversation, re: str) -> None:
    """Raise ``NotNow`` if somebody is speaking, or has spoken since this NPC did."""
    if group.is_busy(session.conversations):
        raise NotNow(f"someone of '{group.name}' is speaking; interrupt it first, or wait for 'turn_ended'", re=re)
    if talk.npc != group.last_speaker:
        raise NotNow(f"others have spoken since '{talk.npc}' did; only the last line can be said in other words", re=re)


def turn_over(session: Session, group: Group, turn: Turn, now: float) -> list[Effect]:
    """Everyone hears what was said; then the next one may speak."""
    talk = turn.conversation
    touch(session, group)
    if talk.last_turn == turn.id:
        group.spread(talk, session.conversations, talk.history.count - 1)
        group.last_turn = turn.id
    if turn.is_interrupted:
        group.turns_left = 0
    return go_on(session, group, now)


def go_on(session: Session, group: Group, now: float) -> list[Effect]:
    """Begin the next turn of a group in which nobody speaks, if there is cause for one."""
    talks = session.conversations
    if group.is_busy(talks):
        return []
    here = group.present(talks)
    for talk in here:  # authored lines come first, and also while the NPC is held
        since = talk.history.count
        line = next_line(talk)
        group.spread(talk, talks, since)
        if line is not None:
            return [begin(session, group, talk, "line", now, (line.id,), line.text)]
    able = [talk for talk in here if talk not in session.holds]
    return _owed(session, group, able, now) or _to_players(session, group, able, now) or _by_themselves(session, group, able, now)


def _owed(session: Session, group: Group, able: list[Conversation], now: float) -> list[Effect]:
    for talk in able:
        if talk.wants_to_open:
            talk.wants_to_open = False
            return [begin(session, group, talk, "opening", now, line=talk.character.opening_line)]
        group.waiting += talk.waiting  # from before it joined
        talk.waiting.clear()
        if (owed := talk.take_owed()) is not None:
            return [begin(session, group, talk, owed.cause, now, owed.answers)]
    return []


def _to_players(session: Session, group: Group, able: list[Conversation], now: float) -> list[Effect]:
    """Answer the lines that wait, all at once; the last one says who does."""
    if group.waiting:
        to = group.waiting[-1]
        if to.npc in group.npcs:
            chosen = next((talk for talk in able if talk.npc == to.npc), None)
        else:
            chosen = group.next_for_players(to.text, able, seed_of(session.id, f"{group.name}/{session.turns}"))
        if chosen is None and (group.director != "game" or to.npc in group.npcs):
            return []  # held: the lines wait for the release
        lines, group.waiting = group.waiting, []
        for line in lines:
            group.hear(session.conversations, line)
        group.turns_left, group.pausing = group.max_npc_turns, ""
        return [begin(session, group, chosen, "say", now, tuple(line.id for line in lines))] if chosen is not None else []
    for talk in able:
        if talk.wants_to_go_on:
            answers, talk.wants_to_go_on = talk.wants_to_go_on, ()
            group.turns_left = group.max_npc_turns
            return [begin(session, group, talk, "continue", now, answers)]
    if group.asked and (chosen := group.next_asked(able)) is not None:
        answers, group.asked = group.asked, ()
        group.turns_left = group.max_npc_turns
        return [begin(session, group, chosen, "continue", now, answers)]
    return []


def _by_themselves(session: Session, group: Group, able: list[Conversation], now: float) -> list[Effect]:
    for talk in able:
        if talk.wants_to_react is not None and (effects := session.react(talk, talk.wants_to_react, now)):
            return effects
    if group.turns_left <= 0 or not group.last_turn:
        return []
    if group.pause_s > 0:
        group.pausing = group.last_turn
        return [Wake(group.pause_s, f"{WAKE}{group.name}")]
    return _answer_an_npc(session, group, able, now)


def _answer_an_npc(session: Session, group: Group, able: list[Conversation], now: float) -> list[Effect]:
    speaker = session.conversations.get(group.last_speaker)
    if speaker is None:
        return []
    seed = seed_of(session.id, f"{group.name}/{session.turns}")
    chosen, is_addressed = group.next_for_npcs(speaker, able, seed)
    if chosen is None:
        return []
    group.turns_left -= 1
    effect = begin(session, group, chosen, "continue", now)
    effect.turn.priority = "addressed" if is_addressed else "npc"
    return [effect]


def wake(session: Session, name: str, now: float) -> list[Effect]:
    """The pause before an NPC answers another is over; nothing happens if somebody has spoken meanwhile."""
    group = session.groups.by_name.get(name)
    if group is None or not group.pausing or group.pausing != group.last_turn or group.is_busy(session.conversations):
        return []
    group.pausing = ""
    return _answer_an_npc(session, group, [t for t in group.present(session.conversations) if t not in session.holds], now)


def begin(
    session: Session, group: Group, talk: Conversation, cause: wire.TurnCause, now: float, answers: tuple[str, ...] = (), line: str = ""
) -> Begin:
    """Let one of the group speak."""
    group.last_speaker, group.last_turn, group.pausing = talk.npc, "", ""
    effect = session.begin(talk, cause, now, answers, line)
    effect.turn.group = group.name
    return effect
