@tool
## Text out of bytes from outside, with every byte checked first.
##
## [method PackedByteArray.get_string_from_utf8] prints an engine error for bytes that are not UTF-8
## and stops at a NUL; nothing that comes over a socket may do either.
extends RefCounted

## What stands for a NUL, which a Godot string cannot hold: U+FFFD, one code point as well.
const REPLACEMENT: Array[int] = [0xEF, 0xBF, 0xBD]


## True if these bytes are well-formed UTF-8: no overlong forms, surrogates or values past U+10FFFF.
static func is_valid(bytes: PackedByteArray) -> bool:
	var end := bytes.size()
	var at := 0
	# Eight bytes at a time while they are ASCII, which they are nearly always.
	while at + 8 <= end and not bytes.decode_u64(at) & -0x7F7F7F7F7F7F7F80:
		at += 8
	while at < end:
		var lead := bytes[at]
		if lead < 0x80:
			at += 1
			continue
		if lead < 0xC2 or lead > 0xF4:
			return false
		var length := 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
		if at + length > end:
			return false
		if not _may_follow(lead, bytes[at + 1]):
			return false
		for offset: int in range(2, length):
			if bytes[at + offset] & 0xC0 != 0x80:
				return false
		at += length
	return true


## The text of bytes that are valid; each NUL becomes one U+FFFD.
static func text_of(bytes: PackedByteArray) -> String:
	if bytes.find(0) < 0:
		return bytes.get_string_from_utf8()
	var mended := PackedByteArray()
	for byte: int in bytes:
		if byte:
			mended.append(byte)
		else:
			mended.append_array(PackedByteArray(REPLACEMENT))
	return mended.get_string_from_utf8()


static func _may_follow(lead: int, second: int) -> bool:
	match lead:
		0xE0:
			return second >= 0xA0 and second < 0xC0
		0xED:
			return second >= 0x80 and second < 0xA0
		0xF0:
			return second >= 0x90 and second < 0xC0
		0xF4:
			return second >= 0x80 and second < 0x90
	return second & 0xC0 == 0x80
