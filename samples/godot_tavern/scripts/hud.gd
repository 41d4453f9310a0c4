class_name TavernHud
extends Control
## What the player reads and presses besides the room: the line to type in, the buttons for events, and
## what the bridge is doing.

const GOOD := Color("8fd07a")
const WAITING := Color("f2c14e")
const AWAY := Color("e08a6a")

## The player has said something.
signal said(words: String)
## The player wants to be heard: begins to type a line, or presses Escape in it.
signal silence_wanted
## A button was pressed; events of events.toml.
signal event_chosen(event: String)
## F5 was pressed.
signal save_wanted
## F9 was pressed.
signal load_wanted

var _has_words := false

@onready var line: LineEdit = $Bottom/Row/Line
@onready var _whom: Label = $Bottom/Row/Whom
@onready var _state: Label = $Facts/Rows/State/Value
@onready var _dot: Panel = $Facts/Rows/State/Dot
@onready var _model: Label = $Facts/Rows/Model/Value
@onready var _first: Label = $Facts/Rows/First/Value
@onready var _cached: Label = $Facts/Rows/Cached/Value
@onready var _cue: Label = $Facts/Rows/Cue/Value
@onready var _note: Label = $Facts/Rows/Note
@onready var _news: Label = $News
@onready var _buttons: HBoxContainer = $Bottom/Row/Events


func _ready() -> void:
	for button: Button in _buttons.get_children():
		button.pressed.connect(_on_button_pressed.bind(str(button.name)))
	line.text_submitted.connect(_on_text_submitted)
	line.text_changed.connect(_on_text_changed)
	line.gui_input.connect(_on_line_input)
	NpcBridge.state_changed.connect(_on_state_changed)
	NpcBridge.message_received.connect(_on_message_received)
	_show_state()


func _unhandled_key_input(event: InputEvent) -> void:
	var key := event as InputEventKey
	if key.pressed and not key.echo and key.keycode in [KEY_F5, KEY_F9]:
		(save_wanted if key.keycode == KEY_F5 else load_wanted).emit()
		get_viewport().set_input_as_handled()
		return
	if event.is_action_pressed("ui_text_submit"):
		line.grab_focus()
		if line.has_method("edit"):  # Godot 4.4 and later
			line.call("edit")
		get_viewport().set_input_as_handled()


func _process(_delta: float) -> void:
	_show_state()


## Whether keys go into the line.
func is_typing() -> bool:
	return line.has_focus()


## Say whom the next line goes to.
func address(guest: String) -> void:
	_whom.text = guest
	line.placeholder_text = tr("Say something to %s …  (Enter)") % guest


## Say for a moment what the game has done; a key of text/tavern.csv.
func announce(news: String) -> void:
	_news.text = tr(news)
	_news.modulate.a = 1.0
	var fade := create_tween()
	fade.tween_interval(1.6)
	fade.tween_property(_news, "modulate:a", 0.0, 0.5)


## What was announced last.
func announced() -> String:
	return _news.text


## Show what somebody did.
func show_cue(guest: String, action: String) -> void:
	_cue.text = "%s · %s" % [guest, action]


## A button stays down while its event goes on.
func hold_button(event: String, is_held: bool) -> void:
	var button: Button = _buttons.get_node(event)
	button.set_pressed_no_signal(is_held)


func _show_state() -> void:
	if NpcBridge.is_ready():
		_state.text = tr("connected")
		_dot.self_modulate = GOOD
		_model.text = str(NpcBridge.welcome.get("model", ""))
	else:
		var is_hopeful := NpcBridge.state in [NpcBridge.State.STARTING, NpcBridge.State.CONNECTING]
		_state.text = tr(NpcBridge.state_name())
		_dot.self_modulate = WAITING if is_hopeful else AWAY
		_model.text = tr("authored lines")


func _on_state_changed(_state_now: int, _code: int, _reason: String) -> void:
	_show_state()


func _on_message_received(message: Dictionary) -> void:
	match message["type"]:
		"turn_started":
			if message["note"]:
				var lines: PackedStringArray = str(message["note"]).split("\n")
				_note.text = " ".join(lines.slice(1) if lines.size() > 1 else lines)
		"turn_ended":
			_show_figures(message)


func _show_figures(turn: Dictionary) -> void:
	# An authored line, such as an opening, has no figures: no model was asked.
	if turn.get("prompt_tokens", -1) <= 0:
		return
	if turn.get("first_text_ms", -1.0) >= 0.0:
		_first.text = "%d ms" % roundi(turn["first_text_ms"])
	_cached.text = "%d / %d" % [maxi(0, turn.get("cached_tokens", 0)), turn["prompt_tokens"]]


func _on_button_pressed(event: String) -> void:
	line.release_focus()
	event_chosen.emit(event)


func _on_text_submitted(words: String) -> void:
	line.clear()
	_has_words = false
	line.release_focus()
	if words.strip_edges():
		said.emit(words.strip_edges())


func _on_text_changed(words: String) -> void:
	# Not the first letter: an input method commits several at once.
	if words and not _has_words:
		silence_wanted.emit()
	_has_words = not words.is_empty()


func _on_line_input(event: InputEvent) -> void:
	if event.is_action_pressed("ui_cancel"):
		line.release_focus()
		line.accept_event()
		silence_wanted.emit()
