"""The list of what is held: in step while it is read, whoever entered what, and whatever was lost since."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from connector.sandbox import FaultRule, Sandbox
from tests.sandbox.caller import AGENCY, CREDENTIALS, OTHER_AGENCY, Caller, petition


def _all(caller: Caller, limit: int = 2) -> list[dict[str, Any]]:
    items, after, more = [], "", True
    while more:
        page = caller.manifest(after, limit).json()
        items += page["items"]
        after, more = page["next"], page["more"]
    return items


def test_what_is_held_is_listed_with_version_digest_and_status(caller: Caller, sandbox: Sandbox) -> None:
    receipt = caller.put(petition("bt:1")).json()
    sandbox.move(AGENCY, "petition", "bt:1", "validated")
    (line,) = _all(caller)
    assert line == {
        "local_id": "bt:1",
        "national_id": receipt["national_id"],
        "version": 1,
        "digest": receipt["digest"],
        "status": "validated",
        "status_sequence": 2,
        "entered_by": "api",
    }
    assert caller.manifest(kind="decision").json()["items"] == []
    with Caller(sandbox.base_url, OTHER_AGENCY) as other:
        assert other.manifest().json()["items"] == []
        assert other.manifest(caller.manifest().json()["next"]).status_code == 410


def test_a_withdrawn_record_stays_in_the_list_and_shows_as_such(caller: Caller) -> None:
    caller.put(petition("bt:1"))
    caller.withdraw("bt:1", 2)
    assert [(line["version"], line["status"]) for line in _all(caller)] == [(2, "withdrawn")]


def test_a_list_that_grows_and_changes_while_it_is_read_leaves_nothing_out(caller: Caller, sandbox: Sandbox) -> None:
    for number in range(4):
        caller.put(petition(f"bt:{number}"))
    first = caller.manifest(limit=2).json()
    caller.put(petition("bt:/first"))
    caller.put(petition("bt:0", content="Bản mới"), version=2)
    sandbox.lose(AGENCY, "petition", "bt:1")
    second = caller.manifest(first["next"], limit=10).json()
    listed = [line["local_id"] for line in first["items"] + second["items"]]
    assert listed == ["bt:0", "bt:1", "bt:2", "bt:3", "bt:/first"]


def test_what_was_entered_by_hand_is_listed_with_our_key_or_without(caller: Caller, sandbox: Sandbox) -> None:
    without = sandbox.enter(AGENCY, "petition", "Nhập tay")
    strange = sandbox.enter(AGENCY, "petition", "Nhập tay", "so:9")
    assert [(line.get("local_id"), line["national_id"], line["entered_by"]) for line in _all(caller)] == [
        (None, without, "web"),
        ("so:9", strange, "web"),
    ]
    assert without != strange
    assert sandbox.effects() == {}
    with pytest.raises(KeyError):
        sandbox.enter(AGENCY, "petition", "Lần nữa", "so:9")
    assert caller.put(petition("so:9")).status_code == 409, "the same version with another content"
    assert caller.put(petition("so:9"), version=2).json()["national_id"] == strange
    assert [line["entered_by"] for line in _all(caller)] == ["web", "api"]


def test_a_record_entered_without_our_key_moves_without_an_event(caller: Caller, sandbox: Sandbox) -> None:
    national_id = sandbox.enter(AGENCY, "petition")
    sandbox.move(AGENCY, "petition", national_id, "closed")
    assert [(line["status"], line["status_sequence"]) for line in _all(caller)] == [("closed", 2)]
    assert caller.feed().json()["items"] == []
    assert sandbox.advance() == 0


def test_a_lost_record_is_absent_and_can_be_sent_again_as_if_it_never_came(caller: Caller, sandbox: Sandbox) -> None:
    caller.put(petition("bt:1"))
    sandbox.lose(AGENCY, "petition", "bt:1")
    assert _all(caller) == []
    assert caller.get("bt:1").status_code == 404
    assert caller.put(petition("bt:1")).status_code == 201
    assert set(sandbox.effects().values()) == {1}
    with pytest.raises(KeyError):
        sandbox.lose(AGENCY, "petition", "bt:2")


def test_a_cursor_of_the_list_from_before_a_restore_counts_as_expired(caller: Caller, sandbox: Sandbox) -> None:
    caller.put(petition("bt:1"))
    yesterday = sandbox.snapshot()
    caller.put(petition("bt:2"))
    cursor = caller.manifest().json()["next"]
    sandbox.restore(yesterday)
    assert caller.manifest(cursor).status_code == 410
    assert [line["local_id"] for line in _all(caller)] == ["bt:1"]


def test_a_cursor_of_the_list_expires_when_the_plan_says_so_and_that_of_the_feed_does_not(
    caller: Caller, sandbox: Sandbox
) -> None:
    sandbox.play(FaultRule("expired_cursor", call="manifest", times=1))
    assert [caller.manifest().status_code for _ in range(2)] == [410, 200]
    assert caller.feed().status_code == 200


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "after=%FF", "aftr=x"])
def test_page_bounds_of_the_list_are_checked(caller: Caller, query: str) -> None:
    assert caller.http.get(f"/v1/agencies/{AGENCY}/petition?{query}").status_code == 400


def test_a_state_of_an_older_sandbox_is_listed_too(tmp_path: Path) -> None:
    file = tmp_path / "state.sqlite"
    with Sandbox(file, credentials=CREDENTIALS) as sandbox, Caller(sandbox.base_url) as caller:
        caller.put(petition("bt:1"))
    with sqlite3.connect(file) as older:
        older.execute("DROP TRIGGER entered")
        older.execute("DROP TRIGGER put_over")
        older.execute("DROP TABLE entry")
    older.close()
    with Sandbox(file, credentials=CREDENTIALS) as sandbox, Caller(sandbox.base_url) as caller:
        caller.put(petition("bt:2"))
        assert [line["local_id"] for line in _all(caller)] == ["bt:1", "bt:2"]


def test_people_enter_lose_and_restore_on_the_desk(caller: Caller, sandbox: Sandbox) -> None:
    def desk(call: str, **body: str) -> int:
        return caller.http.post(f"/_sandbox/{call}", json=body).status_code

    named = {"agency": AGENCY, "kind": "petition", "local_id": "so:1"}
    assert desk("restore") == 404
    assert desk("backup") == 204
    assert [desk("enter", **named), desk("enter", **named)] == [200, 409]
    assert [desk("lose", **named), desk("lose", **named)] == [204, 404]
    assert desk("enter", agency=AGENCY, kind="dossier") == 422
    assert desk("lose", agency=AGENCY) == 422
    assert desk("enter", agency=AGENCY, kind="petition", content="Nhập tay") == 200
    assert len(sandbox.listed(AGENCY, "petition")) == 1
    assert desk("restore") == 204
    assert sandbox.listed(AGENCY, "petition") == []
