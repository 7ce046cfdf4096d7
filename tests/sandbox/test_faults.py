"""Each fault does what its name says, and strikes the same requests for the same seed."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from connector.sandbox import FaultRule, Sandbox
from connector.sandbox.faults import AFTER, BEFORE, FEED, OBSERVED, FaultPlan
from tests.sandbox.caller import CREDENTIALS, Caller, petition


def test_an_answer_lost_after_the_commit_leaves_the_record_behind(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.play(FaultRule("lose_after_commit", times=1))
    with pytest.raises(httpx.RemoteProtocolError):
        caller.put(petition("bt:1"))
    assert caller.get("bt:1").json()["version"] == 1
    assert sandbox.lost() == 1
    assert caller.put(petition("bt:1")).status_code == 200
    assert list(sandbox.effects().values()) == [1]


def test_an_answer_lost_before_the_commit_leaves_nothing_behind(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.play(FaultRule("lose_before_commit", times=1))
    with pytest.raises(httpx.RemoteProtocolError):
        caller.put(petition("bt:1"))
    assert caller.get("bt:1").status_code == 404
    assert sandbox.lost() == 1
    assert sandbox.effects() == {}


@pytest.mark.parametrize(
    ("what", "status", "committed"),
    [
        ("commit_then_500", 500, 1),
        ("commit_then_html", 200, 1),
        ("wrong_echo", 201, 1),
        ("drip", 201, 1),
        ("late_answer", 201, 1),
        ("latency", 201, 1),
        ("busy_429", 429, 0),
        ("busy_503", 503, 0),
        ("expire_token", 401, 0),
        ("forbidden", 403, 0),
        ("html", 200, 0),
        ("bad_gateway", 502, 0),
        ("conflict", 409, 0),
        ("in_progress", 409, 0),
        ("refuse_422", 422, 0),
        ("too_large", 413, 0),
    ],
)
def test_a_fault_answers_as_named_and_commits_or_does_not(
    caller: Caller, sandbox: Sandbox, what: str, status: int, committed: int
) -> None:
    sandbox.play(FaultRule(what, latency_s=0.001))
    assert caller.put(petition("bt:1")).status_code == status
    assert len(sandbox.effects()) == committed
    line = sandbox.log()[-1]
    assert (line.status, line.fault) == (status, what)


def test_every_fault_is_played_by_some_test() -> None:
    tests = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_f*.py"))
    assert [what for what in sorted(BEFORE | AFTER | FEED | OBSERVED) if f'"{what}"' not in tests] == []


def test_a_truncated_answer_breaks_off_in_its_body(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.play(FaultRule("truncate"))
    with pytest.raises(httpx.RemoteProtocolError):
        caller.put(petition("bt:1"))
    assert list(sandbox.effects().values()) == [1]


def test_the_echo_of_a_confused_server_names_another_digest(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.play(FaultRule("wrong_echo", times=1))
    wrong = caller.put(petition("bt:1")).json()
    assert wrong["digest"] != caller.get("bt:1").json()["digest"]


def test_retry_after_comes_in_seconds_or_as_a_date_or_not_at_all(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.play(FaultRule("busy_429", retry_after_s=7))
    assert caller.put(petition("bt:1")).headers["Retry-After"] == "7"
    sandbox.play(FaultRule("busy_503", retry_after_s=7, retry_after_date=True))
    answer = caller.put(petition("bt:1"))
    waits = parsedate_to_datetime(answer.headers["Retry-After"]) - parsedate_to_datetime(answer.headers["Date"])
    assert 5 <= waits.total_seconds() <= 8
    sandbox.play(FaultRule("busy_503", retry_after_s=None))
    assert "Retry-After" not in caller.put(petition("bt:1")).headers


def test_a_refusal_by_rule_says_what_the_rule_says(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.play(FaultRule("refuse_422", pointer="/received_on", rule="ngay-nhan", message="Ngày nhận không hợp lệ"))
    assert caller.put(petition("bt:1")).json()["errors"] == [
        {"pointer": "/received_on", "rule": "ngay-nhan", "message": "Ngày nhận không hợp lệ"}
    ]


def test_an_expired_token_stays_expired_until_the_next_one(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.play(FaultRule("expire_token", times=1))
    assert [caller.put(petition("bt:1")).status_code for _ in range(2)] == [401, 401]
    caller.sign_in()
    assert caller.put(petition("bt:1")).status_code == 201


def test_a_rule_strikes_whom_it_names_and_as_often_as_it_says(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.play(
        FaultRule("forbidden", local_id="bt:1", times=2),
        FaultRule("busy_503", kind="decision"),
        FaultRule("in_progress", call="get", every=2),
        FaultRule("html", call="token", in_all=1),
    )
    assert [caller.put(petition("bt:1")).status_code for _ in range(3)] == [403, 403, 201]
    assert caller.put(petition("bt:2")).status_code == 201
    assert [caller.get("bt:1").status_code for _ in range(4)] == [200, 409, 200, 409]
    form = {"grant_type": "client_credentials", "client_id": "client-5", "client_secret": "s:cret/5"}
    answers = [caller.http.post("/oauth2/token", data=form, headers={"Authorization": ""}) for _ in range(2)]
    assert [answer.headers["Content-Type"].split(";")[0] for answer in answers] == ["text/html", "application/json"]


def test_the_same_seed_strikes_the_same_requests_in_any_order() -> None:
    def struck(seed: int, keys: list[int]) -> set[tuple[int, int]]:
        plan = FaultPlan(seed, [FaultRule("busy_503", share=0.3)])
        asked = [(key, turn) for key in keys for turn in range(3)]
        return {each for each in asked if plan.strike("put", "H08.5", "petition", f"bt:{each[0]}")}

    keys = list(range(200))
    assert struck(7, keys) == struck(7, keys[::-1])
    assert struck(7, keys) != struck(8, keys)
    assert 0.2 < len(struck(7, keys)) / 600 < 0.4


def test_a_rule_with_a_misspelt_name_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown fault"):
        FaultRule("lose_after_comit")
    with pytest.raises(ValueError, match="unknown call"):
        FaultRule("html", call="patch")


def test_stopping_ends_a_long_pause_at_once() -> None:
    started = time.monotonic()
    with Sandbox(credentials=CREDENTIALS, faults=[FaultRule("late_answer", latency_s=60)]) as sandbox:
        with Caller(sandbox.base_url) as caller:
            caller.http.timeout = httpx.Timeout(2)
            with pytest.raises(httpx.ReadTimeout):
                caller.put(petition("bt:1"))
        assert list(sandbox.effects().values()) == [1]
    assert time.monotonic() - started < 50
