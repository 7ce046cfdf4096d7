"""A status that is known from the national list alone has no time of its own.

SQLite cannot make a column nullable, so the table is made anew and its rows are carried over.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

INSTANT = sa.String(27)

COLUMNS = (
    "agency, kind, local_id, sequence, event_id, national_id, status, occurred_at, acting_agency, note, applied_at, "
    "closed_sequence, closed_by, closed_reason"
)


def upgrade() -> None:
    """Carry `mirror_status` over."""
    op.rename_table("mirror_status", "mirror_status_0007")
    op.create_table(
        "mirror_status",
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("local_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("national_id", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=True),
        sa.Column("acting_agency", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("applied_at", INSTANT, nullable=False),
        sa.Column("closed_sequence", sa.Integer(), nullable=False),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("closed_reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("agency", "kind", "local_id"),
    )
    op.execute(f"INSERT INTO mirror_status ({COLUMNS}) SELECT {COLUMNS} FROM mirror_status_0007")
    op.drop_table("mirror_status_0007")
