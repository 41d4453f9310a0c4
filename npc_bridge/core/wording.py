"""The bridge's own words in prompts, in English, Chinese and Japanese; all others are the author's, the game's or the players'.

Formats are filled by ``str.format`` with single lines; no format comes from outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wording:
    """Built-in words of one language."""

    colon: str
    comma: str
    between: str
    """Between the items of a list."""
    separator: str
    """Between texts that may be sentences."""
    action: str
    yes: str
    no: str
    none: str
    note_title: str
    knows: str
    news: str
    """Above what has become known since the persona was written."""
    exits: str
    exit: str
    you_are: str
    background: str
    scene: str
    style: str
    talking_with: str
    player: str
    """The label of the player's description."""
    stay: str
    remembers: str
    """Above the summary of what was said before."""
    summarise: str
    so_far: str
    said_since: str
    among: str
    """In a group of several NPCs."""
    answer_in: str
    actions_free: str
    actions_listed: str
    actions_off: str
    labels: Mapping[str, str]
    """How well-known keys of character files read; other keys read as they are written."""


_EN = Wording(
    colon=": ",
    comma=", ",
    between=", ",
    separator="; ",
    action="({action})",
    yes="yes",
    no="no",
    none="none",
    note_title="What just happened:",
    knows="What you know",
    news="You have learned by now:",
    exits="Only if one of these has just come about, begin your reply with its mark, exactly as written here:",
    exit="({mark}) if {description}",
    you_are="You are {name}.",
    background="Background",
    scene="Scene",
    style="Style",
    talking_with="You are talking with {player}.",
    player="About {player}",
    stay="Always stay in character as {name}. Say only what {name} says.",
    remembers="What {name} remembers from before",
    summarise=(
        "You keep the memory of {name}, a character in a game. Below is what {name} remembers so far, and what was said since. "
        "Write one new memory of both, in {language}, in at most 300 words: who the others are, what happened, what was promised, "
        "and how {name} feels about it. Keep names and numbers. Write only the memory."
    ),
    so_far="So far:",
    said_since="Since then:",
    among="Several are talking here: {names} and others. A name stands before each line. Say only the next line of {name}.",
    answer_in="Answer in {language}.",
    actions_free="Write what you do in parentheses, in a few words.",
    actions_listed="Write what you do in parentheses, and do only these: {actions}.",
    actions_off="Write only what you say, without actions and without parentheses.",
    labels={},
)

_ZH = Wording(
    colon="：",
    comma="，",
    between="、",
    separator="；",
    action="（{action}）",
    yes="是",
    no="否",
    none="无",
    note_title="刚刚发生的事：",
    knows="你所知道的",
    news="你现在已经知道：",
    exits="只有当下面某件事刚刚成立时，才在回复的开头写上它的标记，一字不改：",
    exit="({mark}) 如果{description}",
    you_are="你是{name}。",
    background="背景",
    scene="场景",
    style="风格",
    talking_with="你正在和{player}对话。",
    player="关于{player}",
    stay="始终保持{name}的身份，只说{name}会说的话。",
    remembers="{name}记得的往事",
    summarise=(
        "你负责整理游戏角色{name}的记忆。下面是{name}目前记得的事，以及之后说过的话。"
        "请把两者合成一份新的记忆，用{language}写，不超过500字：其他人是谁，发生了什么，约定了什么，{name}有什么感受。"
        "保留人名和数字。只写记忆本身。"
    ),
    so_far="目前的记忆：",
    said_since="之后：",
    among="这里有几个人在交谈：{names}等。每句话前面都有说话人的名字。只说{name}的下一句话。",
    answer_in="用{language}回答。",
    actions_free="用括号简短地写出你的动作。",
    actions_listed="用括号写出你的动作，只能用这些：{actions}。",
    actions_off="只写你说的话，不写动作，也不用括号。",
    labels={
        "name": "姓名",
        "age": "年龄",
        "gender": "性别",
        "personality": "性格",
        "occupation": "职业",
        "profile": "简介",
        "appearance": "外貌",
        "relationships": "人际关系",
        "experiences": "经历",
        "interests": "兴趣",
        "secrets": "秘密",
        "scenario": "情景",
        "place": "地点",
        "time": "时间",
        "relationship": "关系",
        "instructions": "要求",
        "manner": "语气",
        "length": "长度",
        "actions": "动作",
    },
)

_JA = Wording(
    colon="：",
    comma="、",
    between="、",
    separator="；",
    action="（{action}）",
    yes="はい",
    no="いいえ",
    none="なし",
    note_title="いま起きたこと：",
    knows="知っていること",
    news="今ではこのことも知っています：",
    exits="次のどれかが今まさに成り立ったときだけ、返事の最初にその印をこのまま書いてください：",
    exit="({mark}) もし{description}",
    you_are="あなたは{name}です。",
    background="背景",
    scene="場面",
    style="話し方",
    talking_with="あなたは{player}と話しています。",
    player="{player}について",
    stay="常に{name}として振る舞い、{name}の言葉だけを話してください。",
    remembers="{name}が覚えていること",
    summarise=(
        "あなたはゲームの登場人物{name}の記憶を整理します。以下は{name}がこれまで覚えていることと、その後に話されたことです。"
        "両方をまとめて新しい記憶を{language}で500字以内に書いてください。相手は誰か、何が起きたか、何を約束したか、{name}がどう感じているか。"
        "名前と数字は残し、記憶だけを書いてください。"
    ),
    so_far="これまで：",
    said_since="その後：",
    among="ここでは{names}など何人かが話しています。どの台詞の前にも話し手の名前があります。{name}の次の台詞だけを言ってください。",
    answer_in="{language}で答えてください。",
    actions_free="動作は括弧の中に短く書いてください。",
    actions_listed="動作は括弧の中に書き、次のものだけを使ってください：{actions}。",
    actions_off="話す言葉だけを書き、動作も括弧も書かないでください。",
    labels={
        "name": "名前",
        "age": "年齢",
        "gender": "性別",
        "personality": "性格",
        "occupation": "職業",
        "profile": "紹介",
        "appearance": "外見",
        "relationships": "人間関係",
        "experiences": "経験",
        "interests": "趣味",
        "secrets": "秘密",
        "scenario": "状況",
        "place": "場所",
        "time": "時間",
        "relationship": "関係",
        "instructions": "指示",
        "manner": "口調",
        "length": "長さ",
        "actions": "動作",
    },
)

_WORDINGS = {"en": _EN, "zh": _ZH, "ja": _JA}

LANGUAGE_NAMES: Mapping[str, str] = {
    "ar": "Arabic",
    "cs": "Czech",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "hi": "Hindi",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "日本語",
    "ko": "Korean",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "sv": "Swedish",
    "th": "Thai",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "vi": "Vietnamese",
    "zh": "中文",
    "zh-hant": "繁體中文",
    "zh-tw": "繁體中文",
    "zh-hk": "繁體中文",
}
"""As the bridge's wording of that language writes them; a language that is not here is named by its code."""


def wording(language: str) -> Wording:
    """Return the built-in words for a language code such as ``zh-CN``; English for a language without its own."""
    return _WORDINGS.get(primary(language), _EN)


def primary(language: str) -> str:
    """Return ``zh`` for ``zh-CN`` and ``zh_TW``."""
    return language.replace("_", "-").split("-", 1)[0].lower()


def language_name(language: str) -> str:
    code = language.replace("_", "-").lower()
    return LANGUAGE_NAMES.get(code) or LANGUAGE_NAMES.get(primary(code), language)


def for_language(texts: Mapping[str, T], language: str) -> T | None:
    """Choose among texts by code: the very language, the same elsewhere, the one for all (``""``), English, the first."""
    code = language.replace("_", "-").lower()
    for wanted in (code, primary(code), "", "en"):
        if wanted in texts:
            return texts[wanted]
    return next(iter(texts.values()), None)
