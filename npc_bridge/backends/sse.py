"""Server-sent events: raw bytes in, the ``data`` of each whole event out. It does not look into the data.

Works on bytes, so that a character cut in two by the network is never seen, and searches for the end of an event before it looks at
anything else. Event names are dropped: model servers say in the data itself whether it is an error.
"""

from __future__ import annotations

MAX_EVENT_BYTES = 1_048_576


class EventTooLarge(ValueError):
    pass


class EventSplitter:
    """Finds events wherever the reads were cut; the result does not depend on that."""

    __slots__ = ("_held", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._held = b""

    @property
    def is_empty(self) -> bool:
        """Whether no part of an event is waiting for its end."""
        return not self._rest and not self._held

    def feed(self, raw: bytes) -> list[bytes]:
        """Return the data of each event that is complete now. Raises ``EventTooLarge`` when one never ends."""
        if raw.startswith(b"data:") and raw.endswith(b"\n\n") and not self._rest and not self._held:
            whole = raw[5:-2]
            if b"\n" not in whole and b"\r" not in whole:
                return [whole]  # one whole event, as most reads bring
        if self._held or b"\r" in raw:
            raw = self._with_plain_line_ends(raw)
        if self._rest:
            raw = self._rest + raw
        end = raw.rfind(b"\n\n")
        if end < 0:
            if len(raw) > MAX_EVENT_BYTES:
                raise EventTooLarge(f"an event is longer than {MAX_EVENT_BYTES} bytes")
            self._rest = raw
            return []
        self._rest = raw[end + 2 :]
        found = []
        for event in raw[:end].split(b"\n\n"):
            if event.startswith(b"data:") and b"\n" not in event:
                found.append(event[5:])
            elif (data := _data_of(event)) is not None:
                found.append(data)
        return found

    def close(self) -> list[bytes]:
        """Return the data of a last event whose empty line never came."""
        rest, self._rest, self._held = self._rest, b"", b""
        data = _data_of(rest)
        return [] if data is None else [data]

    def _with_plain_line_ends(self, raw: bytes) -> bytes:
        raw = self._held + raw
        # A CR at the end of a read may be the first half of a CRLF.
        self._held = b"\r" if raw.endswith(b"\r") else b""
        return raw.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _data_of(event: bytes) -> bytes | None:
    """The data lines of one event, joined; None when it has none (a comment, a keep-alive)."""
    lines = [line[5:].removeprefix(b" ") for line in event.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.startswith(b"data:")]
    return b"\n".join(lines) if lines else None
