"""Text of before Unicode is read as what was typed, or not at all; glibc's iconv is the judge of the tables."""

import subprocess
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.encodings import ENCODINGS, decoded
from connector.core.text import clean
from tests.names import names

SEED = 20261126
COUNT = 100_000


def iconv(raw: bytes, *, to: str = "", from_: str = "UTF-8") -> bytes:
    """What glibc makes of it. A machine without it cannot vouch for the tables: that is a failure, not a skip."""
    done = subprocess.run(["iconv", "-f", from_, "-t", to or "UTF-8"], input=raw, capture_output=True, check=True)
    return done.stdout


# --- TCVN3


def test_every_letter_of_tcvn3_is_the_one_that_glibc_knows():
    for code in (*range(0x20, 0x7F), *range(0xA0, 0xB0), *range(0xB5, 0x100)):
        assert decoded(bytes([code]), "tcvn3") == iconv(bytes([code]), from_="TCVN5712-1").decode(), hex(code)


def test_a_mark_of_tcvn3_joins_the_letter_before_it_as_in_glibc():
    for code in range(0xB0, 0xB5):
        raw = b"a" + bytes([code])
        assert decoded(raw, "tcvn3") == unicodedata.normalize("NFC", iconv(raw, from_="TCVN5712-1").decode())


def test_a_mark_that_belongs_to_no_letter_is_no_text():
    assert decoded("500m²", "tcvn3") is None  # in a TCVN3 font this is an m with a tilde: nobody typed that
    assert decoded(b"\xb3a", "tcvn3") is None
    assert decoded("c«ng v¨n n° 5", "tcvn3") is None


def test_the_soft_hyphen_of_other_encodings_is_a_letter_in_tcvn3():
    assert clean(decoded("L\u00adu V¨n H\u00ad¬ng", "tcvn3")) == "Lưu Văn Hương"
    assert clean("L\u00adu") == "Lu"  # as it is without the declaration


@pytest.mark.parametrize(
    "value",
    [
        "NguyÔn ThÞ B¶o Th¾ng",
        "NguyÔn ThÞ B¶o Th¾ng".encode("latin-1"),
        bytearray("NguyÔn ThÞ B¶o Th¾ng".encode("latin-1")),
        "NguyÔn ThÞ B¶o Th¾ng".encode("latin-1").decode("utf-8", "surrogateescape"),
    ],
)
def test_it_does_not_matter_how_the_driver_hands_the_bytes_over(value):
    assert decoded(value, "tcvn3") == "Nguyễn Thị Bảo Thắng"


def test_a_capital_font_is_read_in_capitals():
    assert decoded("nguyÔn b¶o", "tcvn3-upper") == "NGUYỄN BẢO"


def test_quotes_and_dashes_of_word_stay_what_they_are():
    assert decoded(b"\x93\xae\xac n\x94 \x96 \x85", "tcvn3") == "“đơ n” \u2013 …"
    assert decoded("“®¬n” \u2013 …", "tcvn3") == "“đơn” \u2013 …"
    assert decoded("“ñôn” \u2013 500 m²", "vni") == "“đơn” \u2013 500 m²"


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    "value",
    ["Nguyễn Thị Bảo", "Nguyễn Thị Bảo".encode(), "Nguyễn Thị Bảo".encode().decode("latin-1")],
)
def test_what_is_unicode_after_all_is_not_decoded(encoding, value):
    assert decoded(value, encoding) is None


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("value", [417, 1.5, True])
def test_what_is_no_text_has_no_encoding(encoding, value):
    assert decoded(value, encoding) is value


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(value=st.one_of(st.text(), st.binary(), st.text(st.characters(max_codepoint=255))))
def test_no_text_makes_decoding_raise_and_what_is_decoded_is_whole(encoding, value):
    found = decoded(value, encoding)
    if found is not None:
        assert unicodedata.is_normalized("NFC", found)
        found.encode()


# --- VNI


@pytest.mark.parametrize(
    ("stored", "meant"),
    [
        ("Nguyeãn Vaên Ñöùc", "Nguyễn Văn Đức"),
        ("Thò Höông Lyù Phaïm", "Thị Hương Lý Phạm"),
        ("khieáu naïi veà ñaát ñai", "khiếu nại về đất đai"),
        ("ÑÔN KHIEÁU NAÏI, TOÁ CAÙO", "ĐƠN KHIẾU NẠI, TỐ CÁO"),
        ("ngöôøi, tröôùc, röôïu, cuûa, kyõ, kyø, kî", "người, trước, rượu, của, kỹ, kỳ, kỵ"),
        ("chæ, nghó, thì, chí, bò, baèng, baèng, baët, laãn", "chỉ, nghĩ, thì, chí, bị, bằng, bằng, bặt, lẫn"),
    ],
)
def test_vni_is_read_longest_first(stored, meant):
    assert decoded(stored, "vni") == meant


@pytest.mark.parametrize("stored", ["bù", "ø", "aùù", "ça", "Nguyễn"])
def test_a_mark_of_vni_without_its_letter_is_no_text(stored):
    assert decoded(stored, "vni") is None


# --- one hundred thousand names


@pytest.fixture(scope="module")
def people():
    print("seed", SEED)  # noqa: T201 - a failure must name it
    return names(COUNT, SEED)


def in_vni(name: str) -> str:
    """A name as VNI fonts write it, worked out from its letters and marks, not from the table under test."""
    whole = dict(zip("đơưíìỉĩịỵĐƠƯÍÌỈĨỊỴ", "ñôöíìæóòîÑÔÖÍÌÆÓÒÎ", strict=True))
    tones = {"\u0301": "ùáé", "\u0300": "øàè", "\u0309": "ûåú", "\u0303": "õãü", "\u0323": "ïäë", "": " âê"}
    written = []
    for letter in name:
        if letter in whole or letter.isascii():
            written.append(whole.get(letter, letter))
            continue
        parts = unicodedata.normalize("NFD", letter)
        tone = next((part for part in parts if part in tones), "")
        hat = 1 if "\u0302" in parts else 2 if "\u0306" in parts else 0
        horned = unicodedata.normalize("NFC", parts[0] + "\u031b")
        base = whole[horned] if "\u031b" in parts else parts[0]
        mark = tones[tone][hat]
        written.append(base + (mark.upper() if letter.isupper() else mark))
    return "".join(written)


def test_a_name_in_unicode_stays_letter_by_letter_however_it_was_composed(people):
    text = "\n".join(people)
    for form in ("NFC", "NFD"):
        assert clean(unicodedata.normalize(form, text)) == text
    assert all(clean(name) == name for name in people)


def test_names_go_through_cp1258_and_come_back(people):
    raw = iconv("\n".join(people).encode(), to="CP1258").split(b"\n")
    for name, stored in zip(people, raw, strict=True):
        assert decoded(stored, "cp1258") == name
        assert decoded(stored.decode("latin-1"), "cp1258") == name


def test_names_go_through_vni_and_come_back(people):
    for name in people:
        assert decoded(in_vni(name), "vni") == name


def test_names_go_through_tcvn3_and_come_back(people):
    # Its fonts have no capitals with tones: they are small letters in a capital font, so the case is lost before us.
    kept = frozenset("ĂÂÊÔƠƯĐ")
    typed = ["".join(c if c.isascii() or c in kept else c.lower() for c in name) for name in people]
    raw = iconv("\n".join(typed).encode(), to="TCVN5712-1").split(b"\n")
    for name, whole, stored in zip(typed, people, raw, strict=True):
        assert decoded(stored, "tcvn3") == name
        assert decoded(stored.decode("latin-1"), "tcvn3-upper") == whole.upper()
