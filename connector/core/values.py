"""Single values of a document: which function over a row a line of a mapping asks for.

A value comes from a column, from the first filled of several, from several joined (or, with a code map, together),
from a declared constant, or is the local_id of another record. Everything is checked and looked up here, once; the
functions only read. `conditions` has what `when` says.
May import: codes, conditions, keys, model, schema, section, text, transforms, the standard library.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from connector.core import keys
from connector.core.codes import FREE_TEXT, CodeMap, local_code
from connector.core.conditions import Columns, Reader
from connector.core.model import KINDS, Kind
from connector.core.schema import FieldInfo
from connector.core.section import Section
from connector.core.text import folded
from connector.core.transforms import DEFAULT, TRANSFORMS, Bad, Options, Read, valid_format

BAD_DAYS = Bad("E-MAP-NUMBER", "a whole number of days, at most 36600")
BAD_JSON = Bad("E-MAP-JSON", "JSON with a single value at the path")
BAD_REF = Bad("E-MAP-KEY-LENGTH", f"at most {keys.MAX_BYTES} bytes")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a rule may refer to."""

    fields: Mapping[str, FieldInfo]
    code_maps: Mapping[str, CodeMap]
    children: frozenset[str]
    reserved: frozenset[str]  # fields that the connector itself sets
    source: str
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Value:
    """How one value is read: the function, the columns it reads, and the rule in words."""

    read: Reader | None
    columns: tuple[str, ...]
    words: str
    constant: str | int | bool | None = None
    ref: Kind | None = None
    ref_source: str = ""  # where the other record stands, "" for the same source
    ageless: bool = False  # its codes may be out of date


NO_VALUE = Value(None, (), "")


def read_value(info: FieldInfo, section: Section, scope: Scope) -> Value | None:
    """How the rule's value is read; None if something about it is wrong (then reported)."""
    if section.has("constant"):
        constant = _constant(info, section)
        return None if constant is None else Value(lambda _: constant, (), f"constant {constant}", constant)
    if section.has("ref"):
        return _ref(info, section, scope)
    value = _from_columns(info, section, scope)
    if value is not None and _may_be_of_another_day(section, scope):
        return replace(value, ageless=True)
    return value


def _from_columns(info: FieldInfo, section: Section, scope: Scope) -> Value | None:
    coded = section.has("codes")
    name, read = _coded(info, section, scope) if coded else _transform(info, section, scope)
    if coded and section.has("columns"):
        columns = section.texts("columns")
        return Value(_paired(columns, read), columns, f"{name}, paired") if read and columns else None
    if path := _path(section):
        name = f"{name}, at {path}"
    name += _says_nothing(section)
    read = _at_path(_emptied(read, section), path)
    if not coded and _left_out(info, section) and read:
        read = _without_bad(read)
    if section.has("column"):
        column = section.text("column")
        value = Value(_from_column(column, read), (column,), name) if read and column else None
        return _days_later(value, info, section)
    if section.has("first"):
        columns = section.texts("first")
        value = Value(_first(columns, read), columns, f"{name}, first filled") if read and columns else None
        return _days_later(value, info, section)
    columns = section.texts("columns", needed=True)
    if _type(info) != "string":
        section.report("E-CFG-TARGET", "columns", info.pointer, "a text field: several columns are joined")
    separator = section.raw("separator")
    if read is None or not columns:
        return None
    return Value(_joined(columns, read, separator if isinstance(separator, str) else ", "), columns, f"{name}, joined")


def _constant(info: FieldInfo, section: Section) -> str | int | bool | None:
    """A declared constant: of a C1 field, or a code. Anything else of class C2 or C3 would be an invented person."""
    value = section.raw("constant")
    fitting = {"integer": int, "boolean": bool}.get(info.type, str)
    if not isinstance(value, (str, int)) or type(value) is not fitting:
        section.report("E-CFG-TYPE", "constant", value, f"a value of type {_type(info)}")
    elif info.confidentiality != "C1" and not info.enum:
        section.report("E-CFG-CONSTANT", "constant", info.pointer, "a field of class C1, or a code: nobody is invented")
    elif info.enum and value not in info.enum:
        section.report("E-CFG-CODES", "constant", value, f"a code of the list {info.codes}")
    else:
        return value
    return None


def _ref(info: FieldInfo, section: Section, scope: Scope) -> Value | None:
    kind, columns = read_kind(section, "ref"), section.texts("columns", needed=True)
    source = read_source_name(section)
    if _type(info) != "string":
        section.report("E-CFG-TARGET", "ref", info.pointer, "a text field: it holds a local_id")
        return None
    if kind is None or not columns:
        return None
    read = compile_ref(columns, source or scope.source)
    return Value(read, columns, f"ref {kind}", ref=kind, ref_source=source)


def _coded(info: FieldInfo, section: Section, scope: Scope) -> tuple[str, Read | None]:
    name = section.text("codes")
    if section.has("transform"):
        section.report("E-CFG-TRANSFORM", "transform", section.text("transform"), "codes or a transform, not both")
    code_map = scope.code_maps.get(name)
    if code_map is None:
        section.report("E-CFG-CODES", "codes", name, f"one of codes/: {', '.join(sorted(scope.code_maps))}")
    elif code_map.list is FREE_TEXT and not info.codes and _type(info) == "string":
        if info.confidentiality == "C1":
            return f"codes {name}", _decoder(code_map)
        section.report("E-CFG-CONSTANT", "codes", info.pointer, "a field of class C1, or a code: nobody is invented")
    elif code_map.list.name != info.codes:
        expected = f"a map into {info.codes}" if info.codes else "no codes: this field has no code list"
        section.report("E-CFG-CODES", "codes", f"{name} (a map into {code_map.list.name})", expected)
    else:
        return f"codes {name}", _decoder(code_map)
    return name, None


def _may_be_of_another_day(section: Section, scope: Scope) -> bool:
    code_map = scope.code_maps.get(section.text("codes")) if section.has("codes") else None
    return code_map is not None and code_map.out_of_date == "keep"


_REMEMBERED = 4096


def _decoder(code_map: CodeMap) -> Read:
    """Look codes up, remembering the answers for as many spellings as real lists have."""
    unknown = Bad("E-MAP-CODE", code_map.name)
    known: dict[Any, str | None] = {}

    def read(value: Any) -> str | Bad | None:
        if value.__class__ is str or value.__class__ is int:
            if value in known:
                return known[value]
            if value.__class__ is str and not value.strip():
                return None
        if value.__class__ is Bad:
            return value
        code = code_map.lookup(value)
        if code is None:
            return unknown
        if len(known) < _REMEMBERED and value.__class__ in (str, int):
            known[value] = code or None
        return code or None

    return read


def _transform(info: FieldInfo, section: Section, scope: Scope) -> tuple[str, Read | None]:
    name = section.text("transform") or DEFAULT[_type(info)]
    transform = TRANSFORMS.get(name)
    options = _options(section, scope)
    if transform is None:
        section.report("E-CFG-TRANSFORM", "transform", name, f"one of {', '.join(TRANSFORMS)}")
        return name, None
    if _type(info) not in transform.targets:
        fitting = ", ".join(t.name for t in TRANSFORMS.values() if _type(info) in t.targets)
        section.report("E-CFG-TRANSFORM", "transform", name, f"for a {_type(info)}: {fitting}")
        return name, None
    joined = {"separator"} if section.has("columns") else set()
    for option in ("formats", "separator", "index"):
        if section.has(option) and option not in transform.options | joined:
            section.report("E-CFG-TRANSFORM", option, option, f"no such option of {name}")
        if option in transform.needs and not section.has(option):
            section.report("E-CFG-MISSING", option, "nothing", f"the option {option} of {name}")
    return name, transform.build(options)


def _options(section: Section, scope: Scope) -> Options:
    formats = section.texts("formats")
    for wanted in formats:
        if not valid_format(wanted):
            section.report("E-CFG-TRANSFORM", "formats", wanted, "epoch_s, epoch_ms or a pattern such as %d/%m/%Y")
    separator = section.raw("separator") or ""
    if not isinstance(separator, str):
        section.report("E-CFG-TYPE", "separator", separator, "a text")
        separator = ""
    return Options(scope.zone, formats, separator, section.integer("index"))


def _from_column(column: str, convert: Read) -> Reader:
    def read(row: Columns) -> Any:
        value = row[column]
        return None if value is None else convert(value)

    return read


def _first(columns: tuple[str, ...], convert: Read) -> Reader:
    """The first column that says something, as the rule reads it; what cannot be read is not passed over."""

    def read(row: Columns) -> Any:
        for column in columns:
            value = row[column]
            found = None if value is None else convert(value)
            if found is not None:
                return _at(column, found)
        return None

    return read


def _at(column: str, found: Any) -> Any:
    """The same, and where it cannot be read, of which of several columns that is said."""
    return replace(found, column=column) if found.__class__ is Bad else found


def _paired(columns: tuple[str, ...], decode: Read) -> Reader:
    """The code of several columns together, as `1/2` in the code map; None where all of them are empty.

    A part that is no code, and one with a slash, which would make two pairs look alike, are in no map."""

    def read(row: Columns) -> Any:
        parts = ["" if row[column] is None else local_code(row[column]) for column in columns]
        if not any(part != "" for part in parts):
            return None
        unclear = any(part is None or "/" in part for part in parts)
        return decode(b"" if unclear else "/".join(part or "" for part in parts))

    return read


def _emptied(read: Read | None, section: Section) -> Read | None:
    """The same function, saying nothing for the values that `empty` lists: how this column writes "not entered".

    `empty_folded` lists words that people typed: they count in any letter case and punctuation."""
    if read is None or not (section.has("empty") or section.has("empty_folded")):
        return read
    exact, typed = _listed(section, "empty"), _listed(section, "empty_folded")
    if exact is None or typed is None:
        return None
    empty, words, convert = frozenset(exact), frozenset(filter(None, map(folded, typed))), read

    def read_filled(value: Any) -> Any:
        said = value.isoformat()[:10] if isinstance(value, date) else local_code(value)
        if said in empty or (words and isinstance(value, str) and folded(value) in words):
            return None
        return convert(value)

    return read_filled


def _says_nothing(section: Section) -> str:
    """In words, for which values the rule says nothing though the column is filled; "" if there are none."""
    listed = [value for key in ("empty", "empty_folded") for value in _as_list(section.raw(key))]
    empty = f", empty {', '.join(map(str, listed))}" if listed else ""
    return f"{empty}, unreadable absent" if section.has("unreadable") else empty


def _as_list(raw: Any) -> list[Any]:
    return raw if isinstance(raw, list) else []


def _listed(section: Section, key: str) -> list[str] | None:
    """The values that a rule lists; None if it is no such list (then reported)."""
    listed = section.raw(key)
    if listed is None:
        return []
    if not isinstance(listed, list) or not listed or not all(type(value) in (str, int) for value in listed):
        section.report("E-CFG-TYPE", key, listed, "a list of texts")
        return None
    return [str(value).strip() for value in listed]


def _at_path(read: Read | None, path: str) -> Read | None:
    """The same function over what stands at `path` of a column's JSON."""
    if not path or read is None:
        return read
    convert = read

    def read_inside(value: Any) -> Any:
        found = inside(value, path)
        return found if found is None or found.__class__ is Bad else convert(found)

    return read_inside


def inside(value: Any, path: str) -> Any:
    """Return what stands at a path (`nguoi.0.ten`) of JSON: None where it ends early or says nothing, Bad where it is
    no JSON, or the path leads to no single value."""
    if value is None or (value.__class__ is str and not value.strip()):
        return None
    try:
        found = json.loads(value, parse_float=Decimal) if isinstance(value, (str, bytes, bytearray)) else value
    except (ValueError, RecursionError, ArithmeticError):
        return BAD_JSON
    for step in path.split("."):
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list) and step.isdecimal():
            found = found[int(step)] if int(step) < len(found) else None
        else:
            return None if found is None else BAD_JSON
    return BAD_JSON if isinstance(found, (dict, list)) else found


def _path(section: Section) -> str:
    path = section.text("path")
    if path and not _PATH.fullmatch(path):
        section.report("E-CFG-VALUE", "path", path, "a path such as nguoi.0.ten")
        return ""
    return path


_PATH = re.compile(r"[^\s,.]+(?:\.[^\s,.]+)*")


def _left_out(info: FieldInfo, section: Section) -> bool:
    """Whether the rule says that a day which cannot be is left out. Of days only: an unreadable yes or no decides."""
    said = section.raw("unreadable")
    if said is None:
        return False
    if _type(info) not in ("date", "date-time"):
        section.report("E-CFG-TARGET", "unreadable", info.pointer, "a field that is a day")
    if said != "absent":
        section.report("E-CFG-VALUE", "unreadable", said, "one of: absent")
    return True


def _without_bad(convert: Read) -> Read:
    def read(value: Any) -> Any:
        found = convert(value)
        return None if found.__class__ is Bad else found

    return read


_MOST_DAYS = 36_600


def _days_later(value: Value | None, info: FieldInfo, section: Section) -> Value | None:
    """The day so many days later: `plus_days` is a number, or the column that holds it. None where either is empty."""
    days = section.raw("plus_days")
    if days is None or value is None or value.read is None:
        return value
    if _type(info) != "date":
        section.report("E-CFG-TARGET", "plus_days", info.pointer, "a field that is a day")
        return None
    if type(days) not in (int, str) or not str(days).strip() or (type(days) is int and abs(days) > _MOST_DAYS):
        section.report("E-CFG-TYPE", "plus_days", days, "a column, or a whole number of days")
        return None
    first, number = value.read, TRANSFORMS["integer"].build(Options(UTC))

    def read(row: Columns) -> Any:
        day, later = first(row), days if isinstance(days, int) else number(row[days])
        if day.__class__ is Bad or later.__class__ is Bad:
            return day if day.__class__ is Bad else _at(str(days), later)
        if day is None or later is None:
            return None
        if abs(later) > _MOST_DAYS:
            return _at(str(days), BAD_DAYS)
        return (date.fromisoformat(day) + timedelta(days=later)).isoformat()

    columns = value.columns if isinstance(days, int) else (*value.columns, days)
    return Value(read, columns, f"{value.words}, plus {days} days")


def _joined(columns: tuple[str, ...], convert: Read, separator: str) -> Reader:
    def read(row: Columns) -> Any:
        values = [_at(column, convert(row[column])) for column in columns]
        bad = next((value for value in values if isinstance(value, Bad)), None)
        return bad or separator.join(value for value in values if value) or None

    return read


def _type(info: FieldInfo) -> str:
    """The field's type as transforms name it: a date is a string with a format."""
    return info.format if info.format in ("date", "date-time") else info.type


def compile_ref(columns: tuple[str, ...], source: str) -> Reader:
    """Compile the local_id of another record, of the source named so. None where a column says nothing."""

    def read(row: Columns) -> str | Bad | None:
        key = keys.join_key(row[column] for column in columns)
        if not key:
            return None
        local_id = f"{source}:{key}"
        return local_id if keys.fits(local_id) else BAD_REF

    return read


_SOURCE = re.compile(r"[a-z][a-z0-9-]{0,31}")


def read_source_name(section: Section, *, needed: bool = False) -> str:
    """Read `source`, the name that a source puts before its keys; "" where it is not said, or is none (reported)."""
    name = section.text("source", needed=needed)
    if name and not _SOURCE.fullmatch(name):
        section.report("E-CFG-VALUE", "source", name, "lower-case letters, digits, hyphens; at most 32")
    return name


def read_kind(section: Section, key: str) -> Kind | None:
    """Read the name of a kind; None if it is none (then reported)."""
    name = section.text(key, needed=True)
    if name and name not in KINDS:
        section.report("E-CFG-VALUE", key, name, f"one of {', '.join(KINDS)}")
    return Kind(name) if name in KINDS else None
