extends "res://tests/suite.gd"

const Targets := preload("res://addons/npc_bridge/core/targets.gd")
const Messages := preload("res://addons/npc_bridge/core/messages.gd")

var targets := Targets.new()
var speaker := Node2D.new()


func test_a_node_is_a_target_under_its_own_name_or_the_one_in_its_metadata() -> void:
	var door := _node("door_02")
	var chest := _node("Chest17")
	chest.set_meta("target_name", "the old chest")
	chest.set_meta("target_aliases", ["box", "箱子"])
	same(
		targets.declared(targets.nodes_by_name(speaker, [door, chest], &"")),
		[{"name": "door_02", "aliases": []}, {"name": "the old chest", "aliases": ["box", "箱子"]}] as Array[Dictionary]
	)


func test_all_of_a_group_are_targets_but_not_the_speakers_own_body() -> void:
	var body := _node("Smith")
	body.add_to_group("npc_target")
	place(speaker, body)
	for name: String in ["Bar", "Hearth"]:
		_node(name).add_to_group("npc_target")
	same(_names(targets.nodes_by_name(speaker, [], &"npc_target")), ["Bar", "Hearth"])
	same(_names(targets.nodes_by_name(speaker, [], &"")), [])


func test_what_was_registered_goes_first_and_can_be_taken_back() -> void:
	var before := _node("door")
	var registered := _node("SecretDoor")
	targets.register("door", registered, PackedStringArray(["gate"]))
	var found := targets.nodes_by_name(speaker, [before], &"")
	same(found["door"] == registered, true)
	same(targets.declared(found), [{"name": "door", "aliases": ["gate"]}] as Array[Dictionary])
	same([targets.unregister("door"), targets.unregister("door")], [true, false])
	same(targets.nodes_by_name(speaker, [before], &"")["door"] == before, true)


func test_a_target_that_is_gone_is_none() -> void:
	var door := Node2D.new()
	targets.register("door", door, PackedStringArray())
	door.free()
	same(targets.nodes_by_name(speaker, [], &""), {})
	speaker.free()


func test_no_more_are_declared_than_the_bridge_takes() -> void:
	for number: int in Messages.MAX_TARGETS + 5:
		targets.register(
			"t%d" % number, speaker.get_parent() if speaker.get_parent() else _anchor(), PackedStringArray()
		)
	same(targets.declared(targets.nodes_by_name(speaker, [], &"")).size(), Messages.MAX_TARGETS)


func _anchor() -> Node:
	var node := _node("anchor")
	place(speaker, node)
	# The parent of the speaker is no target of it, so its sibling is taken.
	node.remove_child(speaker)
	place(speaker)
	return node


func _names(found: Dictionary) -> Array:
	return found.keys()


func _node(name: String) -> Node2D:
	var node := Node2D.new()
	node.name = name
	place(node)
	return node
