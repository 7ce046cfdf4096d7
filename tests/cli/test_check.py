"""Everything that can be wrong before a run is found at once, with its place and its cure."""

from __future__ import annotations

import shutil
import sqlite3

import pytest

from connector import loading
from connector.config import load_config
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
    for expected in (
        "E-SECRET-OPEN",
        "store.key",
        "chmod 600",
        "E-SECRET-ABSENT",
        "agency.0.credentials.client_secret",
    ):
        assert expected in said.out
    assert (world.folder / "secrets" / "store.key").read_text().strip() not in said.out + said.err
    assert world("check", "--json").json["exit_code"] == 78


def test_a_refused_account_is_told_apart_from_a_dead_server(world):
    client = world.folder / "secrets" / "client"
    client.write_text("wrong\n", encoding="ascii")
    said = world("check")
    assert said.code == 78
    assert f"không chấp nhận tài khoản của {AGENCY}. (E-AUTH)" in said.text
    assert "kiểm tra client_id và client_secret" in said.text
    assert "Không tới được" not in said.text
    pulled = world("sync")
    assert (pulled.code, "E-AUTH" in pulled.err) == (78, True)
    assert "sửa cấu hình theo lỗi ở trên" in pulled.text


def test_all_mistakes_of_a_configuration_come_in_one_pass(world):
    text = world.config.read_text(encoding="utf-8").replace('environment = "test"', 'environment = "tset"\nextra = 1')
    world.config.write_text(text.replace("data_dir", "data_dirr"), encoding="utf-8")
    said = world("check")
    assert said.code == 78
    assert said.out == ""
    for expected in ("connector.data_dir ", "connector.data_dirr", "national.environment", "national.extra",
                     "E-CFG-UNKNOWN-KEY", "E-CFG-MISSING", "E-CFG-VALUE", "một trong: test, production",
                     "khóa data_dir"):  # fmt: skip
        assert expected in said.err
    assert "tset" not in said.err
    said.assert_narrow()


def test_one_mistake_hides_no_other_one_whatever_files_they_stand_in(world):
    """What only several keys show together was looked at after all single keys were right, and mappings after that:
    three rounds of mending. A block with a mistake also made the others "not there"."""
    folder = world.folder / "ours"
    shutil.copytree(shipped("mappings", "bentre"), folder)
    (folder / "reception.toml").write_text("kind = \n", encoding="utf-8")
    codes = folder / "codes" / "loai-don.toml"
    codes.write_text(codes.read_text(encoding="utf-8").replace('"complaint"', '"complain"', 1), encoding="utf-8")
    text = (
        world.config.read_text(encoding="utf-8")
        .replace('"bentre"', '"./ours"')
        .replace("[push]", "[push]\nworkers = 0")
    )
    block = text[text.index("[[agency]]") :].replace('name = "', 'denouncer_identity = "send"\nnome = "')
    world.config.write_text(text.replace("[schedule]", "[schedule]\nstop_timeout_s = 1") + block, encoding="utf-8")
    said = world("check", "--lang", "en")
    assert said.code == 78
    places = [line.split()[:2] for line in said.err.splitlines() if "E-CFG-" in line and not line.startswith(" ")]
    assert sorted(map(tuple, places)) == [
        ("config.toml", "agency.1.code"),
        ("config.toml", "agency.1.legal_basis"),
        ("config.toml", "agency.1.name"),
        ("config.toml", "agency.1.nome"),
        ("config.toml", "push.workers"),
        ("config.toml", "schedule.stop_timeout_s"),
        ("ours/codes/loai-don.toml", "map.1"),
        ("ours/reception.toml", "E-CFG-SYNTAX"),
    ]
    told = " ".join(said.err.split())
    assert "a code of the list petition-type, such as complaint" in told
    assert "the key name" in told
    said.assert_narrow()


@pytest.mark.parametrize(
    "url", ["mysql://u:S3cret⁈x@10.0.0.5/db", "mysql+pymysql://u:S3cret#x@h/db", "mssql://h/db?PWD=S3cret"]
)
def test_a_password_in_a_url_is_refused_and_never_shown_whatever_characters_it_has(world, url):
    text = world.config.read_text(encoding="utf-8").replace(f'"sqlite:///{AGENCY}.sqlite"', f'"{url}"')
    world.config.write_text(text, encoding="utf-8")
    for said in (world("check"), world("check", "--json"), world("collect")):
        assert said.code == 78
        assert "agency.0.source.url" in said.err
        assert "S3cret" not in said.out + said.err


def test_a_secret_that_is_no_utf_8_is_a_mistake_of_the_configuration(world):
    """A file saved by an editor as "Unicode" ended the check, and every run, as a bug."""
    (world.folder / "secrets" / "client").write_bytes("bí mật".encode("utf-16"))
    said = world("check")
    assert said.code == 78
    assert "E-SECRET-TEXT" in said.out


def test_each_cause_of_an_unusable_secret_is_told_apart_under_one_heading(world):
    """An empty file was "unreadable", and three bad secrets were three headings of one problem each."""
    (world.folder / "secrets" / "client").write_bytes(b"")
    (world.folder / "secrets" / "store.key").unlink()
    (world.folder / "secrets" / "evidence.key").write_bytes(b"0" * 5_000)
    said = world("check")
    assert said.code == 78
    assert said.out.count("LỖI  Khóa, mật khẩu") == 1
    assert "3 lỗi:" in said.text
    assert "còn trống" in said.text
    for expected in ("E-SECRET-ABSENT", "E-SECRET-EMPTY", "E-SECRET-TEXT"):
        assert expected in said.out
    said.assert_narrow()


def test_a_broken_file_says_where_it_breaks(world):
    world.config.write_text("[connector\n", encoding="utf-8")
    said = world("check")
    assert said.code == 78
    assert "Chỗ hỏng: dòng 1, cột 11." in said.err
    assert said.err.count("Chỗ hỏng") == 1
    assert "Expected" not in said.err  # the parser's own words
    world.config.write_text('[connector]\nlanguage = "vi\n', encoding="utf-8")
    assert "dòng 2, cột" in world("check").err
    world.config.write_text("[a", encoding="utf-8")
    assert "Chỗ hỏng: dòng 1, cột 3." in world("check").err
    world.config.write_bytes(b'[connector]\nx = "\xff"\n')
    said = world("check")
    assert "không phải văn bản UTF-8" in said.err
    assert "dòng 2, cột 6" in said.err


@pytest.mark.parametrize("value", ["[" * 3_000 + "]" * 3_000, "{a = " * 40 + "1" + "}" * 40])
def test_a_file_that_nests_without_end_is_a_mistake_of_that_file(world, value):
    world.config.write_text(f"deep = {value}\n", encoding="utf-8")
    said = world("check")
    assert said.code == 78
    assert "E-CFG-SYNTAX" in said.err


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


def test_a_folder_without_a_mapping_is_named(tmp_path):
    said = kntc("mapping", "check", tmp_path / "nowhere")
    assert said.code == 78
    assert "nowhere" in said.err
    found = kntc("mapping", "check", tmp_path, "--json").json["mappings"][0]["problems"]
    assert [problem["id"] for problem in found] == ["E-MAPPING-FOLDER"]


def test_a_query_that_is_no_select_is_told_once(tmp_path):
    folder = tmp_path / "ours"
    shutil.copytree(shipped("mappings", "bentre"), folder)
    petition = folder / "petition.toml"
    text = petition.read_text(encoding="utf-8")
    at = text.index("SELECT")
    petition.write_text(f"{text[:at]}DELETE{text[at + 6 :]}", encoding="utf-8")
    told = kntc("mapping", "check", folder, "--json").json["mappings"][0]["problems"]
    assert [problem["id"] for problem in told].count("E-CFG-SQL") == 1


@pytest.mark.parametrize(
    ("change", "row", "id_"),
    [
        (("sqlite:///", "nodriver://h/"), "LỖI  Nguồn", "E-CFG-DRIVER"),
        (("allow_plain_http_to_loopback = true", ""), "LỖI  CSDL quốc gia", "E-NET-PLAIN-HTTP"),
    ],
)
def test_what_an_edge_lacks_is_told_in_its_own_row_and_no_row_is_lost(world, change, row, id_):
    """Building all edges to open the store, check told their mistakes as the store's, and then once more."""
    world.config.write_text(world.config.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    said = world("check")
    assert said.code == 78
    assert row in said.out
    assert said.text.count(id_) == 1
    for label in ("Cấu hình", "Khóa, mật khẩu", "Ánh xạ", "Sổ dữ liệu", "Nguồn", "CSDL quốc gia"):
        assert f" {label}" in said.out
    if id_ == "E-NET-PLAIN-HTTP":
        assert "allow_plain_http_to_loopback" in said.out
    names = [finding["name"] for finding in world("check", "--json").json["findings"]]
    assert names == ["config", "secrets", "mapping", "store", "source", "national"]
    said.assert_narrow()


@pytest.mark.parametrize("spelt", ["{file}", "./{file}", "../{folder}/{file}"])
def test_two_agencies_that_would_each_send_the_same_rows_are_refused(tmp_path, world, spelt):
    """Without :agency_code in its queries a mapping gives every row to whoever asks. A dot in the path was enough to
    make it another database, and all rows were sent twice, in two names."""
    config = install(tmp_path, world.sandbox.base_url, agencies=(AGENCY, OTHER))
    same = spelt.format(file=f"{AGENCY}.sqlite", folder=tmp_path.name)
    config.write_text(config.read_text(encoding="utf-8").replace(f"{OTHER}.sqlite", same), "utf-8")
    said = kntc("--config", config, "check")
    assert "E-CFG-SHARED-SOURCE" not in said.out + said.err
    petition = tmp_path / "mappings" / "bentre" / "petition.toml"
    petition.write_text(petition.read_text(encoding="utf-8").replace(":agency_code", f"'{AGENCY}'"), "utf-8")
    said = kntc("--config", config, "check")
    assert (said.code, "E-CFG-SHARED-SOURCE" in said.out + said.err) == (78, True)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("postgresql+psycopg://doc@DB.tinh.vn/kntc", "postgresql://khac@db.tinh.vn:5432/kntc", True),
        ("mysql+pymysql://u@127.0.0.1/kntc", "mariadb+pymysql://u@localhost:3306/kntc", True),
        ("postgresql://u@db/kntc", "postgresql://u@db/kntc_2025", False),
        ("postgresql://u@db/kntc", "postgresql://u@db:5433/kntc", False),
    ],
)
def test_a_database_is_the_same_however_its_address_is_spelt(world, one, other, same):
    config = load_config(world.config)
    assert (loading.database_of(config, one) == loading.database_of(config, other)) is same


def test_a_column_that_the_database_has_not_is_named_by_check_and_by_a_run(world):
    """`check` said "ready", and `collect` said "wait" (69) of something that no waiting mends."""
    with sqlite3.connect(source_path(world.folder)) as connection:
        connection.execute("ALTER TABLE don_thu RENAME COLUMN NoiDungDonThu TO NoiDungKhac")
    for said in (world("check"), world("collect"), world("sync"), world("collect", "--dry-run")):
        text = " ".join((said.out + said.err).split())
        assert said.code == 78
        assert "không có cột NoiDungDonThu" in text
        assert "bentre/petition.toml select.sql" in text
        said.assert_narrow()
    assert "không có cột NoiDungDonThu. (E-CFG-SQL-COLUMN)" in world("status").text
