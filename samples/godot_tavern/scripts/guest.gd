class_name TavernGuest
extends Node2D
## Somebody in the tavern to talk with: a puppet, and the addon's nodes that let it speak and move.
##
## With a bridge the words come from there. Without one they are authored lines, which [method
## NpcCharacter.speak] sends the
## same way, so that label and gestures do not know the difference.

const Authored := preload("authored.gd")

## Words and gestures are over, and what was said.
signal fell_silent(said: String)

## The guest's name, for the player; a key of text/tavern.csv.
@export var title := ""
## Which guest of text/lines.json this is.
@export var part := ""
## The character in the game's other language; empty: this guest is not there then.
@export var chinese_character := ""
## Whether the guest is there in English.
@export var speaks_english := true
## Where the words are shown.
@export var bubble: TavernBubble

## Whether the guest has said hello.
var has_met := false
## Chosen by the tavern for the game's language.
var authored: Authored

var _news := {}

@onready var character: NpcCharacter = $NpcCharacter
@onready var cues: NpcCuePlayer = $NpcCuePlayer
@onready var puppet: TavernPuppet = $Puppet


func _enter_tree() -> void:
	var speaker: NpcCharacter = $NpcCharacter
	var is_chinese := TranslationServer.get_locale().begins_with("zh")
	speaker.language = "zh" if is_chinese else "en"
	if is_chinese:
		speaker.character = chinese_character
	if not is_present():
		hide()
		process_mode = Node.PROCESS_MODE_DISABLED


func _ready() -> void:
	add_to_group("guests")
	character.player_name = tr("A traveller")
	character.cue_reached.connect(_on_cue_reached)
	# A puppet is drawn from the side and knows best how to turn.
	cues.facing = NpcCuePlayer.Facing.Way.NEVER
	cues.aimed.connect(func(target: Node2D, _cue: Dictionary) -> void: puppet.look_at_place(target.global_position))
	bubble.anchor = puppet.mouthpiece()
	bubble.introduce(tr(title))
	bubble.words.typed.connect(func(_text: String) -> void: puppet.speak())
	bubble.words.typing_finished.connect(_on_typing_finished)


func _process(delta: float) -> void:
	# The bubble follows somebody who stands up, but does not shake when they laugh.
	bubble.anchor = bubble.anchor.lerp(puppet.mouthpiece(), 1.0 - exp(-delta * 5.0))


## Whether this guest is there in the game's language.
func is_present() -> bool:
	var speaker: NpcCharacter = $NpcCharacter
	return not speaker.character.is_empty() if speaker.language == "zh" else speaks_english


## Whether the guest is speaking, or about to.
func is_busy() -> bool:
	return character.is_talking or bubble.words.is_typing()


## Begin the acquaintance: the guest says hello, once.
func meet() -> void:
	if has_met:
		return
	has_met = true
	if NpcBridge.is_ready():
		character.open()
		_tell_news()
	else:
		speak(authored.line_for(part, "opening"))


## Hear a line, of the player or of somebody else, and answer it. Who has not met the player says hello first.
func hear(words: String, speaker: String = "") -> void:
	if NpcBridge.is_ready():
		has_met = true
		_tell_news()
		character.say(words, speaker)
	else:
		speak(authored.line_for(part, authored.occasion_of(words)))


## Notice that something happened. It shows in the next answer, or at once in an answer of its own.
func notice(event: String, facts: Dictionary, reacts: bool) -> void:
	if NpcBridge.is_ready():
		if has_met or reacts:
			has_met = true
			_tell_news()
			character.send_event(event, facts, {"react": reacts})
		else:
			_news[event] = facts
	elif reacts:
		speak(authored.line_for(part, event))


## Stop in mid-sentence.
func fall_silent() -> void:
	character.interrupt()
	cues.stop()


## Say an authored line.
func speak(line: String) -> void:
	if not line or is_busy():
		return
	has_met = true
	character.speak(line)


## What is to be written into the game's save file of this guest.
func state() -> Dictionary:
	return {"has_met": has_met, "news": _news.duplicate()}


## Be as it was when the game was saved.
func restore(saved: Dictionary) -> void:
	has_met = saved.get("has_met", false)
	_news = saved.get("news", {}).duplicate()
	bubble.words.wipe()
	cues.stop()


## What happened before the acquaintance was made.
func _tell_news() -> void:
	for event: String in _news:
		var facts: Dictionary = _news[event]
		character.send_event(event, facts, {"react": false})
	_news.clear()


func _on_typing_finished(_turn_id: String) -> void:
	var said := bubble.words.get_parsed_text()
	if said:
		fell_silent.emit(said)


func _on_cue_reached(clip: String, action: String, _at: int) -> void:
	if clip:
		bubble.show_cue(tr(clip))
	elif action:
		bubble.show_cue(action)
