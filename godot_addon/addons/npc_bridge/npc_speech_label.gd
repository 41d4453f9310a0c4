@tool
@icon("icons/npc_speech_label.svg")
class_name NpcSpeechLabel
extends RichTextLabel
## Shows what an NPC says, letter by letter, and fires each cue when the letters have reached its place.
##
## Text appears as fast as it is read and not as it arrives: pauses at punctuation, waits when the model
## is slower, and catches up when it is far ahead. What the model wrote is only ever text, never BBCode.

const Typewriter := preload("core/typewriter.gd")
const Text := preload("editor/text.gd")
## How often the bridge is told how much was shown, in seconds.
const SEEN_EVERY_S := 0.5
## A place that no text reaches; what is there comes when all was shown.
const BEHIND_THE_END := 1 << 40

## A reply begins to be shown.
signal typing_started(turn_id: String)
## More of the reply is visible now, for the sound of a voice.
signal typed(text: String)
## All of the reply was shown.
signal typing_finished(turn_id: String)

## The NPC whose words are shown. Empty: the nearest [NpcCharacter] in the scene tree.
@export var character: NpcCharacter:
	set(value):
		if character != value:
			_part()
			character = value
			_join(character)
## Letters a second.
@export_range(5, 200, 1, "or_greater") var letters_per_second := 40.0:
	set(value):
		letters_per_second = value
		_typewriter.speed = value
## Pause after the end of a sentence, in seconds.
@export_range(0, 2, 0.01) var sentence_pause := 0.3:
	set(value):
		sentence_pause = value
		_typewriter.sentence_pause_s = value
## Pause after a comma and the like, in seconds.
@export_range(0, 1, 0.01) var clause_pause := 0.12:
	set(value):
		clause_pause = value
		_typewriter.clause_pause_s = value
## Type faster when more than this many seconds of text wait; 0: never.
@export_range(0, 30, 0.1) var catch_up_after := 6.0:
	set(value):
		catch_up_after = value
		_typewriter.catch_up_s = value
## The input action that shows the rest at once; empty: none.
@export var skip_action: StringName = &"ui_accept"
## How long a reply stays before the next one of the same NPC replaces it, in seconds.
@export_range(0, 10, 0.1) var hold_between_turns := 0.8
## Seconds after which a finished reply is cleared; 0: it stays.
@export_range(0, 60, 0.5) var clear_after := 0.0

var _typewriter := Typewriter.new()
var _turn := ""
var _waiting: Array[Dictionary] = []
var _rest_s := 0.0
var _since_seen_s := 0.0
var _seen := 0
var _laid_out := 0
var _is_deaf := false
var _is_announced := false


func _init() -> void:
	_typewriter.catch_up_s = catch_up_after
	# A line that is not complete yet breaks where the complete one will: no word jumps to the next line.
	visible_characters_behavior = TextServer.VC_CHARS_AFTER_SHAPING
	bbcode_enabled = false


func _ready() -> void:
	if Engine.is_editor_hint():
		return
	if character == null:
		character = NpcCharacter.nearest_to(self)
	visible_characters = 0
	clear()


func _exit_tree() -> void:
	if not Engine.is_editor_hint():
		_part()


func _enter_tree() -> void:
	if not Engine.is_editor_hint():
		_join(character)


func _process(delta: float) -> void:
	if Engine.is_editor_hint() or not _turn:
		return
	if _typewriter.is_finished():
		# The end may come when the last letter has long been there.
		_finish_if_done()
		_rest(delta)
		return
	_type(delta)


func _unhandled_input(event: InputEvent) -> void:
	if skip_action and is_typing() and InputMap.has_action(skip_action):
		if event.is_action_pressed(skip_action):
			skip()
			get_viewport().set_input_as_handled()


## Show all of the reply at once; cues on the way are reached in their order.
func skip() -> void:
	_typewriter.skip()
	if _turn:
		_type(0.0)


## Stop here: what was not shown yet is dropped, and its cues are never reached.
func cut() -> void:
	_waiting.clear()
	# What the bridge sent before it heard of it belongs to nobody.
	_is_deaf = true
	if _turn:
		_typewriter.cut()
		_lay_out_again()
		_finish_if_done()


## Forget all at once: nothing of it was ever said.
func wipe() -> void:
	_waiting.clear()
	_typewriter.clear()
	_turn = ""
	_is_deaf = true
	_laid_out = 0
	clear()


## Whether a reply is being typed.
func is_typing() -> bool:
	return _turn != "" and not _typewriter.is_finished()


## Whether an earlier reply than this one is still being typed.
func is_behind(turn_id: String) -> bool:
	return is_typing() and _turn != turn_id


## How many characters of this turn were shown; -1 if it is not the one being shown.
func shown_of(turn_id: String) -> int:
	if turn_id == _turn and _turn:
		return _typewriter.shown
	for waiting: Dictionary in _waiting:
		if waiting["turn"] == turn_id:
			return 0
	return -1


func _get_configuration_warnings() -> PackedStringArray:
	if character == null and NpcCharacter.nearest_to(self) == null:
		return PackedStringArray(
			[Text.of("Set 'character', or put this label near an NpcCharacter in the scene tree.")]
		)
	return PackedStringArray()


func _type(delta: float) -> void:
	var before := _typewriter.shown
	var reached := _typewriter.advance(delta)
	if _typewriter.shown == before and not reached and not _typewriter.is_complete:
		# Between two letters, which at 60 frames a second is every other frame.
		_since_seen_s += delta
		return
	if _typewriter.shown >= _laid_out:
		_lay_out()
	for cue: Dictionary in reached:
		# Whoever looks at the label when a cue fires sees the text up to the cue, and no more.
		visible_characters = cue["shown"]
		if is_instance_valid(character):
			character.reach(cue)
	if _typewriter.shown != before:
		visible_characters = _typewriter.shown
		typed.emit(_typewriter.text.substr(before, _typewriter.shown - before))
	_report_seen(delta)
	_finish_if_done()


func _finish_if_done() -> void:
	if not _typewriter.is_finished() or _is_announced:
		return
	_is_announced = true
	_rest_s = 0.0
	_tell_seen()
	typing_finished.emit(_turn)


## After the last letter: let the next reply wait a little, then show it, or clear this one.
func _rest(delta: float) -> void:
	_rest_s += delta
	if _waiting:
		if _rest_s >= hold_between_turns:
			_begin_next()
	elif clear_after > 0.0 and _rest_s >= clear_after:
		_turn = ""
		clear()


func _begin_next() -> void:
	var next: Dictionary = _waiting.pop_front()
	var turn_id: String = next["turn"]
	_begin(turn_id)
	for part: Variant in next["parts"]:
		_add(part)
	if next["is_complete"]:
		_complete()


func _begin(turn_id: String) -> void:
	_turn = turn_id
	_typewriter.clear()
	_is_announced = false
	_seen = 0
	_since_seen_s = 0.0
	clear()
	_laid_out = 0
	visible_characters = 0
	typing_started.emit(turn_id)


func _complete() -> void:
	_typewriter.complete()
	_lay_out()


func _add_or_keep(part: Variant) -> void:
	if _is_deaf:
		return
	if _waiting:
		var parts: Array = _waiting[-1]["parts"]
		parts.append(part)
	else:
		_add(part)


func _add(part: Variant) -> void:
	if part is Dictionary:
		var cue: Dictionary = part
		_typewriter.add_cue(cue)
	else:
		var piece: String = part
		_typewriter.add_text(piece)


## Hand the text to the engine, all that is there, when the letters have come to the end of what it has.
## Each addition makes it lay out the whole text again, which costs more than everything else here.
func _lay_out() -> void:
	if _laid_out < _typewriter.text.length():
		add_text(_typewriter.text.substr(_laid_out))
		_laid_out = _typewriter.text.length()


func _lay_out_again() -> void:
	clear()
	_laid_out = 0
	_lay_out()
	visible_characters = _typewriter.shown


func _report_seen(delta: float) -> void:
	_since_seen_s += delta
	if _since_seen_s >= SEEN_EVERY_S:
		_tell_seen()


func _tell_seen() -> void:
	_since_seen_s = 0.0
	if is_instance_valid(character) and _typewriter.shown > _seen:
		_seen = _typewriter.shown
		character.report_seen(_turn, _seen)


func _on_turn_started(turn_id: String, _cause: String) -> void:
	_is_deaf = false
	var is_void: bool = character.turn.get("replaces", "") != ""
	if turn_id == _turn and not _waiting:
		# The bridge tells it once more, because the connection was lost: nobody reads it twice.
		var before := _typewriter.shown
		_begin(turn_id)
		_typewriter.go_on_from(before)
		visible_characters = before
	elif is_void:
		# What stands there counts as never said.
		_waiting.clear()
		_begin(turn_id)
	elif is_typing() or (_turn and _rest_s < hold_between_turns):
		_waiting.append({"turn": turn_id, "parts": [], "is_complete": false})
	else:
		_waiting.clear()
		_begin(turn_id)


func _on_text_arrived(piece: String, _at: int) -> void:
	if not _waiting and not _is_deaf:
		_typewriter.text += piece
	else:
		_add_or_keep(piece)


func _on_cue_arrived(cue: Dictionary) -> void:
	_add_or_keep(cue)


func _on_exit_arrived(exit: Dictionary) -> void:
	# The game takes over then, so it waits for the last letter, wherever the model wrote it.
	_add_or_keep(exit.merged({"at": BEHIND_THE_END, "place": exit["at"]}, true))


func _on_turn_ended(turn_id: String, reason: String) -> void:
	if reason == "interrupted" and turn_id == _turn:
		cut()
	elif _waiting:
		_waiting[-1]["is_complete"] = true
	elif turn_id == _turn:
		_complete()


func _join(speaker: NpcCharacter) -> void:
	if speaker == null or Engine.is_editor_hint() or not is_inside_tree():
		return
	if speaker.turn_started.is_connected(_on_turn_started):
		return
	speaker.attach(self)
	speaker.turn_started.connect(_on_turn_started)
	speaker.text_arrived.connect(_on_text_arrived)
	speaker.cue_arrived.connect(_on_cue_arrived)
	speaker.exit_arrived.connect(_on_exit_arrived)
	speaker.turn_ended.connect(_on_turn_ended)


func _part() -> void:
	# The NPC may be gone before the node that follows it.
	if not is_instance_valid(character) or Engine.is_editor_hint():
		return
	if not character.turn_started.is_connected(_on_turn_started):
		return
	character.detach(self)
	character.turn_started.disconnect(_on_turn_started)
	character.text_arrived.disconnect(_on_text_arrived)
	character.cue_arrived.disconnect(_on_cue_arrived)
	character.exit_arrived.disconnect(_on_exit_arrived)
	character.turn_ended.disconnect(_on_turn_ended)
