"""Long-term memory at the model: asks for the summary of older lines while nobody waits, and tells a server that remembers by itself what
is new to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing

from npc_bridge.backends import Backend, ChatMessage, ChatRequest, ServerMemory
from npc_bridge.core.conversation import Conversation
from npc_bridge.core.summary import MAX_SUMMARY_TOKENS, Job, shortened_summary, summary_messages

MIN_SERVER_ENTRIES = 20


def server_memory(talk: Conversation, messages: Sequence[ChatMessage]) -> ServerMemory | None:
    """What a model server that remembers is told beside these messages, for a character whose memory it keeps."""
    settings = talk.character.memory
    if settings.where != "server":
        return None
    known = len(talk.history.lines) - talk.memory.new_lines(talk.history)
    return ServerMemory(
        profile=messages[0]["content"],
        new=len(messages) - 1 - 2 * len(talk.character.examples) - known,
        entries=max(MIN_SERVER_ENTRIES, settings.entries),
        skip_save_types=settings.skip,
    )


async def summarise(talk: Conversation, job: Job, backend: Backend) -> tuple[str, int]:
    """Return the new summary, and how many of the job's lines are in it. Raises ``BackendError``."""
    limits = backend.limits
    max_tokens = min(MAX_SUMMARY_TOKENS, limits.max_output_tokens, limits.context_tokens // 4)
    budget = min(limits.max_input_tokens, limits.context_tokens - max_tokens)
    messages, count = summary_messages(talk, job, budget, backend.estimate_tokens)
    request = ChatRequest(
        messages=messages,
        sampling={"max_tokens": max_tokens, "temperature": 0.3},
        language=talk.language,
        conversation=f"{talk.id}/summary",
        priority="summary",
    )
    async with aclosing(backend.stream(request)) as pieces:
        text = "".join([piece async for piece in pieces if isinstance(piece, str)])
    return shortened_summary(text, backend.estimate_tokens), count
