"""Each named transform over the shapes that real columns have."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.transforms import DEFAULT, TRANSFORMS, Bad, Options, valid_format

# Times without a zone are the point here: that is how databases hand them over.
# ruff: noqa: DTZ001

HERE = ZoneInfo("Asia/Ho_Chi_Minh")


def read(name, value, **options):
    return TRANSFORMS[name].build(Options(HERE, **options))(value)


def rule(found):
    assert isinstance(found, Bad)
    return found.rule


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("empty", [None, "", " ", "\u00a0\n"])
def test_every_transform_leaves_out_what_says_nothing(name, empty):
    assert read(name, empty, separator="-") is None


@pytest.mark.parametrize("name", TRANSFORMS)
@given(value=st.one_of(st.text(), st.integers(), st.floats(), st.decimals(), st.binary(), st.dates(), st.datetimes()))
def test_no_value_of_any_type_makes_a_transform_raise_or_show_it(name, value):
    found = read(name, value, separator="-")
    assert found is None or isinstance(found, (str, int, bool, Bad))
    if isinstance(found, Bad):
        assert "\n" not in found.detail
        assert rule(found) in {"E-MAP-TEXT", "E-MAP-DATE", "E-MAP-NUMBER", "E-MAP-FLAG", "E-MAP-AGENCY"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [("  Đơn\r\nthư ", "Đơn\nthư"), (417, "417"), (417.0, "417"), (True, "1"), ("đơn".encode(), "đơn")],
)
def test_text(value, expected):
    assert read("text", value) == expected


def test_bytes_that_are_no_utf8_and_half_characters_are_problems():
    assert rule(read("text", b"\xb6\xd0")) == "E-MAP-TEXT"
    assert rule(read("line", "a\ud800")) == "E-MAP-TEXT"


def test_line_folds_white_space():
    assert read("line", "Nguyễn  Văn\nMẫu") == "Nguyễn Văn Mẫu"


def test_part_takes_the_nth_part_or_nothing():
    assert read("part", "Cán bộ Mẫu - Chủ tịch", separator="-", index=1) == "Chủ tịch"
    assert read("part", "Cán bộ Mẫu", separator="-", index=1) is None
    assert read("part", "a*b***", separator="*", index=-1) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1 < 2 và 3 > 2", "1 < 2 và 3 > 2"),
        ("<P>Một<p>Hai</p>\n<b>ba</b>", "Một\nHai\nba"),
        ("<!-- x --><![if !supportLists]>a<![endif]>", "a"),
        ("<style>p{}</style><div> </div>", None),
        ("a<![x b", "a<![x b"),
        ("&nbsp;&amp;lt; &#7841;", "&lt; ạ"),
    ],
)
def test_rich_text_is_what_its_reader_sees(value, expected):
    assert read("html", value) == expected


@pytest.mark.parametrize(
    "value",
    [
        *("2023-05-01", "2023-05-01 00:00:00", "2023-05-01T00:00:00.0000000", "01/05/2023", "1/5/2023 23:59"),
        *(date(2023, 5, 1), datetime(2023, 5, 1), datetime(2023, 5, 1, 23, 59)),
        datetime(2023, 4, 30, 17, tzinfo=UTC),  # midnight here
        "2023-04-30T17:00:00Z",
        datetime(2023, 5, 1, tzinfo=timezone(timedelta(hours=7))),
    ],
)
def test_a_day_is_the_day_people_lived_in(value):
    assert read("date", value) == "2023-05-01"


@pytest.mark.parametrize(
    "empty", ["0000-00-00", "0000-00-00 00:00:00", "1753-01-01", datetime(1753, 1, 1), date(1, 1, 1), "01/01/0001"]
)
def test_the_spellings_of_no_date_say_nothing(empty):
    assert read("date", empty) is None
    assert read("instant", empty) is None


@pytest.mark.parametrize(
    "impossible",
    ["30/02/2023", "2023-13-01", "2023-00-00", "hôm qua", "05/01/23", 20230501, "1023-05-01", "2023-05-01 25:00"],
)
def test_an_impossible_day_is_a_problem(impossible):
    assert rule(read("date", impossible)) == "E-MAP-DATE"


def test_stated_formats_replace_the_habits():
    assert read("date", 20230501, formats=("%Y%m%d",)) == "2023-05-01"
    assert read("date", "05-01-2023", formats=("%Y%m%d", "%m-%d-%Y")) == "2023-05-01"
    assert rule(read("date", "01/05/2023", formats=("%Y%m%d",))) == "E-MAP-DATE"
    assert read("date", 1682874000000, formats=("epoch_ms",)) == "2023-05-01"


def test_an_instant_is_utc_and_a_time_without_zone_is_ours():
    assert read("instant", "2023-05-01 07:30:15") == "2023-05-01T00:30:15Z"
    assert read("instant", "2023-05-01T00:30:15Z") == "2023-05-01T00:30:15Z"
    assert read("instant", datetime(2023, 5, 1, 7, 30)) == "2023-05-01T00:30:00Z"
    assert read("instant", 1682874000, formats=("epoch_s",)) == "2023-04-30T17:00:00Z"


@pytest.mark.parametrize("value", [15, 15.0, Decimal(15), "15", " 15 "])
def test_a_whole_number_is_one_in_every_type(value):
    assert read("integer", value) == 15


@pytest.mark.parametrize("value", ["15 ngày", 1.5, "1,5", float("nan"), float("inf"), Decimal("NaN"), 2.0**60])
def test_what_is_no_whole_number_is_a_problem(value):
    assert rule(read("integer", value)) == "E-MAP-NUMBER"


@pytest.mark.parametrize(
    "value",
    [
        "12.500.000",
        "12,500,000",
        "12500000",
        "12500000.00",
        "12.500.000,00",
        "12.500.000 đồng",
        "12.500.000đ",
        12500000.0,
    ],
)
def test_an_amount_of_dong_in_all_its_spellings(value):
    assert read("money", value) == 12_500_000


def test_an_amount_is_never_guessed():
    assert read("money", "12.500") == 12_500
    assert rule(read("money", "12,500")) == "E-MAP-NUMBER"
    assert rule(read("money", "12.5")) == "E-MAP-NUMBER"
    assert rule(read("money", "12 triệu")) == "E-MAP-NUMBER"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120.50", "120.5"),
        ("120,5 m2", "120.5"),
        ("1.234,5", "1234.5"),
        (120.0, "120"),
        (Decimal("0.10"), "0.1"),
        (0, "0"),
    ],
)
def test_a_decimal_is_text_without_closing_zeros(value, expected):
    assert read("decimal", value) == expected


def test_a_decimal_whose_sign_is_uncertain_needs_the_option():
    assert rule(read("decimal", "1.234")) == "E-MAP-NUMBER"
    assert read("decimal", "1.234", separator=".") == "1.234"
    assert read("decimal", "1.234", separator=",") == "1234"


@pytest.mark.parametrize("yes", [True, 1, "1", "true", "Có", b"\x01", 1.0])
def test_yes_and_its_negation(yes):
    assert read("flag", yes) is True
    assert read("not_flag", yes) is False


@pytest.mark.parametrize("no", [False, 0, "0", "KHÔNG", b"\x00", Decimal(0)])
def test_no_and_its_negation(no):
    assert read("flag", no) is False
    assert read("not_flag", no) is True


def test_a_third_answer_is_a_problem():
    assert rule(read("flag", 2)) == "E-MAP-FLAG"
    assert rule(read("not_flag", "có thể")) == "E-MAP-FLAG"


def test_every_type_of_field_has_a_transform_that_fits_it():
    for target, name in DEFAULT.items():
        assert target in TRANSFORMS[name].targets


@pytest.mark.parametrize(("wanted", "valid"), [("%d-%m-%Y", True), ("epoch_ms", True), ("%H:%M", False), ("%Q", False)])
def test_a_format_must_read_a_whole_day(wanted, valid):
    assert valid_format(wanted) is valid
