@tool
## The conversation of one NPC with the bridge: what [NpcCharacter] says, hears and passes on.
extends Node

const Bridge := preload("npc_bridge.gd")
const Messages := preload("core/messages.gd")
const Candidates := preload("core/candidates.gd")
const Authored := preload("core/authored.gd")

## The conversation is open: the NPC can be talked to. What is known from before is in [member profile].
signal opened
## The NPC begins to reply. [param cause] is what it replies to: [code]opening[/code], [code]say[/code],
## [code]continue[/code], [code]event[/code], [code]regenerate[/code], [code]candidates[/code] or
## [code]line[/code]. More is in [member turn].
signal turn_started(turn_id: String, cause: String)
## A piece of the reply, to show at once; [param at] is its place in the reply's text.
signal text_arrived(text: String, at: int)
## A cue came in. It is reached later, when the text before it has been shown.
signal cue_arrived(cue: Dictionary)
## The player has been shown the text up to this cue: the NPC should do it now. [param clip] is one of
## the declared clips, [param action] what the model wrote, [param at] the place in the text.
signal cue_reached(clip: String, action: String, at: int)
## The same with all that the bridge says of a cue, and also for those that are not certain yet: besides
## [code]clip[/code], [code]action[/code] and [code]at[/code] its [code]target[/code], [code]score[/code] and
## [code]reason[/code] ([code]thinking[/code]: a pose until the first words), and its [code]state[/code]:
## [code]final[/code], or [code]provisional[/code] and then [code]confirmed[/code] or [code]withdrawn[/code].
signal cue_due(cue: Dictionary)
## A cue was reached that no clip fits, or whose clip cannot be played.
signal cue_unhandled(action: String, at: int)
## The talk has come to one of the character's exits, and the player has been shown all of the reply: the game may
## take over, for example with an authored scene. [param at] is the place in the text where the model wrote it.
signal exit_reached(exit: String, at: int)
## An exit came in. It is reached later, when the reply has been shown.
signal exit_arrived(exit: Dictionary)
## The reply is over. [param reason] is [code]stop[/code], [code]length[/code],
## [code]interrupted[/code], [code]fallback[/code], [code]failed[/code], [code]lost[/code] when the
## connection broke and the reply will not go on, or [code]loaded[/code] when the game went back to a saved
## state. Figures are in [member turn].
signal turn_ended(turn_id: String, reason: String)
## Several replies begin to come side by side; one of them is to be taken with [method choose].
signal candidates_started(turn_id: String, count: int)
## A piece of one of the replies.
signal candidate_arrived(index: int, text: String, at: int)
## The replies are complete; these are their texts.
signal candidates_ready(turn_id: String, texts: PackedStringArray)
## The game went back to a saved state: what was said since never happened.
signal rewound
## Something of this NPC went wrong; the game goes on. [param code] is stable, [param message] is for people.
signal failed(code: String, message: String)

## The reply that is under way, or else the last one: the fields of [code]turn_started[/code], the
## [code]text[/code] so far, and at its end the fields of [code]turn_ended[/code] with its figures.
var turn := {}
## Whether the bridge has opened the conversation.
var is_open := false
## Whether a reply is under way.
var is_talking := false
## What the bridge knows of the character: [code]name[/code], [code]language[/code]; and of the talk so far:
## [code]remembered[/code], the number of lines, and [code]last_line[/code].
var profile := {}

var _bridge: Bridge
var _labels: Array[Node] = []
var _resolved_id := ""
var _turn_id := ""
var _offer: Candidates
var _own_turns := 0


## Open the conversation, if it is not open; with an opening line the NPC begins to speak.
func open() -> void:
	if _bridge == null or _resolved_id:
		return
	var id := resolved_id()
	var message := _open_message(id)
	if not message["character"]:
		_report("no_character", "the NPC '%s' has no character; set NpcCharacter.character" % id)
		return
	if _bridge.is_taken(id):
		_report("npc_taken", "two NPCs have the id '%s'; set NpcCharacter.npc_id" % id)
		return
	_resolved_id = id
	_bridge.open(message, _receive)


## Leave the conversation. What the NPC remembers of it stays with the bridge.
func close() -> void:
	if _bridge == null or not _resolved_id:
		return
	_bridge.leave(_resolved_id)
	_resolved_id = ""
	_lose_turn("lost")
	is_open = false


## Say something to the NPC. It answers with a turn, now or when its present one is over; without a
## connection the line waits. Gives the line's id, empty if it was refused.
func say(text: String, speaker: String = "") -> String:
	if not text.strip_edges() or _is_too_long(text):
		return ""
	var message := {"type": "say", "text": text}
	if speaker:
		message["player"] = speaker
	return _post(message)


## Let the NPC go on although the player says nothing.
func continue_talking() -> String:
	return _post({"type": "continue"})


## Let the NPC say its last reply again in other words; the new one takes the place of the old, which counts
## as never said.
func regenerate() -> String:
	return _post({"type": "regenerate"})


## Ask for [param count] replies side by side, at most four; they come with [signal candidate_arrived], and
## then one is to
## be taken with [method choose].
func candidates(count: int) -> String:
	return _post({"type": "candidates", "n": clampi(count, 1, Messages.MAX_CANDIDATES)})


## Take this one of the replies that [method candidates] brought; the NPC says it now. The others leave no trace.
func choose(index: int) -> String:
	if _offer == null or is_talking or index < 0 or index >= _offer.replies.size():
		_report("nothing_to_choose", "there is no complete reply number %d to choose" % index)
		return ""
	var offer := _offer
	_offer = null
	var id := _post({"type": "choose", "turn": offer.turn["turn"], "index": index})
	var parts: Array = offer.replies[index]["parts"]
	_play(offer.turn, parts, turn)
	return id


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
func tell(event_name: String, data: Dictionary = {}, options: Dictionary = {}) -> String:
	return _bridge.tell(event_name, data, _scoped(options)) if _is_usable() else ""


## As [method tell], under its older name.
func send_event(event_name: String, data: Dictionary = {}, options: Dictionary = {}) -> String:
	return tell(event_name, data, options)


## Let this NPC know something in its next reply and in no other. As [code]NpcBridge.note[/code].
func note(text: String, facts: Dictionary = {}, options: Dictionary = {}) -> String:
	return _bridge.note(text, facts, _scoped(options)) if _is_usable() else ""


## Say what is true for this NPC now, for the conditions in its character file. As [code]NpcBridge.flags[/code].
func flags(values: Dictionary) -> String:
	return _bridge.flags(values, _resolved_id) if _is_usable() else ""


## A cutscene with this NPC begins: it says nothing until [method release]. Lines wait and events still count.
func hold() -> String:
	return _bridge.hold(_resolved_id) if _is_usable() else ""


## The NPC may speak again; lines that waited are answered now.
func release() -> String:
	return _bridge.release(_resolved_id) if _is_usable() else ""


## An authored line, with its actions in parentheses: the NPC says it, with cues, without a model being asked, and
## remembers it. With [param player] it is that player who says it. With [param is_shown] the game shows the
## line itself, and it
## is only remembered. Gives the line's id.
func line(text: String, player: String = "", is_shown: bool = false) -> String:
	if not text.strip_edges() or _is_too_long(text):
		return ""
	var message := {"type": "line", "text": text}
	if player:
		message["player"] = player
	if is_shown:
		message["shown"] = true
	return _post(message)


## Let the NPC say an authored line: through the bridge as [method line], or, while there is none, from
## here, with the
## clips whose names are just what stands in the parentheses. Gives the line's id; empty without a bridge.
func speak(text: String) -> String:
	if _bridge != null and _bridge.is_ready():
		return line(text)
	_own_turns += 1
	var id := "own-%d" % _own_turns
	var started := {"turn": id, "npc": resolved_id(), "cause": "line", "note": "", "answers": [], "replaces": ""}
	_play(started, Authored.parts_of(text, Authored.names_of(_clips())), {"reason": "stop"})
	return ""


## The id that the bridge knows this NPC by.
func resolved_id() -> String:
	return _resolved_id


## How much of the present reply the player was shown, in characters; -1 without a label.
func shown() -> int:
	for label: Node in _labels:
		var at: int = label.call("shown_of", turn.get("turn", ""))
		if at >= 0:
			return at
	return -1


## A label shows this NPC's text from now on: cues wait until it has reached them. For [NpcSpeechLabel].
func attach(label: Node) -> void:
	if label not in _labels:
		_labels.append(label)


## The label does so no more. For [NpcSpeechLabel].
func detach(label: Node) -> void:
	_labels.erase(label)


## The label has reached this cue or exit. For [NpcSpeechLabel].
func reach(cue: Dictionary) -> void:
	var at: int = cue["at"]
	if cue.has("exit"):
		exit_reached.emit(cue["exit"], cue.get("place", at))
		return
	cue_due.emit(cue)
	var state: String = cue.get("state", "final")
	if state == "provisional" or state == "withdrawn":
		return
	cue_reached.emit(cue["clip"], cue["action"], at)
	if not cue["clip"]:
		cue_unhandled.emit(cue["action"], at)


## The player was shown this turn up to here. For [NpcSpeechLabel].
func report_seen(turn_id: String, at: int) -> void:
	if _bridge != null and _resolved_id and not turn_id.begins_with("own-"):
		_bridge.send_now({"type": "seen", "npc": _resolved_id, "turn": turn_id, "at": at})


## What the conversation opens with.
func _open_message(id: String) -> Dictionary:
	return {"type": "open", "npc": id, "character": ""}


## The clips as they are declared to the bridge.
func _clips() -> Array[Dictionary]:
	return []


func _is_usable() -> bool:
	if _bridge != null:
		open()
	return _resolved_id != ""


func _scoped(options: Dictionary) -> Dictionary:
	var scoped := options.duplicate()
	scoped["npc"] = _resolved_id
	return scoped


func _post(message: Dictionary) -> String:
	if not _is_usable():
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
		elif _offer != null and is_talking and id == _offer.turn["turn"]:
			_offer.add_text(message)
			candidate_arrived.emit(message.get("index", 0), message["text"], message["at"])
		return
	match type:
		"cue":
			if message["turn"] == turn.get("turn") and is_talking:
				_take_cue(message)
		"turn_started":
			_start_turn(message)
		"turn_ended":
			_end_turn(message)
		"exit":
			exit_arrived.emit(message)
			if _labels.is_empty():
				reach(message)
		"opened":
			is_open = true
			profile = message
			opened.emit()
		"closed":
			is_open = false
		"loaded":
			_rewind()
		"error":
			failed.emit(message["code"], message["message"])


func _start_turn(message: Dictionary) -> void:
	turn = message.duplicate()
	turn["text"] = ""
	is_talking = true
	if message["cause"] == "candidates":
		_turn_id = ""
		_offer = Candidates.new(message)
		candidates_started.emit(message["turn"], _offer.replies.size())
		return
	_offer = null
	_turn_id = message["turn"]
	turn_started.emit(message["turn"], message["cause"])


func _take_cue(cue: Dictionary) -> void:
	if cue.get("reason", "") == "thinking":
		# A pose for now, at no place in the text. Whoever still speaks is not seen to think.
		if not _labels.any(func(label: Node) -> bool: return label.call("is_behind", cue["turn"])):
			cue_due.emit(cue)
	elif _offer != null:
		_offer.add_cue(cue)
	else:
		cue_arrived.emit(cue)
		if _labels.is_empty():
			reach(cue)


func _end_turn(message: Dictionary) -> void:
	if message["turn"] != turn.get("turn") or not is_talking:
		return
	is_talking = false
	turn.merge(message, true)
	if _offer != null and message["reason"] in ["stop", "length"]:
		candidates_ready.emit(message["turn"], _offer.texts())
		return
	if _offer != null and message["reason"] == "fallback":
		var fallback := _offer
		_offer = null
		var parts: Array = fallback.replies[0]["parts"]
		_play(fallback.turn, parts, message)
		return
	_offer = null
	turn_ended.emit(message["turn"], message["reason"])
	if message["reason"] == "failed":
		var code: String = message["code"]
		_report(code, "the NPC '%s' could not reply: %s" % [_resolved_id, message["message"]])


## Let a turn that is all there take the way of one that streams.
func _play(started: Dictionary, parts: Array, ended: Dictionary) -> void:
	turn = started.duplicate()
	turn["text"] = ""
	_turn_id = started["turn"]
	is_talking = true
	turn_started.emit(_turn_id, started["cause"])
	for part: Variant in parts:
		if part is Dictionary:
			var cue: Dictionary = part
			_take_cue(cue)
		else:
			var at := str(turn["text"]).length()
			turn["text"] += str(part)
			text_arrived.emit(part, at)
	is_talking = false
	var figures := ended.duplicate()
	figures.merge({"text": turn["text"], "chars": str(turn["text"]).length()}, true)
	turn.merge(figures, true)
	turn_ended.emit(_turn_id, ended["reason"])


func _rewind() -> void:
	_lose_turn("loaded")
	_offer = null
	turn = {}
	for label: Node in _labels:
		label.call("wipe")
	rewound.emit()


func _on_turns_lost() -> void:
	is_open = false
	_lose_turn("lost")


func _lose_turn(reason: String) -> void:
	if is_talking:
		_end_turn({"turn": turn["turn"], "reason": reason, "chars": str(turn["text"]).length()})


func _is_too_long(text: String) -> bool:
	if text.length() > Messages.MAX_SAY_CHARS:
		_report("too_long", "a line has %d characters, the limit is %d" % [text.length(), Messages.MAX_SAY_CHARS])
	return text.length() > Messages.MAX_SAY_CHARS


func _report(code: String, text: String) -> void:
	push_warning("NPC Bridge: %s (%s)" % [text, code])
	failed.emit(code, text)
