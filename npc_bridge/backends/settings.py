"""What a user can set about the model server; where the settings come from is ``config.py``'s business."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class BackendSettings(BaseModel):
    """Which model speaks, and where it is. All empty: the embedded model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: str = ""
    """``embedded``, ``scripted``, or a server: ``model_studio``, ``openai``, ``llamacpp``, ``ollama``, ``vllm``, ``lm_studio``,
    ``deepseek``, ``generic``, or one of ``profiles``."""
    model: str = ""
    """The model's name at the server. Empty: the profile's own."""
    base_url: str = ""
    """Where the server is, up to ``/v1``. Empty: the profile's own."""
    api_key_env: str = ""
    """Name of the environment variable that holds the key. Empty: the profile's own."""
    key_file: str = ""
    """A file that holds the key and nothing else; comes before the environment variable."""

    stream: bool | None = None
    """Whether a reply comes piece by piece. Nothing: as the profile says, which for all of them is yes."""

    connect_timeout_s: float = Field(default=5.0, gt=0)
    first_text_timeout_s: float = Field(default=60.0, gt=0)
    """How long a server may think before the first piece of a reply."""
    idle_timeout_s: float = Field(default=20.0, gt=0)
    """How long it may pause in the middle of one."""

    model_file: str = ""
    """For ``embedded``: a GGUF file. Empty: the small model that comes with the extra ``local``."""
    context_tokens: int = Field(default=0, ge=0)
    """How many tokens a prompt and its reply may have together. 0: what is known about the model."""
    threads: int = Field(default=0, ge=0, le=256)
    """For ``embedded``: how many processor cores it may use. 0: half of them, at most four."""
    slots: int = Field(default=2, ge=1, le=64)
    """For ``embedded``: how many NPCs can speak at the same time, and keep their prompts in the cache."""

    script: str = ""
    """For ``scripted``: the TOML file with the lines to recite."""

    then: tuple[BackendSettings, ...] = ()
    """Who is asked when this one fails, one after the other: a smaller model, the embedded one. They know this one's ``profiles``."""
    open_after: int = Field(default=3, ge=1, le=100)
    """With ``then``: after how many failures in a row a backend is left alone for a while."""
    probe_after_s: float = Field(default=15.0, gt=0)
    """With ``then``: after how long it is tried again; each try that fails doubles it, up to five minutes."""

    profiles: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Further profiles by name, in the form of ``profiles.toml``; ``like`` names the one that they start from."""
