"""The national ids that a delivery travels with."""

from __future__ import annotations

import pytest
from sqlalchemy import event, update

from connector.core.model import Kind, Refs, VerdictName
from connector.store import outbox
from tests.store.ledger import ACTOR, AGENCY, CAREFUL, RECORD, Ledger, answer, key_of, reading

PETITION, HANDLING = key_of(1), key_of(2, Kind.HANDLING)
ACCEPTANCE, DECISION = key_of(3, Kind.ACCEPTANCE), key_of(4, Kind.DECISION)
ENFORCEMENT, RECEPTION = key_of(5, Kind.ENFORCEMENT), key_of(6, Kind.RECEPTION)

PARENTS = {
    PETITION: RECEPTION,
    HANDLING: PETITION,
    ACCEPTANCE: PETITION,
    DECISION: ACCEPTANCE,
    ENFORCEMENT: DECISION,
}


@pytest.fixture
def family(ledger: Ledger) -> Ledger:
    """A reception, its petition and all that hangs on it, received."""
    for key in (RECEPTION, PETITION, HANDLING, ACCEPTANCE, DECISION, ENFORCEMENT):
        ledger.record(reading(key, parent=PARENTS.get(key)))
        ledger.deliver()
    return ledger


def test_a_first_put_knows_what_it_hangs_on_and_nothing_of_itself(ledger: Ledger) -> None:
    ledger.record(reading(PETITION))
    (petition,) = ledger.claim()
    assert petition.refs == Refs()
    ledger.finish(answer(petition, VerdictName.DELIVERED))
    ledger.record(reading(HANDLING, parent=PETITION))
    (handling,) = ledger.claim()
    assert handling.refs == Refs(case="N-demo:1")


def test_a_later_put_names_its_own_record_the_case_and_the_decision(family: Ledger) -> None:
    for key, parent in PARENTS.items():
        family.record(reading(key, "B", parent))
    refs = {delivery.key: delivery.refs for delivery in family.claim()}
    assert refs == {
        PETITION: Refs(own="N-demo:1"),
        HANDLING: Refs(case="N-demo:1", own="N-demo:2"),
        ACCEPTANCE: Refs(case="N-demo:1", own="N-demo:3"),
        DECISION: Refs(case="N-demo:1", own="N-demo:4"),
        ENFORCEMENT: Refs(case="N-demo:1", decision="N-demo:4", own="N-demo:5"),
    }


def test_a_decision_may_hang_on_the_petition_itself(ledger: Ledger) -> None:
    for key, parent in ((PETITION, None), (DECISION, PETITION)):
        ledger.record(reading(key, parent=parent))
        ledger.deliver()
    ledger.record(reading(ENFORCEMENT, parent=DECISION))
    (enforcement,) = ledger.claim()
    assert enforcement.refs == Refs(case="N-demo:1", decision="N-demo:4")


def test_what_is_looked_for_travels_with_the_same_ids(family: Ledger) -> None:
    family.record(reading(ENFORCEMENT, "B", DECISION))
    (sent,) = family.claim()
    family.finish(answer(sent, VerdictName.UNKNOWN))
    with family.store.read() as connection:
        (due,) = outbox.unknowns_due(connection, AGENCY, 1, family.clock.now, 10)
    assert due.refs == sent.refs


def test_receipts_of_another_generation_count_for_nothing(family: Ledger) -> None:
    with family.store.write() as tx:
        tx.connection.execute(update(RECORD).where(RECORD.c.kind == "petition").values(receipt_generation=2))
    family.record(reading(ENFORCEMENT, "B", DECISION), reading(key_of(7, Kind.ENFORCEMENT), parent=DECISION))
    family.record(reading(PETITION, "B"))
    refs = {delivery.key: delivery.refs for delivery in family.claim()}
    assert refs[PETITION] == Refs()
    assert refs[ENFORCEMENT] == Refs(decision="N-demo:4", own="N-demo:5")


def test_the_ids_of_a_whole_batch_cost_one_query_for_each_five_hundred(ledger: Ledger) -> None:
    ledger.record(*[reading(key_of(number)) for number in range(600)])
    with ledger.store.write() as tx:
        asked: list[str] = []
        event.listen(tx.connection, "before_cursor_execute", lambda *args: asked.append(args[2]))
        claimed = outbox.claim(tx, AGENCY, 1, CAREFUL, owner="me", lease_s=1, rows=600, body_bytes=10**6, actor=ACTOR)
    assert len(claimed) == 600
    assert sum("above_3" in statement for statement in asked) == 2
