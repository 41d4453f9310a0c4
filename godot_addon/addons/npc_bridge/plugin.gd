@tool
## The addon in the editor: the autoload, the project settings and the dock.
extends EditorPlugin

const Settings := preload("settings.gd")
const AUTOLOAD := "NpcBridge"


func _enable_plugin() -> void:
	add_autoload_singleton(AUTOLOAD, (get_script() as Script).resource_path.get_base_dir().path_join("npc_bridge.gd"))


func _disable_plugin() -> void:
	remove_autoload_singleton(AUTOLOAD)
	Settings.unregister()
	ProjectSettings.save()


func _enter_tree() -> void:
	Settings.register()


func _exit_tree() -> void:
	pass
