@tool
## The addon in the editor: the autoload, the project settings and the panel.
extends EditorPlugin

const Settings := preload("settings.gd")
const BridgePanel := preload("editor/panel.gd")
const GameListener := preload("editor/game_listener.gd")
## What the autoload is called.
const AUTOLOAD := "NpcBridge"
## What the autoload runs.
const SCRIPT := "res://addons/npc_bridge/npc_bridge.gd"

var _panel: BridgePanel
var _listener: GameListener


func _enable_plugin() -> void:
	add_autoload_singleton(AUTOLOAD, SCRIPT)


func _disable_plugin() -> void:
	remove_autoload_singleton(AUTOLOAD)
	Settings.unregister()
	ProjectSettings.save()


func _enter_tree() -> void:
	Settings.register()
	_panel = BridgePanel.new()
	_panel.find_npcs = _find_npcs
	_panel.mapper.undo_redo = get_undo_redo()
	add_control_to_bottom_panel(_panel, "NPC Bridge")
	_listener = GameListener.new()
	_listener.unmapped.connect(_panel.mapper.note)
	add_debugger_plugin(_listener)


func _exit_tree() -> void:
	remove_debugger_plugin(_listener)
	_listener = null
	remove_control_from_bottom_panel(_panel)
	_panel.queue_free()
	_panel = null


func _find_npcs() -> Array[NpcCharacter]:
	var found: Array[NpcCharacter] = []
	var root := EditorInterface.get_edited_scene_root()
	if root is NpcCharacter:
		found.append(root)
	if root != null:
		for node: Node in root.find_children("*", "NpcCharacter", true, false):
			found.append(node as NpcCharacter)
	return found
