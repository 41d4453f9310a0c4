extends Node2D
## Lets a light burn unevenly: its brightness, and the size of the flame that belongs to it.

## How much it flickers, as a share of its brightness.
@export_range(0.0, 1.0) var amount := 0.12
## How quickly.
@export var speed := 6.0
## How bright it burns; 0: it is out.
@export_range(0.0, 2.0) var strength := 1.0
## A light whose energy follows. Empty: none.
@export var lamp: PointLight2D

var _time := 0.0
var _energy := 1.0
var _seed := 0.0

@onready var _glow: Sprite2D = get_node_or_null("Glow")
@onready var _flame: Sprite2D = get_node_or_null("Flame")
@onready var _glow_alpha: float = _glow.self_modulate.a if _glow != null else 1.0


func _ready() -> void:
	_seed = global_position.x * 1.37 + global_position.y
	if lamp != null:
		_energy = lamp.energy


func _process(delta: float) -> void:
	_time += delta * speed
	var wave := sin(_time + _seed) * 0.5 + sin(_time * 2.3 + _seed * 2.1) * 0.3 + sin(_time * 5.1 + _seed) * 0.2
	var level := strength * (1.0 + wave * amount)
	if lamp != null:
		lamp.energy = _energy * level
	if _glow != null:
		_glow.self_modulate.a = _glow_alpha * clampf(level, 0.0, 1.5)
	if _flame != null:
		_flame.scale = Vector2(0.3333 * (1.0 - wave * 0.08), 0.3333 * (1.0 + wave * 0.16)) * clampf(strength, 0.0, 1.2)
		_flame.skew = sin(_time * 0.7 + _seed) * 0.14
