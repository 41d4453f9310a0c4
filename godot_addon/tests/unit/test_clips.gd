extends "res://tests/suite.gd"

const Clips := preload("res://addons/npc_bridge/core/clips.gd")


func test_every_animation_but_idle_and_reset_is_declared_under_its_own_name() -> void:
	var player := _player(["RESET", "idle", "nod", "wave"])
	same(Clips.declared(player, {}, "idle"), _clips([["nod"], ["wave"]]))


func test_the_clip_map_gives_animations_other_names() -> void:
	var player := _player(["idle", "anim_017", "nod", "wave"])
	var clip_map := {"wave": "anim_017", "greet": "anim_017", "nods slowly": "nod"}
	same(Clips.declared(player, clip_map, "idle"), _clips([["anim_017", "wave", "greet"], ["nod", "nods slowly"]]))


func test_a_name_that_is_mapped_to_nothing_is_hidden() -> void:
	same(Clips.declared(_player(["idle", "die", "nod"]), {"die": ""}, "idle"), _clips([["nod"]]))


func test_a_clip_is_found_by_map_by_name_and_in_a_library() -> void:
	var player := _player(["nod"])
	var library := AnimationLibrary.new()
	library.add_animation("bow", Animation.new())
	player.add_animation_library("social", library)
	same(Clips.animation_for("nod", player, {}), "nod")
	same(Clips.animation_for("bow", player, {}), "social/bow")
	same(Clips.animation_for("nods", player, {"nods": "nod"}), "nod")
	same(Clips.declared(player, {}, "idle"), _clips([["nod"], ["bow"]]))


func test_a_name_that_leads_nowhere_plays_nothing() -> void:
	var player := _player(["nod"])
	for clip: String in ["", "dance", "nod; quit", "../nod"]:
		same(Clips.animation_for(clip, player, {"dance": "gone"}), "", clip)
	same(Clips.animation_for("nod", null, {}), "")
	same(Clips.broken(player, {"dance": "gone", "nods": "nod", "hidden": ""}), PackedStringArray(["dance"]))


func test_the_states_of_a_state_machine_are_clips() -> void:
	var machine := AnimationNodeStateMachine.new()
	for state: String in ["idle", "nod", "wave"]:
		machine.add_node(state, AnimationNodeAnimation.new())
	same(Clips.declared(_tree(machine), {}, "idle"), _clips([["nod"], ["wave"]]))


func test_the_one_shots_of_a_blend_tree_are_clips() -> void:
	var blend := AnimationNodeBlendTree.new()
	blend.add_node("walk", AnimationNodeAnimation.new())
	blend.add_node("wave", AnimationNodeOneShot.new())
	same(Clips.declared(_tree(blend), {}, "idle"), _clips([["wave"]]))


func test_a_tree_without_a_root_has_no_clips() -> void:
	same(Clips.playable(_tree(null)), PackedStringArray())


func _clips(names: Array) -> Array[Dictionary]:
	var clips: Array[Dictionary] = []
	for each: Array in names:
		clips.append({"name": each[0], "aliases": each.slice(1)})
	return clips


func _player(names: Array) -> AnimationPlayer:
	var library := AnimationLibrary.new()
	for animation: String in names:
		library.add_animation(animation, Animation.new())
	var player := AnimationPlayer.new()
	player.add_animation_library("", library)
	place(player)
	return player


func _tree(animation_root: AnimationRootNode) -> AnimationTree:
	var animation_tree := AnimationTree.new()
	animation_tree.active = false
	animation_tree.tree_root = animation_root
	place(animation_tree)
	return animation_tree
