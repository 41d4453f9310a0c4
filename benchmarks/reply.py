"""The reply that the fake model gives, and how the load client knows that nothing of it was lost.

Each piece is several tokens of text and carries its number and the time at which it was written, ``|number|nanoseconds|``, so that
whoever shows it knows how long it was on its way. Every 15th piece opens an action and the next one closes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

OPENING = " |%05d|%018d|%018d| Well"
"""The first piece tells the time at which the request had arrived as well."""

_SENTENCES = (
    " |%05d|%018d| met, traveller,",
    " |%05d|%018d| come in from",
    " |%05d|%018d| the rain. The",
    " |%05d|%018d| forge is warm and",
    " |%05d|%018d| the iron is",
    " |%05d|%018d| nearly ready.",
    " |%05d|%018d| That sword of",
    " |%05d|%018d| yours has seen",
    " |%05d|%018d| better days,",
    " |%05d|%018d| has it not? Let",
    " |%05d|%018d| me look at it",
    " |%05d|%018d| for a moment.",
)
_ACTIONS = (
    ("takes the", "blade gently"),
    ("wipes her", "hands on her apron"),
    ("nods", "slowly"),
    ("looks up", "from the anvil"),
    ("points at", "the door with her hammer"),
    ("laughs", "out loud"),
    ("shakes", "her head"),
    ("leans closer", "and whispers"),
)
PIECES = tuple(
    piece
    for begin, end in _ACTIONS
    for piece in (*_SENTENCES, f" |%05d|%018d| ({begin}", f" {end}) |%05d|%018d| Hm. A notch", " |%05d|%018d| here, and")
)

STAMP = re.compile(r"\|(\d{5})\|(\d{18})\|(?:(\d{18})\|)?")
SETTINGS = re.compile(rb"rate=(\d+) chunks=(\d+)")

_ACTION = re.compile(r"\([^()]*\)")


def ask(rate: int, chunks: int) -> str:
    """What the player says to get ``chunks`` pieces at ``rate`` a second; at once when the rate is 0."""
    return f"Tell me more, rate={rate} chunks={chunks} please."


def expected(chunks: int) -> str:
    """The visible text of the reply, as ``bare`` leaves it. Ask for no number of chunks that ends inside of an action."""
    return bare([OPENING % (0, 0, 0), *(PIECES[number % len(PIECES)] % (number, 0) for number in range(1, chunks))])


def bare(texts: Iterable[str]) -> str:
    """A reply without stamps, actions and white space: relays differ in whether they cut actions out and which spaces stay."""
    return "".join(_ACTION.sub("", STAMP.sub("", "".join(texts))).split())
