"""A record that its source has no more: believed after two finished sweeps, and then only what was decided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import orjson
import pytest

from connector.core.model import Actor, Kind, State
from connector.errors import ExitCode
from connector.national import transport
from connector.stages.collect import collect
from connector.store import books, tombstones, views
from tests.machine.world import AGENCY, KINDS, Clock, Nation, World, key_of

CLERK = Actor("cán bộ", "test")
KEY = key_of(Kind.PETITION, 2)


@pytest.fixture(scope="module")
def nation() -> Iterator[Nation]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "PATIENCE_S", 0.0)
        made = Nation(Clock(), idempotent=True)
        yield made
        made.sandbox.close()


@pytest.fixture
def world(tmp_path: Path, nation: Nation) -> Iterator[World]:
    """Five petitions, received."""
    built = World(tmp_path, nation, workers=1)
    for number in range(1, 6):
        built.edit("INSERT INTO don VALUES (?, NULL, '2026-02-02', '1', 'A', NULL, 0, 0)", number)
    built.sync()
    yield built
    built.close()


def sweep(world: World, gone: str = "keep", *, withdraws: bool = True) -> dict[str, int]:
    """One collect of a national side that can or cannot take records back; return its counts."""
    context = world.app.context(AGENCY)
    context = replace(context, capabilities=replace(context.capabilities, withdraws=withdraws))
    reader = replace(world.app.reader(AGENCY), gone=gone, gone_reason="căn cứ mẫu" if gone == "withdraw" else "")
    total: dict[str, int] = {}
    for counts in collect(context, reader):
        for name, count in counts.items():
            total[name] = total.get(name, 0) + count
    return total


def gone(world: World) -> dict[str, str]:
    with world.app.store.read() as connection:
        assert all(books.of(connection, AGENCY, kind).balanced for kind in KINDS)
        lines = views.lines(connection, AGENCY, state=views.GONE)
    return {line.key.local_id: line.gone for line in lines}


def delete(world: World) -> tuple[object, ...]:
    row = world.row(Kind.PETITION, 2)
    assert row is not None
    world.edit("DELETE FROM don WHERE Id = 2")
    return tuple(row)


def bring_back(world: World, row: tuple[object, ...]) -> None:
    world.edit(f"INSERT INTO don VALUES ({', '.join('?' * len(row))})", *row)


def newest(world: World) -> views.Line:
    with world.app.store.read() as connection:
        return views.lines(connection, AGENCY, key=KEY)[0]


def test_a_record_is_gone_after_two_finished_sweeps_and_kept_nationally(world: World) -> None:
    delete(world)
    sweep(world)
    assert gone(world) == {}
    assert sweep(world)["gone"] == 1
    assert gone(world) == {KEY.local_id: "keep"}
    assert newest(world).state == State.DELIVERED
    assert world.app.exit_code_of(AGENCY) is ExitCode.DONE
    assert sweep(world)["gone"] == 0


def test_an_interrupted_sweep_declares_nothing_gone(world: World) -> None:
    delete(world)
    sweep(world)
    for _ in range(3):
        running = world.stage("collect")
        list(islice(running, 3))
        running.close()
        world.reopen()
    assert gone(world) == {}
    sweep(world)
    assert gone(world) == {KEY.local_id: "keep"}


def test_a_record_seen_between_two_sweeps_is_not_gone(world: World) -> None:
    row = delete(world)
    sweep(world)
    bring_back(world, row)
    running = world.stage("collect")
    list(islice(running, 3))
    running.close()
    world.edit("DELETE FROM don WHERE Id = 2")
    sweep(world)
    assert gone(world) == {}


def test_an_edited_mapping_begins_the_count_anew(world: World) -> None:
    delete(world)
    sweep(world)
    world.edit_mapping()
    sweep(world)
    assert gone(world) == {}
    sweep(world)
    assert gone(world) == {KEY.local_id: "keep"}


def test_a_sweep_that_cannot_explain_every_row_declares_nothing_gone(world: World) -> None:
    delete(world)
    path = world.folder / "mapping" / "petition.toml"
    path.write_text(path.read_text("utf-8").replace("AND Nhap = 0 AND Mat = 0", "AND Id <> 3"), encoding="utf-8")
    world.reopen()
    for _ in range(3):
        for _ in world.app.collect(AGENCY):
            pass
    with world.app.store.read() as connection:
        assert views.lines(connection, AGENCY, state=views.GONE) == []


def test_a_record_that_comes_back_closes_its_tombstone_and_sends_nothing(world: World) -> None:
    row = delete(world)
    sweep(world)
    sweep(world)
    bring_back(world, row)
    assert sweep(world)["back"] == 1
    assert gone(world) == {}
    assert newest(world).version == 1


def test_a_withdrawn_record_that_comes_back_is_put_there_again(world: World) -> None:
    row = delete(world)
    sweep(world)
    sweep(world, "withdraw")
    assert gone(world) == {KEY.local_id: "withdraw"}
    assert (newest(world).version, newest(world).state) == (2, State.PENDING)
    bring_back(world, row)
    sweep(world, "withdraw")
    assert gone(world) == {}
    assert (newest(world).version, newest(world).state) == (3, State.PENDING)


def test_a_side_that_cannot_take_back_is_not_asked_to(world: World) -> None:
    delete(world)
    sweep(world)
    sweep(world, "withdraw", withdraws=False)
    assert (newest(world).state, newest(world).cause) == (State.NOT_SENT, "not_carried")


def test_what_was_never_sent_and_is_gone_is_not_sent(world: World) -> None:
    world.edit("INSERT INTO don VALUES (9, NULL, '2026-02-02', '1', 'A', NULL, 0, 0)")
    sweep(world)
    world.edit("DELETE FROM don WHERE Id = 9")
    sweep(world)
    sweep(world, "withdraw")
    with world.app.store.read() as connection:
        line = views.lines(connection, AGENCY, key=key_of(Kind.PETITION, 9))[0]
    assert (line.state, line.cause) == (State.NOT_SENT, "excluded")
    assert gone(world) == {"nho:9": "withdraw"}


def test_asking_makes_the_run_partial_until_a_person_has_decided(world: World) -> None:
    delete(world)
    sweep(world)
    sweep(world, "ask")
    assert gone(world) == {KEY.local_id: "ask"}
    assert world.app.exit_code_of(AGENCY) is ExitCode.PARTIAL
    with world.app.store.write() as tx:
        tombstones.decide(tx, KEY, "keep", CLERK, "hồ sơ giấy vẫn còn")
    assert gone(world) == {KEY.local_id: "keep"}
    assert world.app.exit_code_of(AGENCY) is ExitCode.DONE


def test_what_became_a_draft_or_a_secret_is_not_gone(world: World) -> None:
    world.edit("UPDATE don SET Nhap = 1 WHERE Id = 1")
    world.edit("UPDATE don SET Mat = 1 WHERE Id = 2")
    for _ in range(3):
        sweep(world, "withdraw")
    assert gone(world) == {}


def test_two_papers_merged_at_the_source_are_one_new_version_and_one_that_is_gone(world: World) -> None:
    world.edit("INSERT INTO nguoi VALUES (1, 1, 'Trần Thị A')")
    world.edit("INSERT INTO nguoi VALUES (2, 1, 'Lê Văn B')")
    world.edit("INSERT INTO xu_ly VALUES (7, 2, '2026-02-03', 'Tóm tắt')")
    world.sync()
    world.edit("UPDATE nguoi SET IdDon = 1, Stt = 2 WHERE IdDon = 2")
    world.edit("UPDATE xu_ly SET IdDon = 1 WHERE IdDon = 2")
    delete(world)
    sweep(world, "ask")
    sweep(world, "ask")
    world.run("push")
    assert gone(world) == {KEY.local_id: "ask"}
    kept, merged, handling = (
        world.sandbox.held(AGENCY, kind, f"nho:{number}")
        for kind, number in ((Kind.PETITION, 1), (Kind.PETITION, 2), (Kind.HANDLING, 7))
    )
    assert kept is not None
    assert merged is not None
    assert handling is not None
    assert (kept.version, handling.version) == (3, 2)
    assert (merged.version, merged.status) == (2, "received"), "nothing is taken back that nobody decided on"
    persons, papers = (orjson.loads(body) for body in world.sandbox.bodies()[-2:])
    assert [person["full_name"] for person in persons["petitioners"]] == ["Trần Thị A", "Lê Văn B"]
    assert papers["petition_ref"] == "nho:1"
