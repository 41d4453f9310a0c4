extends "res://tests/suite.gd"

var character := NpcCharacter.new()
var label := NpcSpeechLabel.new()


func test_text_is_shown_letter_by_letter_and_never_as_bbcode() -> void:
	_set_up()
	_speak(["[b]Hello[/b] there"])
	same([label.get_parsed_text(), label.visible_characters], ["[b]Hello[/b] there", 0])
	label._process(0.5)
	same(label.visible_characters, 5)
	label._process(10.0)
	same([label.visible_characters, label.is_typing()], [18, false])


func test_the_engine_lays_text_out_in_blocks_and_not_for_every_piece() -> void:
	_set_up()
	character.turn_started.emit("t1", "say")
	var handed_over: Array = []
	for piece: String in ["Once ", "upon ", "a ", "time ", "there ", "was"]:
		character.text_arrived.emit(piece, 0)
		label._process(0.1)
		handed_over.append(label.get_parsed_text())
	same(handed_over.slice(0, 5), ["Once ", "Once ", "Once ", "Once ", "Once upon a time there "])
	character.turn_ended.emit("t1", "stop")
	same(label.get_parsed_text(), "Once upon a time there was")


func test_visible_characters_are_code_points() -> void:
	_set_up()
	_speak(["ab\ncd 👋🏽 𝄞x"])
	same(label.get_total_character_count(), "ab\ncd 👋🏽 𝄞x".length())


func test_a_cue_is_reached_with_the_text_before_it_visible_and_no_more() -> void:
	_set_up()
	var reached: Array = []
	character.cue_reached.connect(
		func(clip: String, _action: String, at: int) -> void: reached.append([clip, at, label.visible_characters])
	)
	_speak(["Hello there.", {"clip": "nod", "action": "nods", "at": 5}, {"clip": "wave", "action": "", "at": 12}])
	label._process(10.0)
	same(reached, [["nod", 5, 5], ["wave", 12, 12]])


func test_the_end_is_told_once() -> void:
	_set_up()
	var finished: Array = []
	label.typing_finished.connect(func(turn: String) -> void: finished.append(turn))
	_speak(["Hi"])
	for _frame: int in 20:
		label._process(0.1)
	same(finished, ["t1"])


func test_what_was_typed_is_told_piece_by_piece() -> void:
	_set_up()
	var pieces: Array = []
	label.typed.connect(func(piece: String) -> void: pieces.append(piece))
	_speak(["Hello"])
	for _frame: int in 3:
		label._process(0.2)
	same(pieces, ["He", "ll", "o"])


func test_skipping_shows_the_rest() -> void:
	_set_up()
	_speak(["Hello there."])
	label._process(0.1)
	label.skip()
	same([label.visible_characters, label.is_typing()], [12, false])


func test_the_skip_action_skips_only_while_typing() -> void:
	_set_up()
	var press := InputEventAction.new()
	press.action = "ui_accept"
	press.pressed = true
	label._unhandled_input(press)
	_speak(["Hello there."])
	label._process(0.1)
	label._unhandled_input(press)
	same(label.visible_characters, 12)


func test_a_reply_that_comes_too_early_waits_for_the_one_before() -> void:
	_set_up()
	label.hold_between_turns = 1.0
	_speak(["First."])
	_speak(["Second."], "t2")
	label._process(0.1)
	same(label.get_parsed_text(), "First.")
	same([label.shown_of("t1"), label.shown_of("t2"), label.shown_of("t9")], [1, 0, -1])
	label._process(5.0)
	label._process(0.9)
	same(label.get_parsed_text(), "First.")
	label._process(0.2)
	same(label.get_parsed_text(), "Second.")
	label._process(9.0)
	same([label.visible_characters, label.is_typing()], [7, false])


func test_pieces_of_several_waiting_replies_stay_apart() -> void:
	_set_up()
	label.hold_between_turns = 0.0
	_speak(["One."])
	_speak(["Two."], "t2")
	character.turn_started.emit("t3", "say")
	character.text_arrived.emit("Thr", 0)
	for _step: int in 3:
		label._process(5.0)
	same([label.get_parsed_text(), label.is_typing()], ["Two.", false])
	label._process(5.0)
	character.text_arrived.emit("ee.", 3)
	character.turn_ended.emit("t3", "stop")
	label._process(5.0)
	same([label.get_parsed_text(), label.is_typing()], ["Three.", false])


func test_an_interrupted_reply_stops_where_it_is() -> void:
	_set_up()
	character.turn_started.emit("t1", "say")
	character.text_arrived.emit("Once upon a time", 0)
	label._process(0.5)
	character.turn_ended.emit("t1", "interrupted")
	label._process(5.0)
	same([label.get_parsed_text(), label.visible_characters], ["Once ", 5])


func test_what_still_comes_of_an_interrupted_reply_is_not_shown() -> void:
	_set_up()
	character.turn_started.emit("t1", "say")
	character.text_arrived.emit("Once upon", 0)
	label._process(0.5)
	label.cut()
	character.text_arrived.emit(" a time", 9)
	character.cue_arrived.emit({"clip": "nod", "action": "nods", "at": 16})
	character.turn_ended.emit("t1", "interrupted")
	label._process(5.0)
	same(label.get_parsed_text(), "Once ")
	_speak(["Yes?"], "t2")
	label._process(5.0)
	same(label.get_parsed_text(), "Yes?")


func test_a_finished_reply_can_be_cleared_by_itself() -> void:
	_set_up()
	label.clear_after = 2.0
	_speak(["Hi"])
	label._process(5.0)
	label._process(1.9)
	same(label.get_parsed_text(), "Hi")
	label._process(0.2)
	same(label.get_parsed_text(), "")


func test_a_reply_in_other_words_takes_the_place_of_the_one_that_is_being_typed() -> void:
	_set_up()
	_speak(["A first try that is long."])
	label._process(0.5)
	character.turn = {"turn": "t2", "replaces": "t1"}
	_speak(["Another."], "t2")
	label._process(60.0)
	same(label.get_parsed_text(), "Another.")


func test_going_back_to_a_saved_state_clears_all_that_was_said_and_waits() -> void:
	_set_up()
	_speak(["One long line", {"at": 13, "clip": "nod", "action": "nods"}])
	_speak(["Two"], "t2")
	label._process(0.2)
	var reached: Array = []
	character.cue_reached.connect(func(clip: String, _action: String, _at: int) -> void: reached.append(clip))
	label.wipe()
	label._process(60.0)
	same([label.get_parsed_text(), label.is_typing(), reached], ["", false, []])
	_speak(["Three"], "t3")
	label._process(60.0)
	same(label.get_parsed_text(), "Three")


func test_a_reply_that_ends_after_its_last_letter_was_shown_is_finished_as_well() -> void:
	_set_up()
	var finished: Array = []
	label.typing_finished.connect(func(turn: String) -> void: finished.append(turn))
	character.turn_started.emit("t1", "say")
	character.text_arrived.emit("Hi", 0)
	label._process(60.0)
	same(finished, [])
	character.turn_ended.emit("t1", "stop")
	label._process(0.1)
	label._process(0.1)
	same(finished, ["t1"])


func test_an_npc_is_not_behind_with_the_reply_that_it_is_about_to_show() -> void:
	_set_up()
	character.turn_started.emit("t1", "say")
	same(label.is_behind("t1"), false)
	character.text_arrived.emit("Hello there", 0)
	character.turn_ended.emit("t1", "stop")
	character.turn_started.emit("t2", "say")
	same(label.is_behind("t2"), true)
	label._process(60.0)
	same(label.is_behind("t2"), false)


func test_a_reply_that_is_told_once_more_is_typed_on_from_where_it_stood() -> void:
	_set_up()
	var reached: Array = []
	character.cue_reached.connect(func(clip: String, _action: String, _at: int) -> void: reached.append(clip))
	var nod := {"at": 2, "clip": "nod", "action": "nods"}
	character.turn_started.emit("t1", "say")
	character.text_arrived.emit("Hello there", 0)
	character.cue_arrived.emit(nod.duplicate())
	label._process(0.51)
	var before := label.visible_characters
	character.turn_ended.emit("t1", "lost")
	character.turn_started.emit("t1", "say")
	character.text_arrived.emit("Hello", 0)
	character.cue_arrived.emit(nod.duplicate())
	label._process(0.0)
	same([before, label.visible_characters], [6, 6])
	character.text_arrived.emit(" there, you", 5)
	character.cue_arrived.emit({"at": 16, "clip": "wave", "action": "waves"})
	character.turn_ended.emit("t1", "stop")
	label._process(60.0)
	same([label.get_parsed_text(), reached], ["Hello there, you", ["nod", "wave"]])


func test_an_exit_is_reached_when_all_of_the_reply_was_shown_and_before_that_is_said() -> void:
	_set_up()
	var order: Array = []
	character.exit_reached.connect(func(exit: String, at: int) -> void: order.append([exit, at]))
	label.typing_finished.connect(func(turn: String) -> void: order.append(turn))
	character.turn_started.emit("t1", "say")
	character.text_arrived.emit("Deal. Come in.", 0)
	character.exit_arrived.emit({"exit": "trade", "at": 6})
	character.turn_ended.emit("t1", "stop")
	label._process(0.5)
	same(order, [])
	label._process(60.0)
	same(order, [["trade", 6], "t1"])


func test_an_exit_of_a_reply_that_was_cut_is_not_taken() -> void:
	_set_up()
	var exits: Array = []
	character.exit_reached.connect(func(exit: String, _at: int) -> void: exits.append(exit))
	_speak(["Deal. Come in."])
	character.exit_arrived.emit({"exit": "trade", "at": 0})
	label._process(0.3)
	label.cut()
	label._process(60.0)
	same(exits, [])


func test_the_nearest_character_is_found() -> void:
	var body := Node2D.new()
	var bubble := Control.new()
	character.open_on_ready = false
	body.add_child(character)
	body.add_child(bubble)
	bubble.add_child(label)
	place(body)
	same(label.character == character, true)


func test_a_label_can_go_from_one_npc_to_another() -> void:
	_set_up()
	var other := NpcCharacter.new()
	other.open_on_ready = false
	place(other)
	label.character = other
	character.turn_started.emit("t1", "say")
	character.text_arrived.emit("not heard", 0)
	other.turn_started.emit("t2", "say")
	other.text_arrived.emit("heard", 0)
	label._process(0.1)
	same(label.get_parsed_text(), "heard")


func test_a_label_without_an_npc_says_so_in_the_editor() -> void:
	place(label)
	same(label._get_configuration_warnings().size(), 1)
	character.free()


func _set_up() -> void:
	character.open_on_ready = false
	place(character)
	label.character = character
	label.letters_per_second = 10.0
	label.sentence_pause = 0.0
	label.clause_pause = 0.0
	label.catch_up_after = 0.0
	label.size = Vector2(400, 200)
	place(label)
	label.set_process(false)


func _speak(parts: Array, turn: String = "t1") -> void:
	character.turn_started.emit(turn, "say")
	var at := 0
	for part: Variant in parts:
		if part is String:
			character.text_arrived.emit(part, at)
			at += (part as String).length()
		else:
			character.cue_arrived.emit(part)
	character.turn_ended.emit(turn, "stop")
