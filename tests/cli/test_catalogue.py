"""`kntc catalogue`: national code lists are kept, compared and matched; a mapping is changed by nobody but a person."""

from __future__ import annotations

import sqlite3

import pytest

from connector import lock
from connector.app import utc_now
from connector.core.chain import digest
from connector.sandbox import FaultRule
from tests.cli.conftest import World
from tests.world import install, source_path

HANDLING = {"accepted": "Thụ lý giải quyết", "guided": "Hướng dẫn", "new_one": "Mã mới"}
OLD = """\
profile = "ttcp2018"
[national.ttcp2018]
base_path = "/kntc"
auth = "basic"
agencies = { "H51.01" = "H811.01" }
"""


def files(world: World) -> dict[str, str]:
    return {str(path): digest(path.read_bytes()) for path in (world.folder / "mappings").rglob("*") if path.is_file()}


def changed(said) -> set[tuple[str, str, str]]:
    return {(each["list"], each["what"], each["code"]) for each in said.json["agencies"][0]["changes"]}


def test_a_first_pull_keeps_every_list_and_calls_nothing_news(world: World) -> None:
    said = world("catalogue", "pull")
    assert said.code == 0
    said.assert_narrow()
    assert "52 danh mục được đọc lần đầu" in said.text
    again = world("catalogue", "pull", "--json")
    assert (again.code, changed(again), again.json["agencies"][0]["first"]) == (0, set(), [])
    assert "Đọc 52 danh mục quốc gia: thêm 0" in world("audit", "log").text


def test_what_changed_nationally_is_told_and_a_withdrawn_code_in_use_makes_it_partial(world: World) -> None:
    world("catalogue", "pull")
    before = files(world)
    world.sandbox.replace_catalogue("handling", HANDLING)
    asked = world("catalogue", "diff", "--json")
    told = changed(asked)
    assert {("handling", "renamed", "accepted"), ("handling", "added", "new_one")} <= told
    assert ("handling", "withdrawn", "transferred") in told
    used = {each["code"] for each in asked.json["agencies"][0]["withdrawn_in_use"]}
    assert "transferred" in used
    assert "not_processed" not in used  # withdrawn too, and no map of the agency sends it
    assert asked.code == 1
    assert changed(world("catalogue", "diff", "--json")) == told  # asking has kept nothing
    pulled = world("catalogue", "pull", lang="en")
    assert pulled.code == 1
    pulled.assert_narrow()
    assert "renamed accepted: Thụ lý -> Thụ lý giải quyết" in pulled.text
    assert "codes that the mapping sends are no longer in the national lists" in pulled.text
    same = world("catalogue", "diff")
    assert "Không danh mục nào thay đổi" in same.text
    assert same.code == 1  # the code is still in use
    assert changed(world("catalogue", "diff", "--since", "2020-01-01", "--json")) == told
    assert files(world) == before


def test_a_check_warns_of_a_withdrawn_code_that_the_mapping_sends(world: World) -> None:
    assert "catalogue" not in {finding["name"] for finding in world("check", "--json").json["findings"]}
    world("catalogue", "pull")
    assert "catalogue" not in {finding["name"] for finding in world("check", "--json").json["findings"]}
    world.sandbox.replace_catalogue("handling", HANDLING)
    world("catalogue", "pull")
    said = world("check")
    said.assert_narrow()
    assert "mã đang dùng không còn trong danh mục quốc gia: handling" in said.text
    assert said.code == 0  # a warning: what is sent is the national side's to refuse
    status = world("status")
    status.assert_narrow()
    assert "mã đang dùng không còn trong đó: kntc catalogue diff" in status.text


def test_one_list_that_is_no_list_leaves_the_others_and_what_was_known(world: World) -> None:
    world("catalogue", "pull")
    world.sandbox.replace_catalogue("field", {})
    world.sandbox.replace_catalogue("gender", None)
    said = world("catalogue", "pull", "--json").json["agencies"][0]
    assert said["unfit"] == {"field": "empty"}
    assert said["absent"] == ["gender"]
    assert len(said["lists"]) == 50
    assert said["withdrawn_in_use"] == []  # half a list withdraws nothing
    assert "Không danh mục nào thay đổi" not in world("catalogue", "pull", "--list", "field").text  # none was read
    found = world("catalogue", "pull")
    assert found.code == 69
    assert "E-CATALOGUE-UNFIT" in found.out + found.err
    assert world("catalogue", "pull", "--list", "handling").code == 0
    assert world("catalogue", "pull", "--list", "no-such").code == 65


def test_a_national_side_that_lets_us_not_in_is_told_and_nothing_is_kept(world: World) -> None:
    world("catalogue", "pull", "--list", "gender")
    world.sandbox.replace_catalogue("gender", {"x": "khác"})
    world.sandbox.play(FaultRule("forbidden", call="catalogue"))
    said = world("catalogue", "pull", "--json")
    assert said.code == 78
    assert said.json["agencies"][0]["error"] == "E-AUTH-FORBIDDEN"
    assert changed(world("catalogue", "diff", "--since", "2020-01-01", "--json")) == set()


def test_a_pull_is_possible_while_the_daemon_holds_the_lock_but_for_the_very_first_run(world: World) -> None:
    with lock.held(world.folder / "data", utc_now()):
        assert world("catalogue", "pull").code == 75
    assert world("catalogue", "pull").code == 0
    with lock.held(world.folder / "data", utc_now()):
        assert world("catalogue", "pull").code == 0


def test_a_paused_channel_asks_nothing(world: World) -> None:
    world("catalogue", "pull")
    world("pause", "--channel", "--reason", "bảo trì")
    asked = len(world.sandbox.log())
    said = world("catalogue", "pull")
    assert said.code == 69
    assert "không hỏi gì" in said.text
    assert len(world.sandbox.log()) == asked


def test_a_match_compares_with_what_was_pulled_and_proposes_for_a_table_of_the_source(world: World) -> None:
    assert world("catalogue", "match", "--map", "linh-vuc").code == 78  # no store yet
    world("catalogue", "pull")
    with sqlite3.connect(source_path(world.folder)) as connection:
        connection.execute("CREATE TABLE dm_huong (ma TEXT, ten TEXT)")
        rows = [("4", "Thụ lý"), ("H", "HƯỚNG DẪN."), ("31", "Đôn đốc việc giải quyết"), ("32", "Việc khác hẳn")]
        connection.executemany("INSERT INTO dm_huong VALUES (?, ?)", rows)
    select = "SELECT ma, ten FROM dm_huong"
    said = world("catalogue", "match", "--map", "huong-xu-ly", "--select", select, "--json")
    assert said.code == 1
    (found,) = said.json["maps"]
    assert (found["name"], found["of"], found["list"]) == ("huong-xu-ly", "map", "handling")
    assert [(each["code"], each["national"], each["reason"]) for each in found["matches"]] == [
        ("4", "accepted", "mapped"), ("H", "guided", "name"), ("31", "urged", "words"), ("32", "", "none"),
    ]  # fmt: skip
    text = world("catalogue", "match", "--map", "huong-xu-ly", "--select", select)
    text.assert_narrow()
    assert "H (HƯỚNG DẪN.) -> guided (Hướng dẫn): cùng tên (85 %)" in text.text
    assert "32 (Việc khác hẳn) -> ?: chưa có mã tương ứng" in text.text


@pytest.mark.parametrize(
    ("args", "code", "id_"),
    [
        (("--select", "SELECT 1"), 2, "E-SELECT-NEEDS-MAP"),
        (("--map", "nope"), 65, "E-CATALOGUE-MAP"),
        (("--map", "nope", "--select", "SELECT 1"), 65, "E-CATALOGUE-MAP"),
        (("--map", "linh-vuc", "--select", "DELETE FROM don_thu"), 78, "E-CFG-SQL"),
        (("--map", "linh-vuc", "--select", "SELECT 1; SELECT 2"), 78, "E-CFG-SQL"),
        (("--map", "linh-vuc", "--select", "SELECT ma FROM no_such_table"), 69, "E-SOURCE-QUERY"),
        (("--map", "linh-vuc", "--select", "SELECT 1, 2, 3"), 69, "E-SOURCE-CODES"),
    ],
)
def test_a_match_that_cannot_be_made_says_why(world: World, args: tuple[str, ...], code: int, id_: str) -> None:
    world("catalogue", "pull")
    said = world("catalogue", "match", *args)
    assert said.code == code, said.err
    assert id_ in said.out + said.err


def test_before_a_pull_there_is_nothing_to_match(world: World) -> None:
    world("catalogue", "pull", "--list", "gender")
    said = world("catalogue", "match", "--map", "linh-vuc")
    assert said.code == 65
    assert "chưa được đọc lần nào" in " ".join(said.err.split())


def test_over_the_observed_interface_our_own_codes_are_what_is_compared(world: World) -> None:
    install(world.folder, world.sandbox.base_url, national=OLD)
    assert world("catalogue", "pull").code == 0
    found = {each["name"]: each for each in world("catalogue", "match", "--json").json["maps"]}
    by_code = {each["code"]: each for each in found["handling"]["matches"]}
    assert found["handling"]["of"] == "list"
    assert (by_code["accepted"]["national"], by_code["accepted"]["reason"]) == ("4", "mapped")
    assert by_code["filed"]["reason"] == "none"
    assert by_code["filed"]["mapped"] == ""
    world.sandbox.replace_catalogue("13", {"2": "Hướng dẫn", "5": "Chuyển đơn", "7": "Trả lại đơn và hướng dẫn"})
    pulled = world("catalogue", "pull", "--json")
    assert pulled.code == 1
    assert {"list": "13", "code": "4", "title": "Thụ lý"} in pulled.json["agencies"][0]["withdrawn_in_use"]
