"""What only a person can settle: the candidates of a search, how often nothing was seen, and the person's word.

SQLite changes a CHECK only by a new table. The old one is renamed and the new one made under its name, not the other
way round: a renamed table keeps quotes around its name, and a migrated store must not differ from a created one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

INSTANT = sa.String(27)

KEPT = (
    "id, agency, kind, local_id, version, operation, state, cause, state_at, created_at, digest, body, body_bytes, "
    "concealed, parent_kind, parent_local_id, change_cause, change_reason, attempt, crashes, finds, next_attempt_at, "
    "lease_owner, lease_until, last_sent_at, rule, http_status, problems, national_id, national_status, received_at, "
    "receipt_at, answer_digest, acknowledged_by, acknowledged_reason"
)
"""Every column of the table as it was."""


def upgrade() -> None:
    """Carry every delivery over, with nothing seen, nothing shown and nothing decided so far."""
    op.drop_index("ix_delivery_due", "delivery")
    op.drop_index("ux_delivery_active", "delivery")
    op.rename_table("delivery", "delivery_0001")
    _create()
    op.execute(f"INSERT INTO delivery ({KEPT}, absents) SELECT {KEPT}, 0 FROM delivery_0001")
    op.drop_table("delivery_0001")


def _create() -> None:
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
        sa.Column("absents", sa.Integer(), nullable=False),
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
        sa.Column("candidates", sa.JSON(), nullable=True),
        sa.Column("decided", sa.String(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_reason", sa.String(), nullable=True),
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
            "cause IS NULL OR cause IN ('mapping', 'parent_missing', 'exhausted', 'crash', 'guard', 'not_carried', 'excluded', 'became_secret', 'conflict', 'national_ahead', 'several', 'not_findable')",
            name="delivery_cause",
        ),
        sa.CheckConstraint("attempt >= 0 AND crashes >= 0 AND finds >= 0 AND absents >= 0", name="delivery_counts"),
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
        sa.CheckConstraint("candidates IS NULL OR state = 'unknown'", name="only_unknown_has_candidates"),
        sa.CheckConstraint("decided IS NULL OR decided IN ('link', 'create')", name="delivery_decided"),
        sa.CheckConstraint("(decided IS NULL) = (decided_by IS NULL)", name="decision_is_whole"),
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
