@tool
## Values of the game as values of the wire: null, bool, number, text, list and map.
extends RefCounted

const MAX_DEPTH := 16


## A copy that any codec can send. Vectors become lists, nodes their names, resources their files, and
## what has no meaning outside of the game becomes the text Godot prints for it.
static func plain(value: Variant, depth: int = 0) -> Variant:
	match typeof(value):
		TYPE_NIL, TYPE_BOOL, TYPE_INT, TYPE_STRING:
			return value
		TYPE_FLOAT:
			return value if is_finite(value as float) else null
		TYPE_STRING_NAME, TYPE_NODE_PATH:
			return str(value)
		TYPE_VECTOR2, TYPE_VECTOR2I:
			return [value.x, value.y]
		TYPE_VECTOR3, TYPE_VECTOR3I:
			return [value.x, value.y, value.z]
		TYPE_COLOR:
			return "#" + (value as Color).to_html()
		TYPE_OBJECT:
			return _name_of(value as Object) if is_instance_valid(value) else null
	if depth >= MAX_DEPTH:
		return null
	if value is Dictionary:
		return _plain_map(value as Dictionary, depth)
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


static func _name_of(object: Object) -> String:
	if object is Node:
		return str((object as Node).name)
	if object is Resource:
		var resource := object as Resource
		return resource.resource_name if resource.resource_name else resource.resource_path.get_file().get_basename()
	return str(object)
