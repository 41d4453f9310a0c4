@tool
## What is wrong with an [NpcCharacter] before the game runs, for the editor's scene tree.
extends RefCounted

const Clips := preload("../core/clips.gd")
const Known := preload("../core/known.gd")
const Messages := preload("../core/messages.gd")
const Text := preload("text.gd")


## The warnings, in the editor's language.
static func of(npc: NpcCharacter) -> PackedStringArray:
	var warnings := PackedStringArray()
	if not npc.character:
		warnings.append(
			Text.of("Set 'character' to the id of a character file, such as brom for characters/brom.toml.")
		)
	elif Known.characters and npc.character not in Known.characters:
		var known := ", ".join(Known.characters)
		warnings.append(Text.of("The bridge knows no character '%s'. It knows: %s.") % [npc.character, known])
	if npc.clip_source == null:
		warnings.append(
			Text.of("Without a 'clip_source' (AnimationPlayer or AnimationTree) the NPC talks but does not move.")
		)
		return warnings
	var playable := Clips.playable(npc.clip_source)
	if playable.is_empty():
		warnings.append(Text.of("'clip_source' has no animations yet, so the NPC has nothing to play."))
	for clip: String in Clips.broken(npc.clip_source, npc.clip_map):
		warnings.append(
			Text.of("The clip map says '%s' → '%s', and there is no such animation.") % [clip, npc.clip_map[clip]]
		)
	if npc.declared_clips().size() > Messages.MAX_CLIPS:
		warnings.append(Text.of("More than %d clips: the bridge takes only so many.") % Messages.MAX_CLIPS)
	return warnings
