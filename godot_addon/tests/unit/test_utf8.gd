extends "res://tests/suite.gd"

const Utf8 := preload("res://addons/npc_bridge/core/utf8.gd")


func test_the_edges_of_each_length_are_valid() -> void:
	for code: int in [1, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF]:
		for padding: int in 9:
			var octets := ("x".repeat(padding) + String.chr(code) + "yz").to_utf8_buffer()
			holds(Utf8.is_valid(octets), "U+%X after %d" % [code, padding])
			same(Utf8.text_of(octets), "x".repeat(padding) + String.chr(code) + "yz")


func test_what_is_not_utf8_is_told_apart_at_every_place() -> void:
	var bad := ["80", "bf", "c0 80", "c1 bf", "c2", "c2 41", "e0 80 80", "e0 9f bf", "e2 82", "e2 82 41"]
	bad += ["ed a0 80", "ed bf bf", "f0 80 80 80", "f0 8f bf bf", "f0 9f 91", "f4 90 80 80", "f5 80 80 80", "ff", "fe"]
	for octets: String in bad:
		for padding: int in 9:
			var text := "x".repeat(padding).to_utf8_buffer()
			holds(not Utf8.is_valid(text + hex(octets)), "%s at %d" % [octets, padding])
			holds(not Utf8.is_valid(text + hex(octets) + text), "%s at %d, more behind" % [octets, padding])


func test_a_nul_becomes_one_character() -> void:
	same(Utf8.text_of(hex("61 00 62 00")), "a\uFFFDb\uFFFD")
