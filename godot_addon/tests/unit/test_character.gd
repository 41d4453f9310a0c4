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
		bridge.get("_session").protocol.open_messages["smith_01"],
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
	bridge.get("_session").protocol.forget(id)


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


func test_its_open_message_says_what_differs_from_what_is_usual() -> void:
	_set_up()
	var door := Node2D.new()
	door.name = "door"
	place(door)
	character.targets = [door] as Array[Node]
	character.speaks_opening = false
	character.silence_s = 20.0
	character.open()
	var message: Dictionary = bridge.get("_session").protocol.open_messages["smith_01"]
	same(
		[message["targets"], message["opening"], message["silence_s"]], [[{"name": "door", "aliases": []}], false, 20.0]
	)


func test_a_target_that_comes_later_is_declared_and_there_when_it_is_opened_again() -> void:
	_set_up()
	character.open()
	var door := Node2D.new()
	place(door)
	character.register_target("gate", door, PackedStringArray(["portal"]))
	same(character.target_node("gate") == door, true)
	await frames()
	var message: Dictionary = bridge.get("_session").protocol.open_messages["smith_01"]
	same(message["targets"], [{"name": "gate", "aliases": ["portal"]}] as Array[Dictionary])
	character.unregister_target("gate")
	await frames()
	same(message["targets"], [] as Array[Dictionary])


func test_what_it_asks_for_names_it() -> void:
	_set_up()
	var ids := [
		character.regenerate(),
		character.candidates(9),
		character.note("Rain.", {"depth": 2}, {"key": "weather"}),
		character.flags({"quest.cellar": 2}),
		character.hold(),
		character.release(),
		character.line("(nods) Evening."),
		character.line("Hello!", "Ada", true),
	]
	var wanted: Array = [
		{"type": "regenerate"},
		{"type": "candidates", "n": 4},
		{"type": "note", "text": "Rain.", "data": {"depth": 2}, "key": "weather"},
		{"type": "flags", "values": {"quest.cellar": 2}},
		{"type": "hold"},
		{"type": "release"},
		{"type": "line", "text": "(nods) Evening."},
		{"type": "line", "text": "Hello!", "player": "Ada", "shown": true},
	]
	for index: int in wanted.size():
		wanted[index].merge({"npc": "smith_01", "id": ids[index]})
	same(bridge.get("_session").protocol.to_resend() as Array, wanted)


func test_candidates_come_side_by_side_and_the_chosen_one_is_said() -> void:
	_set_up()
	character.open()
	var offers: Array = []
	character.candidates_started.connect(func(turn: String, n: int) -> void: offers.append([turn, n]))
	character.candidate_arrived.connect(
		func(index: int, text: String, at: int) -> void: offers.append([index, text, at])
	)
	character.candidates_ready.connect(func(_turn: String, texts: PackedStringArray) -> void: offers.append(texts))
	_receive({"type": "turn_started", "turn": "t5", "cause": "candidates", "n": 2, "replaces": "t4"})
	_receive({"type": "text", "turn": "t5", "at": 0, "text": "For you, "})
	_receive({"type": "cue", "turn": "t5", "at": 0, "clip": "nod", "action": "nods", "index": 1})
	_receive({"type": "text", "turn": "t5", "at": 0, "text": "Give it here.", "index": 1})
	_receive({"type": "text", "turn": "t5", "at": 9, "text": "always."})
	_receive({"type": "turn_ended", "turn": "t5", "reason": "stop", "chars": 16})
	var texts := PackedStringArray(["For you, always.", "Give it here."])
	same(offers, [["t5", 2], [0, "For you, ", 0], [1, "Give it here.", 0], [0, "always.", 9], texts])
	same(happened, [])
	var id := character.choose(1)
	same(
		happened,
		[
			["started", "t5", "candidates"],
			["cue", "nod", "nods", 0],
			["text", "Give it here.", 0],
			["ended", "t5", "stop"]
		]
	)
	same([character.turn["text"], character.turn["chars"]], ["Give it here.", 13])
	same(
		(bridge.get("_session").protocol.to_resend() as Array)[-1],
		{"type": "choose", "npc": "smith_01", "turn": "t5", "index": 1, "id": id}
	)


func test_there_is_nothing_to_choose_when_nothing_was_offered() -> void:
	expected_logs = ["there is no complete reply number 0 to choose"]
	_set_up()
	same(character.choose(0), "")


func test_a_fallback_in_place_of_candidates_is_just_said() -> void:
	_set_up()
	character.open()
	_receive({"type": "turn_started", "turn": "t5", "cause": "candidates", "n": 2})
	_receive({"type": "text", "turn": "t5", "at": 0, "text": "Hm."})
	_receive({"type": "turn_ended", "turn": "t5", "reason": "fallback", "chars": 3})
	same(happened, [["started", "t5", "candidates"], ["text", "Hm.", 0], ["ended", "t5", "fallback"]])


func test_a_cue_that_is_not_certain_is_due_but_not_reached() -> void:
	_set_up()
	character.open()
	var due: Array = []
	character.cue_due.connect(func(cue: Dictionary) -> void: due.append(cue["state"]))
	var cue := {"type": "cue", "at": 0, "clip": "nod", "action": "nods", "id": 1}
	_turn(
		[
			cue.merged({"state": "provisional"}),
			cue.merged({"state": "confirmed"}),
			cue.merged({"state": "withdrawn", "id": 2})
		]
	)
	same(due, ["provisional", "confirmed", "withdrawn"])
	same(happened, [["started", "t1", "say"], ["cue", "nod", "nods", 0], ["ended", "t1", "stop"]])


func test_an_exit_is_reached_like_a_cue() -> void:
	_set_up()
	character.open()
	var exits: Array = []
	character.exit_reached.connect(func(exit: String, at: int) -> void: exits.append([exit, at]))
	_turn([{"type": "text", "at": 0, "text": "Deal."}, {"type": "exit", "exit": "trade_opened", "at": 5}])
	same(exits, [["trade_opened", 5]])


func test_a_load_ends_the_running_turn_and_forgets_it() -> void:
	_set_up()
	character.open()
	var rewound: Array = []
	character.rewound.connect(func() -> void: rewound.append(character.is_talking))
	_receive({"type": "turn_started", "turn": "t1", "cause": "say"})
	_receive({"type": "text", "turn": "t1", "at": 0, "text": "Hel"})
	_receive({"type": "loaded", "id": "x"})
	_receive({"type": "text", "turn": "t1", "at": 3, "text": "lo"})
	same(happened.slice(2), [["ended", "t1", "loaded"]])
	same([rewound, character.turn], [[false], {}])


func test_an_authored_line_is_spoken_from_here_while_there_is_no_bridge() -> void:
	_set_up()
	same(character.speak("Evening. (waves)"), "")
	same(
		happened,
		[
			["started", "own-1", "line"],
			["text", "Evening. ", 0],
			["cue", "", "waves", 9],
			["unhandled", "waves", 9],
			["ended", "own-1", "stop"]
		]
	)
	same(bridge.waiting_count(), 0)


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
	var protocol: RefCounted = bridge.get("_session").protocol
	for id: String in protocol.waiting_ids():
		protocol.forget(id)


func _turn(messages: Array, turn: String = "t1") -> void:
	_receive({"type": "turn_started", "turn": turn, "cause": "say"})
	for message: Dictionary in messages:
		message["turn"] = turn
		_receive(message)
	_receive({"type": "turn_ended", "turn": turn, "reason": "stop", "chars": 0})


## As if it had come over the socket.
func _receive(message: Dictionary) -> void:
	message["npc"] = "smith_01"
	bridge.get("_session").read(bridge.get("_session").protocol.write(message))
