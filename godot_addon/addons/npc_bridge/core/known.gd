@tool
## What the editor's own connection learned of the bridge, for the warnings of nodes.
extends RefCounted

## Ids of the characters that the bridge has; empty while nobody knows.
static var characters := PackedStringArray()
