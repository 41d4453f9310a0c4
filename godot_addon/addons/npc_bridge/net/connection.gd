@tool
## The connection to the bridge: made, made again when it is lost, and the bridge started first if the
## game is to do that.
##
## Knows frames and not what they say. [member read_frame] gets each one that comes in,
## [member write_hello] gives the first that goes out.
extends RefCounted

## How far the connection is.
enum State {
	## Nobody asked for a connection, or it was stopped.
	OFFLINE,
	## The bridge is being started.
	STARTING,
	## A connection is being made.
	CONNECTING,
	## Messages go both ways.
	READY,
	## The connection was lost or could not be made; it will be tried again.
	WAITING,
	## The bridge does not want this game, or cannot be started; see the reason, then start again.
	REFUSED,
}

const Settings := preload("../settings.gd")
const Messages := preload("../core/messages.gd")
const Backoff := preload("../core/backoff.gd")
const Socket := preload("socket.gd")
const BridgeProcess := preload("bridge_process.gd")

## How long a connection may take to be made, in seconds.
const CONNECT_TIMEOUT_S := 5.0
## How long the bridge may take to start, in seconds; the first start of a model server may be slow.
const START_TIMEOUT_S := 60.0

const _STATE_NAMES := ["offline", "starting", "connecting", "ready", "waiting", "refused"]

## The connection is in another state now.
signal changed(state: State, code: int, reason: String)
## It is over for now, and this is the first time it is said.
signal failed(code: String, message: String)

## How far the connection is.
var state := State.OFFLINE
## Why it is so, in words; empty while all is well.
var reason := ""
## Where to connect; the bridge that this game started says it itself.
var url := ""
## What lets this game in.
var token := ""
## Whether the game starts the bridge.
var autostart := false
## Gets each frame that came in.
var read_frame: Callable
## Gives the frame that a connection begins with.
var write_hello: Callable
## Whether frames are binary and not text.
var is_binary := false
## The sub-protocol to ask for.
var subprotocol := ""
## The bridge that this game started; null without one.
var process: BridgeProcess

var _backoff: Backoff
var _socket: Socket
var _wait_s := 0.0
var _since_s := 0.0


func _init(random: RandomNumberGenerator) -> void:
	var first_s: float = Settings.value_of(Settings.FIRST_DELAY)
	var most_s: float = Settings.value_of(Settings.MOST_DELAY)
	_backoff = Backoff.new(first_s, most_s, random)
	url = _setting_or_environment("NPC_BRIDGE_URL", Settings.URL)
	token = _setting_or_environment("NPC_BRIDGE_TOKEN", Settings.TOKEN)
	# Whoever names a bridge in the environment has one running.
	autostart = Settings.value_of(Settings.AUTOSTART) and not OS.has_environment("NPC_BRIDGE_URL")


## Connect, and go on trying until it works or [method stop] is called.
func start() -> void:
	if state == State.OFFLINE or state == State.REFUSED:
		_backoff.reset()
		_attempt()


## End the connection, and the bridge if this game started it.
func stop() -> void:
	if _socket != null:
		_socket.close(1000, "the game ends")
		_socket.poll()
		_socket = null
	if process != null:
		process.stop()
		process = null
	_change(State.OFFLINE, 0, "")


## Go on with whatever is under way; call it every frame.
func poll(delta: float) -> void:
	if process != null:
		_watch_process()
	if _socket != null:
		_watch_socket()
	_since_s += delta
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
				process.stop()
				_refuse("start_failed", 0, "the bridge did not start within %d s" % START_TIMEOUT_S)


## Whether messages go both ways.
func is_ready() -> bool:
	return state == State.READY


## The state in a word.
func state_name() -> String:
	return _STATE_NAMES[state]


## The bridge has welcomed this game.
func accept() -> void:
	_backoff.reset()
	_change(State.READY, 0, "")


## Send a frame, now or when there is room. False if it is too large or too much waits already.
func send(frame: PackedByteArray) -> bool:
	return _socket != null and _socket.send(frame)


## Break the connection off and make it again.
func reconnect(code: int, why: String) -> void:
	if _socket != null:
		_socket.close(code, "messages are missing")
		_lose(code, why)


func _attempt() -> void:
	_socket = null
	if autostart and (process == null or not process.is_running()):
		_start_process()
		return
	var socket := Socket.new(is_binary)
	_change(State.CONNECTING, 0, "")
	if not socket.open(url, subprotocol):
		_refuse("bad_url", 0, "'%s' is not the address of a bridge; write ws://HOST:PORT" % url)
		return
	_socket = socket


func _start_process() -> void:
	process = BridgeProcess.new()
	_change(State.STARTING, 0, "")
	var command: String = Settings.value_of(Settings.COMMAND)
	if command.begins_with("res://") or command.begins_with("user://"):
		command = ProjectSettings.globalize_path(command)
	if not process.start(command, _process_arguments()):
		_refuse("start_failed", 0, process.problem)


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
	process.poll()
	if state == State.STARTING and process.ready_line:
		url = str(process.ready_line.get("url", url))
		token = str(process.ready_line.get("token", ""))
		_attempt()
	elif not process.is_running() and state == State.STARTING:
		_refuse("start_failed", 0, process.problem)


func _watch_socket() -> void:
	_socket.poll()
	if state == State.CONNECTING and _socket.is_open() and not _socket.bytes_out:
		var hello: PackedByteArray = write_hello.call()
		_socket.send(hello)
	while _socket != null and _socket.has_frame():
		read_frame.call(_socket.receive())
	if _socket != null and _socket.is_closed():
		_lose(_socket.close_code(), _socket.close_reason())


func _lose(code: int, why: String) -> void:
	_socket = null
	if code in Messages.FINAL_CLOSE_CODES:
		_refuse("refused", code, why)
		return
	if not why:
		why = "no bridge answers at %s; is 'npc-bridge serve' running?" % url
		if state == State.READY:
			why = "the connection to the bridge broke"
	var is_news := _backoff.attempts == 0
	_wait_s = _backoff.next_s()
	_change(State.WAITING, code, why)
	if is_news:
		push_warning("NPC Bridge: %s (trying again) (connection_lost)" % why)
		failed.emit("connection_lost", "%s (trying again)" % why)


func _refuse(code: String, close_code: int, why: String) -> void:
	_socket = null
	_change(State.REFUSED, close_code, why)
	push_error("NPC Bridge: %s" % why)
	failed.emit(code, why)


func _change(next: State, code: int, why: String) -> void:
	_since_s = 0.0
	if next == state and why == reason:
		return
	state = next
	reason = why
	changed.emit(next, code, why)


func _setting_or_environment(variable: String, setting: String) -> String:
	return OS.get_environment(variable) if OS.has_environment(variable) else str(Settings.value_of(setting))
