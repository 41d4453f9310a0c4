"""From what a model server says went wrong to one of our errors. Never repeats the server's own words: they may hold the prompt."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from npc_bridge.errors import (
    BackendError,
    BackendOverloaded,
    BackendRefused,
    BackendTimeout,
    BadKey,
    ModelNotFound,
    Moderated,
    OutOfCredit,
    PromptTooLong,
)


class TemplateRefused(BackendRefused):
    """The model's chat template does not take this order of roles; another shape may do."""


class ServerTimeout(BackendTimeout):
    """The server itself took too long, and said so."""


class Throttled(BackendOverloaded):
    """The server counts requests, and this was one too many: no other may follow at once either."""


_BY_CODE: dict[str, type[BackendError]] = {
    "invalidparameter": BackendRefused,
    "invalidparametererror": BackendRefused,
    "invalidrequesterror": BackendRefused,
    "datainspectionfailed": Moderated,
    "contentfilter": Moderated,
    "contentpolicyviolation": Moderated,
    "arrearage": OutOfCredit,
    "insufficientquota": OutOfCredit,
    "insufficientbalance": OutOfCredit,
    "allocationquotafreetieronly": OutOfCredit,
    "billinghardlimitreached": OutOfCredit,
    "invalidapikey": BadKey,
    "authenticationerror": BadKey,
    "accessdenied": BadKey,
    "accessdeniedunpurchased": BadKey,
    "modelaccessdenied": BadKey,
    "modelnotfound": ModelNotFound,
    "modelnotsupported": ModelNotFound,
    "contextlengthexceeded": PromptTooLong,
    "exceedcontextsizeerror": PromptTooLong,
    "limitrequests": BackendOverloaded,
    "limitburstrate": BackendOverloaded,
    "ratelimitexceeded": BackendOverloaded,
    "internalerror": BackendOverloaded,
    "servererror": BackendOverloaded,
    "modelservingerror": BackendOverloaded,
    "modelunavailable": BackendOverloaded,
    "unavailableerror": BackendOverloaded,
    "requesttimeout": ServerTimeout,
}
_BY_STATUS: dict[int, type[BackendError]] = {
    400: BackendRefused,
    401: BadKey,
    402: OutOfCredit,
    403: BadKey,
    404: ModelNotFound,
    408: ServerTimeout,
    413: PromptTooLong,
    422: BackendRefused,
    429: BackendOverloaded,
    504: ServerTimeout,
}
_OURS: dict[str, type[BackendError]] = {
    error.code: error
    for error in (BackendOverloaded, BackendRefused, BackendTimeout, BadKey, ModelNotFound, Moderated, OutOfCredit, PromptTooLong)
}
_TOO_LONG = re.compile(r"context (length|size|window)|maximum context|input length|prompt is too long|n_ctx", re.IGNORECASE)
_TEMPLATE = re.compile(
    r"roles must alternate|system (message|role)|(first|last) message must|jinja|chat.?template|assistant messages at the end",
    re.IGNORECASE,
)
_REMEDIES: dict[type[BackendError], str] = {
    BackendOverloaded: "it is overloaded; try again later",
    BackendRefused: "the request is wrong for this server",
    TemplateRefused: "the model's chat template does not take this order of messages",
    BackendTimeout: "it took too long",
    ServerTimeout: "it took too long",
    BadKey: "the key is missing, wrong, of another region, or not for this model",
    ModelNotFound: "it has no such model, or the base URL is wrong",
    Moderated: "its moderation stopped the reply",
    OutOfCredit: "the account has no credit left",
    PromptTooLong: "the prompt is longer than the model takes",
}


def failure(
    who: str, status: int, code: str, message: str, *, special: Mapping[str, str] = {}, retry_after_s: float | None = None
) -> BackendError:
    """Return the error for what the server named ``who`` said; ``status`` is 0 in the middle of a stream.

    ``special`` are the codes that mean something else at this server. ``message`` helps to tell errors apart and goes no further.
    """
    kind = _OURS.get(special.get(f"{status} {code}", "")) or _kind(status, code, message)
    said = ", ".join(part for part in (f"HTTP {status}" if status else "in mid-reply", _harmless(code)) if part)
    text = f"{who} ({said}): {_REMEDIES[kind]}"
    if kind is BackendOverloaded:
        is_counted = status == 429 or code.lower().startswith(("throttling", "limit_"))
        return (Throttled if is_counted else BackendOverloaded)(text, retry_after_s)
    return kind(text)


def _kind(status: int, code: str, message: str) -> type[BackendError]:
    if status in (0, 400, 500) and _TOO_LONG.search(message):
        return PromptTooLong
    if status in (400, 500) and _TEMPLATE.search(message):
        return TemplateRefused
    plain = re.sub(r"[^a-z]", "", code.lower())
    if plain.startswith("throttling") or (status == 429 and plain not in _BY_CODE):
        return BackendOverloaded
    if plain in _BY_CODE:
        return _BY_CODE[plain]
    if 300 <= status < 400:
        return ModelNotFound  # redirects are not followed: they would carry the key elsewhere
    if status == 0 or status >= 500:
        return _BY_STATUS.get(status, BackendOverloaded)
    return _BY_STATUS.get(status, BackendRefused)


def code_and_message(said: Any) -> tuple[str, str]:
    """Read an error envelope: OpenAI's ``{"error": {…}}``, DashScope's ``{"code", "message"}``, a bare string, or anything else."""
    if isinstance(said, dict):
        inner = said.get("error", said)
        if isinstance(inner, dict):
            code = inner.get("code")
            if not isinstance(code, str) or not code:
                # llama.cpp puts the HTTP status there, and its own word into the type.
                code = inner.get("type") or inner.get("status") or ""
            return str(code), str(inner.get("message") or "")
        return "", str(inner)
    return "", str(said)


def error_body(raw: bytes) -> Any:
    """Decode the body of an error reply; DashScope frames some as events although it labels them JSON."""
    text = raw.decode("utf-8", "replace").strip()
    if not text.startswith(("{", "[", '"')):
        text = "".join(line[5:] for line in text.splitlines() if line.startswith("data:")) or text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _harmless(code: str) -> str:
    """A code is a word; whatever else a server puts there stays out of our texts."""
    return code if re.fullmatch(r"[A-Za-z][\w.\-]{0,63}", code) else ""
