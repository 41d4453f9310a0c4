@tool
## Which characters there are: those that the connected bridge has, else the files of the project.
extends RefCounted

const Bridge := preload("../npc_bridge.gd")
const Settings := preload("../settings.gd")
const Known := preload("../core/known.gd")

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
	var known: Array = _bridge.welcome.get("characters", []) if _bridge.is_ready() else []
	Known.characters = PackedStringArray(known)
	if known:
		_take(Known.characters.duplicate())
	else:
		_read_files()


func _on_state_changed(_state: Bridge.State, _code: int, _reason: String) -> void:
	refresh()


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
