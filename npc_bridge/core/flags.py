"""What is true in the game now, as far as the game has said: flags for all NPCs, and for single ones.

Conditions in character files ask for them, see ``conditions.py``.
"""

from __future__ import annotations

from collections import ChainMap

from pydantic import TypeAdapter, ValidationError

from npc_bridge.core.changes import State
from npc_bridge.core.conditions import Flags
from npc_bridge.core.messages import Flags as FlagsMessage
from npc_bridge.core.messages import FlagValue, Name
from npc_bridge.errors import BadMessage

MAX_FLAGS = 4_000
"""Of one session, those for single NPCs included."""


class FlagBoard:
    """The flags of one session. An NPC's own value of a flag comes before the one for all."""

    __slots__ = ("_by_npc",)

    def __init__(self) -> None:
        self._by_npc: dict[str, dict[str, FlagValue]] = {}
        """The values for all NPCs stand under ``""``."""

    def put(self, message: FlagsMessage) -> None:
        """Take over what the game says; a flag that is none is gone. Raises ``BadMessage`` when there are too many, and changes nothing."""
        there = self._by_npc.get(message.npc, {})
        new = sum(value is not None and name not in there for name, value in message.values.items())
        if new and len(self) + new > MAX_FLAGS:
            raise BadMessage(f"a session holds {MAX_FLAGS} flags; set those to none that no condition asks for", re=message.id)
        values: dict[str, FlagValue] = {name: value for name, value in {**there, **message.values}.items() if value is not None}
        if values:
            self._by_npc[message.npc] = values
        else:
            self._by_npc.pop(message.npc, None)

    def of(self, npc: str) -> Flags:
        """What conditions of this NPC are checked against."""
        everyone = self._by_npc.get("", {})
        own = self._by_npc.get(npc)
        return ChainMap(own, everyone) if own else everyone

    def __len__(self) -> int:
        return sum(map(len, self._by_npc.values()))

    def state(self) -> State:
        """See ``snapshot.Kept``."""
        return {npc: dict(values) for npc, values in self._by_npc.items()}

    def restore(self, state: State) -> None:
        """See ``snapshot.Kept``. What cannot be a state leaves no flags."""
        try:
            self._by_npc = {npc: dict(values) for npc, values in _STATE.validate_python(state).items()}
        except ValidationError:
            self._by_npc = {}


_STATE: TypeAdapter[dict[str, dict[Name, FlagValue]]] = TypeAdapter(dict[str, dict[Name, FlagValue]])
