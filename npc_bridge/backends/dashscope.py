"""DashScope's own protocol: the same request in another form. Its answers are read in ``reply.py`` with all others.

What OpenAI's form keeps side by side is nested here: messages in ``input``, everything else in ``parameters``. Without
``incremental_output`` each frame would repeat the whole text; errors come as frames too, and no ``[DONE]`` ends the stream.
"""

from __future__ import annotations

from typing import Any

from npc_bridge.backends.profiles import Profile

PATH = "/services/aigc/text-generation/generation"
_ELSEWHERE = ("model", "messages", "stream", "stream_options")


def native_body(flat: dict[str, Any]) -> dict[str, Any]:
    """Put a body in OpenAI's form into DashScope's."""
    parameters: dict[str, Any] = {"result_format": "message"}
    if flat["stream"]:
        parameters["incremental_output"] = True
    parameters |= {name: value for name, value in flat.items() if name not in _ELSEWHERE}
    return {"model": flat["model"], "input": {"messages": flat["messages"]}, "parameters": parameters}


def native_headers(profile: Profile) -> dict[str, str]:
    """What asks for a stream: it is not part of the body."""
    return {"X-DashScope-SSE": "enable"} if profile.stream else {}
