"""What the ledger costs a record on its way: recorded, claimed, received; with and without what serves people.

    .venv/bin/python -m benchmarks.store_step [--records 20000] [--rounds 3]

Every record is new and of its own kind of life: one version, received at the first attempt, in groups of 200, each of
its three commits synced. Prints microseconds of CPU per record, the median of rounds that alternate.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from sqlalchemy import text

from connector.core import chain
from connector.core.model import (
    KINDS,
    Actor,
    Answered,
    Capabilities,
    Document,
    Kind,
    Outcome,
    Receipt,
    RecordKey,
    Verdict,
)
from connector.core.model import VerdictName as Name
from connector.store import answers, marks, outbox, records
from connector.store.answers import Clockwork
from connector.store.db import Store
from connector.store.marks import Target
from connector.store.records import Reading
from tests.world import AGENCY

GROUP = 200
ACTOR = Actor("kntc", "daemon")
CARRIED = Capabilities(frozenset(KINDS), frozenset(), frozenset(KINDS), status_feed=True)
FOR_PEOPLE = {
    "lists and counts": ("INDEX ix_delivery_listed", "INDEX ix_delivery_newer"),
    "log pages": ("INDEX ix_audit_event",),
    "charts": (
        "TRIGGER version_is_recorded",
        "TRIGGER version_is_adopted",
        "TRIGGER version_is_received",
        "TRIGGER version_is_rejected",
    ),
    "concealed later": ("TRIGGER version_is_concealed_later", "TRIGGER version_is_concealed_otherwise"),
    "finding": (
        "INDEX ix_sought_word",
        "INDEX ix_record_national",
        "TRIGGER sought_words_are_of_the_newest",
        "TRIGGER sought_words_go_with_the_text",
    ),
}
WORDS = (
    (0, "#12/qd-ubnd"), (1, "nguyen"), (1, "thi"), (1, "hoa"), (2, "tran"), (2, "van"), (2, "binh"),
)  # fmt: skip
"""Under which words a petition of two persons is found; "without finding" has none."""


def main() -> None:
    """Measure with everything, without each of these, and without all of them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    everything = [one for parts in FOR_PEOPLE.values() for one in parts]
    ways = {
        "with all": [],
        **{f"without {name}": list(parts) for name, parts in FOR_PEOPLE.items()},
        "without any": everything,
    }
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(given.rounds):
        for name, dropped in ways.items():
            spent[name].append(measured(given.records, dropped))
    for name, found in spent.items():
        print(f"{name:26} {statistics.median(found):6.1f} us per record")


def measured(count: int, dropped: list[str]) -> float:
    """Return the CPU time per record in a fresh store without these."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder, "kntc.sqlite"), key=b"k" * 32, evidence={AGENCY: b"e" * 32}, create=True)
        with store.write() as tx:
            marks.bind(tx, AGENCY, Target("test", "decree55", "https://national.invalid"), ACTOR)
            for one in dropped:
                tx.connection.execute(text(f"DROP {one}"))
        sought = () if "INDEX ix_sought_word" in dropped else WORDS
        groups = [[reading(number, sought) for number in range(at, at + GROUP)] for at in range(0, count, GROUP)]
        begun = time.process_time()
        for group in groups:
            step(store, group)
        spent = time.process_time() - begun
        store.close()
    return spent / count * 1e6


def reading(number: int, sought: tuple[tuple[int, str], ...]) -> Reading:
    """Return a row as read: a body of some 800 bytes."""
    key = RecordKey(AGENCY, Kind.PETITION, f"don:{number:07d}")
    body = chain.canonical({"agency_code": AGENCY, "local_id": key.local_id, "content": "Đất đai, bồi thường. " * 25})
    return Reading(key, f"row-{number}", str(number), Document(key, None, body, chain.digest(body), sought=sought), ())


def step(store: Store, group: list[Reading]) -> None:
    """Record, claim and finish one group: three commits."""
    with store.write() as tx:
        records.record(tx, group, {}, mapping_digest="m", sweep=None, actor=ACTOR, carried=frozenset(KINDS))
    with store.write() as tx:
        claimed = outbox.claim(
            tx, AGENCY, 1, CARRIED, owner="me", lease_s=300.0, rows=GROUP, body_bytes=10**9, actor=ACTOR
        )
    outcomes = [
        Outcome(
            one.id,
            Verdict(Name.DELIVERED, "receipt", Receipt(f"N{one.id}", 1, one.digest, None, "received")),
            201,
            0.1,
            Answered("a" * 64),
        )
        for one in claimed
    ]
    with store.write() as tx:
        answers.finish(tx, outcomes, 1, CARRIED, Clockwork(outbox.lifecycle.Limits(), lambda: 0.5), ACTOR)


if __name__ == "__main__":
    main()
