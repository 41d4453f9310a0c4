"""Character, history and note → the chat messages of one request.

From turn to turn the messages before the note stay the same bytes and only grow at their end, so that servers find them in
their prompt cache; the tests compare bytes. How servers differ (some refuse a late ``system`` message) is the business of
``backends``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TypeAlias

from npc_bridge.core.character import Character, Facts
from npc_bridge.core.events import Note
from npc_bridge.core.history import MESSAGE_OVERHEAD_TOKENS, History, Line
from npc_bridge.core.messages import Player
from npc_bridge.core.plain import message_text, one_line
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
) -> list[ChatMessage]:
    """Return what the model reads: persona, examples, the conversation, and the note directly before the last line without a reply.

    ``actions`` is how the NPC's clips are written between parentheses, for characters who keep to those.

    When the NPC ``goes_on`` although nobody spoke, the last message is the beginning of its next line: its name.

    With no such line (the NPC goes on, or reacts to an event) the note stands last. When all this would cost more than
    ``budget_tokens``, the oldest lines are cut off ``history`` for good. The persona and the newest line are never cut.
    """
    messages: list[ChatMessage] = [{"role": "system", "content": persona(character, player=player, actions=actions, language=language)}]
    for example in character.examples:
        messages += [{"role": "user", "content": example.player}, {"role": "assistant", "content": example.npc}]
    fixed = sum(_cost(estimate, message["content"]) + MESSAGE_OVERHEAD_TOKENS for message in messages)
    # Room for the longest note, not for this one: the cut must not depend on what happens to be told.
    note_tokens = max(character.note_tokens, estimate(note.text) if note else 0) + MESSAGE_OVERHEAD_TOKENS
    limits = character.history
    history.cut_to_fit(budget_tokens - fixed - note_tokens, estimate, max_messages=limits.max_messages, keep=limits.keep)
    messages += (_chat_message(line, player.name) for line in history.lines)
    if note is not None:
        place = len(messages) - 1 if history.unanswered else len(messages)
        messages.insert(place, {"role": "system", "content": note.text})
    if goes_on:
        messages.append({"role": "assistant", "content": character.name + wording(language).colon.rstrip()})
    return messages


# Persona and examples are the same every turn, and counting their tokens would be most of the work.
@lru_cache(maxsize=512)
def _cost(estimate: Callable[[str], int], text: str) -> int:
    return estimate(text)


def persona(character: Character, *, player: Player, actions: Sequence[str], language: str) -> str:
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
            words.stay.format(name=character.name),
        ],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


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


def _chat_message(line: Line, player_name: str) -> ChatMessage:
    if line.role == "assistant":
        return {"role": "assistant", "content": line.text.rstrip("—-") + "—" if line.cut else line.text}
    text = message_text(line.text)
    if line.player and line.player != player_name:
        text = f"{one_line(line.player, MAX_NAME_CHARS)}: {text}"
    return {"role": "user", "content": text}
