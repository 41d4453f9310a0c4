@tool
## The game's one connection to the bridge. The autoload [code]NpcBridge[/code] is an instance of this.
##
## It connects by itself when the game starts (project setting
## [code]npc_bridge/connection/auto_connect[/code]), connects again whenever the connection is lost, and
## can start the bridge itself ([code]npc_bridge/bridge/autostart[/code]). What concerns one NPC is the work
## of [NpcCharacter]; here is what concerns several or all: events, flags, cutscenes, groups, saves.
## [codeblock]
## NpcBridge.tell("sword_drawn", {"player": "Ada"}, {"group": "tavern"})
## [/codeblock]
extends Node

const Settings := preload("settings.gd")
const Messages := preload("core/messages.gd")
const MessagePack := preload("core/msgpack_codec.gd")
const Json := preload("core/json_codec.gd")
const Plain := preload("core/plain.gd")
const Connection := preload("net/connection.gd")
const Session := preload("net/session.gd")

## How far the connection is.
const State := Connection.State  # gdlint: ignore=constant-name
## The addon's version, which is that of the bridge it was made with.
const VERSION := "0.1.0"

## The connection is in another [enum State] now. [param code] is the close code that led there, 0 if
## there was none, and [param reason] says why in words.
signal state_changed(state: State, code: int, reason: String)
## Every message of the bridge as it came in, before anything is done with it; for tools.
signal message_received(message: Dictionary)
## Every message to the bridge as it went out; for tools.
signal message_sent(message: Dictionary)
## Something went wrong; the game goes on. Also told to the [NpcCharacter] that it is about, if any.
## [param code] is stable, [param message] is for people.
signal failed(code: String, message: String)
## Something the developer or the player may want to know, although all goes on, such as
## [code]budget_low[/code]. [param npc] and [param player] say whom it concerns, if anyone.
signal noticed(code: String, message: String, npc: String, player: String)
## The running turns are lost: the connection broke and their session cannot be resumed.
signal turns_lost
## The bridge handed over the state that [method save_state] asked for.
signal state_saved(slot: String, blob: PackedByteArray)
## The bridge went back to a state that [method load_state] named. What came before is of another
## timeline: running replies have ended with the reason [code]loaded[/code], and labels are cleared.
signal state_loaded(slot: String)
## These NPCs talk with each other now.
signal gathered(group: String, npcs: PackedStringArray)
## The talk of this group is over.
signal dispersed(group: String)

## How far the connection is.
var state: State:
	get:
		return _connection.state
## Why it is so, in words; empty while all is well.
var reason: String:
	get:
		return _connection.reason
## What the bridge said of itself: session, server, backend, model, characters. Empty before the first welcome.
var welcome := {}
## Where to connect. Set from the project settings, the environment variable [code]NPC_BRIDGE_URL[/code]
## or by the bridge that this game started.
var url: String:
	get:
		return _connection.url
	set(value):
		_connection.url = value
## What lets this game in; from the project settings or [code]NPC_BRIDGE_TOKEN[/code].
var token: String:
	get:
		return _connection.token
	set(value):
		_connection.token = value
## Whether the game starts the bridge itself.
var autostart: bool:
	get:
		return _connection.autostart
	set(value):
		_connection.autostart = value

var _random: RandomNumberGenerator
var _connection: Connection
var _session: Session


func _init() -> void:
	process_mode = Node.PROCESS_MODE_ALWAYS
	# Before every character and label, so that what arrives is shown in the same frame.
	process_priority = -1000
	_random = RandomNumberGenerator.new()
	_random.randomize()
	_connection = Connection.new(_random)
	_connection.write_hello = _write_hello
	_session = Session.new(_connection)
	_connection.changed.connect(func(next: State, code: int, why: String) -> void: state_changed.emit(next, code, why))
	_connection.failed.connect(func(code: String, text: String) -> void: failed.emit(code, text))
	_session.failed.connect(func(code: String, text: String) -> void: failed.emit(code, text))
	_session.received.connect(func(message: Dictionary) -> void: message_received.emit(message))
	_session.sent.connect(func(message: Dictionary) -> void: message_sent.emit(message))
	_session.turns_lost.connect(func() -> void: turns_lost.emit())
	_session.welcomed.connect(func(message: Dictionary) -> void: welcome = message)
	_session.arrived.connect(_take)
	var chosen: int = Settings.value_of(Settings.CODEC)
	use_codec(chosen)


func _ready() -> void:
	if not Engine.is_editor_hint() and Settings.value_of(Settings.AUTO_CONNECT):
		start()


func _process(delta: float) -> void:
	_connection.poll(delta)
	if not _connection.is_ready():
		_session.wait(delta)


func _exit_tree() -> void:
	stop()


## Connect, and go on trying until it works or [method stop] is called.
func start() -> void:
	_connection.start()


## End the connection, and the bridge if this game started it. What was not accepted is kept.
func stop() -> void:
	_connection.stop()
	_session.give_up()


## Speak JSON or MessagePack with the bridge, a value of the setting's [code]Codec[/code]. Only before
## [method start]: it begins a new session.
func use_codec(chosen: int) -> void:
	var codec: RefCounted = MessagePack.new()
	if chosen == Settings.Codec.JSON:
		codec = Json.new()
	_session.use(codec, "%08x" % _random.randi())


## Whether messages go both ways.
func is_ready() -> bool:
	return _connection.is_ready()


## The state in a word, such as [code]ready[/code]; for a HUD or a log.
func state_name() -> String:
	return _connection.state_name()


## Tell the NPCs that something happened in the game; it shows in the next reply of those who notice it.
## It is told once, also when the connection is lost in between. Gives the id of the event.
##
## [param data] fills in the event's template. [param options]: [code]npc[/code] (an [NpcCharacter] or
## its id) or [code]group[/code] say who notices it, everyone without; [code]key[/code]: a later event
## with the same key replaces this one; [code]priority[/code] 0 to 9; [code]ttl_s[/code] and
## [code]ttl_turns[/code]; [code]react[/code]: whether the NPC should say something about it by itself;
## [code]confirm[/code] false: not kept and not sent again, for what is told many times a second.
func tell(event_name: String, data: Dictionary = {}, options: Dictionary = {}) -> String:
	var message := {"type": "event", "name": event_name}
	if data:
		message["data"] = Plain.plain(data)
	_put_options(message, options, ["priority", "ttl_s", "ttl_turns", "react"], "tell")
	if options.get("confirm", true):
		return _session.post(message)
	_session.send_now(message)
	return ""


## Let NPCs know something in their next reply and in no other: a search result, the state of a quest.
## [param facts] are read as [code]key: value[/code] lines after the text. [param options]: [code]npc[/code],
## [code]group[/code] and [code]key[/code] as in [method tell]. Gives the id of the note.
func note(text: String, facts: Dictionary = {}, options: Dictionary = {}) -> String:
	var message := {"type": "note"}
	if text:
		message["text"] = text
	if facts:
		message["data"] = Plain.plain(facts)
	_put_options(message, options, [], "note")
	return _session.post(message)


## Say what is true in the game now, for the conditions in character files: text, numbers and booleans by
## name; null takes a flag away, and flags that are not named stay. For all NPCs, or for one.
func flags(values: Dictionary, npc: Variant = "") -> String:
	return _session.post(_scoped({"type": "flags", "values": Plain.plain(values)}, npc, ""))


## A cutscene or authored dialogue begins: replies under way end and none begins until [method release]. Lines wait
## and events still count. For one NPC, a group, or everyone.
func hold(npc: Variant = "", group: String = "") -> String:
	return _session.post(_scoped({"type": "hold"}, npc, group))


## What [method hold] held may speak again; lines that waited are answered now.
func release(npc: Variant = "", group: String = "") -> String:
	return _session.post(_scoped({"type": "release"}, npc, group))


## Let NPCs that are open talk with each other and the players, in one conversation. What is said to the group by
## [method say] is answered by whom its director chooses. True once they are gathered.
## [codeblock]
## await NpcBridge.gather("table", [$Smith/NpcCharacter, $Bard/NpcCharacter])
## NpcBridge.say("table", "Brom, what do you think of her songs?")
## [/codeblock]
## [param options]: [code]director[/code]: [code]addressed[/code] (who is named in the line, else who spoke last),
## [code]round_robin[/code], [code]weighted[/code] or [code]game[/code] (nobody by himself); [code]weights[/code]: how
## talkative an NPC is, by id; [code]max_npc_turns[/code]: how many turns they take by themselves after one
## that a player
## asked for; [code]pause_s[/code]: how long they wait before they answer each other.
func gather(group: String, npcs: Array, options: Dictionary = {}) -> bool:
	var message := {"type": "gather", "group": group, "npcs": npcs.map(_npc_of)}
	for option: String in options:
		if option in ["director", "weights", "max_npc_turns", "pause_s"]:
			message[option] = options[option]
		else:
			_session.warn("bad_option", "gather() knows no option '%s'" % option)
	return not (await _session.post_and_wait(message)).is_empty()


## End the talk of a group; each NPC remembers what it heard. True once it is over.
func disperse(group: String) -> bool:
	return not (await _session.post_and_wait({"type": "disperse", "group": group})).is_empty()


## Say something to a gathered group, or to an NPC by its id; [param speaker] is the player's name if it is
## not the one of
## [NpcCharacter]. Gives the line's id, empty if it was refused.
func say(to: Variant, text: String, speaker: String = "") -> String:
	if not text.strip_edges() or text.length() > Messages.MAX_SAY_CHARS:
		return ""
	var message := {"type": "say", "npc": _npc_of(to), "text": text}
	if speaker:
		message["player"] = speaker
	return _session.post(message)


## Let a gathered group, or an NPC by its id, go on although the player says nothing.
func continue_talking(to: Variant) -> String:
	return _session.post({"type": "continue", "npc": _npc_of(to)})


## The state of this session, for the game's save file; also told by [signal state_saved]. With a [param
## slot] the bridge
## keeps it under that name as well. Empty when it failed, see [signal failed].
## [codeblock]
## file.store_var({"gold": gold, "npcs": await NpcBridge.save_state()})
## [/codeblock]
func save_state(slot: String = "") -> PackedByteArray:
	var message := {"type": "save"}
	if slot:
		message["slot"] = slot
	var saved: Dictionary = await _session.ask(message)
	return saved.get("blob", PackedByteArray())


## Go back to a state that [method save_state] gave, or to one that the bridge kept under [param slot]. What
## was said
## since never happened: running replies end, labels are cleared. True when it is done, also told by [signal
## state_loaded];
## otherwise all goes on as before, and [signal failed] says why.
func load_state(blob: PackedByteArray, slot: String = "") -> bool:
	var message := {"type": "load"}
	if slot:
		message["slot"] = slot
	if blob:
		message["blob"] = blob
	return not (await _session.ask(message)).is_empty()


## Have the bridge delete for good what it remembers of an NPC, a player, or both. Gives how much it was:
## [code]conversations[/code], [code]lines[/code], [code]events[/code], [code]slots[/code]; empty when it failed.
func forget(npc: String = "", player: String = "") -> Dictionary:
	var message := _scoped({"type": "forget"}, npc, "")
	if player:
		message["player"] = player
	return await _session.ask(message)


## How it is going: turns, tokens and money by [code]session[/code], [code]characters[/code] and
## [code]players[/code]; the
## [code]backends[/code], the [code]budgets[/code], and the [code]unmapped[/code] actions. Empty when it failed.
func stats() -> Dictionary:
	return await _session.ask({"type": "ask_stats"})


## How many events and lines wait to be accepted by the bridge.
func waiting_count() -> int:
	return _session.protocol.waiting_count()


## The end of the log of the bridge that this game started.
func bridge_log() -> String:
	return _connection.process.log_tail if _connection.process != null else ""


## Open a conversation; [param receiver] gets each message about this NPC, and may return true for an
## error that it has expected. For [NpcCharacter].
func open(message: Dictionary, receiver: Callable) -> void:
	_session.open(message, receiver)


## An NPC can play or aim at something else now. For [NpcCharacter].
func declare(npc: String, fields: Dictionary) -> void:
	_session.declare(npc, fields)


## Leave a conversation. For [NpcCharacter].
func leave(npc: String) -> void:
	_session.leave(npc)


## Whether a conversation with this NPC is open or will be. For [NpcCharacter].
func is_taken(npc: String) -> bool:
	return _session.is_taken(npc)


## Send what has to arrive: it is kept until the bridge has accepted it. Gives the message's id.
func post(message: Dictionary) -> String:
	return _session.post(message)


## Send what only matters now; it is dropped without a connection.
func send_now(message: Dictionary) -> void:
	_session.send_now(message)


func _write_hello() -> PackedByteArray:
	var version := Engine.get_version_info()
	var engine := "Godot %s.%s.%s" % [version["major"], version["minor"], version["patch"]]
	return _session.protocol.write(_session.protocol.hello("npc-bridge-godot " + VERSION, engine, token))


func _take(message: Dictionary) -> void:
	match message["type"]:
		"saved":
			var blob: PackedByteArray = message["blob"]
			state_saved.emit(message["slot"], blob)
		"loaded":
			state_loaded.emit(message["slot"])
		"gathered":
			var npcs: Array = message["npcs"]
			gathered.emit(message["group"], PackedStringArray(npcs))
		"dispersed":
			dispersed.emit(message["group"])
		"notice":
			noticed.emit(message["code"], message["message"], message["npc"], message["player"])


## Put what is common to events and notes into a message, and [param more] as it is.
func _put_options(message: Dictionary, options: Dictionary, more: Array[String], method: String) -> void:
	for option: String in options:
		match option:
			"npc":
				message["npc"] = _npc_of(options[option])
			"group", "key":
				message[option] = str(options[option])
			"confirm":
				pass
			_:
				if option in more:
					message[option] = options[option]
				else:
					_session.warn("bad_option", "%s() knows no option '%s'" % [method, option])


func _scoped(message: Dictionary, npc: Variant, group: String) -> Dictionary:
	var id := _npc_of(npc)
	if id:
		message["npc"] = id
	if group:
		message["group"] = group
	return message


func _npc_of(npc: Variant) -> String:
	if npc is Node:
		var node: Node = npc
		# By name, because the class NpcCharacter knows this one.
		return str(node.call("resolved_id") if node.has_method("resolved_id") else node.name)
	return str(npc)
