"""What a character knows only while conditions on the game's flags hold, and where in the prompt it stands.

The persona stands at the beginning of every prompt, and whatever changes there costs the model server its cache. So a fact that becomes
known stands beside the note, shortly before the player's line, and moves into the persona when that is written anew for another reason.
A fact that may not be known any more leaves the prompt at once, whatever that costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from npc_bridge.core.changes import State
from npc_bridge.core.conditions import Condition, Flags, holds

MAX_FACTS = 256

_Name: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
_Text: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]


class Fact(BaseModel):
    """One thing that the character knows while its condition holds. A bare text is always known."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: _Text = Field(examples=["It lies under the third flagstone."])
    """What it knows, in words for the model."""
    when: Condition = Field(default="", examples=["quest.cellar >= 2"])
    """Which flags of the game have to be how; empty: always."""


def _facts(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: {"text": fact} if isinstance(fact, str) else fact for name, fact in value.items()}
    return value


Knows: TypeAlias = Annotated[dict[_Name, Fact], BeforeValidator(_facts), Field(max_length=MAX_FACTS)]
"""``"the cellar key" = { when = "quest.cellar >= 2", text = "…" }``"""


@dataclass(frozen=True, slots=True)
class Known:
    """The facts that may be in a prompt now, as lines to read."""

    settled: tuple[str, ...] = ()
    """At the end of the persona."""
    news: tuple[str, ...] = ()
    """Beside the note."""


NOTHING = Known()


class Knowledge:
    """Which facts stand in the persona of one conversation."""

    __slots__ = ("_settled", "_since")

    def __init__(self) -> None:
        self._settled: Sequence[str] | None = None
        """Their names; None: the persona is still to be written."""
        self._since = 0

    def now(self, facts: Mapping[str, Fact], flags: Flags, *, first_line: int) -> Known:
        """What is known now. ``first_line`` is the number of the first line that the model still reads: when it moves, the prompt has a
        new beginning anyway."""
        if not facts:
            return NOTHING
        known = [name for name, fact in facts.items() if holds(fact.when, flags)]
        if self._settled is None or first_line != self._since or not set(self._settled) <= set(known):
            self._settled, self._since = known, first_line
        return Known(
            tuple(f"{name}: {facts[name].text}" for name in known if name in self._settled),
            tuple(f"{name}: {facts[name].text}" for name in known if name not in self._settled),
        )

    def state(self) -> State:
        """See ``snapshot.Kept``."""
        return {"settled": list(self._settled), "since": self._since} if self._settled is not None else {}

    def restore(self, state: State) -> None:
        """See ``snapshot.Kept``. What cannot be a state lets the persona be written anew."""
        try:
            kept = _Settled.model_validate(state)
        except ValidationError:
            kept = _Settled()
        self._settled, self._since = kept.settled, kept.since


class _Settled(BaseModel):
    settled: list[str] | None = None
    since: int = 0
