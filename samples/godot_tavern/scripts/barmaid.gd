extends TavernPuppet
## The barmaid: comes in with a full tray and walks to the bar. Nobody talks to a model for her.

## Where she comes in and where she goes, along the floor.
@export var from_x := 128.0
## Where the bar is.
@export var to_x := 1276.0
## How fast, in pixels a second.
@export var walking_speed := 150.0

@onready var _player: AnimationPlayer = $AnimationPlayer


func _ready() -> void:
	super()
	hide()


## Come in through the door.
func enter() -> void:
	position.x = from_x
	faces_left = false
	show()
	modulate.a = 0.0
	_player.play("walk", 0.1)
	var walk := create_tween()
	walk.tween_property(self, "modulate:a", 1.0, 0.35)
	walk.parallel().tween_property(self, "position:x", to_x, absf(to_x - from_x) / walking_speed)
	walk.tween_callback(_player.play.bind("idle", 0.2))
