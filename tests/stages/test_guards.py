"""Guards: what looks wrong from outside stops a cycle, is one decision with its numbers, and waits for a name."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.core.model import Actor, Kind
from connector.errors import ExitCode
from connector.national import transport
from connector.store import marks, views
from tests.machine.world import AGENCY, Clock, Nation, World, key_of

INSPECTOR = Actor("thanh tra viên", "test")

CLOCK_TABLE = "CREATE TABLE gio (luc TEXT)"


@pytest.fixture(scope="module")
def nation() -> Iterator[Nation]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "PATIENCE_S", 0.0)
        made = Nation(Clock(), idempotent=True)
        yield made
        made.sandbox.close()


@pytest.fixture
def world(tmp_path: Path, nation: Nation) -> Iterator[World]:
    """Forty petitions, sent and received; the source has a clock of its own."""
    built = World(tmp_path, nation, workers=1)
    built.edit(CLOCK_TABLE)
    built.edit("INSERT INTO gio VALUES ('2026-03-02 08:00:00')")
    for number in range(1, 41):
        built.edit("INSERT INTO don VALUES (?, NULL, '2026-02-02', '1', 'A', NULL, 0, 0)", number)
    edit_file(built, "mapping.toml", 'system = "nho"', 'system = "nho"\nclock = "SELECT luc FROM gio"')
    bounds(built, "shrink_floor = 3\nidentity_limit = 2\nmapping_change_limit = 5\nfuture_limit = 1")
    built.sync()
    assert built.app.exit_code_of(AGENCY) is ExitCode.DONE
    yield built
    built.close()


def edit_file(world: World, name: str, old: str, new: str) -> None:
    """Edit a file of the mapping, as an administrator would; the program reads it at its next start."""
    path = world.folder / "mapping" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    world.reopen()


def bounds(world: World, lines: str) -> None:
    path = world.folder / "config.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("page_rows = 2", f"page_rows = 10\n{lines}"), encoding="utf-8")
    world.reopen()


def waiting(world: World) -> dict[str, Any]:
    """The guards that wait for a person, by name."""
    with world.app.store.read() as connection:
        return {guard.name: guard for guard in marks.open_guards(connection, AGENCY)}


def approve(world: World, plan: str) -> None:
    with world.app.store.write() as tx:
        marks.approve(tx, plan, INSPECTOR, "đã kiểm tra")


def versions(world: World) -> int:
    with world.app.store.read() as connection:
        return sum(line.version for line in views.lines(connection, AGENCY))


def ledger_of(world: World) -> str:
    """Everything the store holds, as one digest of its logical content."""
    with world.app.store.read() as connection:
        names = connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        ).scalars()
        rows = [(name, connection.exec_driver_sql(f'SELECT * FROM "{name}"').all()) for name in names.all()]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def assert_it_stops(world: World, name: str, total: int) -> str:
    """Assert that a dry run shows this guard and stores nothing, that a cycle stores it once and records nothing, and
    that no other cycle makes another decision of it; return its plan."""
    before = ledger_of(world)
    assert [(trip.name, trip.total) for trip in world.app.tripped(AGENCY)] == [(name, total)]
    assert ledger_of(world) == before
    recorded, sent = versions(world), len(world.sandbox.bodies())
    world.sync()
    guard = waiting(world)[name]
    assert guard.numbers["total"] == total
    assert world.app.exit_code_of(AGENCY) is ExitCode.PARTIAL
    world.sync()
    assert waiting(world)[name].plan == guard.plan
    assert (versions(world), len(world.sandbox.bodies())) == (recorded, sent)
    return str(guard.plan)


def test_an_emptied_source_is_believed_only_by_a_person(world: World) -> None:
    world.edit("DELETE FROM don")
    plan = assert_it_stops(world, "source_empty", 40)
    approve(world, plan)
    world.sync()
    assert waiting(world) == {}
    assert world.app.tripped(AGENCY) == ()


def test_a_guard_is_lifted_by_itself_when_the_source_is_back(world: World) -> None:
    world.edit("ALTER TABLE don RENAME TO xa")
    world.edit("CREATE TABLE don AS SELECT * FROM xa WHERE 0")
    world.sync()
    assert "source_empty" in waiting(world)
    world.edit("INSERT INTO don SELECT * FROM xa")
    world.sync()
    assert waiting(world) == {}
    assert world.app.exit_code_of(AGENCY) is ExitCode.DONE


def test_a_source_that_lost_a_fifth_stops_and_the_approval_is_used_up(world: World) -> None:
    world.edit("DELETE FROM don WHERE Id > 31")
    plan = assert_it_stops(world, "source_shrunk", 9)
    approve(world, plan)
    world.sync()
    assert waiting(world) == {}
    world.edit("DELETE FROM don WHERE Id > 22")  # as many again: another decision
    assert assert_it_stops(world, "source_shrunk", 9) != plan


@pytest.mark.parametrize("last", [37, 40])
def test_a_few_deleted_rows_stop_nothing(world: World, last: int) -> None:
    world.edit("DELETE FROM don WHERE Id > ?", last)
    world.sync()
    assert waiting(world) == {}


def test_a_source_clock_one_hour_back_stops_until_a_person_has_looked(world: World) -> None:
    world.edit("UPDATE gio SET luc = '2026-03-02 07:00:00'")
    world.edit("UPDATE don SET NoiDung = 'B' WHERE Id = 1")
    plan = assert_it_stops(world, "clock_back", 3_600)
    world.edit("UPDATE gio SET luc = '2026-03-02 07:10:00'")  # time goes on while somebody decides
    approve(world, plan)
    world.sync()
    assert waiting(world) == {}
    assert versions(world) == 41
    world.edit("UPDATE gio SET luc = '2026-03-02 07:08:00'")  # within the tolerance
    world.sync()
    assert waiting(world) == {}


def test_rows_dated_in_the_future_stop_unless_they_are_a_slip_of_the_pen(world: World) -> None:
    edit_file(world, "petition.toml", "[select]", '[source]\nchanged_at = "Ngay"\nfull_every_s = 0\n[select]')
    world.edit("UPDATE don SET Ngay = '2099-01-01' WHERE Id = 1")
    world.sync()
    assert waiting(world) == {}
    assert versions(world) == 41, "the row of 2099 is read"
    world.edit("UPDATE don SET Ngay = '2099-01-02' WHERE Id IN (2, 3)")
    plan = assert_it_stops(world, "future_rows", 3)
    approve(world, plan)
    world.sync()
    assert versions(world) == 43
    world.edit("UPDATE don SET Ngay = '2099-01-03' WHERE Id = 4")
    assert assert_it_stops(world, "future_rows", 4) != plan


def test_ids_that_came_back_on_other_records_change_nothing_before_approval(world: World) -> None:
    edit_file(world, "petition.toml", "[select]", '[source]\nidentity = ["Ngay", "IdTiep"]\n[select]')
    world.sync()
    world.edit("UPDATE don SET Ngay = '2026-02-11' WHERE Id IN (5, 25)")  # corrections by clerks
    world.sync()
    assert (waiting(world), versions(world)) == ({}, 42)
    world.edit("UPDATE don SET Ngay = '2026-02-12', NoiDung = 'C' WHERE Id > 20")
    recorded = versions(world)
    world.sync()
    guard = waiting(world)["ids_reused"]
    assert (guard.numbers["total"], guard.numbers["kinds"]) == (20, "petition")
    assert versions(world) == recorded
    approve(world, guard.plan)
    world.sync()
    assert (waiting(world), versions(world)) == ({}, recorded + 20)


# --- the mapping ----------------------------------------------------------------------------------------------------


def test_an_edited_mapping_makes_no_new_version_before_it_is_approved(world: World) -> None:
    edit_file(world, "codes/loai-don.toml", '1 = "complaint"', '1 = "recommendation_feedback"')
    plan = assert_it_stops(world, "mapping_change", 40)
    approve(world, plan)
    world.sync()
    assert waiting(world) == {}
    assert versions(world) == 80
    assert world.app.exit_code_of(AGENCY) is ExitCode.DONE


def test_an_approved_mapping_edited_again_is_another_plan(world: World) -> None:
    edit_file(world, "codes/loai-don.toml", '1 = "complaint"', '1 = "recommendation_feedback"')
    plan = assert_it_stops(world, "mapping_change", 40)
    approve(world, plan)
    edit_file(world, "codes/loai-don.toml", '1 = "recommendation_feedback"', '1 = "multiple_contents"')
    assert assert_it_stops(world, "mapping_change", 40) != plan


def test_a_mapping_edited_back_has_nothing_to_approve(world: World) -> None:
    edit_file(world, "codes/loai-don.toml", '1 = "complaint"', '1 = "recommendation_feedback"')
    world.sync()
    assert waiting(world)
    edit_file(world, "codes/loai-don.toml", '1 = "recommendation_feedback"', '1 = "complaint"')
    world.sync()
    assert (waiting(world), versions(world)) == ({}, 40)


def in_another_order(text: str) -> str:
    """The same file with the lines of its tables turned round."""
    head, *tables = text.split("\n[")
    turned = ["\n".join([table.splitlines()[0], *reversed(table.splitlines()[1:])]) for table in tables]
    return "\n[".join([head, *turned])


EMPTY_EDITS = [
    ("codes/loai-don.toml", in_another_order),
    ("codes/loai-don.toml", lambda text: text.replace("[map]", 'absent = ["99"]\n[map]')),
    ("codes/loai-don.toml", lambda text: text + '\n77 = "denunciation"\n'),
    (
        "petition.toml",
        lambda text: text.replace("NoiDung FROM", "NoiDung, GhiChu FROM") + '"/note" = { column = "GhiChu" }\n',
    ),
    ("mapping.toml", lambda text: text.replace("kinds", "# a remark\nkinds")),
]


@pytest.mark.parametrize(("name", "edit"), EMPTY_EDITS, ids=["order", "absent", "code", "empty field", "remark"])
def test_what_changes_no_document_sends_none(world: World, name: str, edit: Any) -> None:
    path = world.folder / "mapping" / name
    text = path.read_text(encoding="utf-8")
    assert edit(text) != text
    path.write_text(edit(text), encoding="utf-8")
    tomllib.loads(path.read_text(encoding="utf-8"))
    world.reopen()
    sent = len(world.sandbox.bodies())
    world.sync()
    assert (waiting(world), versions(world), len(world.sandbox.bodies())) == ({}, 40, sent)
    with world.app.store.read() as connection:
        assert views.lines(connection, AGENCY, key=key_of(Kind.PETITION, 1))[0].version == 1


def test_a_first_run_that_was_cut_short_is_no_changed_mapping(tmp_path: Path, nation: Nation) -> None:
    """Found by a kill between two kinds: the rest of the first run looked like kinds that an edit had added."""
    world = World(tmp_path, nation, workers=1)
    for number in range(1, 8):
        world.edit("INSERT INTO tiep VALUES (?, '2026-02-02', '1', 'A')", number)
        world.edit("INSERT INTO don VALUES (?, NULL, '2026-02-02', '1', 'A', NULL, 0, 0)", number)
    bounds(world, "mapping_change_limit = 5")
    running = world.stage("collect")
    next(counts for counts in running if "gone" in counts)  # the first kind has been read to its end
    running.close()
    world.reopen()
    world.run("collect")
    assert waiting(world) == {}
    assert versions(world) == 14
    world.close()
