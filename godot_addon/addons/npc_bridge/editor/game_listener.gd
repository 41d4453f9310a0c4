@tool
## Hears from the running game which actions fitted no clip.
extends EditorDebuggerPlugin

## An action came in the game that no clip fitted.
signal unmapped(action: String)


func _has_capture(capture: String) -> bool:
	return capture == "npc_bridge"


func _capture(message: String, data: Array, _session_id: int) -> bool:
	if message != "npc_bridge:unmapped" or data.is_empty():
		return false
	unmapped.emit(str(data[0]))
	return true
