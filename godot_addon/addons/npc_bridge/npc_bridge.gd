@tool
## The game's one connection to the bridge. The autoload [code]NpcBridge[/code] is an instance of this.
##
## It connects by itself when the game starts (project setting
## [code]npc_bridge/connection/auto_connect[/code]), connects again whenever the connection is lost, and
## can start the bridge itself ([code]npc_bridge/bridge/autostart[/code]). Most games only call
## [method tell] and look at [member state]; talking is the work of [NpcCharacter].
## [codeblock]
## NpcBridge.tell("sword_drawn", {"player": "Ada"}, {"group": "tavern"})
## [/codeblock]
extends Node

## How far the connection is.
enum State {
	## Nobody asked for a connection, or [method stop] was called.
	OFFLINE,
	## The bridge is being started.
	STARTING,
	## A connection is being made.
	CONNECTING,
	## Messages go both ways.
	READY,
	## The connection was lost or could not be made; it will be tried again.
	WAITING,
	## The bridge does not want this game, or cannot be started; see the reason, then call [method start].
	REFUSED,
}

const Settings := preload("settings.gd")
const Protocol := preload("core/protocol.gd")
const Messages := preload("core/messages.gd")
const MessagePack := preload("core/msgpack_codec.gd")
const Json := preload("core/json_codec.gd")
const Plain := preload("core/plain.gd")
const Backoff := preload("core/backoff.gd")
const Socket := preload("net/socket.gd")
const BridgeProcess := preload("net/bridge_process.gd")

## The addon's version, which is that of the bridge it was made with.
const VERSION := "0.1.0"
## How long a connection may take to be made, in seconds.
const CONNECT_TIMEOUT_S := 5.0
## How long a turn waits for its session to be resumed before it counts as lost, in seconds.
const RESUME_GRACE_S := 5.0
## How long the bridge may take to start, in seconds; the first start of a model server may be slow.
const START_TIMEOUT_S := 60.0

const _STATE_NAMES := ["offline", "starting", "connecting", "ready", "waiting", "refused"]

## The connection is in another [enum State] now. [param code] is the close code that led there, 0 if
## there was none, and [param reason] says why in words.
signal state_changed(state: State, code: int, reason: String)
## Every message of the bridge as it came in, before anything is done with it; for tools.
signal message_received(message: Dictionary)
## Every message to the bridge as it went out; for tools.
signal message_sent(message: Dictionary)
## Something went wrong; the game goes on. Also told to the [NpcCharacter] that it is about, if any.
## [param code] is stable, [param message] is for people.
signal failed(code: String, message: String)
## The running turns are lost: the connection broke and their session cannot be resumed.
signal turns_lost
## The bridge handed over the state that [method save_state] asked for.
signal state_saved(slot: String, blob: PackedByteArray)
## The bridge went back to the state that [method load_state] gave it.
signal state_loaded(slot: String)

## How far the connection is.
var state := State.OFFLINE
## Why it is so, in words; empty while all is well.
var reason := ""
## What the bridge said of itself: session, server, backend, model. Empty before the first welcome.
var welcome := {}
## Where to connect. Set from the project settings, the environment variable [code]NPC_BRIDGE_URL[/code]
## or by the bridge that this game started.
var url := ""
## What lets this game in; from the project settings or [code]NPC_BRIDGE_TOKEN[/code].
var token := ""
## Whether the game starts the bridge itself.
var autostart := false

var _random: RandomNumberGenerator
var _protocol: Protocol
var _backoff: Backoff
var _socket: Socket
var _process_of_bridge: BridgeProcess
var _receivers := {}
var _asked_by := {}
var _refused_npcs := {}
var _wait_s := 0.0
var _since_s := 0.0
var _turns_at_risk := false
var _lost_for_s := 0.0
var _is_wanted := false


func _init() -> void:
	process_mode = Node.PROCESS_MODE_ALWAYS
	# Before every character and label, so that what arrives is shown in the same frame.
	process_priority = -1000
	var random := RandomNumberGenerator.new()
	random.randomize()
	var first_s: float = Settings.value_of(Settings.FIRST_DELAY)
	var most_s: float = Settings.value_of(Settings.MOST_DELAY)
	_backoff = Backoff.new(first_s, most_s, random)
	_random = random
	var chosen: int = Settings.value_of(Settings.CODEC)
	use_codec(chosen)
	url = _setting_or_environment("NPC_BRIDGE_URL", Settings.URL)
	token = _setting_or_environment("NPC_BRIDGE_TOKEN", Settings.TOKEN)
	# Whoever names a bridge in the environment has one running.
	autostart = Settings.value_of(Settings.AUTOSTART) and not OS.has_environment("NPC_BRIDGE_URL")


func _ready() -> void:
	if not Engine.is_editor_hint() and Settings.value_of(Settings.AUTO_CONNECT):
		start()


func _process(delta: float) -> void:
	if _process_of_bridge != null:
		_watch_process()
	if _socket != null:
		_watch_socket()
	_since_s += delta
	if _turns_at_risk and state != State.READY:
		_lost_for_s += delta
		if _lost_for_s > RESUME_GRACE_S:
			_lose_turns()
	match state:
		State.WAITING:
			_wait_s -= delta
			if _wait_s <= 0.0:
				_attempt()
		State.CONNECTING:
			if _since_s > CONNECT_TIMEOUT_S:
				_lose(-1, "no bridge answered at %s within %d s" % [url, CONNECT_TIMEOUT_S])
		State.STARTING:
			if _since_s > START_TIMEOUT_S:
				_process_of_bridge.stop()
				_refuse("start_failed", 0, "the bridge did not start within %d s" % START_TIMEOUT_S)


func _exit_tree() -> void:
	stop()


## Connect, and go on trying until it works or [method stop] is called.
func start() -> void:
	_is_wanted = true
	if state == State.OFFLINE or state == State.REFUSED:
		_backoff.reset()
		_attempt()


## End the connection, and the bridge if this game started it. What was not accepted is kept.
func stop() -> void:
	_is_wanted = false
	if _socket != null:
		_socket.close(1000, "the game ends")
		_socket.poll()
		_socket = null
	if _process_of_bridge != null:
		_process_of_bridge.stop()
		_process_of_bridge = null
	_lose_turns()
	_change(State.OFFLINE, 0, "")


## Speak JSON or MessagePack with the bridge, a value of the setting's [code]Codec[/code]. Only before
## [method start]: it begins a new session.
func use_codec(chosen: int) -> void:
	var codec: RefCounted = MessagePack.new()
	if chosen == Settings.Codec.JSON:
		codec = Json.new()
	_protocol = Protocol.new(codec, "%08x" % _random.randi())


## Whether messages go both ways.
func is_ready() -> bool:
	return state == State.READY


## The state in a word, such as [code]ready[/code]; for a HUD or a log.
func state_name() -> String:
	return _STATE_NAMES[state]


## Tell the NPCs that something happened in the game; it shows in the next reply of those who notice it.
## It is told once, also when the connection is lost in between. Gives the id of the event.
##
## [param data] fills in the event's template. [param options]: [code]npc[/code] (an [NpcCharacter] or
## its id) or [code]group[/code] say who notices it, everyone without; [code]key[/code]: a later event
## with the same key replaces this one; [code]priority[/code] 0 to 9; [code]ttl_s[/code] and
## [code]ttl_turns[/code]; [code]react[/code]: whether the NPC should say something about it by itself;
## [code]confirm[/code] false: not kept and not sent again, for what is told many times a second.
func tell(event_name: String, data: Dictionary = {}, options: Dictionary = {}) -> String:
	var message := {"type": "event", "name": event_name}
	if data:
		message["data"] = Plain.plain(data)
	for option: String in options:
		match option:
			"npc":
				message["npc"] = _npc_of(options[option])
			"group", "key":
				message[option] = str(options[option])
			"priority", "ttl_s", "ttl_turns", "react":
				message[option] = options[option]
			"confirm":
				pass
			_:
				_warn("bad_option", "tell() knows no option '%s'" % option)
	if options.get("confirm", true):
		return post(message)
	if is_ready():
		_send(message)
	return ""


## Ask for the state of this session, for the game's save file; answered by [signal state_saved].
func save_state(slot: String = "") -> void:
	_ask({"type": "save", "id": _protocol.new_id(), "slot": slot})


## Go back to a state that [signal state_saved] gave; answered by [signal state_loaded].
func load_state(blob: PackedByteArray, slot: String = "") -> void:
	_ask({"type": "load", "id": _protocol.new_id(), "slot": slot, "blob": blob})


## Have the bridge forget what it remembers of an NPC, a player, or both.
func forget(npc: String = "", player: String = "") -> void:
	_ask({"type": "forget", "id": _protocol.new_id(), "npc": npc, "player": player})


## How many events and lines wait to be accepted by the bridge.
func waiting_count() -> int:
	return _protocol.waiting_count()


## The end of the log of the bridge that this game started.
func bridge_log() -> String:
	return _process_of_bridge.log_tail if _process_of_bridge != null else ""


## Open a conversation; [param receiver] gets each message about this NPC, and may return true for an
## error that it has expected. For [NpcCharacter].
func open(message: Dictionary, receiver: Callable) -> void:
	var npc: String = message["npc"]
	_receivers[npc] = receiver
	_refused_npcs.erase(npc)
	_protocol.open_messages[npc] = message
	if is_ready():
		_protocol.expect_open(npc)
		_send(message)


## Leave a conversation. For [NpcCharacter].
func leave(npc: String) -> void:
	if not _receivers.erase(npc):
		return
	_protocol.forget_npc(npc)
	if is_ready() and not _refused_npcs.has(npc):
		_send({"type": "close", "npc": npc})


## Whether a conversation with this NPC is open or will be. For [NpcCharacter].
func is_taken(npc: String) -> bool:
	return _receivers.has(npc)


## Send what has to arrive: it is kept until the bridge has accepted it. Gives the message's id.
func post(message: Dictionary) -> String:
	var id := _protocol.new_id()
	message["id"] = id
	if not is_ready() and message.get("key"):
		_protocol.replace_keyed(message)
	if _is_too_large(message):
		return ""
	for dropped: Dictionary in _protocol.keep(message):
		_fail("dropped", "too much waits for the bridge; one %s was dropped" % dropped["type"], dropped)
	if is_ready():
		_send(message)
	return id


## Send what only matters now; it is dropped without a connection.
func send_now(message: Dictionary) -> void:
	if is_ready():
		_send(message)


# ── the connection ──────────────────────────────────────────────────────────────────────────────────


func _attempt() -> void:
	_socket = null
	if autostart and (_process_of_bridge == null or not _process_of_bridge.is_running()):
		_start_process()
		return
	var socket := Socket.new(_protocol.is_binary())
	_change(State.CONNECTING, 0, "")
	if not socket.open(url, _protocol.subprotocol()):
		_refuse("bad_url", 0, "'%s' is not the address of a bridge; write ws://HOST:PORT" % url)
		return
	_socket = socket


func _start_process() -> void:
	_process_of_bridge = BridgeProcess.new()
	_change(State.STARTING, 0, "")
	var command: String = Settings.value_of(Settings.COMMAND)
	if command.begins_with("res://") or command.begins_with("user://"):
		command = ProjectSettings.globalize_path(command)
	if not _process_of_bridge.start(command, _process_arguments()):
		_refuse("start_failed", 0, _process_of_bridge.problem)


func _process_arguments() -> PackedStringArray:
	var arguments := PackedStringArray(["serve", "--port", "0", "--json", "--exit-with-parent"])
	var characters := _real_path(Settings.CHARACTERS)
	if DirAccess.dir_exists_absolute(characters):
		arguments.append_array(["--characters", characters])
	var events := _real_path(Settings.EVENTS)
	if FileAccess.file_exists(events):
		arguments.append_array(["--events", events])
	for argument: String in Settings.value_of(Settings.ARGUMENTS):
		if argument.begins_with("res://"):
			argument = ProjectSettings.globalize_path(argument)
		arguments.append(argument)
	return arguments


## Where a path of the project is on disk: an exported game has its files beside the executable.
func _real_path(setting: String) -> String:
	var path: String = Settings.value_of(setting)
	if path.begins_with("res://") and not OS.has_feature("editor"):
		return OS.get_executable_path().get_base_dir().path_join(path.trim_prefix("res://"))
	return ProjectSettings.globalize_path(path)


func _watch_process() -> void:
	_process_of_bridge.poll()
	if state == State.STARTING and _process_of_bridge.ready_line:
		url = str(_process_of_bridge.ready_line.get("url", url))
		token = str(_process_of_bridge.ready_line.get("token", ""))
		_attempt()
	elif not _process_of_bridge.is_running() and state == State.STARTING:
		_refuse("start_failed", 0, _process_of_bridge.problem)


func _watch_socket() -> void:
	_socket.poll()
	if state == State.CONNECTING and _socket.is_open() and not _socket.bytes_out:
		_socket.send(_protocol.write(_protocol.hello("npc-bridge-godot " + VERSION, _engine(), token)))
	while _socket != null and _socket.has_frame():
		_read(_socket.receive())
	if _socket != null and _socket.is_closed():
		_lose(_socket.close_code(), _socket.close_reason())


func _read(frame: PackedByteArray) -> void:
	var outcome := _protocol.read(frame)
	if outcome == Protocol.Outcome.TAKEN:
		_take(_protocol.message)
		return
	match outcome:
		Protocol.Outcome.UNREADABLE:
			_warn("unreadable", "the bridge sent what this addon cannot read: %s" % _protocol.problem)
		Protocol.Outcome.GAP:
			_warn("messages_lost", "%s; connecting again" % _protocol.problem)
			_socket.close(1002, "messages are missing")
			_lose(1002, _protocol.problem)


func _take(message: Dictionary) -> void:
	message_received.emit(message)
	var type: String = message["type"]
	if type == "text":
		# Most of all messages, so nothing else is looked at.
		var receiver: Variant = _receivers.get(message["npc"])
		if receiver != null:
			var callable: Callable = receiver
			callable.call(message)
		return
	match type:
		"welcome":
			_greet(message)
		"error":
			_take_error(message)
		"saved":
			_asked_by.erase(message["id"])
			var blob: PackedByteArray = message["blob"]
			state_saved.emit(message["slot"], blob)
		"loaded":
			_asked_by.erase(message["id"])
			state_loaded.emit(message["slot"])
		"accepted":
			for id: Variant in message["ids"]:
				_asked_by.erase(id)
		_:
			var npc: String = message["npc"]
			_hand_over(npc, message)


## True if the receiver has expected this.
func _hand_over(npc: String, message: Dictionary) -> bool:
	var receiver: Variant = _receivers.get(npc)
	if receiver == null:
		return false
	var callable: Callable = receiver
	return callable.is_valid() and callable.call(message) == true


func _greet(message: Dictionary) -> void:
	welcome = message
	_backoff.reset()
	var is_resumed: bool = message["resumed"]
	if is_resumed:
		_turns_at_risk = false
	else:
		_lose_turns()
	# Before anyone hears of it: whoever then opens or tells something would have it sent twice.
	for waiting: Dictionary in _protocol.to_resend(is_resumed):
		if waiting["type"] == "open":
			var npc: String = waiting["npc"]
			_refused_npcs.erase(npc)
			_protocol.expect_open(npc)
		_send(waiting)
	_turns_at_risk = true
	_change(State.READY, 0, "")


func _take_error(message: Dictionary) -> void:
	var about: String = message["re"]
	var npc := ""
	if about == "open":
		npc = _protocol.refused_open()
		message["npc"] = npc
		_refused_npcs[npc] = true
	elif _asked_by.has(about):
		npc = _asked_by[about]
	_asked_by.erase(about)
	_protocol.forget(about)
	var code: String = message["code"]
	var text: String = message["message"]
	if not npc or not _hand_over(npc, message):
		_warn(code, text)


func _lose(code: int, why: String) -> void:
	_socket = null
	if code in Messages.FINAL_CLOSE_CODES:
		_refuse("refused", code, why)
		return
	if not why:
		why = "no bridge answers at %s; is 'npc-bridge serve' running?" % url
		if state == State.READY:
			why = "the connection to the bridge broke"
	_wait(code, why)


func _wait(code: int, why: String) -> void:
	var is_news := _backoff.attempts == 0
	_wait_s = _backoff.next_s()
	_lost_for_s = 0.0 if state == State.READY else _lost_for_s
	_change(State.WAITING, code, why)
	if is_news:
		_warn("connection_lost", "%s (trying again)" % why)


func _refuse(code: String, close_code: int, why: String) -> void:
	_socket = null
	_lose_turns()
	_change(State.REFUSED, close_code, why)
	push_error("NPC Bridge: %s" % why)
	failed.emit(code, why)


func _change(next: State, code: int, why: String) -> void:
	_since_s = 0.0
	if next == state and why == reason:
		return
	state = next
	reason = why
	state_changed.emit(next, code, why)


func _lose_turns() -> void:
	if _turns_at_risk:
		_turns_at_risk = false
		turns_lost.emit()


# ── messages ────────────────────────────────────────────────────────────────────────────────────────


func _send(message: Dictionary) -> void:
	if message.has("id") and message.has("npc"):
		_asked_by[message["id"]] = message["npc"]
	message_sent.emit(message)
	if not _socket.send(_protocol.write(message)):
		_fail("send_failed", "a message was not sent: it is too large, or the bridge does not read", message)


func _npc_of(npc: Variant) -> String:
	if npc is Node:
		var node: Node = npc
		# By name, because the class NpcCharacter knows this one.
		return str(node.call("resolved_id") if node.has_method("resolved_id") else node.name)
	return str(npc)


func _ask(message: Dictionary) -> void:
	for field: String in message.keys():
		if message[field] is String and not message[field]:
			message.erase(field)
	if not is_ready():
		_fail("not_connected", "there is no connection to the bridge", message)
	elif not _is_too_large(message):
		_send(message)


func _is_too_large(message: Dictionary) -> bool:
	# Measured only when it could be: encoding twice costs more than all the rest.
	if not message.has("data") and not message.has("blob"):
		return false
	var size := _protocol.write(message).size()
	if size <= _protocol.max_message_bytes:
		return false
	var text := "the message has %d bytes, the limit is %d" % [size, _protocol.max_message_bytes]
	_fail("message_too_large", text, message)
	return true


func _fail(code: String, text: String, message: Dictionary) -> void:
	_warn(code, text)
	var npc := str(message.get("npc", ""))
	if npc:
		var error := {"type": "error", "code": code, "message": text, "retry": false, "npc": npc}
		error["re"] = message.get("id", message["type"])
		_hand_over(npc, error)


func _warn(code: String, text: String) -> void:
	push_warning("NPC Bridge: %s (%s)" % [text, code])
	failed.emit(code, text)


func _engine() -> String:
	var version := Engine.get_version_info()
	return "Godot %s.%s.%s" % [version["major"], version["minor"], version["patch"]]


func _setting_or_environment(variable: String, setting: String) -> String:
	return OS.get_environment(variable) if OS.has_environment(variable) else str(Settings.value_of(setting))
