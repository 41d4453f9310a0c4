"""What follows from a message: the session decides on these effects, ``play.py`` carries them out, in their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from npc_bridge.core.conversation import Conversation, Turn
from npc_bridge.core.messages import Forget, Load, Save
from npc_bridge.core.summary import Job


@dataclass(frozen=True, slots=True)
class Send:
    """Tell the game."""

    message: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Begin:
    """Let this turn run."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class Stop:
    """End this turn early; ``turn_over`` is called for it as for any other."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class Keep:
    """Save, load or forget, together with the memory; the session's part of it is in ``keeping.py``."""

    message: Save | Load | Forget


@dataclass(frozen=True, slots=True)
class Retell:
    """Tell again what this turn under way has told so far: the game has lost it."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class Wake:
    """Call ``Session.wake`` with this key after some time; it knows by then whether that still matters."""

    after_s: float
    key: str


@dataclass(frozen=True, slots=True)
class Summarise:
    """Ask a model for this summary while nobody waits for it, and hand it to ``Session.summarised``."""

    talk: Conversation
    job: Job


Effect: TypeAlias = Send | Begin | Stop | Keep | Retell | Wake | Summarise
