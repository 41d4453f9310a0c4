from __future__ import annotations

from hypothesis import settings

# Machines that run other things beside the tests pause now and then; what is slow is measured in the benchmarks.
settings.register_profile("npc_bridge", deadline=None)
settings.load_profile("npc_bridge")
