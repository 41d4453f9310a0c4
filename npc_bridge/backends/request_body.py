"""What is sent to a model server for one request: the neutral form becomes that of the server, as its profile says.

The body is made flat, in OpenAI's form; ``dashscope.py`` puts the same into DashScope's own.
"""

from __future__ import annotations

import json
from typing import Any

from npc_bridge.backends import ChatMessage, ChatRequest, Price
from npc_bridge.backends.dashscope import native_body, native_headers
from npc_bridge.backends.profiles import Model, Profile, Shape, parenthesis_tokens
from npc_bridge.backends.shape import prefill_of, shape

BANNED = -100
FEWEST_ENTRIES, MOST_ENTRIES = 20, 400
"""What Model Studio's memory takes."""


def encoded_body(request: ChatRequest, profile: Profile, model: Model, to: Shape, n: int = 1) -> bytes:
    """The body of a request for ``n`` replies, as JSON."""
    body = flat_body(request, profile, model, to, n)
    if profile.protocol == "dashscope":
        body = native_body(body)
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


def flat_body(request: ChatRequest, profile: Profile, model: Model, to: Shape, n: int = 1) -> dict[str, Any]:
    body: dict[str, Any] = {"model": model.name, "messages": shape(messages_for(request, profile), to), "stream": profile.stream}
    if profile.stream and profile.ask_usage:
        body["stream_options"] = {"include_usage": True}
    for name, value in {**profile.defaults, **request.sampling}.items():
        if name in profile.sampling:
            body[profile.renames.get(name, name)] = min(value, model.max_output_tokens) if name == "max_tokens" else value
    if n > 1:
        body["n"] = n
    if profile.prefill == "continue_flags" and prefill_of(request.messages):
        body |= {"continue_final_message": True, "add_generation_prompt": False}
    if profile.server_memory and request.memory is not None:
        memory = request.memory
        entries = min(max(memory.entries, FEWEST_ENTRIES), MOST_ENTRIES)
        kept = {"enable_long_term_memory": True, "memory_entries": entries, "skip_save_types": list(memory.skip_save_types)}
        body["character_options"] = {"profile": memory.profile, "memory": kept}
    return body | profile.extra_body | _without_actions(request, profile) | _grammar(request, profile)


def messages_for(request: ChatRequest, profile: Profile) -> list[ChatMessage]:
    """The messages that are sent: only the new ones to a server that remembers the others."""
    if profile.server_memory and request.memory is not None:
        return request.messages[len(request.messages) - request.memory.new :]
    return request.messages


def sent_texts(request: ChatRequest, profile: Profile) -> list[str]:
    """All that the model will read of this request."""
    texts = [message["content"] for message in messages_for(request, profile)]
    return [*texts, request.memory.profile] if profile.server_memory and request.memory is not None else texts


def headers_for(request: ChatRequest, profile: Profile, api_key: str) -> dict[str, str]:
    # A compressed stream would be held back until a block of it is full.
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity", "User-Agent": "npc-bridge"}
    headers["Accept"] = "text/event-stream" if profile.stream else "application/json"
    if api_key:
        headers["Authorization"] = f"Bearer {api_key}"
    if profile.session_header and request.conversation:
        headers[profile.session_header] = request.conversation
    if profile.protocol == "dashscope":
        headers |= native_headers(profile)
    return headers | profile.headers


def price_of(model: Model) -> Price | None:
    """What the model costs, if both prices are known; cached input costs as much as other input unless it is said."""
    if model.input_price is None or model.output_price is None:
        return None
    return Price(model.input_price, model.output_price, model.input_price if model.cached_price is None else model.cached_price)


def _without_actions(request: ChatRequest, profile: Profile) -> dict[str, Any]:
    """Ban the tokens of parentheses where they are known. Many rarer ones hold a parenthesis too, so that some still come."""
    if not request.no_actions or profile.grammar != "none" or not (banned := parenthesis_tokens(profile.logit_bias)):
        return {}
    return {"logit_bias": {str(token): BANNED for token in banned}}


def _grammar(request: ChatRequest, profile: Profile) -> dict[str, Any]:
    sentences = request.max_sentences if profile.short_sentences else 0
    if profile.grammar == "none" or not (request.actions or request.no_actions or sentences):
        return {}
    from npc_bridge.backends.grammar import fresh_actions, reply_grammar

    actions = () if request.no_actions else request.actions
    if profile.short_sentences:
        actions = tuple(fresh_actions(actions, request.messages))  # a very small model would do the same thing in every reply
    grammar = reply_grammar(actions, sentences, request.language)
    match profile.grammar:
        case "vllm":
            return {"structured_outputs": {"grammar": grammar}}
        case "vllm_guided":
            return {"guided_grammar": grammar}
        case _:
            return {"grammar": grammar}
