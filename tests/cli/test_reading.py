"""Commands that only read: status, list, explain, quarantine, mirror, audit. No personal value leaves them."""

from __future__ import annotations

import hashlib
import re
import sqlite3

import pytest

from connector.cli.screen import paired
from connector.core.model import Kind
from connector.loading import compiled_schemas, mapping_at
from connector.resources import shipped
from connector.sample.edits import mark_secret
from connector.telling import ruling
from connector.telling.words import NO_BREAK, Words
from tests.cli.conftest import CANARY, World, kntc
from tests.world import AGENCY, source_path

READING = [
    ["status"],
    ["status", "--state", "quarantined"],
    ["list"],
    ["list", "--kind", "đơn"],
    ["quarantine", "list"],
    ["quarantine", "codes"],
    ["quarantine", "show", "petition", "1"],
    ["explain", "don", "bentre:4"],
    ["mirror", "show"],
    ["mirror", "show", "don", "4"],
    ["audit", "log"],
    ["audit", "log", "don", "4"],
    ["audit", "verify"],
]


def denunciation(world: World) -> int:
    with sqlite3.connect(source_path(world.folder)) as connection:
        return int(connection.execute("SELECT MIN(IdDonThu) FROM don_thu WHERE LoaiDonThu = 2").fetchone()[0])


@pytest.mark.parametrize("args", READING, ids=" ".join)
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_reading_command_stays_within_80_columns_and_shows_no_denouncer(synced, args, lang):
    said = synced(*args, lang=lang)
    assert said.code == 0, said.err
    assert said.out
    assert CANARY not in said.out + said.err
    said.assert_narrow()


@pytest.mark.parametrize("args", READING, ids=" ".join)
def test_a_reading_command_speaks_to_machines_in_a_versioned_shape(synced, args):
    found = synced(*args, "--json").json
    assert found["format"] == 1
    assert found["environment"] == "test"
    assert CANARY not in str(found)


@pytest.mark.parametrize("state", ["delivered", "returned", "blocked", "rejected", "CSDLQG đã nhận"])
def test_lists_are_asked_for_by_state_or_its_label(synced, state):
    assert synced("list", "--state", state).code == 0


def test_an_unknown_state_names_the_known_ones(synced):
    said = synced("list", "--state", "stuck")
    assert said.code == 65
    assert "quarantined" in said.err


def test_status_shows_environment_agency_and_when_each_job_last_ran(synced):
    out = synced("status").out
    assert "Đơn vị mẫu H51.01 (H51.01)" in out
    assert "THỬ NGHIỆM" in out
    assert "Đọc nguồn" in out
    assert out.count("chưa có lần nào") == 1  # a comparison with the national side is no part of a sync


def test_explain_goes_from_the_source_to_the_national_side_and_says_what_is_next(synced):
    out = synced("explain", "petition", "bentre:4", "--payload").text
    for expected in (
        "don_thu.IdDonThu = 4", "<- don_thu.LoaiDonThu (bảng mã loai-don)", "phiên bản 1", "Gửi lần 1: CSDLQG đã nhận",
        "Tiếp theo", '"local_id": "bentre:4"', "(đã che)",
    ):  # fmt: skip
        assert expected in out


@pytest.mark.parametrize(
    "words", [["petition", "bentre:4"], ["don", "4"], ["Đơn", "4"], [f"{AGENCY}/petition/bentre:4"]]
)
def test_a_record_is_found_by_every_name_that_people_use(synced, words):
    assert synced("explain", *words, "--json").json["record"]["key"] == f"{AGENCY}/petition/bentre:4"


def test_an_id_that_several_records_share_asks_for_the_kind(synced):
    said = synced("explain", "4")
    assert said.code == 65
    assert "reception bentre:4, petition bentre:4" in said.err.replace("\n  ", " ")
    assert synced("explain", "petition", "40000").code == 65


def test_explain_says_of_a_denunciation_only_that_its_people_are_kept_secret(synced):
    key = denunciation(synced)
    said = synced("explain", "petition", str(key), "--payload")
    assert "Danh tính được giữ kín" in said.out
    assert "đã che" not in said.out.partition("Nội dung gửi")[0]
    assert CANARY not in said.out
    fields = synced("explain", "petition", str(key), "--json").json["source"]["fields"]
    assert not any("..." in field["source"] for field in fields)


def test_what_becomes_unclassified_at_the_source_is_no_longer_shown(world):
    world("sync")
    world.edit(Kind.PETITION, 5, "LoaiDonThu", 9)
    out = world("explain", "don", "5").out
    assert "Danh tính được giữ kín" in out
    assert "đã che" not in out


def test_explain_works_without_the_source_and_says_so(world):
    world("sync")
    source_path(world.folder).rename(world.folder / "gone.sqlite")
    said = world("explain", "don", "4", "--payload")
    assert said.code == 0
    assert "không đọc được lúc này (E-SOURCE-CONNECT)" in said.text
    assert '"local_id": "bentre:4"' in said.out


def test_a_record_that_became_secret_shows_neither_source_nor_text(world):
    world("sync")
    mark_secret(source_path(world.folder), 4)
    world("sync")
    said = world("explain", "don", "4", "--payload")
    assert "mật" in said.out
    assert "don_thu." not in said.out
    assert '"local_id"' not in said.out
    assert "kntc list --cause became_secret" in world("status").out


def test_quarantine_show_tells_what_where_why_how_and_how_many_others(synced):
    out = synced("quarantine", "show", "don", "2").out
    for expected in ("E-MAP-CODE", "don_thu.LoaiDonThu -> /type (Loại đơn)", "Không đoán mã", "codes/loai-don.toml",
                     "1 hồ sơ khác có cùng lỗi", "kntc sync", "kntc help E-MAP-CODE"):  # fmt: skip
        assert expected in out
    assert synced("quarantine", "show", "don", "2", "--json").json["others_with_same_problem"] == [1]


def test_codes_that_no_map_has_are_told_once_each_with_how_many_records_wait(world):
    world.edit(Kind.PETITION, 5, "LoaiDonThu", 8)
    world("sync")
    out = world("quarantine", "codes").text
    assert "don_thu.LoaiDonThu = 9: 2 hồ sơ" in out
    assert "don_thu.LoaiDonThu = 8: 1 hồ sơ" in out
    assert out.index("= 9:") < out.index("= 8:")
    assert "codes/loai-don.toml" in out
    found = world("quarantine", "codes", "--kind", "petition", "--json").json["codes"]
    assert [(one["code"], one["records"], one["code_map"]) for one in found] == [
        ("9", 2, "loai-don"),
        ("8", 1, "loai-don"),
    ]
    everything = world("quarantine", "codes", "--json").json["codes"]
    assert {one["code"] for one in everything} == {"9", "8"}, "also where the type is that of the petition above"
    assert "Còn 2 hồ sơ" in world("quarantine", "codes", "--kind", "petition", "--limit", "1").text
    source_path(world.folder).rename(world.folder / "gone.sqlite")
    unread = world("quarantine", "codes", "--kind", "petition", "--json").json["codes"]
    assert [(one["code"], one["records"]) for one in unread] == [("", 3)]


def test_quarantine_show_of_a_sound_record_says_so(synced):
    assert "không bị giữ lại" in synced("quarantine", "show", "don", "4").out


def test_reading_before_the_first_run_says_that_there_is_no_store(world):
    said = world("status")
    assert said.code == 78
    assert "kntc sync" in said.err
    assert list((world.folder / "data").iterdir()) == []


def test_a_store_of_another_target_is_refused(world):
    world("sync")
    text = world.config.read_text(encoding="utf-8").replace(world.sandbox.base_url, "http://127.0.0.1:9")
    world.config.write_text(text, encoding="utf-8")
    for args in (["sync"], ["status"]):
        said = world(*args)
        assert said.code == 78
        assert "E-STORE-OTHER-TARGET" in said.err


def test_without_a_language_asked_for_the_configuration_decides(synced):
    assert "National channel" in kntc("--config", synced.config, "status").out


def test_an_agency_that_is_not_configured_is_named_with_the_known_ones(synced):
    said = synced("status", "--agency", "H51.99")
    assert said.code == 65
    assert AGENCY in said.err


def test_what_hangs_on_a_denunciation_is_shown_as_little(synced):
    with sqlite3.connect(source_path(synced.folder)) as connection:
        (key,) = connection.execute(
            "SELECT MIN(IDKetQua) FROM don_thu_ket_qua_xu_ly k JOIN don_thu d ON d.IdDonThu = k.IDDonThu"
            " WHERE d.LoaiDonThu = 2"
        ).fetchone()
    said = synced("explain", "handling", str(key), "--payload")
    assert said.code == 0
    assert "giữ kín" in said.out
    assert "đã che" not in said.out.partition("Nội dung gửi")[0]
    assert CANARY not in said.out


def test_explain_shows_a_commitment_and_no_digest_by_which_a_masked_name_could_be_tried_out(synced):
    """The plain digest of a document stood beside the masked document: whoever tried some hundred names of the agency's
    own people had the one that the mask hid. The keyed commitment is that of the audit log."""
    document = next(body for body in synced.sandbox.bodies() if b'"local_id":"bentre:4"' in body)
    digest = hashlib.sha256(document).hexdigest()
    told, found = synced("explain", "don", "bentre:4").out, synced("explain", "don", "bentre:4", "--json")
    assert digest[:8] not in told
    assert digest[:8] not in found.out
    assert found.json["commitment"][:8] in told
    assert found.json["commitment"] in synced("audit", "log", "don", "4", "--json").out


def test_explain_shows_the_version_that_the_receipt_names_and_what_waits(world):
    """Beside the national id stood the ledger's newest version, which the nation had never seen."""
    world("sync")
    before = world("explain", "don", "4", "--json").json
    world.edit(Kind.PETITION, 4, "NoiDungDonThu", "Nội dung đã sửa")
    world("collect")
    text = world("explain", "don", "4").text
    assert ", phiên bản 1, mã đối chiếu" in text
    assert "Bản mới hơn phiên bản 2: Chờ gửi; CSDLQG chưa xác nhận bản này" in text
    found = world("explain", "don", "4", "--json").json
    assert found["receipt"] == before["receipt"]
    assert (found["receipt"]["version"], found["record"]["version"]) == (1, 2)
    world("sync")
    assert ", phiên bản 2, mã đối chiếu" in world("explain", "don", "4").text
    assert "Bản mới hơn" not in world("explain", "don", "4").text


def every_record(world: World) -> list[str]:
    return [record["key"] for record in world("list", "--limit", "100000", "--json").json["records"]]


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_explain_of_any_record_stays_within_80_columns_and_names_no_rule_by_its_code(synced, lang):
    found = every_record(synced)
    assert len(found) > 45
    for key in found:
        said = synced("explain", key, lang=lang)
        assert said.code == 0, said.err
        said.assert_narrow()
        assert re.findall(r"\((?:text|line|flag|not_flag|integer|date|instant)\b|-> (?:False|True)", said.out) == []
        assert re.findall(r"\bin \d|\bwhen\b" if lang == "vi" else r"\bin \d", said.out) == []


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_no_column_of_the_shipped_mapping_is_too_long_for_explain(lang):
    mapping, say = mapping_at(shipped("mappings", "bentre"), *compiled_schemas()), Words(lang)
    for kind in mapping.kinds:
        for step in mapping.kind(kind).trace:
            label = f"    {mapping.kind(kind).label(step.pointer, lang)}"
            rule = ruling.in_words(say, step.rule)
            text = f"{'w' * 40} -> {'v' * 40} <-{NO_BREAK}{step.column} ({rule})"
            assert max(map(len, paired(label, text, 30))) <= 80


def test_explain_shows_of_two_ways_to_pass_a_petition_on_only_the_one_that_is_sent(synced):
    """A rule whose condition did not hold looked as if its value were sent."""
    with sqlite3.connect(source_path(synced.folder)) as connection:
        query = "SELECT MIN(IDKetQua) FROM don_thu_ket_qua_xu_ly WHERE MaHuongXuLy = ?"
        row = connection.execute(query, (5,)).fetchone()[0]
    out = synced("explain", "handling", str(row)).text
    assert "Chuyển đơn Nhóm cơ quan nhận" in out
    assert "khi MaHuongXuLy là 5" in out
    assert "khi MaHuongXuLy là 2" not in out
    assert "Thuộc thẩm quyền 5 -> Không" in out
    assert "(hồ sơ gốc: Đơn)" in out
    fields = synced("explain", "handling", str(row), "--json").json["source"]["fields"]
    assert [field for field in fields if field["pointer"].startswith("/guidance")] == []


def test_a_code_made_of_a_number_shows_no_digit_of_it(synced):
    shown = [
        field["source"]
        for key in every_record(synced)
        if "/petition/" in key
        for field in synced("explain", key, "--json").json["source"]["fields"]
        if field["pointer"] == "/petitioners/*/identity/kind"
    ]
    assert set(shown) == {"(đã che)"}


def test_a_held_record_shows_the_code_that_is_missing_and_where_to_add_it(synced):
    """ "Declare that code" did not say which; and the map it led to was that of the installation, which an update
    replaces."""
    own, aside = synced.folder / "mappings" / "bentre", synced.folder / "aside"
    out = synced("quarantine", "show", "petition", "2").text
    assert "Mã ở nguồn 9 " in out
    assert "Bảng mã nằm ở mappings/bentre/codes/loai-don.toml" in out
    own.rename(aside)
    try:
        out = synced("quarantine", "show", "petition", "2").text
        assert f"thành {own} (được dùng thay), rồi sửa codes/loai-don.toml" in out
    finally:
        aside.rename(own)


def test_a_record_without_its_parent_has_an_error_id_and_says_who_goes_on(world):
    with sqlite3.connect(source_path(world.folder)) as connection:
        row = connection.execute("SELECT MIN(IDKetQua) FROM don_thu_ket_qua_xu_ly").fetchone()[0]
        connection.execute("UPDATE don_thu_ket_qua_xu_ly SET IDDonThu = 999999 WHERE IDKetQua = ?", (row,))
    world("sync")
    for command in ("quarantine show", "explain"):
        assert "kntc sync" in world(*command.split(), "handling", str(row)).text
    assert "(E-PARENT-MISSING)" in world("quarantine", "show", "handling", str(row)).text
    assert "E-PARENT-MISSING không thấy hồ sơ gốc" in world("list", "--cause", "parent_missing").text
    assert world("help", "E-PARENT-MISSING").code == 0
