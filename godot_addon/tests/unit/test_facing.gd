extends "res://tests/suite.gd"

const Facing := preload("res://addons/npc_bridge/core/facing.gd")


func test_a_3d_body_turns_around_its_vertical_axis_with_its_front_to_the_target() -> void:
	var body := Node3D.new()
	var target := Node3D.new()
	place(body)
	place(target)
	for place_of_target: Vector3 in [Vector3(5, 3, 0), Vector3(-2, 0, -2), Vector3(0, -1, 4)]:
		target.position = place_of_target
		var wanted := (place_of_target * Vector3(1, 0, 1)).normalized()
		Facing.turn(body, target, Facing.Way.AUTO, 0.0, true)
		holds(body.global_basis.z.is_equal_approx(wanted), "the positive Z axis towards %s" % place_of_target)
		Facing.turn(body, target, Facing.Way.AUTO, 0.0, false)
		holds((-body.global_basis.z).is_equal_approx(wanted), "the negative Z axis towards %s" % place_of_target)
		holds(body.global_basis.y.is_equal_approx(Vector3.UP), "it stands upright")


func test_turning_takes_the_short_way_and_its_time() -> void:
	var body := Node3D.new()
	var target := Node3D.new()
	place(body)
	place(target)
	body.rotation.y = deg_to_rad(170)
	target.position = Vector3(sin(deg_to_rad(-170)), 0, cos(deg_to_rad(-170)))
	Facing.turn(body, target, Facing.Way.AUTO, 0.05, true)
	var least := 180.0
	for _frame: int in 60:
		await frames()
		least = minf(least, absf(rad_to_deg(body.rotation.y)))
	holds(least > 165.0, "it never turned its front away")
	holds(absf(angle_difference(body.rotation.y, deg_to_rad(-170))) < 0.01, "it arrived")


func test_a_2d_body_is_mirrored() -> void:
	var body := Node2D.new()
	var target := Node2D.new()
	body.scale = Vector2(0.5, 0.5)
	place(body)
	place(target)
	target.position.x = -100
	Facing.turn(body, target, Facing.Way.AUTO, 0.0, true)
	same(body.scale, Vector2(-0.5, 0.5))
	target.position.x = 100
	Facing.turn(body, target, Facing.Way.AUTO, 0.0, true)
	same(body.scale, Vector2(0.5, 0.5))


func test_a_body_seen_from_above_is_rotated() -> void:
	var body := Node2D.new()
	var target := Node2D.new()
	place(body)
	place(target)
	target.position = Vector2(0, 100)
	Facing.turn(body, target, Facing.Way.ROTATE, 0.0, true)
	holds(is_equal_approx(body.rotation, PI / 2.0), "a quarter of a turn")


func test_who_is_not_to_turn_does_not() -> void:
	var body := Node2D.new()
	var target := Node3D.new()
	place(body)
	place(target)
	Facing.turn(body, target, Facing.Way.AUTO, 0.0, true)
	Facing.turn(body, body, Facing.Way.NEVER, 0.0, true)
	same([body.scale, body.rotation], [Vector2.ONE, 0.0])
