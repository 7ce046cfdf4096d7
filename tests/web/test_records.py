"""Records in the browser: lists, search, one record, what is held back, what waits. Over HTTP, on a real store."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest

from connector.app import App, open_app
from connector.config import load_config
from connector.core import chain
from connector.core.model import KINDS, Actor, Document, Kind, Problem, RecordKey, StatusUpdate
from connector.store import finding, mirror, mistakes, records, versions, views, waits
from connector.store.records import Reading
from connector.telling.words import HERE
from connector.web.pages import waiting
from tests import hostile
from tests.cli.conftest import CANARY
from tests.web.conftest import Browser, Console, serve
from tests.world import AGENCY

REASON = "Theo công văn 12/TTr ngày 02/11/2026"
WRITER = Actor("test", "test")
NAME = "Đoàn Thị Hoà Bình"


@pytest.fixture(scope="module")
def own(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation of these tests alone: what they write, no other test sees."""
    folder = tmp_path_factory.mktemp("records") / "copy"
    shutil.copytree(installed.parent, folder)
    config = folder / installed.name
    text = config.read_text("utf-8").replace(str(installed.parent), str(folder))
    config.write_text(text.replace('language = "en"', 'language = "vi"'), "utf-8")
    with open_app(load_config(config), WRITER) as app:
        _fill(app)
    return config


@pytest.fixture(scope="module")
def shared(own: Path) -> Iterator[Console]:
    with serve(own) as console:
        yield console


def _record(app: App, *readings: Reading) -> None:
    kind = readings[0].key.kind
    with app.store.write() as tx:
        known = records.known(tx.connection, AGENCY, kind, [one.key.local_id for one in readings])
        records.record(tx, readings, known, mapping_digest="m", sweep=None, actor=WRITER, carried=frozenset(KINDS))


def _reading(
    app: App, number: object, content: str, *, concealed: bool = False, name: str = NAME, no: str = "77/2026"
) -> Reading:
    key = RecordKey(AGENCY, Kind.PETITION, f"don:{number}")
    body = {
        "agency_code": AGENCY, "local_id": key.local_id, "type": "complaint", "local_no": no,
        "received_on": "2026-11-09", "content": content, "petitioners": [{"disclosure": "named", "full_name": name}],
    }  # fmt: skip
    words = () if concealed else app.agency(AGENCY).mapping.kind(Kind.PETITION).seeking.words(body)
    data = chain.canonical(body)
    return Reading(key, content, "1", Document(key, None, data, chain.digest(data), concealed, words), ())


LOUD = {name: hostile.storable(text) for name, text in hostile.TEXTS.items() if len(text) < 5_000}


def _fill(app: App) -> None:
    _record(app, _reading(app, 9001, "Nội dung thứ nhất"))
    _record(app, _reading(app, 9001, "Nội dung thứ hai"))
    _record(app, _reading(app, 9002, "Trước khi là tố cáo"))
    _record(app, _reading(app, 9002, "Nay là tố cáo", concealed=True))
    bad = RecordKey(AGENCY, Kind.PETITION, "don:9003")
    _record(app, *(
        Reading(replace(bad, local_id=f"don:9{at}"), "x", "1", None,
                (Problem("/field", "E-MAP-CODE", "don_thu.linh_vuc", "linh-vuc"),), concealed=False)
        for at in range(100, 170)
    ))  # fmt: skip
    _record(
        app,
        *(_reading(app, f"{at}{text[:50]}", text, name=text, no=f"8/{at}") for at, text in enumerate(LOUD.values())),
    )
    key = RecordKey(AGENCY, Kind.PETITION, "don:9001")
    now = app.now()
    told = [("received", ""), ("returned_for_correction", "Gặp bà Kín Đáo")]
    told += [(f"odd{n}", text) for n, text in enumerate(LOUD.values())]
    updates = [
        StatusUpdate(f"t-{at}", at + 1, key, "N-9001", status, now, "H51", note)
        for at, (status, note) in enumerate(told)
    ]
    with app.store.read() as connection:
        sent = views.lines(connection, AGENCY, state="delivered", kind=Kind.PETITION, limit=1)[0].key
    updates.append(StatusUpdate("t-back", 900, sent, "N", "returned_for_correction", now, "H51", "Gặp bà Kín Đáo"))
    with app.store.write() as tx:
        mirror.apply(tx, AGENCY, updates, WRITER)


def link_of(local_id: str, **more: object) -> str:
    import httpx  # noqa: PLC0415

    given = {"kind": "petition", "id": local_id, **more}
    return str(httpx.URL(f"/{AGENCY}/record", params=given))


def heading_of(text: str) -> str:
    found = re.search(r"<h1>(.*?)</h1>", text)
    assert found
    return html.unescape(found[1])


def lacks(text: str, *wanted: str) -> list[str]:
    """What of this does not stand on a page."""
    return [one for one in wanted if one not in html.unescape(text)]


def unmask(browser: Browser, local_id: str) -> None:
    data = {"kind": "petition", "id": local_id, "reason": REASON}
    assert browser.post(f"/{AGENCY}/reveal", data).status_code == 303


def search(browser: Browser, words: str, by: str) -> str:
    answer = browser.post(f"/{AGENCY}/records", {"words": words, "by": by})
    assert answer.status_code == 303
    assert words not in html.unescape(answer.headers["location"])
    return browser.get(answer.headers["location"]).text


# --- one record ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["lan", "minh"])
def test_a_record_is_shown_from_its_first_reading_on_with_everything_personal_masked(console: Console, name: str):
    text = console.visit(name).get(link_of("don:9001")).text
    assert heading_of(text) == "Đơn don:9001"
    assert lacks(text, "khiếu nại", "nhận 09/11/2026") == []
    assert "kntc resync petition don:9001" in re.sub("<[^>]*>", "", text)
    for hidden in (NAME, "Nội dung thứ", "Gặp bà Kín Đáo", CANARY):
        assert hidden not in html.unescape(text)
    assert text.count("(đã che)") >= 3
    assert ("Xem không che" in text) == (name == "minh")


def test_an_auditor_with_a_reason_sees_values_and_each_view_is_in_the_log(console: Console):
    browser = console.visit("minh")
    unmask(browser, "don:9001")
    before = len(console.entries("console.shown"))
    text = html.unescape(browser.get(link_of("don:9001")).text)
    assert lacks(text, NAME, "Nội dung thứ hai", "Nội dung thứ nhất") == []
    browser.get(link_of("don:9001"))
    seen = console.entries("console.shown")[before:]
    assert [(one["by"], one["id"]) for one in seen] == [("minh", "don:9001")] * 2
    assert REASON not in json.dumps(seen, ensure_ascii=False)


def test_of_a_record_that_became_a_denunciation_nobody_sees_a_name_in_any_version(console: Console):
    browser = console.visit("minh")
    unmask(browser, "don:9002")
    text = html.unescape(browser.get(link_of("don:9002")).text)
    assert "Danh tính được giữ kín" in text
    for hidden in (NAME, "Trước khi", "Nay là", "Họ và tên", "Số đơn", "77/2026", "khiếu nại"):
        assert hidden not in text
    assert "don:9002" not in [one["id"] for one in console.entries("console.shown")]


def test_the_legal_ground_of_concealing_is_shown_to_its_end(console: Console):
    """It was cut where a line of a terminal ends."""
    with console.hall.app.store.read() as connection:
        lines = views.lines(connection, AGENCY, kind=Kind.PETITION, state="delivered", limit=500)
        key = next(line.key for line in lines if versions.is_concealed(connection, line.key))
    text = html.unescape(console.visit("lan").get(link_of(key.local_id)).text)
    assert "Luật Tố cáo số 25/2018/QH14" in text


def test_two_versions_are_compared_field_by_field(console: Console):
    browser = console.visit("minh")
    masked = browser.get(link_of("don:9001", **{"from": 1, "to": 2})).text
    assert "Khác nhau giữa phiên bản 1 và 2" in masked
    assert re.search(r"<del>.*\(đã che\).*</del>", masked)
    unmask(browser, "don:9001")
    shown = html.unescape(browser.get(link_of("don:9001", **{"from": 2, "to": 1})).text)
    assert "<del><bdi>Nội dung thứ nhất</bdi></del>" in shown
    assert "<ins><bdi>Nội dung thứ hai</bdi></ins>" in shown


@pytest.mark.parametrize(
    ("more", "status"),
    [({"from": 1}, 400), ({"from": 1, "to": 1}, 400), ({"from": "x", "to": 2}, 400), ({"from": 1, "to": 99}, 404),
     ({"from": -1, "to": 2}, 400), ({"from": 10**12, "to": 2}, 400)],
)  # fmt: skip
def test_a_comparison_of_what_is_not_there_is_refused(console: Console, more: dict[str, object], status: int):
    assert console.visit("lan").get(link_of("don:9001", **more)).status_code == status


@pytest.mark.parametrize("local_id", ["don:404404", "../../etc/passwd", "don:1' OR '1'='1", "%00", "đ" * 150])
def test_an_unknown_record_is_not_found(console: Console, local_id: str):
    assert console.visit("lan").get(link_of(local_id)).status_code == 404


def test_every_national_status_is_told_with_what_it_means(console: Console):
    text = html.unescape(console.visit("lan").get(link_of("don:9001")).text)
    assert lacks(text, "Trả lại để bổ sung", "Đơn vị bổ sung tại phần mềm gốc; sửa xong tự gửi.") == []
    assert "Chương trình chưa biết trạng thái này" in text


def test_what_others_wrote_shows_as_text_whoever_looks(console: Console):
    browser = console.visit("minh")
    with console.hall.app.store.read() as connection:
        keys = [line.key for line in views.lines(connection, AGENCY, kind=Kind.PETITION, limit=5_000)]
    loud = [key for key in keys if any(key.local_id == f"don:{at}{t[:50]}" for at, t in enumerate(LOUD.values()))]
    assert len(loud) == len(LOUD)
    for key in [RecordKey(AGENCY, Kind.PETITION, "don:9001"), *loud[::3]]:
        unmask(browser, key.local_id)
    pages = [browser.get(f"/{AGENCY}/{path}") for path in ("records", "waiting", "quarantine")]
    pages += [browser.get(link_of(key.local_id)) for key in (*loud, replace(loud[0], local_id="don:9001"))]
    for answer in pages:
        assert answer.status_code == 200
        assert hostile.steering(answer.text) == set()
        assert not re.search(r"<(script|img|svg|iframe|b[ >])|\son\w+=|javascript:", _outside_text(answer.text))


def _outside_text(page: str) -> str:
    """The page without what stands escaped as text or in a quoted attribute."""
    return re.sub(r'"[^"]*"', '""', re.sub(r">[^<]*<", "><", page))


# --- lists and search ----------------------------------------------------------------------------------------------


def test_a_list_is_filtered_by_kind_state_and_cause(console: Console):
    browser = console.visit("lan")
    text = browser.get(f"/{AGENCY}/records?kind=petition&state=quarantined&cause=mapping").text
    assert text.count('<th scope="row">') == 50
    assert "CSDLQG đã nhận</span>" not in text
    assert "Bỏ lọc" in text
    assert "Không có hồ sơ nào." in browser.get(f"/{AGENCY}/records?kind=petition&state=retracted").text


def test_a_list_is_of_a_period_and_its_filter_goes_along_to_the_export(console: Console):
    browser = console.visit("lan")
    asked = "kind=petition&state=quarantined"
    today = console.hall.now().astimezone(HERE)
    day, next_day = (f"{at:%d/%m/%Y}" for at in (today, today + timedelta(days=1)))
    there = browser.get(f"/{AGENCY}/records?{asked}&from={day}&to={day}").text
    assert there.count('<th scope="row">') == 50
    assert f'value="{day}"' in there
    assert browser.get(f"/{AGENCY}/records?{asked}&from={next_day}").text.count('<th scope="row">') == 0
    assert browser.get(f"/{AGENCY}/records?{asked}&to=2001-01-01").text.count('<th scope="row">') == 0
    onward = html.unescape(re.findall(r'href="([^"]*/exports\?[^"]*)"', there)[0])
    form = browser.get(onward).text
    for chosen in (
        f'name="from" type="text" value="{day}"',
        'value="petition" selected',
        'value="quarantined" selected',
    ):
        assert chosen in form
    wider = "rộng hơn danh sách này"
    assert wider not in there
    assert wider in browser.get(f"/{AGENCY}/records?{asked}&cause=mapping").text


@pytest.mark.parametrize("day", ["31/31/2026", "x", "31/12/9999", "0001-01-01"])
@pytest.mark.parametrize("page", ["records", "log"])
def test_what_is_no_day_is_told_beside_the_form(console: Console, page: str, day: str):
    for end in ("from", "to"):
        answer = console.visit("lan").get(f"/{AGENCY}/{page}?{end}={day}")
        assert answer.status_code == 400
        assert 'role="alert"' in answer.text
        assert f'value="{day}"' in answer.text


@pytest.mark.parametrize("asked", ["kind=letter", "state=lost", "cause=whim", "after=x", "after=" + "9" * 300,
                                   "state=quarantined%27"])  # fmt: skip
def test_a_filter_that_there_is_not_is_refused(console: Console, asked: str):
    assert console.visit("lan").get(f"/{AGENCY}/records?{asked}").status_code == 400


@pytest.mark.parametrize("words", ["đoàn hoà bình", "binh doan", "DOAN THI HOÀ b"])
def test_an_auditor_finds_a_record_by_a_name_typed_without_marks(console: Console, words: str):
    before = len(console.entries("console.searched"))
    text = search(console.visit("minh"), words, "name")
    assert lacks(text, "don:9001", "don:9002") == ["don:9002"]
    (entry,) = console.entries("console.searched")[before:]
    assert (entry["by"], entry["found"]) == ("minh", 1)
    assert words not in json.dumps(entry, ensure_ascii=False)


def test_nobody_else_may_search_by_name(console: Console):
    browser = console.visit("lan")
    assert "họ tên" not in browser.get(f"/{AGENCY}/records").text
    assert browser.post(f"/{AGENCY}/records", {"words": "doan", "by": "name"}).status_code == 400


@pytest.mark.parametrize(
    ("by", "words"), [("id", "9001"), ("id", "don:9001"), ("id", "đơn 9001"), ("number", "77/2026")]
)
def test_everybody_finds_a_record_by_id_and_by_a_papers_number(console: Console, by: str, words: str):
    text = search(console.visit("lan"), words, by)
    assert lacks(text, "don:9001", "don:9002") == ["don:9002"]


def test_a_record_is_found_by_its_national_id(console: Console):
    with console.hall.app.store.read() as connection:
        line = next(line for line in views.lines(connection, AGENCY, state="delivered", limit=5) if line.national_id)
    assert line.key.local_id in search(console.visit("lan"), line.national_id, "national")


def test_what_one_visit_searched_for_another_cannot_see(console: Console):
    mine = console.visit("minh")
    address = mine.post(f"/{AGENCY}/records", {"words": "doan hoa", "by": "name"}).headers["location"]
    other = console.visit("minh").get(address)
    assert other.status_code == 303
    assert "don:9001" in mine.get(address).text


def test_a_search_for_nothing_leads_back_to_the_list(console: Console):
    answer = console.visit("lan").post(f"/{AGENCY}/records", {"words": "  ", "by": "id"})
    assert answer.headers["location"] == f"/{AGENCY}/records"


def test_a_search_of_many_hits_says_that_there_may_be_more(console: Console, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(finding, "LOOKED_AT", 0)
    assert "gõ thêm từ" in search(console.visit("minh"), "doan binh", "name")


# --- what is held back, what waits -----------------------------------------------------------------------------------


def test_what_is_held_back_is_grouped_by_its_mistake_with_a_remedy(console: Console):
    browser = console.visit("lan")
    text = html.unescape(browser.get(f"/{AGENCY}/quarantine").text)
    with console.hall.app.store.read() as connection:
        groups = mistakes.groups(connection, AGENCY)
    assert text.count('<th scope="row">') == len(groups)
    assert (groups[0].count, groups[0].mistake.column) == (70, "don_thu.linh_vuc")
    assert lacks(text, "don_thu.linh_vuc", "E-MAP-CODE") == []
    link = html.unescape(re.findall(r'href="(/[^"]*quarantine\?[^"]*)"', text)[0])
    first = browser.get(link)
    assert first.text.count('<th scope="row">') == 50
    following = html.unescape(re.findall(r'href="([^"]*after=[^"]*)"', first.text)[0])
    assert browser.get(following).text.count('<th scope="row">') == 20


def test_a_mistake_that_holds_nothing_is_not_found(console: Console):
    asked = "kind=petition&cause=mapping&rule=E-MAP-CODE&field=/x&column=nowhere"
    assert console.visit("lan").get(f"/{AGENCY}/quarantine?{asked}").status_code == 404


def test_what_was_sent_back_and_what_waits_for_a_parent_stand_on_one_page(console: Console):
    text = html.unescape(console.visit("lan").get(f"/{AGENCY}/waiting").text)
    assert lacks(text, "Trả lại để bổ sung", "Đơn vị, tại phần mềm gốc", "Chờ hồ sơ gốc") == []
    with console.hall.app.store.read() as connection:
        (line,) = views.lines(connection, AGENCY, state=views.RETURNED)
    assert line.key.local_id in text
    assert "Gặp bà Kín Đáo" not in text


def test_all_that_waits_for_a_parent_is_found_by_turning_pages_oldest_first(
    console: Console, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(waiting, "PAGE_ROWS", 1)
    context = console.hall.app.context(AGENCY)
    with console.hall.app.store.read() as connection:
        all_ = waits.blocked(connection, AGENCY, context.generation, context.capabilities)
    browser, path, pages = console.visit("lan"), f"/{AGENCY}/waiting", []
    while path:
        text = html.unescape(browser.get(path).text)
        pages.append(re.findall(r'scope="row"><a href="[^"]*id=([^"]*)"', text.partition('id="blocked"')[2]))
        path = next(iter(re.findall(r'href="([^"]*)" rel="next"', text)), "")
    assert set(map(len, pages)) == {1}
    found = [unquote(one) for page in pages for one in page]
    assert sorted(found) == sorted(line.key.local_id for line in all_)
    assert len(found) > 3


@pytest.mark.parametrize("after", ["x", "20261126T010203.000004_x", "20261399T010203.000004_1", "_1", "1" * 100])
def test_what_is_no_place_among_those_that_wait_is_refused(console: Console, after: str):
    assert console.visit("lan").get(f"/{AGENCY}/waiting?after={after}").status_code == 400


@pytest.mark.parametrize("path", ["records", "quarantine", "waiting"])
def test_pages_speak_english_where_that_is_chosen(console: Console, path: str):
    browser = console.visit("lan")
    browser.post("/language", {"to": "en", "back": f"/{AGENCY}/{path}"})
    text = browser.get(f"/{AGENCY}/{path}").text
    assert 'lang="en"' in text
    assert "Hồ sơ" not in text
