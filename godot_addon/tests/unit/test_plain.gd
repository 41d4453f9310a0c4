extends "res://tests/suite.gd"

const Plain := preload("res://addons/npc_bridge/core/plain.gd")


func test_values_of_the_game_become_values_of_the_wire() -> void:
	var node := Node.new()
	node.name = "Sword"
	place(node)
	var cases: Array = [
		[null, null],
		[true, true],
		[3, 3],
		[0.5, 0.5],
		[INF, null],
		["text", "text"],
		[&"name", "name"],
		[NodePath("a/b"), "a/b"],
		[Vector2(1, 2), [1.0, 2.0]],
		[Vector3i(1, 2, 3), [1, 2, 3]],
		[Color.RED, "#ff0000ff"],
		[node, "Sword"],
		[PackedInt32Array([1, 2]), [1, 2]],
		[[Vector2i(1, 2)], [[1, 2]]],
		[{1: &"x", "v": Vector2i.ZERO}, {"1": "x", "v": [0, 0]}],
		[Rect2i(1, 2, 3, 4), "[P: (1, 2), S: (3, 4)]"],
	]
	for each: Array in cases:
		same(Plain.plain(each[0]), each[1], str(each[0]))


func test_a_node_that_is_gone_is_nothing() -> void:
	var node := Node.new()
	var variant: Variant = node
	node.free()
	same(Plain.plain(variant), null)


func test_what_holds_itself_ends() -> void:
	var list := []
	list.append(list)
	Plain.plain(list)
	list.clear()
