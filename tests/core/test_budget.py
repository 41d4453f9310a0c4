"""Budgets: when the game is warned, which backends are left, and what a clock that is set back does not do."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from npc_bridge.core.budget import AUTHORED_ONLY, BudgetSettings, Meter, Purse, Spender

ADA = Spender(session="s1", player="Ada", character="brom")
BOB = Spender(session="s2", player="Bob", character="brom")
HOUR, DAY = 3_600.0, 86_400.0


def purse(**budget: Any) -> Purse:
    return Purse([BudgetSettings(**budget)])


def spend(each: Purse, usd: float, who: Spender = ADA, at: float = 0.0, tokens: int = 0) -> list[str]:
    return [news.code for news in each.spend(who, usd=usd, tokens=tokens, wall_s=at)]


def test_the_game_is_warned_once_at_80_percent_and_once_when_it_is_spent() -> None:
    each = purse(scope="player", usd=1.0)
    assert [spend(each, 0.5), spend(each, 0.3), spend(each, 0.1), spend(each, 0.2), spend(each, 0.2)] == [
        [],
        ["budget_low"],
        [],
        ["budget_spent"],
        [],
    ]


def test_a_turn_that_takes_a_budget_from_little_to_all_says_only_that_it_is_spent() -> None:
    assert spend(purse(usd=1.0), 5.0) == ["budget_spent"]


def test_a_warning_names_whose_budget_it_is() -> None:
    [news] = purse(scope="player", usd=1.0, per="hour").spend(ADA, usd=0.9, tokens=0, wall_s=0.0)
    assert news.message == "80 % of the budget of player 'Ada' of this hour is spent"


def test_a_spent_budget_leads_to_the_next_backend_and_then_to_authored_lines() -> None:
    each = purse(scope="player", usd=1.0, overdraft=0.5)
    rungs = []
    for _ in range(4):
        rungs.append(each.rung(ADA, 0.0))
        spend(each, 0.5)
    assert [*rungs, each.rung(ADA, 0.0)] == [0, 0, 1, AUTHORED_ONLY, AUTHORED_ONLY]
    assert each.rung(BOB, 0.0) == 0


def test_tokens_count_as_money_does() -> None:
    each = purse(tokens=1_000)
    assert spend(each, 0.0, tokens=800) == ["budget_low"]
    spend(each, 0.0, tokens=200)
    assert each.rung(ADA, 0.0) == 1


@pytest.mark.parametrize(
    ("scope", "shared"),
    [("all", True), ("character", True), ("player", False), ("session", False)],
)
def test_an_account_is_shared_by_those_whose_name_is_the_same(scope: Any, shared: bool) -> None:
    each = purse(scope=scope, usd=1.0)
    spend(each, 1.0, ADA)
    assert (each.rung(BOB, 0.0) == 1) is shared


@pytest.mark.parametrize(("per", "length_s"), [("hour", HOUR), ("day", DAY)])
def test_the_next_hour_or_day_fills_it_again(per: Any, length_s: float) -> None:
    each = purse(per=per, usd=1.0)
    spend(each, 2.0, at=length_s - 1)
    assert each.rung(ADA, length_s - 1) == AUTHORED_ONLY
    assert each.rung(ADA, length_s) == 0
    assert spend(each, 0.8, at=length_s) == ["budget_low"]


def test_what_is_for_good_is_never_filled_again() -> None:
    each = purse(per="ever", usd=1.0)
    spend(each, 1.0)
    assert each.rung(ADA, 1e10) == 1


def test_a_day_begins_when_the_game_says() -> None:
    each = purse(usd=1.0, day_begins_h=4)
    spend(each, 1.0, at=3 * HOUR)
    assert each.rung(ADA, 4 * HOUR - 1) == 1
    assert each.rung(ADA, 4 * HOUR) == 0


def test_a_clock_that_is_set_back_refills_nothing_and_the_next_day_does() -> None:
    each = purse(usd=1.0)
    spend(each, 1.0, at=10 * DAY)
    assert each.rung(ADA, 9 * DAY) == 1
    assert each.rung(ADA, 3 * DAY) == 1
    assert each.rung(ADA, 4 * DAY) == 0


def test_what_was_spent_outlives_the_bridge_and_a_raised_limit() -> None:
    before = purse(scope="player", usd=1.0)
    spend(before, 1.0, at=DAY)
    after = purse(scope="player", usd=2.0)
    after.restore(before.state())
    assert after.rung(ADA, DAY) == 0
    spend(after, 1.0, at=DAY)
    assert after.rung(ADA, DAY) == 1


def test_damaged_accounts_are_left_out() -> None:
    each = purse(usd=1.0)
    for state in ({"accounts": [{"budget": 1}]}, {"accounts": "x"}, {"accounts": [], "more": 1}):
        each.restore(state)
    assert each.rung(ADA, 0.0) == 0


def test_the_status_tells_limits_and_what_is_spent_but_not_of_other_sessions() -> None:
    each = Purse([BudgetSettings(scope="session", usd=1.0, tokens=10), BudgetSettings(scope="player", per="hour", usd=2.0)])
    for who in (ADA, BOB):
        each.spend(who, usd=0.25, tokens=3, wall_s=0.0)
    assert each.status(0.0, "s1") == [
        {"scope": "session", "name": "s1", "per": "day", "limit_usd": 1.0, "spent_usd": 0.25, "limit_tokens": 10, "spent_tokens": 3},
        {"scope": "player", "name": "Ada", "per": "hour", "limit_usd": 2.0, "spent_usd": 0.25},
        {"scope": "player", "name": "Bob", "per": "hour", "limit_usd": 2.0, "spent_usd": 0.25},
    ]
    assert [row["scope"] for row in each.status(HOUR, "s1")] == ["session"]


def test_a_budget_without_a_limit_is_refused() -> None:
    with pytest.raises(ValidationError, match="without a limit"):
        BudgetSettings(scope="player")


ENDED = {"reason": "stop", "prompt_tokens": 100, "cached_tokens": 80, "completion_tokens": 10, "cost_usd": 0.01}


def test_the_meter_counts_by_character_and_player() -> None:
    meter = Meter()
    meter.add(ADA, ENDED)
    meter.add(BOB, {"reason": "fallback"})
    rows = meter.rows()
    assert rows["session"] == {
        "turns": 2,
        "fallbacks": 1,
        "prompt_tokens": 100,
        "cached_tokens": 80,
        "completion_tokens": 10,
        "cost_usd": 0.01,
    }
    assert [(row["character"], row["turns"]) for row in rows["characters"]] == [("brom", 2)]
    assert [(row["player"], row["cost_usd"]) for row in rows["players"]] == [("Ada", 0.01), ("Bob", 0.0)]


def test_a_loaded_game_gives_no_money_back_and_a_new_bridge_forgets_none() -> None:
    meter, new = Meter(), Meter()
    assert meter.state() == {}
    meter.add(ADA, ENDED)
    saved = meter.state()
    meter.add(ADA, ENDED)
    new.restore(meter.state())
    meter.restore(saved)
    assert meter.session.cost_usd == new.session.cost_usd == pytest.approx(0.02)
    meter.restore({})
    assert meter.session.turns == 2
