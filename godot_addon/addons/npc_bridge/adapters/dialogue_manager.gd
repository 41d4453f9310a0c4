## Lets dialogues of the addon [i]Dialogue Manager[/i] (by Nathan Hoad) and NPCs of the bridge take turns.
##
## Add a node with this script to the scene. While a dialogue runs, NPCs keep silent and events still count;
## its lines are
## remembered by those who say them; an exit of a character begins the title of its name in [member dialogue].
## The addon does not have to be installed: without it nothing happens.
extends "dialogue_adapter.gd"

## The dialogue file whose titles exits begin.
@export var dialogue: Resource

var _system: Object


func _ready() -> void:
	super()
	attach(find_system())


## The Dialogue Manager of this game; null when there is none.
func find_system() -> Object:
	if Engine.has_singleton("DialogueManager"):
		return Engine.get_singleton("DialogueManager")
	return get_node_or_null("/root/DialogueManager")


## Listen to this Dialogue Manager; false if it does not say what is needed.
func attach(system: Object) -> bool:
	_system = system
	_hear(system, &"dialogue_started", func(_resource: Resource) -> void: _take_over())
	_hear(system, &"dialogue_ended", func(_resource: Resource) -> void: _hand_back())
	return _hear(system, &"got_dialogue", _on_got_dialogue)


## Begin this title of [member dialogue] in the game's balloon.
func begin(title: String) -> void:
	if _system == null or dialogue == null or not _system.has_method("show_dialogue_balloon"):
		push_warning("NPC Bridge: the exit to '%s' leads nowhere: no dialogue file or no Dialogue Manager" % title)
		return
	_system.call("show_dialogue_balloon", dialogue, title)


func _on_got_dialogue(shown: Object) -> void:
	_take_line(str(shown.get("character")), str(shown.get("text")))
