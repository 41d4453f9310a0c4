@tool
@icon("icons/npc_event_source.svg")
class_name NpcEventSource
extends Node
## Turns a Godot signal into an event for the NPCs, without code.
##
## Put it under an [Area2D] and choose [code]body_entered[/code], or under your player and choose
## [code]health_changed[/code]. A signal that fires often is told once per [member interval], with its
## latest values.

## Who notices the event.
enum Scope {
	## Every NPC.
	WORLD,
	## The NPCs of [member group].
	GROUP,
	## The NPC of [member npc].
	NPC,
}
## Whether an NPC says something about the event by itself.
enum Reaction {
	## As the event's template says.
	AS_WRITTEN,
	## Yes.
	ALWAYS,
	## No.
	NEVER,
}

const Bridge := preload("npc_bridge.gd")
const Plain := preload("core/plain.gd")
const Text := preload("editor/text.gd")

## An event was told.
signal told(event_name: String, data: Dictionary)

## The node whose signal is listened to. Empty: the parent.
@export var source: Node:
	set(value):
		source = value
		notify_property_list_changed()
		update_configuration_warnings()
## The signal's name.
@export var source_signal: StringName = &"":
	set(value):
		source_signal = value
		update_configuration_warnings()
## The event's name, which its template in [code]events.toml[/code] has as well.
@export var event_name := "":
	set(value):
		event_name = value
		update_configuration_warnings()
## What the signal's arguments are called in the event's data, in their order; an empty name leaves one out.
@export var argument_names: PackedStringArray = []
## More data of the event, the same each time.
@export var extra := {}
## Only count when the signal's first argument is a node of this Godot group, such as [code]player[/code].
@export var only_from_group: StringName = &""
@export_group("Who and when")
## Who notices the event.
@export var scope := Scope.WORLD
## The group of NPCs, with the scope GROUP.
@export var group := ""
## The NPC, with the scope NPC. Empty: the nearest.
@export var npc: NpcCharacter
## Whether an NPC says something about the event by itself.
@export var reaction := Reaction.AS_WRITTEN
## Tell it at most once in so many seconds; what comes in between counts with its latest values.
@export_range(0, 60, 0.05) var interval := 0.5
## A later event with the same key replaces this one until it was used. Empty: the event's name.
@export var key := ""
## Which events stay when there are too many: 9 before 0; -1: as the template says.
@export_range(-1, 9) var priority := -1

var _waiting := {}
var _left_s := 0.0
var _has_waiting := false


func _ready() -> void:
	set_process(false)
	if Engine.is_editor_hint():
		return
	var from := _source()
	if from == null or not event_name or not from.has_signal(source_signal):
		for warning: String in _get_configuration_warnings():
			push_warning("NPC Bridge: %s: %s" % [get_path(), warning])
		return
	from.connect(source_signal, _listener(_argument_count(from)))


func _process(delta: float) -> void:
	_left_s -= delta
	if _left_s > 0.0:
		return
	if _has_waiting:
		_tell()
	else:
		set_process(false)


func _get_configuration_warnings() -> PackedStringArray:
	var warnings := PackedStringArray()
	var from := _source()
	if not event_name:
		warnings.append(Text.of("Set 'event_name', such as player_hurt."))
	if from == null:
		warnings.append(Text.of("Set 'source', or put this node under the node whose signal counts."))
	elif not from.has_signal(source_signal):
		warnings.append(Text.of("'%s' has no signal '%s'.") % [from.name, source_signal])
	if scope == Scope.GROUP and not group:
		warnings.append(Text.of("With the scope GROUP, set 'group'."))
	return warnings


func _validate_property(property: Dictionary) -> void:
	if property["name"] == "source_signal" and _source() != null:
		var names := PackedStringArray()
		for each: Dictionary in _source().get_signal_list():
			names.append(str(each["name"]))
		names.sort()
		property["hint"] = PROPERTY_HINT_ENUM_SUGGESTION
		property["hint_string"] = ",".join(names)


## Tell the event now, as if the signal had come with these arguments.
func fire(arguments: Array = []) -> void:
	if only_from_group and not _is_from_group(arguments):
		return
	_waiting = extra.duplicate()
	for index: int in mini(arguments.size(), argument_names.size()):
		if argument_names[index]:
			_waiting[argument_names[index]] = Plain.plain(arguments[index])
	_has_waiting = true
	if _left_s <= 0.0:
		_tell()


func _tell() -> void:
	_has_waiting = false
	_left_s = interval
	set_process(interval > 0.0)
	var bridge := get_node_or_null("/root/NpcBridge") as Bridge
	if bridge == null:
		push_warning("NPC Bridge: the autoload NpcBridge is missing; enable the plugin")
		return
	bridge.tell(event_name, _waiting, _options())
	told.emit(event_name, _waiting)


func _options() -> Dictionary:
	var options := {"key": key if key else event_name}
	if reaction != Reaction.AS_WRITTEN:
		options["react"] = reaction == Reaction.ALWAYS
	if priority >= 0:
		options["priority"] = priority
	match scope:
		Scope.GROUP:
			options["group"] = group
		Scope.NPC:
			var nearest := npc if npc != null else NpcCharacter.nearest_to(self)
			if nearest != null:
				options["npc"] = nearest.resolved_id()
	return options


func _source() -> Node:
	return source if source != null else get_parent()


func _is_from_group(arguments: Array) -> bool:
	if arguments.is_empty() or not arguments[0] is Node:
		return false
	var node: Node = arguments[0]
	return node.is_in_group(only_from_group)


func _argument_count(from: Node) -> int:
	for each: Dictionary in from.get_signal_list():
		if each["name"] == source_signal:
			var arguments: Array = each["args"]
			return arguments.size()
	return 0


## A callable with as many parameters as the signal has: Godot 4.3 knows no variable number of them.
func _listener(count: int) -> Callable:
	match count:
		0:
			return func() -> void: fire()
		1:
			return func(a: Variant) -> void: fire([a])
		2:
			return func(a: Variant, b: Variant) -> void: fire([a, b])
		3:
			return func(a: Variant, b: Variant, c: Variant) -> void: fire([a, b, c])
	return func(a: Variant, b: Variant, c: Variant, d: Variant) -> void: fire([a, b, c, d])
