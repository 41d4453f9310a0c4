extends RefCounted
## The tavern's save file: what the room is like, and what the guests remember.
##
## The one is the game's own, the other comes from the bridge as bytes. Both are in one file, so that they
## are always of the
## same moment.

const FILE := "user://tavern.save"

## Why the last [method load_into] did nothing; a key of text/tavern.csv.
var problem := ""


## Write everything down. False if the bridge or the disk did not take part.
func save(tavern: Node) -> bool:
	# The room first: while the bridge answers, the game goes on.
	var saved := {"room": tavern.call("state"), "npcs": PackedByteArray()}
	if NpcBridge.is_ready():
		saved["npcs"] = await NpcBridge.save_state()
		if saved["npcs"].is_empty():
			return false
	var file := FileAccess.open(FILE, FileAccess.WRITE)
	if file == null:
		return false
	file.store_var(saved)
	return true


## Go back to what was saved.
func load_into(tavern: Node) -> bool:
	problem = ""
	var file := FileAccess.open(FILE, FileAccess.READ) if FileAccess.file_exists(FILE) else null
	var saved: Variant = file.get_var() if file != null else null
	if not saved is Dictionary:
		problem = "Nothing is saved yet."
		return false
	var npcs: PackedByteArray = saved["npcs"]
	if npcs and not NpcBridge.is_ready():
		problem = "The guests' memories need the bridge."
		return false
	if npcs and not await NpcBridge.load_state(npcs):
		problem = "The saved game cannot be read."
		return false
	tavern.call("restore", saved["room"])
	return true
