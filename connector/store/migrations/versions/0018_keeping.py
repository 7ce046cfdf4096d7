"""Keeping and erasing: what pruned audit entries told last of each version, and orders to erase nothing of a case."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

INSTANT = sa.String(27)
UNRELEASED = sa.text("released_at IS NULL")
_KINDS = "'reception', 'petition', 'handling', 'acceptance', 'decision', 'enforcement'"
_STATES = (
    "'pending', 'sending', 'unknown', 'delivered', 'rejected', 'quarantined', 'not_sent', 'superseded', 'retracted'"
)


def upgrade() -> None:
    """Make both tables, empty: nothing has been pruned or held so far."""
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
    op.create_table(
        "case_hold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("local_id", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("released_by", sa.String(), nullable=True),
        sa.Column("released_at", INSTANT, nullable=True),
        sa.CheckConstraint(f"kind IN ({_KINDS})", name="case_hold_kind"),
        sa.CheckConstraint("(released_at IS NULL) = (released_by IS NULL)", name="release_is_whole"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ux_case_hold_now",
        "case_hold",
        ["agency", "kind", "local_id"],
        unique=True,
        sqlite_where=UNRELEASED,
        postgresql_where=UNRELEASED,
    )
