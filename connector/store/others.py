"""Signs that somebody else sends under our keys: another machine with a copy of this installation, or an old store.

The national side takes each version once, so nothing is doubled by it. But two ledgers then tell two stories, and where
they read different things, one of them is refused. So the signs are counted, and people are told.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus

from sqlalchemy import Connection

from connector.core.model import Outcome, VerdictName
from connector.store import marks
from connector.store.db import Tx
from connector.store.settling import InLedger

_MARK = "push.others"
_FRESH = timedelta(days=7)
"""So long after the newest sign it is still told."""

_MARGIN = timedelta(minutes=5)
"""The two clocks may differ by so much."""


def is_sign(outcome: Outcome, standing: InLedger, now: datetime) -> bool:
    """Return whether the answer to a first attempt says that somebody was there before: a conflict, or the receipt of a
    first version that the national side had received long before we sent it. Nothing of ours can have been that: no
    attempt of before is unaccounted for."""
    if standing.attempt != 1 or standing.crashes or standing.finds:
        return False
    verdict = outcome.verdict
    if verdict.name is VerdictName.CONFLICT:
        return outcome.http_status == HTTPStatus.CONFLICT
    if verdict.name is not VerdictName.DELIVERED or outcome.http_status == HTTPStatus.CREATED or standing.version > 1:
        return False
    received_at = verdict.receipt.received_at if verdict.receipt else None
    return received_at is not None and received_at < now - _MARGIN - timedelta(seconds=outcome.elapsed_s)


def note(tx: Tx, agency: str, count: int) -> None:
    """Add to the count of signs; it begins anew where the newest one is old."""
    marks.advance(tx, agency, _MARK, str(signs(tx.connection, agency, tx.now) + count))


def signs(connection: Connection, agency: str, now: datetime) -> int:
    """Return how many signs there were lately, 0 if the newest one is a week old."""
    mark = marks.mark_of(connection, agency, _MARK)
    return int(mark[0]) if mark is not None and mark[1] > now - _FRESH else 0
