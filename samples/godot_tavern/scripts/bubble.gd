class_name TavernBubble
extends Control
## A speech bubble: a sheet of paper with a name, the words, what the speaker does, and a tail.
##
## The words are an [NpcSpeechLabel]; this only draws the paper around them and keeps out of the way of
## the other bubbles, see [method arrange].

const PAPER := Color("fbf0d6")
const PAPER_EDGE := Color("2a1a16")
const MARGIN := Vector2(17, 13)
const TAIL := 20.0
const MAX_WIDTH := 292.0
const MIN_WIDTH := 118.0
const CUE_S := 2.6

## The colour of the speaker's name.
@export var accent := Color("7b2f45")

## Where the tail ends, in the coordinates of the room.
var anchor := Vector2.ZERO
## Where the bubble would be if it were alone, and where it is: the middle of its lower edge.
var middle := 0.0
## How long the words stay after the last letter, in seconds.
var linger_s := 5.0

var _size_now := Vector2(MIN_WIDTH, 40)
var _rest_s := 0.0
var _cue_s := 0.0
var _style := StyleBoxFlat.new()
var _tab_style := StyleBoxFlat.new()
var _cue_style := StyleBoxFlat.new()

@onready var words: NpcSpeechLabel = $Words
@onready var _name: Label = $Name
@onready var _cue: Label = $Cue


func _ready() -> void:
	_style.bg_color = PAPER
	_style.border_color = PAPER_EDGE
	_style.set_border_width_all(3)
	_style.set_corner_radius_all(15)
	_style.shadow_color = Color(0.03, 0.01, 0.03, 0.38)
	_style.shadow_size = 7
	_style.shadow_offset = Vector2(0, 4)
	_tab_style = _style.duplicate()
	_tab_style.bg_color = accent
	_tab_style.set_corner_radius_all(9)
	_tab_style.shadow_size = 0
	_cue_style = _tab_style.duplicate()
	_cue_style.bg_color = Color("ffd773")
	visible = false
	modulate.a = 0.0
	words.typing_started.connect(_on_typing_started)


func _process(delta: float) -> void:
	_rest_s = 0.0 if words.is_typing() else _rest_s + delta
	var is_wanted := words.get_total_character_count() > 0 and (words.visible_characters != 0 or _cue_s > 0.0)
	is_wanted = is_wanted and _rest_s < linger_s
	modulate.a = move_toward(modulate.a, 1.0 if is_wanted else 0.0, delta * 6.0)
	visible = modulate.a > 0.0
	_cue_s -= delta
	_cue.modulate.a = clampf(_cue_s * 3.0, 0.0, 1.0)
	if visible:
		_fit(delta)


## Whether there are words in it that the player can read.
func is_busy() -> bool:
	return visible and _rest_s < linger_s


## Name the speaker.
func introduce(speaker: String) -> void:
	_name.text = speaker


## Show a line at once; for somebody whose words are not typed.
func show_line(line: String) -> void:
	words.clear()
	words.add_text(line)
	words.visible_characters = -1
	_rest_s = 0.0
	_size_now = _wanted_size()


## Say what the speaker does, for a moment.
func show_cue(action: String) -> void:
	_cue.text = "✦ " + action
	_cue_s = CUE_S


## Put the bubbles beside each other, each as near to its speaker as can be, between two edges.
static func arrange(bubbles: Array[TavernBubble], left: float, right: float) -> void:
	var shown: Array[TavernBubble] = []
	for bubble: TavernBubble in bubbles:
		if bubble.visible:
			shown.append(bubble)
			bubble.middle = bubble.anchor.x
	shown.sort_custom(func(a: TavernBubble, b: TavernBubble) -> bool: return a.anchor.x < b.anchor.x)
	for _round: int in 12:
		for index: int in shown.size() - 1:
			var one := shown[index]
			var other := shown[index + 1]
			var overlap := (one._size_now.x + other._size_now.x) / 2.0 + 14.0 - (other.middle - one.middle)
			if overlap > 0.0:
				one.middle -= overlap / 2.0
				other.middle += overlap / 2.0
		for bubble: TavernBubble in shown:
			var half := bubble._size_now.x / 2.0 + 10.0
			bubble.middle = clampf(bubble.middle, left + half, right - half)
	for bubble: TavernBubble in shown:
		bubble._place()


func _draw() -> void:
	var box := Rect2(Vector2.ZERO, _size_now)
	draw_style_box(_style, box)
	var tip := anchor - position
	var root := clampf(tip.x, 30.0, _size_now.x - 30.0)
	var low := _size_now.y - 3.0
	tip.x = clampf(tip.x, root - 46.0, root + 46.0)
	var tail := PackedVector2Array([Vector2(root - 12.0, low), Vector2(root + 12.0, low), tip])
	draw_colored_polygon(tail, PAPER)
	draw_polyline(
		PackedVector2Array([tail[0] + Vector2(0, 1.5), tip, tail[1] + Vector2(0, 1.5)]), PAPER_EDGE, 3.0, true
	)
	draw_rect(Rect2(root - 10.5, low - 3.0, 21.0, 4.0), PAPER)
	var tab := Rect2(12, -17, _name.get_minimum_size().x + 22, 27)
	draw_style_box(_tab_style, tab)
	_name.position = tab.position + Vector2(11, 1.5)
	if _cue.modulate.a > 0.0:
		var width := _cue.get_minimum_size().x + 20
		var chip := Rect2(maxf(tab.end.x + 6.0, _size_now.x - width - 12.0), -15, width, 24)
		_cue_style.bg_color.a = _cue.modulate.a
		_cue_style.border_color.a = _cue.modulate.a
		draw_style_box(_cue_style, chip)
		_cue.position = chip.position + Vector2(10, 2)


func _fit(delta: float) -> void:
	var wanted := _wanted_size()
	_size_now = _size_now.lerp(wanted, 1.0 - exp(-delta * 14.0))
	if _size_now.distance_to(wanted) < 1.0:
		_size_now = wanted
	words.position = MARGIN + Vector2(0, 4)
	words.size = Vector2(wanted.x - 2.0 * MARGIN.x, wanted.y)
	queue_redraw()


func _wanted_size() -> Vector2:
	var font := words.get_theme_font("normal_font")
	var line := font.get_string_size(
		words.get_parsed_text(), HORIZONTAL_ALIGNMENT_LEFT, -1, words.get_theme_font_size("normal_font_size")
	)
	var least := maxf(MIN_WIDTH, _name.get_minimum_size().x + 46.0)
	var width := clampf(line.x + 2.0 * MARGIN.x + 6.0, least, MAX_WIDTH)
	words.size.x = width - 2.0 * MARGIN.x
	return Vector2(width, maxf(words.get_content_height(), 24.0) + 2.0 * MARGIN.y + 2.0)


func _place() -> void:
	position = Vector2(middle - _size_now.x / 2.0, anchor.y - TAIL - _size_now.y)


func _on_typing_started(_turn_id: String) -> void:
	_rest_s = 0.0
	_size_now = Vector2(MIN_WIDTH, 52)
