"""What the national side refuses, and with which answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from connector.sandbox import Sandbox
from connector.sandbox.wire import MAX_BODY_BYTES
from tests.sandbox.caller import AGENCY, CREDENTIALS, OTHER_AGENCY, Caller, encoded, petition, put_headers


def _expect_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    content: dict[str, Any] = answer.json()
    assert content["status"] == status
    return content


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Idempotency_Key", ""),
        ("Idempotency_Key", "not-a-uuid"),
        ("X_Record_Version", "0"),
        ("X_Record_Version", "1.5"),
        ("X_Record_Version", "2147483648"),
        ("X_Schema_Version", "2"),
        ("X_Change_Cause", "because"),
        ("Content_Digest", ""),
        ("Content_Digest", "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"),
    ],
)
def test_a_put_with_a_wrong_header_is_refused_as_a_bad_request(
    caller: Caller, sandbox: Sandbox, header: str, value: str
) -> None:
    problem = _expect_problem(caller.put(petition("bt:1"), 1, "petition", **{header: value}), 400)
    assert header.replace("_", "-") in problem["errors"][0]["message"]
    assert sandbox.effects() == {}


def test_a_body_of_another_media_type_is_refused(caller: Caller) -> None:
    _expect_problem(caller.put(petition("bt:1"), Content_Type="text/plain"), 415)


def test_a_media_type_with_a_charset_is_still_json(caller: Caller) -> None:
    assert caller.put(petition("bt:1"), Content_Type="application/json; charset=utf-8").status_code == 201


def test_a_body_that_is_no_json_is_refused(caller: Caller) -> None:
    body = b'{"agency_code":'
    answer = caller.http.put(caller.path("bt:1"), content=body, headers=put_headers(body))
    _expect_problem(answer, 400)


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_above_the_bound_is_refused_and_the_refusal_arrives(caller: Caller, framing: str) -> None:
    body = b" " * (MAX_BODY_BYTES + 1)
    content = iter([body[:1000], body[1000:]]) if framing == "chunked" else body
    answer = caller.http.put(caller.path("bt:1"), content=content, headers=put_headers(body))
    _expect_problem(answer, 413)
    assert caller.put(petition("bt:1")).status_code == 201


def test_a_chunked_body_is_read_to_its_end(caller: Caller) -> None:
    body = encoded(petition("bt:1"))
    answer = caller.http.put(caller.path("bt:1"), content=iter([body[:7], body[7:]]), headers=put_headers(body))
    assert answer.status_code == 201


def test_an_invalid_document_is_refused_with_every_error_and_no_value(caller: Caller) -> None:
    document = petition("bt:1", type="bí mật", strange="bí mật")
    del document["received_on"]
    answer = caller.put(document)
    problem = _expect_problem(answer, 422)
    found = {(each["pointer"], each["rule"]) for each in problem["errors"]}
    assert {("/received_on", "required"), ("/type", "enum"), ("", "additionalProperties")} <= found
    assert "bí mật" not in answer.text
    assert all(each["message"] for each in problem["errors"])


@pytest.mark.parametrize("field", ["agency_code", "local_id"])
def test_a_document_that_names_another_record_than_the_path_is_refused(caller: Caller, field: str) -> None:
    named = {"agency_code": OTHER_AGENCY, "local_id": "bt:2"}[field]
    body = encoded(petition("bt:1") | {field: named})
    answer = caller.http.put(caller.path("bt:1"), content=body, headers=put_headers(body))
    assert _expect_problem(answer, 422)["errors"] == [
        {"pointer": f"/{field}", "rule": "path", "message": "differs from the path"}
    ]


@pytest.mark.parametrize("local_id", ["bt", "bt:", "bt:a b", "bt:" + "x" * 126, "bt:" + "ă" * 63, "BT:1"])
def test_a_key_of_another_form_is_refused(caller: Caller, local_id: str) -> None:
    _expect_problem(caller.get(local_id), 400)


def test_an_unknown_path_is_absent_and_an_unknown_method_is_told_the_known_ones(caller: Caller) -> None:
    _expect_problem(caller.http.get("/v1/agencies"), 404)
    _expect_problem(caller.get("bt:1", kind="complaint"), 404)
    _expect_problem(caller.http.get(f"/v1/agencies/{AGENCY}/petition/%FF"), 404)
    answer = caller.http.delete(caller.path("bt:1"))
    _expect_problem(answer, 405)
    assert answer.headers["Allow"] == "GET, PUT"


def test_a_client_may_name_itself_in_the_form(caller: Caller) -> None:
    client, secret = CREDENTIALS[AGENCY]
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
    answer = caller.http.post("/oauth2/token", data=form, headers={"Authorization": ""})
    assert answer.json()["token_type"] == "Bearer"


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"grant_type": "client_credentials", "client_id": "client-5", "client_secret": "no"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"client_id": "client-5"}, 400, "invalid_request"),
    ],
)  # fmt: skip
def test_a_wrong_token_request_is_refused_in_the_form_of_rfc_6749(
    caller: Caller, form: dict[str, str], status: int, code: str
) -> None:
    answer = caller.http.post("/oauth2/token", data=form, headers={"Authorization": ""})
    assert (answer.status_code, answer.json()) == (status, {"error": code})


def test_no_token_is_unauthorized_and_another_agencys_token_is_forbidden(caller: Caller) -> None:
    answer = caller.http.get(caller.path("bt:1"), headers={"Authorization": ""})
    _expect_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    caller.agency = OTHER_AGENCY
    _expect_problem(caller.get("bt:1"), 403)


def test_a_token_lives_as_long_as_it_said() -> None:
    clock = [datetime(2026, 3, 2, 8, 0, tzinfo=UTC)]
    with (
        Sandbox(credentials=CREDENTIALS, token_lifetime_s=600, now=lambda: clock[0]) as sandbox,
        Caller(sandbox.base_url) as caller,
    ):
        assert caller.sign_in().json()["expires_in"] == 600
        clock[0] += timedelta(seconds=599)
        assert caller.get("bt:1").status_code == 404
        clock[0] += timedelta(seconds=1)
        assert caller.get("bt:1").status_code == 401
        caller.sign_in()
        assert caller.get("bt:1").status_code == 404
        sandbox.expire_tokens()
        assert caller.get("bt:1").status_code == 401


def test_a_malformed_header_block_harms_nobody_else(caller: Caller) -> None:
    _expect_problem(caller.http.get(caller.path("bt:1"), headers={"Authorization": "Bearer"}), 401)
    assert caller.http.post(
        "/oauth2/token", data={"grant_type": "client_credentials"}, headers={"Authorization": "Basic ???"}
    ).status_code == 401  # fmt: skip
    assert caller.put(petition("bt:1")).status_code == 201
