"""What keeps an NPC from being silent, as data: how long each character waits for its model, and what it says meanwhile or instead.

Authored lines come first, in the conversation's language; where a character has none, neutral ones of the bridge's own take their place,
so that there is always one. When each step is taken is decided in ``patience.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from npc_bridge.core.authored import is_blank, pointed
from npc_bridge.core.phrases import PhraseSet, bad_phrase
from npc_bridge.core.situation import Situation, situation_of

if TYPE_CHECKING:
    from npc_bridge.core.character import Character
    from npc_bridge.core.history import History

_MAX_LINES = 64


def _texts(value: object) -> object:
    if isinstance(value, str):
        return () if is_blank(value) else (value,)
    return value


def _phrases(value: object) -> object:
    texts = _texts(value)
    if isinstance(texts, list | tuple):
        for text in texts:
            if isinstance(text, str) and (problem := bad_phrase(text)):
                raise pointed(problem, "words as players type them")
    return texts


_Line: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000)]
Lines: TypeAlias = Annotated[tuple[_Line, ...], BeforeValidator(_texts), Field(max_length=_MAX_LINES)]
"""One text or several."""
Signs: TypeAlias = Annotated[tuple[_Line, ...], BeforeValidator(_phrases), Field(min_length=1, max_length=_MAX_LINES)]
"""Words by which a situation is known, as ``phrases.py`` compares them."""


class Patience(BaseModel):
    """How long a character waits for its model, and what it does meanwhile."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    thinking: str = Field(default="thinks", max_length=200, examples=["thinks"])
    """What the NPC does at once: an action in words, or the name of a clip; empty: nothing."""
    filler_after_ms: int = Field(default=2_500, ge=0, le=600_000, examples=[2500])
    """After how long without a word it says a filler; 0: never."""
    fillers: Lines = ()
    """In the character's own language."""
    fillers_in: dict[str, Lines] = Field(default_factory=dict)
    """In other languages, by their code."""
    deadline_ms: int = Field(default=20_000, ge=0, le=600_000, examples=[20000])
    """After how long without text a fallback line is spoken; 0: when the model server gives up."""
    stall_ms: int = Field(default=8_000, ge=0, le=600_000, examples=[8000])
    """How long the model may pause in the middle of a reply; 0: as long as the model server lets it."""
    late: Literal["drop", "follow_up"] = "drop"
    """What comes after a deadline: nothing more, or a turn in which the model goes on after the fallback line."""
    while_speaking: Literal["queue", "interrupt", "refuse"] = "queue"
    """What becomes of a line that a player says while the NPC speaks."""


_NEUTRAL_FILLERS: Mapping[str, tuple[str, ...]] = {
    "en": ("Hm…", "Well…", "Let me think…"),
    "zh": ("嗯……", "这个嘛……", "让我想想……"),
    "ja": ("うーん……", "そうだな……", "ええと……"),
    "": ("Hm…", "Mm…"),
}
# Lines that are never quite wrong, whoever says them.
_NEUTRAL: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "en": {
        "greeting": ("Hello.", "Hello there.", "Greetings."),
        "farewell": ("Goodbye.", "Until next time."),
        "thanks": ("You are welcome.", "Think nothing of it."),
        "question": ("Hm. I would have to think about that.", "That is not easy to say.", "Ask me that again in a moment."),
        "threat": ("Not so hasty.", "Let us stay calm.", "There is no need for that."),
        "event": ("Oh.", "Well, well."),
        "refusal": ("I would rather not talk about that.", "Let us speak of something else.", "No. Not about that."),
        "unknown": ("Hm.", "I lost my thread. What were you saying?", "Give me a moment.", "My thoughts were elsewhere. Once more?"),
    },
    "zh": {
        "greeting": ("你好。", "来了啊。"),
        "farewell": ("再会。", "慢走。"),
        "thanks": ("不必客气。", "小事一桩。"),
        "question": ("嗯……这得让我想想。", "这可不好说。", "等会儿再问我一次吧。"),
        "threat": ("先别急。", "有话好好说。", "何必如此。"),
        "event": ("哦？", "这可真是……"),
        "refusal": ("这个我不想谈。", "说点别的吧。", "不，这事不提。"),
        "unknown": ("嗯。", "刚才走神了，你说什么？", "容我想一想。", "再说一遍好吗？"),
    },
    "ja": {
        "greeting": ("こんにちは。", "やあ。"),
        "farewell": ("それでは、また。", "さようなら。"),
        "thanks": ("どういたしまして。", "気にしないで。"),
        "question": ("うーん、少し考えさせて。", "それは難しいな。", "あとでもう一度聞いて。"),
        "threat": ("まあ、落ち着いて。", "そう慌てないで。", "そんな必要はない。"),
        "event": ("おや。", "これはこれは。"),
        "refusal": ("その話はしたくない。", "別の話をしよう。", "それについては話せない。"),
        "unknown": ("うん。", "考えごとをしていた。何の話だった？", "少し待って。", "もう一度言ってくれる？"),
    },
    "": {"unknown": ("Hm.", "Hm…", "Mm.")},
}
_ELLIPSES = {"zh": "……", "ja": "……"}


def primary(language: str) -> str:
    """The language of a code without its region: ``zh`` for ``zh-TW``."""
    return language.replace("_", "-").split("-")[0].lower()


def filler(character: Character, language: str, spoken: int, last_reply: str) -> str:
    """What the NPC says while it waits, in turn and never what its last reply began with; empty if there is no other."""
    patience, code = character.patience, primary(language)
    own = patience.fillers if code == primary(character.language) else ()
    lines = patience.fillers_in.get(language) or patience.fillers_in.get(code) or own or _NEUTRAL_FILLERS.get(code, _NEUTRAL_FILLERS[""])
    return next((line for line in _in_turn(lines, spoken) if not last_reply.startswith(line)), "")


def fallback(character: Character, language: str, situation: str, spoken: int, last_reply: str) -> str:
    """What the NPC says when no model answers, in turn and never what its last reply ended with."""
    code = primary(language)
    own = character.fallback if code == primary(character.language) else {}
    authored = character.fallback_in.get(language) or character.fallback_in.get(code) or own
    neutral = _NEUTRAL.get(code, _NEUTRAL[""])
    pools = [authored.get(situation) or authored.get("unknown", ()), authored.get("unknown", ())]
    pools += [neutral.get(situation, neutral["unknown"]), neutral["unknown"]]
    if not authored:
        pools = pools[2:]
    lines = (line for pool in pools for line in _in_turn(pool, spoken))
    return next((line for line in lines if not last_reply.endswith(line)), pools[-1][0])


def situation_now(character: Character, history: History, *, reacts: bool) -> str:
    """The situation that a fallback line has to fit: the character's own ones first, then those that the bridge knows."""
    heard = [line.text for line in history.lines[len(history.lines) - history.unanswered :]]
    if heard:
        return own_situations(tuple(character.situations.items())).find(" ".join(heard)) or situation_of(heard[-1])
    situation: Situation = "event" if reacts else "unknown"
    return situation


@lru_cache(maxsize=256)
def own_situations(situations: tuple[tuple[str, tuple[str, ...]], ...]) -> PhraseSet:
    """The words by which a character's own situations are known."""
    return PhraseSet((sign, name) for name, signs in situations for sign in signs)


def ellipsis_in(language: str) -> str:
    """How a sentence trails off."""
    return _ELLIPSES.get(primary(language), "…")


def gap_in(language: str) -> str:
    """What stands between two sentences."""
    return "" if primary(language) in ("zh", "ja") else " "


def _in_turn(lines: Sequence[str], spoken: int) -> list[str]:
    at = spoken % len(lines) if lines else 0
    return [*lines[at:], *lines[:at]]
