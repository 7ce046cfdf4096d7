"""What of the national side's signs is new: noted when it comes and when it changes, never with every answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connector.core.signs import Signs, days_left, news

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
END = NOW + timedelta(days=83)


def after(noted: dict[str, str], signs: Signs, now: datetime = NOW) -> dict[str, str]:
    """Return what is noted afterwards."""
    return noted | news(noted, signs, now)


def test_nothing_heard_is_no_news() -> None:
    assert news({}, Signs(), NOW) == {}
    assert news({"sunset": "2027-01-01T00:00:00+00:00", "clock": "900"}, Signs(), NOW) == {}


@pytest.mark.parametrize(
    ("noted", "offset_s", "told"),
    [
        ("", 299.0, None),
        ("", 301.4, "301"),
        ("", -3_600.0, "-3600"),
        ("400", 200.0, None),
        ("400", 690.0, None),
        ("400", 900.0, "900"),
        ("400", 100.0, ""),
        ("-400", 400.0, "400"),
    ],
)
def test_a_clock_far_off_is_noted_once_and_taken_back_when_it_is_right(
    noted: str, offset_s: float, told: str | None
) -> None:
    assert news({"clock": noted}, Signs(clock_offset_s=offset_s), NOW).get("clock") == told


@pytest.mark.parametrize("name", ["sunset", "deprecated"])
def test_an_announced_end_is_noted_once_and_taken_back_by_an_answer_without_it(name: str) -> None:
    signs = Signs(answered=True, **{name: END})
    noted = after({}, signs)
    assert noted == {name: END.isoformat()}
    assert news(noted, signs, NOW) == {}
    assert news(noted, Signs(), NOW) == {}  # an outage takes nothing back
    assert news(noted, Signs(answered=True), NOW) == {name: ""}


@pytest.mark.parametrize("name", ["server_certificate", "own_certificate"])
def test_a_certificate_is_counted_down_and_spoken_of_at_30_14_7_days_and_at_its_end(name: str) -> None:
    signs = Signs(**{name: END})
    noted: dict[str, str] = {}
    told = []
    for day in range(90):
        now = NOW + timedelta(days=day, hours=1)
        found = news(noted, signs, now)
        noted |= found
        if f"{name}.ending" in found:
            told.append((days_left(END, now), found[f"{name}.ending"]))
    assert told == [(30, "30"), (14, "14"), (7, "7"), (0, "0")]
    renewed = Signs(**{name: END + timedelta(days=365)})
    assert news(noted, renewed, now) == {name: (END + timedelta(days=365)).isoformat(), f"{name}.ending": ""}
