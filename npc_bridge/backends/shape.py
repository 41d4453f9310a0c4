"""From the one neutral order of messages to what a server's chat template takes. Pure functions; the profile says what is needed.

Neutral is: ``system`` first; an opening line as ``assistant``; then what was said, runs of one role allowed; notes as ``system``
anywhere later; and a trailing ``assistant`` message when the reply has to begin with that text.
"""

from __future__ import annotations

from typing import Any

from npc_bridge.backends import ChatMessage
from npc_bridge.backends.profiles import Shape


def shape(messages: list[ChatMessage], to: Shape) -> list[dict[str, Any]]:
    """Return messages that this server takes and that tell the model the same; those given stay as they are."""
    said = [message for message in messages if message["content"]]
    prefill = said.pop() if said and said[-1]["role"] == "assistant" else None
    said = _without_late_system(said, to.late_system)
    if prefill is not None and to.prefill == "none":
        said.append({"role": "user", "content": f"[Go on, and begin with: {prefill['content']}]"})
        prefill = None
    opens = [message["role"] for message in said[:2]] == ["system", "assistant"]
    if said and said[0]["role"] == "system" and (not to.system or (opens and not to.assistant_first)):
        said[0] = {**said[0], "role": "user"}
    if to.merge_same_role:
        said = _merged(said)
    shaped: list[dict[str, Any]] = list(said)
    if prefill is not None:
        if to.merge_same_role and shaped and shaped[-1]["role"] == "assistant":
            prefill = {**prefill, "content": shaped.pop()["content"] + "\n" + prefill["content"]}
        shaped.append({**prefill, to.prefill: True} if to.prefill in ("partial", "prefix") else prefill)
    return shaped


def prefill_of(messages: list[ChatMessage]) -> str:
    """The text that the reply has to begin with, and that some servers repeat; empty when there is none."""
    return messages[-1]["content"] if messages and messages[-1]["role"] == "assistant" else ""


def _without_late_system(messages: list[ChatMessage], how: str) -> list[ChatMessage]:
    """Give every ``system`` message but the leading one another place."""
    if how == "keep":
        return messages
    shaped: list[ChatMessage] = []
    waiting: list[str] = []
    for at, message in enumerate(messages):
        if at == 0 or message["role"] != "system":
            if waiting and message["role"] == "user":
                message = {**message, "content": (" " if how == "bracket" else "\n\n").join([*waiting, message["content"]])}
                waiting = []
            shaped.append(message)
        elif how == "merge_next":
            waiting.append(message["content"])
        elif how == "bracket":
            waiting.append(f"[{_on_one_line(message['content'])}]")
        elif how == "merge_first" and shaped[0]["role"] == "system":
            shaped[0] = {**shaped[0], "content": shaped[0]["content"] + "\n\n" + message["content"]}
        else:
            shaped.append({**message, "role": "user"})
    if waiting:
        shaped.append({"role": "user", "content": "\n\n".join(waiting)})
    return shaped


def _on_one_line(note: str) -> str:
    return " ".join(line.removeprefix("- ").strip() for line in note.splitlines() if line.strip())


def _merged(messages: list[ChatMessage]) -> list[ChatMessage]:
    """Join runs of one role, for templates in which the roles must alternate."""
    merged: list[ChatMessage] = []
    for message in messages:
        if merged and merged[-1]["role"] == message["role"]:
            merged[-1] = {**message, "content": merged[-1]["content"] + "\n" + message["content"]}
        else:
            merged.append(message)
    return merged


class PrefixStripper:
    """Takes a known beginning off a reply that comes in pieces."""

    __slots__ = ("_held", "_prefix")

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix.strip()
        self._held = ""

    def feed(self, piece: str) -> str:
        """Return what can be shown now; holds the reply back while it may still turn out to be the prefix."""
        if not self._prefix:
            return piece
        text = (self._held + piece).lstrip()
        if len(text) < len(self._prefix) and self._prefix.startswith(text):
            self._held = text
            return ""
        stripped = text.removeprefix(self._prefix)
        self._prefix, self._held = "", ""
        return stripped

    def close(self) -> str:
        held, self._held, self._prefix = self._held, "", ""
        return held
