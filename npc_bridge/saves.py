"""Saving, loading and forgetting: a session and the memory together. What a saved state holds is decided in ``core/snapshot.py``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from npc_bridge.core import keeping
from npc_bridge.core import messages as wire
from npc_bridge.core.changes import State
from npc_bridge.core.effects import Effect, Send
from npc_bridge.core.history import Line
from npc_bridge.core.session import Session
from npc_bridge.core.snapshot import MAX_OLDER_LINES, Remembered, Snapshot, packed_line, read_snapshot, read_talk, without
from npc_bridge.errors import BadSave, StorageFailed
from npc_bridge.memory.blob import pack, unpack
from npc_bridge.memory.file import Stored
from npc_bridge.memory.store import Store


async def save_state(session: Session, message: wire.Save, store: Store | None, now: float) -> list[Effect]:
    """The session as it is at this moment, as a blob or in a slot. Raises ``StorageFailed``."""
    state = keeping.snapshot(session, now)
    if store is not None:
        for talk in state["talks"]:
            begin = max(0, talk["begin"] - MAX_OLDER_LINES)
            older = await store.read_lines(session.id, talk["talk"]["npc"], begin, talk["begin"]) if talk["begin"] else ()
            if older and older[-1].n == talk["begin"] - 1:
                talk["lines"] = [packed_line(each) for each in older] + talk["lines"]
                talk["begin"] = older[0].n
    blob = await asyncio.to_thread(pack, state)
    saved = {"type": "saved", "id": message.id}
    if not message.slot:
        return [Send(saved | {"blob": blob})]
    if store is None:
        raise StorageFailed("this bridge has no memory to keep slots in; ask for the state itself, without 'slot'")
    await store.put_slot(session.id, message.slot, blob)
    return [Send(saved | {"slot": message.slot})]


async def load_state(session: Session, message: wire.Load, store: Store | None, now: float) -> list[Effect]:
    """Go back to a saved state. Raises ``BadSave``; the session is then as it was."""
    blob: bytes | None = message.blob
    if message.slot:
        blob = await store.get_slot(message.slot, session.id) if store is not None else None
        if blob is None:
            raise BadSave("there is no saved state in this slot")
    saved = await asyncio.to_thread(read_blob, blob or b"")
    return keeping.load(session, message, saved, now)


def read_blob(blob: bytes) -> Snapshot:
    """The saved state in a blob. Raises ``BadSave`` for one that is damaged, too new or hostile."""
    return read_snapshot(unpack(blob))


async def forget_for_good(session: Session, message: wire.Forget, store: Store | None, elsewhere: Callable[[str], None]) -> list[Effect]:
    """Delete what is remembered of a player, in all sessions, or of an NPC in this one. ``elsewhere`` does it for other sessions."""
    count = sum(each["talk"]["npc"] == message.npc for each in keeping.snapshot(session, 0.0)["talks"]) if store is None else 0
    effects = keeping.forget(session, message.npc, message.player)
    forgotten = {"type": "forgotten", "id": message.id, "conversations": count, "lines": 0, "events": 0, "slots": 0}
    if message.player and not message.npc:
        elsewhere(message.player)
    if store is not None:
        done = await store.forget(
            player=message.player,
            npc=message.npc,
            session=session.id if message.npc else "",
            prune=partial(without, npc=message.npc, player=message.player),
        )
        forgotten |= {"conversations": done.conversations, "lines": done.lines, "events": done.events, "slots": done.slots}
    return [*effects, Send(forgotten)]


def revive(session: Session, stored: Stored) -> None:
    """Let a session go on from what the memory holds of it. Raises ``BadSave`` if that cannot be read."""
    events: dict[str, list[State]] = {}
    for each in stored.events:
        events.setdefault(each.npc, []).append(each.state)
    talks = []
    for found in stored.conversations:
        talk = read_talk(found.state)
        lines = [Line("assistant" if line.role == "assistant" else "user", line.text, line.player, line.cut) for line in found.lines]
        talks.append(Remembered(talk, lines, talk.first, events.get(talk.npc, [])))
    keeping.revive(session, stored.state, stored.ids, talks)
