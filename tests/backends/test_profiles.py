"""Profiles are data: those of the package are right, and a user's may start from them."""

from __future__ import annotations

from typing import Any

import pytest

from npc_bridge.backends import ModelLimits
from npc_bridge.backends.profiles import Model, find_profile, load_profiles
from npc_bridge.errors import BadSettings


def test_the_profiles_of_the_package_are_valid() -> None:
    assert sorted(load_profiles()) == [
        "deepseek",
        "embedded",
        "generic",
        "llamacpp",
        "lm_studio",
        "model_studio",
        "model_studio_china",
        "model_studio_native",
        "model_studio_native_china",
        "model_studio_us",
        "ollama",
        "openai",
        "vllm",
    ]


def test_a_region_differs_by_its_address_only() -> None:
    home, abroad = find_profile("model_studio"), find_profile("model_studio_china")
    assert abroad == home.model_copy(
        update={
            "name": "model_studio_china",
            "label": "Alibaba Cloud Model Studio (China)",
            "base_url": "https://dashscope.aliyuncs.com/compatible-mode/v1",
        }
    )


def test_limits_and_prices_of_a_listed_model_are_known() -> None:
    model = find_profile("model_studio").model_named("qwen-plus-character-ja")
    assert model == Model(
        name="qwen-plus-character-ja",
        context_tokens=8192,
        max_input_tokens=7680,
        max_output_tokens=512,
        input_price=0.5,
        output_price=1.4,
        cached_price=0.1,
        server_memory=False,
    )
    assert model.limits == ModelLimits(8192, 7680, 512)


def test_a_model_that_is_not_listed_gets_careful_limits_and_no_price() -> None:
    model = find_profile("ollama").model_named("mistral-nemo")
    assert model == Model(name="mistral-nemo", context_tokens=4096, max_input_tokens=3072, max_output_tokens=1024)


def test_a_user_adds_a_profile_that_starts_from_another() -> None:
    mine = {"mine": {"like": "vllm", "base_url": "http://10.0.0.5:8000/v1", "context_tokens": 32768}}
    assert find_profile("mine", mine) == find_profile("vllm").model_copy(
        update={"name": "mine", "base_url": "http://10.0.0.5:8000/v1", "context_tokens": 32768}
    )


def test_a_user_changes_a_profile_of_the_package() -> None:
    assert find_profile("ollama", {"ollama": {"like": "ollama", "model": "gemma3"}}).model == "gemma3"
    changed = find_profile("model_studio_us", {"model_studio": {"like": "model_studio", "requests_per_s": 20.0}})
    assert changed.requests_per_s == 20.0


def test_a_user_replaces_a_profile_of_the_package() -> None:
    assert find_profile("ollama", {"ollama": {"base_url": "http://127.0.0.1:1/v1"}}).prefill == "none"


@pytest.mark.parametrize(
    ("name", "profiles", "says"),
    [
        ("olama", {}, "there is no profile 'olama'; there are: deepseek, embedded, generic"),
        ("mine", {"mine": {}}, "profile 'mine': base_url: Field required"),
        ("mine", {"mine": {"like": "vllm", "late_system": "drop"}}, "profile 'mine': late_system: Input should be"),
        ("mine", {"mine": {"like": "vllm", "colour": "red"}}, "profile 'mine': colour: Extra inputs"),
        ("mine", {"mine": {"like": "theirs"}}, "profile 'mine': 'like' leads to 'theirs', which does not exist"),
        ("a", {"a": {"like": "b"}, "b": {"like": "a"}}, "profile 'a': 'like' leads to 'a', which leads back"),
    ],
)
def test_a_wrong_profile_says_what_is_wrong(name: str, profiles: dict[str, dict[str, Any]], says: str) -> None:
    with pytest.raises(BadSettings) as caught:
        find_profile(name, profiles)
    assert str(caught.value).startswith(says)
