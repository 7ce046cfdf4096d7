"""Positions and agreements that outlive a run: target binding, pull cursor, last successes, sweeps, guards, pauses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, delete, insert, select, update

from connector.core.model import Actor, Event, Kind
from connector.errors import DataError, StoreError
from connector.store.db import Tx
from connector.store.tables import Binding, Guard, Mark, Pause, Sweep, table_of

_binding = table_of(Binding)
_mark = table_of(Mark)
_sweep = table_of(Sweep)
_guard = table_of(Guard)
_pause = table_of(Pause)

CHANNEL = "channel"
"""In place of a kind: a pause of all traffic with the national side, not only of sending."""

# What every step of every run asks stands here, made once: SQLAlchemy makes a statement in several times the time in
# which it runs one.
_OF_AGENCY: BindParameter[str] = bindparam("agency")
_BINDING = select(_binding).where(_binding.c.agency == _OF_AGENCY)
_THE_MARK = (_mark.c.agency == _OF_AGENCY, _mark.c.name == bindparam("name"))
_MARK = select(_mark.c.value, _mark.c.at).where(*_THE_MARK)
_FORGET_MARK = delete(_mark).where(*_THE_MARK)
_SET_MARK = insert(_mark)
_OF_KIND = (_sweep.c.agency == _OF_AGENCY, _sweep.c.kind == bindparam("kind"))
_BEGIN_SWEEP = insert(_sweep).returning(_sweep.c.id)
_FINISH_SWEEP = update(_sweep).where(_sweep.c.id == bindparam("sweep_id"))
_FORGET_SWEEPS = delete(_sweep).where(*_OF_KIND, _sweep.c.id <= bindparam("old_id"))
_LAST_SWEEP = select(_sweep).where(*_OF_KIND, _sweep.c.finished_at.is_not(None)).order_by(_sweep.c.id.desc()).limit(1)
_GUARDS = (
    select(_guard)
    .where(_guard.c.agency == _OF_AGENCY, _guard.c.name == bindparam("name"))
    .order_by(_guard.c.tripped_at.desc())
)
_OPEN_GUARDS = (
    select(_guard).where(_guard.c.agency == _OF_AGENCY, _guard.c.approved_by.is_(None)).order_by(_guard.c.tripped_at)
)
_CHANNEL_PAUSE = select(_pause.c.agency).where(_pause.c.agency == _OF_AGENCY, _pause.c.kind == CHANNEL)


@dataclass(frozen=True, slots=True)
class Target:
    """Which national side a ledger belongs to."""

    environment: str
    profile: str
    base_url: str


# --- target --------------------------------------------------------------------------------------------------------


def generation_of(connection: Connection, agency: str, target: Target) -> int | None:
    """Return the ledger generation of the agency, None if it was never bound.

    Raises StoreError if it is bound to another target: a test run can never make production look done."""
    row = connection.execute(_BINDING, {"agency": agency}).first()
    if row is None:
        return None
    if Target(row.environment, row.profile, row.base_url) != target:
        raise StoreError(
            "E-STORE-OTHER-TARGET",
            agency=agency,
            bound=f"{row.environment} {row.profile} {row.base_url}",
            configured=f"{target.environment} {target.profile} {target.base_url}",
        )
    return int(row.generation)


def bind(tx: Tx, agency: str, target: Target, actor: Actor) -> int:
    """Bind an agency's ledger to a target for the first time; return its generation, 1.

    The first transaction of an agency, and it writes nothing else: see `HeadFiles.check`."""
    tx.connection.execute(
        insert(_binding).values(
            agency=agency,
            generation=1,
            environment=target.environment,
            profile=target.profile,
            base_url=target.base_url,
            bound_at=tx.now,
        )
    )
    facts = {"environment": target.environment, "profile": target.profile, "generation": 1}
    tx.audit(Event("agency.bound", agency, actor, tx.now, facts=facts))
    return 1


# --- marks ---------------------------------------------------------------------------------------------------------


def mark_of(connection: Connection, agency: str, name: str) -> tuple[str, datetime] | None:
    """Return a mark and when it was set, None if it never was."""
    row = connection.execute(_MARK, {"agency": agency, "name": name}).first()
    return (row.value, row.at) if row else None


def advance(tx: Tx, agency: str, name: str, value: str) -> None:
    """Set a mark, in the transaction of what it stands for."""
    tx.connection.execute(_FORGET_MARK, {"agency": agency, "name": name})
    tx.connection.execute(_SET_MARK, {"agency": agency, "name": name, "value": value, "at": tx.now})


def forget(tx: Tx, agency: str, name: str) -> None:
    """Forget a mark, if it is set."""
    tx.connection.execute(_FORGET_MARK, {"agency": agency, "name": name})


# --- sweeps --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SweepCounts:
    """What a sweep of one kind has counted so far. `keyless`: rows from which no key could be made."""

    universe: int = 0
    selected: int = 0
    refused_secret: int = 0
    unexplained: int = 0
    keyless: int = 0
    excluded: Mapping[str, int] | None = None

    def plus(self, other: SweepCounts) -> SweepCounts:
        """Return the sum of both."""
        excluded = dict(self.excluded or {})
        for reason, count in (other.excluded or {}).items():
            excluded[reason] = excluded.get(reason, 0) + count
        return SweepCounts(
            self.universe + other.universe,
            self.selected + other.selected,
            self.refused_secret + other.refused_secret,
            self.unexplained + other.unexplained,
            self.keyless + other.keyless,
            excluded,
        )


def begin_sweep(tx: Tx, agency: str, kind: Kind, mapping_digest: str) -> int:
    """Open a sweep and return its id. Until it is finished it says nothing about what is gone."""
    counts = {"universe": 0, "selected": 0, "refused_secret": 0, "unexplained": 0, "keyless": 0, "excluded": {}}
    sweep = {"agency": agency, "kind": kind, "mapping_digest": mapping_digest, "started_at": tx.now}
    return int(tx.connection.execute(_BEGIN_SWEEP, sweep | counts).scalar_one())


def finish_sweep(tx: Tx, agency: str, kind: Kind, sweep_id: int, counts: SweepCounts, actor: Actor) -> None:
    """Close a sweep with its counts. From here on its sums are what the books are compared with."""
    values = {
        "universe": counts.universe,
        "selected": counts.selected,
        "refused_secret": counts.refused_secret,
        "unexplained": counts.unexplained,
        "keyless": counts.keyless,
        "excluded": dict(counts.excluded or {}),
    }
    tx.connection.execute(_FINISH_SWEEP, {"sweep_id": sweep_id, "finished_at": tx.now, **values})
    _forget_older_sweeps(tx, agency, kind, sweep_id)
    tx.audit(Event("sweep.finished", agency, actor, tx.now, facts={"kind": kind, "sweep": sweep_id} | values))


def _forget_older_sweeps(tx: Tx, agency: str, kind: Kind, sweep_id: int) -> None:
    """Keep some hundred sweeps per kind; the audit log has them all."""
    tx.connection.execute(_FORGET_SWEEPS, {"agency": agency, "kind": kind, "old_id": sweep_id - 1_000})


def last_sweep(connection: Connection, agency: str, kind: Kind) -> Any | None:
    """Return the newest finished sweep of a kind as a row of table `sweep`, None if there is none."""
    return connection.execute(_LAST_SWEEP, {"agency": agency, "kind": kind}).first()


# --- guards --------------------------------------------------------------------------------------------------------


def guard_of(connection: Connection, plan: str) -> Any | None:
    """Return the stored guard of a plan, None if this plan never tripped one."""
    return connection.execute(select(_guard).where(_guard.c.plan == plan)).first()


def guards(connection: Connection, agency: str, name: str) -> list[Any]:
    """Return the guards of one name, newest first."""
    return list(connection.execute(_GUARDS, {"agency": agency, "name": name}).all())


def open_guards(connection: Connection, agency: str) -> list[Any]:
    """Return the agency's guards that nobody has approved."""
    return list(connection.execute(_OPEN_GUARDS, {"agency": agency}).all())


def trip(tx: Tx, agency: str, name: str, plan: str, numbers: Mapping[str, int | str], actor: Actor) -> None:
    """Store a tripped guard, once per plan; unapproved older plans of the same guard make room for it."""
    tx.connection.execute(
        delete(_guard).where(_guard.c.agency == agency, _guard.c.name == name, _guard.c.approved_by.is_(None))
    )
    tx.connection.execute(
        insert(_guard).values(plan=plan, agency=agency, name=name, numbers=dict(numbers), tripped_at=tx.now)
    )
    facts = {"guard": name, "plan": plan, "numbers": dict(numbers)}
    tx.audit(Event("guard.tripped", agency, actor, tx.now, facts=facts))


def lift(tx: Tx, agency: str, name: str, actor: Actor) -> None:
    """Take back the unapproved plans of a guard that trips no more: nobody has to decide about what is over."""
    where = (_guard.c.agency == agency, _guard.c.name == name, _guard.c.approved_by.is_(None))
    for row in tx.connection.execute(select(_guard.c.plan).where(*where)).all():
        tx.audit(Event("guard.lifted", agency, actor, tx.now, facts={"guard": name, "plan": row.plan}))
    tx.connection.execute(delete(_guard).where(*where))


def approve(tx: Tx, plan: str, actor: Actor, reason: str) -> str:
    """Approve exactly this plan in the actor's name; return its agency. Raises DataError if there is no such plan."""
    row = guard_of(tx.connection, plan)
    if row is None:
        raise DataError("E-PLAN-UNKNOWN", plan=plan)
    if row.approved_by is not None:
        raise DataError("E-PLAN-DONE", plan=plan)
    tx.connection.execute(
        update(_guard).where(_guard.c.plan == plan).values(approved_by=actor.name, approved_at=tx.now, reason=reason)
    )
    facts = {"guard": row.name, "plan": plan}
    tx.audit_with_reason(Event("guard.approved", row.agency, actor, tx.now, facts=facts), reason, "plan", plan)
    return str(row.agency)


# --- pauses --------------------------------------------------------------------------------------------------------


def pause(tx: Tx, agency: str, kind: str, local_id: str, actor: Actor, reason: str) -> bool:
    """Stop sending an agency, a kind or a key ("" means all); return False if it was paused already."""
    where = (_pause.c.agency == agency, _pause.c.kind == kind, _pause.c.local_id == local_id)
    if tx.connection.execute(select(_pause.c.agency).where(*where)).first():
        return False
    tx.connection.execute(
        insert(_pause).values(agency=agency, kind=kind, local_id=local_id, by=actor.name, reason=reason, at=tx.now)
    )
    event = Event("sending.paused", agency, actor, tx.now, facts={"kind": kind, "local_id": local_id})
    tx.audit_with_reason(event, reason, kind, local_id)
    return True


def resume(tx: Tx, agency: str, kind: str, local_id: str, actor: Actor, reason: str) -> bool:
    """Undo exactly one pause; return False if there is none of that scope."""
    where = (_pause.c.agency == agency, _pause.c.kind == kind, _pause.c.local_id == local_id)
    if not tx.connection.execute(delete(_pause).where(*where)).rowcount:
        return False
    event = Event("sending.resumed", agency, actor, tx.now, facts={"kind": kind, "local_id": local_id})
    tx.audit_with_reason(event, reason, kind, local_id)
    return True


def channel_is_paused(connection: Connection, agency: str) -> bool:
    """Return whether a person has stopped all traffic of the agency with the national side."""
    return connection.execute(_CHANNEL_PAUSE, {"agency": agency}).first() is not None


def pauses(connection: Connection, agency: str) -> list[Any]:
    """Return the agency's pauses as rows of table `pause`."""
    return list(connection.execute(select(_pause).where(_pause.c.agency == agency).order_by(_pause.c.at)).all())
