"""Keeping and erasing: what pruned audit entries told last of each version."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

_KINDS = "'reception', 'petition', 'handling', 'acceptance', 'decision', 'enforcement'"
_STATES = (
    "'pending', 'sending', 'unknown', 'delivered', 'rejected', 'quarantined', 'not_sent', 'superseded', 'retracted'"
)


def upgrade() -> None:
    """Make `pruned_version`, empty: nothing has been pruned so far."""
    op.create_table(
        "pruned_version",
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("local_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("receipts", sa.String(), nullable=False),
        sa.CheckConstraint(f"kind IN ({_KINDS})", name="pruned_version_kind"),
        sa.CheckConstraint(f"state IN ({_STATES})", name="pruned_version_state"),
        sa.CheckConstraint("length(receipts) % 64 = 0", name="pruned_version_receipts"),
        sa.PrimaryKeyConstraint("agency", "kind", "local_id", "version"),
    )
