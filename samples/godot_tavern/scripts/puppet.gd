class_name TavernPuppet
extends Node2D
## Somebody made of parts: turns to one side or the other, and moves the lips while speaking.
##
## The parts and their animations are made by tools/build.py; what plays when is decided elsewhere.

## Whether the puppet looks to the left.
@export var faces_left := false:
	set(value):
		faces_left = value
		_turn()

var _lips_s := 0.0
var _flap_s := 0.0
var _turn_tween: Tween

@onready var _talk: Sprite2D = $Body/Torso/Head/Face/Talk
@onready var _mouth: Sprite2D = $Body/Torso/Head/Face/Mouth
@onready var _mouthpiece: Marker2D = $Body/Torso/Head/Mouthpiece


func _ready() -> void:
	scale.x = absf(scale.x) * (-1.0 if faces_left else 1.0)
	# Nobody breathes in step with the others.
	var player: AnimationPlayer = $AnimationPlayer
	player.seek(fmod(absf(position.x) * 0.013, 4.0), true)


func _process(delta: float) -> void:
	_lips_s -= delta
	_flap_s += delta
	var is_open := _lips_s > 0.0 and fmod(_flap_s, 0.2) < 0.11
	_talk.visible = is_open
	_mouth.visible = not is_open


## Move the lips for a moment.
func speak() -> void:
	_lips_s = 0.16


## Where a speech bubble points at, above the head, in the coordinates of the room.
func mouthpiece() -> Vector2:
	return _mouthpiece.global_position


## Look towards somebody.
func look_at_place(place: Vector2) -> void:
	if absf(place.x - global_position.x) > 24.0:
		faces_left = place.x < global_position.x


func _turn() -> void:
	if not is_node_ready():
		return
	var size := absf(scale.y)
	if _turn_tween != null:
		_turn_tween.kill()
	_turn_tween = create_tween()
	_turn_tween.tween_property(self, "scale:x", size * (-1.0 if faces_left else 1.0), 0.14)
