"""What the stand-in model server says: an ``Answer`` in the frames of the real ones, and everything that can go wrong with them."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from typing import Any

from fake_rules import MODEL


@dataclass(frozen=True)
class Answer:
    """What the server says to one request, and how it goes wrong."""

    text: str = "(waves) Good evening, traveller."
    others: tuple[str, ...] = ()
    """What the other candidates say; otherwise the same with their number in front."""
    chunk_chars: int = 6
    finish: str = "stop"
    finishes: tuple[str, ...] = ()
    """Of each candidate, when they differ."""
    reasoning: str = ""
    """Comes before the text, in ``reasoning_content``."""
    usage: str = "details"
    """Where cached tokens stand: in ``details``, at the ``top`` level, in ``neither``; or ``none`` for no usage at all."""
    usage_place: str = "after"
    """A frame ``after`` the finish reason, ``with`` it, or one ``before`` it."""
    memory_tokens: int | None = None
    summary: tuple[int, int, int] | None = None
    """Input, output and cached tokens of the server's last summary."""
    line_end: str = "\n"
    data_prefix: str = "data: "
    comments: bool = False
    multi_line: bool = False
    done: bool = True
    echo_prefix: bool = False
    """Begin with the text of the trailing assistant message, as llama.cpp does now and then."""
    bytes_per_write: int = 0
    """0: one write for each frame; -1: everything at once."""
    status: int = 200
    body: bytes = b""
    """What comes instead of frames; always with another ``status`` than 200."""
    headers: tuple[tuple[str, str], ...] = ()
    fault: str = ""
    """``hang_up``, ``silent``, ``plain``; or after ``fault_after`` text frames ``cut``, ``end``, ``malformed``, ``strange``,
    ``moderated``, ``overloaded``, ``throttled``, ``stall``; or at the end ``linger``: the stream stays open."""
    fault_after: int = 2


class Cut(Exception):
    """The stream is dropped here."""


def whole(body: dict[str, Any], answer: Answer, *, is_native: bool) -> dict[str, Any]:
    """The answer to a request without a stream."""
    choices = [
        {"index": index, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
        for index, (text, finish) in enumerate(_texts(body, answer))
    ]
    usage = _usage(body, answer)
    if is_native:
        return {"output": {"choices": choices}, "usage": _native_usage(usage), "request_id": "r-1"}
    return {"id": "c-1", "object": "chat.completion", "created": 1, "model": MODEL, "choices": choices, "usage": usage}


def frames(body: dict[str, Any], answer: Answer) -> Iterator[bytes | None]:
    """The frames of the OpenAI-compatible protocol; ``None`` where the server hangs."""
    usage = _usage(body, answer) if body.get("stream_options", {}).get("include_usage") else None
    texts = _texts(body, answer)
    for index in range(len(texts)):
        yield _frame(answer, {"role": "assistant", "content": ""}, index)
    yield _frame(answer, {"content": None, "reasoning_content": answer.reasoning} if answer.reasoning else {"content": None})
    for count, (index, piece) in enumerate(_interleaved([text for text, _ in texts], answer.chunk_chars)):
        if answer.fault and count == answer.fault_after and (frame := _faulty(answer)) != b"":
            yield frame
            if answer.fault != "malformed":
                return
        yield _frame(answer, {"content": piece}, index)
    if usage and answer.usage_place == "before":
        yield _frame(answer, None, usage=usage)
    for index, (_, finish) in enumerate(texts):
        yield _frame(answer, {}, index, finish=finish, usage=usage if answer.usage_place == "with" else None)
    if usage and answer.usage_place == "after":
        yield _frame(answer, None, usage=usage)
    if answer.done:
        yield _event(answer, "[DONE]")
    if answer.fault == "linger":
        yield None


def native_frames(body: dict[str, Any], answer: Answer) -> Iterator[bytes | None]:
    """The frames of DashScope's own protocol, which carry the usage so far and end without ``[DONE]``."""
    usage, texts, number = _usage(body, answer), _texts(body, answer), 0
    incremental = body["parameters"].get("incremental_output", False)
    so_far = [""] * len(texts)
    for index, piece in _interleaved([text for text, _ in texts], answer.chunk_chars):
        if answer.fault and number == answer.fault_after and (frame := _native_fault(answer, number)) != b"":
            yield frame
            return
        so_far[index] += piece
        number += 1
        counted = _native_usage({**usage, "completion_tokens": sum(map(len, so_far))})
        yield _native_frame(number, index, piece if incremental else so_far[index], "null", counted)
    for index, (_, finish) in enumerate(texts):
        number += 1
        yield _native_frame(number, index, "" if incremental else so_far[index], finish, _native_usage(usage))
    if answer.fault == "linger":
        yield None


async def cut_into(pieces: Iterator[bytes | None], size: int) -> AsyncGenerator[bytes | None, None]:
    """The same bytes in pieces of ``size``."""
    if not size:
        for piece in pieces:
            yield piece
        return
    everything = bytearray()
    hangs = False
    for piece in pieces:
        hangs = piece is None
        everything += piece or b""
    step = len(everything) if size < 0 else size
    for at in range(0, len(everything), step):
        yield bytes(everything[at : at + step])
    if hangs:
        yield None


def _messages(body: dict[str, Any]) -> list[dict[str, Any]]:
    return body["messages"] if "messages" in body else body["input"]["messages"]


def _texts(body: dict[str, Any], answer: Answer) -> list[tuple[str, str]]:
    """What each candidate says and how it ends."""
    n = body.get("parameters", body).get("n", 1)
    last = _messages(body)[-1]
    echo = last["content"] if answer.echo_prefix and last["role"] == "assistant" else ""
    texts = [echo + answer.text, *answer.others[: n - 1]]
    texts += [f"{index}. {answer.text}" for index in range(len(texts), n)]
    return [(text, answer.finishes[index] if index < len(answer.finishes) else answer.finish) for index, text in enumerate(texts)]


def _interleaved(texts: list[str], step: int) -> Iterator[tuple[int, str]]:
    for at in range(0, max(map(len, texts)), step):
        for index, text in enumerate(texts):
            if at < len(text):
                yield index, text[at : at + step]


def _usage(body: dict[str, Any], answer: Answer) -> dict[str, Any]:
    if answer.usage == "none":
        return {}
    prompt = sum(len(message["content"]) for message in _messages(body))
    completion = sum(len(text) for text, _ in _texts(body, answer))
    usage: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    details: dict[str, Any] = {"cached_tokens": prompt // 2} if answer.usage == "details" else {}
    if answer.usage == "top":
        usage["cached_tokens"] = prompt // 2
    if answer.memory_tokens is not None:
        details["current_memory_tokens"] = answer.memory_tokens
    if answer.summary is not None:
        read, written, cached = answer.summary
        details["summary_memory_usage"] = {
            "input_tokens": read,
            "output_tokens": written,
            "prompt_tokens_details": {"cached_tokens": cached},
            "total_tokens": read + written,
        }
    return usage | ({"prompt_tokens_details": details} if details else {})


def _native_usage(usage: dict[str, Any]) -> dict[str, Any]:
    names = {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens"}
    return {names.get(name, name): value for name, value in usage.items()}


def _frame(
    answer: Answer, delta: dict[str, Any] | None, index: int = 0, *, finish: str | None = None, usage: dict[str, Any] | None = None
) -> bytes:
    choices = [] if delta is None else [{"index": index, "delta": delta, "finish_reason": finish, "logprobs": None}]
    body = {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": MODEL, "choices": choices, "usage": usage or None}
    return _event(answer, json.dumps(body, ensure_ascii=False))


def _event(answer: Answer, data: str) -> bytes:
    lines = data.replace(', "choices"', ',\n"choices"').split("\n") if answer.multi_line else [data]
    comment = [": keep-alive"] if answer.comments else []
    return (answer.line_end.join([*comment, *(answer.data_prefix + line for line in lines)]) + answer.line_end * 2).encode()


def _native_frame(number: int, index: int, text: str, finish: str, usage: dict[str, Any]) -> bytes:
    choice = {"message": {"content": text, "role": "assistant"}, "index": index, "finish_reason": finish}
    data = json.dumps({"output": {"choices": [choice]}, "usage": usage, "request_id": "r-1"}, ensure_ascii=False)
    return f"id:{number}\nevent:result\n:HTTP_STATUS/200\ndata:{data}\n\n".encode()


def _native_error(number: int, status: int, code: str, message: str) -> bytes:
    data = json.dumps({"code": code, "message": message, "request_id": "r-1"})
    return f"id:{number}\nevent:error\n:HTTP_STATUS/{status}\ndata:{data}\n\n".encode()


def _native_fault(answer: Answer, number: int) -> bytes | None:
    match answer.fault:
        case "moderated":
            return _native_error(number, 400, "DataInspectionFailed", "Output data may contain inappropriate content.")
        case "overloaded":
            return _native_error(number, 500, "ModelServingError", "oops")
        case "throttled":
            return _native_error(number, 429, "Throttling.RateQuota", "Requests rate limit exceeded, please try again later.")
        case "malformed":
            return b'id:9\nevent:result\n:HTTP_STATUS/200\ndata:{"output": {"choices": [{"mess\n\n'
        case "strange":
            return b'id:9\nevent:result\n:HTTP_STATUS/200\ndata:{"output": {"choices": "what?"}}\n\n'
    return _faulty(answer)


def _faulty(answer: Answer) -> bytes | None:
    """The frame that goes wrong; ``None`` to hang, empty when this fault comes elsewhere."""
    match answer.fault:
        case "cut":
            raise Cut
        case "end":
            return b": the end\n\n"
        case "malformed":
            return _event(answer, '{"choices": [{"delta": {"content": "Good')
        case "strange":
            return _event(answer, '{"choices": ["what?"]}')
        case "moderated":
            error = {"code": "data_inspection_failed", "message": "Output data may contain inappropriate content.", "type": "x"}
            return _event(answer, json.dumps({"error": error, "request_id": "r-1"}))
        case "overloaded":
            return _event(answer, json.dumps({"error": {"code": 500, "message": "oops", "type": "server_error"}}))
        case "throttled":
            return _event(answer, json.dumps({"error": {"code": "limit_requests", "message": "slow down", "type": "limit_requests"}}))
        case "stall":
            return None
    return b""
