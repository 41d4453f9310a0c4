extends "res://tests/suite.gd"

const Protocol := preload("res://addons/npc_bridge/core/protocol.gd")
const Json := preload("res://addons/npc_bridge/core/json_codec.gd")
const MessagePack := preload("res://addons/npc_bridge/core/msgpack_codec.gd")

var protocol := Protocol.new(MessagePack.new(), "run")


func test_ids_are_never_used_twice() -> void:
	same([protocol.new_id(), protocol.new_id()], ["run-1", "run-2"])


func test_the_codec_decides_the_sub_protocol() -> void:
	same(protocol.subprotocol(), "npc-bridge.v1.msgpack")
	same(protocol.is_binary(), true)
	var other := Protocol.new(Json.new(), "run")
	same(other.subprotocol(), "npc-bridge.v1.json")
	same(other.is_binary(), false)


func test_the_first_hello_asks_for_no_session() -> void:
	var hello := {"type": "hello", "protocol": 1, "client": "c", "engine": "e"}
	same(protocol.hello("c", "e", ""), hello)
	hello["token"] = "t"
	same(protocol.hello("c", "e", "t"), hello)


func test_a_later_hello_asks_for_the_session_and_tells_what_was_seen() -> void:
	_welcome("s1", false)
	_text(2)
	var hello := protocol.hello("c", "e", "")
	same([hello["session"], hello["seq"]], ["s1", 2])


func test_numbers_without_a_gap_are_taken() -> void:
	_welcome("s1", false)
	same([_text(2), _text(3)], [Protocol.Outcome.TAKEN, Protocol.Outcome.TAKEN])
	same(protocol.message["type"], "text")


func test_what_was_seen_before_is_dropped() -> void:
	_welcome("s1", false)
	_text(2)
	same(_text(2), Protocol.Outcome.SEEN_BEFORE)
	same(protocol.message, {})


func test_a_gap_is_told_with_its_size() -> void:
	_welcome("s1", false)
	same(_text(5), Protocol.Outcome.GAP)
	same(protocol.problem, "3 messages are missing before number 5")


func test_a_message_that_cannot_be_read_counts_as_one() -> void:
	_welcome("s1", false)
	same(protocol.read(hex("c1")), Protocol.Outcome.UNREADABLE)
	same(protocol.read(_frame({"type": "dance", "seq": 3})), Protocol.Outcome.UNREADABLE)
	same(protocol.problem, "there is no message type 'dance'")
	same(_text(4), Protocol.Outcome.TAKEN)


func test_what_was_not_accepted_is_sent_again_in_its_order() -> void:
	for number: int in 3:
		protocol.keep({"type": "event", "id": "e%d" % number})
	protocol.read(_frame({"type": "accepted", "ids": ["e1"]}))
	same(protocol.to_resend(), [{"type": "event", "id": "e0"}, {"type": "event", "id": "e2"}] as Array[Dictionary])
	same(protocol.waiting_count(), 2)
	same([protocol.is_waiting("e0"), protocol.is_waiting("e1")], [true, false])


func test_a_new_session_counts_from_the_beginning() -> void:
	_welcome("s1", false)
	for number: int in range(2, 9):
		_text(number)
	_welcome("s2", false)
	same([protocol.session, protocol.seq], ["s2", 1])
	same(_text(2), Protocol.Outcome.TAKEN)


func test_a_resumed_session_goes_on_counting() -> void:
	_welcome("s1", false)
	_text(2)
	protocol.read(_frame(_welcome_message("s1", true, 3)))
	same(_text(4), Protocol.Outcome.TAKEN)


func test_a_keyed_event_that_waits_gives_way_to_the_next_of_its_key_and_scope() -> void:
	var first := {"type": "event", "id": "e1", "key": "place"}
	var elsewhere := {"type": "event", "id": "e2", "key": "place", "npc": "a"}
	var next := {"type": "event", "id": "e3", "key": "place"}
	for event: Dictionary in [first, elsewhere, next]:
		protocol.replace_keyed(event)
		protocol.keep(event)
	same(protocol.to_resend(), [elsewhere, next] as Array[Dictionary])


func test_too_many_waiting_cost_the_oldest_event_and_no_line() -> void:
	protocol.keep({"type": "say", "id": "line"})
	for number: int in Protocol.MAX_UNACCEPTED - 1:
		same(protocol.keep({"type": "event", "id": "e%d" % number}), [] as Array[Dictionary])
	same(protocol.keep({"type": "event", "id": "last"}), [{"type": "event", "id": "e0"}] as Array[Dictionary])
	same([protocol.is_waiting("line"), protocol.is_waiting("e0"), protocol.is_waiting("last")], [true, false, true])


func test_leaving_an_npc_withdraws_what_waits_for_it() -> void:
	protocol.open_messages["a"] = {"type": "open", "npc": "a"}
	protocol.keep({"type": "say", "id": "l1", "npc": "a"})
	protocol.keep({"type": "say", "id": "l2", "npc": "b"})
	protocol.forget_npc("a")
	same(protocol.to_resend(), [{"type": "say", "id": "l2", "npc": "b"}] as Array[Dictionary])


func test_a_refused_open_is_the_oldest_unanswered_one() -> void:
	for npc: String in ["a", "b", "c"]:
		protocol.expect_open(npc)
	protocol.read(
		_frame({"type": "opened", "npc": "a", "character": "x", "name": "X", "language": "", "opening": false})
	)
	same([protocol.refused_open(), protocol.refused_open(), protocol.refused_open()], ["b", "c", ""])


func _welcome(session: String, is_resumed: bool) -> void:
	same(protocol.read(_frame(_welcome_message(session, is_resumed, 1))), Protocol.Outcome.TAKEN)


func _welcome_message(session: String, is_resumed: bool, seq: int) -> Dictionary:
	var welcome := {"type": "welcome", "protocol": 1, "session": session, "resumed": is_resumed, "seq": seq}
	welcome.merge({"server": "s", "backend": "b", "model": "m", "max_message_bytes": 1024})
	return welcome


func _text(seq: int) -> Protocol.Outcome:
	return protocol.read(_frame({"type": "text", "npc": "a", "turn": "t", "at": 0, "text": "x", "seq": seq}))


func _frame(message: Dictionary) -> PackedByteArray:
	return MessagePack.new().encode(message)
