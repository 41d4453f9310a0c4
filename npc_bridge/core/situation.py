"""What kind of thing a player just said, told by a few words of English, Chinese and Japanese.

Only good for choosing among authored lines when no model answers. A wrong guess costs a line that fits a little less.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias, get_args

Situation: TypeAlias = Literal["greeting", "farewell", "thanks", "question", "threat", "event", "refusal", "unknown"]
_ASIDE = re.compile(r"^\s*(?:\*[^*]{0,200}\*|[(（][^)）]{0,200}[)）])")
SITUATIONS: tuple[Situation, ...] = get_args(Situation)

# In this order: "Hello, can you mend a sword?" is a question, and so is "How do I kill a dragon?".
_SIGNS: tuple[tuple[Situation, re.Pattern[str]], ...] = (
    ("question", re.compile(r"[?？][\s\"'”」』)）!！]*$|[吗呢么][。!！]?$|ですか[。!！]?$|ますか[。!！]?$")),
    (
        "threat",
        re.compile(
            r"\b(?:kill|hurt|stab|gut|burn|break|fight|rob|end) you\b|\byour (?:money|purse|gold) or\b|\bor else\b"
            r"|\b(?:prepare|going|about) to die\b|\byou(?:'re| are| will|'ll) (?:dead|die|regret|pay for)\b|\bhand (?:it )?over\b"
            r"|\bdraws? (?:my|a|his|her) (?:sword|blade|knife|dagger)\b"
            r"|杀了?你|宰了?你|砍了?你|揍你|去死|要你的?命|别怪我不客气|交出来|拔剑|殺す|殺して|死ね|斬る|切るぞ|命はない"
        ),
    ),
    ("thanks", re.compile(r"\b(?:thanks|thank you|thank ye|much obliged|cheers)\b|谢谢|多谢|感谢|謝謝|ありがと|感謝")),
    (
        "farewell",
        re.compile(
            r"\b(?:bye|goodbye|farewell|good night|see you|so long|until next time)\b"
            r"|再见|告辞|后会有期|晚安|さようなら|さらば|またね|おやすみ"
        ),
    ),
    (
        "greeting",
        re.compile(
            r"^\W*(?:hi|hello|hey|greetings|good (?:morning|day|afternoon|evening)|well met|hail|howdy|evening|morning)\b"
            r"|^\W*(?:你好|您好|早上好|晚上好|嗨|喂|掌柜的?|こんにちは|こんばんは|おはよう|やあ|はじめまして)"
        ),
    ),
)


def situation_of(text: str) -> Situation:
    """Return the situation that a player's line makes, ``unknown`` if none is recognised; never ``event`` or ``refusal``."""
    words = _ASIDE.sub("", text).strip().casefold().replace("’", "'")[-400:]
    return next((situation for situation, sign in _SIGNS if sign.search(words)), "unknown")
