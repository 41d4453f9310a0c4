"""Scenario files: what a designer says to an NPC and expects of it, played against a model, a script or a tape.

See ``docs/scenarios.md``.
"""
