"""What stands before and after every page: headers, forms, roles, names, bounds."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from connector.store.accounts import Role
from connector.web.pages import PAGES
from tests.web.conftest import ACCOUNTS, OF_ONE_AGENCY, Browser, Console
from tests.world import AGENCY, OTHER

MAY = {
    "home": (Role.OPERATOR, Role.AUDITOR, Role.ADMIN),
    "overview": (Role.OPERATOR, Role.AUDITOR),
    "records": (Role.OPERATOR, Role.AUDITOR),
    "record": (Role.OPERATOR, Role.AUDITOR),
    "quarantine": (Role.OPERATOR, Role.AUDITOR),
    "waiting": (Role.OPERATOR, Role.AUDITOR),
    "log": (Role.OPERATOR, Role.AUDITOR),
    "reports": (Role.OPERATOR, Role.AUDITOR),
    "report": (Role.OPERATOR, Role.AUDITOR),
    "national": (Role.OPERATOR, Role.AUDITOR),
    "exports": (Role.OPERATOR, Role.AUDITOR),
    "reveal": (Role.AUDITOR,),
    "users": (Role.ADMIN,),
    "sign_in": (None, Role.OPERATOR, Role.AUDITOR, Role.ADMIN),
    "sign_out": (Role.OPERATOR, Role.AUDITOR, Role.ADMIN),
    "language": (None, Role.OPERATOR, Role.AUDITOR, Role.ADMIN),
}
"""Who may open which page; None: who is not logged in."""

FORMS_ALONE = {"/nowhere", *(f"/{agency}/reveal" for agency in (AGENCY, OTHER))}
"""Not there, or there only for the record that a link names."""

LINK = re.compile(r'(?:href|action)="(/[^"#]*)"')


def address_of(page: str, console: Console) -> str:
    path = next(each.path for each in PAGES if each.name == page).replace("<agency>", AGENCY)
    return f"{path}?kind=petition&id={some_petition(console)}" if page in ("record", "reveal") else path


def some_petition(console: Console) -> str:
    from connector.core.model import Kind  # noqa: PLC0415
    from connector.store import views  # noqa: PLC0415

    with console.hall.app.store.read() as connection:
        return views.lines(connection, AGENCY, kind=Kind.PETITION, limit=1)[0].key.local_id


def crawl(browser: Browser) -> Iterator[tuple[str, object]]:
    """Every page that links and forms lead to, with its answer."""
    waiting, seen = ["/", "/sign-in", "/static/console.css", "/nowhere"], set()
    while waiting:
        path = waiting.pop()
        if path in seen or path == "/sign-out":
            continue
        seen.add(path)
        answer = browser.get(path)
        yield path, answer
        if answer.headers.get("content-type", "").startswith("text/html"):
            waiting += [link.replace("&amp;", "&") for link in LINK.findall(answer.text)]
        if location := answer.headers.get("location"):
            waiting.append(location)


def test_every_page_is_in_the_table_of_who_may_open_it():
    assert {page.name for page in PAGES} == set(MAY)


@pytest.mark.parametrize("page", sorted(MAY))
@pytest.mark.parametrize("role", [None, *Role])
def test_a_page_opens_for_whom_it_is_and_for_nobody_else(console: Console, page: str, role: Role | None):
    name = next((name for name, of in ACCOUNTS.items() if of is role), "")
    browser = console.visit(name) if name else console.browser()
    answer = browser.get(address_of(page, console))
    if role in MAY[page]:
        assert answer.status_code in (200, 303)
        assert answer.headers.get("location") != "/sign-in" or page == "sign_out"
    elif role is None:
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    else:
        assert answer.status_code == 403


@pytest.mark.parametrize("page", [page.name for page in PAGES if page.act is not None and page.roles is not None])
@pytest.mark.parametrize("role", list(Role))
def test_a_form_is_taken_only_from_whom_its_page_is_for(console: Console, page: str, role: Role):
    name = next(name for name, of in ACCOUNTS.items() if of is role)
    answer = console.visit(name).post(address_of(page, console).partition("?")[0], {})
    assert (answer.status_code == 403) == (role not in MAY[page])


@pytest.mark.parametrize("name", [*ACCOUNTS, ""])
def test_every_answer_says_how_it_may_be_used(console: Console, name: str):
    browser = console.visit(name) if name else console.browser()
    answers = dict(crawl(browser))
    assert len(answers) > 4
    for path, answer in answers.items():
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy, path
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        kept = "private, max-age=300" if path.startswith("/static/") else "no-store"
        assert answer.headers["cache-control"] == kept, path
        assert "server" not in answer.headers
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=|javascript:|https?://(?!www\.w3\.org)", answer.text), (
            path
        )


def test_no_link_of_any_page_leads_to_a_fault(console: Console):
    for name in ACCOUNTS:
        wrong = {
            p: a.status_code for p, a in crawl(console.visit(name)) if a.status_code >= 400 and p not in FORMS_ALONE
        }
        assert wrong == {}


@pytest.mark.parametrize("form", [None, "", "0" * 64, "ế" * 64])
def test_a_form_that_no_page_of_ours_made_is_refused(console: Console, form: str | None):
    browser = console.visit("quantri")
    data = {"what": "lock", "name": "lan"} | ({} if form is None else {"form": form})
    assert browser.http.post("/users", data=data).status_code == 403
    assert not console.hall.accounts.find("lan").is_locked


def test_a_form_made_for_another_visitor_is_refused(console: Console):
    others, mine = console.visit("quantri").form_of("/users"), console.visit("quantri")
    answer = mine.http.post("/users", data={"form": others, "what": "lock", "name": "lan"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_sent_from_another_site_is_refused(console: Console, headers: dict[str, str]):
    browser = console.visit("quantri")
    assert browser.post("/users", {"what": "lock", "name": "lan"}, headers=headers).status_code == 403


def test_log_in_from_another_site_is_refused_too(console: Console):
    browser = console.browser()
    answer = browser.http.post("/sign-in", data={"name": "lan", "password": "x"}, headers={"Origin": "https://evil.vn"})
    assert answer.status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "", "[::2]"])
def test_under_another_name_no_page_is_answered(console: Console, host: str):
    answer = console.browser().get("/sign-in", headers={"Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/static/../console.py",
        "/static/..%2fconsole.py",
        "/static/%2e%2e/%2e%2e/config.py",
        "/static/..%5c..%5cconfig.py",
        "/static//etc/passwd",
        "/static/%00",
        "/static/",
        "/templates/base.html",
        "/H51.01/../users",
        "//evil.example/",
    ],
)
def test_no_path_leads_out_of_what_is_meant_to_be_shown(console: Console, path: str):
    import http.client  # noqa: PLC0415  httpx would tidy the path up first

    host = console.address.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert answer.status in (303, 308, 400, 404), path
    assert "import" not in text
    assert "evil.example" not in (answer.getheader("location") or "").partition("?")[0].removeprefix("//evil.example")


def test_what_is_longer_than_any_page_needs_is_refused(console: Console):
    browser = console.visit("quantri")
    assert browser.get("/users", params={"done": "x" * 300}).status_code == 400
    assert browser.get("/users", params={"done": "no such thing"}).status_code == 400
    assert browser.get("/users?" + "a=1&" * 30).status_code == 400
    assert browser.get("/" + "a" * 3_000).status_code == 400
    assert browser.post("/users", {"what": "add", "name": "x" * 70_000}).status_code == 413
    assert browser.post("/users", {f"f{n}": "1" for n in range(200)}).status_code in (400, 413)
    assert browser.post("/users", {"what": "add", "name": "x" * 300}).status_code == 400
    assert browser.get("/users", headers={"X-Long": "x" * 40_000}).status_code in (400, 431)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_a_page_is_asked_for_in_two_ways_and_no_other(console: Console, method: str):
    assert console.visit("lan").http.request(method, "/").status_code in (400, 405, 501)


def test_of_an_agency_that_is_not_theirs_people_learn_nothing(console: Console):
    browser = console.visit(OF_ONE_AGENCY)
    assert browser.get(f"/{OTHER}/").status_code == 200
    not_theirs, nowhere = browser.get(f"/{AGENCY}/"), browser.get("/H99.99/")
    assert not_theirs.status_code == nowhere.status_code == 404
    assert not_theirs.text == nowhere.text.replace("/H99.99/", f"/{AGENCY}/")
    assert AGENCY not in browser.get(f"/{OTHER}/").text


def test_nobody_is_led_to_another_host(console: Console):
    browser = console.browser()
    for back in (
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "evil",
        "/\n/evil",
    ):
        assert browser.post("/language", {"to": "en", "back": back}).headers["location"] == "/"
    assert browser.post("/language", {"to": "en", "back": "/sign-in?x=1"}).headers["location"] == "/sign-in?x=1"


def test_pages_speak_vietnamese_first_and_english_by_a_switch(console: Console):
    browser = console.visit("lan")
    english = browser.get(f"/{AGENCY}/").text
    assert '<html lang="en">' in english  # as this installation is configured
    browser.post("/language", {"to": "vi", "back": "/"})
    page = browser.get(f"/{AGENCY}/").text
    assert '<html lang="vi">' in page
    assert "MÔI TRƯỜNG THỬ NGHIỆM" in page


def test_the_environment_stands_on_every_page(console: Console):
    for name in ACCOUNTS:
        for path, answer in crawl(console.visit(name)):
            if answer.headers.get("content-type", "").startswith("text/html") and answer.status_code != 303:
                assert "TEST ENVIRONMENT" in answer.text, path
