"""Impossible rows: each constraint refuses one, by its name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import CheckConstraint, insert, text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlmodel import SQLModel

from connector.store import tables
from connector.store.tables import table_of
from tests.store.ledger import AGENCY, START, Ledger, undone


@pytest.mark.parametrize(
    ("moment", "kept"),
    [
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000000Z"),
        (datetime(2026, 3, 2, 8, 0, 0, 5, tzinfo=timezone(timedelta(hours=7))), "2026-03-02T01:00:00.000005Z"),
    ],
)
def test_an_instant_has_the_same_width_in_every_year(moment: datetime, kept: str) -> None:
    """A national "no date" (0001-01-01) was kept as "1-01-01": nothing could read it back, and every command failed."""
    type_: Any = tables.Instant()
    assert type_.process_bind_param(moment, None) == kept
    assert type_.process_result_value(kept, None) == moment
    assert type_.process_result_value(kept.lstrip("0"), None) == moment  # as stores of before may hold it


RECORD = {"agency": AGENCY, "kind": "petition", "local_id": "demo:1", "version": 1, "first_seen_at": START}
DELIVERY = {
    "agency": AGENCY, "kind": "petition", "local_id": "demo:1", "version": 1, "operation": "put", "state": "pending",
    "state_at": START, "created_at": START, "digest": "d" * 64, "body": b"{}", "body_bytes": 2,
    "change_cause": "progress", "change_reason": "", "attempt": 0, "crashes": 0, "finds": 0, "absents": 0,
    "next_attempt_at": START,
}  # fmt: skip
ENTRY = {
    "agency": AGENCY, "seq": 9, "prev": "0" * 64, "hash": "1" * 64, "at": START, "event": "x.y", "content": "[]",
}  # fmt: skip
SWEEP = {
    "agency": AGENCY, "kind": "petition", "mapping_digest": "m", "started_at": START, "universe": 0, "selected": 0,
    "refused_secret": 0, "unexplained": 0, "keyless": 0, "excluded": {},
}  # fmt: skip
GUARD = {"plan": "p", "agency": AGENCY, "name": "first_run", "numbers": {}, "tripped_at": START}
ITEM = {"agency": AGENCY, "kind": "petition", "local_id": "demo:1", "by": "x", "reason": "y", "asked_at": START}
TOMBSTONE = {
    "agency": AGENCY, "kind": "petition", "local_id": "demo:1", "sweep": 2, "gone_at": START, "decision": "ask",
    "reason": "",
}  # fmt: skip
UNSETTLED = {
    "agency": AGENCY, "kind": "petition", "local_id": "demo:1", "range_value": "1", "fingerprint": "f",
    "read_at": START,
}  # fmt: skip
CHANNEL = {
    "agency": AGENCY, "generation": 1, "holds": 0, "unknown_keys": "", "ramp": 0, "credit": 0, "turn": 0,
}  # fmt: skip
REASON = {"agency": AGENCY, "seq": 1, "text": "why"}
HOLD = {"agency": AGENCY, "kind": "petition", "local_id": "demo:1", "by": "x", "at": START}
TOLD = {"agency": AGENCY, "kind": "petition", "local_id": "demo:1", "version": 1, "state": "delivered"}
GONE = {"delivery_id": 1, "agency": AGENCY, "commitment": "c" * 64, "erased_at": START}
SHUT = {"delivery_id": 1, "agency": AGENCY, "commitment": "c" * 64, "sealed_at": START, "key_id": "k", "sealed": b"s"}
RUN = {
    "agency": AGENCY, "by": "x", "started_at": START, "listed": True, "unreadable": 0, "counts": {}, "plan": "",
    "store_seq": 0,
}  # fmt: skip
PAPER = {
    "agency": AGENCY, "kind": "petition", "local_id": "demo:1", "at": 0, "version": 1, "fate": "ready", "path": "a.pdf",
    "size_bytes": 9, "modified_ns": 1, "sha256": "a" * 64, "media_type": "application/pdf", "noted_at": START,
}  # fmt: skip
CONTENT = {
    "agency": AGENCY, "generation": 1, "sha256": "a" * 64, "state": "received", "state_at": START, "attempt": 1,
}  # fmt: skip
TERM = {"id": 1, "number": 1, "taken_at": START}
FINDING = {
    "run": 1, "agency": AGENCY, "kind": "petition", "local_id": "demo:1", "finding": "differs", "how": "",
    "fix": "person",
    "version": 1, "state": "delivered", "national_id": "N", "national_version": 1, "national_digest": "d",
    "national_status": "received", "national_sequence": 1, "entered_by": "api",
}  # fmt: skip
NATIONAL_CODE = {
    "agency": AGENCY, "generation": 1, "catalogue": "5", "code": "1", "title": "x", "first_seen_at": START,
    "last_seen_at": START,
}  # fmt: skip
DAY = {"agency": AGENCY, "day": "2026-11-22", "recorded": 1, "received": 1, "rejected": 0}
ALIAS = {
    "agency": AGENCY, "kind": "petition", "alias": "moi:1", "local_id": "demo:1", "plan": "p", "since": START,
}  # fmt: skip
WORD = {"agency": AGENCY, "delivery_id": 1, "item": 1, "word": "nguyen"}
KEPT = {"digest": "a" * 64, "what": "config", "kept_at": START, "content": b"x"}
RECEIPT = {
    "agency": AGENCY, "sha256": "a" * 64, "kind": "petition", "local_id": "demo:1", "echoed": "d", "facts": "{}",
}  # fmt: skip
INFO = {"id": 2, "store_id": "s", "created_at": START, "program": "0"}

SENDING = {"state": "sending", "next_attempt_at": None, "lease_owner": "me", "lease_until": START}

Case = tuple[str, type[SQLModel], dict[str, Any], dict[str, Any]]

IMPOSSIBLE: list[Case] = [
    ("channel_counts", tables.Channel, CHANNEL, {"ramp": -1}),
    ("channel_pace_is_whole", tables.Channel, CHANNEL, {"pace_limit": 10}),
    ("one_row", tables.StoreInfo, INFO, {}),
    ("record_kind", tables.Record, RECORD, {"kind": "letter"}),
    ("record_version", tables.Record, RECORD, {"version": 0}),
    ("record_receipt_is_whole", tables.Record, RECORD, {"receipt_version": 1}),
    ("record_receipt_is_whole", tables.Record, RECORD, {"receipt_generation": 1}),
    ("delivery_kind", tables.Delivery, DELIVERY, {"kind": "letter"}),
    ("delivery_operation", tables.Delivery, DELIVERY, {"operation": "delete"}),
    ("delivery_state", tables.Delivery, DELIVERY, {"state": "lost"}),
    ("delivery_cause", tables.Delivery, DELIVERY, {"cause": "whim"}),
    ("delivery_counts", tables.Delivery, DELIVERY, {"attempt": -1}),
    ("delivery_counts", tables.Delivery, DELIVERY, {"crashes": -1}),
    ("delivery_counts", tables.Delivery, DELIVERY, {"finds": -1}),
    ("delivery_counts", tables.Delivery, DELIVERY, {"absents": -1}),
    ("only_unknown_has_candidates", tables.Delivery, DELIVERY, {"candidates": [{"national_id": "N"}]}),
    ("delivery_decided", tables.Delivery, DELIVERY, {"decided": "perhaps", "decided_by": "x"}),
    ("decision_is_whole", tables.Delivery, DELIVERY, {"decided": "create"}),
    ("decision_is_whole", tables.Delivery, DELIVERY, {"decided_by": "x"}),
    ("pending_has_body_and_time", tables.Delivery, DELIVERY, {"next_attempt_at": None}),
    ("pending_has_body_and_time", tables.Delivery, DELIVERY, {"body": None}),
    ("pending_has_body_and_time", tables.Delivery, DELIVERY, {"digest": None}),
    ("only_sending_is_leased", tables.Delivery, DELIVERY, {"lease_owner": "me"}),
    ("only_sending_is_leased", tables.Delivery, DELIVERY, {"lease_until": START}),
    ("only_sending_is_leased", tables.Delivery, DELIVERY, SENDING | {"lease_until": None}),
    ("sending_has_body", tables.Delivery, DELIVERY, SENDING | {"body": None}),
    ("unknown_is_looked_for_or_asked_of_a_person", tables.Delivery, DELIVERY,
     {"state": "unknown", "next_attempt_at": None}),
    ("unknown_is_looked_for_or_asked_of_a_person", tables.Delivery, DELIVERY, {"state": "unknown", "digest": None}),
    ("delivered_has_receipt", tables.Delivery, DELIVERY, {"state": "delivered", "national_id": "N-1"}),
    ("delivered_has_receipt", tables.Delivery, DELIVERY, {"state": "delivered", "receipt_at": START}),
    ("rejected_has_rule", tables.Delivery, DELIVERY, {"state": "rejected"}),
    ("held_back_has_cause", tables.Delivery, DELIVERY, {"state": "quarantined"}),
    ("held_back_has_cause", tables.Delivery, DELIVERY, {"state": "not_sent"}),
    ("audit_seq", tables.AuditEntry, ENTRY, {"seq": 0}),
    ("audit_hash", tables.AuditEntry, ENTRY, {"hash": "1"}),
    ("audit_hash", tables.AuditEntry, ENTRY, {"prev": ""}),
    ("sweep_kind", tables.Sweep, SWEEP, {"kind": "letter"}),
    ("reason_is_there_or_erased", tables.Reason, REASON, {"text": None}),
    ("reason_is_there_or_erased", tables.Reason, REASON, {"erased_at": START}),
    ("case_hold_kind", tables.CaseHold, HOLD, {"kind": "letter"}),
    ("release_is_whole", tables.CaseHold, HOLD, {"released_at": START}),
    ("pruned_version_kind", tables.PrunedVersion, TOLD, {"kind": "letter"}),
    ("pruned_version_state", tables.PrunedVersion, TOLD, {"state": "lost"}),
    ("pruned_version_receipts", tables.PrunedVersion, TOLD, {"receipts": "a" * 63}),
    ("approval_is_whole", tables.Guard, GUARD, {"approved_by": "somebody"}),
    ("tombstone_kind", tables.Tombstone, TOMBSTONE, {"kind": "letter"}),
    ("tombstone_decision", tables.Tombstone, TOMBSTONE, {"decision": "forget"}),
    ("tombstone_decision_is_whole", tables.Tombstone, TOMBSTONE, {"decision": "keep", "decided_by": "somebody"}),
    ("tombstone_ask_is_undecided", tables.Tombstone, TOMBSTONE, {"decided_by": "somebody", "decided_at": START}),
    ("unsettled_kind", tables.Unsettled, UNSETTLED, {"kind": "letter"}),
    ("resync_done_is_whole", tables.ResyncItem, ITEM, {"outcome": "look"}),
    ("reconcile_approval_is_whole", tables.Reconciliation, RUN, {"approved_by": "somebody"}),
    ("lost_head_is_whole", tables.Reconciliation, RUN, {"lost_seq": 7}),
    ("reconcile_item_kind", tables.ReconcileItem, FINDING, {"kind": "letter"}),
    ("one_term", tables.Term, TERM, {"id": 2}),
    ("catalogue_entry_is_named", tables.CatalogueEntry, NATIONAL_CODE, {"code": ""}),
    ("catalogue_entry_is_named", tables.CatalogueEntry, NATIONAL_CODE, {"catalogue": ""}),
    ("attachment_kind", tables.Attachment, PAPER, {"kind": "letter"}),
    ("attachment_fate", tables.Attachment, PAPER, {"fate": "lost"}),
    ("attachment_counts", tables.Attachment, PAPER, {"at": -1}),
    ("attachment_counts", tables.Attachment, PAPER, {"version": 0}),
    ("ready_has_content", tables.Attachment, PAPER, {"fate": "absent"}),
    ("content_is_whole", tables.Attachment, PAPER, {"path": None}),
    ("content_is_whole", tables.Attachment, PAPER, {"modified_ns": None}),
    ("content_state", tables.Content, CONTENT, {"state": "lost"}),
    ("content_counts", tables.Content, CONTENT, {"attempt": 0}),
    ("waiting_has_time", tables.Content, CONTENT, {"state": "waiting", "rule": "busy"}),
    ("waiting_has_time", tables.Content, CONTENT, {"next_attempt_at": START}),
    ("key_alias_kind", tables.KeyAlias, ALIAS, {"kind": "letter"}),
    ("day_counts", tables.DayCount, DAY, {"received": -1}),
    ("day_is_a_date", tables.DayCount, DAY, {"day": "2026-11-22T05"}),
    ("alias_is_another", tables.KeyAlias, ALIAS, {"alias": "demo:1"}),
    ("kept_what", tables.Kept, KEPT, {"what": "secret"}),
    ("kept_digest", tables.Kept, KEPT, {"digest": "a"}),
    ("receipt_kind", tables.Receipt, RECEIPT, {"kind": "letter"}),
    ("receipt_hash", tables.Receipt, RECEIPT, {"sha256": "a"}),
    ("untaken_has_rule", tables.Content, CONTENT, {"state": "refused"}),
    ("retired_commitment", tables.RetiredBody, GONE, {"commitment": "c"}),
    ("retired_is_sealed_or_erased", tables.RetiredBody, GONE, {"erased_at": None}),
    ("sealed_has_key", tables.RetiredBody, SHUT, {"key_id": None}),
    ("sealed_has_key", tables.RetiredBody, GONE, {"key_id": "k"}),
    ("sealed_until_erased", tables.RetiredBody, SHUT, {"erased_at": START}),
    ("sealed_until_erased", tables.RetiredBody, SHUT, {"sealed": None}),
    ("sealed_until_erased", tables.RetiredBody, GONE, {"sealed": b"s"}),
    ("sought_word_is_bounded", tables.SoughtWord, WORD, {"word": ""}),
    ("sought_word_is_bounded", tables.SoughtWord, WORD, {"word": "a" * 66}),
    ("sought_number_is_marked", tables.SoughtWord, WORD, {"word": "#12"}),
    ("sought_number_is_marked", tables.SoughtWord, WORD, {"item": 0}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "model", "row", "flaw"), IMPOSSIBLE, ids=[case[0] for case in IMPOSSIBLE])
def test_an_impossible_row_is_refused_by_name(
    ledger: Ledger, name: str, model: type[SQLModel], row: dict[str, Any], flaw: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError, match=f"(?m)CHECK constraint failed: {name}$"), ledger.store.write() as tx:
        tx.connection.execute(insert(table_of(model)).values(row | flaw))


def test_every_constraint_has_an_impossible_row_of_its_own() -> None:
    named = {
        str(constraint.name)
        for table in SQLModel.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    assert named == {name for name, *_ in IMPOSSIBLE}


@pytest.mark.parametrize(
    ("model", "row"),
    [
        (tables.Record, RECORD),
        (tables.Delivery, DELIVERY),
        (tables.Delivery, DELIVERY | SENDING),
        (tables.AuditEntry, ENTRY),
        (tables.Sweep, SWEEP),
        (tables.Guard, GUARD),
        (tables.ResyncItem, ITEM),
        (tables.Tombstone, TOMBSTONE),
        (tables.Unsettled, UNSETTLED),
        (tables.Attachment, PAPER),
        (tables.Content, CONTENT),
        (tables.KeyAlias, ALIAS),
        (tables.SoughtWord, WORD),
        (tables.SoughtWord, WORD | {"item": 0, "word": "#12qdubnd"}),
        (tables.Receipt, RECEIPT),
        (tables.Kept, KEPT),
        (tables.PrunedVersion, TOLD),
        (tables.CaseHold, HOLD),
        (tables.RetiredBody, GONE),
        (tables.RetiredBody, SHUT),
        (tables.RetiredBody, SHUT | {"sealed": None, "erased_at": START}),
    ],
)
def test_the_same_row_without_its_flaw_is_taken(ledger: Ledger, model: type[SQLModel], row: dict[str, Any]) -> None:
    with undone(ledger.store) as tx:
        assert tx.connection.execute(insert(table_of(model)).values(row)).rowcount == 1


def test_a_key_has_at_most_one_version_on_its_way(ledger: Ledger) -> None:
    both = [DELIVERY | {"state": "unknown"}, DELIVERY | {"state": "unknown", "version": 2}]
    with pytest.raises(IntegrityError, match=r"(?m)delivery\.local_id$"), ledger.store.write() as tx:
        tx.connection.execute(insert(table_of(tables.Delivery)), both)


def test_a_record_is_gone_once_at_a_time(ledger: Ledger) -> None:
    with pytest.raises(IntegrityError, match=r"(?m)tombstone\.local_id$"), ledger.store.write() as tx:
        tx.connection.execute(insert(table_of(tables.Tombstone)), [TOMBSTONE, TOMBSTONE])
    with undone(ledger.store) as tx:
        tx.connection.execute(
            insert(table_of(tables.Tombstone)), [TOMBSTONE | {"closed_at": at} for at in (START, None)]
        )


def test_a_version_has_one_row(ledger: Ledger) -> None:
    with pytest.raises(IntegrityError, match=r"(?m)delivery\.operation$"), ledger.store.write() as tx:
        tx.connection.execute(insert(table_of(tables.Delivery)), [DELIVERY, DELIVERY])


def test_an_instant_is_utc_text_that_sorts(ledger: Ledger) -> None:
    hanoi = datetime.fromisoformat("2026-11-22T12:00:00.5+07:00")
    with undone(ledger.store) as tx:
        tx.connection.execute(insert(table_of(tables.Record)).values(RECORD | {"first_seen_at": hanoi}))
        stored = tx.connection.execute(text("SELECT first_seen_at FROM record")).scalar()
    assert stored == "2026-11-22T05:00:00.500000Z"


def test_a_time_without_a_zone_is_a_bug(ledger: Ledger) -> None:
    naive = datetime(2026, 11, 22, 5, 0)  # noqa: DTZ001  the very thing
    with pytest.raises(StatementError, match="naive"), ledger.store.write() as tx:
        tx.connection.execute(insert(table_of(tables.Record)).values(RECORD | {"first_seen_at": naive}))
