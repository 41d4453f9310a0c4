@tool
## The addon in the editor: the autoload, the project settings and the dock.
extends EditorPlugin

const Settings := preload("settings.gd")
## What the autoload is called.
const AUTOLOAD := "NpcBridge"
## What the autoload runs.
const SCRIPT := "res://addons/npc_bridge/npc_bridge.gd"


func _enable_plugin() -> void:
	add_autoload_singleton(AUTOLOAD, SCRIPT)


func _disable_plugin() -> void:
	remove_autoload_singleton(AUTOLOAD)
	Settings.unregister()
	ProjectSettings.save()


func _enter_tree() -> void:
	Settings.register()


func _exit_tree() -> void:
	pass
