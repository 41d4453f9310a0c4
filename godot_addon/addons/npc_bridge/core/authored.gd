@tool
## Cuts an authored line into its words and its actions, as the bridge would; for when there is none.
extends RefCounted


## The parts of a line in order: texts, and cues with [code]action[/code], [code]clip[/code] and
## [code]at[/code]. A clip is
## found only if it, or a name that [param names] maps to it, is just what stands between the parentheses.
static func parts_of(line: String, names: Dictionary) -> Array:
	var parts := []
	var at := 0
	var pattern := RegEx.create_from_string("[(（]([^()（）]*)[)）]|[^(（]+|[(（]")
	var is_after_space := true
	for found: RegExMatch in pattern.search_all(line):
		var words := found.get_string()
		if words.length() > 1 and (words[0] == "(" or words[0] == "（"):
			var action := found.get_string(1).strip_edges()
			if action:
				parts.append({"action": action, "clip": _clip_of(action, names), "at": at})
			continue
		# The space around an action is that of one gap, and there is none at the beginning.
		if is_after_space:
			words = words.lstrip(" ")
		if words:
			parts.append(words)
			at += words.length()
			is_after_space = words.ends_with(" ")
	return parts


## What a declared clip can be called: its name and its aliases, with spaces or without.
static func names_of(clips: Array[Dictionary]) -> Dictionary:
	var names := {}
	for clip: Dictionary in clips:
		var name: String = clip["name"]
		names[_plain(name)] = name
		for alias: String in clip["aliases"]:
			names[_plain(alias)] = name
	return names


static func _clip_of(action: String, names: Dictionary) -> String:
	return names.get(_plain(action), "")


static func _plain(name: String) -> String:
	return name.to_lower().replace("_", " ").strip_edges()
