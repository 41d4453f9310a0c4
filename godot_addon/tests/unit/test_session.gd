extends "res://tests/suite.gd"

const Session := preload("res://addons/npc_bridge/net/session.gd")
const Connection := preload("res://addons/npc_bridge/net/connection.gd")
const MessagePack := preload("res://addons/npc_bridge/core/msgpack_codec.gd")


## A connection without a socket: keeps what was sent.
class Wire:
	extends Connection
	var frames: Array[PackedByteArray] = []

	func send(frame: PackedByteArray) -> bool:
		frames.append(frame)
		return true

	func lose() -> void:
		state = State.WAITING
		changed.emit(state, 1006, "")


var wire := Wire.new(RandomNumberGenerator.new())
var session := Session.new(wire)
var heard: Array = []


func test_a_new_session_is_told_what_stands_then_opens_then_what_waited() -> void:
	_set_up()
	session.post({"type": "say", "npc": "a", "text": "Hi"})
	session.open({"type": "open", "npc": "a", "character": "brom"}, _hear)
	session.post({"type": "hold"})
	_welcome(false)
	same(_sent(), ["open a", "say a", "hold"])
	session.read(session.protocol.write({"type": "accepted", "ids": ["run-1", "run-2"], "seq": 2}))
	wire.lose()
	_welcome(false)
	same(_sent(), ["hold", "open a"])


func test_a_resumed_session_opens_only_who_came_meanwhile_and_closes_who_left() -> void:
	_set_up()
	for npc: String in ["a", "b", "c"]:
		session.open({"type": "open", "npc": npc, "character": "brom"}, _hear)
	_welcome(false)
	same(_sent(), ["open a", "open b", "open c"])
	wire.lose()
	session.leave("b")
	session.leave("c")
	session.open({"type": "open", "npc": "c", "character": "mira"}, _hear)
	session.open({"type": "open", "npc": "d", "character": "brom"}, _hear)
	_welcome(true)
	same(_sent(), ["close b", "close c", "open c", "open d"])


func test_turns_are_lost_when_the_session_is_not_resumed_and_not_when_it_is() -> void:
	_set_up()
	var lost: Array = []
	session.turns_lost.connect(func() -> void: lost.append(true))
	_welcome(false)
	wire.lose()
	session.wait(Session.RESUME_GRACE_S - 1.0)
	_welcome(true)
	same(lost, [])
	wire.lose()
	_welcome(false)
	same(lost, [true])
	wire.lose()
	session.wait(Session.RESUME_GRACE_S + 1.0)
	same(lost, [true, true])


func test_a_question_that_the_connection_did_not_outlive_comes_to_nothing() -> void:
	expected_logs = ["the connection broke before the bridge had answered"]
	_set_up()
	_welcome(false)
	var answers: Array = []
	var ask := func() -> void: answers.append(await session.ask({"type": "save"}))
	ask.call()
	same([_sent(), answers], [["save"], []])
	wire.lose()
	same(answers, [{}])


func test_a_question_is_answered_by_the_message_of_its_id() -> void:
	_set_up()
	_welcome(false)
	var answers: Array = []
	var ask := func() -> void: answers.append(await session.ask({"type": "save"}))
	ask.call()
	session.read(session.protocol.write({"type": "saved", "id": "somebody else's", "seq": 2}))
	session.read(session.protocol.write({"type": "saved", "id": "run-1", "blob": PackedByteArray([7]), "seq": 3}))
	same(answers.map(func(saved: Dictionary) -> PackedByteArray: return saved["blob"]), [PackedByteArray([7])])


func test_a_load_lets_go_of_what_was_said_before_and_is_heard_by_every_npc() -> void:
	_set_up()
	session.open({"type": "open", "npc": "a", "character": "brom"}, _hear)
	_welcome(false)
	session.post({"type": "say", "npc": "a", "text": "before"})
	session.post({"type": "hold"})
	session.ask({"type": "load"})
	session.post({"type": "say", "npc": "a", "text": "after"})
	session.read(session.protocol.write({"type": "loaded", "id": "run-3", "seq": 2}))
	same(session.protocol.waiting_ids(), ["run-4"] as Array[String])
	same(heard.map(func(message: Dictionary) -> String: return message["type"]), ["loaded"])
	_sent()
	wire.lose()
	_welcome(false)
	same(_sent(), ["open a", "say a"])


func test_an_npc_that_can_do_something_else_is_opened_with_it_again() -> void:
	_set_up()
	session.open({"type": "open", "npc": "a", "character": "brom", "clips": []}, _hear)
	_welcome(false)
	session.declare("a", {"clips": [{"name": "nod"}]})
	same(_sent(), ["open a", "declare a"])
	same(session.protocol.open_messages["a"]["clips"], [{"name": "nod"}])


func _set_up() -> void:
	session.use(MessagePack.new(), "run")


func _welcome(is_resumed: bool) -> void:
	var message := {
		"type": "welcome", "protocol": 1, "session": "s", "resumed": is_resumed, "server": "", "backend": ""
	}
	message.merge({"model": "", "max_message_bytes": 65536, "seq": session.protocol.seq if is_resumed else 1})
	session.read(session.protocol.write(message))


func _hear(message: Dictionary) -> bool:
	heard.append(message)
	return false


## What was sent since the last time: type and NPC.
func _sent() -> Array:
	var found: Array = []
	for frame: PackedByteArray in wire.frames:
		var message := MessagePack.new().decode(frame)
		found.append(("%s %s" % [message["type"], message.get("npc", "")]).strip_edges())
	wire.frames.clear()
	return found
