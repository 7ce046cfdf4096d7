"""Texts whose time is over: which go, what stays of them, and what no row can say."""

from __future__ import annotations

import hmac
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, event, insert, select, update
from sqlalchemy.exc import IntegrityError

from connector.core import chain, sealing
from connector.core.model import Cause, RecordKey, SightingName, VerdictName
from connector.store import agreement, audit, mirror, records, requests, retired, retiring
from connector.store.tables import RetiredBody, Tombstone, table_of
from tests.store.ledger import (
    ACTOR,
    AGENCY,
    DELIVERY,
    EVIDENCE,
    START,
    Ledger,
    answer,
    key_of,
    reading,
    sighting,
    status_update,
    undone,
)

RETIRED = table_of(RetiredBody)
PRIVATE, PUBLIC = sealing.new_pair()
LATER = START + timedelta(days=31)
ONE, TWO = key_of(1), key_of(2)


def due(ledger: Ledger, before: Any = LATER) -> list[tuple[RecordKey, int]]:
    with ledger.store.read() as connection:
        ids = retired.candidates(connection, AGENCY, before, 0, 100)
        return [(one.key, one.version) for one in retired.due(connection, AGENCY, before, ids)]


def retire(ledger: Ledger, *, seal: bool = False) -> None:
    with ledger.store.write() as tx:
        ids = retired.candidates(tx.connection, AGENCY, LATER, 0, 100)
        texts = retired.due(tx.connection, AGENCY, LATER, ids)
        if seal:
            retiring.seal(tx, texts, sealing.public_key(PUBLIC), {}, ACTOR)
        else:
            retiring.erase(tx, texts, {}, ACTOR)


def rows(ledger: Ledger) -> list[Any]:
    with ledger.store.read() as connection:
        return list(connection.execute(select(RETIRED).order_by(RETIRED.c.delivery_id)).all())


def delivered(ledger: Ledger, *keys: RecordKey) -> None:
    ledger.record(*(reading(key) for key in keys))
    ledger.deliver()


def test_what_was_accepted_or_superseded_is_due_once_its_time_is_over(ledger: Ledger) -> None:
    delivered(ledger, ONE)
    ledger.record(reading(ONE, "B"))
    ledger.record(reading(ONE, "C"))
    ledger.deliver()
    assert ledger.states(ONE) == ["delivered", "superseded", "delivered"]
    assert due(ledger) == [(ONE, 1), (ONE, 2), (ONE, 3)]
    assert due(ledger, START - timedelta(seconds=1)) == []


def test_nothing_goes_of_a_record_that_waits_is_on_its_way_or_asks_for_a_person(ledger: Ledger) -> None:
    refused, unknown, newer, returned = (key_of(number) for number in range(4, 8))
    delivered(ledger, ONE, newer, returned)
    ledger.record(reading(refused))
    ledger.finish(*(answer(one, VerdictName.REJECTED) for one in ledger.claim()))
    ledger.lose_answer(unknown)
    ledger.record(reading(newer, "B"))  # waits
    with ledger.store.write() as tx:
        mirror.apply(tx, AGENCY, [status_update(returned, 2, "returned_for_correction")], ACTOR)
    assert due(ledger) == [(ONE, 1)]


def test_an_open_conflict_keeps_every_text_of_its_record(ledger: Ledger) -> None:
    delivered(ledger, ONE)
    sent = ledger.lose_answer(ONE, "B")
    ledger.find(sighting(sent, SightingName.OTHER))
    assert (ledger.newest(ONE).cause, due(ledger)) == ("conflict", [])


def test_an_older_version_that_is_unclear_keeps_every_text_of_its_record(ledger: Ledger) -> None:
    """The newest one is at rest, for the source excludes the record now; the nation may be acting on the one before."""
    delivered(ledger, ONE)
    ledger.lose_answer(ONE, "B")
    ledger.set_aside(ONE, Cause.EXCLUDED)
    assert ledger.states(ONE) == ["delivered", "unknown", "not_sent"]
    assert due(ledger) == []


def test_what_a_person_asked_for_or_must_decide_about_stays(ledger: Ledger) -> None:
    delivered(ledger, ONE, TWO)
    assert due(ledger) == [(ONE, 1), (TWO, 1)]
    with ledger.store.write() as tx:
        requests.ask(tx, AGENCY, [ONE], ACTOR, "vì sao")
    assert due(ledger) == [(TWO, 1)]
    gone = {"agency": AGENCY, "kind": "petition", "local_id": TWO.local_id, "sweep": 1, "gone_at": START}
    with ledger.store.write() as tx:
        tx.connection.execute(insert(table_of(Tombstone)).values(**gone, decision="ask"))
    assert due(ledger) == []


def test_what_the_nation_holds_in_clear_and_must_not_stays_until_somebody_knows(ledger: Ledger) -> None:
    """Its older version went out in clear; now it is known for a denunciation."""
    delivered(ledger, ONE, TWO)
    ledger.set_aside(TWO, Cause.EXCLUDED)
    plain = reading(ONE, "B")
    assert plain.document is not None
    ledger.record(replace(plain, document=replace(plain.document, concealed=True)))
    ledger.deliver()
    assert due(ledger) == [(TWO, 1)]


@pytest.mark.parametrize("seal", [False, True])
def test_a_retired_text_leaves_its_row_its_state_its_digest_and_its_commitment(ledger: Ledger, seal: bool) -> None:
    delivered(ledger, ONE)
    before = ledger.newest(ONE)
    retire(ledger, seal=seal)
    after = ledger.newest(ONE)
    assert (before.body is not None, after.body) == (True, None)
    assert (after.state, after.digest, after.national_id) == (before.state, before.digest, before.national_id)
    (row,) = rows(ledger)
    (said,) = ledger.told("body.sealed" if seal else "body.erased")
    commitments = [one["facts"]["commitment"] for one in ledger.told("record.recorded")]
    assert said["facts"]["commitment"] == row.commitment == commitments[0]
    assert said["facts"]["rule"] == "after_acceptance"
    assert (row.sealed is not None, row.erased_at is None) == (seal, seal)
    assert due(ledger) == []


def test_a_sealed_text_is_opened_with_the_private_key_and_bound_to_its_version(ledger: Ledger) -> None:
    delivered(ledger, ONE)
    body = ledger.newest(ONE).body
    retire(ledger, seal=True)
    private, key_id = sealing.private_key(PRIVATE)
    with ledger.store.read() as connection:
        (one,) = retired.sealed(connection, AGENCY, 0, 10)
    assert one.key_id == key_id
    assert sealing.opened(private, one.sealed, ONE, 1, one.commitment) == body
    assert sealing.opened(private, one.sealed, ONE, 2, one.commitment) is None


def test_what_is_a_denunciation_since_a_later_version_counts_as_one_in_all(ledger: Ledger) -> None:
    delivered(ledger, ONE, TWO)
    retire(ledger, seal=True)
    plain = reading(ONE, "B")
    assert plain.document is not None
    ledger.record(replace(plain, document=replace(plain.document, concealed=True)))
    with ledger.store.read() as connection:
        assert [one.concealed for one in retired.sealed(connection, AGENCY, 0, 10)] == [True, False]


def test_the_same_row_read_again_leaves_a_retired_text_away_until_somebody_asks_for_it(ledger: Ledger) -> None:
    delivered(ledger, ONE)
    body = ledger.newest(ONE).body
    retire(ledger)
    assert ledger.record(reading(ONE), mapping="m2")["same"] == 1
    assert ledger.newest(ONE).body is None
    with ledger.store.write() as tx:
        records.rebuild(tx, reading(ONE, "B"), 1, ACTOR)  # the row says something else: not this version's text
        records.rebuild(tx, reading(TWO), 1, ACTOR)
    assert (ledger.newest(ONE).body, len(rows(ledger))) == (None, 1)
    with ledger.store.write() as tx:
        records.rebuild(tx, reading(ONE), 1, ACTOR)
    assert (ledger.newest(ONE).body, rows(ledger)) == (body, [])
    assert [one["version"] for one in ledger.told("body.rebuilt")] == [1]
    assert ledger.ask_again(ONE) == "look"
    assert due(ledger) == []


def test_a_record_without_its_text_is_not_asked_for_again_by_itself(ledger: Ledger) -> None:
    delivered(ledger, ONE)
    retire(ledger)
    assert ledger.ask_again(ONE) == "nothing"


def test_a_changed_row_is_a_new_version_whatever_became_of_the_one_before(ledger: Ledger) -> None:
    delivered(ledger, ONE)
    retire(ledger, seal=True)
    ledger.record(reading(ONE, "B"))
    ledger.deliver()
    assert ledger.states(ONE) == ["delivered", "delivered"]
    assert len(rows(ledger)) == 1


def test_of_a_state_secret_nothing_stays_sealed_either(ledger: Ledger) -> None:
    delivered(ledger, ONE, TWO)
    retire(ledger, seal=True)
    ledger.set_aside(ONE, Cause.BECAME_SECRET)
    first, second = rows(ledger)
    assert (first.sealed, first.facts, first.erased_at is not None) == (None, None, True)
    assert second.sealed is not None


def test_a_text_that_is_here_is_never_said_to_be_retired(ledger: Ledger) -> None:
    delivered(ledger, ONE)
    row = {"delivery_id": ledger.newest(ONE).id, "agency": AGENCY, "commitment": "c" * 64, "erased_at": START}
    with pytest.raises(IntegrityError, match="is not retired"), ledger.store.write() as tx:
        tx.connection.execute(insert(RETIRED).values(row))


def test_whoever_puts_a_text_back_cannot_forget_what_was_said_of_it(ledger: Ledger) -> None:
    delivered(ledger, ONE)
    retire(ledger)
    with ledger.store.write() as tx:
        tx.connection.execute(update(DELIVERY).values(body=b"{}"))
    assert rows(ledger) == []


def test_the_commitment_is_keyed(ledger: Ledger) -> None:
    delivered(ledger, ONE)
    body = ledger.newest(ONE).body
    retire(ledger)
    (row,) = rows(ledger)
    assert row.commitment == hmac.new(EVIDENCE[AGENCY], body, "sha256").hexdigest()


def test_what_is_due_is_looked_up_by_its_number_and_nothing_is_walked_along(ledger: Ledger) -> None:
    """By the index of states, each page of two hundred read all versions that were ever delivered."""
    asked: list[tuple[str, Any]] = []
    with ledger.store.read() as connection:
        event.listen(connection, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
        ids = retired.candidates(connection, AGENCY, LATER, 0, 100)
        retired.due(connection, AGENCY, LATER, ids or [1])
        plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given).all() for sql, given in list(asked)]
    assert len(plans) == 2
    assert [plan[0][3].split(" USING ")[1].split(" (")[0] for plan in plans] == ["INTEGER PRIMARY KEY"] * 2


def faults(ledger: Ledger) -> int:
    with ledger.store.read() as connection:
        following = chain.Following(chain.Head(AGENCY, 0, chain.GENESIS))
        story = agreement.story_of(following.through(audit.links(connection, AGENCY)))
        return agreement.compare(connection, AGENCY, story).faults


PAST_THE_LOG = {
    "a text erased": update(DELIVERY).values(body=None),
    "a text put back": update(DELIVERY).values(body=b"{}"),
    "a sealed text changed": update(RETIRED).values(sealed=b"x"),
    "a sealed text erased": update(RETIRED).values(sealed=None, erased_at=START),
    "a commitment changed": update(RETIRED).values(commitment="d" * 64),
    "what is said of it taken away": delete(RETIRED),
}


@pytest.mark.parametrize("what", PAST_THE_LOG)
def test_whoever_lets_a_text_go_or_come_back_past_the_log_is_found(ledger: Ledger, what: str) -> None:
    delivered(ledger, ONE)
    if what != "a text erased":
        retire(ledger, seal=True)
    assert faults(ledger) == 0
    with undone(ledger.store) as tx:
        tx.connection.execute(PAST_THE_LOG[what])
        following = chain.Following(chain.Head(AGENCY, 0, chain.GENESIS))
        story = agreement.story_of(following.through(audit.links(tx.connection, AGENCY)))
        assert agreement.compare(tx.connection, AGENCY, story).faults == 1


def test_what_is_sealed_erased_put_back_and_secret_agrees_with_its_log(ledger: Ledger) -> None:
    delivered(ledger, ONE, TWO, key_of(3), key_of(4))
    retire(ledger, seal=True)
    with ledger.store.write() as tx:
        records.rebuild(tx, reading(ONE), 1, ACTOR)
        page = retired.sealed(tx.connection, AGENCY, 0, 10)
        retiring.erase_sealed(tx, page[:1], ACTOR)
    ledger.set_aside(key_of(3), Cause.BECAME_SECRET)
    assert faults(ledger) == 0
    retire(ledger)
    assert faults(ledger) == 0
