@tool
## What the editor's parts of the addon say, in the language of the editor where there is a translation.
extends RefCounted

## Where translations are: [code]zh_CN.po[/code] and the like, made from [code]npc_bridge.pot[/code].
const FOLDER := "res://addons/npc_bridge/editor/translations"

static var _translation: Translation
static var _is_loaded := false


## This text in the editor's language, or itself.
static func of(text: String) -> String:
	if not _is_loaded:
		_load()
	var found := str(_translation.get_message(text)) if _translation != null else ""
	return found if found else text


## Speak this language from now on; empty: the texts as they are written.
static func use(locale: String) -> void:
	_is_loaded = true
	_translation = null
	for name: String in [locale, locale.get_slice("_", 0)]:
		var file := FOLDER.path_join(name + ".po")
		if name and ResourceLoader.exists(file):
			_translation = load(file)
			return


static func _load() -> void:
	use(TranslationServer.get_tool_locale())
