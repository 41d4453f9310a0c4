class_name TavernTraveller
extends TavernPuppet
## The player: walks, carries a sword, and tosses coins.

## How fast, in pixels a second.
@export var walking_speed := 250.0
## How far to both sides the floor reaches.
@export var reach := Vector2(100, 1352)

## Whether the sword is in the hand.
var is_armed := false
## Whether the arrow keys move the player; not while typing.
var can_walk := true

var _acting_s := 0.0
var _target := NAN

@onready var _player: AnimationPlayer = $AnimationPlayer


func _process(delta: float) -> void:
	super(delta)
	_acting_s -= delta
	var way := _way(delta)
	if way:
		faces_left = way < 0.0
		position.x = clampf(position.x + way * walking_speed * delta, reach.x, reach.y)
	if _acting_s > 0.0:
		return
	var clip := "walk" if way else ("armed" if is_armed else "idle")
	if _player.current_animation != clip:
		_player.play(clip, 0.15)


## Walk there without a key being pressed.
func walk_to(x: float) -> void:
	_target = x


## Draw the sword, or put it away.
func wield(armed: bool) -> void:
	is_armed = armed
	if armed:
		_act("draw_sword")


## The gesture of giving.
func give() -> void:
	_act("give")


## Move the hands while speaking.
func gesture() -> void:
	if not is_armed:
		_act("talk")


## Where a coin leaves the hand, in the coordinates of the room.
func hand_place() -> Vector2:
	return global_position + Vector2(-46.0 if faces_left else 46.0, -150.0)


func _act(clip: String) -> void:
	_acting_s = _player.get_animation(clip).length
	_player.play(clip, 0.1)


func _way(delta: float) -> float:
	var way := 0.0
	if can_walk:
		way = Input.get_axis("ui_left", "ui_right")
		way += float(Input.is_physical_key_pressed(KEY_D)) - float(Input.is_physical_key_pressed(KEY_A))
	if way:
		_target = NAN
		return clampf(way, -1.0, 1.0)
	if is_nan(_target):
		return 0.0
	var left := _target - position.x
	if absf(left) <= walking_speed * delta:
		_target = NAN
		return 0.0
	return signf(left)
