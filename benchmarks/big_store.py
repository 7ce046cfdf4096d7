"""Make a store of any size, valid in every respect: encrypted, with its ledger, mirror, log and head files.

    .venv/bin/python -m benchmarks.big_store FOLDER [--records 1000000] [--entries 5000000] [--seed 7]

In FOLDER lie afterwards a configuration, its secrets and `data/kntc.sqlite` of two agencies: `kntc --config
FOLDER/config.toml status`, `audit verify` and every other reading command work on it. There is no source and no
national side. What the lives of the records are like is told in `lives.py`.
"""

from __future__ import annotations

import argparse
import heapq
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select

from benchmarks import beside
from benchmarks.lives import Life, Lives, Told, instant
from connector import __version__
from connector.config import load_config
from connector.core import chain
from connector.core.chain import Head
from connector.core.model import Actor, Event, Kind, RecordKey
from connector.edges import STORE_FILE
from connector.store import audit, jobs, marks
from connector.store.db import Store
from connector.store.marks import SweepCounts, Target
from connector.store.tables import AuditEntry, Delivery, MirrorEvent, MirrorStatus, Record, RetiredBody, table_of
from tests.world import AGENCY, OTHER, install

SHARES = {AGENCY: 0.7, OTHER: 0.3}
"""How many of the records each agency has."""

BASE_URL = "http://127.0.0.1:9"
ROWS = 20_000
"""So many entries are written in one transaction."""

ACTOR = Actor("kntc", "daemon")
TABLES: Mapping[str, Table] = {
    "record": table_of(Record),
    "delivery": table_of(Delivery),
    "retired_body": table_of(RetiredBody),
    "mirror_status": table_of(MirrorStatus),
    "mirror_event": table_of(MirrorEvent),
    "audit_entry": table_of(AuditEntry),
}


def main() -> None:
    """Make the store and say what is in it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--entries", type=int, default=5_000_000)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    begun = time.perf_counter()
    heads = make(given.folder, given.records, given.entries, given.seed)
    size = (given.folder / "data" / STORE_FILE).stat().st_size
    entries = sum(head.seq for head in heads)
    print(f"seed {given.seed}: {given.records} records, {entries} entries, {size / 2**20:.0f} MiB")
    print(f"{time.perf_counter() - begun:.0f} s; kntc --config {given.folder / 'config.toml'} status")


def make(folder: Path, records: int, entries: int, seed: int, until: datetime | None = None) -> list[Head]:
    """Write configuration and store; return the heads of the agencies' logs. Raises if there is a store already."""
    config = install(folder, BASE_URL, agencies=list(SHARES))
    key, evidence = _secret(config, "store.key"), _secret(config, "evidence.key")
    until = until or datetime.now(UTC).replace(microsecond=0)
    path = folder / "data" / STORE_FILE
    if path.exists():
        raise FileExistsError(path)
    store = Store.open(path, key=key, evidence=dict.fromkeys(SHARES, evidence), create=True, clock=lambda: until)
    try:
        numbers = count(1)
        heads = []
        for agency, share in SHARES.items():
            lives = Lives(agency, seed, evidence, until, _begin(store, agency))
            told = lives.of(round(records * share), round(entries * share))
            _fill(_Pages(store, agency, numbers), told)
            heads.append(_finish(store, lives))
        for agency in SHARES:
            beside.lay(store, agency, seed, until)
        return heads
    finally:
        store.close()


@contextmanager
def opened(folder: Path) -> Iterator[Store]:
    """Give a store that was made here, for reading."""
    config = load_config(folder / "config.toml")
    key, evidence = _secret(config.path, "store.key"), _secret(config.path, "evidence.key")
    path = config.data_dir / STORE_FILE
    store = Store.open(path, key=key, evidence=dict.fromkeys(SHARES, evidence), look=True)
    try:
        yield store
    finally:
        store.close()


def _secret(config: Path, name: str) -> bytes:
    return bytes.fromhex((config.parent / "secrets" / name).read_text("ascii").strip())


def _begin(store: Store, agency: str) -> dict[Kind, int]:
    """Bind an agency, and begin the sweep of each kind that will have seen its records."""
    with store.write() as tx:
        marks.bind(tx, agency, Target("test", "decree55", BASE_URL), ACTOR)
    with store.write() as tx:
        return {kind: marks.begin_sweep(tx, agency, kind, "m" * 64) for kind in Kind}


def _fill(pages: _Pages, lives: Iterable[Life]) -> None:
    for life, told in _in_order_of_time(lives):
        if life is not None:
            pages.keep(life)
        if told is not None:
            pages.tell(*told)
    pages.write()
    # Behind the chain a head file may be, but not so far: nobody would see a cut tail.
    pages.store.heads.write([pages.head])


def _in_order_of_time(lives: Iterable[Life]) -> Iterator[tuple[Life | None, tuple[Life, Told] | None]]:
    """Yield each life when it begins, and each entry when its time has come: a chain does not go back in time."""
    waiting: list[tuple[datetime, int, Life, Told]] = []
    number = count()
    for life in lives:
        yield life, None
        while waiting and waiting[0][0] < life.told[0].at:
            _, _, whose, told = heapq.heappop(waiting)
            yield None, (whose, told)
        for told in life.told:
            heapq.heappush(waiting, (told.at, next(number), life, told))
    while waiting:
        _, _, whose, told = heapq.heappop(waiting)
        yield None, (whose, told)


@dataclass(slots=True)
class _Pages:
    """Rows on their way into the store, some thousand per transaction, and the head of the chain that they make."""

    store: Store
    agency: str
    numbers: Iterator[int]
    head: Head = field(init=False)
    rows: dict[str, list[dict[str, Any]]] = field(init=False)

    def __post_init__(self) -> None:
        self.rows = {name: [] for name in TABLES}
        with self.store.read() as connection:
            self.head = audit.head_of(connection, self.agency)

    def keep(self, life: Life) -> None:
        self.rows["record"].append(life.record)
        for version in life.deliveries:
            version["id"] = next(self.numbers)
        self.rows["delivery"] += life.deliveries
        self.rows["retired_body"] += [{**gone, "delivery_id": version["id"]} for version, gone in life.retired]
        self.rows["mirror_event"] += life.events
        self.rows["mirror_status"] += [life.status] if life.status else []

    def tell(self, life: Life, told: Told) -> None:
        key = RecordKey(self.agency, life.kind, life.local_id)
        event = Event(told.event, self.agency, ACTOR, told.at, key, told.version or None, told.facts)
        entry = chain.link(self.head, event, __version__, "c" * 16)
        self.head = Head(self.agency, entry.seq, entry.hash)
        self.rows["audit_entry"].append(
            {
                "agency": entry.agency,
                "seq": entry.seq,
                "prev": entry.prev,
                "hash": entry.hash,
                "at": instant(told.at),
                "event": told.event,
                "kind": str(key.kind),
                "local_id": key.local_id,
                "content": entry.content,
            }
        )
        if len(self.rows["audit_entry"]) >= ROWS:
            self.write()

    def write(self) -> None:
        with self.store.write() as tx:
            for name, rows in self.rows.items():
                for statement, values in _statements(TABLES[name], rows):
                    tx.connection.exec_driver_sql(statement, values)
                rows.clear()


def _statements(table: Table, rows: Sequence[dict[str, Any]]) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """Yield the one statement that inserts all rows. The driver gets them as they are stored: SQLAlchemy would look at
    each value of five million rows."""
    if not rows:
        return
    defaults = {name: _default(column) for name, column in table.columns.items() if name != "id" or name in rows[0]}
    statement = f"INSERT INTO {table.name} ({', '.join(defaults)}) VALUES ({', '.join('?' * len(defaults))})"  # noqa: S608  names of columns
    yield statement, [tuple(row.get(name, default) for name, default in defaults.items()) for row in rows]


def _default(column: Any) -> Any:
    return column.default.arg if column.default is not None and column.default.is_scalar else None


def _finish(store: Store, lives: Lives) -> Head:
    """Finish the sweeps with the counts of what they saw, and note that every job has just succeeded."""
    record = TABLES["record"]
    with store.write() as tx:
        for kind, sweep in lives.sweeps.items():
            seen = select(record.c.local_id).where(record.c.agency == lives.agency, record.c.kind == kind)
            universe = len(tx.connection.execute(seen.where(record.c.seen_sweep == sweep)).all())
            counts = SweepCounts(universe=universe + 3, selected=universe, refused_secret=1, excluded={"nháp": 2})
            marks.finish_sweep(tx, lives.agency, kind, sweep, counts, ACTOR)
        for job in ("collect", "deliver", "pull"):
            marks.advance(tx, lives.agency, jobs.success_mark(job), "")
    with store.read() as connection:
        return audit.head_of(connection, lives.agency)


if __name__ == "__main__":
    main()
