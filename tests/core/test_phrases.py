from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_bridge.core.phrases import PhraseSet, PhraseWatch, bad_phrase

AI = PhraseSet([(phrase, "ai") for phrase in ("as an AI", "language model", "I'm an AI", "作为一个AI", "语言模型", "hell*", "*damn*")])


def watched(phrases: PhraseSet, pieces: list[str]) -> tuple[list[str], str]:
    """What is shown after each piece and at the end, and what was found."""
    watch = PhraseWatch(phrases)
    shown = [watch.feed(piece) for piece in pieces]
    return [*shown, watch.close()], watch.found


FOUND = {
    "other case": "Well, AS AN ai I know nothing",
    "punctuation between": "a Language-Model",
    "several gaps": "as  an,\nAI",
    "at the end": "as an AI",
    "an apostrophe of either kind": "I’m an AI.",
    "full width": "as an ＡＩ.",
    "with gaps in Chinese": "作为一个 AI，我",
    "the rest of a word": "hellish weather",
    "within a word": "Goddamned rain",
}
NOT_FOUND = {
    "a longer word": "as an aide",
    "an earlier word": "was an AI",
    "only a beginning": "as an",
    "words apart": "as an old AI",
    "nothing": "",
    "only the middle of a word": "shell",
}


@pytest.mark.parametrize("text", FOUND.values(), ids=FOUND)
def test_a_phrase_is_found_however_it_is_written(text: str) -> None:
    assert AI.find(text) == "ai"


@pytest.mark.parametrize("text", NOT_FOUND.values(), ids=NOT_FOUND)
def test_what_only_looks_like_a_phrase_is_not_found(text: str) -> None:
    assert AI.find(text) == ""
    assert "".join(watched(AI, [text])[0]) == text


def test_only_what_may_become_a_phrase_is_held_back() -> None:
    shown, found = watched(AI, list("Well, as an airy"))
    assert shown == [*"Well, ", *[""] * 8, "as an air", "y", ""]
    assert found == ""


def test_what_precedes_a_phrase_is_shown_and_nothing_of_it() -> None:
    assert watched(AI, ["Well. As an", " AI, I", " must"]) == (["Well. ", "", "", ""], "ai")


BAD = {"": False, "...": False, "da*mn": False, "x" * 81: False, "damn": True, "*damn*": True, "去死": True}


@pytest.mark.parametrize(("phrase", "is_good"), BAD.items(), ids=[phrase[:8] or "empty" for phrase in BAD])
def test_a_phrase_that_cannot_be_searched_for_is_told(phrase: str, is_good: bool) -> None:
    assert (bad_phrase(phrase) == "") is is_good


phrases_of = st.lists(st.text("asi 语言'*", min_size=1, max_size=5).filter(lambda phrase: not bad_phrase(phrase)), max_size=4)
text_of = st.text("asiAS 　.,'’ＡＩ语言模o", max_size=24)


def as_set(phrases: list[str]) -> PhraseSet:
    return PhraseSet((phrase, f"#{number}") for number, phrase in enumerate(phrases))


@given(phrases_of, text_of, st.lists(st.integers(0, 24), max_size=6))
def test_what_is_shown_and_found_does_not_depend_on_where_the_text_was_cut(phrases: list[str], text: str, cuts: list[int]) -> None:
    places = sorted({0, *cuts, len(text)})
    pieces = [text[begin:end] for begin, end in zip(places, [*places[1:], len(text)], strict=True)]
    known = as_set(phrases)

    def result(fed: list[str]) -> tuple[str, str]:
        shown, found = watched(known, fed)
        return "".join(shown), found

    assert result(pieces) == result([text]) == result(list(text))


@given(phrases_of, text_of)
def test_what_is_held_back_can_always_still_become_a_phrase(phrases: list[str], text: str) -> None:
    known = as_set(phrases)
    watch = PhraseWatch(known)
    shown = watch.feed(text)
    held = text[len(shown) :]
    if watch.found or not held:
        return
    endings = ["", *(phrase[begin:] for phrase in phrases for begin in range(len(phrase)))]
    assert any(known.find(f"{shown}{held}{ending}.") for ending in (*endings, *(f" {ending}" for ending in endings))), held


@given(phrases_of, text_of)
def test_a_text_without_a_phrase_is_shown_as_it_is(phrases: list[str], text: str) -> None:
    shown, found = watched(as_set(phrases), list(text))
    if not found:
        assert "".join(shown) == text


def test_time_grows_with_the_text_and_not_faster() -> None:
    nasty = PhraseSet([("a " * 20 + "b", "x"), ("a" * 60, "y"), ("*" + "ab" * 20, "z")])

    def seconds(text: str) -> float:
        best = float("inf")
        for _ in range(3):
            began = time.perf_counter()
            nasty.find(text)
            best = min(best, time.perf_counter() - began)
        return best

    for unit in ("a ", "ab", "aa", "a"):
        # Thirty-two times the text; were it quadratic, it would take a thousand times as long.
        assert seconds(unit * 64_000) < 300 * max(seconds(unit * 2_000), 0.0002), unit
