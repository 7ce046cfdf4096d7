"""`kntc status` never flatters: a closed store, a failed job, a plan that waits are all there to be seen."""

from __future__ import annotations

import io
import sqlite3

import pytest

from connector import daemon, logs
from connector.app import open_app
from connector.config import load_config
from connector.core.model import Actor, Kind
from connector.national import transport
from connector.sample.edits import mark_secret
from connector.sandbox import FaultRule
from tests.cli.conftest import World
from tests.world import AGENCY, install, source_path


def first(world: World) -> dict[str, object]:
    return world("status", "--json").json["agencies"][0]


def test_a_store_that_went_back_in_time_is_shown_as_closed(world):
    """`sync` refused it and `audit verify` named it, while `status` said "channel free" and exit code 0."""
    world("sync")
    store = world.folder / "data" / "kntc.sqlite"
    yesterday = store.read_bytes()
    world.edit(Kind.PETITION, 4, "NoiDungDonThu", "Nội dung đã sửa")
    world("sync")
    store.write_bytes(yesterday)
    said = world("status")
    assert said.code == 78
    assert "ĐÓNG: sổ không khớp tệp đầu" in said.text
    assert "E-STORE-ROLLED-BACK" in said.err
    said.assert_narrow()
    found = world("status", "--json").json
    assert (found["exit_code"], found["agencies"][0]["store_error"]) == (78, "E-STORE-ROLLED-BACK")


def test_a_lost_head_file_is_shown_as_closed(world):
    world("sync")
    (world.folder / "data" / f"{AGENCY}.head.json").unlink()
    said = world("status")
    assert (said.code, "E-STORE-HEAD-MISSING" in said.err) == (78, True)
    assert first(world)["store_error"] == "E-STORE-HEAD-MISSING"


def test_a_dead_source_is_shown_until_it_has_been_read_again(world):
    source_path(world.folder).rename(world.folder / "away")
    assert world("sync").code == 69
    said = world("status")
    assert said.code == 0
    assert "không xong: " in said.text
    assert "(E-SOURCE-CONNECT)" in said.text
    said.assert_narrow()
    assert first(world)["failures"]["collect"]["what"] == "E-SOURCE-CONNECT"
    (world.folder / "away").rename(source_path(world.folder))
    world("sync")
    assert first(world)["failures"] == {}
    assert "không xong" not in world("status").text


def test_a_refused_account_and_a_dead_server_are_shown_until_something_got_through(world):
    secret = world.folder / "secrets" / "client"
    right = secret.read_text(encoding="ascii")
    secret.write_text("wrong\n", encoding="ascii")
    world("sync")
    found = first(world)["failures"]
    assert (found["deliver"]["what"], found["pull"]["what"].startswith("E-")) == ("held", True)
    text = world("status").text
    assert "không gửi được: kênh quốc gia không dùng được" in text
    assert "không nhận được: " in text
    secret.write_text(right, encoding="ascii")


def test_what_waits_longest_is_told_while_the_national_side_is_away(world):
    world("collect")
    world.sandbox.stop()
    world("push")
    text = " ".join(world("status", lang="en").text.split())
    assert "Waits longest since " in text
    assert first(world)["oldest_pending"] <= first(world)["channel"]["held_since"]


def test_a_guard_and_a_forgotten_feed_are_shown_as_jobs_that_did_not_end(world):
    install(world.folder, world.sandbox.base_url, collect="first_run_limit = 5")
    world("sync")
    assert first(world)["failures"]["collect"]["what"] == "guard"
    assert "không xong: chốt an toàn chờ người duyệt" in world("status").text


def test_a_feed_that_forgot_our_place_is_shown(world):
    world("sync")
    world.sandbox.play(FaultRule("expired_cursor", call="feed"))
    world("pull")
    assert first(world)["failures"]["pull"]["what"] == "E-FEED-CURSOR-EXPIRED"


def test_a_rebuild_from_the_list_is_told_by_the_pull_by_status_and_of_each_record(world):
    world("sync")
    world.sandbox.advance(2)
    world.sandbox.forget_feed()
    assert "dựng lại từ bảng kê CSDLQG" in world("pull").text
    text = world("status").text
    assert "Dựng lại trạng thái" in text
    assert "0 do nơi khác nhập tay" in text
    assert "Việc nhận trạng thái đã dừng" not in text
    found = first(world)
    assert (found["pull_rebuilding"], found["pull_stopped"], found["impossible_changes"]) == (False, "", 0)
    assert found["pull_rebuilt"]["listed"] > 0
    assert "theo bảng kê đọc" in world("explain", "petition/4").text
    assert "(theo bảng kê)" in world("mirror", "show", "petition/4").text
    assert "theo bảng kê đọc" not in world("explain", "petition/4", "--json").text


def test_a_rebuild_that_is_half_done_is_told_by_status(world):
    world("sync")
    world.sandbox.advance()
    world.sandbox.forget_feed()
    world.sandbox.play(FaultRule("html", call="manifest", kind="decision"))
    world("pull")
    assert "đang dở, lượt nhận tới làm tiếp" in " ".join(world("status").text.split())
    assert first(world)["pull_rebuilding"] is True


def test_a_change_of_status_that_cannot_be_is_told(world):
    world("sync")
    local_id = world.sandbox.listed(AGENCY, "petition")[0].local_id
    for status in ("closed", "settled"):
        world.sandbox.move(AGENCY, "petition", local_id, status)
    assert "1 bước chuyển trạng thái không thể có" in world("pull").text
    assert "1 bước chuyển không thể có" in world("status").text
    assert first(world)["impossible_changes"] == 1
    assert "(không thể có sau: Đã kết thúc)" in " ".join(world("mirror", "show").text.split())


def test_an_approved_plan_waits_for_a_run_and_status_says_so(world):
    install(world.folder, world.sandbox.base_url, collect="first_run_limit = 5")
    world("sync")
    (guard,) = first(world)["guards"]
    world("approve", guard["plan"], "--reason", "đã so với sổ giấy")
    text = world("status").text
    assert f"kế hoạch {guard['plan']}, do" in text
    assert "chờ lượt đọc nguồn tới (kntc sync hoặc dịch vụ). Lý do: “đã so với sổ giấy”" in text
    assert [one["plan"] for one in first(world)["approved_waiting"]] == [guard["plan"]]
    world("sync")
    assert first(world)["approved_waiting"] == []


@pytest.mark.parametrize("name", ["collect", "resync", "deliver", "pull"])
def test_the_daemon_leaves_the_same_marks(world, name):
    world("sync")
    if name == "resync":
        world("resync", "petition/4", "--reason", "x")
    world.edit(Kind.PETITION, 4, "NoiDungDonThu", "Nội dung đã sửa")
    if name == "deliver":
        world("collect")
    source_path(world.folder).rename(world.folder / "away")
    world.sandbox.stop()
    with open_app(load_config(world.config), Actor("daemon", "daemon")) as app:
        (job,) = [job for job in daemon.jobs_of(app) if job.name == name]
        daemon._run_job(app, daemon.Orders(app.stop), job)
    assert list(first(world)["failures"]) == [name]
    assert "lúc" in world("status").text


def test_the_daemon_tells_a_failure_that_goes_on_as_one_alarm(world, monkeypatch):
    monkeypatch.setattr(transport, "PATIENCE_S", 0.0)
    world("sync")
    port = int(world.sandbox.base_url.rpartition(":")[2])
    stream = io.StringIO()
    logs.set_up("error", stream)
    with open_app(load_config(world.config), Actor("daemon", "daemon")) as app:
        (pull,) = [job for job in daemon.jobs_of(app) if job.name == "pull"]
        for alarms in (1, 2):
            world.sandbox.stop()
            for _ in range(3):
                daemon._run_job(app, daemon.Orders(app.stop), pull)
            assert stream.getvalue().count("job.failed") == alarms
            world.sandbox.start(port)
            daemon._run_job(app, daemon.Orders(app.stop), pull)


def leave_out(world: World, *keys: int) -> None:
    with sqlite3.connect(source_path(world.folder)) as connection:
        rows = [(key,) for key in keys]
        connection.executemany("DELETE FROM bo_sung WHERE IdDonThu = ?", rows)
        connection.executemany("INSERT INTO bo_sung (IdDonThu, BanNhap, DoMat) VALUES (?, 1, 0)", rows)


def test_what_the_source_leaves_out_is_listed_by_key_and_reason_and_the_rest_is_counted(world):
    """Promise 1 speaks of a named list with its reason; excluded and secret records were in none."""
    leave_out(world, 6)
    world("sync")
    leave_out(world, 5)
    mark_secret(source_path(world.folder), 7)
    world("sync")
    for state in ("excluded", "not_sent"):
        said = world("list", "--state", state)
        assert "Đơn bentre:5: " in said.out
        assert "nguồn loại ra: bản nháp" in said.text
        assert "Đơn bentre:6" not in said.out  # never recorded
        assert "Lượt đọc gần nhất để ngoài" in said.text
        assert "mang dấu mật: chỉ đếm" in said.text
        said.assert_narrow()
    found = world("list", "--state", "excluded", "--kind", "don", "--json").json
    assert [(one["local_id"], one["rule"]) for one in found["records"]] == [("bentre:5", "draft")]
    assert found["left_out"][AGENCY]["excluded"]["draft"] == 2


def test_status_shows_that_every_row_of_the_source_is_accounted_for(world):
    leave_out(world, 6)
    world("sync")
    view = first(world)
    source = sum(book["source"] for book in view["books"])
    ledger = sum(book["current"] - book["unseen"] for book in view["books"])
    secret = sum(book["refused_secret"] for book in view["books"])
    assert source == ledger + secret + sum(view["excluded"].values())
    assert f"Đối chiếu nguồn {source} dòng = {ledger} trong sổ + " in world("status").text
    assert "bản nháp" in world("status").text
