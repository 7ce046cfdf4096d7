"""Documents whose time is over: sealed to the auditor's key, or erased."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

SEALED = sa.text("sealed IS NOT NULL")

TRIGGERS = (
    """CREATE TRIGGER retired_body_is_of_no_text_that_is_here BEFORE INSERT ON retired_body
       WHEN EXISTS (SELECT 1 FROM delivery WHERE id = NEW.delivery_id AND body IS NOT NULL)
       BEGIN SELECT RAISE(ABORT, 'a text that is here is not retired'); END""",
    """CREATE TRIGGER retired_body_goes_when_its_text_is_back AFTER UPDATE OF body ON delivery
       WHEN NEW.body IS NOT NULL AND OLD.body IS NULL
       BEGIN DELETE FROM retired_body WHERE delivery_id = NEW.id; END""",
)


def upgrade() -> None:
    """Make `retired_body`, empty: every text is still here."""
    op.create_table(
        "retired_body",
        sa.Column("delivery_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("commitment", sa.String(), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_at", sa.String(27), nullable=True),
        sa.Column("key_id", sa.String(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("erased_at", sa.String(27), nullable=True),
        sa.CheckConstraint("length(commitment) = 64", name="retired_commitment"),
        sa.CheckConstraint("sealed_at IS NOT NULL OR erased_at IS NOT NULL", name="retired_is_sealed_or_erased"),
        sa.CheckConstraint("(sealed_at IS NULL) = (key_id IS NULL)", name="sealed_has_key"),
        sa.CheckConstraint(
            "(sealed IS NOT NULL) = (sealed_at IS NOT NULL AND erased_at IS NULL)", name="sealed_until_erased"
        ),
        sa.PrimaryKeyConstraint("delivery_id"),
    )
    op.create_index(
        "ix_retired_body_sealed",
        "retired_body",
        ["agency", "delivery_id"],
        sqlite_where=SEALED,
        postgresql_where=SEALED,
    )
    for trigger in TRIGGERS:
        op.execute(trigger)
