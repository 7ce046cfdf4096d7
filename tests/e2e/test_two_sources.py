"""One agency, several programs: nothing collides, nobody counts as gone by mistake, and one away holds no other."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from connector.app import App, open_app
from connector.config import load_config
from connector.core.file_tables import column_name
from connector.core.model import Actor, Kind
from connector.loading import compile_mappings, compiled_schemas, mapping_at
from connector.sandbox import Sandbox
from connector.store import books, marks
from connector.store.views import lines
from tests.cli.conftest import Said, kntc
from tests.cli.test_reception_book import BOOK as BOOK_FILE
from tests.cli.test_reception_book import SHEET, headings, template, visit
from tests.e2e.two_sources import BOOK, NEW, OLD, TABLES, Program, configure, write_mapping
from tests.servers import database
from tests.sources.workbooks import texts
from tests.world import AGENCY, OTHER, credentials


class Programs:
    """The agency, its programs, the connector over them, and the national side."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder, self.sandbox = folder, sandbox
        self.old, self.new = Program(folder / "cu.sqlite"), Program(folder / "moi.sqlite")
        write_mapping(folder, "cu")
        write_mapping(folder, "moi")
        self.over(OLD, NEW)

    def over(self, *sources: tuple[str, str, str], collect: str = "") -> None:
        """Let the connector read these sources from now on."""
        self.config = configure(self.folder, self.sandbox.base_url, *sources, collect=collect)

    def fill_book(self, *visits: dict[str, str]) -> None:
        names = [column_name(heading) for heading in headings()]
        rows = "".join(texts(at, [cells.get(name, "") for name in names]) for at, cells in enumerate(visits, 3))
        path = self.folder / "so" / BOOK_FILE
        path.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(io.BytesIO(template())) as old, zipfile.ZipFile(path, "w") as new:
            for part in old.namelist():
                content = old.read(part).decode()
                new.writestr(part, content.replace("</sheetData>", rows + "</sheetData>") if part == SHEET else content)
        at = time.time() - 60
        os.utime(path, (at, at))

    def __call__(self, *args: str) -> Said:
        return kntc("--config", self.config, "--lang", "en", *args)

    def open(self, stop: threading.Event | None = None) -> Any:
        return open_app(load_config(self.config), Actor("test", "test"), create=True, stop=stop)

    def held(self, kind: Kind = Kind.PETITION) -> set[str]:
        return {one.local_id for one in self.sandbox.listed(AGENCY, kind)}

    def body(self, kind: str, local_id: str) -> Any:
        return self.sandbox.held(AGENCY, kind, local_id)

    def gone(self) -> set[str]:
        with self.open() as app, app.store.read() as connection:
            return {line.key.local_id for line in lines(connection, AGENCY, state="gone")}

    def assert_balanced(self) -> dict[Kind, books.Books]:
        with self.open() as app, app.store.read() as connection:
            kinds = app.agency(AGENCY).mapping.kinds
            found = {kind: books.of(connection, AGENCY, kind) for kind in kinds}
        assert all(book.balanced for book in found.values()), found
        return found


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    with Sandbox(credentials=credentials(AGENCY, OTHER), seed=13) as sandbox:
        yield Programs(tmp_path, sandbox)


def numbered(source: str, *numbers: int) -> set[str]:
    return {f"{source}:{number}" for number in numbers}


# --- side by side


def test_two_programs_that_both_number_from_one_send_two_records_for_each_number_and_once(programs: Programs) -> None:
    programs.old.add(1, 2, 3)
    programs.new.add(1, 2)
    said = programs("sync")
    assert said.code == 0, said.out + said.err
    assert programs.held() == numbered("cu", 1, 2, 3) | numbered("moi", 1, 2)
    before = dict(programs.sandbox.effects())
    assert programs("sync").code == 0
    assert dict(programs.sandbox.effects()) == before
    book = programs.assert_balanced()[Kind.PETITION]
    assert (book.source, book.selected, book.current) == (5, 5, 5)


def test_what_the_programs_hold_what_they_leave_out_and_what_is_sent_add_up(programs: Programs) -> None:
    programs.old.add(*range(1, 8))
    programs.new.add(*range(1, 5))
    programs.old.sql("UPDATE don SET bo = 1 WHERE id = 7")
    programs.new.sql("UPDATE don SET bo = 1 WHERE id IN (1, 2)")
    programs.new.sql("UPDATE don SET loai = 9 WHERE id = 3")
    assert programs("sync").code == 1
    book = programs.assert_balanced()[Kind.PETITION]
    assert (book.source, book.selected, book.excluded, book.current) == (11, 8, 3, 8)
    assert programs.held() == numbered("cu", 1, 2, 3, 4, 5, 6) | numbered("moi", 4)


def test_a_row_deleted_in_one_program_is_gone_and_its_namesake_in_the_other_is_not(programs: Programs) -> None:
    programs.old.add(1, 2)
    programs.new.add(1, 2)
    assert programs("sync").code == 0
    programs.new.sql("DELETE FROM don WHERE id = 1")
    for _ in range(2):
        assert programs("collect").code == 0
    assert programs.gone() == {"moi:1"}
    programs.new.sql("INSERT INTO don VALUES (1, '2026-02-02', 1, 'Việc 1', NULL, NULL, 0)")
    assert programs("collect").code == 0
    assert programs.gone() == set()
    programs.assert_balanced()


def test_an_edit_in_one_program_is_a_new_version_of_its_own_record_only(programs: Programs) -> None:
    programs.old.add(1)
    programs.new.add(1)
    assert programs("sync").code == 0
    programs.new.sql("UPDATE don SET noi_dung = 'Khác' WHERE id = 1")
    assert programs("sync").code == 0
    assert programs.body("petition", "moi:1").version == 2
    assert programs.body("petition", "cu:1").version == 1


# --- one is away


def test_while_one_program_is_away_the_other_is_read_and_sent_and_nobody_counts_as_gone(programs: Programs) -> None:
    programs.old.add(1, 2)
    programs.new.add(1, 2)
    assert programs("sync").code == 0
    programs.old.away()
    programs.new.add(3)
    programs.new.sql("DELETE FROM don WHERE id = 2")
    for _ in range(3):
        said = programs("sync")
        assert said.code == 1, said.out + said.err
        assert "Source cu: " in said.err
        assert "E-SOURCE-CONNECT" in said.err
        assert "other sources were read" in " ".join(said.err.split())
        programs.assert_balanced()
    assert "moi:3" in programs.held()
    assert programs.gone() == set()
    assert "Source cu: " in programs("status").text
    programs.old.back()
    for _ in range(2):
        assert programs("sync").code == 0
    assert programs.gone() == {"moi:2"}
    programs.assert_balanced()


@pytest.mark.parametrize("away", ["old", "new"])
def test_a_first_run_with_one_program_away_takes_the_other_and_later_the_rest(programs: Programs, away: str) -> None:
    programs.old.add(1, 2)
    programs.new.add(1, 2)
    program = getattr(programs, away)
    program.away()
    assert programs("sync").code == 1
    here, there = ("moi", "cu") if away == "old" else ("cu", "moi")
    assert programs.held() == numbered(here, 1, 2)
    program.back()
    assert programs("sync").code == 0
    assert programs.held() == numbered(here, 1, 2) | numbered(there, 1, 2)
    programs.assert_balanced()


def test_with_all_programs_away_the_run_says_so_and_ends_as_with_one(programs: Programs) -> None:
    programs.old.add(1)
    programs.new.add(1)
    programs.old.away()
    programs.new.away()
    said = programs("sync")
    assert said.code == 69
    assert "other sources were read" not in said.err


def test_a_table_that_one_program_lacks_is_a_misfit_and_the_other_program_is_read(programs: Programs) -> None:
    programs.old.add(1)
    programs.new.add(1)
    assert programs("sync").code == 0
    programs.old.add(2)
    programs.new.sql("ALTER TABLE don RENAME TO don_cu")
    said = programs("sync")
    assert (said.code, "moi" in said.err) == (78, True)
    assert programs.held() == numbered("cu", 1, 2) | {"moi:1"}
    assert programs.gone() == set()


# --- guards see each source by itself


@pytest.mark.parametrize("emptied", ["old", "new"])
def test_one_program_that_is_suddenly_empty_stops_the_run_however_full_the_other_is(
    programs: Programs, emptied: str
) -> None:
    programs.old.add(*range(1, 6))
    programs.new.add(*range(1, 6))
    assert programs("sync").code == 0
    getattr(programs, emptied).sql("DELETE FROM don")
    for _ in range(2):
        said = programs("sync")
        assert said.code == 1
    assert "source_empty" in programs("status", "--json").out
    assert ("cu" if emptied == "old" else "moi") in programs("status").text
    assert programs.gone() == set()


def test_one_program_that_lost_most_of_its_rows_trips_though_the_sum_hardly_shrank(programs: Programs) -> None:
    programs.over(OLD, NEW, collect="shrink_floor = 2")
    programs.old.add(*range(1, 41))
    programs.new.add(*range(1, 6))
    assert programs("sync").code == 0
    programs.new.sql("DELETE FROM don WHERE id > 1")
    said = programs("sync")
    assert said.code == 1
    assert "Petition (moi)" in said.out
    (guard,) = programs("status", "--json").json["agencies"][0]["guards"]
    assert (guard["name"], guard["numbers"]["petition@moi"]) == ("source_shrunk", 4)
    assert programs("approve", guard["plan"], "--reason", "moved").code == 0
    assert programs("sync").code == 0


# --- a sweep that does not come to its end


def collect_until(app: App, enough: int, stop: threading.Event) -> None:
    """Collect until so many rows were read, then end as a process does that is told to stop."""
    read = 0
    for counts in app.collect(AGENCY):
        read += counts.get("read", 0)
        if read >= enough:
            stop.set()


def test_a_sweep_that_ends_between_two_programs_takes_nobody_for_gone_and_goes_on_the_next_time(
    programs: Programs,
) -> None:
    programs.old.add(1, 2, 3)
    programs.new.add(1, 2, 3)
    assert programs("sync").code == 0
    programs.old.add(4)
    programs.new.add(4)
    for _ in range(2):
        stop = threading.Event()
        with programs.open(stop) as app, app.stage_lock():
            collect_until(app, 4, stop)
    assert programs.gone() == set()
    assert programs("sync").code == 0
    assert programs.held() == numbered("cu", 1, 2, 3, 4) | numbered("moi", 1, 2, 3, 4)
    assert programs.gone() == set()
    programs.assert_balanced()


# --- from one source to two, and back


def pairs(programs: Programs) -> dict[str, tuple[Any, ...]]:
    """The fingerprint pair and version of every record."""
    with programs.open() as app, app.store.read() as connection:
        rows = connection.exec_driver_sql("SELECT local_id, row_fingerprint, mapping_digest, version FROM record")
        return {row[0]: tuple(row[1:]) for row in rows}


def test_a_second_source_maps_nothing_of_the_first_again_and_going_back_asks_before_anything_is_gone(
    programs: Programs,
) -> None:
    programs.over(OLD)
    programs.old.add(1, 2, 3)
    assert programs("sync").code == 0
    before = pairs(programs)
    programs.over(OLD, NEW)
    programs.new.add(1, 2)
    assert programs("sync").code == 0
    both = pairs(programs)
    assert {key: both[key] for key in before} == before
    assert programs.held() == numbered("cu", 1, 2, 3) | numbered("moi", 1, 2)
    programs.over(OLD)
    said = programs("sync")
    assert said.code == 1
    (guard,) = programs("status", "--json").json["agencies"][0]["guards"]
    assert (guard["name"], guard["numbers"]["petition@moi"]) == ("source_shrunk", 2)
    assert programs.gone() == set()
    assert programs("approve", guard["plan"], "--reason", "taken out of use").code == 0
    for _ in range(2):
        assert programs("sync").code == 0
    assert programs.gone() == numbered("moi", 1, 2)
    assert pairs(programs) == both
    programs.over(NEW, OLD)
    assert programs("sync").code == 0
    assert programs.gone() == set()
    assert pairs(programs) == both
    programs.assert_balanced()


def test_a_second_source_with_more_records_than_a_first_run_may_have_waits_for_a_person(programs: Programs) -> None:
    programs.over(OLD, collect="first_run_limit = 3")
    programs.old.add(1, 2, 3)
    assert programs("sync").code == 0
    programs.over(OLD, NEW, collect="first_run_limit = 3\nmapping_change_limit = 1")
    programs.new.add(1, 2, 3, 4)
    assert programs("sync").code == 1
    (guard,) = programs("status", "--json").json["agencies"][0]["guards"]
    assert (guard["name"], guard["numbers"]["petition@moi"]) == ("first_run", 4)
    assert programs.held() == numbered("cu", 1, 2, 3)
    assert programs("approve", guard["plan"], "--reason", "checked").code == 0
    assert programs("sync").code == 0
    assert programs.held() == numbered("cu", 1, 2, 3) | numbered("moi", 1, 2, 3, 4)


def make_older(programs: Programs) -> None:
    """Let the store say of its one source what stores said before sources had names."""
    with programs.open() as app, app.store.write() as tx:
        rows = tx.connection.exec_driver_sql("SELECT name, value FROM mark WHERE name LIKE 'source.%'").all()
        for name, value in rows:
            marks.forget(tx, AGENCY, name)
            if name == "source.seen":
                (seen,) = json.loads(value)["sources"].values()
                marks.advance(tx, AGENCY, name, json.dumps({"clock": seen["clock"], "counts": seen["counts"]}))
            else:
                marks.advance(tx, AGENCY, name.removesuffix(".cu"), value)


@pytest.mark.parametrize("further", [(), (NEW,)])
def test_a_store_from_before_goes_on_where_it_was_with_one_source_and_with_a_second_one(
    programs: Programs, further: tuple[tuple[str, str, str], ...]
) -> None:
    write_mapping(programs.folder, "cu", settings='changed_at = "sua"\nsettle_s = 0')
    programs.over(OLD)
    programs.old.add(1, 2, 3)
    assert programs("sync").code == 0
    before = pairs(programs)
    make_older(programs)
    programs.new.add(1)
    programs.over(OLD, *further, collect="first_run_limit = 2\nshrink_floor = 0")
    said = programs("sync", "--json")
    assert said.code == 0, said.out
    assert ("short" in said.json["agencies"][0]["stages"]["collect"]) is (not further)
    after = pairs(programs)
    assert {key: after[key] for key in before} == before
    programs.old.sql("DELETE FROM don WHERE id > 1")
    if not further:
        make_older(programs)
        write_mapping(programs.folder, "cu")  # which is read in full
    assert programs("sync").code == 1
    (guard,) = programs("status", "--json").json["agencies"][0]["guards"]
    assert (guard["name"], guard["numbers"]["petition@cu" if further else "petition"]) == ("source_shrunk", 2)


def test_records_of_an_old_program_go_on_under_their_first_keys_in_one_of_two_new_ones(programs: Programs) -> None:
    programs.over(OLD)
    programs.old.add(1, 2)
    assert programs("sync").code == 0
    programs.new.add(11, 12)
    for number in (11, 12):
        programs.new.sql(f"UPDATE don SET noi_dung = 'Việc {number - 10}' WHERE id = {number}")
        programs.new.sql(f"UPDATE nguoi SET ho_ten = 'Người Mẫu {number - 10}' WHERE id_don = {number}")
    programs.fill_book(visit("1", stt="1"))
    programs.over(BOOK, NEW)
    path = programs.folder / "ma-moi.csv"
    path.write_text("loai,ma_cu,ma_moi\ndon,1,11\ndon,cu:2,moi:12\n", "utf-8")
    plan = programs("rekey", "plan", str(path), "--json").json
    assert programs("rekey", "approve", plan["plan"], str(path), "--reason", "new program").code == 0
    guards = programs("sync", "--json").json["agencies"][0]["guards"]
    assert [guard["name"] for guard in guards] == ["source_shrunk"]  # the old program is configured no more
    assert programs("approve", guards[0]["plan"], "--reason", "all of it was taken over").code == 0
    for _ in range(3):
        assert programs("sync").code == 0
    assert programs.gone() == set()
    assert programs.held() == numbered("cu", 1, 2)
    assert {programs.body("petition", f"cu:{number}").version for number in (1, 2)} == {1}
    programs.new.sql("UPDATE don SET noi_dung = 'Khác' WHERE id = 12")
    assert programs("sync").code == 0
    assert programs.body("petition", "cu:2").version == 2
    assert "don.id = 12" in programs("explain", "petition", "cu:2").text
    assert programs("mapping", "preview", "petition", "moi:12").code == 0
    assert programs("resync", "petition/cu:1", "--reason", "asked").code == 0
    assert sum(programs("sync", "--json").json["agencies"][0]["stages"]["resync"].values()) == 1
    programs.assert_balanced()


def test_the_mapping_of_an_agency_with_one_source_is_that_of_the_source_itself(programs: Programs) -> None:
    programs.over(OLD)
    alone = mapping_at(programs.folder / "mappings" / "cu", *compiled_schemas())
    (mapping,) = compile_mappings(load_config(programs.config)).values()
    assert (mapping.digest, mapping.source, mapping.parts) == (alone.digest, "cu", ())


def test_a_changed_mapping_of_one_source_maps_the_rows_of_that_source_again_and_no_others(programs: Programs) -> None:
    programs.old.add(1)
    programs.new.add(1)
    assert programs("sync").code == 0
    before = pairs(programs)
    path = programs.folder / "mappings" / "moi" / "petition.toml"
    path.write_text(path.read_text("utf-8") + '"/signatories" = { constant = "one" }\n', "utf-8")
    assert programs("sync").code == 0
    after = pairs(programs)
    assert after["cu:1"] == before["cu:1"]
    assert after["moi:1"][1:] != before["moi:1"][1:]


# --- different kinds, and parents across


@pytest.fixture
def below_the_book(programs: Programs) -> Programs:
    """Receptions in the book, petitions in the new program; they name the visit at which they were handed in."""
    write_mapping(programs.folder, "moi", below_the_book=True)
    programs.over(BOOK, NEW)
    return programs


def test_a_petition_of_a_program_hangs_on_the_visit_in_the_book(below_the_book: Programs) -> None:
    below_the_book.fill_book(visit("2026-0001", stt="1"), visit("2026-0002", stt="2"))
    below_the_book.new.add(1, visit="2026-0001")
    below_the_book.new.add(2)
    assert below_the_book("sync").code == 0
    assert below_the_book.held(Kind.RECEPTION) == {"so-tcd:2026-0001", "so-tcd:2026-0002"}
    assert below_the_book.held() == numbered("moi", 1, 2)
    sent = b"".join(below_the_book.sandbox.bodies())
    assert b'"reception_ref":"so-tcd:2026-0001"' in sent
    assert {kind: book.source for kind, book in below_the_book.assert_balanced().items()} == {
        Kind.RECEPTION: 2,
        Kind.PETITION: 2,
    }


def test_a_visit_that_becomes_a_state_secret_takes_its_petition_in_the_other_program_along(
    below_the_book: Programs,
) -> None:
    below_the_book.fill_book(visit("1", stt="1"), visit("2", stt="2", dau_mat="Mật"))
    below_the_book.new.add(1, visit="1")
    below_the_book.new.add(2, visit="2", content="CHIMYEN")
    assert below_the_book("sync").code == 0
    assert below_the_book.held() == {"moi:1"}
    assert b"CHIMYEN" not in b"".join(below_the_book.sandbox.bodies())
    below_the_book.fill_book(visit("1", stt="1", dau_mat="Mật"), visit("2", stt="2", dau_mat="Mật"))
    below_the_book.new.sql("UPDATE don SET noi_dung = 'CHIMYEN' WHERE id = 1")
    below_the_book("sync")
    assert b"CHIMYEN" not in b"".join(below_the_book.sandbox.bodies())
    below_the_book.assert_balanced()


def test_a_denunciation_in_the_book_conceals_its_petition_in_the_other_program(below_the_book: Programs) -> None:
    below_the_book.fill_book(visit("1", stt="1", loai="TC"))
    below_the_book.new.add(1, visit="1", content="CHIMYEN")
    assert below_the_book("sync").code == 0
    assert below_the_book.held() == {"moi:1"}
    assert b"CHIMYEN" not in b"".join(below_the_book.sandbox.bodies())


def test_while_the_book_is_open_at_a_clerk_its_petitions_wait_and_those_of_another_program_do_not(
    below_the_book: Programs,
) -> None:
    below_the_book.over(BOOK, NEW, OLD)
    below_the_book.fill_book(visit("1", stt="1"))
    below_the_book.new.add(1, visit="1")
    below_the_book.old.add(1)
    lock = below_the_book.folder / "so" / f"~${BOOK_FILE}"
    lock.touch()
    said = below_the_book("sync")
    assert said.code == 1
    assert "Source so-tcd: " in said.err
    assert "E-SOURCE-FILE-LOCKED" in said.err
    assert below_the_book.held() == {"cu:1"}
    lock.unlink()
    assert below_the_book("sync").code == 0
    assert below_the_book.held() == {"cu:1", "moi:1"}
    below_the_book.assert_balanced()


# --- what a configuration may not say


def edited(programs: Programs, before: str, after: str) -> Said:
    text = programs.config.read_text("utf-8")
    assert before in text
    programs.config.write_text(text.replace(before, after, 1), "utf-8")
    return programs("check")


def test_two_sources_whose_keys_would_begin_alike_are_refused_by_name(programs: Programs) -> None:
    path = programs.folder / "mappings" / "moi" / "mapping.toml"
    path.write_text(path.read_text("utf-8").replace('source = "moi"', 'source = "cu"'), "utf-8")
    said = programs("check")
    assert said.code == 78
    assert "E-CFG-SOURCE-NAME" in said.out
    assert "agency.0.sources.1.mapping" in said.out


def test_one_database_read_twice_by_the_same_query_is_refused(programs: Programs) -> None:
    said = edited(programs, "moi.sqlite", "cu.sqlite")
    assert said.code == 78
    assert "E-CFG-SOURCE-TWICE" in said.out


def test_a_parent_in_a_source_that_the_agency_has_not_is_refused(below_the_book: Programs) -> None:
    below_the_book.over(OLD, NEW)
    said = below_the_book("check")
    assert said.code == 78
    assert "E-CFG-SOURCE-ASTRAY" in said.out
    below_the_book.over(NEW)
    assert "E-CFG-SOURCE-ASTRAY" in below_the_book("check").out


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ("[[agency.sources]]\nmapping", '[agency.source]\nurl = "sqlite:///x"\n[[agency.sources]]\nmapping', "sources"),
        ("evidence_key", 'mapping = "./mappings/cu"\nevidence_key', "sources"),
        ('mapping = "./mappings/moi"\n', "", "sources.1.mapping"),
        ('"./mappings/moi"', '"./mappings/none"', "sources.1.mapping"),
        ("moi.sqlite", "moi.sqlite?password=x", "sources.1.url"),
    ],
)
def test_mistakes_in_several_sources_are_told_at_their_place(
    programs: Programs, before: str, after: str, key: str
) -> None:
    said = edited(programs, before, after)
    assert said.code == 78
    assert f"agency.0.{key}" in said.out + said.err


def test_an_agency_may_not_share_a_program_of_another_one_unless_the_query_says_whose_rows(programs: Programs) -> None:
    programs.old.add(1)
    text = programs.config.read_text("utf-8")
    block = text[text.index("[[agency]]") :].replace(AGENCY, OTHER)
    alone = block.replace('[[agency.sources]]\nmapping = "./mappings/cu"\nurl = "sqlite:///cu.sqlite"\n', "")
    programs.config.write_text(f"{text}\n{alone}", "utf-8")
    said = programs("check")
    assert said.code == 78
    assert "E-CFG-SHARED-SOURCE" in said.out
    assert "agency.1.sources.0" in said.out


def test_a_record_that_an_agency_and_another_ones_second_source_both_select_is_sent_once(programs: Programs) -> None:
    path = programs.folder / "mappings" / "moi" / "petition.toml"
    text = path.read_text("utf-8").replace("bo = 0 AND", "bo = 0 AND :agency_code <> '' AND")
    path.write_text(text.replace("WHERE id > :lo", "WHERE :agency_code <> '' AND id > :lo"), "utf-8")
    programs.old.add(1)
    programs.new.add(1)
    config = programs.config.read_text("utf-8")
    block = config[config.index("[[agency]]") :].replace(AGENCY, OTHER)
    alone = block.replace('[[agency.sources]]\nmapping = "./mappings/cu"\nurl = "sqlite:///cu.sqlite"\n', "")
    programs.config.write_text(f"{config}\n{alone}", "utf-8")
    said = programs("sync")
    assert said.code == 78
    assert "E-CFG-OVERLAP" in said.err
    assert programs.held() == {"cu:1", "moi:1"}
    assert {one.local_id for one in programs.sandbox.listed(OTHER, Kind.PETITION)} == set()


# --- servers


@pytest.mark.parametrize("engine", ["postgresql", "mariadb"])
def test_a_server_and_a_file_stand_side_by_side(programs: Programs, engine: str, tmp_path: Path) -> None:
    with database(engine, tmp_path) as server:
        server.run(*(part for part in TABLES.replace("TEXT", "VARCHAR(100)").split(";") if part.strip()))
        for number in (1, 2):
            server.run(
                f"INSERT INTO don VALUES ({number}, '2026-02-02', 1, 'Việc {number}', NULL, NULL, 0)",
                f"INSERT INTO nguoi VALUES ({number}, 1, 'Người Mẫu {number}')",
            )
        programs.over(OLD, (NEW[0], passwordless(server.url), NEW[2]))
        programs.old.add(1, 2)
        assert programs("sync").code == 0
        assert programs.held() == numbered("cu", 1, 2) | numbered("moi", 1, 2)
        server.run("DELETE FROM don WHERE id = 2", "UPDATE don SET noi_dung = 'Khác' WHERE id = 1")
        for _ in range(2):
            assert programs("sync").code == 0
        assert programs.gone() == {"moi:2"}
        assert programs.body("petition", "moi:1").version == 2
        assert programs.body("petition", "cu:1").version == 1
        programs.assert_balanced()


def passwordless(url: str) -> str:
    """The address as a configuration may say it; the servers of tests let everybody in."""
    return make_url(url).set(password=None).render_as_string()


# --- what people ask


def test_a_record_of_either_program_is_explained_read_again_and_previewed_by_its_own_mapping(
    programs: Programs,
) -> None:
    path = programs.folder / "mappings" / "moi" / "petition.toml"
    path.write_text(path.read_text("utf-8").replace("noi_dung", "trich_yeu"), "utf-8")
    programs.new.sql("ALTER TABLE don RENAME COLUMN noi_dung TO trich_yeu")
    programs.old.add(1, content="Cũ")
    programs.new.add(1, content="Mới")
    assert programs("sync").code == 0
    for source, column in (("cu", "noi_dung"), ("moi", "trich_yeu")):
        said = programs("explain", "petition", f"{source}:1")
        assert said.code == 0, said.err
        assert f"({source})" in said.text
        assert f"don.{column}" in said.text
        said = programs("mapping", "preview", "petition", f"{source}:1")
        assert said.code == 0, said.err
        assert f"don.{column}" in said.text
    said = programs("mapping", "preview", "petition", "1")
    assert said.code == 65
    assert "cu:1, moi:1" in said.err
    programs.old.sql("UPDATE don SET noi_dung = 'Cũ, sửa' WHERE id = 1")
    programs.new.sql("UPDATE don SET trich_yeu = 'Mới, sửa' WHERE id = 1")
    for source in ("cu", "moi"):
        assert programs("resync", f"petition/{source}:1", "--reason", "asked").code == 0
    with programs.open() as app, app.stage_lock():
        assert [dict(counts) for counts in app.resync(AGENCY)] == [{"updated": 1}, {"updated": 1}]
        list(app.deliver(AGENCY))
    assert {programs.body("petition", f"{source}:1").version for source in ("cu", "moi")} == {2}
    before = pairs(programs)
    assert programs("sync").code == 0
    assert pairs(programs) == before


def test_what_was_asked_of_the_program_that_is_there_is_done_while_the_other_is_away(programs: Programs) -> None:
    programs.old.add(1)
    programs.new.add(1)
    assert programs("sync").code == 0
    for source in ("cu", "moi"):
        assert programs("resync", f"petition/{source}:1", "--reason", "asked").code == 0
    programs.old.away()
    done = programs("sync", "--json").json["agencies"][0]["stages"]["resync"]
    assert sum(done.values()) == 1
    programs.old.back()
    done = programs("sync", "--json").json["agencies"][0]["stages"]["resync"]
    assert sum(done.values()) == 1


def test_a_code_that_one_program_has_and_its_map_not_is_mended_in_the_map_of_that_program(programs: Programs) -> None:
    programs.old.add(1)
    programs.new.add(1)
    programs.old.sql("UPDATE don SET loai = 9")
    programs.new.sql("UPDATE don SET loai = 9")
    assert programs("sync").code == 1
    for source in ("cu", "moi"):
        assert f"mappings/{source}/codes/loai.toml" in programs("quarantine", "show", f"petition/{source}:1").text
    told = programs("quarantine", "codes", "--json").json["codes"]
    assert {one["code_map"] for one in told} == {"loai@cu", "loai@moi"}
    said = programs("quarantine", "codes").text
    assert all(f"mappings/{source}/codes/loai.toml" in said for source in ("cu", "moi"))


def test_coverage_tells_of_each_program_how_it_feeds_the_kind(programs: Programs) -> None:
    programs.old.add(1, 2)
    programs.new.add(1)
    said = programs("mapping", "coverage")
    assert said.code == 0, said.err
    assert "Petition (cu)" in said.text
    assert "Petition (moi)" in said.text
    kinds = programs("mapping", "coverage", "--json").json["agencies"][0]["kinds"]
    assert {kind: found["read"] for kind, found in kinds.items()} == {"petition@cu": 2, "petition@moi": 1}


def test_a_dry_run_shows_what_both_programs_would_bring_and_changes_nothing(programs: Programs) -> None:
    programs.old.add(1, 2)
    programs.new.add(1)
    assert programs("sync").code == 0
    programs.old.sql("UPDATE don SET noi_dung = 'Khác' WHERE id = 1")
    programs.new.add(2)
    before = pairs(programs)
    found = programs("sync", "--dry-run", "--json").json["agencies"][0]
    assert {change["key"]: change["what"] for change in found["changes"]} == {
        f"{AGENCY}/petition/cu:1": "update",
        f"{AGENCY}/petition/moi:2": "create",
    }
    assert pairs(programs) == before
    programs.old.away()
    said = programs("sync", "--dry-run")
    assert (said.code, "Source cu: " in said.err) == (1, True)
    assert "moi:2" in programs("sync", "--dry-run", "--json").out


# --- short readings


def test_short_readings_keep_a_place_in_each_program(programs: Programs) -> None:
    for name in ("cu", "moi"):
        write_mapping(programs.folder, name, settings='changed_at = "sua"\nsettle_s = 0')
    programs.old.add(1, 2)
    programs.new.add(1, 2)
    assert programs("sync").code == 0
    with sqlite3.connect(programs.folder / "cu.sqlite") as connection:
        connection.execute("UPDATE don SET noi_dung = 'Khác', sua = datetime('now', '+7 hours') WHERE id = 1")
    connection.close()
    programs.new.add(3, changed=time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + 7 * 3600)))
    said = programs("sync", "--json")
    counts = said.json["agencies"][0]["stages"]["collect"]
    assert (said.code, counts["created"], counts["updated"]) == (0, 1, 1)
    assert counts["short"] >= 2
    assert programs.held() == numbered("cu", 1, 2) | numbered("moi", 1, 2, 3)
    programs.old.away()
    programs.new.add(4, changed=time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + 7 * 3600)))
    assert programs("sync").code == 1
    assert "moi:4" in programs.held()
