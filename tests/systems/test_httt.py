"""HTTT_KNTC on a real PostgreSQL: each of 5,000 records is delivered, left out by name, or waits for its cause."""

from __future__ import annotations

import secrets
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import make_url

from connector.core.model import Kind
from connector.sandbox import Sandbox
from tests.servers import Database, database
from tests.systems.httt_rows import CANARY, COMPLAINTS, DENUNCIATIONS, SEED, fill
from tests.systems.proof import (
    ROOM,
    Account,
    account,
    asked,
    national_counts,
    national_documents,
    own_mapping,
    prove_everything,
    same,
    working,
)
from tests.world import AGENCY, credentials, install

# What this installation settled: its areas of land are one field, and what a result means in the second round.
SETTLED = {
    "linh-vuc": """
name = "linh-vuc"
list = "field"
source = "Complains.linh_vuc"
absent = ["0", "2", "3", "4"]
[map]
1 = "admin.land_other"
""",
    "ket-qua": """
name = "ket-qua"
list = "decision-result"
source = "Complains.ket_qua_1"
absent = ["/1/1", "/1/2", "/2/1"]
[map]
"1/1/1" = "correct"
"2/1/1" = "partly_correct"
"3/1/1" = "incorrect"
"1/2/1" = "correct"
"2/2/1" = "partly_correct"
"3/2/1" = "incorrect"
"1/1/2" = "first_amended_or_annulled"
"3/1/2" = "first_upheld"
""",
}

RESULT = "Complains.ket_qua_1/2 | Denounces.ket_qua"

EXPECTED: Account = {
    (Kind.PETITION, "delivered"): 4_851,
    (Kind.PETITION, "secret"): 10 + 6,
    (Kind.PETITION, "excluded: lawsuit"): 60,
    (Kind.PETITION, "E-DOC-CONTENT Complains/Denounces.noi_dung_vu_viec"): 25,
    (Kind.PETITION, "E-DOC-LENGTH Complains/Denounces.noi_dung_vu_viec"): 3,
    (Kind.PETITION, "E-DOC-REQUIRED Complains/Denounces.thoi_gian_tiep_nhan"): 20 + 5,
    (Kind.PETITION, "E-MAP-DATE Complains/Denounces.thoi_gian_tiep_nhan"): 2,
    (Kind.PETITION, "E-MAP-CODE Complains/Denounces.linh_vuc"): 15 + 3,
    (Kind.ACCEPTANCE, "delivered"): 400 + 494 + 20 + 60 + 20,
    (Kind.ACCEPTANCE, "secret"): 6,
    (Kind.ACCEPTANCE, "excluded: not_accepted"): 900 + 60,
    (Kind.ACCEPTANCE, "E-DOC-REQUIRED bo_sung.ngay_thu_ly"): 30,
    (Kind.ACCEPTANCE, "E-MAP-CODE Denounces.trang_thai"): 10,
    # first rounds, second rounds, conclusions
    (Kind.DECISION, "delivered"): (990 + 100 + 120 + 200 + 80) + (134 + 30) + (494 + 60),
    (Kind.DECISION, "secret"): 5 + 6,
    (Kind.DECISION, "excluded: lawsuit"): 60 + 20 + 80,
    (Kind.DECISION, "excluded: undecided"): 300 + 100 + (900 + 400 + 15 + 60 + 10),
    (Kind.DECISION, "E-DOC-REQUIRED bo_sung.ngay_van_ban_1/2"): 40 + 20,
    (Kind.DECISION, f"E-DOC-REQUIRED {RESULT}"): 100 + 120,
    (Kind.DECISION, f"E-MAP-CODE {RESULT}"): 10 + 66 + 20,
    (Kind.DECISION, "E-MAP-CODE Complains.loai_khieu_nai_1/2"): 15 + 20,
    (Kind.DECISION, "waits for petition quarantined"): 5,
    (Kind.DECISION, "waits for acceptance quarantined"): 15,
}
"""Each number is a story of `httt_rows`, or a part of one."""


@dataclass(frozen=True, slots=True)
class Proof:
    """The whole job, done once: the source, what became of every row, and what the national side holds."""

    source: Database
    account: Counter[tuple[Kind, str]]
    counts: Counter[tuple[str, str]]
    held: dict[tuple[str, str], dict[str, Any]]
    sent: Sequence[bytes]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The documents of one kind that the national side holds."""
        return [body for (kind_, _), body in self.held.items() if kind_ == kind]


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proof]:
    print(f"seed {SEED}")  # noqa: T201 - shown when a test fails
    folder = tmp_path_factory.mktemp("httt")
    with database("postgresql", folder) as source, Sandbox(credentials=credentials(), seed=SEED) as sandbox:
        fill(source.engine)
        own_mapping("httt", folder, SETTLED)
        with login(source) as url:
            with working(install(folder, sandbox.base_url, system="httt", source=url, collect=ROOM)) as app:
                for _ in app.sync(AGENCY):
                    pass
                prove_everything(app, sandbox)
                ends = account(app)
            yield Proof(source, ends, national_counts(sandbox), national_documents(sandbox), sandbox.bodies())


@contextmanager
def login(source: Database) -> Iterator[str]:
    """Give the address by which somebody logs in who may read the product's tables and the view, and nothing else."""
    role = f"kntc_doc_{secrets.token_hex(6)}"
    tables = ('"Complains"', '"Denounces"', '"DocumentTypes"', '"FileAttachments"', "bo_sung")
    source.run(
        f"CREATE ROLE {role}",
        f'GRANT USAGE ON SCHEMA "KNTC" TO {role}',
        *(f'GRANT SELECT ON "KNTC".{table} TO {role}' for table in tables),
    )
    try:
        url = make_url(source.url).update_query_dict({"options": f"-c role={role}"})
        yield url.render_as_string(hide_password=False)
    finally:
        source.run(f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_there_are_five_thousand_records() -> None:
    stories = [*COMPLAINTS.values(), *DENUNCIATIONS.values()]
    assert sum(story.count for story in stories) == 5_000


def test_every_row_is_delivered_or_left_out_by_name_or_waits_for_its_cause(proof: Proof) -> None:
    same(proof.account, EXPECTED)


PETITIONS = """
SELECT 'complaint', COUNT(*) FROM "KNTC"."Complains" c
WHERE c."Id" NOT IN (SELECT id FROM van_thu.dau_mat WHERE loai = 1 AND muc > 0)
  AND (c.loai_khieu_nai_1 IS DISTINCT FROM 2 OR c.loai_khieu_nai_2 = 1)
  AND c.linh_vuc BETWEEN 0 AND 4 AND c.thoi_gian_tiep_nhan BETWEEN '1800-01-01' AND '2200-12-31'
  AND LENGTH(TRIM(E' \\r\\n' FROM c.noi_dung_vu_viec)) BETWEEN 1 AND 20000
UNION ALL
SELECT 'denunciation', COUNT(*) FROM "KNTC"."Denounces" t
WHERE t."Id" NOT IN (SELECT id FROM van_thu.dau_mat WHERE loai = 2) AND t.linh_vuc <= 4
"""
"""What is no secret, no lawsuit and whole."""

ACCEPTANCES = """
SELECT COUNT(*) FROM "KNTC"."Denounces" t
WHERE "quyet_dinh_thu_ly_GQTC" ~ '[0-9]' AND "ngay_QDGQTC" > '1800-01-01' AND trang_thai IS DISTINCT FROM 9
  AND NOT EXISTS (SELECT FROM van_thu.dau_mat m WHERE m.id = t."Id" AND m.loai = 2)
"""

DECISIONS = """
WITH lan AS (
  SELECT "Id", 1 AS lan, loai_khieu_nai_1 AS loai, 1 AS truoc, so_qd_1 AS so, ngay_tra_kq_1 AS ngay,
         ket_qua_1 AS ket_qua, thoi_gian_tiep_nhan FROM "KNTC"."Complains"
  UNION ALL
  SELECT "Id", 2, loai_khieu_nai_2, loai_khieu_nai_1, so_qd_2, ngay_tra_kq_2, ket_qua_2, thoi_gian_tiep_nhan
  FROM "KNTC"."Complains")
SELECT 'complaint', lan, COUNT(*) FROM lan
WHERE loai = 1 AND COALESCE(truoc, 1) <> 2 AND so ~ '[0-9]' AND ngay > '1800-01-01'
  AND thoi_gian_tiep_nhan > '1800-01-01'
  AND (ket_qua IN (1, 3) OR ket_qua = 2 AND lan = 1)
  AND NOT EXISTS (SELECT FROM van_thu.dau_mat m WHERE m.id = lan."Id" AND m.loai = 1 AND m.muc > 0)
GROUP BY lan
UNION ALL
SELECT 'denunciation', 1, COUNT(*) FROM "KNTC"."Denounces" t
WHERE "so_VB_KL_NDTC" ~ '[0-9]' AND "ngay_GQTC" > '1800-01-01' AND ket_qua <= 3
  AND ("quyet_dinh_thu_ly_GQTC" IS NULL OR "ngay_QDGQTC" > '1800-01-01')
  AND NOT EXISTS (SELECT FROM van_thu.dau_mat m WHERE m.id = t."Id" AND m.loai = 2)
"""


def test_the_national_side_holds_as_many_of_each_kind_and_type_as_the_source_counts(proof: Proof) -> None:
    engine = proof.source.engine
    expected: Counter[tuple[str, str]] = Counter()
    for type_, count in asked(engine, PETITIONS):
        expected["petition", type_] += count
    ((accepted,),) = asked(engine, ACCEPTANCES)
    expected["acceptance", "denunciation"] += accepted
    for type_, _, count in asked(engine, DECISIONS):
        expected["decision", type_] += count
    same(proof.counts, expected)


def test_each_round_of_a_complaint_is_a_decision_of_its_own(proof: Proof) -> None:
    expected = {
        (("kn_first", "kn_second")[round_ - 1], "decision"): count
        for type_, round_, count in asked(proof.source.engine, DECISIONS)
        if type_ == "complaint"
    }
    rounds = [body for body in proof.of("decision") if "kind" in body]
    same(Counter((body["kind"], body["form"]) for body in rounds), expected)
    results = {"correct", "partly_correct", "incorrect", "first_upheld", "first_amended_or_annulled"}
    assert {body["result"] for body in rounds} == results
    conclusions = [body for body in proof.of("decision") if body["form"] == "conclusion"]
    assert len(conclusions) == 554
    assert not any("kind" in body for body in conclusions)  # first or continued: nobody says


def test_no_petition_moves_to_another_day(proof: Proof) -> None:
    """Two in three came in the first or in the last second of a day, in local time without a zone."""
    days = """SELECT to_char(thoi_gian_tiep_nhan, 'YYYY-MM-DD'), COUNT(*) FROM "KNTC"."Denounces" t
        WHERE t."Id" NOT IN (SELECT id FROM van_thu.dau_mat WHERE loai = 2) AND linh_vuc <= 4 GROUP BY 1"""
    found = Counter(body["received_on"] for body in proof.of("petition") if body["type"] == "denunciation")
    same(found, dict(asked(proof.source.engine, days)))


def test_a_paper_goes_with_the_record_of_the_table_that_it_names(proof: Proof) -> None:
    expected = dict(
        asked(
            proof.source.engine,
            """SELECT 'httt:1/' || c."Id", COUNT(*) FROM "KNTC"."FileAttachments" f
               JOIN "KNTC"."Complains" c ON c."Id" = f.id_ho_so WHERE f.loai_vu_viec = 1 GROUP BY c."Id" """,
        )
    )
    found = {key: len(body["attachments"]) for (_, key), body in proof.held.items() if "attachments" in body}
    assert len(found) > 900
    assert found == {key: count for key, count in expected.items() if ("petition", key) in proof.held}


def test_dummies_are_nothing_and_names_that_say_so_are_anonymous(proof: Proof) -> None:
    people = [(body["type"], person) for body in proof.of("petition") for person in body["petitioners"]]
    assert len(people) == 4_851
    open_ = [person for type_, person in people if type_ == "complaint"]
    assert {person.get("born_on") for person in open_} == {None, "1970-05-04"}
    assert {person.get("disclosure") for person in open_} == {"named", "anonymous", None}
    assert not any("full_name" in person for person in open_ if person.get("disclosure") != "named")
    assert all(unicodedata.is_normalized("NFC", person.get("full_name", "")) for person in open_)
    assert {len(person.get("phone", "0123456789")) for person in open_} == {10}
    assert {person["identity"]["kind"] for person in open_ if "identity" in person} == {
        "personal_identification_number",
        "legacy_id",
    }
    denouncers = Counter(person["disclosure"] for type_, person in people if type_ == "denunciation")
    assert denouncers.keys() == {"concealed", "anonymous"}


def test_nothing_of_a_denouncer_or_a_secret_arrives(proof: Proof) -> None:
    assert [body for body in proof.sent if CANARY.encode() in body] == []
