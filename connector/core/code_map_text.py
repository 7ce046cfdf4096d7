"""The text of a code map with further entries in it: what a person wrote there stays as it is, comments and all.

Lines are added at the end of `[map]`, or take the place of the entry for the same local code. The result is parsed and
compared: it says what the old text said and the new entries, or nothing is returned.
May import: the standard library.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from connector.core.toml import parsed_toml

_TABLE = re.compile(r"\s*\[")
_MAP = re.compile(r"\s*\[\s*map\s*\]\s*(#.*)?")


def with_entries(text: str, entries: Mapping[str, str], remark: str) -> str | None:
    """Return the text with these entries in its `[map]`, each with a remark behind it.

    None where it is written in a way that this cannot add to, such as `map = { … }` or an entry over several lines."""
    lines = text.splitlines()
    heads = [at for at, line in enumerate(lines) if _MAP.fullmatch(line)]
    if len(heads) != 1:
        return None
    end = next((at for at in range(heads[0] + 1, len(lines)) if _TABLE.match(lines[at])), len(lines))
    new = {local: _entry(local, code, remark) for local, code in entries.items()}
    for at in range(heads[0] + 1, end):
        local = _local_of(lines[at])
        if local in new:
            lines[at] = new.pop(local)
    while end > heads[0] + 1 and not lines[end - 1].strip():
        end -= 1
    lines[end:end] = new.values()
    made = "\n".join(lines) + "\n"
    return made if _says(made, text, entries) else None


def _entry(local: str, code: str, remark: str) -> str:
    quoted = (json.dumps(value, ensure_ascii=False) for value in (local, code))
    return f"{' = '.join(quoted)}  # {remark}"


def _local_of(line: str) -> str | None:
    """The local code that a line is the entry of."""
    try:
        found = parsed_toml(line)
    except tomllib.TOMLDecodeError:
        return None
    return next((local for local, code in found.items() if isinstance(code, str)), None)


def _says(made: str, text: str, entries: Mapping[str, str]) -> bool:
    try:
        found, wanted = parsed_toml(made), parsed_toml(text)
    except tomllib.TOMLDecodeError:
        return False
    merged: dict[str, Any] = {**wanted, "map": {**wanted.get("map", {}), **entries}}
    return found == merged
