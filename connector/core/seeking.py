"""Under which words people find a document: names of persons and organisations, and numbers of papers.

Only what a document says in clear: a name of class C2, a number of class C1. Whoever stores these words guards them
like the document: they say who has petitioned.
May import: core.schema, core.text, core.model, the standard library.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connector.core.model import Body
from connector.core.schema import FieldInfo
from connector.core.text import bare

Word = tuple[int, str]
"""The words of one name share a number from 1 on; a paper's number is a word of its own, behind `#`, under 0."""

NUMBER = "#"

_MOST_ITEMS, _MOST_WORDS, _LONGEST = 100, 12, 64
_NAMES = ("/full_name", "/organisation/name")


@dataclass(frozen=True, slots=True)
class Seeking:
    """Where a kind of document holds names and numbers."""

    names: tuple[tuple[str, ...], ...]
    numbers: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, fields: Mapping[str, FieldInfo]) -> Seeking:
        """Return what the schema's fields say (pattern -> field)."""
        leaves = [info for info in fields.values() if info.type == "string"]
        names = [i.pointer for i in leaves if i.confidentiality == "C2" and i.pointer.endswith(_NAMES)]
        numbers = [i.pointer for i in leaves if i.confidentiality == "C1" and _is_number(i.pointer)]
        return cls(_ways(names), _ways(numbers))

    def words(self, body: Body) -> tuple[Word, ...]:
        """Return the words of a document, each once per name, in no order that matters; bounded in number."""
        found: dict[Word, None] = {}
        numbers = [text for way in self.numbers for text in _texts(body, way)]
        for text in numbers[:_MOST_ITEMS]:
            if number := number_of(text):
                found[0, number] = None
        names = [text for way in self.names for text in _texts(body, way)]
        for item, text in enumerate(names[:_MOST_ITEMS], start=1):
            found.update(((item, word[:_LONGEST]), None) for word in bare(text).split()[:_MOST_WORDS])
        return tuple(found)


def number_of(text: str) -> str:
    """Return the word of a paper's number: `Số 12 /QĐ-UBND` is found as `12/QĐ-UBND`, `12-qd-ubnd` or `12 QDUBND`."""
    squeezed = bare(text).removeprefix("so ").replace(" ", "")
    return f"{NUMBER}{squeezed[:_LONGEST]}" if squeezed else ""


def _is_number(pointer: str) -> bool:
    name = pointer.rpartition("/")[2]
    return name == "no" or name.endswith("_no")


def _ways(pointers: list[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(pointer.split("/")[1:]) for pointer in sorted(pointers))


def _texts(value: Any, way: tuple[str, ...]) -> Iterator[str]:
    for at, step in enumerate(way):
        if step == "*":
            for item in value if isinstance(value, list) else ():
                yield from _texts(item, way[at + 1 :])
            return
        value = value.get(step) if isinstance(value, Mapping) else None
        if value is None:
            return
    if isinstance(value, str):
        yield value
