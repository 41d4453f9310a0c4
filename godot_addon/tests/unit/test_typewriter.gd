extends "res://tests/suite.gd"

const Typewriter := preload("res://addons/npc_bridge/core/typewriter.gd")

var writer := Typewriter.new()


func _init() -> void:
	writer.speed = 10.0
	writer.sentence_pause_s = 0.0
	writer.clause_pause_s = 0.0


func test_letters_appear_at_their_speed() -> void:
	writer.add_text("abcdefghij")
	var shown: Array[int] = []
	for _tick: int in 5:
		writer.advance(0.2)
		shown.append(writer.shown)
	same(shown, [2, 4, 6, 8, 10] as Array[int])


func test_the_speed_does_not_depend_on_the_frame_rate() -> void:
	for frames_a_second: int in [7, 30, 144, 1000]:
		writer.clear()
		writer.add_text("x".repeat(100))
		for _frame: int in frames_a_second * 3:
			writer.advance(1.0 / frames_a_second)
		holds(absi(writer.shown - 30) <= 1, "%d shown at %d frames a second" % [writer.shown, frames_a_second])


func test_a_cue_is_reached_at_its_very_place_at_every_frame_rate() -> void:
	for frames_a_second: int in [5, 30, 60, 240]:
		writer.clear()
		writer.add_text("Hello there. Fine day.")
		for at: int in [0, 0, 12, 13, 22]:
			writer.add_cue({"at": at})
		writer.complete()
		var reached: Array[Dictionary] = []
		for _frame: int in frames_a_second * 3:
			reached.append_array(writer.advance(1.0 / frames_a_second))
		same(_places(reached), [[0, 0], [0, 0], [12, 12], [13, 13], [22, 22]])


func test_a_cue_ahead_of_the_text_waits_for_it() -> void:
	writer.add_text("abc")
	writer.add_cue({"at": 5})
	same(writer.advance(5.0), [] as Array[Dictionary])
	writer.add_text("de")
	same(writer.advance(0.1), [] as Array[Dictionary])
	same(_places(writer.advance(0.15)), [[5, 5]])


func test_a_cue_behind_the_end_is_reached_at_the_end() -> void:
	writer.add_text("abc")
	writer.add_cue({"at": 9})
	writer.advance(5.0)
	holds(not writer.is_finished(), "the cue is still to come")
	writer.complete()
	same(_places(writer.advance(0.01)), [[9, 3]])
	holds(writer.is_finished(), "finished")


func test_a_turn_of_nothing_but_a_cue_fires_it() -> void:
	writer.add_cue({"at": 0})
	same(_places(writer.advance(0.0)), [[0, 0]])
	writer.complete()
	holds(writer.is_finished(), "finished")


func test_the_cues_do_not_depend_on_where_the_text_was_cut() -> void:
	var text := "Well met! 👋🏽 好剑。Sit down, friend."
	for cut: int in range(1, text.length()):
		writer.clear()
		writer.add_text(text.left(cut))
		writer.add_cue({"at": 9})
		writer.add_cue({"at": text.length()})
		var reached: Array[Dictionary] = []
		for _frame: int in 30:
			reached.append_array(writer.advance(0.05))
		writer.add_text(text.substr(cut))
		writer.complete()
		for _frame: int in 200:
			reached.append_array(writer.advance(0.05))
		same(_places(reached), [[9, 9], [text.length(), text.length()]], "cut at %d" % cut)


func test_what_looks_like_one_character_appears_as_one() -> void:
	var text := "a👋🏽b👨‍👩‍👧e\u0301🇩🇪c"
	writer.add_text(text)
	var shown: Array[int] = []
	while writer.shown < text.length():
		writer.advance(0.1)
		if shown.is_empty() or shown[-1] != writer.shown:
			shown.append(writer.shown)
	same(shown, [1, 3, 4, 9, 11, 13, 14] as Array[int])


func test_waiting_for_text_earns_no_credit() -> void:
	writer.add_text("ab")
	writer.advance(10.0)
	writer.add_text("cdefghijklmnop")
	writer.advance(0.1)
	holds(writer.shown <= 4, "%d shown at once" % writer.shown)


func test_a_sentence_ends_with_a_pause() -> void:
	writer.sentence_pause_s = 1.0
	same(_time_of("ab. cd"), 16)


func test_a_comma_makes_a_short_pause() -> void:
	writer.clause_pause_s = 0.5
	same(_time_of("ab, cd"), 11)


func test_chinese_sentences_end_without_a_space() -> void:
	writer.sentence_pause_s = 1.0
	same(_time_of("好剑。坐吧"), 15)


func test_no_pause_inside_numbers_and_runs_of_points() -> void:
	writer.sentence_pause_s = 1.0
	writer.clause_pause_s = 1.0
	for text: String in ["3.50 m", "2:30 x"]:
		same(_time_of(text), 6, text)
	same(_time_of("ab?!. c"), 17)
	same(_time_of("a... b"), 16)


func test_a_closing_quote_comes_before_the_pause() -> void:
	writer.sentence_pause_s = 1.0
	writer.add_text('"Go." x')
	writer.advance(0.55)
	same(writer.shown, 5)
	writer.advance(0.9)
	same(writer.shown, 5)


func test_it_catches_up_when_far_behind() -> void:
	writer.catch_up_s = 2.0
	writer.add_text("x".repeat(1000))
	writer.advance(1.0)
	holds(writer.shown > 200, "%d shown of 1000 in a second" % writer.shown)
	var before := writer.shown
	writer.clear()
	writer.add_text("x".repeat(20))
	writer.advance(1.0)
	holds(writer.shown <= 11, "%d shown of 20, %d before" % [writer.shown, before])


func test_skipping_shows_all_and_reaches_every_cue_in_order() -> void:
	writer.add_text("Hello there. Fine day.")
	for at: int in [3, 12, 22]:
		writer.add_cue({"at": at})
	writer.complete()
	writer.advance(0.1)
	writer.skip()
	same(_places(writer.advance(0.0)), [[3, 3], [12, 12], [22, 22]])
	same(writer.shown, 22)


func test_text_after_a_skip_appears_at_once() -> void:
	writer.add_text("abc")
	writer.skip()
	writer.advance(0.0)
	writer.add_text("def")
	writer.advance(0.0)
	same(writer.shown, 6)


func test_cutting_drops_what_was_not_shown() -> void:
	writer.add_text("abcdef")
	writer.add_cue({"at": 5})
	writer.advance(0.3)
	writer.cut()
	same([writer.text, writer.shown, writer.is_finished()], ["abc", 3, true])
	same(writer.advance(9.0), [] as Array[Dictionary])


func test_nothing_is_left_over_after_clear() -> void:
	writer.add_text("abc")
	writer.add_cue({"at": 3})
	writer.complete()
	writer.skip()
	writer.clear()
	writer.add_text("abcdef")
	same(writer.advance(0.1), [] as Array[Dictionary])
	same([writer.shown, writer.is_complete], [1, false])


func _places(cues: Array[Dictionary]) -> Array:
	return cues.map(func(cue: Dictionary) -> Array: return [cue["at"], cue["shown"]])


## Tenths of a second until all of it was shown and the last pause is over.
func _time_of(text: String) -> int:
	writer.clear()
	writer.add_text(text + "z")
	var time := 0.0
	while writer.shown <= text.length():
		writer.advance(0.01)
		time += 0.01
	return roundi(time * 10.0)


func test_a_cue_that_is_confirmed_before_its_place_is_reached_once_as_what_it_became() -> void:
	writer.add_text("Hello")
	writer.add_cue({"at": 5, "id": 1, "state": "provisional", "clip": "nod"})
	writer.add_cue({"at": 5, "id": 1, "state": "confirmed", "clip": "nod", "target": "door"})
	var reached: Array = writer.advance(60.0)
	same(reached.map(func(cue: Dictionary) -> String: return cue["state"]), ["confirmed"])


func test_a_cue_that_is_withdrawn_before_its_place_is_never_reached() -> void:
	writer.add_text("Hello")
	writer.add_cue({"at": 5, "id": 1, "state": "provisional", "clip": "nod"})
	writer.add_cue({"at": 5, "id": 1, "state": "withdrawn", "clip": "nod"})
	same(writer.advance(60.0), [] as Array[Dictionary])


func test_a_cue_that_was_reached_early_is_followed_by_what_became_of_it() -> void:
	writer.add_cue({"at": 0, "id": 1, "state": "provisional", "clip": "nod"})
	same(writer.advance(0.1).size(), 1)
	writer.add_cue({"at": 0, "id": 1, "state": "withdrawn", "clip": "nod"})
	writer.add_cue({"at": 0, "id": 0, "state": "final", "clip": "wave"})
	var states := writer.advance(0.1).map(func(cue: Dictionary) -> String: return cue["state"])
	same(states, ["withdrawn", "final"])
