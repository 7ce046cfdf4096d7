"""Records that are gone, rows that were read only once, and by what a row is the record it was.

Two new tables, and two columns of `record`. SQLite writes an added column into the text of a table where the created
one does not have it, so the table is made anew and its rows are carried over.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

INSTANT = sa.String(27)
KINDS = "kind IN ('reception', 'petition', 'handling', 'acceptance', 'decision', 'enforcement')"

BEFORE = (
    "agency, kind, local_id, version, digest, row_fingerprint, mapping_digest, range_value, parent_kind, "
    "parent_local_id, seen_sweep, seen_before, first_seen_at, receipt_generation, receipt_version, national_id, "
    "received_at"
)


def upgrade() -> None:
    """Carry `record` over, make `tombstone` and `unsettled`."""
    op.drop_index("ix_record_seen", table_name="record")
    op.rename_table("record", "record_0002")
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
        sa.Column("missed_sweep", sa.Integer(), nullable=True),
        sa.Column("identity", sa.String(), nullable=True),
        sa.Column("first_seen_at", INSTANT, nullable=False),
        sa.Column("receipt_generation", sa.Integer(), nullable=True),
        sa.Column("receipt_version", sa.Integer(), nullable=True),
        sa.Column("national_id", sa.String(), nullable=True),
        sa.Column("received_at", INSTANT, nullable=True),
        sa.CheckConstraint(KINDS, name="record_kind"),
        sa.CheckConstraint("version >= 1", name="record_version"),
        sa.CheckConstraint("(receipt_generation IS NULL) = (receipt_version IS NULL)", name="record_receipt_is_whole"),
        sa.PrimaryKeyConstraint("agency", "kind", "local_id"),
    )
    op.execute(f"INSERT INTO record ({BEFORE}) SELECT {BEFORE} FROM record_0002")
    op.drop_table("record_0002")
    op.create_index("ix_record_seen", "record", ["agency", "kind", "seen_sweep"], unique=False)
    op.create_table(
        "tombstone",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("local_id", sa.String(), nullable=False),
        sa.Column("sweep", sa.Integer(), nullable=False),
        sa.Column("gone_at", INSTANT, nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.CheckConstraint(KINDS, name="tombstone_kind"),
        sa.CheckConstraint("decision IN ('keep', 'withdraw', 'ask')", name="tombstone_decision"),
        sa.CheckConstraint("(decided_by IS NULL) = (decided_at IS NULL)", name="tombstone_decision_is_whole"),
        sa.CheckConstraint("decision <> 'ask' OR decided_by IS NULL", name="tombstone_ask_is_undecided"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ux_tombstone_open",
        "tombstone",
        ["agency", "kind", "local_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "unsettled",
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("local_id", sa.String(), nullable=False),
        sa.Column("range_value", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("read_at", INSTANT, nullable=False),
        sa.Column("first_sweep", sa.Integer(), nullable=True),
        sa.Column("last_sweep", sa.Integer(), nullable=True),
        sa.CheckConstraint(KINDS, name="unsettled_kind"),
        sa.PrimaryKeyConstraint("agency", "kind", "local_id"),
    )
