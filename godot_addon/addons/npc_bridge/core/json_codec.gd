@tool
## Messages as compact JSON, one in a text frame.
##
## Binary goes as base64 text, which is the case for [code]blob[/code] only. Whole numbers come back as
## floats, as Godot's JSON gives them; [code]messages.gd[/code] makes the fields of the protocol whole.
extends RefCounted

const Utf8 := preload("utf8.gd")

## What this codec is called when the connection is made.
const SUBPROTOCOL := "npc-bridge.v1.json"
## Whether a frame is binary and not text.
const IS_BINARY := false
## How many maps and lists may be inside one another, the message being the first.
const MAX_DEPTH := 32

## Why the last [method decode] gave nothing; empty when it gave a message.
var problem := ""

var _json := JSON.new()
var _control := RegEx.create_from_string("[\\x{01}-\\x{1f}]")


## The bytes of a message. Values that the wire does not know must not be in it; see [code]plain.gd[/code].
func encode(message: Dictionary) -> PackedByteArray:
	if message.get("blob") is PackedByteArray:
		message = message.duplicate()
		var blob: PackedByteArray = message["blob"]
		# Marshalls prints an engine error for nothing at all.
		message["blob"] = Marshalls.raw_to_base64(blob) if blob else ""
	return _escaped(JSON.stringify(message, "", false, true)).to_utf8_buffer()


## The message of a frame; empty when it is not one, and then [member problem] says why.
func decode(frame: PackedByteArray) -> Dictionary:
	problem = ""
	# Whatever begins otherwise is no message, and a byte order mark would be read over in silence.
	if frame.is_empty() or frame[0] != 0x7B:
		problem = "the message is not valid JSON: it does not begin with a brace"
		return {}
	if not Utf8.is_valid(frame):
		problem = "the message is not UTF-8"
		return {}
	var text := Utf8.text_of(frame)
	if _json.parse(text) != OK:
		problem = "the message is not valid JSON: %s" % _json.get_error_message()
		return {}
	if not _json.data is Dictionary:
		problem = "the message is not a map"
		return {}
	var message: Dictionary = _json.data
	if text.count("{") + text.count("[") > MAX_DEPTH and not _is_flat_enough(message, 1):
		problem = "the message is nested deeper than %d levels" % MAX_DEPTH
		return {}
	if message.has("blob"):
		_take_blob(message)
	return {} if problem else message


## Godot 4.6 leaves control characters as they are, which is not JSON.
func _escaped(text: String) -> String:
	var found := _control.search_all(text)
	found.reverse()
	for each: RegExMatch in found:
		var at := each.get_start()
		text = text.left(at) + "\\u%04x" % text.unicode_at(at) + text.substr(at + 1)
	return text


func _is_flat_enough(value: Variant, depth: int) -> bool:
	if not (value is Dictionary or value is Array):
		return true
	if depth > MAX_DEPTH:
		return false
	var inner: Array = []
	if value is Dictionary:
		var map: Dictionary = value
		inner = map.values()
	else:
		inner = value
	return inner.all(func(each: Variant) -> bool: return _is_flat_enough(each, depth + 1))


func _take_blob(message: Dictionary) -> void:
	if not message["blob"] is String or not message.get("type") in ["saved", "load"]:
		return
	var text: String = message["blob"]
	# Marshalls prints an engine error for what is not base64.
	var alphabet := RegEx.create_from_string("^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$")
	if alphabet.search(text) == null:
		problem = "field 'blob' is not base64 text"
	else:
		message["blob"] = Marshalls.base64_to_raw(text) if text else PackedByteArray()
