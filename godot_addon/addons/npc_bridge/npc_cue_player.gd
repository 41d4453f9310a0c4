@tool
@icon("icons/npc_cue_player.svg")
class_name NpcCuePlayer
extends Node
## Plays an NPC's cues with the NPC's own animations, turns it to what they are aimed at, and lets it return
## to idle.
##
## Put it under an [NpcCharacter], or near one. What a cue means is looked up in the character's clip map
## and among its real animations, so a name that does not exist is never played. A cue that is still
## provisional begins
## already; if it is withdrawn, the NPC blends back. While the model thinks, a pose may be held.

## What happens to a cue that is reached while another one plays.
enum Mode {
	## It waits until the present one is over.
	QUEUE,
	## It replaces the present one.
	REPLACE,
}

const Facing := preload("core/facing.gd")
const Motion := preload("core/motion.gd")
const Text := preload("editor/text.gd")

## A cue's animation begins.
signal cue_started(clip: String, animation: String)
## A cue that had begun early was taken back: it is not what the NPC does.
signal cue_withdrawn(clip: String)
## A cue is aimed at this node, such as the door in [code](points at the door)[/code]; [param cue] is all
## that the bridge says
## of it.
signal aimed(target: Node, cue: Dictionary)

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
@export_group("Facing")
## How the body turns to what a cue is aimed at.
@export var facing := Facing.Way.AUTO
## What turns: a Node2D or Node3D. Empty: the parent of the NpcCharacter.
@export var body: Node
## How long turning takes, in seconds.
@export_range(0, 3, 0.05) var turn_s := 0.35
## Whether a 3D body looks along its positive Z axis, as imported models do, and not along the negative one.
@export var is_front_model := true

var _playing := ""
var _playing_key := ""
var _queue: Array[Dictionary] = []
var _left_s := 0.0
var _early := {}
var _pose := ""
var _is_posing := false


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
	return _play(clip, "")


## What plays now; empty while the NPC idles.
func playing() -> String:
	return _playing


## Forget the cues that wait and return to idle.
func stop() -> void:
	_queue.clear()
	_pose = ""
	_halt()
	_end()


func _get_configuration_warnings() -> PackedStringArray:
	var owner_of_clips := character if character != null else NpcCharacter.nearest_to(self)
	if owner_of_clips == null:
		return PackedStringArray([Text.of("Set 'character', or put this node under an NpcCharacter.")])
	if owner_of_clips.clip_source == null:
		return PackedStringArray([Text.of("The NpcCharacter has no 'clip_source', so no cue can be played.")])
	return PackedStringArray()


func _play(clip: String, key: String) -> bool:
	if not is_instance_valid(character) or not is_instance_valid(character.clip_source):
		return false
	var animation := character.animation_for(clip)
	if not animation:
		return false
	if _playing and not _is_posing and mode == Mode.QUEUE:
		_queue.append({"clip": clip, "animation": animation, "key": key})
		if _queue.size() > queue_length:
			_queue.pop_front()
	else:
		_begin(clip, animation, key)
	return true


func _begin(clip: String, animation: String, key: String) -> void:
	_is_posing = false
	_playing = animation
	_playing_key = key
	_left_s = Motion.begin(character.clip_source, animation, blend, longest)
	cue_started.emit(clip, animation)


func _end() -> void:
	_playing = ""
	_playing_key = ""
	_is_posing = false
	if _queue:
		var next: Dictionary = _queue.pop_front()
		var clip: String = next["clip"]
		var animation: String = next["animation"]
		var key: String = next["key"]
		_begin(clip, animation, key)
	elif _pose:
		_hold_pose()
	else:
		_play_idle()


## What plays blends away before its end.
func _halt() -> void:
	if _playing and is_instance_valid(character) and is_instance_valid(character.clip_source):
		Motion.halt(character.clip_source, _playing)


func _play_idle() -> void:
	if is_instance_valid(character) and is_instance_valid(character.clip_source):
		Motion.idle(character.clip_source, character.idle_clip, blend)


# ── cues ────────────────────────────────────────────────────────────────────────────────────────────


func _on_cue_due(cue: Dictionary) -> void:
	var clip: String = cue["clip"]
	if cue.get("reason", "") == "thinking":
		_think(clip)
		return
	var key := _key_of(cue)
	var state: String = cue.get("state", "final")
	if state == "withdrawn":
		_withdraw(clip, key)
		return
	_stop_thinking()
	if state == "confirmed" and _has_begun(key):
		return
	_aim(cue)
	var can_play := clip and _play(clip, key)
	if clip and not can_play and state != "provisional":
		var at: int = cue["at"]
		character.cue_unhandled.emit(cue["action"], at)
	if can_play and key:
		_early[key] = true


## Turn to what the cue is aimed at.
func _aim(cue: Dictionary) -> void:
	var name_of_target: String = cue.get("target", "")
	var target := character.target_node(name_of_target) if name_of_target else null
	if target != null:
		Facing.turn(body if body != null else character.get_parent(), target, facing, turn_s, is_front_model)
		aimed.emit(target, cue)


func _withdraw(clip: String, key: String) -> void:
	if not _has_begun(key):
		return
	_early.erase(key)
	for index: int in range(_queue.size() - 1, -1, -1):
		if _queue[index]["key"] == key:
			_queue.remove_at(index)
	if _playing_key == key:
		_halt()
		_end()
	cue_withdrawn.emit(clip)


func _has_begun(key: String) -> bool:
	return key != "" and _early.has(key)


## What a provisional cue and its confirmation have in common.
func _key_of(cue: Dictionary) -> String:
	var id: int = cue.get("id", 0)
	return "%s/%d" % [cue.get("turn", ""), id] if id > 0 else ""


# ── thinking ────────────────────────────────────────────────────────────────────────────────────────


func _think(clip: String) -> void:
	_stop_thinking()
	if not character.animation_for(clip):
		return
	_pose = clip
	character.text_arrived.connect(_on_words)
	character.candidate_arrived.connect(_on_candidate_words)
	if not _playing:
		_hold_pose()


func _hold_pose() -> void:
	_begin(_pose, character.animation_for(_pose), "")
	_is_posing = true
	_left_s = INF


func _stop_thinking() -> void:
	if not _pose:
		return
	_pose = ""
	character.text_arrived.disconnect(_on_words)
	character.candidate_arrived.disconnect(_on_candidate_words)
	if _is_posing:
		_halt()
		_end()


func _on_words(_text: String, _at: int) -> void:
	_stop_thinking()


func _on_candidate_words(_index: int, _text: String, _at: int) -> void:
	_stop_thinking()


func _on_turn_ended(_turn_id: String, reason: String) -> void:
	_stop_thinking()
	if reason == "interrupted" or reason == "lost" or reason == "loaded":
		_queue.clear()


func _on_turn_started(_turn_id: String, _cause: String) -> void:
	_early.clear()


func _join(speaker: NpcCharacter) -> void:
	if speaker == null or Engine.is_editor_hint() or not is_inside_tree():
		return
	if not speaker.cue_due.is_connected(_on_cue_due):
		speaker.cue_due.connect(_on_cue_due)
		speaker.turn_started.connect(_on_turn_started)
		speaker.turn_ended.connect(_on_turn_ended)
		speaker.rewound.connect(stop)


func _part() -> void:
	# The NPC may be gone before the node that follows it.
	if not is_instance_valid(character) or Engine.is_editor_hint():
		return
	if character.cue_due.is_connected(_on_cue_due):
		_stop_thinking()
		character.cue_due.disconnect(_on_cue_due)
		character.turn_started.disconnect(_on_turn_started)
		character.turn_ended.disconnect(_on_turn_ended)
		character.rewound.disconnect(stop)
