"""The profile decree55 against the sandbox: both sides read the same interface, written by different hands."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import orjson
import pytest

from connector.core.model import KINDS, Delivery, Kind, Operation, RecordKey, SightingName, VerdictName
from connector.errors import CursorExpiredError
from connector.national.base import NationalSettings
from connector.national.decree55 import Decree55
from connector.sandbox import FaultRule, Sandbox
from tests.mapping_files import schemas

AGENCY = "H12.01"


def delivery(number: int = 1, version: int = 1, mode: str = "direct") -> Delivery:
    local_id = f"qldt:{number}/a"
    document = {
        "agency_code": AGENCY,
        "local_id": local_id,
        "held_on": "2026-03-02",
        "content": "Nội dung thử",
        "note": f"{mode} {version}",
    }
    body = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    return Delivery(
        id=number,
        key=RecordKey(AGENCY, Kind.RECEPTION, local_id),
        operation=Operation.PUT,
        version=version,
        body=body,
        digest=hashlib.sha256(body).hexdigest(),
        attempt=1,
    )


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(credentials={AGENCY: ("client", "s3:cret/é")}, seed=7) as running:
        yield running


@contextmanager
def line_to(sandbox: Sandbox, deadline_s: float = 30.0) -> Iterator[Decree55]:
    settings = NationalSettings(
        environment="test",
        base_url=sandbox.base_url,
        deadline_s=deadline_s,
        allow_plain_http=True,
        fields={kind: frozenset(schemas().fields(kind)) for kind in KINDS},
    )
    opened = Decree55(settings, AGENCY, lambda: ("client", "s3:cret/é"), threading.Event())
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture
def line(sandbox: Sandbox) -> Iterator[Decree55]:
    with line_to(sandbox) as opened:
        yield opened


def test_a_document_is_delivered_and_found_again(sandbox: Sandbox, line: Decree55) -> None:
    sent = delivery()
    assert line.find(sent).name is SightingName.ABSENT

    outcome = line.submit(sent)
    again = line.submit(sent)

    assert outcome.verdict.name is again.verdict.name is VerdictName.DELIVERED
    assert outcome.verdict.receipt is not None
    assert line.find(sent).name is SightingName.SAME
    assert line.find(delivery(version=2)).name is SightingName.OLDER
    assert line.find(delivery(mode="other")).name is SightingName.OTHER
    assert list(sandbox.effects().values()) == [1]


def withdrawal(version: int) -> Delivery:
    key = delivery().key
    body = orjson.dumps(
        {"agency_code": AGENCY, "kind": key.kind, "local_id": key.local_id, "reason": "Nhập trùng"},
        option=orjson.OPT_SORT_KEYS,
    )
    digest = hashlib.sha256(body).hexdigest()
    return replace(delivery(version=version), operation=Operation.WITHDRAW, body=body, digest=digest)


def test_a_withdrawal_is_delivered_found_again_and_overtaken_by_a_newer_put(sandbox: Sandbox, line: Decree55) -> None:
    line.submit(delivery())
    assert line.find(withdrawal(2)).name is SightingName.OLDER

    assert line.submit(withdrawal(2)).verdict.name is VerdictName.DELIVERED
    assert line.find(withdrawal(2)).name is SightingName.SAME
    assert line.find(delivery()).name is SightingName.NEWER
    assert line.submit(delivery(version=3)).verdict.name is VerdictName.DELIVERED
    assert set(sandbox.effects().values()) == {1}


def test_what_is_not_held_cannot_be_withdrawn_and_a_person_hears_of_it(line: Decree55) -> None:
    verdict = line.submit(withdrawal(2)).verdict

    assert (verdict.name, verdict.rule) == (VerdictName.REJECTED, "not_held")


def test_an_older_version_is_a_conflict_and_the_find_says_newer(line: Decree55) -> None:
    line.submit(delivery(version=2))

    assert line.submit(delivery(version=1)).verdict.name is VerdictName.CONFLICT
    assert line.find(delivery(version=1)).name is SightingName.NEWER


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("lose_before_commit", VerdictName.UNKNOWN),
        ("lose_after_commit", VerdictName.UNKNOWN),
        ("commit_then_500", VerdictName.UNKNOWN),
        ("commit_then_html", VerdictName.UNKNOWN),
        ("wrong_echo", VerdictName.UNKNOWN),
        ("truncate", VerdictName.UNKNOWN),
        ("drip", VerdictName.UNKNOWN),
        ("html", VerdictName.UNKNOWN),
        ("bad_gateway", VerdictName.UNKNOWN),
        ("busy_429", VerdictName.HOLD),
        ("busy_503", VerdictName.HOLD),
        ("forbidden", VerdictName.HOLD),
        ("conflict", VerdictName.CONFLICT),
        ("in_progress", VerdictName.RETRY),
        ("refuse_422", VerdictName.REJECTED),
        ("too_large", VerdictName.REJECTED),
    ],
)
def test_each_fault_has_its_verdict_and_one_submit_is_one_request(
    what: str, name: VerdictName, sandbox: Sandbox
) -> None:
    sandbox.play(FaultRule(what))

    with line_to(sandbox, deadline_s=1.0 if what == "drip" else 30.0) as line:
        outcome = line.submit(delivery())

    assert outcome.verdict.name is name
    assert [entry.method for entry in sandbox.log()].count("PUT") == 1


def test_a_token_that_expires_on_the_way_is_renewed_once(sandbox: Sandbox, line: Decree55) -> None:
    line.submit(delivery(1))
    sandbox.expire_tokens()

    assert line.submit(delivery(2)).verdict.name is VerdictName.DELIVERED
    assert [entry.status for entry in sandbox.log() if entry.method == "PUT"] == [201, 401, 201]


def test_the_refusal_of_an_invalid_document_names_the_field(line: Decree55) -> None:
    body = orjson.dumps({"agency_code": AGENCY, "local_id": "qldt:1/a", "content": "x"})
    sent = replace(delivery(), body=body, digest=hashlib.sha256(body).hexdigest())

    verdict = line.submit(sent).verdict

    assert verdict.name is VerdictName.REJECTED
    assert "/held_on" in {problem.pointer for problem in verdict.problems}


def test_the_feed_is_read_to_its_end_and_acknowledged(sandbox: Sandbox, line: Decree55) -> None:
    for number in range(5):
        line.submit(delivery(number))
        sandbox.move(AGENCY, Kind.RECEPTION, delivery(number).key.local_id, "validated", "Đã kiểm tra")
    cursor, seen = "", set()
    for _ in range(20):
        page = line.status_updates(AGENCY, cursor, 2)
        seen |= {(update.key.local_id, update.sequence, update.status) for update in page.updates}
        assert page.malformed == 0
        cursor = page.next
        if not page.more:
            break
    line.acknowledge(AGENCY, cursor)

    assert {local_id for local_id, _, status in seen if status == "validated"} == {
        delivery(number).key.local_id for number in range(5)
    }
    assert line.status_updates(AGENCY, cursor, 2).updates == ()
    assert sandbox.acknowledged(AGENCY) == cursor
    assert line.probe() is True


def test_the_manifest_is_read_to_its_end_with_what_was_entered_by_hand(sandbox: Sandbox, line: Decree55) -> None:
    receipts = [line.submit(delivery(number)).verdict.receipt for number in range(3)]
    sandbox.move(AGENCY, Kind.RECEPTION, delivery(1).key.local_id, "validated")
    by_hand = sandbox.enter(AGENCY, Kind.RECEPTION, "Nhập tay")
    first = line.manifest(AGENCY, Kind.RECEPTION, "", 3)
    second = line.manifest(AGENCY, Kind.RECEPTION, first.next, 3)

    assert (first.more, second.more, first.unreadable, second.unreadable) == (True, False, (), ())
    assert [held.national_id for held in first.held] == [receipt.national_id for receipt in receipts if receipt]
    assert [held.digest for held in first.held] == [delivery(number).digest for number in range(3)]
    assert [held.status_sequence for held in first.held] == [1, 2, 1]
    (hand,) = second.held
    assert (hand.local_id, hand.national_id, hand.entered_by, hand.kind) == ("", by_hand, "web", Kind.RECEPTION)
    assert line.manifest(AGENCY, Kind.DECISION, "", 3).held == ()
    with pytest.raises(CursorExpiredError):
        line.manifest(AGENCY, Kind.DECISION, first.next, 3)


def test_an_expired_cursor_is_told_apart(sandbox: Sandbox, line: Decree55) -> None:
    sandbox.play(FaultRule("expired_cursor"))

    with pytest.raises(CursorExpiredError):
        line.status_updates(AGENCY, "c-1", 10)


def test_sixteen_threads_have_one_effect_per_document(sandbox: Sandbox, line: Decree55) -> None:
    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(line.submit, [delivery(number) for number in range(200)]))

    assert {outcome.verdict.name for outcome in outcomes} == {VerdictName.DELIVERED}
    assert set(sandbox.effects().values()) == {1}
    assert len(sandbox.effects()) == 200
