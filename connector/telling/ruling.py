"""A mapping's rule as people read it, and whether its condition holds for a row.

The words of a rule are those of `core/fields.py`: `rows nguoi text`, `codes linh-vuc when Huong in 2, 5`.
May import: words, core.codes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connector.core.codes import local_code
from connector.telling.words import Words, plain

_WHEN = re.compile(r"(?:^| )when (?P<column>\S+) (?:in (?P<codes>.+)|is (?P<filled>filled|empty))$")
_HOW = re.compile(r", (joined|first filled|paired)$")
_LATER = re.compile(r", plus (?P<days>\S+) days$")
_AT = re.compile(r", at (?P<path>[^\s,]+)(?=$|, | when )")
_UNREADABLE = re.compile(r", unreadable absent$")
_EMPTY = re.compile(r", empty (?P<values>.+)$")
_ROWS = re.compile(r"^rows \S+ ?")


def in_words(say: Words, rule: str) -> str:
    """Return what is done to a value on its way, "" where it goes as it is."""
    condition = _WHEN.search(rule)
    bare, later = _cut(_ROWS.sub("", rule[: condition.start()] if condition else rule), _LATER)
    bare, how = _cut(bare, _HOW)
    bare, unreadable = _cut(bare, _UNREADABLE)
    bare, empty = _cut(bare, _EMPTY)
    bare, at = _cut(bare, _AT)
    name, _, what = bare.partition(" ")
    if name in ("parent", "ref"):
        what = say.label("kind", what)
    words = [say.first(f"trace.{name}", "trace.other", what=what, rule=bare)] if name and name not in _AS_IT_IS else []
    if at:
        words.append(say("trace.how_path", path=at["path"]))
    if how:
        words.append(say(f"trace.how_{how[1].replace(' ', '_')}"))
    if later:
        words.append(say("trace.how_plus_days", days=later["days"]))
    if condition:
        group = condition["filled"] or "in"
        words.append(say(f"trace.when_{group}", column=condition["column"], codes=condition["codes"] or ""))
    asides = [say("trace.how_empty", values=empty["values"])] if empty else []
    asides += [say("trace.how_unreadable")] if unreadable else []
    return ", ".join([*filter(None, [" ".join(words)]), *asides])


def _cut(words: str, part: re.Pattern[str]) -> tuple[str, re.Match[str] | None]:
    """The words without a part that stands at their end, and the part."""
    found = part.search(words)
    return (words[: found.start()], found) if found else (words, None)


def path_of(rule: str) -> str:
    """Return the path at which a rule reads the JSON of its columns, "" if it takes them as they are."""
    found = _AT.search(rule)
    return found["path"] if found else ""


_AS_IT_IS = ("text", "line")


def holds(rule: str, row: Mapping[str, Any]) -> bool:
    """Return whether the rule says anything about this row; True where its condition looks at other rows."""
    condition = _WHEN.search(rule)
    if condition is None or condition["column"] not in row:
        return True
    value = row[condition["column"]]
    if condition["codes"]:
        return local_code(value) in condition["codes"].split(", ")
    return bool(plain("" if value is None else str(value)).strip()) is (condition["filled"] == "filled")
