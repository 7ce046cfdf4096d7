"""A document as the ledger holds it, field by field, and what two versions of it differ in: masked like everything.

    fields(mask, mapping, body)             what the newest version says
    changes(mask, mapping, before, after)   what became of each field; what is hidden is not compared

May import: masking, tracing, core.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.core.diff import changed_pointers, leaves
from connector.core.schema import pattern_of
from connector.telling.masking import Mask
from connector.telling.tracing import loaded

if TYPE_CHECKING:
    from connector.core.kind_mapping import KindMapping

MOST_FIELDS = 400
"""A petition of a thousand names is shown so far."""

_PLACE = re.compile(r"/(\d+)(?=/|$)")
_OURS = frozenset({"/agency_code", "/local_id"})


@dataclass(frozen=True, slots=True)
class Field:
    """One field with its value as the screen may show it. group: the part of the document around it, with its place in
    a list, "" for the document's own. is_masked: it holds more than is shown."""

    group: str
    label: str
    text: str
    is_masked: bool


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that two versions differ in; "" where a version has it not. Two masked texts may be equal."""

    group: str
    label: str
    before: str
    after: str


def fields(mask: Mask, mapping: KindMapping, body: bytes | None) -> list[Field]:
    """Return the fields of a document in its own order, without those that are hidden."""
    found = []
    for pointer, value in _shown(mask, loaded(body)):
        info = mask.fields[pattern_of(pointer)]
        is_masked = info.confidentiality != "C1" and not mask.unmasked
        found.append(Field(*_named(mask, mapping, pointer), mask.text(pattern_of(pointer), value), is_masked))
    return found[:MOST_FIELDS]


def changes(mask: Mask, mapping: KindMapping, before: bytes | None, after: bytes | None) -> list[FieldChange]:
    """Return the fields that differ, in the order of their names, without those that are hidden."""
    old, new = loaded(before), loaded(after)
    had, has = dict(_shown(mask, old)), dict(_shown(mask, new))
    return [
        FieldChange(*_named(mask, mapping, pointer), _text(mask, pointer, had), _text(mask, pointer, has))
        for pointer in changed_pointers(old, new)
        if pointer in had or pointer in has
    ][:MOST_FIELDS]


def _text(mask: Mask, pointer: str, values: dict[str, Any]) -> str:
    return mask.text(pattern_of(pointer), values[pointer]) if pointer in values else ""


def _shown(mask: Mask, body: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for pointer, value in leaves(body):
        is_leaf = not isinstance(value, dict | list)
        if pointer and is_leaf and pointer not in _OURS and not mask.hides(pattern_of(pointer)):
            yield pointer, value


def _named(mask: Mask, mapping: KindMapping, pointer: str) -> tuple[str, str]:
    """Return group and label: `Người nộp đơn 2`, `Họ và tên`."""
    first, _, rest = pointer[1:].partition("/")
    if not rest:
        return "", mapping.label(pointer, mask.say.language)
    place = _PLACE.search(pointer)
    number = f" {int(place[1]) + 1}" if place else ""
    # A path of several steps is told by its last two: the field, and what it is a field of.
    label = mapping.label(pointer, mask.say.language)
    above = pointer.rpartition("/")[0]
    between = mapping.label(above, mask.say.language) if not above[1:].partition("/")[2].isdecimal() else ""
    group = mapping.label(f"/{first}", mask.say.language)
    if rest.isdecimal():  # an item that is no more than its value: its list's name says it
        return "", group + number
    if rest.count("/") and between and between not in (group, label, above):
        label = f"{between}: {label}"
    return group + number, label
