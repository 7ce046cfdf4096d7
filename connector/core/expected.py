"""What a mapping should make of rows written for a test, and where what it makes is different.

    documents.json   {"agency": "H99.01", "petition": {"documents": {…}, "problems": {…}, "excluded": {…}, "secret": 1}}

By kind and local id. The rows are invented, so what they become may be shown to anybody.
May import: errors, model, the standard library.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.core.model import KINDS, Body, Kind, Problem
from connector.errors import DataError

AGENCY = "agency"

_PROBLEM = ("pointer", "rule", "column")
_WORDS: dict[type[Any], str] = {dict: "an object", list: "a list", str: "a text", int: "a number"}


@dataclass(slots=True)
class Made:
    """What became of the rows of one kind, by local id. `problems` under "": of rows that have none."""

    documents: dict[str, Body] = field(default_factory=dict)
    problems: dict[str, list[Problem]] = field(default_factory=dict)
    excluded: dict[str, str] = field(default_factory=dict)  # the universe's reason
    secret: int = 0
    unexplained: int = 0

    def ends(self) -> dict[str, dict[str, str]]:
        """Return by local id how it ended: each leaf of its document, or each of its problems, or its reason."""
        found = {local_id: dict(_leaves("", body)) for local_id, body in self.documents.items()}
        for local_id, problems in self.problems.items():
            listed = {f"{problem.pointer} {problem.rule}".strip(): problem.column for problem in problems}
            found[local_id] = found.get(local_id, {}) | listed
        for local_id, reason in self.excluded.items():
            found[local_id] = found.get(local_id, {}) | {"excluded": reason}
        return found

    def as_json(self) -> dict[str, Any]:
        """Return it as `documents.json` holds it; what is empty is left out."""
        problems = {
            local_id: [{name: getattr(problem, name) for name in _PROBLEM} for problem in found]
            for local_id, found in self.problems.items()
        }
        shape = {
            "documents": self.documents,
            "problems": problems,
            "excluded": self.excluded,
            "secret": self.secret,
            "unexplained": self.unexplained,
        }
        return {name: value for name, value in shape.items() if value}


@dataclass(frozen=True, slots=True)
class Difference:
    """One record that ended otherwise. `leaves`: place in its document or problem, what should be there, what is; ""
    for nothing. A record that should not be there, or is not, has no leaves."""

    local_id: str
    how: str  # missing, unexpected, different
    leaves: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """One kind: how many records ended as expected, and those that did not."""

    equal: int
    differences: tuple[Difference, ...]


def compare(expected: Made, found: Made) -> Compared:
    """Return where the two differ, by local id; counts that no record tells of come under ""."""
    wanted, there = expected.ends(), found.ends()
    differences = [_difference(key, wanted.get(key), there.get(key)) for key in sorted({*wanted, *there})]
    counts = tuple(
        (name, str(getattr(expected, name)), str(getattr(found, name)))
        for name in ("secret", "unexplained")
        if getattr(expected, name) != getattr(found, name)
    )
    if counts:
        differences.append(Difference("", "different", counts))
    other = tuple(difference for difference in differences if difference is not None)
    return Compared(sum(1 for key in wanted if wanted[key] == there.get(key)), other)


def _difference(key: str, wanted: dict[str, str] | None, there: dict[str, str] | None) -> Difference | None:
    if wanted is None:
        return Difference(key, "unexpected", tuple((place, "", value) for place, value in (there or {}).items()))
    if there is None:
        return Difference(key, "missing")
    places = [place for place in {**wanted, **there} if wanted.get(place) != there.get(place)]
    leaves = tuple((place, wanted.get(place, ""), there.get(place, "")) for place in places)
    return Difference(key, "different", leaves) if leaves else None


def _leaves(pointer: str, value: Any) -> Iterator[tuple[str, str]]:
    """Every leaf of a document with its pointer, as JSON writes it; so "5" is not 5."""
    if isinstance(value, dict) and value:
        for name, below in value.items():
            yield from _leaves(f"{pointer}/{name}", below)
    elif isinstance(value, list) and value:
        for at, below in enumerate(value):
            yield from _leaves(f"{pointer}/{at}", below)
    else:
        yield pointer, json.dumps(value, ensure_ascii=False)


# --- documents.json


def read_expected(document: Any, file: str) -> tuple[str, dict[Kind, Made]]:
    """Return the agency's code and what is expected of each kind that the parsed file names.

    Raises DataError E-MAPPING-TEST-FILE: a place where the file is not of its form; a misspelled word does not pass."""
    _need(document, dict, file, "/")
    agency = document.get(AGENCY)
    if not isinstance(agency, str) or not agency:
        raise _wrong(file, f"/{AGENCY}", "the code of an agency, such as H99.01")
    made = {}
    for name, value in document.items():
        if name == AGENCY:
            continue
        if name not in KINDS:
            raise _wrong(file, f"/{name}", f"{AGENCY}, or one of {', '.join(KINDS)}")
        made[Kind(name)] = _made(value, file, f"/{name}")
    return agency, made


def _made(value: Any, file: str, place: str) -> Made:
    known = tuple(Made.__dataclass_fields__)
    _need(value, dict, file, place)
    for name in value:
        if name not in known:
            raise _wrong(file, f"{place}/{name}", f"one of {', '.join(known)}")
    return Made(
        documents=_by_id(value, "documents", dict, file, place),
        problems={
            local_id: [_problem(one, file, f"{place}/problems/{local_id}") for one in listed]
            for local_id, listed in _by_id(value, "problems", list, file, place).items()
        },
        excluded=_by_id(value, "excluded", str, file, place),
        secret=_need(value.get("secret", 0), int, file, f"{place}/secret"),
        unexplained=_need(value.get("unexplained", 0), int, file, f"{place}/unexplained"),
    )


def _by_id(value: Mapping[str, Any], name: str, type_: type[Any], file: str, place: str) -> dict[str, Any]:
    found: dict[str, Any] = _need(value.get(name, {}), dict, file, f"{place}/{name}")
    for local_id, one in found.items():
        _need(one, type_, file, f"{place}/{name}/{local_id}")
    return found


def _problem(value: Any, file: str, place: str) -> Problem:
    _need(value, dict, file, place)
    if set(value) != set(_PROBLEM) or not all(isinstance(one, str) for one in value.values()):
        raise _wrong(file, place, f"texts: {', '.join(_PROBLEM)}")
    return Problem(value["pointer"], value["rule"], value["column"])


def _need(value: Any, type_: type[Any], file: str, place: str) -> Any:
    if not isinstance(value, type_) or isinstance(value, bool):
        raise _wrong(file, place, _WORDS[type_])
    return value


def _wrong(file: str, place: str, expected: str) -> DataError:
    return DataError("E-MAPPING-TEST-FILE", file=file, place=place, expected=expected)
