"""Defects of reading a source that a reader found, each with its story. What is fixed stays fixed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.core.model import Kind, State
from connector.errors import MappingError
from connector.national import transport
from connector.store import books, views
from connector.store.views import Line
from tests.machine.world import AGENCY, Clock, Nation, World, key_of

PARENT = """[parent]
kind = "reception"
columns = ["IdTiep"]
field = "/reception_ref"
"""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(transport, "PATIENCE_S", 0.0)
    nation = Nation(Clock(), idempotent=True)
    built = World(tmp_path, nation, workers=2)
    yield built
    built.close()
    nation.sandbox.close()


def change(world: World, file: str, *edits: tuple[str, str]) -> None:
    path = world.folder / "mapping" / file
    text = path.read_text(encoding="utf-8")
    for before, after in edits:
        assert before in text
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")
    world.reopen()


def line(world: World, kind: Kind, local_id: str) -> Line:
    with world.app.store.read() as connection:
        found = views.lines(connection, AGENCY, kind=kind)
    return next(one for one in found if one.key.local_id == local_id)


# --- one key on two pages --------------------------------------------------------------------------------------------


@pytest.fixture
def register(world: World) -> World:
    """Five receptions whose number in the register is their key; pages of two walk over another column."""
    world.edit("ALTER TABLE tiep ADD COLUMN So TEXT")
    change(world, "reception.toml", ('key = ["Id"]', 'key = ["So"]'), ("SELECT Id, Ngay", "SELECT Id, So, Ngay"))
    for number in range(1, 6):
        world.edit("INSERT INTO tiep VALUES (?, '2026-02-02', '1', ?, ?)", number, f"Việc {number}", f"K{number}")
    return world


def assert_one_bad_record(world: World) -> Line:
    with world.app.store.read() as connection:
        assert books.of(connection, AGENCY, Kind.RECEPTION).balanced
    found = line(world, Kind.RECEPTION, "nho:K1")
    assert (found.state, [problem["rule"] for problem in found.problems]) == ("quarantined", ["E-MAP-DUPLICATE-KEY"])
    return found


def test_one_key_on_two_pages_is_one_bad_record_and_stays_it(register: World) -> None:
    """Doubles were seen within a page only. Two rows took turns at being the one record: with every sweep two versions
    more, and one of them was sent, a correction of what nobody had corrected."""
    register.edit("UPDATE tiep SET So = 'K1' WHERE Id = 5")
    register.sync()
    first = assert_one_bad_record(register)
    register.sync()
    register.sync()
    assert assert_one_bad_record(register).version == first.version
    assert ("reception", "nho:K1") not in {effect[1:3] for effect in register.sandbox.effects()}


def test_two_equal_rows_of_one_key_on_two_pages_are_a_bad_record_too(register: World) -> None:
    register.sync()
    register.edit("UPDATE tiep SET So = 'K1', NoiDung = 'Việc 1' WHERE Id = 5")
    register.sync()
    assert_one_bad_record(register)


def test_a_double_goes_by_itself_once_one_of_the_two_has_got_another_key(register: World) -> None:
    register.edit("UPDATE tiep SET So = 'K1' WHERE Id = 5")
    register.sync()
    assert_one_bad_record(register)
    register.edit("UPDATE tiep SET So = 'K5' WHERE Id = 5")
    register.sync()
    for local_id in ("nho:K1", "nho:K5"):
        assert line(register, Kind.RECEPTION, local_id).state == State.DELIVERED


# --- one kind that cannot be read ------------------------------------------------------------------------------------


@pytest.fixture
def known(world: World) -> World:
    """One reception, petition and handling, delivered; then the receptions' table is gone, and the others change."""
    world.edit("INSERT INTO tiep VALUES (1, '2026-02-02', '1', 'A')")
    world.edit("INSERT INTO don VALUES (1, 1, '2026-02-02', '1', 'A', NULL, 0, 0)")
    world.edit("INSERT INTO xu_ly VALUES (1, 1, '2026-02-02', 'A')")
    world.sync()
    world.source.execute("ALTER TABLE tiep RENAME TO tiep_cu")
    world.edit("UPDATE don SET NoiDung = 'B'")
    world.edit("UPDATE xu_ly SET TomTat = 'B'")
    return world


def test_kinds_that_do_not_hang_on_a_kind_that_cannot_be_read_are_read(known: World) -> None:
    """One query that failed, of a table that was renamed, and no later kind of the agency was read again, for good."""
    change(known, "petition.toml", (PARENT, ""))
    with pytest.raises(MappingError) as raised:
        known.run("collect")
    assert "reception.toml" in str(raised.value.problems[0].values["file"])
    assert line(known, Kind.PETITION, "nho:1").version == 2
    assert line(known, Kind.HANDLING, "nho:1").version == 2


def test_what_hangs_on_a_kind_that_cannot_be_read_waits_with_it(known: World) -> None:
    with pytest.raises(MappingError):
        known.run("collect")
    assert line(known, Kind.HANDLING, "nho:1").version == 1
    known.source.execute("ALTER TABLE tiep_cu RENAME TO tiep")
    known.run("collect")
    assert line(known, Kind.HANDLING, "nho:1").version == 2
    assert line(known, Kind.RECEPTION, key_of(Kind.RECEPTION, 1).local_id).version == 1
