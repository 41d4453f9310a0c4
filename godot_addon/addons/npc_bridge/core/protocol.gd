@tool
## The game's side of the wire without socket and clock: which messages to send, which of those that
## came in count, and what has to be sent again when the connection was lost.
##
## An event or a line is kept until the bridge has accepted it, and sent again under the same id after
## the connection was lost: the bridge uses each id once. Messages of the bridge are numbered; one that
## was seen before is dropped, and a gap is told.
extends RefCounted

## What came of a frame that was read.
enum Outcome {
	## It counts.
	TAKEN,
	## It came a second time and was dropped.
	SEEN_BEFORE,
	## It was no message of this protocol.
	UNREADABLE,
	## Messages before it are missing.
	GAP,
}

const Messages := preload("messages.gd")
const MessagePack := preload("msgpack_codec.gd")
const Json := preload("json_codec.gd")

## How many events and lines wait for a bridge that is away; the oldest event goes first.
const MAX_UNACCEPTED := 1000

## Which version of the protocol this side speaks.
var version := Messages.PROTOCOL
## The session that the bridge gave us; empty before the first welcome.
var session := ""
## The last sequence number seen.
var seq := 0
## The message that was last read; empty unless the outcome was TAKEN.
var message := {}
## What was wrong with the last frame.
var problem := ""
## Limit of one message to the bridge, in bytes; the bridge says it in its welcome.
var max_message_bytes := 65536

## What every connection begins with, by NPC, in the order of opening.
var open_messages := {}

var _codec: RefCounted
var _encode: Callable
var _decode: Callable
var _prefix: String
var _last_id := 0
var _unaccepted := {}
var _awaiting_open: Array[String] = []


func _init(codec: RefCounted, prefix: String) -> void:
	_codec = codec
	_encode = Callable(codec, "encode")
	_decode = Callable(codec, "decode")
	_prefix = prefix


## An id that no other message of this game has: the prefix is different in every run.
func new_id() -> String:
	_last_id += 1
	return "%s-%d" % [_prefix, _last_id]


## The sub-protocol to ask for.
func subprotocol() -> String:
	return MessagePack.SUBPROTOCOL if is_binary() else Json.SUBPROTOCOL


## Whether frames are binary and not text.
func is_binary() -> bool:
	return _codec is MessagePack


## The frame of a message.
func write(outgoing: Dictionary) -> PackedByteArray:
	return _encode.call(outgoing)


## The first message of a connection.
func hello(client: String, engine: String, token: String) -> Dictionary:
	var greeting := {"type": "hello", "protocol": version, "client": client}
	greeting["engine"] = engine
	if token:
		greeting["token"] = token
	if session:
		greeting["session"] = session
		greeting["seq"] = seq
	return greeting


## Read a frame that came in. The message is in [member message] when the outcome is TAKEN, and
## [member problem] tells what was wrong with it otherwise.
func read(frame: PackedByteArray) -> Outcome:
	message = {}
	problem = ""
	var found: Dictionary = _decode.call(frame)
	problem = Messages.flaw_in(found) if found else str(_codec.get("problem"))
	if problem:
		# It had a number of its own, or the next message would look like one after a gap.
		seq += 1
		return Outcome.UNREADABLE
	var number: int = found["seq"]
	var type: String = found["type"]
	if type == "welcome":
		_begin(found)
	elif number > 0:
		if number <= seq:
			return Outcome.SEEN_BEFORE
		if number > seq + 1:
			problem = "%d messages are missing before number %d" % [number - seq - 1, number]
			return Outcome.GAP
		seq = number
	message = found
	match type:
		"accepted":
			for id: Variant in found["ids"]:
				_unaccepted.erase(id)
		"gathered", "dispersed":
			_unaccepted.erase(found["id"])
		"opened":
			_awaiting_open.erase(found["npc"])
	return Outcome.TAKEN


## Keep this message until it is accepted. A keyed event takes the place of one with the same key and
## scope that waits. Gives the messages that had to go to make room.
func keep(outgoing: Dictionary) -> Array[Dictionary]:
	var dropped: Array[Dictionary] = []
	_unaccepted[outgoing["id"]] = outgoing
	if _unaccepted.size() > MAX_UNACCEPTED:
		var oldest: String = _unaccepted.keys()[0]
		for id: String in _unaccepted:
			if _unaccepted[id]["type"] == "event":
				oldest = id
				break
		dropped.append(_unaccepted[oldest])
		_unaccepted.erase(oldest)
	return dropped


## Drop the waiting event that this one replaces: same key, same scope. Only before it was ever sent,
## because the bridge coalesces for itself.
func replace_keyed(outgoing: Dictionary) -> void:
	for id: String in _unaccepted:
		var waiting: Dictionary = _unaccepted[id]
		if (
			waiting.get("key") == outgoing.get("key")
			and waiting.get("npc") == outgoing.get("npc")
			and waiting.get("group") == outgoing.get("group")
			and waiting["type"] == "event"
		):
			_unaccepted.erase(id)
			return


## Whether this message still waits to be accepted.
func is_waiting(id: String) -> bool:
	return _unaccepted.has(id)


## Which messages wait to be accepted, in their order.
func waiting_ids() -> Array[String]:
	var ids: Array[String] = []
	ids.assign(_unaccepted.keys())
	return ids


## How many messages wait to be accepted.
func waiting_count() -> int:
	return _unaccepted.size()


## Forget a message that waits: it was refused, or the game withdrew it.
func forget(id: String) -> void:
	_unaccepted.erase(id)


## Forget every waiting line for this NPC, whose conversation was left.
func forget_npc(npc: String) -> void:
	open_messages.erase(npc)
	for id: String in _unaccepted.keys():
		var waiting: Dictionary = _unaccepted[id]
		if waiting.get("npc") == npc:
			_unaccepted.erase(id)


## Note that an [code]open[/code] for this NPC goes out; answers come in the same order.
func expect_open(npc: String) -> void:
	_awaiting_open.append(npc)


## The NPC whose [code]open[/code] an error is about: errors do not name it, but come in order.
func refused_open() -> String:
	return _awaiting_open.pop_front() if _awaiting_open else ""


## What to send again after a welcome: what was not accepted yet, in its order.
func to_resend() -> Array[Dictionary]:
	var messages: Array[Dictionary] = []
	for id: String in _unaccepted:
		messages.append(_unaccepted[id])
	return messages


func _begin(welcome: Dictionary) -> void:
	if not welcome["resumed"]:
		seq = 0
		_awaiting_open.clear()
	session = welcome["session"]
	max_message_bytes = welcome["max_message_bytes"]
	var number: int = welcome["seq"]
	seq = maxi(seq, number)
