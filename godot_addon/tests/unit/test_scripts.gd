extends "res://tests/suite.gd"


## Every warning is an error in this project, see project.godot.
func test_every_script_of_the_addon_compiles_without_a_warning() -> void:
	var count := _load_all("res://addons/npc_bridge")
	holds(count > 15, "only %d scripts were found" % count)


func _load_all(folder: String) -> int:
	var count := 0
	for file: String in DirAccess.get_files_at(folder):
		if file.get_extension() == "gd":
			var script: GDScript = ResourceLoader.load(folder.path_join(file), "", ResourceLoader.CACHE_MODE_IGNORE)
			holds(script != null and script.can_instantiate(), file)
			count += 1
	for inner: String in DirAccess.get_directories_at(folder):
		count += _load_all(folder.path_join(inner))
	return count
