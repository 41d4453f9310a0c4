## What the adapters to systems of authored dialogue have in common: while a dialogue runs NPCs keep silent, what
## is said in it they remember, and a character's exits begin dialogues.
##
## Not for use by itself; see [code]dialogue_manager.gd[/code] and [code]dialogic.gd[/code] beside it.
extends Node

const Bridge := preload("../npc_bridge.gd")

## An authored dialogue takes over.
signal took_over
## It is over, and the NPCs may speak by themselves again.
signal handed_back

## Who keeps silent while a dialogue runs, and whose exits begin one. Empty: every NPC.
@export var npcs: Array[NpcCharacter] = []
## Who speaks under which name in the dialogues: from the name there to the NPC's id. A name that is not in
## it is looked for
## among the NPCs' ids, characters and names.
@export var speakers := {}
## Names under which the player speaks in the dialogues.
@export var player_names := PackedStringArray(["Player", "You"])
## Which dialogue an exit of a character begins: from the exit's name to a title, label or timeline. Empty:
## the one with the
## exit's own name. Exits that are not in it are left to others.
@export var exits := {}

## Whether a dialogue runs.
var is_running := false

var _bridge: Bridge
var _partners: Array[NpcCharacter] = []
var _unheard: Array[Array] = []
var _markup := RegEx.create_from_string("\\[[^\\[\\]]*\\]")


func _ready() -> void:
	_bridge = get_node_or_null("/root/NpcBridge") as Bridge
	for npc: NpcCharacter in _everyone():
		_listen(npc)
	get_tree().node_added.connect(_on_node_added)


## The player has said this in the dialogue; for choices that the dialogue system does not tell of.
func player_said(text: String, player: String = "") -> void:
	var words := _plain(text)
	if not words:
		return
	if _partners.is_empty():
		_unheard.append([words, player])
	for partner: NpcCharacter in _partners:
		partner.line(words, player if player else partner.player_name, true)


## Begin the dialogue of this title; for an exit. To be overridden.
func begin(_title: String) -> void:
	pass


## A dialogue has begun.
func _take_over() -> void:
	if is_running:
		return
	is_running = true
	if npcs.is_empty() and _bridge != null:
		_bridge.hold()
	for npc: NpcCharacter in npcs:
		npc.hold()
	took_over.emit()


## The dialogue is over.
func _hand_back() -> void:
	if not is_running:
		return
	is_running = false
	if npcs.is_empty() and _bridge != null:
		_bridge.release()
	for npc: NpcCharacter in npcs:
		npc.release()
	_partners.clear()
	_unheard.clear()
	handed_back.emit()


## A line of the dialogue is shown.
func _take_line(speaker: String, text: String) -> void:
	_take_over()
	if speaker in player_names:
		player_said(text, "")
		return
	var npc := _npc_named(speaker)
	var words := _plain(text)
	if npc == null or not words:
		return
	_join(npc)
	npc.line(words, "", true)


## From now on this NPC hears what the player says, and what was said before it spoke.
func _join(npc: NpcCharacter) -> void:
	if npc in _partners:
		return
	_partners.append(npc)
	for said: Array in _unheard:
		var words: String = said[0]
		var player: String = said[1]
		npc.line(words, player if player else npc.player_name, true)
	_unheard.clear()


func _npc_named(speaker: String) -> NpcCharacter:
	var wanted := str(speakers.get(speaker, speaker)).to_lower()
	for npc: NpcCharacter in _everyone():
		for called: Variant in [npc.resolved_id(), npc.character, npc.profile.get("name", "")]:
			if wanted and wanted == str(called).to_lower():
				return npc
	return null


func _everyone() -> Array[NpcCharacter]:
	if npcs:
		return npcs
	var found: Array[NpcCharacter] = []
	for node: Node in get_tree().get_nodes_in_group(NpcCharacter.GROUP):
		found.append(node as NpcCharacter)
	return found


func _listen(npc: NpcCharacter) -> void:
	var react := _on_exit_reached.bind(npc)
	if not npc.exit_reached.is_connected(react):
		npc.exit_reached.connect(react)


func _on_node_added(node: Node) -> void:
	if node is NpcCharacter and npcs.is_empty():
		_listen(node as NpcCharacter)


func _on_exit_reached(exit: String, _at: int, npc: NpcCharacter) -> void:
	if is_running or (exits and not exits.has(exit)):
		return
	_join(npc)
	begin(str(exits.get(exit, exit)))


## Words without the markup of dialogue systems, as a model should read them.
func _plain(text: String) -> String:
	return _markup.sub(text, "", true).strip_edges()


## Connect to a signal if there is one of that name.
func _hear(source: Object, signal_name: StringName, callable: Callable) -> bool:
	if source == null or not source.has_signal(signal_name):
		return false
	source.connect(signal_name, callable)
	return true
