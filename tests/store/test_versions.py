"""What a page about one record asks: its texts, what it hangs on, what the nation confirmed, the end of its story."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import text

from connector.core.accord import Accord, Finding, Fix
from connector.core.model import Cause, Held, Kind
from connector.store import comparisons, stories, versions
from connector.store.comparisons import Item
from tests.store.ledger import ACTOR, AGENCY, Ledger, key_of, reading

ONE, CHILD, GRANDCHILD = key_of(1), key_of(1, Kind.ACCEPTANCE), key_of(1, Kind.DECISION)


def family(ledger: Ledger) -> None:
    ledger.record(reading(ONE))
    ledger.record(reading(CHILD, parent=ONE))
    ledger.record(reading(GRANDCHILD, parent=CHILD))


def test_what_a_record_hangs_on_and_what_hangs_on_it_is_told_both_ways(ledger: Ledger) -> None:
    family(ledger)
    with ledger.store.read() as connection:
        assert versions.above(connection, GRANDCHILD) == [CHILD, ONE]
        assert versions.below(connection, ONE) == [CHILD]
        assert versions.below(connection, GRANDCHILD) == []


def test_what_hangs_on_something_concealed_or_unknown_counts_as_concealed(ledger: Ledger) -> None:
    family(ledger)
    ledger.record(reading(key_of(2, Kind.HANDLING), parent=key_of(99)))
    with ledger.store.read() as connection:
        assert not versions.is_concealed(connection, GRANDCHILD)
        assert versions.is_concealed(connection, key_of(2, Kind.HANDLING))
    hidden = reading(ONE, "B")
    assert hidden.document is not None
    ledger.record(replace(hidden, document=replace(hidden.document, concealed=True)))
    with ledger.store.read() as connection:
        assert versions.is_concealed(connection, GRANDCHILD)


def test_texts_that_were_erased_are_told_as_absent(ledger: Ledger) -> None:
    ledger.record(reading(ONE))
    ledger.record(reading(ONE, "B"))
    with ledger.store.read() as connection:
        found = versions.texts(connection, ONE, (1, 2, 9))
    assert sorted(found) == [1, 2]
    assert found[1].digest != found[2].digest
    ledger.set_aside(ONE, Cause.BECAME_SECRET)
    with ledger.store.read() as connection:
        assert {one.body for one in versions.texts(connection, ONE, (1, 2)).values()} == {None}


def test_what_the_nation_confirmed_is_told_beside_our_newest_version(ledger: Ledger) -> None:
    ledger.record(reading(ONE))
    with ledger.store.read() as connection:
        assert versions.confirmed(connection, ONE, 1) is None
    ledger.deliver(ONE)
    ledger.record(reading(ONE, "B"))
    with ledger.store.read() as connection:
        found = versions.confirmed(connection, ONE, 1)
        assert versions.confirmed(connection, ONE, 2) is None  # another target knows nothing of it
    assert found is not None
    assert (found.version, found.national_id, found.same) == (1, "N-demo:1", None)


def test_the_last_comparison_says_whether_the_national_text_is_ours(ledger: Ledger) -> None:
    ledger.record(reading(ONE))
    ledger.deliver(ONE)
    held = Held(Kind.PETITION, ONE.local_id, "N-demo:1", 1, "another", "received", 1, "api")
    with ledger.store.write() as tx:
        run = comparisons.begin(tx, AGENCY, ACTOR, listed=True, lost=None, store_seq=1)
        comparisons.note(tx, run, [Item(ONE, Finding(Accord.DIFFERS, "", Fix.PERSON), None, held)])
        comparisons.finish(tx, run, AGENCY, {}, 0, {}, ACTOR)
    with ledger.store.read() as connection:
        found = versions.confirmed(connection, ONE, 1)
    assert found is not None
    assert (found.finding, found.national_version, found.same) == ("differs", 1, False)


def test_a_long_story_is_told_from_its_newest_moments(ledger: Ledger) -> None:
    for content in "ABCDEF":
        ledger.record(reading(ONE, content))
    with ledger.store.read() as connection:
        everything = stories.moments(connection, ONE)
        assert stories.moments(connection, ONE, most=3) == everything[-3:]
        assert stories.moments(connection, ONE, most=100) == everything


def test_the_entries_of_one_record_are_found_by_their_index(ledger: Ledger) -> None:
    """Among five million entries, one record's story took nine seconds: the whole log was walked along, in order."""
    with ledger.store.read() as connection:
        plan = connection.execute(
            text(
                "EXPLAIN QUERY PLAN SELECT seq FROM audit_entry WHERE agency = 'x' AND kind = 'k' AND local_id = 'l'"
                " AND +audit_entry.seq > 0 ORDER BY +audit_entry.seq LIMIT 1000"
            )
        ).all()
    assert "ix_audit_key" in plan[0].detail
