"""Comparisons of the ledger with the national side: what was read there, what was found, what was approved of it.

The manifest comes in an order of its own, so its lines are laid down here first and looked up by key: a million of
them cost disk, not memory. Lines live as long as their comparison runs; of comparisons the newest few are kept.

A store that went back in time may write here without an audit entry, and only here: an entry would hide that a tail
was lost. What is approved of such a comparison is told in the entry of the approval (`acceptance.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, exists, func, insert, or_, select, update

from connector.core.accord import Finding, Fix, Ours
from connector.core.chain import Head, canonical
from connector.core.model import Actor, Cause, Event, Held, Kind, RecordKey, State
from connector.store.db import Tx
from connector.store.keys import chunks, newest_of_record
from connector.store.refs import own_id
from connector.store.tables import (
    Delivery,
    ManifestLine,
    MirrorStatus,
    ReconcileItem,
    Reconciliation,
    Record,
    Unsettled,
    Verified,
    table_of,
)

_run = table_of(Reconciliation)
_item = table_of(ReconcileItem)
_line = table_of(ManifestLine)
_verified = table_of(Verified)
_record = table_of(Record)
_delivery = table_of(Delivery)
_status = table_of(MirrorStatus)
_unsettled = table_of(Unsettled)

KEPT_RUNS = 10
"""So many finished comparisons of an agency are kept, with their items; the audit log has the sums of all."""

_READ_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Compared:
    """One key's place in a comparison: its ledger entry, and since when it stands so."""

    key: RecordKey
    ours: Ours
    since: datetime


@dataclass(frozen=True, slots=True)
class Item:
    """One finding to be written down. held: the nation's record it speaks of, None if there is none."""

    key: RecordKey
    finding: Finding
    ours: Ours | None
    held: Held | None


# --- a comparison, step by step ------------------------------------------------------------------------------------


def begin(tx: Tx, agency: str, actor: Actor, *, listed: bool, lost: Head | None, store_seq: int) -> int:
    """Open a comparison and return its number; what an unfinished one left behind is removed.

    lost: the head that the store had before it went back in time."""
    left = select(_run.c.id).where(_run.c.agency == agency, _run.c.finished_at.is_(None))
    _remove(tx, list(tx.connection.execute(left).scalars()))
    values = {
        "agency": agency,
        "by": actor.name,
        "started_at": tx.now,
        "listed": listed,
        "unreadable": 0,
        "counts": {},
        "plan": "",
        "lost_seq": lost.seq if lost else None,
        "lost_hash": lost.hash if lost else None,
        "store_seq": store_seq,
    }
    return int(tx.connection.execute(insert(_run).values(values).returning(_run.c.id)).scalar_one())


def lay_down(tx: Tx, run: int, held: Sequence[Held]) -> None:
    """Keep one page of the manifest. A line that comes again takes the place of its former self."""
    lines = {line.national_id: line for line in held}
    for chunk in chunks(list(lines), 500):
        where = (_line.c.run == run, _line.c.kind == held[0].kind, _line.c.national_id.in_(chunk))
        tx.connection.execute(delete(_line).where(*where))
    if lines:
        tx.connection.execute(insert(_line), [_line_values(run, line) for line in lines.values()])


def _line_values(run: int, line: Held) -> dict[str, Any]:
    return {
        "run": run,
        "kind": line.kind,
        "national_id": line.national_id,
        "local_id": line.local_id,
        "version": line.version,
        "digest": line.digest,
        "status": line.status,
        "sequence": line.status_sequence,
        "entered_by": line.entered_by,
    }


def drop_lines(tx: Tx, run: int, kind: Kind | None = None) -> None:
    """Let go of the lines of a kind, or of all: its manifest has to be read anew, or the comparison is over."""
    of_kind = (_line.c.kind == kind,) if kind is not None else ()
    tx.connection.execute(delete(_line).where(_line.c.run == run, *of_kind))


def ledger_page(
    connection: Connection, agency: str, kind: Kind, generation: int, after: str, rows: int
) -> list[Compared]:
    """Return the next keys of the ledger after a local id, in their order."""
    found = connection.execute(
        select(
            _record.c.local_id, _record.c.version, _delivery.c.digest, _delivery.c.state, _delivery.c.cause,
            _delivery.c.body.is_not(None).label("has_body"), _record.c.receipt_version, _record.c.receipt_generation,
            _record.c.national_id, _record.c.missed_sweep, _delivery.c.created_at, _status.c.sequence,
        )
        .join(_delivery, newest_of_record())
        .outerjoin(
            _status,
            and_(
                _status.c.agency == _record.c.agency,
                _status.c.kind == _record.c.kind,
                _status.c.local_id == _record.c.local_id,
            ),
        )
        .where(_record.c.agency == agency, _record.c.kind == kind, _record.c.local_id > after)
        .order_by(_record.c.local_id)
        .limit(rows)
    )  # fmt: skip
    return [
        Compared(RecordKey(agency, kind, row.local_id), _ours_of(row, generation), row.created_at)
        for row in found.all()
    ]


def _ours_of(row: Any, generation: int) -> Ours:
    return Ours(
        version=row.version,
        digest=row.digest or "",
        state=State(row.state),
        cause=Cause(row.cause) if row.cause else None,
        has_body=bool(row.has_body),
        received=(row.receipt_version or 0) if row.receipt_generation == generation else 0,
        national_id=own_id(row.national_id, row.receipt_generation, generation),
        in_source=row.missed_sweep is None,
        shown=row.sequence,
    )


def held_of(connection: Connection, run: int, kind: Kind, local_ids: Sequence[str]) -> dict[str, list[Held]]:
    """Return what the nation holds under these local ids. Uses ix_manifest_line_key."""
    found: dict[str, list[Held]] = {}
    for chunk in chunks(local_ids, 500):
        where = (_line.c.run == run, _line.c.kind == kind, _line.c.local_id.in_(chunk))
        for row in connection.execute(select(_line).where(*where)):
            found.setdefault(row.local_id, []).append(_held(row))
    return found


def _held(row: Any) -> Held:
    return Held(
        kind=Kind(row.kind),
        local_id=row.local_id,
        national_id=row.national_id,
        version=row.version,
        digest=row.digest,
        status=row.status,
        status_sequence=row.sequence,
        entered_by=row.entered_by,
    )


def strangers(connection: Connection, run: int, agency: str, kind: Kind, after: str, rows: int) -> list[Held]:
    """Return the next lines, by national id, of which no record of ours has the key: unknown keys, and by hand."""
    ours = exists().where(
        _record.c.agency == agency, _record.c.kind == _line.c.kind, _record.c.local_id == _line.c.local_id
    )
    found = select(_line).where(_line.c.run == run, _line.c.kind == kind, _line.c.national_id > after, ~ours)
    return [_held(row) for row in connection.execute(found.order_by(_line.c.national_id).limit(rows))]


def ours_by_content(connection: Connection, agency: str, kind: Kind, held: Sequence[Held]) -> set[str]:
    """Return the national ids of those lines that are, by digest or national id, records of ours."""
    found: set[str] = set()
    for chunk in chunks(held, 250):
        rows = connection.execute(
            select(_record.c.digest, _record.c.national_id).where(
                _record.c.agency == agency,
                _record.c.kind == kind,
                or_(
                    _record.c.digest.in_([line.digest for line in chunk]),
                    _record.c.national_id.in_([line.national_id for line in chunk]),
                ),
            )
        ).all()
        digests, ids = {row.digest for row in rows}, {row.national_id for row in rows}
        found |= {line.national_id for line in chunk if line.digest in digests or line.national_id in ids}
    return found


def typed_by_hand(connection: Connection, run: int, kind: Kind, among: Sequence[Compared]) -> set[str]:
    """Return the local ids of those records that the nation holds, by digest or national id, without a key: entered
    by hand. Uses ix_manifest_line_key."""
    digests, ids = set[str](), set[str]()
    for chunk in chunks(among, 250):
        rows = connection.execute(
            select(_line.c.digest, _line.c.national_id).where(
                _line.c.run == run,
                _line.c.kind == kind,
                _line.c.local_id == "",
                or_(
                    _line.c.digest.in_([one.ours.digest for one in chunk]),
                    _line.c.national_id.in_([one.ours.national_id for one in chunk]),
                ),
            )
        ).all()
        digests |= {row.digest for row in rows}
        ids |= {row.national_id for row in rows}
    return {one.key.local_id for one in among if one.ours.digest in digests or one.ours.national_id in ids}


def note(tx: Tx, run: int, items: Sequence[Item]) -> None:
    """Write findings down, each with what it was judged on."""
    if items:
        tx.connection.execute(insert(_item), [_item_values(run, item) for item in items])


def _item_values(run: int, item: Item) -> dict[str, Any]:
    ours, held = item.ours, item.held
    return {
        "run": run,
        "agency": item.key.agency,
        "kind": item.key.kind,
        "local_id": item.key.local_id,
        "finding": item.finding.accord,
        "how": item.finding.how,
        "fix": item.finding.fix,
        "version": ours.version if ours else 0,
        "state": ours.state if ours else "",
        "national_id": held.national_id if held else "",
        "national_version": held.version if held else 0,
        "national_digest": held.digest if held else "",
        "national_status": held.status if held else "",
        "national_sequence": held.status_sequence if held else 0,
        "entered_by": held.entered_by if held else "",
    }


def earliest_unsettled(connection: Connection, agency: str, kind: Kind) -> datetime | None:
    """Return since when a row of the source waits to be read a second time, None if none does."""
    where = (_unsettled.c.agency == agency, _unsettled.c.kind == kind)
    found = connection.execute(
        select(_unsettled.c.read_at).where(*where).order_by(_unsettled.c.read_at).limit(1)
    ).scalar()
    return found if isinstance(found, datetime) else None


def finish(
    tx: Tx,
    run: int,
    agency: str,
    counts: Mapping[str, Mapping[str, int]],
    unreadable: int,
    through: Mapping[Kind, datetime | None],
    actor: Actor,
) -> None:
    """Close a comparison with its sums and its plan, and say of each kind through when everything is confirmed.

    Of a store that went back in time nothing is confirmed and nothing is told to the log. On disk afterwards: the
    newest KEPT_RUNS comparisons of the agency, and no line of any manifest."""
    row = tx.connection.execute(select(_run).where(_run.c.id == run)).one()
    plan = _plan(tx.connection, row)
    drop_lines(tx, run)
    values = {"finished_at": tx.now, "counts": dict(counts), "unreadable": unreadable, "plan": plan}
    tx.connection.execute(update(_run).where(_run.c.id == run).values(values))
    old = select(_run.c.id).where(_run.c.agency == agency).order_by(_run.c.id.desc()).offset(KEPT_RUNS)
    _remove(tx, list(tx.connection.execute(old).scalars()))
    if row.lost_seq is not None:
        return
    for kind, until in through.items():
        tx.connection.execute(delete(_verified).where(_verified.c.agency == agency, _verified.c.kind == kind))
        tx.connection.execute(insert(_verified).values(agency=agency, kind=kind, through=until, at=tx.now))
    told = {str(kind): until.isoformat() if until else "" for kind, until in through.items()}
    facts = {"plan": plan, "counts": dict(counts), "unreadable": unreadable, "verified_through": told}
    tx.audit(Event("reconcile.finished", agency, actor, tx.now, facts=facts))


def _plan(connection: Connection, run: Any) -> str:
    """Return the name of exactly these fixes, judged on exactly these versions; "" where there are none."""
    hashed = hashlib.sha256(canonical([run.agency, run.lost_seq or 0, run.lost_hash or ""]))
    count = 0
    for row in items(connection, run.id, fixable=True):
        told = [
            row.kind, row.local_id, row.finding, row.how, row.fix, row.version, row.state, row.national_id,
            row.national_version, row.national_digest, row.national_sequence,
        ]  # fmt: skip
        hashed.update(canonical(told))
        count += 1
    return hashed.hexdigest()[:12] if count or run.lost_seq is not None else ""


def _remove(tx: Tx, runs: Sequence[int]) -> None:
    for chunk in chunks(runs, 500):
        tx.connection.execute(delete(_line).where(_line.c.run.in_(chunk)))
        tx.connection.execute(delete(_item).where(_item.c.run.in_(chunk)))
        tx.connection.execute(delete(_run).where(_run.c.id.in_(chunk)))


# --- reading -------------------------------------------------------------------------------------------------------


def newest(connection: Connection, agency: str) -> Any | None:
    """Return the newest finished comparison of an agency as a row of table `reconciliation`, None if there is none."""
    found = select(_run).where(_run.c.agency == agency, _run.c.finished_at.is_not(None))
    return connection.execute(found.order_by(_run.c.id.desc()).limit(1)).first()


def finished(connection: Connection, agency: str) -> list[Any]:
    """Return the finished comparisons that are kept, newest first, as rows of table `reconciliation`."""
    found = select(_run).where(_run.c.agency == agency, _run.c.finished_at.is_not(None))
    return list(connection.execute(found.order_by(_run.c.id.desc()).limit(KEPT_RUNS)).all())


def findings(connection: Connection, run: int) -> list[Any]:
    """Return how often a comparison found what: rows of finding, how, found; the most frequent first."""
    counted = select(_item.c.finding, _item.c.how, func.count().label("found")).where(_item.c.run == run)
    return list(connection.execute(counted.group_by(_item.c.finding, _item.c.how).order_by(func.count().desc())).all())


def item_page(
    connection: Connection, run: int, *, finding: str = "", kind: str = "", after: int = 0, limit: int = 50
) -> tuple[list[Any], int | None]:
    """Return one page of the items of a comparison, of one finding or kind where one is named, and the `after` of the
    page that follows: None where there is none."""
    where = [_item.c.run == run, _item.c.id > after]
    where += [_item.c.finding == finding] if finding else []
    where += [_item.c.kind == kind] if kind else []
    rows = list(connection.execute(select(_item).where(*where).order_by(_item.c.id).limit(limit + 1)).all())
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def items(
    connection: Connection, run: int, *, fixable: bool = False, undone: bool = False, limit: int | None = None
) -> Iterator[Any]:
    """Yield the items of a comparison in their order; fixable: those an approval acts on; undone: not done yet."""
    last = 0
    left = limit
    while left is None or left > 0:
        rows = min(_READ_ROWS, left) if left is not None else _READ_ROWS
        where = [_item.c.run == run, _item.c.id > last]
        where += [_item.c.fix.not_in([Fix.PERSON, Fix.NOTHING])] if fixable else []
        where += [_item.c.outcome.is_(None)] if undone else []
        page = connection.execute(select(_item).where(*where).order_by(_item.c.id).limit(rows)).all()
        yield from page
        if len(page) < rows:
            return
        last = page[-1].id
        left = left - len(page) if left is not None else None


def open_counts(connection: Connection, run: int) -> dict[str, int]:
    """Return how many findings of a comparison nobody has acted upon yet, by fix."""
    rows = connection.execute(
        select(_item.c.fix, func.count().label("found"))
        .where(_item.c.run == run, _item.c.outcome.is_(None))
        .group_by(_item.c.fix)
    )
    return {row.fix: row.found for row in rows}


def outcomes(connection: Connection, run: int) -> dict[str, int]:
    """Return what came of the items of a comparison that were acted upon."""
    rows = connection.execute(
        select(_item.c.outcome, func.count().label("found"))
        .where(_item.c.run == run, _item.c.outcome.is_not(None))
        .group_by(_item.c.outcome)
    )
    return {row.outcome: row.found for row in rows}


def verified(connection: Connection, agency: str) -> dict[Kind, datetime | None]:
    """Return, per kind that was compared, through when everything the source showed is confirmed; None: no moment."""
    rows = connection.execute(select(_verified.c.kind, _verified.c.through).where(_verified.c.agency == agency))
    return {Kind(row.kind): row.through for row in rows}
