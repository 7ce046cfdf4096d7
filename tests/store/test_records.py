"""Recording what was read: versions, fingerprints, what is set aside, and children without parents."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.core.model import Cause, Change, Kind, RecordKey, State, VerdictName
from connector.store import records
from tests.store.ledger import AGENCY, Ledger, answer, bad_reading, key_of, reading

KEY = key_of(1)
HANDLING = key_of(1, Kind.HANDLING)


def test_a_new_record_is_pending_at_once(ledger: Ledger) -> None:
    assert ledger.record(reading(KEY)) == {"created": 1, "updated": 0, "same": 0, "quarantined": 0}
    row = ledger.newest(KEY)
    assert (row.state, row.version, row.attempt, row.next_attempt_at) == ("pending", 1, 0, ledger.clock.now)
    assert row.body_bytes == len(row.body)


def test_a_there_and_back_edit_makes_three_versions(ledger: Ledger) -> None:
    for content in ("A", "B", "A"):
        ledger.record(reading(KEY, content))
    rows = ledger.versions(KEY)
    assert [row.version for row in rows] == [1, 2, 3]
    assert rows[0].digest == rows[2].digest != rows[1].digest
    assert ledger.states(KEY) == ["superseded", "superseded", "pending"]


def test_the_same_document_renews_only_the_fingerprint_pair(ledger: Ledger) -> None:
    ledger.record(reading(KEY))
    before, entries = ledger.newest(KEY), len(ledger.told())
    ledger.clock.forward(60)
    again = records.Reading(KEY, "row-other", "1", reading(KEY).document, ())
    assert ledger.record(again, mapping="m2")["same"] == 1
    assert ledger.newest(KEY) == before
    assert len(ledger.told()) == entries
    row = ledger.row(KEY)
    assert (row.row_fingerprint, row.mapping_digest, row.version) == ("row-other", "m2", 1)


def test_an_unchanged_row_is_known_by_row_and_mapping_together(ledger: Ledger) -> None:
    ledger.record(reading(KEY))
    with ledger.store.read() as connection:
        known = records.known(connection, AGENCY, Kind.PETITION, [KEY.local_id, "demo:never"])
    assert set(known) == {KEY.local_id}
    one = known[KEY.local_id]
    assert one.unchanged("row-A", "m1")
    assert not one.unchanged("row-A", "m2")
    assert not one.unchanged("row-B", "m1")


def test_thousands_of_keys_are_known_in_one_question(ledger: Ledger) -> None:
    ledger.record(*[reading(key_of(number)) for number in range(1_203)])
    with ledger.store.read() as connection:
        known = records.known(connection, AGENCY, Kind.PETITION, [key_of(n).local_id for n in range(1_300)])
    assert len(known) == 1_203


def test_a_bad_row_is_quarantined_with_its_reasons(ledger: Ledger) -> None:
    assert ledger.record(bad_reading(KEY))["quarantined"] == 1
    row = ledger.newest(KEY)
    assert (row.state, row.cause, row.body, row.digest) == ("quarantined", "mapping", None, None)
    assert row.problems == [{"pointer": "/received_on", "rule": "E-MAP-DATE", "column": "don.ngay", "detail": ""}]
    assert ledger.told("record.recorded")[0]["facts"]["rules"] == ["E-MAP-DATE"]


def test_a_row_that_is_still_bad_gets_todays_reasons_and_no_new_version(ledger: Ledger) -> None:
    ledger.record(bad_reading(KEY, "E-MAP-DATE"))
    ledger.record(bad_reading(KEY, "E-MAP-CODE"))
    assert [row.problems[0]["rule"] for row in ledger.versions(KEY)] == ["E-MAP-CODE"]
    assert len(ledger.told("record.recorded")) == 2


def test_a_row_that_is_bad_for_the_same_reason_is_not_told_of_again(ledger: Ledger) -> None:
    ledger.record(bad_reading(KEY))
    ledger.record(bad_reading(KEY), mapping="m2")
    assert len(ledger.told("record.recorded")) == 1
    assert ledger.row(KEY).mapping_digest == "m2"


def test_a_mended_row_leaves_the_quarantine_as_a_new_version(ledger: Ledger) -> None:
    ledger.record(bad_reading(KEY))
    assert ledger.record(reading(KEY))["updated"] == 1
    assert ledger.states(KEY) == ["superseded", "pending"]


def test_a_delivered_record_whose_row_goes_bad_keeps_its_delivery(ledger: Ledger) -> None:
    ledger.record(reading(KEY))
    ledger.deliver()
    ledger.record(bad_reading(KEY))
    assert ledger.states(KEY) == ["delivered", "quarantined"]
    ledger.record(reading(KEY))  # mended to what the nation already holds: still a version of its own
    assert ledger.states(KEY) == ["delivered", "superseded", "pending"]


@pytest.mark.parametrize(
    ("verdict", "older"),
    [(VerdictName.UNKNOWN, "unknown"), (VerdictName.REJECTED, "superseded"), (VerdictName.RETRY, "superseded")],
)
def test_an_older_version_is_superseded_only_if_nobody_waits_for_its_answer(
    ledger: Ledger, verdict: VerdictName, older: str
) -> None:
    ledger.record(reading(KEY, "A"))
    (sent,) = ledger.claim()
    ledger.finish(answer(sent, verdict))
    ledger.record(reading(KEY, "B"))
    assert ledger.states(KEY) == [older, "pending"]


def test_a_version_that_is_being_sent_stays_where_it_is(ledger: Ledger) -> None:
    ledger.record(reading(KEY, "A"))
    ledger.claim()
    ledger.record(reading(KEY, "B"))
    assert ledger.states(KEY) == ["sending", "pending"]
    assert ledger.told("delivery.superseded") == []


def test_a_kind_that_the_profile_does_not_carry_is_kept_and_not_sent(ledger: Ledger) -> None:
    ledger.record(reading(KEY), carried=[Kind.DECISION])
    row = ledger.newest(KEY)
    assert (row.state, row.cause) == ("not_sent", "not_carried")
    assert ledger.claim() == []


def test_why_a_version_exists_is_kept_with_it(ledger: Ledger) -> None:
    ledger.record(reading(KEY), change=Change("correction", "sửa theo đề nghị"))
    (sent,) = ledger.claim()
    assert sent.change == Change("correction", "sửa theo đề nghị")
    assert "sửa" not in str(ledger.told())


def test_a_record_that_must_be_concealed_from_now_on_says_so_in_its_change(ledger: Ledger) -> None:
    ledger.record(reading(KEY, "A"))
    ledger.deliver()
    again = reading(KEY, "B")
    assert again.document is not None
    ledger.record(replace(again, document=replace(again.document, concealed=True)))
    assert [(row.concealed, row.change_cause) for row in ledger.versions(KEY)] == [
        (False, "progress"),
        (True, "reclassified"),
    ]


# --- set aside -------------------------------------------------------------------------------------------------------


def test_an_excluded_record_is_not_sent_and_keeps_its_history(ledger: Ledger) -> None:
    ledger.record(reading(KEY))
    assert ledger.set_aside(KEY, Cause.EXCLUDED) == 1
    assert ledger.states(KEY) == ["superseded", "not_sent"]
    assert ledger.newest(KEY).cause == "excluded"
    assert ledger.versions(KEY)[0].body is not None
    assert ledger.set_aside(KEY, Cause.EXCLUDED) == 0  # the next sweep excludes it again
    assert len(ledger.versions(KEY)) == 2


def test_a_record_that_nobody_knows_cannot_be_set_aside(ledger: Ledger) -> None:
    assert ledger.set_aside(KEY, Cause.BECAME_SECRET) == 0
    assert ledger.told("record.set_aside") == []


def test_a_record_that_is_no_longer_excluded_comes_back_as_a_new_version(ledger: Ledger) -> None:
    ledger.record(reading(KEY))
    ledger.set_aside(KEY, Cause.EXCLUDED)
    assert ledger.record(reading(KEY))["updated"] == 1
    assert ledger.states(KEY) == ["superseded", "superseded", "pending"]


def test_everything_is_erased_of_a_record_that_became_secret(ledger: Ledger) -> None:
    ledger.record(reading(KEY, "A"))
    ledger.deliver()
    ledger.record(bad_reading(KEY))
    ledger.record(reading(KEY, "B"))
    ledger.set_aside(KEY, Cause.BECAME_SECRET)
    rows = ledger.versions(KEY)
    assert [row.state for row in rows] == ["delivered", "superseded", "superseded", "not_sent"]
    assert {row.body for row in rows} == {None}
    assert {row.body_bytes for row in rows} == {0}
    assert {str(row.problems) for row in rows} == {"None"}
    assert rows[-1].cause == "became_secret"
    assert ledger.row(KEY).row_fingerprint is None


def test_the_log_says_from_where_a_secret_was_taken(ledger: Ledger) -> None:
    ledger.record(reading(KEY))
    ledger.set_aside(KEY, Cause.BECAME_SECRET)
    (superseded,) = ledger.told("delivery.superseded")
    assert superseded["facts"]["from"] == State.PENDING


@pytest.mark.parametrize(
    ("verdict", "state"),
    [(VerdictName.DELIVERED, "delivered"), (VerdictName.HOLD, "superseded"), (VerdictName.UNKNOWN, "unknown")],
)
def test_a_secret_that_is_just_being_sent_keeps_its_text_until_its_answer_comes(
    ledger: Ledger, verdict: VerdictName, state: str
) -> None:
    ledger.record(reading(KEY))
    (sent,) = ledger.claim()
    ledger.set_aside(KEY, Cause.BECAME_SECRET)
    assert ledger.versions(KEY)[0].body is not None  # CHECK sending_has_body
    ledger.finish(answer(sent, verdict))
    assert ledger.states(KEY) == [state, "not_sent"]
    assert ledger.versions(KEY)[0].body is None


def test_a_secret_whose_sender_died_loses_its_text_when_it_is_rescued(ledger: Ledger) -> None:
    ledger.record(reading(KEY))
    ledger.claim()
    ledger.set_aside(KEY, Cause.BECAME_SECRET)
    ledger.rescue()
    assert ledger.states(KEY) == ["unknown", "not_sent"]
    assert ledger.versions(KEY)[0].body is None


def test_an_excluded_record_that_becomes_secret_is_erased(ledger: Ledger) -> None:
    ledger.record(reading(KEY))
    ledger.set_aside(KEY, Cause.EXCLUDED)
    assert ledger.set_aside(KEY, Cause.BECAME_SECRET) == 1
    assert {row.body for row in ledger.versions(KEY)} == {None}


# --- parents ---------------------------------------------------------------------------------------------------------


def child_of(parent: RecordKey) -> records.Reading:
    return reading(HANDLING, parent=parent)


def test_a_child_without_a_parent_in_the_ledger_is_quarantined(ledger: Ledger) -> None:
    ledger.record(child_of(KEY))
    ledger.judge_parents(Kind.HANDLING)
    row = ledger.newest(HANDLING)
    assert (row.state, row.cause, row.next_attempt_at) == ("quarantined", "parent_missing", None)


def test_a_child_is_freed_when_its_parent_comes(ledger: Ledger) -> None:
    ledger.record(child_of(KEY))
    ledger.judge_parents(Kind.HANDLING)
    ledger.judge_parents(Kind.HANDLING)
    assert len(ledger.told("delivery.orphaned")) == 1
    ledger.record(
        bad_reading(KEY)
    )  # known is enough: from here on it waits for the receipt, in the list of the blocked
    ledger.judge_parents(Kind.HANDLING)
    row = ledger.newest(HANDLING)
    assert (row.state, row.cause, row.next_attempt_at) == ("pending", None, ledger.clock.now)
    assert len(ledger.told("delivery.freed")) == 1
    assert ledger.claim() == []


def test_a_child_with_its_parent_and_a_record_without_one_are_left_alone(ledger: Ledger) -> None:
    ledger.record(reading(KEY))
    ledger.record(child_of(KEY), reading(key_of(2, Kind.HANDLING)))
    ledger.judge_parents(Kind.HANDLING)
    assert ledger.newest(HANDLING).state == "pending"
    assert ledger.newest(key_of(2, Kind.HANDLING)).state == "pending"


def test_a_parent_of_the_same_number_but_another_kind_is_no_parent(ledger: Ledger) -> None:
    ledger.record(reading(key_of(1, Kind.RECEPTION)))
    ledger.record(child_of(KEY))
    ledger.judge_parents(Kind.HANDLING)
    assert ledger.newest(HANDLING).cause == "parent_missing"
