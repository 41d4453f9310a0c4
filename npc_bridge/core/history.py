"""What was said between an NPC and its players, and how much of it the players were shown.

Notes are no part of it: they are read once. What the model sees of it is decided in ``prompt.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from npc_bridge.core.changes import AddLine, Change, DropLines
from npc_bridge.core.cues import Action, CueParser, Part, Speech

MESSAGE_OVERHEAD_TOKENS = 4
"""What a message costs beside its text: role and markers of the usual chat templates."""
KEPT_UNANSWERED = 20
"""How many lines without a reply go last; who only listens in a group has many more."""
_STEP_CHARS = 64


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was said; an NPC's with its actions in parentheses."""

    role: Literal["user", "assistant"]
    text: str
    player: str = ""
    """Who said it, of the players."""
    cut: bool = False
    """The NPC was interrupted here."""


class History:
    """The lines of one conversation that the model still reads, oldest first.

    Every line has a number, from 0 over all that was ever said; those before ``first`` were cut off and are the memory's business.
    """

    __slots__ = ("_costs", "_estimate", "_lines", "_stored", "_written", "first", "players")

    def __init__(self, opening: str = "", *, lines: Iterable[Line] = (), first: int = 0, players: Iterable[str] = ()) -> None:
        self._lines: list[Line] = list(lines)
        self.players = {*players, *(line.player for line in self._lines if line.player)}
        """Who has ever spoken to the NPC, by name."""
        self.first = first
        """Number of the first line that is still here."""
        self._written = self._stored = self.count
        """The lines before these numbers are written down: as they are, and at all."""
        self._costs: list[int] = []
        """Tokens of the first lines, as far as they were asked for."""
        self._estimate: Callable[[str], int] | None = None
        self.reply(opening)

    @property
    def lines(self) -> Sequence[Line]:
        return self._lines

    @property
    def count(self) -> int:
        """How many lines were said in all."""
        return self.first + len(self._lines)

    def last_reply(self, parser: CueParser) -> str:
        """What the NPC said last, without its actions, as this fresh reader finds them; empty if it has not spoken."""
        raw = next((line.text for line in reversed(self._lines) if line.role == "assistant"), "")
        return "".join(part.text for part in parser.feed(raw) + parser.close() if isinstance(part, Speech))

    @property
    def last_of_npc(self) -> Line | None:
        """The NPC's last line."""
        return next((line for line in reversed(self._lines) if line.role == "assistant"), None)

    @property
    def unanswered(self) -> int:
        """How many of the players' lines at the end wait for a reply."""
        count = 0
        for line in reversed(self._lines):
            if line.role != "user":
                break
            count += 1
        return count

    def hear(self, text: str, player: str) -> None:
        """A player said this."""
        if text.strip():
            self._lines.append(Line("user", text, player))
            self.players.add(player)

    def reply(self, raw: str) -> None:
        """The NPC said and did this, all of it."""
        if raw.strip():
            self._lines.append(Line("assistant", raw.strip()))

    def reply_cut(self, raw: str) -> None:
        """The NPC was interrupted after this. If that is nothing, it did not speak, and the players still wait for a reply."""
        if raw.strip():
            self._lines.append(Line("assistant", raw.strip(), cut=True))

    def cut_last_reply(self, at: int, parser_of: Callable[[], CueParser] = CueParser) -> None:
        """The player was shown the last reply only up to here, as it turns out afterwards: reading is slower than streaming."""
        place = next((place for place in reversed(range(len(self._lines))) if self._lines[place].role == "assistant"), None)
        if place is None or (shown := visible_cut(self._lines[place].text, at, parser_of)) == self._lines[place].text:
            return
        after = self._lines[place + 1 :]
        self.drop_from(place)
        self._lines += [*([Line("assistant", shown.strip(), cut=True)] if shown.strip() else []), *after]

    def let_go(self, n: int) -> None:
        """The model reads the lines before this number no more."""
        count = min(n - self.first, len(self._lines))
        if count > 0:
            del self._lines[:count], self._costs[:count]
            self.first += count

    def replace_line(self, old: Line, new: Line | None) -> None:
        """The last line that is like ``old`` was this instead, or was not said at all."""
        place = next((place for place in reversed(range(len(self._lines))) if self._lines[place] == old), None)
        if place is not None:
            after = self._lines[place + 1 :]
            self.drop_from(place)
            self._lines += [*([new] if new is not None and new.text.strip() else []), *after]

    def drop_from(self, place: int) -> None:
        """Forget the lines from this place of ``lines`` on: they were not said after all."""
        del self._costs[place:], self._lines[place:]
        self._written = min(self._written, self.count)

    def changes(self, npc: str) -> list[Change]:
        """What was said, or taken back, since the last call."""
        changes: list[Change] = [DropLines(npc, self._written)] if self._written < self._stored else []
        begin = max(self._written, self.first)
        for n, line in enumerate(self._lines[begin - self.first :], begin):
            changes.append(AddLine(npc, n, line.role, line.text, line.player, line.cut))
        self._written = self._stored = self.count
        return changes

    def cut_to_fit(
        self, budget_tokens: int, estimate: Callable[[str], int], *, max_messages: int = 100, keep: float = 0.5
    ) -> tuple[Line, ...]:
        """Cut the oldest lines off when the rest costs too much or is too many; return what was cut.

        A cut goes down to the part ``keep`` of both limits, because after each cut the prompt has a new beginning that no server
        has cached: rare large cuts are cheaper than one small cut per turn. What remains begins with a player's line where
        possible. Lines without a reply go last, and the newest line stays whatever it costs.
        """
        costs = self._all_costs(estimate)
        count, total = len(costs), sum(costs)
        if total <= budget_tokens and count <= max_messages:
            return ()
        cut = 0
        answered = max(0, min(count - min(self.unanswered, KEPT_UNANSWERED), count - 1))
        while cut < answered and (total > keep * budget_tokens or count - cut > keep * max_messages):
            total -= costs[cut]
            cut += 1
        begin = next((i for i in range(cut, count) if self._lines[i].role == "user"), cut)
        while cut < begin or (cut < count - 1 and (total > budget_tokens or count - cut > max_messages)):
            total -= costs[cut]
            cut += 1
        gone = tuple(self._lines[:cut])
        del self._lines[:cut], self._costs[:cut]
        self.first += cut
        return gone

    def _all_costs(self, estimate: Callable[[str], int]) -> list[int]:
        if estimate != self._estimate:
            self._costs.clear()
            self._estimate = estimate
        for line in self._lines[len(self._costs) :]:
            self._costs.append(estimate(line.text) + MESSAGE_OVERHEAD_TOKENS)
        return self._costs


def visible_cut(raw: str, at: int, parser_of: Callable[[], CueParser] = CueParser) -> str:
    """Cut a reply with its actions where the player was shown ``at`` code points of its visible text, never inside an action.

    An action exactly there has been shown, except at 0, where nothing was. ``parser_of`` makes a reader such as cut the turn's text.
    """
    if at <= 0:
        return ""
    # In large steps to shortly before the place, and from there one by one.
    begin, parser = 0, parser_of()
    while begin < len(raw):
        parser.feed(raw[begin : begin + _STEP_CHARS])
        if parser.position > at:
            break
        begin += _STEP_CHARS
    parser = parser_of()
    parser.feed(raw[:begin])
    end = min(begin, len(raw)) - parser.held_chars
    for fed, char in enumerate(raw[begin:], begin + 1):
        shown = parser.position
        parts = parser.feed(char)
        released = fed - parser.held_chars
        if parser.position > at:
            return (raw[:end] + _beginning(raw[end:released], parts, at - shown)).rstrip()
        if parts:
            end = released
    shown = parser.position
    parts = parser.close()
    return raw if parser.position <= at else (raw[:end] + _beginning(raw[end:], parts, at - shown)).rstrip()


def _beginning(piece: str, parts: Sequence[Part], length: int) -> str:
    """The shown part of a piece that came out at once: a parenthesis that was never closed is text after all."""
    if any(isinstance(part, Action) for part in parts):
        return ""
    text = "".join(part.text for part in parts if isinstance(part, Speech))
    end = 0
    # White space beside an action may come from before it, and empty parentheses vanish: neither says where the cut is.
    for char in "".join(text[:length].split()):
        end = piece.index(char, end) + 1
    return piece[:end]
