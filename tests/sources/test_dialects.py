"""SQL Server and Oracle, of which no server is at hand: what would be said to them, read by their own grammar.

sqlglot reads a dialect and names what it cannot read. It takes any function for granted, so functions are held against
a list of each database. That is no proof that a server takes it: docs/mapping.md says so.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import datetime

import pytest
import sqlglot
from sqlalchemy import ClauseElement, text
from sqlglot import exp

from connector.core.kind_mapping import KindMapping
from connector.core.mapping import compile_mapping
from connector.loading import mapping_at
from connector.resources import shipped
from connector.sources import changes, engines, sql
from connector.sources.base import Place
from connector.sources.preparing import lowest_key, queries
from tests.mapping_files import code_lists, compiled, schemas
from tests.servers import CODES, HEAD, MAPPING

DIALECTS = {"tsql": "mssql+pymssql://may-chu/kntc", "oracle": "oracle+oracledb://may-chu/kntc"}
LITERALLY = {"literal_binds": True}
NAMES = {"tsql": "mssql", "oracle": "oracle"}

SHIPPED = {"gosol": "tsql"}
"""The mappings whose database is one of these."""

FUNCTIONS = {
    "tsql": """AVG CAST CHARINDEX COALESCE CONCAT CONVERT COUNT DATALENGTH DATEADD DATEDIFF DAY IIF ISNULL LEFT LEN
        LOWER LTRIM MAX MIN MONTH NULLIF PATINDEX REPLACE RIGHT RTRIM STUFF SUBSTRING SUM SYSDATETIME TRY_CAST
        TRY_CONVERT UPPER YEAR""",
    "oracle": """CAST COALESCE COUNT LENGTH LOWER LTRIM MAX MIN NULLIF REPLACE RTRIM SUBSTR SUM TO_CHAR TO_DATE TRIM
        UPPER""",
}
"""Source: the function references of Transact-SQL (SQL Server 2012 and later) and of Oracle SQL 19."""

WORDS = frozenset(
    "AND AS DISTINCT ELSE EXISTS FROM IN JOIN NOT ON OR OVER SELECT THEN VALUES VARCHAR WHEN WHERE".split()  # noqa: SIM905
)
"""What may stand before a bracket without being a function."""

STRANGERS: dict[str, tuple[type[exp.Expression], ...]] = {
    "tsql": (exp.DPipe, exp.Boolean, exp.Command, exp.Anonymous),
    "oracle": (exp.Boolean, exp.Command, exp.Anonymous),
}
"""What the grammar of sqlglot takes and the database does not: || and TRUE; what it did not understand at all."""


def wrong_in(statement: str, dialect: str) -> list[str]:
    """What the database would not take, in words; empty: nothing was found."""
    try:
        trees = sqlglot.parse(statement, read=dialect, error_level=sqlglot.ErrorLevel.RAISE)
    except sqlglot.ParseError as error:
        return [str(error.errors[0]["description"])]
    strangers = [type(node).__name__ for tree in trees if tree for node in tree.find_all(*STRANGERS[dialect])]
    bare = re.sub(r"'(?:[^']|'')*'", "''", statement)
    called = {name.upper() for name in re.findall(r"(?<![\w.\"\]])([A-Za-z_]\w*)\s*\(", bare)}
    strangers += re.findall(r"(?i)(?<![\w.\"\]])LIMIT(?=\s+\d)", bare)  # read as what TOP and FETCH FIRST are there
    return strangers + sorted(called - WORDS - set(FUNCTIONS[dialect].split()))


def generated(kind: KindMapping) -> Iterator[ClauseElement]:
    """What the connector says of its own accord: walking over keys, counting, looking for changes."""
    walked = kind.ranges[0]
    yield lowest_key(walked)
    yield from sql._counts(walked)
    for rows in (500, None):
        yield sql._above(kind, 5, rows)
        yield sql._highest(sql._above(kind, 5, rows))
        yield sql._under(kind, 5, rows)
    if kind.settings.changed_at:
        moment = datetime(2026, 3, 2)  # noqa: DTZ001 - a wall time of the source
        yield changes._later(kind, moment)
        for after in (None, Place(moment, moment, 5)):
            yield changes._places(kind, moment, after, moment, 500)


@pytest.mark.parametrize("system", SHIPPED)
def test_the_queries_of_a_shipped_mapping_are_sql_of_its_database(system: str) -> None:
    mapping = mapping_at(shipped("mappings", system), schemas(), code_lists())
    asked = [(kind, query) for kind in mapping.kinds for query in queries(mapping.kind(kind))]
    assert len(asked) > len(mapping.kinds)
    found = {f"{kind}: {query.place}": wrong_in(query.sql, SHIPPED[system]) for kind, query in asked}
    assert {place: wrong for place, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_the_connector_says_by_itself_is_sql_of_that_database(dialect: str) -> None:
    lines = 'changed_at = ["sua", "ngay"]'
    dated = {"mapping.toml": HEAD, "petition.toml": MAPPING.format(source=lines), "codes/loai.toml": CODES}
    parsed = {name: tomllib.loads(content) for name, content in dated.items()}
    gosol = mapping_at(shipped("mappings", "gosol"), schemas(), code_lists())
    mappings = [gosol, compiled(), compile_mapping(parsed, code_lists(), schemas())]
    kinds = [mapping.kind(kind) for mapping in mappings for kind in mapping.kinds]
    assert any(kind.settings.changed_at for kind in kinds)
    said = [
        str(statement.compile(dialect=engines.open_engine(DIALECTS[dialect]).dialect, compile_kwargs=LITERALLY))
        for kind in kinds
        for statement in generated(kind)
    ]
    assert {statement: wrong for statement in said if (wrong := wrong_in(statement, dialect))} == {}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_page_is_opened_and_the_clock_is_asked_in_that_database_s_words(dialect: str) -> None:
    opening = [line.format(ms=60_000, s=60.0, lock_s=60) for line in engines._OPENING[NAMES[dialect]]]
    for statement in opening:
        assert sqlglot.parse(statement, read=dialect, error_level=sqlglot.ErrorLevel.RAISE)
    assert wrong_in(changes._CLOCKS[NAMES[dialect]], dialect) == []


@pytest.mark.parametrize(
    ("statement", "dialect", "wrong"),
    [
        ("SELECT a || b FROM don", "tsql", ["DPipe"]),
        ("SELECT a FROM don LIMIT 5", "tsql", ["LIMIT"]),
        ("SELECT SUBSTR(a, 1, 2) FROM don", "tsql", ["SUBSTR"]),
        ("SELECT a FROM don WHERE b = TRUE", "tsql", ["Boolean"]),
        ("SELECT IFNULL(a, 0) FROM don", "oracle", ["IFNULL"]),
        ("SELECT a FROM don LIMIT 5", "oracle", ["LIMIT"]),
        ("SELECT a FROM don WHERE (b = 1", "oracle", ["Expecting )"]),
    ],
)
def test_what_only_other_databases_know_is_found(statement: str, dialect: str, wrong: list[str]) -> None:
    assert wrong_in(statement, dialect) == wrong


def test_a_parameter_reaches_sql_server_as_a_parameter_and_a_percent_sign_as_itself() -> None:
    said = text("SELECT a FROM don WHERE a LIKE '5%' AND id > :lo").compile(engines.open_engine(DIALECTS["tsql"]))
    assert str(said) == "SELECT a FROM don WHERE a LIKE '5%' AND id > %(lo)s"  # pymssql takes no %% for a %
