"""``docs/backends.md`` tells of every profile and of every key that one can have."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from npc_bridge.backends.profiles import Model, Profile, load_profiles
from npc_bridge.backends.scripted import Script
from npc_bridge.config import load_settings

DOCS = (Path(__file__).parents[2] / "docs" / "backends.md").read_text(encoding="utf-8")
LAZY = ["aiohttp", "openai", "xllamacpp"]


@pytest.mark.parametrize("name", [*load_profiles(), "scripted"])
def test_every_profile_is_in_the_table(name: str) -> None:
    assert re.search(rf"^\|[^|]*`{name}`", DOCS, re.MULTILINE)


@pytest.mark.parametrize("key", sorted({*Profile.model_fields, *Model.model_fields, *Script.model_fields} - {"name"}))
def test_every_key_is_described(key: str) -> None:
    assert re.search(rf"`{key}`|^{key} =|\[\[{key}\]\]", DOCS, re.MULTILINE)


def test_the_model_of_each_profile_is_the_one_in_the_table() -> None:
    first_table = DOCS.split("| profile |", 1)[1].split("\n\n", 1)[0]
    rows = {name: row for row in first_table.splitlines() if row.startswith("| `") for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    profiles = load_profiles()
    wrong = [name for name, profile in profiles.items() if profile.model not in ("", "default") and f"`{profile.model}`" not in rows[name]]
    assert wrong == []


def test_choosing_a_backend_loads_no_slow_library() -> None:
    program = f"import sys, npc_bridge.backends.choice; print([name for name in {LAZY} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.strip() == "[]"


def test_the_example_of_backends_in_a_row_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-fake-0123")
    section = DOCS.split("## Backends in a row", 1)[1].split("\n## ", 1)[0]
    read = []
    for number, example in enumerate(re.findall(r"```toml\n(.*?)```", section, re.DOTALL)):
        file = tmp_path / f"{number}.toml"
        file.write_text(example, encoding="utf-8")
        read.append([each.profile for each in (lambda backend: (backend, *backend.then))(load_settings(file).backend)])
    assert read == [["model_studio", "model_studio", "embedded"], ["llamacpp", "scripted"]]
