"""Where a source shows half an edit, a change counts after two equal readings; elsewhere a page is of one moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connector.core.model import Kind
from connector.store import books, finding, requests, views
from connector.store.requests import Selection
from tests.servers import Database, acting_before, database
from tests.stages.agency import AGENCY, Agency

WITHOUT = ("sqlite", "mariadb")  # the first by what its mapping says, the second because its tables are MyISAM


@pytest.fixture(params=WITHOUT)
def agency(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Agency]:
    """Five petitions with one person each, in a database without snapshots."""
    with database(request.param, tmp_path) as source:
        source.make_tables("MyISAM")
        made = agency_over(source, tmp_path, "settle_s = 5" + ("\nsnapshot = false" if source.kind == "sqlite" else ""))
        yield made
        made.close()


def agency_over(source: Database, folder: Path, lines: str) -> Agency:
    made = Agency(folder, source, lines)
    made.source_clock("2026-03-02 09:00:00")
    for number in range(1, 6):
        source.add(number)
        source.run(f"INSERT INTO nguoi VALUES ({number}, 1, 'Người Mẫu')")
    return made


@contextmanager
def while_reading(agency: Agency, act: Callable[[], None]) -> Iterator[None]:
    """Let somebody act between the first query of a page and the next one, once."""
    engine = agency.app.agency(AGENCY).source._engine  # type: ignore[attr-defined]
    with acting_before(engine, "FROM nguoi", act):
        yield


def body_of(agency: Agency, number: int) -> bytes:
    with agency.app.store.read() as connection:
        key = finding.by_local_id(connection, AGENCY, str(number))[0]
        return views.newest_body(connection, key) or b""


def test_a_change_is_recorded_when_it_was_read_twice_some_seconds_apart(agency: Agency) -> None:
    assert agency.collect()["waiting"] == 5
    assert agency.versions() == {}
    agency.wait(3)
    assert agency.collect()["waiting"] == 5  # too soon
    agency.wait(3)
    counts = agency.collect()
    assert (counts["waiting"], counts["created"]) == (0, 5)
    agency.database.run("UPDATE don SET noi_dung = 'B' WHERE id = 2")
    agency.collect()
    assert agency.versions()["2"] == 1
    agency.wait(6)
    agency.collect()
    assert agency.versions() == {"1": 1, "2": 2, "3": 1, "4": 1, "5": 1}


def test_half_an_edit_is_never_recorded(agency: Agency) -> None:
    for _ in range(2):
        agency.collect()
        agency.wait(6)
    agency.database.run("UPDATE don SET noi_dung = 'B' WHERE id = 2", "DELETE FROM nguoi WHERE id_don = 2")

    def insert_again() -> None:
        agency.database.run("UPDATE don SET noi_dung = 'C' WHERE id = 2", "INSERT INTO nguoi VALUES (2, 1, 'Khác')")

    with while_reading(agency, insert_again):
        agency.collect()  # MyISAM shows the text of before with the person of after
    assert agency.versions()["2"] == 1
    agency.wait(6)
    agency.collect()
    assert agency.versions()["2"] == 1
    agency.wait(6)
    agency.collect()
    assert agency.versions()["2"] == 2
    assert b'"C"' in body_of(agency, 2)
    assert "Khác".encode() in body_of(agency, 2)


def test_what_was_changed_back_meanwhile_was_nothing(agency: Agency) -> None:
    for _ in range(2):
        agency.collect()
        agency.wait(6)
    for text in ("B", "A"):
        agency.database.run(f"UPDATE don SET noi_dung = '{text}' WHERE id = 2")
        agency.collect()
        agency.wait(6)
    agency.collect()
    assert agency.versions()["2"] == 1


def test_a_row_that_waits_is_counted_and_one_that_is_gone_is_forgotten(agency: Agency) -> None:
    agency.collect()
    with agency.app.store.read() as connection:
        assert books.of(connection, AGENCY, Kind.PETITION).settling == 5
    agency.database.run("DELETE FROM don WHERE id = 5", "DELETE FROM nguoi WHERE id_don = 5")
    agency.wait(6)
    agency.collect()
    assert agency.versions().keys() == {"1", "2", "3", "4"}
    with agency.app.store.read() as connection:
        assert books.of(connection, AGENCY, Kind.PETITION).settling == 0


def test_a_record_asked_for_by_a_person_waits_too(agency: Agency) -> None:
    for _ in range(2):
        agency.collect()
        agency.wait(6)
    agency.database.run("UPDATE don SET noi_dung = 'B' WHERE id = 2")
    for expected in ({"unsettled": 1}, {"updated": 1}):
        with agency.app.store.write() as tx:
            (key,) = finding.by_local_id(tx.connection, AGENCY, "2")
            keys = requests.select_keys(tx.connection, AGENCY, Selection(keys=(key,)))
            requests.ask(tx, AGENCY, keys, agency.app.actor, "kiểm tra")
        assert list(agency.app.resync(AGENCY)) == [expected]
        agency.wait(6)


def test_a_short_reading_comes_back_to_what_waits(tmp_path: Path) -> None:
    with database("sqlite", tmp_path) as source:
        source.make_tables()
        lines = 'settle_s = 5\nsnapshot = false\nchanged_at = "sua"\noverlap_s = 0'
        agency = agency_over(source, tmp_path, lines)
        for _ in range(2):
            agency.collect()
            agency.wait(6)
        source.run("UPDATE don SET noi_dung = 'B', sua = '2026-03-02 09:05:00' WHERE id = 2")
        source.add(9, changed="2026-03-02 09:05:00")
        for clock, expected in (("09:10:00", (1, None)), ("10:00:00", (2, 1))):
            agency.source_clock(f"2026-03-02 {clock}")
            agency.collect()
            assert (agency.versions()["2"], agency.versions().get("9")) == expected
            agency.wait(6)
        agency.wait(86_400)
        agency.collect()
        assert agency.versions()["9"] == 1
        agency.close()


# --- where the database does give snapshots ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_an_edit_in_the_middle_of_a_page_is_seen_whole_or_not_at_all(kind: str, tmp_path: Path) -> None:
    with database(kind, tmp_path) as source:
        source.make_tables("InnoDB")
        agency = agency_over(source, tmp_path, "settle_s = 5")
        agency.collect()
        agency.database.run("UPDATE don SET noi_dung = 'B' WHERE id = 1")

        def edit() -> None:
            source.run("UPDATE don SET noi_dung = 'C' WHERE id = 1", "DELETE FROM nguoi WHERE id_don = 1")

        with while_reading(agency, edit):
            agency.collect()
        assert b'"B"' in body_of(agency, 1)
        assert "Người Mẫu".encode() in body_of(agency, 1)
        agency.collect()
        assert b'"C"' in body_of(agency, 1)
        assert "Người Mẫu".encode() not in body_of(agency, 1)
        agency.close()
