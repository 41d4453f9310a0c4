"""Reads a Chinese or Japanese action: its clauses, and what each of them shows.

Where words are not set apart, the list holds patterns of characters, and where two of them meet, the one that covers more wins.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from npc_bridge.core.clips_lexicon import Found, Reading, Unspaced

_CLAUSE_END = re.compile(r"[，,。；;！!？?：:、…—\s]+")
_TRADITIONAL = str.maketrans(
    "揮點頭搖聳攤開雙兩禮聲氣嘆歎驚睜張臉紅淚憤惱緊齒憂擔難過傷視顧環轉湊後縮離進門衝躍飲遞給劍槍擋護擁摟攬撫輕語壓懶發顫慄讀書寫筆"
    "記畫掃鐵縫補為從來對說話間個們這著裡還會見覺時樣聽傾飛馬趕隨傳憐慚尷興樂歡滿嚴慮悶貼鬆彎腳腦勁變現運動區師應該買賣鍋煉裝車輪龍",
    "挥点头摇耸摊开双两礼声气叹叹惊睁张脸红泪愤恼紧齿忧担难过伤视顾环转凑后缩离进门冲跃饮递给剑枪挡护拥搂揽抚轻语压懒发颤栗读书写笔"
    "记画扫铁缝补为从来对说话间个们这着里还会见觉时样听倾飞马赶随传怜惭尴兴乐欢满严虑闷贴松弯脚脑劲变现运动区师应该买卖锅炼装车轮龙",
)
_REACH_OF_NOT = 4
_POSTURE = re.compile("[低埋垂]着?头")
_WHOM = frozenset("你他她我您")  # "suspects you" is no mood
_OF_ANOTHER = re.compile("[来去出过上下着了]{0,2}的.")


def read_unspaced(action: str, language: str, words: Unspaced, own: Sequence[tuple[str, str]]) -> Reading:
    """Return the senses of an action. ``own`` are phrases beside the list, each with its sense: the clips' own names and aliases."""
    text = action.translate(_TRADITIONAL) if language == "zh" else action
    found: list[Found] = []
    kind = "action"
    for clause in filter(None, _CLAUSE_END.split(text)):
        if words.guards["thought"].search(clause):
            kind = "thought" if kind == "action" else kind
            break
        other = "scene" if words.guards["scene"].search(clause) else "aside" if words.guards["speech"].search(clause) else ""
        here = [] if other else _read_clause(clause, language, words, own)
        if not here and not other and words.guards["aside"].search(clause):
            other = "aside"
        found += here
        kind = other if other and kind == "action" else kind
    return Reading(tuple(found), kind)


def _read_clause(clause: str, language: str, words: Unspaced, own: Sequence[tuple[str, str]]) -> list[Found]:
    denied = words.guards["not"].search(clause)
    if denied and language == "ja":
        return []
    spans = [(hit.start(), hit.end(), sense, hit.group()) for sense, act in words.acts for hit in act.finditer(clause)]
    for phrase, sense in own:
        place = clause.find(phrase)
        if place >= 0:
            spans.append((place, place + len(phrase), sense, phrase))
    kept = _longest(spans)
    found = []
    for k, (start, end, sense, matched) in enumerate(kept):
        if denied and 0 <= start - denied.end() < _REACH_OF_NOT:
            continue
        if len(kept) > 1 and (_OF_ANOTHER.match(clause, end) or (_POSTURE.match(matched) and k + 1 < len(kept))):
            continue
        found.append(Found(sense, matched, clause, is_settled=_is_settled(clause, end, words)))
    if any(not hit.sense.startswith("_") for hit in found):
        return [hit for hit in found if not hit.sense.startswith("_")]
    for sense, mood in words.moods:
        hit = mood.search(clause)
        if hit and clause[hit.end() : hit.end() + 1] not in _WHOM and not (denied and 0 <= hit.start() - denied.end() < _REACH_OF_NOT):
            return [Found(sense, hit.group(), clause, is_mood=True)]
    return []


def _is_settled(clause: str, end: int, words: Unspaced) -> bool:
    """Whether a match is not likely to grow into another one as the clause goes on."""
    return end + 2 <= len(clause) and words.guards["open"].search(clause, 0, end + 1) is None


def _longest(spans: list[tuple[int, int, str, str]]) -> list[tuple[int, int, str, str]]:
    """Of spans that meet, keep the one that covers more, a named sense before one that is never played; in the order of the text."""
    kept: list[tuple[int, int, str, str]] = []
    for span in sorted(spans, key=lambda span: (span[0] - span[1], span[2].startswith("_"), not span[2].startswith("="), span[0])):
        if all(span[1] <= other[0] or span[0] >= other[1] for other in kept):
            kept.append(span)
    return sorted(kept)
