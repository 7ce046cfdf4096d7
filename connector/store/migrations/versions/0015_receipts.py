"""Receipts of the national side, each named by the entry that it settled a delivery with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0013"

_KINDS = "'reception', 'petition', 'handling', 'acceptance', 'decision', 'enforcement'"


def upgrade() -> None:
    """Make `receipt`, empty: what was said before is in the ledger and the log alone, and no entry names one."""
    op.create_table(
        "receipt",
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("local_id", sa.String(), nullable=False),
        sa.Column("echoed", sa.String(), nullable=False),
        sa.Column("facts", sa.String(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(f"kind IN ({_KINDS})", name="receipt_kind"),
        sa.CheckConstraint("length(sha256) = 64", name="receipt_hash"),
        sa.PrimaryKeyConstraint("agency", "sha256"),
    )
    op.create_index("ix_receipt_key", "receipt", ["agency", "kind", "local_id"])
