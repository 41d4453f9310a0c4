"""What can be set, and from where: defaults < ``npc-bridge.toml`` < environment < flags of the command line.

Every setting is described in ``docs/configuration.md``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from npc_bridge.backends.settings import BackendSettings
from npc_bridge.core.budget import BudgetSettings
from npc_bridge.core.codec import MAX_MESSAGE_BYTES
from npc_bridge.memory.settings import StorageSettings

DEFAULT_PORT = 8765
DEFAULT_FILE = Path("npc-bridge.toml")


class ServerSettings(BaseModel):
    """Where to listen, whom to let in, and how much each may ask for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(default=DEFAULT_PORT, ge=0, le=65535)
    """0: any free port; the ready line tells which."""
    token: str = Field(default="", repr=False)
    """What ``hello`` must carry. Required when other computers can connect."""
    allowed_origins: tuple[str, ...] = ()
    """Web pages that may connect, such as ``https://play.example.org``; none by default."""
    max_connections: int = Field(default=64, ge=1)
    max_messages_per_s: int = Field(default=5_000, ge=0)
    """Of one connection; more than that waits in the socket. 0: no limit."""
    max_message_bytes: int = Field(default=MAX_MESSAGE_BYTES, ge=1_024, le=16_777_216)
    max_queue_bytes: int = Field(default=1_048_576, ge=65_536)
    """How much may wait for a slow client before it is closed."""
    hello_timeout_s: float = Field(default=10.0, gt=0)
    turn_timeout_s: float = Field(default=60.0, gt=0)
    """How long one reply may take in all."""


class SettingsFile(BaseModel):
    """What ``npc-bridge.toml`` may hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    server: ServerSettings = ServerSettings()
    backend: BackendSettings = BackendSettings()
    storage: StorageSettings = StorageSettings()
    budget: tuple[BudgetSettings, ...] = Field(default=(), max_length=32)
    """How much may be spent, each a table of its own: ``[[budget]]``."""
    characters: Path = Path("characters")
    """Folder of character files, one ``<id>.toml`` each."""
    events: Path = Path("events.toml")
    """File with the wording of events; it may be missing."""
    moderation: Path = Path("moderation.toml")
    """File with what each rating forbids; only read if there is a ``rating``."""
    rating: str = ""
    """Which of its ratings counts; empty: nothing is forbidden."""


class Settings(SettingsFile, BaseSettings):
    """All settings of a bridge, from wherever they come."""

    model_config = SettingsConfigDict(
        env_prefix="NPC_BRIDGE_", env_nested_delimiter="__", extra="forbid", frozen=True, nested_model_default_partial_update=True
    )
    file: ClassVar[Path | None] = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags come in as arguments and win; then the environment; then the file."""
        file = TomlConfigSettingsSource(settings_cls, cls.file) if cls.file is not None else None
        return (init_settings, env_settings, *([file] if file is not None else []))


def load_settings(file: Path | None = None, **flags: Any) -> Settings:
    """Put the settings together.

    ``file`` defaults to ``npc-bridge.toml`` in the working directory, if it is there. Raises ``pydantic.ValidationError``.
    """
    chosen = file if file is not None else DEFAULT_FILE if DEFAULT_FILE.is_file() else None
    located = type("LocatedSettings", (Settings,), {"file": chosen, "__annotations__": {}})
    settings = located(**flags)
    assert isinstance(settings, Settings)
    return settings
