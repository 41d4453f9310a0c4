## Plays the tavern by a list of steps instead of a player, for tests and for pictures.
##
##     godot --path samples/godot_tavern -s res://tools/rehearsal.gd -- '[["until", "typed"], ["happen", "midnight"]]'
##
## The steps are JSON. What happens is printed, one JSON object a line. Ends with exit code 1 when a step
## waits for something that does not come.
extends SceneTree

const TIMEOUT_S := 20.0

var _log: Array[Dictionary] = []
var _read := 0
var _tavern: Node
var _guests := {}


func _initialize() -> void:
	_play.call_deferred()


func _play() -> void:
	# Without pictures to draw the game runs at its normal speed on any machine.
	RenderingServer.render_loop_enabled = false
	Engine.max_fps = 60
	var bridge := root.get_node("NpcBridge")
	_report("state", {"state": bridge.call("state_name")})
	bridge.state_changed.connect(
		func(_state: int, _code: int, _why: String) -> void: _report("state", {"state": bridge.call("state_name")})
	)
	change_scene_to_file("res://tavern.tscn")
	await process_frame
	await process_frame
	_tavern = current_scene
	for guest: Node in _tavern.get_node("Guests").get_children():
		_guests[str(guest.name)] = guest
		_listen(guest)
	for step: Array in JSON.parse_string(OS.get_cmdline_user_args()[0]):
		if not await _do(step):
			quit(1)
			return
	_report("done")
	quit()


func _do(step: Array) -> bool:
	match step[0]:
		"say":
			_tavern.call("say", step[1])
		"happen":
			_tavern.call("happen", step[1])
			_report("room", _room())
		"walk":
			_tavern.get_node("Traveller").set("position", Vector2(step[1], 648.0))
			_tavern.get_node("Traveller").call("walk_to", step[1])
		"turn":
			_tavern.get_node("Traveller").set("faces_left", step[1])
		"announced":
			return await _until_announced(step[1])
		"memory":
			await _report_memory(step[1])
		"meet":
			_guests[step[1]].call("meet")
		"speak":
			_guests[step[1]].call("speak", step[2])
		"gossip":
			_tavern.get_node("Gossip").call("begin")
		"type":
			await _type(step[1])
		"press":
			_press(OS.find_keycode_from_string(step[1]))
		"speed":
			_set_speed(step[1])
		"seconds":
			await create_timer(step[1]).timeout
		"picture":
			await _picture(step[1])
		"until":
			return await _until(step[1], step[2] if step.size() > 2 else {})
		"shown":
			return await _until_shown(step[1], step[2])
		_:
			_report("unknown_step", {"step": step[0]})
			return false
	return true


func _report(event: String, fields: Dictionary = {}) -> void:
	var line := {"event": event}
	line.merge(fields)
	_log.append(line)
	print(JSON.stringify(line))


## Wait for something that has not been waited for yet.
func _until(event: String, fields: Dictionary) -> bool:
	var deadline := Time.get_ticks_msec() + TIMEOUT_S * 1000.0
	while Time.get_ticks_msec() < deadline:
		while _read < _log.size():
			_read += 1
			var line := _log[_read - 1]
			var fits := func(key: String) -> bool: return line.get(key) == fields[key]
			if line["event"] == event and fields.keys().all(fits):
				return true
		await process_frame
	_report("timeout", {"waited_for": event, "fields": fields})
	return false


## Wait until so many letters of what a guest says are visible.
func _until_shown(guest: String, count: int) -> bool:
	var words := _words_of(guest)
	var deadline := Time.get_ticks_msec() + TIMEOUT_S * 1000.0
	while Time.get_ticks_msec() < deadline:
		if words.visible_characters >= count:
			return true
		await process_frame
	_report("timeout", {"waited_for": "shown", "fields": {"guest": guest, "count": count}})
	return false


## Wait until the game has said that it did this.
func _until_announced(news: String) -> bool:
	var hud := _tavern.get_node("Hud/Hud")
	var deadline := Time.get_ticks_msec() + TIMEOUT_S * 1000.0
	while Time.get_ticks_msec() < deadline:
		if hud.call("announced") == news:
			_report("announced", {"news": news, "room": _room(), "x": _tavern.get_node("Traveller").get("position").x})
			return true
		await process_frame
	_report("timeout", {"waited_for": "announced", "news": news})
	return false


## What a guest remembers, by leaving the conversation and opening it again.
func _report_memory(guest: String) -> void:
	var character: NpcCharacter = _guests[guest].get_node("NpcCharacter")
	character.close()
	character.open()
	await character.opened
	var profile := character.profile
	_report("memory", {"guest": guest, "lines": profile["remembered"], "last": profile["last_line"]})


## How many letters a second everybody speaks; without pauses when that is faster than anybody reads.
func _set_speed(letters: float) -> void:
	for bubble: Node in _tavern.get_node("Bubbles").get_children():
		var words: NpcSpeechLabel = bubble.get("words")
		words.letters_per_second = letters
		words.sentence_pause = 0.3 if letters < 100.0 else 0.0
		words.clause_pause = 0.12 if letters < 100.0 else 0.0
		words.hold_between_turns = 0.8 if letters < 100.0 else 0.1


func _words_of(guest: String) -> NpcSpeechLabel:
	return (_guests[guest].get("bubble") as Node).get("words")


func _room() -> Dictionary:
	var surroundings := _tavern.get_node("Surroundings")
	return {
		"rain": surroundings.get("is_raining"),
		"midnight": surroundings.get("is_midnight"),
		"armed": _tavern.get_node("Traveller").get("is_armed"),
		"barmaid": _tavern.get_node("Barmaid").get("visible"),
	}


func _type(line: String) -> void:
	_press(KEY_ENTER)
	for letter: String in line:
		_press(KEY_UNKNOWN, letter.unicode_at(0))
		await process_frame
	_press(KEY_ENTER)


func _press(key: Key, unicode: int = 0) -> void:
	for is_down: bool in [true, false]:
		var event := InputEventKey.new()
		event.keycode = key
		event.unicode = unicode
		event.pressed = is_down
		root.push_input(event)


func _picture(file: String) -> void:
	RenderingServer.render_loop_enabled = true
	for _frame: int in 2:
		await RenderingServer.frame_post_draw
	root.get_texture().get_image().save_png(file)
	RenderingServer.render_loop_enabled = false
	_report("picture", {"file": file})


func _listen(guest: Node) -> void:
	var id := str(guest.name)
	var character: NpcCharacter = guest.get_node("NpcCharacter")
	var words := _words_of(id)
	character.turn_started.connect(
		func(turn: String, cause: String) -> void:
			_report("turn_started", {"guest": id, "turn": turn, "cause": cause, "note": character.turn["note"]})
	)
	character.turn_ended.connect(
		func(turn: String, reason: String) -> void: _report("turn_ended", {"guest": id, "turn": turn, "reason": reason})
	)
	character.cue_reached.connect(
		func(clip: String, action: String, at: int) -> void:
			var shown := words.visible_characters
			_report("cue", {"guest": id, "clip": clip, "action": action, "at": at, "shown": shown})
	)
	words.typing_started.connect(func(turn: String) -> void: _report("types", {"guest": id, "turn": turn}))
	words.typing_finished.connect(
		func(turn: String) -> void: _report("typed", {"guest": id, "turn": turn, "shown": words.get_parsed_text()})
	)
	var player: AnimationPlayer = guest.get_node("Puppet/AnimationPlayer")
	(guest.get_node("NpcCuePlayer") as NpcCuePlayer).cue_started.connect(
		func(_clip: String, _animation: String) -> void:
			_report("plays", {"guest": id, "animation": player.current_animation})
	)
