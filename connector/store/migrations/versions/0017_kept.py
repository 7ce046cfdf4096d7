"""The texts that decisions are made with, by digest: configurations and mappings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Make `kept`, empty: what was used before is not here any more, and the next run keeps what it uses."""
    op.create_table(
        "kept",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("kept_at", sa.String(27), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("what IN ('config', 'mapping')", name="kept_what"),
        sa.CheckConstraint("length(digest) = 64", name="kept_digest"),
        sa.PrimaryKeyConstraint("digest"),
    )
