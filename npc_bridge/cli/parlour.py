"""A person at a terminal in the place of a game: lines, slash commands, and NPCs that may speak up at any time.

Used by ``chat`` and, once its script is over, by ``demo``. It is a game client like any other and knows of the bridge only what the wire
says. The commands are in ``orders.py``.
"""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator

from npc_bridge.cli.orders import ORDERS, Leave, Orders
from npc_bridge.cli.stage import Stage
from npc_bridge.client import BridgeError, Game, Group, Npc, Turn
from npc_bridge.errors import WireError

GROUP = "here"
"""What the talk of several NPCs is called on the wire."""
PAUSE_S = 1.0
"""Before an NPC answers another."""
ASIDE_S = 0.5
"""How long beyond that another turn is waited for where nobody types."""


class Parlour:
    """One person and one NPC, or several."""

    def __init__(self, stage: Stage, game: Game, npc: Npc, *, player: str, clips: Iterable[str], events: Iterable[str] = ()) -> None:
        self.stage, self.game, self.npc, self.player = stage, game, npc, player
        self.clips, self.events = list(clips), list(events)
        self.group: Group | None = None
        """Whom the person talks with, if it is more than one."""
        self.held = False
        self.last: Turn | None = None
        """The turn that was shown last."""
        self._unasked: asyncio.Queue[Turn] = asyncio.Queue()
        self._listening: list[asyncio.Task[None]] = []
        self._orders = Orders(self)

    @contextlib.contextmanager
    def open_ears(self) -> Iterator[None]:
        """Collect what NPCs say by themselves, until the block is left."""
        self.listen_to(self.npc.turns())
        try:
            yield
        finally:
            for listening in self._listening:
                listening.cancel()

    def listen_to(self, turns: AsyncGenerator[Turn, None]) -> None:
        """Show these turns too."""

        async def listen() -> None:
            with contextlib.suppress(BridgeError):  # whoever talks meanwhile is told
                async for turn in turns:
                    self._unasked.put_nowait(turn)

        self._listening.append(asyncio.create_task(listen()))

    async def play(self, turn: Turn) -> None:
        """Show a turn."""
        self.last = turn
        await self.stage.play(turn)

    async def play_unasked(self, *, wait_s: float = 0.0) -> bool:
        """Show what an NPC says by itself; waits so long for it to begin. False if none did."""
        try:
            async with asyncio.timeout(wait_s or None):
                turn = await self._unasked.get() if wait_s else self._unasked.get_nowait()
        except (TimeoutError, asyncio.QueueEmpty):
            return False
        await self.play(turn)
        return True

    async def play_group(self) -> None:
        """Show the reply of a group, and what its NPCs then say to each other; at a terminal that comes while the person types."""
        await self.play_unasked(wait_s=60)
        while not sys.stdin.isatty() and await self.play_unasked(wait_s=PAUSE_S + ASIDE_S):
            pass

    async def talk(self) -> None:
        """Go on until the person leaves."""
        with contextlib.suppress(Leave):
            async for line in self._lines():
                try:
                    await self.do(line.strip())
                except WireError as error:
                    self.stage.remark(str(error))

    async def do(self, line: str) -> None:
        """Carry out one line or command. Raises ``Leave``, and ``WireError`` for what the bridge refuses."""
        if not line:
            return
        if line.startswith("/"):
            try:
                command, *words = shlex.split(line[1:]) or ["help"]
            except ValueError:  # an apostrophe is no quotation mark
                command, *words = line[1:].split() or ["help"]
            await self._orders.carry_out(command, words)
        elif self.held:
            await self._orders.say_while_held(line)
        elif self.group is not None:
            if await self.group.say(line, player=self.player) is not None:
                await self.play_group()
        else:
            await self.play(await self.npc.say(line))

    async def _lines(self) -> AsyncIterator[str]:
        """What the person types, line by line; the NPCs' own turns are shown in between."""
        if not sys.stdin.isatty():
            while line := await asyncio.to_thread(sys.stdin.readline):
                self.stage.says("You", line.strip())
                yield line
                while await self.play_unasked():
                    pass
            return
        async for line in self._typed():
            yield line

    async def _typed(self) -> AsyncIterator[str]:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.completion import WordCompleter
        from prompt_toolkit.formatted_text import FormattedText

        words = WordCompleter([f"/{name}" for name in (*ORDERS, *self.events)], sentence=True)
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
                await self.play(news.result())
                continue
            typed = ""
            if not news.cancel():
                await self.play(news.result())
            try:
                said = await line
            except EOFError:
                return
            if said.strip():
                if not said.startswith("/"):
                    self.stage.says("You", said)
                yield said
