"""The queries of a mapping: root, children, universe; and what can be said of a SQL text without a database.

Every query ranges over its key with `:lo` and `:hi` (lo < key <= hi), so a page is an index range and the
database's own ordering counts. A stored procedure that takes the bounds as parameters is a legal query.
May import: encodings, section, errors, the standard library.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from connector.core.encodings import ENCODINGS
from connector.core.section import Section
from connector.errors import ConfigProblem

BOUND = frozenset({"lo", "hi", "agency_code"})
"""The parameters that the source binds. Values never stand in the SQL text itself."""

SECRET = "secret"  # noqa: S105 - a word, not a password
"""The universe's word for a record that is a state secret: counted, never read."""


@dataclass(frozen=True, slots=True)
class Select:
    """The root query: one row per record. `table` names its columns' home in messages unless `origin` knows better.

    encodings: by result column, of those that hold text of before Unicode."""

    sql: str
    table: str
    origins: Mapping[str, str] = field(default_factory=dict)
    encodings: Mapping[str, str] = field(default_factory=dict)

    def origin(self, column: str) -> str:
        """Where a result column comes from, as `table.column`."""
        return self.origins.get(column) or f"{self.table}.{column}"


@dataclass(frozen=True, slots=True)
class ChildSelect:
    """A query for rows below the record: its `key` columns equal the root's key columns, in order.

    `split`: the column that holds several values in one text, each of which makes a row of its own; "" for none."""

    name: str
    sql: str
    table: str
    key: tuple[str, ...]
    origins: Mapping[str, str] = field(default_factory=dict)
    encodings: Mapping[str, str] = field(default_factory=dict)
    split: str = ""
    separator: str = ""

    def origin(self, column: str) -> str:
        """Where a result column comes from, as `table.column`."""
        return self.origins.get(column) or f"{self.table}.{column}"

    def apart(self, rows: tuple[Mapping[str, Any], ...]) -> tuple[Mapping[str, Any], ...]:
        """Return the rows with their split column taken apart: a row for each part that is not blank."""
        if not self.split:
            return rows
        return tuple({**row, self.split: part} for row in rows for part in _parts(row.get(self.split), self.separator))


def _parts(value: Any, separator: str) -> list[Any]:
    """The parts of a text that are not blank; what is no text, such as a single number, is a part itself."""
    if isinstance(value, str):
        return [part for part in value.split(separator) if part.strip()]
    return [] if value is None else [value]


@dataclass(frozen=True, slots=True)
class Universe:
    """One row per record there is: the key columns and `excluded` (empty, `secret`, or a reason declared here).

    `reasons`: reason -> language -> its words."""

    sql: str
    reasons: Mapping[str, Mapping[str, str]]


def read_select(section: Section) -> Select:
    """Read [select]."""
    select = Select(
        sql=_sql(section, ordered=False),
        table=section.text("table", needed=True),
        origins=_origins(section),
        encodings=_encodings(section),
    )
    section.close()
    return select


def read_child(section: Section, key_columns: int) -> ChildSelect:
    """Read one of [[children]]. Its rows must come in a stated order: the fingerprint depends on it."""
    split, separator = _split(section)
    child = ChildSelect(
        name=section.text("name", needed=True),
        sql=_sql(section, ordered=True),
        table=section.text("table", needed=True),
        key=section.texts("key", needed=True),
        origins=_origins(section),
        encodings=_encodings(section),
        split=split,
        separator=separator,
    )
    if child.key and len(child.key) != key_columns:
        section.report("E-CFG-KEY", "key", ", ".join(child.key), f"{key_columns} columns, as the record's key")
    section.close()
    return child


def _split(section: Section) -> tuple[str, str]:
    """Read `split` of a child: the column, and what stands between its parts."""
    split = section.section("split")
    if split is None:
        return "", ""
    column, separator = split.text("column", needed=True), split.raw("separator")
    if not isinstance(separator, str) or not separator:  # a blank or a line end may well be one
        split.report("E-CFG-MISSING" if separator is None else "E-CFG-TYPE", "separator", separator, "a text")
        separator = ""
    split.close()
    return (column, separator) if separator else ("", "")


def read_universe(section: Section) -> Universe:
    """Read [universe]."""
    reasons: dict[str, Mapping[str, str]] = {}
    declared = section.section("reasons")
    for reason in declared.keys() if declared else ():
        words = declared.section(reason) if declared else None
        if words is not None:
            reasons[reason] = {language: words.text(language, needed=True) for language in ("vi", "en")}
            words.close()
        if reason == SECRET:
            section.report("E-CFG-VALUE", f"reasons.{reason}", reason, "a reason; secret needs no declaration")
    universe = Universe(_sql(section, ordered=False), reasons)
    section.close()
    return universe


def read_clock(section: Section) -> str:
    """Read `clock`: a query without parameters that gives the source's own time; "" if the file has none."""
    return _sql(section, ordered=False, key="clock", ranged=False) if section.has("clock") else ""


def code_query_problems(sql: str) -> tuple[ConfigProblem, ...]:
    """Return what the text alone gives away against a query for codes and their names that a person typed."""
    problems: list[ConfigProblem] = []
    _sql(Section("--select", "", {"sql": sql}, problems), ordered=False, ranged=False)
    return tuple(problems)


PART = frozenset({"key", "from", "count"})
"""The parameters of a query for a part of one file: whose, from which byte (the first is 1), how many."""


def read_part(section: Section) -> str:
    """Read the `sql` that gives a part of a file's bytes."""
    return _sql(section, ordered=False, bound=PART)


def names_column(sql: str, column: str) -> bool:
    """Whether the SQL text can yield this result column, as far as its text tells: `*` and calls may yield any."""
    bare, words = _words(sql)
    if words is None or column in words:  # a result's names are told in their case
        return True
    return re.search(rf"(?<!\w){re.escape(column)}(?!\w)", bare) is not None  # a name of several words


@lru_cache(maxsize=64)  # asked of each column of a query in turn
def _words(sql: str) -> tuple[str, frozenset[str] | None]:
    """The bare SQL text and its words; None for the words where it may yield any column."""
    bare = _bare(sql, identifiers=True)
    any_column = _STAR.search(bare) or _first_word(bare) in _CALLS
    return bare, None if any_column else frozenset(re.findall(r"\w+", bare))


def names_otherwise(sql: str, column: str) -> bool:
    """Whether the SQL text gives another column, or an expression, this result column's name, with AS or without."""
    # A text is a value too: what follows it without a comma is its name.
    valued = _COMMENT_OR_TEXT.sub(lambda found: " q " if found.group().startswith("'") else " ", sql)
    bare, name = re.sub(r'["\[\]`]', " ", valued), re.escape(column)
    if re.search(rf"\bas\s+{name}(?!\w)", bare, re.IGNORECASE):
        return True
    before = re.findall(rf"(\w+|\))\s+{name}\s*(?:,|\)|\bfrom\b|$)", bare, re.IGNORECASE)
    return any(word.lower() not in _BEFORE_A_COLUMN for word in before)


def parameter_count(sql: str, name: str) -> int:
    """How often the SQL text binds this parameter; a call takes its bounds once for all that it reads."""
    bare = _bare(sql, identifiers=False)
    return 99 if _first_word(bare) in _CALLS else _PARAMETER.findall(bare).count(name)


def quotes_names(sql: str) -> bool:
    """Whether the SQL text puts any name in double quotes. SQLite takes one that it does not know for a text."""
    return '"' in _COMMENT_OR_TEXT.sub(" ", sql)


_BEFORE_A_COLUMN = frozenset(
    {"select", "distinct", "all", "by", "and", "or", "not", "on", "where", "when", "then", "else"}
)
_STAR = re.compile(r"\bselect\s+(?:distinct\s+)?\*|,\s*\*|\.\s*\*", re.IGNORECASE)
_PARAMETER = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")
_COMMENT_OR_TEXT = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
_RUN_COMMENT = re.compile(r"/\*M?!")
"""MySQL and MariaDB carry out what stands in such a comment."""
_IDENTIFIER = re.compile(r'"[^"]*"|\[[^\]]*\]|`[^`]*`')
_CALLS = frozenset({"exec", "execute", "call"})
_READS = frozenset({"select", "with"}) | _CALLS
_WRITES = re.compile(
    r"\b(insert|update|delete|merge|drop|alter|create|truncate|into|grant|attach|pragma|vacuum)\b", re.IGNORECASE
)


def _sql(
    section: Section, *, ordered: bool, key: str = "sql", ranged: bool = True, bound: frozenset[str] = BOUND
) -> str:
    """The section's `sql`, having reported everything about it that its text alone gives away."""
    sql = section.text(key, needed=True)
    if not sql:
        return ""
    bare = _bare(sql, identifiers=False)
    first = _first_word(bare)
    if first not in _READS or ";" in bare.rstrip().rstrip(";"):
        section.report("E-CFG-SQL", key, first, "one SELECT (or a call of a procedure)")
    found = _WRITES.search(bare) or _RUN_COMMENT.search(sql)
    if found and found.group().lower() != first:  # else it was told above
        section.report("E-CFG-SQL", key, found.group(), "a query that writes nothing")
    if _STAR.search(bare):
        section.report("E-CFG-SQL", "sql", "*", "columns by their names")
    used = set(_PARAMETER.findall(bare))
    if bound is PART and not used >= PART:
        missing = ", ".join(f":{name}" for name in sorted(PART - used))
        section.report("E-CFG-RANGE", key, f"no {missing}", "a part of one file: :key, :from and :count")
    elif ranged and bound is BOUND and not {"lo", "hi"} <= used:
        missing = ", ".join(f":{name}" for name in ("lo", "hi") if name not in used)
        section.report("E-CFG-RANGE", key, f"no {missing}", "a range over the key: > :lo and <= :hi")
    # Comments and texts count here: the database layer would ask for these parameters too.
    only = "only :lo, :hi and :agency_code" if bound is BOUND else "only :key, :from and :count"
    for name in sorted(set(_PARAMETER.findall(sql)) - (bound if ranged else frozenset())):
        section.report("E-CFG-RANGE", key, f":{name}", only if ranged else "no parameter")
    if ordered and _first_word(bare) not in _CALLS and not re.search(r"\border\s+by\b", bare, re.IGNORECASE):
        section.report("E-CFG-ORDER", key, "no ORDER BY", "rows in a stated order")
    return sql


def _bare(sql: str, *, identifiers: bool) -> str:
    """The SQL without comments and texts; with `identifiers`, quoted names keep their letters, else they go too."""
    bare = _COMMENT_OR_TEXT.sub(" ", sql)
    return re.sub(r'["\[\]`]', " ", bare) if identifiers else _IDENTIFIER.sub(" q ", bare)


def _first_word(bare: str) -> str:
    first = re.search(r"\w+", bare)
    return first.group().lower() if first else ""


def _origins(section: Section) -> dict[str, str]:
    declared = section.section("origin")
    columns: Iterable[str] = declared.keys() if declared else ()
    origins = {column: declared.text(column) for column in columns} if declared else {}
    for column, origin in origins.items():
        if "." not in origin or ", " in origin:  # what shows or masks a value tells origins apart by it
            section.report("E-CFG-COLUMN", f"origin.{column}", origin, "table.column, of several tables with | between")
    return origins


def _encodings(section: Section) -> dict[str, str]:
    declared = section.section("encoding")
    columns: Iterable[str] = declared.keys() if declared else ()
    encodings = {column: declared.text(column) for column in columns} if declared else {}
    for column, encoding in encodings.items():
        if encoding not in ENCODINGS:
            section.report("E-CFG-VALUE", f"encoding.{column}", encoding, f"one of {', '.join(ENCODINGS)}")
    return encodings
