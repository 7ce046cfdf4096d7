"""A real, encrypted store in a folder of its own, with short words for what the stages do to it.

Documents are synthetic: a key, a text, nothing of anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import select

from connector.core import chain
from connector.core.lifecycle import Limits
from connector.core.model import (
    KINDS,
    Actor,
    Answered,
    Capabilities,
    Cause,
    Change,
    Delivery,
    Document,
    Kind,
    Outcome,
    Problem,
    Receipt,
    RecordKey,
    RemoteProblem,
    Sighting,
    SightingName,
    State,
    StatusUpdate,
    Verdict,
    VerdictName,
)
from connector.store import answers, audit, marks, outbox, records, setting_aside
from connector.store.answers import Clockwork
from connector.store.db import Store, Tx
from connector.store.marks import SweepCounts, Target
from connector.store.records import Reading, SweepRef
from connector.store.tables import Delivery as DeliveryRow
from connector.store.tables import Record, table_of

AGENCY = "H51.01"
STORE_KEY = bytes(range(32))
EVIDENCE = {AGENCY: b"e" * 32, "H51.02": b"f" * 32}
ACTOR = Actor("tester", "cli")
TARGET = Target("test", "decree55", "https://national.invalid")
START = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
LIMITS = Limits(attempts=3, crashes=2)

DELIVERY = table_of(DeliveryRow)
RECORD = table_of(Record)

CAREFUL = Capabilities(
    carried=frozenset(KINDS),
    create_idempotent=frozenset(),
    findable=frozenset(KINDS),
    status_feed=True,
    absent_after_s=600.0,
)
"""Every kind is carried, none may be created twice: an ABSENT is believed only after ten minutes."""

IDEMPOTENT = replace(CAREFUL, create_idempotent=frozenset(KINDS), absent_after_s=0.0)

ANSWERED = Answered(chain.digest(b"{}"), START, "bus-1", b"{}")


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


def key_of(number: int, kind: Kind = Kind.PETITION, agency: str = AGENCY) -> RecordKey:
    return RecordKey(agency, kind, f"demo:{number}")


def reading(key: RecordKey, content: str = "A", parent: RecordKey | None = None) -> Reading:
    """A good row: its fingerprint and its document follow from the content."""
    body = chain.canonical({"agency_code": key.agency, "local_id": key.local_id, "content": content})
    document = Document(key, parent, body, chain.digest(body))
    return Reading(key, f"row-{content}", key.local_id.split(":")[1], document, ())


def bad_reading(key: RecordKey, rule: str = "E-MAP-DATE") -> Reading:
    """A row that cannot become a document."""
    return Reading(key, f"row-{rule}", key.local_id.split(":")[1], None, (Problem("/received_on", rule, "don.ngay"),))


def receipt_of(delivery: Delivery, at: datetime = START) -> Receipt:
    return Receipt(f"N-{delivery.key.local_id}", delivery.version, delivery.digest, at, "received")


def answer(delivery: Delivery, name: VerdictName, at: datetime = START, http_status: int | None = 200) -> Outcome:
    """What came back for a submit, as `national/rules.py` would judge it; http_status None: nothing came back."""
    verdict = Verdict(
        name,
        f"rule-{name}",
        receipt=receipt_of(delivery, at) if name is VerdictName.DELIVERED else None,
        problems=(RemoteProblem("/received_on", "N-17", "sai ngày"),) if name is VerdictName.REJECTED else (),
    )
    return Outcome(delivery.id, verdict, http_status, 0.25, ANSWERED if http_status else None)


def sighting(delivery: Delivery, name: SightingName, at: datetime = START) -> Sighting:
    """What a find saw."""
    held = receipt_of(delivery, at) if name in {SightingName.SAME, SightingName.OTHER} else None
    return Sighting(delivery.id, name, f"find-{name}", 200, 0.1, held, answered=ANSWERED)


def status_update(key: RecordKey, sequence: int, status: str, at: datetime = START, note: str = "") -> StatusUpdate:
    return StatusUpdate(f"ev-{key.kind}-{key.local_id}-{sequence}", sequence, key, "N-1", status, at, "H51", note)


@dataclass(slots=True)
class Ledger:
    """A bound store and its clock."""

    store: Store
    clock: Clock

    def record(
        self,
        *readings: Reading,
        sweep: SweepRef | None = None,
        mapping: str = "m1",
        carried: Iterable[Kind] = KINDS,
        change: Change | None = None,
    ) -> dict[str, int]:
        """Record readings of one kind, as collect does."""
        kind = readings[0].key.kind
        with self.store.write() as tx:
            before = records.known(tx.connection, AGENCY, kind, [one.key.local_id for one in readings])
            return records.record(
                tx, readings, before, mapping_digest=mapping, sweep=sweep, actor=ACTOR,
                carried=frozenset(carried), change=change,
            )  # fmt: skip

    def claim(
        self,
        capabilities: Capabilities = CAREFUL,
        *,
        owner: str = "me",
        rows: int = 100,
        body_bytes: int = 1_000_000,
        generation: int = 1,
    ) -> list[Delivery]:
        with self.store.write() as tx:
            return outbox.claim(
                tx, AGENCY, generation, capabilities, owner=owner, lease_s=300.0, rows=rows, body_bytes=body_bytes,
                actor=ACTOR,
            )  # fmt: skip

    def finish(
        self, *outcomes: Outcome, capabilities: Capabilities = CAREFUL, limits: Limits = LIMITS
    ) -> dict[State, int]:
        with self.store.write() as tx:
            return answers.finish(tx, outcomes, 1, capabilities, Clockwork(limits, lambda: 0.5), ACTOR)

    def find(
        self, *sightings: Sighting, capabilities: Capabilities = CAREFUL, limits: Limits = LIMITS
    ) -> dict[State, int]:
        with self.store.write() as tx:
            return answers.finish_finds(tx, sightings, 1, capabilities, Clockwork(limits, lambda: 0.5), ACTOR)

    def rescue(self, owner: str = "me", capabilities: Capabilities = CAREFUL, *, died: bool = True) -> int:
        with self.store.write() as tx:
            return outbox.rescue(tx, AGENCY, 1, capabilities, owner, ACTOR, died=died)

    def ask_again(self, key: RecordKey, capabilities: Capabilities = CAREFUL) -> str:
        with self.store.write() as tx:
            return outbox.ask_again(tx, key, 1, capabilities, ACTOR, "người dùng yêu cầu")

    def set_aside(self, key: RecordKey, cause: Cause, last_finished: int = 0) -> int:
        with self.store.write() as tx:
            return setting_aside.set_aside(tx, AGENCY, key.kind, [key.local_id], cause, last_finished, ACTOR)

    def judge_parents(self, kind: Kind) -> None:
        with self.store.write() as tx:
            setting_aside.judge_parents(tx, AGENCY, kind, ACTOR)

    def sweep(
        self,
        readings: Sequence[Reading],
        *,
        secret: Sequence[RecordKey] = (),
        excluded: Sequence[RecordKey] = (),
        finished: bool = True,
        kind: Kind = Kind.PETITION,
    ) -> int:
        """Read a whole kind, as collect does: touch what is unchanged, record the rest; return the sweep's id."""
        with self.store.write() as tx:
            last = marks.last_sweep(tx.connection, AGENCY, kind)
            sweep = SweepRef(marks.begin_sweep(tx, AGENCY, kind, "m1"), last.id if last else 0)
            before = records.known(tx.connection, AGENCY, kind, [one.key.local_id for one in readings])
            same = [i for i, known in before.items() if any(_unchanged(one, i, known) for one in readings)]
            new = [one for one in readings if one.key.local_id not in same]
            records.record(tx, new, before, mapping_digest="m1", sweep=sweep, actor=ACTOR, carried=frozenset(KINDS))
            records.touch(tx, AGENCY, kind, same, sweep)
            for keys, cause in ((secret, Cause.BECAME_SECRET), (excluded, Cause.EXCLUDED)):
                setting_aside.set_aside(tx, AGENCY, kind, [k.local_id for k in keys], cause, sweep.last_finished, ACTOR)
            if finished:
                counts = SweepCounts(
                    universe=len(readings) + len(secret) + len(excluded),
                    selected=len(readings),
                    refused_secret=len(secret),
                    excluded={"draft": len(excluded)},
                )
                marks.finish_sweep(tx, AGENCY, kind, sweep.id, counts, ACTOR)
        return sweep.id

    def deliver(self, *keys: RecordKey, at: datetime = START) -> None:
        """Send everything that is due; what belongs to `keys` (or all, if none is named) is received."""
        outcomes = []
        for delivery in self.claim():
            wanted = not keys or delivery.key in keys
            outcomes.append(answer(delivery, VerdictName.DELIVERED if wanted else VerdictName.HOLD, at))
        self.finish(*outcomes)

    def lose_answer(self, key: RecordKey, content: str = "A") -> Delivery:
        """Return a delivery of this key that is unknown since just now."""
        self.record(reading(key, content))
        (sent,) = [delivery for delivery in self.claim() if delivery.key == key]
        self.finish(answer(sent, VerdictName.UNKNOWN))
        return sent

    def versions(self, key: RecordKey) -> list[Any]:
        """Return the rows of table `delivery` of this key, oldest first."""
        with self.store.read() as connection:
            found = select(DELIVERY).where(*records.of_key(DELIVERY, key)).order_by(DELIVERY.c.version)
            return list(connection.execute(found).all())

    def newest(self, key: RecordKey) -> Any:
        return self.versions(key)[-1]

    def states(self, key: RecordKey) -> list[str]:
        return [row.state for row in self.versions(key)]

    def row(self, key: RecordKey) -> Any:
        """Return the row of table `record`."""
        with self.store.read() as connection:
            return connection.execute(select(RECORD).where(*records.of_key(RECORD, key))).one()

    def told(self, name: str = "") -> list[dict[str, Any]]:
        """Return the audit entries (of one event name) as {event, kind, local_id, version, facts}."""
        with self.store.read() as connection:
            contents = [orjson.loads(entry.content) for entry in audit.entries(connection, AGENCY)]
        names = ("event", "actor", "authenticated", "trigger", "kind", "local_id", "version", "facts")
        entries = [dict(zip(names, content[5:13], strict=True)) for content in contents]
        return [entry for entry in entries if name in {"", entry["event"]}]


def _unchanged(one: Reading, local_id: str, known: records.Known) -> bool:
    return one.key.local_id == local_id and known.unchanged(one.fingerprint, "m1")


class _UndoneError(Exception):
    pass


@contextmanager
def undone(store: Store) -> Iterator[Tx]:
    """Give a write transaction that is rolled back however it ends, as after a failure."""
    with suppress(_UndoneError), store.write() as tx:
        yield tx
        raise _UndoneError


def new_ledger(folder: Path, clock: Clock) -> Ledger:
    """Return a fresh store in the folder, its agency bound to the test target."""
    store = Store.open(folder / "kntc.db", key=STORE_KEY, evidence=EVIDENCE, create=True, clock=clock)
    with store.write() as tx:
        marks.bind(tx, AGENCY, TARGET, ACTOR)
    return Ledger(store, clock)


def assert_the_log_tells_every_state(ledger: Ledger) -> None:
    """The chain holds together, and the last entry of every version tells the state in which it stands."""
    with ledger.store.read() as connection:
        head, fault = audit.verify(connection, AGENCY)
        rows = connection.execute(select(DELIVERY)).all()
        assert fault is None
        assert ledger.store.heads.check(connection, AGENCY) == head
    told: dict[tuple[str, str, int], str] = {}
    for entry in ledger.told():
        place = (entry["kind"], entry["local_id"], entry["version"])
        if "state" in entry["facts"]:
            before = entry["facts"].get("from")
            if entry["event"] != "record.set_aside":  # there `from` speaks of the version before
                assert before is None or before == told[place], entry
            told[place] = entry["facts"]["state"]
    assert told == {(row.kind, row.local_id, row.version): row.state for row in rows}
