extends Node2D
## A tavern evening: the player walks, talks and lets things happen, and the guests answer.
##
## What talks to the bridge is in guest.gd; this decides who is meant, and what an event does.

const Authored := preload("authored.gd")
const SavedGame := preload("saved_game.gd")
## How near a guest has to be to say hello, in pixels.
const EARSHOT := 250.0
## How long the game waits for its bridge before the first guest speaks without, in seconds.
const PATIENCE_S := 6.0
## Events that the player can let happen; each has a button and a template in events.toml.
const EVENTS: Array[String] = ["rain_started", "sword_drawn", "coin_given", "barmaid_entered", "midnight"]

## Who hears the player.
var addressee: TavernGuest

var _guests: Array[TavernGuest] = []
var _bubbles: Array[TavernBubble] = []
var _since_arrival_s := 0.0
var _has_arrived := false
var _greeting_s := 0.0
var _saved_game := SavedGame.new()

@onready var _traveller: TavernTraveller = $Traveller
@onready var _surroundings: Node2D = $Surroundings
@onready var _barmaid: Node2D = $Barmaid
@onready var _camera: Camera2D = $Camera
@onready var _hud: TavernHud = $Hud/Hud
@onready var _gossip: Node = $Gossip
@onready var _coin: Sprite2D = $Coin
@onready var _own_bubble: TavernBubble = $Bubbles/Traveller


func _enter_tree() -> void:
	# Here and not in the project settings: those are read before the first import has made these files.
	for language: String in ["en", "zh"]:
		TranslationServer.add_translation(load("res://text/tavern.%s.translation" % language))
	if "--no-bridge" in OS.get_cmdline_user_args():
		NpcBridge.stop()


func _ready() -> void:
	var authored := Authored.new(TranslationServer.get_locale())
	for guest: TavernGuest in $Guests.get_children():
		_bubbles.append(guest.bubble)
		if guest.is_present():
			_guests.append(guest)
			guest.authored = authored
			guest.character.cue_reached.connect(_on_cue_reached.bind(guest))
	_bubbles.append(_own_bubble)
	_own_bubble.introduce(tr("You"))
	_own_bubble.linger_s = 3.2
	_hud.said.connect(say)
	_hud.silence_wanted.connect(interrupt)
	_hud.event_chosen.connect(happen)
	_hud.save_wanted.connect(save)
	_hud.load_wanted.connect(load_saved)
	_hud.address(tr(_nearest().title))
	_surroundings.call("open_door")
	_traveller.walk_to(250.0)


func _process(delta: float) -> void:
	_traveller.can_walk = not _hud.is_typing()
	_camera.position.x = lerpf(_camera.position.x, clampf(_traveller.position.x, 640.0, 800.0), 1.0 - exp(-delta * 3.0))
	_own_bubble.anchor = _traveller.mouthpiece()
	var left := _camera.position.x - 640.0
	TavernBubble.arrange(_bubbles, left, left + 1280.0)
	_notice_addressee()
	_since_arrival_s += delta
	if not _has_arrived and (NpcBridge.is_ready() or _since_arrival_s > PATIENCE_S or not _may_come()):
		_has_arrived = _since_arrival_s > 1.0
	elif _has_arrived:
		_greet(delta)


func _unhandled_input(event: InputEvent) -> void:
	if event.is_action_pressed("ui_cancel"):
		interrupt()


## Write the evening into the save file: the room, and what the guests remember.
func save() -> void:
	_hud.announce("Saved." if await _saved_game.save(self) else "The game could not be saved.")


## Go back to the saved evening: what was said since never happened.
func load_saved() -> void:
	_hud.announce("Loaded." if await _saved_game.load_into(self) else _saved_game.problem)


## What is to be written into the save file of the room.
func state() -> Dictionary:
	var guests := {}
	for guest: TavernGuest in _guests:
		guests[str(guest.name)] = guest.state()
	return {
		"x": _traveller.position.x,
		"armed": _traveller.is_armed,
		"rain": _surroundings.get("is_raining"),
		"midnight": _surroundings.get("is_midnight"),
		"guests": guests,
	}


## Be as it was when the game was saved.
func restore(saved: Dictionary) -> void:
	_gossip.call("stop")
	_own_bubble.words.clear()
	for guest: TavernGuest in _guests:
		var of_guest: Dictionary = saved["guests"].get(str(guest.name), {})
		guest.restore(of_guest)
	_traveller.position.x = saved["x"]
	_traveller.walk_to(saved["x"])
	if _traveller.is_armed != saved["armed"]:
		_traveller.wield(saved["armed"])
	if _surroundings.get("is_raining") != saved["rain"]:
		_surroundings.call("rain", saved["rain"])
	if _surroundings.get("is_midnight") != saved["midnight"]:
		_surroundings.call("strike_midnight" if saved["midnight"] else "turn_back_the_clock")
	_hud.hold_button("rain_started", saved["rain"])
	_hud.hold_button("sword_drawn", saved["armed"])
	_hud.hold_button("midnight", saved["midnight"])


## Say something to the guest that is nearest.
func say(words: String) -> void:
	_gossip.call("stop")
	_own_bubble.show_line(words)
	_traveller.gesture()
	_traveller.look_at_place(addressee.global_position)
	addressee.puppet.look_at_place(_traveller.global_position)
	addressee.hear(words)


## Cut short whoever is speaking to the player.
func interrupt() -> void:
	_gossip.call("stop")
	for guest: TavernGuest in _guests:
		if guest.is_busy():
			guest.fall_silent()


## Let something happen: it shows in the room, and the guests are told.
func happen(event: String) -> void:
	_gossip.call("stop")
	match event:
		"rain_started":
			var begins: bool = not _surroundings.get("is_raining")
			_surroundings.call("rain", begins)
			_tell_everyone("rain_started" if begins else "rain_stopped", {}, [_nearest()] if begins else [])
			_hud.hold_button(event, begins)
		"sword_drawn":
			_traveller.wield(not _traveller.is_armed)
			var drawn := _traveller.is_armed
			_tell_everyone(
				"sword_drawn" if drawn else "sword_sheathed", {"player": tr("The traveller")}, _guests if drawn else []
			)
			_hud.hold_button(event, drawn)
		"coin_given":
			_toss_coin(_nearest())
		"barmaid_entered":
			_surroundings.call("open_door")
			_barmaid.call("enter")
			_tell_everyone(event, {}, [_second_nearest()])
		"midnight":
			_surroundings.call("strike_midnight")
			_tell_everyone(event, {}, [_nearest()])
			_hud.hold_button(event, true)


func _tell_everyone(event: String, facts: Dictionary, reacting: Array) -> void:
	for guest: TavernGuest in _guests:
		if event == "sword_drawn":
			guest.puppet.look_at_place(_traveller.global_position)
		guest.notice(event, facts, guest in reacting)


func _toss_coin(guest: TavernGuest) -> void:
	_traveller.look_at_place(guest.global_position)
	_traveller.give()
	await get_tree().create_timer(0.4).timeout
	var coin: Sprite2D = _coin.duplicate()
	add_child(coin)
	var start := _traveller.hand_place()
	var end := guest.global_position + Vector2(signf(start.x - guest.global_position.x) * 40.0, -110.0)
	var fly := func(share: float) -> void:
		coin.global_position = start.lerp(end, share) + Vector2(0.0, -130.0 * 4.0 * share * (1.0 - share))
		coin.scale.x = 0.45 * cos(share * 22.0)
	coin.show()
	var flight := create_tween()
	flight.tween_method(fly, 0.0, 1.0, 0.85)
	await flight.finished
	coin.scale.x = 0.45
	(coin.get_node("Sparkle") as CPUParticles2D).restart()
	guest.notice("coin_given", {"player": tr("The traveller")}, true)
	await get_tree().create_timer(0.9).timeout
	coin.queue_free()


func _may_come() -> bool:
	return NpcBridge.state in [NpcBridge.State.STARTING, NpcBridge.State.CONNECTING]


## Whoever comes near says hello; one after the other.
func _greet(delta: float) -> void:
	_greeting_s -= delta
	if _greeting_s > 0.0:
		return
	for guest: TavernGuest in _guests:
		if guest.is_busy() or guest.bubble.is_busy():
			return
	for guest: TavernGuest in _by_distance():
		if not guest.has_met and _distance(guest) < EARSHOT:
			guest.puppet.look_at_place(_traveller.global_position)
			guest.meet()
			# Until the first words are there, nobody can be seen to speak.
			_greeting_s = 1.5
			return


func _notice_addressee() -> void:
	var nearest := _nearest()
	if nearest == addressee or _hud.is_typing():
		return
	addressee = nearest
	_hud.address(tr(nearest.title))


func _nearest() -> TavernGuest:
	return _by_distance()[0]


func _second_nearest() -> TavernGuest:
	return _by_distance()[1]


func _by_distance() -> Array[TavernGuest]:
	var sorted := _guests.duplicate()
	sorted.sort_custom(func(a: TavernGuest, b: TavernGuest) -> bool: return _distance(a) < _distance(b))
	return sorted


func _distance(guest: TavernGuest) -> float:
	return absf(guest.global_position.x - _traveller.global_position.x)


func _on_cue_reached(clip: String, action: String, _at: int, guest: TavernGuest) -> void:
	_hud.show_cue(tr(guest.title), tr(clip) if clip else action)
