"""Everything that can be wrong before a run is found at once, with its place and its cure."""

from __future__ import annotations

import shutil

from connector.resources import shipped
from tests.cli.conftest import kntc
from tests.world import AGENCY, OTHER, install, source_path


def test_a_sound_installation_is_ready_and_nothing_was_made(world):
    said = world("check")
    assert said.code == 0
    assert said.out.count("OK ") == 6
    assert "LỖI" not in said.out
    assert "lượt chạy đầu sẽ tạo" in said.out
    assert list((world.folder / "data").iterdir()) == []
    said.assert_narrow()
    world("sync")
    assert "khớp tệp đầu" in world("check").out


def test_dead_edges_are_told_one_by_one_with_their_cure(world):
    source_path(world.folder).unlink()
    world.sandbox.stop()
    said = world("check")
    assert said.code == 69
    for expected in ("OK   Cấu hình", "LỖI  Nguồn", "E-SOURCE-CONNECT", "LỖI  CSDL quốc gia", "E-NET-UNREACHABLE"):
        assert expected in said.out
    said.assert_narrow()


def test_open_or_absent_secrets_are_all_named_and_never_shown(world):
    (world.folder / "secrets" / "store.key").chmod(0o644)
    (world.folder / "secrets" / "client").unlink()
    said = world("check")
    assert said.code == 78
    for expected in ("E-SECRET-OPEN", "store.key", "chmod 600", "E-SECRET-FILE", "agency.0.credentials.client_secret"):
        assert expected in said.out
    assert (world.folder / "secrets" / "store.key").read_text().strip() not in said.out + said.err
    assert world("check", "--json").json["exit_code"] == 78


def test_a_refused_account_is_told_apart_from_a_dead_server(world):
    client = world.folder / "secrets" / "client"
    client.write_text("wrong\n", encoding="ascii")
    said = world("check")
    assert said.code == 69
    assert "máy chủ không cấp mã truy cập" in said.text
    assert "kiểm tra client_id và client_secret" in said.text


def test_all_mistakes_of_a_configuration_come_in_one_pass(world):
    text = world.config.read_text(encoding="utf-8").replace('environment = "test"', 'environment = "tset"\nextra = 1')
    world.config.write_text(text.replace("data_dir", "data_dirr"), encoding="utf-8")
    said = world("check")
    assert said.code == 78
    assert said.out == ""
    for expected in ("connector.data_dir ", "connector.data_dirr", "national.environment", "national.extra",
                     "E-CFG-UNKNOWN-KEY", "E-CFG-MISSING", "E-CFG-VALUE", "một trong 'test'"):  # fmt: skip
        assert expected in said.err
    assert "tset" not in said.err
    said.assert_narrow()


def test_a_broken_file_says_where_it_breaks(world):
    world.config.write_text("[connector\n", encoding="utf-8")
    said = world("check")
    assert said.code == 78
    assert "line 1" in said.err


def test_the_shipped_mapping_is_sound_without_any_database():
    said = kntc("mapping", "check", shipped("mappings", "bentre"), "--lang", "vi")
    assert said.code == 0
    assert "6 loại hồ sơ" in said.out


def test_a_wrong_mapping_names_file_key_found_and_expected(world):
    folder = world.folder / "ours"
    shutil.copytree(shipped("mappings", "bentre"), folder)
    petition = folder / "petition.toml"
    text = petition.read_text(encoding="utf-8")
    text = text.replace('"/received_on" = { column', '"/recieved_on" = { column').replace(
        'codes = "linh-vuc"', 'codes = "x"'
    )
    petition.write_text(text, encoding="utf-8")
    said = kntc("mapping", "check", folder, "--lang", "vi")
    assert said.code == 78
    for expected in ("petition.toml  fields./recieved_on", "Thấy:", "Cần: một trường có thật, chẳng hạn /received_on",
                     "E-CFG-CODES"):  # fmt: skip
        assert expected in said.err
    said.assert_narrow()
    assert kntc("mapping", "check", folder, "--json").json["exit_code"] == 78
    world.config.write_text(world.config.read_text(encoding="utf-8").replace('"bentre"', '"./ours"'), encoding="utf-8")
    checked = world("check")
    assert checked.code == 78
    assert "petition.toml" in checked.out
    assert kntc("mapping", "check", world.folder / "nowhere").code == 78


def test_two_agencies_that_would_each_send_the_same_rows_are_refused(tmp_path, world):
    """Without :agency_code in its queries a mapping gives every row to whoever asks."""
    config = install(tmp_path, world.sandbox.base_url, agencies=(AGENCY, OTHER))
    config.write_text(config.read_text(encoding="utf-8").replace(f"{OTHER}.sqlite", f"{AGENCY}.sqlite"), "utf-8")
    said = kntc("--config", config, "check")
    assert (said.code, "E-CFG-SHARED-SOURCE" in said.out + said.err) == (78, True)
