"""The slash commands of ``npc-bridge chat``: one for everything that a game can do over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from npc_bridge.client import Candidates, Turn
from npc_bridge.errors import BadMessage, BadSave

if TYPE_CHECKING:
    from npc_bridge.cli.parlour import Parlour

REACTION_S = 0.3
"""A reaction begins within this time or not at all."""

HELP = """\
Type what you say, or a command:
  /event NAME key=value …   something happens; with a ! at the end the NPC reacts by itself
  /NAME key=value …         the same for the events listed by /events; the first letters are enough
  /events                   the events that this game has words for
  /note TEXT key=value …    something for the NPC to read with its next reply only
  /continue                 let the NPC go on
  /cut N TEXT               say TEXT, and interrupt the reply after N characters
  /regenerate               another reply in place of the last
  /candidates N             up to four of them, to choose from
  /choose N                 take that one; without it, the first counts
  /group NPC …              talk with these too; /group alone sends the others away
  /to NPC TEXT              in a group: say TEXT to this one
  /line TEXT                the NPC says this word for word
  /flag NAME=VALUE …        what is true in the game, for conditions in character files
  /hold, /release           nobody speaks until released; what you say meanwhile is answered then
  /save NAME, /load NAME    keep how things stand, and go back to it; for this run only
  /forget                   the NPC forgets you
  /stats                    what it took so far
  /clips                    the animations that this NPC can play
  /who                      who you are talking with, and which model speaks
  /help, /quit"""
ORDERS = (
    *("event", "events", "note", "continue", "cut", "regenerate", "candidates", "choose", "group", "to", "line", "flag", "hold", "release"),
    *("save", "load", "forget", "stats", "clips", "who", "help", "quit"),
)


class Leave(Exception):
    """The person has had enough."""


class Orders:
    """Carries out commands for one parlour."""

    def __init__(self, parlour: Parlour) -> None:
        self._parlour = parlour
        self._saved: dict[str, bytes] = {}
        self._waiting: list[asyncio.Task[Turn]] = []

    async def carry_out(self, command: str, words: list[str]) -> None:
        """One command. Raises ``Leave``, and ``WireError`` for what the bridge refuses."""
        if command in ("quit", "exit", "bye"):
            raise Leave
        if self._tell_about(command):
            return
        order = getattr(self, f"_{command}", None) if command in ORDERS else None
        if order is not None:
            await order(words)
        elif found := next((event for event in self._parlour.events if event.startswith(command)), ""):
            await self._happens(found, words)
        else:
            self._parlour.stage.remark(f"there is no command /{command}; /help lists them")

    def _tell_about(self, command: str) -> bool:
        """Answer a command that only asks; False if it is another."""
        parlour = self._parlour
        match command:
            case "help" | "?":
                parlour.stage.console.print(HELP, style="dim", highlight=False, markup=False)
            case "events":
                parlour.stage.remark(", ".join(parlour.events) or "none; any name will do with /event")
            case "clips":
                parlour.stage.remark(", ".join(parlour.clips) or "none")
            case "who":
                names = ", ".join(npc.name for npc in self._present())
                welcome = parlour.game.welcome
                parlour.stage.remark(f"{names} ({parlour.npc.character}) · {welcome.model} ({welcome.backend})")
            case _:
                return False
        return True

    # ── what happens, and what is known ──

    async def _event(self, words: list[str]) -> None:
        if not words:
            raise BadMessage("what happens? /event NAME key=value …")
        await self._happens(words[0], words[1:])

    async def _happens(self, event: str, words: list[str]) -> None:
        parlour = self._parlour
        reacts = words[-1:] == ["!"]
        data: dict[str, Any] = pairs(words)
        parlour.stage.happens(" ".join([event.replace("_", " "), *(f"{key} {value}" for key, value in data.items())]), f"event {event}")
        npc, group = ("", parlour.group.id) if parlour.group is not None else (parlour.npc.id, "")
        await parlour.game.tell(event, data or {"player": parlour.player}, npc=npc, group=group, react=True if reacts else None)
        await parlour.play_unasked(wait_s=REACTION_S)

    async def _note(self, words: list[str]) -> None:
        await self._parlour.npc.note(" ".join(word for word in words if "=" not in word), pairs(words))
        self._parlour.stage.remark("read with the next reply")

    async def _flag(self, words: list[str]) -> None:
        values = {name: number(value) for name, value in pairs(words).items()}
        if not values:
            raise BadMessage("which one? /flag NAME=VALUE …")
        await self._parlour.game.flags(values)
        self._parlour.stage.remark(", ".join(f"{name} is {value}" for name, value in values.items()))

    # ── who speaks ──

    async def _continue(self, _: list[str]) -> None:
        parlour = self._parlour
        if parlour.group is not None:
            await parlour.group.continue_()
            await parlour.play_group()
        else:
            await parlour.play(await parlour.npc.continue_())

    async def _cut(self, words: list[str]) -> None:
        if len(words) < 2 or not words[0].isdecimal():
            raise BadMessage("where? /cut N TEXT")
        at = int(words[0])
        turn = await self._parlour.npc.say(" ".join(words[1:]))
        shown = asyncio.create_task(self._parlour.play(turn))
        async for _ in turn:
            if len(turn.text) >= at:
                await turn.interrupt(at)
                break
        await shown

    async def _regenerate(self, _: list[str]) -> None:
        who = self._parlour.group or self._parlour.npc
        await self._show(await who.regenerate())

    async def _candidates(self, words: list[str]) -> None:
        who = self._parlour.group or self._parlour.npc
        turn = await who.candidates(int(words[0]) if words and words[0].isdecimal() else 3)
        await self._show(turn)
        self._parlour.stage.remark("/choose takes one of them; without it the first counts")

    async def _show(self, turn: Turn) -> None:
        if self._parlour.group is None:
            await self._parlour.play(turn)
        else:
            await self._parlour.play_group()

    async def _choose(self, words: list[str]) -> None:
        turn = self._parlour.last
        if not isinstance(turn, Candidates) or not words or not words[0].isdecimal() or not 1 <= int(words[0]) <= turn.n:
            raise BadMessage("there is nothing like that to choose; ask for /candidates first, and then /choose 1, 2 …")
        await turn.choose(int(words[0]) - 1)
        self._parlour.stage.remark(f"said: {turn.texts[int(words[0]) - 1]}")

    async def _line(self, words: list[str]) -> None:
        turn = await self._parlour.npc.line(" ".join(words))
        assert turn is not None
        await self._show(turn)

    async def _hold(self, _: list[str]) -> None:
        await self._parlour.game.hold()
        self._parlour.held = True
        self._parlour.stage.remark("everyone is silent until /release")

    async def _release(self, _: list[str]) -> None:
        await self._parlour.game.release()
        self._parlour.held = False
        waiting, self._waiting = self._waiting, []
        turns = list(dict.fromkeys([await said for said in waiting]))
        if self._parlour.group is not None and turns:
            await self._parlour.play_group()
        else:
            for turn in turns:
                await self._parlour.play(turn)

    async def say_while_held(self, line: str) -> None:
        """The bridge keeps the line, and the reply comes after the release."""
        self._waiting.append(asyncio.create_task(self._parlour.npc.say(line)))
        await asyncio.sleep(0)
        self._parlour.stage.remark("heard; answered after /release")

    # ── several NPCs ──

    async def _group(self, words: list[str]) -> None:
        from npc_bridge.cli.parlour import GROUP, PAUSE_S

        parlour = self._parlour
        if not words:
            if parlour.group is not None:
                await parlour.group.disperse()
                parlour.group = None
                parlour.stage.remark(f"only {parlour.npc.name} is left")
            return
        for character in words:
            if character not in parlour.game.npcs:
                npc = await parlour.game.open(character, character=character, player=parlour.player, opening=False)
                parlour.listen_to(npc.turns())
        is_new = parlour.group is None
        parlour.group = await parlour.game.gather(GROUP, dict.fromkeys([parlour.npc.id, *words]), pause_s=PAUSE_S)
        if is_new:
            parlour.listen_to(parlour.group.turns())
        names = [npc.name for npc in self._present()]
        parlour.stage.remark(f"{', '.join(names)} are here; name whom you mean, or /to NPC TEXT")

    async def _to(self, words: list[str]) -> None:
        npc = next((npc for npc in self._present() if words and npc.id.startswith(words[0])), None)
        if npc is None or len(words) < 2:
            raise BadMessage("to whom? /to NPC TEXT")
        turn = await npc.say(" ".join(words[1:]), player=self._parlour.player)
        await self._show(turn)

    def _present(self) -> Sequence[Any]:
        parlour = self._parlour
        here = parlour.group.npcs if parlour.group is not None else (parlour.npc.id,)
        return [parlour.game.npcs[npc] for npc in here if npc in parlour.game.npcs]

    # ── what is remembered ──

    async def _save(self, words: list[str]) -> None:
        name = words[0] if words else "quick"
        self._saved[name] = state = await self._parlour.game.save()
        self._parlour.stage.remark(f"kept as {name}, {len(state):,} bytes")

    async def _load(self, words: list[str]) -> None:
        name = words[0] if words else "quick"
        if name not in self._saved:
            raise BadSave(f"nothing was saved as {name}")
        await self._parlour.game.load(self._saved[name])
        self._parlour.stage.remark(f"as it was when {name} was saved")

    async def _forget(self, _: list[str]) -> None:
        await self._parlour.game.forget(npc=self._parlour.npc.id)
        self._parlour.stage.remark(f"{self._parlour.npc.name} has never met you")

    async def _stats(self, _: list[str]) -> None:
        stats = await self._parlour.game.stats()
        tables = {"session": (stats.session,), "backend": stats.backends, "budget": stats.budgets, "no clip": stats.unmapped}
        for title, rows in tables.items():
            for row in rows:
                told = [f"{name} {value}" for name, value in row.items() if value not in (None, "", [], {})]
                if told:
                    self._parlour.stage.remark(f"{title}: " + " · ".join(told))


def pairs(words: Sequence[str]) -> dict[str, Any]:
    """``key=value`` words as a map."""
    given = [word.partition("=") for word in words if "=" in word]
    return {key: value for key, _, value in given}


def number(value: str) -> bool | int | float | str | None:
    """A flag's value as it was meant."""
    words: dict[str, bool | None] = {"true": True, "yes": True, "false": False, "no": False, "none": None, "": None}
    if value.lower() in words:
        return words[value.lower()]
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value
