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


func _waiting() -> Array:
	return bridge.get("_protocol").to_resend(true)
