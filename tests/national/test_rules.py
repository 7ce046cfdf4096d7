"""The two tables of rules.py, line by line, and what hostile answers can make of them: nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.model import Receipt, RemoteProblem, SightingName, VerdictName
from connector.national import wording
from connector.national.base import Answer, Failure, Fault
from connector.national.replies import RETRY_AFTER_CAP_S, retry_after_s
from connector.national.rules import MAX_PROBLEMS, RULES, SIGHTINGS, judge, see

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
DIGEST = "ab" * 32
OTHER_DIGEST = "cd" * 32
PROBLEM = "application/problem+json"


def reply(status: int, document: object = None, media: str = "application/json", **headers: str) -> Answer:
    body = b"" if document is None else orjson.dumps(document)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {"content-type": media, **named}, body, NOW)


def echo(version: object = 3, digest: object = DIGEST, **more: object) -> dict[str, object]:
    whole = {"national_id": "QG-1", "received_at": "2026-03-02T01:29:59Z", "status": "received"}
    return {**whole, "version": version, "digest": digest, **more}


def problem(status: int, name: str = "x", **more: object) -> Answer:
    return reply(status, {"type": f"urn:kntc:problem:{name}", "status": status, **more}, PROBLEM)


def verdict(answer: Answer | Failure) -> VerdictName:
    return judge(answer, 3, DIGEST).name


@pytest.mark.parametrize("status", [200, 201])
def test_an_echo_of_our_version_and_digest_is_delivered_with_its_receipt(status: int) -> None:
    judged = judge(reply(status, echo()), 3, DIGEST)

    assert (judged.name, judged.rule) == (VerdictName.DELIVERED, "echoed")
    assert judged.receipt == Receipt("QG-1", 3, DIGEST, NOW - timedelta(seconds=1), "received")


@pytest.mark.parametrize(
    "document",
    [
        echo(version=2),
        echo(version=4),
        echo(digest=OTHER_DIGEST),
        echo(digest=DIGEST.upper()),
        echo(version="3"),
        echo(version=3.0),
        echo(version=True),
        echo(version=10**15 * 10),
        echo(national_id=""),
        echo(national_id=None),
        echo(national_id="a\nb"),
        echo(national_id="x" * 201),
        echo(digest=None),
        {},
        [echo()],
        "ok",
        None,
    ],
)
def test_success_without_our_echo_is_unknown(document: object) -> None:
    judged = judge(reply(200, document), 3, DIGEST)

    assert judged.name is VerdictName.UNKNOWN
    assert judged.receipt is None


@pytest.mark.parametrize("media", ["text/html", "", "text/plain", "application/jsonp"])
def test_an_echo_in_another_content_type_is_not_believed(media: str) -> None:
    assert judge(reply(200, echo(), media), 3, DIGEST).rule == "no_echo"


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"",
        b"\xef\xbb\xbf{}",
        b'{"version": NaN}',
        b'{"national_id": "\\ud800"}',
        b"[" * 200_000,
        b'{"version": ' + b"9" * 5_000 + b"}",
        b"\xff\xfe{}",
    ],
)
def test_broken_json_is_unknown_and_raises_nothing(body: bytes) -> None:
    answer = Answer(200, {"content-type": "application/json"}, body, NOW)

    assert judge(answer, 3, DIGEST).name is VerdictName.UNKNOWN
    assert see(answer, 3, DIGEST).name is SightingName.UNREADABLE


@pytest.mark.parametrize(
    ("status", "name", "rule"),
    [
        (207, VerdictName.UNKNOWN, "no_echo"),
        (301, VerdictName.UNKNOWN, "redirected"),
        (307, VerdictName.UNKNOWN, "redirected"),
        (401, VerdictName.HOLD, "unauthorised"),
        (403, VerdictName.HOLD, "forbidden"),
        (404, VerdictName.UNKNOWN, "unmatched"),
        (405, VerdictName.UNKNOWN, "unmatched"),
        (408, VerdictName.RETRY, "too_early"),
        (409, VerdictName.CONFLICT, "conflict"),
        (410, VerdictName.UNKNOWN, "unmatched"),
        (412, VerdictName.UNKNOWN, "unmatched"),
        (418, VerdictName.UNKNOWN, "unmatched"),
        (425, VerdictName.RETRY, "too_early"),
        (429, VerdictName.HOLD, "busy"),
        (500, VerdictName.UNKNOWN, "server_failed"),
        (501, VerdictName.UNKNOWN, "server_failed"),
        (502, VerdictName.UNKNOWN, "server_failed"),
        (503, VerdictName.HOLD, "busy"),
        (504, VerdictName.UNKNOWN, "server_failed"),
        (101, VerdictName.UNKNOWN, "unmatched"),
        (999, VerdictName.UNKNOWN, "unmatched"),
    ],
)
def test_each_status_has_one_verdict(status: int, name: VerdictName, rule: str) -> None:
    judged = judge(problem(status), 3, DIGEST)

    assert (judged.name, judged.rule) == (name, rule)


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_a_refusal_carries_the_national_reasons(status: int) -> None:
    errors = [{"pointer": "/received_on", "rule": "date-in-future", "message": "Ngày nhận sau hôm nay"}]

    judged = judge(problem(status, errors=errors), 3, DIGEST)

    assert (judged.name, judged.rule) == (VerdictName.REJECTED, "refused")
    assert [(p.pointer, p.rule, p.text) for p in judged.problems] == [
        ("/received_on", "date-in-future", "Ngày nhận sau hôm nay")
    ]


def test_a_refusal_without_errors_still_says_its_type_and_detail() -> None:
    judged = judge(problem(422, "schema", detail="thiếu trường", errors="none"), 3, DIGEST)

    assert [(p.rule, p.text) for p in judged.problems] == [("urn:kntc:problem:schema", "thiếu trường")]


def test_an_oversize_refusal_is_final_whoever_says_it() -> None:
    judged = judge(reply(413, media="text/html"), 3, DIGEST)

    assert (judged.name, judged.rule) == (VerdictName.REJECTED, "too_large")


def test_a_reason_in_words_where_a_rule_or_a_pointer_belongs_is_text() -> None:
    """Both stood in lists for machines as they came. A pointer leads to a field of the schema, or nowhere."""
    errors = [
        {"pointer": "/content/Nguyễn Văn A", "rule": "Ông A 0901234567", "message": "sai"},
        {"pointer": "/content/nguyen_van_a", "rule": "N-17", "message": "sai"},
        {"pointer": "/petitioners/2/full_name", "rule": "https://api/problems/name", "message": ""},
    ]
    judged = judge(problem(422, errors=errors), 3, DIGEST)
    known = {"/content", "/petitioners/*/full_name"}
    assert [wording.aimed(one, known) for one in judged.problems] == [
        RemoteProblem("", "unrecognised", "/content/Nguyễn Văn A: Ông A 0901234567: sai"),
        RemoteProblem("", "N-17", "/content/nguyen_van_a: sai"),
        RemoteProblem("/petitioners/2/full_name", "https://api/problems/name", ""),
    ]


@pytest.mark.parametrize("status", [400, 415, 422])
def test_a_refusal_in_a_gateways_words_refuses_no_record(status: int) -> None:
    judged = judge(reply(status, media="text/html"), 3, DIGEST)

    assert (judged.name, judged.rule) == (VerdictName.UNKNOWN, "refused_by_gateway")


def test_a_refusal_with_very_many_reasons_is_cut() -> None:
    errors: list[object] = [None, 7, *[{"pointer": 5, "message": "x" * 5_000}] * 500]

    judged = judge(problem(422, errors=errors), 3, DIGEST)

    assert len(judged.problems) == MAX_PROBLEMS
    assert max(len(p.text) for p in judged.problems) == 1_000


def test_409_in_progress_is_tried_again_and_any_other_409_is_a_conflict() -> None:
    assert verdict(problem(409, "in-progress")) is VerdictName.RETRY
    assert verdict(problem(409, "version")) is VerdictName.CONFLICT
    assert verdict(reply(409, {"type": "in-progress"})) is VerdictName.CONFLICT  # not the API's own word
    assert verdict(reply(409, {"type": 5}, PROBLEM)) is VerdictName.CONFLICT
    assert verdict(reply(409, media="text/html")) is VerdictName.CONFLICT


@pytest.mark.parametrize("fault", list(Fault))
def test_what_was_certainly_not_sent_holds_the_channel_and_the_rest_is_unknown(fault: Fault) -> None:
    unsent, lost = Failure(fault, sent=False), Failure(fault, sent=True)

    assert judge(unsent, 3, DIGEST).name is VerdictName.HOLD
    assert judge(unsent, 3, DIGEST).rule == f"nothing_sent:{fault}"
    assert judge(lost, 3, DIGEST).name is VerdictName.UNKNOWN
    assert see(unsent, 3, DIGEST).name is SightingName.HELD
    assert see(lost, 3, DIGEST).name is SightingName.UNREADABLE
    assert see(lost, 3, DIGEST).rule == f"answer_lost:{fault}"


@pytest.mark.parametrize(
    ("asked", "expected_s"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 30 ", 30.0),
        ("900", 900.0),
        ("901", 900.0),
        ("9" * 5_000, 900.0),
        ("Mon, 02 Mar 2026 01:31:00 GMT", 60.0),
        ("Monday, 02-Mar-26 01:31:00 GMT", 60.0),
        ("Mon Mar  2 01:31:00 2026", 60.0),
        ("Mon, 02 Mar 2020 01:31:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 900.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("1e3", None),
        ("5, 10", None),
        ("٣", None),
        ("²", None),
        ("Mon, 99 Mar 2026 01:31:00 GMT", None),
    ],
)
def test_retry_after_is_read_in_both_forms_and_capped(asked: str, expected_s: float | None) -> None:
    answer = reply(429, retry_after=asked)

    assert retry_after_s(answer) == expected_s
    assert judge(answer, 3, DIGEST).retry_after_s == expected_s
    assert see(answer, 3, DIGEST).retry_after_s == expected_s


def test_a_retry_date_counts_from_the_servers_own_clock() -> None:
    theirs = NOW + timedelta(days=400)
    answer = reply(
        503,
        date=format_datetime(theirs, usegmt=True),
        retry_after=format_datetime(theirs + timedelta(seconds=20), usegmt=True),
    )

    assert retry_after_s(answer) == 20.0


@given(st.text(max_size=60))
def test_no_retry_after_text_can_raise_or_pass_the_cap(text: str) -> None:
    wait_s = retry_after_s(reply(429, retry_after=text, date=text))

    assert wait_s is None or 0.0 <= wait_s <= RETRY_AFTER_CAP_S


@pytest.mark.parametrize(
    ("version", "digest", "name"),
    [
        (3, DIGEST, SightingName.SAME),
        (3, OTHER_DIGEST, SightingName.OTHER),
        (2, DIGEST, SightingName.OLDER),
        (2, OTHER_DIGEST, SightingName.OLDER),
        (4, DIGEST, SightingName.NEWER),
    ],
)
def test_a_sighting_compares_version_first_and_then_digest(version: int, digest: str, name: SightingName) -> None:
    seen = see(reply(200, echo(version, digest)), 3, DIGEST)

    assert seen.name is name
    assert seen.receipt is not None
    assert (seen.receipt.version, seen.receipt.digest) == (version, digest)


def test_only_the_api_itself_can_say_that_a_record_is_absent() -> None:
    assert see(problem(404), 3, DIGEST).name is SightingName.ABSENT
    assert see(reply(404, media="text/html"), 3, DIGEST).name is SightingName.UNREADABLE
    assert see(reply(404, {"message": "no route"}), 3, DIGEST).name is SightingName.UNREADABLE


@pytest.mark.parametrize("status", [401, 403, 429, 503])
def test_a_find_that_is_turned_away_says_nothing_about_the_record(status: int) -> None:
    assert see(problem(status), 3, DIGEST).name is SightingName.HELD


@pytest.mark.parametrize("status", [201, 204, 302, 400, 409, 410, 500, 502, 504])
def test_any_other_answer_to_a_find_is_unreadable(status: int) -> None:
    seen = see(reply(status, echo()), 3, DIGEST)

    assert (seen.name, seen.receipt) == (SightingName.UNREADABLE, None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["national_id", "version", "digest", "status", "received_at", "type", "errors", "pointer"]),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@given(
    status=st.integers(100, 999),
    document=JSON,
    media=st.sampled_from(["application/json", PROBLEM, "text/html"]),
)
def test_no_answer_at_all_can_raise_or_count_without_the_echo(status: int, document: object, media: str) -> None:
    answer = reply(status, document, media)

    assert judge(answer, 3, DIGEST).name is not VerdictName.DELIVERED  # no generated digest is ours
    assert see(answer, 3, DIGEST).name is not SightingName.SAME


def test_both_tables_end_with_a_line_that_matches_everything_and_have_unique_names() -> None:
    assert RULES[-1].verdict is VerdictName.UNKNOWN
    assert SIGHTINGS[-1].sighting is SightingName.UNREADABLE
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert len({rule.name for rule in SIGHTINGS}) == len(SIGHTINGS)


def test_no_value_that_came_in_shows_in_a_repr() -> None:
    answer = reply(422, {"detail": "canary"}, x_canary="canary")

    assert "canary" not in repr(answer)
