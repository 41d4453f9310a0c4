@tool
## The things, places and people of the game that an NPC's actions can be aimed at.
##
## A node is called by its name, or by its metadata [code]target_name[/code]; other words for it stand in its
## metadata [code]target_aliases[/code].
extends RefCounted

const Messages := preload("messages.gd")
## The metadata with the name of a target, if it is not the node's.
const NAME := &"target_name"
## The metadata with other words for a target.
const ALIASES := &"target_aliases"

## What the game registered by hand: nodes by name.
var registered := {}

var _aliases := {}


## This node can be aimed at under this name from now on.
func register(name: String, node: Node, aliases: PackedStringArray) -> void:
	registered[name] = node
	_aliases[name] = aliases


## It can be aimed at no more.
func unregister(name: String) -> bool:
	_aliases.erase(name)
	return registered.erase(name)


## All targets of a speaker by name, in the order of their claim to it: registered, listed, of the group.
## The speaker
## itself is none.
func nodes_by_name(speaker: Node, listed: Array[Node], group: StringName) -> Dictionary:
	var found := {}
	for name: String in registered:
		if is_instance_valid(registered[name]):
			found[name] = registered[name]
	var others: Array[Node] = []
	others.append_array(listed)
	if group and speaker.is_inside_tree():
		others.append_array(speaker.get_tree().get_nodes_in_group(group))
	for node: Node in others:
		if not is_instance_valid(node) or node == speaker or node.is_ancestor_of(speaker):
			continue
		var name := name_of(node)
		if not found.has(name):
			found[name] = node
	return found


## The targets as they are declared to the bridge.
func declared(nodes: Dictionary) -> Array[Dictionary]:
	var targets: Array[Dictionary] = []
	for name: String in nodes:
		var node: Node = nodes[name]
		var aliases: PackedStringArray = _aliases.get(name, aliases_of(node))
		targets.append({"name": name, "aliases": Array(aliases.slice(0, Messages.MAX_TARGET_ALIASES))})
	return targets.slice(0, Messages.MAX_TARGETS)


## What a node is called as a target.
static func name_of(node: Node) -> String:
	return str(node.get_meta(NAME)) if node.has_meta(NAME) else str(node.name)


## Other words for a node.
static func aliases_of(node: Node) -> PackedStringArray:
	var aliases := PackedStringArray()
	if node.has_meta(ALIASES):
		for alias: Variant in node.get_meta(ALIASES):
			aliases.append(str(alias))
	return aliases
