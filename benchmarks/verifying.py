"""How fast a log is verified: the way of before, one question after the other, beside the way of today, in one run.

    .venv/bin/python -m benchmarks.verifying FOLDER [--rounds 5]

FOLDER holds a store of `benchmarks.big_store`. Prints entries per second of CPU, the median of rounds that alternate.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import orjson
from sqlalchemy import Connection

from benchmarks.big_store import opened
from connector.core import chain
from connector.core.chain import GENESIS, Head
from connector.store import agreement, audit
from tests.world import AGENCY


def of_before(connection: Connection) -> int:
    """Follow the chain as it was done before, then read it once more for what it tells of the ledger."""
    head = Head(AGENCY, 0, GENESIS)
    for entry in audit.entries(connection, AGENCY):
        said = hashlib.sha256(entry.content.encode()).hexdigest()
        fields = orjson.loads(entry.content)
        texts = all(isinstance(fields[place], str) for place in (4, 5, 6, 8, 9, 10))
        if said != entry.hash or not texts or fields[1:4] != [AGENCY, head.seq + 1, head.hash]:
            raise ValueError(entry.seq)
        head = Head(AGENCY, entry.seq, entry.hash)
    agreement.story_of(orjson.loads(entry.content) for entry in audit.entries(connection, AGENCY))
    return head.seq


def of_today(connection: Connection) -> int:
    """Follow the chain and hear what it tells, in one reading, as `kntc audit verify` does."""
    following = chain.Following(Head(AGENCY, 0, GENESIS))
    agreement.story_of(following.through(audit.links(connection, AGENCY)))
    return following.head.seq


def only_read(connection: Connection) -> int:
    """Read the entries and do nothing: what decrypting and fetching take by themselves."""
    return sum(1 for _ in audit.links(connection, AGENCY))


WAYS: dict[str, Callable[[Connection], int]] = {
    "before": of_before,
    "today": of_today,
    "only read": only_read,
}


def main() -> None:
    """Run each way in turn, so often, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    rates: dict[str, list[float]] = {name: [] for name in WAYS}
    with opened(given.folder) as store, store.read() as connection:
        for _ in range(given.rounds):
            for name, way in WAYS.items():
                begun = time.process_time()
                entries = way(connection)
                rates[name].append(entries / (time.process_time() - begun))
    for name, found in rates.items():
        print(f"{name:10} {statistics.median(found):10,.0f} entries/s")


if __name__ == "__main__":
    main()
