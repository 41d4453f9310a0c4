"""Run all benchmarks, one after the other, so that none disturbs another. Takes about a quarter of an hour.

Left out because they take long: ``crash``, ``cache``, ``cue_share``, ``chaos``, ``godot_frame``.

python -m benchmarks
"""

from __future__ import annotations

import subprocess
import sys

ALL = ("relay", "events", "idle", "parser", "manner", "decode", "memory", "cues")

for name in ALL:
    print(f"\n── {name} " + "─" * (100 - len(name)), flush=True)
    subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)
