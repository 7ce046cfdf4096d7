"""A store from before records were found by name: readings fill in what is missing, some seconds' worth each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select

from connector.stages import filling
from connector.store import finding, marks
from connector.store.tables import SoughtWord, table_of
from tests.servers import database
from tests.stages.agency import AGENCY, Agency

WORDS = table_of(SoughtWord)


@pytest.fixture
def agency(tmp_path: Path) -> Iterator[Agency]:
    """Five petitions, one person each."""
    with database("sqlite", tmp_path) as source:
        source.make_tables("")
        made = Agency(tmp_path, source)
        made.source_clock("2026-03-02 09:00:00")
        for number in range(1, 6):
            source.add(number)
            source.run(f"INSERT INTO nguoi VALUES ({number}, 1, 'Người Mẫu')")
        yield made
        made.close()


def words(agency: Agency) -> int:
    with agency.app.store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(WORDS)).scalar_one())


def as_after_an_upgrade(agency: Agency) -> None:
    with agency.app.store.write() as tx:
        tx.connection.execute(delete(WORDS))
        marks.advance(tx, AGENCY, finding.FILLED, "0")


def is_marked(agency: Agency) -> bool:
    with agency.app.store.read() as connection:
        return marks.mark_of(connection, AGENCY, finding.FILLED) is not None


def test_what_an_older_program_recorded_is_found_after_the_next_reading(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "_ROWS", 2)
    agency.collect()
    before = words(agency)
    as_after_an_upgrade(agency)
    agency.collect()
    assert (words(agency), is_marked(agency)) == (before, False)
    with agency.app.store.read() as connection:
        assert len(finding.by_name(connection, AGENCY, "mau nguoi").keys) == 5


def test_a_reading_that_ends_early_leaves_the_rest_to_the_next_one(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "_ROWS", 2)
    agency.collect()
    before = words(agency)
    as_after_an_upgrade(agency)
    monkeypatch.setattr(filling, "FILL_S", 0.0)
    agency.collect()
    assert (words(agency), is_marked(agency)) == (0, True)
    monkeypatch.undo()
    agency.collect()
    assert (words(agency), is_marked(agency)) == (before, False)


def test_what_was_concealed_meanwhile_gets_no_words_back(agency: Agency) -> None:
    agency.collect()
    with agency.app.store.write() as tx:
        tx.connection.exec_driver_sql("UPDATE delivery SET concealed = 1 WHERE local_id LIKE '%:1'")
    as_after_an_upgrade(agency)
    agency.collect()
    with agency.app.store.read() as connection:
        found = finding.by_name(connection, AGENCY, "nguoi mau").keys
    assert sorted(key.local_id[-1] for key in found) == ["2", "3", "4", "5"]


def test_a_store_made_by_this_program_has_nothing_to_fill_in(agency: Agency) -> None:
    agency.collect()
    assert not is_marked(agency)
    assert words(agency) > 0
