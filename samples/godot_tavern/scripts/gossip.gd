extends Node
## Lets two guests talk with each other when nobody has spoken for a while.
##
## The first begins with an authored line; it is said to the other in the first one's name, whose answer is
## said to the first, and so on, until the talk has gone to and fro often enough or the player speaks.

## How long it has to be quiet, in seconds.
@export var patience_s := 24.0
## How many answers a talk has.
@export var longest := 4

var _quiet_s := 0.0
var _speaker: TavernGuest
var _listener: TavernGuest
var _left := 0
var _script: Array = []


func _process(delta: float) -> void:
	for guest: TavernGuest in _guests():
		if guest.is_busy() or guest.bubble.is_busy():
			_quiet_s = 0.0
			return
	_quiet_s += delta
	if _left == 0 and _quiet_s >= patience_s:
		begin()
	elif _left > 0 and _quiet_s > patience_s:
		stop()


## Let two of the guests talk now.
func begin() -> void:
	var guests := _guests()
	if guests.size() < 2:
		return
	_quiet_s = 0.0
	_script = guests[0].authored.small_talk().duplicate()
	_left = _script.size() if not NpcBridge.is_ready() else longest
	var first := _guest_of(_script[0])
	var second := _guest_of(_script[1])
	for guest: TavernGuest in [first, second]:
		if guest == null or not guest.has_met:
			stop()
			if guest != null:
				guest.meet()
			return
	var opener: String = _script.pop_front()[1]
	_take_turns(first, second)
	first.speak(opener)


## The player speaks: the talk is over.
func stop() -> void:
	_left = 0
	_quiet_s = 0.0
	_listen_to(null)


## Whether two guests are at it.
func is_going_on() -> bool:
	return _left > 0


func _next_line(said: String) -> void:
	_left -= 1
	var last := _speaker
	if _left <= 0 or last == null:
		stop()
		return
	_take_turns(_listener, last)
	if NpcBridge.is_ready():
		_speaker.hear(said, tr(last.title))
	elif _script:
		var line: String = _script.pop_front()[1]
		_speaker.speak(line)
	else:
		stop()


func _guest_of(entry: Array) -> TavernGuest:
	for guest: TavernGuest in _guests():
		if guest.part == entry[0]:
			return guest
	return null


func _take_turns(speaker: TavernGuest, listener: TavernGuest) -> void:
	_listener = listener
	_listen_to(speaker)
	speaker.puppet.look_at_place(listener.global_position)
	listener.puppet.look_at_place(speaker.global_position)


func _listen_to(guest: TavernGuest) -> void:
	if _speaker != null and _speaker.fell_silent.is_connected(_on_fell_silent):
		_speaker.fell_silent.disconnect(_on_fell_silent)
	_speaker = guest
	if guest != null:
		guest.fell_silent.connect(_on_fell_silent, CONNECT_ONE_SHOT)


func _on_fell_silent(said: String) -> void:
	# Time to take it in, and for the player to read.
	await get_tree().create_timer(1.2).timeout
	if _left > 0:
		_next_line(said)


func _guests() -> Array[TavernGuest]:
	var present: Array[TavernGuest] = []
	for guest: TavernGuest in get_tree().get_nodes_in_group("guests"):
		if guest.is_present():
			present.append(guest)
	return present
