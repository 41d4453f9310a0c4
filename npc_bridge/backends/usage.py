"""How many tokens a reply took, in whichever form a server reports it, and what that cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from npc_bridge.backends import Finished, Price


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens; None: the server did not say."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    memory_tokens: int | None = None
    """Of the prompt: what the server itself remembered."""
    summary: Usage | None = None
    """What its last summary took. It says so again with every reply until there is a new one."""

    @classmethod
    def of(cls, told: object) -> Usage:
        """Read OpenAI's names and DashScope's; what is strange is not known."""
        if not isinstance(told, dict):
            return cls()
        details = told.get("prompt_tokens_details")
        if not isinstance(details, dict):
            details = {}
        cached = details.get("cached_tokens")
        summary = details.get("summary_memory_usage") or told.get("summary_memory_usage")
        return cls(
            prompt_tokens=_count(told.get("prompt_tokens", told.get("input_tokens"))),
            completion_tokens=_count(told.get("completion_tokens", told.get("output_tokens"))),
            cached_tokens=_count(told.get("cached_tokens") if cached is None else cached),
            memory_tokens=_count(details.get("current_memory_tokens")),
            summary=cls.of(summary) if summary else None,
        )

    def finished(self, reason: Literal["stop", "length"], price: Price | None = None, new_summary: Usage | None = None) -> Finished:
        """The end of a reply that took this much; ``new_summary`` was made meanwhile and is counted with it."""
        return Finished(
            reason,
            prompt_tokens=self.prompt_tokens,
            cached_tokens=self.cached_tokens,
            completion_tokens=self.completion_tokens,
            cost_usd=None if price is None else self._cost_usd(price, new_summary),
            memory_tokens=self.memory_tokens,
            summary_tokens=None if new_summary is None else (new_summary.prompt_tokens or 0) + (new_summary.completion_tokens or 0),
        )

    def _cost_usd(self, price: Price, new_summary: Usage | None) -> float | None:
        if self.prompt_tokens is None or self.completion_tokens is None:
            return None
        cost = price.cost_usd(self.prompt_tokens, self.completion_tokens, self.cached_tokens or 0)
        return cost + ((new_summary._cost_usd(price, None) or 0.0) if new_summary else 0.0)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
