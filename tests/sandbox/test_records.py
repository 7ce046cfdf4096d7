"""What a PUT does to the national side, and what may be done twice."""

from __future__ import annotations

import hashlib
from pathlib import Path

from connector.sandbox import Effect, Sandbox
from tests.sandbox.caller import AGENCY, CREDENTIALS, Caller, encoded, petition


def test_a_new_record_is_created_and_echoed(caller: Caller) -> None:
    document = petition("bt:1")
    answer = caller.put(document)
    assert answer.status_code == 201
    receipt = answer.json()
    assert receipt["version"] == 1
    assert receipt["digest"] == hashlib.sha256(encoded(document)).hexdigest()
    assert receipt["status"] == "received"
    assert receipt["received_at"].endswith("Z")
    assert caller.get("bt:1").json() == {**receipt, "sequence": 1}


def test_an_unknown_record_is_absent(caller: Caller) -> None:
    answer = caller.get("bt:404")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_slash_in_a_key_is_part_of_the_key(caller: Caller, sandbox: Sandbox) -> None:
    assert caller.put(petition("bt:12/3%20ă//x")).status_code == 201
    assert caller.get("bt:12/3%20ă//x").status_code == 200
    assert Effect(AGENCY, "petition", "bt:12/3%20ă//x", 1) in sandbox.effects()


def test_a_repeated_put_has_one_effect_where_creates_are_idempotent(caller: Caller, sandbox: Sandbox) -> None:
    first, second = caller.put(petition("bt:1")), caller.put(petition("bt:1"))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert sandbox.effects() == {(AGENCY, "petition", "bt:1", 1): 1}


def test_every_repeated_put_has_an_effect_where_creates_are_not_idempotent() -> None:
    with (
        Sandbox(credentials=CREDENTIALS, idempotent_create=False) as sandbox,
        Caller(sandbox.base_url) as caller,
    ):
        first, second = caller.put(petition("bt:1")), caller.put(petition("bt:1"))
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json()["national_id"] != second.json()["national_id"]
        assert sandbox.effects() == {(AGENCY, "petition", "bt:1", 1): 2}


def test_a_newer_version_replaces_under_the_same_national_id(caller: Caller, sandbox: Sandbox) -> None:
    first = caller.put(petition("bt:1"))
    newer = caller.put(petition("bt:1", content="Nội dung bổ sung"), version=3)
    assert newer.status_code == 200
    assert newer.json()["national_id"] == first.json()["national_id"]
    assert caller.get("bt:1").json()["version"] == 3
    assert sandbox.effects() == {(AGENCY, "petition", "bt:1", 1): 1, (AGENCY, "petition", "bt:1", 3): 1}


def test_an_older_version_is_a_conflict_and_changes_nothing(caller: Caller, sandbox: Sandbox) -> None:
    held = caller.put(petition("bt:1"), version=2).json()
    answer = caller.put(petition("bt:1", content="Cũ"), version=1)
    assert answer.status_code == 409
    assert (answer.json()["version"], answer.json()["digest"]) == (2, held["digest"])
    assert sandbox.effects() == {(AGENCY, "petition", "bt:1", 2): 1}


def test_the_same_version_with_another_digest_is_a_conflict(caller: Caller) -> None:
    held = caller.put(petition("bt:1")).json()
    answer = caller.put(petition("bt:1", content="Khác"))
    assert answer.status_code == 409
    assert answer.json()["digest"] == held["digest"]


def test_a_withdrawal_deletes_nothing_and_a_newer_put_reinstates(caller: Caller, sandbox: Sandbox) -> None:
    first = caller.put(petition("bt:1")).json()
    withdrawn = caller.withdraw("bt:1", version=2)
    assert (withdrawn.status_code, withdrawn.json()["status"]) == (200, "withdrawn")
    assert withdrawn.json()["national_id"] == first["national_id"]
    assert caller.get("bt:1").json()["version"] == 2
    assert caller.withdraw("bt:1", version=2).json() == withdrawn.json()
    assert caller.put(petition("bt:1"), version=3).json()["status"] == "received"
    assert [item["status"] for item in caller.feed().json()["items"]] == ["withdrawn", "received"]
    assert set(sandbox.effects().values()) == {1}


def test_a_withdrawal_that_cannot_be_meant_changes_nothing(caller: Caller, sandbox: Sandbox) -> None:
    assert caller.withdraw("bt:404", version=1).json()["type"] == "urn:kntc:problem:absent"
    caller.put(petition("bt:1"), version=2)
    assert caller.withdraw("bt:1", version=1).status_code == 409
    assert caller.withdraw("bt:1", version=2).status_code == 409
    for wrong in ({"reason": " "}, {"kind": "decision"}, {"agency_code": "H08.6"}, {"more": 1}):
        assert caller.withdraw("bt:1", version=3, **wrong).status_code == 422
    held = sandbox.held(AGENCY, "petition", "bt:1")
    assert held is not None
    assert (held.version, held.status) == (2, "received")


def test_a_file_keeps_the_state_over_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "national.sqlite"
    with Sandbox(file, credentials=CREDENTIALS) as sandbox, Caller(sandbox.base_url) as caller:
        receipt = caller.put(petition("bt:1")).json()
    with Sandbox(file, credentials=CREDENTIALS) as sandbox, Caller(sandbox.base_url) as caller:
        assert caller.get("bt:1").json() == {**receipt, "sequence": 1}
        assert caller.put(petition("bt:1")).status_code == 200
        assert len(sandbox.log()) == 5  # two tokens, two puts, one get


def test_a_national_side_restored_from_a_backup_has_forgotten_receipts(caller: Caller, sandbox: Sandbox) -> None:
    caller.put(petition("bt:1"))
    yesterday = sandbox.snapshot()
    caller.put(petition("bt:2"))
    sandbox.restore(yesterday)
    assert caller.get("bt:1").status_code == 200
    assert caller.get("bt:2").status_code == 404


def test_a_state_in_a_file_can_be_restored_too(tmp_path: Path) -> None:
    file = tmp_path / "national.sqlite"
    with Sandbox(file, credentials=CREDENTIALS) as sandbox, Caller(sandbox.base_url) as caller:
        caller.put(petition("bt:1"))
        yesterday = sandbox.snapshot()
        caller.put(petition("bt:2"))
        sandbox.restore(yesterday)
        assert len(sandbox.effects()) == 1
        assert caller.put(petition("bt:2")).status_code == 201
    with Sandbox(file, credentials=CREDENTIALS) as sandbox:
        assert len(sandbox.effects()) == 2


def test_the_log_says_what_was_asked_and_answered(caller: Caller, sandbox: Sandbox) -> None:
    body = encoded(petition("bt:1"))
    caller.put(petition("bt:1"))
    caller.put(petition("bt:1", type="nonsense"))
    token, accepted, refused = sandbox.log()
    assert (token.method, token.path, token.status) == ("POST", "/oauth2/token", 200)
    assert (accepted.agency, accepted.kind, accepted.local_id) == (AGENCY, "petition", "bt:1")
    assert (accepted.version, accepted.digest) == (1, hashlib.sha256(body).hexdigest())
    assert (accepted.status, refused.status, refused.version) == (201, 422, 1)
    assert len(accepted.idempotency_key) == 36
    assert sandbox.bodies() == [body, encoded(petition("bt:1", type="nonsense"))]
