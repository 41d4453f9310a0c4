@tool
## What an [AnimationPlayer] or an [AnimationTree] can play, and how the clip map names it.
extends RefCounted

## The animation that resets a scene; never an action of an NPC.
const RESET := "RESET"


## The names that can be played: animations of a player; states and one-shots of a tree.
static func playable(source: AnimationMixer) -> PackedStringArray:
	if source is AnimationTree:
		return _in_tree(source as AnimationTree)
	var names := PackedStringArray()
	if source != null:
		for animation: String in source.get_animation_list():
			if animation.get_file() != RESET:
				names.append(animation)
	return names


## The clips to declare to the bridge: each playable name but [param idle], under the names that the
## clip map gives it. The map is from what the model may call a clip to what is played; a name that is
## mapped to nothing is hidden.
static func declared(source: AnimationMixer, clip_map: Dictionary, idle: String) -> Array[Dictionary]:
	var by_animation := {}
	for clip: Variant in clip_map:
		var animation := str(clip_map[clip])
		by_animation[animation] = by_animation.get(animation, []) + [str(clip)]
	var clips: Array[Dictionary] = []
	for animation: String in playable(source):
		if animation == idle or str(clip_map.get(animation, animation)).is_empty():
			continue
		var names: Array = by_animation.get(animation, [])
		if animation not in names and not clip_map.has(animation):
			# Its own name comes first: that is what the model is offered, the others are aliases.
			names.push_front(animation.get_file())
		if names:
			clips.append({"name": names[0], "aliases": names.slice(1)})
	return clips


## What to play for a clip that the bridge named; empty when there is nothing of that name.
static func animation_for(clip: String, source: AnimationMixer, clip_map: Dictionary) -> String:
	if not clip or source == null:
		return ""
	var names := playable(source)
	if clip_map.has(clip):
		var mapped := str(clip_map[clip])
		return mapped if mapped in names else ""
	if clip in names:
		return clip
	for animation: String in names:
		if animation.get_file() == clip:
			return animation
	return ""


## Names in the map that lead to nothing that can be played.
static func broken(source: AnimationMixer, clip_map: Dictionary) -> PackedStringArray:
	var names := playable(source)
	var found := PackedStringArray()
	for clip: Variant in clip_map:
		var animation := str(clip_map[clip])
		if animation and animation not in names:
			found.append(str(clip))
	return found


static func _in_tree(tree: AnimationTree) -> PackedStringArray:
	var names := PackedStringArray()
	if tree.tree_root == null:
		return names
	# Neither kind of root lists its nodes in every version, but both have them as properties.
	for property: Dictionary in tree.tree_root.get_property_list():
		var path: PackedStringArray = str(property["name"]).split("/")
		if path.size() != 3 or path[2] != "node":
			continue
		var node: Variant = tree.tree_root.get(str(property["name"]))
		var is_state := path[0] == "states" and path[1] not in ["Start", "End"]
		if is_state or (path[0] == "nodes" and node is AnimationNodeOneShot):
			names.append(path[1])
	return names
