"""The words of people's reasons, beside the audit log that holds commitments to them.

Reasons that were given before are not brought over: the log's commitments to them stay.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table `reason`."""
    op.create_table(
        "reason",
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("local_id", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("erased_at", sa.String(27), nullable=True),
        sa.CheckConstraint("(text IS NULL) = (erased_at IS NOT NULL)", name="reason_is_there_or_erased"),
        sa.PrimaryKeyConstraint("agency", "seq"),
    )
    op.create_index("ix_reason_about", "reason", ["agency", "kind", "local_id", "seq"], unique=False)
