"""Indexes for lists and counts: nothing of the size of the ledger is read for what a person asks of it.

`day_count` is filled from what is there: when a version was recorded, when it was received (of one that was received
again, the last time), and from the log when one was refused. From then on triggers keep it.
"""

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
    ("ix_audit_event", "audit_entry", ("agency", "event", "kind", "at", "seq"), None),
    ("ix_delivery_newer", "delivery", ("agency", "kind", "local_id", "version", "concealed"), NEWER),
    (
        "ix_mirror_event_ended",
        "mirror_event",
        ("agency", "kind", "local_id", "sequence", "status"),
        sa.text("status IN ('closed', 'withdrawn')"),
    ),
    ("ix_mirror_status_unusual", "mirror_status", ("agency", "applied_at", "kind", "local_id"), UNUSUAL),
)

FILLED = """
INSERT INTO day_count (agency, day, recorded, received, rejected)
SELECT agency, day, sum(recorded), sum(received), sum(rejected) FROM (
    SELECT agency, date(created_at, '+7 hours') AS day, 1 AS recorded, 0 AS received, 0 AS rejected FROM delivery
    UNION ALL
    SELECT agency, date(receipt_at, '+7 hours'), 0, 1, 0 FROM delivery WHERE receipt_at IS NOT NULL
    UNION ALL
    SELECT agency, date(at, '+7 hours'), 0, 0, 1 FROM audit_entry
    WHERE event IN ('delivery.answered', 'delivery.looked_for') AND content LIKE '%"state":"rejected"%'
) GROUP BY agency, day
"""


def _counter(name: str, event: str, column: str, at: str) -> str:
    given = {one: int(one == column) for one in ("recorded", "received", "rejected")}
    return f"""CREATE TRIGGER {name} AFTER {event}
       BEGIN INSERT INTO day_count (agency, day, recorded, received, rejected)
       VALUES (NEW.agency, date(NEW.{at}, '+7 hours'), {given["recorded"]}, {given["received"]}, {given["rejected"]})
       ON CONFLICT (agency, day) DO UPDATE SET {column} = {column} + 1; END"""  # noqa: S608  all of it stands here


TRIGGERS = (
    _counter("version_is_recorded", "INSERT ON delivery", "recorded", "created_at"),
    _counter("version_is_adopted", "INSERT ON delivery WHEN NEW.receipt_at IS NOT NULL", "received", "receipt_at"),
    _counter(
        "version_is_received",
        "UPDATE OF receipt_at ON delivery WHEN OLD.receipt_at IS NULL AND NEW.receipt_at IS NOT NULL",
        "received",
        "receipt_at",
    ),
    _counter(
        "version_is_rejected",
        "UPDATE OF state ON delivery WHEN OLD.state <> 'rejected' AND NEW.state = 'rejected'",
        "rejected",
        "state_at",
    ),
)


def upgrade() -> None:
    """Make the indexes and `day_count`; `ix_record_seen` also says which sweep saw a record before."""
    op.drop_index("ix_record_seen", table_name="record")
    op.create_index("ix_record_seen", "record", ["agency", "kind", "seen_sweep", "seen_before"])
    for name, table, columns, where in INDEXES:
        op.create_index(name, table, list(columns), sqlite_where=where, postgresql_where=where)
    op.create_table(
        "day_count",
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("recorded", sa.Integer(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.CheckConstraint("recorded >= 0 AND received >= 0 AND rejected >= 0", name="day_counts"),
        sa.CheckConstraint("length(day) = 10", name="day_is_a_date"),
        sa.PrimaryKeyConstraint("agency", "day"),
    )
    op.execute(FILLED)
    for trigger in TRIGGERS:
        op.execute(trigger)
