"""The shipped Bến Tre mapping over the whole sample: every good row a document, every bad row one reason."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from connector.core.mapping import CompiledMapping
from connector.core.model import Kind
from connector.resources import shipped
from connector.sample.agency import SampleCounts, build, write_mapping
from connector.sample.edits import mark_secret, mend
from tests.sample.sweeping import AGENCY, Swept, changed, compiled, opened, sweep

SEED = 20231231
CANARY = "CHIMYEN7788"

GOOD = {
    Kind.RECEPTION: 332,
    Kind.PETITION: 700,
    Kind.ACCEPTANCE: 13,
    Kind.DECISION: 11,
    Kind.ENFORCEMENT: 6,
}


@pytest.fixture(scope="module")
def mapping(tmp_path_factory: pytest.TempPathFactory) -> CompiledMapping:
    """The sample agency's own mapping: the shipped one with the sample's codes."""
    return compiled(write_mapping(tmp_path_factory.mktemp("mapping") / "bentre"))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SampleCounts]:
    path = tmp_path_factory.mktemp("agency") / "agency.db"
    return path, build(path, SEED, agency=AGENCY, canary=CANARY)


@pytest.fixture(scope="module")
def swept(sample: tuple[Path, SampleCounts], mapping: CompiledMapping) -> Swept:
    print(f"seed {SEED}")  # noqa: T201 - shown when a test fails
    return sweep(sample[0], mapping)


def test_every_good_row_of_2023_gives_a_document(swept: Swept, sample: tuple[Path, SampleCounts]) -> None:
    counts = Counter(kind for kind, _ in swept.documents)
    handlings = sample[1].records[Kind.HANDLING] - 4  # two flaws, the draft's, the secret's; the orphan still maps
    assert counts == {**GOOD, Kind.HANDLING: handlings + 1}


def test_every_flaw_has_exactly_its_one_reason(swept: Swept, sample: tuple[Path, SampleCounts]) -> None:
    found = {
        (kind, local_id): [(problem.rule, problem.column) for problem in problems]
        for (kind, local_id), problems in swept.problems.items()
    }
    expected = {
        (flaw.kind, f"bentre:{flaw.key}"): [(flaw.rule, flaw.column)]
        for flaw in sample[1].flaws
        if flaw.rule != "parent_missing"
    }
    assert found == expected


def test_only_the_orphan_hangs_on_nothing(swept: Swept, sample: tuple[Path, SampleCounts]) -> None:
    known = {*swept.documents, *swept.problems}
    lost = [key for key, parent in swept.parents.items() if parent and parent not in known]
    orphans = [(flaw.kind, f"bentre:{flaw.key}") for flaw in sample[1].flaws if flaw.rule == "parent_missing"]
    assert lost == orphans
    good = [key for key, parent in swept.parents.items() if parent in swept.problems]
    assert good == []


def test_the_draft_is_excluded_and_the_secret_counted_each_with_what_hangs_on_it(swept: Swept) -> None:
    assert {kind: reasons for kind, reasons in swept.excluded.items() if any(reasons.values())} == {
        Kind.PETITION: {"draft": 1},
        Kind.HANDLING: {"draft": 1},
    }
    assert +swept.secret == {Kind.PETITION: 1, Kind.HANDLING: 1}
    assert swept.unexplained == 0


def test_the_documents_add_up_to_the_review_of_2023(swept: Swept) -> None:
    receptions, petitions = swept.of(Kind.RECEPTION), swept.of(Kind.PETITION)
    assert sum(body["person_count"] for body in receptions) == 534
    assert sum(body["is_large_group"] for body in receptions) == 12
    party = [body for body in receptions if body.get("receiver") == {"body_kind": "party"}]
    assert (len(party), sum(b["person_count"] for b in party), sum(b["case_count"] for b in party)) == (
        4,
        10,
        4,
    )
    types = {"complaint": 201, "denunciation": 50, "recommendation_feedback": 449}
    assert Counter(body["type"] for body in petitions) == types
    type_of = {body["local_id"]: body["type"] for body in petitions}
    within = {body["petition_ref"] for body in swept.of(Kind.HANDLING) if body.get("within_authority")}
    assert Counter(type_of[ref] for ref in within) == {"complaint": 12, "denunciation": 1}


def test_all_documents_of_the_sample_are_dated_in_2023_but_the_orphan(swept: Swept) -> None:
    days = {
        Kind.RECEPTION: "held_on",
        Kind.PETITION: "received_on",
        Kind.HANDLING: "handled_on",
        Kind.ACCEPTANCE: "decided_on",
        Kind.DECISION: "issued_on",
        Kind.ENFORCEMENT: "updated_on",
    }
    years = Counter(body[days[kind]][:4] for (kind, _), body in swept.documents.items())
    assert years["2024"] == 1
    assert set(years) == {"2023", "2024"}


def test_no_document_and_no_problem_holds_the_canary(swept: Swept) -> None:
    everything = json.dumps([*swept.documents.values()], ensure_ascii=False) + repr(swept.problems)
    assert CANARY not in everything
    concealed = Counter(kind for (kind, _), body in swept.documents.items() if "concealed" in body)
    assert concealed[Kind.PETITION] == 50
    assert all(concealed[kind] >= 1 for kind in Kind)


def test_a_named_denouncer_is_concealed_and_an_anonymous_one_stays_anonymous(swept: Swept) -> None:
    people = [
        person for body in swept.of(Kind.PETITION) if body["type"] == "denunciation" for person in body["petitioners"]
    ]
    assert Counter(person["disclosure"] for person in people).keys() == {"concealed", "anonymous"}
    assert all(set(person) <= {"kind", "role", "disclosure"} for person in people)


def test_a_petition_hangs_on_its_first_reception_and_a_reception_on_nothing(swept: Swept) -> None:
    brought = [parent for (kind, _), parent in swept.parents.items() if kind is Kind.PETITION and parent]
    assert len(brought) == 170
    assert all(parent is None for (kind, _), parent in swept.parents.items() if kind is Kind.RECEPTION)


def test_no_visit_names_more_citizens_than_persons_came(swept: Swept) -> None:
    assert [b["local_id"] for b in swept.of(Kind.RECEPTION) if len(b.get("citizens", [])) > b["person_count"]] == []


def test_in_2023_a_complaint_is_guided_and_anything_else_is_transferred(swept: Swept) -> None:
    type_of = {body["local_id"]: body["type"] for body in swept.of(Kind.PETITION)}
    seen = Counter((body["handling"], type_of.get(body["petition_ref"])) for body in swept.of(Kind.HANDLING))
    assert {type_ for handling, type_ in seen if handling == "guided"} == {"complaint"}
    transferred = {type_ for handling, type_ in seen if handling in {"transferred", "urged"}}
    assert transferred == {"denunciation", "recommendation_feedback", None}  # None: the orphan


def test_every_mended_flaw_gives_a_document(tmp_path: Path, mapping: CompiledMapping) -> None:
    path = tmp_path / "agency.db"
    counts = build(path, SEED, agency=AGENCY)
    for flaw in counts.flaws:
        mend(path, flaw)
    swept = sweep(path, mapping)
    assert swept.problems == {}
    assert all((flaw.kind, f"bentre:{flaw.key}") in swept.documents for flaw in counts.flaws)


def test_whatever_hangs_on_a_state_secret_is_counted_and_not_read(tmp_path: Path, mapping: CompiledMapping) -> None:
    path = tmp_path / "agency.db"
    build(path, SEED, agency=AGENCY)
    with sqlite3.connect(path) as connection:
        (enforced,) = connection.execute(
            """SELECT MIN(q.IdDonThu) FROM don_thu_thi_hanh_giai_quyet e
               JOIN don_thu_quyet_dinh_giai_quyet q ON q.IdQuyetDinhGiaiQuyet = e.IDQuyetDinhGiaiQuyet"""
        ).fetchone()
        brought, visits = connection.execute(
            "SELECT IdDonThu, COUNT(*) FROM so_tiep_cong_dan WHERE IdDonThu > 0 GROUP BY 1 ORDER BY 2 DESC"
        ).fetchone()
        connection.execute("UPDATE don_thu SET GanVuViec = ? WHERE IdDonThu = 699", (str(brought),))
    connection.close()
    for petition in (enforced, brought):
        mark_secret(path, petition)
    swept = sweep(path, mapping)
    assert visits == 2
    assert swept.secret[Kind.RECEPTION] == visits
    assert swept.secret[Kind.PETITION] == 1 + 2
    assert all(swept.secret[kind] == 1 for kind in (Kind.ACCEPTANCE, Kind.DECISION, Kind.ENFORCEMENT))
    assert "case_ref" not in swept.documents[Kind.PETITION, "bentre:699"]
    named = [body for body in swept.documents.values() if body.get("petition_ref") == f"bentre:{enforced}"]
    assert named == []


# --- who may be a denouncer


def classify(path: Path, table: str, key: int, code: str) -> None:
    changed(path, f"INSERT INTO {table} VALUES (?, ?)", key, code)


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    """The mapping's test rows: visit 1 brought complaint 1; 2 is a denunciation of somebody else, with a handling."""
    path = tmp_path / "golden.db"
    with opened(path) as connection:
        connection.executescript(shipped("mappings", "bentre", "tests", "rows.sql").read_text("utf-8"))
    connection.close()
    return path


def reasons(swept: Swept) -> dict[Kind, str]:
    """Why the first document of each kind is concealed, "" if it is not."""
    return {kind: swept.documents[kind, "bentre:1"].get("concealed", {}).get("reason", "") for kind in Kind}


def test_a_complaint_with_all_that_hangs_on_it_is_open(golden: Path, mapping: CompiledMapping) -> None:
    assert set(reasons(sweep(golden, mapping)).values()) == {""}


@pytest.mark.parametrize("code", ["TC.01.01", "tc.01.01", " TC.01.01", "TC", "PA.01"])
def test_a_visit_classified_as_something_besides_its_complaint_is_concealed(
    golden: Path, mapping: CompiledMapping, code: str
) -> None:
    classify(golden, "so_tiep_cong_dan_linh_vuc", 1, "KN.01.01.01")
    classify(golden, "so_tiep_cong_dan_linh_vuc", 1, code)
    visit = sweep(golden, mapping).documents[Kind.RECEPTION, "bentre:1"]
    assert visit["matter_type"] == "multiple_contents"
    assert visit["concealed"]["reason"] == "multiple_contents"
    assert "bồi thường" not in json.dumps(visit, ensure_ascii=False)
    assert all("full_name" not in citizen for citizen in visit["citizens"])
    assert "case_ref" not in visit


def test_a_visit_classified_as_a_denunciation_alone_is_concealed_though_its_petition_is_a_complaint(
    golden: Path, mapping: CompiledMapping
) -> None:
    classify(golden, "so_tiep_cong_dan_linh_vuc", 1, "TC.01.01")
    assert reasons(sweep(golden, mapping))[Kind.RECEPTION] == "multiple_contents"


def test_a_visit_classified_as_its_petition_is_stays_open(golden: Path, mapping: CompiledMapping) -> None:
    classify(golden, "so_tiep_cong_dan_linh_vuc", 1, "KN.01.02")
    visit = sweep(golden, mapping).documents[Kind.RECEPTION, "bentre:1"]
    assert (visit["matter_type"], visit["case_ref"], "concealed" in visit) == ("complaint", "bentre:1", False)


@pytest.mark.parametrize(
    ("code", "matter"),
    [("KN.01", "complaint"), ("TC.01", "denunciation"), ("PA.01", "recommendation_feedback"), ("?", None)],
)
def test_a_visit_without_a_petition_is_what_its_classification_says(
    golden: Path, mapping: CompiledMapping, code: str, matter: str | None
) -> None:
    changed(golden, "UPDATE so_tiep_cong_dan SET IdDonThu = 0")
    classify(golden, "so_tiep_cong_dan_linh_vuc", 1, code)
    visit = sweep(golden, mapping).documents[Kind.RECEPTION, "bentre:1"]
    assert visit.get("matter_type") == matter
    assert ("concealed" in visit) == (matter in {"denunciation", None})


def test_a_visit_about_an_unclassified_petition_is_no_more_open_than_the_petition(
    golden: Path, mapping: CompiledMapping
) -> None:
    classify(golden, "so_tiep_cong_dan_linh_vuc", 1, "KN.01")
    changed(golden, "UPDATE don_thu SET LoaiDonThu = NULL WHERE IdDonThu = 1")
    visit = sweep(golden, mapping).documents[Kind.RECEPTION, "bentre:1"]
    assert visit["concealed"]["reason"] == "unclassified"


@pytest.mark.parametrize("code", ["TC.01.01", "tc.01", " TC", "PA.01"])
def test_a_complaint_classified_as_something_else_too_is_concealed_with_all_that_hangs_on_it(
    golden: Path, mapping: CompiledMapping, code: str
) -> None:
    classify(golden, "don_thu_linh_vuc", 1, code)
    swept = sweep(golden, mapping)
    assert reasons(swept) == dict.fromkeys(Kind, "multiple_contents")
    assert swept.documents[Kind.PETITION, "bentre:1"]["type"] == "complaint"  # what the agency registered
    assert "MẪU MỘT" not in json.dumps([*swept.documents.values()], ensure_ascii=False)


def test_a_complaint_classified_as_a_denunciation_alone_is_concealed(golden: Path, mapping: CompiledMapping) -> None:
    changed(golden, "UPDATE don_thu_linh_vuc SET IdLinhVuc = 'TC.01' WHERE IdDonThu = 1 AND IdLinhVuc = 'KN'")
    changed(golden, "DELETE FROM don_thu_linh_vuc WHERE IdDonThu = 1 AND IdLinhVuc <> 'TC.01'")
    assert reasons(sweep(golden, mapping)) == dict.fromkeys(Kind, "multiple_contents")


def test_a_denunciation_refers_to_no_other_petition(golden: Path, mapping: CompiledMapping) -> None:
    assert "case_ref" not in sweep(golden, mapping).documents[Kind.PETITION, "bentre:2"]


def test_an_open_petition_refers_to_an_open_one_and_never_to_what_may_be_a_denunciation(
    golden: Path, mapping: CompiledMapping
) -> None:
    """Petition 3 stays open, and so does visit 2; petition 1, to which they refer, is less and less so."""
    complaint = "INSERT INTO don_thu (IdDonThu, NoiDungDonThu, LoaiDonThu, NgayNhanDon, GanVuViec)"
    changed(golden, f"{complaint} VALUES (3, 'Khiếu nại tiếp', 1, '2023-04-01', '1')")
    changed(golden, "INSERT INTO don_thu_thong_tin_don_thu (OrgChuyen, OrgNhan, IdDonThu) VALUES (20101, 20101, 3)")
    visit = "INSERT INTO so_tiep_cong_dan (IdSoTiepCongDan, IdDonThu, NoiDungTiepCongDan, NgayTiepCongDan, UserTCD)"
    changed(golden, f"{visit} VALUES (2, 1, 'Hỏi kết quả', '2023-04-01', 10)")

    def refers() -> tuple[bool, bool]:
        documents = sweep(golden, mapping).documents
        assert "concealed" not in documents[Kind.PETITION, "bentre:3"]
        return "case_ref" in documents[Kind.PETITION, "bentre:3"], "case_ref" in documents[Kind.RECEPTION, "bentre:2"]

    assert refers() == (True, True)
    classify(golden, "so_tiep_cong_dan_linh_vuc", 1, "TC.01")
    assert refers() == (False, False)
    changed(golden, "DELETE FROM so_tiep_cong_dan_linh_vuc")
    classify(golden, "don_thu_linh_vuc", 1, "TC.01")
    assert refers() == (False, False)
    changed(golden, "DELETE FROM don_thu_linh_vuc WHERE IdLinhVuc = 'TC.01'")
    for type_ in (2, 4, 5, None):
        changed(golden, "UPDATE don_thu SET LoaiDonThu = ? WHERE IdDonThu = 1", type_)
        assert "case_ref" not in sweep(golden, mapping).documents[Kind.PETITION, "bentre:3"], type_


def test_what_a_deleted_petition_leaves_behind_is_read_by_no_query(golden: Path, mapping: CompiledMapping) -> None:
    for table in ("so_tiep_cong_dan", "don_thu_ket_qua_xu_ly", "don_thu_quyet_dinh_thu_ly"):
        changed(golden, f"DELETE FROM {table}")
    changed(golden, "DELETE FROM don_thu WHERE IdDonThu = 1")
    assert sweep(golden, mapping).unexplained == 0


def test_a_scaled_agency_maps_without_a_problem(tmp_path: Path, mapping: CompiledMapping) -> None:
    path = tmp_path / "agency.db"
    counts = build(path, SEED, 300, agency=AGENCY)
    swept = sweep(path, mapping)
    assert swept.problems == {}
    assert Counter(kind for kind, _ in swept.documents) == counts.records
