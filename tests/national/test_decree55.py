"""The profile decree55 over loopback: what goes out, what each answer becomes, and how a token is kept."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest

from connector.core.model import (
    KINDS,
    Change,
    Delivery,
    Held,
    Kind,
    Operation,
    RecordKey,
    SightingName,
    VerdictName,
)
from connector.errors import ConfigError, CursorExpiredError, RemoteError
from connector.national.base import National, NationalSettings
from connector.national.decree55 import Decree55, idempotency_key, submission
from tests.national import fault_server as faults
from tests.national.fault_server import FaultServer, Received, Script, Talk, answer

AGENCY = "H12.01"
BODY = '{"content":"Đơn thử","local_id":"qldt:7/2"}'.encode()
DIGEST = hashlib.sha256(BODY).hexdigest()
DELIVERY = Delivery(
    id=41,
    key=RecordKey(AGENCY, Kind.PETITION, "qldt:7/2"),
    operation=Operation.PUT,
    version=3,
    body=BODY,
    digest=DIGEST,
    attempt=1,
)
ECHO = {
    "national_id": "QG-1",
    "version": 3,
    "digest": DIGEST,
    "received_at": "2026-03-02T01:29:59Z",
    "status": "received",
}
PROBLEM = "application/problem+json"

Reaction = Callable[[Received], bytes]


def settings(base_url: str) -> NationalSettings:
    return NationalSettings(
        environment="test",
        base_url=base_url,
        deadline_s=30.0,
        connect_timeout_s=30.0,
        allow_plain_http=True,
    )


def token(value: str = "t-1", expires_in: object = 3600) -> bytes:
    return answer(200, orjson.dumps({"access_token": value, "token_type": "Bearer", "expires_in": expires_in}))


def problem(status: int, name: str, **headers: str) -> bytes:
    document = {"type": f"urn:kntc:problem:{name}", "status": status}
    return answer(status, orjson.dumps(document), PROBLEM, **headers)


def reacting(react: Reaction, give_token: Reaction = lambda _: token()) -> Script:
    """Answer token requests with one function and everything else with the other."""

    def script(talk: Talk) -> None:
        while (received := talk.receive()) is not None:
            talk.send(give_token(received) if received.target == "/oauth2/token" else react(received))

    return script


@contextmanager
def line_to(server: FaultServer, **changes: object) -> Iterator[Decree55]:
    wanted = replace(settings(server.base_url), **changes)  # type: ignore[arg-type]
    line = Decree55(wanted, AGENCY, lambda: ("client", "s3:cret/é"), threading.Event())
    try:
        yield line
    finally:
        line.close()


def calls(server: FaultServer, *, token_calls: bool = False) -> list[Received]:
    return [call for call in server.received if (call.target == "/oauth2/token") is token_calls]


# What goes out


def test_a_put_carries_the_bytes_of_the_outbox_and_its_identity() -> None:
    with (
        FaultServer((reacting(lambda _: answer(201, orjson.dumps(ECHO))),)) as server,
        line_to(server) as line,
    ):
        outcome = line.submit(DELIVERY)

    (put,) = calls(server)
    assert (put.method, put.target, put.body) == ("PUT", "/v1/agencies/H12.01/petition/qldt%3A7%2F2", BODY)
    assert put.headers["authorization"] == "Bearer t-1"
    assert put.headers["idempotency-key"] == idempotency_key(DELIVERY)
    assert put.headers["x-record-version"] == "3"
    assert put.headers["x-schema-version"] == "1"
    assert put.headers["x-change-cause"] == "progress"
    assert put.headers["content-type"] == "application/json"
    stated = put.headers["content-digest"].removeprefix("sha-256=:").removesuffix(":")
    assert base64.b64decode(stated).hex() == DIGEST
    assert (outcome.delivery_id, outcome.http_status) == (41, 201)
    assert outcome.verdict.name is VerdictName.DELIVERED
    assert outcome.answered is not None
    assert outcome.answered.digest == hashlib.sha256(orjson.dumps(ECHO)).hexdigest()
    assert outcome.answered.body == orjson.dumps(ECHO)
    assert 0 < outcome.elapsed_s < 5


def test_the_token_is_asked_for_once_with_the_client_in_basic() -> None:
    with (
        FaultServer((reacting(lambda _: answer(201, orjson.dumps(ECHO))),)) as server,
        line_to(server) as line,
    ):
        for _ in range(3):
            line.submit(DELIVERY)

    (asked,) = calls(server, token_calls=True)
    assert (asked.method, asked.body) == ("POST", b"grant_type=client_credentials")
    basic = base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode()
    assert basic == "client:s3%3Acret%2F%C3%A9"


def test_the_reason_of_a_change_stays_here_and_only_its_cause_is_sent() -> None:
    request = submission(replace(DELIVERY, change=Change("correction", "canary")), "1")

    assert request.headers["X-Change-Cause"] == "correction"
    assert "canary" not in "".join(request.headers.values())


def test_an_idempotency_key_never_changes_between_releases() -> None:
    assert idempotency_key(DELIVERY) == "da30e923-742c-53af-8fd6-66083e05d015"


def test_an_idempotency_key_depends_on_each_part_of_the_identity_and_on_nothing_else() -> None:
    key = DELIVERY.key
    others = [
        replace(DELIVERY, key=replace(key, agency="H12.02")),
        replace(DELIVERY, key=replace(key, kind=Kind.RECEPTION)),
        replace(DELIVERY, key=replace(key, local_id="qldt:7")),
        replace(DELIVERY, operation=Operation.WITHDRAW),
        replace(DELIVERY, version=4),
        replace(DELIVERY, digest="0" * 64),
    ]

    assert len({idempotency_key(delivery) for delivery in [DELIVERY, *others]}) == 7
    assert idempotency_key(replace(DELIVERY, id=1, attempt=9, change=Change("void"))) == idempotency_key(DELIVERY)


# What a submit becomes


def submitted(react: Reaction) -> tuple[VerdictName, str, int]:
    """Submit once; return verdict, rule, and how many documents arrived."""
    with FaultServer((reacting(react),)) as server, line_to(server) as line:
        outcome = line.submit(DELIVERY)
    return outcome.verdict.name, outcome.verdict.rule, len(calls(server))


@pytest.mark.parametrize(
    ("reply", "name", "rule"),
    [
        (answer(200, orjson.dumps({**ECHO, "digest": "0" * 64})), VerdictName.UNKNOWN, "echoed_another"),
        (answer(200, b"<html></html>", "text/html"), VerdictName.UNKNOWN, "no_echo"),
        (problem(403, "forbidden"), VerdictName.HOLD, "forbidden"),
        (problem(409, "in-progress"), VerdictName.RETRY, "in_progress"),
        (problem(409, "older-version"), VerdictName.CONFLICT, "conflict"),
        (problem(422, "schema"), VerdictName.REJECTED, "refused"),
        (problem(503, "busy"), VerdictName.HOLD, "busy"),
        (answer(500), VerdictName.UNKNOWN, "server_failed"),
        (answer(502, b"<html></html>", "text/html"), VerdictName.UNKNOWN, "server_failed"),
    ],
)
def test_a_submit_is_sent_once_whatever_the_answer(reply: bytes, name: VerdictName, rule: str) -> None:
    assert submitted(lambda _: reply) == (name, rule, 1)


@pytest.mark.parametrize(
    ("script", "rule"),
    [
        (faults.cut_after_request, "answer_lost:reset"),
        (faults.reset_after_request, "answer_lost:reset"),
        (faults.drip_body, "answer_lost:timeout"),
        (faults.never_answers, "answer_lost:timeout"),
        (faults.short_body, "answer_lost:reset"),
    ],
)
def test_a_submit_whose_answer_is_lost_is_unknown_and_never_sent_twice(script: Script, rule: str) -> None:
    # The token comes within the same deadline: short enough to wait for, long enough for a busy machine.
    deadline_s = 2.0 if rule.endswith("timeout") else 30.0
    with (
        FaultServer((faults.token_then(token(), script),)) as server,
        line_to(server, deadline_s=deadline_s) as line,
    ):
        outcome = line.submit(DELIVERY)

    assert (outcome.verdict.name, outcome.verdict.rule) == (VerdictName.UNKNOWN, rule)
    assert (outcome.http_status, outcome.answered) == (None, None)
    assert len(calls(server)) == 1


def test_a_busy_server_says_how_long_and_when() -> None:
    headers = {"Retry_After": "Mon, 02 Mar 2026 01:31:00 GMT", "Date": "Mon, 02 Mar 2026 01:30:15 GMT"}
    with (
        FaultServer((reacting(lambda _: problem(429, "busy", **headers)),)) as server,
        line_to(server) as line,
    ):
        outcome = line.submit(DELIVERY)

    assert (outcome.verdict.name, outcome.verdict.retry_after_s) == (VerdictName.HOLD, 45.0)
    assert outcome.answered is not None
    assert outcome.answered.server_date == datetime(2026, 3, 2, 1, 30, 15, tzinfo=UTC)
    assert outcome.answered.body == b""  # a refusal may hold anything


# Tokens


def test_an_expired_token_is_renewed_once_and_the_submit_goes_through() -> None:
    tokens = iter(["old", "new"])

    def react(received: Received) -> bytes:
        fresh = received.headers["authorization"] == "Bearer new"
        return answer(201, orjson.dumps(ECHO)) if fresh else problem(401, "unauthorized")

    with FaultServer((reacting(react, lambda _: token(next(tokens))),)) as server, line_to(server) as line:
        outcome = line.submit(DELIVERY)

    assert outcome.verdict.name is VerdictName.DELIVERED
    assert len(calls(server)) == 2


def test_a_second_401_holds_the_channel() -> None:
    assert submitted(lambda _: problem(401, "unauthorized")) == (VerdictName.HOLD, "unauthorised", 2)


def test_many_threads_with_an_expired_token_ask_for_one_new_one() -> None:
    everybody = threading.Barrier(8)
    given = iter(["old", "new", "never"])

    def react(received: Received) -> bytes:
        if received.headers["authorization"] == "Bearer new":
            return answer(201, orjson.dumps(ECHO))
        everybody.wait(timeout=10)  # all eight are refused at the same time
        return problem(401, "unauthorized")

    with (
        FaultServer((reacting(react, lambda _: token(next(given))),)) as server,
        line_to(server) as line,
        ThreadPoolExecutor(8) as pool,
    ):
        outcomes = list(pool.map(line.submit, [DELIVERY] * 8))

    assert {outcome.verdict.name for outcome in outcomes} == {VerdictName.DELIVERED}
    assert len(calls(server, token_calls=True)) == 2


def test_a_token_near_its_end_is_renewed_before_it_is_refused() -> None:
    given = iter(["short", "long"])
    with (
        FaultServer(
            (reacting(lambda _: answer(201, orjson.dumps(ECHO)), lambda _: token(next(given), 0.000_001)),)
        ) as server,
        line_to(server) as line,
    ):
        line.submit(DELIVERY)
        line.submit(DELIVERY)

    assert [call.headers["authorization"] for call in calls(server)] == ["Bearer short", "Bearer long"]


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (answer(401, b'{"error":"invalid_client"}'), "token_refused"),
        (answer(400, b'{"error":"invalid_client"}'), "token_refused"),
        (answer(403), "token_refused"),
        (answer(200, b"<html></html>", "text/html"), "token_unavailable"),
        (answer(200, b"{}"), "token_unavailable"),
        (answer(200, orjson.dumps({"access_token": "a\r\nX: canary"})), "token_unavailable"),
        (answer(200, orjson.dumps({"access_token": ""})), "token_unavailable"),
        (answer(503, b"", "", Retry_After="40"), "token_unavailable"),
    ],
)
def test_without_a_token_nothing_is_sent_and_the_channel_waits(reply: bytes, fault: str) -> None:
    script = reacting(lambda _: answer(201, orjson.dumps(ECHO)), lambda _: reply)
    with FaultServer((script,)) as server, line_to(server) as line:
        outcome, sighting, allowed = line.submit(DELIVERY), line.find(DELIVERY), line.probe()

    assert calls(server) == []
    assert (outcome.verdict.name, outcome.verdict.rule) == (VerdictName.HOLD, f"nothing_sent:{fault}")
    assert sighting.name is SightingName.HELD
    assert allowed is False
    assert outcome.verdict.retry_after_s == (40.0 if b"503" in reply else None)


def test_a_token_request_whose_answer_is_lost_is_still_nothing_sent() -> None:
    with FaultServer((faults.never_answers,)) as server, line_to(server, deadline_s=0.3) as line:
        outcome = line.submit(DELIVERY)

    assert (outcome.verdict.name, outcome.verdict.rule) == (VerdictName.HOLD, "nothing_sent:timeout")


def test_a_secret_that_cannot_be_read_holds_the_channel() -> None:
    def unreadable() -> tuple[str, str]:
        raise ConfigError("E-SECRET-UNREADABLE")

    line = Decree55(settings("http://127.0.0.1:9"), AGENCY, unreadable, threading.Event())

    outcome = line.submit(DELIVERY)

    assert (outcome.verdict.name, outcome.verdict.rule) == (VerdictName.HOLD, "nothing_sent:credentials")


def test_a_delivery_of_another_agency_is_a_bug_and_is_never_sent() -> None:
    stranger = replace(DELIVERY, key=replace(DELIVERY.key, agency="H99.99"))
    with FaultServer((reacting(lambda _: answer(201)),)) as server, line_to(server) as line:
        with pytest.raises(ValueError, match="agency"):
            line.submit(stranger)
        with pytest.raises(ValueError, match="agency"):
            line.find(stranger)

    assert server.received == []


# Find


@pytest.mark.parametrize(
    ("reply", "name"),
    [
        (answer(200, orjson.dumps({**ECHO, "sequence": 9})), SightingName.SAME),
        (answer(200, orjson.dumps({**ECHO, "version": 2})), SightingName.OLDER),
        (answer(200, orjson.dumps({**ECHO, "version": 4})), SightingName.NEWER),
        (answer(200, orjson.dumps({**ECHO, "digest": "0" * 64})), SightingName.OTHER),
        (problem(404, "not-found"), SightingName.ABSENT),
        (answer(404, b"<html></html>", "text/html"), SightingName.UNREADABLE),
        (answer(200, b"<html></html>", "text/html"), SightingName.UNREADABLE),
        (problem(401, "unauthorized"), SightingName.HELD),
        (problem(403, "forbidden"), SightingName.HELD),
        (problem(429, "busy", Retry_After="5"), SightingName.HELD),
    ],
)
def test_a_find_says_what_the_national_side_holds(reply: bytes, name: SightingName) -> None:
    with FaultServer((reacting(lambda _: reply),)) as server, line_to(server) as line:
        sighting = line.find(DELIVERY)

    assert (sighting.name, sighting.delivery_id) == (name, 41)
    assert sighting.retry_after_s == (5.0 if b"429" in reply else None)
    first = calls(server)[0]
    assert (first.method, first.target, first.body) == (
        "GET",
        "/v1/agencies/H12.01/petition/qldt%3A7%2F2",
        b"",
    )


def test_a_find_survives_one_reset() -> None:
    scripts = (
        faults.token_then(token(), faults.reset_after_request),
        reacting(lambda _: answer(200, orjson.dumps(ECHO))),
    )
    with FaultServer(scripts) as server, line_to(server) as line:
        assert line.find(DELIVERY).name is SightingName.SAME


def test_a_find_at_a_closed_port_is_held() -> None:
    line = Decree55(settings(f"http://127.0.0.1:{faults.closed_port()}"), AGENCY, lambda: ("c", "s"), stopped())

    assert line.find(DELIVERY).name is SightingName.HELD
    assert line.submit(DELIVERY).verdict.rule == "nothing_sent:connect"


def stopped() -> threading.Event:
    stop = threading.Event()
    stop.set()
    return stop


# The feed


EVENT = {
    "event_id": "e-1",
    "sequence": 5,
    "kind": "petition",
    "local_id": "qldt:7/2",
    "national_id": "QG-1",
    "status": "a_status_of_tomorrow",
    "occurred_at": "2026-03-02T08:00:00+07:00",
    "acting_agency": "H12",
    "note": "Đã nhận",
}


def feed(*items: object, cursor: object = "c-2", more: object = True) -> bytes:
    return answer(200, orjson.dumps({"items": items, "next": cursor, "more": more}))


def test_a_page_of_the_feed_is_read_in_order_with_unknown_statuses_kept() -> None:
    second = {**EVENT, "event_id": "e-2", "note": None, "acting_agency": 7, "national_id": None}
    with FaultServer((reacting(lambda _: feed(EVENT, second)),)) as server, line_to(server) as line:
        page = line.status_updates(AGENCY, "c/1+", 50)

    assert calls(server)[0].target == "/v1/agencies/H12.01/status-updates?after=c%2F1%2B&limit=50"
    assert [update.event_id for update in page.updates] == ["e-1", "e-2"]
    assert (page.next, page.more, page.malformed) == ("c-2", True, 0)
    first = page.updates[0]
    assert first.key == RecordKey(AGENCY, Kind.PETITION, "qldt:7/2")
    assert (first.sequence, first.status, first.note) == (5, "a_status_of_tomorrow", "Đã nhận")
    assert first.occurred_at == datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def test_a_sentence_where_a_code_belongs_is_text_of_the_note() -> None:
    """A status or an acting agency in words, with a person in it, went to the audit log and the published mirror."""
    worded = {
        **EVENT,
        "status": "Ông A 0901234567 rút đơn",
        "acting_agency": "Ban Tiếp công dân",
        "national_id": "Ông A",
    }
    numbered = {**EVENT, "event_id": "e-2", "status": "cccd079123456789", "note": None}
    with FaultServer((reacting(lambda _: feed(worded, numbered)),)) as server, line_to(server) as line:
        first, second = line.status_updates(AGENCY, "", 50).updates

    assert (first.status, first.acting_agency, first.national_id) == ("unrecognised", "", "")
    assert first.note == "Ông A 0901234567 rút đơn: Ban Tiếp công dân: Đã nhận"
    assert (second.status, second.note) == ("unrecognised", "cccd079123456789")


@pytest.mark.parametrize(
    "change",
    [
        {"local_id": "qldt:Nguyễn Văn A"},
        {"local_id": "Nguyễn"},
        {"event_id": ""},
        {"event_id": None},
        {"sequence": "5"},
        {"sequence": -1},
        {"sequence": 0},
        {"sequence": 2**60},
        {"kind": "dossier"},
        {"kind": ["petition"]},
        {"local_id": 7},
        {"status": ""},
        {"occurred_at": "yesterday"},
        {"occurred_at": "2026-03-02T08:00:00"},
        {"occurred_at": "0001-01-01T00:00:00+07:00"},
        {"occurred_at": "0001-01-01T00:00:00Z"},
    ],
)
def test_an_item_that_is_no_event_is_counted_and_the_others_are_kept(change: dict[str, object]) -> None:
    with (
        FaultServer((reacting(lambda _: feed({**EVENT, **change}, EVENT, "x")),)) as server,
        line_to(server) as line,
    ):
        page = line.status_updates(AGENCY, "", 50)

    assert (len(page.updates), page.malformed) == (1, 2)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (answer(200, b"<html></html>", "text/html"), "E-NET-NOT-API"),
        (feed(cursor=None), "E-NET-NOT-API"),
        (feed(cursor="c" * 2_000), "E-NET-NOT-API"),
        (feed(more="yes"), "E-NET-NOT-API"),
        (answer(200, b'{"items":{},"next":"","more":false}'), "E-NET-NOT-API"),
        (problem(401, "unauthorized"), "E-AUTH"),
        (problem(403, "forbidden"), "E-AUTH-FORBIDDEN"),
        (problem(429, "busy", Retry_After="5"), "E-NET-BUSY"),
        (answer(307, b"", "", Location="http://elsewhere.test/?token=canary"), "E-NET-REDIRECT"),
        (problem(400, "canary"), "E-NET-STATUS"),
    ],
)
def test_a_feed_that_cannot_be_read_is_an_error_without_a_word_of_the_answer(reply: bytes, error: str) -> None:
    with (
        FaultServer((reacting(lambda _: reply),)) as server,
        line_to(server) as line,
        pytest.raises(RemoteError) as caught,
    ):
        line.status_updates(AGENCY, "cursor-canary", 50)

    assert caught.value.id == error
    assert "canary" not in str(caught.value)


def test_an_expired_cursor_has_an_error_of_its_own() -> None:
    with (
        FaultServer((reacting(lambda _: problem(410, "cursor-expired")),)) as server,
        line_to(server) as line,
        pytest.raises(CursorExpiredError),
    ):
        line.status_updates(AGENCY, "c-1", 50)


LINE: dict[str, object] = {
    "local_id": "qldt:7/2",
    "national_id": "QG-1",
    "version": 3,
    "digest": DIGEST,
    "status": "validated",
    "status_sequence": 5,
    "entered_by": "api",
}


def test_a_page_of_the_manifest_is_read_in_order() -> None:
    by_hand = {**LINE, "national_id": "QG-2", "entered_by": "web", "status": "Ông A 0901234567 rút đơn"}
    del by_hand["local_id"]
    with FaultServer((reacting(lambda _: feed(LINE, by_hand)),)) as server, line_to(server) as line:
        page = line.manifest(AGENCY, Kind.PETITION, "c/1+", 50)

    assert calls(server)[0].target == "/v1/agencies/H12.01/petition?after=c%2F1%2B&limit=50"
    assert (page.next, page.more, page.unreadable) == ("c-2", True, ())
    assert page.held[0] == Held(Kind.PETITION, "qldt:7/2", "QG-1", 3, DIGEST, "validated", 5, "api")
    assert page.held[1] == Held(Kind.PETITION, "", "QG-2", 3, DIGEST, "unrecognised", 5, "web")


def test_fields_of_tomorrow_do_no_harm_to_a_receipt_an_event_or_a_line() -> None:
    more = {"legal_basis": {"article": 5}, "priority": None}
    reactions = {"PUT": answer(201, orjson.dumps({**ECHO, **more})), "GET": feed({**EVENT, **more}, {**LINE, **more})}
    with FaultServer((reacting(lambda received: reactions[received.method]),)) as server, line_to(server) as line:
        outcome = line.submit(DELIVERY)
        page = line.status_updates(AGENCY, "", 50)
        manifest = line.manifest(AGENCY, Kind.PETITION, "", 50)

    assert outcome.verdict.name is VerdictName.DELIVERED
    assert (page.updates[0].status, len(page.updates)) == ("a_status_of_tomorrow", 1)
    assert (manifest.held[0].status, len(manifest.held)) == ("validated", 1)


@pytest.mark.parametrize(
    "change",
    [
        {"local_id": "qldt:Nguyễn Văn A"},
        {"local_id": 7},
        {"national_id": "Ông A"},
        {"national_id": None},
        {"version": 0},
        {"version": True},
        {"digest": DIGEST.upper()},
        {"digest": None},
        {"status": ""},
        {"status_sequence": "5"},
        {"status_sequence": 2**60},
        {"entered_by": "mail"},
        {"entered_by": ["api"]},
    ],
)
def test_an_item_that_is_no_line_is_named_and_the_others_are_kept(change: dict[str, object]) -> None:
    with (
        FaultServer((reacting(lambda _: feed({**LINE, **change}, LINE, "x")),)) as server,
        line_to(server) as line,
    ):
        page = line.manifest(AGENCY, Kind.PETITION, "", 50)

    assert len(page.held) == 1
    assert page.unreadable[0] == "QG-1" or page.unreadable[0].startswith("sha256-")
    assert page.unreadable[1].startswith("sha256-")


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (feed(cursor="c" * 2_000), "E-NET-NOT-API"),
        (feed(more="yes"), "E-NET-NOT-API"),
        (problem(403, "forbidden"), "E-AUTH-FORBIDDEN"),
        (problem(410, "cursor-expired"), "E-FEED-CURSOR-EXPIRED"),
        (problem(400, "canary"), "E-NET-STATUS"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_an_error_without_a_word_of_the_answer(reply: bytes, error: str) -> None:
    with (
        FaultServer((reacting(lambda _: reply),)) as server,
        line_to(server) as line,
        pytest.raises(RemoteError) as caught,
    ):
        line.manifest(AGENCY, Kind.PETITION, "cursor-canary", 50)

    assert caught.value.id == error
    assert "canary" not in str(caught.value)


def test_an_unreachable_feed_is_an_error_with_its_fault() -> None:
    line = Decree55(settings(f"http://127.0.0.1:{faults.closed_port()}"), AGENCY, lambda: ("c", "s"), stopped())

    with pytest.raises(RemoteError) as caught:
        line.status_updates(AGENCY, "", 50)

    assert (caught.value.id, caught.value.values) == ("E-NET-UNREACHABLE", {"fault": "connect"})


def test_an_acknowledgement_carries_the_cursor() -> None:
    with FaultServer((reacting(lambda _: answer(204, b"", "")),)) as server, line_to(server) as line:
        line.acknowledge(AGENCY, "c-2")

    (call,) = calls(server)
    assert (call.method, call.target) == ("POST", "/v1/agencies/H12.01/status-updates/ack")
    assert orjson.loads(call.body) == {"cursor": "c-2"}


def test_a_refused_acknowledgement_is_an_error() -> None:
    with (
        FaultServer((reacting(lambda _: problem(403, "forbidden")),)) as server,
        line_to(server) as line,
        pytest.raises(RemoteError),
    ):
        line.acknowledge(AGENCY, "c-2")


# Probe and capabilities


@pytest.mark.parametrize(
    ("reply", "allowed"),
    [
        (feed(), True),
        (problem(503, "busy"), False),
        (problem(429, "busy"), False),
        (problem(401, "unauthorized"), False),
        (problem(403, "forbidden"), False),
        (answer(200, b"<html></html>", "text/html"), False),
        (problem(410, "cursor-expired"), True),
        (answer(410, b"<html></html>", "text/html"), False),
    ],
)
def test_a_probe_is_one_small_read(reply: bytes, *, allowed: bool) -> None:
    with FaultServer((reacting(lambda _: reply),)) as server, line_to(server) as line:
        assert line.probe() is allowed

    assert calls(server)[0].target == "/v1/agencies/H12.01/status-updates?limit=1"


def test_the_profile_carries_and_finds_every_kind() -> None:
    line: National = Decree55(settings("http://127.0.0.1:9"), AGENCY, lambda: ("c", "s"), threading.Event())

    assert line.capabilities.carried == line.capabilities.findable == frozenset(KINDS)
    assert line.capabilities.create_idempotent == frozenset(KINDS)


def test_a_national_side_without_idempotent_creates_is_a_setting() -> None:
    wanted = replace(settings("http://127.0.0.1:9"), create_idempotent=False, absent_after_s=600.0)
    line = Decree55(wanted, AGENCY, lambda: ("c", "s"), threading.Event())

    assert line.capabilities.create_idempotent == frozenset()
    assert line.capabilities.absent_after_s == 600.0


@pytest.mark.parametrize(
    ("item", "named"),
    [
        ({**EVENT, "occurred_at": "2026-03-02 09:00:00"}, "e-1"),
        ({**EVENT, "event_id": "Nguyễn Văn A", "sequence": 0}, "sha256-"),
        ("x", "sha256-"),
    ],
)
def test_an_item_that_is_no_event_is_named_by_its_id_or_its_digest(item: object, named: str) -> None:
    with FaultServer((reacting(lambda _: feed(item)),)) as server, line_to(server) as line:
        (unreadable,) = line.status_updates(AGENCY, "", 50).unreadable

    assert unreadable.startswith(named)
    assert unreadable.isascii()
