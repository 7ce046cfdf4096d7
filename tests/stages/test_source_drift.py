"""The agency's database changes under our mapping: the kind that it touches is held and named, the others go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.core.model import Actor, Kind
from connector.errors import MappingError
from connector.stages import guards
from connector.store import marks, views
from tests.servers import CODES, ENGINES, Database, database
from tests.stages.agency import AGENCY, Agency

CLERK = Actor("clerk", "test")

RECEPTION = """\
kind = "reception"
key = ["id"]
[range]
table = "tiep"
column = "id"
[select]
table = "tiep"
sql = "SELECT id, ngay, noi_dung, loai FROM tiep WHERE id > :lo AND id <= :hi"
[secrecy]
petition_type = { column = "loai", codes = "loai" }
[fields]
"/held_on" = { column = "ngay" }
"/content" = { column = "noi_dung" }
"""


@pytest.fixture(params=ENGINES)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with database(request.param, tmp_path) as made:
        made.make_tables()
        made.run(
            "CREATE TABLE tiep (id INTEGER PRIMARY KEY, ngay DATE, noi_dung VARCHAR(100), loai INTEGER)",
            "INSERT INTO tiep VALUES (1, '2026-02-02', 'A', 1)",
        )
        made.add(1)
        yield made


@pytest.fixture
def agency(source: Database, tmp_path: Path) -> Iterator[Agency]:
    """One reception and one petition, read once."""
    made = Agency(tmp_path, source)
    made.source_clock("2026-03-02 09:00:00")
    mapping = tmp_path / "mapping" / "mapping.toml"
    mapping.write_text(mapping.read_text("utf-8").replace('["petition"]', '["reception", "petition"]'), "utf-8")
    (tmp_path / "mapping" / "reception.toml").write_text(RECEPTION, "utf-8")
    (tmp_path / "mapping" / "codes" / "loai.toml").write_text(CODES, "utf-8")
    made.reopen()
    made.collect()
    made.collect()
    assert known(made) == {"reception:1": 1, "petition:1": 1}
    yield made
    made.close()


def known(agency: Agency) -> dict[str, int]:
    with agency.app.store.read() as connection:
        lines = views.lines(connection, AGENCY)
    return {f"{line.key.kind}:{line.key.local_id.split(':')[1]}": line.version for line in lines}


def open_plans(agency: Agency) -> list[tuple[str, str, str]]:
    with agency.app.store.read() as connection:
        return [(g.plan, g.name, g.numbers.get("columns", "")) for g in marks.open_guards(connection, AGENCY)]


def retype(source: Database) -> None:
    """The day of a reception becomes a text, as a vendor's update does it."""
    if source.kind == "sqlite":
        source.run(
            "CREATE TABLE neu (id INTEGER PRIMARY KEY, ngay VARCHAR(20), noi_dung VARCHAR(100), loai INTEGER)",
            "INSERT INTO neu SELECT * FROM tiep",
            "DROP TABLE tiep",
            "ALTER TABLE neu RENAME TO tiep",
        )
    elif source.kind == "postgresql":
        source.run("ALTER TABLE tiep ALTER COLUMN ngay TYPE VARCHAR(20) USING to_char(ngay, 'DD/MM/YYYY')")
    else:
        source.run("ALTER TABLE tiep MODIFY ngay VARCHAR(20)")


def test_a_column_of_another_type_holds_its_kind_until_somebody_approves(agency: Agency, source: Database) -> None:
    retype(source)
    source.run("INSERT INTO tiep VALUES (2, '2026-02-03', 'B', 1)")
    source.add(2)
    for _ in range(2):
        assert agency.collect()["guard"] == 1
        assert known(agency) == {"reception:1": 1, "petition:1": 1, "petition:2": 1}
    ((plan, name, columns),) = open_plans(agency)
    assert name == guards.RETYPED
    assert columns == f"tiep.ngay: {'numeric' if source.kind == 'sqlite' else 'date'} > text"
    assert agency.app.tripped(AGENCY)
    assert int(agency.app.exit_code_of(AGENCY)) == 1
    with agency.app.store.write() as tx:
        marks.approve(tx, plan, CLERK, "the mapping reads both")
    assert "guard" not in agency.collect()
    assert known(agency).keys() == {"reception:1", "reception:2", "petition:1", "petition:2"}
    assert open_plans(agency) == []
    assert "guard" not in agency.collect()


def test_a_column_that_only_grew_holds_nothing(agency: Agency, source: Database) -> None:
    if source.kind != "sqlite":  # where a declared size changes nothing at all
        alter = {"postgresql": "ALTER COLUMN {} TYPE {}", "mariadb": "MODIFY {} {}"}[source.kind]
        source.run(f"ALTER TABLE tiep {alter.format('noi_dung', 'TEXT')}")
        source.run(f"ALTER TABLE tiep {alter.format('loai', 'BIGINT')}")
    source.run("INSERT INTO tiep VALUES (2, '2026-02-03', 'B', 1)")
    assert "guard" not in agency.collect()
    assert known(agency) == {"reception:1": 1, "reception:2": 1, "petition:1": 1}


def test_a_column_that_gets_its_type_back_lifts_the_plan(agency: Agency, source: Database) -> None:
    retype(source)
    agency.collect()
    source.run(
        "DROP TABLE tiep", "CREATE TABLE tiep (id INTEGER PRIMARY KEY, ngay DATE, noi_dung VARCHAR(100), loai INTEGER)"
    )
    source.run("INSERT INTO tiep VALUES (1, '2026-02-02', 'A', 1)")
    assert "guard" not in agency.collect()
    assert open_plans(agency) == []


@pytest.mark.parametrize(
    "change", ["ALTER TABLE tiep DROP COLUMN noi_dung", "ALTER TABLE tiep RENAME COLUMN noi_dung TO tom_tat"]
)
def test_a_column_that_is_gone_is_named_and_the_other_kinds_go_on(
    agency: Agency, source: Database, change: str
) -> None:
    source.run(change)
    source.add(2)
    with pytest.raises(MappingError) as raised:
        agency.collect()
    (problem,) = raised.value.problems
    assert (problem.id, problem.values["found"], problem.values["file"]) == (
        "E-CFG-SQL-COLUMN", "noi_dung", "mau/reception.toml",
    )  # fmt: skip
    assert known(agency) == {"reception:1": 1, "petition:1": 1, "petition:2": 1}


def test_a_column_in_double_quotes_that_sqlite_takes_for_a_text_is_missed_all_the_same(tmp_path: Path) -> None:
    with database("sqlite", tmp_path) as source:
        source.make_tables()
        source.run("CREATE TABLE tiep (id INTEGER PRIMARY KEY, ngay DATE, noi_dung VARCHAR(100), loai INTEGER)")
        source.run("INSERT INTO tiep VALUES (1, '2026-02-02', 'A', 1)")
        agency = Agency(tmp_path, source)
        agency.source_clock("2026-03-02 09:00:00")
        mapping = tmp_path / "mapping" / "mapping.toml"
        mapping.write_text(mapping.read_text("utf-8").replace('["petition"]', '["reception"]'), "utf-8")
        quoted = RECEPTION.replace("SELECT id, ngay, noi_dung", 'SELECT id, ngay, \\"noi_dung\\"')
        (tmp_path / "mapping" / "reception.toml").write_text(quoted, "utf-8")
        (tmp_path / "mapping" / "petition.toml").unlink()
        agency.reopen()
        agency.collect()
        source.run("ALTER TABLE tiep RENAME COLUMN noi_dung TO tom_tat")
        assert agency.collect()["guard"] == 1
        ((_, name, columns),) = open_plans(agency)
        assert (name, columns) == (guards.RETYPED, "tiep.noi_dung: text > -")
        with agency.app.store.read() as connection:
            assert {line.version for line in views.lines(connection, AGENCY, kind=Kind.RECEPTION)} == {1}
        agency.close()
