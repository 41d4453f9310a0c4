"""Reads what authors write in TOML and says, when something is wrong, in which line and what to write instead.

What the tables mean is said by pydantic classes elsewhere (``character.py``, ``events.py``). No file is opened here.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from npc_bridge.core.toml_lines import KeyPath, TomlLines
from npc_bridge.errors import FileProblem, FileProblems

_PLACE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)")
_UNQUOTED = re.compile(r"\s*([A-Za-z0-9_.-]+)\s*=\s*([^\W\d_][^#]*?)\s*(?:#.*)?$")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_WORDS = {
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_too_short": "is empty",
    "tuple_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
}


class AuthoredText:
    """One TOML text with the places of its keys. Raises ``FileProblems`` when it is not valid TOML."""

    def __init__(self, text: str, *, file: str) -> None:
        self.file = file
        # Some editors for Windows begin a file with a byte order mark, which TOML forbids.
        text = text.removeprefix("\ufeff")
        try:
            self.tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as exc:
            raise FileProblems([_syntax_problem(str(exc), text, file)]) from None
        except RecursionError:
            raise FileProblems([FileProblem(file, 0, "tables or lists are nested too deeply")]) from None
        self._lines = TomlLines(text)

    def problem(self, path: KeyPath, what: str, remedy: str = "") -> FileProblem:
        return FileProblem(self.file, self._lines.line(path), what, remedy)


def pointed(problem: str, remedy: str = "", at: KeyPath = ()) -> PydanticCustomError:
    """An error for a validator to raise, with words of its own. ``at`` leads from the validated value to what is at fault."""
    return PydanticCustomError("authored", "{problem}", {"problem": problem, "remedy": remedy, "at": at})


def file_problems(exc: ValidationError, model: type[BaseModel], source: AuthoredText, *, under: KeyPath = ()) -> list[FileProblem]:
    """Say in an author's words what pydantic found wrong with the table at ``under``, which was meant to be a ``model``."""
    found: dict[tuple[KeyPath, str], FileProblem] = {}
    for error in exc.errors(include_url=False):
        # In a list that may also be a single text, the item is at fault and not the list.
        path: KeyPath = (*under, *_in_file(error["loc"], source.tables, under))
        problem = _problem(error, model, source, path)
        found.setdefault((path, problem.problem), problem)
    return sorted(found.values(), key=lambda problem: problem.line)


def is_blank(value: object) -> bool:
    return isinstance(value, str) and not value.strip()


def _in_file(loc: KeyPath, tables: Mapping[str, Any], under: KeyPath) -> KeyPath:
    """Leave out of pydantic's path what is no key of the file: names of types in a union, or ``[key]``."""
    here: Any = tables
    for step in under:
        here = here[step]
    path: KeyPath = ()
    for step in loc:
        if isinstance(here, Mapping):
            if isinstance(step, int) and 0 <= step < len(here):
                step = list(here)[step]  # a table that was validated as the list of its entries
            if isinstance(step, str) and (step in here or not path or step == loc[-1]):
                path = (*path, step)
                here = here.get(step)
        elif isinstance(here, (list, tuple)) and isinstance(step, int) and 0 <= step < len(here):
            path = (*path, step)
            here = here[step]
    return path


def _problem(error: ErrorDetails, model: type[BaseModel], source: AuthoredText, path: KeyPath) -> FileProblem:
    loc, kind = error["loc"], error["type"]
    name = _dotted(path) or _dotted(loc)
    field = field_at(model, loc)
    context: Mapping[str, Any] = error.get("ctx") or {}
    if kind == "authored":
        return source.problem((*path, *context["at"]), context["problem"], context["remedy"])
    if kind == "extra_forbidden":
        return source.problem(path, f"unknown key '{name}'", _instead_of(str(loc[-1]), model, loc[:-1]))
    if kind == "missing":
        return source.problem(path, f"'{name}' is missing", _example(loc, field))
    if kind == "string_too_long" or kind == "too_long":
        unit = "characters" if kind == "string_too_long" else "entries"
        return source.problem(path, f"'{name}' is too long; at most {context['max_length']} {unit} are allowed")
    if kind == "literal_error" and field is not None:
        options = _options(field)
        close = difflib.get_close_matches(str(error["input"]).lower(), options, 1, 0.4)
        example = _quoted(*close or options[:1])
        if get_origin(field.annotation) is tuple:
            example = f"[{example}]"
        return source.problem(path, f"'{name}' must be one of {', '.join(map(_quoted, options))}", f"{_last(loc)} = {example}")
    allowed = _range(field) if field is not None else ""
    if allowed and kind not in _WORDS and isinstance(error["input"], int | float):
        return source.problem(path, f"'{name}' is {error['input']:.12g}; it must be {allowed}", _example(loc, field))
    return source.problem(path, f"'{name}' {_WORDS.get(kind, 'is not allowed: ' + error['msg'].lower())}", _example(loc, field))


def field_at(model: type[BaseModel], loc: KeyPath) -> FieldInfo | None:
    """Return the field that a path leads to, or None: an unknown key, or an entry of a free table."""
    field: FieldInfo | None = None
    here: type[BaseModel] | None = model
    for step in loc:
        if here is not None and isinstance(step, str):
            field = here.model_fields.get(step)
            if field is None:
                return None
            here = _model_in(field.annotation)
    return field


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def _options(field: FieldInfo) -> list[str]:
    kind = field.annotation
    if get_origin(kind) is tuple:  # one of several words
        kind = get_args(kind)[0]
    return [str(option) for option in get_args(kind)] if get_origin(kind) is Literal else []


def _range(field: FieldInfo) -> str:
    """Return a field's bounds in words, such as ``at least 0 and below 2``."""
    words = []
    for bound in _bounds(field):
        for kind, word in (("ge", "at least"), ("gt", "above"), ("le", "at most"), ("lt", "below")):
            limit = getattr(bound, kind, None)
            if limit is not None:
                words.append(f"{word} {limit}")
    return " and ".join(words)


def _bounds(field: FieldInfo) -> Iterable[Any]:
    yield from field.metadata
    for arg in get_args(field.annotation):
        yield from getattr(arg, "__metadata__", ())


def _example(loc: KeyPath, field: FieldInfo | None) -> str:
    if field is None or not field.examples:
        return ""
    example = field.examples[0]
    return example if isinstance(example, str) and "=" in example else f"{_last(loc)} = {toml_value(example)}"


def toml_value(value: Any) -> str:
    # JSON writes texts, numbers, truth values and lists of them as TOML does.
    return json.dumps(value, ensure_ascii=False)


def _instead_of(key: str, model: type[BaseModel], loc: KeyPath) -> str:
    """Say what an unknown key was probably meant to be: a like one of the same table, or the same one elsewhere."""
    places = {place: set(fields) for place, fields in tables_of(model).items()}
    here = ".".join(str(step) for step in loc if isinstance(step, str))
    known = places.pop(here, set())
    close = difflib.get_close_matches(key, known, 1, 0.7)
    if close:
        return close[0]
    for place, keys in places.items():
        if key in keys:
            return f"{key}, but " + (f"under [{place}]" if place else "at the top of the file, before the first [table]")
    close = difflib.get_close_matches(key, known, 1, 0.5)
    return close[0] if close else "one of " + ", ".join(sorted(known))


def tables_of(model: type[BaseModel], prefix: str = "") -> dict[str, Mapping[str, FieldInfo]]:
    """Return the keys an author may write, by the name of their table; the file's top is ``""``."""
    fields = {name: field for name, field in model.model_fields.items() if not field.exclude}
    tables: dict[str, Mapping[str, FieldInfo]] = {prefix: fields}
    for name, field in fields.items():
        inner = _model_in(field.annotation)
        place = f"{prefix}.{name}" if prefix else name
        if inner is model:  # a table may hold others of its kind
            tables[place] = fields
        elif inner is not None:
            tables |= tables_of(inner, place)
    return tables


def _dotted(loc: KeyPath) -> str:
    name = ""
    for step in loc:
        if isinstance(step, int):
            name += f"[{step + 1}]"
        elif step and not step.startswith("["):
            name += ("." if name else "") + step
    return name


def _last(loc: KeyPath) -> str:
    key = next((step for step in reversed(loc) if isinstance(step, str) and step and not step.startswith("[")), "")
    return key if _BARE_KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def _quoted(text: str) -> str:
    return f'"{text}"'


def _syntax_problem(message: str, text: str, file: str) -> FileProblem:
    place = _PLACE.search(message)
    what = _PLACE.sub("", message)
    lines = text.split("\n")
    number = int(place[1]) if place and place[1] else len(lines)
    unquoted = _UNQUOTED.match(lines[min(number, len(lines)) - 1])
    if what == "Invalid value" and unquoted:
        return FileProblem(file, number, "text stands between quotation marks", f"{unquoted[1]} = {_quoted(unquoted[2])}")
    if what == "Cannot overwrite a value" or what.startswith("Cannot declare"):
        return FileProblem(file, number, "this key or table is in the file twice", "it once, with everything that belongs to it")
    if what == "Unescaped '\\' in a string":
        return FileProblem(file, number, "a backslash in a text begins a code such as \\n", "two backslashes for one")
    if what == "Unterminated string" or what == "Expected \"'''\"":
        opened = max(text.rfind('"""'), text.rfind("'''"))
        number = text.count("\n", 0, opened) + 1 if opened >= 0 else number
        return FileProblem(file, number, "this text never ends", "the quotation marks that end it")
    return FileProblem(file, number, f"not valid TOML: {what[:1].lower()}{what[1:]}")
