"""One table of a mapping file, read with types: what is wrong is collected, never raised.

Every getter answers with a usable value even where the file is wrong ("" or an empty tuple), so one pass over
all files finds all their mistakes. Words of the file are shown in problems: a mapping holds no personal data.
May import: errors, the standard library.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.errors import ConfigProblem

SHOWN = 60
"""So many characters of what stands in the file are shown in a problem."""


class Section:
    """A TOML table at `path` of `file`. Call `close()` once everything was read: keys nobody asked for are wrong."""

    def __init__(self, file: str, path: str, table: Any, problems: list[ConfigProblem]) -> None:
        self.file = file
        self.path = path
        self.problems = problems
        self._table: Mapping[str, Any] = table if isinstance(table, Mapping) else {}
        self._read: set[str] = set()
        if not isinstance(table, Mapping):
            self.report("E-CFG-TYPE", "", table, "a table")

    def report(self, id_: str, key: str, found: Any, expected: str) -> None:
        """Collect one problem at `key` below this section; "" means the section itself."""
        shown = found if isinstance(found, str) else repr(found)
        place = ".".join(part for part in (self.path, key) if part)
        self.problems.append(ConfigProblem(id_, file=self.file, key=place, found=shown[:SHOWN], expected=expected))

    def has(self, key: str) -> bool:
        """Whether the file says anything under this key."""
        return key in self._table

    def keys(self) -> tuple[str, ...]:
        """The keys as written. Reading them counts as reading what is below: for free-form tables."""
        self._read.update(self._table)
        return tuple(self._table)

    def raw(self, key: str) -> Any:
        """Return what stands there, of any type; None if nothing does."""
        self._read.add(key)
        return self._table.get(key)

    def text(self, key: str, *, needed: bool = False) -> str:
        """Return a text that is not blank, or "" if it is missing or wrong (then reported)."""
        value = self.raw(key)
        if value is None:
            if needed:
                self.report("E-CFG-MISSING", key, "nothing", "a text")
            return ""
        if not isinstance(value, str) or not value.strip():
            self.report("E-CFG-TYPE", key, value, "a text")
            return ""
        return value

    def texts(self, key: str, *, needed: bool = False) -> tuple[str, ...]:
        """Return a list of texts that is not empty, or () if it is missing or wrong (then reported)."""
        value = self.raw(key)
        if value is None and not needed:
            return ()
        if value is None:
            self.report("E-CFG-MISSING", key, "nothing", "a list of texts")
            return ()
        if not isinstance(value, list) or not value or not all(isinstance(v, str) and v for v in value):
            self.report("E-CFG-TYPE", key, value, "a list of texts")
            return ()
        return tuple(value)

    def integer(self, key: str) -> int | None:
        """Return a whole number, or None if it is missing or wrong (then reported)."""
        value = self.raw(key)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            self.report("E-CFG-TYPE", key, value, "a whole number")
            return None
        return value

    def flag(self, key: str) -> bool | None:
        """Return true or false, or None if it is missing or wrong (then reported)."""
        value = self.raw(key)
        if value is None or isinstance(value, bool):
            return value
        self.report("E-CFG-TYPE", key, value, "true or false")
        return None

    def section(self, key: str, *, needed: bool = False) -> Section | None:
        """Return the table below `key`, or None if it is missing (reported if it is needed)."""
        value = self.raw(key)
        if value is None:
            if needed:
                self.report("E-CFG-MISSING", key, "nothing", "a table")
            return None
        return self._below(key, value)

    def sections(self, key: str) -> tuple[Section, ...]:
        """Return the tables of an array of tables; a single table counts as an array of one."""
        value = self.raw(key)
        if value is None:
            return ()
        if isinstance(value, list):
            return tuple(self._below(f"{key}[{at}]", table) for at, table in enumerate(value))
        return (self._below(key, value),)

    def close(self) -> None:
        """Report every key that nobody read: a word that is spelled wrong must not pass in silence."""
        for key in self._table:
            if key not in self._read:
                known = ", ".join(sorted(self._read))
                self.report("E-CFG-UNKNOWN-KEY", key, key, f"one of: {known}")

    def _below(self, key: str, value: Any) -> Section:
        path = ".".join(part for part in (self.path, key) if part)
        return Section(self.file, path, value, self.problems)
