## The golden files of tests/golden, which the bridge and all clients are held to. Their folder comes in
## the environment variable NPC_BRIDGE_GOLDEN.
extends "res://tests/suite.gd"

const MessagePack := preload("res://addons/npc_bridge/core/msgpack_codec.gd")
const Json := preload("res://addons/npc_bridge/core/json_codec.gd")
const Messages := preload("res://addons/npc_bridge/core/messages.gd")

## Refused by what their fields mean, which only the bridge looks at, or by its size limit.
const ONLY_THE_BRIDGE_REFUSES: Array[String] = [
	"no_type",
	"type_is",
	"unknown_type",
	"type_of_the_bridge",
	"field_",
	"id_",
	"text_too_long",
	"position_",
	"too_large",
	"number_overflows",
	"integer_of_65_bits",
	"text_is_binary",
	"too_many_maps",
]
const MUTATIONS := 20_000

var packed := MessagePack.new()
var json := Json.new()


func test_both_files_of_a_message_mean_the_same() -> void:
	for entry: Dictionary in _index()["messages"]:
		var name: String = entry["file"]
		var from_packed := packed.decode(_file(name + ".msgpack"))
		same(packed.problem, "", name)
		var from_json := json.decode(_file(name + ".json"))
		same(json.problem, "", name)
		same(_as_floats(from_json), _as_floats(from_packed), name)
		same(from_packed["type"], entry["type"], name)


func test_a_message_encodes_to_the_very_bytes_of_its_files() -> void:
	for entry: Dictionary in _index()["messages"]:
		var name: String = entry["file"]
		var message := packed.decode(_file(name + ".msgpack"))
		same(packed.encode(message), _file(name + ".msgpack"), name)
		same(json.encode(message).get_string_from_utf8(), _file(name + ".json").get_string_from_utf8(), name)


func test_every_message_of_the_bridge_has_all_fields_in_both_codecs() -> void:
	var types := {}
	for entry: Dictionary in _index()["messages"]:
		if entry["from"] != "bridge":
			continue
		var name: String = entry["file"]
		var from_packed := packed.decode(_file(name + ".msgpack"))
		var from_json := json.decode(_file(name + ".json"))
		same(Messages.flaw_in(from_packed), "", name)
		same(Messages.flaw_in(from_json), "", name)
		same(_as_floats(from_json), _as_floats(from_packed), name)
		types[entry["type"]] = true
		if entry["file"] == entry["type"]:
			for field: String in Messages.REQUIRED[entry["type"]]:
				holds(_refuses_without(from_packed, field), "%s without %s" % [name, field])
	same(types.size(), Messages.REQUIRED.size(), "types of the bridge")


func test_a_bad_frame_is_refused() -> void:
	var refused := 0
	for entry: Dictionary in _index()["bad"]:
		var name: String = entry["file"]
		var is_for_bridge := func(part: String) -> bool: return name.contains(part)
		if ONLY_THE_BRIDGE_REFUSES.any(is_for_bridge):
			continue
		var codec: RefCounted = json if entry["codec"] == "json" else packed
		var message: Dictionary = codec.call("decode", _file(name))
		same(message, {}, name)
		holds(codec.get("problem") != "", "%s without a reason" % name)
		refused += 1
	holds(refused >= 30, "only %d bad frames were tried" % refused)


func test_a_message_cut_anywhere_is_refused() -> void:
	for name: String in _names():
		var whole := _file(name + ".msgpack")
		for length: int in whole.size():
			same(packed.decode(whole.slice(0, length)), {}, "%s cut at %d" % [name, length])


func test_a_mutated_message_is_refused_or_read_and_never_an_error() -> void:
	var random := RandomNumberGenerator.new()
	random.seed = 20261122
	var names := _names()
	var frames_by_name := {}
	for name: String in names:
		frames_by_name[name] = _file(name + ".msgpack")
	var read := 0
	for count: int in MUTATIONS:
		var frame: PackedByteArray = frames_by_name[names[count % names.size()]].duplicate()
		_mutate(frame, random)
		var message := packed.decode(frame)
		if packed.problem:
			same(message, {}, "refused, yet read")
		else:
			read += 1
			Messages.flaw_in(message)
			packed.encode(message)
	holds(read > MUTATIONS / 20 and read < MUTATIONS, "%d of %d were readable" % [read, MUTATIONS])


func _mutate(frame: PackedByteArray, random: RandomNumberGenerator) -> void:
	for _change: int in random.randi_range(1, 4):
		var at := random.randi_range(0, frame.size() - 1)
		match random.randi_range(0, 4):
			0:
				frame[at] = random.randi() & 0xFF
			1:
				frame[at] ^= 1 << random.randi_range(0, 7)
			2:
				frame.insert(at, random.randi() & 0xFF)
			3:
				frame.remove_at(at)
			4:
				frame[at] = [0xC1, 0xC6, 0xC7, 0xCF, 0xD9, 0xDB, 0xDD, 0xDF, 0xFF, 0x00].pick_random()
		if frame.is_empty():
			frame.append(0xC0)


func _refuses_without(message: Dictionary, field: String) -> bool:
	var less := message.duplicate(true)
	less.erase(field)
	return Messages.flaw_in(less) != ""


func _names() -> PackedStringArray:
	var names := PackedStringArray()
	for entry: Dictionary in _index()["messages"]:
		names.append(entry["file"])
	return names


func _index() -> Dictionary:
	return JSON.parse_string(_file("index.json").get_string_from_utf8())


func _file(name: String) -> PackedByteArray:
	return FileAccess.get_file_as_bytes(OS.get_environment("NPC_BRIDGE_GOLDEN").path_join(name))


## Godot's JSON makes a float of every number; so numbers are compared as floats.
func _as_floats(value: Variant) -> Variant:
	if value is int:
		return float(value as int)
	if value is Dictionary:
		var map := {}
		for key: String in value:
			map[key] = _as_floats(value[key])
		return map
	if value is Array:
		return (value as Array).map(_as_floats)
	return value
