## The adapters beside small nodes that have the signals and methods of Dialogue Manager and Dialogic 2.
extends "res://tests/suite.gd"

const DialogueManagerAdapter := preload("res://addons/npc_bridge/adapters/dialogue_manager.gd")
const DialogicAdapter := preload("res://addons/npc_bridge/adapters/dialogic.gd")


## What Dialogue Manager says and can be told, by its documentation.
class DialogueManagerStandIn:
	extends Node
	signal dialogue_started(resource: Resource)
	signal got_dialogue(line: RefCounted)
	signal dialogue_ended(resource: Resource)
	var shown: Array = []

	func show_dialogue_balloon(resource: Resource, title: String = "", _states: Array = []) -> Node:
		shown.append([resource.resource_name, title])
		dialogue_started.emit(resource)
		return self

	func say(character: String, text: String) -> void:
		var line := LineStandIn.new()
		line.character = character
		line.text = text
		got_dialogue.emit(line)


class LineStandIn:
	extends RefCounted
	var character := ""
	var text := ""


## What Dialogic 2 says and can be told, by its documentation.
class DialogicStandIn:
	extends Node
	signal timeline_started
	signal timeline_ended
	var Text := TextStandIn.new()  # gdlint: ignore=class-variable-name
	var Choices := ChoicesStandIn.new()  # gdlint: ignore=class-variable-name
	var started: Array = []

	func _init() -> void:
		name = "Dialogic"
		add_child(Text)
		add_child(Choices)

	func start(timeline: Variant, label: Variant = "") -> Node:
		started.append([timeline, label])
		timeline_started.emit()
		return self

	func say(display_name: String, text: String) -> void:
		var character := CharacterStandIn.new()
		character.display_name = display_name
		Text.about_to_show_text.emit(
			{"text": text, "character": character if display_name else null, "portrait": "", "append": false}
		)


class TextStandIn:
	extends Node
	signal about_to_show_text(info: Dictionary)


class ChoicesStandIn:
	extends Node
	signal choice_selected(info: Dictionary)


class CharacterStandIn:
	extends Resource
	var display_name := ""


var smith := NpcCharacter.new()


func test_while_a_dialogue_runs_npcs_keep_silent_and_remember_what_is_said() -> void:
	var manager := DialogueManagerStandIn.new()
	var adapter := _set_up(DialogueManagerAdapter.new())
	same(adapter.call("attach", manager), true)
	manager.show_dialogue_balloon(Resource.new(), "start")
	manager.say("Player", "Is [b]Brom[/b] here?")
	manager.say("Brom", "[wave amp=25]I am.[/wave] (nods)")
	manager.say("Narrator", "The fire burns low.")
	manager.say("Player", "Good.")
	manager.dialogue_ended.emit(Resource.new())
	same(
		_sent(),
		[
			{"type": "hold"},
			{"type": "line", "text": "Is Brom here?", "player": "Ada", "shown": true, "npc": "smith_01"},
			{"type": "line", "text": "I am. (nods)", "shown": true, "npc": "smith_01"},
			{"type": "line", "text": "Good.", "player": "Ada", "shown": true, "npc": "smith_01"},
			{"type": "release"},
		]
	)
	same(adapter.get("is_running"), false)
	manager.free()


func test_a_dialogue_that_is_read_without_a_balloon_counts_from_its_first_line() -> void:
	var manager := DialogueManagerStandIn.new()
	var adapter := _set_up(DialogueManagerAdapter.new())
	adapter.set("npcs", [smith] as Array[NpcCharacter])
	adapter.set("speakers", {"The Smith": "smith_01"})
	adapter.call("attach", manager)
	manager.say("The Smith", "Evening.")
	same(
		_sent(),
		[{"type": "hold", "npc": "smith_01"}, {"type": "line", "text": "Evening.", "shown": true, "npc": "smith_01"}]
	)
	manager.free()


func test_an_exit_begins_the_title_of_its_name() -> void:
	var manager := DialogueManagerStandIn.new()
	var adapter := _set_up(DialogueManagerAdapter.new())
	adapter.call("attach", manager)
	var dialogue := Resource.new()
	dialogue.resource_name = "trade"
	adapter.set("dialogue", dialogue)
	smith.exit_reached.emit("trade_opened", 5)
	manager.say("Player", "Show me your wares.")
	same(manager.shown, [["trade", "trade_opened"]])
	same(_sent().map(func(message: Dictionary) -> String: return message["type"]), ["hold", "line"])
	manager.dialogue_ended.emit(dialogue)
	adapter.set("exits", {"quest_accepted": "quest"})
	for exit: String in ["trade_opened", "quest_accepted"]:
		smith.exit_reached.emit(exit, 5)
	same(manager.shown.slice(1), [["trade", "quest"]])
	manager.free()


func test_an_exit_that_leads_nowhere_is_said() -> void:
	expected_logs = ["the exit to 'trade' leads nowhere", "the exit to 'trade' leads nowhere"]
	var manager := _set_up(DialogueManagerAdapter.new())
	manager.call("begin", "trade")
	var dialogic := DialogicAdapter.new()
	place(dialogic)
	dialogic.begin("trade")


func test_without_the_addons_nothing_happens() -> void:
	var adapter := _set_up(DialogueManagerAdapter.new())
	same([adapter.call("find_system") == null, adapter.call("attach", null)], [true, false])
	var other := DialogicAdapter.new()
	place(other)
	same([other.find_system() == null, other.attach(null)], [true, false])
	same(_sent(), [])


func test_a_timeline_holds_says_and_lets_choose() -> void:
	var dialogic := DialogicStandIn.new()
	place(dialogic)
	var adapter := _set_up(DialogicAdapter.new())
	same(adapter.call("find_system") == dialogic, true)
	smith.exit_reached.emit("trade_opened", 0)
	dialogic.say("Brom", "What will [color=red]it[/color] be?")
	dialogic.say("", "Rain on the roof.")
	dialogic.Choices.choice_selected.emit({"button_index": 1, "text": "A sword."})
	dialogic.timeline_ended.emit()
	same(dialogic.started, [["trade_opened", ""]])
	same(
		_sent(),
		[
			{"type": "hold"},
			{"type": "line", "text": "What will it be?", "shown": true, "npc": "smith_01"},
			{"type": "line", "text": "A sword.", "player": "Ada", "shown": true, "npc": "smith_01"},
			{"type": "release"},
		]
	)
	adapter.set("timeline", "res://tavern.dtl")
	smith.exit_reached.emit("quest", 0)
	same(dialogic.started[1], ["res://tavern.dtl", "quest"])


func test_an_npc_that_comes_later_has_its_exits_heard_too() -> void:
	var dialogic := DialogicStandIn.new()
	place(dialogic)
	_set_up(DialogicAdapter.new())
	var bard := NpcCharacter.new()
	bard.open_on_ready = false
	bard.character = "mira"
	bard.npc_id = "bard_01"
	place(bard)
	bard.exit_reached.emit("song", 0)
	same(dialogic.started, [["song", ""]])


func _set_up(adapter: Node) -> Node:
	smith.open_on_ready = false
	smith.npc_id = "smith_01"
	smith.character = "brom"
	smith.profile = {"name": "Brom"}
	smith.player_name = "Ada"
	place(smith)
	place(adapter)
	_sent()
	return adapter


## What was to be sent since the last time, without ids.
func _sent() -> Array:
	var protocol: RefCounted = tree.root.get_node("NpcBridge").get("_session").protocol
	var found: Array = []
	for message: Dictionary in protocol.to_resend():
		protocol.forget(message["id"])
		var plain := message.duplicate()
		plain.erase("id")
		found.append(plain)
	return found
