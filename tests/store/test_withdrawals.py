"""A withdrawal lives like any other version, and ends as retracted; what comes after it reinstates."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.core.model import Kind, Operation, RecordKey, SightingName, State, VerdictName
from connector.errors import DataError
from connector.store import waits, withdrawals
from tests.store.ledger import ACTOR, AGENCY, CAREFUL, Ledger, answer, key_of, reading, sighting

KEY = key_of(1)
GROUND = "theo Quyết định 12/QĐ-TTr"
ABLE = replace(CAREFUL, withdraws=True)


def withdraw(ledger: Ledger, *, key: RecordKey = KEY, withdraws: bool = True, gone: bool = False) -> str:
    with ledger.store.write() as tx:
        return withdrawals.withdraw(tx, key, ACTOR, GROUND, withdraws=withdraws, gone=gone)


def delivered(ledger: Ledger) -> None:
    ledger.record(reading(KEY))
    ledger.deliver()


def test_a_withdrawal_is_sent_as_a_new_version_with_its_ground_and_retracts_the_key(ledger: Ledger) -> None:
    delivered(ledger)
    assert withdraw(ledger) == "pending"
    (sent,) = ledger.claim(ABLE)
    assert (sent.operation, sent.version) == (Operation.WITHDRAW, 2)
    assert GROUND.encode() in sent.body
    ledger.finish(answer(sent, VerdictName.DELIVERED))
    assert ledger.states(KEY) == ["delivered", "retracted"]
    assert ledger.row(KEY).receipt_generation is None


def test_a_withdrawal_whose_answer_was_lost_is_looked_for(ledger: Ledger) -> None:
    delivered(ledger)
    withdraw(ledger)
    (sent,) = ledger.claim(ABLE)
    ledger.finish(answer(sent, VerdictName.UNKNOWN))
    assert ledger.newest(KEY).state == State.UNKNOWN
    ledger.find(sighting(sent, SightingName.SAME))
    assert ledger.newest(KEY).state == State.RETRACTED


def test_an_edit_after_a_withdrawal_reinstates_and_the_same_row_does_not(ledger: Ledger) -> None:
    delivered(ledger)
    withdraw(ledger)
    ledger.finish(answer(ledger.claim(ABLE)[0], VerdictName.DELIVERED))
    assert ledger.record(reading(KEY))["same"] == 1
    assert ledger.newest(KEY).state == State.RETRACTED
    assert ledger.record(reading(KEY, "B"))["updated"] == 1
    (sent,) = ledger.claim(ABLE)
    assert (sent.operation, sent.version) == (Operation.PUT, 3)
    ledger.finish(answer(sent, VerdictName.DELIVERED))
    assert ledger.states(KEY) == ["delivered", "retracted", "delivered"]
    assert ledger.row(KEY).receipt_version == 3


def test_a_row_that_was_gone_and_is_back_unchanged_reinstates(ledger: Ledger) -> None:
    delivered(ledger)
    withdraw(ledger, gone=True)
    ledger.finish(answer(ledger.claim(ABLE)[0], VerdictName.DELIVERED))
    assert ledger.record(reading(KEY))["updated"] == 1
    assert ledger.newest(KEY).operation == Operation.PUT


def test_what_hangs_on_a_withdrawn_record_waits_until_it_is_there_again(ledger: Ledger) -> None:
    delivered(ledger)
    withdraw(ledger)
    ledger.finish(answer(ledger.claim(ABLE)[0], VerdictName.DELIVERED))
    child = key_of(7, Kind.HANDLING)
    ledger.record(reading(child, parent=KEY))
    assert ledger.claim(ABLE) == []
    with ledger.store.read() as connection:
        (line,) = waits.blocked(connection, AGENCY, 1, ABLE)
    assert (line.key, line.cause) == (child, "retracted")


def test_an_interface_that_cannot_withdraw_is_not_asked_to(ledger: Ledger) -> None:
    delivered(ledger)
    assert withdraw(ledger, withdraws=False) == "not_sent"
    assert (ledger.newest(KEY).state, ledger.newest(KEY).cause) == ("not_sent", "not_carried")


def test_what_was_never_sent_is_not_sent_any_more(ledger: Ledger) -> None:
    ledger.record(reading(KEY))
    assert withdraw(ledger) == "not_sent"
    assert ledger.states(KEY) == ["superseded", "not_sent"]
    assert ledger.claim(ABLE) == []
    assert ledger.record(reading(KEY))["updated"] == 1


def test_what_may_have_arrived_is_withdrawn_once_that_is_known(ledger: Ledger) -> None:
    lost = ledger.lose_answer(KEY)
    assert withdraw(ledger) == "pending"
    assert ledger.claim(ABLE) == []
    ledger.find(sighting(lost, SightingName.SAME))
    (sent,) = ledger.claim(ABLE)
    assert sent.operation is Operation.WITHDRAW


@pytest.mark.parametrize("arrived", [False, True])
def test_what_turns_out_not_to_have_arrived_needs_no_withdrawal(ledger: Ledger, *, arrived: bool) -> None:
    """Its withdrawal was refused by a nation that never had it (history 19633)."""
    lost = ledger.lose_answer(KEY)
    assert withdraw(ledger) == "pending"
    ledger.clock.forward(ABLE.absent_after_s)
    ledger.find(sighting(lost, SightingName.SAME if arrived else SightingName.ABSENT))
    assert ledger.states(KEY) == (["delivered", "pending"] if arrived else ["superseded", "not_sent"])
    assert len(ledger.claim(ABLE)) == int(arrived)


def test_a_refused_version_needs_no_withdrawal(ledger: Ledger) -> None:
    ledger.record(reading(KEY))
    (sent,) = ledger.claim(ABLE)
    assert withdraw(ledger) == "pending"
    ledger.finish(answer(sent, VerdictName.REJECTED))
    assert ledger.newest(KEY).state == State.NOT_SENT
    assert ledger.claim(ABLE) == []


def test_a_record_is_withdrawn_once(ledger: Ledger) -> None:
    delivered(ledger)
    withdraw(ledger)
    assert withdraw(ledger) == "already"
    assert len(ledger.versions(KEY)) == 2
    with pytest.raises(DataError):
        withdraw(ledger, key=key_of(99))


def test_the_ground_is_in_no_entry_of_the_log(ledger: Ledger) -> None:
    delivered(ledger)
    withdraw(ledger)
    assert len(ledger.told("record.withdrawn")) == 1
    assert GROUND not in str(ledger.told())
