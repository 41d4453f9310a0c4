extends "res://tests/suite.gd"

const Bridge := preload("res://addons/npc_bridge/npc_bridge.gd")
const Known := preload("res://addons/npc_bridge/core/known.gd")

var bridge: Bridge
var character := NpcCharacter.new()
var happened: Array = []


func test_its_open_message_declares_who_it_is_and_what_it_can_play() -> void:
	_set_up()
	character.group = "tavern"
	character.player_name = "Ada"
	character.player_id = "p1"
	character.player_description = "A traveller."
	character.language = "zh_CN"
	character.clip_map = {"nods": "nod"}
	var library := AnimationLibrary.new()
	for animation: String in ["idle", "nod", "wave"]:
		library.add_animation(animation, Animation.new())
	var player := AnimationPlayer.new()
	player.add_animation_library("", library)
	character.add_child(player)
	character.clip_source = player
	character.open()
	same(
		bridge.get("_protocol").open_messages["smith_01"],
		{
			"type": "open",
			"npc": "smith_01",
			"character": "brom",
			"player": {"name": "Ada", "id": "p1", "description": "A traveller."},
			"clips": [{"name": "nod", "aliases": ["nods"]}, {"name": "wave", "aliases": []}],
			"language": "zh-CN",
			"group": "tavern",
		}
	)


func test_without_an_id_the_name_of_the_parent_is_taken() -> void:
	var body := Node2D.new()
	body.name = "Smith"
	character.open_on_ready = false
	body.add_child(character)
	place(body)
	same(character.resolved_id(), "Smith")


func test_a_turn_comes_as_signals_in_order() -> void:
	_set_up()
	character.open()
	_turn([{"type": "text", "at": 0, "text": "Hello"}, {"type": "cue", "at": 5, "clip": "nod", "action": "nods"}])
	_turn([{"type": "cue", "at": 0, "clip": "", "action": "flies"}], "t2")
	same(
		happened,
		[
			["started", "t1", "say"],
			["text", "Hello", 0],
			["cue", "nod", "nods", 5],
			["ended", "t1", "stop"],
			["started", "t2", "say"],
			["cue", "", "flies", 0],
			["unhandled", "flies", 0],
			["ended", "t2", "stop"],
		]
	)
	same([character.turn["text"], character.turn["chars"], character.is_talking], ["", 0, false])


func test_text_of_a_turn_that_is_over_changes_nothing() -> void:
	_set_up()
	character.open()
	_turn([])
	happened.clear()
	_receive({"type": "text", "turn": "t1", "at": 0, "text": "late"})
	_receive({"type": "text", "turn": "t9", "at": 0, "text": "from nowhere"})
	_receive({"type": "turn_ended", "turn": "t1", "reason": "stop", "chars": 0})
	same(happened, [])


func test_a_line_waits_while_there_is_no_connection() -> void:
	_set_up()
	var before := bridge.waiting_count()
	var id := character.say("Hello")
	holds(id != "", "it has an id")
	same(bridge.waiting_count(), before + 1)
	bridge.get("_protocol").forget(id)


func test_a_line_of_nothing_is_not_said() -> void:
	_set_up()
	same([character.say(""), character.say("  \n")], ["", ""])


func test_a_line_that_is_too_long_is_refused_in_words() -> void:
	expected_logs = ["a line has 8001 characters, the limit is 8000"]
	_set_up()
	same(character.say("x".repeat(8001)), "")
	same(happened, [["failed", "too_long", "a line has 8001 characters, the limit is 8000"]])


func test_two_npcs_of_one_id_are_told_apart_in_words() -> void:
	expected_logs = ["two NPCs have the id 'smith_01'"]
	_set_up()
	character.open()
	var twin := NpcCharacter.new()
	twin.npc_id = "smith_01"
	twin.character = "brom"
	place(twin)
	same(twin.say("Hello"), "")
	expected_logs.append("two NPCs have the id 'smith_01'")


func test_a_lost_turn_is_ended_as_lost() -> void:
	_set_up()
	character.open()
	_receive({"type": "turn_started", "turn": "t1", "cause": "say"})
	_receive({"type": "text", "turn": "t1", "at": 0, "text": "Hel"})
	bridge.turns_lost.emit()
	same(happened.slice(2), [["ended", "t1", "lost"]])
	same([character.is_talking, character.turn["chars"]], [false, 3])


func test_leaving_the_tree_leaves_the_conversation() -> void:
	_set_up()
	character.open()
	same(bridge.is_taken("smith_01"), true)
	tree.root.remove_child(character)
	same(bridge.is_taken("smith_01"), false)


func test_mistakes_are_told_in_the_editor() -> void:
	character.open_on_ready = false
	place(character)
	same(_warnings(), ["Set 'character'", "Without a 'clip_source'"])
	character.character = "brom"
	Known.characters = PackedStringArray(["isolde", "mira"])
	same(_warnings()[0], "The bridge knows no character 'brom'. It knows: isolde, mira.")
	Known.characters = PackedStringArray()
	var player := AnimationPlayer.new()
	character.add_child(player)
	character.clip_source = player
	character.clip_map = {"dance": "gone"}
	same(_warnings(), ["'clip_source' has no animations", "The clip map says 'dance' → 'gone'"])


func _warnings() -> Array:
	var begins: Array = []
	for warning: String in character._get_configuration_warnings():
		for beginning: String in ["Set 'character'", "Without a 'clip_source'", "'clip_source' has no animations"]:
			if warning.begins_with(beginning):
				warning = beginning
		begins.append(warning.trim_suffix(", and there is no such animation."))
	return begins


func _set_up() -> void:
	bridge = tree.root.get_node("NpcBridge")
	character.open_on_ready = false
	character.npc_id = "smith_01"
	character.character = "brom"
	character.turn_started.connect(func(turn: String, cause: String) -> void: happened.append(["started", turn, cause]))
	character.text_arrived.connect(func(text: String, at: int) -> void: happened.append(["text", text, at]))
	character.cue_reached.connect(
		func(clip: String, action: String, at: int) -> void: happened.append(["cue", clip, action, at])
	)
	character.cue_unhandled.connect(func(action: String, at: int) -> void: happened.append(["unhandled", action, at]))
	character.turn_ended.connect(func(turn: String, reason: String) -> void: happened.append(["ended", turn, reason]))
	character.failed.connect(func(code: String, text: String) -> void: happened.append(["failed", code, text]))
	place(character)


func _turn(messages: Array, turn: String = "t1") -> void:
	_receive({"type": "turn_started", "turn": turn, "cause": "say"})
	for message: Dictionary in messages:
		message["turn"] = turn
		_receive(message)
	_receive({"type": "turn_ended", "turn": turn, "reason": "stop", "chars": 0})


## As if it had come over the socket.
func _receive(message: Dictionary) -> void:
	message["npc"] = "smith_01"
	bridge.call("_read", bridge.get("_protocol").write(message))
