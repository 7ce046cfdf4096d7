"""Receipts: kept with the entry that names them, whatever settled the delivery, and never more than may be kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from connector.core import chain
from connector.core.model import Answered, Operation, SightingName, VerdictName
from connector.store import agreement, audit, erasure, outbox, receipts
from connector.store.tables import Receipt, table_of
from tests.store.ledger import AGENCY, ANSWERED, START, Ledger, answer, key_of, reading, sighting

RECEIPT = table_of(Receipt)
KEY = key_of(1)


def kept(ledger: Ledger) -> list[Any]:
    with ledger.store.read() as connection:
        return list(connection.execute(select(RECEIPT)).all())


def agreed(ledger: Ledger) -> tuple[int, int, int]:
    with ledger.store.read() as connection:
        following = chain.Following(chain.Head(AGENCY, 0, chain.GENESIS))
        story = agreement.story_of(following.through(audit.links(connection, AGENCY)))
        return agreement.compare(connection, AGENCY, story, ledger.store.commitment).receipts


def test_an_answer_that_settles_leaves_a_receipt_that_its_entry_names(ledger: Ledger) -> None:
    ledger.record(reading(KEY))
    ledger.deliver(KEY)
    (row,) = kept(ledger)
    (told,) = ledger.told("delivery.answered")
    assert told["facts"]["receipt"] == row.sha256 == chain.digest(row.facts.encode())
    facts = orjson.loads(row.facts)
    assert (facts["national_id"], facts["national_version"], facts["status"]) == ("N-demo:1", 1, "received")
    assert (facts["http_status"], facts["transaction"], facts["operation"]) == (200, "bus-1", Operation.PUT)
    assert facts["server_date"] == facts["received_at"] == START.isoformat()
    assert facts["answer"] == told["facts"]["answer"]
    assert facts["echo"] == ledger.store.commitment(AGENCY, row.echoed.encode())
    assert row.echoed == ledger.newest(KEY).digest
    assert row.answer == ANSWERED.body
    assert agreed(ledger) == (1, 0, 0)


def test_no_plain_digest_of_a_document_stands_in_what_an_export_ships(ledger: Ledger) -> None:
    """A small document could be found by trying."""
    ledger.record(reading(KEY))
    ledger.deliver(KEY)
    with ledger.store.read() as connection:
        shipped = list(receipts.lines(connection, AGENCY))
    assert ledger.newest(KEY).digest not in str(shipped)
    assert ANSWERED.digest not in str(shipped)


def test_a_sighting_that_settles_leaves_a_receipt_too(ledger: Ledger) -> None:
    sent = ledger.lose_answer(KEY)
    assert kept(ledger) == []
    ledger.find(sighting(sent, SightingName.SAME))
    (row,) = kept(ledger)
    assert ledger.told("delivery.looked_for")[-1]["facts"]["receipt"] == row.sha256
    assert agreed(ledger) == (1, 0, 0)


@pytest.mark.parametrize("verdict", [VerdictName.REJECTED, VerdictName.UNKNOWN, VerdictName.HOLD, VerdictName.RETRY])
def test_an_answer_that_settles_nothing_leaves_none(ledger: Ledger, verdict: VerdictName) -> None:
    ledger.record(reading(KEY))
    (sent,) = ledger.claim()
    ledger.finish(answer(sent, verdict))
    assert kept(ledger) == []
    assert "receipt" not in ledger.told("delivery.answered")[-1]["facts"]


def test_a_sighting_of_another_document_settles_nothing_and_leaves_none(ledger: Ledger) -> None:
    sent = ledger.lose_answer(KEY)
    ledger.find(sighting(sent, SightingName.OTHER))
    assert kept(ledger) == []


def test_of_an_answer_that_may_hold_more_the_facts_alone_are_kept(ledger: Ledger) -> None:
    ledger.record(reading(KEY))
    (sent,) = ledger.claim()
    ledger.finish(replace(answer(sent, VerdictName.DELIVERED), answered=Answered(ANSWERED.digest)))
    (row,) = kept(ledger)
    assert row.answer is None
    assert agreed(ledger) == (1, 0, 0)


def test_every_version_has_a_receipt_of_its_own_and_asking_again_adds_one(ledger: Ledger) -> None:
    for content in ("A", "B"):
        ledger.record(reading(KEY, content))
        ledger.deliver(KEY)
        ledger.clock.forward(60)
    assert ledger.ask_again(KEY) == "look"
    with ledger.store.read() as connection:
        (due,) = outbox.unknowns_due(connection, AGENCY, 1, ledger.clock(), 10)
    ledger.find(sighting(due, SightingName.SAME))
    with ledger.store.read() as connection:
        told, wrong = receipts.of_record(connection, KEY)
    assert ([facts["version"] for facts in told], wrong) == ([1, 2, 2], [])
    assert agreed(ledger) == (3, 0, 0)


def test_a_receipt_stays_when_the_texts_of_its_record_are_erased(ledger: Ledger) -> None:
    ledger.record(reading(KEY))
    ledger.deliver(KEY)
    with ledger.store.write() as tx:
        erasure.erase_texts(tx, KEY)
    assert len(kept(ledger)) == 1
    assert agreed(ledger) == (1, 0, 0)
