"""The story of one record on paper: what stands on it, what never does, and that the log knew first."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from connector.app import open_app
from connector.config import load_config
from connector.core.model import Actor
from connector.sample.agency import build
from connector.sandbox import Sandbox
from connector.store import audit
from connector.telling import dossier
from connector.telling.words import Words
from tests import hostile
from tests.cli.conftest import CANARY, World
from tests.world import AGENCY, credentials, install, source_path

SECRET = "SELECT kind, local_id FROM delivery WHERE concealed = 1 AND body IS NOT NULL"
REASON = "Phục vụ đoàn thanh tra số 12"


class Page(HTMLParser):
    """The texts and the tags of a page."""

    def __init__(self, written: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(written)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def made(world: World, name: str, *args: str, lang: str = "vi") -> str:
    file = world.folder / name
    file.unlink(missing_ok=True)
    said = world("audit", "dossier", *args, "--out", file, lang=lang)
    assert said.code == 0, said.err
    said.assert_narrow()
    return file.read_text(encoding="utf-8")


def newest_entry(world: World) -> Any:
    with open_app(load_config(world.config), Actor("test", "test")) as app, app.store.read() as connection:
        return orjson.loads(list(audit.entries(connection, AGENCY))[-1].content)


def content_of(world: World, local_id: str) -> str:
    """What a petition says, as it was sent."""
    sent = text("SELECT body FROM delivery WHERE kind = 'petition' AND local_id = :local_id")
    with open_app(load_config(world.config), Actor("test", "test")) as app, app.store.read() as connection:
        return str(orjson.loads(connection.execute(sent, {"local_id": local_id}).scalar_one())["content"])


def test_the_page_tells_the_story_from_the_source_to_the_receipt_and_masks_what_is_personal(synced):
    page = made(synced, "4.html", "petition", "bentre:4")
    for told in ("MÔI TRƯỜNG THỬ NGHIỆM", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Nhật ký đồng bộ nguyên vẹn."):
        assert told in page
    for told in (
        "CSDLQG đã nhận phiên bản 1",
        "PHIẾU XÁC NHẬN CẬP NHẬT CƠ SỞ DỮ LIỆU QUỐC GIA",
        "NDB-",
        "CÁN BỘ THANH TRA",
    ):
        assert told in page
    assert content_of(synced, "bentre:4") not in page
    assert CANARY not in page
    assert 'lang="vi"' in page
    entry = newest_entry(synced)
    assert (entry[5], entry[10], entry[12]) == ("audit.dossier", "bentre:4", {"outcome": "masked"})
    assert "lập hồ sơ giấy của bản ghi này" in page  # its own entry is the last of the story


def test_the_page_stands_by_itself(synced):
    page = Page(made(synced, "4.html", "petition", "bentre:4"))
    assert {"script", "link", "img", "iframe", "object", "form", "base"} & page.tags.keys() == set()
    assert {"src", "href", "action", "style"} & {name for name, _ in page.attributes} == set()
    assert [name for name, _ in page.attributes if name.startswith("on")] == []


def test_the_page_speaks_english_where_it_is_asked_to(synced):
    page = made(synced, "4.html", "petition", "bentre:4", lang="en")
    assert 'lang="en"' in page
    assert "The audit log is intact." in page
    assert "CONFIRMATION OF AN UPDATE" in page


def test_values_are_shown_for_a_reason_alone_and_the_log_says_so(synced):
    content = content_of(synced, "bentre:4")
    refused = synced("audit", "dossier", "petition", "bentre:4", "--unmask", "--out", synced.folder / "no.html")
    assert (refused.code, (synced.folder / "no.html").exists()) == (2, False)
    page = made(synced, "4.html", "petition", "bentre:4", "--unmask", "--reason", REASON)
    assert content in page
    assert REASON in page
    entry = newest_entry(synced)
    assert (entry[5], entry[12]["outcome"]) == ("audit.dossier", "unmasked")
    assert len(entry[12]["reason"]) == 64  # a commitment: the words lie beside the log
    assert REASON not in made(synced, "4.html", "petition", "bentre:4")  # nor on a page that is masked


def test_who_denounced_stays_unknown_on_an_unmasked_page_too(synced):
    with open_app(load_config(synced.config), Actor("test", "test")) as app, app.store.read() as connection:
        found = connection.execute(text(SECRET)).all()
    assert found
    for kind, local_id in found:
        page = made(synced, "x.html", kind, local_id, "--unmask", "--reason", REASON)
        assert CANARY not in page
        assert "Phần được giữ kín" in page


def test_a_record_that_was_never_sent_has_a_page_without_receipts(synced):
    page = made(synced, "1.html", "petition", "bentre:1")
    assert "CSDLQG chưa nhận" in page


def test_a_log_that_was_tampered_with_is_told_on_the_page(tmp_path):
    build(source_path(tmp_path), 7, petitions=20)
    with Sandbox(credentials=credentials(AGENCY), seed=7) as sandbox:
        world = World(tmp_path, sandbox, install(tmp_path, sandbox.base_url, store='encryption = "none"'))
        assert world("sync").code == 0
        with sqlite3.connect(tmp_path / "data" / "kntc.sqlite") as store:
            store.execute("UPDATE receipt SET facts = replace(facts, 'received', 'x') WHERE local_id = 'bentre:4'")
        store.close()
        page = made(world, "4.html", "petition", "bentre:4")
        assert "KHÔNG nguyên vẹn" in page
        assert "Biên nhận đã bị sửa" in page


def test_a_file_that_is_there_is_left_alone_and_nothing_is_noted(synced):
    file = synced.folder / "there.html"
    file.write_text("mine", encoding="utf-8")
    before = newest_entry(synced)
    said = synced("audit", "dossier", "petition", "bentre:4", "--out", file)
    assert (said.code, "E-EXPORT-THERE" in said.err, file.read_text(encoding="utf-8")) == (65, True, "mine")
    assert synced("audit", "dossier", "petition", "bentre:4", "--out", synced.folder / "x.exe").code == 2
    assert newest_entry(synced) == before


def of_texts(told: str) -> dossier.Dossier:
    """Every text of the page is this one."""
    rows = ((told,) * 6, (told,) * 6)
    checked = dossier.Checked(True, 1, told, 1, 1, told, told)
    values: dict[str, Any] = {field.name: rows for field in fields(dossier.Dossier)}
    texts = ("agency", "code", "environment", "title", "record", "state", "by", "national_id", "received")
    values |= dict.fromkeys(texts, told) | {"is_test": True, "unmasked": False, "checked": checked, "begins": "x"}
    values |= {"day": date(2026, 11, 27), "at": datetime(2026, 11, 27, tzinfo=UTC)}
    values |= dict.fromkeys(("facts", "digests", "attachments", "hashes"), ((told, told), (told, told)))
    return dossier.Dossier(**values)


@pytest.mark.parametrize("text_", hostile.params())
def test_whatever_a_text_tries_it_is_text_on_the_page(text_):
    voice: Any = SimpleNamespace(say=Words("vi"))
    told = hostile.storable(text_)
    page, harmless = Page(dossier.page(voice, of_texts(told))), Page(dossier.page(voice, of_texts("x")))
    assert (page.tags, page.attributes) == (harmless.tags, harmless.attributes)


def test_a_long_story_is_told_whole():
    page = dossier.page(
        SimpleNamespace(say=Words("vi")),  # type: ignore[arg-type]
        replace(of_texts("x"), told=tuple((str(at), "27/11/2026", f"việc {at}", "ai") for at in range(200))),
    )
    assert [f"<td>việc {at}</td>" in page for at in range(200)] == [True] * 200
