extends Node2D
## What the events do to the room: the weather behind the window, the clock, the door, the lights.

const DAY_TINT := Color(0.52, 0.46, 0.56)
const RAIN_TINT := Color(0.44, 0.42, 0.56)
const MIDNIGHT_TINT := Color(0.34, 0.34, 0.52)

## Everything in the window.
@export var sky: ColorRect
## Rain in front of it.
@export var drops: ColorRect
## The roofs behind it.
@export var town: TextureRect
## The light that falls in through it.
@export var moonlight: PointLight2D
## The colour of what no lamp reaches.
@export var dusk: CanvasModulate
## The leaf of the door.
@export var door: Node2D
## The hands of the clock.
@export var hour_hand: Node2D
## The long one.
@export var minute_hand: Node2D
## Lights that are put out at midnight.
@export var candles: Array[Node2D] = []

## Whether it rains.
var is_raining := false
## Whether midnight has struck.
var is_midnight := false

var _evening_town := Color.WHITE
var _evening_moon := Vector2.ZERO
var _flash := 0.0
var _next_flash_s := 0.0


func _ready() -> void:
	_show_time(21.66)
	dusk.color = DAY_TINT
	_evening_town = town.modulate
	_evening_moon = (sky.material as ShaderMaterial).get_shader_parameter("moon")


func _process(delta: float) -> void:
	_flash = move_toward(_flash, 0.0, delta * 2.2)
	if is_raining:
		_next_flash_s -= delta
		if _next_flash_s <= 0.0:
			_flash = 1.0
			_next_flash_s = randf_range(7.0, 16.0)
	(sky.material as ShaderMaterial).set_shader_parameter("flash", _flash)
	moonlight.energy = 0.55 + _flash * 2.0


## Let the rain begin or end.
func rain(begins: bool) -> void:
	is_raining = begins
	_next_flash_s = 1.1
	var change := create_tween().set_parallel()
	for pane: ColorRect in [sky, drops]:
		change.tween_property(pane.material, "shader_parameter/rain", 1.0 if begins else 0.0, 1.4)
	change.tween_property(dusk, "color", _tint(), 1.4)


## Let the clock strike twelve.
func strike_midnight() -> void:
	is_midnight = true
	var change := create_tween().set_parallel().set_trans(Tween.TRANS_SINE)
	change.tween_method(_show_time, 21.66, 24.0, 1.8)
	change.tween_property(dusk, "color", _tint(), 2.2)
	change.tween_property(town, "modulate", Color(0.42, 0.46, 0.66), 2.0)
	change.tween_property(sky.material, "shader_parameter/moon", Vector2(0.4, 0.2), 2.4)
	for candle: Node2D in candles:
		change.tween_property(candle, "strength", 0.0, randf_range(0.6, 1.8))


## It is the evening again, as when it began.
func turn_back_the_clock() -> void:
	is_midnight = false
	_show_time(21.66)
	dusk.color = _tint()
	town.modulate = _evening_town
	(sky.material as ShaderMaterial).set_shader_parameter("moon", _evening_moon)
	for candle: Node2D in candles:
		candle.set("strength", 1.0)


## Let somebody in.
func open_door() -> void:
	var swing := create_tween().set_trans(Tween.TRANS_SINE)
	swing.tween_property(door, "scale:x", 0.2, 0.35)
	swing.tween_interval(1.1)
	swing.tween_property(door, "scale:x", 1.0, 0.5)


func _tint() -> Color:
	return MIDNIGHT_TINT if is_midnight else (RAIN_TINT if is_raining else DAY_TINT)


func _show_time(hours: float) -> void:
	hour_hand.rotation = hours / 12.0 * TAU
	minute_hand.rotation = fmod(hours, 1.0) * TAU
