"""Defects of secrecy that a hostile reader proved, each with its story: what the ledger knows, nobody sends around."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.core.model import Cause, Kind, State
from connector.errors import MappingError
from connector.national import transport
from connector.store import mirror, requests, stories, views
from connector.store.requests import Selection
from connector.store.tables import Delivery, MirrorStatus, ResyncItem, table_of
from connector.store.views import Line
from tests.machine.world import AGENCY, Clock, Nation, World, key_of

TEXT = "chuyện không ai được biết"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A sitting about a complaint, its petition and a handling: one row each, not read yet."""
    monkeypatch.setattr(transport, "PATIENCE_S", 0.0)
    nation = Nation(Clock(), idempotent=True)
    built = World(tmp_path, nation, workers=2)
    built.edit("INSERT INTO tiep VALUES (1, '2026-02-02', '1', 'A')")
    built.edit("INSERT INTO don VALUES (1, 1, '2026-02-02', '1', 'A', NULL, 0, 0)")
    built.edit("INSERT INTO xu_ly VALUES (1, 1, '2026-02-02', 'A')")
    yield built
    built.close()
    nation.sandbox.close()


def line(world: World, kind: Kind) -> Line:
    with world.app.store.read() as connection:
        return views.lines(connection, AGENCY, key=key_of(kind, 1))[0]


def exposed(world: World) -> set[Kind]:
    with world.app.store.read() as connection:
        return {one.key.kind for one in views.lines(connection, AGENCY, state=views.EXPOSED)}


def was_sent(world: World) -> bool:
    return any(TEXT.encode() in body for body in world.sandbox.bodies())


def break_off(world: World, stage: str = "collect") -> None:
    """A sweep that reads receptions and petitions, and then finds that the product's table has changed."""
    world.edit("ALTER TABLE xu_ly RENAME COLUMN Ngay TO NgayMoi")
    with pytest.raises(MappingError):
        world.run(stage)


# --- 1: a parent that is concealed stays so when its row goes bad ---------------------------------------------------


def test_what_hangs_on_a_denunciation_stays_concealed_while_the_denunciation_is_a_bad_row(world: World) -> None:
    """Only the newest version of the parent was asked, and a quarantined one said nothing of concealment: a typing
    mistake in the day of a denouncer's visit sent the petition that it had concealed out in clear."""
    world.edit("UPDATE tiep SET Loai = '2'")
    world.sync()
    world.edit("UPDATE tiep SET Ngay = '31/02/2026'")
    world.edit("UPDATE don SET NoiDung = ?", TEXT)
    world.sync()
    assert line(world, Kind.RECEPTION).state == State.QUARANTINED
    assert not was_sent(world)


def test_the_same_one_step_further_down_and_after_a_changed_mapping(world: World) -> None:
    world.edit("UPDATE tiep SET Loai = '2'")
    world.edit("UPDATE xu_ly SET TomTat = ?", TEXT)
    world.sync()
    world.edit("UPDATE don SET Ngay = '31/02/2026'")
    world.sync()
    world.edit_mapping()
    world.sync()
    assert line(world, Kind.PETITION).state == State.QUARANTINED
    assert not was_sent(world)


def test_what_hangs_on_a_paper_that_never_could_be_read_waits_concealed_and_goes_in_clear_once_it_can(
    world: World,
) -> None:
    """Nobody knows what a bad row will turn out to be. It is mended, and nothing else has changed at the source."""
    world.edit("UPDATE don SET Loai = 'khác', NoiDung = 'A'")
    world.edit("UPDATE xu_ly SET TomTat = ?", TEXT)
    world.sync()
    assert (line(world, Kind.PETITION).state, was_sent(world)) == (State.QUARANTINED, False)
    world.edit("UPDATE don SET Loai = '1'")
    world.sync()
    assert line(world, Kind.HANDLING).state == State.DELIVERED
    assert was_sent(world)


def test_an_unchanged_child_follows_its_parent_into_concealment_and_out_of_it(world: World) -> None:
    """Concealed by its parent, a child stayed so for ever: only its own row or the mapping could undo it."""
    world.edit("UPDATE tiep SET Loai = '2'")
    world.edit("UPDATE don SET NoiDung = ?", TEXT)
    world.sync()
    assert not was_sent(world)
    world.edit("UPDATE tiep SET Loai = '1'")
    world.sync()
    assert was_sent(world)
    before = line(world, Kind.PETITION).version
    world.sync()
    assert line(world, Kind.PETITION).version == before


# --- 2: what waits to be sent goes with its parent, also if the sweep breaks off ------------------------------------


@pytest.mark.parametrize(("mark", "cause"), [("Nhap", Cause.EXCLUDED), ("Mat", Cause.BECAME_SECRET)])
def test_a_waiting_child_is_set_aside_with_its_petition_though_the_sweep_never_came_to_it(
    world: World, mark: str, cause: Cause
) -> None:
    """The petition was a secret in the ledger, its handling still pending, and the petition's old receipt let it go."""
    world.edit("UPDATE xu_ly SET TomTat = ?", TEXT)
    world.pause("handling")
    world.sync()
    world.edit(f"UPDATE don SET {mark} = 1")
    break_off(world)
    world.resume("handling")
    world.run("push")
    assert not was_sent(world)
    assert (line(world, Kind.HANDLING).state, line(world, Kind.HANDLING).cause) == (State.NOT_SENT, cause)


@pytest.mark.parametrize("also_lost", [False, True])
def test_a_child_in_clear_is_held_back_when_its_grandparent_was_concealed_and_the_sweep_broke_off(
    world: World, also_lost: bool
) -> None:
    """The claim asked for the parent's receipt only. Here the visit turns out to be a denouncer's, the petition cannot
    be read any more, and the handling of before waits: it is held back until its own row was read again."""
    world.edit("UPDATE xu_ly SET TomTat = ?", TEXT)
    world.pause("handling")
    world.sync()
    if also_lost:
        world.resume("handling")
        world.claim_and_die()  # bytes may have left; the nation says they did not
        world.pause("handling")
    world.edit("UPDATE tiep SET Loai = '2'")
    world.edit("ALTER TABLE don RENAME COLUMN Ngay TO NgayMoi")
    with pytest.raises(MappingError):
        world.run("collect")
    world.resume("handling")
    for stage in ("push", "resolve", "push"):
        world.run(stage)
    assert not was_sent(world)
    assert (line(world, Kind.HANDLING).state, line(world, Kind.HANDLING).cause) == (State.QUARANTINED, Cause.GUARD)
    world.edit("ALTER TABLE don RENAME COLUMN NgayMoi TO Ngay")
    world.sync()
    assert line(world, Kind.HANDLING).state == State.DELIVERED
    assert not was_sent(world)


def test_what_was_held_back_goes_as_it_was_if_the_parent_turns_out_to_be_open_after_all(world: World) -> None:
    world.pause("handling")
    world.sync()
    world.edit("UPDATE don SET Loai = '2'")
    break_off(world)
    world.resume("handling")
    world.run("push")
    assert line(world, Kind.HANDLING).cause == Cause.GUARD
    world.edit("UPDATE don SET Loai = '1'")
    world.edit("ALTER TABLE xu_ly RENAME COLUMN NgayMoi TO Ngay")
    world.sync()
    assert line(world, Kind.HANDLING).state == State.DELIVERED


# --- 3: a resync that reads a secret --------------------------------------------------------------------------------


@pytest.mark.parametrize(("mark", "cause"), [("Nhap", Cause.EXCLUDED), ("Mat", Cause.BECAME_SECRET)])
@pytest.mark.parametrize("asked", [Kind.PETITION, Kind.HANDLING])
def test_a_resync_that_reads_a_secret_sets_aside_what_waits_to_be_sent(
    world: World, asked: Kind, mark: str, cause: Cause
) -> None:
    """It answered "gone from the source" and left the version in clear to the next push."""
    world.edit("UPDATE don SET NoiDung = ?", TEXT)
    world.edit("UPDATE xu_ly SET TomTat = ?", TEXT)
    world.pause("petition")
    world.sync()
    world.edit(f"UPDATE don SET {mark} = 1")
    world.ask(Selection(keys=(key_of(asked, 1),)))
    assert list(world.stage("resync")) == [{str(cause): 1}]
    assert line(world, asked).cause == cause
    if asked is Kind.PETITION:
        world.resume("petition")
        world.run("push")
        assert not was_sent(world)
        assert line(world, Kind.HANDLING).cause == cause


# --- 13: who is told ------------------------------------------------------------------------------------------------


def test_a_petition_reclassified_together_with_a_mistake_is_exposed_all_the_same(world: World) -> None:
    """It was quarantined for its day, and so nobody was told that the nation holds a denunciation in clear."""
    world.sync()
    world.edit("UPDATE don SET Loai = '2', Ngay = '31/02/2026'")
    world.sync()
    assert exposed(world) == {Kind.PETITION, Kind.HANDLING}


def test_a_denunciation_delivered_concealed_is_exposed_once_it_is_a_secret(world: World) -> None:
    """A state secret must not be held nationally in any form, and the run ended with "done"."""
    world.edit("UPDATE don SET Loai = '2'")
    world.sync()
    assert exposed(world) == set()
    world.edit("UPDATE don SET Mat = 1")
    world.sync()
    assert exposed(world) == {Kind.PETITION, Kind.HANDLING}
    assert world.app.exit_code_of(AGENCY) == 1


# --- 14: free text of a secret --------------------------------------------------------------------------------------


def test_the_free_text_of_a_record_that_became_a_secret_is_erased_and_none_comes_after_it(world: World) -> None:
    """Bodies went; what people had given as reasons and the nation's notes stayed, and new notes were taken in."""
    world.sync()
    key = key_of(Kind.PETITION, 1)
    world.edit("UPDATE don SET NoiDung = 'B'")
    with world.app.store.write() as tx:
        requests.ask(tx, AGENCY, [key], world.app.actor, TEXT)
    world.run("resync")
    world.run("push")
    world.sandbox.move(AGENCY, "petition", key.local_id, "returned_for_correction", TEXT)
    world.run("pull")
    with world.app.store.write() as tx:
        requests.acknowledge(tx, key, world.app.actor, TEXT)
        mirror.close_returned(tx, key, world.app.actor, TEXT)
    assert texts_of(world) > 0
    world.edit("UPDATE don SET Mat = 1")
    world.sync()
    world.sandbox.move(AGENCY, "petition", key.local_id, "returned_for_correction", TEXT)
    world.run("pull")
    assert texts_of(world) == 0
    with world.app.store.read() as connection:
        context = world.app.context(AGENCY)
        story = stories.story(connection, key, context.generation, context.capabilities)
    assert story is not None
    assert story.status is not None
    assert story.status["status"] == "returned_for_correction"


def texts_of(world: World) -> int:
    """How many values of the ledger hold the text."""
    with world.app.store.read() as connection:
        return sum(
            TEXT in str(value)
            for table in (Delivery, MirrorStatus, ResyncItem)
            for row in connection.execute(table_of(table).select())
            for value in row
        )
