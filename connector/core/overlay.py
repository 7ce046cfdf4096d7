"""One mapping laid over another: what an installation does otherwise than the product that its software came from.

    mapping.toml of the installation:   extends = "bentre"

Tables are merged key by key, child queries by their name; everything else is replaced, a rule as a whole. An empty
table takes away what the other mapping has there.
May import: errors, the standard library.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.errors import ConfigProblem

_WHOLE = frozenset({"fields", "secrecy"})
"""Tables whose values are one thing each: half a rule of one mapping and half of another would be neither."""


def overlaid(base: Mapping[str, Any], own: Mapping[str, Any]) -> tuple[dict[str, Any], list[ConfigProblem]]:
    """Return the files of `base` with those of `own` laid over them, and what `own` takes away that is not there.

    Both are parsed TOML by file name. `extends` itself is gone from the result."""
    files, problems = dict(base), list[ConfigProblem]()
    for name, table in own.items():
        bare = {key: value for key, value in table.items() if not (name == "mapping.toml" and key == "extends")}
        files[name] = _merged(base.get(name, {}), bare, (name,), problems)
    return files, problems


def _merged(
    base: Mapping[str, Any], own: Mapping[str, Any], place: tuple[str, ...], problems: list[ConfigProblem]
) -> dict[str, Any]:
    merged = dict(base)
    for key, value in own.items():
        there, at = base.get(key), (*place, key)
        if value == {}:
            _take_away(merged, key, at, problems)
        elif key == "children" and isinstance(value, list) and isinstance(there, list):
            merged[key] = _children(there, value, at, problems)
        elif isinstance(value, dict) and isinstance(there, dict) and place[-1] not in _WHOLE:
            merged[key] = _merged(there, value, at, problems)
        else:
            merged[key] = value
    return merged


def _children(base: list[Any], own: list[Any], place: tuple[str, ...], problems: list[ConfigProblem]) -> list[Any]:
    """Child queries by their names; one of which only the name is said is taken away."""
    merged = {_name(child, at): child for at, child in enumerate(base)}
    for at, child in enumerate(own, len(base)):
        name = _name(child, at)
        if isinstance(child, dict) and child.keys() == {"name"}:
            _take_away(merged, name, (*place, str(name)), problems)
        elif isinstance(child, dict) and isinstance(merged.get(name), dict):
            merged[name] = _merged(merged[name], child, (*place, str(name)), problems)
        else:
            merged[name] = child
    return list(merged.values())


def _name(child: Any, at: int) -> Any:
    name = child.get("name") if isinstance(child, dict) else None
    return name if isinstance(name, str) else at


def _take_away(table: dict[Any, Any], key: Any, place: tuple[str, ...], problems: list[ConfigProblem]) -> None:
    if key in table:
        del table[key]
        return
    file, *path = place
    expected = "something to take away: the mapping that this one extends has it not"
    problems.append(ConfigProblem("E-CFG-UNKNOWN-KEY", file=file, key=".".join(path), found="{}", expected=expected))
