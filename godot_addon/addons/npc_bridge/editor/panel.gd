@tool
## The panel at the bottom of the editor: state of the bridge, characters, a test chat, unmapped actions.
extends HBoxContainer

const Bridge := preload("../npc_bridge.gd")
const Text := preload("text.gd")
const TestChat := preload("test_chat.gd")
const ClipMapper := preload("clip_mapper.gd")
const CastList := preload("cast_list.gd")
const Clips := preload("../core/clips.gd")

const _COLOURS := {
	Bridge.State.OFFLINE: Color.GRAY,
	Bridge.State.STARTING: Color.GOLD,
	Bridge.State.CONNECTING: Color.GOLD,
	Bridge.State.READY: Color.LIME_GREEN,
	Bridge.State.WAITING: Color.ORANGE,
	Bridge.State.REFUSED: Color.ORANGE_RED,
}

## The editor's own connection; the game has another.
var bridge := Bridge.new()
## The test chat.
var chat: TestChat
## The characters that there are.
var cast: CastList
## The unmapped actions.
var mapper := ClipMapper.new()
## The NPCs of the scene that is being edited; set by the plugin.
var find_npcs := func() -> Array[NpcCharacter]: return []

var _dot := Label.new()
var _state := Label.new()
var _start := Button.new()
var _characters := ItemList.new()
var _log := RichTextLabel.new()
var _line := LineEdit.new()
var _actions := ItemList.new()
var _map := MenuButton.new()
var _npcs: Array[NpcCharacter] = []


func _init() -> void:
	name = "NPC Bridge"
	custom_minimum_size = Vector2(0, 220)
	add_child(bridge)
	chat = TestChat.new(bridge)
	cast = CastList.new(bridge)
	_add_left()
	_add_chat()
	_add_actions()
	bridge.state_changed.connect(_on_state_changed)
	chat.changed.connect(func(_entry: Dictionary) -> void: _show_chat())
	chat.unmapped.connect(mapper.note)
	chat.replied.connect(ask_unmapped)
	cast.changed.connect(_show_cast)
	mapper.changed.connect(_show_actions)
	_show_cast()
	_on_state_changed(bridge.state, 0, "")


## Start a bridge of the editor's own, or end it.
func toggle_bridge() -> void:
	if bridge.state == Bridge.State.OFFLINE or bridge.state == Bridge.State.REFUSED:
		bridge.autostart = true
		bridge.start()
	else:
		bridge.stop()


## Connect to a bridge that runs already, at the address of the project settings.
func connect_bridge() -> void:
	bridge.stop()
	bridge.autostart = false
	bridge.start()


## Talk with this character. It can play what the NPC of the edited scene with that character can.
func talk_with(character: String) -> void:
	var clips: Array[Dictionary] = []
	for npc: NpcCharacter in _find_npcs():
		if npc.character == character:
			clips = npc.declared_clips()
	chat.entries.clear()
	chat.begin(character, clips)
	_show_chat()
	_line.editable = true
	_line.grab_focus()


## Ask the bridge which actions have no clip: it counts those of all games, over restarts.
func ask_unmapped() -> void:
	if bridge.is_ready():
		var stats: Dictionary = await bridge.stats()
		var counted: Array = stats.get("unmapped", [])
		mapper.take(counted)


## Put the command for the chosen action into the clipboard.
func copy_command() -> String:
	var action := _chosen_action()
	var command := mapper.command_for(action) if action else ""
	if command and DisplayServer.has_feature(DisplayServer.FEATURE_CLIPBOARD):
		DisplayServer.clipboard_set(command)
	return command


## What the chat shows, as text.
func chat_text() -> String:
	return _log.get_parsed_text()


func _add_left() -> void:
	var column := _column(220)
	var row := HBoxContainer.new()
	_dot.text = "●"
	_state.size_flags_horizontal = Control.SIZE_EXPAND_FILL
	_state.text_overrun_behavior = TextServer.OVERRUN_TRIM_ELLIPSIS
	row.add_child(_dot)
	row.add_child(_state)
	column.add_child(row)
	var buttons := HBoxContainer.new()
	_start.pressed.connect(toggle_bridge)
	buttons.add_child(_start)
	buttons.add_child(_button("Connect", connect_bridge, "Connect to a bridge that runs already"))
	column.add_child(buttons)
	column.add_child(_heading("Characters"))
	_characters.size_flags_vertical = Control.SIZE_EXPAND_FILL
	_characters.tooltip_text = Text.of("Double-click to talk with one")
	_characters.item_activated.connect(func(at: int) -> void: talk_with(_characters.get_item_text(at)))
	column.add_child(_characters)


func _add_chat() -> void:
	var column := _column(420)
	column.size_flags_horizontal = Control.SIZE_EXPAND_FILL
	column.add_child(_heading("Test chat"))
	_log.size_flags_vertical = Control.SIZE_EXPAND_FILL
	_log.scroll_following = true
	_log.selection_enabled = true
	column.add_child(_log)
	var row := HBoxContainer.new()
	_line.placeholder_text = Text.of("Say something, or /event_name")
	_line.size_flags_horizontal = Control.SIZE_EXPAND_FILL
	_line.editable = false
	_line.text_submitted.connect(_on_line_submitted)
	row.add_child(_line)
	row.add_child(_button("Interrupt", func() -> void: chat.interrupt(), "Stop the reply that is under way"))
	column.add_child(row)


func _add_actions() -> void:
	var column := _column(260)
	column.add_child(_heading("Unmapped actions"))
	_actions.size_flags_vertical = Control.SIZE_EXPAND_FILL
	_actions.tooltip_text = Text.of("What NPCs wanted to do and have no clip for, here and in the running game")
	column.add_child(_actions)
	var buttons := HBoxContainer.new()
	column.add_child(buttons)
	_map.text = Text.of("Map to…")
	_map.flat = false
	_map.tooltip_text = Text.of("Writes the clip map of an NPC of this scene")
	_map.about_to_popup.connect(_fill_map)
	_map.get_popup().index_pressed.connect(_on_map_chosen)
	buttons.add_child(_map)
	buttons.add_child(_button("Copy command", copy_command, "For a terminal: writes it into the file of the character"))
	buttons.add_child(_button("Refresh", ask_unmapped, "Ask the bridge what it has counted"))


func _column(width: int) -> VBoxContainer:
	var column := VBoxContainer.new()
	column.custom_minimum_size.x = width
	add_child(column)
	return column


func _heading(text: String) -> Label:
	var label := Label.new()
	label.text = Text.of(text)
	return label


func _button(text: String, pressed: Callable, hint: String) -> Button:
	var button := Button.new()
	button.text = Text.of(text)
	button.tooltip_text = Text.of(hint)
	button.pressed.connect(pressed)
	return button


func _find_npcs() -> Array[NpcCharacter]:
	var found: Array[NpcCharacter] = []
	var all: Array = find_npcs.call()
	found.assign(all)
	return found


func _on_state_changed(state: Bridge.State, _code: int, reason: String) -> void:
	_dot.modulate = _COLOURS[state]
	var texts := {
		Bridge.State.OFFLINE: Text.of("No bridge"),
		Bridge.State.STARTING: Text.of("The bridge is starting…"),
		Bridge.State.CONNECTING: Text.of("Connecting…"),
		Bridge.State.WAITING: Text.of("No connection"),
		Bridge.State.REFUSED: Text.of("Refused"),
	}
	var backend: Variant = bridge.welcome.get("model", "")
	_state.text = texts.get(state, Text.of("Connected: %s") % backend)
	_state.tooltip_text = reason
	var is_off := state == Bridge.State.OFFLINE or state == Bridge.State.REFUSED
	_start.text = Text.of("Start bridge") if is_off else Text.of("Stop")
	if reason:
		_state.text += " – " + reason
	if state == Bridge.State.READY:
		ask_unmapped.call_deferred()


func _show_cast() -> void:
	_characters.clear()
	for id: String in cast.ids:
		_characters.add_item(id)


func _show_chat() -> void:
	_log.clear()
	for entry: Dictionary in chat.entries:
		match entry["kind"]:
			"said":
				_paragraph("> %s" % entry["text"], Color.LIGHT_SKY_BLUE)
			"error":
				_paragraph(str(entry["text"]), Color.ORANGE_RED)
			"reply":
				if entry["note"]:
					_paragraph(str(entry["note"]), Color.GOLDENROD)
				_paragraph(str(entry["text"]).replace("  ", " ").strip_edges(), Color.WHITE)
				if entry.has("reason"):
					_paragraph("%s · %s" % [entry["reason"], TestChat.figures_of(entry)], Color.GRAY)


## Never as BBCode: it holds what a model wrote.
func _paragraph(text: String, colour: Color) -> void:
	_log.push_color(colour)
	_log.add_text(text)
	_log.pop()
	_log.newline()


func _show_actions() -> void:
	_actions.clear()
	for action: String in mapper.sorted():
		var near := ", ".join(mapper.suggestions_of(action))
		_actions.add_item("%s  ×%d%s" % [action, mapper.actions[action], "  → %s ?" % near if near else ""])
		_actions.set_item_metadata(_actions.item_count - 1, action)


func _on_line_submitted(text: String) -> void:
	_line.clear()
	if text.begins_with("/"):
		chat.tell(text.substr(1).strip_edges())
	else:
		chat.say(text)


func _fill_map() -> void:
	var popup := _map.get_popup()
	popup.clear()
	_npcs = _find_npcs()
	for index: int in _npcs.size():
		popup.add_separator(str(_npcs[index].resolved_id()))
		for animation: String in Clips.playable(_npcs[index].clip_source):
			popup.add_item(animation)
			popup.set_item_metadata(popup.item_count - 1, [index, animation])
	if popup.item_count == 0:
		popup.add_item(Text.of("Open a scene with an NpcCharacter that has a clip source"))
		popup.set_item_disabled(0, true)


func _on_map_chosen(index: int) -> void:
	var chosen: Array = _map.get_popup().get_item_metadata(index)
	var action := _chosen_action()
	var npc_at: int = chosen[0]
	if action:
		mapper.map_to(action, str(chosen[1]), _npcs[npc_at])


## The action that is selected, else the first; empty when there is none.
func _chosen_action() -> String:
	var at := _actions.get_selected_items()
	if at.is_empty() and _actions.item_count > 0:
		at = PackedInt32Array([0])
	return str(_actions.get_item_metadata(at[0])) if at else ""
