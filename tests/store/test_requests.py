"""What people ask for: keys to be read again, notes on what is stuck."""

from __future__ import annotations

from datetime import date

import pytest

from connector.core.model import Kind, RecordKey
from connector.errors import DataError
from connector.store import requests, views
from connector.store.requests import Selection
from tests.store.ledger import ACTOR, AGENCY, Ledger, bad_reading, key_of, reading

ONE, TWO = key_of(1), key_of(2)
DAY = date(2026, 11, 22)
REASON = "đối chiếu lại"


def chosen(ledger: Ledger, **fields: object) -> list[RecordKey]:
    with ledger.store.read() as connection:
        return requests.select_keys(connection, AGENCY, Selection(**fields))  # type: ignore[arg-type]


def ask(ledger: Ledger, *keys: RecordKey) -> int:
    with ledger.store.write() as tx:
        return requests.ask(tx, AGENCY, keys, ACTOR, REASON)


def open_keys(ledger: Ledger, limit: int = 10) -> list[RecordKey]:
    with ledger.store.read() as connection:
        return [item.key for item in requests.open_items(connection, AGENCY, limit)]


def test_a_selection_means_current_records(ledger: Ledger) -> None:
    ledger.record(reading(TWO))
    ledger.clock.forward(86_400)
    ledger.record(reading(ONE), bad_reading(key_of(3)))
    ledger.record(reading(key_of(1, Kind.DECISION)))
    assert chosen(ledger)[0] == TWO  # in the order in which they were first seen
    assert len(chosen(ledger)) == 4
    assert chosen(ledger, kind=Kind.DECISION) == [key_of(1, Kind.DECISION)]
    assert chosen(ledger, state="quarantined") == [key_of(3)]
    assert chosen(ledger, since=date(2026, 11, 23), kind=Kind.PETITION) == [ONE, key_of(3)]
    assert chosen(ledger, until=DAY) == [TWO]
    assert chosen(ledger, since=DAY, until=DAY) == [TWO]
    assert chosen(ledger, keys=(ONE, TWO), state="pending") == [ONE, TWO]
    assert chosen(ledger, keys=(ONE,), state="delivered") == []


def test_a_key_that_nobody_knows_is_refused_by_name(ledger: Ledger) -> None:
    with pytest.raises(DataError) as raised:
        chosen(ledger, keys=(ONE,))
    assert raised.value.id == "E-KEY-UNKNOWN"
    assert raised.value.values == {"key": "H51.01/petition/demo:1"}


def test_a_key_has_one_open_request_however_often_it_is_asked_for(ledger: Ledger) -> None:
    assert ask(ledger, ONE, TWO, ONE) == 2
    assert ask(ledger, TWO) == 0
    assert open_keys(ledger) == [ONE, TWO]
    assert open_keys(ledger, limit=1) == [ONE]
    first = ledger.told("resync.asked")[0]
    assert (first["facts"]["asked"], first["facts"]["new"]) == (3, 2)
    assert REASON not in str(ledger.told())


def test_a_closed_request_may_be_asked_again(ledger: Ledger) -> None:
    ask(ledger, ONE)
    with ledger.store.write() as tx:
        (item,) = requests.open_items(tx.connection, AGENCY, 10)
        assert (item.by, item.reason) == (ACTOR.name, REASON)
        requests.done(tx, item, "look", ACTOR)
    assert open_keys(ledger) == []
    assert ledger.told("resync.done")[0]["facts"] == {"outcome": "look", "asked_by": ACTOR.name}
    assert ask(ledger, ONE) == 1


def test_open_requests_are_counted(ledger: Ledger) -> None:
    ask(ledger, *[key_of(number) for number in range(1_201)])
    with ledger.store.read() as connection:
        assert requests.open_count(connection, AGENCY) == 1_201
        assert requests.open_count(connection, "H51.02") == 0


def test_an_acknowledged_record_stays_on_its_list_under_a_name(ledger: Ledger) -> None:
    ledger.record(bad_reading(ONE))
    with ledger.store.write() as tx:
        requests.acknowledge(tx, ONE, ACTOR, REASON)
    with ledger.store.read() as connection:
        (line,) = views.lines(connection, AGENCY, state="quarantined")
    assert line.acknowledged_by == ACTOR.name
    assert ledger.told("delivery.acknowledged")[0]["version"] == 1
    ledger.record(reading(ONE))
    assert ledger.newest(ONE).acknowledged_by is None


def test_only_a_known_record_can_be_acknowledged(ledger: Ledger) -> None:
    with pytest.raises(DataError) as raised, ledger.store.write() as tx:
        requests.acknowledge(tx, ONE, ACTOR, REASON)
    assert raised.value.id == "E-KEY-UNKNOWN"
