"""What outlives a run: the binding, positions, sweeps, guards, pauses."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from connector.core.model import Kind
from connector.errors import DataError
from connector.store import marks
from connector.store.marks import SweepCounts
from connector.store.tables import Sweep, table_of
from tests.store.ledger import ACTOR, AGENCY, TARGET, Clock, Ledger, undone


def test_binding_is_the_first_entry_of_an_agencys_log(ledger: Ledger) -> None:
    (bound,) = ledger.told()
    assert bound["event"] == "agency.bound"
    assert bound["facts"] == {"environment": "test", "profile": "decree55", "generation": 1}


def test_a_mark_is_moved_and_remembers_when(ledger: Ledger, clock: Clock) -> None:
    for cursor in ("c1", "c2"):
        clock.forward(10)
        with ledger.store.write() as tx:
            marks.advance(tx, AGENCY, "pull.cursor", cursor)
    with ledger.store.read() as connection:
        assert marks.mark_of(connection, AGENCY, "pull.cursor") == ("c2", clock.now)
        assert marks.mark_of(connection, AGENCY, "pull.last") is None
        assert marks.mark_of(connection, "H51.02", "pull.cursor") is None


def test_a_mark_goes_back_with_what_it_stands_for(ledger: Ledger) -> None:
    with undone(ledger.store) as tx:
        marks.advance(tx, AGENCY, "pull.cursor", "c1")
    with ledger.store.read() as connection:
        assert marks.mark_of(connection, AGENCY, "pull.cursor") is None


# --- sweeps ----------------------------------------------------------------------------------------------------------


def test_counts_of_pages_add_up() -> None:
    total = SweepCounts().plus(SweepCounts(10, 7, 1, 0, 0, {"draft": 2})).plus(SweepCounts(5, 3, 0, 1, 1, {"void": 1}))
    assert total == SweepCounts(15, 10, 1, 1, 1, {"draft": 2, "void": 1})


def test_only_a_finished_sweep_counts(ledger: Ledger) -> None:
    with ledger.store.write() as tx:
        first = marks.begin_sweep(tx, AGENCY, Kind.PETITION, "m1")
        marks.finish_sweep(tx, AGENCY, Kind.PETITION, first, SweepCounts(3, 2, 0, 0, 0, {"draft": 1}), ACTOR)
        marks.begin_sweep(tx, AGENCY, Kind.PETITION, "m1")
    with ledger.store.read() as connection:
        last = marks.last_sweep(connection, AGENCY, Kind.PETITION)
        assert last is not None
        assert (last.id, last.universe, last.selected, last.excluded) == (first, 3, 2, {"draft": 1})
        assert marks.last_sweep(connection, AGENCY, Kind.DECISION) is None
    (told,) = ledger.told("sweep.finished")
    assert told["facts"]["universe"] == 3


def test_old_sweeps_are_forgotten(ledger: Ledger) -> None:
    with ledger.store.write() as tx:
        for _ in range(1_005):
            sweep = marks.begin_sweep(tx, AGENCY, Kind.PETITION, "m1")
        marks.finish_sweep(tx, AGENCY, Kind.PETITION, sweep, SweepCounts(), ACTOR)
    with ledger.store.read() as connection:
        assert connection.execute(select(func.count()).select_from(table_of(Sweep))).scalar() == 1_000


# --- guards ----------------------------------------------------------------------------------------------------------


def test_a_tripped_guard_waits_for_a_named_person(ledger: Ledger) -> None:
    with ledger.store.write() as tx:
        marks.trip(tx, AGENCY, "first_run", "plan-1", {"petition": 900}, ACTOR)
    with ledger.store.read() as connection:
        (waiting,) = marks.open_guards(connection, AGENCY)
        assert (waiting.plan, waiting.numbers, waiting.approved_by) == ("plan-1", {"petition": 900}, None)
    with ledger.store.write() as tx:
        assert marks.approve(tx, "plan-1", ACTOR, "đã kiểm tra") == AGENCY
    with ledger.store.read() as connection:
        assert marks.open_guards(connection, AGENCY) == []
        (approved,) = marks.guards(connection, AGENCY, "first_run")
        assert (approved.approved_by, approved.approved_at) == (ACTOR.name, ledger.clock.now)
    assert [entry["event"] for entry in ledger.told()][1:] == ["guard.tripped", "guard.approved"]
    assert "đã kiểm tra" not in str(ledger.told())


def test_a_newer_plan_takes_the_place_of_one_that_nobody_approved(ledger: Ledger) -> None:
    with ledger.store.write() as tx:
        marks.trip(tx, AGENCY, "first_run", "plan-1", {"petition": 900}, ACTOR)
        marks.approve(tx, "plan-1", ACTOR, "được")
        marks.trip(tx, AGENCY, "first_run", "plan-2", {"petition": 901}, ACTOR)
        marks.trip(tx, AGENCY, "first_run", "plan-3", {"petition": 902}, ACTOR)
    with ledger.store.read() as connection:
        assert {guard.plan for guard in marks.guards(connection, AGENCY, "first_run")} == {"plan-1", "plan-3"}
        assert marks.guard_of(connection, "plan-2") is None


@pytest.mark.parametrize(("plan", "id_"), [("plan-1", "E-PLAN-DONE"), ("plan-9", "E-PLAN-UNKNOWN")])
def test_exactly_one_plan_is_approved_exactly_once(ledger: Ledger, plan: str, id_: str) -> None:
    with ledger.store.write() as tx:
        marks.trip(tx, AGENCY, "first_run", "plan-1", {}, ACTOR)
        marks.approve(tx, "plan-1", ACTOR, "được")
    with pytest.raises(DataError) as raised, ledger.store.write() as tx:
        marks.approve(tx, plan, ACTOR, "được")
    assert raised.value.id == id_


# --- pauses ----------------------------------------------------------------------------------------------------------


def test_a_pause_is_set_once_and_undone_once(ledger: Ledger) -> None:
    with ledger.store.write() as tx:
        assert marks.pause(tx, AGENCY, "petition", "", ACTOR, "chờ xác minh")
        assert not marks.pause(tx, AGENCY, "petition", "", ACTOR, "chờ xác minh")
        assert not marks.resume(tx, AGENCY, "", "", ACTOR, "xong")  # another scope
    with ledger.store.read() as connection:
        (pause,) = marks.pauses(connection, AGENCY)
        assert (pause.kind, pause.local_id, pause.by, pause.reason) == ("petition", "", ACTOR.name, "chờ xác minh")
    with ledger.store.write() as tx:
        assert marks.resume(tx, AGENCY, "petition", "", ACTOR, "xong")
        assert not marks.resume(tx, AGENCY, "petition", "", ACTOR, "xong")
    assert [entry["event"] for entry in ledger.told()][1:] == ["sending.paused", "sending.resumed"]
    assert "chờ" not in str(ledger.told())


def test_a_ledger_knows_the_target_it_belongs_to(ledger: Ledger) -> None:
    with ledger.store.read() as connection:
        assert marks.generation_of(connection, AGENCY, TARGET) == 1
