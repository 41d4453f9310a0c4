"""What of a session is not written down yet: which ids were used, which conversations have changed, which are gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

from npc_bridge.core.changes import Change, DropConversation, DropSession, State, UseIds
from npc_bridge.core.conversation import Conversation
from npc_bridge.core.snapshot import SAVED_IDS

REMEMBERED_IDS = 20_000
"""How many ids of events and lines a session remembers, to use each one once."""


class Ledger:
    """Collects, between two writes, what the next one has to hold."""

    def __init__(self) -> None:
        self.state: State | None = None
        """The session's own state as it was written last."""
        self._ids: dict[str, None] = {}
        self._used: list[str] = []
        self._touched: dict[str, None] = {}
        self._changes: list[Change] = []

    @property
    def ids(self) -> list[str]:
        """The ids that were used last, oldest first, as many as a saved game holds."""
        return list(islice(self._ids, max(0, len(self._ids) - SAVED_IDS), None))

    def has(self, message_id: str) -> bool:
        """Whether this id was used."""
        return message_id in self._ids

    def use(self, message_id: str) -> bool:
        """Use this id; False if it was used before."""
        if message_id in self._ids:
            return False
        self._used.append(message_id)
        self.know((message_id,))
        return True

    def know(self, ids: Iterable[str]) -> None:
        """These ids were used, and are written down as such."""
        self._ids.update(dict.fromkeys(ids))
        while len(self._ids) > REMEMBERED_IDS:
            del self._ids[next(iter(self._ids))]

    def touch(self, npc: str) -> None:
        """Something may have changed in this conversation."""
        self._touched[npc] = None

    def drop(self, npc: str) -> None:
        """What was written down of this conversation is gone."""
        self._changes.append(DropConversation(npc))

    def note(self, changes: Iterable[Change]) -> None:
        """Write these down with the rest."""
        self._changes += changes

    def begin_anew(self, ids: Iterable[str]) -> None:
        """The session goes back to a saved state. What was used stays used: no message counts in two timelines."""
        self.know(ids)
        self._used = list(self._ids)
        self._touched.clear()
        self._changes = [DropSession()]
        self.state = None

    def take(self, conversations: Mapping[str, Conversation], now: float) -> list[Change]:
        """All that has changed since the last call."""
        changes, self._changes = self._changes, []
        if self._used:
            changes.append(UseIds(tuple(self._used)))
            self._used = []
        for npc in self._touched:
            if npc in conversations:
                changes += conversations[npc].changes(now)
        self._touched.clear()
        return changes
