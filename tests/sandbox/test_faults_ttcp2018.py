"""Each fault on the observed interface does what its name says, and strikes the same requests for the same seed."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from connector.sandbox import Created, FaultRule, Sandbox, record_of
from connector.sandbox.faults import OPERATIONS
from tests.sandbox.caller import CREDENTIALS, Caller, petition
from tests.sandbox.old_caller import CASE, CONTENT, DECISION, HANDLING, RECEIVER, USER, OldCaller, changed

CREATE = "CapNhatVuViec"


def test_an_answer_lost_after_the_commit_leaves_an_orphan_and_a_repeat_a_duplicate(
    old: OldCaller, sandbox: Sandbox
) -> None:
    sandbox.play(FaultRule("lose_after_commit", call=CREATE, times=1))
    with pytest.raises(httpx.RemoteProtocolError):
        old.create()
    assert [case.content for case in sandbox.cases()] == [CONTENT]
    assert sandbox.lost() == 1
    old.create()
    assert list(sandbox.objects().values()) == [2]


def test_an_answer_lost_before_the_commit_leaves_nothing(old: OldCaller, sandbox: Sandbox) -> None:
    sandbox.play(FaultRule("lose_before_commit", call=CREATE, times=1))
    with pytest.raises(httpx.RemoteProtocolError):
        old.create()
    assert (sandbox.cases(), sandbox.objects(), sandbox.lost()) == ([], {}, 1)


@pytest.mark.parametrize(
    ("what", "status", "committed"),
    [
        ("commit_then_500", 500, 1),
        ("commit_then_html", 200, 1),
        ("wrong_echo", 200, 1),
        ("drip", 200, 1),
        ("late_answer", 200, 1),
        ("latency", 200, 1),
        ("busy_429", 429, 0),
        ("busy_503", 503, 0),
        ("expire_token", 401, 0),
        ("forbidden", 403, 0),
        ("html", 200, 0),
        ("bad_gateway", 502, 0),
        ("conflict", 409, 0),
        ("in_progress", 409, 0),
        ("refuse_422", 422, 0),
        ("refuse_in_200", 200, 0),
        ("too_large", 413, 0),
    ],
)
def test_a_fault_answers_as_named_and_commits_or_does_not(
    old: OldCaller, sandbox: Sandbox, what: str, status: int, committed: int
) -> None:
    sandbox.play(FaultRule(what, call=CREATE, latency_s=0.001))
    answer = old.post(CREATE, CASE)
    assert answer.status_code == status
    assert len(sandbox.cases()) == committed
    line = sandbox.log()[-1]
    assert (line.status, line.fault) == (status, what)
    assert ("html" in answer.headers["Content-Type"]) == ("html" in what or what == "bad_gateway")


def test_a_refusal_on_purpose_has_the_words_of_its_rule(old: OldCaller, sandbox: Sandbox) -> None:
    sandbox.play(FaultRule("refuse_in_200", call=CREATE, message="Đơn đã tồn tại", local_id=record_of(CONTENT)))
    assert old.refusal(CREATE, CASE) == "Đơn đã tồn tại"
    assert old.create("Một đơn khác")
    assert [(each.kind, each.record, each.message) for each in sandbox.refusals()] == [
        ("petition", record_of(CONTENT), "Đơn đã tồn tại")
    ]


def test_a_late_create_lands_when_nobody_waits_for_it_any_more(old: OldCaller, sandbox: Sandbox) -> None:
    sandbox.play(FaultRule("late_create", call=CREATE, times=1))
    with pytest.raises(httpx.RemoteProtocolError):
        old.create()
    assert old.search(NoiDung=CONTENT) == []
    again = old.create()
    assert sandbox.release_late() == 1
    first, late = (row["Id"] for row in old.search(NoiDung=CONTENT))
    assert first == again != late
    assert sandbox.objects() == {Created(RECEIVER, "petition", record_of(CONTENT)): 2}
    assert (sandbox.release_late(), sandbox.lost()) == (0, 1)


def test_a_late_step_whose_case_is_gone_lands_nowhere(old: OldCaller, sandbox: Sandbox) -> None:
    empty = sandbox.snapshot()
    case_id = old.create()
    sandbox.play(FaultRule("late_create", call="CapNhatKQXuLy"))
    with pytest.raises(httpx.RemoteProtocolError):
        old.call("CapNhatKQXuLy", changed(HANDLING, Id=case_id))
    sandbox.restore(empty)
    assert sandbox.release_late() == 1
    assert sandbox.steps() == []


def test_an_update_may_be_echoed_with_another_id(old: OldCaller, sandbox: Sandbox) -> None:
    case_id = old.create()
    sandbox.play(FaultRule("wrong_echo", call=CREATE))
    assert old.call(CREATE, changed(CASE, VuViec__Id=case_id))["Id"] not in ("", case_id)


def test_a_truncated_answer_breaks_off_in_its_body(old: OldCaller, sandbox: Sandbox) -> None:
    sandbox.play(FaultRule("truncate", call=CREATE))
    with pytest.raises(httpx.RemoteProtocolError):
        old.post(CREATE, CASE)
    assert len(sandbox.cases()) == 1


def test_retry_after_is_there_for_the_observed_interface_too(old: OldCaller, sandbox: Sandbox) -> None:
    sandbox.play(FaultRule("busy_503", call=CREATE, retry_after_s=7))
    assert old.post(CREATE, CASE).headers["Retry-After"] == "7"
    sandbox.play(FaultRule("busy_429", call=CREATE, retry_after_date=True))
    assert old.post(CREATE, CASE).headers["Retry-After"].endswith("GMT")


def test_a_token_of_the_bus_can_be_made_to_expire_and_its_issue_to_fail(old: OldCaller, sandbox: Sandbox) -> None:
    sandbox.play(FaultRule("busy_503", call="token", times=1))
    user = {"username": USER[0], "password": USER[1]}
    answers = [old.http.post(f"{old.root}/auth/generateToken", json=user) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [503, 200]


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_a_rule_strikes_the_operation_that_it_names(operation: str, old: OldCaller, sandbox: Sandbox) -> None:
    case_id = old.create()
    sandbox.play(FaultRule("busy_503", call=operation))
    statuses = {
        CREATE: old.post(CREATE, CASE).status_code,
        "CapNhatKQXuLy": old.post("CapNhatKQXuLy", changed(HANDLING, Id=case_id)).status_code,
        "CapNhatKQGiaiQuyet": old.post("CapNhatKQGiaiQuyet", changed(DECISION, Id=case_id)).status_code,
    }
    assert {name: status for name, status in statuses.items() if status != 200} == (
        {operation: 503} if operation in statuses else {}
    )


def test_faults_of_the_observed_interface_leave_the_other_profile_alone(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.play(FaultRule("refuse_in_200", call=""), FaultRule("late_create", call=""))
    assert caller.put(petition("bt:1")).status_code == 201
    for what in ("refuse_in_200", "late_create"):
        with pytest.raises(ValueError, match="strikes no"):
            FaultRule(what)


def test_the_same_seed_loses_the_same_petitions_whatever_the_order() -> None:
    def lost(seed: int, workers: int) -> set[str]:
        def push(number: int) -> str:
            try:
                old.create(f"Đơn [bt:{number}]")
            except httpx.RemoteProtocolError:
                return f"bt:{number}"
            return ""

        rules = [FaultRule("lose_after_commit", call=CREATE, share=0.3, times=1)]
        with Sandbox(credentials=CREDENTIALS, seed=seed, faults=rules) as sandbox, OldCaller(sandbox) as old:
            with ThreadPoolExecutor(workers) as pool:
                names = set(pool.map(push, range(60))) - {""}
            assert sandbox.lost() == len(names)
            return names

    assert lost(7, 1) == lost(7, 8)
    assert lost(7, 4) != lost(8, 4)


def test_the_log_names_agency_kind_and_record_and_no_value(old: OldCaller, sandbox: Sandbox) -> None:
    case_id = old.create()
    old.call("CapNhatKQXuLy", changed(HANDLING, Id=case_id))
    old.search(NoiDung=CONTENT)
    created, handled, searched = sandbox.log()
    assert (created.agency, created.kind, created.local_id) == (RECEIVER, "petition", record_of(CONTENT))
    assert (handled.agency, handled.kind) == (RECEIVER, "handling")
    assert handled.local_id == record_of(case_id, "CapNhatKQXuLy", handled.digest)
    assert (searched.kind, searched.path, searched.status) == ("petition", "/kntc/TraThongTinDon", 200)
    assert [json.loads(body).get("NoiDungDon") for body in sandbox.bodies()] == [CONTENT, None, None]


def test_cases_outlive_a_restart_and_go_back_with_a_backup(tmp_path: Path) -> None:
    file = tmp_path / "national.sqlite"
    with Sandbox(file, credentials=CREDENTIALS) as sandbox, OldCaller(sandbox) as old:
        case_id = old.create()
        yesterday = sandbox.snapshot()
        old.create("Một đơn khác")
    with Sandbox(file, credentials=CREDENTIALS) as sandbox, OldCaller(sandbox) as old:
        assert len(sandbox.cases()) == 2
        assert old.call("CapNhatKQXuLy", changed(HANDLING, Id=case_id))["Id"] == case_id
        sandbox.restore(yesterday)
        assert [case.id for case in sandbox.cases()] == [case_id]
        assert sandbox.steps() == []


def test_people_can_read_objects_and_cases_and_release_what_is_late(old: OldCaller, sandbox: Sandbox) -> None:
    case_id = old.create()
    old.call("CapNhatKQXuLy", changed(HANDLING, Id=case_id))
    sandbox.play(FaultRule("late_create", call=CREATE))
    with pytest.raises(httpx.RemoteProtocolError):
        old.create()
    with httpx.Client(base_url=sandbox.base_url, trust_env=False) as http:
        assert http.post("/_sandbox/release", json={}).json() == {"released": 1}
        assert [line["objects"] for line in http.get("/_sandbox/objects").json()] == [1, 2]
        first, second = http.get("/_sandbox/cases").json()
    assert (first["id"], first["papers"], [step["kind"] for step in first["steps"]]) == (case_id, 1, ["handling"])
    assert (second["entered_by"], second["steps"]) == ("api", [])
