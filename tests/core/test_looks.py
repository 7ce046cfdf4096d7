"""A column's encoding is told from its words, as a share, without keeping one of them."""

import subprocess
from random import Random

import pytest

from connector.core.encodings import ENCODINGS
from connector.core.looks import Looks, looks_like
from connector.sample.people import person

SEED = 7788


def people(count=400):
    rng = Random(SEED)
    return [person(rng, number).full_name for number in range(count)]


def iconv(texts, to):
    done = subprocess.run(
        ["iconv", "-f", "UTF-8", "-t", to], input="\n".join(texts).encode(), capture_output=True, check=True
    )
    return done.stdout.split(b"\n")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Nguyễn Thị Mẫu", "unicode"),
        ("Lê", "unicode"),
        ("Khiếu nại quyết định thu hồi 500m² đất, đề nghị giải quyết", "unicode"),
        ("12/QĐ-UBND", "unicode"),
        ("12/Q§-UBND", "tcvn3"),
        ("12/QÑ-UBND", "vni"),
        ("NguyÔn ThÞ MÉu", "tcvn3"),
        ("§¬n khiÕu n¹i quyÕt ®Þnh thu håi ®Êt", "tcvn3"),
        ("§¬n khiÕu n¹i".encode("latin-1"), "tcvn3"),
        ("Nguyeãn Thò Maãu", "vni"),
        ("ÑÔN KHIEÁU NAÏI", "vni"),
        ("NguyêÞn Thiò MâÞu", "cp1258"),
        ("Société générale", "other"),
        ("статья", "other"),
        ("\x93\x94", "other"),
    ],
)
def test_a_text_looks_like_what_its_words_are_words_in(text, encoding):
    assert looks_like(text) == encoding


def test_a_column_of_generated_people_is_told_in_every_encoding():
    names = people()
    lowered = ["".join(c if c.isascii() or c in "ĂÂÊÔƠƯĐ" else c.lower() for c in name) for name in names]
    columns = {
        "unicode": names,
        "tcvn3": [raw.decode("latin-1") for raw in iconv(lowered, "TCVN5712-1")],
        "cp1258": iconv(names, "CP1258"),
    }
    for encoding, column in columns.items():
        seen = Looks()
        for value in column:
            seen.add(value)
        assert seen.texts == len(names), SEED
        assert seen.percent(encoding) >= 95, (encoding, seen.looks, SEED)


def test_a_mixed_column_is_told_in_shares_and_a_share_is_never_rounded_to_nothing_or_all():
    seen = Looks()
    for value in [*["NguyÔn"] * 499, "Nguyễn", "An", 417, None]:
        seen.add(value)
    assert (seen.texts, seen.accented) == (501, 500)
    assert (seen.percent("tcvn3"), seen.percent("unicode"), seen.percent("vni")) == (99, 1, 0)


def test_of_a_declared_column_it_is_counted_what_does_not_fit_and_what_is_odd_once_decoded():
    seen = Looks()
    for value in ["L\u00adu", "Nguyễn", "NguyÔn", "An\u200b"]:
        seen.add(value, "tcvn3")
    assert (seen.misfits, dict(seen.odd)) == (2, {})  # 0xAD is a letter there


def test_a_font_of_capitals_is_told_where_its_words_give_it_away():
    for declared in ("", "tcvn3"):
        seen = Looks()
        for value in ["NGUY\u00d4N TH\u00de", "Nguy\u00d4n Th\u00de", "nguy\u00d4n", "12/Q\u00a7-UBND", "\u00deA"]:
            seen.add(value, declared)
        assert dict(seen.odd) == {"capital_font": 1}
    seen = Looks()
    seen.add("NGUY\u00d4N", "tcvn3-upper")
    assert not seen.odd


def test_every_encoding_that_can_be_declared_can_be_named():
    assert {*ENCODINGS} == {"tcvn3", "tcvn3-upper", "vni", "cp1258"}
