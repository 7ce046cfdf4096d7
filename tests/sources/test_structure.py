"""What a database without a mapping is asked: tables as it declares them, a bounded sample, within the time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.sources.engines import open_engine
from connector.sources.structure import MAX_BYTES, Found, look
from tests.servers import ENGINES, Database, database


@pytest.fixture(params=ENGINES)
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with database(request.param, tmp_path) as found:
        yield found


def looked(made: Database, rows: int = 100, seconds: float = 60) -> Found:
    engine = open_engine(made.url)
    try:
        return look(engine, rows=rows, seconds=seconds, first=lambda name: float(name == "don"))
    finally:
        engine.dispose()


def test_half_of_a_sample_are_the_first_rows_and_half_the_last(made: Database) -> None:
    made.run("CREATE TABLE don (id INTEGER PRIMARY KEY, loai INTEGER)")
    made.run(*(f"INSERT INTO don VALUES ({number}, {number})" for number in range(1, 41)))
    (table,) = looked(made, rows=6).tables
    assert table.key == ("id",)
    assert table.column("loai").shape.codes == ("1", "2", "3", "38", "39", "40")
    assert looked(made, rows=100).tables[0].rows == 40


def test_keys_references_and_views_are_told_as_the_database_declares_them(made: Database) -> None:
    made.run(
        "CREATE TABLE don (id INTEGER PRIMARY KEY)",
        "CREATE TABLE nguoi (so INTEGER NOT NULL, don INTEGER, ma VARCHAR(20) NOT NULL UNIQUE, anh BLOB, "
        "FOREIGN KEY (don) REFERENCES don (id))".replace("BLOB", "BYTEA" if made.kind == "postgresql" else "BLOB"),
        "CREATE VIEW don_xem AS SELECT id FROM don",
    )
    don, *others = looked(made).tables
    nguoi, don_xem = sorted(others, key=lambda table: table.name != "nguoi")
    assert don.name == "don"  # what promises most comes first
    assert (nguoi.key, dict(nguoi.refers)) == (("ma",), {"don": ("don", "id")})
    assert (don_xem.name, don_xem.key) == ("don_xem", ())
    assert nguoi.column("anh").type == "binary"


def test_no_more_bytes_are_read_of_a_table_than_the_bound(made: Database) -> None:
    made.run(f"CREATE TABLE don (id INTEGER PRIMARY KEY, noi_dung {'LONGTEXT' if made.kind == 'mariadb' else 'TEXT'})")
    long = "a" * (MAX_BYTES // 4)
    made.run(*(f"INSERT INTO don VALUES ({number}, '{long}')" for number in range(8)))
    (table,) = looked(made).tables
    assert table.rows == 4


def test_when_the_time_is_up_what_was_not_looked_at_is_said(made: Database) -> None:
    made.run("CREATE TABLE don (id INTEGER PRIMARY KEY)")
    found = looked(made, seconds=0)
    assert (found.tables, found.is_cut) == ((), True)


def test_a_table_that_may_not_be_read_stops_nothing(tmp_path: Path) -> None:
    with database("sqlite", tmp_path) as made:
        made.run(
            "CREATE TABLE don (id INTEGER PRIMARY KEY)",
            "CREATE TABLE mat (id INTEGER)",
            "CREATE VIEW hong AS SELECT id FROM mat",
            "DROP TABLE mat",
        )
        found = looked(made)
        assert {table.name: table.looked for table in found.tables} == {"don": True, "hong": False}
        assert found.unlooked == 1
