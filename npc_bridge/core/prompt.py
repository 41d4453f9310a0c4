"""Character, history and note → the chat messages of one request.

From turn to turn the messages before the note stay the same bytes and only grow at their end, so that servers find them in
their prompt cache; the tests compare bytes. How servers differ (some refuse a late ``system`` message) is the business of
``backends``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias

from npc_bridge.core.board import Note
from npc_bridge.core.character import Character, Facts
from npc_bridge.core.conversation import Circle
from npc_bridge.core.exits import mark_of
from npc_bridge.core.history import MESSAGE_OVERHEAD_TOKENS, History, Line
from npc_bridge.core.knowledge import NOTHING, Known
from npc_bridge.core.messages import Player
from npc_bridge.core.plain import message_text, one_line
from npc_bridge.core.summary import LongTerm
from npc_bridge.core.wording import Wording, language_name, primary, wording

ChatMessage: TypeAlias = dict[str, str]

MAX_LISTED_CLIPS = 64
MAX_NAME_CHARS = 60


def build_prompt(
    character: Character,
    history: History,
    note: Note | None,
    *,
    player: Player,
    actions: Sequence[str],
    language: str,
    budget_tokens: int,
    estimate: Callable[[str], int],
    goes_on: bool = False,
    circle: Circle | None = None,
    memory: LongTerm | None = None,
    known: Known = NOTHING,
    exits: Mapping[str, str] = MappingProxyType({}),
) -> list[ChatMessage]:
    """Return what the model reads: persona, examples, the conversation, and the note directly before the last line without a reply.

    ``actions`` is how the NPC's clips are written between parentheses, for characters who keep to those.

    ``known`` is what it knows under conditions, ``exits`` the descriptions of those that are open, by name; see ``knowledge.py`` for why
    some of it stands in the persona and some beside the note.

    When the NPC ``goes_on`` although nobody spoke, the last message is the beginning of its next line: its name. In a ``circle`` of
    several NPCs all lines begin with a name, and the reply always does.

    With no such line (the NPC goes on, or reacts to an event) the note stands last. When all this would cost more than
    ``budget_tokens``, the oldest lines are cut off ``history`` for good. The persona and the newest line are never cut.
    """
    messages: list[ChatMessage] = [
        {
            "role": "system",
            "content": persona(character, player=player, actions=actions, language=language, known=known.settled, circle=circle)
            + (_memory(memory.summary, character.name if circle is None else circle.name, language) if memory is not None else ""),
        }
    ]
    for example in character.examples:
        messages += [{"role": "user", "content": example.player}, {"role": "assistant", "content": example.npc}]
    fixed = sum(_cost(estimate, message["content"]) + MESSAGE_OVERHEAD_TOKENS for message in messages)
    beside = "\n\n".join([*_asides(known, language), *([note.text] if note else []), *_exits(exits, language)])
    # Room for the longest note, not for this one: the cut must not depend on what happens to be told.
    note_tokens = max(character.note_tokens, estimate(beside) if beside else 0) + MESSAGE_OVERHEAD_TOKENS
    limits, long_term = character.history, character.memory
    first, keeps = history.first, memory is not None and long_term.where == "bridge"
    if memory is not None and keeps:
        memory.let_go(history, long_term)
        first = history.first
    most = max(limits.max_messages, 3 * long_term.entries) if keeps else limits.max_messages
    gone = history.cut_to_fit(budget_tokens - fixed - note_tokens, estimate, max_messages=most, keep=limits.keep)
    lines = history.lines
    if memory is not None and keeps:
        memory.spill(gone, first)
        lines = memory.window(history, long_term)
    colon = wording(language).colon
    messages += (_chat_message(line, player.name, circle, colon) for line in lines)
    if beside:
        place = len(messages) - 1 if history.unanswered else len(messages)
        messages.insert(place, {"role": "system", "content": beside})
    if goes_on or circle is not None:
        messages.append({"role": "assistant", "content": (circle.name if circle is not None else character.name) + colon.rstrip()})
    return messages


# Persona and examples are the same every turn, and counting their tokens would be most of the work.
@lru_cache(maxsize=512)
def _cost(estimate: Callable[[str], int], text: str) -> int:
    return estimate(text)


def persona(
    character: Character, *, player: Player, actions: Sequence[str], language: str, known: Sequence[str] = (), circle: Circle | None = None
) -> str:
    """Return the first ``system`` message: the four parts of the character, the player, and the actions to choose from."""
    words = wording(language)
    player_name = one_line(player.name, MAX_NAME_CHARS)
    about = words.player.format(player=player_name) + words.colon + one_line(player.description, 2_000)
    blocks = [
        [words.you_are.format(name=character.name), *_facts(character.identity, words)],
        _titled(words.background, _facts(character.background, words)),
        _titled(words.scene, _facts(character.scene, words)),
        _titled(words.style, _style(character, actions, language, words)),
        [
            words.talking_with.format(player=player_name),
            *([about] if player.description else []),
            words.stay.format(name=circle.name if circle is not None else character.name),
            *([words.among.format(names=words.between.join(circle.others), name=circle.name)] if circle is not None else []),
        ],
        _titled(words.knows, list(known)),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _memory(summary: str, name: str, language: str) -> str:
    """At the end of the persona, so that all before it stays as it is when the summary changes."""
    return f"\n\n{wording(language).remembers.format(name=name)}\n{message_text(summary)}" if summary else ""


def _asides(known: Known, language: str) -> list[str]:
    return ["\n".join([wording(language).news, *known.news])] if known.news else []


def _exits(exits: Mapping[str, str], language: str) -> list[str]:
    words = wording(language)
    marks = [words.exit.format(mark=mark_of(name), description=description) for name, description in exits.items()]
    return ["\n".join([words.exits, *marks])] if marks else []


def _titled(title: str, lines: list[str]) -> list[str]:
    return [title, *lines] if lines else []


def _facts(facts: Facts, words: Wording) -> list[str]:
    return [_label(key, words) + words.colon + _joined(texts, words) for key, texts in facts.items() if texts]


def _label(key: str, words: Wording) -> str:
    label = words.labels.get(key) or key.replace("_", " ")
    return label[:1].upper() + label[1:]


def _joined(texts: Iterable[str], words: Wording) -> str:
    return words.separator.join(texts)


def _style(character: Character, actions: Sequence[str], language: str, words: Wording) -> list[str]:
    style = character.style
    lines = [_label(key, words) + words.colon + text for key, text in (("manner", style.manner), ("length", style.length)) if text]
    match style.actions:
        case "free":
            lines.append(words.actions_free)
        case "off":
            lines.append(words.actions_off)
        case "listed" if actions:
            listed = dict.fromkeys(words.action.format(action=action) for action in actions[:MAX_LISTED_CLIPS])
            lines.append(words.actions_listed.format(actions=words.between.join(listed)))
        case "listed":
            lines.append(words.actions_off)
    if primary(language) != "en" or primary(character.language) != "en":
        lines.append(words.answer_in.format(language=language_name(language)))
    return lines


def _chat_message(line: Line, player_name: str, circle: Circle | None, colon: str) -> ChatMessage:
    if line.role == "assistant":
        text = line.text.rstrip("—-") + "—" if line.cut else line.text
        return {"role": "assistant", "content": circle.name + colon + text if circle is not None else text}
    text = message_text(line.text)
    if line.player and (circle is not None or line.player != player_name):
        text = f"{one_line(line.player, MAX_NAME_CHARS)}{colon}{text}"
    return {"role": "user", "content": text}
