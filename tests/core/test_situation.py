from __future__ import annotations

import pytest

from npc_bridge.core.situation import Situation, situation_of

LINES: dict[str, Situation] = {
    "Hello.": "greeting",
    "*waves* Hey there": "greeting",
    "你好，掌柜的": "greeting",
    "こんばんは": "greeting",
    "Hello, can you mend my sword?": "question",
    "Where is the mine?!": "question",
    "这把剑多少钱？": "question",
    "あなたは鍛冶屋ですか。": "question",
    "How do I kill a dragon?": "question",
    "I’ll kill you!": "threat",
    "Your money or your life.": "threat",
    "我要杀了你！": "threat",
    "Thank you for the ale.": "thanks",
    "谢谢掌柜": "thanks",
    "Well, goodbye then.": "farewell",
    "告辞": "farewell",
    "The mine has fallen in.": "unknown",
    "This is high time.": "unknown",
    "": "unknown",
}


@pytest.mark.parametrize(("line", "situation"), LINES.items())
def test_a_line_makes_a_situation(line: str, situation: Situation) -> None:
    assert situation_of(line) == situation
