"""The rare calls, made with the ``openai`` package: which models a server offers, and whether the key is good."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from npc_bridge.backends.failures import code_and_message, failure
from npc_bridge.backends.profiles import Profile
from npc_bridge.errors import BackendError, BackendLost, BackendTimeout, BackendUnreachable

if TYPE_CHECKING:
    from openai import AsyncOpenAI


async def model_names(profile: Profile, base_url: str, api_key: str, timeout_s: float) -> list[str]:
    """Return the names of the models, sorted. Raises ``BackendError``."""
    client = await asyncio.to_thread(_client, base_url, api_key, timeout_s)
    try:
        return sorted([model.id async for model in client.models.list()])
    except Exception as problem:
        translated = _translated(problem, profile, base_url, timeout_s)
        if translated is None:
            raise
        raise translated from None
    finally:
        await client.close()


def _client(base_url: str, api_key: str, timeout_s: float) -> AsyncOpenAI:
    # Importing the package takes up to a second, and building a client reads certificates: both are for a thread.
    from openai import AsyncOpenAI

    # Everything it would otherwise take from OPENAI_* in the environment is given.
    return AsyncOpenAI(base_url=base_url, api_key=api_key or "none", organization="", project="", timeout=timeout_s, max_retries=0)


def _translated(problem: Exception, profile: Profile, base_url: str, timeout_s: float) -> BackendError | None:
    import openai

    match problem:
        case openai.APITimeoutError():
            return BackendTimeout(f"{profile.name}: no answer within {timeout_s:g} s")
        case openai.APIStatusError():
            code, message = code_and_message(_body(problem))
            return failure(profile.name, problem.status_code, code, message, special=profile.errors)
        case openai.APIConnectionError():
            return BackendUnreachable(f"{profile.name}: nothing answers at {base_url}. {profile.hint}".rstrip())
        case openai.OpenAIError() | ValueError() | AttributeError() | TypeError():
            return BackendLost(f"{profile.name}: the list of models has another form than expected ({type(problem).__name__})")
    return None


def _body(problem: Any) -> Any:
    return problem.body if problem.body is not None else ""
