"""What people ask the ledger: the books, the lists, one record's story."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import insert

from connector.core import statuses
from connector.core.chain import commitment
from connector.core.model import KINDS, Cause, Kind, RecordKey, VerdictName
from connector.store import books, finding, marks, requests, stories, tables, views, waits
from connector.store.books import Books
from connector.store.marks import SweepCounts
from connector.store.tables import Tombstone, table_of
from connector.store.views import Planned
from tests.store.ledger import ACTOR, AGENCY, CAREFUL, EVIDENCE, START, Ledger, answer, bad_reading, key_of, reading

ONE, TWO, THREE = key_of(1), key_of(2), key_of(3)
CHILD = key_of(1, Kind.HANDLING)


def books_of(ledger: Ledger, kind: Kind = Kind.PETITION) -> Books:
    with ledger.store.read() as connection:
        return books.of(connection, AGENCY, kind)


def sums(ledger: Ledger) -> tuple[int, int, int, int, int]:
    """current, refused_secret, excluded; source, unseen: and they balance."""
    found = books_of(ledger)
    assert found.balanced, found
    return (found.current, found.refused_secret, found.excluded, found.source, found.unseen)


# --- the books -------------------------------------------------------------------------------------------------------


def test_an_empty_ledger_balances(ledger: Ledger) -> None:
    assert sums(ledger) == (0, 0, 0, 0, 0)


def test_what_a_finished_sweep_saw_is_all_accounted_for(ledger: Ledger) -> None:
    ledger.sweep([reading(ONE), bad_reading(TWO)])
    assert sums(ledger) == (2, 0, 0, 2, 0)


def test_an_unfinished_sweep_moves_no_sum_but_what_it_newly_brings(ledger: Ledger) -> None:
    ledger.sweep([reading(ONE), reading(TWO)])
    ledger.sweep([reading(ONE, "B"), reading(THREE)], finished=False)
    assert sums(ledger) == (3, 0, 0, 2, 1)
    ledger.sweep([reading(ONE), reading(THREE)], finished=False)
    assert sums(ledger) == (3, 0, 0, 2, 1)
    ledger.sweep([reading(ONE), reading(TWO), reading(THREE)])
    assert sums(ledger) == (3, 0, 0, 3, 0)


def test_a_first_sweep_that_never_finished_balances(ledger: Ledger) -> None:
    ledger.sweep([reading(ONE)], finished=False)
    assert sums(ledger) == (1, 0, 0, 0, 1)


def test_a_key_that_is_gone_from_the_source_is_counted_as_unseen(ledger: Ledger) -> None:
    ledger.sweep([reading(ONE), reading(TWO)])
    ledger.sweep([reading(ONE)])
    assert sums(ledger) == (2, 0, 0, 1, 1)
    ledger.sweep([reading(ONE)], finished=False)
    assert sums(ledger) == (2, 0, 0, 1, 1)


def test_a_record_that_is_excluded_again_and_again_balances(ledger: Ledger) -> None:
    ledger.sweep([reading(ONE), reading(TWO)])
    for _ in range(3):
        ledger.sweep([reading(ONE)], excluded=[TWO], finished=False)
        sums(ledger)
        ledger.sweep([reading(ONE)], excluded=[TWO])
        assert sums(ledger) == (2, 0, 1, 2, 1)
    ledger.sweep([reading(ONE), reading(TWO)])
    assert sums(ledger) == (2, 0, 0, 2, 0)


def test_a_record_that_became_secret_is_not_counted_twice(ledger: Ledger) -> None:
    ledger.sweep([reading(ONE), reading(TWO)])
    ledger.sweep([reading(ONE)], secret=[TWO, THREE], finished=False)
    assert sums(ledger) == (2, 0, 0, 2, 0)  # the books still speak of the last finished sweep
    for _ in range(2):
        ledger.sweep([reading(ONE)], secret=[TWO, THREE])
        assert sums(ledger) == (1, 2, 0, 3, 0)
    ledger.sweep([reading(ONE), reading(TWO)], secret=[THREE])
    assert sums(ledger) == (2, 1, 0, 3, 0)


def test_a_secret_that_is_gone_from_the_source_leaves_the_books(ledger: Ledger) -> None:
    ledger.sweep([reading(ONE)])
    ledger.sweep([], secret=[ONE])
    ledger.sweep([])
    assert sums(ledger) == (0, 0, 0, 0, 0)


def test_an_excluded_record_that_becomes_secret_balances(ledger: Ledger) -> None:
    ledger.sweep([reading(ONE)])
    ledger.sweep([], excluded=[ONE])
    ledger.sweep([], secret=[ONE], finished=False)
    sums(ledger)
    ledger.sweep([], secret=[ONE])
    assert sums(ledger) == (0, 1, 0, 1, 0)


@pytest.mark.parametrize("counts", [SweepCounts(universe=3, selected=2), SweepCounts(2, 2, unexplained=1)])
def test_a_source_record_that_nobody_can_explain_unbalances_the_books(ledger: Ledger, counts: SweepCounts) -> None:
    ledger.record(reading(ONE), reading(TWO))
    with ledger.store.write() as tx:
        sweep = marks.begin_sweep(tx, AGENCY, Kind.PETITION, "m1")
        marks.finish_sweep(tx, AGENCY, Kind.PETITION, sweep, counts, ACTOR)
    assert not books_of(ledger).balanced


def test_reasons_of_exclusion_are_those_of_the_last_finished_sweep(ledger: Ledger) -> None:
    with ledger.store.read() as connection:
        assert books.excluded_by_reason(connection, AGENCY, Kind.PETITION) == {}
    ledger.sweep([], excluded=[ONE])
    with ledger.store.read() as connection:
        assert books.excluded_by_reason(connection, AGENCY, Kind.PETITION) == {"draft": 1}


# --- lists -----------------------------------------------------------------------------------------------------------


def test_counts_speak_of_the_newest_version_of_each_key(ledger: Ledger) -> None:
    ledger.record(reading(ONE), reading(TWO), bad_reading(THREE))
    ledger.deliver(ONE)
    ledger.record(reading(ONE, "B"))
    with ledger.store.read() as connection:
        counts = views.counts(connection, AGENCY)
    assert set(counts) == set(KINDS)
    assert counts[Kind.PETITION] == {"pending": 2, "quarantined": 1}
    assert counts[Kind.DECISION] == {}


def test_what_is_concealed_too_late_is_counted_until_somebody_says_that_they_know(ledger: Ledger) -> None:
    """A word about one record took all others off the count, too: it was compared with every record there is."""
    ledger.record(reading(ONE), reading(TWO))
    ledger.deliver()
    for key in (ONE, TWO):
        clear = reading(key, "B")
        assert clear.document is not None
        ledger.record(replace(clear, document=replace(clear.document, concealed=True)))
    with ledger.store.read() as connection:
        assert views.exposed_count(connection, AGENCY) == 2
    with ledger.store.write() as tx:
        requests.acknowledge(tx, ONE, ACTOR, "x")
    with ledger.store.read() as connection:
        assert views.exposed_count(connection, AGENCY) == 1
        assert [line.key for line in views.lines(connection, AGENCY, state=views.EXPOSED)] == [TWO]


def test_a_bad_row_that_turns_out_to_be_concealed_is_exposed_as_well(ledger: Ledger) -> None:
    ledger.record(reading(ONE), reading(TWO))
    ledger.deliver()
    ledger.record(bad_reading(ONE), bad_reading(TWO))
    with ledger.store.read() as connection:
        assert views.exposed_count(connection, AGENCY) == 0
    ledger.record(replace(bad_reading(ONE), fingerprint="row-2", concealed=True))
    with ledger.store.read() as connection:
        assert [line.key for line in views.lines(connection, AGENCY, state=views.EXPOSED)] == [ONE]


def test_what_is_gone_is_listed_by_when_that_was_found_a_page_at_a_time(ledger: Ledger) -> None:
    keys = [key_of(number, kind) for number in range(4) for kind in (Kind.PETITION, Kind.DECISION)]
    ledger.record(*map(reading, keys[:-1]), bad_reading(keys[-1]))
    gone = keys[::2] + keys[1::2]
    for at, key in enumerate(gone):
        values = {
            "agency": AGENCY, "kind": key.kind, "local_id": key.local_id, "sweep": 1, "decision": "keep", "reason": "",
            "gone_at": START + timedelta(minutes=at // 3), "closed_at": START if key == ONE else None,
        }  # fmt: skip
        with ledger.store.write() as tx:
            tx.connection.execute(insert(table_of(Tombstone)).values(values))
    expected = [key for key in reversed(gone) if key != ONE]
    with ledger.store.read() as connection:
        for kind, cause, wanted in (
            (None, None, expected),
            (Kind.DECISION, None, [key for key in expected if key.kind == Kind.DECISION]),
            (None, Cause.MAPPING, [keys[-1]]),
            (Kind.PETITION, Cause.MAPPING, []),
        ):
            found, after = [], ""
            while True:
                page = views.page(connection, AGENCY, state=views.GONE, kind=kind, cause=cause, after=after, limit=2)
                found += [line.key for line in page.lines]
                after = page.next
                if not after:
                    break
            assert found == wanted


def test_what_is_recorded_while_somebody_turns_pages_moves_no_record_to_another_page(ledger: Ledger) -> None:
    for number in range(7):
        ledger.clock.forward(number % 2)  # some have the same time
        ledger.record(reading(key_of(number)))
    with ledger.store.read() as connection:
        first = views.page(connection, AGENCY, state="pending", limit=3)
        whole = views.lines(connection, AGENCY, state="pending")
    ledger.clock.forward(60)
    ledger.record(reading(key_of(99)))
    with ledger.store.read() as connection:
        second = views.page(connection, AGENCY, state="pending", after=first.next, limit=3)
        last = views.page(connection, AGENCY, state="pending", after=second.next, limit=3)
    assert [*first.lines, *second.lines, *last.lines] == whole
    assert last.next == ""


def test_a_list_is_of_those_that_came_into_their_state_in_a_period(ledger: Ledger) -> None:
    for number in range(6):
        ledger.clock.forward(60 if number % 2 == 0 else 0)  # two at a time
        ledger.record(reading(key_of(number)))
    with ledger.store.read() as connection:
        whole = views.lines(connection, AGENCY)
        times = sorted({line.since for line in whole})
        assert len(times) == 3
        for since, until in itertools.product((None, *times), (None, *times)):
            wanted = [one for one in whole if (not since or one.since >= since) and (not until or one.since < until)]
            for state in (None, "pending"):
                found, after = [], ""
                while after or not found:
                    period = {"since": since, "until": until, "after": after}
                    page = views.page(connection, AGENCY, state=state, **period, limit=1)
                    found += page.lines
                    after = page.next
                    if not after:
                        break
                assert found == wanted


@pytest.mark.parametrize(
    "after", ["x", "é", "W10", "WyIyMDI2LTExLTIyIiwgWzFdXQ", "WyIyMDI2LTExLTIyVDA1OjAwOjAwWiIsWyJ4Il1d"]
)
def test_what_is_no_position_of_a_list_is_refused(ledger: Ledger, after: str) -> None:
    with ledger.store.read() as connection, pytest.raises(ValueError, match="position"):
        views.page(connection, AGENCY, after=after)


def test_a_day_begins_at_midnight_in_vietnam(ledger: Ledger) -> None:
    ledger.record(reading(ONE))  # 22 November, 12:00 there
    ledger.clock.forward(12 * 3_600 - 1)
    ledger.record(reading(TWO))
    ledger.clock.forward(1)
    ledger.deliver(ONE)
    with ledger.store.read() as connection:
        days = views.per_day(connection, AGENCY, date(2026, 11, 21), date(2026, 11, 24))
        assert [(day.day.day, day.recorded, day.received, day.rejected) for day in days] == [
            (21, 0, 0, 0),
            (22, 2, 0, 0),
            (23, 0, 1, 0),
            (24, 0, 0, 0),
        ]
        assert views.per_day(connection, AGENCY, date(2026, 11, 24), date(2026, 11, 23)) == []
        with pytest.raises(ValueError, match="days"):
            views.per_day(connection, AGENCY, date(1900, 1, 1), date(2026, 11, 23))


def test_the_indexes_name_the_national_statuses_that_are_known() -> None:
    assert set(tables.IN_ORDER) == statuses.KNOWN - set(views.RETURNING)
    assert all(f"'{status}'" in tables.ENDED for status in statuses.AFTER_THE_END)


def test_lines_are_chosen_by_state_kind_cause_and_key(ledger: Ledger) -> None:
    ledger.record(reading(ONE), bad_reading(TWO))
    ledger.record(reading(CHILD, parent=ONE))
    with ledger.store.read() as connection:

        def keys(**chosen: object) -> list[str]:
            return sorted(str(line.key) for line in views.lines(connection, AGENCY, **chosen))  # type: ignore[arg-type]

        assert keys(state="quarantined") == [str(TWO)]
        assert keys(kind=Kind.HANDLING) == [str(CHILD)]
        assert keys(cause="mapping") == [str(TWO)]
        assert keys(key=ONE) == [str(ONE)]
        assert len(keys()) == 3
        assert len(keys(limit=2)) == 2


def test_a_line_tells_what_is_wrong_and_since_when(ledger: Ledger) -> None:
    ledger.record(bad_reading(ONE))
    with ledger.store.read() as connection:
        (line,) = views.lines(connection, AGENCY)
    assert (line.state, line.cause, line.since) == ("quarantined", "mapping", ledger.clock.now)
    assert line.problems[0]["rule"] == "E-MAP-DATE"


def test_a_blocked_child_shows_what_its_parent_is_doing(ledger: Ledger) -> None:
    ledger.record(reading(ONE))
    ledger.record(reading(CHILD, parent=ONE))
    (parent,) = ledger.claim()
    ledger.finish(answer(parent, VerdictName.REJECTED))
    with ledger.store.read() as connection:
        (line,) = waits.blocked(connection, AGENCY, 1, CAREFUL)
        assert (line.key, line.state, line.cause, line.parent) == (CHILD, "blocked", "rejected", ONE)
        assert waits.blocked_count(connection, AGENCY, 1, CAREFUL) == 1
        assert waits.blocked_count(connection, "H51.02", 1, CAREFUL) == 0


def test_what_a_collect_would_do_is_told_by_field_and_never_by_value(ledger: Ledger) -> None:
    ledger.record(reading(ONE, "A"))
    with ledger.store.read() as connection:
        plans = [
            views.planned_change(connection, one)
            for one in (reading(ONE, "A"), reading(ONE, "B"), reading(TWO), bad_reading(ONE))
        ]
    assert plans == [
        Planned(ONE, "same", (), ()),
        Planned(ONE, "update", ("/content",), ()),
        Planned(TWO, "create", (), ()),
        Planned(ONE, "quarantine", (), ("E-MAP-DATE",)),
    ]


# --- one record ------------------------------------------------------------------------------------------------------


def test_a_story_tells_everything_in_order(ledger: Ledger) -> None:
    ledger.record(reading(ONE, "A"))
    ledger.deliver()
    ledger.record(reading(ONE, "B"))
    with ledger.store.read() as connection:
        story = stories.story(connection, ONE, 1, CAREFUL)
        assert story is not None
        assert stories.story(connection, TWO, 1, CAREFUL) is None
    assert [(version["version"], version["state"]) for version in story.versions] == [(1, "delivered"), (2, "pending")]
    assert story.body == ledger.newest(ONE).body
    assert (story.range_value, story.status) == ("1", None)
    assert story.commitment == commitment(EVIDENCE[AGENCY], story.body or b"")  # as an auditor with the key computes it
    assert [(moment.event, moment.version, moment.actor, moment.trigger) for moment in story.moments] == [
        ("record.recorded", 1, "tester", "cli"),
        ("delivery.claimed", 1, "tester", "cli"),
        ("delivery.answered", 1, "tester", "cli"),
        ("record.recorded", 2, "tester", "cli"),
    ]


def test_the_story_of_a_blocked_child_says_that_it_is_blocked(ledger: Ledger) -> None:
    ledger.record(reading(ONE))
    ledger.record(reading(CHILD, parent=ONE), reading(key_of(2, Kind.HANDLING), parent=ONE))
    with ledger.store.read() as connection:
        story = stories.story(connection, CHILD, 1, CAREFUL)
        assert [line.key for line in waits.blocked(connection, AGENCY, 1, CAREFUL, key=CHILD)] == [CHILD]
    assert story is not None
    assert (story.line.state, story.line.cause) == ("blocked", "pending")


def test_a_record_is_found_with_and_without_the_name_of_its_source(ledger: Ledger) -> None:
    ledger.record(reading(ONE))
    ledger.record(reading(CHILD, parent=ONE))
    with ledger.store.read() as connection:
        assert finding.by_local_id(connection, AGENCY, "1") == [ONE, CHILD]
        assert finding.by_local_id(connection, AGENCY, "demo:1", [Kind.HANDLING]) == [CHILD]
        assert finding.by_local_id(connection, AGENCY, "2") == []
        assert views.key_exists(connection, ONE)
        assert not views.key_exists(connection, TWO)
        assert views.range_value_of(connection, ONE) == "1"
        assert views.range_value_of(connection, TWO) is None


def test_what_was_ever_claimed_is_known_by_version(ledger: Ledger) -> None:
    ledger.record(reading(ONE, "A"))
    ledger.deliver()
    ledger.record(reading(ONE, "B"), reading(RecordKey(AGENCY, Kind.PETITION, "demo:2")))
    with ledger.store.read() as connection:
        assert books.sent_versions(connection, AGENCY) == {("petition", "demo:1", 1): "delivered"}
