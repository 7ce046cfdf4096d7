"""The first store: every table, with its constraints, its indexes and the guards of the audit log.

A migration is never edited after release: it says what was, not what `tables.py` says today, and imports nothing of it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

INSTANT = sa.String(27)
"""UTC text of fixed width: `2026-11-22T05:48:22.000000Z`."""


def upgrade() -> None:
    """Make the tables from nothing. There is no way back: an older program refuses a newer store."""
    op.create_table(
        "audit_entry",
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("prev", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("local_id", sa.String(), nullable=True),
        sa.Column("content", sa.String(), nullable=False),
        sa.CheckConstraint("seq >= 1", name="audit_seq"),
        sa.CheckConstraint("length(hash) = 64 AND length(prev) = 64", name="audit_hash"),
        sa.PrimaryKeyConstraint("agency", "seq"),
    )
    op.create_index("ix_audit_key", "audit_entry", ["agency", "kind", "local_id"], unique=False)
    op.create_table(
        "binding",
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("base_url", sa.String(), nullable=False),
        sa.Column("bound_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("agency"),
    )
    op.create_table(
        "channel",
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("held_until", INSTANT, nullable=True),
        sa.Column("held_since", INSTANT, nullable=True),
        sa.Column("rule", sa.String(), nullable=True),
        sa.Column("holds", sa.Integer(), nullable=False),
        sa.Column("unknown_keys", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("agency"),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("local_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("state_at", INSTANT, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("digest", sa.String(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("body_bytes", sa.Integer(), nullable=False),
        sa.Column("concealed", sa.Boolean(), nullable=False),
        sa.Column("parent_kind", sa.String(), nullable=True),
        sa.Column("parent_local_id", sa.String(), nullable=True),
        sa.Column("change_cause", sa.String(), nullable=False),
        sa.Column("change_reason", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("crashes", sa.Integer(), nullable=False),
        sa.Column("finds", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", INSTANT, nullable=True),
        sa.Column("lease_owner", sa.String(), nullable=True),
        sa.Column("lease_until", INSTANT, nullable=True),
        sa.Column("last_sent_at", INSTANT, nullable=True),
        sa.Column("rule", sa.String(), nullable=True),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("problems", sa.JSON(), nullable=True),
        sa.Column("national_id", sa.String(), nullable=True),
        sa.Column("national_status", sa.String(), nullable=True),
        sa.Column("received_at", INSTANT, nullable=True),
        sa.Column("receipt_at", INSTANT, nullable=True),
        sa.Column("answer_digest", sa.String(), nullable=True),
        sa.Column("acknowledged_by", sa.String(), nullable=True),
        sa.Column("acknowledged_reason", sa.String(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('reception', 'petition', 'handling', 'acceptance', 'decision', 'enforcement')",
            name="delivery_kind",
        ),
        sa.CheckConstraint("operation IN ('put', 'withdraw')", name="delivery_operation"),
        sa.CheckConstraint(
            "state IN ('pending', 'sending', 'unknown', 'delivered', 'rejected', 'quarantined', 'not_sent', 'superseded', 'retracted')",
            name="delivery_state",
        ),
        sa.CheckConstraint(
            "cause IS NULL OR cause IN ('mapping', 'parent_missing', 'exhausted', 'crash', 'guard', 'not_carried', 'excluded', 'became_secret', 'conflict', 'national_ahead', 'several')",
            name="delivery_cause",
        ),
        sa.CheckConstraint("attempt >= 0 AND crashes >= 0 AND finds >= 0", name="delivery_counts"),
        sa.CheckConstraint(
            "state <> 'pending' OR (next_attempt_at IS NOT NULL AND body IS NOT NULL AND digest IS NOT NULL)",
            name="pending_has_body_and_time",
        ),
        sa.CheckConstraint(
            "(state = 'sending') = (lease_owner IS NOT NULL) AND (state = 'sending') = (lease_until IS NOT NULL)",
            name="only_sending_is_leased",
        ),
        sa.CheckConstraint("state <> 'sending' OR body IS NOT NULL", name="sending_has_body"),
        sa.CheckConstraint(
            "state <> 'unknown' OR (digest IS NOT NULL AND (next_attempt_at IS NOT NULL OR cause IS NOT NULL))",
            name="unknown_is_looked_for_or_asked_of_a_person",
        ),
        sa.CheckConstraint(
            "state <> 'delivered' OR (national_id IS NOT NULL AND receipt_at IS NOT NULL)", name="delivered_has_receipt"
        ),
        sa.CheckConstraint("state <> 'rejected' OR rule IS NOT NULL", name="rejected_has_rule"),
        sa.CheckConstraint("state NOT IN ('quarantined', 'not_sent') OR cause IS NOT NULL", name="held_back_has_cause"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("agency", "kind", "local_id", "version", "operation", name="one_row_per_version"),
    )
    op.create_index("ix_delivery_due", "delivery", ["agency", "state", "next_attempt_at"], unique=False)
    op.create_index(
        "ux_delivery_active",
        "delivery",
        ["agency", "kind", "local_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('sending', 'unknown')"),
        postgresql_where=sa.text("state IN ('sending', 'unknown')"),
    )
    op.create_table(
        "guard",
        sa.Column("plan", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("numbers", sa.JSON(), nullable=False),
        sa.Column("tripped_at", INSTANT, nullable=False),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("approved_at", INSTANT, nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="approval_is_whole"),
        sa.PrimaryKeyConstraint("plan"),
    )
    op.create_table(
        "mark",
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("agency", "name"),
    )
    op.create_table(
        "mirror_event",
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("local_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("acting_agency", sa.String(), nullable=False),
        sa.Column("applied_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("agency", "event_id"),
    )
    op.create_index("ix_mirror_event_key", "mirror_event", ["agency", "kind", "local_id", "sequence"], unique=False)
    op.create_table(
        "mirror_status",
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("local_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("national_id", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("acting_agency", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("applied_at", INSTANT, nullable=False),
        sa.Column("closed_sequence", sa.Integer(), nullable=False),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("closed_reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("agency", "kind", "local_id"),
    )
    op.create_table(
        "pause",
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("local_id", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("agency", "kind", "local_id"),
    )
    op.create_table(
        "record",
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("local_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=True),
        sa.Column("row_fingerprint", sa.String(), nullable=True),
        sa.Column("mapping_digest", sa.String(), nullable=True),
        sa.Column("range_value", sa.String(), nullable=True),
        sa.Column("parent_kind", sa.String(), nullable=True),
        sa.Column("parent_local_id", sa.String(), nullable=True),
        sa.Column("seen_sweep", sa.Integer(), nullable=True),
        sa.Column("seen_before", sa.Integer(), nullable=True),
        sa.Column("first_seen_at", INSTANT, nullable=False),
        sa.Column("receipt_generation", sa.Integer(), nullable=True),
        sa.Column("receipt_version", sa.Integer(), nullable=True),
        sa.Column("national_id", sa.String(), nullable=True),
        sa.Column("received_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "kind IN ('reception', 'petition', 'handling', 'acceptance', 'decision', 'enforcement')", name="record_kind"
        ),
        sa.CheckConstraint("version >= 1", name="record_version"),
        sa.CheckConstraint("(receipt_generation IS NULL) = (receipt_version IS NULL)", name="record_receipt_is_whole"),
        sa.PrimaryKeyConstraint("agency", "kind", "local_id"),
    )
    op.create_index("ix_record_seen", "record", ["agency", "kind", "seen_sweep"], unique=False)
    op.create_table(
        "resync_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("local_id", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("done_at", INSTANT, nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.CheckConstraint("(done_at IS NULL) = (outcome IS NULL)", name="resync_done_is_whole"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_resync_open", "resync_item", ["agency", "done_at"], unique=False)
    op.create_table(
        "store_info",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("program", sa.String(), nullable=False),
        sa.CheckConstraint("id = 1", name="one_row"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "sweep",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("mapping_digest", sa.String(), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.Column("universe", sa.Integer(), nullable=False),
        sa.Column("selected", sa.Integer(), nullable=False),
        sa.Column("refused_secret", sa.Integer(), nullable=False),
        sa.Column("unexplained", sa.Integer(), nullable=False),
        sa.Column("keyless", sa.Integer(), nullable=False),
        sa.Column("excluded", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('reception', 'petition', 'handling', 'acceptance', 'decision', 'enforcement')", name="sweep_kind"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_sweep_kind", "sweep", ["agency", "kind", "finished_at"], unique=False)
    op.execute("""CREATE TRIGGER audit_entry_is_never_changed BEFORE UPDATE ON audit_entry
       BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""")
    op.execute("""CREATE TRIGGER audit_entry_is_never_deleted BEFORE DELETE ON audit_entry
       BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""")
