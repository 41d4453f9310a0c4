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


@dataclass(frozen=True, slots=True)
class ModelLimits:
    """What one model takes and gives, in tokens of its own."""

    context_tokens: int
    max_input_tokens: int
    max_output_tokens: int


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


@dataclass(frozen=True, slots=True)
class Finished:
    """The last thing a reply yields. A stream that ends without one was cut."""

    reason: Literal["stop", "length"]
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    completion_tokens: int | None = None


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
