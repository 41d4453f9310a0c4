@tool
## What the game has told the bridge and what holds until it is told otherwise: flags, holds, gathered groups.
##
## A bridge that was started anew knows none of it, so it is told again before anything else goes on.
extends RefCounted

var _messages := {}


## Remember this message if it is one of those, or forget the one that it takes back.
func note(message: Dictionary) -> void:
	match message["type"]:
		"flags":
			_note_flags(message)
		"hold":
			_messages[_place("hold", message)] = message
		"release":
			_release(message)
		"gather":
			_messages["gather " + str(message["group"])] = message
		"disperse":
			_messages.erase("gather " + str(message["group"]))


## What to tell a bridge that knows nothing of it: before NPCs are opened ([param is_early]), so that none
## of them speaks who
## must not, or knows what it must not; and after, because only those that are open can be gathered.
func to_tell(is_early: bool) -> Array[Dictionary]:
	var messages: Array[Dictionary] = []
	for place: String in _messages:
		var message: Dictionary = _messages[place]
		if (message["type"] != "gather") == is_early:
			messages.append(message.duplicate())
	return messages


## All of it belongs to another timeline.
func clear() -> void:
	_messages.clear()


func _note_flags(message: Dictionary) -> void:
	var place := _place("flags", message)
	var values: Dictionary = message["values"]
	var before: Dictionary = _messages.get(place, {"values": {}})
	var known: Dictionary = before["values"]
	var all := known.duplicate()
	for flag: String in values:
		if values[flag] == null:
			all.erase(flag)
		else:
			all[flag] = values[flag]
	var merged := message.duplicate()
	merged["values"] = all
	_messages[place] = merged
	if all.is_empty():
		_messages.erase(place)


func _release(message: Dictionary) -> void:
	_messages.erase(_place("hold", message))


func _place(kind: String, message: Dictionary) -> String:
	return "%s %s %s" % [kind, message.get("npc", ""), message.get("group", "")]
