"""What a document is found by: names and numbers that it says in clear, spelt as people type them."""

from __future__ import annotations

import pytest

from connector.core.schema import Schemas
from connector.core.seeking import Seeking, number_of
from connector.core.text import bare
from connector.resources import schema_documents


def seeking(kind: str = "petition") -> Seeking:
    return Seeking.of(Schemas.compile(schema_documents()).fields(kind))


@pytest.mark.parametrize(
    "written",
    ["Nguyễn Thị Hoà", "nguyễn thị hòa", "NGUYỄN  THỊ HOÀ", "nguyen thi hoa", "Nguye\u0302\u0303n Thi\u0323 Ho\u0300a"],
)
def test_a_name_is_one_however_it_is_typed(written: str) -> None:
    assert bare(written) == "nguyen thi hoa"


@pytest.mark.parametrize(("written", "key"), [("Đỗ Đức", "do duc"), ("ÐỖ ĐỨC", "do duc"), ("Dương/Ước", "duong uoc"),
                                              ("  ", ""), ("\ud800", ""), ("ab\u200bc", "abc")])  # fmt: skip
def test_a_search_key_is_blind_to_what_people_leave_out(written: str, key: str) -> None:
    assert bare(written) == key


@pytest.mark.parametrize("written", ["12/QĐ-UBND", "số 12/qđ-ubnd", "12-QD UBND", "Số  12 / QĐ - UBND"])
def test_a_papers_number_is_one_however_it_is_typed(written: str) -> None:
    assert number_of(written) == "#12qdubnd"


def test_the_words_of_one_name_belong_together() -> None:
    body = {
        "local_no": "214/2026",
        "petitioners": [{"full_name": "Trần Văn An"}, {"organisation": {"name": "Công ty Bình"}}],
        "respondents": [{"full_name": "Lê An"}],
    }
    found = seeking().words(body)
    assert (0, "#2142026") in found
    by_item = {frozenset(word for item, word in found if item == at) for at in {item for item, _ in found} - {0}}
    assert by_item == {frozenset({"tran", "van", "an"}), frozenset({"cong", "ty", "binh"}), frozenset({"le", "an"})}


def test_a_secret_field_and_an_unknown_one_give_no_words() -> None:
    body = {
        "protections": [{"decision_no": "7/QĐ", "full_name": "Trần Kín"}],
        "invented": {"full_name": "Lê Lạ"},
        "petitioners": {"full_name": "no list"},
        "local_no": 7,
    }
    for kind in ("petition", "acceptance"):
        assert seeking(kind).words(body) == ()


def test_a_document_of_many_names_gives_a_bounded_number_of_words() -> None:
    body = {"petitioners": [{"full_name": " ".join(f"t{at}x{n}" * 40 for n in range(40))} for at in range(500)]}
    found = seeking().words(body)
    assert len(found) == 100 * 12
    assert max(len(word) for _, word in found) == 64
