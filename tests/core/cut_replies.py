"""How the parser tests read a reply."""

from __future__ import annotations

from npc_bridge.core.cues import CueParser, Part, Speech


def read(chunks: list[str], **settings: object) -> list[Part]:
    """All parts of a reply, adjacent speech merged."""
    parser = CueParser(**settings)  # type: ignore[arg-type]
    parts: list[Part] = []
    for part in [part for chunk in chunks for part in parser.feed(chunk)] + parser.close():
        if isinstance(part, Speech) and parts and isinstance(parts[-1], Speech):
            parts[-1] = Speech(parts[-1].text + part.text, parts[-1].at)
        else:
            parts.append(part)
    return parts
