@tool
@icon("icons/npc_character.svg")
class_name NpcCharacter
extends "conversation.gd"
## Lets an NPC talk: put this node under any NPC of your game.
##
## It opens the NPC's conversation with the bridge, declares the animations that the NPC really has, and
## turns what comes back into signals. An [NpcSpeechLabel] shows the text and an [NpcCuePlayer] plays the
## gestures; both find this node by themselves when they are near it in the scene tree.
## [codeblock]
## $Smith/NpcCharacter.say("Can you mend this sword?")
## [/codeblock]

const Clips := preload("core/clips.gd")
const Targets := preload("core/targets.gd")
const Warnings := preload("editor/warnings.gd")
## The group that every NpcCharacter of the running game is in.
const GROUP := &"npc_character"

## Who the NPC is: the id of a character file, such as [code]brom[/code] for [code]characters/brom.toml[/code].
@export var character := "":
	set(value):
		character = value
		update_configuration_warnings()
## The game's own id for this NPC, unique in the game and the same in every run. Empty: the name of the
## parent node.
@export var npc_id := ""
## What plays this NPC's animations; they are declared to the bridge as its clips. May be empty: then
## the NPC only talks.
@export var clip_source: AnimationMixer:
	set(value):
		clip_source = value
		update_configuration_warnings()
## What the model may call a clip (key) and the animation, state or one-shot that it means (value).
## Animations that are not in it are declared under their own names; map a name to nothing to hide it.
@export var clip_map := {}:
	set(value):
		clip_map = value
		update_configuration_warnings()
## The animation that the NPC returns to. It is not declared as a clip.
@export var idle_clip := "idle"
## What the NPC knows of the player before it is told.
@export_group("Player")
## The player's name.
@export var player_name := "Player"
## Tells players of the same name apart; the name when empty.
@export var player_id := ""
## What the NPC can see or knows of the player.
@export_multiline var player_description := ""
@export_group("Conversation")
## Events can be told to all NPCs of a group at once, such as [code]tavern[/code].
@export var group := ""
## The language the NPC speaks, such as [code]en[/code] or [code]zh[/code]. Empty: the project setting,
## else the game's own.
@export var language := ""
## Whether the conversation opens when this node is ready. Otherwise with the first [method say], or [method open].
@export var open_on_ready := true
## Whether the opening line of the character is spoken, if this is the first meeting.
@export var speaks_opening := true
## After how many seconds of the player's silence the NPC goes on by itself, once; 0: never.
@export_range(0, 300, 1, "or_greater") var silence_s := 0.0
@export_group("Targets")
## Things, places and people that the NPC's actions can be aimed at, such as [code](points at the
## door)[/code]. Each is called
## by the name of its node, or by its metadata [code]target_name[/code]; other words for it stand in its metadata
## [code]target_aliases[/code].
@export var targets: Array[Node] = []
## All nodes of this group are targets too.
@export var target_group := &"npc_target"

var _targets := Targets.new()
var _is_to_declare := false


func _ready() -> void:
	if Engine.is_editor_hint():
		return
	_bridge = _find_bridge()
	if _bridge == null:
		_report("no_bridge", "the autoload NpcBridge is missing; enable the plugin NPC Bridge in the project settings")
		return
	add_to_group(GROUP)
	_bridge.turns_lost.connect(_on_turns_lost)
	if EngineDebugger.is_active():
		# For the list of unmapped actions in the editor that runs this game.
		cue_unhandled.connect(_tell_editor)
	if open_on_ready:
		open()


func _exit_tree() -> void:
	if not Engine.is_editor_hint():
		close()


## The id that the bridge knows this NPC by.
func resolved_id() -> String:
	if _resolved_id:
		return _resolved_id
	if npc_id:
		return npc_id
	return str(get_parent().name) if get_parent() != null else str(name)


## The animation, state or one-shot that a clip means for this NPC; empty when it has none.
func animation_for(clip: String) -> String:
	return Clips.animation_for(clip, clip_source, clip_map)


## The clips as they are declared to the bridge.
func declared_clips() -> Array[Dictionary]:
	return Clips.declared(clip_source, clip_map, idle_clip)


## What this NPC's actions can be aimed at, as it is declared to the bridge.
func declared_targets() -> Array[Dictionary]:
	return _targets.declared(_targets.nodes_by_name(self, targets, target_group))


## The node that a target of a cue is; null when there is none, or no more.
func target_node(target: String) -> Node:
	return _targets.nodes_by_name(self, targets, target_group).get(target)


## Let this NPC's actions be aimed at a node under this name, and under other words for it.
func register_target(target: String, node: Node, aliases: PackedStringArray = PackedStringArray()) -> void:
	_targets.register(target, node, aliases)
	_declare_soon()


## It can be aimed at no more.
func unregister_target(target: String) -> void:
	if _targets.unregister(target):
		_declare_soon()


## Tell the bridge what the NPC can play and aim at now, after the clip source, the clip map or nodes of the
## target group
## have changed.
func declare() -> void:
	_is_to_declare = false
	if _bridge != null and _resolved_id:
		_bridge.declare(_resolved_id, {"clips": _limited_clips(), "targets": declared_targets()})


## The character that a node belongs to: the nearest one among its parents and their children.
static func nearest_to(node: Node) -> NpcCharacter:
	var place := node.get_parent()
	while place != null:
		if place is NpcCharacter:
			return place
		for child: Node in place.get_children():
			if child is NpcCharacter:
				return child
		place = place.get_parent()
	return null


func _get_configuration_warnings() -> PackedStringArray:
	return Warnings.of(self)


func _find_bridge() -> Bridge:
	return get_node_or_null("/root/NpcBridge") as Bridge


func _open_message(id: String) -> Dictionary:
	var player := {"name": player_name if player_name else "Player"}
	if player_id:
		player["id"] = player_id
	if player_description:
		player["description"] = player_description
	var message := {"type": "open", "npc": id, "character": character, "player": player}
	message["clips"] = _limited_clips()
	var spoken := language if language else str(Bridge.Settings.value_of(Bridge.Settings.LANGUAGE))
	message["language"] = (spoken if spoken else TranslationServer.get_locale()).replace("_", "-")
	if group:
		message["group"] = group
	var aims := declared_targets()
	if aims:
		message["targets"] = aims
	if not speaks_opening:
		message["opening"] = false
	if silence_s > 0.0:
		message["silence_s"] = silence_s
	return message


func _clips() -> Array[Dictionary]:
	return declared_clips()


func _limited_clips() -> Array[Dictionary]:
	var clips := declared_clips()
	for clip: Dictionary in clips:
		var aliases: Array = clip["aliases"]
		clip["aliases"] = aliases.slice(0, Messages.MAX_ALIASES)
	return clips.slice(0, Messages.MAX_CLIPS)


func _declare_soon() -> void:
	if _resolved_id and not _is_to_declare:
		_is_to_declare = true
		declare.call_deferred()


func _tell_editor(action: String, _at: int) -> void:
	EngineDebugger.send_message("npc_bridge:unmapped", [action])
