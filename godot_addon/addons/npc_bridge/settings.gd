@tool
## The project settings of the addon as one table: name, default value, hint.
##
## All are below [code]npc_bridge/[/code] in the project settings and shown without "Advanced Settings".
extends RefCounted

## Values of [constant CODEC].
enum Codec {
	## Text frames.
	JSON,
	## Binary frames.
	MESSAGE_PACK,
}

## The command that runs the bridge, or its full path.
const COMMAND := "npc_bridge/bridge/command"
## More arguments of that command, such as [code]--backend[/code] and [code]ollama[/code].
const ARGUMENTS := "npc_bridge/bridge/arguments"
## Whether the game starts the bridge itself.
const AUTOSTART := "npc_bridge/bridge/autostart"
## The folder of character files that the started bridge reads, if it is there.
const CHARACTERS := "npc_bridge/bridge/characters"
## The file with the wording of events that the started bridge reads, if it is there.
const EVENTS := "npc_bridge/bridge/events"
## Where the bridge is, if the game does not start it.
const URL := "npc_bridge/connection/url"
## What the bridge wants to be shown, if it was started with a token.
const TOKEN := "npc_bridge/connection/token"
## How messages are written, a [enum Codec].
const CODEC := "npc_bridge/connection/codec"
## Whether the game connects when it starts.
const AUTO_CONNECT := "npc_bridge/connection/auto_connect"
## How long to wait before connecting again the first time, in seconds.
const FIRST_DELAY := "npc_bridge/connection/first_retry_s"
## The longest wait between two attempts, in seconds.
const MOST_DELAY := "npc_bridge/connection/longest_retry_s"
## The language NPCs speak; empty: the game's own.
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
