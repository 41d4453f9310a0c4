extends RefCounted
## What the guests say when there is no bridge: lines that somebody wrote, with their gestures in
## parentheses, chosen by a few words in what the player said.

const FILE := "res://text/lines.json"

var _table := {}
var _next := {}


func _init(language: String) -> void:
	var json: JSON = load(FILE)
	var all: Dictionary = json.data
	_table = all.get(language.left(2), all["en"])


## A line of this guest for an occasion: [code]opening[/code], an event's name, or what
## [method occasion_of] found. Lines are taken in turn.
func line_for(guest: String, occasion: String) -> String:
	var lines: Dictionary = _table["guests"].get(guest, {})
	var choice: Array = lines.get(occasion, lines.get("unknown", []))
	if choice.is_empty():
		return ""
	var key := guest + "/" + occasion
	var at: int = _next.get(key, 0)
	_next[key] = at + 1
	return choice[at % choice.size()]


## What the player's words are: a greeting, a farewell, thanks, a threat, a question, or unknown.
func occasion_of(words: String) -> String:
	var said := " %s " % words.to_lower()
	var heard: Dictionary = _table["heard"]
	for occasion: String in heard:
		for sign: String in heard[occasion]:
			if said.contains(sign):
				return occasion
	return "unknown"


## What two guests say to each other: pairs of guest and line. In turn.
func small_talk() -> Array:
	var talks: Array = _table["small_talk"]
	var at: int = _next.get("small_talk", 0)
	_next["small_talk"] = at + 1
	return talks[at % talks.size()]
