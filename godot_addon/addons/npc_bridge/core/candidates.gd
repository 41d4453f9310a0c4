@tool
## Replies side by side, as they come in, until one is chosen.
extends RefCounted

## The fields of the turn that they belong to.
var turn := {}
## The replies: each has its [code]text[/code] and its [code]parts[/code], pieces of text and cues in their order.
var replies: Array[Dictionary] = []


func _init(turn_started: Dictionary) -> void:
	turn = turn_started
	var count: int = turn["n"]
	for _reply: int in clampi(count, 1, 64):
		replies.append({"text": "", "parts": []})


## The reply that a message belongs to; empty when there is none of its number.
func reply_of(message: Dictionary) -> Dictionary:
	var at: int = message.get("index", 0)
	return replies[at] if at >= 0 and at < replies.size() else {}


## Take in a piece of text.
func add_text(message: Dictionary) -> void:
	var reply := reply_of(message)
	if reply:
		reply["text"] += str(message["text"])
		_parts_of(reply).append(message["text"])


## Take in a cue.
func add_cue(message: Dictionary) -> void:
	var reply := reply_of(message)
	if reply:
		_parts_of(reply).append(message)


## What each of them says.
func texts() -> PackedStringArray:
	var found := PackedStringArray()
	for reply: Dictionary in replies:
		found.append(str(reply["text"]))
	return found


func _parts_of(reply: Dictionary) -> Array:
	return reply["parts"]
