"""Adds an alias to a clip in the text of a character file, and changes nothing else: comments, order and layout stay the author's.

Works on the text, by the places of its values; what came out is read back, so that a file is never made worse.
"""

from __future__ import annotations

import json
import tomllib
from typing import Any

from npc_bridge.core.toml_lines import KeyPath, TomlLines


class _Places(TomlLines):
    """Also where each value begins and ends, and each header."""

    def __init__(self, text: str) -> None:
        self.spans: dict[KeyPath, tuple[int, int]] = {}
        self.heads: list[tuple[KeyPath, int, int]] = []
        super().__init__(text)

    def _value(self, path: KeyPath) -> None:
        start = self._at
        super()._value(path)
        self.spans[path] = (start, len(self._text[: self._at].rstrip()))

    def _header(self) -> KeyPath:
        start = self._at
        path = super()._header()
        self.heads.append((path, start, self._at))
        return path


def with_alias(text: str, clip: str, alias: str) -> str:
    """Return the TOML ``text`` of a character with one more alias for a clip; the clip is added if it is not in ``[clips]``.

    The alias comes last: the first one is what the model is asked to write. ``text`` must be valid; ``\\r\\n`` stays ``\\r\\n``. Raises
    ``ValueError`` when the clips are written in a way that this cannot edit.
    """
    before = tomllib.loads(text)
    entry = before.get("clips", {}).get(clip, {})
    if alias in (entry.get("aliases", ()) if isinstance(entry, dict) else ()):
        return text
    is_windows = "\r\n" in text
    plain = text.replace("\r\n", "\n")
    edited = _edited(plain, _Places(plain), clip, json.dumps(alias, ensure_ascii=False))
    result = edited.replace("\n", "\r\n") if is_windows else edited
    if not _is_as_wanted(before, result, clip, alias):
        raise ValueError(f"the clip '{clip}' is written in a way that cannot be edited here; add the alias by hand")
    return result


def _edited(text: str, places: _Places, clip: str, alias: str) -> str:
    path: KeyPath = ("clips", clip)
    spans = places.spans
    if (*path, "aliases") in spans:
        return _appended(text, spans, (*path, "aliases"), alias)
    if path in spans:
        start, end = spans[path]
        value = text[start:end]
        if value.startswith("{"):
            return _into_table(text, (start, end), f"aliases = [{alias}]")
        return f"{text[:start]}{{ description = {value}, aliases = [{alias}] }}{text[end:]}"
    head = next((head for head in places.heads if head[0] == path), None)
    if head is not None:
        line_end = _line_end(text, head[2])
        return f"{text[:line_end]}\naliases = [{alias}]{text[line_end:]}"
    dotted = next((span for key, span in spans.items() if key[:2] == path and len(key) == 3), None)
    if dotted is not None:  # wave.description = "…"
        begin = text.rfind("\n", 0, dotted[0]) + 1
        key = text[begin : dotted[0]].rsplit("=", 1)[0].rpartition(".")[0]
        line_end = _line_end(text, dotted[1])
        return f"{text[:line_end]}\n{key}.aliases = [{alias}]{text[line_end:]}"
    return _with_new_clip(text, places, clip, f"{{ aliases = [{alias}] }}", alias)


def _with_new_clip(text: str, places: _Places, clip: str, value: str, alias: str) -> str:
    name = clip if clip.isascii() and clip.replace("_", "").replace("-", "").isalnum() else json.dumps(clip, ensure_ascii=False)
    if ("clips",) in places.spans:
        return _into_table(text, places.spans["clips",], f"{name} = {value}")
    head = next((k for k, head in enumerate(places.heads) if head[0] == ("clips",)), None)
    if head is None:
        has_tables = any(path[0] == "clips" for path, _, _ in places.heads)
        table = f"[clips.{name}]\naliases = [{alias}]\n" if has_tables else f"[clips]\n{name} = {value}\n"
        return f"{text.rstrip()}\n\n{table}"
    until = places.heads[head + 1][1] if head + 1 < len(places.heads) else len(text)
    ends = [end for start, end in places.spans.values() if places.heads[head][2] <= start < until]
    line_end = _line_end(text, max(ends, default=places.heads[head][2]))
    return f"{text[:line_end]}\n{name} = {value}{text[line_end:]}"


def _appended(text: str, spans: dict[KeyPath, tuple[int, int]], path: KeyPath, alias: str) -> str:
    last = max((key[-1] for key in spans if key[:-1] == path and isinstance(key[-1], int)), default=None)
    if last is None:
        start, _ = spans[path]
        return f"{text[: start + 1]}{alias}{text[start + 1 :]}"
    end = spans[(*path, last)][1]
    return f"{text[:end]}, {alias}{text[end:]}"


def _into_table(text: str, span: tuple[int, int], pair: str) -> str:
    start, end = span
    inside = text[start + 1 : end - 1].rstrip()
    return f"{text[: start + 1]}{inside + ',' if inside.strip() else ''} {pair} {text[end - 1 :]}"


def _line_end(text: str, place: int) -> int:
    end = text.find("\n", place)
    return len(text) if end < 0 else end


def _is_as_wanted(before: dict[str, Any], text: str, clip: str, alias: str) -> bool:
    """Whether the text reads as before, but for the new alias."""
    try:
        after = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    clips = dict(before.get("clips", {}))
    entry = clips.get(clip, {})
    entry = {"description": entry} if isinstance(entry, str) else dict(entry)
    clips[clip] = entry | {"aliases": [*entry.get("aliases", ()), alias]}
    return after == before | {"clips": clips}
