"""The channel by ledger generation, with its pace, its ramp and its credit for repeated attempts; what a person asked
for; and the attempts in the index of what is due.

A hold that is in force goes on in the agency's present generation.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

INSTANT = sa.String(27)


def upgrade() -> None:
    """Carry `channel` over, make `asked`, make `ix_delivery_due` anew."""
    op.rename_table("channel", "channel_0005")
    op.create_table(
        "channel",
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("held_until", INSTANT, nullable=True),
        sa.Column("held_since", INSTANT, nullable=True),
        sa.Column("rule", sa.String(), nullable=True),
        sa.Column("holds", sa.Integer(), nullable=False),
        sa.Column("unknown_keys", sa.String(), nullable=False),
        sa.Column("ramp", sa.Integer(), nullable=False),
        sa.Column("pace_limit", sa.Integer(), nullable=True),
        sa.Column("pace_remaining", sa.Integer(), nullable=True),
        sa.Column("pace_until", INSTANT, nullable=True),
        sa.Column("credit", sa.Integer(), nullable=False),
        sa.Column("credit_at", INSTANT, nullable=True),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.CheckConstraint("ramp >= 0 AND turn >= 0", name="channel_counts"),
        sa.CheckConstraint("(pace_remaining IS NULL) = (pace_limit IS NULL)", name="channel_pace_is_whole"),
        sa.PrimaryKeyConstraint("agency", "generation"),
    )
    op.execute(
        "INSERT INTO channel (agency, generation, held_until, held_since, rule, holds, unknown_keys, ramp, credit, turn) "
        "SELECT old.agency, COALESCE((SELECT generation FROM binding WHERE binding.agency = old.agency), 1), "
        "old.held_until, old.held_since, old.rule, old.holds, old.unknown_keys, 0, 0, 0 FROM channel_0005 AS old"
    )
    op.drop_table("channel_0005")
    op.create_table(
        "asked",
        sa.Column("delivery_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("delivery_id"),
    )
    op.drop_index("ix_delivery_due", "delivery")
    op.create_index("ix_delivery_due", "delivery", ["agency", "state", "next_attempt_at", "id", "attempt"], unique=False)
