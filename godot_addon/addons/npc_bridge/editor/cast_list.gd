@tool
## Which characters there are: those that the connected bridge has, else the files of the project.
extends RefCounted

const Bridge := preload("../npc_bridge.gd")
const Settings := preload("../settings.gd")
const Known := preload("../core/known.gd")

## No character has this id; the bridge answers with those that exist.
const _NOBODY := "?"
const _NPC := "editor_asks_who_is_there"

## The list is another.
signal changed

## The ids, sorted.
var ids := PackedStringArray()

var _bridge: Bridge


func _init(bridge: Bridge) -> void:
	_bridge = bridge
	_bridge.state_changed.connect(_on_state_changed)
	_read_files()


## Look again.
func refresh() -> void:
	if _bridge.is_ready():
		_bridge.leave(_NPC)
		_bridge.open({"type": "open", "npc": _NPC, "character": _NOBODY}, _receive)
	else:
		_read_files()


func _on_state_changed(_state: Bridge.State, _code: int, _reason: String) -> void:
	if not _bridge.is_ready():
		Known.characters = PackedStringArray()
	refresh()


## True: this error was expected.
func _receive(message: Dictionary) -> bool:
	if message["type"] != "error" or message["code"] != "unknown_character":
		return false
	_bridge.leave(_NPC)
	var text: String = message["message"]
	var found := PackedStringArray()
	for id: String in text.get_slice("there are: ", 1).split(", ", false):
		if id != "none":
			found.append(id)
	Known.characters = found
	_take(found)
	return true


func _read_files() -> void:
	var found := PackedStringArray()
	var folder: String = Settings.value_of(Settings.CHARACTERS)
	if DirAccess.dir_exists_absolute(folder):
		for file: String in DirAccess.get_files_at(folder):
			if file.get_extension() == "toml":
				found.append(file.get_basename())
	_take(found)


func _take(found: PackedStringArray) -> void:
	found.sort()
	if found != ids:
		ids = found
		changed.emit()
