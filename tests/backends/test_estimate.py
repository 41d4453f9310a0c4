"""The estimate of tokens is quick and steady; how near it comes is tested against the embedded model's own count."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_bridge.backends.estimate import estimate_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("   ", 0), ("Hi.", 3), ("blacksmith", 3), ("The rain in Spain.", 7), ("1066", 5), ("下雨了。", 6), ("\n\n", 3)],
)
def test_short_texts_cost_about_what_they_look_like(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


def test_a_wide_character_costs_what_the_model_makes_of_it() -> None:
    assert [estimate_tokens("下雨" * 50, per_wide=price) for price in (0.7, 1.0, 2.0)] == [70, 100, 200]


@given(st.text(max_size=200), st.text(max_size=200))
def test_a_longer_text_never_costs_less(text: str, more: str) -> None:
    assert estimate_tokens(text + "\n" + more) >= estimate_tokens(text)
