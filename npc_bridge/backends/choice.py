"""Which backend the settings ask for."""

from __future__ import annotations

import os
from pathlib import Path

from npc_bridge.backends import Backend
from npc_bridge.backends.embedded import INSTALL, Embedded, Progress, is_available
from npc_bridge.backends.exchange import Timeouts
from npc_bridge.backends.model_server import ModelServer
from npc_bridge.backends.profiles import Profile, find_profile
from npc_bridge.backends.row import Row
from npc_bridge.backends.scripted import Script, Scripted, load_script
from npc_bridge.backends.settings import BackendSettings
from npc_bridge.errors import BadSettings

HOW_TO_CHOOSE = (
    "Choose one with --backend: model_studio (a key in DASHSCOPE_API_KEY), ollama, lm_studio, llamacpp, vllm, openai, deepseek, "
    "or any other OpenAI-compatible server with --backend generic --base-url URL --model NAME."
)


def make_backend(settings: BackendSettings, *, on_progress: Progress | None = None) -> Backend:
    """Return the backend that the settings ask for, without connecting to it; the embedded one when they ask for none.

    With ``then`` it is a ``Row``. Reads the key file and the script. Raises ``BadSettings`` or ``FileProblem`` with what to do.
    """
    first = _one(settings, on_progress)
    if not settings.then:
        return first
    if deeper := next((each for each in settings.then if each.then), None):
        raise BadSettings(f"'then' of {deeper.profile or 'a backend'!r} stands inside of another 'then': put all of them into one list")
    others = [_one(each.model_copy(update={"profiles": {**settings.profiles, **each.profiles}}), on_progress) for each in settings.then]
    return Row([first, *others], open_after=settings.open_after, probe_after_s=settings.probe_after_s)


def _one(settings: BackendSettings, on_progress: Progress | None) -> Backend:
    timeouts = Timeouts(settings.connect_timeout_s, settings.first_text_timeout_s, settings.idle_timeout_s)
    match settings.profile:
        case "scripted":
            return Scripted(load_script(Path(settings.script)) if settings.script else Script())
        case "" if settings.base_url:
            return _server(find_profile("generic", settings.profiles), settings, timeouts)
        case "" if not is_available(settings.model_file):
            raise BadSettings(f"no model is chosen, and the embedded one is not installed. {INSTALL}\n{HOW_TO_CHOOSE}")
        case "" | "embedded":
            return Embedded(
                model_file=settings.model_file,
                context_tokens=settings.context_tokens,
                threads=settings.threads,
                slots=settings.slots,
                timeouts=timeouts,
                on_progress=on_progress,
            )
        case name:
            return _server(find_profile(name, settings.profiles), settings, timeouts)


def _server(profile: Profile, settings: BackendSettings, timeouts: Timeouts) -> ModelServer:
    if not (settings.model or profile.model):
        raise BadSettings(f"profile {profile.name!r} has no model of its own: name one that the server offers with --model")
    if settings.stream is not None:
        profile = profile.model_copy(update={"stream": settings.stream})
    if settings.context_tokens:
        profile = profile.model_copy(update={"context_tokens": settings.context_tokens, "models": ()})
    return ModelServer(profile, model=settings.model, base_url=settings.base_url, api_key=_key(profile, settings), timeouts=timeouts)


def _key(profile: Profile, settings: BackendSettings) -> str:
    """The key, from the file or the environment; its value is never part of an error."""
    if settings.key_file:
        try:
            key = Path(settings.key_file).read_text(encoding="utf-8-sig").strip()
        except (OSError, UnicodeDecodeError) as problem:
            raise BadSettings(f"the key file {settings.key_file} cannot be read ({type(problem).__name__})") from None
        where = f"the key file {settings.key_file}"
    else:
        variable = settings.api_key_env or profile.key_env
        key = os.environ.get(variable, "").strip() if variable else ""
        where = f"the environment variable {variable}"
        if not key:
            if profile.key_optional and not settings.api_key_env:
                return ""
            raise BadSettings(f"{profile.label} wants a key: put it into {where}, or into a file that key_file names")
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise BadSettings(f"{where} does not hold a key: one line of letters, digits and signs was expected")
    return key
