"""What people ask for: short transactions with a name and a reason, possible also while the daemon runs."""

from __future__ import annotations

import pytest

from connector import lock
from connector.app import open_app, utc_now
from connector.cli import resync
from connector.config import load_config
from connector.core.model import Actor, Kind
from connector.sandbox import FaultRule
from connector.store import unreadable
from tests.cli.conftest import World, kntc
from tests.cli.test_sync import digest_of
from tests.world import AGENCY, OTHER, install


def events(world: World, name: str) -> list[dict[str, object]]:
    entries = world("audit", "log", "--limit", "100000", "--json").json["entries"]
    return [entry for entry in entries if entry["event"] == name]


@pytest.mark.parametrize(
    "args",
    [
        ["resync", "petition/4"],
        ["quarantine", "retry", "don", "2"],
        ["quarantine", "acknowledge", "don", "2"],
        ["pause", "--kind", "petition"],
        ["resume", "--kind", "petition"],
        ["pause", "--channel"],
        ["resume", "--channel"],
    ],
    ids=" ".join,
)
def test_an_action_needs_a_reason_and_its_dry_run_changes_no_byte(synced, args):
    before = digest_of(synced.folder / "data")
    dry = synced(*args, "--dry-run")
    assert dry.code == 0
    assert "Không ghi gì" in dry.text
    said = synced(*args)
    assert said.code == 2
    assert "Thiếu lý do" in said.err
    assert digest_of(synced.folder / "data") == before


def test_resync_is_asked_now_and_carried_out_by_the_next_run(world):
    world("sync")
    asked = world("resync", "petition/4", "don/bentre:5", "--reason", "đối chiếu với sổ giấy")
    assert asked.code == 0
    assert "kntc sync" in asked.out
    assert world("status", "--json").json["agencies"][0]["requests_open"] == 2
    assert world("sync", "--json").json["agencies"][0]["requests_open"] == 0
    assert [entry["facts"]["outcome"] for entry in events(world, "resync.done")] == ["look", "look"]
    assert all(count == 1 for count in world.sandbox.effects().values())
    (asked_entry,) = events(world, "resync.asked")
    assert "sổ giấy" not in str(asked_entry["facts"])
    assert asked_entry["reason"] == "matches"


def test_resync_works_while_somebody_holds_the_stage_lock(world):
    world("sync")
    with lock.held(world.folder / "data", utc_now()):
        said = world("resync", "petition/4", "--reason", "kiểm tra")
    assert said.code == 0
    assert "Dịch vụ sẽ làm trong vòng" in said.out


def test_resync_takes_a_file_of_ids_and_names_all_wrong_ones_at_once(world, tmp_path):
    world("sync")
    ids = tmp_path / "ids.txt"
    ids.write_text("petition/4\n\n# a remark\nbentre:99999\n187;Họ Và Tên;0901  # wrong file\n", encoding="utf-8")
    said = world("resync", "--from-file", ids, "--reason", "x")
    assert said.code == 65
    assert "ids.txt:4, ids.txt:5" in said.err
    assert "0901" not in said.err  # a wrong file may hold people: its lines are named, not shown
    assert "bentre:99999" in world("resync", "bentre:99999", "--reason", "x").err
    assert world("status", "--json").json["agencies"][0]["requests_open"] == 0
    assert world("resync", "--from-file", tmp_path / "none", "--reason", "x").code == 65
    ids.write_text("# nothing\n", encoding="utf-8")
    assert "0 hồ sơ" in world("resync", "--from-file", ids, "--reason", "x").out


def test_resync_by_state_kind_and_day_counts_before_it_asks(synced):
    assert "5 hồ sơ" in synced("resync", "--state", "quarantined", "--dry-run").out
    assert "20 hồ sơ" in synced("resync", "--kind", "don", "--dry-run").out
    assert "0 hồ sơ" in synced("resync", "--until", "01/01/2020", "--dry-run").out
    assert "20 hồ sơ" in synced("resync", "--kind", "don", "--since", "2020-01-01", "--dry-run").out
    assert synced("resync", "--since", "ngày xưa", "--dry-run").code == 65
    assert synced("resync", "--state", "returned", "--dry-run").code == 0
    assert synced("resync", "--state", "blocked", "--dry-run").code == 0


def test_resync_of_nothing_in_particular_is_a_usage_error(synced):
    said = synced("resync", "--reason", "x")
    assert said.code == 2
    assert "--all" in said.err


def test_resync_above_a_limit_wants_a_yes(world, monkeypatch):
    monkeypatch.setattr(resync, "YES_ABOVE", 5)
    world("sync")
    said = world("resync", "--all", "--reason", "x")
    assert said.code == 2
    assert "--yes" in said.err
    assert world("resync", "--all", "--reason", "x", "--yes").code == 0


def test_an_action_asks_which_agency_where_there_are_several(world):
    world("sync")
    install(world.folder, world.sandbox.base_url, agencies=(AGENCY, OTHER))
    said = world("pause", "--reason", "x")
    assert said.code == 2
    assert f"{AGENCY}, {OTHER}" in said.err
    assert world("pause", "--agency", OTHER, "--reason", "x").code == 0


def test_pause_stops_sending_and_resume_lets_it_go_on(world):
    assert world("collect").code == 1
    assert world("pause", "petition", "4", "--reason", "chờ xác minh").code == 0
    assert "đã tạm dừng từ trước" in world("pause", "petition", "4", "--reason", "x").out
    world("sync")
    assert (AGENCY, "petition", "bentre:4") not in {(e.agency, e.kind, e.local_id) for e in world.sandbox.effects()}
    assert "Đơn bentre:4, do" in world("status").out
    told = world("explain", "don", "4").text
    assert ("kntc resume" in told, "gửi sau khi có lệnh gửi tiếp" in told, "Chưa cần làm gì" in told) == (
        True,
        True,
        False,
    )
    assert world("resume", "petition", "5", "--reason", "x").code == 65
    assert world("resume", "petition", "4", "--reason", "đã xác minh").code == 0
    world("sync")
    assert world("explain", "don", "4", "--json").json["record"]["state"] == "delivered"


def test_a_stopped_channel_carries_nothing_until_a_person_lets_it(world):
    world("collect")
    assert world("pause", "--channel", "petition", "4", "--reason", "x").code == 2
    assert "mọi kết nối" in world("pause", "--channel", "--reason", "bảo trì trục liên thông").text.lower()
    world("sync")
    assert world.sandbox.log() == []
    said = world("status")
    assert "Kênh quốc gia" in said.out
    assert "kntc resume --channel" in said.out
    assert "stopped by" in world("status", "--lang", "en").out
    assert world("status", "--json").json["agencies"][0]["channel"]["paused"] is True
    assert world("resume", "--channel", "--reason", "xong").code == 0
    assert world("resume", "--channel", "--reason", "xong").code == 65
    world("sync")
    assert world.sandbox.effects()


def test_all_agencies_may_be_stopped_at_once(world):
    world("collect")
    install(world.folder, world.sandbox.base_url, agencies=(AGENCY, OTHER))
    assert world("pause", "--channel", "--reason", "x").code == 0
    stopped = world("status", "--json").json["agencies"]
    assert [agency["channel"]["paused"] for agency in stopped] == [True, True]


def test_a_mended_row_goes_by_itself_and_an_acknowledged_one_stays_in_its_list(world):
    world("sync")
    assert world("quarantine", "acknowledge", "don", "2", "--reason", "đã báo đơn vị").code == 0
    assert "đã biết việc này" in world("quarantine", "show", "don", "2").out
    world.edit(Kind.PETITION, 2, "LoaiDonThu", 3)
    world("sync")
    assert world("explain", "don", "2", "--json").json["record"]["state"] == "delivered"
    assert len(world("quarantine", "list", "--json").json["records"]) == 3


def test_quarantine_retry_asks_for_one_or_all(world):
    world("sync")
    assert world("quarantine", "retry", "--reason", "x").code == 2
    assert world("quarantine", "retry", "don", "2", "--reason", "x").code == 0
    assert "5 hồ sơ" in world("quarantine", "retry", "--all", "--reason", "x").out
    world("sync")
    outcomes = {entry["local_id"]: entry["facts"]["outcome"] for entry in events(world, "resync.done")}
    assert outcomes["bentre:1"] == "quarantined"


def test_a_returned_record_is_closed_by_a_named_person(world):
    world("sync")
    world.sandbox.move(AGENCY, "petition", "bentre:4", "returned_for_correction", "Thiếu ngày nhận đơn")
    pulled = world("pull")
    assert pulled.code == 1
    assert "1 hồ sơ đang bị trả lại" in pulled.out
    assert "Thiếu ngày nhận đơn" in world("explain", "don", "4").out
    assert world("list", "--state", "returned", "--json").json["records"][0]["local_id"] == "bentre:4"
    assert "Đã khép lại" in world("quarantine", "acknowledge", "don", "4", "--reason", "đã trao đổi").out
    assert world("list", "--state", "returned", "--json").json["records"] == []


def test_a_national_refusal_names_the_source_column(world):
    world.sandbox.play(
        FaultRule(
            "refuse_422", kind="petition", local_id="bentre:4", pointer="/received_on", rule="R7", message="quá xa"
        )
    )
    assert world("sync").code == 1
    listed = world("list", "--state", "rejected").text
    assert "R7 CSDLQG nói về Ngày nhận đơn (cột don_thu.NgayNhanDon): “quá xa”" in listed
    assert "quá xa" in world("explain", "don", "4").out
    assert "quá xa" not in world("list", "--state", "rejected", "--json").out
    assert "kntc status --state rejected" in world("status").out


def test_an_unreadable_item_of_the_feed_makes_runs_partial_until_a_person_closes_it(world):
    """It may be the return of a record. The cursor had passed it, with a count that nobody saw again."""
    world("sync")
    with open_app(load_config(world.config), Actor("máy", "test")) as app, app.store.write() as tx:
        unreadable.note(tx, AGENCY, ["EV-7"], app.actor)
    status = world("status", "--json").json["agencies"][0]
    assert (status["feed_unreadable"], status["partial"]) == (1, True)
    assert "kntc mirror unreadable" in world("status").out
    listed = world("mirror", "unreadable")
    assert "EV-7" in listed.out
    listed.assert_narrow()
    assert world("mirror", "unreadable", "--close", "EV-7").code == 2
    assert world("mirror", "unreadable", "--close", "EV-8", "--reason", "x").code == 65
    assert "Không ghi gì" in world("mirror", "unreadable", "--close", "EV-7", "--dry-run").text
    closed = world("mirror", "unreadable", "--close", "EV-7", "--reason", "đã hỏi CSDLQG")
    assert closed.code == 0
    assert world("mirror", "unreadable", "--json").json["items"] == []
    assert "EV-7" in world("audit", "log").out


def test_a_pause_of_one_kind_excuses_no_other(world):
    """A pause of enforcements, of which there were none, and a push that left 20 petitions behind was done."""
    for number in (1, 2, 3):
        world.edit(Kind.PETITION, number, "LoaiDonThu", 1)
    world("collect")
    world.sandbox.play(FaultRule("in_progress"))
    world("pause", "--kind", "enforcement", "--reason", "x")
    said = world("push")
    assert said.code == 1
    assert "bị tạm dừng theo lệnh" not in said.text


def test_the_log_tells_who_did_what_to_which_records_and_why(world):
    """Three identical lines "tạm dừng gửi", and the reason nowhere but as a keyed hash; that of `resume` was lost."""
    world("sync")
    world("pause", "don", "4", "--reason", "chờ xác minh")
    world("pause", "--kind", "handling", "--reason", "mã sai")
    world("pause", "--reason", "CSDLQG bảo trì")
    world("resume", "don", "4", "--reason", "đã xác minh")
    world("resync", "petition/5", "--reason", "một hồ sơ")
    world("resync", "petition/5", "petition/6", "--reason", "hai hồ sơ")
    log = world("audit", "log", "--limit", "20").text
    for told in (
        "tạm dừng gửi: Đơn bentre:4. Lý do: “chờ xác minh”",
        "tạm dừng gửi: mọi hồ sơ loại Xử lý đơn. Lý do: “mã sai”",
        "tạm dừng gửi: toàn bộ hồ sơ. Lý do: “CSDLQG bảo trì”",
        "cho gửi tiếp: Đơn bentre:4. Lý do: “đã xác minh”",
        "yêu cầu đọc lại hồ sơ: Đơn bentre:5. Lý do: “một hồ sơ”",
        "yêu cầu đọc lại hồ sơ: Đơn 2. Lý do: “hai hồ sơ”",
    ):
        assert told in log
    status = world("status").text
    assert "Lý do: “mã sai”" in status
    assert "Lý do: “CSDLQG bảo trì”" in status
    (paused,) = [p for p in world("status", "--json").json["agencies"][0]["pauses"] if not p["kind"]]
    assert paused["reason"] == "matches"


def test_the_story_of_a_record_tells_the_reasons_that_people_gave(world):
    world("sync")
    world("quarantine", "acknowledge", "don", "2", "--reason", "đã báo đơn vị")
    assert "ghi nhận đã biết. Lý do: “đã báo đơn vị”" in world("explain", "don", "2").text
    said = world("audit", "log", "don", "2")
    assert "Lý do: “đã báo đơn vị”" in said.text
    said.assert_narrow()


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["don", "4"], 1),
        (["petition 4"], 1),
        (["đơn 4", "don/5"], 2),
        (["don", "4", "5", "6"], 3),
        (["xử", "lý", "đơn", "4"], 1),
        (["bentre:4", "--kind", "don"], 1),
        (["don", "4", "--kind", "petition"], 1),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_resync_names_records_as_explain_and_pause_do(synced, words, count):
    said = synced("resync", *words, "--dry-run")
    assert said.code == 0, said.err
    assert f"{count} hồ sơ" in said.out


@pytest.mark.parametrize("command", ["explain", "pause", "resync"])
def test_a_kind_without_an_id_asks_for_the_id(synced, command):
    said = synced(command, "petition")
    assert (said.code, "E-KEY-NO-ID" in said.err) == (65, True)


@pytest.mark.parametrize("command", ["pause", "resume", "resync", "quarantine retry"])
def test_a_record_of_one_kind_and_an_option_of_another_contradict_each_other(synced, command):
    said = synced(*command.split(), "petition", "4", "--kind", "decision", "--reason", "x")
    assert (said.code, "E-KIND-CONTRADICTION" in said.err) == (65, True)


def test_only_what_waits_for_people_can_be_acknowledged(synced):
    said = synced("quarantine", "acknowledge", "don", "4", "--reason", "x")
    assert (said.code, "E-NOT-LISTED" in said.err) == (65, True)


def test_a_retry_of_nothing_advises_only_what_it_takes(synced):
    said = synced("quarantine", "retry")
    assert said.code == 2
    assert "--from-file" not in said.err


def test_a_long_dry_run_says_how_many_it_does_not_show(synced):
    assert "… và 32 hồ sơ nữa" in synced("resync", "--all", "--dry-run").out


def test_an_unknown_cause_and_unknown_faults_are_called_what_they_are(synced):
    assert "E-CAUSE-UNKNOWN" in synced("list", "--cause", "xxx").err
    assert synced("list", "--cause", "dữ liệu nguồn không hợp lệ").code == 0
    assert (kntc("sandbox", "--faults", "xyz").code, "E-FAULTS-UNKNOWN" in kntc("sandbox", "--faults", "xyz").err) == (
        2,
        True,
    )
    assert "E-AGENCY-FORM" in kntc("sandbox", "--agency", "H51/1").err
