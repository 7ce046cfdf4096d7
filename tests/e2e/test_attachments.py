"""Attachments from the agency's folder to the national side: each once, none silently left out, none that must stay."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from connector.core.model import Cause, Kind, RecordKey
from connector.sandbox import FaultRule, Sandbox
from connector.store import setting_aside
from tests.e2e.attaching_agency import AGENCY, PDF, AttachingAgency, rest
from tests.e2e.small_agency import observed
from tests.world import credentials


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(credentials=credentials(AGENCY), seed=7) as sandbox:
        yield sandbox


def petitions(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """The newest document of each petition that was accepted, by local_id."""
    found = {}
    for body in sandbox.bodies():
        document = json.loads(body)
        if "received_on" in document:
            found[document["local_id"]] = document
    return found


def test_files_arrive_before_the_document_that_refers_to_them(tmp_path: Path, sandbox: Sandbox) -> None:
    agency = AttachingAgency(tmp_path, sandbox)
    agency.petition(1)
    agency.file(1, "a.pdf", PDF + b"one")
    agency.file(1, "b.png", b"\x89PNG\r\n\x1a\ntwo")
    agency.names(1, "a.pdf*b.png")
    with agency.opened() as work:
        work.sync()
        assert work.states(Kind.PETITION) == {"delivered": 1}
    kept = {one.sha256: one for one in sandbox.contents(AGENCY)}
    papers = petitions(sandbox)["so:1"]["attachments"]
    assert [kept[paper["sha256"]].body for paper in papers] == [PDF + b"one", b"\x89PNG\r\n\x1a\ntwo"]
    assert [paper["media_type"] for paper in papers] == ["application/pdf", "image/png"]
    assert [paper["file_name"] for paper in papers] == ["a.pdf", "b.png"]
    assert papers[0]["sha256"] == hashlib.sha256(PDF + b"one").hexdigest()
    asked = [(line.method, line.kind or "content") for line in sandbox.log() if line.method in ("PUT", "HEAD")]
    assert asked == [("PUT", "content"), ("PUT", "content"), ("PUT", "petition")]


def test_one_content_of_two_petitions_is_sent_once_and_never_again(tmp_path: Path, sandbox: Sandbox) -> None:
    agency = AttachingAgency(tmp_path, sandbox)
    for number in (1, 2):
        agency.petition(number)
        agency.file(number, f"{number}.pdf", PDF + b"the same")
        agency.names(number, f"{number}.pdf")
    with agency.opened() as work:
        work.sync()
        work.sync()
        assert work.states(Kind.PETITION) == {"delivered": 2}
    assert [one.times for one in sandbox.contents(AGENCY)] == [1]
    assert {effect.version for effect in sandbox.effects()} == {1}
    assert calls(sandbox, "HEAD") == []


def calls(sandbox: Sandbox, method: str) -> list[int]:
    """The statuses of requests about contents."""
    lines = [line for line in sandbox.log() if line.path.startswith("/v1/attachments/")]
    return [line.status for line in lines if line.method == method]


BAD = {
    "absent": "none.pdf",
    "unsafe": "../../../secrets/store.key",
    "type": "virus.pdf",
    "too_large": "large.pdf",
    "empty": "empty.pdf",
}


def test_a_petition_goes_without_a_file_that_cannot_and_the_file_is_listed(tmp_path: Path, sandbox: Sandbox) -> None:
    agency = AttachingAgency(tmp_path, sandbox, lines="max_bytes = 1000")
    for number, name in enumerate(BAD.values(), 1):
        agency.petition(number)
        agency.names(number, f"{name}*good.pdf")
        agency.file(number, "good.pdf")
    agency.file(3, "virus.pdf", b"MZ\x90\x00")
    agency.file(4, "large.pdf", PDF + b"x" * 1_000)
    agency.file(5, "empty.pdf", b"")
    said = agency("sync")
    assert said.code == 1  # partial: something did not go
    assert "1 tệp CSDLQG đã nhận" in said.text  # five petitions have the same good one
    assert "kntc attachments list" in said.text
    found = petitions(sandbox)
    assert [found[f"so:{number}"]["attachments"][0].keys() for number in range(1, 6)] == [
        {"file_name", "title", "redacted"}
    ] * 5
    assert all("sha256" in found[f"so:{number}"]["attachments"][1] for number in range(1, 6))
    listed = json.loads(agency("attachments", "list", "--json").out)
    assert {(one["local_id"], one["file"], one["fate"]) for one in listed["files"]} == {
        (f"so:{number}", 1, fate) for number, fate in enumerate(BAD, 1)
    }
    assert listed["agencies"][0]["counts"] == {"received": 5, **dict.fromkeys(BAD, 1)}
    for language in ("vi", "en"):
        said = agency("attachments", "list", lang=language).out
        assert max(map(len, said.splitlines())) <= 80
        assert not any(name in said for name in BAD.values())
    assert "1 tệp đính kèm không gửi được: kntc attachments list" in agency("explain", "petition", "so:1").text
    # Once it is mended it goes, with a new version.
    agency.file(1, "none.pdf", PDF + b"found after all")
    agency("sync")
    assert "sha256" in petitions(sandbox)["so:1"]["attachments"][0]
    left = json.loads(agency("attachments", "list", "--json").out)["files"]
    assert {one["local_id"] for one in left} == {f"so:{number}" for number in range(2, 6)}


def test_where_the_mapping_says_hold_a_record_waits_for_its_file(tmp_path: Path, sandbox: Sandbox) -> None:
    agency = AttachingAgency(tmp_path, sandbox, failing='failing = "hold"')
    agency.petition(1)
    agency.names(1, "a.pdf")
    with agency.opened() as work:
        work.sync()
        line = work.line(Kind.PETITION, 1)
        assert (line.state, [problem["rule"] for problem in line.problems]) == ("quarantined", ["E-MAP-FILE"])
        agency.file(1, "a.pdf")
        work.sync()
        assert work.states(Kind.PETITION) == {"delivered": 1}


@pytest.mark.parametrize(("fault", "times"), [("lose_after_commit", 1), ("commit_then_500", 1), ("bad_gateway", 1)])
def test_a_lost_answer_is_asked_for_and_nothing_is_kept_twice(
    tmp_path: Path, sandbox: Sandbox, fault: str, times: int
) -> None:
    agency = AttachingAgency(tmp_path, sandbox)
    agency.petition(1)
    agency.file(1, "a.pdf")
    agency.names(1, "a.pdf")
    sandbox.play(FaultRule(fault, call="attach", in_all=1))
    with agency.opened() as work:
        work.sync()
        assert work.states(Kind.PETITION) == {"delivered": 1}
    assert [one.times for one in sandbox.contents(AGENCY)] == [times]
    assert calls(sandbox, "HEAD") == [404 if fault == "bad_gateway" else 200]


def test_a_busy_side_is_waited_for_and_the_document_with_it(tmp_path: Path, sandbox: Sandbox) -> None:
    agency = AttachingAgency(tmp_path, sandbox)
    agency.petition(1)
    agency.petition(2)
    agency.file(1, "a.pdf")
    agency.names(1, "a.pdf")
    sandbox.play(FaultRule("busy_503", call="attach", in_all=1))
    with agency.opened() as work:
        work.run("collect")
        work.run("attach")
        work.run("push")
        assert work.states(Kind.PETITION) == {"pending": 2}  # the channel is on hold for both
        work.sync()
        assert work.states(Kind.PETITION) == {"delivered": 2}
    assert [one.times for one in sandbox.contents(AGENCY)] == [1]


def test_what_the_national_side_does_not_take_stops_no_petition_and_may_be_tried_again(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    agency = AttachingAgency(tmp_path, sandbox)
    agency.petition(1)
    agency.file(1, "a.pdf")
    agency.names(1, "a.pdf")
    sandbox.play(FaultRule("refuse_422", call="attach"))
    agency("sync")
    assert petitions(sandbox) == {}  # it waits to be read again: what it refers to will not come
    assert "Chờ nội dung 1 tệp đính kèm" in agency("explain", "petition", "so:1").text
    assert agency("sync").code == 1
    assert petitions(sandbox)["so:1"]["attachments"] == [
        {"file_name": "a.pdf", "redacted": False, "title": "Đơn đã ký"}
    ]
    assert "CSDLQG không nhận" in agency("attachments", "list").out
    sandbox.play()
    assert "1" in agency("attachments", "retry", "--dry-run").out
    agency("attachments", "retry", "--reason", "đã hỏi lại đầu mối")
    assert agency("sync").code == 0
    assert "sha256" in petitions(sandbox)["so:1"]["attachments"][0]
    assert agency("audit", "verify").code == 0


def test_a_petition_that_left_its_source_does_not_wait_for_ever_for_a_refused_file(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    """Its row can be read no more, so nothing would make a document of it that goes without the file."""
    agency = AttachingAgency(tmp_path, sandbox)
    for number in (1, 2):
        agency.petition(number)
        agency.file(number, "a.pdf", PDF + bytes([number]))
        agency.names(number, "a.pdf")
    sandbox.play(FaultRule("refuse_422", call="attach"))
    with agency.opened() as work:
        work.run("collect")
        work.run("attach")
        agency.sql("DELETE FROM don WHERE Id = 1")
        agency.sql("DELETE FROM tep WHERE IdDon = 1")
        work.sync()  # the other petition is read again, and goes without its file
        assert work.line(Kind.PETITION, 1).state == "pending"  # missed once is not gone
        work.days_go_by(2)
        assert work.line(Kind.PETITION, 1).state == "delivered"
        agency.petition(3)
        agency.file(3, "a.pdf", PDF + b"three")
        agency.names(3, "a.pdf")
        for stage in ("collect", "attach", "push"):
            work.run(stage)
        assert work.line(Kind.PETITION, 3).state == "pending"  # it is there, and is read again
    sent = petitions(sandbox)
    assert ["sha256" in sent[key]["attachments"][0] for key in ("so:1", "so:2")] == [True, False]
    assert sandbox.contents(AGENCY) == []
    assert "CSDLQG không nhận" in agency("attachments", "list").out


def test_a_file_that_changes_between_reading_and_sending_is_never_sent_as_the_old_one(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    agency = AttachingAgency(tmp_path, sandbox)
    agency.petition(1)
    agency.file(1, "a.pdf", PDF + b"old")
    agency.names(1, "a.pdf")
    with agency.opened() as work:
        work.run("collect")
        agency.file(1, "a.pdf", PDF + b"new")
        work.run("attach")
        assert sandbox.contents(AGENCY) == []
        work.run("push")
        assert work.states(Kind.PETITION) == {"pending": 1}
        work.sync()
        assert work.states(Kind.PETITION) == {"delivered": 1}
    assert [one.body for one in sandbox.contents(AGENCY)] == [PDF + b"new"]


def test_an_unchanged_file_is_not_read_again_and_a_changed_one_makes_a_new_version(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    agency = AttachingAgency(tmp_path, sandbox)
    agency.petition(1)
    path = agency.file(1, "a.pdf", PDF + b"one")
    agency.names(1, "a.pdf")
    with agency.opened() as work:
        work.sync()
        as_it_was = path.stat()
        path.write_bytes(PDF + b"two")
        os.utime(path, ns=(as_it_was.st_atime_ns, as_it_was.st_mtime_ns))
        agency.sql("UPDATE don SET NoiDung = 'bổ sung' WHERE Id = 1")
        work.sync()  # mapped again, and yet nobody could tell that the file is another: it was not opened
        assert [one.body for one in sandbox.contents(AGENCY)] == [PDF + b"one"]
        rest(path, 60)
        work.sync()
    assert {one.body for one in sandbox.contents(AGENCY)} == {PDF + b"one", PDF + b"two"}
    assert {effect.version for effect in sandbox.effects()} == {1, 2, 3}


def test_a_share_that_is_not_mounted_stops_the_reading_instead_of_the_files(tmp_path: Path, sandbox: Sandbox) -> None:
    agency = AttachingAgency(tmp_path, sandbox)
    agency.petition(1)
    agency.file(1, "a.pdf")
    agency.names(1, "a.pdf")
    agency.root.rename(agency.root.with_name("elsewhere"))
    said = agency("sync")
    assert said.code == 69
    assert "E-SOURCE-FILE-ROOT" in said.err
    assert "E-SOURCE-FILE-ROOT" in agency("check").text
    assert petitions(sandbox) == {}
    agency.root.with_name("elsewhere").rename(agency.root)
    assert agency("sync").code == 0
    assert len(sandbox.contents(AGENCY)) == 1


def test_a_dry_run_reads_files_and_keeps_and_sends_nothing(tmp_path: Path, sandbox: Sandbox) -> None:
    agency = AttachingAgency(tmp_path, sandbox)
    agency.petition(1)
    agency("sync")
    agency.file(1, "a.pdf")
    agency.names(1, "a.pdf")
    assert agency("sync", "--dry-run").code == 0
    assert json.loads(agency("attachments", "list", "--json").out)["agencies"][0]["counts"] == {}
    assert sandbox.contents(AGENCY) == []


def test_files_in_a_column_of_the_database_go_the_same_way(tmp_path: Path, sandbox: Sandbox) -> None:
    agency = AttachingAgency(tmp_path, sandbox)
    agency.keeps_files_in_the_database()
    content = PDF + os.urandom(700_000)
    for number, stored in ((1, content), (2, b"MZ\x90\x00"), (3, None)):
        agency.petition(number)
        agency.names(number, "a.pdf")
        agency.sql("UPDATE tep SET NoiDung = ? WHERE IdDon = ?", stored, number)
    agency("sync")
    assert [one.body for one in sandbox.contents(AGENCY)] == [content]
    found = petitions(sandbox)
    assert found["so:1"]["attachments"][0]["sha256"] == hashlib.sha256(content).hexdigest()
    assert ["sha256" in found[f"so:{number}"]["attachments"][0] for number in (2, 3)] == [False, False]
    listed = json.loads(agency("attachments", "list", "--json").out)["files"]
    assert [(one["local_id"], one["fate"]) for one in listed] == [("so:2", "type")]
    agency.sql("UPDATE tep SET NoiDung = ? WHERE IdDon = 2", PDF)
    assert agency("sync").code == 0
    assert len(sandbox.contents(AGENCY)) == 2


# --- secrecy -------------------------------------------------------------------------------------------------------

CANARY = "kntcCanary8d21f7"


def test_of_a_denunciation_only_a_redacted_copy_leaves(tmp_path: Path, sandbox: Sandbox) -> None:
    agency = AttachingAgency(tmp_path, sandbox)
    agency.petition(1, kind="2")
    agency.file(1, f"{CANARY}.pdf", PDF + CANARY.encode())
    agency.file(1, f"{CANARY} che.pdf", PDF + b"redacted")
    agency.names(1, f"{CANARY}.pdf", title=CANARY)
    agency.names(1, f"{CANARY} che.pdf", redacted=True, title=CANARY)
    said = [agency("sync"), agency("attachments", "list"), agency("attachments", "list", "--json")]
    said += [agency("explain", "petition", "so:1", "--payload"), agency("audit", "log"), agency("status")]
    assert petitions(sandbox)["so:1"]["attachments"] == [
        {
            "media_type": "application/pdf",
            "redacted": True,
            "sha256": hashlib.sha256(PDF + b"redacted").hexdigest(),
            "size_bytes": len(PDF + b"redacted"),
        }
    ]
    assert [one.body for one in sandbox.contents(AGENCY)] == [PDF + b"redacted"]
    leaked = hashlib.sha256(PDF + CANARY.encode()).hexdigest()
    outside = [*sandbox.bodies(), *(line.path.encode() for line in sandbox.log())]
    outside += [text.encode() for one in said for text in (one.out, one.err)]
    outside += [path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert not [text for text in outside if CANARY.encode() in text or leaked.encode() in text]
    assert "giữ lại theo luật" in said[1].out
    with agency.opened() as work, work.app.store.read() as connection:  # nor is it kept in the encrypted ledger
        kept = [tuple(row) for row in connection.execute(text("SELECT fate, path, sha256 FROM attachment ORDER BY at"))]
        entries = list(connection.execute(text("SELECT content FROM audit_entry")).scalars())
    assert kept[0] == ("not_redacted", None, None)
    assert not [entry for entry in entries if CANARY in entry or kept[1][2] in entry]


def test_the_files_of_a_withdrawn_record_trouble_nobody_any_more(tmp_path: Path, sandbox: Sandbox) -> None:
    agency = AttachingAgency(tmp_path, sandbox)
    agency.petition(1)
    agency.names(1, "none.pdf")
    assert agency("sync").code == 1
    assert agency("withdraw", "petition", "so:1", "--reason", "nhập nhầm", "--yes").code == 0
    assert agency("sync").code == 0
    listed = json.loads(agency("attachments", "list", "--json").out)
    assert (listed["files"], listed["agencies"][0]["counts"]) == ([], {})


def test_what_hangs_on_a_record_that_became_secret_is_forgotten(tmp_path: Path, sandbox: Sandbox) -> None:
    agency = AttachingAgency(tmp_path, sandbox)
    agency.petition(1)
    agency.file(1, "a.pdf")
    agency.names(1, "a.pdf")
    with agency.opened() as work:
        work.sync()
        key = RecordKey(AGENCY, Kind.PETITION, "so:1")
        with work.app.store.write() as tx:
            setting_aside.set_aside(tx, AGENCY, Kind.PETITION, [key.local_id], Cause.BECAME_SECRET, 0, work.app.actor)
        with work.app.store.read() as connection:
            assert connection.execute(text("SELECT count(*) FROM attachment")).scalar() == 0


def test_over_the_old_interface_nothing_is_opened_and_the_command_says_so(tmp_path: Path, sandbox: Sandbox) -> None:
    agency = AttachingAgency(tmp_path, sandbox, national=observed())
    agency.petition(1)
    agency.file(1, "a.pdf")
    agency.names(1, "a.pdf")
    with agency.opened() as work:
        work.sync()
        assert work.states(Kind.PETITION) == {"delivered": 1}
    assert sandbox.contents(AGENCY) == []
    assert "Giao diện này không chuyển nội dung tệp" in agency("attachments", "list").out
