"""The only door to model servers: what a turn asks of one, and what comes back.

How servers differ is data (``profiles.toml``). The embedded model is the same client on a child process of ours, and the
scripted one recites; so tests and the demo without a model go through the very door that a real conversation uses.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

ChatMessage: TypeAlias = dict[str, str]
"""``{"role": "system" | "user" | "assistant", "content": text}``, in the order the model reads them."""

Priority: TypeAlias = Literal["say", "addressed", "npc", "summary"]
"""Who goes first when a server takes so many requests a second: an answer to a player's line, an NPC that was addressed in a group, an
NPC that answers another, a summary that nobody waits for."""


@dataclass(frozen=True, slots=True)
class ModelLimits:
    """What one model takes and gives, in tokens of its own."""

    context_tokens: int
    max_input_tokens: int
    max_output_tokens: int


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for a million tokens."""

    input_usd: float
    output_usd: float
    cached_usd: float
    """For those of the prompt that the server had in its cache."""

    def cost_usd(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0) -> float:
        """What one reply costs; cached tokens are a part of those of the prompt."""
        fresh = max(0, prompt_tokens - cached_tokens)
        return (fresh * self.input_usd + cached_tokens * self.cached_usd + completion_tokens * self.output_usd) / 1e6


@dataclass(frozen=True, slots=True)
class ServerMemory:
    """Long-term memory that the model server keeps by the conversation's id. A backend without any sends all the messages instead."""

    profile: str
    """The persona. It takes the place of the first ``system`` message."""
    new: int
    """How many messages at the end of ``messages`` the server does not know yet: all that came after the last reply which it made and
    which was kept as it was, notes and the beginning of the reply included."""
    entries: int = 200
    """After how many messages it makes a summary; a server takes the nearest number that it knows, 20 to 400."""
    skip_save_types: tuple[Literal["system", "user", "assistant", "output"], ...] = ()
    """What of this request it does not keep; ``output`` is the reply."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One reply, asked for."""

    messages: list[ChatMessage]
    sampling: dict[str, Any] = field(default_factory=dict)
    """Parameters by their OpenAI names (``temperature``, ``max_tokens``, ``seed``, ``top_k``, …); a server that does not know one
    is not sent it."""
    actions: tuple[str, ...] = ()
    """Declared actions as the model should write them, for servers that can hold it to them by grammar; empty: write freely."""
    language: str = "en"
    max_sentences: int = 0
    """Upper limit for servers with a grammar; 0: none."""
    conversation: str = ""
    """Stable id of the conversation, for servers that cache by it."""
    no_actions: bool = False
    """Whether the model may not write parentheses. Servers help as far as they can; whoever shows the reply filters it all the same."""
    memory: ServerMemory | None = None
    priority: Priority = "say"
    deadline_s: float | None = None
    """Within how many seconds there has to be text: a server that is busy is not asked again later than this. None: a few tries."""
    choice: int = 0
    """Which of several replies to the same messages this is, from 0; see ``candidates.py``."""
    rung: int = 0
    """Of several backends in a row: the first that may be asked; a budget that is spent leaves the dearer ones out."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The last thing a reply yields. A stream that ends without one was cut."""

    reason: Literal["stop", "length"]
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    """What the reply cost, a summary that the server made meanwhile included; None: the model's prices are not known."""
    memory_tokens: int | None = None
    """How many of ``prompt_tokens`` were the server's own memory."""
    summary_tokens: int | None = None
    """How many tokens the server used for a new summary, told once."""


class Backend(Protocol):
    """One model server with one model."""

    @property
    def name(self) -> str:
        """What players of the command line see: ``embedded``, ``ollama``, …"""

    @property
    def model(self) -> str: ...

    @property
    def limits(self) -> ModelLimits: ...

    def stream(self, request: ChatRequest) -> AsyncGenerator[str | Finished, None]:
        """Yield the reply's text in pieces, as they arrive, and last one ``Finished``.

        What came in one read from the network comes out as one piece. Reasoning is left out. Closing the generator early stops the
        generation at the server. Raises ``BackendError``, also in the middle of a reply; a cut stream is ``BackendLost``.
        """

    def estimate_tokens(self, text: str) -> int:
        """About how many tokens this text costs; rather too many than too few."""

    async def warm_up(self) -> None:
        """Load what takes a while, so that the first reply need not wait for it; without it the first reply does.

        The embedded backend loads its model, and raises ``BackendError`` when that fails.
        """

    @property
    def reads_ahead(self) -> bool:
        """Whether ``read_ahead`` does anything: making a prompt that nobody reads costs a tenth of a turn."""

    async def read_ahead(self, request: ChatRequest) -> None:
        """Let the model read a conversation while nobody waits, so that its next reply begins sooner.

        Only the embedded model does; anywhere else it would cost money, or another's turn. Cancelling it is cheap. Raises ``BackendError``.
        """

    async def close(self) -> None: ...
