"""The triggers that keep `day_count`: no way of writing a version can forget them. The days are those of Vietnam."""

from __future__ import annotations


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
