from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_bridge.core.sentences import SentenceReader, is_ended, sentences

CASES = {
    "plain": ("Sit down. What is it? Go!", ["Sit down.", "What is it?", "Go!"]),
    "actions between": ("(nods) Evening. (smiles) Sit.", ["Evening.", "Sit."]),
    "an action inside": ("The mine (points) is closed. Go.", ["The mine (points) is closed.", "Go."]),
    "a stop in an action": ("Aye. (sits. drinks. waits.) No.", ["Aye.", "No."]),
    "titles and initials": ("Ask Mr. Smith or J. Smith. Now.", ["Ask Mr. Smith or J. Smith.", "Now."]),
    "numbers": ("It costs 3.5 silver. 1. Pay.", ["It costs 3.5 silver.", "1. Pay."]),
    "quotes": ('"Go!" he said. He left.', ['"Go!" he said.', "He left."]),
    "an ellipsis in a sentence": ("Well... I know. It is... closed.", ["Well... I know.", "It is... closed."]),
    "an ellipsis at an end": ("It fell in last spring... Nobody goes there.", ["It fell in last spring...", "Nobody goes there."]),
    "an hour": ("Come at 5 p.m. today. At 6 p.m. Go.", ["Come at 5 p.m. today.", "At 6 p.m.", "Go."]),
    "several marks": ("What?! No!!! Aye.", ["What?!", "No!!!", "Aye."]),
    "lines": ("One line\nAnother\n\nThird", ["One line", "Another", "Third"]),
    "Chinese": ("你好。坐吧！要点什么？", ["你好。", "坐吧！", "要点什么？"]),
    "Chinese quotes": ("“走吧。”他说。好……吧。", ["“走吧。”他说。", "好……吧。"]),
    "Japanese": ("「行こう。」と言った。はい。", ["「行こう。」と言った。", "はい。"]),
    "ASCII marks in Chinese": ("好!走吧?行.", ["好!", "走吧?", "行."]),
    "small letters": ("hello there. how are you", ["hello there.", "how are you"]),
    "nothing": ("(nods)", []),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_sentences_end_where_a_reader_would_say(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(st.lists(st.sampled_from([*'aA.!?…。！？\n "”(（)）5', "Mr", "word", "字", "..."]), max_size=30).map("".join), st.integers(1, 7))
def test_where_sentences_begin_does_not_depend_on_where_the_text_was_cut(text: str, size: int) -> None:
    def begins(pieces: list[str]) -> list[tuple[int, bool]]:
        reader, at, found = SentenceReader(), 0, []
        for piece in pieces:
            if not reader.is_inside(piece):
                found += [(at + place, is_beginning) for place, is_beginning in reader.feed(piece)]
            at += len(piece)
        return found

    assert begins([text]) == begins(list(text)) == begins([text[at : at + size] for at in range(0, len(text), size)])


ENDED = {
    "It fell in.": True,
    "Go!”": True,
    "走吧。": True,
    "It fell—": True,
    "Well…": True,
    "": True,
    "♪": True,
    "It fell": False,
    "Well,": False,
}


@pytest.mark.parametrize(("text", "expected"), ENDED.items())
def test_a_text_is_ended_if_its_speaker_would_stop_there(text: str, expected: bool) -> None:
    assert is_ended(text) is expected
