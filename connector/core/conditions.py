"""Conditions of a mapping: when a line of it speaks, and when a section is there at all.

May import: codes, keys, section, transforms, the standard library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connector.core import keys
from connector.core.codes import local_code
from connector.core.section import Section
from connector.core.transforms import Bad

Columns = Mapping[str, Any]
Reader = Callable[[Columns], Any]
"""Given a row: the canonical value, None (left out), or a Bad."""

Test = Callable[[Columns], bool | Bad]
"""Given a row: whether the condition holds, or a Bad where its column cannot be read."""


@dataclass(frozen=True, slots=True)
class When:
    """The condition of a rule: its test, the column that the test looks at, and its words."""

    test: Test
    column: str
    words: str


def read_when(section: Section) -> When | None:
    """Read a rule's `when`; None if there is none, or a wrong one (then reported)."""
    when = section.section("when")
    if when is None:
        return None
    column, filled, codes = when.text("column", needed=True), when.raw("filled"), when.raw("in")
    when.close()
    if isinstance(filled, bool) and codes is None:
        return When(_is_filled(column, wanted=filled), column, f"when {column} is {'filled' if filled else 'empty'}")
    if filled is None and isinstance(codes, list) and codes and all(type(code) in (str, int) for code in codes):
        wanted = frozenset(str(code) for code in codes)
        return When(_is_one_of(column, wanted), column, f"when {column} in {', '.join(sorted(wanted))}")
    when.report("E-CFG-RULE", "", "when", "in = a list of codes, or filled = true or false")
    return None


def _is_filled(column: str, *, wanted: bool) -> Test:
    return lambda row: bool(keys.plain(row[column]).strip()) is wanted


def _is_one_of(column: str, wanted: frozenset[str]) -> Test:
    def test(row: Columns) -> bool | Bad:
        value = row[column]
        return value if isinstance(value, Bad) else local_code(value) in wanted

    return test


def guarded(read: Reader, when: When | None) -> Reader:
    """The same function, saying nothing where the condition does not hold."""
    if when is None:
        return read
    test = when.test

    def reading(row: Columns) -> Any:
        holds = test(row)
        if holds is True:
            return read(row)
        return holds or None

    return reading
