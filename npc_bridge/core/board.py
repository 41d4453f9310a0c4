"""What happens in the game → one note for the model: coalescing, priority, expiry. How an event is worded: see ``events.py``.

An event waits on its conversation's board until a turn takes it into a note; then it is gone, unless the turn fails and gives
the note back. Taking events in is the hot path, so nothing is rendered before a turn asks. No clock: times come in as seconds
that only grow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf

from npc_bridge.core.changes import Change, DropEvents, PutEvent, State
from npc_bridge.core.events import PUSHED, UNKNOWN_EVENT, EventTemplates, filled, pushed_text
from npc_bridge.core.messages import Event
from npc_bridge.core.plain import shortened
from npc_bridge.core.wording import wording

MAX_WAITING = 256
PUSHED_BUDGETS = 4
"""How many times as long as the note made from events those of the game may be together."""


class Told:
    """One event with what the board knows about it: when it came, and how long it still matters."""

    __slots__ = ("event", "expires_at", "is_waiting", "key", "order", "priority", "stored", "turns_left")

    event: Event
    key: str
    order: int
    """Counts the events of a board in order of happening."""
    priority: int
    expires_at: float
    turns_left: float
    is_waiting: bool
    stored: int
    """The order under which it is written down; 0 when it is not."""

    def state(self, now: float) -> State:
        """What has to be known to put it back on a board later: how long it still matters, not until when."""
        return {
            "order": self.order,
            "left_s": None if self.expires_at == inf else max(0.0, self.expires_at - now),
            "turns_left": None if self.turns_left == inf else self.turns_left,
            "event": self.event.model_dump(mode="json", exclude_defaults=True) | {"type": "event"},
        }


@dataclass(frozen=True, slots=True)
class Note:
    """The one-shot ``system`` message of a turn, and the events that it is made of, in order of happening."""

    text: str
    events: tuple[Told, ...]


class EventBoard:
    """The events that one NPC has not been told yet.

    At most ``max_waiting`` of them matter; beyond that those of the lowest priority go, the oldest first.
    """

    __slots__ = ("_by_key", "_dropped", "_gone", "_max", "_order", "_seen_order", "_templates", "_unwritten", "_waiting")

    def __init__(self, templates: EventTemplates, *, max_waiting: int = MAX_WAITING) -> None:
        self._templates = templates
        self._max = max_waiting
        self._waiting: list[Told] = []
        """In no order."""
        self._by_key: dict[str, Told] = {}
        self._order = 0
        self._seen_order = 0
        """The last turn has seen the events up to this one, whether it used them or not."""
        self._dropped = 0
        self._unwritten: list[Told] = []
        """Events with an id that came since the last call of ``changes``."""
        self._gone: list[int] = []
        """Orders under which events were written down that count no more."""

    def add(self, event: Event, now: float) -> None:
        """Put an event on the board. It replaces one that waits with the same key: only the newest is told, at its time."""
        template = self._templates.by_name.get(event.name, UNKNOWN_EVENT)
        key = event.key or template.key
        if template.key_parts and not event.key:
            key = filled(template.key_parts, template.values(event, "en"), wording("en")) or template.key
        told = self._by_key.get(key) if key else None
        if told is None:
            if len(self._waiting) >= 2 * self._max:
                self._trim(now)
            told = Told()
            told.key = key
            told.is_waiting = True
            told.stored = 0
            if key:
                self._by_key[key] = told
            self._waiting.append(told)
        elif told.stored:
            self._unwrite(told)
        self._order += 1
        told.order = self._order
        if event.id:
            self._unwritten.append(told)
        told.event = event
        priority, ttl_s, ttl_turns = event.priority, event.ttl_s, event.ttl_turns
        told.priority = template.priority if priority is None else priority
        told.expires_at = now + (template.ttl_s if ttl_s is None else ttl_s)
        told.turns_left = template.ttl_turns if ttl_turns is None else ttl_turns

    def take(self, now: float, *, budget_tokens: int, estimate: Callable[[str], int], language: str) -> Note | None:
        """Take the events for one turn off the board, as a note of at most ``budget_tokens``; None when there is nothing to tell.

        When not all fit, those of the highest priority are told, and among equals the newest; the others wait for a later turn. The
        first one of all is shortened rather than left, so that nothing blocks the board. The note tells them in order of happening.
        """
        self._trim(now)
        self._seen_order = self._order
        title = self._templates.title(language)
        left = budget_tokens - estimate(title)
        chosen: list[tuple[Told, str]] = []
        pushed = self._take_pushed(budget_tokens, estimate, language)
        events = (told for told in self._waiting if told.event.name != PUSHED)
        for told in sorted(events, key=lambda told: (-told.priority, -told.order)):
            line = self._templates.line(told.event, language)
            cost = estimate("\n" + line)
            if cost > left and not chosen:
                line = _shortened_to(line, left, estimate)
                cost = left
            if cost > left or not line:
                break
            left -= cost
            chosen.append((told, line))
        if not chosen and not pushed:
            return None
        chosen.sort(key=lambda pair: pair[0].order)
        blocks = [text for _, text in pushed]
        if chosen:
            blocks.append("\n".join([title, *(line for _, line in chosen)]))
        told_of = tuple(sorted((told for told, _ in [*pushed, *chosen]), key=lambda told: told.order))
        for told in told_of:
            self._remove(told)
        self._waiting = [told for told in self._waiting if told.is_waiting]
        return Note("\n\n".join(blocks), told_of)

    def _take_pushed(self, budget_tokens: int, estimate: Callable[[str], int], language: str) -> list[tuple[Told, str]]:
        """The game's own notes that fit, in order of coming; of too many the newest, and the newest shortened rather than left."""
        left = PUSHED_BUDGETS * budget_tokens
        chosen: list[tuple[Told, str]] = []
        for told in sorted((told for told in self._waiting if told.event.name == PUSHED), key=lambda told: -told.order):
            text = pushed_text(told.event, wording(language))
            cost = estimate(text)
            if cost > left and not chosen:
                text, cost = _shortened_to(text, left, estimate), left
            if cost > left or not text:
                break
            left -= cost
            chosen.append((told, text))
        return chosen[::-1]

    def use_up(self, note: Note) -> None:
        """The turn that was told this succeeded: its events are gone for good."""
        for told in note.events:
            if not told.is_waiting:
                self._unwrite(told)

    def give_back(self, note: Note) -> None:
        """Put the events of a failed turn's note back, with their order and age; a newer event with the same key wins."""
        for told in note.events:
            if told.is_waiting:
                continue
            if told.key and told.key in self._by_key:
                self._unwrite(told)
                continue
            told.is_waiting = True
            if told.key:
                self._by_key[told.key] = told
            self._waiting.append(told)
            if told.event.id and not told.stored:
                self._unwritten.append(told)

    def end_turn(self) -> None:
        """A turn succeeded: what it saw and did not use is one turn older. What came while it ran is not."""
        for told in self._waiting:
            if told.order <= self._seen_order:
                told.turns_left -= 1
                if told.turns_left <= 0:
                    self._let_go(told)
        self._waiting = [told for told in self._waiting if told.is_waiting]

    @property
    def dropped(self) -> int:
        """How many events were let go so far because too many waited."""
        return self._dropped

    def __len__(self) -> int:
        """How many events wait; some of them may have expired by the time of the next ``take``."""
        return min(len(self._waiting), self._max)

    def _trim(self, now: float) -> None:
        """Let go of what has expired, and of what is too much.

        Not done for each event: the board may hold twice as many for a while, so that a flood costs no sorting per event.
        """
        for told in self._waiting:
            if told.expires_at <= now:
                self._let_go(told)
        self._waiting = [told for told in self._waiting if told.is_waiting]
        surplus = len(self._waiting) - self._max
        if surplus > 0:
            self._waiting.sort(key=lambda told: (told.priority, told.order))
            for told in self._waiting[:surplus]:
                self._let_go(told)
            del self._waiting[:surplus]
            self._dropped += surplus

    def changes(self, npc: str, now: float) -> list[Change]:
        """What came, and what counts no more, since the last call; only of events with an id, which are safe once they are accepted."""
        changes: list[Change] = []
        if self._gone:
            changes.append(DropEvents(npc, tuple(self._gone)))
            self._gone.clear()
        for told in self._unwritten:
            if told.is_waiting and not told.stored:
                told.stored = told.order
                changes.append(PutEvent(npc, told.order, told.state(now)))
        self._unwritten.clear()
        return changes

    def states(self, now: float) -> list[State]:
        """All that waits, in order of happening."""
        return [told.state(now) for told in sorted(self._waiting, key=lambda told: told.order) if told.is_waiting]

    def restore(self, states: Iterable[State], now: float) -> None:
        """Put events back on this board, which is empty, as ``states`` told of them; they are written down so."""
        for state in sorted(states, key=lambda state: int(state["order"])):
            self._order = int(state["order"]) - 1
            event = Event.model_validate(state["event"])
            self.add(event, now)
            told = self._waiting[-1] if not event.key else self._by_key[event.key]
            left_s, turns_left = state["left_s"], state["turns_left"]
            told.expires_at = inf if left_s is None else now + left_s
            told.turns_left = inf if turns_left is None else turns_left
            told.stored = told.order
        self._unwritten.clear()

    def _let_go(self, told: Told) -> None:
        self._remove(told)
        self._unwrite(told)

    def _unwrite(self, told: Told) -> None:
        if told.stored:
            self._gone.append(told.stored)
            told.stored = 0

    def _remove(self, told: Told) -> None:
        told.is_waiting = False
        if told.key:
            del self._by_key[told.key]


def _shortened_to(line: str, budget_tokens: int, estimate: Callable[[str], int]) -> str:
    """The longest beginning of a line that fits, with an ellipsis; empty if there is hardly any."""
    low, high = 0, len(line)
    while low < high:
        middle = (low + high + 1) // 2
        if estimate("\n" + shortened(line, middle)) <= budget_tokens:
            low = middle
        else:
            high = middle - 1
    return shortened(line, low) if low >= 8 else ""
