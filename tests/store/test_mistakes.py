"""What is held back, by what holds it."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import text

from connector.core.model import Kind, Problem, RecordKey
from connector.store import mistakes
from connector.store.mistakes import Group, Mistake
from connector.store.records import Reading
from tests.store.ledger import AGENCY, START, Clock, Ledger, key_of, reading

CODE, DATE = "E-MAP-CODE", "E-MAP-DATE"


def held(number: int, *problems: Problem, kind: Kind = Kind.PETITION) -> Reading:
    return Reading(key_of(number, kind), f"row-{number}", str(number), None, problems, concealed=False)


def field(at: int = 0, detail: str = "field") -> Problem:
    return Problem(f"/parts/{at}/field", CODE, "don.linh_vuc", detail)


def groups(ledger: Ledger) -> list[Group]:
    with ledger.store.read() as connection:
        return mistakes.groups(connection, AGENCY)


def test_records_with_the_same_mistake_are_one_group_wherever_in_a_list_it_stands(ledger: Ledger, clock: Clock) -> None:
    ledger.record(held(1, field(0)))
    clock.forward(60)
    ledger.record(held(2, field(3)), held(3, field(0), field(1)), held(4, Problem("/received_on", DATE, "don.ngay")))
    most, other = groups(ledger)
    assert most.mistake == Mistake(Kind.PETITION, "mapping", CODE, "/parts/*/field", "don.linh_vuc")
    assert (most.count, most.oldest, most.example) == (3, START, key_of(1))
    assert most.problem["detail"] == "field"
    assert (other.mistake.rule, other.count) == (DATE, 1)


def test_a_record_with_two_mistakes_counts_with_each(ledger: Ledger) -> None:
    ledger.record(held(1, field(), Problem("/received_on", DATE, "don.ngay")))
    assert [(group.mistake.rule, group.count) for group in groups(ledger)] == [(CODE, 1), (DATE, 1)]


def test_a_missing_parent_is_a_cause_without_problems(ledger: Ledger) -> None:
    ledger.record(reading(key_of(1, Kind.HANDLING), parent=key_of(9)))
    ledger.judge_parents(Kind.HANDLING)
    (group,) = groups(ledger)
    assert group.mistake == Mistake(Kind.HANDLING, "parent_missing")
    with ledger.store.read() as connection:
        (line,) = mistakes.of_mistake(connection, AGENCY, group.mistake)
    assert line.key == key_of(1, Kind.HANDLING)


def test_a_mended_record_leaves_its_group(ledger: Ledger) -> None:
    ledger.record(held(1, field()), held(2, field()))
    ledger.record(reading(key_of(1)))
    (group,) = groups(ledger)
    assert (group.count, group.example) == (1, key_of(2))


def test_the_records_of_a_mistake_are_paged_without_gap_or_repeat(ledger: Ledger) -> None:
    ledger.record(*(held(at, field(at % 3)) for at in range(1, 8)), held(8, Problem("/received_on", DATE, "don.ngay")))
    (wanted, _) = [group.mistake for group in groups(ledger)]
    found: list[RecordKey] = []
    after = 0
    with ledger.store.read() as connection:
        while page := mistakes.of_mistake(connection, AGENCY, wanted, after, limit=3):
            found += [line.key for line in page]
            after = page[-1].at
    assert found == [key_of(at) for at in range(1, 8)]
    with ledger.store.read() as connection:
        assert mistakes.of_mistake(connection, AGENCY, replace(wanted, column="x")) == []
        assert mistakes.of_mistake(connection, "H51.02", wanted) == []


def test_the_groups_are_read_from_their_index_alone(ledger: Ledger) -> None:
    with ledger.store.read() as connection:
        plan = connection.execute(
            text(
                "EXPLAIN QUERY PLAN SELECT kind, cause, problems, count(*), min(state_at), min(local_id) FROM delivery"
                " WHERE agency = 'x' AND state = 'quarantined' GROUP BY kind, cause, problems"
            )
        ).all()
    assert [row.detail for row in plan] == ["SEARCH delivery USING COVERING INDEX ix_delivery_quarantined (agency=?)"]
