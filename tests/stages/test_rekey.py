"""The local software is replaced, or gives new numbers: every record keeps the key that it was first sent under."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from connector.core.model import Kind
from connector.sandbox import Sandbox
from tests.cli.conftest import Said
from tests.crash import commits
from tests.crash.test_every_commit import Deaths
from tests.e2e.small_agency import MAPPING, SmallAgency
from tests.sources.workbooks import number, row, text, texts, xlsx
from tests.world import AGENCY, credentials

COUNT = 4
KINDS = (Kind.PETITION, Kind.HANDLING, Kind.ACCEPTANCE, Kind.DECISION, Kind.ENFORCEMENT)
WORDS = {Kind.PETITION: "Đơn", Kind.HANDLING: "xử lý đơn", Kind.ACCEPTANCE: "thụ lý"}
TURNED = {old: COUNT + 1 - old for old in range(1, COUNT + 1)}
"""The new software counts the petitions backwards: every new number is a former one of somebody else."""

NEW_NUMBERS = """
UPDATE don SET Id = -Id; UPDATE don SET Id = {sum} + Id;
UPDATE nguoi SET IdDon = {sum} - IdDon;
UPDATE xu_ly SET Id = Id + 900, IdDon = {sum} - IdDon;
UPDATE thu_ly SET Id = Id + 900, IdDon = {sum} - IdDon;
UPDATE quyet_dinh SET Id = Id + 900, IdThuLy = IdThuLy + 900;
UPDATE thi_hanh SET Id = Id + 900, IdQuyetDinh = IdQuyetDinh + 900;
"""


@pytest.fixture
def agency(tmp_path: Path) -> Iterator[SmallAgency]:
    """Four petitions, each with its steps, sent; a petition's day and way of receipt tell it from every other."""
    with Sandbox(credentials=credentials(), seed=11) as sandbox:
        made = SmallAgency(tmp_path, sandbox, national="create_idempotent = false\nabsent_after_s = 0")
        shutil.copytree(MAPPING, tmp_path / "mapping")
        text = made.config.read_text(encoding="utf-8").replace(str(MAPPING), "./mapping")
        made.config.write_text(text, encoding="utf-8")
        edit(made, "petition", "[select]", '[source]\nidentity = ["Ngay", "Nguon"]\n[select]')
        made.petitions(range(1, COUNT + 1))
        for number in range(1, COUNT + 1):
            made.sql("UPDATE don SET Ngay = ? WHERE Id = ?", f"2026-02-{number:02}", number)
            made.steps(number)
        assert made("sync").code == 0
        yield made


def edit(agency: SmallAgency, kind: str, before: str, after: str) -> None:
    path = agency.folder / "mapping" / f"{kind}.toml"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def nation(agency: SmallAgency) -> dict[Kind, list[tuple[str, int, str]]]:
    """Every record that the national side holds, with its version and digest."""
    return {
        kind: sorted((line.local_id, line.version, line.digest) for line in agency.sandbox.listed(AGENCY, kind))
        for kind in KINDS
    }


def list_of(agency: SmallAgency, rows: Sequence[tuple[object, object, object]], name: str = "ma.csv") -> str:
    path = agency.folder / name
    if name.endswith(".csv"):
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("Loại", "Mã cũ", "Mã mới"), *rows])
    else:
        made = [
            row(at, text(f"A{at}", str(kind)), number(f"B{at}", int(str(old))), number(f"C{at}", int(str(new))))
            for at, (kind, old, new) in enumerate(rows, 2)
        ]
        path.write_bytes(xlsx(texts(1, ("kind", "old", "new")), *made))
    return str(path)


def everything() -> list[tuple[object, object, object]]:
    rows: list[tuple[object, object, object]] = [("Đơn", old, new) for old, new in TURNED.items()]
    return rows + [(WORDS.get(kind, kind), n, n + 900) for kind in KINDS[1:] for n in range(1, COUNT + 1)]


def planned(agency: SmallAgency, *words: str) -> dict:
    return json.loads(agency("rekey", "plan", *words, "--json").out)


def approved(agency: SmallAgency, *words: str) -> Said:
    plan = planned(agency, *words)["plan"]
    return agency("rekey", "approve", plan, *words, "--reason", "thay phần mềm")


@pytest.mark.parametrize("name", ["ma.csv", "ma.xlsx"])
def test_numbers_that_all_changed_hands_send_nothing_and_lose_nothing(agency: SmallAgency, name: str) -> None:
    before = nation(agency)
    agency.sql(NEW_NUMBERS.format(sum=COUNT + 1))
    file = list_of(agency, everything(), name)
    plan = planned(agency, file)
    assert (plan["counts"], plan["refused"], plan["created"], plan["left"]) == ({"same": 5 * COUNT}, 0, 0, 0)
    done = agency("rekey", "approve", plan["plan"], file, "--reason", "thay phần mềm")
    assert done.code == 0, done.err
    for _ in range(3):  # two whole readings without a record would have it gone
        assert agency("sync").code == 0
    assert nation(agency) == before
    assert json.loads(agency("list", "--state", "gone", "--json").out)["records"] == []


def test_after_the_change_an_edit_and_a_new_record_reach_the_right_keys(agency: SmallAgency) -> None:
    before = nation(agency)
    agency.sql(NEW_NUMBERS.format(sum=COUNT + 1))
    assert approved(agency, list_of(agency, everything())).code == 0
    assert agency("sync").code == 0
    agency.sql("UPDATE don SET NoiDung = 'Khiếu nại, có bổ sung' WHERE Id = 4")  # the former number 1
    agency.petition(50)
    agency.steps(50)
    assert agency("sync").code == 0
    after = nation(agency)
    versions = {local_id: version for local_id, version, _ in after[Kind.PETITION]}
    assert versions == {"so:1": 2, "so:2": 1, "so:3": 1, "so:4": 1, "so:50": 1}
    for kind in KINDS[1:]:
        assert [each for each in after[kind] if not each[0].endswith(":50")] == before[kind]


def test_a_record_is_found_by_every_id_that_it_has_had(agency: SmallAgency) -> None:
    agency.sql(NEW_NUMBERS.format(sum=COUNT + 1))
    assert approved(agency, list_of(agency, everything())).code == 0
    assert agency("sync").code == 0
    for id_ in ("901", "so:901", "so:1", "1"):
        said = agency("explain", "xulydon", id_, lang="en")
        assert said.code == 0, said.err
        assert "so:1" in said.out
        assert "Id at the source so:901, since" in " ".join(said.out.split())
        assert "xu_ly.Id = 901" in said.out
    both = agency("explain", "don", "4", lang="en")  # a key, and what another record is called today
    assert both.code == 65
    assert "so:1" in both.err
    assert "so:4" in both.err
    found = json.loads(agency("explain", "don", "so:4", "--json").out)
    assert found["record"]["local_id"] == "so:4"
    assert [one["alias"] for one in found["aliases"]] == ["so:1"]
    assert agency("mapping", "preview", "xulydon", "901").code == 0
    log = json.loads(agency("audit", "log", "--json").out)
    assert "rekey.approved" in {entry["event"] for entry in log["entries"]}


def test_two_lines_that_were_swapped_stop_the_whole_plan(agency: SmallAgency) -> None:
    before = nation(agency)
    agency.sql(NEW_NUMBERS.format(sum=COUNT + 1))
    rows = everything()
    rows[0], rows[1] = ("Đơn", 1, TURNED[2]), ("Đơn", 2, TURNED[1])
    file = list_of(agency, rows)
    plan = planned(agency, file)
    # With the petitions, what hangs on them: a handling has no identity but the petition that it is of.
    assert plan["counts"]["mismatch"] == plan["refused"] == 6
    wrong = {(line["kind"], line["old"]) for line in plan["open"] if line["finding"] == "mismatch"}
    assert wrong == {(kind, old) for kind in ("petition", "handling", "acceptance") for old in ("1", "2")}
    told = agency("rekey", "plan", file, lang="en")
    assert told.code == 1
    assert "Petition 1 -> 3: another record" in told.out
    assert "cannot be approved" in told.out
    assert max(map(len, told.out.splitlines())) <= 80
    refused = agency("rekey", "approve", plan["plan"], file, "--reason", "r")
    assert (refused.code, "E-REKEY-REFUSED" in refused.err) == (65, True)
    assert agency("rekey", "approve", plan["plan"], file).code == 2  # no reason
    assert nation(agency) == before


def test_what_is_missing_doubled_or_in_the_way_is_told_by_name(agency: SmallAgency) -> None:
    agency.sql("UPDATE xu_ly SET Id = Id + 900 WHERE Id <= 2")
    rows = [("handling", 1, 901), ("handling", 1, 902), ("handling", 7, 903), ("handling", 3, 999), ("handling", 4, 3)]
    plan = planned(agency, list_of(agency, rows))
    assert {(line["old"], line["new"]): line["finding"] for line in plan["open"]} == {
        ("1", "901"): "ambiguous",
        ("1", "902"): "ambiguous",
        ("7", "903"): "no_old",
        ("3", "999"): "no_new",
        ("4", "3"): "mismatch",
    }
    plan = planned(agency, list_of(agency, [("handling", 1, 901), ("handling", 2, 3)]))
    assert {(line["old"], line["finding"]) for line in plan["open"]} == {("2", "taken")}
    plan = planned(agency, list_of(agency, [("handling", 1, 901)]))
    assert (plan["counts"], plan["created"], plan["left"], plan["refused"]) == ({"same": 1}, 1, 1, 0)


def test_a_plan_is_approved_only_as_it_was_seen(agency: SmallAgency) -> None:
    agency.sql(NEW_NUMBERS.format(sum=COUNT + 1))
    file = list_of(agency, everything())
    plan = planned(agency, file)["plan"]
    agency.sql("UPDATE don SET NoiDung = 'khác' WHERE Id = 1")
    now = planned(agency, file)
    assert (now["counts"], now["refused"]) == ({"same": 5 * COUNT - 1, "changed": 1}, 0)
    said = agency("rekey", "approve", plan, file, "--reason", "r")
    assert (said.code, "E-REKEY-OTHER" in said.err, now["plan"] in said.err) == (65, True, True)


def test_the_rows_of_the_new_software_may_say_the_former_id_themselves(agency: SmallAgency) -> None:
    """Another software under another name: its own numbers, its own name in every id, and a column with the old one."""
    before = nation(agency)
    agency.sql("ALTER TABLE don ADD COLUMN IdCu TEXT; UPDATE don SET IdCu = Id;" + NEW_NUMBERS.format(sum=COUNT + 1))
    head = agency.folder / "mapping" / "mapping.toml"
    head.write_text(head.read_text(encoding="utf-8").replace('source = "so"', 'source = "moi"'), encoding="utf-8")
    assert agency("rekey", "plan", "--column").code == 65
    previous = 'previous = { source = "so", columns = ["IdCu"] }\n'
    edit(agency, "petition", "[source]\n", f"[source]\n{previous}")
    edit(agency, "petition", "Nguon FROM", "Nguon, IdCu FROM")
    for kind, name in zip(KINDS[1:], "xtqe", strict=True):
        edit(agency, kind, "[select]", f"[source]\n{previous}[select]")
        edit(agency, kind, f"SELECT {name}.Id,", f"SELECT {name}.Id, {name}.Id - 900 AS IdCu,")
    plan = planned(agency, "--column")
    assert plan["counts"] == {"same": 5 * COUNT}
    assert approved(agency, "--column").code == 0
    assert agency("sync").code == 0
    assert nation(agency) == before


def test_no_death_while_a_plan_is_approved_takes_half_of_it(agency: SmallAgency) -> None:
    before = nation(agency)
    agency.sql(NEW_NUMBERS.format(sum=COUNT + 1))
    file = list_of(agency, everything())
    plan = planned(agency, file)["plan"]
    everywhere = {f"{caller} {moment}" for caller in commits.callers().values() for moment in commits.MOMENTS}
    mine = {f"cli/rekeying.py:approve#1 {moment}" for moment in commits.MOMENTS}
    deaths = Deaths(agency.config, everywhere - mine)
    deaths.through("rekey", "approve", plan, file, "--reason", "r", codes=(0,))
    assert deaths.has_died("cli/rekeying.py:approve#1")
    commits.verify(agency.folder)
    again = planned(agency, file)  # the same list says the same of what it has become
    assert (again["plan"], again["counts"]) == (plan, {"same": 5 * COUNT})
    assert agency("sync").code == 0
    assert nation(agency) == before


def test_a_second_change_of_software_leads_to_the_first_keys_too(agency: SmallAgency) -> None:
    before = nation(agency)
    agency.sql(NEW_NUMBERS.format(sum=COUNT + 1))
    assert approved(agency, list_of(agency, everything())).code == 0
    assert agency("sync").code == 0
    agency.sql("UPDATE don SET Id = Id + 70; UPDATE nguoi SET IdDon = IdDon + 70; UPDATE xu_ly SET IdDon = IdDon + 70;")
    agency.sql("UPDATE thu_ly SET IdDon = IdDon + 70;")
    plan = planned(agency, file := list_of(agency, [("don", n, n + 70) for n in TURNED]))
    assert (plan["refused"], plan["left"], plan["created"]) == (0, 0, 0)
    assert approved(agency, file).code == 0
    assert agency("sync").code == 0
    assert nation(agency) == before
    assert "so:74, since" in agency("explain", "don", "so:1", lang="en").out


def test_a_new_record_under_a_number_of_former_times_is_held_back_and_overwrites_nobody(agency: SmallAgency) -> None:
    before = nation(agency)
    agency.sql("UPDATE xu_ly SET Id = Id + 900")
    assert approved(agency, list_of(agency, [("xulydon", n, n + 900) for n in TURNED])).code == 0
    assert agency("sync").code == 0
    agency.sql("INSERT INTO xu_ly VALUES (2, 3, '2026-02-12', 'Việc khác', 0)")
    assert agency("sync").code == 1
    assert nation(agency) == before
    assert planned(agency, list_of(agency, [("xulydon", 1, 901)]))["taken"] == 1


def test_a_list_that_is_no_list_is_told_by_its_row(agency: SmallAgency) -> None:
    for written, id_ in (
        ("ma,so\n1,2\n", "E-REKEY-HEADING"),
        ("", "E-REKEY-HEADING"),
        ("loai,ma_cu,ma_moi\ndon,1,\n", "E-REKEY-ROW"),
        ("loai,ma_cu,ma_moi\nluot tiep,1,2\n", "E-REKEY-KIND"),
        ('loai,ma_cu,ma_moi\ndon,"1,2\n', "E-SOURCE-FILE-QUOTES"),
    ):
        path = agency.folder / "hong.csv"
        path.write_text(written, encoding="utf-8")
        said = agency("rekey", "plan", str(path))
        assert (said.code, id_ in said.err) == (65, True), (written, said.err)
    assert agency("rekey", "plan", str(agency.folder / "none.csv")).code == 65
    assert agency("rekey", "plan").code == 2
