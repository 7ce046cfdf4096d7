"""Codes that the law knew only for a time: whether each was in use on the day that its document speaks of.

Which day that is, is said here for every field whose list has such codes. A field that only describes an agency (the
level of whoever issued an older paper) is not judged: an agency that is gone by now is still the one that acted.
May import: codes, model, schema, the standard library.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from connector.core.codes import Code, CodeList
from connector.core.model import Body, Kind
from connector.core.schema import FieldInfo

RULE = "E-MAP-CODE-DATE"

DAYS: Mapping[tuple[Kind, str], str] = MappingProxyType(
    {
        (Kind.RECEPTION, "/location/kind"): "/held_on",
        (Kind.RECEPTION, "/channel"): "/held_on",
        (Kind.RECEPTION, "/refusal/reason"): "/held_on",
        (Kind.HANDLING, "/authority_level"): "/handled_on",
        (Kind.ACCEPTANCE, "/complexity_grounds/*"): "/complexity_document/issued_on",
        (Kind.ACCEPTANCE, "/termination/ground"): "/termination/issued_on",
        (Kind.DECISION, "/issuer_agency/level"): "/issued_on",
    }
)
"""Field with codes -> the day on which they must have been in use. Not the acceptance's own day for what happens to
a case later: a ground of July 2026 may end a case of May."""


@dataclass(frozen=True, slots=True)
class DatedField:
    """One field to look at: where its codes and its day stand, and those of its codes that have a first or last day."""

    path: tuple[str, ...]
    day: tuple[str, ...]
    codes: Mapping[str, Code]


def dated_fields(
    kind: Kind, fields: Mapping[str, FieldInfo], lists: Mapping[str, CodeList], ageless: Collection[str] = ()
) -> tuple[DatedField, ...]:
    """Return what there is to look at in documents of a kind, but for the patterns in `ageless`."""
    found = []
    for (of, pattern), day in DAYS.items():
        if of is kind and pattern not in ageless:
            listed = lists[fields[pattern].codes or ""].codes
            bounded = {code.code: code for code in listed.values() if code.valid_from or code.valid_to}
            found.append(DatedField(_names(pattern), _names(day), MappingProxyType(bounded)))
    return tuple(found)


def out_of_date(fields: tuple[DatedField, ...], body: Body) -> Iterator[tuple[str, str]]:
    """Yield the pointer of every code that was not in use on its day, and from or until when it was.

    Nothing where the document does not say the day: then nobody can tell."""
    for field in fields:
        day = _at(body, field.day)
        if not isinstance(day, str):
            continue
        for pointer, value in _values(body, field.path, ""):
            code = field.codes.get(value) if isinstance(value, str) else None
            if code is None:
                continue
            # ISO days compare as texts; one that is none is the schema's to report.
            if code.valid_from and day < code.valid_from.isoformat():
                yield pointer, f"valid from {code.valid_from}"
            elif code.valid_to and day > code.valid_to.isoformat():
                yield pointer, f"valid until {code.valid_to}"


def bounds(lists: Mapping[str, CodeList]) -> list[list[str]]:
    """Return every bounded code with its first and last day, as plain values: a part of the mapping's fingerprint."""
    return [
        [name, code.code, str(code.valid_from or ""), str(code.valid_to or "")]
        for name in sorted(lists)
        for code in lists[name].codes.values()
        if code.valid_from or code.valid_to
    ]


def _names(pattern: str) -> tuple[str, ...]:
    return tuple(pattern.split("/")[1:])


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _values(value: Any, path: tuple[str, ...], pointer: str) -> Iterator[tuple[str, Any]]:
    if not path:
        yield pointer, value
    elif path[0] == "*":
        for at, item in enumerate(value if isinstance(value, list) else ()):
            yield from _values(item, path[1:], f"{pointer}/{at}")
    elif isinstance(value, dict) and path[0] in value:
        yield from _values(value[path[0]], path[1:], f"{pointer}/{path[0]}")
