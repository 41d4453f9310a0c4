@tool
## A talk with one character, without a game: for the panel. Keeps what the NPC said and did, what it was
## told, and what each reply cost.
extends RefCounted

const Bridge := preload("../npc_bridge.gd")
const Text := preload("text.gd")

## What the test player is called.
const PLAYER := "Developer"

## Something came in; [param entry] is new or has grown. Its [code]kind[/code] is [code]said[/code],
## [code]reply[/code] or [code]error[/code].
signal changed(entry: Dictionary)
## An action came that no clip fits.
signal unmapped(action: String)
## A reply is complete.
signal replied

## Everything so far, oldest first.
var entries: Array[Dictionary] = []

var _bridge: Bridge
var _npc := ""
var _chats := 0


func _init(bridge: Bridge) -> void:
	_bridge = bridge
	_bridge.turns_lost.connect(_on_turns_lost)


## Talk with this character from now on; it can play these clips.
func begin(character: String, clips: Array[Dictionary]) -> void:
	end()
	_chats += 1
	_npc = "editor_%s_%d" % [character, _chats]
	var player := {"name": PLAYER}
	_bridge.open({"type": "open", "npc": _npc, "character": character, "player": player, "clips": clips}, _receive)


## Leave the talk; its entries stay until the next one.
func end() -> void:
	if _npc:
		_bridge.leave(_npc)
	_npc = ""


## Whether there is somebody to talk with.
func is_open() -> bool:
	return _npc != ""


## Say something to the character.
func say(text: String) -> void:
	if not _npc or not text.strip_edges():
		return
	_add({"kind": "said", "text": text})
	_bridge.post({"type": "say", "npc": _npc, "text": text})


## Tell the character that something happened.
func tell(event_name: String) -> void:
	if _npc and event_name:
		_add({"kind": "said", "text": "[%s]" % event_name})
		_bridge.tell(event_name, {}, {"npc": _npc})


## Stop the reply that is under way.
func interrupt() -> void:
	_bridge.send_now({"type": "interrupt", "npc": _npc})


## One line on what a reply cost: tokens, cached tokens, times.
static func figures_of(entry: Dictionary) -> String:
	var parts := PackedStringArray()
	var first_ms: float = entry.get("first_text_ms", -1.0)
	var total_ms: float = entry.get("total_ms", -1.0)
	if first_ms >= 0.0:
		parts.append(Text.of("first text %d ms") % first_ms)
	if total_ms >= 0.0:
		parts.append("%d ms" % total_ms)
	var prompt: int = entry.get("prompt_tokens", -1)
	var cached: int = entry.get("cached_tokens", -1)
	if prompt >= 0:
		parts.append(Text.of("%d tokens read") % prompt)
	if cached >= 0:
		parts.append(Text.of("%d of them cached") % cached)
	var written: int = entry.get("completion_tokens", -1)
	if written >= 0:
		parts.append(Text.of("%d tokens written") % written)
	return " · ".join(parts)


func _receive(message: Dictionary) -> void:
	if message.get("npc") != _npc:
		return
	match message["type"]:
		"turn_started":
			_add({"kind": "reply", "turn": message["turn"], "note": message["note"], "text": "", "actions": []})
		"text":
			var entry := _entry_of(message)
			entry["text"] += str(message["text"])
			changed.emit(entry)
		"cue":
			_take_cue(message)
		"turn_ended":
			var entry := _entry_of(message)
			entry.merge(message)
			changed.emit(entry)
			replied.emit()
		"error":
			_add({"kind": "error", "text": message["message"]})


func _take_cue(cue: Dictionary) -> void:
	if cue["state"] in ["provisional", "withdrawn"] or cue["reason"] == "thinking":
		return
	var entry := _entry_of(cue)
	var clip: String = cue["clip"]
	var action: String = cue["action"]
	# In the text as an author would write it, so that the place can be seen.
	var shown := clip if clip else "?"
	if cue["target"]:
		shown += " @ " + str(cue["target"])
	entry["text"] += " (%s → %s) " % [action, shown]
	var actions: Array = entry["actions"]
	actions.append(cue)
	changed.emit(entry)
	if not clip:
		unmapped.emit(action)


func _entry_of(message: Dictionary) -> Dictionary:
	for index: int in range(entries.size() - 1, -1, -1):
		if entries[index].get("turn") == message["turn"]:
			return entries[index]
	return {"text": "", "actions": []}


func _on_turns_lost() -> void:
	if _npc:
		_add({"kind": "error", "text": Text.of("the connection was lost")})


func _add(entry: Dictionary) -> void:
	entries.append(entry)
	changed.emit(entry)
