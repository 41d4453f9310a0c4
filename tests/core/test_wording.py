from __future__ import annotations

from dataclasses import fields
from string import Formatter

import pytest

from npc_bridge.core.wording import Wording, for_language, language_name, wording

ENGLISH = wording("en")


def test_languages_are_known_by_their_codes() -> None:
    assert wording("zh-TW") is wording("zh_cn") is wording("ZH")
    assert wording("ja-JP").yes == "はい"
    assert wording("tlh") is wording("") is ENGLISH
    assert [language_name(code) for code in ("fr", "zh-HK", "zh-Hans", "pt_BR", "tlh")] == [
        "French",
        "繁體中文",
        "中文",
        "Portuguese",
        "tlh",
    ]


@pytest.mark.parametrize("language", ["zh", "ja"])
def test_every_language_says_the_same_with_the_same_placeholders(language: str) -> None:
    words = wording(language)
    for field in fields(Wording):
        theirs, ours = getattr(words, field.name), getattr(ENGLISH, field.name)
        if isinstance(ours, str):
            assert theirs.strip()
            assert placeholders(theirs) == placeholders(ours), field.name


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_the_text_nearest_to_a_language_is_chosen() -> None:
    texts = {"en": "en", "zh": "zh", "zh-tw": "zh-tw"}

    assert [for_language(texts, code) for code in ("zh-TW", "zh_CN", "fr")] == ["zh-tw", "zh", "en"]
    assert for_language({"": "all", "en": "en"}, "fr") == "all"
    assert for_language({"de": "de"}, "fr") == "de"
    assert for_language({}, "fr") is None
