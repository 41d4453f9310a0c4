## The editor's panel without an editor: it connects, lists, talks and maps, and prints what it shows.
extends SceneTree

const BridgePanel := preload("res://addons/npc_bridge/editor/panel.gd")
const Known := preload("res://addons/npc_bridge/core/known.gd")

var _panel := BridgePanel.new()
var _smith := NpcCharacter.new()


func _initialize() -> void:
	_play.call_deferred()


func _play() -> void:
	root.add_child(_panel)
	_set_up_smith()
	_panel.find_npcs = func() -> Array[NpcCharacter]: return [_smith]
	_panel.connect_bridge()
	await _until(func() -> bool: return Known.characters.size() > 0)
	_print("cast", {"ids": _panel.cast.ids, "warnings": _smith._get_configuration_warnings()})
	_panel.talk_with("smith")
	await _until(func() -> bool: return _panel.bridge.get("_session").protocol.get("_awaiting_open").is_empty())
	_panel._on_line_submitted("/rain_started")
	_panel._on_line_submitted("Good day!")
	await _until(func() -> bool: return _panel.chat.entries[-1].has("reason"))
	await _until(func() -> bool: return not _panel.mapper.rows.is_empty())
	_print("chat", {"text": _panel.chat_text(), "unmapped": _panel.mapper.sorted(), "command": _panel.copy_command()})
	_panel.mapper.map_to("polishes a mug", "nod", _smith)
	_print("mapped", {"clip_map": _smith.clip_map, "unmapped": _panel.mapper.sorted()})
	_panel.bridge.stop()
	_print("off", {"characters": Known.characters})
	_panel.queue_free()
	_smith.queue_free()
	await process_frame
	quit()


func _set_up_smith() -> void:
	var library := AnimationLibrary.new()
	for animation: String in ["idle", "nod", "wave"]:
		library.add_animation(animation, Animation.new())
	var player := AnimationPlayer.new()
	player.add_animation_library("", library)
	_smith.open_on_ready = false
	_smith.character = "smyth"
	_smith.clip_source = player
	_smith.add_child(player)
	root.add_child(_smith)
	_smith.set_deferred("character", "smith")


func _until(is_so: Callable) -> void:
	for _frame: int in 3000:
		if is_so.call():
			return
		await process_frame
	_print("timeout", {"state": _panel.bridge.state_name()})
	quit(1)


func _print(event: String, fields: Dictionary) -> void:
	fields["event"] = event
	print(JSON.stringify(fields, "", false))
