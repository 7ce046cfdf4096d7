"""What people ask a big store, and how long it takes: counts, lists, log and charts; beside it the ways of before.

    .venv/bin/python -m benchmarks.questions FOLDER [--rounds 5] [--before]

FOLDER holds a store of `benchmarks.big_store`, on which `kntc status` has run once. Prints the median and the longest
of all answers, in milliseconds of CPU. --before: also by looking at every record, once (it takes minutes).
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from benchmarks.big_store import opened
from connector.core.model import KINDS, Capabilities, Kind, State
from connector.store import audit, books, mirrored, views, waits
from tests.store import plainly
from tests.world import AGENCY

CARRIED = Capabilities(frozenset(KINDS), frozenset(), frozenset(KINDS), status_feed=True)
NOW = datetime.now(UTC)
EVENTS = (None, "record.recorded", "delivery.answered", "status.applied", "sweep.finished", "agency.bound")
TIMES = ((None, None), (NOW - timedelta(200), None), (None, NOW - timedelta(200)), (NOW - timedelta(9), NOW))

Question = Callable[[Connection], object]


def counting(connection: Connection) -> None:
    """Ask what `kntc status` asks of all records."""
    taken = views.census(connection, AGENCY)
    views.counts(connection, AGENCY, taken)
    views.causes(connection, AGENCY, taken)
    views.exposed_count(connection, AGENCY)
    waits.blocked_count(connection, AGENCY, 1, CARRIED)
    mirrored.odd_steps(connection, AGENCY)
    for kind in KINDS:
        books.of(connection, AGENCY, kind, taken)


def pages(states: Iterable[str | None]) -> list[Question]:
    """Return the question for each state and kind, and for the page after it."""
    asked: list[Question] = []
    for state in states:
        for kind in (None, *KINDS):

            def first(connection: Connection, state: str | None = state, kind: Kind | None = kind) -> views.Page:
                return views.page(connection, AGENCY, state=state, kind=kind)

            def second(connection: Connection, state: str | None = state, kind: Kind | None = kind) -> views.Page:
                after = views.page(connection, AGENCY, state=state, kind=kind, limit=40).next
                return views.page(connection, AGENCY, state=state, kind=kind, after=after)

            asked += [first, second]
    return asked


def log_pages() -> list[Question]:
    """Return the question for each event, kind and stretch of time."""

    def asked(event: str | None, kind: Kind | None, since: datetime | None, until: datetime | None) -> Question:
        return lambda connection: audit.page(connection, AGENCY, event=event, kind=kind, since=since, until=until)

    return [asked(event, kind, *times) for event in EVENTS for kind in (None, *KINDS) for times in TIMES]


QUESTIONS: dict[str, list[Question]] = {
    "all that status counts": [counting],
    "a page of records": pages([None, *map(str, State), views.RETURNED, views.GONE]),
    "a page of exposed records": pages([views.EXPOSED]),
    "a page of the log": log_pages(),
    "365 days": [lambda connection: views.per_day(connection, AGENCY, (NOW - timedelta(364)).date(), NOW.date())],
}
BEFORE: dict[str, list[Question]] = {
    "before: states": [lambda connection: plainly.counts(connection, AGENCY)],
    "before: causes": [lambda connection: plainly.causes(connection, AGENCY)],
    "before: exposed": [lambda connection: plainly.exposed(connection, AGENCY)],
    "before: a list by state": [lambda connection: plainly.lines(connection, AGENCY, str(State.REJECTED))],
}


def main() -> None:
    """Ask everything, so often, and print the times."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--before", action="store_true")
    given = parser.parse_args()
    with opened(given.folder) as store:
        for name, questions in QUESTIONS.items():
            report(name, [took(store.read, one) for _ in range(given.rounds) for one in questions])
        for name, questions in BEFORE.items() if given.before else ():
            report(name, [took(store.read, one) for one in questions])


def took(reading: Callable[[], object], question: Question) -> float:
    """Return the CPU time of one answer, in milliseconds."""
    with reading() as connection:  # type: ignore[attr-defined]
        begun = time.process_time()
        question(connection)
        return (time.process_time() - begun) * 1_000


def report(name: str, times: list[float]) -> None:
    """Print median, 95th percentile and longest."""
    late = sorted(times)[min(len(times) * 95 // 100, len(times) - 1)]
    print(f"{name:26} {statistics.median(times):9.1f} {late:9.1f} {max(times):9.1f} ms of CPU, {len(times)} answers")


if __name__ == "__main__":
    main()
