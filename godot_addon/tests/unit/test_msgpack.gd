extends "res://tests/suite.gd"

const MessagePack := preload("res://addons/npc_bridge/core/msgpack_codec.gd")

const EDGES: Array[int] = [
	0, 1, 127, 128, 255, 256, 65535, 65536, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x100000000, 0x7FFFFFFFFFFFFFFF
]

var codec := MessagePack.new()


func test_every_width_of_a_whole_number_survives() -> void:
	for edge: int in EDGES:
		for value: int in [edge, -edge, -edge - 1]:
			same(_there_and_back(value), value, "number")


func test_every_kind_of_value_survives() -> void:
	var values: Array = [null, true, false, 0.5, -1.0e300, "", "好剑！👋🏽 𝄞", [], {}, [1, [2, {"x": [null]}]]]
	values.append(PackedByteArray([0, 1, 255]))
	for value: Variant in values:
		same(_there_and_back(value), value, "value")


func test_every_width_of_a_length_survives() -> void:
	for length: int in [0, 15, 16, 31, 32, 255, 256, 65535, 65536, 70000]:
		same((_there_and_back("é".repeat(length)) as String).length(), length, "text")
		var octets := PackedByteArray()
		octets.resize(length)
		same(_there_and_back(octets), octets, "binary")
		var list := []
		list.resize(mini(length, 66000))
		same((_there_and_back(list) as Array).size(), list.size(), "list")
	var map := {}
	for number: int in 70:
		map["k%d" % number] = number
	same(_there_and_back(map), map, "map")


func test_what_the_wire_does_not_know_goes_out_as_nothing() -> void:
	same(codec.decode(codec.encode({"v": Vector2.ONE})), {"v": null})


func test_a_float_of_32_bits_is_read() -> void:
	same(codec.decode(hex("81 a1 61 ca 3f 00 00 00")), {"a": 0.5})


func test_what_is_wrong_is_refused_in_words() -> void:
	var cases := {
		"": "the message is cut short",
		"81 a1 61": "the message is cut short",
		"81 a1 61 db ff ff ff ff": "the message is cut short",
		"81 a1 61 dd ff ff ff ff": "the message is cut short",
		"81 a1 61 df 7f ff ff ff": "the message is cut short",
		"81 a1 61 c6 ff ff ff ff": "the message is cut short",
		"80 80": "the message has 1 bytes after its end",
		"93 01 02 03": "the message is not a map",
		"81 01 02": "the message holds a map with a key that is not text",
		"81 a1 61 a1 ff": "the message holds text that is not UTF-8",
		"81 a1 61 c1": "the message holds a kind of value that has no meaning here (0xc1)",
		"81 a1 61 d4 01 00": "the message holds a kind of value that has no meaning here (0xd4)",
		"81 a1 61 cb 7f f8 00 00 00 00 00 00": "the message holds a number that is not finite",
		"81 a1 61 cf ff ff ff ff ff ff ff ff": "the message holds a number of more than 63 bits",
	}
	for frame: String in cases:
		same(codec.decode(hex(frame)), {}, frame)
		same(codec.problem, cases[frame], frame)


func test_a_bomb_of_depth_is_refused() -> void:
	var bomb := hex("81 a1 61")
	for _level: int in 100_000:
		bomb.append(0x91)
	bomb.append(0xC0)
	same(codec.decode(bomb), {})
	same(codec.problem, "the message is nested deeper than 32 levels")


func test_32_levels_are_allowed() -> void:
	var deep: Variant = []
	for _level: int in 30:
		deep = [deep]
	same(codec.decode(codec.encode({"v": deep})), {"v": deep})
	codec.decode(codec.encode({"v": [deep]}))
	same(codec.problem, "the message is nested deeper than 32 levels")


func test_a_codec_works_again_after_a_bad_frame() -> void:
	codec.decode(hex("81"))
	same(codec.decode(hex("81 a1 61 01")), {"a": 1})
	same(codec.problem, "")


func _there_and_back(value: Variant) -> Variant:
	var message := codec.decode(codec.encode({"v": value}))
	same(codec.problem, "")
	return message.get("v")
