"""What the worst message of a size costs to decode, beside a normal one: ``python -m benchmarks.decode``

Small values cost most: one byte on the wire can become a map of 64 bytes. The table is what ``MAX_MESSAGE_BYTES`` was chosen by: no
message that is accepted may cost more than 20 ms or 20 MB.
"""

from __future__ import annotations

import contextlib
import gc
import time
import tracemalloc
from collections.abc import Callable, Iterator

from npc_bridge.core.codec import JSON, MAX_CONTAINERS, MAX_MESSAGE_BYTES, MSGPACK
from npc_bridge.errors import WireError

SIZES = (MAX_MESSAGE_BYTES // 4, MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES * 4, MAX_MESSAGE_BYTES * 16)
NORMAL = {"type": "event", "name": "player_at", "npc": "smith_01", "key": "player_at", "data": {"x": 12.25, "y": -3.5, "place": "door"}}


def worst(size: int) -> Iterator[tuple[str, bytes, bool]]:
    """Messages of nearly this size that hold as many values as they can: what they hold, the bytes, and whether they are JSON."""
    head = b"\x83\xa4type\xa5event\xa4name\xa1a\xa4data\x81\xa1x"
    for name, value in (
        ("empty maps", b"\x80"),
        ("maps of one empty map", b"\x81\xa0\x80"),
        ("maps of one nil", b"\x81\xa0\xc0"),
        ("empty lists", b"\x90"),
        ("lists of one nil", b"\x91\xc0"),
        ("lists in lists", b"\x91" * 28 + b"\x90"),
        ("short texts", b"\xa2\xc3\xa9"),
        ("floats", b"\xca\x3f\x80\x00\x00"),
        ("integers", b"\xcd\x12\x34"),
        ("nils", b"\xc0"),
        ("extensions", b"\xd4\x05\x00"),
        ("timestamps", b"\xd6\xff\x00\x00\x00\x00"),
    ):
        count = (size - len(head) - 5) // len(value)
        yield f"msgpack: {name}", head + b"\xdd" + count.to_bytes(4, "big") + value * count, False
    for name, container in (("maps", b"\x80"), ("lists", b"\x90"), ("maps of one", b"\x81\xa0\xc0")):
        many = MAX_CONTAINERS - 3
        count = size - len(head) - 5 - many * len(container)
        total = (many + count).to_bytes(4, "big")
        yield f"msgpack: all {name}, then nils", head + b"\xdd" + total + container * many + b"\xc0" * count, False
    count = (size - len(head) - 5) // 5
    keys = b"".join(b"\xa3%03x\xc0" % (number % 4096) for number in range(count))
    yield "msgpack: one map", head + b"\xdf" + count.to_bytes(4, "big") + keys, False
    for name, text in (("empty maps", "{}"), ("empty lists", "[]"), ("maps of one", '{"":0}'), ("floats", "1.1"), ("integers", "99")):
        count = (size - 60) // (len(text) + 1)
        yield f"JSON: {name}", ('{"type":"event","name":"a","data":{"x":[' + ",".join([text] * count) + "]}}").encode(), True
    escapes = "\\ud800" * min((size - 60) // 6, 7_000)
    yield "JSON: lone surrogates", ('{"type":"event","name":"a","data":{"x":"' + escapes + '"}}').encode(), True
    clips = ",".join(['{"name":"a","aliases":[0]}'] * ((size - 60) // 27))
    yield "JSON: bad clips", ('{"type":"open","npc":"a","character":"a","clips":[' + clips + "]}").encode(), True


def cost(decode: Callable[[], object]) -> tuple[float, float, bool]:
    """Milliseconds of CPU, megabytes at the peak, and whether the message was accepted."""
    is_accepted = True
    best_ms = float("inf")
    for _ in range(7):
        gc.collect()
        began = time.process_time()
        try:
            decode()
        except WireError:
            is_accepted = False
        best_ms = min(best_ms, 1000 * (time.process_time() - began))
    gc.collect()
    tracemalloc.start()
    with contextlib.suppress(WireError):
        decode()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return best_ms, peak / 1e6, is_accepted


def normal_us(is_json: bool) -> float:
    """Microseconds of CPU for a normal event, the best of many runs."""
    codec = JSON if is_json else MSGPACK
    frame = codec.encode(NORMAL)
    best = float("inf")
    for _ in range(200):
        began = time.perf_counter()
        for _ in range(500):
            codec.decode(frame)
        best = min(best, (time.perf_counter() - began) / 500)
    return best * 1e6


def main() -> None:
    normal = {True: normal_us(True), False: normal_us(False)}
    print(f"a normal event: msgpack {normal[False]:.1f} us, JSON {normal[True]:.1f} us\n")
    print(f"{'worst messages':32}" + "".join(f"{size // 1024:>7} KiB: ms    MB" for size in SIZES) + "   x normal")
    for rows in zip(*(list(worst(size)) for size in SIZES), strict=True):
        name, line, ratio = rows[0][0], "", 0.0
        for size, (_, frame, is_json) in zip(SIZES, rows, strict=True):
            codec = JSON if is_json else MSGPACK
            ms, megabytes, is_accepted = cost(lambda codec=codec, frame=frame: codec.decode(frame, len(frame)))  # type: ignore[misc]
            line += f"{ms:14.2f} {megabytes:6.2f}" + (" " if is_accepted else "-")
            if size == MAX_MESSAGE_BYTES:
                ratio = 1000 * ms / normal[is_json]
        print(f"{name:32}{line}{ratio:10.0f}")
    print(f"\n-: refused. The default limit is {MAX_MESSAGE_BYTES} bytes and {MAX_CONTAINERS} maps and lists; x normal is at that size.")


if __name__ == "__main__":
    main()
