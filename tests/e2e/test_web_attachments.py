"""Attachments from a web server to the national side: the same outcomes as from a folder, and no address anywhere."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import text

from connector.core.model import Kind
from connector.sandbox import Sandbox
from tests.e2e.attaching_agency import AGENCY, PDF, AttachingAgency
from tests.e2e.test_attachments import petitions
from tests.national.fault_server import FaultServer, Talk, answer
from tests.world import credentials

CANARY = "kntcCanary5ae07c"


@dataclass
class Shelf:
    """What a web server has, by path; `tells`: whether its heads say when a file changes; `broken`: it answers 503."""

    files: dict[str, bytes] = field(default_factory=dict)
    tells: bool = True
    broken: bool = False

    def __call__(self, talk: Talk) -> None:
        while (asked := talk.receive()) is not None:
            content = self.files.get(asked.target)
            if self.broken or content is None:
                talk.send(answer(503 if self.broken else 404))
                continue
            tag = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"'} if self.tells else {}
            whole = answer(200, content, "application/octet-stream", **tag)
            talk.send(whole if asked.method == "GET" else whole.removesuffix(content))


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(credentials=credentials(AGENCY), seed=7) as sandbox:
        yield sandbox


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def server(shelf: Shelf) -> Iterator[FaultServer]:
    with FaultServer((shelf,)) as server:
        yield server


def agency_at(server: FaultServer, folder: Path, sandbox: Sandbox, **more: str) -> AttachingAgency:
    agency = AttachingAgency(folder, sandbox, **more)
    agency.keeps_files_on_the_web(f"{server.base_url}/kntc/")
    return agency


def asked(server: FaultServer, method: str) -> int:
    """How many files were asked for in this way; the folder itself, which tells that the server is there, is none."""
    return sum(one.method == method and one.target != "/kntc/" for one in server.received)


def test_files_at_web_addresses_go_and_those_that_cannot_are_listed_without_their_address(
    tmp_path: Path, sandbox: Sandbox, server: FaultServer, shelf: Shelf
) -> None:
    agency = agency_at(server, tmp_path, sandbox, lines="max_bytes = 1000")
    base = f"{server.base_url}/kntc"
    names = {
        "received": f"{base}/{CANARY}.pdf",
        "absent": f"{base}/{CANARY}none.pdf",
        "unsafe": f"http://127.0.0.1:1/kntc/{CANARY}.pdf",
        "type": f"{base}/{CANARY}virus.pdf",
        "too_large": f"{base}/{CANARY}large.pdf",
    }
    shelf.files = {
        f"/kntc/{CANARY}.pdf": PDF + b"one",
        f"/kntc/{CANARY}virus.pdf": b"MZ\x90\x00",
        f"/kntc/{CANARY}large.pdf": PDF + bytes(1_000),
    }
    for number, name in enumerate(names.values(), 1):
        agency.petition(number)
        agency.names(number, name)
    said = [agency("sync"), agency("attachments", "list"), agency("attachments", "list", lang="en")]
    listed = agency("attachments", "list", "--json")
    assert [one.code for one in said] == [1, 0, 0]
    counts = json.loads(listed.out)["agencies"][0]["counts"]
    assert counts == dict.fromkeys(names, 1)
    assert [one.body for one in sandbox.contents(AGENCY)] == [PDF + b"one"]
    found = petitions(sandbox)
    assert ["sha256" in found[f"so:{number}"]["attachments"][0] for number in range(1, 6)] == [True] + [False] * 4
    said += [listed, agency("audit", "log"), agency("explain", "petition", "so:1"), agency("status"), agency("check")]
    outside = [one.out + one.err for one in said] + [line.path for line in sandbox.log()]
    outside += [body.decode() for body in sandbox.bodies()]
    assert not [written for written in outside if CANARY in written]
    assert max(len(line) for one in said[1:3] for line in one.out.splitlines()) <= 80
    assert agency("audit", "verify").code == 0
    shelf.files[f"/kntc/{CANARY}none.pdf"] = PDF + b"found after all"
    agency("sync")
    assert "sha256" in petitions(sandbox)["so:2"]["attachments"][0]


@pytest.mark.parametrize("tells", [True, False])
def test_an_unchanged_file_is_not_fetched_again_and_a_changed_one_is_noticed_where_its_server_tells(
    tmp_path: Path, sandbox: Sandbox, server: FaultServer, shelf: Shelf, tells: bool
) -> None:
    shelf.tells = tells
    shelf.files = {"/kntc/a.pdf": PDF + b"one"}
    agency = agency_at(server, tmp_path, sandbox)
    agency.petition(1)
    agency.names(1, f"{server.base_url}/kntc/a.pdf")
    with agency.opened() as work:
        work.sync()
        assert asked(server, "GET") == 2  # to hash it, and to send it
        work.sync()
        assert asked(server, "GET") == 2
        agency.sql("UPDATE don SET NoiDung = 'bổ sung' WHERE Id = 1")
        work.sync()
        assert asked(server, "GET") == (2 if tells else 3)
        shelf.files = {"/kntc/a.pdf": PDF + b"two"}
        work.sync()
        newest = PDF + (b"two" if tells else b"one")
        assert petitions(sandbox)["so:1"]["attachments"][0]["sha256"] == hashlib.sha256(newest).hexdigest()


def test_a_bad_minute_of_the_server_makes_no_new_version_and_a_server_that_is_away_stops_the_reading(
    tmp_path: Path, sandbox: Sandbox, server: FaultServer, shelf: Shelf
) -> None:
    shelf.files = {"/kntc/a.pdf": PDF + b"one"}
    agency = agency_at(server, tmp_path, sandbox)
    agency.petition(1)
    agency.names(1, f"{server.base_url}/kntc/a.pdf")
    assert agency("sync").code == 0
    shelf.broken = True
    assert agency("sync").code == 0
    shelf.broken = False
    assert agency("sync").code == 0
    assert {effect.version for effect in sandbox.effects()} == {1}
    server.__exit__()
    said = agency("sync")
    assert said.code == 69
    assert "E-SOURCE-FILE-WEB" in said.err
    assert "E-SOURCE-FILE-WEB" in agency("check").text
    assert str(server.port) not in said.err
    assert {effect.version for effect in sandbox.effects()} == {1}


def test_a_file_that_could_not_be_fetched_is_tried_at_each_reading_until_it_can(
    tmp_path: Path, sandbox: Sandbox, server: FaultServer, shelf: Shelf
) -> None:
    shelf.files = {"/kntc/a.pdf": PDF + b"one"}
    agency = agency_at(server, tmp_path, sandbox, failing='failing = "hold"')
    agency.petition(1)
    agency.names(1, f"{server.base_url}/kntc/a.pdf")
    shelf.broken = True
    with agency.opened() as work:
        work.sync()
        line = work.line(Kind.PETITION, 1)
        assert (line.state, [problem["rule"] for problem in line.problems]) == ("quarantined", ["E-MAP-FILE"])
        shelf.broken = False
        work.sync()
        assert work.states(Kind.PETITION) == {"delivered": 1}


def test_of_a_denunciation_only_a_redacted_copy_is_fetched(
    tmp_path: Path, sandbox: Sandbox, server: FaultServer, shelf: Shelf
) -> None:
    shelf.files = {f"/kntc/{CANARY}.pdf": PDF + CANARY.encode(), "/kntc/che.pdf": PDF + b"redacted"}
    agency = agency_at(server, tmp_path, sandbox)
    agency.petition(1, kind="2")
    agency.names(1, f"{server.base_url}/kntc/{CANARY}.pdf")
    agency.names(1, f"{server.base_url}/kntc/che.pdf", redacted=True)
    with agency.opened() as work:
        work.sync()
        assert work.states(Kind.PETITION) == {"delivered": 1}
        with work.app.store.read() as connection:
            kept = [tuple(row) for row in connection.execute(text("SELECT fate, path FROM attachment ORDER BY at"))]
    assert [one.body for one in sandbox.contents(AGENCY)] == [PDF + b"redacted"]
    assert {one.target for one in server.received if one.method == "GET"} == {"/kntc/che.pdf"}
    assert kept == [("not_redacted", None), ("ready", f"{server.base_url}/kntc/che.pdf")]


def test_a_file_that_changes_between_reading_and_sending_is_never_sent_as_the_old_one(
    tmp_path: Path, sandbox: Sandbox, server: FaultServer, shelf: Shelf
) -> None:
    shelf.tells = False  # so only the bytes show it
    shelf.files = {"/kntc/a.pdf": PDF + b"old"}
    agency = agency_at(server, tmp_path, sandbox)
    agency.petition(1)
    agency.names(1, f"{server.base_url}/kntc/a.pdf")
    with agency.opened() as work:
        work.run("collect")
        shelf.files = {"/kntc/a.pdf": PDF + b"new"}
        work.run("attach")
        assert sandbox.contents(AGENCY) == []
        work.sync()
        assert work.states(Kind.PETITION) == {"delivered": 1}
    assert [one.body for one in sandbox.contents(AGENCY)] == [PDF + b"new"]


@pytest.mark.parametrize("allowed", ["http://files.example.gov.vn/kntc/", "https://files.example.gov.vn/kntc", "files"])
def test_a_list_that_allows_too_much_or_nothing_is_refused(tmp_path: Path, sandbox: Sandbox, allowed: str) -> None:
    agency = AttachingAgency(tmp_path, sandbox)
    agency.keeps_files_on_the_web(allowed)
    said = agency("check")
    assert said.code == 78
    assert "agency.0.attachments.urls" in said.err
    assert "https://máy-chủ/thư-mục/" in said.err
