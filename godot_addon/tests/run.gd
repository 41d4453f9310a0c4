## Runs the suites of res://tests/unit and prints one line a test, then "N passed, N failed".
##
## Every error of the engine or of a script fails the test in which it happened, also when nothing else
## did. Arguments after [code]--[/code]: names of suites; all without.
extends SceneTree


class Watch:
	extends Logger
	## What the engine and the scripts complained about since the last [method take].

	var _found: Array[String] = []
	var _mutex := Mutex.new()

	func take() -> Array[String]:
		_mutex.lock()
		var found := _found.duplicate()
		_found.clear()
		_mutex.unlock()
		return found

	func _log_error(
		_function: String,
		file: String,
		line: int,
		code: String,
		rationale: String,
		_editor_notify: bool,
		_error_type: int,
		_script_backtraces: Array[ScriptBacktrace]
	) -> void:
		_keep("%s (%s:%d)" % [rationale if rationale else code, file, line])

	func _log_message(message: String, error: bool) -> void:
		if error:
			_keep(message.strip_edges())

	func _keep(text: String) -> void:
		_mutex.lock()
		_found.append(text)
		_mutex.unlock()


const FOLDER := "res://tests/unit"

var _watch := Watch.new()
var _passed := 0
var _failed := 0


func _initialize() -> void:
	OS.add_logger(_watch)
	_run.call_deferred()


func _run() -> void:
	var chosen := OS.get_cmdline_user_args()
	for file: String in DirAccess.get_files_at(FOLDER):
		var suite := file.get_basename()
		if file.get_extension() == "gd" and (chosen.is_empty() or suite in chosen):
			await _run_suite(suite)
	print("%d passed, %d failed" % [_passed, _failed])
	OS.remove_logger(_watch)
	quit(1 if _failed else 0)


func _run_suite(suite: String) -> void:
	var script: GDScript = load(FOLDER.path_join(suite + ".gd"))
	if script == null or not script.can_instantiate():
		_judge(suite, "(the script does not compile)", _watch.take())
		return
	for method: Dictionary in script.get_script_method_list():
		var test: String = method["name"]
		if test.begins_with("test_"):
			var tests: RefCounted = script.new()
			tests.set("tree", self)
			await tests.call(test)
			await tests.call("clean_up")
			var flaws: Array[String] = tests.get("flaws")
			var expected: Array[String] = tests.get("expected_logs")
			_judge(suite, test, flaws + _unexpected(_watch.take(), expected))


func _unexpected(logs: Array[String], expected: Array[String]) -> Array[String]:
	var left := expected.duplicate()
	var flaws: Array[String] = []
	for text: String in logs:
		var match_at := -1
		for index: int in left.size():
			if text.contains(left[index]):
				match_at = index
				break
		if match_at >= 0:
			left.remove_at(match_at)
		else:
			flaws.append("logged: " + text)
	for text: String in left:
		flaws.append("never logged: " + text)
	return flaws


func _judge(suite: String, test: String, flaws: Array[String]) -> void:
	if flaws.is_empty():
		_passed += 1
		print("PASS %s::%s" % [suite, test])
	else:
		_failed += 1
		print("FAIL %s::%s %s" % [suite, test, " | ".join(flaws).replace("\n", "\\n")])
