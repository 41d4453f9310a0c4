@tool
## The project settings of the addon as one table: name, default value, hint.
##
## All are below [code]npc_bridge/[/code] in the project settings and shown without "Advanced Settings".
extends RefCounted

## Values of [constant CODEC].
enum Codec { JSON, MESSAGE_PACK }

const COMMAND := "npc_bridge/bridge/command"
const ARGUMENTS := "npc_bridge/bridge/arguments"
const AUTOSTART := "npc_bridge/bridge/autostart"
const CHARACTERS := "npc_bridge/bridge/characters"
const EVENTS := "npc_bridge/bridge/events"
const URL := "npc_bridge/connection/url"
const TOKEN := "npc_bridge/connection/token"
const CODEC := "npc_bridge/connection/codec"
const AUTO_CONNECT := "npc_bridge/connection/auto_connect"
const FIRST_DELAY := "npc_bridge/connection/first_retry_s"
const MOST_DELAY := "npc_bridge/connection/longest_retry_s"
const LANGUAGE := "npc_bridge/conversation/language"

## Each setting: its default, and what the editor needs to show it.
const TABLE := {
	URL: {"value": "ws://127.0.0.1:8765"},
	TOKEN: {"value": "", "hint": PROPERTY_HINT_PASSWORD},
	CODEC: {"value": Codec.JSON, "hint": PROPERTY_HINT_ENUM, "hint_string": "JSON,MessagePack"},
	AUTO_CONNECT: {"value": true},
	FIRST_DELAY: {"value": 0.5, "hint": PROPERTY_HINT_RANGE, "hint_string": "0.05,10,0.05,suffix:s"},
	MOST_DELAY: {"value": 10.0, "hint": PROPERTY_HINT_RANGE, "hint_string": "0.1,120,0.1,suffix:s"},
	AUTOSTART: {"value": false},
	COMMAND: {"value": "npc-bridge", "hint": PROPERTY_HINT_GLOBAL_FILE},
	ARGUMENTS: {"value": []},
	CHARACTERS: {"value": "res://characters", "hint": PROPERTY_HINT_DIR},
	EVENTS: {"value": "res://events.toml", "hint": PROPERTY_HINT_FILE, "hint_string": "*.toml"},
	LANGUAGE: {"value": "", "hint": PROPERTY_HINT_LOCALE_ID},
}


## What the project says, or the default.
static func value_of(setting: String) -> Variant:
	return ProjectSettings.get_setting(setting, TABLE[setting]["value"])


## Show the settings in the editor. Values that the project has stay.
static func register() -> void:
	var order := 0
	for setting: String in TABLE:
		var row: Dictionary = TABLE[setting]
		if not ProjectSettings.has_setting(setting):
			ProjectSettings.set_setting(setting, row["value"])
		ProjectSettings.set_initial_value(setting, row["value"])
		ProjectSettings.set_as_basic(setting, true)
		ProjectSettings.set_order(setting, 900_000 + order)
		order += 1
		(
			ProjectSettings
			. add_property_info(
				{
					"name": setting,
					"type": TYPE_PACKED_STRING_ARRAY if setting == ARGUMENTS else typeof(row["value"]),
					"hint": row.get("hint", PROPERTY_HINT_NONE),
					"hint_string": row.get("hint_string", ""),
				}
			)
		)


## Take out of the project file what was never changed.
static func unregister() -> void:
	for setting: String in TABLE:
		if ProjectSettings.get_setting(setting) == TABLE[setting]["value"]:
			ProjectSettings.set_setting(setting, null)
