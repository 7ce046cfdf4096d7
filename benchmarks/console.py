"""What pages of the console cost on a big store: as served over loopback HTTP, the median and the 95th percentile.

    .venv/bin/python -m benchmarks.big_store FOLDER --records 1000000 --entries 5000000
    .venv/bin/python -m benchmarks.console FOLDER [--rounds 20] [--seed 7] [--proven]

Each round asks for every page once, in another order, as one auditor (an admin's page as an admin); the first round is
not counted. Accounts of its own are made in the folder for it. The store must be of this program's revision: `kntc
--config FOLDER/config.toml status` brings it there. --proven: begin when the console has verified the logs, which it
does beside the pages and which takes some minutes; so the time that passes is that of a console that has run a while.

CPU is that of both sides, browser and server, without what the console works out beside its pages. It is the sound
figure where others use the machine too.
"""

from __future__ import annotations

import argparse
import gc
import html
import random
import re
import secrets
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlencode

import httpx
from sqlalchemy import Connection

from connector.config import load_config
from connector.core.model import KINDS, Kind
from connector.store import audit, comparisons, log_pages, mirrored, mistakes, views, waits
from connector.store.accounts import Account, Role
from connector.web import passwords
from connector.web.hall import Hall, opened
from connector.web.pages import PAGES
from connector.web.serving import served
from connector.web.settings import settings_of
from tests.world import AGENCY

LISTS = (
    "kind=petition", "state=delivered", "state=pending", "state=quarantined&kind=handling", "state=rejected",
    "state=returned", "state=unknown", "cause=mapping", "state=exposed", "state=exposed&kind=decision", "state=gone",
)  # fmt: skip
SEARCHES = (("name", "nguyen van"), ("name", "mai kim"), ("name", "truong gia bao"), ("number", "12/QĐ"), ("id", "1"))
STATUSES = ("received", "validated", "returned_for_correction", "closed")
FORM = re.compile(r'name="form" value="([0-9a-f]{64})"')
BESIDE = ("figures", "proving")
"""How the threads are called that work beside the pages."""

FINE = frozenset({200, 202, 303})

Asked = Callable[[], httpx.Response]


def main() -> None:
    """Measure every page and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--proven", action="store_true")
    given = parser.parse_args()
    config = load_config(given.folder / "config.toml")
    section = config.console.model_copy(update={"port": 0})
    with ExitStack() as stack:
        hall = stack.enter_context(opened(config, settings_of(section, "config.toml")))
        address = stack.enter_context(served(hall))
        browsers = {
            role: stack.enter_context(httpx.Client(base_url=address, timeout=60)) for role in (None, *Role)
        }  # one that has not logged in, and one of each role
        for role in (Role.AUDITOR, Role.ADMIN):
            _sign_in(hall, browsers[role], role)
        gc.freeze()  # what is loaded, as `kntc console` does
        if given.proven:
            hall.proving.came_to_an_end.wait()
        _measure(dict(_pages(hall, browsers)), given.rounds, given.seed)


def _sign_in(hall: Hall, browser: httpx.Client, role: Role) -> None:
    name, password = f"benchmark-{role}", secrets.token_urlsafe(24)
    hashed = passwords.hashed(password)
    if hall.accounts.find(name):
        hall.accounts.set_password(name, hashed, hall.now())
    else:
        hall.accounts.add(Account(name, role, (), hall.now(), None), hashed, hall.now())
    sent = {"form": _form(browser, "/sign-in"), "name": name, "password": password}
    if browser.post("/sign-in", data=sent).status_code != httpx.codes.SEE_OTHER:
        raise SystemExit("could not log in")


def _form(browser: httpx.Client, path: str) -> str:
    found = FORM.search(browser.get(path).text)
    if found is None:
        raise SystemExit(f"no form at {path}")
    return found[1]


# --- what is asked for ---------------------------------------------------------------------------------------------


def _pages(hall: Hall, browsers: dict[Role | None, httpx.Client]) -> Iterator[tuple[str, Asked]]:
    """Yield what is asked for, each called by the page's name first: no page of the console is left out."""
    names = {page.name: page.path.replace("<agency>", AGENCY) for page in PAGES}
    auditor = browsers[Role.AUDITOR]
    told = set()

    def line(page: str, what: str = "", browser: httpx.Client = auditor, **asked: object) -> tuple[str, Asked]:
        told.add(page)
        address = f"{names[page]}?{urlencode(asked)}" if asked else names[page]
        return f"{page} {what or urlencode(asked)}".strip(), lambda: browser.get(address)

    with hall.app.store.read() as connection:
        yield line("home")
        yield line("overview")
        yield line("overview", "a year of charts", days=365)
        for what, asked in _of_records(connection):
            yield line("records", what, **asked)
        for what, asked in _of_one_record(connection):
            yield line("record", what, **asked)
            yield line("reveal", what, **asked)
        yield line("quarantine")
        for asked in _of_mistakes(connection):
            yield line("quarantine", "one mistake", **asked)
        yield line("waiting")
        yield line("waiting", "page 21", after=_waiting(hall))
        for what, asked in _of_log(connection):
            yield line("log", what, **asked)
        yield line("reports")
        for what, asked in _of_report(connection):
            yield line("report", what, **asked)
        for what, asked in _of_nation(connection):
            yield line("national", what, **asked)
    yield line("exports", "the form")
    yield line("users", browser=browsers[Role.ADMIN])
    yield line("sign_in", browser=browsers[None])
    yield line("sign_out")
    yield line("language")
    yield from _forms(auditor, names)
    if left_out := set(names) - told:
        raise SystemExit(f"pages that are not asked for: {', '.join(sorted(left_out))}")


def _of_records(connection: Connection) -> Iterator[tuple[str, dict[str, object]]]:
    yield "all", {}
    for asked in LISTS:
        yield asked, dict(one.split("=") for one in asked.split("&"))
    for state in (None, views.EXPOSED, views.GONE):
        after = ""
        for _ in range(200 if state is None else 8):
            after = views.page(connection, AGENCY, state=state, kind=None, after=after).next or after
        asked = {"after": after, **({"state": state} if state else {})}
        yield f"{state or 'all'}, {'page 201' if state is None else 'page 9'}", asked

    for what, asked in _periods(date.today()).items():  # noqa: DTZ011  a day is a day
        for state in ("", "delivered", "rejected", "exposed"):
            yield f"{what} {state}".strip(), asked | ({"state": state} if state else {})


def _periods(today: date) -> dict[str, dict[str, object]]:
    year, begin, end = (today - timedelta(days=days) for days in (365, 200, 170))
    return {
        "one day": {"from": begin.isoformat(), "to": begin.isoformat()},
        "a month": {"from": begin.isoformat(), "to": end.isoformat()},
        "a year": {"from": year.isoformat(), "to": today.isoformat()},
    }


def _waiting(hall: Hall) -> str:
    """Return where the page after a thousand of those begins that wait for their parent."""
    context = hall.app.context(AGENCY)
    with hall.app.store.read() as connection:
        _, place = waits.blocked_page(connection, AGENCY, context.generation, context.capabilities, limit=1_000)
    return f"{place[0]:%Y%m%dT%H%M%S.%f}_{place[1]}" if place else ""


def _of_one_record(connection: Connection) -> Iterator[tuple[str, dict[str, object]]]:
    for state in ("delivered", "quarantined", "pending"):
        for line in views.page(connection, AGENCY, state=state, limit=1).lines:
            yield state, {"kind": line.key.kind, "id": line.key.local_id}


def _of_mistakes(connection: Connection) -> Iterator[dict[str, object]]:
    for one in (group.mistake for group in mistakes.groups(connection, AGENCY)[:1]):
        yield {"kind": one.kind, "cause": one.cause, "rule": one.rule, "field": one.pattern, "column": one.column}


def _of_log(connection: Connection) -> Iterator[tuple[str, dict[str, object]]]:
    """By everything that the form has, and what is dear: far back, long stretches, people who did little or nothing."""
    half = audit.head_of(connection, AGENCY).seq // 2
    entry = log_pages.page(connection, AGENCY, kind=Kind.PETITION, limit=1).entries[0]
    local_id = views.page(connection, AGENCY, kind=Kind.PETITION, limit=1).lines[0].key.local_id
    by_days = _periods(date.fromisoformat(entry.content.split('"')[5][:10]))
    yield "", {}
    yield "half-way down", {"before": half}
    for event in ("delivery.answered", "status.applied", "sweep.finished"):
        yield f"event {event}", {"event": event}
    yield "kind petition", {"kind": "petition"}
    yield "kind petition, half-way down", {"kind": "petition", "before": half}
    yield "event and kind", {"kind": "handling", "event": "delivery.answered"}
    yield "one record", {"kind": "petition", "id": local_id}
    for what, asked in by_days.items():
        yield what, asked
        yield f"{what}, half-way down", {**asked, "before": half}
        yield f"{what}, kind petition", {**asked, "kind": "petition"}
        yield f"{what}, event", {**asked, "event": "delivery.answered"}
    for name in ("kntc", "nobody"):
        yield f"person {name}", {"by": name}
        yield f"person {name}, a year", {"by": name, **by_days["a year"]}
        yield f"person {name}, kind petition", {"by": name, "kind": "petition"}


def _of_report(connection: Connection) -> Iterator[tuple[str, dict[str, object]]]:
    yield "the newest", {}
    run = comparisons.newest(connection, AGENCY)
    if run is None:
        return
    for number in (run.id, comparisons.finished(connection, AGENCY)[-1].id):
        items, after = comparisons.item_page(connection, number, limit=10_000)
        kind = items[-1].kind
        yield f"run {number}, page 201", {"run": number, "after": after}
        yield f"run {number}, finding and kind", {"run": number, "finding": "orphan", "kind": kind}


def _of_nation(connection: Connection) -> Iterator[tuple[str, dict[str, object]]]:
    yield "", {}
    for kind in KINDS:
        yield f"kind {kind}", {"kind": kind}
    rows, after = mirrored.page(connection, AGENCY, Kind.PETITION, limit=50_000)
    yield "kind petition, page 1001", {"kind": "petition", "after": after or rows[-1].key.local_id}
    for status in STATUSES:
        yield f"status {status}", {"status": status}


def _forms(auditor: httpx.Client, names: dict[str, str]) -> Iterator[tuple[str, Asked]]:
    """Yield what is sent by a form: what was searched for stands in no address, and what is exported is no page."""
    form = _form(auditor, names["records"])
    for by, words in SEARCHES:
        sent = {"form": form, "by": by, "words": words}
        path = html.unescape(auditor.post(names["records"], data=sent).headers["location"])
        yield f"records found by {by}: {words}", lambda path=path: auditor.get(path)  # type: ignore[misc]
    named = {"form": form, "by": "name", "words": "nguyen van"}
    yield "records, searching by name", lambda: auditor.post(names["records"], data=named)
    found = FORM.search(auditor.get(names["records"]).text)
    key = re.search(r"[?&;]id=([^&\"]+)", auditor.get(f"{names['records']}?kind=petition").text)
    if found and key:
        one = {"form": form, "kind": "petition", "id": html.unescape(key[1]).replace("%3A", ":"), "format": "csv"}
        yield "exports one record, csv", lambda: auditor.post(names["exports"], data=one)


# --- measuring -----------------------------------------------------------------------------------------------------


def _measure(pages: dict[str, Asked], rounds: int, seed: int) -> None:
    print(f"seed {seed}, {rounds} rounds, {len(pages)} pages")
    draw = random.Random(seed)  # noqa: S311  an order of pages, no secret
    taken: dict[str, list[float]] = {name: [] for name in pages}
    worked: dict[str, list[float]] = {name: [] for name in pages}
    for at in range(rounds + 1):
        for name in draw.sample(sorted(pages), len(pages)):
            begun, cpu = time.perf_counter(), time.process_time() - _beside_s()
            answer = pages[name]()
            if at:
                worked[name].append((time.process_time() - _beside_s() - cpu) * 1_000)
                taken[name].append((time.perf_counter() - begun) * 1_000)
            if answer.status_code not in FINE:
                raise SystemExit(f"{name}: {answer.status_code}")
    print(f"{'page':44}{'p50 ms':>9}{'p95 ms':>9}{'CPU p50':>9}{'CPU p95':>9}")
    for name in pages:
        _line(name, taken[name], worked[name])
    _line("all", [one for each in taken.values() for one in each], [one for each in worked.values() for one in each])


def _beside_s() -> float:
    """Return the processor time of the threads that work beside the pages."""
    found = [one.ident for one in threading.enumerate() if one.name.startswith(BESIDE) and one.ident]
    return sum(time.clock_gettime(time.pthread_getcpuclockid(ident)) for ident in found)


def _line(name: str, *measured: list[float]) -> None:
    figures = (f(times) for times in measured for f in (statistics.median, lambda t: statistics.quantiles(t, n=20)[-1]))
    print(f"{name:44}" + "".join(f"{figure:9.1f}" for figure in figures))


if __name__ == "__main__":
    main()
