@tool
@icon("icons/npc_cue_player.svg")
class_name NpcCuePlayer
extends Node
## Plays an NPC's cues with the NPC's own animations, and lets it return to idle.
##
## Put it under an [NpcCharacter], or near one. What a cue means is looked up in the character's clip map
## and among its real animations, so a name that does not exist is never played.

## What happens to a cue that is reached while another one plays.
enum Mode {
	## It waits until the present one is over.
	QUEUE,
	## It replaces the present one.
	REPLACE,
}

const Clips := preload("core/clips.gd")
const Text := preload("editor/text.gd")

## A cue's animation begins.
signal cue_started(clip: String, animation: String)

## The NPC whose cues are played. Empty: the nearest [NpcCharacter] in the scene tree.
@export var character: NpcCharacter:
	set(value):
		if character != value:
			_part()
			character = value
			_join(character)
## What happens to a cue that is reached while another one plays.
@export var mode := Mode.QUEUE
## How many cues may wait; the oldest goes first.
@export_range(1, 16) var queue_length := 3
## Blend from one animation to the next, in seconds.
@export_range(0, 1, 0.01) var blend := 0.15
## Animations that loop are ended after this many seconds.
@export_range(0.5, 30, 0.1) var longest := 4.0

var _playing := ""
var _queue: Array[Dictionary] = []
var _left_s := 0.0


func _ready() -> void:
	if Engine.is_editor_hint():
		return
	if character == null:
		character = NpcCharacter.nearest_to(self)
	if character != null and not character.is_node_ready():
		await character.ready
	_play_idle()


func _enter_tree() -> void:
	_join(character)


func _exit_tree() -> void:
	_part()


func _process(delta: float) -> void:
	if not _playing:
		return
	_left_s -= delta
	if _left_s <= 0.0:
		_end()


## Play a clip now or when the present one is over. False if the NPC has no such clip.
func play(clip: String) -> bool:
	if not is_instance_valid(character) or not is_instance_valid(character.clip_source):
		return false
	var animation := character.animation_for(clip)
	if not animation:
		return false
	if _playing and mode == Mode.QUEUE:
		_queue.append({"clip": clip, "animation": animation})
		if _queue.size() > queue_length:
			_queue.pop_front()
	else:
		_begin(clip, animation)
	return true


## What plays now; empty while the NPC idles.
func playing() -> String:
	return _playing


## Forget the cues that wait and return to idle.
func stop() -> void:
	_queue.clear()
	_end()


func _get_configuration_warnings() -> PackedStringArray:
	var owner_of_clips := character if character != null else NpcCharacter.nearest_to(self)
	if owner_of_clips == null:
		return PackedStringArray([Text.of("Set 'character', or put this node under an NpcCharacter.")])
	if owner_of_clips.clip_source == null:
		return PackedStringArray([Text.of("The NpcCharacter has no 'clip_source', so no cue can be played.")])
	return PackedStringArray()


func _begin(clip: String, animation: String) -> void:
	_playing = animation
	var source := character.clip_source
	if source is AnimationTree:
		_left_s = _fire(source as AnimationTree, animation)
	else:
		var player := source as AnimationPlayer
		_left_s = _length_of(player.get_animation(animation))
		player.stop(true)
		player.play(animation, blend)
	cue_started.emit(clip, animation)


func _end() -> void:
	_playing = ""
	if _queue:
		var next: Dictionary = _queue.pop_front()
		var clip: String = next["clip"]
		var animation: String = next["animation"]
		_begin(clip, animation)
	else:
		_play_idle()


func _play_idle() -> void:
	if not is_instance_valid(character) or not is_instance_valid(character.clip_source):
		return
	var source := character.clip_source
	var idle := character.idle_clip
	if idle not in Clips.playable(source):
		return
	if source is AnimationTree:
		_fire(source as AnimationTree, idle)
	else:
		(source as AnimationPlayer).play(idle, blend)


## Travel to a state or fire a one-shot. Gives how long it lasts, in seconds.
func _fire(tree: AnimationTree, animation: String) -> float:
	var root := tree.tree_root
	if root is AnimationNodeStateMachine:
		var playback: AnimationNodeStateMachinePlayback = tree.get("parameters/playback")
		playback.travel(animation)
		var states := root as AnimationNodeStateMachine
		return _length_of_node(tree, states.get_node(animation))
	tree.set("parameters/%s/request" % animation, AnimationNodeOneShot.ONE_SHOT_REQUEST_FIRE)
	return longest if root == null else _length_of_shot(tree, root, animation)


func _length_of_shot(tree: AnimationTree, root: AnimationNode, animation: String) -> float:
	# What a one-shot plays is what is connected to its second input.
	var connections: Array = root.get("node_connections")
	for index: int in range(0, connections.size() - 2, 3):
		if str(connections[index]) == animation and connections[index + 1] == 1:
			var shot := str(connections[index + 2])
			return _length_of_node(tree, (root as AnimationNodeBlendTree).get_node(shot))
	return longest


func _length_of_node(tree: AnimationTree, node: AnimationNode) -> float:
	if node is AnimationNodeAnimation:
		var animation := (node as AnimationNodeAnimation).animation
		var player := tree.get_node_or_null(tree.anim_player) as AnimationMixer
		for mixer: AnimationMixer in [tree, player]:
			if mixer != null and mixer.has_animation(animation):
				return _length_of(mixer.get_animation(animation))
	return longest


func _length_of(animation: Animation) -> float:
	return animation.length if animation.loop_mode == Animation.LOOP_NONE else longest


func _on_cue_reached(clip: String, action: String, at: int) -> void:
	if clip and not play(clip):
		character.cue_unhandled.emit(action, at)


func _on_turn_ended(_turn_id: String, reason: String) -> void:
	if reason == "interrupted" or reason == "lost":
		_queue.clear()


func _join(speaker: NpcCharacter) -> void:
	if speaker == null or Engine.is_editor_hint() or not is_inside_tree():
		return
	if not speaker.cue_reached.is_connected(_on_cue_reached):
		speaker.cue_reached.connect(_on_cue_reached)
		speaker.turn_ended.connect(_on_turn_ended)


func _part() -> void:
	# The NPC may be gone before the node that follows it.
	if not is_instance_valid(character) or Engine.is_editor_hint():
		return
	if character.cue_reached.is_connected(_on_cue_reached):
		character.cue_reached.disconnect(_on_cue_reached)
		character.turn_ended.disconnect(_on_turn_ended)
