"""Finding records: the words of names and numbers, indexes of national ids, findings and what is held back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

TRIGGERS = (
    """CREATE TRIGGER sought_words_go_with_the_text AFTER UPDATE OF body, concealed ON delivery
       WHEN (NEW.body IS NULL AND OLD.body IS NOT NULL) OR (NEW.concealed AND NOT OLD.concealed)
       BEGIN DELETE FROM sought_word WHERE delivery_id = NEW.id OR (NEW.concealed AND delivery_id IN (
           SELECT id FROM delivery WHERE agency = NEW.agency AND kind = NEW.kind AND local_id = NEW.local_id)); END""",
    """CREATE TRIGGER sought_words_are_of_the_newest AFTER INSERT ON delivery
       WHEN NEW.version > 1 AND (NEW.concealed OR NEW.state <> 'quarantined')
       BEGIN DELETE FROM sought_word WHERE delivery_id IN (
           SELECT id FROM delivery WHERE agency = NEW.agency AND kind = NEW.kind AND local_id = NEW.local_id); END""",
)
HELD_BACK = sa.text("state = 'quarantined'")
HAS_ID = sa.text("national_id IS NOT NULL")


def upgrade() -> None:
    """Make the table, empty, and the indexes. The words of what is in the store already are written by later readings,
    some thousands at a time: a mark per agency says how far that has come."""
    op.create_table(
        "sought_word",
        sa.Column("delivery_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("item", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.CheckConstraint("length(word) BETWEEN 1 AND 65", name="sought_word_is_bounded"),
        sa.CheckConstraint("(item = 0) = (substr(word, 1, 1) = '#')", name="sought_number_is_marked"),
        sa.PrimaryKeyConstraint("delivery_id", "item", "word"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sought_word", "sought_word", ["agency", "word", "delivery_id", "item"])
    op.create_index(
        "ix_record_national",
        "record",
        ["agency", "national_id"],
        sqlite_where=HAS_ID,
        postgresql_where=HAS_ID,
    )
    op.create_index(
        "ix_delivery_quarantined",
        "delivery",
        ["agency", "kind", "cause", "problems", "state_at", "local_id", "version"],
        sqlite_where=HELD_BACK,
        postgresql_where=HELD_BACK,
    )
    op.create_index("ix_reconcile_item_key", "reconcile_item", ["agency", "kind", "local_id"])
    for trigger in TRIGGERS:
        op.execute(trigger)
    op.execute(
        "INSERT INTO mark (agency, name, value, at)"
        " SELECT agency, 'finding.filled', '0', strftime('%Y-%m-%dT%H:%M:%f000Z', 'now') FROM binding"
    )
