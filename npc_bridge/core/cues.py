"""Streaming text → what is shown and what is done: cuts a model's reply into speech and actions with exact positions.

Knows nothing of clips (see ``clips.py``). It looks inside an action only to tell ``(waves)`` from ``f(x)``, ``(1)`` or ``:(``.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from npc_bridge.core.gaps import white_space_left, wider

Style: TypeAlias = Literal["paren", "bracket", "asterisk"]


# Not frozen: these two are made for every chunk, and freezing them costs more than all the rest of ``feed``.
@dataclass(slots=True)
class Speech:
    """Text to show; ``at`` is the position of its first code point in the turn's visible text."""

    text: str
    at: int


@dataclass(slots=True)
class Action:
    """What stood between the parentheses, trimmed; ``at`` is the place in the visible text where it belongs."""

    raw: str
    at: int


Part: TypeAlias = Speech | Action

# What a closing character may close. Widths mix: models that write Chinese often open with one and close with the other.
_PARTNERS: dict[Style, dict[str, str]] = {
    "paren": {")": "(（", "）": "(（"},
    "bracket": {"]": "[［【", "］": "[［【", "】": "[［【"},
    "asterisk": {"*": "*"},
}
_EYES = re.compile(r"[:;=][-'’^,]{0,2}\(*$")
_TAIL_CHARS = 8
_PAUSE = re.compile(r"[\s.…·。~～—–-]+")
_ENUMERATION = re.compile(r"[ivxIVX]+|[一二三四五六七八九十]{1,3}")
# One letter is a word in Chinese and Japanese, a label or a variable elsewhere.
_WORD = re.compile(r"[A-Za-z]{2}|[^\W\d_A-Za-z]")
_SEVERAL_WORDS = re.compile(r"[A-Za-z][A-Za-z'-]*(?: [A-Za-z][A-Za-z'-]*)+[.!]?")


@lru_cache
def _marks(styles: tuple[Style, ...]) -> tuple[dict[str, str], tuple[str, ...], re.Pattern[str], re.Pattern[str]]:
    """What closes what, what opens an action, and the expressions that find an opening mark, and any mark."""
    partners = {close: opens for style in styles for close, opens in _PARTNERS[style].items()}
    openers = tuple(sorted(set("".join(partners.values()))))
    any_mark = "".join(sorted({*openers, *partners}))
    return partners, openers, re.compile(f"[{re.escape(''.join(openers))}]"), re.compile(f"[{re.escape(any_mark)}]")


class CueParser:
    """Cuts one reply, fed in pieces of any size.

    All parts together, adjacent ``Speech`` merged, do not depend on where the reply was cut. Their text is the reply without its
    actions: white space around a removed action shrinks to what belongs between its neighbours, and the text of a turn neither
    begins nor ends with white space. Nothing is ever added.

    ``styles`` says what marks an action: parentheses of either width, ``[brackets]``, ``*asterisks*``. ``is_speech`` may keep an
    aside visible: it gets the trimmed text between the marks and answers whether the NPC says it, marks and all; it has to be pure.

    One reader per reply; not to be fed again after ``close``.
    """

    __slots__ = (
        "_acted", "_anything", "_before", "_begin", "_gap", "_held", "_is_flowing", "_is_speech", "_last", "_max", "_openers",
        "_opening", "_opens", "_pairs", "_partners", "_scanned", "_smiled", "_tail", "position",
    )  # fmt: skip

    def __init__(
        self,
        *,
        max_action_chars: int = 200,
        styles: Iterable[Style] = ("paren",),
        is_speech: Callable[[str], bool] | None = None,
    ) -> None:
        self.position = 0
        """Visible code points so far."""
        self._max = max_action_chars
        self._is_speech = is_speech
        self._partners, self._openers, self._opening, self._anything = _marks(tuple(styles))
        self._held = ""
        """What may still become an action: begins with the outermost open mark, else empty."""
        self._scanned = 0
        self._begin = 0
        self._opens: deque[int] = deque()
        """Where in ``_held`` marks are open, outermost first."""
        self._pairs: list[tuple[int, int]] = []
        """Closed pairs in ``_held`` that no other closed pair surrounds: actions, if what surrounds them stays open."""
        self._tail = ""
        """The last few characters of the reply before ``_held``."""
        self._gap: list[str] = []
        """White space that waits to see whether text or an action follows."""
        self._before = ""
        self._acted = False
        """Whether an action was removed since the last visible character; ``_before`` then is the white space before it."""
        self._smiled = False
        """Whether that action ended in an emoticon, so that one more ``)`` belongs to it."""
        self._is_flowing = False
        """Whether text can go out as it comes: some is visible, and neither white space nor a removed action precedes."""
        self._last = ""

    def feed(self, chunk: str) -> list[Part]:
        """Cut the next piece of the reply into visible text and actions.

        Text outside of the marks comes back at once. Two things are held back: white space at the end of a chunk, because an
        action may follow it, and a possible action until it closes, for at most ``max_action_chars`` code points; after that it
        was text all along, and so is one that is still open at ``close``. An emoticon such as ``:(`` is known by the character
        after it, so it holds back its last character and no other.
        """
        if self._held:
            return self._advance(self._held + chunk, is_last=False)
        for opener in self._openers:
            if opener in chunk:
                return self._advance(chunk, is_last=False)
        self._tail = chunk if len(chunk) >= _TAIL_CHARS else self._tail[-_TAIL_CHARS:] + chunk
        if self._is_flowing and chunk and not chunk[-1].isspace():
            at = self.position
            self.position = at + len(chunk)
            self._last = chunk if len(chunk) > 1 else self._last[-1:] + chunk
            return [Speech(chunk, at)]
        out: list[Part] = []
        self._say(chunk, out)
        return out

    def close(self) -> list[Part]:
        """Return what was still held back; the reply is over."""
        return self._advance(self._held, is_last=True)

    def forget(self) -> None:
        """Forget what was held back: it is not to be shown. Feeding goes on after it."""
        self._held, self._scanned, self._begin = "", 0, 0
        self._opens.clear()
        self._pairs.clear()
        self._gap.clear()
        self._is_flowing = False

    def peek(self) -> Action | None:
        """Return the action that is being written, as far as it was fed, or None. It may yet turn out to be text."""
        return Action(self._held[1:].strip(), self.position) if self._opens else None

    @property
    def held_chars(self) -> int:
        """How many of the code points fed last may still become an action."""
        return len(self._held)

    def _advance(self, text: str, *, is_last: bool) -> list[Part]:
        """Go on reading ``text``, which begins where ``_held`` began."""
        out: list[Part] = []
        opens, end = self._opens, len(text)
        place = self._scanned
        undecided = -1
        while True:
            found = (self._anything if opens else self._opening).search(text, place)
            if found is None:
                break
            mark = found.start()
            while opens and mark - opens[0] - 1 > self._max:
                opens.popleft()
            if opens and (partner := self._partner(text, mark)) >= 0:
                self._close_pair(partner, mark)
                if not opens:
                    self._settle(text, mark + 1, out)
            elif text[mark] in self._openers:
                if mark + 1 == end and not is_last:
                    undecided = mark
                    break
                if self._opens_action(text, mark):
                    opens.append(mark)
                    # What nearly every action looks like, without the detour over the next round.
                    found = self._anything.search(text, mark + 1)
                    if found and len(opens) == 1 and self._is_end(text, mark, found.start()):
                        opens.clear()
                        self._pairs.append((mark, found.start()))
                        mark = found.start()
                        self._settle(text, mark + 1, out)
            place = mark + 1
        while opens and (is_last or end - opens[0] - 1 > self._max):
            opens.popleft()
        floor = opens[0] if opens else undecided if undecided >= 0 else end
        self._settle(text, floor, out)
        self._hold(text, floor, end if undecided < 0 else undecided)
        return out

    def _hold(self, text: str, floor: int, scanned: int) -> None:
        """Keep what is undecided from ``floor`` on, and shift all places to it."""
        self._tail = self._before_mark(text, floor)
        self._held = text[floor:]
        self._scanned = scanned - floor
        self._begin = 0
        if floor and self._opens:
            self._opens = deque(place - floor for place in self._opens)
            self._pairs = [(first - floor, last - floor) for first, last in self._pairs]

    def _before_mark(self, text: str, mark: int) -> str:
        """The last few characters of the reply before ``text[mark]``."""
        if mark >= _TAIL_CHARS:
            return text[mark - _TAIL_CHARS : mark]
        return (self._tail + text[:mark])[-_TAIL_CHARS:]

    def _is_end(self, text: str, mark: int, end: int) -> bool:
        return text[mark] in self._partners.get(text[end], "") and text[end] != "*" and end - mark - 1 <= self._max

    def _partner(self, text: str, mark: int) -> int:
        """Index in ``_opens`` of what the character at ``mark`` closes, or -1."""
        partners = self._partners.get(text[mark])
        if partners is None or (text[mark] == "*" and text[mark - 1].isspace()):
            return -1
        for k in range(len(self._opens) - 1, -1, -1):
            if text[self._opens[k]] in partners:
                return k
        return -1

    def _close_pair(self, partner: int, mark: int) -> None:
        opens, pairs = self._opens, self._pairs
        while len(opens) > partner + 1:
            opens.pop()
        first = opens.pop()
        while pairs and pairs[-1][0] > first:
            pairs.pop()
        pairs.append((first, mark))

    def _opens_action(self, text: str, mark: int) -> bool:
        """Whether an opening mark may begin an action, judged by what stands directly before and after it."""
        char, after = text[mark], text[mark + 1 : mark + 2]
        if char == "*":
            before = self._before_mark(text, mark)[-1:]
            return bool(after) and not after.isspace() and after != "*" and not (before == "*" or _is_word(before))
        if char != "(" or after.isalpha():
            return True
        return after not in {":", ";", "="} and _EYES.search(self._before_mark(text, mark)) is None

    def _settle(self, text: str, floor: int, out: list[Part]) -> None:
        """Put out everything before ``floor``: closed pairs as actions, the rest as text."""
        begin, used = self._begin, 0
        for first, last in self._pairs:
            if last >= floor:
                break
            used += 1
            raw = text[first + 1 : last].strip()
            if self._is_text(text, first, raw):
                continue
            if begin < first:
                self._say(text[begin:first], out)
            self._act(raw, out)
            begin = last + 1
        if used:
            del self._pairs[:used]
        if begin < floor:
            self._say(text[begin:floor], out)
        self._begin = max(begin, floor)

    def _is_text(self, text: str, first: int, raw: str) -> bool:
        """Whether a pair of marks around ``raw`` is part of the text: ``f(x)``, ``hero(es)``, ``(1)``, ``(^_^)``, ``(?)``."""
        if _is_word(text[first - 1] if first else self._tail[-1:]) and text[first] == "(" and raw.isascii():
            return _SEVERAL_WORDS.fullmatch(raw) is None
        if not raw:
            return False
        if _WORD.search(raw) is None or (len(raw) <= 4 and _ENUMERATION.fullmatch(raw)):
            return _PAUSE.fullmatch(raw) is None
        return self._is_speech is not None and self._is_speech(raw)

    def _act(self, raw: str, out: list[Part]) -> None:
        gap = "".join(self._gap) if self._gap else ""
        self._before = wider(self._before, gap) if self._acted else gap
        self._gap.clear()
        self._acted = True
        self._is_flowing = False
        # "(waves :))": the first parenthesis closed the action, so the second one is no text either.
        self._smiled = raw[-1:] in {":", ";", "-", "="} and _EYES.search(raw) is not None
        if raw:
            out.append(Action(raw, self.position))

    def _say(self, text: str, out: list[Part]) -> None:
        body = text.rstrip()
        if not body:
            if text:
                self._gap.append(text)
                self._is_flowing = False
            return
        trailing = text[len(body) :]
        if self._acted:
            visible = body.lstrip()
            if self._smiled and visible[0] == ")":
                self._smiled = False
                self._say(visible[1:] + trailing, out)
                return
            after = "".join(self._gap) + body[: len(body) - len(visible)]
            body = (white_space_left(self._before, after, self._last, visible[0]) if self.position else "") + visible
            self._acted = self._smiled = False
        elif not self.position:
            body = body.lstrip()
        elif self._gap:
            body = "".join(self._gap) + body
        self._gap.clear()
        self._is_flowing = not trailing
        if trailing:
            self._gap.append(trailing)
        out.append(Speech(body, self.position))
        self.position += len(body)
        self._last = (self._last + body)[-2:]


def _is_word(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char == "_")
