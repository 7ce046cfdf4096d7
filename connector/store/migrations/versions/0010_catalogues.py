"""The national code lists with their history."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

INSTANT = sa.String(27)
STANDING = sa.text("gone_at IS NULL")


def upgrade() -> None:
    """Make `catalogue_entry`, empty: no list has been read yet."""
    op.create_table(
        "catalogue_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("catalogue", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("valid_from", sa.String(), nullable=True),
        sa.Column("valid_to", sa.String(), nullable=True),
        sa.Column("first_seen_at", INSTANT, nullable=False),
        sa.Column("last_seen_at", INSTANT, nullable=False),
        sa.Column("gone_at", INSTANT, nullable=True),
        sa.CheckConstraint("length(catalogue) > 0 AND length(code) > 0", name="catalogue_entry_is_named"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ux_catalogue_entry_now",
        "catalogue_entry",
        ["agency", "generation", "catalogue", "code"],
        unique=True,
        sqlite_where=STANDING,
        postgresql_where=STANDING,
    )
