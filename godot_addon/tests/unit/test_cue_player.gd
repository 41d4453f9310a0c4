extends "res://tests/suite.gd"

var character := NpcCharacter.new()
var cues := NpcCuePlayer.new()
var player := AnimationPlayer.new()
var begun: Array = []


func test_a_cue_plays_its_animation_and_the_npc_returns_to_idle() -> void:
	_set_up()
	same(player.current_animation, "idle")
	character.reach({"clip": "nod", "action": "nods", "at": 0})
	same([player.current_animation, cues.playing()], ["nod", "nod"])
	cues._process(0.6)
	same([player.current_animation, cues.playing()], ["idle", ""])


func test_the_clip_map_decides_what_a_cue_means() -> void:
	_set_up()
	character.clip_map = {"greets": "wave"}
	character.reach({"clip": "greets", "action": "greets", "at": 0})
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
	character.reach({"clip": "backflip", "action": "does a backflip", "at": 7})
	character.clip_map = {"dance": "gone"}
	character.reach({"clip": "dance", "action": "dances", "at": 9})
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


func test_a_provisional_cue_begins_at_once_and_is_not_begun_again_when_it_is_confirmed() -> void:
	_set_up()
	_due({"clip": "nod", "state": "provisional", "id": 1})
	same(player.current_animation, "nod")
	player.advance(0.2)
	_due({"clip": "nod", "state": "confirmed", "id": 1})
	same([player.current_animation, player.current_animation_position], ["nod", 0.2])
	cues._process(0.6)
	same([player.current_animation, begun], ["idle", ["nod"]])


func test_a_withdrawn_cue_blends_back_whether_it_plays_or_waits() -> void:
	_set_up()
	_due({"clip": "nod", "state": "provisional", "id": 1})
	_due({"clip": "wave", "state": "provisional", "id": 2})
	_due({"clip": "wave", "state": "withdrawn", "id": 2})
	same(player.current_animation, "nod")
	_due({"clip": "nod", "state": "withdrawn", "id": 1})
	same([player.current_animation, cues.playing()], ["idle", ""])
	_due({"clip": "bow", "state": "withdrawn", "id": 3})
	same(begun, ["nod"])


func test_a_provisional_cue_that_cannot_be_played_is_told_once_it_is_certain() -> void:
	_set_up()
	var unhandled: Array = []
	character.cue_unhandled.connect(func(action: String, _at: int) -> void: unhandled.append(action))
	_due({"clip": "dance", "state": "provisional", "id": 1})
	same(unhandled, [])
	_due({"clip": "dance", "action": "dances", "state": "confirmed", "id": 1})
	same(unhandled, ["dances"])


func test_a_thinking_pose_is_held_until_the_first_words() -> void:
	_set_up()
	_due({"clip": "bow", "reason": "thinking"})
	cues._process(30.0)
	same(player.current_animation, "bow")
	character.text_arrived.emit("Well", 0)
	same(player.current_animation, "idle")
	character.text_arrived.emit(" then", 4)


func test_a_thinking_pose_gives_way_to_the_first_cue_and_to_the_end_of_the_turn() -> void:
	_set_up()
	_due({"clip": "bow", "reason": "thinking"})
	_due({"clip": "nod"})
	same([player.current_animation, begun], ["nod", ["bow", "nod"]])
	cues._process(0.6)
	_due({"clip": "bow", "reason": "thinking"})
	same(player.current_animation, "bow")
	character.turn_ended.emit("t1", "failed")
	same(player.current_animation, "idle")
	_due({"clip": "none", "reason": "thinking"})
	same(player.current_animation, "idle")


func test_a_thinking_pose_waits_for_the_gesture_that_still_plays() -> void:
	_set_up()
	cues.play("nod")
	_due({"clip": "bow", "reason": "thinking"})
	same(player.current_animation, "nod")
	cues._process(0.6)
	same(player.current_animation, "bow")


func test_the_body_turns_to_what_a_cue_is_aimed_at() -> void:
	var body := Node2D.new()
	_set_up(body)
	body.add_child(character)
	place(body)
	var door := Node2D.new()
	door.name = "door"
	door.position.x = -50
	door.add_to_group("npc_target")
	place(door)
	cues.turn_s = 0.0
	var aims: Array = []
	cues.aimed.connect(func(target: Node, cue: Dictionary) -> void: aims.append([str(target.name), cue["clip"]]))
	_due({"clip": "nod", "target": "door"})
	same([body.scale.x, aims], [-1.0, [["door", "nod"]]])
	door.position.x = 50
	_due({"clip": "", "action": "glances at the door", "target": "door"})
	_due({"clip": "nod", "target": "a door that is gone"})
	same([body.scale.x, aims], [1.0, [["door", "nod"], ["door", ""]]])


func _due(fields: Dictionary) -> void:
	var cue := {"turn": "t1", "clip": "", "action": "", "at": 0}
	cue.merge(fields, true)
	character.cue_due.emit(cue)


func _set_up(parent: Node = null) -> void:
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
	if parent == null:
		place(character)
	cues.cue_started.connect(func(clip: String, _animation: String) -> void: begun.append(clip))
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
