"""What a line hears beside the answers: dates of every spelling, hostile ones, and the end of a certificate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from connector.core.signs import Signs
from connector.national.base import Answer
from connector.national.signs import Ear, end_of, heard

NOW = datetime(2026, 3, 2, 1, 0, 5, tzinfo=UTC)
PROBLEM = {"content-type": "application/problem+json"}


def hear(before: Signs | None = None, **headers: str) -> Signs:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return heard(before or Signs(), Answer(404, PROBLEM | named, b"{}", NOW), None)


def test_the_servers_clock_counts_against_ours() -> None:
    assert hear(date="Mon, 02 Mar 2026 02:00:00 GMT").clock_offset_s == 3_595
    assert hear(date="Mon, 02 Mar 2026 00:00:00 GMT").clock_offset_s == -3_605
    assert hear(hear(date="Mon, 02 Mar 2026 02:00:00 GMT")).clock_offset_s == 3_595


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("@1793491200", datetime(2026, 11, 1, tzinfo=UTC)),
        ("Sun, 01 Nov 2026 00:00:00 GMT", datetime(2026, 11, 1, tzinfo=UTC)),
        ("true", datetime(2026, 3, 2, tzinfo=UTC)),
        ("?1", datetime(2026, 3, 2, tzinfo=UTC)),
    ],
)
def test_every_spelling_of_a_deprecation_is_understood(said: str, day: datetime) -> None:
    assert hear(deprecation=said).deprecated == day


def test_a_deprecation_without_a_day_is_no_news_on_the_next_day() -> None:
    """It was noted, audited and warned of anew each day, as if it had begun then."""
    first = hear(deprecation="true")
    next_day = Answer(404, PROBLEM | {"deprecation": "true"}, b"{}", NOW + timedelta(days=1))
    assert heard(first, next_day, None).deprecated == first.deprecated


def test_an_announced_end_is_not_forgotten_with_the_next_answer() -> None:
    signs = hear(sunset="Sun, 01 Nov 2026 00:00:00 GMT")
    assert hear(signs).sunset == signs.sunset == datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "said",
    ["", "false", "@", "@-1", "@1", "@99999999999", "Mon, 01 Jan 9999 00:00:00 GMT", "@1793491200" + " " * 200 + "x"],
)
def test_what_cannot_be_meant_is_not_heard(said: str) -> None:
    assert hear(date=said, sunset=said, deprecation=said) == Signs(answered=True)


@given(st.text(max_size=200))
def test_no_text_can_raise(text: str) -> None:
    signs = hear(date=text, sunset=text, deprecation=text)
    assert heard(signs, Answer(200, {}, b"", NOW), {"notAfter": text}).server_certificate in (None, signs.sunset)


def test_an_answer_that_says_the_same_costs_no_second_reading() -> None:
    ear = Ear(None)
    same = Answer(404, PROBLEM | {"date": "Mon, 02 Mar 2026 02:00:00 GMT"}, b"{}", NOW)
    ear.hear(same, None)
    first = ear.signs
    ear.hear(same, None)
    assert ear.signs is first
    ear.hear(Answer(404, PROBLEM | {"date": "Mon, 02 Mar 2026 02:00:01 GMT"}, b"{}", NOW), None)
    assert ear.signs.clock_offset_s == 3_596


def test_an_answer_of_a_gateway_takes_nothing_back() -> None:
    assert not heard(Signs(), Answer(502, {"content-type": "text/html"}, b"", NOW), None).answered


@pytest.mark.parametrize("end", [datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC), datetime(2061, 1, 2, 3, 4, 5, tzinfo=UTC)])
def test_the_end_of_our_own_certificate_is_read_from_its_file(end: datetime, tmp_path: Path) -> None:
    """Up to 2049 a certificate writes two digits of the year, from 2050 on four."""
    issued = trustme.CA().issue_cert("client.test", not_after=end)
    path = tmp_path / "client.pem"
    issued.private_key_and_cert_chain_pem.write_to_path(path)
    assert end_of(path) == end


@pytest.mark.parametrize(
    "content", [b"", b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", b"\xff" * 99]
)
def test_a_file_that_holds_no_certificate_has_no_end(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "client.pem"
    path.write_bytes(content)
    assert end_of(path) is None
    assert end_of(tmp_path / "absent.pem") is None
    assert end_of(None) is None
