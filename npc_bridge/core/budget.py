"""What talking costs: a meter for each session, and budgets that lead to cheaper models and then to authored lines.

No clock here: callers pass the wall clock in seconds since 1970, because hours and days outlive the process. A clock that is set back
refills nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from npc_bridge.core.authored import pointed
from npc_bridge.core.changes import State

LOW = 0.8
"""From which part of a budget on the game is warned."""
AUTHORED_ONLY = 1_000
"""A rung beyond any row of backends: only authored lines are left."""
MAX_ACCOUNTS = 20_000

Scope: TypeAlias = Literal["session", "player", "character", "all"]
Per: TypeAlias = Literal["hour", "day", "ever"]
_LENGTH_S: dict[Per, int] = {"hour": 3_600, "day": 86_400}


class BudgetSettings(BaseModel):
    """One ``[[budget]]``: how much may be spent, by whom, in which time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scope: Scope = Field(default="all", examples=["player"])
    """Whose account it is: each session's, each player's, each character's, or one for all."""
    per: Per = Field(default="day", examples=["day"])
    """``hour``, ``day``, or ``ever``: never filled again."""
    usd: float | None = Field(default=None, gt=0, examples=[0.5])
    tokens: int | None = Field(default=None, ge=1, examples=[200_000])
    """Of prompts and replies together."""
    overdraft: float = Field(default=0.25, ge=0, le=100, examples=[0.25])
    """When it is spent, the next backend of the row answers, until it, too, has spent this part of the limit. Then authored lines are
    left."""
    day_begins_h: int = Field(default=0, ge=0, le=23, examples=[4])
    """At which hour of the day (UTC) a day begins."""

    @model_validator(mode="after")
    def _has_limit(self) -> BudgetSettings:
        if self.usd is None and self.tokens is None:
            raise pointed("a budget without a limit", "usd = 0.5 or tokens = 200000, or both")
        return self

    def window(self, wall_s: float) -> int:
        """The number of the hour or day that this moment belongs to."""
        length_s = _LENGTH_S.get(self.per)
        return 0 if length_s is None else int((wall_s - 3_600 * (self.day_begins_h if self.per == "day" else 0)) // length_s)


@dataclass(frozen=True, slots=True)
class Spender:
    """On whose behalf a turn is taken."""

    session: str
    player: str
    character: str

    def name(self, scope: Scope) -> str:
        match scope:
            case "session":
                return self.session
            case "player":
                return self.player
            case "character":
                return self.character
            case "all":
                return ""


@dataclass(slots=True)
class Account:
    """What was spent of one budget in one window."""

    window: int
    usd: float = 0.0
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class BudgetNews:
    """A budget that has become low, or is spent now."""

    code: Literal["budget_low", "budget_spent"]
    message: str


class Purse:
    """All budgets of a bridge and what was spent of each."""

    def __init__(self, budgets: Sequence[BudgetSettings] = ()) -> None:
        self.budgets = tuple(budgets)
        self._accounts: dict[tuple[int, str], Account] = {}
        """By number of the budget and name of the spender."""

    def spend(self, who: Spender, *, usd: float, tokens: int, wall_s: float) -> list[BudgetNews]:
        """Take this out of all budgets it concerns; say which have become low or empty by it."""
        warnings = []
        for number, budget in enumerate(self.budgets):
            account = self._account(number, budget, who, wall_s)
            before = _share(budget, account)
            account.usd += usd
            account.tokens += tokens
            after = _share(budget, account)
            name = who.name(budget.scope)
            whose = f"the budget of {budget.scope} '{name}'" if name else "the budget"
            if before < 1 <= after:
                warnings.append(BudgetNews("budget_spent", f"{whose} {_time(budget)} is spent"))
            elif before < LOW <= after < 1:
                warnings.append(BudgetNews("budget_low", f"{100 * LOW:.0f} % of {whose} {_time(budget)} is spent"))
        return warnings

    def rung(self, who: Spender, wall_s: float) -> int:
        """How many backends of a row may not be asked any more: 0, 1, or ``AUTHORED_ONLY``."""
        rung = 0
        for number, budget in enumerate(self.budgets):
            share = _share(budget, self._account(number, budget, who, wall_s))
            rung = max(rung, 0 if share < 1 else 1 if share < 1 + budget.overdraft else AUTHORED_ONLY)
        return rung

    def status(self, wall_s: float, session: str) -> list[dict[str, Any]]:
        """What may be spent and what was, for ``stats``; of sessions only this one."""
        rows: list[dict[str, Any]] = []
        for (number, name), account in self._accounts.items():
            budget = self.budgets[number]
            if account.window != budget.window(wall_s) or (budget.scope == "session" and name != session):
                continue
            row: dict[str, Any] = {"scope": budget.scope, "name": name, "per": budget.per}
            if budget.usd is not None:
                row |= {"limit_usd": budget.usd, "spent_usd": round(account.usd, 6)}
            if budget.tokens is not None:
                row |= {"limit_tokens": budget.tokens, "spent_tokens": account.tokens}
            rows.append(row)
        return rows

    def state(self) -> State:
        """What ``restore`` goes on from, after the bridge was started anew; what it belongs to is told by the limits themselves."""
        accounts = [
            {"budget": _mark(self.budgets[number]), "name": name, "window": each.window, "usd": each.usd, "tokens": each.tokens}
            for (number, name), each in self._accounts.items()
        ]
        return {"accounts": accounts}

    def restore(self, state: State) -> None:
        """Go on from what was spent before. What is damaged, or belongs to a budget that is no more, is left out."""
        numbers = {_mark(budget): number for number, budget in enumerate(self.budgets)}
        try:
            kept = _Kept.model_validate(state)
        except ValidationError:
            return
        for each in kept.accounts:
            if each.budget in numbers:
                self._accounts[numbers[each.budget], each.name] = Account(each.window, each.usd, each.tokens)

    def _account(self, number: int, budget: BudgetSettings, who: Spender, wall_s: float) -> Account:
        key, window = (number, who.name(budget.scope)), budget.window(wall_s)
        account = self._accounts.get(key)
        if account is None:
            if len(self._accounts) >= MAX_ACCOUNTS:
                self._let_go(wall_s)
            account = self._accounts[key] = Account(window)
        elif account.window < window:
            account.window, account.usd, account.tokens = window, 0.0, 0
        else:
            account.window = window  # a clock that was set back: the hour is another, what was spent is not
        return account

    def _let_go(self, wall_s: float) -> None:
        """Forget accounts whose time is over, and the oldest if there are none."""
        over = [key for key, each in self._accounts.items() if each.window < self.budgets[key[0]].window(wall_s)]
        for key in over or list(self._accounts)[: MAX_ACCOUNTS // 10]:
            del self._accounts[key]


class _KeptAccount(BaseModel):
    budget: str
    name: str
    window: int
    usd: float = Field(ge=0, allow_inf_nan=False)
    tokens: int = Field(ge=0)


class _Kept(BaseModel):
    accounts: list[_KeptAccount] = []


def _share(budget: BudgetSettings, account: Account) -> float:
    """Which part of the budget is spent: of that limit which is nearer."""
    return max(account.usd / budget.usd if budget.usd else 0.0, account.tokens / budget.tokens if budget.tokens else 0.0)


def _mark(budget: BudgetSettings) -> str:
    """What tells a budget apart from others when the settings were edited. A limit may be raised without a new account."""
    return f"{budget.scope}/{budget.per}/{'usd' if budget.usd else ''}/{'tokens' if budget.tokens else ''}"


def _time(budget: BudgetSettings) -> str:
    return {"hour": "of this hour", "day": "of this day", "ever": "for good"}[budget.per]


# ── the meter ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Counts:
    """What a session, a character or a player has used."""

    turns: int = 0
    fallbacks: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0

    def add(self, ended: dict[str, Any]) -> None:
        """Count a turn by its ``turn_ended``."""
        self.turns += 1
        self.fallbacks += ended["reason"] == "fallback"
        self.prompt_tokens += ended.get("prompt_tokens") or 0
        self.cached_tokens += ended.get("cached_tokens") or 0
        self.completion_tokens += ended.get("completion_tokens") or 0
        self.cost_usd += ended.get("cost_usd") or 0.0

    def row(self) -> dict[str, Any]:
        counts = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return counts | {"cost_usd": round(self.cost_usd, 6)}


@dataclass(slots=True)
class Meter:
    """What one session has used, in all and by character and player."""

    session: Counts = field(default_factory=Counts)
    characters: dict[str, Counts] = field(default_factory=dict)
    players: dict[str, Counts] = field(default_factory=dict)

    def add(self, who: Spender, ended: dict[str, Any]) -> None:
        self.session.add(ended)
        self.characters.setdefault(who.character, Counts()).add(ended)
        self.players.setdefault(who.player, Counts()).add(ended)

    def rows(self) -> dict[str, Any]:
        """The part of ``stats`` that is about use."""
        return {
            "session": self.session.row(),
            "characters": [{"character": name} | counts.row() for name, counts in self.characters.items()],
            "players": [{"player": name} | counts.row() for name, counts in self.players.items()],
        }

    def state(self) -> State:
        """See ``snapshot.Kept``."""
        if not self.session.turns:
            return {}
        by = {"characters": self.characters, "players": self.players}
        return {"session": self.session.row()} | {kind: {name: each.row() for name, each in counts.items()} for kind, counts in by.items()}

    def restore(self, state: State) -> None:
        """See ``snapshot.Kept``. Money that was spent stays spent: a loaded game takes nothing back."""
        try:
            kept = _KeptMeter.model_validate(state)
        except ValidationError:
            return
        self.session = _larger(self.session, kept.session)
        for mine, theirs in ((self.characters, kept.characters), (self.players, kept.players)):
            for name, counts in theirs.items():
                mine[name] = _larger(mine.get(name, Counts()), counts)


class _KeptMeter(BaseModel):
    session: Counts = Field(default_factory=Counts)
    characters: dict[str, Counts] = {}
    players: dict[str, Counts] = {}


def _larger(one: Counts, other: Counts) -> Counts:
    return one if one.turns >= other.turns else other
