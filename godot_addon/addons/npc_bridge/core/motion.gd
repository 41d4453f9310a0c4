@tool
## Lets an [AnimationPlayer] or an [AnimationTree] play an animation, a state or a one-shot, and says how long it lasts.
extends RefCounted

const Clips := preload("clips.gd")


## Play it from its beginning. Gives its length in seconds; [param longest] for what loops.
static func begin(source: AnimationMixer, animation: String, blend: float, longest: float) -> float:
	if source is AnimationTree:
		return _fire(source as AnimationTree, animation, longest)
	var player := source as AnimationPlayer
	player.stop(true)
	player.play(animation, blend)
	return _length_of(player.get_animation(animation), longest)


## End what cannot be ended by playing something else: a one-shot.
static func halt(source: AnimationMixer, animation: String) -> void:
	var tree := source as AnimationTree
	if tree != null and not tree.tree_root is AnimationNodeStateMachine:
		tree.set("parameters/%s/request" % animation, AnimationNodeOneShot.ONE_SHOT_REQUEST_FADE_OUT)


## Go back to idle, if there is one.
static func idle(source: AnimationMixer, name: String, blend: float) -> void:
	if name not in Clips.playable(source):
		return
	if source is AnimationTree:
		_fire(source as AnimationTree, name, 0.0)
	else:
		(source as AnimationPlayer).play(name, blend)


## Travel to a state or fire a one-shot. Gives how long it lasts, in seconds.
static func _fire(tree: AnimationTree, animation: String, longest: float) -> float:
	var root := tree.tree_root
	if root is AnimationNodeStateMachine:
		var playback: AnimationNodeStateMachinePlayback = tree.get("parameters/playback")
		playback.travel(animation)
		var states := root as AnimationNodeStateMachine
		return _length_of_node(tree, states.get_node(animation), longest)
	tree.set("parameters/%s/request" % animation, AnimationNodeOneShot.ONE_SHOT_REQUEST_FIRE)
	return longest if root == null else _length_of_shot(tree, root, animation, longest)


static func _length_of_shot(tree: AnimationTree, root: AnimationNode, animation: String, longest: float) -> float:
	# What a one-shot plays is what is connected to its second input.
	var connections: Array = root.get("node_connections")
	for index: int in range(0, connections.size() - 2, 3):
		if str(connections[index]) == animation and connections[index + 1] == 1:
			var shot := str(connections[index + 2])
			return _length_of_node(tree, (root as AnimationNodeBlendTree).get_node(shot), longest)
	return longest


static func _length_of_node(tree: AnimationTree, node: AnimationNode, longest: float) -> float:
	if node is AnimationNodeAnimation:
		var animation := (node as AnimationNodeAnimation).animation
		var player := tree.get_node_or_null(tree.anim_player) as AnimationMixer
		for mixer: AnimationMixer in [tree, player]:
			if mixer != null and mixer.has_animation(animation):
				return _length_of(mixer.get_animation(animation), longest)
	return longest


static func _length_of(animation: Animation, longest: float) -> float:
	return animation.length if animation.loop_mode == Animation.LOOP_NONE else longest
