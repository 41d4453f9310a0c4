## Lets timelines of the addon [i]Dialogic 2[/i] and NPCs of the bridge take turns.
##
## Add a node with this script to the scene. While a timeline runs, NPCs keep silent and events still count;
## its texts are
## remembered by those who say them, and what the player chooses too; an exit of a character begins the
## timeline of its
## name, or with [member timeline] the label of its name in that one.
## The addon does not have to be installed: without it nothing happens.
extends "dialogue_adapter.gd"

## The timeline whose labels exits begin: a path or a name. Empty: exits begin timelines.
@export var timeline := ""

var _system: Object


func _ready() -> void:
	super()
	# Dialogic fills in its parts when it is ready, and autoloads are before scenes.
	attach(find_system())


## Dialogic of this game; null when there is none.
func find_system() -> Object:
	return get_node_or_null("/root/Dialogic")


## Listen to this Dialogic; false if it does not say what is needed.
func attach(system: Object) -> bool:
	_system = system
	_hear(system, &"timeline_started", _take_over)
	_hear(system, &"timeline_ended", _hand_back)
	_hear(_part("Choices"), &"choice_selected", _on_choice_selected)
	return _hear(_part("Text"), &"about_to_show_text", _on_text)


## Begin this timeline, or this label of [member timeline].
func begin(title: String) -> void:
	if _system == null or not _system.has_method("start"):
		push_warning("NPC Bridge: the exit to '%s' leads nowhere: there is no Dialogic" % title)
	elif timeline:
		_system.call("start", timeline, title)
	else:
		_system.call("start", title)


## A part of Dialogic: a property of that name, or a node under it.
func _part(part: String) -> Object:
	if _system == null:
		return null
	var found: Variant = _system.get(part)
	if found is Object:
		return found
	return (_system as Node).get_node_or_null(part) if _system is Node else null


func _on_text(shown: Dictionary) -> void:
	var character: Variant = shown.get("character")
	var speaker := ""
	if character is Object:
		var person: Object = character
		speaker = str(person.get("display_name"))
		if _npc_named(speaker) == null and speaker not in player_names and person is Resource:
			# The name of its file is what a timeline calls it.
			speaker = (person as Resource).resource_path.get_file().get_basename()
	_take_line(speaker, str(shown.get("text", "")))


func _on_choice_selected(choice: Dictionary) -> void:
	player_said(str(choice.get("text", "")))
