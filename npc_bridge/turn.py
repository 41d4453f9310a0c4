"""One turn, top to bottom: what happened in the game becomes a note, the model is asked, its reply becomes text and cues.

This is the file to read first. Nothing else in the bridge makes an NPC speak.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from functools import partial

from npc_bridge.backends import Backend, ChatRequest, Finished
from npc_bridge.candidates import Replies, ask_for_several
from npc_bridge.core.board import Note
from npc_bridge.core.conversation import Conversation, Turn
from npc_bridge.core.exits import mark_of
from npc_bridge.core.messages import TurnReason
from npc_bridge.core.prompt import build_prompt
from npc_bridge.delivery import Clock, Reply, Tell
from npc_bridge.errors import BackendTimeout
from npc_bridge.listening import listen
from npc_bridge.patience import Patience
from npc_bridge.remembering import server_memory


async def run_turn(turn: Turn, backend: Backend, tell: Tell, clock: Clock, scope: asyncio.Timeout) -> None:
    """Carry one NPC reply from its cause to ``turn_ended``, whatever happens to the model on the way.

    ``scope`` bounds the model's time; rescheduling it to now interrupts the turn. Only cancelling the task (the game is gone) ends a
    turn without ``turn_ended``; the conversation is then as if the turn had failed.
    """
    talk, reply = turn.conversation, (Reply if turn.n == 1 else Replies)(turn, tell, clock)
    turn.note = talk.take_note(turn, backend.estimate_tokens)
    tell(turn.started())
    try:
        async with scope:
            with Patience(turn, reply, tell, clock, scope) as patience:
                end = await listen(turn, backend, reply, patience, partial(ask, turn))
    except TimeoutError:
        end = BackendTimeout("the model took too long to reply")

    if reply.has_whole and not isinstance(end, Finished):
        end = Finished("stop")  # one of several replies is there to choose
    reason: TurnReason = "interrupted" if turn.is_interrupted else end.reason if isinstance(end, Finished) else "failed"
    if reason in ("stop", "length"):
        reply.close()
    elif reason == "failed" and reply.has_words:
        reply.trail_off()
    elif reason == "failed" and not turn.is_follow_up:
        reason, turn.backend = "fallback", "authored"
        reply.add_instead(talk.fallback_line(turn))
        talk.owes_follow_up = patience.has_run_out and talk.character.patience.late == "follow_up"
        reply.close()
    turn.offers = reply.offers
    talk.conclude(turn, reply.raw, reason, reply.chars)
    tell(reply.ended(reason, end))


def ask(turn: Turn, backend: Backend) -> AsyncGenerator[str | Finished, None]:
    """The reply in pieces, the last one ``Finished``: an authored line, or the model's answer."""
    if turn.line:
        return recite(turn.line)
    deadline_ms = 0 if turn.is_follow_up else turn.conversation.character.patience.deadline_ms
    request = replace(
        request_for(turn.conversation, turn.note, backend, goes_on=turn.first_cause == "continue", seed=turn.seed),
        priority=turn.priority,
        deadline_s=deadline_ms / 1000 if deadline_ms else None,
        rung=turn.rung,
    )
    return backend.stream(request) if turn.n == 1 else ask_for_several(backend, request, turn.n)


def request_for(talk: Conversation, note: Note | None, backend: Backend, *, goes_on: bool = False, seed: int | None = None) -> ChatRequest:
    """What the model is asked: the conversation so far within its limits, with the note in its place."""
    style, sampling, limits = talk.character.style, talk.character.sampling, backend.limits
    max_tokens = min(sampling.max_tokens or limits.max_output_tokens, limits.max_output_tokens, limits.context_tokens // 4)
    actions, exits, first = talk.index.spoken(talk.language), talk.open_exits(), talk.history.first
    build = partial(
        build_prompt,
        talk.character,
        talk.history,
        note,
        player=talk.player,
        actions=actions,
        language=talk.language,
        budget_tokens=min(limits.max_input_tokens, limits.context_tokens - max_tokens),
        estimate=backend.estimate_tokens,
        goes_on=goes_on,
        circle=talk.circle,
        memory=talk.memory,
        exits=exits,
    )
    messages = build(known=talk.known())
    if talk.history.first != first:  # lines were cut off: what has become known moves into the persona, which is new anyway
        messages = build(known=talk.known())
    return ChatRequest(
        messages=messages,
        sampling=sampling.parameters() | {"max_tokens": max_tokens} | ({} if seed is None else {"seed": seed}),
        actions=(*actions, *map(mark_of, exits)) if style.actions == "listed" else (),
        language=talk.language,
        max_sentences=style.max_sentences,
        conversation=talk.id,
        no_actions=style.actions == "off",
        memory=server_memory(talk, messages),
    )


async def recite(line: str) -> AsyncGenerator[str | Finished, None]:
    """An authored line as a model would say it."""
    yield line
    yield Finished("stop")
