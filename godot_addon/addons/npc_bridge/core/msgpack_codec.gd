@tool
## Messages as MessagePack, one in a binary frame.
##
## Every length is checked against the bytes that are left before it is used, because the engine gives
## uninitialised bytes for what lies past the end. A bad frame costs that frame: nothing is printed,
## nothing is raised, and [member problem] says what was wrong with it.
extends RefCounted

const Utf8 := preload("utf8.gd")

## What this codec is called when the connection is made.
const SUBPROTOCOL := "npc-bridge.v1.msgpack"
## Whether a frame is binary and not text.
const IS_BINARY := true
## How many maps and lists may be inside one another, the message being the first.
const MAX_DEPTH := 32

## Why the last [method decode] gave nothing; empty when it gave a message.
var problem := ""

var _bytes := PackedByteArray()
var _at := 0
var _out := StreamPeerBuffer.new()


func _init() -> void:
	_out.big_endian = true


## The bytes of a message. Values that the wire does not know go out as nil; see [code]plain.gd[/code].
func encode(message: Dictionary) -> PackedByteArray:
	_out.clear()
	_put(message)
	return _out.data_array


## The message of a frame; empty when it is not one, and then [member problem] says why.
func decode(frame: PackedByteArray) -> Dictionary:
	problem = ""
	_bytes = frame
	_at = 0
	var value: Variant = _take(0)
	if not problem and _at < frame.size():
		problem = "the message has %d bytes after its end" % (frame.size() - _at)
	if not problem and not value is Dictionary:
		problem = "the message is not a map"
	_bytes = PackedByteArray()
	if problem:
		return {}
	return value


func _take(depth: int) -> Variant:
	if _at >= _bytes.size():
		problem = "the message is cut short"
		return null
	var head := _bytes[_at]
	_at += 1
	if head < 0x80:
		return head
	if head >= 0xE0:
		return head - 0x100
	if head < 0x90:
		return _take_map(head & 0x0F, depth)
	if head < 0xA0:
		return _take_list(head & 0x0F, depth)
	if head < 0xC0:
		return _take_text(head & 0x1F)
	return _take_long(head, depth)


func _take_long(head: int, depth: int) -> Variant:
	match head:
		0xC0:
			return null
		0xC2:
			return false
		0xC3:
			return true
		0xC4, 0xC5, 0xC6:
			return _take_bytes(_take_unsigned(1 << (head - 0xC4)))
		0xCA, 0xCB:
			return _take_float(4 if head == 0xCA else 8)
		0xCC, 0xCD, 0xCE, 0xCF:
			return _take_unsigned(1 << (head - 0xCC))
		0xD0, 0xD1, 0xD2, 0xD3:
			return _take_signed(1 << (head - 0xD0))
		0xD9, 0xDA, 0xDB:
			return _take_text(_take_unsigned(1 << (head - 0xD9)))
		0xDC, 0xDD:
			return _take_list(_take_unsigned(2 << (head - 0xDC)), depth)
		0xDE, 0xDF:
			return _take_map(_take_unsigned(2 << (head - 0xDE)), depth)
	problem = "the message holds a kind of value that has no meaning here (0x%x)" % head
	return null


func _has(count: int) -> bool:
	if count >= 0 and count <= _bytes.size() - _at and not problem:
		return true
	if not problem:
		problem = "the message is cut short"
	return false


func _take_unsigned(width: int) -> int:
	if not _has(width):
		return 0
	var value := 0
	for offset: int in width:
		value = value << 8 | _bytes[_at + offset]
	_at += width
	if value < 0:
		problem = "the message holds a number of more than 63 bits"
	return value


func _take_signed(width: int) -> int:
	if not _has(width):
		return 0
	var value := 0
	for offset: int in width:
		value = value << 8 | _bytes[_at + offset]
	_at += width
	var unused := 64 - width * 8
	return value << unused >> unused


func _take_float(width: int) -> float:
	if not _has(width):
		return 0.0
	var octets := _bytes.slice(_at, _at + width)
	octets.reverse()
	_at += width
	var value := octets.decode_float(0) if width == 4 else octets.decode_double(0)
	if not is_finite(value):
		problem = "the message holds a number that is not finite"
	return value


func _take_bytes(count: int) -> PackedByteArray:
	if not _has(count):
		return PackedByteArray()
	_at += count
	return _bytes.slice(_at - count, _at)


func _take_text(count: int) -> String:
	if not _has(count):
		return ""
	var octets := _bytes.slice(_at, _at + count)
	_at += count
	if not Utf8.is_valid(octets):
		problem = "the message holds text that is not UTF-8"
		return ""
	return Utf8.text_of(octets)


func _take_list(count: int, depth: int) -> Array:
	var list := []
	# Each value needs a byte at least, so a count past the end is a lie, and costs nothing.
	if not _has(count) or _is_too_deep(depth):
		return list
	for _index: int in count:
		list.append(_take(depth + 1))
		if problem:
			break
	return list


func _take_map(count: int, depth: int) -> Dictionary:
	var map := {}
	if not _has(count) or _is_too_deep(depth):
		return map
	for _index: int in count:
		var key: Variant = _take(depth + 1)
		if not problem and not key is String:
			problem = "the message holds a map with a key that is not text"
		if problem:
			break
		map[key] = _take(depth + 1)
		if problem:
			break
	return map


func _is_too_deep(depth: int) -> bool:
	if depth < MAX_DEPTH:
		return false
	problem = "the message is nested deeper than %d levels" % MAX_DEPTH
	return true


func _put(value: Variant) -> void:
	match typeof(value):
		TYPE_BOOL:
			_out.put_u8(0xC3 if value else 0xC2)
		TYPE_INT:
			var number: int = value
			_put_int(number)
		TYPE_FLOAT:
			_out.put_u8(0xCB)
			var number: float = value
			_out.put_double(number)
		TYPE_STRING, TYPE_STRING_NAME:
			var octets := str(value).to_utf8_buffer()
			_put_head(octets.size(), 0xA0, 31, 0xD9, 0xDA)
			_out.put_data(octets)
		TYPE_PACKED_BYTE_ARRAY:
			var octets: PackedByteArray = value
			_put_head(octets.size(), 0, -1, 0xC4, 0xC5)
			_out.put_data(octets)
		TYPE_DICTIONARY:
			var map: Dictionary = value
			_put_map(map)
		TYPE_ARRAY:
			var list: Array = value
			_put_head(list.size(), 0x90, 15, -1, 0xDC)
			for item: Variant in list:
				_put(item)
		_:
			_out.put_u8(0xC0)


func _put_map(map: Dictionary) -> void:
	_put_head(map.size(), 0x80, 15, -1, 0xDE)
	for key: Variant in map:
		_put(str(key))
		_put(map[key])


## How long what follows is: in the head itself up to [param most], else in 1, 2 or 4 bytes.
func _put_head(count: int, short: int, most: int, head_8: int, head_16: int) -> void:
	if count <= most:
		_out.put_u8(short | count)
	elif count < 0x100 and head_8 >= 0:
		_out.put_u8(head_8)
		_out.put_u8(count)
	elif count < 0x10000:
		_out.put_u8(head_16)
		_out.put_u16(count)
	else:
		_out.put_u8(head_16 + 1)
		_out.put_u32(count)


func _put_int(value: int) -> void:
	if value >= 0:
		_put_unsigned(value)
	elif value >= -0x20:
		_out.put_u8(value & 0xFF)
	elif value >= -0x80:
		_out.put_u8(0xD0)
		_out.put_8(value)
	elif value >= -0x8000:
		_out.put_u8(0xD1)
		_out.put_16(value)
	elif value >= -0x80000000:
		_out.put_u8(0xD2)
		_out.put_32(value)
	else:
		_out.put_u8(0xD3)
		_out.put_64(value)


func _put_unsigned(value: int) -> void:
	if value < 0x80:
		_out.put_u8(value)
	elif value < 0x100:
		_out.put_u8(0xCC)
		_out.put_u8(value)
	elif value < 0x10000:
		_out.put_u8(0xCD)
		_out.put_u16(value)
	elif value < 0x100000000:
		_out.put_u8(0xCE)
		_out.put_u32(value)
	else:
		_out.put_u8(0xCF)
		_out.put_u64(value)
