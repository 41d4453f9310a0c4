@tool
## Values of the game as values of the wire: null, bool, number, text, list and map.
extends RefCounted

## What is nested deeper is left out; the bridge takes a few levels more.
const MAX_DEPTH := 16


## A copy that any codec can send. Vectors become lists, nodes their names, resources their files, and
## what has no meaning outside of the game becomes the text Godot prints for it.
static func plain(value: Variant, depth: int = 0) -> Variant:
	match typeof(value):
		TYPE_NIL, TYPE_BOOL, TYPE_INT, TYPE_STRING:
			return value
		TYPE_FLOAT:
			var number: float = value
			# JSON knows no infinity.
			return value if is_finite(number) else null
		TYPE_STRING_NAME, TYPE_NODE_PATH:
			return str(value)
		TYPE_VECTOR2, TYPE_VECTOR2I:
			return [value.x, value.y]
		TYPE_VECTOR3, TYPE_VECTOR3I:
			return [value.x, value.y, value.z]
		TYPE_COLOR:
			var color: Color = value
			return "#" + color.to_html()
		TYPE_OBJECT:
			return _name_of(value)
	if depth >= MAX_DEPTH:
		return null
	if value is Dictionary:
		var map: Dictionary = value
		return _plain_map(map, depth)
	if typeof(value) >= TYPE_ARRAY and typeof(value) < TYPE_MAX:
		var list := []
		for item: Variant in value:
			list.append(plain(item, depth + 1))
		return list
	return str(value)


static func _plain_map(map: Dictionary, depth: int) -> Dictionary:
	var copy := {}
	for key: Variant in map:
		copy[str(key)] = plain(map[key], depth + 1)
	return copy


static func _name_of(object: Variant) -> Variant:
	if not is_instance_valid(object):
		return null
	if object is Node:
		var node: Node = object
		return str(node.name)
	if object is Resource:
		var resource: Resource = object
		return resource.resource_name if resource.resource_name else resource.resource_path.get_file().get_basename()
	return str(object)
