"""What must hold after any history of kills, once a run has come to its end (faults.md, I1 to I3, I7; design 12)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection, select

from connector.app import App, open_app
from connector.config import load_config
from connector.core.model import KINDS, Actor, Cause, RecordKey, State
from connector.sample.agency import SampleCounts
from connector.sandbox import Sandbox
from connector.sandbox.values import LogLine
from connector.store import audit, books, stories, views
from connector.store.tables import MirrorStatus, table_of
from tests.world import AGENCY

_OPEN = (State.PENDING, State.SENDING, State.UNKNOWN)
_CLEAR = frozenset({400, 401, 403, 422, 429, 503})
"""Statuses that say: nothing was done."""


def prove(config: Path, sandbox: Sandbox, sample: SampleCounts, sampled_keys: int = 200) -> None:
    """Open the store once more and hold ledger, audit log and sandbox against each other."""
    with open_app(load_config(config), Actor("proof", "test")) as app, app.store.read() as connection:
        prove_books(connection, sample)
        prove_effects(connection, sandbox)
        prove_chain(app, connection)
        lines = views.lines(connection, AGENCY, limit=1_000_000)
        assert not [line for line in lines if line.cause == Cause.CRASH]
        step = max(1, len(lines) // sampled_keys)
        prove_stories(connection, [line.key for line in lines[::step]])


def prove_books(connection: Connection, sample: SampleCounts) -> None:
    """Every source record is accounted for, and nothing waits."""
    states = views.counts(connection, AGENCY)
    for kind in KINDS:
        sums = books.of(connection, AGENCY, kind)
        assert sums.balanced, sums
        assert sums.source == sample.records[kind]
        assert not any(states[kind].get(state, 0) for state in _OPEN), states[kind]


def prove_effects(connection: Connection, sandbox: Sandbox) -> None:
    """One national effect per delivered version, and none of a version that was never sent."""
    effects = {(key.kind, key.local_id, key.version): count for key, count in sandbox.effects().items()}
    sent = books.sent_versions(connection, AGENCY)
    delivered = {key for key, state in sent.items() if state == State.DELIVERED}
    assert [key for key, count in effects.items() if count != 1] == []
    assert set(effects) - set(sent) == set()
    assert delivered - set(effects) == set()
    assert not [key for key, state in sent.items() if state in _OPEN]


def prove_mirror(config: Path, sandbox: Sandbox) -> None:
    """The mirror shows of every record what the national side holds."""
    status = table_of(MirrorStatus)
    with open_app(load_config(config), Actor("proof", "test")) as app, app.store.read() as connection:
        rows = connection.execute(select(status.c.kind, status.c.local_id, status.c.sequence, status.c.status)).all()
    listed = {
        (str(kind), line.local_id, line.status_sequence, line.status)
        for kind in KINDS
        for line in sandbox.listed(AGENCY, kind)
    }
    assert {tuple(row) for row in rows} == listed


def prove_chain(app: App, connection: Connection) -> None:
    """The audit chain verifies from the first entry to the one that the head file names."""
    head, fault = audit.verify(connection, AGENCY)
    assert fault is None
    assert app.store.heads.read(AGENCY) == head == app.store.heads.check(connection, AGENCY)


def prove_stories(connection: Connection, keys: Iterable[RecordKey]) -> None:
    """The entries of a key tell every change of its state: each begins where the last one ended, and the last one
    ends where the row stands."""
    for key in keys:
        told: dict[int, str] = {}
        for moment in stories.moments(connection, key):
            if "state" not in moment.facts:
                continue
            came_from = moment.facts.get("from")
            known = told.get(moment.version)
            assert came_from is None or known is None or came_from == known, (str(key), moment.event)
            told[moment.version] = moment.facts["state"]
        rows = books.sent_versions(connection, AGENCY)
        for (kind, local_id, version), state in rows.items():
            if (kind, local_id) == (key.kind, key.local_id):
                assert told[version] == state, (str(key), version)


def puts_without_a_look(log: Iterable[LogLine]) -> list[str]:
    """Return the keys that were put again although nobody had looked since a put whose answer may be lost.

    Lost on purpose by the sandbox: whatever version comes next. Answered, but perhaps to a process that died before
    it could write the answer down: that same version."""
    lost: dict[tuple[str, str], int] = {}
    answered: dict[tuple[str, str], int] = {}
    wrong = []
    for line in log:
        key = (line.kind, line.local_id)
        if line.method == "GET":
            lost.pop(key, None)
            answered.pop(key, None)
        elif line.method == "PUT":
            if key in lost or answered.get(key) == line.version:
                wrong.append(f"{line.kind} {line.local_id} version {line.version}, line {line.seq}")
            if line.fault.startswith("lose_"):
                lost[key] = line.version
            elif line.status not in _CLEAR:
                answered[key] = line.version
    return wrong
