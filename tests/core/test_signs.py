"""What of the national side's signs is new: noted when it comes and when it changes, never with every answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from connector.core.signs import LATER, Signs, days_left, is_told, news

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


def told_over(hours: range, shown: Callable[[int], datetime | None], noted: dict[str, str]) -> dict[str, int]:
    """Live through these hours, with a run each that hears one certificate; note in `noted` what it notes. Return how
    often each sign was noted."""
    times: Counter[str] = Counter()
    for hour in hours:
        now = NOW + timedelta(hours=hour)
        found = news(noted, Signs(server_certificate=shown(hour)), now)
        noted |= found
        times.update(found.keys())
    return dict(times)


@pytest.mark.parametrize("every", [2, 3, 7])
def test_servers_behind_one_name_that_show_several_certificates_are_spoken_of_once(every: int) -> None:
    """It used to be noted, and warned of, at each turn of the two."""
    ending, fine = NOW + timedelta(days=13), NOW + timedelta(days=400)
    noted: dict[str, str] = {}
    times = told_over(range(5 * 24), lambda hour: fine if hour % every else ending, noted)
    assert noted["server_certificate"] == ending.isoformat()
    assert times.pop("server_certificate.later") <= 5 * 4
    assert times == {"server_certificate": 1, "server_certificate.ending": 1}
    assert not is_told("server_certificate.later")


def test_a_certificate_that_was_renewed_is_no_more_spoken_of_a_day_later() -> None:
    ending, fine = NOW + timedelta(days=13), NOW + timedelta(days=400)
    noted = after({}, Signs(server_certificate=ending))
    assert told_over(range(1, 25), lambda hour: fine if hour % 2 else None, noted) == {"server_certificate.later": 1}
    assert noted["server_certificate"] == ending.isoformat()
    told_over(range(25, 26), lambda _hour: fine, noted)
    assert noted == {"server_certificate": fine.isoformat(), "server_certificate.ending": "", LATER: ""}
    assert told_over(range(26, 72), lambda _hour: fine, noted) == {}


def test_one_of_two_certificates_that_is_shown_no_more_leaves_no_trace() -> None:
    ending, fine = NOW + timedelta(days=100), NOW + timedelta(days=400)
    noted: dict[str, str] = {}
    told_over(range(24), lambda hour: fine if hour % 2 else ending, noted)
    assert noted[LATER]
    told_over(range(24, 48), lambda _hour: ending, noted)
    assert noted[LATER] == ""


def test_a_certificate_that_is_over_or_ends_later_than_a_new_one_gives_way_at_once() -> None:
    noted = after({}, Signs(server_certificate=END))
    sooner = after(noted, Signs(server_certificate=END - timedelta(days=60)))
    assert sooner["server_certificate"] == (END - timedelta(days=60)).isoformat()
    late = END + timedelta(hours=1)
    over = after(noted, Signs(server_certificate=END + timedelta(days=365)), late)
    assert over["server_certificate"] == (END + timedelta(days=365)).isoformat()


def test_a_clock_that_was_wrong_keeps_no_certificate_for_ever() -> None:
    fine = END + timedelta(days=365)
    noted = {"server_certificate": END.isoformat(), LATER: (NOW + timedelta(days=20)).isoformat()}
    assert after(noted, Signs(server_certificate=fine))["server_certificate"] == fine.isoformat()


def test_our_own_certificate_is_the_one_in_the_file() -> None:
    noted = after({}, Signs(own_certificate=NOW + timedelta(days=3)))
    assert after(noted, Signs(own_certificate=END)) == {
        "own_certificate": END.isoformat(),
        "own_certificate.ending": "",
    }
