@tool
## This game's side of its session with the bridge: who gets which message, what waits for an answer, and
## what has to be told again after the connection was lost.
extends RefCounted


## Somebody waits for the answer to a message.
class Question:
	extends RefCounted
	## The answer came; empty: it will not come.
	signal answered(message: Dictionary)


const Protocol := preload("../core/protocol.gd")
const MessagePack := preload("../core/msgpack_codec.gd")
const Json := preload("../core/json_codec.gd")
const Standing := preload("../core/standing.gd")
const Connection := preload("connection.gd")

## How long a turn waits for its session to be resumed before it counts as lost, in seconds: as long as the
## bridge keeps a session by default.
const RESUME_GRACE_S := 60.0

## Every message of the bridge as it came in, before anything is done with it.
signal received(message: Dictionary)
## Every message to the bridge as it went out.
signal sent(message: Dictionary)
## Something went wrong; the game goes on.
signal failed(code: String, message: String)
## The running turns are lost: the connection broke and their session cannot be resumed.
signal turns_lost
## The bridge has welcomed this game.
signal welcomed(message: Dictionary)
## A message that is not about one NPC.
signal arrived(message: Dictionary)

## Ids, sequence numbers, and what was not accepted yet.
var protocol: Protocol

var _connection: Connection
var _receivers := {}
var _asked_by := {}
var _questions := {}
var _refused_npcs := {}
var _open_there := {}
var _left_meanwhile: Array[String] = []
var _standing := Standing.new()
var _outdated: Array[String] = []
var _turns_at_risk := false
var _lost_for_s := 0.0


func _init(connection: Connection) -> void:
	_connection = connection
	_connection.read_frame = read
	_connection.changed.connect(_on_connection_changed)


## Speak with this codec from now on; it begins a new session.
func use(codec: RefCounted, id_prefix: String) -> void:
	protocol = Protocol.new(codec, id_prefix)
	_connection.is_binary = protocol.is_binary()
	_connection.subprotocol = protocol.subprotocol()


## Let time pass while there is no connection.
func wait(delta: float) -> void:
	if _turns_at_risk:
		_lost_for_s += delta
		if _lost_for_s > RESUME_GRACE_S:
			lose_turns()


## The running turns will not go on.
func lose_turns() -> void:
	if _turns_at_risk:
		_turns_at_risk = false
		turns_lost.emit()


## Open a conversation; [param receiver] gets each message about this NPC, and may return true for an
## error that it has expected.
func open(message: Dictionary, receiver: Callable) -> void:
	var npc: String = message["npc"]
	_receivers[npc] = receiver
	_refused_npcs.erase(npc)
	protocol.open_messages[npc] = message
	if _connection.is_ready():
		_send_open(message)


## Leave a conversation.
func leave(npc: String) -> void:
	if not _receivers.erase(npc):
		return
	protocol.forget_npc(npc)
	if not _connection.is_ready():
		if _open_there.has(npc):
			_left_meanwhile.append(npc)
	elif not _refused_npcs.has(npc):
		_send({"type": "close", "npc": npc})
	_open_there.erase(npc)


## This NPC can play or aim at something else now; also when it is opened again.
func declare(npc: String, fields: Dictionary) -> void:
	var open_message: Dictionary = protocol.open_messages.get(npc, {})
	open_message.merge(fields, true)
	var message := {"type": "declare", "npc": npc}
	message.merge(fields)
	send_now(message)


## Whether a conversation with this NPC is open or will be.
func is_taken(npc: String) -> bool:
	return _receivers.has(npc)


## Send what has to arrive: it is kept until the bridge has accepted it. Gives the message's id.
func post(message: Dictionary) -> String:
	var id := protocol.new_id()
	message["id"] = id
	if not _connection.is_ready() and message.get("key"):
		protocol.replace_keyed(message)
	if _is_too_large(message):
		return ""
	_standing.note(message)
	for dropped: Dictionary in protocol.keep(message):
		fail("dropped", "too much waits for the bridge; one %s was dropped" % dropped["type"], dropped)
	if _connection.is_ready():
		_send(message)
	return id


## Send what only matters now; it is dropped without a connection.
func send_now(message: Dictionary) -> void:
	if _connection.is_ready():
		_send(message)


## Send a message and wait for its answer; empty if there is none, which [signal failed] tells.
func ask(message: Dictionary) -> Dictionary:
	var id := protocol.new_id()
	message["id"] = id
	if not _connection.is_ready():
		fail("not_connected", "there is no connection to the bridge", message)
		return {}
	if _is_too_large(message):
		return {}
	if message["type"] == "load":
		_outdated = protocol.waiting_ids()
	var question := Question.new()
	_questions[id] = question
	_send(message)
	return await question.answered


## As [method post], and wait until the answer is there.
func post_and_wait(message: Dictionary) -> Dictionary:
	var id := post(message)
	if not id:
		return {}
	var question := Question.new()
	_questions[id] = question
	return await question.answered


## Nobody will get an answer any more.
func give_up() -> void:
	for id: String in _questions.keys():
		_answer(id, {})


## Take a frame that came in.
func read(frame: PackedByteArray) -> void:
	var outcome := protocol.read(frame)
	if outcome == Protocol.Outcome.TAKEN:
		_take(protocol.message)
		return
	match outcome:
		Protocol.Outcome.UNREADABLE:
			warn("unreadable", "the bridge sent what this addon cannot read: %s" % protocol.problem)
		Protocol.Outcome.GAP:
			warn("messages_lost", "%s; connecting again" % protocol.problem)
			_connection.reconnect(1002, protocol.problem)


## Say that a message came to nothing, to everyone and to the NPC that it was about.
func fail(code: String, text: String, message: Dictionary) -> void:
	warn(code, text)
	var npc := str(message.get("npc", ""))
	if npc:
		var error := {"type": "error", "code": code, "message": text, "retry": false, "npc": npc}
		error["re"] = message.get("id", message["type"])
		_hand_over(npc, error)


## Say that something went wrong.
func warn(code: String, text: String) -> void:
	push_warning("NPC Bridge: %s (%s)" % [text, code])
	failed.emit(code, text)


func _take(message: Dictionary) -> void:
	received.emit(message)
	var type: String = message["type"]
	if type == "text":
		# Most of all messages, so nothing else is looked at.
		var receiver: Variant = _receivers.get(message["npc"])
		if receiver != null:
			var callable: Callable = receiver
			callable.call(message)
		return
	match type:
		"welcome":
			_greet(message)
		"error":
			_take_error(message)
		"accepted":
			for id: Variant in message["ids"]:
				_asked_by.erase(id)
				_answer(str(id), message)
		"loaded":
			_take_loaded(message)
		"saved", "forgotten", "gathered", "dispersed", "stats", "notice":
			arrived.emit(message)
			_answer(str(message.get("id", "")), message)
		_:
			var npc: String = message["npc"]
			_hand_over(npc, message)


func _answer(id: String, message: Dictionary) -> void:
	_asked_by.erase(id)
	var question: Question = _questions.get(id)
	if question != null:
		_questions.erase(id)
		question.answered.emit(message)


## True if the receiver has expected this.
func _hand_over(npc: String, message: Dictionary) -> bool:
	var receiver: Variant = _receivers.get(npc)
	if receiver == null:
		return false
	var callable: Callable = receiver
	return callable.is_valid() and callable.call(message) == true


func _greet(message: Dictionary) -> void:
	var is_resumed: bool = message["resumed"]
	if is_resumed:
		_turns_at_risk = false
	else:
		lose_turns()
	welcomed.emit(message)
	# Before anyone hears of it: whoever then opens or tells something would have it sent twice.
	if is_resumed:
		for npc: String in _left_meanwhile:
			_send({"type": "close", "npc": npc})
	else:
		_open_there.clear()
		_tell_again(_standing.to_tell(true))
	_left_meanwhile.clear()
	for npc: String in protocol.open_messages:
		if not _open_there.has(npc):
			_refused_npcs.erase(npc)
			var message_of_npc: Dictionary = protocol.open_messages[npc]
			_send_open(message_of_npc)
	if not is_resumed:
		_tell_again(_standing.to_tell(false))
	for waiting: Dictionary in protocol.to_resend():
		_send(waiting)
	_turns_at_risk = true
	_connection.accept()


func _send_open(message: Dictionary) -> void:
	var npc: String = message["npc"]
	_open_there[npc] = true
	protocol.expect_open(npc)
	_send(message)


## Say once more what a new session does not know; what still waits to be accepted is sent again anyway.
func _tell_again(messages: Array[Dictionary]) -> void:
	for message: Dictionary in messages:
		var id: String = message["id"]
		if not protocol.is_waiting(id):
			message["id"] = protocol.new_id()
			_send(message)


func _take_loaded(message: Dictionary) -> void:
	# What was said before the load and never arrived belongs to the time that was left.
	for id: String in _outdated:
		protocol.forget(id)
	_outdated.clear()
	_standing.clear()
	for npc: String in _receivers.keys():
		_hand_over(npc, message)
	arrived.emit(message)
	_answer(str(message["id"]), message)


func _take_error(message: Dictionary) -> void:
	var about: String = message["re"]
	var npc := ""
	if about == "open":
		npc = protocol.refused_open()
		message["npc"] = npc
		_refused_npcs[npc] = true
		_open_there.erase(npc)
	elif _asked_by.has(about):
		npc = _asked_by[about]
	protocol.forget(about)
	var code: String = message["code"]
	var text: String = message["message"]
	if not npc or not _hand_over(npc, message):
		warn(code, text)
	_answer(about, {})


func _send(message: Dictionary) -> void:
	if message.has("id") and message.has("npc"):
		_asked_by[message["id"]] = message["npc"]
	sent.emit(message)
	if not _connection.send(protocol.write(message)):
		fail("send_failed", "a message was not sent: it is too large, or the bridge does not read", message)


func _is_too_large(message: Dictionary) -> bool:
	# Measured only when it could be: encoding twice costs more than all the rest.
	if not message.has("data") and not message.has("values"):
		return false
	var size := protocol.write(message).size()
	if size <= protocol.max_message_bytes:
		return false
	var text := "the message has %d bytes, the limit is %d" % [size, protocol.max_message_bytes]
	fail("message_too_large", text, message)
	return true


func _on_connection_changed(state: Connection.State, _code: int, _reason: String) -> void:
	if state == Connection.State.READY:
		_lost_for_s = 0.0
		return
	# What was asked and not answered yet: nobody knows whether it was heard.
	for id: String in _questions.keys():
		if not protocol.is_waiting(id):
			fail("connection_lost", "the connection broke before the bridge had answered", {"type": "", "id": id})
			_answer(id, {})
	if state == Connection.State.REFUSED or state == Connection.State.OFFLINE:
		lose_turns()
