"""Aliases in the store: one id per key and one key per id in force, what was before kept as history."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from connector.core.model import Kind, RecordKey
from connector.store import aliases
from connector.store.aliases import Named
from connector.store.tables import KeyAlias, table_of
from tests.store.ledger import ACTOR, AGENCY, START, Ledger

DON = Kind.PETITION


def add(ledger: Ledger, *pairs: tuple[str, str], plan: str = "p") -> int:
    named = [Named(DON, alias, key, None) for alias, key in pairs]
    with ledger.store.write() as tx:
        return aliases.add(tx, AGENCY, named, plan, ACTOR, "thay phần mềm")


def in_force(ledger: Ledger, agency: str = AGENCY) -> list[tuple[Kind, str, str]]:
    with ledger.store.read() as connection:
        return aliases.in_force(connection, agency).pairs()


def test_what_a_person_approved_is_in_force_and_told_once(ledger: Ledger) -> None:
    assert add(ledger, ("so:2", "so:1"), ("so:1", "so:2")) == 2
    assert in_force(ledger) == [(DON, "so:1", "so:2"), (DON, "so:2", "so:1")]
    assert in_force(ledger, "H51.02") == []
    (told,) = [entry for entry in ledger.told() if entry["event"] == "rekey.approved"]
    assert (told["facts"]["plan"], told["facts"]["count"], told["facts"]["new"]) == ("p", 2, 2)
    assert "so:" not in str(told["facts"])


def test_a_second_renumbering_ends_the_first_and_both_are_found(ledger: Ledger) -> None:
    add(ledger, ("b:5", "a:1"), ("b:6", "a:2"))
    ledger.clock.now = START + timedelta(days=400)
    assert add(ledger, ("c:9", "a:1"), ("b:5", "a:2")) == 2
    assert in_force(ledger) == [(DON, "b:5", "a:2"), (DON, "c:9", "a:1")]
    one, two = RecordKey(AGENCY, DON, "a:1"), RecordKey(AGENCY, DON, "a:2")
    with ledger.store.read() as connection:
        former = aliases.of_record(connection, one)
        assert [(each.alias, each.until is None) for each in former] == [("b:5", False), ("c:9", True)]
        assert former[0].until == former[1].since == START + timedelta(days=400)
        assert aliases.find_keys(connection, AGENCY, "5") == [one, two]
        assert aliases.find_keys(connection, AGENCY, "c:9", [DON]) == [one]
        assert aliases.find_keys(connection, AGENCY, "c:9", [Kind.HANDLING]) == []
    assert add(ledger, ("c:9", "a:1")) == 0  # as it is


@pytest.mark.parametrize("other", [("b:5", "a:2"), ("b:6", "a:1")], ids=["one id", "one key"])
def test_no_id_and_no_key_is_in_force_twice(ledger: Ledger, other: tuple[str, str]) -> None:
    row = {"agency": AGENCY, "kind": "petition", "plan": "p", "since": START}
    rows = [row | {"alias": alias, "local_id": key} for alias, key in (("b:5", "a:1"), other)]
    with pytest.raises(IntegrityError, match="UNIQUE"), ledger.store.write() as tx:
        tx.connection.execute(insert(table_of(KeyAlias)), rows)
