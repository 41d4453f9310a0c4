@tool
@icon("icons/npc_character.svg")
class_name NpcCharacter
extends Node
## Lets an NPC talk: put this node under any NPC of your game.
##
## It opens the NPC's conversation with the bridge, declares the animations that the NPC really has, and
## turns what comes back into signals. An [NpcSpeechLabel] shows the text and an [NpcCuePlayer] plays the
## gestures; both find this node by themselves when they are near it in the scene tree.
## [codeblock]
## $Smith/NpcCharacter.say("Can you mend this sword?")
## [/codeblock]

const Bridge := preload("npc_bridge.gd")
const Clips := preload("core/clips.gd")
const Messages := preload("core/messages.gd")
const Known := preload("core/known.gd")
const Text := preload("editor/text.gd")

## The conversation is open: the NPC can be talked to.
signal opened
## The NPC begins to reply. [param cause] is what it replies to: [code]opening[/code], [code]say[/code],
## [code]continue[/code] or [code]event[/code]. More is in [member turn].
signal turn_started(turn_id: String, cause: String)
## A piece of the reply, to show at once; [param at] is its place in the reply's text.
signal text_arrived(text: String, at: int)
## A cue came in. It is reached later, when the text before it has been shown.
signal cue_arrived(cue: Dictionary)
## The player has been shown the text up to this cue: the NPC should do it now. [param clip] is one of
## the declared clips, [param action] what the model wrote, [param at] the place in the text.
signal cue_reached(clip: String, action: String, at: int)
## A cue was reached that no clip fits, or whose clip cannot be played.
signal cue_unhandled(action: String, at: int)
## The reply is over. [param reason] is [code]stop[/code], [code]length[/code],
## [code]interrupted[/code], [code]fallback[/code], [code]failed[/code], or [code]lost[/code] when the
## connection broke and the reply will not go on. Figures are in [member turn].
signal turn_ended(turn_id: String, reason: String)
## Something of this NPC went wrong; the game goes on. [param code] is stable, [param message] is for people.
signal failed(code: String, message: String)

## Who the NPC is: the id of a character file, such as [code]brom[/code] for [code]characters/brom.toml[/code].
@export var character := "":
	set(value):
		character = value
		update_configuration_warnings()
## The game's own id for this NPC, unique in the game and the same in every run. Empty: the name of the
## parent node.
@export var npc_id := ""
## What plays this NPC's animations; they are declared to the bridge as its clips. May be empty: then
## the NPC only talks.
@export var clip_source: AnimationMixer:
	set(value):
		clip_source = value
		update_configuration_warnings()
## What the model may call a clip (key) and the animation, state or one-shot that it means (value).
## Animations that are not in it are declared under their own names; map a name to nothing to hide it.
@export var clip_map := {}:
	set(value):
		clip_map = value
		update_configuration_warnings()
## The animation that the NPC returns to. It is not declared as a clip.
@export var idle_clip := "idle"
## What the NPC knows of the player before it is told.
@export_group("Player")
## The player's name.
@export var player_name := "Player"
## Tells players of the same name apart; the name when empty.
@export var player_id := ""
## What the NPC can see or knows of the player.
@export_multiline var player_description := ""
@export_group("Conversation")
## Events can be told to all NPCs of a group at once, such as [code]tavern[/code].
@export var group := ""
## The language the NPC speaks, such as [code]en[/code] or [code]zh[/code]. Empty: the project setting,
## else the game's own.
@export var language := ""
## Whether the conversation opens when this node is ready. Otherwise with the first [method say], or [method open].
@export var open_on_ready := true

## The reply that is under way, or else the last one: the fields of [code]turn_started[/code], the
## [code]text[/code] so far, and at its end the fields of [code]turn_ended[/code] with its figures.
var turn := {}
## Whether the bridge has opened the conversation.
var is_open := false
## Whether a reply is under way.
var is_talking := false
## What the bridge knows of the character: [code]name[/code], [code]language[/code].
var profile := {}

var _bridge: Bridge
var _labels: Array[Node] = []
var _resolved_id := ""
var _turn_id := ""


func _ready() -> void:
	if Engine.is_editor_hint():
		return
	_bridge = _find_bridge()
	if _bridge == null:
		_report("no_bridge", "the autoload NpcBridge is missing; enable the plugin NPC Bridge in the project settings")
		return
	_bridge.turns_lost.connect(_on_turns_lost)
	if EngineDebugger.is_active():
		# For the list of unmapped actions in the editor that runs this game.
		cue_unhandled.connect(_tell_editor)
	if open_on_ready:
		open()


func _exit_tree() -> void:
	if not Engine.is_editor_hint():
		close()


## Open the conversation, if it is not open; with an opening line the NPC begins to speak.
func open() -> void:
	if _bridge == null or _resolved_id:
		return
	var id := resolved_id()
	if not character:
		_report("no_character", "the NPC '%s' has no character; set NpcCharacter.character" % id)
		return
	if _bridge.is_taken(id):
		_report("npc_taken", "two NPCs have the id '%s'; set NpcCharacter.npc_id" % id)
		return
	_resolved_id = id
	_bridge.open(_open_message(id), _receive)


## Leave the conversation. What the NPC remembers of it stays with the bridge.
func close() -> void:
	if _bridge == null or not _resolved_id:
		return
	_bridge.leave(_resolved_id)
	_resolved_id = ""
	_lose_turn()
	is_open = false


## Say something to the NPC. It answers with a turn, now or when its present one is over; without a
## connection the line waits. Gives the line's id, empty if it was refused.
func say(text: String, speaker: String = "") -> String:
	if not text.strip_edges():
		return ""
	if text.length() > Messages.MAX_SAY_CHARS:
		_report("too_long", "a line has %d characters, the limit is %d" % [text.length(), Messages.MAX_SAY_CHARS])
		return ""
	var message := {"type": "say", "text": text}
	if speaker:
		message["player"] = speaker
	return _post(message)


## Let the NPC go on although the player says nothing.
func continue_talking() -> String:
	return _post({"type": "continue"})


## Stop the NPC in mid-sentence. What the player was not shown yet, the NPC will not remember having said.
func interrupt() -> void:
	if _bridge == null or not turn:
		return
	var message := {"type": "interrupt", "npc": _resolved_id, "turn": turn["turn"]}
	var at := shown()
	if at >= 0:
		message["at"] = at
	_bridge.send_now(message)
	for label: Node in _labels:
		label.call("cut")


## Tell this NPC that something happened; it shows in its next reply. Options as in
## [code]NpcBridge.tell[/code]. Gives the event's id.
func send_event(event_name: String, data: Dictionary = {}, options: Dictionary = {}) -> String:
	if _bridge == null:
		return ""
	open()
	var scoped := options.duplicate()
	scoped["npc"] = _resolved_id
	return _bridge.tell(event_name, data, scoped)


## The id that the bridge knows this NPC by.
func resolved_id() -> String:
	if _resolved_id:
		return _resolved_id
	if npc_id:
		return npc_id
	return str(get_parent().name) if get_parent() != null else str(name)


## How much of the present reply the player was shown, in characters; -1 without a label.
func shown() -> int:
	for label: Node in _labels:
		var at: int = label.call("shown_of", turn.get("turn", ""))
		if at >= 0:
			return at
	return -1


## The animation, state or one-shot that a clip means for this NPC; empty when it has none.
func animation_for(clip: String) -> String:
	return Clips.animation_for(clip, clip_source, clip_map)


## The clips as they are declared to the bridge.
func declared_clips() -> Array[Dictionary]:
	return Clips.declared(clip_source, clip_map, idle_clip)


## A label shows this NPC's text from now on: cues wait until it has reached them. For [NpcSpeechLabel].
func attach(label: Node) -> void:
	if label not in _labels:
		_labels.append(label)


## The label does so no more. For [NpcSpeechLabel].
func detach(label: Node) -> void:
	_labels.erase(label)


## The label has reached this cue. For [NpcSpeechLabel].
func reach(cue: Dictionary) -> void:
	var clip: String = cue["clip"]
	var at: int = cue["at"]
	cue_reached.emit(clip, cue["action"], at)
	if not clip:
		cue_unhandled.emit(cue["action"], at)


## The player was shown this turn up to here. For [NpcSpeechLabel].
func report_seen(turn_id: String, at: int) -> void:
	if _bridge != null and _resolved_id:
		_bridge.send_now({"type": "seen", "npc": _resolved_id, "turn": turn_id, "at": at})


## The character that a node belongs to: the nearest one among its parents and their children.
static func nearest_to(node: Node) -> NpcCharacter:
	var place := node.get_parent()
	while place != null:
		if place is NpcCharacter:
			return place
		for child: Node in place.get_children():
			if child is NpcCharacter:
				return child
		place = place.get_parent()
	return null


func _get_configuration_warnings() -> PackedStringArray:
	var warnings := PackedStringArray()
	if not character:
		warnings.append(
			Text.of("Set 'character' to the id of a character file, such as brom for characters/brom.toml.")
		)
	elif Known.characters and character not in Known.characters:
		var known := ", ".join(Known.characters)
		warnings.append(Text.of("The bridge knows no character '%s'. It knows: %s.") % [character, known])
	if clip_source == null:
		warnings.append(
			Text.of("Without a 'clip_source' (AnimationPlayer or AnimationTree) the NPC talks but does not move.")
		)
		return warnings
	var playable := Clips.playable(clip_source)
	if playable.is_empty():
		warnings.append(Text.of("'clip_source' has no animations yet, so the NPC has nothing to play."))
	for clip: String in Clips.broken(clip_source, clip_map):
		warnings.append(
			Text.of("The clip map says '%s' → '%s', and there is no such animation.") % [clip, clip_map[clip]]
		)
	if declared_clips().size() > Messages.MAX_CLIPS:
		warnings.append(Text.of("More than %d clips: the bridge takes only so many.") % Messages.MAX_CLIPS)
	return warnings


func _find_bridge() -> Bridge:
	return get_node_or_null("/root/NpcBridge") as Bridge


func _open_message(id: String) -> Dictionary:
	var player := {"name": player_name if player_name else "Player"}
	if player_id:
		player["id"] = player_id
	if player_description:
		player["description"] = player_description
	var message := {"type": "open", "npc": id, "character": character, "player": player}
	var clips := declared_clips()
	for clip: Dictionary in clips:
		var aliases: Array = clip["aliases"]
		clip["aliases"] = aliases.slice(0, Messages.MAX_ALIASES)
	message["clips"] = clips.slice(0, Messages.MAX_CLIPS)
	var spoken := language if language else str(Bridge.Settings.value_of(Bridge.Settings.LANGUAGE))
	message["language"] = (spoken if spoken else TranslationServer.get_locale()).replace("_", "-")
	if group:
		message["group"] = group
	return message


func _post(message: Dictionary) -> String:
	if _bridge == null:
		return ""
	open()
	if not _resolved_id:
		return ""
	message["npc"] = _resolved_id
	return _bridge.post(message)


func _receive(message: Dictionary) -> void:
	var type: String = message["type"]
	if type == "text":
		var id: String = message["turn"]
		if is_talking and id == _turn_id:
			var piece: String = message["text"]
			turn["text"] += piece
			text_arrived.emit(piece, message["at"])
		return
	match type:
		"cue":
			if message["turn"] == turn.get("turn") and is_talking:
				_take_cue(message)
		"turn_started":
			turn = message.duplicate()
			turn["text"] = ""
			_turn_id = message["turn"]
			is_talking = true
			turn_started.emit(message["turn"], message["cause"])
		"turn_ended":
			_end_turn(message)
		"opened":
			is_open = true
			profile = message
			opened.emit()
		"closed":
			is_open = false
		"error":
			failed.emit(message["code"], message["message"])


func _take_cue(cue: Dictionary) -> void:
	cue_arrived.emit(cue)
	if _labels.is_empty():
		reach(cue)


func _end_turn(message: Dictionary) -> void:
	if message["turn"] != turn.get("turn") or not is_talking:
		return
	is_talking = false
	turn.merge(message, true)
	turn_ended.emit(message["turn"], message["reason"])
	if message["reason"] == "failed":
		var code: String = message["code"]
		_report(code, "the NPC '%s' could not reply: %s" % [_resolved_id, message["message"]])


func _on_turns_lost() -> void:
	is_open = false
	_lose_turn()


func _lose_turn() -> void:
	if is_talking:
		_end_turn({"turn": turn["turn"], "reason": "lost", "chars": str(turn["text"]).length()})


func _tell_editor(action: String, _at: int) -> void:
	EngineDebugger.send_message("npc_bridge:unmapped", [action])


func _report(code: String, text: String) -> void:
	push_warning("NPC Bridge: %s (%s)" % [text, code])
	failed.emit(code, text)
