"""Grammars in llama.cpp's GBNF that hold a model to declared actions and, if it is very small, to short plain sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from npc_bridge.backends import ChatMessage

_WIDE_LANGUAGES = ("zh", "ja", "yue")
# What is no letter of any script: ASCII but A-Z a-z, Latin-1 signs, punctuation, symbols, private use, full-width forms, emoji.
_NO_LETTER = r"\x00-@\[-`{-\xBF\xD7\xF7\u2000-\u2BFF\u3000-\u303F\uE000-\uF8FF\uFE00-\uFE0F\uFF00-\uFFFF\U0001F000-\U0010FFFF"
MAX_WORDS = 14
"""In one clause; more is a small model that cannot stop."""


def reply_grammar(actions: Iterable[str], max_sentences: int = 0, language: str = "en") -> str:
    """Return the grammar of a reply.

    With ``max_sentences``: one of the actions, if there are any, and then one to that many sentences of one or two clauses. Without: any
    text, in which only declared actions stand between parentheses. Chinese and Japanese get full-width parentheses and stops.
    """
    wide = language.replace("_", "-").split("-")[0].lower() in _WIDE_LANGUAGES
    phrases = [_quoted(action) for action in dict.fromkeys(actions) if action and not set("()（）\r\n") & set(action)]
    rules = []
    if phrases:
        opening, closing = ("（", "）") if wide else ("(", ")")
        rules.append(f'action ::= "{opening}" ({" | ".join(phrases)}) "{closing}"')
    if max_sentences > 0:
        rules += _sentences(max_sentences, wide)
        rules.append("root ::= action gap sentences" if phrases else "root ::= sentences")
    else:
        rules.append("text ::= [^()（）]")
        rules.append("root ::= (text | action)+" if phrases else "root ::= text+")
    return "\n".join([*rules, ""])


def fresh_actions(actions: Sequence[str], messages: Sequence[ChatMessage]) -> Sequence[str]:
    """Leave out what the NPC did in its last two replies, as long as there is a choice left."""
    replies = [message["content"] for message in messages if message["role"] == "assistant"][-2:]
    fresh = [action for action in actions if not any(f"({action})" in reply or f"（{action}）" in reply for reply in replies)]
    return fresh if len(fresh) > 1 else actions


def _sentences(most: int, wide: bool) -> list[str]:
    if wide:
        rules = [
            'gap ::= ""',
            f"letter ::= [^a-zA-Z{_NO_LETTER}]",
            'sentence ::= letter{1,24} ("，" letter{1,24})? [。！？]',
        ]
    else:
        rules = [
            'gap ::= " "',
            f"letter ::= [^{_NO_LETTER}]",
            f"capital ::= [^a-z{_NO_LETTER}]",  # or a letter of a script without capitals
            "rest ::= letter* ([-'’] letter+)*",
            f'words ::= (" " letter rest){{0,{MAX_WORDS - 1}}}',
            'sentence ::= capital rest words (", " letter rest words)? [.!?]',
        ]
    more = f" (gap sentence){{0,{most - 1}}}" if most > 1 else ""
    return [*rules, f"sentences ::= sentence{more}"]


def _quoted(phrase: str) -> str:
    escaped = "".join("\\" + char if char in '\\"' else char for char in phrase if char.isprintable())
    return f'"{escaped}"'
