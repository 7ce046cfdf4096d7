"""Short readings between full sweeps: all that was changed is read, nothing twice, on three kinds of database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from itertools import islice
from pathlib import Path

import pytest

from connector.errors import MappingError
from connector.store import marks, views
from tests.servers import ENGINES, Database, database
from tests.stages.agency import AGENCY, Agency

CHANGES = 'changed_at = "sua"\noverlap_s = 900\nsettle_s = 5'
DAY = 86_400


@pytest.fixture(params=ENGINES)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with database(request.param, tmp_path) as made:
        made.make_tables()
        yield made


@pytest.fixture
def agency(source: Database, tmp_path: Path) -> Iterator[Agency]:
    """Seven petitions, read in full at nine o'clock; they are an hour old."""
    made = Agency(tmp_path, source, CHANGES)
    for number in range(1, 8):
        source.add(number)
    made.source_clock("2026-03-02 09:00:00")
    made.collect()
    assert made.versions() == {str(number): 1 for number in range(1, 8)}
    yield made
    made.close()


def edit(agency: Agency, number: int, changed: str | None, content: str = "B") -> None:
    when = f"'{changed}'" if changed else "NULL"
    agency.database.run(f"UPDATE don SET noi_dung = '{content}', sua = {when} WHERE id = {number}")


def changed_keys(agency: Agency) -> list[str]:
    return sorted(number for number, version in agency.versions().items() if version > 1)


def test_only_what_was_changed_is_read_and_recorded_once(agency: Agency) -> None:
    edit(agency, 3, "2026-03-02 09:05:00")
    agency.source_clock("2026-03-02 09:10:00")
    counts = agency.collect()
    assert (counts["read"], counts["updated"]) == (1, 1)
    agency.source_clock("2026-03-02 09:12:00")
    counts = agency.collect()
    assert (counts["unchanged"], counts["updated"]) == (1, 0)  # within the overlap: read again, not recorded again
    agency.source_clock("2026-03-02 10:00:00")
    agency.collect()
    agency.source_clock("2026-03-02 10:01:00")
    assert agency.collect().get("read", 0) == 0
    assert changed_keys(agency) == ["3"]


def test_equal_timestamps_across_pages_are_all_read_and_none_twice(agency: Agency) -> None:
    for number in range(1, 8):
        edit(agency, number, "2026-03-02 09:05:00")
    for number in range(20, 31):
        agency.database.add(number, changed="2026-03-02 09:05:00")
    agency.source_clock("2026-03-02 09:10:00")
    counts = agency.collect()
    assert (counts["read"], counts["updated"], counts["created"]) == (18, 7, 11)
    assert set(agency.versions().values()) == {1, 2}


def test_an_interrupted_reading_among_equal_timestamps_loses_none(agency: Agency) -> None:
    for number in range(20, 31):
        agency.database.add(number, changed="2026-03-02 09:05:00")
    agency.source_clock("2026-03-02 09:10:00")
    running = agency.app.collect(AGENCY)
    list(islice(running, 1))
    running.close()  # as if the process had died after its first commit
    agency.reopen()
    agency.collect()
    assert agency.versions() == {str(number): 1 for number in (*range(1, 8), *range(20, 31))}


@pytest.mark.parametrize("source", ["postgresql", "mariadb"], indirect=True)
def test_commits_ten_minutes_out_of_order_are_all_read(agency: Agency) -> None:
    with agency.database.open_transaction() as late:
        late.exec_driver_sql("INSERT INTO don VALUES (40, '2026-02-02', 1, 'A', '2026-03-02 09:01:00')")
        agency.database.add(41, changed="2026-03-02 09:10:30")
        agency.source_clock("2026-03-02 09:11:00")
        agency.collect()
        assert agency.versions().keys() & {"40", "41"} == {"41"}
    agency.source_clock("2026-03-02 09:12:00")
    agency.collect()
    assert agency.versions()["40"] == 1
    agency.source_clock("2026-03-02 09:13:00")
    agency.collect()
    assert set(agency.versions().values()) == {1}


def test_a_row_younger_than_the_settle_time_waits(agency: Agency) -> None:
    edit(agency, 1, "2026-03-02 09:09:58")
    agency.source_clock("2026-03-02 09:10:00")
    agency.collect()
    assert changed_keys(agency) == []
    agency.source_clock("2026-03-02 09:10:10")
    agency.collect()
    assert changed_keys(agency) == ["1"]


def test_what_is_dated_2099_or_not_at_all_is_read_by_the_full_sweep(agency: Agency) -> None:
    if agency.database.kind == "mariadb":
        agency.database.run("SET SESSION sql_mode = ''", "UPDATE don SET noi_dung = 'B', sua = 0 WHERE id = 3")
    else:
        edit(agency, 3, None)
    edit(agency, 1, "2099-01-01 00:00:00")
    edit(agency, 2, None)
    edit(agency, 4, "2026-03-02 09:05:00")
    agency.source_clock("2026-03-02 09:10:00")
    agency.collect()
    assert changed_keys(agency) == ["4"]
    agency.wait(DAY + 1)
    agency.source_clock("2026-03-03 09:10:00")
    agency.collect()
    assert changed_keys(agency) == ["1", "2", "3", "4"]


def test_an_edit_that_forgets_its_time_is_found_by_the_full_sweep(agency: Agency) -> None:
    agency.database.run("INSERT INTO nguoi VALUES (5, 1, 'Người Mẫu')")
    agency.source_clock("2026-03-02 09:10:00")
    agency.collect()
    assert changed_keys(agency) == []
    agency.wait(DAY + 1)
    agency.collect()
    assert changed_keys(agency) == ["5"]


def test_a_source_clock_one_hour_back_is_a_guard_and_no_loss(agency: Agency) -> None:
    agency.source_clock("2026-03-02 08:00:00")
    edit(agency, 6, "2026-03-02 07:59:00")
    assert agency.collect() == {"guard": 1}
    assert changed_keys(agency) == []
    with agency.app.store.write() as tx:
        (guard,) = marks.open_guards(tx.connection, AGENCY)
        marks.approve(tx, guard.plan, agency.app.actor, "đồng hồ đã chỉnh")
    agency.collect()
    assert changed_keys(agency) == ["6"]
    edit(agency, 7, "2026-03-02 08:01:00")
    agency.source_clock("2026-03-02 08:05:00")
    agency.collect()
    assert changed_keys(agency) == ["6", "7"]


def test_the_position_moves_with_the_rows_and_never_in_a_dry_run_or_past_a_failure(agency: Agency) -> None:
    before = agency.position()
    assert before == datetime.fromisoformat("2026-03-02 08:59:55")
    edit(agency, 1, "2026-03-02 09:05:00")
    agency.source_clock("2026-03-02 09:10:00")
    list(agency.app.plan(AGENCY))
    assert agency.position() == before
    agency.database.run("ALTER TABLE nguoi RENAME TO xa")
    with suppress(MappingError):
        agency.collect()
        raise AssertionError("the source has lost a table")
    assert agency.position() == before
    agency.database.run("ALTER TABLE xa RENAME TO nguoi")
    agency.collect()
    assert changed_keys(agency) == ["1"]
    assert agency.position() == datetime.fromisoformat("2026-03-02 09:09:55")


def test_a_complaint_that_becomes_a_denunciation_widens_the_reading(agency: Agency) -> None:
    agency.database.run("UPDATE don SET loai = 2, sua = '2026-03-02 09:05:00' WHERE id = 2")
    agency.database.run("UPDATE don SET noi_dung = 'C' WHERE id = 5")  # and says nothing of it
    agency.source_clock("2026-03-02 09:10:00")
    agency.collect()
    assert changed_keys(agency) == ["2", "5"]


def test_a_full_sweep_cut_short_over_a_source_in_use_declares_nothing_gone(agency: Agency) -> None:
    agency.database.run("DELETE FROM don WHERE id = 2")
    agency.wait(DAY + 1)
    agency.collect()
    for _ in range(2):
        agency.wait(DAY + 1)
        with agency.database.open_transaction() as clerk:  # an edit as real products make it
            clerk.exec_driver_sql("DELETE FROM don WHERE id = 5")
            running = agency.app.collect(AGENCY)
            list(islice(running, 2))
            running.close()
            clerk.exec_driver_sql("INSERT INTO don VALUES (5, '2026-02-02', 1, 'A', '2026-03-02 08:00:00')")
        agency.reopen()
        assert gone(agency) == []
    agency.collect()
    assert gone(agency) == ["2"]


def gone(agency: Agency) -> list[str]:
    with agency.app.store.read() as connection:
        return [line.key.local_id.split(":")[1] for line in views.lines(connection, AGENCY, state=views.GONE)]
