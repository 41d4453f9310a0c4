@tool
## Turns a body towards a place.
extends RefCounted

## How a body turns.
enum Way {
	## A [Node3D] turns around its vertical axis, a [Node2D] is mirrored.
	AUTO,
	## A [Node2D] turns like the hand of a clock, for games seen from above.
	ROTATE,
	## It does not turn; connect [signal NpcCuePlayer.aimed] to do it in the game's own way.
	NEVER,
}


## Begin to turn [param body] towards [param target], within [param seconds].
static func turn(body: Node, target: Node, way: Way, seconds: float, is_front_model: bool) -> void:
	if way == Way.NEVER or not is_instance_valid(body) or not is_instance_valid(target):
		return
	if body is Node3D and target is Node3D:
		_turn_3d(body as Node3D, (target as Node3D).global_position, seconds, is_front_model)
	elif body is Node2D and (target is Node2D or target is Control):
		var place: Vector2 = target.get("global_position")
		if way == Way.ROTATE:
			_rotate_2d(body as Node2D, place, seconds)
		else:
			_mirror(body as Node2D, place, seconds)


static func _turn_3d(body: Node3D, place: Vector3, seconds: float, is_front_model: bool) -> void:
	var direction := place - body.global_position
	direction.y = 0.0
	if direction.length() < 0.001:
		return
	if not is_front_model:
		# A camera's forward, and that of look_at(), is the negative Z axis.
		direction = -direction
	var from := body.global_rotation.y
	var to := from + angle_difference(from, atan2(direction.x, direction.z))
	_move(body, func(yaw: float) -> void: body.global_rotation.y = yaw, from, to, seconds)


static func _rotate_2d(body: Node2D, place: Vector2, seconds: float) -> void:
	var from := body.global_rotation
	var to := from + angle_difference(from, (place - body.global_position).angle())
	_move(body, func(angle: float) -> void: body.global_rotation = angle, from, to, seconds)


static func _mirror(body: Node2D, place: Vector2, seconds: float) -> void:
	var aside := place.x - body.global_position.x
	if absf(aside) < 1.0:
		return
	var to := absf(body.scale.x) * signf(aside)
	# Quickly: half way a mirrored body has no width.
	_move(body, func(width: float) -> void: body.scale.x = width, body.scale.x, to, minf(seconds, 0.15))


static func _move(body: Node, step: Callable, from: float, to: float, seconds: float) -> void:
	if seconds <= 0.0 or is_equal_approx(from, to):
		step.call(to)
	else:
		body.create_tween().tween_method(step, from, to, seconds)
