extends "res://tests/suite.gd"

const Authored := preload("res://addons/npc_bridge/core/authored.gd")


func test_a_line_is_cut_into_words_and_actions_at_their_places() -> void:
	var names := Authored.names_of(
		[{"name": "wave", "aliases": ["waves"]}, {"name": "shake_head", "aliases": []}] as Array[Dictionary]
	)
	same(
		Authored.parts_of("(waves) Welcome! (shake head) No. （跳舞）", names),
		[
			{"action": "waves", "clip": "wave", "at": 0},
			"Welcome! ",
			{"action": "shake head", "clip": "shake_head", "at": 9},
			"No. ",
			{"action": "跳舞", "clip": "", "at": 13},
		]
	)


func test_words_without_actions_stay_as_they_are() -> void:
	same(Authored.parts_of("Just words.", {}), ["Just words."])
	same(Authored.parts_of("An open (parenthesis", {}), ["An open ", "(", "parenthesis"])
	same(Authored.parts_of("", {}), [])
