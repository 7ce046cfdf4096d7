"""The term: which run may write."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make `term`, without a row: no run has taken one yet."""
    op.create_table(
        "term",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.String(27), nullable=False),
        sa.CheckConstraint("id = 1", name="one_term"),
        sa.PrimaryKeyConstraint("id"),
    )
