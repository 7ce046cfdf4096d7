"""What a comparison with the national side found, what it read there, and through when everything is confirmed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

INSTANT = sa.String(27)
KINDS = "kind IN ('reception', 'petition', 'handling', 'acceptance', 'decision', 'enforcement')"


def upgrade() -> None:
    """Make the four tables."""
    op.create_table(
        "reconciliation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("unreadable", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("plan", sa.String(), nullable=False),
        sa.Column("lost_seq", sa.Integer(), nullable=True),
        sa.Column("lost_hash", sa.String(), nullable=True),
        sa.Column("store_seq", sa.Integer(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("approved_at", INSTANT, nullable=True),
        sa.Column("done_at", INSTANT, nullable=True),
        sa.CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="reconcile_approval_is_whole"),
        sa.CheckConstraint("(lost_seq IS NULL) = (lost_hash IS NULL)", name="lost_head_is_whole"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_reconciliation_agency", "reconciliation", ["agency", "finished_at"], unique=False)
    op.create_table(
        "reconcile_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("local_id", sa.String(), nullable=False),
        sa.Column("finding", sa.String(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("fix", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("national_id", sa.String(), nullable=False),
        sa.Column("national_version", sa.Integer(), nullable=False),
        sa.Column("national_digest", sa.String(), nullable=False),
        sa.Column("national_status", sa.String(), nullable=False),
        sa.Column("national_sequence", sa.Integer(), nullable=False),
        sa.Column("entered_by", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.CheckConstraint(KINDS, name="reconcile_item_kind"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_reconcile_item_run", "reconcile_item", ["run", "fix", "outcome"], unique=False)
    op.create_table(
        "manifest_line",
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("national_id", sa.String(), nullable=False),
        sa.Column("local_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("entered_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("run", "kind", "national_id"),
    )
    op.create_index("ix_manifest_line_key", "manifest_line", ["run", "kind", "local_id"], unique=False)
    op.create_table(
        "verified",
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("through", INSTANT, nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("agency", "kind"),
    )
