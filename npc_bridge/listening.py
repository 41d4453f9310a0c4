"""Asks the backends of a turn, one after the other, until one has words; the NPC says them as they come.

A backend that fails, or has nothing to say in time, makes room for the next. A model that steps out of its role is asked once more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from npc_bridge.backends import Backend, Finished
from npc_bridge.backends.row import Row, Rung
from npc_bridge.candidates import Replies
from npc_bridge.core.again import seed_of
from npc_bridge.core.conversation import Turn
from npc_bridge.core.manner import OUT_OF_CHARACTER
from npc_bridge.delivery import Reply
from npc_bridge.errors import BackendError, BackendLost, BackendTimeout, BackendUnreachable, BudgetSpent, Moderated, OutOfCharacter
from npc_bridge.patience import Patience

Ask = Callable[[Backend], AsyncGenerator[str | Finished, None]]
"""Asks one backend for the turn's reply."""


async def listen(turn: Turn, backend: Backend, reply: Reply | Replies, patience: Patience, ask: Ask) -> Finished | BackendError:
    """Let the first backend that has words give the reply; return how it ended. Which one that was is in ``turn.backend``."""
    end: Finished | BackendError = BackendUnreachable("every backend of the row has just failed; they are tried again later")
    if turn.situation:
        return Moderated("what was said is not talked about here")
    if isinstance(backend, Row) and turn.rung >= len(backend.rungs) and not turn.line:
        return BudgetSpent("a budget is spent, and no cheaper backend is left")
    rungs = [Rung(backend, 0)] if turn.line or not isinstance(backend, Row) else backend.usable(backend.clock(), turn.rung)
    now = backend.clock if isinstance(backend, Row) else asyncio.get_running_loop().time
    for rung in rungs:
        end = await _listen_to(rung, reply, patience, ask, now, is_last=rung is rungs[-1])
        if isinstance(end, OutOfCharacter) and not reply.has_words:
            reply.hear_again()
            turn.seed = seed_of(turn.conversation.id, turn.id)
            end = await _listen_to(rung, reply, patience, ask, now, is_last=True)
        if isinstance(end, Finished | Moderated) or reply.has_words:
            if isinstance(backend, Row) and not turn.line:
                turn.backend = rung.backend.name
            break
    if isinstance(end, Moderated) and not reply.has_words:
        turn.situation = "refusal"
        if not reply.offence:  # the server refused; whether the prompt or its own words, it does not say
            turn.conversation.strike_out()
    return end


async def _listen_to(
    rung: Rung, reply: Reply | Replies, patience: Patience, ask: Ask, now: Callable[[], float], *, is_last: bool
) -> Finished | BackendError:
    """Listen to one backend, and let its breaker know how it went."""
    end: Finished | BackendError = BackendLost("the model's stream ended before the reply did")
    rung.began(now())
    try:
        async with patience.for_text(is_last=is_last), aclosing(ask(rung.backend)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Finished):
                    end = piece
                    continue
                patience.heard()
                reply.hear(piece)
                if reply.is_over:
                    end = Finished("stop")
                    break
    except TimeoutError:
        end = BackendTimeout("the model took too long to begin")
    except BackendError as error:
        end = error
    except asyncio.CancelledError:
        if patience.has_run_out:
            rung.failed(BackendTimeout("the model took too long to reply"), now())
        raise
    if isinstance(end, BackendError):
        rung.failed(end, now())
        return end
    rung.succeeded(now())
    reply.hear_end()
    return _offence(reply) or end


def _offence(reply: Reply | Replies) -> BackendError | None:
    """What was wrong with a reply that came whole."""
    if reply.offence:
        return (
            OutOfCharacter("the model stepped out of its role")
            if reply.offence == OUT_OF_CHARACTER
            else Moderated("the NPC may not say that")
        )
    if reply.is_empty:
        return OutOfCharacter("nothing of the reply could be shown") if reply.is_heard else BackendLost("the model's reply was empty")
    return None
