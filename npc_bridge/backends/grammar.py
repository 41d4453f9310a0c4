"""Grammars in llama.cpp's GBNF that hold a model to declared actions and short replies."""

from __future__ import annotations

from collections.abc import Iterable

_WIDE_LANGUAGES = ("zh", "ja", "yue")
# Whatever is not a letter of some script: ASCII beyond A-Z and a-z, punctuation, symbols, full-width forms, emoji, private use.
_NOT_A_LETTER = r"\x00-@\[-`{-\xBF\xD7\xF7\u2000-\u2BFF\u3000-\u303F\uE000-\uF8FF\uFE00-\uFE0F\uFF00-\uFFFF\U0001F000-\U0010FFFF"


def reply_grammar(actions: Iterable[str], max_sentences: int, language: str = "en") -> str:
    """Return the grammar of a reply.

    With ``max_sentences``: an action, if there are any, and then one to that many plain sentences; what a very small model needs
    to keep to its part. Without: any text, in which only declared actions stand between parentheses.
    """
    wide = language.split("-")[0].lower() in _WIDE_LANGUAGES
    phrases = [_quoted(action) for action in dict.fromkeys(actions) if action]
    opening, closing = ("（", "）") if wide else ("(", ")")
    lines = []
    if phrases:
        lines.append(f'action ::= "{opening}" ({" | ".join(phrases)}) "{closing}"')
    if max_sentences <= 0:
        lines.append(r"text ::= [^()（）]")
        lines.append("root ::= (text | action)*" if phrases else "root ::= text*")
        return "\n".join(lines) + "\n"
    lines += _sentence_rules(wide)
    more = f"(gap sentence){{0,{max_sentences - 1}}}" if max_sentences > 1 else ""
    lines.append(f"root ::= {'action gap ' if phrases else ''}sentence {more}".rstrip())
    return "\n".join(lines) + "\n"


def _sentence_rules(wide: bool) -> list[str]:
    stop, joint, gap = ("[。！？]", "[，、]", "") if wide else ("[.!?]", '", " | " "', " ")
    return [
        f"letter ::= [^{_NOT_A_LETTER}]",
        f"first ::= [^a-z{_NOT_A_LETTER}]",
        "word ::= letter+ ([-'’] letter+)*",
        f"sentence ::= first letter* ([-'’] letter+)* (({joint}) word)* {stop}",
        f'gap ::= "{gap}"',
    ]


def _quoted(phrase: str) -> str:
    escaped = "".join("\\" + char if char in '\\"' else char for char in phrase if char.isprintable())
    return f'"{escaped}"'
