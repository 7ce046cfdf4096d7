"""Which records have a version in clear and a later one that is concealed; and what is gone, in the order of a list."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

OPEN = sa.text("closed_at IS NULL")

FILLED = """
INSERT INTO concealed_later (agency, kind, local_id)
SELECT DISTINCT later.agency, later.kind, later.local_id FROM delivery AS later
JOIN delivery AS earlier ON earlier.agency = later.agency AND earlier.kind = later.kind
    AND earlier.local_id = later.local_id AND earlier.version < later.version
WHERE later.version > 1 AND later.concealed AND NOT earlier.concealed
"""

_NOTED = """INSERT OR IGNORE INTO concealed_later (agency, kind, local_id)
       SELECT NEW.agency, NEW.kind, NEW.local_id
       WHERE EXISTS (SELECT 1 FROM delivery AS later JOIN delivery AS earlier
           ON earlier.agency = later.agency AND earlier.kind = later.kind AND earlier.local_id = later.local_id
           AND earlier.version < later.version
           WHERE later.agency = NEW.agency AND later.kind = NEW.kind AND later.local_id = NEW.local_id
           AND later.version > 1 AND later.concealed AND NOT earlier.concealed);"""

TRIGGERS = (
    f"""CREATE TRIGGER version_is_concealed_later AFTER INSERT ON delivery
       WHEN NEW.version > 1 AND NEW.concealed
       BEGIN {_NOTED} END""",
    f"""CREATE TRIGGER version_is_concealed_otherwise AFTER UPDATE OF concealed ON delivery
       WHEN NEW.concealed <> OLD.concealed
       BEGIN {_NOTED} END""",
)


def upgrade() -> None:
    """Make table, index and triggers, and fill the table from what is there."""
    op.create_table(
        "concealed_later",
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("local_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("agency", "kind", "local_id"),
        sqlite_with_rowid=False,
    )
    op.execute(FILLED)
    for trigger in TRIGGERS:
        op.execute(trigger)
    op.create_index(
        "ix_tombstone_listed",
        "tombstone",
        ["agency", "gone_at", "id", "kind", "local_id"],
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
