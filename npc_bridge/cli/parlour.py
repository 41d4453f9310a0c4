"""A person at a terminal in the place of a game: lines, slash commands, and an NPC that may speak up at any time.

Used by ``chat`` and, once its script is over, by ``demo``. It is a game client like any other and knows of the bridge only what the wire
says.
"""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import sys
from collections.abc import AsyncIterator, Iterable
from typing import Any

from npc_bridge.cli.stage import Stage
from npc_bridge.client import Game, Npc, Turn
from npc_bridge.errors import WireError

HELP = """\
Type what you say, or a command:
  /event NAME key=value …   something happens; with a ! at the end the NPC reacts by itself
  /NAME key=value …         the same for the events listed by /events; the first letters are enough
  /events                   the events that this game has words for
  /continue                 let the NPC go on
  /cut N TEXT               say TEXT, and interrupt the reply after N characters
  /clips                    the animations that this NPC can play
  /who                      who you are talking with, and which model speaks
  /help, /quit"""


REACTION_S = 0.3
"""A reaction begins within this time or not at all."""


class Leave(Exception):
    """The person has had enough."""


class Parlour:
    """One person and one NPC."""

    def __init__(self, stage: Stage, game: Game, npc: Npc, *, player: str, clips: Iterable[str], events: Iterable[str] = ()) -> None:
        self.stage, self.game, self.npc, self.player = stage, game, npc, player
        self.clips, self.events = list(clips), list(events)
        self._unasked: asyncio.Queue[Turn] = asyncio.Queue()

    async def listen(self) -> None:
        """Collect what the NPC says by itself; runs until the conversation ends."""
        async for turn in self.npc.turns():
            self._unasked.put_nowait(turn)

    async def play_unasked(self, *, wait_s: float = 0.0) -> None:
        """Show what the NPC says by itself; waits so long for it to begin."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s or None):
                turn = await self._unasked.get() if wait_s else self._unasked.get_nowait()
            await self.stage.play(turn)

    async def talk(self) -> None:
        """Go on until the person leaves."""
        lines = self._lines()
        with contextlib.suppress(Leave):
            async for line in lines:
                try:
                    await self.do(line.strip())
                except WireError as error:
                    self.stage.remark(str(error))

    async def do(self, line: str) -> None:
        """Carry out one line or command. Raises ``Leave``, and ``WireError`` for what the bridge refuses."""
        if not line:
            return
        if not line.startswith("/"):
            await self.stage.play(await self.npc.say(line))
            return
        try:
            command, *words = shlex.split(line[1:]) or ["help"]
        except ValueError:  # an apostrophe is no quotation mark
            command, *words = line[1:].split()
        if command in ("quit", "exit", "bye"):
            raise Leave
        if not self._tell_about(command):
            await self._act(command, words)

    def _tell_about(self, command: str) -> bool:
        """Answer a command that only asks; False if it is another."""
        match command:
            case "help" | "?":
                self.stage.console.print(HELP, style="dim", highlight=False, markup=False)
            case "events":
                self.stage.remark(", ".join(self.events) or "none; any name will do with /event")
            case "clips":
                self.stage.remark(", ".join(self.clips) or "none")
            case "who":
                self.stage.remark(f"{self.npc.name} ({self.npc.character}) · {self.game.welcome.model} ({self.game.welcome.backend})")
            case _:
                return False
        return True

    async def _act(self, command: str, words: list[str]) -> None:
        match command:
            case "continue":
                await self.stage.play(await self.npc.continue_())
            case "cut" if len(words) >= 2 and words[0].isdecimal():
                await self._cut(int(words[0]), " ".join(words[1:]))
            case "event" if words:
                await self._happens(words[0], words[1:])
            case name if found := next((event for event in self.events if event.startswith(name)), ""):
                await self._happens(found, words)
            case _:
                self.stage.remark(f"there is no command /{command}; /help lists them")

    async def _happens(self, event: str, words: list[str]) -> None:
        reacts = words[-1:] == ["!"]
        given = [word.partition("=") for word in words if "=" in word]
        data: dict[str, Any] = {key: value for key, _, value in given}
        self.stage.happens(" ".join([event.replace("_", " "), *(f"{key} {value}" for key, value in data.items())]), f"event {event}")
        await self.game.tell(event, data or {"player": self.player}, npc=self.npc.id, react=True if reacts else None)
        await self.play_unasked(wait_s=REACTION_S)

    async def _cut(self, at: int, text: str) -> None:
        turn = await self.npc.say(text)
        shown = asyncio.create_task(self.stage.play(turn))
        async for _ in turn:
            if len(turn.text) >= at:
                await turn.interrupt(at)
                break
        await shown

    async def _lines(self) -> AsyncIterator[str]:
        """What the person types, line by line; the NPC's own turns are shown in between."""
        if not sys.stdin.isatty():
            while line := await asyncio.to_thread(sys.stdin.readline):
                self.stage.says("You", line.strip())
                yield line
                while not self._unasked.empty():
                    await self.play_unasked()
            return
        async for line in self._typed():
            yield line

    async def _typed(self) -> AsyncIterator[str]:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.completion import WordCompleter
        from prompt_toolkit.formatted_text import FormattedText

        commands = ["event", "events", "continue", "cut", "clips", "who", "help", "quit", *self.events]
        words = WordCompleter([f"/{name}" for name in commands], sentence=True)
        # Ctrl-C ends the conversation like Ctrl-D; a KeyboardInterrupt inside a task would end the event loop.
        prompt: PromptSession[str] = PromptSession(
            completer=words, complete_while_typing=False, erase_when_done=True, interrupt_exception=EOFError
        )
        name = FormattedText([("", "\n"), ("bold ansigreen", "You     ")])
        typed = ""
        while True:
            line = asyncio.create_task(prompt.prompt_async(name, default=typed))
            news = asyncio.create_task(self._unasked.get())
            await asyncio.wait({line, news}, return_when=asyncio.FIRST_COMPLETED)
            if not line.done():  # the NPC speaks up: what was typed so far comes back after it
                typed = prompt.default_buffer.text
                prompt.app.exit(result="")
                await line
                await self.stage.play(news.result())
                continue
            typed = ""
            if not news.cancel():
                await self.stage.play(news.result())
            try:
                said = await line
            except EOFError:
                return
            if said.strip():
                if not said.startswith("/"):
                    self.stage.says("You", said)
                yield said
