"""Comparing ledger and nation: each finding against the real sandbox, and what an approved plan does about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.core.model import Kind
from connector.errors import DataError, RolledBackError
from connector.national import transport
from connector.sources import engines
from connector.store import audit, comparisons, records, views
from connector.store.requests import Selection
from tests.machine.world import AGENCY, START, Clock, Nation, World, key_of
from tests.machine.world import KINDS as SWEPT

REASON = "compared with the national website"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "PATIENCE_S", 0.0)
    monkeypatch.setattr(engines, "BUSY_S", 0.05)


@pytest.fixture(params=[True, False], ids=["idempotent", "careful"])
def world(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    """Three petitions with one handling each, delivered."""
    nation = Nation(Clock(), idempotent=request.param)
    built = World(tmp_path, nation, workers=2)
    for number in (1, 2, 3):
        built.edit("INSERT INTO don VALUES (?, NULL, '2026-02-02', '1', 'A', NULL, 0, 0)", number)
        built.edit("INSERT INTO xu_ly VALUES (?, ?, '2026-02-02', 'A')", number, number)
    built.sync()
    yield built
    built.close()
    nation.sandbox.close()


def compare(world: World) -> dict[str, str]:
    """Compare once; return the open findings by record, `finding/how/fix`."""
    for _ in world.app.reconcile(AGENCY):
        pass
    with world.app.store.read() as connection:
        run = comparisons.newest(connection, AGENCY)
        assert run is not None
        items = list(comparisons.items(connection, run.id))
    return {f"{item.kind} {item.local_id}": f"{item.finding}/{item.how}/{item.fix}" for item in items}


def plan(world: World) -> str:
    with world.app.store.read() as connection:
        run = comparisons.newest(connection, AGENCY)
    assert run is not None
    return str(run.plan)


def approve(world: World) -> dict[str, int]:
    total: Counter[str] = Counter()
    for counts in world.app.mend(AGENCY, plan(world), REASON):
        total.update(counts)
    return dict(total)


def verified(world: World) -> dict[Kind, object]:
    with world.app.store.read() as connection:
        return dict(comparisons.verified(connection, AGENCY))


def states(world: World) -> set[tuple[str, int, str]]:
    with world.app.store.read() as connection:
        return {
            (f"{line.key.kind} {line.key.local_id}", line.version, line.state)
            for line in views.lines(connection, AGENCY)
        }


def settle(world: World) -> None:
    """Two whole runs, with the time between that an absence must settle."""
    world.sync()
    world.clock.advance(120)
    world.sync()
    world.clock.advance(4000)
    world.sync()


def assert_no_double(world: World) -> None:
    assert set(world.sandbox.effects().values()) <= {1}


def test_what_agrees_is_confirmed_through_the_last_reading_of_the_source(world: World) -> None:
    assert compare(world) == {}
    assert plan(world) == ""
    through = verified(world)
    assert set(through) == set(SWEPT)
    assert through[Kind.PETITION] is not None
    assert through[Kind.PETITION] > START


def test_a_nation_restored_from_its_backup_is_given_again_what_it_lost_once_a_person_approves(world: World) -> None:
    backup = world.sandbox.snapshot()
    world.edit("INSERT INTO don VALUES (4, NULL, '2026-02-03', '1', 'A', NULL, 0, 0)")
    world.edit("INSERT INTO xu_ly VALUES (4, 4, '2026-02-03', 'A')")
    world.edit("UPDATE don SET NoiDung = 'B' WHERE Id = 1")
    world.clock.advance(10)
    world.sync()
    world.sandbox.restore(backup)
    assert compare(world) == {
        "petition nho:1": "differs/national_older/ask_again",
        "petition nho:4": "missing_remote//ask_again",
        "handling nho:4": "missing_remote//ask_again",
    }
    assert approve(world) == {"look": 3}
    settle(world)
    assert compare(world) == {}
    assert_no_double(world)
    assert {state for _, _, state in states(world)} == {"delivered"}
    held = world.sandbox.held(AGENCY, Kind.PETITION, "nho:1")
    assert held is not None
    assert held.version == 2


def test_nothing_is_sent_again_before_a_person_approves(world: World) -> None:
    world.sandbox.lose(AGENCY, Kind.PETITION, "nho:2")
    compare(world)
    before = len(world.sandbox.log())
    world.sync()
    assert not [line for line in world.sandbox.log()[before:] if line.method == "PUT"]


def test_only_the_newest_plan_can_be_approved_and_only_once(world: World) -> None:
    world.sandbox.lose(AGENCY, Kind.PETITION, "nho:2")
    compare(world)
    old = plan(world)
    world.sandbox.lose(AGENCY, Kind.PETITION, "nho:3")
    compare(world)
    with pytest.raises(DataError) as refused:
        list(world.app.mend(AGENCY, old, REASON))
    assert refused.value.id == "E-RECONCILE-PLAN"
    assert approve(world) == {"look": 2}
    with pytest.raises(DataError) as refused:
        approve(world)
    assert refused.value.id == "E-PLAN-DONE"


def test_a_record_that_changed_since_it_was_judged_is_left_alone(world: World) -> None:
    world.sandbox.lose(AGENCY, Kind.PETITION, "nho:2")
    world.sandbox.lose(AGENCY, Kind.PETITION, "nho:3")
    compare(world)
    world.edit("UPDATE don SET NoiDung = 'B' WHERE Id = 2")
    world.run("collect")
    assert approve(world) == {"changed": 1, "look": 1}


def test_a_key_that_nobody_here_knows_and_one_entered_by_hand_are_orphans_for_a_person(world: World) -> None:
    world.sandbox.enter(AGENCY, Kind.PETITION, "x", "nho:99")
    world.sandbox.enter(AGENCY, Kind.PETITION, "y")
    assert compare(world) == {
        "petition nho:99": "orphan/unknown_key/person",
        "petition ": "orphan/by_hand/person",
    }
    assert plan(world) == ""


def test_an_unconfirmed_record_holds_the_confirmation_back_to_its_own_time(world: World) -> None:
    world.clock.advance(100)
    world.edit("UPDATE don SET NoiDung = 'B' WHERE Id = 2")
    world.pause("petition")
    world.run("collect")
    recorded = world.clock()
    world.clock.advance(100)
    world.run("collect")
    assert compare(world) == {}
    through = verified(world)
    assert through[Kind.PETITION] < recorded < through[Kind.HANDLING]  # type: ignore[operator]


def test_a_national_version_that_we_do_not_know_is_taken_over_and_followed_by_ours(world: World) -> None:
    """A ledger copied back: the newest version of two records is forgotten, one of them edited again since."""
    world.copy_store()
    for number in (1, 2):
        world.edit("UPDATE don SET NoiDung = 'B' WHERE Id = ?", number)
    world.edit("INSERT INTO don VALUES (4, NULL, '2026-02-03', '1', 'A', NULL, 0, 0)")
    world.clock.advance(10)
    world.sync()
    world.edit("UPDATE don SET NoiDung = 'C' WHERE Id = 2")
    world.put_back_store()
    with pytest.raises(RolledBackError):
        world.reopen()
    world.reopen_to_compare()
    assert compare(world) == {
        "petition nho:1": "differs/national_newer/adopt",
        "petition nho:2": "differs/national_newer/adopt",
        "petition nho:4": "missing_local/forgotten/adopt",
    }
    with pytest.raises(RolledBackError):
        world.pause("petition")
    assert approve(world) == {"adopted": 3}
    world.reopen()
    settle(world)
    assert_no_double(world)
    found = states(world)
    assert {state for _, _, state in found} == {"delivered"}
    versions = {name: version for name, version, _ in found}
    assert (versions["petition nho:1"], versions["petition nho:2"], versions["petition nho:4"]) == (2, 3, 1)
    held = world.sandbox.held(AGENCY, Kind.PETITION, "nho:2")
    assert held is not None
    assert held.version == 3
    assert compare(world) == {}
    with world.app.store.read() as connection:
        _, fault = audit.verify(connection, AGENCY)
        assert fault is None
        assert len(audit.acceptances(connection, AGENCY)) == 1


def test_what_waited_when_the_store_was_copied_is_looked_for_and_not_sent_blindly(world: World) -> None:
    world.edit("UPDATE don SET NoiDung = 'B' WHERE Id = 1")
    world.run("collect")
    world.copy_store()
    world.sync()
    world.put_back_store()
    with pytest.raises(RolledBackError):
        world.reopen()
    world.reopen_to_compare()
    compare(world)
    assert approve(world) == {"doubted": 1}
    world.reopen()
    before = len(world.sandbox.log())
    settle(world)
    assert not [line for line in world.sandbox.log()[before:] if line.method == "PUT"]
    assert ("petition nho:1", 2, "delivered") in states(world)


def test_a_death_between_the_word_and_the_head_file_leaves_an_accepted_store(world: World) -> None:
    world.copy_store()
    world.edit("UPDATE don SET NoiDung = 'B' WHERE Id = 1")
    world.sync()
    world.put_back_store()
    with pytest.raises(RolledBackError):
        world.reopen()
    world.reopen_to_compare()
    compare(world)
    steps = world.app.mend(AGENCY, plan(world), REASON)
    head_file = world.app.store.heads.path(AGENCY)
    lost = head_file.read_bytes()
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    head_file.write_bytes(lost)  # as if it had died before the file was replaced
    world.reopen()
    assert head_file.read_bytes() != lost
    assert approve(world) == {}
    settle(world)
    assert_no_double(world)


def test_a_status_that_the_mirror_missed_is_taken_once_approved(world: World) -> None:
    world.sandbox.move(AGENCY, Kind.PETITION, "nho:1", "returned_for_correction")
    assert compare(world) == {"petition nho:1": "mirror_behind//take_status"}
    assert approve(world) == {"taken": 1}
    assert compare(world) == {}


def adopt_petition_4(world: World) -> None:
    """A ledger copied back knows nothing of petition 4, which the nation holds: its version is taken over."""
    world.copy_store()
    world.edit("INSERT INTO don VALUES (4, NULL, '2026-02-03', '1', 'A', NULL, 0, 0)")
    world.edit("INSERT INTO xu_ly VALUES (4, 4, '2026-02-03', 'A')")
    world.sync()
    world.put_back_store()
    with pytest.raises(RolledBackError):
        world.reopen()
    world.reopen_to_compare()
    compare(world)
    assert approve(world) == {"adopted": 2}
    world.reopen()


def test_what_hangs_on_a_record_that_was_taken_over_is_not_concealed_for_good(world: World) -> None:
    """It counted as concealed even after its row was read; its handling was sent again without what it says."""
    adopt_petition_4(world)
    settle(world)
    assert ("handling nho:4", 1, "delivered") in states(world)
    with world.app.store.read() as connection:
        found = records.known(connection, AGENCY, Kind.PETITION, ["nho:4"])
    assert not found["nho:4"].concealed
    assert compare(world) == {}


def test_a_record_that_was_taken_over_and_is_lost_there_is_put_again_as_asked(world: World) -> None:
    """We had no text of it, so it ended as a record that had become a secret, and its absence was for good."""
    adopt_petition_4(world)
    world.sync()
    world.sandbox.lose(AGENCY, Kind.PETITION, "nho:4")
    world.ask(Selection(keys=(key_of(Kind.PETITION, 4),)))
    world.run("resync")
    settle(world)
    assert ("petition nho:4", 1, "delivered") in states(world)
    assert compare(world) == {}
    assert_no_double(world)


def test_a_loss_of_a_record_that_was_taken_over_is_mended_by_a_plan(world: World) -> None:
    adopt_petition_4(world)
    settle(world)
    world.sandbox.lose(AGENCY, Kind.PETITION, "nho:4")
    assert compare(world) == {"petition nho:4": "missing_remote//ask_again"}
    assert approve(world) == {"look": 1}
    settle(world)
    assert compare(world) == {}
    assert_no_double(world)
