"""Long-term memory that the bridge keeps: older lines become a summary, made after replies and read instead of them.

The algorithm is that of the role-play models' own long-term memory, for every model and language. With N entries: when at a request N lines
or more are in no summary yet, the oldest N of them and the summary so far become a new summary, which is used from the next request on. The
model reads the persona, the latest summary that is finished, and the N most recent lines, the new one included.

For large N the beginning of these lines moves in steps of an eighth, so that the model server finds the same prompt again in between.
Which lines there are is the history's business, and asking a model that of ``npc_bridge/remembering.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from npc_bridge.core.history import KEPT_UNANSWERED, History, Line
from npc_bridge.core.plain import message_text
from npc_bridge.core.wording import language_name, wording

if TYPE_CHECKING:
    from npc_bridge.core.conversation import Conversation

MAX_SUMMARY_TOKENS = 1_000
MAX_SPILLED = 2_000
SaveType: TypeAlias = Literal["system", "user", "assistant", "output"]


class MemorySettings(BaseModel):
    """What an NPC remembers of lines that it reads no more."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    where: Literal["off", "bridge", "server"] = Field(default="off", examples=["bridge"])
    """Who keeps it: nobody, the bridge by summaries, or a model server that can."""
    entries: int = Field(default=200, ge=2, le=400, examples=[200])
    """How many of the latest lines the model reads as they are, and after how many more a summary is made."""
    skip: tuple[SaveType, ...] = Field(default=(), max_length=4, examples=[["system"]])
    """What is not kept: notes, players' lines, authored lines of the NPC, its replies."""


@dataclass(frozen=True, slots=True)
class Job:
    """A summary to be made."""

    so_far: str
    lines: tuple[Line, ...]
    """Those to be added, oldest first."""
    ends: tuple[int, ...]
    """For each of them the number of the line after it."""


class LongTerm:
    """What one conversation remembers beyond the lines that the model reads."""

    __slots__ = ("_known_before", "authored", "done", "job", "known_to_server", "spilled", "summary")

    def __init__(self) -> None:
        self.summary = ""
        self.done = 0
        """The lines before this number are in the summary, or not meant to be."""
        self.job: Job | None = None
        """The summary that is being made."""
        self.spilled: list[tuple[int, Line]] = []
        """Lines that had to be cut off the history before they were in a summary, with their numbers."""
        self.authored: list[int] = []
        """Numbers of the NPC's lines that no model wrote."""
        self.known_to_server = 0
        """A server that remembers knows the lines before this number."""
        self._known_before = 0

    # ── what the model reads ──

    def window(self, history: History, settings: MemorySettings) -> list[Line]:
        """The most recent lines that are kept, and those that wait for a reply."""
        kept = [(n, line) for n, line in enumerate(history.lines, history.first) if self._is_kept(n, line, settings)]
        step = max(1, settings.entries // 8)
        # Counted from the first line of all, so that the beginning stays where it is for some turns.
        begin = max(0, len(kept) - settings.entries)
        if begin:
            before = kept[begin][0]
            while begin > 0 and kept[begin][0] > before - before % step:
                begin -= 1
        shown = {n for n, _ in kept[begin:]} | set(range(history.count - min(history.unanswered, KEPT_UNANSWERED), history.count))
        return [line for n, line in enumerate(history.lines, history.first) if n in shown]

    def let_go(self, history: History, settings: MemorySettings) -> None:
        """Drop the lines that are in the summary and read no more."""
        window = self.window(history, settings)
        unread = next((place for place, line in enumerate(history.lines) if window and line is window[0]), 0)
        history.let_go(min(history.first + unread, self.done))

    def spill(self, lines: Iterable[Line], first: int) -> None:
        """These were cut off the history, the first of them under this number; what is in no summary yet is kept for the next."""
        self.spilled += [(n, line) for n, line in enumerate(lines, first) if n >= self.done]
        del self.spilled[:-MAX_SPILLED]

    # ── making summaries ──

    def due(self, history: History, settings: MemorySettings) -> Job | None:
        """The summary to be made now that the NPC has replied, if there is one: the reply itself is not in it."""
        if settings.where != "bridge" or self.job is not None:
            return None
        end = history.count - (1 if history.lines and history.lines[-1].role == "assistant" else 0)
        self.done = min(self.done, end)
        numbered = [*self.spilled, *((n, line) for n, line in enumerate(history.lines, history.first) if self.done <= n < end)]
        kept = [(n, line) for n, line in numbered if self._is_kept(n, line, settings)]
        if len(kept) < settings.entries and not self.spilled:
            return None
        oldest = kept[: max(settings.entries, len(self.spilled))] if len(kept) >= settings.entries else kept[: len(self.spilled)]
        if not oldest:
            self.spilled.clear()
            return None
        self.job = Job(self.summary, tuple(line for _, line in oldest), tuple(n + 1 for n, _ in oldest))
        return self.job

    def finish(self, job: Job, count: int, text: str) -> None:
        """A summary of the first ``count`` lines of the job is made. One that was superseded meanwhile is dropped."""
        if job is not self.job:
            return
        self.job = None
        if text.strip() and count:
            self.summary, self.done = text.strip(), job.ends[count - 1]
            self.spilled = [(n, line) for n, line in self.spilled if n >= self.done]

    def give_up(self, job: Job) -> None:
        """The model failed; the next turn tries again."""
        if job is self.job:
            self.job = None

    # ── what was said ──

    def note_reply(self, history: History, *, is_authored: bool, is_whole: bool) -> None:
        """The NPC has said the last line: an authored one, or a reply that the server knows as it is."""
        if is_authored:
            self.authored = [n for n in self.authored if n >= history.first] + [history.count - 1]
        elif is_whole:
            self._known_before, self.known_to_server = self.known_to_server, history.count

    def reply_was_another(self) -> None:
        """The last reply was cut or replaced: the server knows it wrongly."""
        self.known_to_server = min(self.known_to_server, self._known_before)

    def new_lines(self, history: History) -> int:
        """How many lines a server that remembers does not know yet."""
        return history.count - min(max(self.known_to_server, history.first), history.count)

    def _is_kept(self, n: int, line: Line, settings: MemorySettings) -> bool:
        kind: SaveType = "user" if line.role == "user" else "assistant" if n in self.authored else "output"
        return kind not in settings.skip

    def state(self) -> dict[str, Any]:
        """See ``snapshot.Kept``."""
        if not (self.summary or self.spilled or self.authored or self.known_to_server):
            return {}
        spilled = [[n, line.role, line.text, line.player] for n, line in self.spilled]
        return {
            "summary": self.summary, "done": self.done, "spilled": spilled, "authored": list(self.authored),
            "known": self.known_to_server,
        }  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        """See ``snapshot.Kept``. What cannot be read is forgotten."""
        try:
            saved = _Saved.model_validate(state)
        except ValidationError:
            saved = _Saved()
        self.summary, self.done, self.job = saved.summary, saved.done, None
        self.spilled = [(n, Line(role, text, player)) for n, role, text, player in saved.spilled]
        self.authored, self.known_to_server = list(saved.authored), saved.known


class _Saved(BaseModel):
    summary: str = Field(default="", max_length=20_000)
    done: int = Field(default=0, ge=0)
    spilled: list[tuple[int, Literal["user", "assistant"], str, str]] = Field(default=[], max_length=MAX_SPILLED)
    authored: list[int] = Field(default=[], max_length=10_000)
    known: int = Field(default=0, ge=0)


def summary_messages(talk: Conversation, job: Job, budget_tokens: int, estimate: Callable[[str], int]) -> tuple[list[dict[str, str]], int]:
    """What a model is asked for a summary, and how many of the job's lines fit into the request."""
    words = wording(talk.language)
    task = words.summarise.format(name=talk.name, language=language_name(talk.language))
    before = [words.so_far + "\n" + job.so_far] if job.so_far else []
    left = budget_tokens - estimate("\n\n".join([task, *before])) - 64
    lines = _told(talk, job.lines, words.colon)
    count = 0
    while count < len(lines) and (left := left - estimate(lines[count] + "\n")) >= 0:
        count += 1
    count = max(1, count)
    content = "\n\n".join([*before, words.said_since + "\n" + "\n".join(lines[:count])])
    return [{"role": "system", "content": task}, {"role": "user", "content": content}], count


def _told(talk: Conversation, lines: Sequence[Line], colon: str) -> list[str]:
    return [(line.player or talk.player.name if line.role == "user" else talk.name) + colon + message_text(line.text) for line in lines]


def shortened_summary(text: str, estimate: Callable[[str], int]) -> str:
    """The summary within its limit, cut after a whole sentence where there is one."""
    text = text.strip()
    if estimate(text) <= MAX_SUMMARY_TOKENS:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if estimate(text[:middle]) <= MAX_SUMMARY_TOKENS else (low, middle - 1)
    end = max(text.rfind(mark, 0, low) for mark in (". ", "。", "\n", "! ", "? ", "！", "？"))
    return text[: end + 1].strip() if end > low // 2 else text[:low].strip()
