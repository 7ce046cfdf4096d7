"""Items of the feed that were no events: kept until a person closes them, and never twice."""

from __future__ import annotations

import pytest

from connector.errors import DataError
from connector.store import unreadable
from tests.store.ledger import ACTOR, AGENCY, Ledger, assert_the_log_tells_every_state


def open_ids(ledger: Ledger) -> list[str]:
    with ledger.store.read() as connection:
        found = unreadable.items(connection, AGENCY)
        assert unreadable.count(connection, AGENCY) == len(found)
    return [item.id for item in found]


def note(ledger: Ledger, *ids: str) -> None:
    with ledger.store.write() as tx:
        unreadable.note(tx, AGENCY, ids, ACTOR)


def test_an_item_stays_in_the_list_until_a_named_person_closes_it(ledger: Ledger) -> None:
    """The cursor passed it with a count in the log, though it may have been a record's return: the run was done."""
    note(ledger, "e-1", "e-2", "e-1")
    note(ledger, "e-2")
    assert sorted(open_ids(ledger)) == ["e-1", "e-2"]
    with ledger.store.write() as tx:
        unreadable.close(tx, AGENCY, "e-1", ACTOR, "đã hỏi")
    assert open_ids(ledger) == ["e-2"]
    note(ledger, "e-1")
    assert open_ids(ledger) == ["e-2"]
    assert_the_log_tells_every_state(ledger)


@pytest.mark.parametrize("id_", ["e-1", "e-9", ""])
def test_what_is_closed_or_was_never_there_cannot_be_closed(ledger: Ledger, id_: str) -> None:
    note(ledger, "e-1")
    with ledger.store.write() as tx:
        unreadable.close(tx, AGENCY, "e-1", ACTOR, "đã hỏi")
    with pytest.raises(DataError) as raised, ledger.store.write() as tx:
        unreadable.close(tx, AGENCY, id_, ACTOR, "x")
    assert raised.value.id == "E-FEED-ITEM-UNKNOWN"


def test_a_feed_of_nothing_else_does_not_fill_the_store(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unreadable, "MOST", 3)
    note(ledger, *(f"e-{number}" for number in range(9)))
    assert len(open_ids(ledger)) == 3
