"""What is said to PostgreSQL and MariaDB, said to them: reads only, bounded, and never in their own people's way."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from connector.core.mapping import CompiledMapping, compile_mapping
from connector.core.model import Kind
from connector.core.secrecy import SecrecyPolicy
from connector.errors import SourceError
from connector.sources.engines import open_engine, reading
from connector.sources.sql import SqlSource
from tests.mapping_files import code_lists, schemas
from tests.servers import CODES, HEAD, MAPPING, Database, database

LONG_S = 30.0
SHORT_S = 1.0


def mapping(lines: str = "") -> CompiledMapping:
    files = {"mapping.toml": HEAD, "petition.toml": MAPPING.format(source=lines), "codes/loai.toml": CODES}
    return compile_mapping({name: tomllib.loads(text) for name, text in files.items()}, code_lists(), schemas())


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with database(request.param, tmp_path) as made:
        made.make_tables()
        for number in range(1, 8):
            made.add(number)
        yield made


def open_source(server: Database, timeout_s: float = LONG_S) -> SqlSource:
    return SqlSource(server.url, "H51.01", mapping(), b"e" * 32, page_rows=3, query_timeout_s=timeout_s)


def ids(source: SqlSource) -> list[str]:
    return [row.key.local_id for page in source.pages(mapping().kind(Kind.PETITION)) for row in page.rows]


def test_every_row_is_read_once(server: Database) -> None:
    source = open_source(server)
    assert ids(source) == [f"mau:{number}" for number in range(1, 8)]
    source.close()


def test_two_tables_of_one_kind_are_walked_in_one_order(server: Database) -> None:
    server.run("CREATE TABLE to_cao (ma INTEGER PRIMARY KEY, loai INTEGER)", "INSERT INTO to_cao VALUES (2, 2), (9, 2)")
    files = {"mapping.toml": HEAD, "petition.toml": MAPPING.format(source=""), "codes/loai.toml": CODES}
    parsed = {name: tomllib.loads(text) for name, text in files.items()}
    kind = parsed["petition.toml"]
    kind["range"] = [kind["range"], {"table": "to_cao", "column": "ma"}]
    kind["key"] = ["bang", "id"]
    kind["select"] |= {
        "sql": "SELECT 'KN' AS bang, id, ngay, loai, noi_dung FROM don WHERE id > :lo AND id <= :hi UNION ALL "
        "SELECT 'TC', ma, NULL, loai, NULL FROM to_cao WHERE ma > :lo AND ma <= :hi",
        "origin": {"bang": "don.id"},
    }
    del kind["children"], kind["fields"]["/petitioners/*"]
    del kind["fields"]["/petitioners/*/full_name"], kind["fields"]["/petitioners/*/disclosure"]
    compiled = compile_mapping(parsed, code_lists(), schemas())
    source = SqlSource(server.url, "H51.01", compiled, b"e" * 32, page_rows=2)
    source.probe()
    pages = list(source.pages(compiled.kind(Kind.PETITION)))
    found = [row.key.local_id for page in pages for row in page.rows]
    assert sorted(found) == sorted([*(f"mau:KN/{number}" for number in range(1, 8)), "mau:TC/2", "mau:TC/9"])
    assert [page.hi for page in pages] == sorted({page.hi for page in pages})
    (page,) = source.fetch(compiled.kind(Kind.PETITION), ["9"])
    assert [row.key.local_id for row in page.rows] == ["mau:TC/9"]
    source.close()


NOBODY = "00000000-0000-0000-0000-000000000000"
"""What a program that knows no NULL writes where there is no id."""


def test_uuids_are_walked_over_as_the_database_orders_them(tmp_path: Path) -> None:
    uuids = [f"{first}0000000-0000-4000-8000-00000000000{first}" for first in "b1f3a9"]
    with database("postgresql", tmp_path) as made:
        made.run('CREATE SCHEMA "KNTC"', 'CREATE TABLE "KNTC"."Don" ("Id" UUID PRIMARY KEY, loai INTEGER)')
        made.run(*(f'INSERT INTO "KNTC"."Don" VALUES (\'{uuid}\', 1)' for uuid in [*uuids, NOBODY]))
        files = {"mapping.toml": HEAD, "petition.toml": MAPPING.format(source=""), "codes/loai.toml": CODES}
        parsed = {name: tomllib.loads(text) for name, text in files.items()}
        kind = parsed["petition.toml"]
        kind["range"] = {"schema": "KNTC", "table": "Don", "column": "Id"}
        kind["key"] = ["Id"]
        query = 'SELECT "Id", NULL AS ngay, loai, NULL AS noi_dung FROM "KNTC"."Don" WHERE "Id" > :lo AND "Id" <= :hi'
        kind["select"] |= {"table": "Don", "sql": query}
        child = 'SELECT "Id", NULL AS ho_ten FROM "KNTC"."Don" WHERE "Id" > :lo AND "Id" <= :hi ORDER BY "Id"'
        kind["children"][0] |= {"key": ["Id"], "sql": child}
        compiled = compile_mapping(parsed, code_lists(), schemas())
        source = SqlSource(made.url, "H51.01", compiled, b"e" * 32, page_rows=2)
        source.probe()
        petitions = compiled.kind(Kind.PETITION)
        assert source.count(petitions) == 7
        pages = list(source.pages(petitions))
        assert [row.key.local_id for page in pages for row in page.rows] == [f"mau:{uuid}" for uuid in sorted(uuids)]
        assert [len(page.rows) for page in pages] == [2, 2, 2]
        assert [page.unexplained for page in pages] == [1, 0, 0]
        assert [(problem.rule, problem.detail) for _, problem in pages[0].problems] == [("E-MAP-EMPTY-KEY", "1")]
        found = [page.rows for page in source.fetch(petitions, [uuids[0], NOBODY.replace("0", "c")])]
        assert [[row.key.local_id for row in rows] for rows in found] == [[f"mau:{uuids[0]}"], []]
        source.close()


def test_a_day_that_python_cannot_hold_is_a_problem_of_its_record_alone(tmp_path: Path) -> None:
    """The .NET driver writes -infinity for its DateTime.MinValue: one such row must not stop the sweep."""
    days = {1: "-infinity", 2: "infinity", 3: "20023-01-01", 4: "0044-03-15 BC", 5: "2026-02-02", 6: "0001-01-01"}
    with database("postgresql", tmp_path) as made:
        made.make_tables()
        made.run("ALTER TABLE don ALTER ngay TYPE TIMESTAMP USING NULL", "ALTER TABLE don ADD lap TIMESTAMPTZ")
        for number, day in days.items():
            made.add(number)
            made.run(f"UPDATE don SET ngay = '{day}', lap = '{day}' WHERE id = {number}")
        files = {"mapping.toml": HEAD, "petition.toml": MAPPING.format(source=""), "codes/loai.toml": CODES}
        parsed = {name: tomllib.loads(text) for name, text in files.items()}
        kind = parsed["petition.toml"]
        kind["select"]["sql"] = kind["select"]["sql"].replace(
            "noi_dung", "noi_dung, lap, CAST(lap AS DATE) AS ngay_lap"
        )
        kind["fields"] |= {
            "/received_on": {"column": "ngay", "empty": ["-infinity"]},
            "/written_on": {"column": "ngay_lap", "empty": ["-infinity"], "unreadable": "absent"},
            "/recorded_at": {"column": "lap", "empty": ["-infinity"]},
        }
        compiled = compile_mapping(parsed, code_lists(), schemas()).kind(Kind.PETITION)
        source = SqlSource(made.url, "H51.01", mapping(), b"e" * 32)
        (page,) = list(source.pages(compiled))
        said = {row.key.local_id: compiled.apply(row, SecrecyPolicy()).problems for row in page.rows}
        unreadable = [("/received_on", "E-MAP-DATE"), ("/recorded_at", "E-MAP-DATE")]
        assert {key: sorted((one.pointer, one.rule) for one in problems) for key, problems in said.items()} == {
            "mau:1": [("/received_on", "E-DOC-REQUIRED")],
            "mau:2": unreadable,
            "mau:3": unreadable,
            "mau:4": unreadable,
            "mau:5": [],
            "mau:6": [("/received_on", "E-DOC-REQUIRED")],
        }
        source.close()


def test_nothing_can_be_written(server: Database) -> None:
    engine = open_engine(server.url)
    with pytest.raises(DBAPIError, match=r"(?i)read.only"), reading(engine, LONG_S) as connection:
        connection.exec_driver_sql("DELETE FROM don")
    engine.dispose()
    source = open_source(server)
    assert len(ids(source)) == 7
    source.close()


def test_rows_that_come_and_go_while_paging_are_read_once_or_by_the_next_sweep(server: Database) -> None:
    source = open_source(server)
    seen = []
    for number, page in enumerate(source.pages(mapping().kind(Kind.PETITION))):
        seen += [row.key.local_id for row in page.rows]
        if not number:
            server.run("DELETE FROM don WHERE id = 5", "INSERT INTO don VALUES (0, '2026-02-02', 1, 'A', NULL)")
            server.add(9)
    assert seen == ["mau:1", "mau:2", "mau:3", "mau:4", "mau:6", "mau:7", "mau:9"]
    assert ids(source)[0] == "mau:0"
    source.close()


OLD_COLUMN = {
    "postgresql": ("ALTER TABLE don ALTER noi_dung TYPE BYTEA USING ''", "UPDATE don SET noi_dung = '\\x{raw}'"),
    "mariadb": (
        "ALTER TABLE don MODIFY noi_dung VARCHAR(100) CHARACTER SET latin1",
        "UPDATE don SET noi_dung = x'{raw}'",
    ),
}


def test_a_column_of_before_unicode_comes_as_it_was_typed(server: Database) -> None:
    """Latin-1, as the servers of those days were set up, or bytes: what the driver makes of it does not matter."""
    for statement in OLD_COLUMN[server.kind]:
        server.run(statement.format(raw="4cad7520564ba86e206ed66e2093a2ee"))
    source = open_source(server)
    encoding = {"petition.toml": MAPPING.format(source="") + '\n[select.encoding]\nnoi_dung = "tcvn3"\n'}
    files = {"mapping.toml": HEAD, "codes/loai.toml": CODES, **encoding}
    declared = compile_mapping(
        {name: tomllib.loads(text) for name, text in files.items()}, code_lists(), schemas()
    ).kind(Kind.PETITION)
    rows = [row for page in source.pages(declared) for row in page.rows]
    bodies = [declared.apply(row, SecrecyPolicy()).documents[0].body.decode() for row in rows]
    assert len([body for body in bodies if '"content":"L\u01b0u VK\u0103n n\u1ec7n \u201c\u00c2\u1ee3"' in body]) == 7
    source.close()


def test_a_locked_table_is_waited_for_so_long_and_no_longer(server: Database) -> None:
    source = open_source(server, SHORT_S)
    lock = "LOCK TABLE don IN ACCESS EXCLUSIVE MODE" if server.kind == "postgresql" else "LOCK TABLES don WRITE"
    with server.engine.begin() as connection:
        connection.exec_driver_sql(lock)
        with pytest.raises(SourceError) as raised:
            ids(source)
        assert raised.value.id == "E-SOURCE-QUERY"
        if server.kind == "mariadb":
            connection.exec_driver_sql("UNLOCK TABLES")
    assert len(ids(source)) == 7
    source.close()


def test_a_reader_in_the_middle_of_a_page_stops_nobody_from_writing(server: Database) -> None:
    engine = open_engine(server.url)
    with reading(engine, LONG_S) as connection:
        assert len(connection.exec_driver_sql("SELECT id FROM don").all()) == 7
        patience = (
            "SET LOCAL lock_timeout = '2s'" if server.kind == "postgresql" else "SET innodb_lock_wait_timeout = 2"
        )
        server.run(patience, "UPDATE don SET noi_dung = 'B'", "DELETE FROM don WHERE id = 7")
        assert len(connection.exec_driver_sql("SELECT id FROM don").all()) == 7
    engine.dispose()


def test_a_query_that_takes_too_long_is_stopped(server: Database) -> None:
    engine = open_engine(server.url)
    sleep = "SELECT pg_sleep(30)" if server.kind == "postgresql" else "SELECT SLEEP(30), id FROM don"
    with pytest.raises(DBAPIError), reading(engine, SHORT_S) as connection:
        connection.exec_driver_sql(sleep).all()
    engine.dispose()


def test_a_connection_that_their_administrator_cut_is_made_anew(server: Database) -> None:
    source = open_source(server)
    pages = source.pages(mapping().kind(Kind.PETITION))
    next(pages)
    if server.kind == "postgresql":
        server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                   " WHERE datname = current_database() AND pid <> pg_backend_pid()")  # fmt: skip
    else:
        with server.engine.connect() as connection:
            own = connection.exec_driver_sql("SELECT CONNECTION_ID()").scalar()
            others = "SELECT id FROM information_schema.PROCESSLIST WHERE db = DATABASE() AND id <> %s"
            for (other,) in connection.exec_driver_sql(others, (own,)).all():
                connection.exec_driver_sql(f"KILL {other}")
    assert [row.key.local_id for page in pages for row in page.rows] == ["mau:4", "mau:5", "mau:6", "mau:7"]
    source.close()


def test_a_server_that_is_away_is_a_source_that_cannot_be_reached(server: Database) -> None:
    away = server.engine.url.set(port=9)
    source = SqlSource(away, "H51.01", mapping(), b"e" * 32)
    with pytest.raises(SourceError) as raised:
        source.probe()
    assert raised.value.id == "E-SOURCE-CONNECT"
    source.close()


@pytest.mark.parametrize(("engine", "expected"), [("InnoDB", True), ("MyISAM", False), ("Aria", False)])
def test_tables_without_snapshots_are_noticed(tmp_path: Path, engine: str, expected: bool) -> None:
    with database("mariadb", tmp_path) as made:
        made.make_tables()
        made.run("CREATE TABLE khac (id INTEGER) ENGINE=MyISAM", f"ALTER TABLE nguoi ENGINE={engine}")
        source = open_source(made)
        assert source.has_snapshot(mapping().kind(Kind.PETITION)) is expected
        source.close()


def test_what_the_mapping_says_of_snapshots_counts(server: Database) -> None:
    said = mapping("snapshot = false")
    source = SqlSource(server.url, "H51.01", said, b"e" * 32)
    assert source.has_snapshot(mapping().kind(Kind.PETITION))
    assert not source.has_snapshot(said.kind(Kind.PETITION))
    source.close()
