@tool
## What the bridge can say, field by field, and what a game must not exceed; see docs/protocol.md.
extends RefCounted

## The version of the protocol that this addon speaks.
const PROTOCOL := 1
## How long a player's line may be.
const MAX_SAY_CHARS := 8000
## How many clips an NPC may declare.
const MAX_CLIPS := 512
## How many other names a clip may have.
const MAX_ALIASES := 64
## How many targets an NPC may declare.
const MAX_TARGETS := 256
## How many other names a target may have.
const MAX_TARGET_ALIASES := 32
## How many replies can be offered side by side.
const MAX_CANDIDATES := 4

## Close codes that the same game, trying again, would get again.
const FINAL_CLOSE_CODES: Array[int] = [4000, 4001, 4002, 4003, 4004, 4009]

## Fields that must be there, by message type.
const REQUIRED := {
	"welcome":
	{
		"protocol": TYPE_INT,
		"session": TYPE_STRING,
		"resumed": TYPE_BOOL,
		"server": TYPE_STRING,
		"backend": TYPE_STRING,
		"model": TYPE_STRING,
		"max_message_bytes": TYPE_INT,
	},
	"opened":
	{
		"npc": TYPE_STRING,
		"character": TYPE_STRING,
		"name": TYPE_STRING,
		"language": TYPE_STRING,
		"opening": TYPE_BOOL,
	},
	"accepted": {"ids": TYPE_ARRAY},
	"turn_started": {"npc": TYPE_STRING, "turn": TYPE_STRING, "cause": TYPE_STRING},
	"text": {"npc": TYPE_STRING, "turn": TYPE_STRING, "at": TYPE_INT, "text": TYPE_STRING},
	"cue":
	{
		"npc": TYPE_STRING,
		"turn": TYPE_STRING,
		"at": TYPE_INT,
		"clip": TYPE_STRING,
		"action": TYPE_STRING,
	},
	"exit": {"npc": TYPE_STRING, "turn": TYPE_STRING, "exit": TYPE_STRING},
	"turn_ended": {"npc": TYPE_STRING, "turn": TYPE_STRING, "reason": TYPE_STRING, "chars": TYPE_INT},
	"saved": {"id": TYPE_STRING},
	"loaded": {"id": TYPE_STRING},
	"forgotten": {"id": TYPE_STRING},
	"gathered": {"id": TYPE_STRING, "group": TYPE_STRING, "npcs": TYPE_ARRAY},
	"dispersed": {"id": TYPE_STRING, "group": TYPE_STRING},
	"notice": {"code": TYPE_STRING, "message": TYPE_STRING},
	"stats": {"id": TYPE_STRING},
	"closed": {"npc": TYPE_STRING},
	"error": {"code": TYPE_STRING, "message": TYPE_STRING},
}

## Fields that may be there, and what they are when they are not.
const OPTIONAL := {
	"welcome": {"characters": [], "npcs": [], "timeline": 0},
	"opened": {"remembered": 0, "last_line": ""},
	"turn_started": {"answers": [], "note": "", "replaces": "", "n": 1, "group": ""},
	"text": {"index": 0},
	"cue": {"target": "", "score": -1.0, "reason": "", "state": "final", "id": 0, "index": 0},
	"exit": {"at": 0},
	"turn_ended":
	{
		"prompt_tokens": -1,
		"cached_tokens": -1,
		"completion_tokens": -1,
		"first_text_ms": -1.0,
		"total_ms": 0.0,
		"code": "",
		"message": "",
		"retry": false,
		"backend": "",
		"cost_usd": -1.0,
		"spent_usd": -1.0,
	},
	"saved": {"slot": ""},
	"loaded": {"slot": "", "npcs": [], "timeline": 0},
	"forgotten": {"conversations": 0, "lines": 0, "events": 0, "slots": 0},
	"notice": {"npc": "", "player": ""},
	"stats": {"session": {}, "characters": [], "players": [], "backends": [], "budgets": [], "unmapped": []},
	"error": {"retry": false, "re": ""},
}

## How many fields a text has that is no candidate.
const _TEXT_FIELDS := 6


## What is wrong with a message of the bridge; empty when nothing is. Afterwards every field of the
## protocol is there with its type, and [code]seq[/code] is 0 if it was missing.
static func flaw_in(message: Dictionary) -> String:
	var type: Variant = message.get("type")
	if type is String and type == "text" and _is_sound_text(message):
		return ""
	var required: Variant = REQUIRED.get(type)
	if required == null:
		return "there is no message type '%s'" % str(message.get("type")).left(40)
	for field: String in required:
		var wanted: int = required[field]
		if not _fits(message, field, wanted):
			return "field '%s' of '%s' is missing or of the wrong kind" % [field, message["type"]]
	var optional: Dictionary = OPTIONAL.get(message["type"], {})
	for field: String in optional:
		if message.get(field) == null:
			message[field] = optional[field]
		elif not _fits(message, field, typeof(optional[field])):
			return "field '%s' of '%s' is of the wrong kind" % [field, message["type"]]
	if message["type"] == "saved":
		message["blob"] = message.get("blob", PackedByteArray())
		if not message["blob"] is PackedByteArray:
			return "field 'blob' of 'saved' is not binary"
	if not message.has("seq"):
		message["seq"] = 0
	return "" if _fits(message, "seq", TYPE_INT) else "field 'seq' is not a whole number"


## The short way for the message that comes most often; anything unusual takes the long one.
static func _is_sound_text(message: Dictionary) -> bool:
	if message.size() > _TEXT_FIELDS:
		return false
	if not (message.get("text") is String and message.get("npc") is String and message.get("turn") is String):
		return false
	var at: Variant = message.get("at")
	var seq: Variant = message.get("seq")
	if at is float and seq is float:
		var place: float = at
		var number: float = seq
		if place != floorf(place) or number != floorf(number) or place < 0.0 or number < 0.0 or number > 9.0e15:
			return false
		message["at"] = int(place)
		message["seq"] = int(number)
		return place <= 9.0e15
	return _fits(message, "at", TYPE_INT) and _fits(message, "seq", TYPE_INT)


## Whether the type is one that a bridge of this protocol sends.
static func is_known(message: Dictionary) -> bool:
	return REQUIRED.has(message.get("type"))


static func _fits(message: Dictionary, field: String, wanted: int) -> bool:
	var value: Variant = message.get(field)
	var kind := typeof(value)
	if wanted == TYPE_INT:
		if kind == TYPE_FLOAT:
			var number: float = value
			if number != floorf(number) or absf(number) > 9.0e15:
				return false
			value = int(number)
			message[field] = value
		elif kind != TYPE_INT:
			return false
		var whole: int = value
		return whole >= 0
	if wanted == TYPE_FLOAT:
		return kind == TYPE_FLOAT or kind == TYPE_INT
	return kind == wanted
