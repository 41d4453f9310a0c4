## A game with one NPC, played from outside: the test passes its steps as JSON after [code]--[/code],
## and everything that happens is printed, one JSON object a line.
extends SceneTree

const TIMEOUT_S := 20.0

var _log: Array[Dictionary] = []
var _read := 0
var _bridge: Node
var _npcs := {}
var _label: NpcSpeechLabel
var _tally := {}
var _saved := PackedByteArray()


func _initialize() -> void:
	_play.call_deferred()


func _play() -> void:
	var plan: Dictionary = JSON.parse_string(OS.get_cmdline_user_args()[0])
	_bridge = root.get_node("NpcBridge")
	if plan.has("codec"):
		_bridge.use_codec(int(plan["codec"]))
	for setting: String in plan.get("settings", {}):
		_bridge.set(setting, plan["settings"][setting])
	for setting: String in plan.get("project", {}):
		ProjectSettings.set_setting(setting, plan["project"][setting])
	_listen(_bridge)
	for npc: Dictionary in plan.get("npcs", [{"id": "smith_01", "character": "brom"}]):
		_add_npc(npc)
	for step: Array in plan["steps"]:
		if not await _do(step):
			quit(1)
			return
	say("done", {"tally": _tally, "waiting": _bridge.waiting_count()})
	quit()


func say(event: String, fields: Dictionary = {}) -> void:
	var line := {"event": event}
	line.merge(fields)
	_log.append(line)
	print(JSON.stringify(line))


func _do(step: Array) -> bool:
	var npc: NpcCharacter = _npcs.get(step[1] if step.size() > 2 else "", _npcs.values()[0] if _npcs else null)
	match step[0]:
		"start":
			_bridge.start()
		"stop":
			_bridge.stop()
		"say":
			say("said", {"id": npc.say(step[-1])})
		"continue":
			npc.continue_talking()
		"interrupt":
			npc.interrupt()
		"tell":
			say("told", {"id": _bridge.tell(step[1], step[2], step[3])})
		"tell_often":
			for number: int in int(step[1]):
				_bridge.tell("moved", {"step": number}, {"key": "place", "confirm": false})
		"load":
			_bridge.load_state(PackedByteArray(step[1]), "quick")
		"regenerate":
			npc.regenerate()
		"candidates":
			npc.candidates(int(step[-1]))
		"choose":
			npc.choose(int(step[-1]))
		"line":
			npc.line(step[1], step[2], step[3])
		"note":
			npc.note(step[-1])
		"flags":
			_bridge.flags(step[-1])
		"hold":
			_bridge.hold()
		"release":
			_bridge.release()
		"gather":
			say("asked", {"gathered": await _bridge.gather(step[1], step[2], step[3])})
		"disperse":
			say("asked", {"dispersed": await _bridge.disperse(step[1])})
		"say_to":
			_bridge.say(step[1], step[2])
		"save":
			_saved = await _bridge.save_state()
			say("asked", {"saved": _saved.size()})
		"go_back":
			say("asked", {"loaded": await _bridge.load_state(_saved)})
		"save_slot":
			say("asked", {"saved": (await _bridge.save_state(step[1])).size()})
		"load_slot":
			say("asked", {"loaded": await _bridge.load_state(PackedByteArray(), step[1])})
		"forget":
			say("asked", {"forgotten": await _bridge.forget(step[1], step[2])})
		"stats":
			say("asked", {"stats": await _bridge.stats()})
		"leave":
			npc.close()
		"flood":
			_bridge.tell("big", {"text": "x".repeat(int(step[1]))})
		"skip":
			_label.skip()
		"speed":
			_label.letters_per_second = step[1]
		"freeze":
			OS.delay_msec(int(step[1]))
		"pid":
			say("pid", {"pid": _bridge.get("_connection").process.pid})
		"pause":
			await create_timer(float(step[1])).timeout
		"protocol":
			_bridge.get("_session").protocol.version = int(step[1])
		"until":
			return await _until(step[1], step[2] if step.size() > 2 else {})
		"shown":
			return await _until_shown(int(step[1]))
	return true


## Wait for something that has not been waited for yet.
func _until(event: String, fields: Dictionary) -> bool:
	var left_s := TIMEOUT_S
	while left_s > 0.0:
		while _read < _log.size():
			_read += 1
			var line := _log[_read - 1]
			var fits := func(key: String) -> bool: return line.get(key) == fields[key]
			if line["event"] == event and fields.keys().all(fits):
				return true
		await process_frame
		left_s -= root.get_process_delta_time()
	say("timeout", {"waited_for": event, "state": _bridge.state_name()})
	return false


func _until_shown(count: int) -> bool:
	for _frame: int in 5000:
		if _label.visible_characters >= count:
			return true
		await process_frame
	return false


func _listen(bridge: Node) -> void:
	bridge.state_changed.connect(
		func(_state: int, code: int, reason: String) -> void:
			say("state", {"state": bridge.state_name(), "code": code, "reason": reason})
	)
	bridge.failed.connect(
		func(code: String, message: String) -> void: say("failed", {"code": code, "message": message})
	)
	bridge.noticed.connect(
		func(code: String, message: String, _npc: String, _player: String) -> void:
			say("noticed", {"code": code, "message": message})
	)
	bridge.message_received.connect(
		func(message: Dictionary) -> void: _tally[message["type"]] = _tally.get(message["type"], 0) + 1
	)
	bridge.message_sent.connect(
		func(message: Dictionary) -> void:
			if message["type"] in ["event", "interrupt", "seen", "say", "hold", "release"]:
				say("sent", {"message": message})
	)


func _add_npc(plan: Dictionary) -> void:
	var body := Node2D.new()
	body.name = plan["id"]
	var player := AnimationPlayer.new()
	player.name = "AnimationPlayer"
	body.add_child(player)
	var library := AnimationLibrary.new()
	for clip: String in plan.get("clips", ["idle", "nod", "wave"]):
		var animation := Animation.new()
		animation.length = 0.2
		library.add_animation(clip, animation)
	player.add_animation_library("", library)
	var npc := NpcCharacter.new()
	npc.name = "NpcCharacter"
	npc.character = plan["character"]
	npc.clip_source = player
	npc.clip_map = plan.get("clip_map", {})
	npc.player_name = "Ada"
	npc.group = plan.get("group", "")
	npc.language = "en"
	for target: String in plan.get("targets", []):
		var thing := Node2D.new()
		thing.name = target
		thing.position.x = plan["targets"][target]
		thing.add_to_group("npc_target")
		root.add_child(thing)
	var cues := NpcCuePlayer.new()
	cues.turn_s = 0.0
	npc.add_child(cues)
	body.add_child(npc)
	if plan.get("label", true):
		_label = NpcSpeechLabel.new()
		_label.letters_per_second = plan.get("speed", 200.0)
		_label.sentence_pause = 0.0
		_label.clause_pause = 0.0
		_label.size = Vector2(400, 200)
		body.add_child(_label)
		_label.typing_finished.connect(
			func(turn: String) -> void:
				say("typed", {"npc": plan["id"], "turn": turn, "shown": _label.get_parsed_text()})
		)
	_npcs[plan["id"]] = npc
	_report(npc, plan["id"], player)
	_report_more(npc, plan["id"])
	cues.aimed.connect(
		func(target: Node, _cue: Dictionary) -> void:
			say("aimed", {"npc": plan["id"], "target": str(target.name), "faces": signf(body.scale.x)})
	)
	cues.cue_withdrawn.connect(
		func(clip: String) -> void:
			say("withdrawn", {"npc": plan["id"], "clip": clip, "plays": player.current_animation})
	)
	cues.cue_started.connect(
		func(clip: String, animation: String) -> void:
			say(
				"animation",
				{"npc": plan["id"], "clip": clip, "animation": animation, "plays": player.current_animation}
			)
	)
	root.add_child(body)


func _report_more(npc: NpcCharacter, id: String) -> void:
	npc.cue_due.connect(
		func(cue: Dictionary) -> void:
			if cue["state"] != "final" or cue["reason"] == "thinking":
				say("cue_due", {"npc": id, "clip": cue["clip"], "state": cue["state"], "reason": cue["reason"]})
	)
	npc.candidates_ready.connect(
		func(turn: String, texts: PackedStringArray) -> void:
			say("candidates", {"npc": id, "turn": turn, "texts": texts})
	)
	npc.exit_reached.connect(func(exit: String, at: int) -> void: say("exit", {"npc": id, "exit": exit, "at": at}))
	npc.rewound.connect(
		func() -> void: say("rewound", {"npc": id, "label": _label.get_parsed_text() if _label else ""})
	)


func _report(npc: NpcCharacter, id: String, player: AnimationPlayer) -> void:
	npc.opened.connect(
		func() -> void:
			say("opened", {"npc": id, "idle": player.current_animation, "remembered": npc.profile["remembered"]})
	)
	npc.turn_started.connect(
		func(turn: String, cause: String) -> void:
			var note: String = npc.turn["note"]
			say("turn_started", {"npc": id, "turn": turn, "cause": cause, "note": note})
	)
	npc.cue_reached.connect(
		func(clip: String, action: String, at: int) -> void:
			var shown := _label.visible_characters if _label else -1
			say("cue_reached", {"npc": id, "clip": clip, "action": action, "at": at, "shown": shown})
	)
	npc.cue_unhandled.connect(
		func(action: String, at: int) -> void: say("cue_unhandled", {"npc": id, "action": action, "at": at})
	)
	npc.turn_ended.connect(
		func(turn: String, reason: String) -> void:
			var text: String = npc.turn["text"]
			say("turn_ended", {"npc": id, "turn": turn, "reason": reason, "text": text})
	)
	npc.failed.connect(
		func(code: String, message: String) -> void: say("npc_failed", {"npc": id, "code": code, "message": message})
	)
