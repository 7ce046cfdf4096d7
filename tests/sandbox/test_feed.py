"""Statuses that move, and a feed that repeats, delays and forgets."""

from __future__ import annotations

from typing import Any

import pytest

from connector.sandbox import FaultRule, Sandbox
from tests.sandbox.caller import AGENCY, CREDENTIALS, OTHER_AGENCY, Caller, petition


def _sequences(page: dict[str, Any]) -> list[int]:
    return [item["sequence"] for item in page["items"]]


def test_a_moved_record_shows_in_the_feed_and_in_what_is_held(caller: Caller, sandbox: Sandbox) -> None:
    receipt = caller.put(petition("bt:1")).json()
    sandbox.move(AGENCY, "petition", "bt:1", "validated", "Đã kiểm tra")
    page = caller.feed().json()
    (item,) = page["items"]
    assert page["more"] is False
    assert (item["sequence"], item["status"], item["note"]) == (2, "validated", "Đã kiểm tra")
    assert (item["kind"], item["local_id"], item["national_id"]) == ("petition", "bt:1", receipt["national_id"])
    assert (caller.get("bt:1").json()["status"], caller.get("bt:1").json()["sequence"]) == ("validated", 2)


def test_a_record_that_is_not_held_cannot_move(sandbox: Sandbox) -> None:
    with pytest.raises(KeyError):
        sandbox.move(AGENCY, "petition", "bt:1", "validated")


def test_the_feed_is_read_page_by_page_without_loss(caller: Caller, sandbox: Sandbox) -> None:
    caller.put(petition("bt:1"))
    for status in ("validated", "accepted_for_settlement", "settled", "closed", "validated"):
        sandbox.move(AGENCY, "petition", "bt:1", status)
    read, after, more = [], "", True
    while more:
        page = caller.feed(after, limit=2).json()
        read += _sequences(page)
        after, more = page["next"], page["more"]
    assert read == [2, 3, 4, 5, 6]
    assert caller.feed(after).json() == {"items": [], "next": after, "more": False}


def test_an_agency_sees_its_own_events_only(caller: Caller, sandbox: Sandbox) -> None:
    caller.put(petition("bt:1"))
    sandbox.move(AGENCY, "petition", "bt:1", "validated")
    with Caller(sandbox.base_url, OTHER_AGENCY) as other:
        assert other.feed().json()["items"] == []
        assert other.feed(caller.feed().json()["next"]).status_code == 410


def test_a_newer_version_of_a_returned_record_is_received_again(caller: Caller, sandbox: Sandbox) -> None:
    caller.put(petition("bt:1"))
    sandbox.move(AGENCY, "petition", "bt:1", "returned_for_correction")
    assert caller.put(petition("bt:1", content="Đã sửa"), version=2).json()["status"] == "received"
    assert [item["status"] for item in caller.feed().json()["items"]] == ["returned_for_correction", "received"]


def test_an_acknowledged_cursor_never_moves_back(caller: Caller, sandbox: Sandbox) -> None:
    caller.put(petition("bt:1"))
    assert sandbox.acknowledged(AGENCY) == ""
    sandbox.move(AGENCY, "petition", "bt:1", "validated")
    first = caller.feed().json()["next"]
    sandbox.move(AGENCY, "petition", "bt:1", "closed")
    second = caller.feed().json()["next"]
    assert [caller.acknowledge(cursor).status_code for cursor in (second, first)] == [204, 204]
    assert sandbox.acknowledged(AGENCY) == second


@pytest.mark.parametrize("cursor", ["x", "////", "AAAAAAAAAAAAAAAAAAAAAAAA", "ă"])
def test_a_cursor_that_nobody_handed_out_counts_as_expired(caller: Caller, cursor: str) -> None:
    assert caller.feed(cursor).status_code == 410
    assert caller.acknowledge(cursor).status_code == 410


def test_a_cursor_from_before_a_restore_counts_as_expired(caller: Caller, sandbox: Sandbox) -> None:
    caller.put(petition("bt:1"))
    yesterday = sandbox.snapshot()
    sandbox.move(AGENCY, "petition", "bt:1", "validated")
    cursor = caller.feed().json()["next"]
    sandbox.restore(yesterday)
    assert caller.feed(cursor).status_code == 410
    assert caller.feed().json()["items"] == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=x", "limit=1&limit=2", "after=%FF", "aftr=x", "after=&=x"]
)
def test_page_bounds_are_checked(caller: Caller, query: str) -> None:
    assert caller.http.get(f"/v1/agencies/{AGENCY}/status-updates?{query}").status_code == 400


def test_an_acknowledgement_holds_a_cursor_and_nothing_else(caller: Caller) -> None:
    path = f"/v1/agencies/{AGENCY}/status-updates/ack"
    assert caller.http.post(path, json={}).status_code == 422
    assert caller.http.post(path, json={"cursor": "x", "more": 1}).status_code == 422
    assert caller.http.post(path, content=b"{", headers={"Content-Type": "application/json"}).status_code == 400
    assert caller.http.post(path, data={"cursor": "x"}).status_code == 415


def test_a_duplicate_event_comes_twice_under_the_same_id(caller: Caller, sandbox: Sandbox) -> None:
    caller.put(petition("bt:1"))
    sandbox.play(FaultRule("duplicate_events"))
    sandbox.move(AGENCY, "petition", "bt:1", "validated")
    items = caller.feed().json()["items"]
    assert len(items) == 2
    assert items[0] == items[1]


def test_a_late_event_comes_after_the_next_one_of_its_record(caller: Caller, sandbox: Sandbox) -> None:
    caller.put(petition("bt:1"))
    sandbox.play(FaultRule("late_events", times=1))
    sandbox.move(AGENCY, "petition", "bt:1", "validated")
    sandbox.move(AGENCY, "petition", "bt:1", "closed")
    page = caller.feed().json()
    assert _sequences(page) == [3, 2]
    assert caller.get("bt:1").json()["status"] == "closed"


def test_a_late_event_without_a_next_one_still_arrives(caller: Caller, sandbox: Sandbox) -> None:
    caller.put(petition("bt:1"))
    caller.put(petition("bt:2"))
    sandbox.play(FaultRule("late_events", local_id="bt:1"))
    sandbox.move(AGENCY, "petition", "bt:1", "validated")
    sandbox.move(AGENCY, "petition", "bt:2", "validated")
    first = caller.feed().json()
    assert [item["local_id"] for item in first["items"]] == ["bt:2"]
    assert [item["local_id"] for item in caller.feed(first["next"]).json()["items"]] == ["bt:1"]


def test_a_cursor_expires_when_the_plan_says_so(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.play(FaultRule("expired_cursor", times=1))
    assert [caller.feed().status_code for _ in range(2)] == [410, 200]


def test_a_feed_that_forgets_refuses_older_cursors_and_goes_on_from_there(caller: Caller, sandbox: Sandbox) -> None:
    caller.put(petition("bt:1"))
    begin = caller.feed().json()["next"]
    sandbox.move(AGENCY, "petition", "bt:1", "validated")
    end = caller.feed().json()["next"]
    sandbox.forget_feed()
    assert caller.feed(begin).status_code == 410
    assert [caller.feed(after).json()["items"] for after in (end, "")] == [[], []]
    sandbox.move(AGENCY, "petition", "bt:1", "settled")
    assert [_sequences(caller.feed(after).json()) for after in (end, "")] == [[3], [3]]
    assert caller.http.post("/_sandbox/forget", json={}).status_code == 204
    assert caller.feed(end).status_code == 410


def test_a_shifted_page_repeats_and_leaves_nothing_out(caller: Caller, sandbox: Sandbox) -> None:
    caller.put(petition("bt:1"))
    for status in ("validated", "accepted_for_settlement", "settled", "closed"):
        sandbox.move(AGENCY, "petition", "bt:1", status)
    sandbox.play(FaultRule("shifted_pages"))
    read, after, more = [], "", True
    while more:
        page = caller.feed(after, limit=2).json()
        read += _sequences(page)
        after, more = page["next"], page["more"]
    assert read == [2, 3, 3, 4, 4, 5]


def test_the_demo_story_moves_every_record_to_an_end_and_returns_one_petition(caller: Caller, sandbox: Sandbox) -> None:
    for number in range(20):
        caller.put(petition(f"bt:{number}"))
    assert sandbox.advance() == 20
    statuses = [item["status"] for item in caller.feed().json()["items"]]
    assert sorted(set(statuses)) == ["returned_for_correction", "validated"]
    assert statuses.count("returned_for_correction") == 1
    sandbox.advance(5)
    assert sandbox.advance() == 0
    ends = [caller.get(f"bt:{number}").json()["status"] for number in range(20)]
    assert sorted(set(ends)) == ["closed", "returned_for_correction"]


def test_the_demo_story_is_the_same_for_the_same_seed() -> None:
    def story(seed: int) -> list[tuple[str, str, str]]:
        with Sandbox(credentials=CREDENTIALS, seed=seed) as sandbox, Caller(sandbox.base_url) as caller:
            for number in range(10):
                caller.put(petition(f"bt:{number}"))
            sandbox.advance(3)
            items = caller.feed().json()["items"]
            return [(item["event_id"], item["local_id"], item["status"]) for item in items]

    assert story(7) == story(7)
    assert story(7) != story(8)
