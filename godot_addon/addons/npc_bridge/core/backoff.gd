@tool
## How long to wait before the next attempt: twice as long each time, up to a limit, and a random part
## so that many games do not come back in the same moment.
extends RefCounted

## Attempts since the last success.
var attempts := 0

var _first_s: float
var _most_s: float
var _random: RandomNumberGenerator


func _init(first_s: float, most_s: float, random: RandomNumberGenerator) -> void:
	_first_s = first_s
	_most_s = most_s
	_random = random


## Seconds to wait now: between half of the step and all of it.
func next_s() -> float:
	var step := minf(_first_s * pow(2.0, minf(attempts, 30.0)), _most_s)
	attempts += 1
	return step * _random.randf_range(0.5, 1.0)


## It worked: begin small the next time.
func reset() -> void:
	attempts = 0
