"""Where a bridge's money goes: each turn is billed here, its game told when a budget is low, and the accounts written down.

What budgets mean is decided in ``core/budget.py``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from npc_bridge.backends import Backend
from npc_bridge.backends.row import Row
from npc_bridge.core.budget import BudgetSettings, Purse, Spender
from npc_bridge.core.changes import PutSession
from npc_bridge.core.conversation import Turn
from npc_bridge.core.session import Session
from npc_bridge.memory.store import Store

ACCOUNTS_ID = "budgets:"
"""Under which the accounts are kept beside the sessions; no session has such an id."""


class Till:
    """Bills the turns of all sessions of a bridge. ``wall`` is the time of day in seconds since 1970."""

    def __init__(
        self, budgets: Sequence[BudgetSettings] = (), *, store: Store | None = None, wall: Callable[[], float] = time.time
    ) -> None:
        self.purse = Purse(budgets)
        self._store, self._wall = store, wall

    async def open(self) -> None:
        """Go on from what was spent before the bridge was started."""
        if self._store is not None and self.purse.budgets and (kept := await self._store.read_session(ACCOUNTS_ID)) is not None:
            self.purse.restore(kept.state)

    def backend(self, backend: Backend) -> Backend:
        """The backend as one that knows what to do when a budget is spent."""
        return Row([backend]) if self.purse.budgets and not isinstance(backend, Row) else backend

    def rung(self, session: Session, turn: Turn) -> int:
        """How many backends of the row this turn may not ask; see ``Purse.rung``."""
        return self.purse.rung(spender(session, turn), self._wall()) if self.purse.budgets else 0

    def bill(self, session: Session, turn: Turn, ended: dict[str, Any]) -> list[dict[str, Any]]:
        """Count a turn by its ``turn_ended``, and put into that what the session has spent. Returns notices to send after it."""
        who = spender(session, turn)
        session.meter.add(who, ended)
        if session.meter.session.cost_usd:
            ended["spent_usd"] = round(session.meter.session.cost_usd, 6)
        if not self.purse.budgets:
            return []
        tokens = (ended.get("prompt_tokens") or 0) + (ended.get("completion_tokens") or 0)
        news = self.purse.spend(who, usd=ended.get("cost_usd") or 0.0, tokens=tokens, wall_s=self._wall())
        if self._store is not None:
            self._store.write(ACCOUNTS_ID, [PutSession(self.purse.state())])
        about = {"npc": turn.conversation.npc, "player": who.player}
        return [{"type": "notice", "code": each.code, "message": each.message} | about for each in news]

    def stats(self, session: Session, backend: Backend) -> dict[str, Any]:
        """The part of ``stats`` that the session does not know."""
        backends = backend.status() if isinstance(backend, Row) else [{"name": backend.name, "model": backend.model}]
        return {"backends": backends, "budgets": self.purse.status(self._wall(), session.id)}


def spender(session: Session, turn: Turn) -> Spender:
    """On whose behalf a turn is taken."""
    talk = turn.conversation
    return Spender(session=session.id, player=talk.player.id or talk.player.name, character=talk.character.id)
