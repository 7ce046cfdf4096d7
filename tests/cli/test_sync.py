"""Runs as an operator sees them: what was done, what is left to do, and an exit code that never flatters."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import sqlite3
import threading
from contextlib import redirect_stderr, redirect_stdout
from types import SimpleNamespace

import pytest
from rich.progress import Progress

from connector import app, lock
from connector.app import Step, utc_now
from connector.cli import main, progress, working
from connector.core.model import Kind
from connector.sample.agency import build
from connector.sandbox import FaultRule, Sandbox
from connector.telling.words import Words
from tests.cli.conftest import World, interrupt_soon, kntc
from tests.world import AGENCY, OTHER, credentials, install, source_path


def test_a_sync_with_bad_rows_ends_partial_and_says_what_to_do(world):
    said = world("sync")
    assert said.code == 1
    assert "[MÔI TRƯỜNG THỬ NGHIỆM]" in said.out
    assert "1/4 Đọc nguồn" in said.out
    assert "4/4 Nhận về" in said.out
    assert "HOÀN THÀNH MỘT PHẦN" in said.out
    assert "(mã thoát 1)" in said.out
    assert "kntc quarantine list" in said.out
    assert said.err == ""
    said.assert_narrow()


def test_the_counts_table_adds_up(world):
    states = world("sync", "--json").json["agencies"][0]["states"]
    table = [line.split() for line in world("status").out.splitlines() if line.startswith(("Đơn  ", "Cộng  "))]
    assert table[0][1:3] == [str(sum(states["petition"].values())), str(states["petition"]["delivered"])]
    assert table[1][1] == str(sum(sum(by_state.values()) for by_state in states.values()))


def test_a_clean_agency_ends_done(world):
    for key in (1, 2, 3):
        world.edit(Kind.PETITION, key, "LoaiDonThu", 3)
        world.edit(Kind.PETITION, key, "NgayNhanDon", "2024-02-28")
    said = world("sync")
    assert said.code == 0
    assert "HOÀN THÀNH sau" in said.out
    assert "MỘT PHẦN" not in said.out
    assert world("status", "--json").json["agencies"][0]["partial"] is False


def test_lost_answers_are_told_with_what_became_of_them(world):
    world.sandbox.play(FaultRule("lose_after_commit", kind="petition", local_id="bentre:4", times=1))
    said = world("sync")
    assert "1 mất câu trả lời" in said.out
    assert "1 đã có trên CSDLQG" in said.out
    assert "Không phát hiện gửi trùng." in said.out
    assert all(count == 1 for count in world.sandbox.effects().values())


def test_a_dead_source_of_one_agency_is_one_clear_line_and_the_other_goes_on(tmp_path):
    build(source_path(tmp_path, OTHER), 7, petitions=20, agency=OTHER)
    with Sandbox(credentials=credentials(AGENCY, OTHER), seed=7) as sandbox:
        config = install(tmp_path, sandbox.base_url, agencies=(AGENCY, OTHER))
        said = World(tmp_path, sandbox, config)("sync", "--json")
    assert said.code == 69
    dead, alive = said.json["agencies"]
    assert [error["id"] for error in dead["errors"]] == ["E-SOURCE-CONNECT"]
    assert alive["errors"] == []
    assert alive["states"]["petition"]["delivered"] == 20
    assert "E-SOURCE-CONNECT" in said.err


def test_a_national_side_that_is_down_is_no_success(world):
    world.sandbox.stop()
    said = world("sync")
    assert said.code == 69
    assert "CHƯA XONG" in said.out
    assert "Không tới được máy chủ quốc gia" in said.err
    status = world("status")
    assert "tạm dừng kênh từ" in status.out
    status.assert_narrow()


def test_each_stage_runs_by_itself(world):
    collected = world("collect", "--json").json
    assert collected["agencies"][0]["states"]["petition"]["pending"] > 0
    assert world.sandbox.effects() == {}
    for command in ("push", "resolve", "pull"):
        said = world(command, "--json")
        assert said.json["command"] == command
    assert world("status", "--json").json["agencies"][0]["last_success"].keys() == {"collect", "deliver", "pull"}


def test_a_second_run_at_the_same_time_is_refused_and_told_who_is_at_work(world):
    world("collect")
    with lock.held(world.folder / "data", utc_now()):
        said = world("sync")
        assert "đang chạy" in world("status").out
    assert said.code == 75
    assert f"tiến trình {os.getpid()}, chạy từ" in said.err


def test_an_interrupted_run_ends_orderly_and_says_so(world, monkeypatch):
    steps = working.Run.add

    def add(self, step):
        steps(self, step)
        interrupt_soon()

    monkeypatch.setattr(working.Run, "add", add)
    before = signal.getsignal(signal.SIGINT)
    said = world("sync")
    assert said.code == 1
    assert "Đã dừng theo lệnh" in said.err
    assert signal.getsignal(signal.SIGINT) is before
    monkeypatch.undo()
    assert world("sync").code == 1
    assert world("audit", "verify").code == 0


def test_quiet_leaves_only_errors(world):
    said = world("--quiet", "sync")
    assert (said.out, said.err, said.code) == ("", "", 1)


def test_a_first_run_that_is_too_large_waits_for_a_named_person(world):
    install(world.folder, world.sandbox.base_url, collect="first_run_limit = 5")
    said = world("sync")
    assert said.code == 1
    plan = world("status", "--json").json["agencies"][0]["guards"][0]["plan"]
    assert f"kntc approve {plan}" in said.out
    for shown in (said.text, world("status").text):  # what is to be compared before anybody approves
        assert f"Kế hoạch {plan}" in shown
        assert "Đơn 20" in shown
    assert world("approve", plan).code == 2
    assert "Thiếu lý do" in world("approve", plan).err
    looked = world("approve", plan, "--dry-run")
    assert "Tổng cộng" in looked.out
    assert world("approve", plan, "--reason", "đã so với sổ giấy").code == 0
    assert world("approve", plan, "--reason", "lần nữa").code == 65
    assert world("sync", "--json").json["agencies"][0]["states"]["petition"]["delivered"] > 0


def digest_of(folder):
    """Everything that lies in the data folder, by name and content; SQLite's own shared memory aside."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob("*"))
        if path.suffix not in (".sqlite-shm", ".lock") and not path.name.endswith("-shm")
    }


@pytest.mark.parametrize("command", ["sync", "collect", "push"])
def test_a_dry_run_before_the_first_one_makes_nothing(world, command):
    said = world(command, "--dry-run")
    assert said.code == 0
    assert "lượt chạy đầu tiên" in said.out
    assert list((world.folder / "data").iterdir()) == []
    assert world.sandbox.log() == []
    said.assert_narrow()


def test_a_dry_run_changes_no_byte_and_names_the_fields_that_would_change(world):
    world("sync")
    world.edit(Kind.PETITION, 5, "NgayNhanDon", "2024-02-28")
    before, requests = digest_of(world.folder / "data"), len(world.sandbox.log())
    said = world("sync", "--dry-run")
    assert "Đơn bentre:5: đổi Ngày nhận đơn" in said.out
    changes = world("collect", "--dry-run", "--json").json["agencies"][0]["changes"]
    assert {"key": f"{AGENCY}/petition/bentre:5", "what": "update", "changed": ["/received_on"], "rules": []} in changes
    assert digest_of(world.folder / "data") == before
    assert len(world.sandbox.log()) == requests


def test_a_dry_push_says_how_many_are_due_and_which_wait(world):
    world("collect")
    world("pause", "--kind", "petition", "--reason", "chờ ý kiến")
    due = world("push", "--dry-run", "--json").json["agencies"][0]["due"]
    assert due["paused"] > 0
    assert "petition" not in due["now"]
    assert due["wait_for_parent"] > 0
    assert "bị tạm dừng theo lệnh" in world("push", "--dry-run").out


def test_a_fault_of_ours_in_one_agencys_work_does_not_end_that_of_the_others(tmp_path):
    """One impossible row of one agency, and the run of all ended with a bug before the second had been looked at."""
    for agency in (AGENCY, OTHER):
        build(source_path(tmp_path, agency), 7, petitions=20, agency=agency)
    with Sandbox(credentials=credentials(AGENCY, OTHER), seed=7) as sandbox:
        config = install(tmp_path, sandbox.base_url, agencies=(AGENCY, OTHER), store='encryption = "none"')
        assert kntc("--config", config, "sync").code == 0
        with sqlite3.connect(tmp_path / "data" / "kntc.sqlite") as store:
            store.execute("UPDATE sweep SET finished_at = 'CANARY' WHERE agency = ?", (AGENCY,))
        store.close()
        said = kntc("--config", config, "sync", "--json")
    first, second = said.json["agencies"]
    assert (said.code, first["exit_code"], second["exit_code"]) == (70, 70, 0)
    assert {error["id"] for error in first["errors"]} == {"E-BUG"}
    assert (second["errors"], {"collect", "pull"} <= second["stages"].keys()) == ([], True)
    assert "CANARY" not in said.out + said.err


def test_a_dry_sync_counts_what_it_would_read_and_then_send(world):
    """It said "0 records would be sent now" where the real run sent all of them."""
    for key in (1, 2, 3):
        world.edit(Kind.PETITION, key, "LoaiDonThu", 3)
        world.edit(Kind.PETITION, key, "NgayNhanDon", "2024-02-28")
    due = world("sync", "--dry-run", "--json").json["agencies"][0]["due"]["now"]
    assert f"Sẽ gửi {sum(due.values())} hồ sơ" in world("sync", "--dry-run").text
    world("sync")
    assert sum(due.values()) == len(world.sandbox.effects())
    world.edit(Kind.PETITION, 5, "NgayNhanDon", "2024-02-28")
    assert world("sync", "--dry-run", "--json").json["agencies"][0]["due"]["now"] == {"petition": 1}


def test_a_dry_run_of_a_first_run_that_a_guard_would_stop_promises_no_sending(world):
    install(world.folder, world.sandbox.base_url, collect="first_run_limit = 5")
    said = world("sync", "--dry-run").text
    assert "sẽ dừng chờ kntc approve" in said
    assert "Sẽ gửi" not in said


def test_a_dry_push_under_a_hold_says_that_nothing_goes_now(world):
    world("collect")
    world.sandbox.play(FaultRule("busy_503", retry_after_s=600))
    world("push")
    said = world("push", "--dry-run").text
    assert "Không gửi ngay: tạm dừng kênh đến" in said
    assert "Sẽ gửi ngay" not in said


def test_no_stage_is_told_that_did_not_happen(world, monkeypatch):
    """After Ctrl-C in the first stage the others had "nothing due" and "0 changes", while hundreds waited."""
    steps = working.Run.add

    def add(self, step):
        steps(self, step)
        interrupt_soon()
        self_stopped.wait(30)

    self_stopped = threading.Event()
    real = app.set_from_handler
    monkeypatch.setattr(app, "set_from_handler", lambda event: (event.set(), self_stopped.set(), real(event)))
    monkeypatch.setattr(working.Run, "add", add)
    said = world("sync")
    assert "1/4 Đọc nguồn dừng giữa chừng theo lệnh; " in said.text
    for stage in ("2/4 Gửi", "3/4 Tra lại", "4/4 Nhận về"):
        assert f"{stage} chưa chạy" in said.text


def test_a_refused_pull_is_told_as_that_and_not_as_no_changes(world):
    world.sandbox.play(FaultRule("forbidden", call="feed"))
    said = world("sync")
    assert "4/4 Nhận về không thực hiện được: " in said.text
    assert "0 thay đổi" not in said.text


def test_a_server_that_is_down_is_not_told_as_busy(world):
    world("collect")
    world.sandbox.stop()
    said = world("push")
    assert "chưa tới nơi: chưa gửi được gì (không kết nối được máy chủ)" in said.text
    assert "bận" not in said.text


def test_looking_because_a_person_asked_is_not_told_as_a_lost_answer(world):
    world("sync")
    world("resync", "petition/4", "petition/5", "--reason", "x")
    said = world("sync")
    assert "3/4 Tra lại 2 hồ sơ tra theo yêu cầu: 2 đã có trên CSDLQG" in said.text
    assert "mất câu trả lời" not in said.text


class Terminal(io.StringIO):
    """Standard error with a person in front of it."""

    def isatty(self) -> bool:
        return True


def test_progress_and_colour_are_for_a_person_only(world, monkeypatch):
    out, err = Terminal(), Terminal()
    monkeypatch.setenv("TERM", "xterm")
    with redirect_stdout(out), redirect_stderr(err):
        main(["--config", str(world.config), "--lang", "vi", "sync"])
    assert "Gửi và tra lại" in err.getvalue()
    assert "\x1b[33mHOÀN THÀNH MỘT PHẦN" in out.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    out = Terminal()
    with redirect_stdout(out), redirect_stderr(io.StringIO()):
        main(["--config", str(world.config), "status"])
    assert "\x1b" not in out.getvalue()


def test_a_dry_pull_and_a_dry_resolve_only_look(world):
    world("sync")
    world.sandbox.advance()
    acknowledged = world.sandbox.acknowledged(AGENCY)
    published = (world.folder / "data" / "mirror.sqlite").read_bytes()
    pull = world("pull", "--dry-run", "--json")
    assert (pull.code, pull.json["agencies"][0]["counts"]["updates"] > 0) == (0, True)
    assert "sẽ được tra lại" in world("resolve", "--dry-run").text
    assert world.sandbox.acknowledged(AGENCY) == acknowledged
    assert (world.folder / "data" / "mirror.sqlite").read_bytes() == published
    world.sandbox.stop()
    assert world("pull", "--dry-run").code == 69


def test_a_store_that_was_restored_from_yesterday_sends_nothing(world):
    world("sync")
    store = world.folder / "data" / "kntc.sqlite"
    yesterday = store.read_bytes()
    world.edit(Kind.PETITION, 4, "NoiDungDonThu", "Nội dung đã sửa")
    world("sync")
    store.write_bytes(yesterday)
    asked = len(world.sandbox.log())
    for command in (("sync",), ("push",), ("pause", "--reason", "xem lại")):
        said = world(*command)
        assert (said.code, "E-STORE-ROLLED-BACK" in said.err) == (78, True)
    assert len(world.sandbox.log()) == asked
    assert world("status").code == 78


def test_the_bar_of_a_part_that_is_told_late_still_ends_where_it_says():
    """The demo begins a part when its first commit is told: what that commit did was missing from the total."""
    with Progress(disable=True) as bar:
        watch = progress.Watch(SimpleNamespace(say=Words("vi")), bar, {"deliver": 10, "collect": 0}.__getitem__)
        first = Step("push", {"delivered": 3})
        watch.begin("deliver", first)
        watch.step(first)
        assert (bar.tasks[0].completed, bar.tasks[0].total) == (3, 13)
        watch.step(Step("push", {"delivered": 9, "rejected": 1}))
        assert (bar.tasks[0].completed, bar.tasks[0].total) == (13, 13)
        watch.step(Step("resolve", {"to_delivered": 1}))
        assert (bar.tasks[0].completed, bar.tasks[0].total) == (14, 14)
        watch.begin("collect")
        assert bar.tasks[0].total is None
