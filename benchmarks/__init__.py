"""Where the figures in ``docs/performance.md`` come from. ``python -m benchmarks`` runs them all; each module also runs alone.

Nothing here is shipped. Every server and every load is a process of its own on 127.0.0.1, on a port that the system picks.
"""
