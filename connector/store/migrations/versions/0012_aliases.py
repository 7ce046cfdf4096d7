"""Aliases of keys: what a source calls a record since its software was replaced or numbered anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

INSTANT = sa.String(27)
IN_FORCE = sa.text("until IS NULL")
_KINDS = "'reception', 'petition', 'handling', 'acceptance', 'decision', 'enforcement'"


def upgrade() -> None:
    """Make `key_alias`, empty: every id has been its own key so far."""
    op.create_table(
        "key_alias",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("alias", sa.String(), nullable=False),
        sa.Column("local_id", sa.String(), nullable=False),
        sa.Column("plan", sa.String(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=True),
        sa.CheckConstraint(f"kind IN ({_KINDS})", name="key_alias_kind"),
        sa.CheckConstraint("alias <> local_id", name="alias_is_another"),
        sa.PrimaryKeyConstraint("id"),
    )
    for name, column in (("ux_key_alias_now", "alias"), ("ux_key_alias_key_now", "local_id")):
        op.create_index(
            name,
            "key_alias",
            ["agency", "kind", column],
            unique=True,
            sqlite_where=IN_FORCE,
            postgresql_where=IN_FORCE,
        )
    op.create_index("ix_key_alias_key", "key_alias", ["agency", "kind", "local_id"])
