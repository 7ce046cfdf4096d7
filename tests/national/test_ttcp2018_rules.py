"""The two tables of ttcp2018_rules.py, line by line, and what an answer says under its wrappings."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.model import Candidate, Receipt, RemoteProblem, SightingName, Verdict, VerdictName
from connector.national.base import Answer, Failure, Fault
from connector.national.ttcp2018_answers import (
    Layers,
    Said,
    candidates,
    decoded,
    read,
    record,
    token_document,
    wrapped,
)
from connector.national.ttcp2018_rules import RULES, SEARCH_RULES, judge, why_no_list

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
DIGEST = "ab" * 32
PLAIN = Layers()
BUS = Layers(envelope=True, success_field="error_code", success_values=frozenset({"0"}))
REFUSAL = {"Id": "", "Message": "Mã cơ quan không tồn tại"}


def reply(status: int, body: object = b"", media: str = "application/json", **headers: str) -> Answer:
    encoded = body if isinstance(body, bytes) else orjson.dumps(body)
    return Answer(status, {"content-type": media, **headers}, encoded, NOW)


def twice(document: object) -> bytes:
    """The document as the old servers send it: a JSON string that contains JSON."""
    return orjson.dumps(orjson.dumps(document).decode())


def verdict(answer: Answer | Failure, own: str = "", layers: Layers = PLAIN, busy: tuple[str, ...] = ()) -> Verdict:
    return judge(answer, record(answer, layers), own, 3, DIGEST, busy)


# An id, and what counts in place of an echo


@pytest.mark.parametrize("body", [orjson.dumps({"Id": "g-1", "Message": ""}), twice({"Id": "g-1"})])
@pytest.mark.parametrize("media", ["application/json", "text/html", ""])
def test_an_id_counts_in_one_layer_or_two_whatever_the_content_type(body: bytes, media: str) -> None:
    judged = verdict(reply(200, body, media))

    assert (judged.name, judged.rule) == (VerdictName.DELIVERED, "id_given")
    assert judged.receipt == Receipt("g-1", 3, DIGEST, None, "")


def test_an_update_counts_only_with_the_id_that_was_asked_about() -> None:
    assert verdict(reply(200, {"Id": "g-1"}), own="g-1").name is VerdictName.DELIVERED
    other = verdict(reply(200, {"Id": "g-2"}), own="g-1")
    assert (other.name, other.rule, other.receipt) == (VerdictName.UNKNOWN, "other_id_given", None)


@pytest.mark.parametrize("status", [201, 202, 204, 207])
def test_an_id_counts_only_in_a_200(status: int) -> None:
    assert verdict(reply(status, {"Id": "g-1"})).rule == "no_id"


# A refusal inside a 200


@pytest.mark.parametrize("body", [orjson.dumps(REFUSAL), twice(REFUSAL)])
def test_an_empty_id_in_a_200_is_a_refusal_with_its_words(body: bytes) -> None:
    judged = verdict(reply(200, body))

    assert (judged.name, judged.rule) == (VerdictName.REJECTED, "refused")
    assert judged.problems == (RemoteProblem("", "", "Mã cơ quan không tồn tại"),)


def test_a_refusal_without_a_word_is_still_one() -> None:
    assert verdict(reply(200, {"Id": "", "Message": " "})) == Verdict(VerdictName.REJECTED, "refused")
    assert verdict(reply(200, {"Id": "", "Message": 7})).name is VerdictName.REJECTED


def test_a_phrase_of_the_configuration_makes_a_refusal_passing() -> None:
    busy = ("hệ thống đang bận",)
    told = {"Id": "", "Message": "Lỗi: HỆ THỐNG  đang bận, thử lại sau"}
    assert verdict(reply(200, told), busy=busy).name is VerdictName.RETRY
    assert verdict(reply(200, told)).name is VerdictName.REJECTED
    assert verdict(reply(200, REFUSAL), busy=busy).name is VerdictName.REJECTED
    assert verdict(reply(200, told), busy=("...",)).name is VerdictName.REJECTED  # a phrase of no word matches nothing
    assert verdict(reply(200, {"Id": "g-1", "Message": busy[0]}), busy=busy).name is VerdictName.DELIVERED


# What nobody can read


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Welcome</body></html>",
        b"null",
        b'""',
        b'"g-1"',
        b"[]",
        b"{}",
        b'{"Message": ""}',
        b'{"Id": null}',
        b'{"Id": 7}',
        b'{"Id": " "}',
        b'{"Id": "g-1 "}',
        b'{"Id": "a\\nb"}',
        b'{"Id": "' + b"x" * 201 + b'"}',
        b'{"id": "g-1"}',
        b'{"Id": "g-1"',
        b'[{"Id": "g-1"}]',
        b'{"Id": NaN}',
        b'{"Id": "\\ud800"}',
        orjson.dumps(twice({"Id": "g-1"}).decode()),  # three layers: never decoded
        b"[" * 100_000,
    ],
)
def test_a_200_that_nobody_can_read_is_unknown(body: bytes) -> None:
    judged = verdict(reply(200, body, "text/html"))
    assert (judged.name, judged.rule) == (VerdictName.UNKNOWN, "no_id")


@given(st.binary(max_size=100))
def test_no_bytes_are_a_success_by_chance(body: bytes) -> None:
    assert verdict(reply(200, body)).name in (VerdictName.UNKNOWN, VerdictName.REJECTED)


# Statuses


@pytest.mark.parametrize(
    ("status", "name", "rule"),
    [
        (301, VerdictName.UNKNOWN, "redirected"),
        (400, VerdictName.UNKNOWN, "refused_by_gateway"),
        (401, VerdictName.HOLD, "unauthorised"),
        (403, VerdictName.HOLD, "forbidden"),
        (404, VerdictName.UNKNOWN, "refused_by_gateway"),
        (408, VerdictName.RETRY, "too_early"),
        (409, VerdictName.UNKNOWN, "refused_by_gateway"),
        (412, VerdictName.UNKNOWN, "refused_by_gateway"),
        (413, VerdictName.REJECTED, "too_large"),
        (422, VerdictName.UNKNOWN, "refused_by_gateway"),
        (425, VerdictName.RETRY, "too_early"),
        (429, VerdictName.HOLD, "busy"),
        (500, VerdictName.UNKNOWN, "server_failed"),
        (502, VerdictName.UNKNOWN, "server_failed"),
        (503, VerdictName.HOLD, "busy"),
        (504, VerdictName.UNKNOWN, "server_failed"),
        (700, VerdictName.UNKNOWN, "unmatched"),
    ],
)
@pytest.mark.parametrize("body", [b"", b'{"Id": "g-1"}', orjson.dumps(REFUSAL)])
def test_every_other_status_speaks_for_itself(status: int, name: VerdictName, rule: str, body: bytes) -> None:
    judged = verdict(reply(status, body))
    assert (judged.name, judged.rule, judged.receipt) == (name, rule, None)


def test_a_wait_is_taken_from_what_may_wait() -> None:
    assert verdict(reply(429, **{"retry-after": "7"})).retry_after_s == 7
    assert verdict(reply(503, **{"retry-after": "99999"})).retry_after_s == 900
    assert verdict(reply(500, **{"retry-after": "7"})).retry_after_s is None


def test_a_lost_answer_depends_on_whether_bytes_had_left() -> None:
    assert verdict(Failure(Fault.DNS, sent=False)) == Verdict(VerdictName.HOLD, "nothing_sent:dns")
    assert verdict(Failure(Fault.TIMEOUT, sent=True)) == Verdict(VerdictName.UNKNOWN, "answer_lost:timeout")


# Envelopes and success codes


@pytest.mark.parametrize("code", [0, "0"])
@pytest.mark.parametrize("data", [[{"Id": "g-1"}], {"Id": "g-1"}])
def test_a_bus_that_says_it_succeeded_is_believed_as_number_and_as_text(code: object, data: object) -> None:
    answer = reply(200, {"error_code": code, "data": data})
    assert verdict(answer, layers=BUS).name is VerdictName.DELIVERED
    assert verdict(reply(200, twice({"error_code": code, "data": data})), layers=BUS).name is VerdictName.DELIVERED


def test_another_code_may_mean_success() -> None:
    one = Layers(success_field="error_code", success_values=frozenset({"1"}))
    assert verdict(reply(200, {"error_code": "1", "Id": "g-1"}), layers=one).name is VerdictName.DELIVERED
    assert verdict(reply(200, {"error_code": "0", "Id": "g-1"}), layers=one).rule == "not_succeeded"


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        ({"error_code": 5, "data": [{"Id": "g-1"}]}, "not_succeeded"),  # something may have been made
        ({"error_code": True, "data": [{"Id": "g-1"}]}, "not_succeeded"),
        ({"data": [{"Id": "g-1"}]}, "not_succeeded"),
        ({"data": [{"Id": ""}]}, "not_succeeded"),
        ({"error_code": 5, "data": [{"Id": "", "Message": "Sai mã"}]}, "refused"),
        ({"error_code": 0, "data": [{"Id": "", "Message": "Sai mã"}]}, "refused"),
        ({"error_code": 101}, "no_id"),  # of the bus itself, about all requests: no record is to blame
        ({"error_code": 0, "data": []}, "no_id"),
        ({"error_code": 0, "data": [{"Id": "g-1"}, {"Id": "g-2"}]}, "no_id"),
        ({"error_code": 0, "Id": "g-1"}, "no_id"),
    ],
)
def test_a_bus_that_contradicts_itself_delivers_nothing(document: object, rule: str) -> None:
    assert verdict(reply(200, document), layers=BUS).rule == rule


def test_requests_are_wrapped_as_answers_are() -> None:
    assert wrapped({"a": "đ"}, PLAIN) == '{"a":"đ"}'.encode()
    assert orjson.loads(wrapped({"a": "đ"}, BUS)) == {"data": [{"a": "đ"}]}


@pytest.mark.parametrize(
    "document",
    [{"access_token": "t"}, {"error_code": 0, "data": {"access_token": "t"}}, {"data": [{"access_token": "t"}]}],
)
def test_a_token_is_found_wherever_the_bus_puts_it(document: object) -> None:
    assert token_document(reply(200, document), BUS) == {"access_token": "t"}
    assert token_document(reply(200, twice(document)), BUS) == {"access_token": "t"}
    assert token_document(reply(200, b"<html>"), BUS) is None


# Lists


ENTRY = {"Id": "g-1", "ChuDon": "Ai", "DiaChi": "Ấp 1", "CMTND": "08", "NoiDung": "Việc"}


@pytest.mark.parametrize("body", [orjson.dumps([ENTRY, ENTRY]), twice([ENTRY])])
def test_a_list_is_read_each_case_once(body: bytes) -> None:
    assert candidates(read(reply(200, body), PLAIN)) == (Candidate("g-1", "Ai", "Ấp 1", "08", "Việc"),)


@pytest.mark.parametrize("value", [None, {}, REFUSAL, [None], [{"ChuDon": "Ai"}], [ENTRY, {"Id": ""}]])
def test_a_list_that_cannot_be_read_whole_says_nothing_about_absence(value: object) -> None:
    assert candidates(Said(value)) is None
    assert candidates(Said([ENTRY], succeeded=None)) is None
    assert candidates(Said([ENTRY], succeeded=False)) is None


def test_a_list_may_be_empty_and_its_texts_may_lack() -> None:
    assert candidates(Said([])) == ()
    assert candidates(Said([{"Id": "g-1", "NoiDung": None, "ChuDon": 5}])) == (Candidate("g-1"),)


@pytest.mark.parametrize(
    ("answer", "sighting", "rule", "wait_s"),
    [
        (Failure(Fault.CONNECT, sent=False, retry_after_s=3.0), SightingName.HELD, "nothing_sent:connect", 3.0),
        (Failure(Fault.RESET, sent=True), SightingName.UNREADABLE, "answer_lost:reset", None),
        (reply(429, **{"retry-after": "5"}), SightingName.HELD, "busy", 5.0),
        (reply(503), SightingName.HELD, "busy", None),
        (reply(401), SightingName.HELD, "unauthorised", None),
        (reply(403), SightingName.HELD, "forbidden", None),
        (reply(404), SightingName.UNREADABLE, "unmatched", None),
        (reply(500), SightingName.UNREADABLE, "unmatched", None),
        (reply(200, b"<html>"), SightingName.UNREADABLE, "unmatched", None),
    ],
)
def test_a_search_without_a_list_is_held_or_unreadable_never_absent(
    answer: Answer | Failure, sighting: SightingName, rule: str, wait_s: float | None
) -> None:
    assert why_no_list(answer) == (sighting, rule, wait_s)


def test_no_table_calls_anything_absent_or_delivered_by_default() -> None:
    assert RULES[-1].verdict is VerdictName.UNKNOWN
    assert SEARCH_RULES[-1].sighting is SightingName.UNREADABLE
    for table in (RULES, SEARCH_RULES):
        assert len({rule.name for rule in table}) == len(table)


def test_what_was_decoded_is_kept_out_of_representations() -> None:
    assert "canary" not in repr(read(reply(200, {"Id": "canary", "Message": "canary"}), PLAIN))
    assert decoded(Failure(Fault.RESET, sent=True)) is None
