extends "res://tests/suite.gd"


class Hero:
	extends Node
	signal health_changed(before: int, now: int)
	signal sat_down


var hero := Hero.new()
var source := NpcEventSource.new()
var told: Array = []


func test_a_signal_becomes_an_event_with_its_arguments_as_data() -> void:
	_set_up("health_changed")
	source.argument_names = ["", "health"]
	source.extra = {"who": "Ada"}
	hero.health_changed.emit(10, 7)
	same(told, [["hurt", {"who": "Ada", "health": 7}]])


func test_a_signal_that_fires_often_is_told_once_with_its_latest_values() -> void:
	_set_up("health_changed")
	source.argument_names = ["", "health"]
	source.interval = 1.0
	for health: int in range(9, 0, -1):
		hero.health_changed.emit(10, health)
	same(told, [["hurt", {"health": 9}]])
	source._process(0.9)
	same(told.size(), 1)
	source._process(0.2)
	same(told, [["hurt", {"health": 9}], ["hurt", {"health": 1}]])
	source._process(5.0)
	same(told.size(), 2)


func test_a_signal_without_arguments_counts_as_well() -> void:
	_set_up("sat_down")
	hero.sat_down.emit()
	same(told, [["hurt", {}]])


func test_only_nodes_of_the_group_count() -> void:
	_set_up("child_entered_tree")
	source.only_from_group = &"player"
	source.argument_names = ["who"]
	source.interval = 0.0
	var stranger := Node.new()
	hero.add_child(stranger)
	var player := Node.new()
	player.name = "Ada"
	player.add_to_group("player")
	hero.add_child(player)
	same(told, [["hurt", {"who": "Ada"}]])


func test_the_scope_and_the_rest_go_along() -> void:
	_set_up("sat_down")
	same(source._options(), {"key": "hurt"})
	source.key = "health"
	source.priority = 7
	source.reaction = NpcEventSource.Reaction.NEVER
	source.scope = NpcEventSource.Scope.GROUP
	source.group = "tavern"
	same(source._options(), {"key": "health", "react": false, "priority": 7, "group": "tavern"})
	var smith := NpcCharacter.new()
	smith.open_on_ready = false
	smith.npc_id = "smith_01"
	place(smith)
	source.scope = NpcEventSource.Scope.NPC
	source.reaction = NpcEventSource.Reaction.ALWAYS
	source.npc = smith
	same(source._options(), {"key": "health", "react": true, "priority": 7, "npc": "smith_01"})


func test_what_is_missing_is_said_in_the_editor() -> void:
	hero.add_child(source)
	same(source._get_configuration_warnings().size(), 2)
	source.event_name = "hurt"
	source.source_signal = &"died"
	source.scope = NpcEventSource.Scope.GROUP
	same(source._get_configuration_warnings().size(), 2)
	source.source_signal = &"sat_down"
	source.group = "tavern"
	same(source._get_configuration_warnings(), PackedStringArray())
	hero.free()


func test_a_signal_that_does_not_exist_is_warned_of_and_nothing_else() -> void:
	expected_logs = ["has no signal 'died'"]
	_set_up("died")


func _set_up(signal_name: StringName) -> void:
	source.source_signal = signal_name
	source.event_name = "hurt"
	hero.add_child(source)
	source.told.connect(func(event: String, data: Dictionary) -> void: told.append([event, data]))
	place(hero)
