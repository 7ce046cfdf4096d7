"""The console as people use it: in Chromium, without scripts, with eyes, a keyboard, a narrow screen and a printer."""

from __future__ import annotations

import importlib.resources
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Download, Locator

from connector.core.model import Kind
from connector.store import views
from connector.store.accounts import Role
from connector.web.pages import PAGES
from tests import hostile
from tests.browser.conftest import ACCOUNTS, CORRECTED_CONTENT, CORRECTED_NAME, CORRECTED_NUMBER, Visitor, visiting
from tests.cli.conftest import CANARY
from tests.web.conftest import PASSWORD, Console
from tests.web.test_guard import MAY
from tests.world import AGENCY

NO_PAGE = ("home", "language", "sign_out")
"""They only lead on."""

WORST_WORD_PX = 2
"""So much wider than the screen a page may be: parts of a pixel."""


def petition(console: Console, state: str = "delivered") -> str:
    with console.hall.app.store.read() as connection:
        return views.lines(connection, AGENCY, kind=Kind.PETITION, state=state, limit=1)[0].key.local_id


def pages_of(console: Console, role: Role) -> Iterator[tuple[str, str]]:
    """Every page that a role may open, with an address under which it shows something."""
    for page in PAGES:
        if page.name in NO_PAGE or page.name == "sign_in" or role not in MAY[page.name]:
            continue
        path = page.path.replace("<agency>", AGENCY)
        needs_a_record = page.name in ("record", "reveal")
        yield page.name, f"{path}?kind=petition&id={petition(console)}" if needs_a_record else path


def everything(console: Console) -> Iterator[tuple[str, str, str]]:
    """Who, page, address: of each page once, as the one of most rights sees it, and the operator's."""
    for name, role in ACCOUNTS.items():
        for page, address in pages_of(console, role):
            yield name, page, address


@pytest.mark.parametrize("name", ACCOUNTS)
def test_every_page_opens_without_a_script_for_whom_it_is(chromium: Browser, console: Console, name: str):
    with visiting(chromium, console, name) as visitor:
        for page, address in pages_of(console, ACCOUNTS[name]):
            shown = visitor.open(address)
            assert shown.locator("h1").count() == 1, page
            assert shown.locator(".environment").inner_text().strip(), page
            assert "…" not in shown.title()
            assert not re.search(r"\bconsole\.[a-z_]+\.[a-z_.]+|\bNone\b(?! chosen)", visitor.seen()), page


def test_a_wrong_password_is_told_and_the_right_one_lets_in(chromium: Browser, console: Console):
    with visiting(chromium, console) as visitor:
        visitor.sign_in("lan", "không phải mật khẩu này")
        assert visitor.page.locator("[role=alert]").count() == 1
        assert visitor.page.locator("nav.menu").count() == 0
        visitor.sign_in("lan")
        assert visitor.page.url.endswith(f"/{AGENCY}/")
        visitor.page.click("form[action='/sign-out'] button")
        assert visitor.page.url.endswith("/sign-in")
        visitor.open(f"/{AGENCY}/")
        assert visitor.page.url.endswith("/sign-in")


def test_after_wrong_tries_even_the_right_password_has_to_wait(chromium: Browser, console: Console):
    with visiting(chromium, console) as visitor:
        for _ in range(5):
            visitor.sign_in("quantri", "không phải mật khẩu này")
        visitor.sign_in("quantri")
        assert visitor.page.locator("nav.menu").count() == 0
        with console.hall.accounts.work() as connection:
            from connector.store.accounts import attempt  # noqa: PLC0415

            connection.execute(attempt.delete())
        visitor.sign_in("quantri")
        assert visitor.page.locator("nav.menu").count() == 1


@pytest.mark.parametrize("name", ["lan", "minh", "quantri"])
def test_a_page_that_is_not_for_somebody_says_so_and_shows_nothing(chromium: Browser, console: Console, name: str):
    with visiting(chromium, console, name) as visitor:
        for page in PAGES:
            if page.roles is not None and ACCOUNTS[name] not in page.roles:
                visitor.open(page.path.replace("<agency>", AGENCY), status=403)
                assert visitor.page.locator("table").count() == 0


# --- what is asked for


def test_the_log_is_filtered_by_event_and_turned_page_by_page(chromium: Browser, console: Console):
    with visiting(chromium, console, "lan") as visitor:
        page = visitor.open(f"/{AGENCY}/log")
        first = page.locator("tbody th").all_inner_texts()
        assert len(first) == 50
        page.click("nav.pager a[rel=next]")
        second = page.locator("tbody th").all_inner_texts()
        numbers = [int(re.sub(r"\D", "", text)) for text in first + second]
        assert numbers == sorted(set(numbers), reverse=True), "none twice, none left out, newest first"
        assert numbers[0] - numbers[-1] == len(numbers) - 1
        page.select_option("#event", "sending.paused")
        page.click("form.filters button")
        assert page.locator("tbody tr").count() == 2, "one record, one kind"
        page.fill("#by", "nobody at all")
        page.click("form.filters button")
        assert page.locator("tbody tr").count() == 0


def test_an_entry_of_the_log_is_found_by_its_record_and_by_its_day(chromium: Browser, console: Console):
    with visiting(chromium, console, "lan") as visitor:
        local_id = petition(console)
        page = visitor.open(f"/{AGENCY}/log?kind=petition&id={local_id}")
        shown = page.locator("tbody td:nth-of-type(3)").all_inner_texts()
        assert shown
        assert all(local_id in text for text in shown)
        assert visitor.open(f"/{AGENCY}/log?from=2001-01-01&to=2001-12-31").locator("tbody tr").count() == 0
        visitor.open(f"/{AGENCY}/log?from=31/31/2001", status=400)
        visitor.open(f"/{AGENCY}/log?id={local_id}", status=400)


@pytest.mark.parametrize("page", ["log", "national", "report"])
def test_a_row_about_a_record_leads_to_its_page(chromium: Browser, console: Console, page: str):
    with visiting(chromium, console, "lan") as visitor:
        shown = visitor.open(f"/{AGENCY}/{page}")
        link = shown.locator("main tbody a[href*='/record?']").first
        name = link.inner_text()
        link.click()
        assert shown.locator("h1").inner_text().split()[-1] == name.split()[-1] == found_id(shown.url)


def test_the_log_says_how_far_it_is_verified(chromium: Browser, console: Console):
    with visiting(chromium, console, "minh") as visitor:
        for _ in range(50):
            visitor.open(f"/{AGENCY}/log")
            if visitor.page.locator(".notice.good").count():
                break
            visitor.page.wait_for_timeout(200)
        assert visitor.page.locator(".notice.good").count() == 1
        assert visitor.page.locator(".facts dd").count() == 3


def test_a_comparison_shows_what_was_lost_there_and_what_was_entered_by_hand(chromium: Browser, console: Console):
    with visiting(chromium, console, "lan") as visitor:
        page = visitor.open(f"/{AGENCY}/reports")
        page.click("tbody a >> nth=0")
        assert page.locator("#found").count() == 1
        page.select_option("#finding", "missing_remote")
        page.click("form.filters button")
        rows = page.locator("section[aria-labelledby=items] tbody tr")
        assert (rows.count(), rows.locator("a").count()) == (1, 1)
        page.select_option("#finding", "orphan")
        page.click("form.filters button")
        assert (rows.count(), rows.locator("a").count()) == (1, 0), "of what nobody here has seen there is no page"
        visitor.open(f"/{AGENCY}/report?run=999999", status=404)


def test_each_national_status_says_what_it_means_and_leads_to_its_records(chromium: Browser, console: Console):
    with visiting(chromium, console, "lan") as visitor:
        page = visitor.open(f"/{AGENCY}/national")
        assert page.locator("section[aria-labelledby=meanings] tbody tr").count() >= 12
        for status in ("closed", "returned_for_correction"):
            page = visitor.open(f"/{AGENCY}/national?status={status}")
            shown = page.locator("section[aria-labelledby=records] tbody td:nth-of-type(1)").all_inner_texts()
            assert shown
            assert len(set(shown)) == 1
        visitor.open(f"/{AGENCY}/national?status=%3Cscript%3E", status=400)


def test_records_are_filtered_by_kind_state_and_period_and_exported_with_that_filter(
    chromium: Browser, console: Console
):
    with visiting(chromium, console, "lan") as visitor:
        page = visitor.open(f"/{AGENCY}/records")
        filters = page.locator("form.filters", has=page.locator("#state"))
        page.select_option("#kind", "petition")
        page.select_option("#state", "quarantined")
        page.fill("#from", "01/02/2024")
        filters.locator("button").click()
        shown = page.locator("tbody tr").count()
        assert shown == page.locator("tbody .state.quarantined").count() > 0
        page.click("main a[href*='/exports?']")
        chosen = [page.input_value(field) for field in ("#kind", "#outcome", "#from", "#to")]
        assert chosen == ["petition", "quarantined", "01/02/2024", ""]
        page.go_back()
        page.fill("#to", "02/02/2024")
        filters.locator("button").click()
        assert page.locator("tbody tr").count() == 0


def taken(coming: Download, form: str) -> bytes:
    """The file in a download, which comes with its manifest."""
    assert coming.suggested_filename.endswith(".zip")
    with zipfile.ZipFile(coming.path()) as packed:
        file, manifest = packed.namelist()
        assert (file.endswith(f".{form}"), manifest) == (True, f"{file}.manifest.json")
        return packed.read(file)


@pytest.mark.parametrize("form", ["csv", "jsonl", "xlsx"])
def test_a_download_arrives_whole_and_is_an_entry_of_the_log(chromium: Browser, console: Console, form: str):
    with visiting(chromium, console, "lan", accept_downloads=True) as visitor:
        page = visitor.open(f"/{AGENCY}/exports")
        assert page.locator("#unmask").count() == 0, "an operator sees masked values alone"
        before = len(console.entries("console.exported"))
        page.select_option("#format", form)
        page.select_option("#kind", "petition")
        with page.expect_download() as coming:
            page.click("main button.main")
        data = taken(coming.value, form)
        begins = {"csv": b"\xef\xbb\xbf", "jsonl": b"{", "xlsx": b"PK"}[form]
        assert data.startswith(begins)
        assert CANARY.encode() not in data
        noted = console.entries("console.exported")
        assert len(noted) == before + 1
        assert noted[-1]["by"] == "lan"
        rows = data.count(b"\n") - (form == "csv")
        assert form == "xlsx" or noted[-1]["count"] == rows > 0


def test_unmasked_rows_are_for_auditors_who_give_a_reason(chromium: Browser, console: Console):
    with visiting(chromium, console, "minh", accept_downloads=True) as visitor:
        page = visitor.open(f"/{AGENCY}/exports")
        page.select_option("#unmask", "yes")
        page.fill("#reason", "ngắn")
        page.click("main button.main")
        assert page.locator("[role=alert]").count() == 1
        page.fill("#reason", "Kế hoạch kiểm tra số 12/KH-TTr")
        with page.expect_download() as coming:
            page.click("main button.main")
        assert CANARY not in taken(coming.value, "csv").decode("utf-8-sig")
        entry = console.entries("console.exported")[-1]
        assert (entry["by"], entry["masked"]) == ("minh", False)
        assert "reason" in str(entry)
        assert "12/KH" not in str(entry)


def test_a_form_sent_by_an_operator_unmasks_nothing(chromium: Browser, console: Console):
    with visiting(chromium, console, "lan") as visitor:
        page = visitor.open(f"/{AGENCY}/exports")
        form = page.locator("main input[name=form]").get_attribute("value")
        answer = visitor.context.request.post(
            f"{console.address}/{AGENCY}/exports",
            form={"form": form, "unmask": "yes", "reason": "một lý do đủ dài để được nhận"},
        )
        assert answer.status == 403


def test_an_auditor_gives_a_reason_before_a_record_is_unmasked(chromium: Browser, console: Console):
    with visiting(chromium, console, "minh") as visitor:
        page = visitor.open(f"/{AGENCY}/reveal?kind=petition&id={petition(console)}&back=/{AGENCY}/log")
        assert page.locator("textarea").count() == 1
        page.fill("#reason", "Đoàn kiểm tra theo quyết định số 7/QĐ-TTr")
        page.click("main button.main")
        assert page.url.endswith(f"/{AGENCY}/log")


# --- one record, and how it is found


def search(visitor: Visitor, words: str, by: str) -> Locator:
    """The rows that a search shows, as somebody searches who begins at the list."""
    page = visitor.open(f"/{AGENCY}/records")
    page.fill("#words", words)
    page.select_option("#by", by)
    page.locator("form.filters", has=page.locator("#words")).locator("button").click()
    assert words not in page.url
    return page.locator("tbody th a")


def diff_of(visitor: Visitor) -> list[tuple[str, str, str]]:
    """Field, before and after, of every field that the record page marks as changed."""
    rows = visitor.page.locator("section[aria-labelledby=changes] tbody tr").all()
    marked = [[row.locator(part).all_inner_texts() for part in ("th", "td del", "td ins")] for row in rows]
    return [(field[0], "".join(before), "".join(after)) for field, before, after in marked]


def test_an_auditor_finds_a_person_without_marks_and_sees_what_the_nation_has_not_got_yet(
    chromium: Browser, console: Console
):
    """From the name to the record: masked, then after a reason unmasked beside what the nation has confirmed."""
    with visiting(chromium, console, "minh", "vi") as visitor:
        page = visitor.page
        found = search(visitor, "ngoc an dang thi", "name")
        assert found.count() == 1
        searched = console.entries("console.searched")[-1]
        assert (searched["by"], searched["found"]) == ("minh", 1)
        assert "ngoc" not in str(searched)
        found.click()
        record = page.url
        assert CORRECTED_CONTENT not in visitor.seen()
        assert CORRECTED_NAME not in visitor.seen()
        masked = diff_of(visitor)
        assert [one[1:] for one in masked if one[2] != CORRECTED_NUMBER] == [("(đã che)", "(đã che)")] * 2
        seen = len(console.entries("console.shown"))

        page.click("main a.button")
        page.fill("#reason", "Đoàn kiểm tra theo quyết định số 7/QĐ-TTr")
        page.click("main button.main")
        assert page.url == record
        assert page.locator("section[aria-labelledby=changes] select#from option:checked").inner_text() == (
            "Bản 1, CSDLQG đã xác nhận"
        )
        changed = {after: before for _, before, after in diff_of(visitor)}
        assert set(changed) == {CORRECTED_CONTENT, CORRECTED_NAME, CORRECTED_NUMBER}
        assert "(đã che)" not in changed.values()
        assert changed[CORRECTED_CONTENT] != CORRECTED_CONTENT
        shown = console.entries("console.shown")[seen:]
        assert [(one["by"], one["id"]) for one in shown] == [("minh", found_id(record))]
        assert "7/QĐ" not in str(shown)


def found_id(address: str) -> str:
    return parse_qs(urlsplit(address).query)["id"][0]


def test_an_operator_chooses_two_versions_and_sees_the_field_that_changed(chromium: Browser, console: Console):
    with visiting(chromium, console, "lan", "vi") as visitor:
        page = visitor.open(f"/{AGENCY}/record?kind=petition&id={corrected_day(console)}")
        for older, newer in (("1", "2"), ("2", "1")):
            page.select_option("#from", older)
            page.select_option("#to", newer)
            page.click("section[aria-labelledby=changes] button")
            ((field, before, after),) = diff_of(visitor)
            assert (field, after) == ("Ngày nhận đơn", "01/02/2024")
            assert re.fullmatch(r"\d\d/\d\d/\d{4}", before)
        page.select_option("#from", "2")
        page.select_option("#to", "2")
        page.click("section[aria-labelledby=changes] button")
        assert page.locator("[role=alert]").count() == 1
        assert page.locator("select#from").count() == 1, "one may choose again"


def corrected_day(console: Console) -> str:
    """The petition whose day of receipt was corrected, and sent."""
    with console.hall.app.store.read() as connection:
        lines = views.lines(connection, AGENCY, kind=Kind.PETITION, state="delivered", limit=500)
    return next(line.key.local_id for line in lines if line.version == 2)


def test_an_operator_finds_a_record_by_the_number_of_its_paper_and_cannot_search_a_name(
    chromium: Browser, console: Console
):
    with visiting(chromium, console, "lan") as visitor:
        found = search(visitor, CORRECTED_NUMBER.lower()[:-1], "number")
        assert found.count() == 1, "the paper's number as it begins"
        found.click()
        assert CORRECTED_NUMBER in visitor.seen()
        assert CORRECTED_NAME not in visitor.seen()
        assert visitor.page.locator("#by option[value=name]").count() == 0
        assert search(visitor, "ngoc an dang thi", "number").count() == 0


def test_the_language_is_switched_by_a_button_and_stays(chromium: Browser, console: Console):
    with visiting(chromium, console, "lan") as visitor:
        page = visitor.open(f"/{AGENCY}/log")
        language = page.get_attribute("html", "lang")
        page.click("form[action='/language'] button")
        assert page.url.endswith(f"/{AGENCY}/log")
        assert page.get_attribute("html", "lang") != language
        assert {language, page.get_attribute("html", "lang")} == {"vi", "en"}
        assert visitor.open(f"/{AGENCY}/national").get_attribute("html", "lang") != language


# --- how it looks, for whom


@pytest.mark.parametrize("name", ACCOUNTS)
def test_no_page_is_wider_than_a_narrow_screen(chromium: Browser, console: Console, name: str):
    narrow = {"viewport": {"width": 320, "height": 640}, "java_script_enabled": True}
    with visiting(chromium, console, name, **narrow) as visitor:
        for page, address in pages_of(console, ACCOUNTS[name]):
            visitor.open(address)
            wide = visitor.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= 320 + WORST_WORD_PX, page


@pytest.mark.parametrize("name", ACCOUNTS)
def test_every_page_prints_on_a4_without_the_navigation(chromium: Browser, console: Console, name: str):
    with visiting(chromium, console, name) as visitor:
        for page, address in pages_of(console, ACCOUNTS[name]):
            visitor.open(address)
            visitor.page.emulate_media(media="print")
            for gone in ("nav.menu", ".tools", ".skip", "form.filters", "nav.pager"):
                for each in visitor.page.locator(gone).all():
                    assert not each.is_visible(), f"{gone} of {page}"
            assert all(line.is_visible() for line in visitor.page.locator(".printed").all())
            printed = visitor.page.pdf(prefer_css_page_size=True)
            assert re.search(rb"/MediaBox ?\[ ?0 0 59[45][.\d]* 84[12]", printed), page
            visitor.page.emulate_media(media="screen")


@pytest.mark.parametrize("name", ACCOUNTS)
def test_whoever_uses_the_keyboard_alone_gets_everywhere_and_sees_where(chromium: Browser, console: Console, name: str):
    with visiting(chromium, console, name, java_script_enabled=True) as visitor:
        for page, address in pages_of(console, ACCOUNTS[name]):
            visitor.open(address)
            visitor.page.keyboard.press("Tab")
            assert focused(visitor)["class"] == "skip", page
            visitor.page.keyboard.press("Enter")
            reached = []
            for _ in range(8):
                visitor.page.keyboard.press("Tab")
                here = focused(visitor)
                if here["tag"] == "BODY":
                    break
                assert here["seen"], (page, here)
                reached.append(here["inside"])
            assert all(reached), f"{page}: the skip link leads past the navigation"


def focused(visitor: Visitor) -> dict[str, Any]:
    return visitor.page.evaluate(
        """() => { const e = document.activeElement, s = getComputedStyle(e);
        return {tag: e.tagName, class: e.className, inside: !!e.closest('main, footer'),
                seen: s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2}; }"""
    )


def test_hostile_texts_are_shown_as_text(chromium: Browser, console: Console):
    """No script ran, nothing was asked for elsewhere, no markup came of them: `visiting` sees to that at its end."""
    with visiting(chromium, console, "minh", java_script_enabled=True) as visitor:
        for _, address in pages_of(console, Role.AUDITOR):
            visitor.open(address)
            assert visitor.page.evaluate("window.hostile === undefined")
            assert visitor.page.locator("script, iframe, object, embed, img, [onclick], [onerror]").count() == 0
        for text in hostile.MARKUP.values():
            visitor.open(f"/{AGENCY}/log")
            visitor.page.fill("#by", text[:100])
            visitor.page.click("form.filters button")
            assert visitor.page.evaluate("window.hostile === undefined")
            assert visitor.page.locator("main form.filters").count() <= 1


def test_what_was_said_in_denunciations_is_on_no_page(chromium: Browser, console: Console):
    for name in ("lan", "minh"):
        with visiting(chromium, console, name) as visitor:
            for page, address in pages_of(console, ACCOUNTS[name]):
                visitor.open(address)
                assert CANARY not in visitor.page.content(), page


@pytest.mark.parametrize("name", ["minh", "lan", "quantri"])
def test_axe_finds_nothing_serious_on_any_page(chromium: Browser, console: Console, name: str):
    axe = (importlib.resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
    with visiting(chromium, console, name, java_script_enabled=True, bypass_csp=True) as visitor:
        found = []
        for page, address in [*pages_of(console, ACCOUNTS[name]), ("sign_in", "/sign-in")]:
            visitor.open(address)
            visitor.page.evaluate(axe)
            told = visitor.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            found += [
                (page, one["id"], one["nodes"][0]["html"][:160])
                for one in told["violations"]
                if one["impact"] in ("serious", "critical")
            ]
        assert found == []


def test_every_page_is_drawn_for_a_wide_and_a_narrow_screen(chromium: Browser, console: Console, tmp_path: Path):
    folder = Path(os.environ.get("KNTC_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    for name, role in ACCOUNTS.items():
        with visiting(chromium, console, name, "vi") as visitor:
            for page, address in pages_of(console, role):
                for width in (1280, 390):
                    visitor.page.set_viewport_size({"width": width, "height": 900})
                    visitor.open(address)
                    picture = visitor.page.screenshot(path=folder / f"{name}-{page}-{width}.png", full_page=True)
                    assert len(picture) > 5_000
    assert PASSWORD
