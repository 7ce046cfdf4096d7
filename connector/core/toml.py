"""TOML that people have written, with a bound on how deep it may nest: the parser has none of its own.

May import: the standard library.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from typing import Any

DEEPEST = 32
"""So many levels may a file have; what we read has six."""


def parsed_toml(text: str) -> dict[str, Any]:
    """Return the text as TOML. Raises TOMLDecodeError also where it nests deeper than anything that is meant."""
    try:
        found = tomllib.loads(text)
    except RecursionError:
        raise tomllib.TOMLDecodeError("nested too deeply (at line 1, column 1)") from None
    level: list[Any] = [found]
    for _ in range(DEEPEST):
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return found
    raise tomllib.TOMLDecodeError("nested too deeply (at line 1, column 1)")


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
