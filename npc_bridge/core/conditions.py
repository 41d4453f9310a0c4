"""Conditions on the game's flags, as authors write them in character files: data with a tiny grammar, read here and nowhere run as code.

    quest.cellar >= 2 and not (met_the_king or weather == "rain")

``or`` binds weakest, then ``and``, then ``not``, then the comparisons ``==``, ``!=``, ``<``, ``<=``, ``>``, ``>=``. A name alone holds when
its flag is set and is neither false, 0 nor the empty text. A flag that is not set equals ``none`` and is neither less nor more than
anything.
"""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, StringConstraints

from npc_bridge.core.authored import pointed

FlagValue: TypeAlias = bool | int | float | str | None
Flags: TypeAlias = Mapping[str, FlagValue]

MAX_CONDITION_CHARS = 400
MAX_DEPTH = 16
"""Parentheses and ``not`` inside one another."""

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>-?\d+(?:\.\d+)?(?![\w.]))
      | (?P<text>"[^"]*"|'[^']*')
      | (?P<name>[^\W\d][\w]*(?:[.:/-]\w+)*)
      | (?P<sign>==|!=|<=|>=|<|>|\(|\))
      | (?P<odd>\S+?(?=[\w\s()"']|$))
    )""",
    re.VERBOSE,
)
_ORDER: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_COMPARISONS = {"==", "!=", *_ORDER}
_WORDS: dict[str, FlagValue] = {"true": True, "false": False, "none": None}
_MEANT = {"=": "==", "===": "==", "!": "not", "&&": "and", "&": "and", "||": "or", "|": "or", "=>": ">=", "=<": "<=", "<>": "!="}


@dataclass(frozen=True, slots=True)
class Flag:
    """The value of a flag; alone, whether it is set to something."""

    name: str


@dataclass(frozen=True, slots=True)
class Compare:
    sign: str
    left: Flag | FlagValue
    right: Flag | FlagValue


@dataclass(frozen=True, slots=True)
class Not:
    inner: Tree


@dataclass(frozen=True, slots=True)
class Join:
    """All of the parts, or any of them."""

    is_all: bool
    parts: tuple[Tree, ...]


Tree: TypeAlias = Flag | Compare | Not | Join | bool


@lru_cache(maxsize=2048)
def parse_condition(text: str) -> Tree:
    """Read a condition. Raises an error for validators to pass on, which says what to write instead."""
    return _Reader(text).read()


def holds(condition: str, flags: Flags) -> bool:
    """Whether a condition that was checked before holds now; an empty one always does."""
    return not condition or _is_true(parse_condition(condition), flags)


def flags_in(condition: str) -> frozenset[str]:
    """The names of the flags that a condition asks for."""
    return frozenset(_names(parse_condition(condition))) if condition else frozenset()


def _checked(text: str) -> str:
    if text:
        parse_condition(text)
    return text


Condition: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_CONDITION_CHARS), AfterValidator(_checked)]
"""A condition in a file, checked when it is read. Kept as its text, so that a character on a tape reads as its file does."""


class _Reader:
    """Reads one condition from left to right, one rule of the grammar a method."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str]] = [(match.lastgroup or "", match[match.lastgroup or 0]) for match in _TOKEN.finditer(text)]
        self._at = 0
        self._depth = 0

    def read(self) -> Tree:
        for kind, token in self._tokens:
            if kind == "odd":
                meant = _MEANT.get(token, "names, numbers, texts, == != < <= > >=, and, or, not, ( )")
                raise self._error(f"'{token}' means nothing in a condition", meant)
        tree = self._any()
        if self._at < len(self._tokens):
            extra = self._tokens[self._at][1]
            if extra.lower() in ("and", "or"):
                raise self._error(f"'{extra}' is written in small letters", extra.lower())
            remedy = "one ( for each )" if extra == ")" else f"and or or before {extra}"
            raise self._error(f"'{extra}' does not belong where it stands", remedy)
        return tree

    def _any(self) -> Tree:
        parts = [self._all()]
        while self._take("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Join(False, tuple(parts))

    def _all(self) -> Tree:
        parts = [self._not()]
        while self._take("and"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else Join(True, tuple(parts))

    def _not(self) -> Tree:
        if self._take("not"):
            self._deeper()
            inner = Not(self._not())
            self._depth -= 1
            return inner
        if self._take("("):
            self._deeper()
            tree = self._any()
            if not self._take(")"):
                raise self._error("a parenthesis is not closed", f"{self._text})")
            self._depth -= 1
            return tree
        return self._comparison()

    def _comparison(self) -> Tree:
        left = self._value()
        if self._at < len(self._tokens) and self._tokens[self._at][1] in _COMPARISONS:
            sign = self._tokens[self._at][1]
            self._at += 1
            right = self._value()
            if sign in _ORDER and any(isinstance(side, str | bool) or side is None for side in (left, right)):
                raise self._error(f"only numbers are less or more: '{sign}' stands beside something else", "== or !=")
            return Compare(sign, left, right)
        if isinstance(left, Flag | bool):
            return left
        raise self._error("a value alone is no condition", "a comparison, such as quest.cellar == 2")

    def _value(self) -> Flag | FlagValue:
        if self._at >= len(self._tokens):
            raise self._error("the condition ends too early", "a comparison, such as quest.cellar >= 2")
        kind, token = self._tokens[self._at]
        self._at += 1
        if kind == "number":
            return float(token) if "." in token else int(token)
        if kind == "text":
            return token[1:-1]
        if kind == "sign" or token in ("and", "or", "not"):
            raise self._error(f"a name or a value is missing before '{token}'", "a comparison, such as quest.cellar >= 2")
        if token.lower() in (*_WORDS, "and", "or", "not"):
            if token != token.lower():
                raise self._error(f"'{token}' is written in small letters", token.lower())
            return _WORDS[token]
        return Flag(token)

    def _take(self, token: str) -> bool:
        # A text such as "and" between quotation marks keeps its marks here.
        if self._at < len(self._tokens) and self._tokens[self._at][1] == token:
            self._at += 1
            return True
        return False

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error(f"more than {MAX_DEPTH} parentheses or nots inside one another", "a flag that the game works out itself")

    def _error(self, problem: str, remedy: str) -> Exception:
        return pointed(problem, remedy)


def _is_true(tree: Tree, flags: Flags) -> bool:
    match tree:
        case bool():
            return tree
        case Flag(name):
            return bool(flags.get(name))
        case Not(inner):
            return not _is_true(inner, flags)
        case Join(is_all, parts):
            return (all if is_all else any)(_is_true(part, flags) for part in parts)
        case Compare(sign, left, right):
            return _compares(sign, _value_of(left, flags), _value_of(right, flags))


def _compares(sign: str, left: FlagValue, right: FlagValue) -> bool:
    if sign == "==":
        return left == right
    if sign == "!=":
        return left != right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return _ORDER[sign](left, right)
    return False


def _value_of(side: Flag | FlagValue, flags: Flags) -> FlagValue:
    return flags.get(side.name) if isinstance(side, Flag) else side


def _names(tree: Tree) -> set[str]:
    match tree:
        case Flag(name):
            return {name}
        case Not(inner):
            return _names(inner)
        case Join(_, parts):
            return set().union(*map(_names, parts))
        case Compare(_, left, right):
            return {side.name for side in (left, right) if isinstance(side, Flag)}
        case _:
            return set()


def likely_misspelt(name: str, others: frozenset[str]) -> str:
    """Another flag's name that this one was probably meant to be; empty if there is none."""
    return next(iter(difflib.get_close_matches(name, sorted(others - {name}), 1, 0.85)), "")
