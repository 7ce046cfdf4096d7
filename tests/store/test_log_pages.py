"""The log in pages: whatever is chosen, all of it and nothing else, newest first."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from connector.core.model import Entry, Event, Kind
from connector.store import audit
from tests.store.ledger import ACTOR, AGENCY, START, Ledger, key_of

EVENTS = ("record.recorded", "delivery.claimed", "delivery.answered", "sweep.finished", "guard.tripped")
KEYS = (None, key_of(1), key_of(2), key_of(1, Kind.HANDLING), key_of(3, Kind.DECISION))


def written(ledger: Ledger, seed: int, count: int = 120) -> list[Entry]:
    """Write entries of all sorts, some in one moment, once with a clock that goes back; return all, oldest first."""
    draw = random.Random(seed)
    for number in range(count):
        seconds = -3_000 if number == count // 2 else draw.choice((0, 0, 1, 40))
        ledger.clock.forward(seconds)
        with ledger.store.write() as tx:
            for _ in range(draw.randrange(3)):
                tx.audit(Event(draw.choice(EVENTS), AGENCY, ACTOR, tx.now, draw.choice(KEYS), 1, {"n": number}))
    with ledger.store.read() as connection:
        return list(audit.entries(connection, AGENCY))


def turned(ledger: Ledger, limit: int, **chosen: Any) -> list[Entry]:
    """All pages, one after the other."""
    found: list[Entry] = []
    before: int | None = None
    with ledger.store.read() as connection:
        while True:
            page = audit.page(connection, AGENCY, before_seq=before, limit=limit, **chosen)
            assert len(page.entries) <= limit
            found += page.entries
            before = page.next
            if before is None:
                return found


def plainly(entries: list[Entry], **chosen: Any) -> list[Entry]:
    """What an auditor would leave of all entries with a pencil."""
    left = []
    for entry in entries:
        said = json.loads(entry.content)
        at, event, kind, local_id = said[4], said[5], said[9], said[10]
        wanted = {"event": event, "kind": kind, "local_id": local_id}
        if any(chosen.get(name) not in (None, wanted[name]) for name in wanted):
            continue
        since, until = chosen.get("since"), chosen.get("until")
        if (since and at < stored(since)) or (until and at >= stored(until)):
            continue
        left.append((at, entry.seq, entry))
    order = sorted(left, key=lambda one: one[:2], reverse=True) if any(chosen.values()) else left[::-1]
    return [entry for _, _, entry in order]


def stored(at: Any) -> str:
    return str(at.isoformat(timespec="microseconds")).replace("+00:00", "Z")


@pytest.mark.parametrize("seed", range(3))
def test_all_pages_together_are_what_was_chosen(ledger: Ledger, seed: int) -> None:
    entries = written(ledger, seed)
    times = [None, START + timedelta(seconds=300), START + timedelta(seconds=900)]
    for event in (None, "delivery.claimed", "sweep.finished", "no.such"):
        for kind in (None, Kind.PETITION, Kind.ENFORCEMENT):
            for local_id in (None, "demo:1"):
                for since, until in ((None, None), (times[1], None), (None, times[2]), (times[1], times[2])):
                    chosen = {"event": event, "kind": kind, "local_id": local_id, "since": since, "until": until}
                    assert turned(ledger, 7, **chosen) == plainly(entries, **chosen), (seed, chosen)


def test_a_page_begins_before_any_place_also_one_that_is_not_there(ledger: Ledger) -> None:
    entries = written(ledger, 9, count=40)
    newest = entries[-1].seq
    with ledger.store.read() as connection:
        for place in (1, 2, newest, newest + 1, newest + 1_000):
            found = audit.page(connection, AGENCY, before_seq=place, limit=1_000).entries
            assert [entry.seq for entry in found] == [entry.seq for entry in entries[::-1] if entry.seq < place]
        assert audit.page(connection, "H51.02", before_seq=5).entries == ()
        assert audit.page(connection, "H51.02").entries == ()


def test_the_agencies_of_a_log_are_named_once_each(ledger: Ledger) -> None:
    with ledger.store.write() as tx:
        tx.audit(Event("guard.tripped", "H51.02", ACTOR, tx.now))
    with ledger.store.read() as connection:
        assert audit.agencies(connection) == [AGENCY, "H51.02"]


def test_a_page_deep_in_a_stretch_of_time_costs_no_more_than_its_first(ledger: Ledger) -> None:
    """Of two upper bounds SQLite began at the later one, and walked half a year to where the page begins."""
    for _ in range(40):
        ledger.clock.forward(1)
        with ledger.store.write() as tx:
            for number in range(50):
                tx.audit(Event("record.recorded", AGENCY, ACTOR, tx.now, key_of(1), 1, {"n": number}))
    chosen = {"since": START, "until": ledger.clock.now + timedelta(days=1), "limit": 5}
    with ledger.store.read() as connection:
        first = steps(connection, lambda: audit.page(connection, AGENCY, **chosen))
        deep = steps(connection, lambda: audit.page(connection, AGENCY, before_seq=100, **chosen))
    assert deep < first * 1.5


def steps(connection: Any, asked: Callable[[], object]) -> int:
    """How many tens of instructions SQLite takes for an answer."""
    taken = 0

    def one_more() -> int:
        nonlocal taken
        taken += 1
        return 0

    driver = connection.connection.driver_connection
    driver.set_progress_handler(one_more, 10)
    asked()
    driver.set_progress_handler(None, 10)
    return taken
