"""Names of tables and columns: the same words however they are written, and how much a phrase explains of them."""

from __future__ import annotations

import pytest

from connector.core.names import EXACT, MOST, best, spelt_out, squashed, words_of
from connector.core.vocabulary import Vocabulary
from connector.loading import compiled_schemas
from connector.resources import field_names

VOCABULARY = Vocabulary.compile(field_names())


@pytest.mark.parametrize(
    "name",
    [
        "NgayNhanDon",
        "ngay_nhan_don",
        "ngaynhandon",
        "NGAY_NHAN_DON",
        "Ngày nhận đơn",
        "ngayNhanDon",
        "Nga\u0300y nhận đơn",
    ],
)
def test_one_name_in_every_spelling_is_the_same_words(name: str) -> None:
    assert squashed(name) == "ngaynhandon"
    (match, *_) = VOCABULARY.of_field("petition", "don", name)
    assert (match.pattern, match.score) == ("/received_on", EXACT)


def test_capitals_in_a_row_are_one_word_until_the_next_word_begins() -> None:
    assert words_of("SoCMND") == ("so", "cmnd")
    assert words_of("CQThiHanhID") == ("cq", "thi", "hanh", "id")
    assert spelt_out("so_QD") == "soquyetdinh"


def test_words_around_that_only_say_whose_it_is_spoil_nothing_and_others_do() -> None:
    words = {"/content": ("noi dung",)}
    (around,) = best("noi_dung_don_thu", words, ("don", "thu"))
    (other,) = best("noi_dung_ket_luan", words, ("don", "thu")) or (None,)
    assert around.score > MOST
    assert other is None or other.score < MOST


def test_a_phrase_must_begin_and_end_where_words_of_the_name_do() -> None:
    assert best("so_donvi", {"/local_no": ("so don",)}) == ()
    assert best("matinhcam", {"x": ("tinh",)}) == ()


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("ho_ten", "full_name"),
        ("HoVaTen", "full_name"),
        ("hoten", "full_name"),
        ("so_cmnd", "identity/number"),
        ("SoDinhDanhCaNhan", "identity/number"),
        ("diachinguoiviet", "address/line"),
        ("SDT", "phone"),
        ("MaXaPhuong", "address/commune_code"),
    ],
)
def test_fields_of_a_person_are_known_by_the_names_that_agencies_give_them(name: str, field: str) -> None:
    (match, *_) = VOCABULARY.of_person("/petitioners", name, inside=False)
    assert match.pattern == f"/petitioners/*/{field}"
    assert match.score >= EXACT - 0.05


def test_a_field_of_the_respondent_in_a_record_is_not_taken_for_the_petitioners() -> None:
    assert VOCABULARY.of_person("/petitioners", "diachidoituongbikhieunai", inside=True) == ()
    (match, *_) = VOCABULARY.of_person("/respondents", "nguoi_bi_to_cao", inside=True)
    assert match.pattern == "/respondents/*/full_name"
    assert VOCABULARY.of_person("/respondents", "ho_ten", inside=True) == ()


def test_every_field_of_the_vocabulary_is_one_of_its_kind_and_every_phrase_is_bare() -> None:
    schemas, _ = compiled_schemas()
    document = field_names()
    for kind, fields in VOCABULARY.fields.items():
        assert [pattern for pattern in fields if pattern not in schemas.fields(kind)] == []
    persons = schemas.fields("petition")
    assert [field for field in VOCABULARY.person if f"/petitioners/*/{field}" not in persons] == []
    phrases = [phrase for fields in document["fields"].values() for one in fields.values() for phrase in one]
    phrases += [phrase for group in ("tables", "person", "marks") for one in document[group].values() for phrase in one]
    assert [phrase for phrase in phrases if " ".join(words_of(phrase)) != phrase] == []
