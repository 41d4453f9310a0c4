extends "res://tests/suite.gd"

const Standing := preload("res://addons/npc_bridge/core/standing.gd")

var standing := Standing.new()


func test_flags_are_told_again_as_they_are_now() -> void:
	standing.note({"type": "flags", "id": "f1", "values": {"quest": 1, "trust": 2}})
	standing.note({"type": "flags", "id": "f2", "values": {"quest": 2, "trust": null}})
	standing.note({"type": "flags", "id": "f3", "npc": "a", "values": {"met": true}})
	var of_one := {"type": "flags", "id": "f3", "npc": "a", "values": {"met": true}}
	same([_told(true), _told(false)], [[{"type": "flags", "id": "f2", "values": {"quest": 2}}, of_one], []])


func test_flags_that_were_all_taken_away_are_told_no_more() -> void:
	standing.note({"type": "flags", "id": "f1", "values": {"quest": 1}})
	standing.note({"type": "flags", "id": "f2", "values": {"quest": null}})
	same(_told(true), [])


func test_a_hold_stands_until_the_same_is_released_and_before_anyone_can_speak() -> void:
	standing.note({"type": "hold", "id": "h1"})
	standing.note({"type": "hold", "id": "h2", "npc": "a"})
	standing.note({"type": "release", "id": "r1"})
	same([_told(true), _told(false)], [[{"type": "hold", "id": "h2", "npc": "a"}], []])
	standing.note({"type": "release", "id": "r2", "npc": "a"})
	same(_told(true), [])


func test_a_group_stands_until_it_is_dispersed() -> void:
	standing.note({"type": "gather", "id": "g1", "group": "table", "npcs": ["a", "b"]})
	same(_told(false).size(), 1)
	standing.note({"type": "disperse", "id": "d1", "group": "table"})
	same(_told(false), [])


func test_what_only_happens_once_does_not_stand() -> void:
	for type: String in ["say", "event", "note", "line"]:
		standing.note({"type": type, "id": "x"})
	same([_told(true), _told(false)], [[], []])


func test_another_timeline_knows_nothing_of_it() -> void:
	standing.note({"type": "hold", "id": "h1"})
	standing.clear()
	same(_told(true), [])


func _told(is_early: bool) -> Array:
	return standing.to_tell(is_early)
