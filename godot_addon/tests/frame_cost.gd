## What the addon costs on the main thread, measured for benchmarks/godot_frame.py: prints one JSON line.
##
## The nodes' own processing is turned off, and called and timed from here instead.
extends SceneTree

const Json := preload("res://addons/npc_bridge/core/json_codec.gd")
const MessagePack := preload("res://addons/npc_bridge/core/msgpack_codec.gd")

const WARM_UP_S := 1.5

var _bridge: Node
var _labels: Array[NpcSpeechLabel] = []
var _frames_us: Array[int] = []
var _full_frames_us: Array[int] = []
var _full_frame := 0
var _messages := 0
var _begun_us := 0
var _run_s := 0.0
var _lays_out := false


func _initialize() -> void:
	_set_up.call_deferred()


func _set_up() -> void:
	var plan: Dictionary = JSON.parse_string(OS.get_cmdline_user_args()[0])
	if plan.has("codecs"):
		print(JSON.stringify({"json": _codec_cost(Json.new()), "msgpack": _codec_cost(MessagePack.new())}))
		quit()
		return
	Engine.max_fps = 60
	_run_s = plan["seconds"]
	_lays_out = plan["layout"]
	_full_frame = int(plan["full_frame"])
	_bridge = root.get_node("NpcBridge")
	_bridge.use_codec(int(plan["codec"]))
	_bridge.message_received.connect(func(_message: Dictionary) -> void: _messages += 1)
	for number: int in int(plan["npcs"]):
		var body := Node2D.new()
		var npc := NpcCharacter.new()
		npc.npc_id = "npc_%d" % number
		npc.character = "brom"
		body.add_child(npc)
		var label := NpcSpeechLabel.new()
		label.size = Vector2(300, 120)
		body.add_child(label)
		root.add_child(body)
		label.set_process(false)
		_labels.append(label)
	_bridge.set_process(false)
	_bridge.start()


func _process(delta: float) -> bool:
	if _bridge == null:
		return false
	var start := Time.get_ticks_usec()
	# Not the sum of the deltas, which the engine smooths.
	if _begun_us == 0:
		_begun_us = start
	var before := _messages
	var is_measuring := start - _begun_us > WARM_UP_S * 1.0e6
	if is_measuring and _frames_us.is_empty():
		print("begin")
		_messages = 0
	_bridge._process(delta)
	for label: NpcSpeechLabel in _labels:
		label._process(delta)
	if is_measuring:
		_frames_us.append(Time.get_ticks_usec() - start)
		if absi(_messages - before - _full_frame) <= _full_frame / 8:
			_full_frames_us.append(_frames_us[-1])
	if _lays_out:
		# The engine lays text out when it draws, which it does not do without a screen.
		for label: NpcSpeechLabel in _labels:
			label.get_content_height()
	if start - _begun_us > (WARM_UP_S + _run_s) * 1.0e6:
		_report()
		return true
	return false


func _report() -> void:
	_frames_us.sort()
	_full_frames_us.sort()
	var figures := {"frames": _frames_us.size(), "messages": _messages}
	figures["median_us"] = _frames_us[_frames_us.size() / 2]
	# Frames with about the share of messages that each has on average, and in which nothing disturbed.
	# None at all when the machine is too busy for 60 frames a second.
	figures["undisturbed_us"] = _full_frames_us[_full_frames_us.size() / 10] if _full_frames_us else -1
	print(JSON.stringify(figures))


func _codec_cost(codec: RefCounted) -> Dictionary:
	var text := {"type": "text", "npc": "smith_01", "turn": "t12", "at": 120, "text": "Easy with that, ", "seq": 431}
	var deep := {"type": "event", "name": "battle", "id": "e1", "data": {}}
	for number: int in 24:
		deep["data"]["unit_%d" % number] = {
			"health": number, "place": [1.5, 2.5, number], "name": "Guard of the gate", "alive": true
		}
	var large := {"type": "text", "npc": "铁匠", "turn": "t12", "at": 3, "text": "好剑！坐下吧，朋友。", "seq": 7}
	var costs := {}
	for each: Array in [["text", text, 100], ["chinese", large, 100], ["nested", deep, 5]]:
		var frame: PackedByteArray = codec.encode(each[1])
		var best_encode := INF
		var best_decode := INF
		# Many short rounds: on a busy machine some of them are not disturbed.
		for _round: int in 100:
			var start := Time.get_ticks_usec()
			for _time: int in each[2]:
				codec.encode(each[1])
			var between := Time.get_ticks_usec()
			for _time: int in each[2]:
				codec.decode(frame)
			best_encode = minf(best_encode, float(between - start) / each[2])
			best_decode = minf(best_decode, float(Time.get_ticks_usec() - between) / each[2])
		costs[each[0]] = {
			"bytes": frame.size(), "encode": snappedf(best_encode, 0.1), "decode": snappedf(best_decode, 0.1)
		}
	return costs
