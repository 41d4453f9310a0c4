extends "res://tests/suite.gd"

const Bridge := preload("res://addons/npc_bridge/npc_bridge.gd")

var bridge := Bridge.new()


func test_an_event_waits_with_all_that_was_told() -> void:
	var id := bridge.tell(
		"rain", {"how": &"hard", "at": Vector2i(1, 2)}, {"group": "tavern", "priority": 3, "react": true}
	)
	same(
		_waiting(),
		[
			{
				"type": "event",
				"name": "rain",
				"data": {"how": "hard", "at": [1, 2]},
				"group": "tavern",
				"priority": 3,
				"react": true,
				"id": id,
			}
		]
	)
	bridge.free()


func test_the_npc_of_an_event_may_be_a_node_or_its_id() -> void:
	var smith := NpcCharacter.new()
	smith.npc_id = "smith_01"
	bridge.tell("a", {}, {"npc": smith})
	bridge.tell("b", {}, {"npc": "smith_02"})
	same(_waiting().map(func(event: Dictionary) -> String: return event["npc"]), ["smith_01", "smith_02"])
	smith.free()
	bridge.free()


func test_a_keyed_event_replaces_the_one_that_waits() -> void:
	for number: int in 60:
		bridge.tell("moved", {"step": number}, {"key": "place"})
	same(bridge.waiting_count(), 1)
	same(_waiting()[0]["data"], {"step": 59})
	bridge.free()


func test_an_event_without_confirmation_is_not_kept() -> void:
	same(bridge.tell("moved", {}, {"confirm": false}), "")
	same(bridge.waiting_count(), 0)
	bridge.free()


func test_an_option_that_does_not_exist_is_warned_of() -> void:
	expected_logs = ["tell() knows no option 'prio'"]
	bridge.tell("moved", {}, {"prio": 3})
	bridge.free()


func test_a_message_over_the_limit_is_refused_with_both_sizes() -> void:
	expected_logs = ["bytes, the limit is 65536"]
	same(bridge.tell("big", {"text": "x".repeat(70_000)}), "")
	same(bridge.waiting_count(), 0)
	bridge.free()


func test_an_address_that_is_none_is_refused_at_once() -> void:
	expected_logs = ["'localhost' is not the address of a bridge; write ws://HOST:PORT"]
	bridge.url = "localhost"
	bridge.start()
	same([bridge.state, bridge.state_name()], [Bridge.State.REFUSED, "refused"])
	bridge.free()


func test_saving_without_a_connection_is_said() -> void:
	expected_logs = ["there is no connection to the bridge"]
	bridge.save_state("quick")
	bridge.free()


func test_it_goes_on_while_the_game_is_paused() -> void:
	same(bridge.process_mode, Node.PROCESS_MODE_ALWAYS)
	bridge.free()


func test_what_concerns_several_names_them_or_nobody() -> void:
	var ids := [
		bridge.flags({"quest": 2, "at": Vector2i(1, 2)}),
		bridge.hold(),
		bridge.hold("", "tavern"),
		bridge.release("smith_01"),
		bridge.note("It is late.", {}, {"group": "tavern"}),
		bridge.say("table", "Good evening."),
		bridge.continue_talking("table"),
	]
	var wanted: Array = [
		{"type": "flags", "values": {"quest": 2, "at": [1, 2]}},
		{"type": "hold"},
		{"type": "hold", "group": "tavern"},
		{"type": "release", "npc": "smith_01"},
		{"type": "note", "text": "It is late.", "group": "tavern"},
		{"type": "say", "npc": "table", "text": "Good evening."},
		{"type": "continue", "npc": "table"},
	]
	for index: int in wanted.size():
		wanted[index]["id"] = ids[index]
	same(_waiting(), wanted)
	same([bridge.say("table", " "), bridge.say("table", "x".repeat(9000))], ["", ""])
	bridge.free()


func test_a_group_is_gathered_once_the_bridge_says_so() -> void:
	var smith := NpcCharacter.new()
	smith.npc_id = "smith_01"
	var answers: Array = []
	var gather := func() -> void:
		answers.append(await bridge.gather("table", [smith, "bard_01"], {"director": "round_robin"}))
	gather.call()
	var message: Dictionary = _waiting()[0]
	same(
		message,
		{
			"type": "gather",
			"group": "table",
			"npcs": ["smith_01", "bard_01"],
			"director": "round_robin",
			"id": message["id"],
		}
	)
	same(answers, [])
	_read({"type": "gathered", "id": message["id"], "group": "table", "npcs": ["smith_01", "bard_01"]})
	same([answers, bridge.waiting_count()], [[true], 0])
	smith.free()
	bridge.free()


func test_a_gathering_that_is_refused_is_told() -> void:
	expected_logs = ["nobody is there", "gather() knows no option 'mood'"]
	var answers: Array = []
	var gather := func() -> void: answers.append(await bridge.gather("table", ["x"], {"mood": 1}))
	gather.call()
	_read({"type": "error", "code": "unknown_npc", "message": "nobody is there", "re": _waiting()[0]["id"]})
	same([answers, bridge.waiting_count()], [[false], 0])
	bridge.free()


func test_nobody_waits_for_an_answer_after_the_end() -> void:
	var answers: Array = []
	var disperse := func() -> void: answers.append(await bridge.disperse("table"))
	disperse.call()
	bridge.stop()
	same(answers, [false])
	bridge.free()


func test_what_was_asked_without_a_connection_comes_to_nothing_at_once() -> void:
	expected_logs = [
		"there is no connection", "there is no connection", "there is no connection", "there is no connection"
	]
	same(await bridge.save_state(), PackedByteArray())
	same(await bridge.load_state(PackedByteArray([1])), false)
	same(await bridge.forget("smith_01", "Ada"), {})
	same(await bridge.stats(), {})
	bridge.free()


func test_a_notice_is_passed_on() -> void:
	var notices: Array = []
	bridge.noticed.connect(
		func(code: String, message: String, npc: String, player: String) -> void:
			notices.append([code, message, npc, player])
	)
	_read({"type": "notice", "code": "budget_low", "message": "80 % are spent", "player": "Ada"})
	same(notices, [["budget_low", "80 % are spent", "", "Ada"]])
	bridge.free()


## As if it had come over the socket.
func _read(message: Dictionary) -> void:
	bridge.get("_session").read(bridge.get("_session").protocol.write(message))


func _waiting() -> Array:
	return bridge.get("_session").protocol.to_resend()
