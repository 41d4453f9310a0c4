@tool
## Actions that no clip fitted, and writing them into an NPC's clip map.
extends RefCounted

const Text := preload("text.gd")
## How many are kept; the oldest goes first.
const MOST := 100

## The list is another.
signal changed

## How often each action came, by its text.
var actions := {}

## Records a change so that it can be undone; set by the plugin, null outside of the editor.
var undo_redo: Object


## This action came, and no clip fitted.
func note(action: String) -> void:
	var count: int = actions.get(action, 0)
	actions[action] = count + 1
	if actions.size() > MOST:
		actions.erase(actions.keys()[0])
	changed.emit()


## From now on this action means this animation of the NPC; it is on the list no more.
func map_to(action: String, animation: String, character: NpcCharacter) -> void:
	var before := character.clip_map
	var after := before.duplicate()
	after[action] = animation
	if undo_redo == null:
		character.clip_map = after
	else:
		undo_redo.call("create_action", Text.of("Map '%s' to '%s'") % [action, animation])
		undo_redo.call("add_do_property", character, "clip_map", after)
		undo_redo.call("add_undo_property", character, "clip_map", before)
		undo_redo.call("commit_action")
	actions.erase(action)
	changed.emit()


## The actions, most frequent first.
func sorted() -> PackedStringArray:
	var names := actions.keys()
	names.sort_custom(func(a: String, b: String) -> bool: return actions[a] > actions[b])
	return PackedStringArray(names)
