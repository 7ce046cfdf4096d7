"""The forms in which a bus may show the observed interface: sign-in, headers, paths, envelope, codes, spelling."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from connector.sandbox import NoSuchVariant, Sandbox, SignIn, Variant
from tests.sandbox.caller import CREDENTIALS, Caller, petition
from tests.sandbox.old_caller import CASE, SEARCH, USER, OldCaller, changed, without


@contextmanager
def served(variant: Variant, **headers: str) -> Iterator[tuple[Sandbox, OldCaller]]:
    with Sandbox(credentials=CREDENTIALS, ttcp2018=variant) as sandbox, OldCaller(sandbox, **headers) as old:
        yield sandbox, old


def token_of(sandbox: Sandbox, password: str = USER[1]) -> httpx.Response:
    user = {"username": USER[0], "password": password}
    return httpx.post(f"{sandbox.base_url}/auth/generateToken", json=user, trust_env=False, timeout=30)


def test_one_server_serves_both_profiles_and_one_log_holds_both(caller: Caller, old: OldCaller) -> None:
    assert caller.put(petition("bt:1")).status_code == 201
    assert old.create()
    paths = [line["path"] for line in httpx.get(f"{old.root}/_sandbox/log", trust_env=False).json()]
    assert [path.rpartition("/")[2] for path in paths] == ["token", "bt%3A1", "CapNhatVuViec"]


def test_basic_asks_for_user_and_password_of_the_account(sandbox: Sandbox) -> None:
    wrong = base64.b64encode(f"{USER[0]}:no".encode()).decode()
    for header in ("", f"Basic {wrong}", "Basic ???", f"Bearer {wrong}"):
        with OldCaller(sandbox, Authorization=header) as old:
            answer = old.post("CapNhatVuViec", CASE)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert sandbox.cases() == []


def test_a_token_lives_thirty_minutes_and_no_longer() -> None:
    clock = [datetime(2026, 3, 2, 8, tzinfo=UTC)]
    variant = Variant(sign_in=SignIn.TOKEN)
    with Sandbox(credentials=CREDENTIALS, ttcp2018=variant, now=lambda: clock[0]) as sandbox:
        assert token_of(sandbox, "no").status_code == 401
        granted = token_of(sandbox).json()
        assert granted["expires_in"] == 1800
        with OldCaller(sandbox, Authorization=f"Bearer {granted['access_token']}") as old:
            clock[0] += timedelta(minutes=29)
            assert old.post("CapNhatVuViec", CASE).status_code == 200
            clock[0] += timedelta(minutes=1)
            assert old.post("CapNhatVuViec", CASE).status_code == 401
            sandbox.expire_tokens()
        with OldCaller(sandbox) as basic:
            assert basic.post("CapNhatVuViec", CASE).status_code == 401


def test_a_token_is_given_for_a_form_as_well(sandbox: Sandbox) -> None:
    form = {"username": USER[0], "password": USER[1]}
    url = f"{sandbox.base_url}/auth/generateToken"
    assert httpx.post(url, data=form, trust_env=False).json()["token_type"] == "Bearer"
    assert httpx.post(url, data={"username": USER[0]}, trust_env=False).status_code == 400
    assert sandbox.bodies() == []  # a sign-in holds a password


def test_a_bus_with_client_credentials_or_a_static_token() -> None:
    with (
        served(Variant(sign_in=SignIn.OAUTH2)) as (sandbox, _),
        Caller(sandbox.base_url) as signed_in,
        OldCaller(sandbox, Authorization=signed_in.http.headers["Authorization"]) as old,
    ):
        assert old.create()
    with served(Variant(sign_in=SignIn.STATIC), Authorization=f"Bearer {USER[1]}") as (sandbox, old):
        assert old.create()
        with OldCaller(sandbox, Authorization="Bearer no") as stranger:
            assert stranger.post("CapNhatVuViec", CASE).status_code == 401


@pytest.mark.parametrize("sign_in", [SignIn.BASIC, SignIn.TOKEN])
def test_a_token_in_a_header_of_its_own_stands_beside_the_sign_in(sign_in: SignIn) -> None:
    with served(Variant(sign_in=sign_in, token_header="lgspaccesstoken")) as (sandbox, _):
        token = token_of(sandbox).json()["access_token"]
        basic = "Basic " + base64.b64encode(":".join(USER).encode()).decode()
        first = basic if sign_in is SignIn.BASIC else f"Bearer {token}"
        for second, status in ((token, 200), (f"Bearer {token}", 200), ("no", 401), ("", 401)):
            with OldCaller(sandbox, Authorization=first, lgspaccesstoken=second) as old:
                assert old.post("CapNhatVuViec", CASE).status_code == status, second
        with OldCaller(sandbox, Authorization="", lgspaccesstoken=token) as old:
            assert old.post("CapNhatVuViec", CASE).status_code == 401


def test_a_path_of_x_road_with_its_headers() -> None:
    variant = Variant(base_path="/r1/GOV/TTCP/kntc", required_headers={"X-Road-Client": "GOV/H811", "Ma-Giao-Dich": ""})
    right = {"X-Road-Client": "GOV/H811", "Ma-Giao-Dich": "7"}
    with served(variant, **right) as (sandbox, old):
        assert sandbox.ttcp2018_url.endswith("/r1/GOV/TTCP/kntc")
        assert old.create()
        for name, value in (("X-Road-Client", "GOV/H217"), ("Ma-Giao-Dich", "")):
            with OldCaller(sandbox, **{**right, name: value}) as other:
                assert other.post("CapNhatVuViec", CASE).status_code == 403
        assert old.http.post(f"{old.root}/kntc/CapNhatVuViec", json=CASE).status_code == 404


def test_plain_json_instead_of_json_in_a_string() -> None:
    with served(Variant(answer_layers=1)) as (_, old):
        assert set(old.post("CapNhatVuViec", CASE).json()) == {"Id", "Message"}
        assert isinstance(old.post("TraThongTinDon", changed(SEARCH, NoiDung="đất")).json(), list)


def test_the_other_spelling_of_the_accused() -> None:
    renamed = {**without(CASE, "NguoiBiKNTCT"), "NguoiBiKNTC": CASE["NguoiBiKNTCT"]}
    with served(Variant(accused_key="NguoiBiKNTC")) as (_, old):
        assert old.call("CapNhatVuViec", renamed)["Id"]
        assert "NguoiBiKNTC" in old.refusal("CapNhatVuViec", CASE)


def test_requests_in_an_envelope() -> None:
    with served(Variant(request_envelope=True)) as (_, old):
        assert old.call("CapNhatVuViec", {"data": [CASE]})["Id"]
        for content in (CASE, {"data": CASE}, {"data": []}, {"data": [CASE, CASE]}, {"data": [CASE], "n": 1}):
            assert old.post("CapNhatVuViec", content).status_code == 400


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("success", [0, "0", "1"])
def test_answers_in_an_envelope_with_a_code(layers: int, success: int | str) -> None:
    variant = Variant(answer_layers=layers, answer_envelope=True, code_field="error_code", success_code=success)
    with served(variant) as (_, old):
        made = old.call("CapNhatVuViec", CASE)
        assert (made["error_code"], len(made["data"])) == (success, 1)
        assert made["data"][0]["Id"]
        assert [row["Id"] for row in old.search(NoiDung="đất")["data"]] == [made["data"][0]["Id"]]
        refused = old.call("CapNhatVuViec", changed(CASE, NoiDungDon=""))
        assert refused["error_code"] == success, "the bus did its work; the service behind it refused"
        assert refused["data"][0]["Id"] == ""


def test_a_code_beside_the_id_and_another_one_for_refusals() -> None:
    with served(Variant(answer_layers=1, code_field="error_code", refusal_code="500")) as (_, old):
        made = old.call("CapNhatVuViec", CASE)
        assert set(made) == {"error_code", "Id", "Message"}
        assert made["error_code"] == 0
        assert old.call("CapNhatVuViec", changed(CASE, NoiDungDon=""))["error_code"] == "500"
        assert set(old.search(NoiDung="đất")) == {"error_code", "data"}


@pytest.mark.parametrize(
    ("media", "body", "status"),
    [
        ("application/json", b"{", 400),
        ("application/json", b"", 400),
        ("application/x-www-form-urlencoded", b"VuViec[Id]=", 415),
        ("application/json", b" " * 5_000_001, 413),
    ],
)
def test_what_is_no_json_request_fails_at_the_bus(old: OldCaller, media: str, body: bytes, status: int) -> None:
    answer = old.http.post(f"{old.url}/CapNhatVuViec", content=body, headers={"Content-Type": media})
    assert answer.status_code == status


@pytest.mark.parametrize("payload", [[], "x", 7, {}])
def test_json_that_is_no_request_is_refused_by_the_service(old: OldCaller, payload: Any) -> None:
    assert old.refusal("CapNhatVuViec", payload)


@pytest.mark.parametrize(
    "settings",
    [
        {"base_path": "kntc"},
        {"base_path": "/v1/kntc"},
        {"token_path": "/_sandbox/log"},
        {"accused_key": "NguoiBi"},
        {"answer_layers": 3},
        {"answer_layers": True},
        {"sign_in": "kerberos"},
        {"required_headers": {"X": 1}},
        {"unknown": 1},
    ],
)
def test_a_variant_that_there_is_not_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(NoSuchVariant) as refused:
        Variant.read(settings)
    assert [refused.value.setting] == list(settings)


def test_a_variant_is_read_from_settings() -> None:
    settings = {"sign_in": "token", "base_path": "/KNTC", "required_headers": {"X-Road-Client": "a"}, "success_code": 0}
    assert json.loads(json.dumps(settings)) == settings
    assert Variant.read(settings) == Variant(
        sign_in=SignIn.TOKEN, base_path="/KNTC", required_headers={"X-Road-Client": "a"}
    )
