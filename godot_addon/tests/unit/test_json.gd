extends "res://tests/suite.gd"

const Json := preload("res://addons/npc_bridge/core/json_codec.gd")

var codec := Json.new()


func test_a_message_survives() -> void:
	var message := {"type": "say", "text": '好剑！👋🏽 "quoted" \\ \n', "list": [true, null, "x", 0.5]}
	same(codec.decode(codec.encode(message)), message)


func test_a_blob_goes_as_base64_and_the_message_itself_stays_as_it_was() -> void:
	var blob := hex("00 05 ff")
	var message := {"type": "load", "id": "o1", "blob": blob}
	same(codec.encode(message).get_string_from_utf8(), '{"type":"load","id":"o1","blob":"AAX/"}')
	same(message["blob"], blob)
	same(codec.decode(codec.encode(message)), message)


func test_an_empty_blob_survives() -> void:
	var message := {"type": "saved", "id": "v1", "blob": PackedByteArray()}
	same(codec.decode(codec.encode(message)), message)


func test_what_is_wrong_is_refused_in_words() -> void:
	var deep := "[".repeat(40) + "]".repeat(40)
	var cases := {
		"": "the message is not valid JSON",
		"{": "the message is not valid JSON",
		'{"a":NaN}': "the message is not valid JSON",
		"[]": "the message is not valid JSON: it does not begin with a brace",
		"null": "the message is not valid JSON: it does not begin with a brace",
		" {}": "the message is not valid JSON: it does not begin with a brace",
		"{} {}": "the message is not valid JSON",
		'{"a":%s}' % deep: "the message is nested deeper than 32 levels",
		'{"type":"saved","blob":"a"}': "field 'blob' is not base64 text",
	}
	for frame: String in cases:
		same(codec.decode(frame.to_utf8_buffer()), {}, frame)
		holds(codec.problem.begins_with(cases[frame]), "%s: %s" % [frame, codec.problem])


func test_bytes_that_are_not_utf8_are_refused() -> void:
	same(codec.decode(hex("7b 22 ff 22 3a 31 7d")), {})
	same(codec.problem, "the message is not UTF-8")


func test_many_small_lists_are_not_deep() -> void:
	var lists := []
	for _each: int in 100:
		lists.append([{}])
	same(codec.decode(codec.encode({"a": lists})), {"a": lists})
