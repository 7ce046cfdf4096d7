"""What holds whatever happens: every change is told of where it is made, and random lives keep the invariants."""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import func, select

from connector.core.model import KINDS, Cause, Delivery, Kind, SightingName, State, VerdictName
from connector.errors import DataError
from connector.store import (
    answers,
    audit,
    channel,
    decisions,
    marks,
    mirror,
    outbox,
    records,
    requests,
    setting_aside,
    views,
    withdrawals,
)
from connector.store.answers import Clockwork
from connector.store.channel import Signal
from connector.store.db import Tx
from tests.store import plainly
from tests.store.ledger import (
    ACTOR,
    AGENCY,
    CAREFUL,
    DELIVERY,
    IDEMPOTENT,
    LIMITS,
    RECORD,
    START,
    TARGET,
    Clock,
    Ledger,
    answer,
    assert_the_log_tells_every_state,
    bad_reading,
    key_of,
    new_ledger,
    reading,
    sighting,
    status_update,
    undone,
)

PENDING, SENDING, UNKNOWN, BAD, SENT = (key_of(number) for number in range(1, 6))
ASKED = key_of(6)
ORPHAN = key_of(1, Kind.HANDLING)
CLOCKWORK = Clockwork(LIMITS, lambda: 0.5)


def populated(ledger: Ledger) -> dict[str, Delivery]:
    """Bring one key to each state that a function below needs; return what is under way, by local id."""
    ledger.record(reading(SENT), reading(UNKNOWN), reading(SENDING), reading(ASKED))
    claimed = {delivery.key: delivery for delivery in ledger.claim()}
    ledger.finish(answer(claimed[SENT], VerdictName.DELIVERED), answer(claimed[UNKNOWN], VerdictName.UNKNOWN))
    ledger.finish(answer(claimed[ASKED], VerdictName.ASK))
    ledger.record(reading(PENDING), bad_reading(BAD))
    ledger.record(reading(ORPHAN, parent=key_of(99)))
    with ledger.store.write() as tx:
        requests.ask(tx, AGENCY, [PENDING], ACTOR, "x")
        marks.trip(tx, AGENCY, "first_run", "plan-1", {}, ACTOR)
        marks.pause(tx, AGENCY, "decision", "", ACTOR, "x")
        mirror.apply(tx, AGENCY, [status_update(SENT, 1, "validated")], ACTOR)
    return {key.local_id: delivery for key, delivery in claimed.items()}


Act = Callable[[Tx, dict[str, Delivery]], object]


def record(tx: Tx, *readings: records.Reading) -> object:
    before = records.known(tx.connection, AGENCY, readings[0].key.kind, [one.key.local_id for one in readings])
    return records.record(tx, readings, before, mapping_digest="m2", sweep=None, actor=ACTOR, carried=frozenset(KINDS))


def aside(tx: Tx, cause: Cause) -> object:
    everything = [key.local_id for key in (PENDING, SENDING, UNKNOWN, BAD, SENT)]
    return setting_aside.set_aside(tx, AGENCY, Kind.PETITION, everything, cause, 0, ACTOR)


def finish(tx: Tx, sent: dict[str, Delivery], verdict: VerdictName) -> object:
    return answers.finish(tx, [answer(sent[SENDING.local_id], verdict)], 1, CAREFUL, CLOCKWORK, ACTOR)


def find(tx: Tx, sent: dict[str, Delivery], seen: SightingName) -> object:
    return answers.finish_finds(tx, [sighting(sent[UNKNOWN.local_id], seen)], 1, IDEMPOTENT, CLOCKWORK, ACTOR)


MUTATING: dict[str, Act] = {
    "record a new key": lambda tx, _: record(tx, reading(key_of(50))),
    "record a changed row": lambda tx, _: record(tx, reading(PENDING, "B"), reading(SENDING, "B"), reading(SENT, "B")),
    "record a row gone bad": lambda tx, _: record(tx, bad_reading(PENDING), bad_reading(BAD, "E-MAP-CODE")),
    "record a mended row": lambda tx, _: record(tx, reading(BAD)),
    "set aside as excluded": lambda tx, _: aside(tx, Cause.EXCLUDED),
    "set aside as secret": lambda tx, _: aside(tx, Cause.BECAME_SECRET),
    "judge parents": lambda tx, _: setting_aside.judge_parents(tx, AGENCY, Kind.HANDLING, ACTOR),
    "claim": lambda tx, _: outbox.claim(
        tx, AGENCY, 1, CAREFUL, owner="me", lease_s=1, rows=9, body_bytes=10**6, actor=ACTOR
    ),
    **{f"finish {verdict}": lambda tx, sent, v=verdict: finish(tx, sent, v) for verdict in VerdictName},  # type: ignore[misc]
    **{f"find {seen}": lambda tx, sent, s=seen: find(tx, sent, s) for seen in SightingName if seen != "held"},  # type: ignore[misc]
    "rescue": lambda tx, _: outbox.rescue(tx, AGENCY, 1, CAREFUL, "me", ACTOR, died=True),
    "ask again: look": lambda tx, _: outbox.ask_again(tx, SENT, 1, CAREFUL, ACTOR, "x"),
    "ask again: send": lambda tx, _: outbox.ask_again(tx, PENDING, 1, CAREFUL, ACTOR, "x"),
    "decide: link": lambda tx, _: decisions.link(tx, ASKED, 1, "N-9", ACTOR, "x", not_listed=True),
    "decide: create": lambda tx, _: decisions.create(tx, ASKED, 1, ACTOR, "x"),
    "acknowledge": lambda tx, _: requests.acknowledge(tx, BAD, ACTOR, "x"),
    "ask for a resync": lambda tx, _: requests.ask(tx, AGENCY, [BAD], ACTOR, "x"),
    "close a request": lambda tx, _: requests.done(tx, requests.open_items(tx.connection, AGENCY, 1)[0], "look", ACTOR),
    "apply a status": lambda tx, _: mirror.apply(tx, AGENCY, [status_update(UNKNOWN, 1, "validated")], ACTOR),
    "close a returned record": lambda tx, _: mirror.close_returned(tx, SENT, ACTOR, "x"),
    "hold the channel": lambda tx, _: channel.observe(
        tx, AGENCY, 1, [Signal(hold=True, unknown_key=None, rule="busy")], LIMITS, 0.0, ACTOR
    ),
    "release the channel": lambda tx, _: channel.release(tx, AGENCY, 1, ACTOR),
    "bind": lambda tx, _: marks.bind(tx, "H51.02", TARGET, ACTOR),
    "finish a sweep": lambda tx, _: marks.finish_sweep(
        tx, AGENCY, Kind.PETITION, marks.begin_sweep(tx, AGENCY, Kind.PETITION, "m1"), marks.SweepCounts(), ACTOR
    ),
    "trip a guard": lambda tx, _: marks.trip(tx, AGENCY, "first_run", "plan-2", {}, ACTOR),
    "approve a plan": lambda tx, _: marks.approve(tx, "plan-1", ACTOR, "x"),
    "pause": lambda tx, _: marks.pause(tx, AGENCY, "", "", ACTOR, "x"),
    "resume": lambda tx, _: marks.resume(tx, AGENCY, "decision", "", ACTOR, "x"),
}


def states(tx: Tx) -> dict[tuple[str, str, int], str]:
    rows = tx.connection.execute(select(DELIVERY.c.kind, DELIVERY.c.local_id, DELIVERY.c.version, DELIVERY.c.state))
    return {(row.kind, row.local_id, row.version): row.state for row in rows}


@pytest.mark.parametrize("act", MUTATING.values(), ids=MUTATING.keys())
def test_whatever_changes_is_told_of_in_the_same_transaction(ledger: Ledger, act: Act) -> None:
    sent = populated(ledger)
    ledger.clock.forward(1)
    with ledger.store.write() as tx:
        before = states(tx)
        act(tx, sent)
        after = states(tx)
        told = {
            (event.key.kind, event.key.local_id, event.version or 0): event.facts["state"]
            for event in tx.events
            if event.key is not None and "state" in event.facts
        }
        assert tx.events
        assert {event.at for event in tx.events} == {ledger.clock.now}
        assert {event.actor for event in tx.events} == {ACTOR}
    changed = {place: state for place, state in after.items() if before.get(place) != state}
    assert changed.items() <= told.items()
    assert {place: after[place] for place in told} == told


def test_nothing_of_a_step_that_fails_stays_neither_row_nor_entry(ledger: Ledger) -> None:
    sent = populated(ledger)
    entries = len(ledger.told())
    for act in MUTATING.values():
        with undone(ledger.store) as tx:
            before = states(tx)
            act(tx, sent)
        with ledger.store.write() as tx:
            assert states(tx) == before
    assert len(ledger.told()) == entries


class Lives(RuleBasedStateMachine):
    """Random lives of three keys and a child, against a real store."""

    keys = st.sampled_from([PENDING, SENDING, UNKNOWN])

    @initialize()
    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.ledger = new_ledger(Path(self.folder.name), Clock())
        self.claimed: list[Delivery] = []
        self.highest: dict[tuple[str, str], int] = {}
        self.told = 0

    @rule(key=keys, content=st.sampled_from("AB"))
    def read_a_row(self, key: object, content: str) -> None:
        self.ledger.record(reading(key, content))  # type: ignore[arg-type]

    @rule(key=keys)
    def read_a_bad_row(self, key: object) -> None:
        self.ledger.record(bad_reading(key))  # type: ignore[arg-type]

    @rule(content=st.sampled_from("AB"))
    def read_a_child(self, content: str) -> None:
        self.ledger.record(reading(ORPHAN, content, parent=PENDING))
        self.ledger.judge_parents(Kind.HANDLING)

    @rule(rows=st.integers(1, 4))
    def claim(self, rows: int) -> None:
        self.claimed += self.ledger.claim(rows=rows)

    @precondition(lambda self: self.claimed)
    @rule(data=st.data(), verdict=st.sampled_from(list(VerdictName)))
    def answer_one(self, data: st.DataObject, verdict: VerdictName) -> None:
        """Any answer, also one that comes late or twice."""
        self.ledger.finish(answer(data.draw(st.sampled_from(self.claimed)), verdict))

    @precondition(lambda self: self.claimed)
    @rule(data=st.data(), seen=st.sampled_from(list(SightingName)), capabilities=st.sampled_from([CAREFUL, IDEMPOTENT]))
    def look_for_one(self, data: st.DataObject, seen: SightingName, capabilities: object) -> None:
        lost = data.draw(st.sampled_from(self.claimed))
        self.ledger.find(sighting(lost, seen), capabilities=capabilities)  # type: ignore[arg-type]

    @rule(owner=st.sampled_from(["me", "another"]))
    def restart(self, owner: str) -> None:
        self.ledger.rescue(owner)

    @rule(key=keys)
    def a_person_asks_again(self, key: object) -> None:
        self.ledger.ask_again(key)  # type: ignore[arg-type]

    @rule(key=keys, cause=st.sampled_from([Cause.EXCLUDED, Cause.BECAME_SECRET]))
    def set_aside(self, key: object, cause: Cause) -> None:
        self.ledger.set_aside(key, cause)  # type: ignore[arg-type]

    @rule(key=keys, content=st.sampled_from("AB"))
    def conceal(self, key: object, content: str) -> None:
        before = reading(key, content)  # type: ignore[arg-type]
        assert before.document is not None
        self.ledger.record(
            replace(before, document=replace(before.document, concealed=True), fingerprint=f"c-{content}")
        )

    @rule(key=keys, status=st.sampled_from(["validated", "returned_for_correction", "duplicate_suspected", "new_word"]))
    def the_nation_says(self, key: object, status: str) -> None:
        self.told += 1
        with self.ledger.store.write() as tx:
            mirror.apply(tx, AGENCY, [status_update(key, self.told, status)], ACTOR)  # type: ignore[arg-type]

    @rule(key=keys, what=st.sampled_from(["acknowledge", "withdraw", "close"]))
    def a_person_says(self, key: object, what: str) -> None:
        with suppress(DataError), self.ledger.store.write() as tx:
            if what == "acknowledge":
                requests.acknowledge(tx, key, ACTOR, "x")  # type: ignore[arg-type]
            elif what == "close":
                mirror.close_returned(tx, key, ACTOR, "x")  # type: ignore[arg-type]
            else:
                withdrawals.withdraw(tx, key, ACTOR, "x", withdraws=True, gone=False)  # type: ignore[arg-type]

    @rule(seconds=st.sampled_from([1, 60, 400, 4_000, 40_000]))
    def time_passes(self, seconds: int) -> None:
        self.ledger.clock.forward(seconds)

    @invariant()
    def the_ledger_holds_together(self) -> None:
        with self.ledger.store.read() as connection:
            rows = connection.execute(select(DELIVERY)).all()
            newest = {(row.kind, row.local_id): row for row in connection.execute(select(RECORD)).all()}
            assert connection.execute(select(func.count()).select_from(RECORD)).scalar() == len(newest)
        for place, known in newest.items():
            own = [row for row in rows if (row.kind, row.local_id) == place]
            assert [row.version for row in own] == list(range(1, known.version + 1))  # no gap, and the newest is known
            assert known.version >= self.highest.get(place, 0)
            self.highest[place] = known.version
            assert sum(row.state in {"sending", "unknown"} for row in own) <= 1
            assert sum(row.state == "pending" for row in own) <= 1
            assert own[-1].state != "superseded"
            received = [row.version for row in own if row.state == "delivered"]
            assert all(row.national_id and row.receipt_at for row in own if row.state == "delivered")
            assert not received or known.receipt_version >= max(received)
            if own[-1].cause == "became_secret":
                assert all(row.body is None for row in own if row.state != "sending")

    @invariant()
    def what_is_counted_is_what_is_there(self) -> None:
        with self.ledger.store.read() as connection:
            taken = views.census(connection, AGENCY)
            assert views.counts(connection, AGENCY, taken) == plainly.counts(connection, AGENCY)
            assert views.causes(connection, AGENCY, taken) == plainly.causes(connection, AGENCY)
            assert views.exposed_count(connection, AGENCY) == plainly.exposed(connection, AGENCY)
            for status in ("returned_for_correction", "duplicate_suspected", "new_word"):
                assert taken.returned_as(status) == plainly.returned_as(connection, AGENCY, status)

    @invariant()
    def what_is_listed_is_what_is_there(self) -> None:
        with self.ledger.store.read() as connection:
            for state in (None, *State, views.RETURNED, views.EXPOSED, views.GONE):
                for kind in (None, Kind.HANDLING):
                    found, after = [], ""
                    while True:
                        page = views.page(connection, AGENCY, state=state, kind=kind, after=after, limit=2)
                        found += page.lines
                        after = page.next
                        if not after:
                            break
                    there = plainly.lines(connection, AGENCY, state, kind)
                    assert sorted(found, key=str) == sorted(there, key=str)
                    assert found == views.lines(connection, AGENCY, state=state, kind=kind)
                    cut = {} if not found else {"since": found[len(found) // 2].since}
                    later = views.page(connection, AGENCY, state=state, kind=kind, **cut, limit=1_000)
                    cut = {} if not found else {"until": found[len(found) // 2].since}
                    earlier = views.page(connection, AGENCY, state=state, kind=kind, **cut, limit=1_000)
                    assert not found or [*later.lines, *earlier.lines] == found

    @invariant()
    def every_day_is_counted_as_it_was(self) -> None:
        """Recorded and received as the rows say; refused as often as the log tells that a version became so."""
        vietnam, told = timezone(timedelta(hours=7)), Counter[tuple[str, date]]()
        with self.ledger.store.read() as connection:
            rows = connection.execute(select(DELIVERY.c.created_at, DELIVERY.c.receipt_at)).all()
            days = views.per_day(
                connection, AGENCY, START.date() - timedelta(1), self.ledger.clock.now.date() + timedelta(1)
            )
            contents = [json.loads(entry.content) for entry in audit.entries(connection, AGENCY)]
        told.update(("recorded", row.created_at.astimezone(vietnam).date()) for row in rows)
        received = sum(row.receipt_at is not None for row in rows)
        for content in contents:
            if content[12].get("state") == "rejected" != content[12].get("from"):
                told["rejected", datetime.fromisoformat(content[4]).astimezone(vietnam).date()] += 1
        assert [day.recorded for day in days] == [told["recorded", day.day] for day in days]
        assert [day.rejected for day in days] == [told["rejected", day.day] for day in days]
        assert sum(day.received for day in days) == received

    @invariant()
    def the_log_tells_every_state(self) -> None:
        assert_the_log_tells_every_state(self.ledger)

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.ledger.store.close()
            self.folder.cleanup()


Lives.TestCase.settings = settings(
    max_examples=400 if os.environ.get("KNTC_SOAK") else 15,
    stateful_step_count=40,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
test_random_lives_keep_the_invariants = Lives.TestCase
