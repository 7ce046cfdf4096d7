"""What people decided about addresses: for one record and address, as a commitment, and gone with a secret."""

from __future__ import annotations

from sqlalchemy import select

from connector.core.model import Cause, Kind
from connector.store import audit, choices
from connector.store.tables import Mark, table_of
from tests.store.ledger import ACTOR, AGENCY, Ledger, key_of, reading

KEY, OTHER, LONGER = key_of(1), key_of(2), key_of(11)
ADDRESS = {"scheme": "vn-admin-2004", "commune_code": "25252", "line": "Số 1"}
FIELD = "/petitioners/*/address"


def choose(ledger: Ledger, key=KEY, address=ADDRESS, commune="25250") -> str:
    with ledger.store.write() as tx:
        choices.choose(tx, key, FIELD, address, commune, ACTOR, "theo sổ hộ tịch")
        return tx.commitment(AGENCY, choices.said(address, commune))


def known(ledger: Ledger) -> dict[str, frozenset[str]]:
    with ledger.store.read() as connection:
        return choices.of_kind(connection, AGENCY, Kind(KEY.kind))


def test_a_choice_is_known_by_record_and_a_later_one_for_the_same_address_replaces_it(ledger: Ledger) -> None:
    choose(ledger)
    last = choose(ledger, commune="25251")
    other = choose(ledger, OTHER)
    assert known(ledger) == {KEY.local_id: {last}, OTHER.local_id: {other}}
    second = choose(ledger, address={**ADDRESS, "line": "Số 2"})
    assert known(ledger)[KEY.local_id] == {last, second}


def test_neither_store_nor_log_says_where_anybody_lives(ledger: Ledger) -> None:
    choose(ledger)
    with ledger.store.read() as connection:
        kept = [str(row) for row in connection.execute(select(table_of(Mark))).all()]
        told = [entry.content for entry in audit.entries(connection, AGENCY) if "place.chosen" in entry.content]
    assert len(told) == 1
    assert FIELD in told[0]
    assert not [text for text in (*kept, *told) if "2525" in text or "Số 1" in text or "hộ tịch" in text]


def test_what_was_chosen_for_a_record_is_forgotten_when_it_becomes_a_secret(ledger: Ledger) -> None:
    for key in (KEY, LONGER):  # the key of the second begins with that of the first
        ledger.record(reading(key))
        choose(ledger, key)
    ledger.set_aside(KEY, Cause.BECAME_SECRET)
    assert set(known(ledger)) == {LONGER.local_id}


def test_documents_with_addresses_are_those_in_clear(ledger: Ledger) -> None:
    ledger.record(reading(KEY))
    with ledger.store.read() as connection:
        found = list(choices.open_bodies(connection, AGENCY, Kind(KEY.kind)))
    assert [(key, digest) for key, digest, _ in found] == [(KEY, ledger.row(KEY).digest)]
    ledger.set_aside(KEY, Cause.BECAME_SECRET)
    with ledger.store.read() as connection:
        assert list(choices.open_bodies(connection, AGENCY, Kind(KEY.kind))) == []
