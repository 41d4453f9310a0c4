@tool
## The bridge as a child process of the game.
##
## The child picks a free port and a token and says both in one JSON line on its standard output. It
## ends when its standard input is closed, which also happens when the game crashes. Its pipes are read
## without waiting, so nothing here needs a thread; call [method poll] every frame.
extends RefCounted

## Godot 4.3 cannot look into a pipe without waiting for it.
const MIN_ENGINE := 0x040400
## How much of the child's log is kept to explain why it ended.
const KEPT_LOG_CHARS := 4000

## What the child said when it was ready: url, port, token, backend, model. Empty before.
var ready_line := {}
## Why there is no child, or why it ended; empty while all is well.
var problem := ""
## The end of the child's log.
var log_tail := ""
## The child's process id; 0 when there is none.
var pid := 0

var _stdio: FileAccess
var _stderr: FileAccess
var _unread := PackedByteArray()
var _command := ""


## Start the child. False if it cannot be, and [member problem] says what to do.
func start(command: String, arguments: PackedStringArray) -> bool:
	_command = command
	var version: int = Engine.get_version_info()["hex"]
	if version < MIN_ENGINE:
		problem = "starting the bridge from the game needs Godot 4.4; run 'npc-bridge serve' yourself"
		return false
	# Called by name, because Godot 4.3 knows no third argument and would not load this script.
	var pipes: Dictionary = Callable(OS, "execute_with_pipe").call(command, arguments, false)
	if not pipes:
		problem = _not_found()
		return false
	_stdio = pipes["stdio"]
	_stderr = pipes["stderr"]
	pid = pipes["pid"]
	return true


## Read what the child said.
func poll() -> void:
	if not pid:
		return
	_unread.append_array(_read(_stdio))
	log_tail = (log_tail + _read(_stderr).get_string_from_utf8()).right(KEPT_LOG_CHARS)
	var end := _unread.find(10)
	while end >= 0 and not ready_line:
		_take_line(_unread.slice(0, end).get_string_from_utf8())
		_unread = _unread.slice(end + 1)
		end = _unread.find(10)
	if not OS.is_process_running(pid):
		log_tail += _read(_stderr).get_string_from_utf8()
		problem = _why_it_ended()
		_forget()


## Whether the child runs, ready or not.
func is_running() -> bool:
	return pid != 0


## End the child. It has closed its connections within a second; nothing here waits for it.
func stop() -> void:
	if pid:
		_forget()


func _take_line(line: String) -> void:
	var json := JSON.new()
	if json.parse(line) == OK and json.data is Dictionary:
		var said: Dictionary = json.data
		if said.get("type") == "ready":
			ready_line = said


func _read(pipe: FileAccess) -> PackedByteArray:
	var count := pipe.get_length()
	return pipe.get_buffer(count) if count > 0 else PackedByteArray()


func _forget() -> void:
	_stdio.close()
	_stderr.close()
	pid = 0
	ready_line = {}
	_unread.clear()


func _why_it_ended() -> String:
	var code := OS.get_process_exit_code(pid)
	var said := log_tail.strip_edges()
	if said.contains("Could not create child process"):
		return _not_found()
	var why := "the bridge ended with exit code %d" % code
	return "%s: %s" % [why, said] if said else why


func _not_found() -> String:
	return (
		(
			"the command '%s' was not found. Install the bridge with: pip install npc-bridge"
			+ " - or set the project setting npc_bridge/bridge/command to its full path"
			+ " - or run 'npc-bridge serve' yourself and turn npc_bridge/bridge/autostart off"
		)
		% _command
	)
