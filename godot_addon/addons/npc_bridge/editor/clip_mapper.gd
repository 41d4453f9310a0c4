@tool
## Actions that no clip fitted, and what can be done about each: write it into an NPC's clip map, or into the
## character's file with a command of the bridge.
extends RefCounted

const Text := preload("text.gd")
## How many are kept; the oldest goes first.
const MOST := 100

## The list is another.
signal changed

## How often each action came, by its text.
var actions := {}
## What the bridge counted, by the action's text: [code]character[/code], [code]count[/code], and
## [code]suggestions[/code], the names of clips that come near.
var rows := {}

## Records a change so that it can be undone; set by the plugin, null outside of the editor.
var undo_redo: Object


## This action came, and no clip fitted.
func note(action: String) -> void:
	var count: int = actions.get(action, 0)
	actions[action] = count + 1
	if actions.size() > MOST:
		actions.erase(actions.keys()[0])
	changed.emit()


## What the bridge has counted, over all games and restarts; it replaces what was known of it.
func take(counted: Array) -> void:
	rows.clear()
	for row: Variant in counted:
		if not row is Dictionary:
			continue
		var entry: Dictionary = row
		var action := str(entry.get("action", ""))
		var number: float = entry.get("count", 1)
		var count := int(number)
		if action:
			rows[action] = entry
			var known: int = actions.get(action, 0)
			actions[action] = maxi(count, known)
	changed.emit()


## The clips that come near to an action, best first; none when the bridge knows none.
func suggestions_of(action: String) -> PackedStringArray:
	var row: Dictionary = rows.get(action, {})
	var found := PackedStringArray()
	var suggested: Variant = row.get("suggestions", [])
	if suggested is Array:
		for clip: Variant in suggested:
			found.append(str(clip))
	return found


## What to type into a terminal so that the character's file says which clip shows this action. Without a
## [param clip] the best suggestion is in it, or a word to replace.
func command_for(action: String, clip: String = "") -> String:
	var near := suggestions_of(action)
	if not clip:
		clip = near[0] if near else "CLIP"
	var row: Dictionary = rows.get(action, {})
	var command := 'npc-bridge cues accept "%s" %s' % [action.replace('"', ""), clip]
	return command + (" --character %s" % row["character"] if row.has("character") else "")


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
	rows.erase(action)
	changed.emit()


## The actions, most frequent first.
func sorted() -> PackedStringArray:
	var names := actions.keys()
	names.sort_custom(func(a: String, b: String) -> bool: return actions[a] > actions[b])
	return PackedStringArray(names)
