"""The server under the calls: connections, outages, and what people ask the sandbox itself."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

import connector.sandbox
from connector.errors import ConfigError
from connector.sandbox import Sandbox
from tests.sandbox.caller import AGENCY, CREDENTIALS, Caller, petition


def test_a_connection_is_kept_for_the_next_request(caller: Caller) -> None:
    streams = set()
    for number in range(3):
        with caller.http.stream("GET", caller.path(f"bt:{number}")) as answer:
            streams.add(answer.extensions["network_stream"].get_extra_info("client_addr"))
            answer.read()
    assert len(streams) == 1


def test_many_callers_at_once_leave_one_effect_each(sandbox: Sandbox) -> None:
    def push(worker: int) -> list[int]:
        with Caller(sandbox.base_url) as caller:
            return [caller.put(petition(f"bt:{worker % 4}-{number}")).status_code for number in range(25)]

    with ThreadPoolExecutor(8) as pool:
        answers = [status for statuses in pool.map(push, range(8)) for status in statuses]
    assert sorted(answers) == [200] * 100 + [201] * 100
    assert set(sandbox.effects().values()) == {1}


def test_an_outage_ends_with_the_same_port_and_the_same_state(sandbox: Sandbox, caller: Caller) -> None:
    caller.put(petition("bt:1"))
    port = int(sandbox.base_url.rpartition(":")[2])
    sandbox.stop()
    with pytest.raises(httpx.ConnectError):
        caller.get("bt:1")
    sandbox.start(port)
    assert caller.get("bt:1").status_code == 200


def test_a_taken_port_is_a_matter_of_configuration(sandbox: Sandbox) -> None:
    port = int(sandbox.base_url.rpartition(":")[2])
    second = Sandbox(credentials=CREDENTIALS)
    with pytest.raises(ConfigError, match="E-SANDBOX-PORT"):
        second.start(port)
    second.close()


def test_it_listens_on_loopback_only(sandbox: Sandbox) -> None:
    assert sandbox.base_url.startswith("http://127.0.0.1:")


def test_half_a_body_is_no_request(sandbox: Sandbox, caller: Caller) -> None:
    before = len(sandbox.log())
    port = int(sandbox.base_url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as half:
        half.sendall(b"PUT /v1/agencies/H08.5/petition/bt:1 HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
        half.shutdown(socket.SHUT_WR)
        assert half.recv(1) == b""
    assert caller.get("bt:1").status_code == 404
    assert len(sandbox.log()) == before + 1


def test_people_can_read_effects_and_log_and_move_a_record(caller: Caller, sandbox: Sandbox) -> None:
    caller.put(petition("bt:1"))
    with httpx.Client(base_url=sandbox.base_url, trust_env=False) as http:
        named = {"agency": AGENCY, "kind": "petition", "local_id": "bt:1"}
        assert http.get("/_sandbox/effects").json() == [{**named, "version": 1, "effects": 1}]
        assert [line["status"] for line in http.get("/_sandbox/log").json()] == [200, 201]
        assert [line["seq"] for line in http.get("/_sandbox/log?after=1").json()] == [2]
        assert http.get("/_sandbox/log?after=x").status_code == 400
        assert http.post("/_sandbox/move", json={**named, "status": "validated"}).status_code == 204
        assert http.post("/_sandbox/advance", json={}).json() == {"moved": 1}
        assert http.post("/_sandbox/move", json={**named, "local_id": "bt:2", "status": "closed"}).status_code == 404
        assert http.post("/_sandbox/move", json=named).status_code == 422
        assert http.post("/_sandbox/move", content=b"{}").status_code == 415
    assert caller.feed().json()["items"][0]["status"] == "validated"


def test_the_sandbox_never_imports_the_side_that_it_tests() -> None:
    sources = {path.name: path.read_text("utf-8") for path in Path(connector.sandbox.__file__).parent.rglob("*.py")}
    assert "sandbox.py" in sources
    assert [
        name
        for name, text in sources.items()
        if "import connector.national" in text or "from connector.national" in text
    ] == []
