@tool
## One attempt at a websocket: the engine's [WebSocketPeer] with the limits that this protocol needs.
##
## A new one for each attempt is simplest, since limits are fixed when connecting. What does not fit
## into the outbound buffer waits here, because the engine would print an error and drop it.
extends RefCounted

## Both buffers, in bytes: room for a saved state of hundreds of NPCs. The engine's own 64 KiB silently drops what a
## burst does not leave room for.
const BUFFER_BYTES := 1 << 22
## How many packets the engine holds between two frames of the game.
const MAX_PACKETS := 16384
## How often the engine asks whether the bridge still lives.
const HEARTBEAT_S := 10.0
## How much may wait here for a bridge that does not read.
const MAX_WAITING_BYTES := 4 << 20
## How large one frame to the bridge may be.
const MAX_FRAME_BYTES := BUFFER_BYTES >> 1

## How many bytes were received.
var bytes_in := 0
## How many bytes were sent.
var bytes_out := 0

var _peer := WebSocketPeer.new()
var _is_binary: bool
var _waiting: Array[PackedByteArray] = []
var _waiting_bytes := 0


func _init(is_binary: bool) -> void:
	_is_binary = is_binary
	_peer.inbound_buffer_size = BUFFER_BYTES
	_peer.outbound_buffer_size = BUFFER_BYTES
	_peer.max_queued_packets = MAX_PACKETS
	_peer.heartbeat_interval = HEARTBEAT_S


## Begin to connect; [method poll] goes on with it. False if the address makes no sense.
func open(url: String, subprotocol: String) -> bool:
	# The engine prints an error of its own for anything else.
	if not url.begins_with("ws://") and not url.begins_with("wss://"):
		return false
	_peer.supported_protocols = PackedStringArray([subprotocol])
	return _peer.connect_to_url(url) == OK


## Let the engine read and write; call it every frame.
func poll() -> void:
	_peer.poll()
	if _waiting and is_open():
		_flush()


## Whether messages can be sent.
func is_open() -> bool:
	return _peer.get_ready_state() == WebSocketPeer.STATE_OPEN


## Whether it is over; [method close_code] says why.
func is_closed() -> bool:
	return _peer.get_ready_state() == WebSocketPeer.STATE_CLOSED


## How the connection ended: a code of the protocol, or -1 when none came.
func close_code() -> int:
	return _peer.get_close_code()


## What the bridge said when it closed.
func close_reason() -> String:
	return _peer.get_close_reason()


## The next frame that came in; empty when there is none.
func receive() -> PackedByteArray:
	if _peer.get_available_packet_count() == 0:
		return PackedByteArray()
	var frame := _peer.get_packet()
	bytes_in += frame.size()
	return frame


## Whether [method receive] has something.
func has_frame() -> bool:
	return _peer.get_available_packet_count() > 0


## Send a frame, now or when there is room. False if it is too large or too much waits already.
func send(frame: PackedByteArray) -> bool:
	if frame.size() > MAX_FRAME_BYTES:
		return false
	if _waiting_bytes + frame.size() > MAX_WAITING_BYTES:
		return false
	_waiting.append(frame)
	_waiting_bytes += frame.size()
	_flush()
	return true


## How many bytes wait for room.
func waiting_bytes() -> int:
	return _waiting_bytes


## End the connection; go on polling until it [method is_closed].
func close(code: int, reason: String) -> void:
	_peer.close(code, reason)


func _flush() -> void:
	var sent := 0
	for frame: PackedByteArray in _waiting:
		# A frame costs up to 14 bytes more than it holds, and the engine's ring keeps one free.
		if _peer.get_current_outbound_buffered_amount() + frame.size() + 64 > BUFFER_BYTES:
			break
		var mode := WebSocketPeer.WRITE_MODE_BINARY if _is_binary else WebSocketPeer.WRITE_MODE_TEXT
		if _peer.send(frame, mode) != OK:
			break
		bytes_out += frame.size()
		_waiting_bytes -= frame.size()
		sent += 1
	_waiting = _waiting.slice(sent)
