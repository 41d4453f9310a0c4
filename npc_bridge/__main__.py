"""``python -m npc_bridge`` is ``npc-bridge``."""

from npc_bridge.cli import main

if __name__ == "__main__":
    main()
