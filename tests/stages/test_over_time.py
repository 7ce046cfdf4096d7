"""What one run cannot show: what a later edit, a changed rule or a lost ledger does to what was sent before."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.core import statuses
from connector.core.chain import digest
from connector.core.model import Actor, Delivery, Kind, Operation, State
from connector.errors import ExitCode
from connector.national import transport
from connector.resources import code_list_documents
from connector.sandbox import FaultRule
from connector.store import outbox, requests, stories, views
from connector.store.requests import Selection
from connector.store.views import Line
from tests.machine.world import AGENCY, Clock, Nation, World, key_of

NAME = "Người Tố Cáo Mẫu"
PETITION = key_of(Kind.PETITION, 1)
CLERK = Actor("cán bộ", "test")


@pytest.fixture
def nation(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nation]:
    monkeypatch.setattr(transport, "PATIENCE_S", 0.0)
    made = Nation(Clock(), idempotent=getattr(request, "param", True))
    yield made
    made.sandbox.close()


@pytest.fixture
def world(tmp_path: Path, nation: Nation) -> Iterator[World]:
    """A complaint with one named petitioner, and one handling of it."""
    built = World(tmp_path, nation, workers=1)
    built.edit("INSERT INTO don VALUES (1, NULL, '2026-02-02', '1', 'Nội dung', NULL, 0, 0)")
    built.edit("INSERT INTO nguoi VALUES (1, 1, ?)", NAME)
    built.edit("INSERT INTO xu_ly VALUES (1, 1, '2026-02-03', 'Tóm tắt của đơn')")
    yield built
    built.close()


def line(world: World, kind: Kind = Kind.PETITION) -> Line:
    with world.app.store.read() as connection:
        return views.lines(connection, AGENCY, key=key_of(kind, 1))[0]


def exposed(world: World) -> int:
    with world.app.store.read() as connection:
        return views.exposed_count(connection, AGENCY)


def change_of_newest(world: World) -> str:
    with world.app.store.read() as connection:
        context = world.app.context(AGENCY)
        story = stories.story(connection, PETITION, context.generation, context.capabilities)
    assert story is not None
    return str(story.versions[-1]["change_cause"])


def test_a_complaint_that_becomes_a_denunciation_is_concealed_and_what_was_given_away_is_listed(world: World) -> None:
    world.sync()
    assert any(NAME.encode() in body for body in world.sandbox.bodies())
    sent_before = len(world.sandbox.bodies())
    world.edit("UPDATE don SET Loai = '2' WHERE Id = 1")
    world.sync()
    later = world.sandbox.bodies()[sent_before:]
    assert later
    assert not any(NAME.encode() in body or "Tóm tắt".encode() in body for body in later)
    assert change_of_newest(world) == "reclassified"
    assert exposed(world) == 2  # the petition, and the handling with its summary
    assert world.app.exit_code_of(AGENCY) is ExitCode.PARTIAL
    for key in (PETITION, key_of(Kind.HANDLING, 1)):
        with world.app.store.write() as tx:
            requests.acknowledge(tx, key, CLERK, "đã đề nghị CSDLQG xóa bản cũ")
    assert exposed(world) == 0
    assert world.app.exit_code_of(AGENCY) is ExitCode.DONE


def test_a_policy_that_was_wrong_is_corrected_in_what_was_recorded_under_it(world: World) -> None:
    world.edit("UPDATE don SET Loai = '2' WHERE Id = 1")
    config = world.folder / "config.toml"
    concealing = config.read_text(encoding="utf-8")
    sending = concealing.replace(
        'mapping = "./mapping"', 'mapping = "./mapping"\ndenouncer_identity = "send"\nlegal_basis = "Luật mẫu"'
    )
    config.write_text(sending, encoding="utf-8")
    world.reopen()
    world.run("collect")
    config.write_text(concealing, encoding="utf-8")
    world.reopen()
    world.sync()
    assert line(world).state == State.DELIVERED
    assert not any(NAME.encode() in body for body in world.sandbox.bodies())


def test_what_hangs_on_a_concealed_paper_is_concealed_even_if_its_own_row_says_nothing(world: World) -> None:
    """The handling's own query is made to say "complaint" although its petition is a denunciation."""
    path = world.folder / "mapping" / "handling.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("d.Loai FROM", "'1' AS Loai FROM"), encoding="utf-8")
    world.reopen()
    world.sync()
    world.edit("UPDATE don SET Loai = '2' WHERE Id = 1")
    sent_before = len(world.sandbox.bodies())
    world.sync()
    assert line(world, Kind.HANDLING).version == 2
    assert not any("Tóm tắt".encode() in body for body in world.sandbox.bodies()[sent_before:])


def test_a_record_that_makes_the_gate_say_no_delays_no_other_for_good(world: World) -> None:
    for number in range(2, 12):
        world.edit("INSERT INTO don VALUES (?, NULL, '2026-02-02', '1', 'A', NULL, 0, 0)", number)
    world.nation.play([FaultRule("forbidden", local_id=PETITION.local_id)])
    for _ in range(6):
        world.sync()
        world.clock.advance(3_700)
    with world.app.store.read() as connection:
        counted = views.counts(connection, AGENCY)[Kind.PETITION]
    assert counted == {"delivered": 10, "pending": 1}


def test_a_conflict_stays_in_sight_behind_a_newer_version_and_can_be_looked_at_again(world: World) -> None:
    world.run("collect")
    body = b'{"agency_code":"H51.01","content":"x","local_id":"%s","received_on":"2026-01-01","type":"complaint"}'
    foreign = body % PETITION.local_id.encode()
    national = world.app.agency(AGENCY).national
    national.submit(Delivery(0, PETITION, Operation.PUT, 9, foreign, digest(foreign), 1))
    world.sync()
    assert (line(world).state, line(world).cause) == (State.UNKNOWN, "national_ahead")
    world.edit("UPDATE don SET NoiDung = 'Nội dung mới' WHERE Id = 1")
    world.sync()
    assert (line(world).version, line(world).state, line(world).cause) == (2, State.UNKNOWN, "national_ahead")
    assert world.app.exit_code_of(AGENCY) is ExitCode.PARTIAL
    world.ask(Selection(keys=(PETITION,)))
    world.sync()
    assert line(world).cause == "national_ahead"


def test_claims_of_a_push_that_broke_off_are_looked_for_by_the_next_one(world: World) -> None:
    world.run("collect")
    context = world.app.context(AGENCY)
    with world.app.store.write() as tx:
        claimed = outbox.claim(
            tx, AGENCY, context.generation, context.capabilities, owner=context.owner, lease_s=300, rows=5,
            body_bytes=1_000_000, actor=context.actor,
        )  # fmt: skip
    assert claimed
    world.sync()
    assert line(world).state == State.DELIVERED
    assert set(world.sandbox.effects().values()) == {1}


@pytest.mark.parametrize("nation", [False], indirect=True)
def test_a_lost_ledger_doubles_nothing_where_a_repeated_create_would_count_twice(world: World) -> None:
    world.sync()
    before = world.sandbox.effects()
    world._stack.close()
    shutil.rmtree(world.folder / "data")
    (world.folder / "data").mkdir()
    world.app = world._open(create=True)
    world.sync()
    assert world.sandbox.effects() == before
    assert line(world).state == State.DELIVERED


def test_the_statuses_we_know_are_those_of_the_code_list() -> None:
    listed = {code["code"] for code in code_list_documents()["national-status"]["codes"]}
    assert listed == statuses.KNOWN
