"""What only a person can settle, at the command line: listed, compared, decided."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import pytest
from filelock import FileLock

from connector import edges
from connector.cli.comparing import compared
from connector.core.model import Candidate, Kind, RecordKey
from connector.sandbox import FaultRule
from connector.telling.words import Words
from tests.cli.conftest import CANARY, World
from tests.cli.test_acting import events
from tests.cli.test_sync import digest_of
from tests.observed import Observed
from tests.world import AGENCY, source_path

PETITION = RecordKey(AGENCY, Kind.PETITION, "bentre:4")
TEXT = "Kiến nghị sửa chữa đoạn đường"


@dataclass
class Asked(World):
    """An installation with questions. `handling`: the local id of the one whose answer is lost."""

    handling: str


def lost_handling(world: World) -> str:
    """Return the local id of a handling whose answer is lost on the first run."""
    with sqlite3.connect(source_path(world.folder)) as connection:
        found = connection.execute(
            "SELECT MIN(k.IDKetQua) FROM don_thu_ket_qua_xu_ly k JOIN don_thu d ON d.IdDonThu = k.IDDonThu "
            "WHERE k.IDDonThu > 4 AND d.LoaiDonThu <> 2"
        )
        local_id = f"bentre:{found.fetchone()[0]}"
    world.sandbox.play(FaultRule("lose_after_commit", kind="handling", local_id=local_id))
    return local_id


def candidates() -> tuple[Candidate, ...]:
    """One with the same content and a stranger's name, and one that says nothing else."""
    return (
        Candidate("Q-7", CANARY, "Ấp Một, xã Mẫu", "012345678901", f"  {TEXT.upper()} "),
        Candidate("Q-8\x1b[2J", content="việc khác"),
    )


@pytest.fixture
def asked(world: World, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """After a first run over an interface with few abilities: one lost handling, one petition with candidates."""
    monkeypatch.setattr(edges, "Decree55", Observed.begin())
    world.edit(Kind.PETITION, 4, "LoaiDonThu", 3)
    world.edit(Kind.PETITION, 4, "NoiDungDonThu", TEXT)
    Observed.shown = {PETITION: candidates()}
    made = Asked(world.folder, world.sandbox, world.config, lost_handling(world))
    assert made("sync").code == 1
    return made


def test_status_says_how_many_wait_and_what_to_type(asked):
    said = asked("status")
    assert "Quyết định về 2 hồ sơ chưa rõ kết quả" in said.text
    assert "kntc unknown list" in said.out
    assert "sẽ được tra lại" not in said.text
    assert asked("status", "--json").json["agencies"][0]["waiting_for_a_person"] == {"not_findable": 1, "several": 1}


def test_the_list_says_why_since_when_and_how_often(asked):
    listed = asked("unknown", "list").text
    assert f"Xử lý đơn {asked.handling}" in listed
    assert "mất câu trả lời; loại này không tra lại được; gửi 1 lần, lần cuối" in listed
    assert "CSDLQG có hồ sơ có thể chính là hồ sơ này; chưa gửi lần nào" in listed
    assert "kntc unknown show petition bentre:4" in listed
    assert "bentre:4" not in asked("unknown", "list", "--kind", "xử lý").out
    assert "Chỉ hiện 1 hồ sơ đầu" in asked("unknown", "list", "--limit", "1").text


def test_a_record_that_waits_tells_so_wherever_it_is_shown(asked):
    assert "kntc unknown show petition bentre:4" in asked("list", "--state", "unknown").text
    told = asked("explain", "don", "4").text
    assert "Tra trước khi gửi: CSDLQG có hồ sơ tương tự; chưa gửi" in told
    assert "kntc unknown show petition bentre:4" in told
    assert "không tự gửi" in asked("explain", "handling", asked.handling).text


READING = [
    ["unknown", "list"],
    ["unknown", "show", "don", "4"],
    ["status"],
    ["explain", "don", "4"],
    ["list", "--state", "unknown"],
    ["audit", "log", "don", "4"],
]


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_what_a_search_showed_is_masked_and_narrow(asked, lang):
    for args in READING:
        said = asked(*args, lang=lang)
        assert said.code == 0, said.err
        said.assert_narrow()
        for secret in (CANARY, "Ấp Một", TEXT.upper(), "012345678901", "\x1b"):
            assert secret not in said.out + said.err, args
        assert CANARY not in asked(*args, "--json").out


def test_one_record_is_shown_beside_each_candidate_with_what_agrees(asked):
    said = asked("unknown", "show", "don", "4")
    assert "CSDLQG 1/2: Q-7" in said.out
    assert "CSDLQG 2/2: Q-8" in said.out
    assert "(đã che) ...901" in said.out
    rows = [line.split() for line in said.out.splitlines()]
    assert [row[-1] for row in rows if row[:2] == ["Nội", "dung"]] == ["khớp", "khác"]
    assert [row[-1] for row in rows if row[:3] == ["Người", "đứng", "đơn"]] == ["khác", "-"]
    assert "kntc unknown link petition bentre:4 --to … --reason …" in said.out
    assert "kntc unknown send petition bentre:4 --yes --reason …" in said.out
    found = asked("unknown", "show", "don", "4", "--json").json
    assert [one["fields"]["content"]["agrees"] for one in found["candidates"]] == [True, False]
    assert found["candidates"][0]["fields"]["person"]["agrees"] is False
    assert found["candidates"][1]["fields"]["person"]["agrees"] is None


def test_a_kind_that_nobody_can_look_for_is_shown_with_its_parent_and_what_to_do(asked):
    said = asked("unknown", "show", "xử lý", asked.handling)
    assert "Hồ sơ gốc" in said.out
    assert "Người phụ trách xem trên trang CSDLQG" in said.text
    assert "--to … --not-listed --reason …" in said.text


def test_a_link_takes_the_national_record_and_sends_nothing(asked):
    before = asked.sandbox.effects()
    said = asked("unknown", "link", "don", "4", "--to", "Q-7", "--reason", "đã đối chiếu")
    assert said.code == 0, said.err
    assert "đã nhận Q-7 trên CSDLQG làm hồ sơ này" in said.text
    Observed.shown = {}
    asked("sync")
    after = asked.sandbox.effects()
    assert {effect for effect in after if (effect.kind, effect.local_id) == ("petition", "bentre:4")} == set()
    assert all(count == 1 for count in after.values())
    assert len(after) >= len(before)
    record = asked("explain", "don", "4", "--json").json["record"]
    assert (record["state"], record["national_id"]) == ("delivered", "Q-7")
    (told,) = events(asked, "delivery.decided")
    assert told["facts"]["decision"] == "link"
    assert "đối chiếu" not in str(told["facts"])
    assert told["reason"] == "matches"
    assert "nhận hồ sơ có sẵn trên CSDLQG làm hồ sơ này" in asked("explain", "don", "4").text


def test_a_link_refuses_an_id_that_no_search_showed(asked):
    said = asked("unknown", "link", "don", "4", "--to", "Q-99", "--reason", "x")
    assert said.code == 65
    assert "--not-listed" in said.err
    args = ("unknown", "link", "xử lý", asked.handling, "--to", "N-trang", "--reason", "x")
    assert asked(*args).code == 65
    assert asked(*args, "--not-listed").code == 0
    assert len(asked("unknown", "list", "--json").json["records"]) == 1


def test_a_sending_beside_candidates_wants_a_yes_and_is_asked_once(asked):
    said = asked("unknown", "send", "don", "4", "--reason", "vụ khác")
    assert said.code == 2
    assert "--yes" in said.err
    assert asked("unknown", "send", "don", "4", "--reason", "vụ khác", "--yes").code == 0
    asked("sync")
    assert asked("explain", "don", "4", "--json").json["record"]["state"] == "delivered"
    sent = {(e.kind, e.local_id): count for e, count in asked.sandbox.effects().items()}
    assert sent["petition", "bentre:4"] == 1


def test_a_kind_that_nobody_can_look_for_is_sent_again_on_a_persons_word(asked):
    asked.sandbox.play()
    count = len(Observed.submitted)
    assert asked("unknown", "send", "xử lý", asked.handling, "--reason", "trang quốc gia không có").code == 0
    asked("sync")
    assert [delivery.key.local_id for delivery in Observed.submitted[count:]] == [asked.handling]
    assert asked("explain", "xử lý", asked.handling, "--json").json["record"]["state"] == "delivered"


@pytest.mark.parametrize(
    "args", [["unknown", "link", "don", "4", "--to", "Q-7"], ["unknown", "send", "don", "4", "--yes"]], ids=" ".join
)
def test_a_decision_needs_a_reason_and_its_dry_run_changes_no_byte(asked, args):
    before = digest_of(asked.folder / "data")
    dry = asked(*args, "--dry-run")
    assert dry.code == 0
    assert "Không ghi gì" in dry.text
    said = asked(*args)
    assert said.code == 2
    assert "Thiếu lý do" in said.err
    assert digest_of(asked.folder / "data") == before


def test_a_decision_is_possible_while_somebody_holds_the_stage_lock(asked):
    with FileLock(asked.folder / "data" / "stage.lock"):
        assert asked("unknown", "link", "don", "4", "--to", "Q-7", "--reason", "x").code == 0


def test_what_waits_for_nobody_is_refused_by_name(asked):
    for args in (["show", "don", "5"], ["send", "don", "5", "--reason", "x"]):
        said = asked("unknown", *args)
        assert said.code == 65
        assert "không chờ người quyết định" in said.err


# --- comparing -------------------------------------------------------------------------------------------------------


BODY = {
    "content": "Kiến nghị sửa đường",
    "petitioners": [
        {"full_name": "Nguyễn Văn Mẫu", "address": {"line": "Ấp Một"}, "identity": {"number": "012345678901"}},
        {"full_name": "Trần Thị Mẫu"},
    ],
}


def agreements(body: object, candidate: Candidate, *, concealed: bool = False) -> list[bool | None]:
    return [row.agrees for row in compared(Words("vi"), body, {}, candidate, concealed=concealed)]


def test_fields_agree_whatever_their_marks_blanks_and_case():
    same = Candidate("N", "TRAN THI MAU", "ap một,  xã Mẫu", "012345678901", "kien nghi  sua duong")
    assert agreements(BODY, same) == [True, True, True, True]
    other = Candidate("N", "Trần Thị Mẫu Khác", "Ấp Hai", "012345678902", "Kiến nghị")
    assert agreements(BODY, other) == [False, False, False, False]
    assert agreements(BODY, Candidate("N")) == [None, None, None, None]
    assert agreements({}, same) == [None, None, None, None]


def test_of_a_concealed_record_nothing_is_compared_and_nothing_shown():
    rows = compared(Words("vi"), BODY, {}, Candidate("N", "Nguyễn Văn Mẫu", content="x"), concealed=True)
    assert {row.agrees for row in rows} == {None}
    assert {row.ours for row in rows} == {row.theirs for row in rows}
    assert {row.theirs for row in rows} == {"Danh tính được giữ kín", "Nội dung được giữ kín"}
