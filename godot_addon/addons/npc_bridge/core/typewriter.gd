@tool
## Decides how much of a text is shown at what time, and which cues have been reached.
##
## Knows no node and no clock: text, cues and seconds come in, a count of characters and the reached
## cues come out. Positions are code points from 0, as on the wire and as Godot counts them.
extends RefCounted

## After these the speaker draws breath.
const SENTENCE_ENDS := ".!?…。！？"
## After these the speaker pauses a little.
const CLAUSE_ENDS := ",;:—，、；："
const _CLOSERS := "\"'”’»)）」』】"
const _SPACES := " \n\t"

## Characters a second.
var speed := 40.0
## Pause after the end of a sentence, in seconds.
var sentence_pause_s := 0.3
## Pause after a comma and the like, in seconds.
var clause_pause_s := 0.12
## Type faster when more than this many seconds of text wait; 0: never.
var catch_up_s := 0.0

## The text so far.
var text := ""
## How many characters are shown.
var shown := 0
## Whether no more text will come.
var is_complete := false

var _cues: Array[Dictionary] = []
var _budget_s := 0.0
var _breaks := PackedInt32Array()
var _breaks_of := -1
var _breaks_from := 0
var _is_skipping := false
var _shown_before := -1


## Begin again with nothing.
func clear() -> void:
	text = ""
	shown = 0
	is_complete = false
	_cues.clear()
	_budget_s = 0.0
	_breaks_of = -1
	_is_skipping = false
	_shown_before = -1


## Begin again with a text of which this much was shown before, its cues included.
func go_on_from(place: int) -> void:
	clear()
	shown = place
	_shown_before = place


## The next piece of the text.
func add_text(piece: String) -> void:
	text += piece


## A cue at its place [code]at[/code], which may be ahead of the text that has come in. One that confirms or
## withdraws a cue that was not reached yet takes its place, or takes it away.
func add_cue(cue: Dictionary) -> void:
	var place: int = cue.get("at", 0)
	if place <= _shown_before:
		return
	var id: int = cue.get("id", 0)
	var state: String = cue.get("state", "final")
	if id > 0 and (state == "confirmed" or state == "withdrawn"):
		for index: int in _cues.size():
			if _cues[index].get("id", 0) == id:
				if state == "confirmed":
					_cues[index] = cue
				else:
					_cues.remove_at(index)
				return
	_cues.append(cue)


## The text ends here; cues that lie behind its end are reached at its end.
func complete() -> void:
	is_complete = true


## Forget what was not shown yet, text and cues: the speaker was cut short.
func cut() -> void:
	text = text.left(shown)
	_breaks_of = -1
	_cues.clear()
	is_complete = true


## Show at once all there is and all that will come.
func skip() -> void:
	_is_skipping = true


## Whether all was shown and no more will come.
func is_finished() -> bool:
	return is_complete and shown >= text.length() and _cues.is_empty()


## Whether there is something left to show now.
func is_behind() -> bool:
	return shown < text.length() or not _cues.is_empty()


## Let time pass. Gives the cues that were reached, in order; each has [code]shown[/code], the number of
## characters that were visible when it was reached.
func advance(delta_s: float) -> Array[Dictionary]:
	var reached: Array[Dictionary] = []
	if _cues:
		reached = _take_reached()
	if _is_skipping:
		while shown < text.length():
			shown = mini(_next_stop(), text.length())
			reached.append_array(_take_reached())
		reached.append_array(_take_reached())
		return reached
	_budget_s += delta_s
	var length := text.length()
	var haste := _haste()
	var letter_s := haste / maxf(speed, 0.001)
	# Not zero, or sums of tenths would type one letter too many.
	while shown < length and _budget_s > 1.0e-9:
		var from := shown
		var code := text.unicode_at(from)
		var is_small_letter := code == 0x20 or (code >= 0x61 and code < 0x7B)
		if is_small_letter and from + 1 < length and text.unicode_at(from + 1) < 0x300:
			# Nearly all of a text: nothing joins it, and no pause follows it.
			shown = from + 1
			_budget_s -= letter_s
		else:
			shown = _next_break()
			_budget_s -= letter_s + haste * _pause_s(from)
		if _cues:
			reached.append_array(_take_reached())
	if shown >= text.length():
		# Waiting for text earns no credit, or the next piece would appear in one go.
		_budget_s = minf(_budget_s, 0.0)
	return reached


## Where the next cue is, for jumping from one to the next.
func _next_stop() -> int:
	for cue: Dictionary in _cues:
		var at: int = cue["at"]
		if at > shown:
			return at
	return text.length()


func _take_reached() -> Array[Dictionary]:
	var reached: Array[Dictionary] = []
	var is_at_end := is_complete and shown >= text.length()
	while _cues:
		var at: int = _cues[0]["at"]
		if at > shown and not is_at_end:
			break
		var cue: Dictionary = _cues.pop_front()
		cue["shown"] = shown
		reached.append(cue)
	return reached


## Where the next visible character ends: what the player sees as one, such as a flag or an emoji with a
## skin tone, is never shown in parts.
func _next_break() -> int:
	# Asking the engine costs as much as everything else here, and most text needs no asking.
	var next := shown + 1
	if _stands_alone(text.unicode_at(shown)) and (next >= text.length() or _stands_alone(text.unicode_at(next))):
		return next
	if _breaks_of != text.length() or shown < _breaks_from:
		# Only what is not shown yet: the whole text again for each piece would grow with its square.
		var tail := text.substr(shown)
		_breaks = TextServerManager.get_primary_interface().string_get_character_breaks(tail)
		_breaks_from = shown
		_breaks_of = text.length()
	var index := _breaks.bsearch(shown - _breaks_from, false)
	var place := _breaks_from + _breaks[index] if index < _breaks.size() else text.length()
	return maxi(next, mini(place, text.length()))


## Whether this code point never joins with its neighbours: Latin letters and Chinese characters do not.
func _stands_alone(code: int) -> bool:
	return code < 0x300 or (code >= 0x3041 and code < 0xA000 and code != 0x3099 and code != 0x309A)


## By how much everything is shortened because too much text waits: 1 when nothing is.
func _haste() -> float:
	if catch_up_s <= 0.0:
		return 1.0
	var waiting_s := (text.length() - shown) / maxf(speed, 0.001)
	return 1.0 / maxf(1.0, waiting_s / catch_up_s)


func _pause_s(from: int) -> float:
	var code := text.unicode_at(from)
	# Letters, digits and spaces: nearly all of a text.
	if (
		code == 0x20
		or (code >= 0x30 and code < 0x3A)
		or (code >= 0x40 and code < 0x80)
		or (code >= 0x3041 and code < 0xA000)
	):
		return 0.0
	var next := text[shown] if shown < text.length() else ""
	# A closing quote belongs to what was said: the pause comes after it.
	if next and next in _CLOSERS:
		return 0.0
	var mark := text[from - 1] if from > 0 and text[from] in _CLOSERS else text[from]
	var is_wide := mark.unicode_at(0) > 0x2000
	# "3.5" and "12:30" are said in one breath; "?!" and "..." make one pause.
	if next and ((not is_wide and next not in _SPACES) or next in SENTENCE_ENDS):
		return 0.0
	if mark in SENTENCE_ENDS:
		return sentence_pause_s
	return clause_pause_s if mark in CLAUSE_ENDS else 0.0
