## What the suites of res://tests/unit share. Each test gets an instance of its own.
extends RefCounted

## The tree that the tests run in.
var tree: SceneTree
## What was wrong.
var flaws: Array[String] = []
## What the test is bound to log, by parts of the texts; anything else that is logged fails it.
var expected_logs: Array[String] = []

var _nodes: Array[Node] = []


## The two are the same: values alike, and kinds of numbers too.
func same(found: Variant, wanted: Variant, about: String = "") -> void:
	if not _is_same(found, wanted):
		flaws.append("%s: found %s, wanted %s" % [about, var_to_str(found).left(300), var_to_str(wanted).left(300)])


## The claim is true.
func holds(claim: bool, about: String) -> void:
	if not claim:
		flaws.append(about)


## Put a node into the tree until the test is over.
func place(node: Node, parent: Node = null) -> void:
	if parent == null:
		_nodes.append(node)
	(parent if parent != null else tree.root as Node).add_child(node)


## Let some frames pass.
func frames(count: int = 1) -> void:
	for _frame: int in count:
		await tree.process_frame


## Take every node out again.
func clean_up() -> void:
	for node: Node in _nodes:
		if is_instance_valid(node):
			node.queue_free()
	if _nodes:
		await tree.process_frame


func _is_same(found: Variant, wanted: Variant) -> bool:
	if found is Array and wanted is Array:
		var indices := range(found.size())
		return (
			found.size() == wanted.size() and indices.all(func(at: int) -> bool: return _is_same(found[at], wanted[at]))
		)
	if found is Dictionary and wanted is Dictionary:
		var has := func(key: Variant) -> bool: return wanted.has(key) and _is_same(found[key], wanted[key])
		return found.size() == wanted.size() and found.keys().all(has)
	if found is StringName:
		found = str(found)
	if wanted is StringName:
		wanted = str(wanted)
	return typeof(found) == typeof(wanted) and found == wanted


## Bytes written as hexadecimal digits, spaces where one likes.
static func hex(text: String) -> PackedByteArray:
	return text.replace(" ", "").hex_decode()
