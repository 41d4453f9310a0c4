"""What the stand-in model server accepts: the rules of the real ones, as strict as they are. How servers differ is a ``Dialect``."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

KEY = "sk-fake-0123456789abcdef"
MODEL = "fake-model"
SESSION_HEADER = "x-dashscope-aca-session"

Problem = tuple[int, str, str]
"""HTTP status, code and message."""

_INTEGERS = {"top_k", "seed", "max_tokens", "max_completion_tokens", "n"}
_RANGES: dict[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "top_k": (0, 1000),
    "min_p": (0, 1),
    "repetition_penalty": (0.01, 10),
    "repeat_penalty": (0.01, 10),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
    "seed": (0, 2**31 - 1),
    "max_tokens": (1, 100_000),
    "max_completion_tokens": (1, 100_000),
    "n": (1, 4),
}
_COMMON = frozenset({"model", "messages", "stream", "stream_options", "stop", "temperature", "top_p", "max_tokens", "presence_penalty"})
_SKIP_TYPES = {"system", "user", "assistant", "output"}


@dataclass(frozen=True)
class Dialect:
    """What one kind of server accepts."""

    late_system: bool = True
    system: bool = True
    """Whether there may be a system message at all."""
    assistant_first: bool = True
    same_role: bool = True
    prefill: str = "none"
    """``none``: a trailing assistant message is refused; ``plain``; ``partial`` or ``prefix`` in the message; ``flags`` in the body."""
    parameters: frozenset[str] = _COMMON
    n: Literal["yes", "ignored", "refused"] = "refused"
    slots: int = 4
    """More replies at once than this are refused."""
    protocol: Literal["openai", "dashscope"] = "openai"
    open_ends: bool = False
    """Whether temperature may be 2 and top_p 0."""
    key: str = KEY


_CHARACTER = _COMMON | {"top_k", "repetition_penalty", "seed", "n", "logit_bias", "character_options"}

DIALECTS: dict[str, Dialect] = {
    "model_studio": Dialect(prefill="partial", parameters=_CHARACTER, n="yes"),
    "model_studio_native": Dialect(prefill="partial", parameters=_CHARACTER, n="yes", protocol="dashscope"),
    "openai": Dialect(
        parameters=_COMMON - {"max_tokens"} | {"seed", "frequency_penalty", "max_completion_tokens", "n", "logit_bias"},
        n="yes",
        open_ends=True,
    ),
    "deepseek": Dialect(prefill="prefix", parameters=_COMMON | {"frequency_penalty"}, open_ends=True),
    "llamacpp": Dialect(
        prefill="flags",
        parameters=_COMMON
        | {"top_k", "min_p", "repeat_penalty", "frequency_penalty", "seed", "grammar", "n", "logit_bias", "cache_prompt"},
        n="yes",
        open_ends=True,
    ),
    "vllm": Dialect(
        prefill="flags",
        parameters=_COMMON
        | {"top_k", "min_p", "repetition_penalty", "frequency_penalty", "seed", "n", "logit_bias", "structured_outputs", "guided_grammar"},
        n="yes",
        open_ends=True,
    ),
    "ollama": Dialect(
        prefill="plain", parameters=_COMMON | {"seed", "frequency_penalty", "n", "logit_bias"}, n="ignored", key="", open_ends=True
    ),
    "lm_studio": Dialect(
        prefill="plain",
        parameters=_COMMON | {"top_k", "repeat_penalty", "frequency_penalty", "seed", "logit_bias"},
        key="",
        open_ends=True,
    ),
    "generic": Dialect(parameters=_COMMON | {"seed", "frequency_penalty"}, key="", open_ends=True),
    "strict_template": Dialect(
        late_system=False,
        assistant_first=False,
        same_role=False,
        prefill="flags",
        parameters=_COMMON | {"top_k", "repeat_penalty", "seed", "grammar"},
        key="",
    ),
    # Gemma's: no system message at all.
    "bare_template": Dialect(
        late_system=False,
        system=False,
        assistant_first=False,
        same_role=False,
        prefill="flags",
        parameters=_COMMON | {"top_k", "repeat_penalty", "seed", "grammar"},
        key="",
    ),
}


def problem_of(body: dict[str, Any], headers: dict[str, str], dialect: Dialect) -> Problem | None:
    """What is wrong with a request, as the real servers see it. A body of the native protocol is given in the form of the other one."""
    flags = {"continue_final_message", "add_generation_prompt"} if dialect.prefill == "flags" else set()
    if unknown := set(body) - dialect.parameters - flags:
        return _wrong(f"unknown parameters: {sorted(unknown)}")
    if body.get("model") != MODEL:
        return 404, "model_not_found", f"The model {body.get('model')!r} does not exist."
    if not isinstance(body.get("stream"), bool):
        return _wrong("stream must be true or false")
    if "stream_options" in body and not body["stream"]:
        return _wrong("'stream_options' may only be set when stream is true")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return _wrong("messages must be a list that is not empty")
    for problem in (
        _problem_of_numbers(body, dialect),
        _problem_of_bias(body.get("logit_bias", {})),
        _problem_of_memory(body.get("character_options"), headers),
        _problem_of_messages(messages, body, dialect),
    ):
        if problem:
            return _wrong(problem)
    return None


def flat(body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any] | Problem:
    """The same request of the native protocol in the form of the other one, or what is wrong with it."""
    if set(body) != {"model", "input", "parameters"} or not isinstance(body["parameters"], dict) or set(body["input"]) != {"messages"}:
        return 400, "InvalidParameter", "the body must hold model, input with messages, and parameters"
    parameters = dict(body["parameters"])
    if parameters.pop("result_format", "text") != "message":
        return 400, "InvalidParameter", "this stand-in only knows result_format message"
    incremental = parameters.pop("incremental_output", False)
    is_stream = headers.get("x-dashscope-sse") == "enable"
    if not isinstance(incremental, bool) or (incremental and not is_stream):
        return 400, "InvalidParameter", "incremental_output is for streams"
    return {"model": body["model"], "messages": body["input"]["messages"], "stream": is_stream, **parameters}


def _wrong(message: str) -> Problem:
    return 400, "invalid_parameter_error", message


def _problem_of_numbers(body: dict[str, Any], dialect: Dialect) -> str:
    for name, (low, high) in _RANGES.items():
        if name not in body:
            continue
        value = body[name]
        if isinstance(value, bool) or not isinstance(value, int if name in _INTEGERS else int | float) or not low <= value <= high:
            return f"{name} must be in [{low}, {high}]"
        if not dialect.open_ends and ((name == "temperature" and value == 2) or (name == "top_p" and value == 0)):
            return f"{name} may not be {value}"
    if body.get("n", 1) > dialect.slots:
        return "n_cmpl cannot be greater than the number of slots, please increase -np"
    return "n is not supported" if body.get("n", 1) > 1 and dialect.n == "refused" else ""


def _problem_of_bias(bias: Any) -> str:
    if not isinstance(bias, dict):
        return "logit_bias must be a map"
    for token, value in bias.items():
        if not isinstance(token, str) or not token.isdigit() or not isinstance(value, int | float) or not -100 <= value <= 100:
            return "logit_bias maps token ids as strings to numbers from -100 to 100"
    return ""


def _problem_of_memory(options: Any, headers: dict[str, str]) -> str:
    if options is None:
        return ""
    if not isinstance(options, dict) or set(options) != {"profile", "memory"} or not isinstance(options["profile"], str):
        return "character_options holds profile and memory"
    memory = options["memory"]
    if not options["profile"] or not isinstance(memory, dict) or memory.get("enable_long_term_memory") is not True:
        return "long-term memory needs a profile and has to be enabled"
    if not set(memory) <= {"enable_long_term_memory", "memory_entries", "skip_save_types"}:
        return "memory has unknown fields"
    if not isinstance(memory.get("memory_entries", 200), int) or not 20 <= memory.get("memory_entries", 200) <= 400:
        return "memory_entries must be in [20, 400]"
    if not isinstance(memory.get("skip_save_types", []), list) or not set(memory.get("skip_save_types", [])) <= _SKIP_TYPES:
        return f"skip_save_types must be some of {sorted(_SKIP_TYPES)}"
    return "" if headers.get(SESSION_HEADER) else f"long-term memory needs the header {SESSION_HEADER}"


def _problem_of_messages(messages: list[dict[str, Any]], body: dict[str, Any], dialect: Dialect) -> str:
    for at, message in enumerate(messages):
        if not set(message) <= {"role", "content", "partial", "prefix"} or message.get("role") not in ("system", "user", "assistant"):
            return f"messages[{at}] is wrong"
        if not isinstance(message.get("content"), str) or not message["content"]:
            return f"messages[{at}].content must be a string that is not empty"
        if {"partial", "prefix"} & set(message) and (at != len(messages) - 1 or dialect.prefill not in message):
            return f"messages[{at}] may not be partial"
        if message["role"] == "system" and not dialect.system:
            return "System role not supported"
        if at and message["role"] == "system" and not dialect.late_system:
            return "System message must be at the beginning."
    spoken = [message["role"] for message in messages if message["role"] != "system"]
    if not dialect.assistant_first and spoken[:1] == ["assistant"]:
        return "Conversation roles must alternate user/assistant/user/assistant/..."
    if not dialect.same_role and any(one == other for one, other in pairwise(spoken)):
        return "Conversation roles must alternate user/assistant/user/assistant/..."
    flags = body.get("continue_final_message") is True and body.get("add_generation_prompt") is False
    if messages[-1]["role"] == "assistant":
        accepted = {"plain": True, "flags": flags, "none": False}.get(dialect.prefill, messages[-1].get(dialect.prefill) is True)
        return "" if accepted else "the last message may not be from the assistant"
    return "continue_final_message needs a last message from the assistant" if flags else ""
