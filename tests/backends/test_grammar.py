"""Grammars hold what they are asked to; that llama.cpp reads them is tested with the embedded model."""

from __future__ import annotations

from npc_bridge.backends.grammar import fresh_actions, reply_grammar


def test_actions_stand_between_the_parentheses_of_the_language() -> None:
    assert 'action ::= "(" ("nods" | "waves") ")"' in reply_grammar(["nods", "waves", "nods"]).splitlines()
    assert 'action ::= "（" ("点头") "）"' in reply_grammar(["点头"], 2, "zh-Hans").splitlines()


def test_any_text_is_free_when_only_the_actions_are_declared() -> None:
    assert reply_grammar(["nods"]) == 'action ::= "(" ("nods") ")"\ntext ::= [^()（）]\nroot ::= (text | action)+\n'
    assert reply_grammar([]) == "text ::= [^()（）]\nroot ::= text+\n"


def test_a_small_model_acts_first_and_then_says_so_many_sentences() -> None:
    lines = reply_grammar(["nods"], 3).splitlines()
    assert lines[-2:] == ["sentences ::= sentence (gap sentence){0,2}", "root ::= action gap sentences"]
    assert reply_grammar([], 1).splitlines()[-2:] == ["sentences ::= sentence", "root ::= sentences"]


def test_what_a_grammar_cannot_hold_is_quoted_or_left_out() -> None:
    assert reply_grammar(['says "hi\\ho"', "(nested)", "two\nlines", ""]).splitlines()[0] == 'action ::= "(" ("says \\"hi\\\\ho\\"") ")"'


def test_what_the_npc_just_did_is_not_done_again_while_there_is_a_choice() -> None:
    messages = [{"role": "assistant", "content": text} for text in ("(bows) A.", "(nods) B.", "（挥手）C.")] + [
        {"role": "user", "content": "(sits)"}
    ]
    assert fresh_actions(["bows", "nods", "挥手", "sits"], messages) == ["bows", "sits"]
    assert fresh_actions(["nods", "bows"], messages) == ["nods", "bows"]
    assert fresh_actions(["nods"], messages) == ["nods"]
