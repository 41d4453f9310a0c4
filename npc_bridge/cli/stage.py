"""How a conversation looks in a terminal: who speaks, gestures at their places in the text, and below each turn what it took.

A pipe gets the same words without colours and without waiting.
"""

from __future__ import annotations

import asyncio
import re

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text as Styled

from npc_bridge.client import Candidates, Cue, Exit, Text, Turn, TurnEnded

MARGIN = 8
MAX_WIDTH = 92
CHARS_PER_S = 60.0
"""How fast text is shown at most; a model is often faster than one reads."""

# Spaces, or a word, or one Chinese or Japanese character: what a line may be broken at.
_PIECES = re.compile(r"\s+|[\u2e80-\U0010ffff]|[^\s\u2e80-\U0010ffff]+")


class Stage:
    """Writes a conversation to a terminal."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def title(self, title: str, *lines: str) -> None:
        """The head of the page."""
        self.console.print()
        self.console.print(Styled(title, style="bold"))
        for line in lines:
            self.console.print(Styled(line, style="dim"))

    def happens(self, what: str, event: str = "") -> None:
        """Something happens in the game."""
        self.console.print()
        self.console.print(Styled.assemble("      ", ("✦ ", "yellow"), (what, "italic yellow"), (f"   {event}", "dim")))

    def says(self, who: str, text: str) -> None:
        """A line of the player's."""
        self.console.print()
        paragraph = Paragraph(self.console, who, "bold green")
        paragraph.write(text)
        paragraph.close()

    def remark(self, text: str) -> None:
        """Something about what was shown above."""
        self.console.print(Styled.assemble(" " * MARGIN, (text, "dim")))

    async def play(self, turn: Turn, *, with_facts: bool = True) -> TurnEnded:
        """Show a turn while it comes in, and under it what it took. Cancelled, it leaves the line as far as it got."""
        self.console.print()
        if isinstance(turn, Candidates):
            return await self._play_candidates(turn)
        paragraph = Paragraph(self.console, turn.npc.name, "bold cyan")
        try:
            async for part in turn:
                match part:
                    case Cue(state="provisional") | Cue(clip="", reason="thinking"):
                        pass  # a terminal cannot take back what it has shown, and has no face
                    case Exit():
                        paragraph.write(f" [the talk has come to the exit {part.exit}] ", "yellow", is_whole=True)
                    case Cue():
                        paragraph.write(
                            f" ({gesture(part)}) ", "magenta" if part.clip and not part.is_over else "dim magenta", is_whole=True
                        )
                    case Text():
                        paragraph.write(part.text)
                        if self.console.is_terminal:
                            await asyncio.sleep(len(part.text) / CHARS_PER_S)
        finally:
            paragraph.close()
        ended = await turn.done()
        if with_facts:
            for line in facts(turn, ended):
                self.remark(line)
        return ended

    async def _play_candidates(self, turn: Candidates) -> TurnEnded:
        """Show several replies side by side, once they are all there."""
        ended = await turn.done()
        columns = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, width=min(self.console.width, MAX_WIDTH))
        told = []
        for index in range(turn.n):
            columns.add_column(f"{turn.npc.name} {index + 1}", header_style="bold cyan", ratio=1, overflow="fold")
            text = Styled()
            for part in turn.parts:
                if isinstance(part, Text) and part.index == index:
                    text.append(part.text)
                elif isinstance(part, Cue) and part.index == index and part.state != "provisional" and part.reason != "thinking":
                    text.append(f"{' ' if text else ''}({gesture(part)}) ", "magenta")
            told.append(text if text.plain.strip() else Styled("(nothing came)", style="dim"))
        columns.add_row(*told)
        self.console.print(columns)
        for line in facts(turn, ended):
            self.remark(line)
        return ended


def gesture(cue: Cue) -> str:
    """What a cue looks like between parentheses."""
    if cue.is_over:
        return f"{cue.clip}, withdrawn"
    return (cue.clip or cue.action) + (f" → {cue.target}" if cue.target else "")


class Paragraph:
    """One speech: a name, then words that come in pieces, broken at the right edge."""

    def __init__(self, console: Console, who: str, style: str) -> None:
        self._console = console
        self._width = min(console.width, MAX_WIDTH)
        self._column = 0
        self._is_spaced = False
        self._held = ("", "")
        self._put(f"{who:<{MARGIN - 1}} ", style)

    def write(self, text: str, style: str = "", *, is_whole: bool = False) -> None:
        """Add text; its last word waits until it is known to be whole."""
        held, held_style = self._held
        if held_style == style:
            text, held = held + text, ""
        self._add(held, held_style)
        pieces: list[str] = _PIECES.findall(text)
        is_open = bool(pieces) and not is_whole and not pieces[-1].isspace() and ord(pieces[-1][-1]) < 0x2E80
        self._held = (pieces.pop(), style) if is_open else ("", style)
        for piece in pieces:
            self._add(piece, style)

    def close(self) -> None:
        """End the paragraph."""
        self._add(*self._held)
        self._console.print()

    def _add(self, piece: str, style: str) -> None:
        if not piece:
            return
        if piece.isspace():
            self._is_spaced = True
            return
        if self._column + self._is_spaced + cell_len(piece) > self._width and self._column > MARGIN:
            self._console.print()
            self._column = 0
            self._put(" " * MARGIN, "")
        elif self._is_spaced and self._column > MARGIN:
            self._put(" ", "")
        self._is_spaced = False
        self._put(piece, style)

    def _put(self, text: str, style: str) -> None:
        self._console.print(Styled(text, style=style), end="", soft_wrap=True)
        self._column += cell_len(text)


def facts(turn: Turn, ended: TurnEnded) -> list[str]:
    """What a developer wants to know of a turn: the note as the model read it, times, and how much of the prompt was cached."""
    lines = []
    if turn.note:
        told = [line for line in turn.note.splitlines() if line and line[-1] not in ":："]  # without titles
        lines.append("note: " + " · ".join(told))
    if turn.cause == "opening":
        lines.append("the character file's opening line; no model was asked")
        return lines
    figures = []
    if ended.first_text_ms is not None:
        figures.append(f"first text after {ended.first_text_ms:,.0f} ms")
    if ended.prompt_tokens and ended.cached_tokens is not None:
        figures.append(f"{ended.cached_tokens} of {ended.prompt_tokens} prompt tokens cached")
    elif ended.prompt_tokens:
        figures.append(f"{ended.prompt_tokens} prompt tokens")
    if ended.reason == "fallback":
        figures.append("an authored line, because the model did not answer")
    elif ended.reason != "stop":
        figures.append(ended.reason)
    if ended.code:
        figures.append(f"{ended.code}: {ended.message}")
    return [*lines, " · ".join(figures)] if figures else lines
