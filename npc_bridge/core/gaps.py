"""White space around a removed action: what is left of it between the two neighbours.

``Hello (waves) there`` needs one space, ``Hello (waves).`` none, ``你好（挥手）朋友`` none.
"""

from __future__ import annotations

_NO_SPACE_AFTER = frozenset("“‘«「『《〈【（([{¿¡")
_NO_SPACE_BEFORE = frozenset(".,!?…)]}”’»。，！？；：、～」』】》〉）%")
# These close or punctuate only when they touched the action: "Hi (waves):" but "Hi (waves) :-D".
_NO_SPACE_IF_TOUCHING = frozenset(":;\"'-")


def wider(one: str, other: str) -> str:
    """Return which of two white spaces separates more: the one with more line ends, else the first that is not empty."""
    return other if other.count("\n") > one.count("\n") or not one else one


def white_space_left(before: str, after: str, last: str, following: str) -> str:
    """Return what to show between text that ends in ``last`` (its last two characters count) and the character ``following``.

    ``before`` and ``after`` are the white space on both sides of what was removed. The result is a part of one of them.
    """
    gap = wider(before, after)
    if "\n" in gap:
        return gap.strip(" \t")
    if following in _NO_SPACE_BEFORE or (following in _NO_SPACE_IF_TOUCHING and not after):
        return ""
    if last[-1] in _NO_SPACE_AFTER or (last[-1] in "\"'" and (len(last) == 1 or last[-2].isspace())):
        return ""
    if _is_unspaced(last[-1]) and _is_unspaced(following):
        return ""
    return gap[:1]


def _is_unspaced(char: str) -> bool:
    """Whether a character belongs to a script that is written without spaces, Chinese or Japanese."""
    return "\u2e80" <= char <= "\u9fff" or "\uf900" <= char <= "\ufaff" or "\uff01" <= char <= "\uff65" or char >= "\U00020000"
