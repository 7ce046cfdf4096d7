"""What a rate limit looks like in headers, and what is taken for none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.model import Rate
from connector.national.base import Answer, Failure, Fault
from connector.national.rates import MOST_REQUESTS, rate_of

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
EPOCH = int(NOW.timestamp())


def rate(**headers: str) -> Rate | None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return rate_of(Answer(200, named, b"", NOW))


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"ratelimit": '"default";r=50;t=30'}, Rate(50, 30.0)),
        ({"ratelimit": '"default";r=50;t=30', "ratelimit_policy": '"default";q=100;w=60'}, Rate(50, 30.0, 100)),
        ({"ratelimit": '"a";r=9', "ratelimit_policy": '"a";q=10;w=60'}, Rate(9, 60.0, 10)),
        ({"ratelimit": '"a,;r=1";r=50;t=30'}, Rate(50, 30.0)),
        ({"ratelimit": 'default;r=0;pk=:c2Vj:;t=7;x="r=9;t=9"'}, Rate(0, 7.0)),
        ({"ratelimit": '"day";r=900;t=40000, "second";r=3;t=1'}, Rate(3, 1.0)),
        ({"ratelimit": '"day";r=0;t=600, "second";r=0;t=1'}, Rate(0, 600.0)),
        ({"ratelimit": '"day";r=0;t=86400'}, Rate(0, 900.0)),
        ({"ratelimit_limit": "100, 100;w=60", "ratelimit_remaining": "7", "ratelimit_reset": "12"}, Rate(7, 12.0, 100)),
        ({"x_ratelimit_limit": "60", "x_ratelimit_remaining": "0", "x_ratelimit_reset": "1.5"}, Rate(0, 1.5, 60)),
        ({"x_ratelimit_remaining": "5", "x_ratelimit_reset": str(EPOCH + 20)}, Rate(5, 20.0)),
        ({"x_ratelimit_remaining": "5", "x_ratelimit_reset": str((EPOCH + 20) * 1000)}, Rate(5, 20.0)),
        ({"x_ratelimit_remaining": "5", "x_ratelimit_reset": str(EPOCH - 9)}, Rate(5, 0.0)),
        (
            {
                "x_ratelimit_remaining": "5", "x_ratelimit_reset": str(EPOCH + 3620),
                "date": "Sun, 22 Nov 2026 06:00:00 GMT",
            },
            Rate(5, 20.0),
        ),
        ({"ratelimit": "garbage", "x_ratelimit_remaining": "5", "x_ratelimit_reset": "1"}, Rate(5, 1.0)),
    ],
)  # fmt: skip
def test_every_spelling_of_a_limit_is_understood(headers: dict[str, str], said: Rate) -> None:
    assert rate(**headers) == said


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"ratelimit": '"default";r=-1;t=30'},
        {"ratelimit": '"default";r=5'},
        {"ratelimit": '"default";r=5.5;t=1'},
        {"ratelimit": '"default";r=9999999999999999;t=1'},
        {"ratelimit": '"default;r=5;t=1'},
        {"ratelimit": '"default";r=5;t=1' + ";x=1" * 1_000},
        {"ratelimit_remaining": "many", "ratelimit_reset": "1"},
        {"ratelimit_remaining": "5"},
        {"ratelimit_remaining": "5", "ratelimit_reset": "soon"},
        {"ratelimit_remaining": "\u0665", "ratelimit_reset": "1"},
    ],
)
def test_what_cannot_be_read_is_no_limit(headers: dict[str, str]) -> None:
    assert rate(**headers) is None


def test_a_lost_answer_says_nothing() -> None:
    assert rate_of(Failure(Fault.TIMEOUT, sent=True)) is None


@given(
    st.dictionaries(
        st.sampled_from(
            ["ratelimit", "ratelimit-policy", "ratelimit-remaining", "ratelimit-reset", "x-ratelimit-reset", "date"]
        ),
        st.text(st.sampled_from('"\\,;=rtqw0123456789.-: \t') | st.characters(), max_size=60),
    )
)
def test_whatever_a_server_says_is_bounded(headers: dict[str, str]) -> None:
    said = rate_of(Answer(200, headers, b"", NOW))
    if said is not None:
        assert 0 <= said.remaining <= MOST_REQUESTS
        assert 0 <= said.reset_s <= 900
        assert said.limit is None or 1 <= said.limit <= MOST_REQUESTS
