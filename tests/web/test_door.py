"""Logging in and out: cookies, visits that end, wrong tries, a proxy that knows who visits."""

from __future__ import annotations

import re
import statistics
import time
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from sqlalchemy import select

from connector.config import load_config
from connector.errors import ConfigError
from connector.store import sessions
from connector.store.accounts import session
from connector.web import passwords
from connector.web.settings import settings_of
from tests.web.conftest import PASSWORD, Browser, Console, serve
from tests.world import AGENCY, OTHER


def cookie_in(answer: object, name: str = "kntc") -> object:
    found = [SimpleCookie(line) for line in answer.headers.get_list("set-cookie")]
    return next(each[name] for each in found if name in each)


def is_in(browser: Browser) -> bool:
    return browser.get("/").headers["location"] != "/sign-in"


def test_the_cookie_is_neither_for_scripts_nor_for_other_sites(console: Console):
    cookie = cookie_in(console.browser().sign_in("lan"))
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert (cookie["expires"], cookie["max-age"]) == ("", ""), "it ends with the browser"


def test_over_https_the_cookie_goes_over_https_alone_and_no_other_host_can_set_it(installed: Path):
    with serve(installed, https=True) as console:
        answer = console.browser().get("/sign-in")
        cookie = cookie_in(answer, "__Host-kntc")
        assert (cookie["secure"], cookie["httponly"], cookie["path"], cookie["domain"]) == (True, True, "/", "")
        assert "max-age=" in answer.headers["strict-transport-security"]


def test_a_token_from_before_the_log_in_is_nobodys_after_it(console: Console):
    """Session fixation: whoever planted a token in somebody's browser must not be in with it once he has logged in."""
    browser = console.browser()
    browser.get("/sign-in")
    planted = browser.token
    assert browser.sign_in("minh").status_code == 303
    assert browser.token != planted
    attacker = console.browser()
    attacker.http.cookies.set("kntc", planted)
    assert not is_in(attacker)


def test_a_token_that_the_visitor_made_up_is_nobodys(console: Console):
    for made_up in ("x" * 43, "x", "", "../../etc", "%00", "a" * 4_000):
        browser = console.browser()
        browser.http.cookies.set("kntc", made_up)
        assert not is_in(browser)


def test_the_file_holds_no_token_and_no_password(console: Console):
    browser = console.visit("lan")
    with console.hall.accounts.work() as connection:
        kept = list(connection.execute(select(session.c.token)).scalars())
    assert browser.token not in kept
    assert sessions.digest_of(browser.token) in kept
    assert console.hall.accounts.hash_of("lan").startswith("$argon2id$")
    for file in console.folder.rglob("console.sqlite*"):
        assert PASSWORD.encode() not in file.read_bytes()
        assert b"SQLite format" not in file.read_bytes(), "encrypted as the store is"


def test_logging_out_ends_the_visit_here_and_not_only_in_the_browser(console: Console):
    browser = console.visit("lan")
    token = browser.token
    answer = browser.post("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    again = console.browser()
    again.http.cookies.set("kntc", token)
    assert not is_in(again)


def test_a_visit_without_a_page_ends_after_a_quarter_of_an_hour(console: Console):
    browser = console.visit("lan")
    console.clock.ahead = timedelta(minutes=14)
    assert is_in(browser)
    console.clock.ahead = timedelta(minutes=28)
    assert is_in(browser), "a page was asked for in between"
    console.clock.ahead = timedelta(minutes=44)
    assert not is_in(browser)
    console.clock.ahead = timedelta(0)
    assert not is_in(browser), "what has ended stays so"


def test_a_visit_ends_after_eight_hours_however_busy(console: Console):
    browser = console.visit("lan")
    for minutes in range(10, 8 * 60, 10):
        console.clock.ahead = timedelta(minutes=minutes)
        assert is_in(browser)
    console.clock.ahead = timedelta(hours=8, minutes=1)
    assert not is_in(browser)


@pytest.mark.parametrize("command", [("lock",), ("password", "--password-stdin")])
def test_locking_an_account_or_changing_its_password_ends_its_visits(console: Console, command, monkeypatch):
    import io  # noqa: PLC0415

    browser = console.visit("lan")
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
    console.command("console", "users", command[0], "lan", *command[1:])
    assert not is_in(browser)
    console.command("console", "users", "unlock", "lan")
    assert is_in(console.visit("lan"))


def test_an_account_has_five_visits_at_a_time(console: Console):
    browsers = [console.visit("lan") for _ in range(6)]
    assert [is_in(browser) for browser in browsers] == [False, True, True, True, True, True]


def test_a_wrong_name_is_told_like_a_wrong_password(console: Console):
    told = [console.browser().sign_in(name, "wrong wrong wrong") for name in ("lan", "nobody", "", "' OR 1=1 --")]
    assert {answer.status_code for answer in told} == {403}
    assert len({re.sub(r"[0-9a-f]{64}|\d\d:\d\d:\d\d", "", answer.text) for answer in told}) == 1


def test_a_wrong_name_takes_as_long_as_a_wrong_password():
    kept = passwords.hashed(PASSWORD)

    def taken_s(hash_: str | None) -> float:
        begun = time.process_time()
        assert not passwords.is_right("wrong wrong wrong", hash_)
        return time.process_time() - begun

    known, unknown = (statistics.median(taken_s(h) for _ in range(5)) for h in (kept, None))
    assert 0.5 < known / unknown < 2
    assert passwords.is_right(PASSWORD, kept)
    assert not passwords.is_dated(kept)


@pytest.mark.parametrize("name", ["lan", "nobody"])
def test_after_five_wrong_tries_nobody_is_let_in_for_a_time_that_doubles(console: Console, name: str):
    browser = console.browser()
    answers = [browser.sign_in(name, "wrong wrong wrong").status_code for _ in range(5)]
    assert answers == [403, 403, 403, 403, 429]
    assert browser.sign_in(name).status_code == 429, "the right one neither"
    console.clock.ahead = timedelta(seconds=61)
    assert browser.sign_in(name, "wrong wrong wrong").status_code == 429
    console.clock.ahead = timedelta(seconds=61 + 61)
    assert browser.sign_in(name).status_code == 429, "twice as long after the sixth"
    console.clock.ahead = timedelta(seconds=61 + 122)
    assert browser.sign_in(name).status_code == (303 if name == "lan" else 429)
    noted = [entry for entry in console.entries("console.refused") if entry["by"] == name]
    assert bool(noted) == (name == "lan")
    assert all(
        entry == {"by": "lan", "known": False, "trigger": "console", "id": "", "cause": "too_often"} for entry in noted
    )


def test_a_right_password_forgets_the_wrong_ones_before(console: Console):
    browser = console.browser()
    for _ in range(3):
        assert [browser.sign_in("lan", "wrong wrong wrong").status_code for _ in range(4)] == [403] * 4
        assert browser.sign_in("lan").status_code == 303
        browser.post("/sign-out")
        with console.hall.accounts.work() as connection:
            from connector.store.accounts import attempt  # noqa: PLC0415

            connection.execute(attempt.delete().where(attempt.c.who.like("address:%")))


def test_from_one_address_twenty_names_are_tried_and_no_more(console: Console):
    browser = console.browser()
    answers = [browser.sign_in(f"name{n}", "wrong wrong wrong").status_code for n in range(21)]
    assert answers == [403] * 19 + [429] * 2
    assert browser.sign_in("lan").status_code == 429
    console.clock.ahead = timedelta(minutes=3)
    assert browser.sign_in("lan").status_code == 303


def test_every_log_in_is_in_the_log_of_each_agency_of_the_account(console: Console):
    before = len(console.entries("console.signed_in")), len(console.entries("console.signed_in", OTHER))
    console.visit("hoa")
    console.visit("minh")
    mine, others = (console.entries("console.signed_in", code) for code in (AGENCY, OTHER))
    assert (len(mine) - before[0], len(others) - before[1]) == (1, 2)
    assert others[-1] == {"by": "minh", "known": True, "trigger": "console", "id": "", "role": "auditor"}
    console.command("audit", "verify")


def test_beyond_this_machine_it_listens_only_where_configured_and_behind_https(installed: Path):
    config = load_config(installed)
    for host in ("0.0.0.0", "::", "10.0.0.5"):
        with pytest.raises(ConfigError) as refused:
            settings_of(config.console, "config.toml", host)
        assert len(refused.value.problems) == 2
    opened = config.console.model_copy(update={"open_to_network": True, "https": True})
    assert settings_of(opened, "config.toml", "0.0.0.0").host == "0.0.0.0"


# --- a proxy that knows who visits


def test_whom_a_trusted_proxy_names_is_in_without_a_password(installed: Path):
    with serve(installed, proxy_header="X-Remote-User", proxies=("127.0.0.1",)) as console:
        browser = console.browser()
        assert browser.get("/", headers={"X-Remote-User": "quantri"}).headers["location"] == "/users"
        assert browser.get("/users", headers={"X-Remote-User": "quantri"}).status_code == 200
        assert browser.get("/users").status_code == 303, "each request must say so"
        assert browser.get("/users", headers={"X-Remote-User": "lan"}).status_code == 403
        for nobody in ("nobody", "", "quantri, lan", "QUANTRI"):
            assert browser.get("/users", headers={"X-Remote-User": nobody}).headers["location"] == "/sign-in"
        assert browser.sign_in("quantri").status_code == 403, "there are no passwords then"


def test_the_header_of_anybody_else_is_not_believed(installed: Path):
    with serve(installed, proxy_header="X-Remote-User", proxies=("10.9.8.7",)) as console:
        answer = console.browser().get("/users", headers={"X-Remote-User": "quantri"})
        assert answer.headers["location"] == "/sign-in"
    with serve(installed) as console:
        answer = console.browser().get("/users", headers={"X-Remote-User": "quantri"})
        assert answer.headers["location"] == "/sign-in"
