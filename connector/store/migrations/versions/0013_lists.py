"""Indexes for lists and counts: nothing of the size of the ledger is read for what a person asks of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

LISTED, NEWER = sa.text("version >= 1"), sa.text("version > 1")
UNUSUAL = sa.text(
    "status NOT IN ('received', 'validated', 'linked_to_matter', 'forwarded_to_agency', 'accepted_for_settlement', "
    "'deadline_extended', 'settled', 'enforced', 'closed', 'withdrawn')"
)
INDEXES = (
    (
        "ix_delivery_listed",
        "delivery",
        ("agency", "kind", "state", "state_at", "id", "cause", "local_id", "version"),
        LISTED,
    ),
    ("ix_delivery_newer", "delivery", ("agency", "kind", "local_id", "version", "concealed"), NEWER),
    (
        "ix_mirror_event_ended",
        "mirror_event",
        ("agency", "kind", "local_id", "sequence", "status"),
        sa.text("status IN ('closed', 'withdrawn')"),
    ),
    ("ix_mirror_status_unusual", "mirror_status", ("agency", "applied_at", "kind", "local_id"), UNUSUAL),
)


def upgrade() -> None:
    """Make the indexes; `ix_record_seen` also says which sweep saw a record before."""
    op.drop_index("ix_record_seen", table_name="record")
    op.create_index("ix_record_seen", "record", ["agency", "kind", "seen_sweep", "seen_before"])
    for name, table, columns, where in INDEXES:
        op.create_index(name, table, list(columns), sqlite_where=where, postgresql_where=where)
