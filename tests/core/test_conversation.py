from __future__ import annotations

from npc_bridge.core.character import parse_character
from npc_bridge.core.conversation import Conversation, Turn
from npc_bridge.core.events import EventTemplates
from npc_bridge.core.messages import Open, TurnCause

BROM = parse_character(
    """\
name = "Brom"
[fallback]
unknown = ["Hm.", "Eh?"]
question = "Ask Mira."
event = "Well."
""",
    file="brom.toml",
    character_id="brom",
)


def conversation() -> Conversation:
    message = Open.model_validate({"type": "open", "npc": "brom", "character": "brom", "player": "Ada"})
    return Conversation.opened_by("s", message, BROM, EventTemplates())


def a_turn(talk: Conversation, cause: TurnCause = "say") -> Turn:
    return Turn(id="t1", conversation=talk, cause=cause, asked_at=0.0)


def test_the_fallback_line_fits_what_the_player_said() -> None:
    talk = conversation()
    talk.history.hear("Where is the mine?", "Ada")

    assert talk.fallback_line(a_turn(talk)) == "Ask Mira."


def test_the_fallback_line_for_anything_else_is_never_the_same_twice_in_a_row() -> None:
    talk = conversation()
    talk.history.hear("The mine fell in.", "Ada")

    assert [talk.fallback_line(a_turn(talk)) for _ in range(3)] == ["Hm.", "Eh?", "Hm."]


def test_an_npc_that_reacts_to_an_event_falls_back_to_a_line_for_events() -> None:
    talk = conversation()

    assert talk.fallback_line(a_turn(talk, "event")) == "Well."


def recast(clips: list[str], before: str, after: str) -> tuple[tuple[str, str], ...]:
    """The clips and their descriptions once a character file was saved again."""
    files = [f'name = "Brom"\n[clips]\n{clips_of_file}\n' for clips_of_file in (before, after)]
    first, second = (parse_character(text, file="brom.toml", character_id="brom") for text in files)
    message = Open.model_validate({"type": "open", "npc": "brom", "character": "brom", "clips": clips})
    talk = Conversation.opened_by("s", message, first, EventTemplates())
    talk.recast(second)
    return tuple((clip.name, clip.description) for clip in talk.clips)


def test_a_saved_character_brings_its_new_clips_to_a_game_that_declared_none() -> None:
    assert recast([], 'nod = "nods"', 'nod = "nods"\nbow = "bows"') == (("nod", "nods"), ("bow", "bows"))


def test_a_saved_character_describes_the_clips_of_a_game_anew() -> None:
    assert recast(["nod", "wave"], 'nod = "nods"', 'wave = "waves"\nbow = "bows"') == (("nod", ""), ("wave", "waves"))


def test_the_aliases_of_the_file_come_after_those_of_the_game() -> None:
    character = parse_character(
        'name = "Brom"\n[clips]\nnod = { description = "nods", aliases = ["dips his head", "bobs"] }\n', file="b.toml", character_id="brom"
    )
    declared = [{"name": "nod", "aliases": ["nods once", "bobs"]}]
    message = Open.model_validate({"type": "open", "npc": "brom", "character": "brom", "clips": declared})
    talk = Conversation.opened_by("s", message, character, EventTemplates())
    assert [(clip.description, clip.aliases) for clip in talk.clips] == [("nods", ("nods once", "bobs", "dips his head"))]
