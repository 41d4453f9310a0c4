extends "res://tests/suite.gd"

const Backoff := preload("res://addons/npc_bridge/core/backoff.gd")


func test_each_wait_is_up_to_twice_as_long_until_the_limit() -> void:
	var backoff := _backoff(0.5, 10.0)
	for step: float in [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]:
		var wait := backoff.next_s()
		holds(wait >= step / 2.0 and wait <= step, "%f in the step %f" % [wait, step])
	same(backoff.attempts, 7)


func test_success_makes_it_small_again() -> void:
	var backoff := _backoff(0.5, 10.0)
	for _attempt: int in 5:
		backoff.next_s()
	backoff.reset()
	holds(backoff.next_s() <= 0.5, "it begins small")


func test_no_two_games_wait_alike() -> void:
	var waits := {}
	for number: int in 50:
		waits[_backoff(1.0, 10.0, number).next_s()] = true
	same(waits.size(), 50)


func test_thousands_of_attempts_stay_at_the_limit() -> void:
	var backoff := _backoff(0.5, 10.0)
	backoff.attempts = 100_000
	holds(backoff.next_s() <= 10.0, "the limit holds")


func _backoff(first_s: float, most_s: float, number: int = 1) -> Backoff:
	var random := RandomNumberGenerator.new()
	random.seed = number
	return Backoff.new(first_s, most_s, random)
