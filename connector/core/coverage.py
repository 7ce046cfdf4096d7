"""How much of the canonical documents a mapping fills: which field from where, in how many of them. Counts, no values.

May import: kind_mapping, model, schema, secrecy, the standard library.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from connector.core.kind_mapping import KindMapping
from connector.core.model import SourceRow
from connector.core.secrecy import SecrecyPolicy

COLUMN, CONSTANT, DERIVED, PROGRAM, NONE = "column", "constant", "derived", "program", "none"

_OF_THE_PROGRAM = ("/agency_code", "/local_id", "/concealed")
"""What stands in a document without any rule: whose it is, and why it is concealed."""


@dataclass(frozen=True, slots=True)
class FieldCover:
    """One field that holds a value. how: from columns; a constant; derived, as today's place of an address; of the
    program itself; none: no rule feeds it. filled: in how many documents it is there at least once."""

    pointer: str
    how: str
    column: str
    rule: str
    filled: int
    required: bool


@dataclass(slots=True)
class KindCover:
    """What was seen of one kind so far: rows read, how many became a document, how many of these are concealed."""

    mapping: KindMapping
    read: int = 0
    documents: int = 0
    concealed: int = 0
    _filled: Counter[str] = field(default_factory=Counter)

    def add(self, row: SourceRow, policy: SecrecyPolicy) -> None:
        """Count what the document of one row holds, as it would be sent; a row with problems is read, and no more."""
        self.read += 1
        for document in self.mapping.apply(row, policy).documents:
            self.documents += 1
            self.concealed += document.concealed
            self._filled.update(set(_patterns("", json.loads(document.body))))

    def fields(self) -> Iterator[FieldCover]:
        """Yield every field of the kind that holds a value, in the order of its schema."""
        rules = {step.pointer: step for step in self.mapping.trace}
        for pointer, info in self.mapping.fields.items():
            if info.type in ("object", "array"):
                continue
            step = rules.get(pointer)
            if step is not None:
                how = COLUMN if step.column else CONSTANT if step.rule.startswith("constant") else DERIVED
            else:
                how = PROGRAM if pointer.startswith(_OF_THE_PROGRAM) else NONE
            column, rule = (step.column, step.rule) if step else ("", "")
            yield FieldCover(pointer, how, column, rule, self._filled[pointer], info.required)

    def unfed(self) -> tuple[list[str], int]:
        """Return the fields of the document of which nothing is fed, and how many places lack a rule in the others."""
        found = list(self.fields())
        fed = {_first(one.pointer) for one in found if one.how != NONE}
        lacking = [one.pointer for one in found if one.how == NONE]
        whole = dict.fromkeys(_first(pointer) for pointer in lacking if _first(pointer) not in fed)
        return list(whole), sum(_first(pointer) in fed for pointer in lacking)


def _first(pointer: str) -> str:
    return f"/{pointer.split('/')[1]}"


def _patterns(pointer: str, value: Any) -> Iterator[str]:
    """Yield the pattern of every value in a document; of two persons with a name, their pattern twice."""
    if isinstance(value, dict):
        for name, below in value.items():
            yield from _patterns(f"{pointer}/{name}", below)
    elif isinstance(value, list):
        for below in value:
            yield from _patterns(f"{pointer}/*", below)
    else:
        yield pointer
