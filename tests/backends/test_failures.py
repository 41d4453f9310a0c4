"""What a server says went wrong is one of our errors, and none of its words are repeated."""

from __future__ import annotations

from typing import Any

import pytest

from npc_bridge.backends.failures import TemplateRefused, code_and_message, error_body, failure
from npc_bridge.backends.profiles import find_profile
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

TABLE: list[tuple[int, str, type[BackendError], bool]] = [
    # Model Studio: compatible and native codes
    (400, "invalid_parameter_error", BackendRefused, False),
    (400, "InvalidParameter", BackendRefused, False),
    (400, "data_inspection_failed", Moderated, False),
    (400, "DataInspectionFailed", Moderated, False),
    (400, "Arrearage", OutOfCredit, False),
    (401, "invalid_api_key", BadKey, False),
    (401, "InvalidApiKey", BadKey, False),
    (403, "access_denied", BadKey, False),
    (403, "AccessDenied.Unpurchased", BadKey, False),
    (403, "Model.AccessDenied", BadKey, False),
    (403, "AllocationQuota.FreeTierOnly", OutOfCredit, False),
    (403, "insufficient_quota", OutOfCredit, False),
    (404, "model_not_found", ModelNotFound, False),
    (404, "model_not_supported", ModelNotFound, False),
    (429, "limit_requests", BackendOverloaded, True),
    (429, "limit_burst_rate", BackendOverloaded, True),
    (429, "insufficient_quota", BackendOverloaded, True),
    (429, "Throttling.RateQuota", BackendOverloaded, True),
    (429, "Throttling.AllocationQuota", BackendOverloaded, True),
    (429, "Throttling", BackendOverloaded, True),
    (500, "internal_error", BackendOverloaded, True),
    (500, "RequestTimeOut", BackendTimeout, True),
    (500, "ModelServingError", BackendOverloaded, True),
    (503, "ModelUnavailable", BackendOverloaded, True),
    # others
    (400, "context_length_exceeded", PromptTooLong, False),
    (400, "exceed_context_size_error", PromptTooLong, False),
    (302, "", ModelNotFound, False),
    (402, "", OutOfCredit, False),
    (404, "", ModelNotFound, False),
    (413, "", PromptTooLong, False),
    (418, "", BackendRefused, False),
    (422, "", BackendRefused, False),
    (429, "", BackendOverloaded, True),
    (502, "", BackendOverloaded, True),
    (503, "unavailable_error", BackendOverloaded, True),
    (504, "", BackendTimeout, True),
    (0, "", BackendOverloaded, True),
    (0, "data_inspection_failed", Moderated, False),
]


@pytest.mark.parametrize(("status", "code", "error", "retry"), TABLE)
def test_every_code_is_one_of_our_errors(status: int, code: str, error: type[BackendError], retry: bool) -> None:
    special = find_profile("model_studio").errors
    raised = failure("server", status, code, "", special=special)
    assert isinstance(raised, error)
    assert (raised.code, raised.retry) == (error.code, retry)


def test_the_same_code_can_mean_something_else_at_another_server() -> None:
    assert type(failure("openai", 429, "insufficient_quota", "", special=find_profile("openai").errors)) is OutOfCredit


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("This model's maximum context length is 4096 tokens.", PromptTooLong),
        ("the request exceeds the available context size, try increasing it", PromptTooLong),
        ("Range of input length should be [1, 30000]", PromptTooLong),
        ("Conversation roles must alternate user/assistant/user/assistant/...", TemplateRefused),
        ("System message must be at the beginning.", TemplateRefused),
        ("System role not supported", TemplateRefused),
        ("Cannot have 2 or more assistant messages at the end of the list.", TemplateRefused),
        ("I did not like it", BackendRefused),
    ],
)
def test_some_errors_are_known_by_their_words_only(message: str, error: type[BackendError]) -> None:
    assert type(failure("server", 400, "invalid_request_error", message)) is error


def test_an_error_names_the_server_and_the_code_and_repeats_nothing_else() -> None:
    told = str(failure("server", 400, "invalid_parameter_error", "you said: open sesame"))
    assert told == "server (HTTP 400, invalid_parameter_error): the request is wrong for this server"
    assert str(failure("server", 0, "open sesame!", "")) == "server (in mid-reply): it is overloaded; try again later"


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ({"error": {"code": "c", "message": "m", "type": "t"}}, ("c", "m")),
        ({"error": {"code": 400, "message": "m", "type": "t"}}, ("t", "m")),
        ({"error": {"code": None, "message": None, "type": None}}, ("", "")),
        ({"code": "c", "message": "m", "request_id": "r"}, ("c", "m")),
        ({"error": "no such model"}, ("", "no such model")),
        ({"detail": "Not Found"}, ("", "")),
        ("oops", ("", "oops")),
        ([1], ("", "[1]")),
        (None, ("", "None")),
    ],
)
def test_every_envelope_is_read(said: Any, read: tuple[str, str]) -> None:
    assert code_and_message(said) == read


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (b'{"error": 1}', {"error": 1}),
        (b'data: {"error": 1}\n\n', {"error": 1}),
        (b'id:1\nevent:error\n:HTTP_STATUS/400\ndata:{"code": "x"}\n\n', {"code": "x"}),
        (b"<html>", "<html>"),
        (b"\xff", "\ufffd"),
        (b"", ""),
    ],
)
def test_the_body_of_an_error_is_read_however_it_is_framed(raw: bytes, body: Any) -> None:
    assert error_body(raw) == body
