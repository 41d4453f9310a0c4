"""How model servers differ, as data: reads ``profiles.toml`` and the profiles that a user adds. Holds no behaviour of any
server."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from npc_bridge.backends import ModelLimits
from npc_bridge.errors import BadSettings

LateSystem: TypeAlias = Literal["keep", "user", "merge_next", "bracket", "merge_first"]
Prefill: TypeAlias = Literal["none", "plain", "partial", "prefix", "continue_flags"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Shape(_Part):
    """What the messages have to look like."""

    late_system: LateSystem = "keep"
    """What becomes of a ``system`` message that is not the first: it stays; is said by the user; goes in front of the next user message,
    as a paragraph or as one line in square brackets; or goes behind the first system message."""
    prefill: Prefill = "none"
    """How a server is told to go on from a trailing ``assistant`` message: not at all; by itself; by ``partial`` or ``prefix`` in
    the message; or by two flags in the body."""
    assistant_first: bool = True
    """Whether an ``assistant`` message may come before any user message."""
    merge_same_role: bool = False
    """Whether runs of one role have to be one message."""

    system: bool = True
    """Whether there may be a ``system`` message at all; otherwise the user says what it says."""

    def stricter(self, than: Shape) -> Shape | None:
        """The next shape to try for a template that refuses ``than``: roles that alternate, then without ``system``, then none."""
        strict = Shape(late_system="merge_next", prefill=self.prefill, assistant_first=False, merge_same_role=True)
        bare = strict.model_copy(update={"system": False})
        return None if than == bare else bare if than == strict else strict


class Model(_Part):
    """One model at a server. Prices are dollars for a million tokens; absent: not known."""

    name: str
    context_tokens: int = Field(gt=0)
    max_input_tokens: int = Field(gt=0)
    max_output_tokens: int = Field(gt=0)
    input_price: float | None = Field(default=None, ge=0)
    output_price: float | None = Field(default=None, ge=0)
    cached_price: float | None = Field(default=None, ge=0)
    server_memory: bool | None = None
    """Whether the server can remember for this model, if that is not as the profile says."""
    starts_thinking: bool | None = None
    """Whether its template opens ``<think>`` in the prompt, so that its replies begin inside and only the closing tag comes. Absent: it is
    found out, unless the server keeps thinking apart anyway."""

    @property
    def limits(self) -> ModelLimits:
        return ModelLimits(self.context_tokens, self.max_input_tokens, self.max_output_tokens)


class Profile(Shape):
    """One kind of server."""

    name: str
    label: str
    base_url: str
    protocol: Literal["openai", "dashscope"] = "openai"
    """Which form requests and answers have."""
    stream: bool = True
    """Whether a reply comes piece by piece; if not, the player waits for all of it."""
    key_env: str = ""
    key_optional: bool = False
    model: str = ""
    """Which model speaks when the settings name none. Empty: it has to be named."""
    hint: str = ""
    """What to check when the server cannot be reached."""
    n: Literal["native", "repeat"] = "repeat"
    """Several candidates by one request, or by as many requests."""
    logit_bias: Literal["none", "qwen", "other"] = "none"
    """Whose token ids the server's ``logit_bias`` takes; ``other``: the model's own, which are not known here."""
    session_header: str = ""
    """Header that names the conversation, for servers that cache by it."""
    server_memory: bool = False
    """Whether it can remember conversations by itself."""
    separate_thinking: bool = False
    """Whether it is sure to send what a model thinks in a field of its own."""
    template_decides: bool = False
    """Whether each model comes with a chat template of its own, which may refuse what another takes; stricter shapes are tried then."""
    grammar: Literal["none", "gbnf", "vllm", "vllm_guided"] = "none"
    """Under which name it takes a grammar; ``vllm_guided`` is vLLM's before version 0.11."""
    short_sentences: bool = False
    """Whether the grammar also holds the model to few short sentences, which a very small one needs and a big one only suffers from."""
    ask_usage: bool = True
    """Whether usage has to be asked for with ``stream_options``."""
    keep_alive: bool = True
    """Whether a connection may be used again."""
    concurrency: int = Field(default=0, ge=0)
    """How many replies of one key may be under way; others wait here, the most important first. 0: any number."""
    requests_per_s: float = Field(default=0.0, ge=0)
    """How many requests each model takes from one key. 0: no limit of the server is known."""
    context_tokens: int = Field(default=8192, gt=0)
    """For a model that is not listed."""
    defaults: dict[str, Any] = Field(default_factory=dict)
    """Sampling for requests that do not say, by the OpenAI names."""
    sampling: tuple[str, ...] = ()
    """Sampling parameters it takes, by their OpenAI names; others are left out."""
    renames: dict[str, str] = Field(default_factory=dict)
    """What it calls them, where that differs."""
    extra_body: dict[str, Any] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    """More for every request. Not for keys, which do not belong into a file of settings."""
    errors: dict[str, str] = Field(default_factory=dict)
    """Its error codes that mean something else here than elsewhere: ``"STATUS CODE"`` to a code of ours."""
    models: tuple[Model, ...] = ()

    def model_named(self, name: str) -> Model:
        """The model's limits and prices; careful ones for a model that is not listed."""
        for model in self.models:
            if model.name == name:
                return model
        reply = min(1024, self.context_tokens // 4)
        return Model(
            name=name,
            context_tokens=self.context_tokens,
            max_input_tokens=self.context_tokens - reply,
            max_output_tokens=reply,
        )


def load_profiles(more: dict[str, dict[str, Any]] | None = None) -> dict[str, Profile]:
    """Return all profiles by name: those of the package, and ``more``, which may replace them. Raises ``BadSettings``."""
    tables = {**_shipped(), **(more or {})}
    return {name: _profile(name, tables) for name in tables}


def find_profile(name: str, more: dict[str, dict[str, Any]] | None = None) -> Profile:
    tables = {**_shipped(), **(more or {})}
    if name not in tables:
        raise BadSettings(f"there is no profile {name!r}; there are: {', '.join(sorted([*tables, 'scripted']))}")
    return _profile(name, tables)


@cache
def _shipped() -> dict[str, dict[str, Any]]:
    return tomllib.loads(resources.files(__package__).joinpath("profiles.toml").read_text(encoding="utf-8"))


@cache
def parenthesis_tokens(vocabulary: str) -> tuple[int, ...]:
    """The tokens of a known vocabulary that hold parentheses; none of one that is not known."""
    tables = tomllib.loads(resources.files(__package__).joinpath("vocabularies.toml").read_text(encoding="utf-8"))
    return tuple(tables.get(vocabulary, {}).get("parentheses", ()))


def _profile(name: str, tables: dict[str, dict[str, Any]]) -> Profile:
    try:
        return Profile.model_validate({"label": name, **_inherited(name, tables, ()), "name": name})
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadSettings(f"profile {name!r}: {where}: {first['msg']}") from None


def _inherited(name: str, tables: dict[str, dict[str, Any]], seen: tuple[str, ...]) -> dict[str, Any]:
    if name in seen or name not in tables:
        raise BadSettings(
            f"profile {(seen or (name,))[0]!r}: 'like' leads to {name!r}, which " + ("leads back" if name in seen else "does not exist")
        )
    own = dict(tables[name])
    # A user's profile of a shipped one's name changes that one.
    base = own.pop("like", None)
    if base is None:
        return own
    if base == name and name in _shipped():
        return {**_inherited(name, _shipped(), ()), **own}
    return {**_inherited(base, tables, (*seen, name)), **own}
