extends "res://tests/suite.gd"

var character := NpcCharacter.new()
var cues := NpcCuePlayer.new()
var player := AnimationPlayer.new()


func test_a_cue_plays_its_animation_and_the_npc_returns_to_idle() -> void:
	_set_up()
	same(player.current_animation, "idle")
	character.cue_reached.emit("nod", "nods", 0)
	same([player.current_animation, cues.playing()], ["nod", "nod"])
	cues._process(0.6)
	same([player.current_animation, cues.playing()], ["idle", ""])


func test_the_clip_map_decides_what_a_cue_means() -> void:
	_set_up()
	character.clip_map = {"greets": "wave"}
	character.cue_reached.emit("greets", "greets", 0)
	same(player.current_animation, "wave")


func test_a_queued_cue_waits_for_the_one_before() -> void:
	_set_up()
	same([cues.play("nod"), cues.play("wave")], [true, true])
	same(player.current_animation, "nod")
	cues._process(0.6)
	same(player.current_animation, "wave")
	cues._process(0.6)
	same(player.current_animation, "idle")


func test_a_full_queue_forgets_its_oldest() -> void:
	_set_up()
	cues.queue_length = 1
	for clip: String in ["nod", "wave", "bow"]:
		cues.play(clip)
	cues._process(0.6)
	same(player.current_animation, "bow")


func test_replacing_does_not_wait() -> void:
	_set_up()
	cues.mode = NpcCuePlayer.Mode.REPLACE
	cues.play("nod")
	cues.play("wave")
	same(player.current_animation, "wave")
	cues._process(0.6)
	same(player.current_animation, "idle")


func test_the_same_cue_again_plays_again_from_its_beginning() -> void:
	_set_up()
	cues.mode = NpcCuePlayer.Mode.REPLACE
	cues.play("nod")
	player.advance(0.3)
	cues.play("nod")
	same(player.current_animation_position, 0.0)


func test_a_looping_animation_ends_after_a_while() -> void:
	_set_up()
	player.get_animation("wave").loop_mode = Animation.LOOP_LINEAR
	cues.longest = 2.0
	cues.play("wave")
	cues._process(1.9)
	same(player.current_animation, "wave")
	cues._process(0.2)
	same(player.current_animation, "idle")


func test_an_unknown_name_plays_nothing_prints_nothing_and_is_told() -> void:
	_set_up()
	var unhandled: Array = []
	character.cue_unhandled.connect(func(action: String, at: int) -> void: unhandled.append([action, at]))
	character.cue_reached.emit("backflip", "does a backflip", 7)
	character.clip_map = {"dance": "gone"}
	character.cue_reached.emit("dance", "dances", 9)
	same(unhandled, [["does a backflip", 7], ["dances", 9]])
	same([player.current_animation, cues.play("")], ["idle", false])


func test_an_npc_without_an_idle_just_stops() -> void:
	character.idle_clip = "none"
	_set_up()
	cues.play("nod")
	cues._process(0.6)
	same(cues.playing(), "")


func test_an_interrupted_turn_forgets_the_cues_that_wait() -> void:
	_set_up()
	cues.play("nod")
	cues.play("wave")
	character.turn_ended.emit("t1", "interrupted")
	cues._process(0.6)
	same(player.current_animation, "idle")


func test_a_state_machine_travels_to_the_state_and_back() -> void:
	var machine := AnimationNodeStateMachine.new()
	for state: String in ["idle", "nod"]:
		var node := AnimationNodeAnimation.new()
		node.animation = state
		machine.add_node(state, node)
	for ends: Array in [["Start", "idle"], ["idle", "nod"], ["nod", "idle"]]:
		var transition := AnimationNodeStateMachineTransition.new()
		transition.advance_mode = AnimationNodeStateMachineTransition.ADVANCE_MODE_ENABLED
		if ends[0] == "Start":
			transition.advance_mode = AnimationNodeStateMachineTransition.ADVANCE_MODE_AUTO
		machine.add_transition(ends[0], ends[1], transition)
	var animations := _set_up_tree(machine)
	var playback: AnimationNodeStateMachinePlayback = animations.get("parameters/playback")
	animations.advance(0.1)
	same(cues.play("nod"), true)
	animations.advance(0.1)
	same(playback.get_current_node(), &"nod")
	cues._process(0.6)
	animations.advance(0.1)
	animations.advance(0.1)
	same(playback.get_current_node(), &"idle")


func test_a_one_shot_is_fired() -> void:
	var blend := AnimationNodeBlendTree.new()
	for animation: String in ["idle", "nod"]:
		var node := AnimationNodeAnimation.new()
		node.animation = animation
		blend.add_node(animation + "_clip", node)
	blend.add_node("nod", AnimationNodeOneShot.new())
	blend.connect_node("nod", 0, "idle_clip")
	blend.connect_node("nod", 1, "nod_clip")
	blend.connect_node("output", 0, "nod")
	var animations := _set_up_tree(blend)
	same(cues.play("nod"), true)
	animations.advance(0.1)
	same(animations.get("parameters/nod/active"), true)
	holds(is_equal_approx(cues.get("_left_s") as float, 0.5), "as long as its animation")


func test_it_says_in_the_editor_what_is_missing() -> void:
	place(cues)
	same(cues._get_configuration_warnings().size(), 1)
	character.add_child(player)
	cues.character = character
	same(cues._get_configuration_warnings().size(), 1)
	character.clip_source = player
	same(cues._get_configuration_warnings(), PackedStringArray())
	character.free()


func _set_up() -> void:
	var library := AnimationLibrary.new()
	for animation: String in ["idle", "nod", "wave", "bow"]:
		var clip := Animation.new()
		clip.length = 0.5
		library.add_animation(animation, clip)
	library.get_animation("idle").loop_mode = Animation.LOOP_LINEAR
	player.add_animation_library("", library)
	character.add_child(player)
	character.clip_source = player
	character.open_on_ready = false
	character.add_child(cues)
	place(character)
	cues.set_process(false)


func _set_up_tree(animation_root: AnimationRootNode) -> AnimationTree:
	var animations := AnimationTree.new()
	animations.tree_root = animation_root
	animations.callback_mode_process = AnimationMixer.ANIMATION_CALLBACK_MODE_PROCESS_MANUAL
	character.add_child(animations)
	_set_up()
	animations.anim_player = animations.get_path_to(player)
	animations.active = true
	character.clip_source = animations
	return animations
