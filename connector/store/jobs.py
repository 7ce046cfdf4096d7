"""What the runs of an agency left behind for whoever asks: failures since the last success, plans that wait for a run.

A failure is a mark of its own beside the mark of the last success, and counts for as long as it is the newer one: so
the next success clears it without having to know of it. Ids and the values of an error's sentence only: class C1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, exists, select

from connector.store import marks
from connector.store.db import Tx
from connector.store.tables import Guard, Sweep, table_of

_guard = table_of(Guard)
_sweep = table_of(Sweep)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job did not come to its end when it last ran: an error id, or `guard`, or `held` with the channel's rule.

    `values` fill the sentence of the error."""

    what: str
    at: datetime
    values: Mapping[str, Any] = field(default_factory=dict)


def success_mark(job: str) -> str:
    """Return the name of the mark that holds a job's last success."""
    return f"job.{job}"


def _failure_mark(job: str) -> str:
    return f"job.{job}.failed"


def note_failure(tx: Tx, agency: str, job: str, what: str, values: Mapping[str, Any]) -> None:
    """Note that a job did not come to its end. It holds until a success is noted that is newer."""
    marks.advance(tx, agency, _failure_mark(job), orjson.dumps({"what": what, "values": dict(values)}).decode())


def failures(connection: Connection, agency: str, jobs: Iterable[str]) -> dict[str, Failure]:
    """Return the failures that no success has followed, by job."""
    found = {}
    for job in jobs:
        failed = marks.mark_of(connection, agency, _failure_mark(job))
        done = marks.mark_of(connection, agency, success_mark(job))
        if failed is not None and (done is None or done[1] <= failed[1]):
            said = orjson.loads(failed[0])
            found[job] = Failure(said["what"], failed[1], said["values"])
    return found


def approved_waiting(connection: Connection, agency: str) -> list[Any]:
    """Return the guards, as rows of table `guard`, whose plan a person approved and no reading has carried out yet."""
    carried_out = exists().where(_sweep.c.agency == _guard.c.agency, _sweep.c.started_at >= _guard.c.approved_at)
    found = select(_guard).where(_guard.c.agency == agency, _guard.c.approved_at.is_not(None), ~carried_out)
    return list(connection.execute(found.order_by(_guard.c.approved_at)).all())
