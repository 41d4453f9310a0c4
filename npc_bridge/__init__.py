"""NPC Bridge: lets any game's NPCs talk, act and remember."""

__version__ = "0.1.0"
