"""What pages of the console cost on a big store: as served over loopback HTTP, the median and the 95th percentile.

    .venv/bin/python -m benchmarks.big_store FOLDER --records 1000000 --entries 5000000
    .venv/bin/python -m benchmarks.console FOLDER [--rounds 20] [--seed 7]

Each round asks for every page once, in another order, as one auditor; the first round is not counted. An account of
its own is made in the folder for it. The store must be of this program's revision: `kntc --config
FOLDER/config.toml status` brings it there.
"""

from __future__ import annotations

import argparse
import html
import random
import re
import secrets
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import httpx
from sqlalchemy import Connection

from connector.config import load_config
from connector.core.model import Kind
from connector.store import mistakes, views
from connector.store.accounts import Account, Role
from connector.web import passwords
from connector.web.hall import Hall, opened
from connector.web.serving import served
from connector.web.settings import settings_of
from tests.world import AGENCY

NAME = "benchmark"
LISTS = (
    "kind=petition", "state=delivered", "state=pending", "state=quarantined&kind=handling", "state=rejected",
    "state=returned", "state=unknown", "cause=mapping", "state=exposed", "state=gone",
)  # fmt: skip
SEARCHES = (("name", "nguyen van"), ("name", "mai kim"), ("name", "truong gia bao"), ("number", "12/QĐ"), ("id", "1"))
FORM = re.compile(r'name="form" value="([0-9a-f]{64})"')
PAGE = Callable[[httpx.Client], httpx.Response]


def main() -> None:
    """Measure every page and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    config = load_config(given.folder / "config.toml")
    section = config.console.model_copy(update={"port": 0})
    with (
        opened(config, settings_of(section, "config.toml")) as hall,
        served(hall) as address,
        httpx.Client(base_url=address, timeout=60) as browser,
    ):
        _sign_in(hall, browser)
        _measure(browser, _pages(hall, browser), given.rounds, given.seed)


def _sign_in(hall: Hall, browser: httpx.Client) -> None:
    password = secrets.token_urlsafe(24)
    hashed = passwords.hashed(password)
    if hall.accounts.find(NAME):
        hall.accounts.set_password(NAME, hashed, hall.now())
    else:
        hall.accounts.add(Account(NAME, Role.AUDITOR, (), hall.now(), None), hashed, hall.now())
    sent = {"form": _form(browser, "/sign-in"), "name": NAME, "password": password}
    if browser.post("/sign-in", data=sent).status_code != httpx.codes.SEE_OTHER:
        raise SystemExit("could not log in")


def _form(browser: httpx.Client, path: str) -> str:
    found = FORM.search(browser.get(path).text)
    if found is None:
        raise SystemExit(f"no form at {path}")
    return found[1]


def _pages(hall: Hall, browser: httpx.Client) -> dict[str, PAGE]:
    """Return what is asked for, by what it is called in the table."""
    with hall.app.store.read() as connection:
        addresses = _addresses(connection)
    found: dict[str, PAGE] = {name: lambda http, path=path: http.get(path) for name, path in addresses.items()}  # type: ignore[misc]
    for by, words in SEARCHES:
        form = _form(browser, f"/{AGENCY}/records")
        sent = {"form": form, "by": by, "words": words}
        path = html.unescape(browser.post(f"/{AGENCY}/records", data=sent).headers["location"])
        found[f"records found by {by}: {words}"] = lambda http, path=path: http.get(path)  # type: ignore[misc]
    return found


def _addresses(connection: Connection) -> dict[str, str]:
    found = {
        "overview": f"/{AGENCY}/",
        "records": f"/{AGENCY}/records",
        "quarantine": f"/{AGENCY}/quarantine",
        "returned and blocked": f"/{AGENCY}/waiting",
    }
    for asked in LISTS:
        found[f"records {asked}"] = f"/{AGENCY}/records?{asked}"
    deep = ""
    for _ in range(20):
        deep = views.page(connection, AGENCY, kind=Kind.PETITION, after=deep, limit=500).next
    found["records kind=petition, page 200"] = f"/{AGENCY}/records?{urlencode({'kind': 'petition', 'after': deep})}"
    for state in ("delivered", "quarantined", "pending"):
        lines = views.page(connection, AGENCY, state=state, limit=1).lines
        if lines:
            asked = urlencode({"kind": lines[0].key.kind, "id": lines[0].key.local_id})
            found[f"one record, {state}"] = f"/{AGENCY}/record?{asked}"
    for group in mistakes.groups(connection, AGENCY)[:1]:
        one = group.mistake
        asked = urlencode(
            {"kind": one.kind, "cause": one.cause, "rule": one.rule, "field": one.pattern, "column": one.column}
        )
        found["quarantine, one mistake"] = f"/{AGENCY}/quarantine?{asked}"
    return found


def _measure(browser: httpx.Client, pages: dict[str, PAGE], rounds: int, seed: int) -> None:
    """Time every page. The processor time of both sides, in one process, is sound where others use the machine too."""
    print(f"seed {seed}, {rounds} rounds")
    draw = random.Random(seed)  # noqa: S311  an order of pages, no secret
    taken: dict[str, list[float]] = {name: [] for name in pages}
    worked: dict[str, list[float]] = {name: [] for name in pages}
    for at in range(rounds + 1):
        for name in draw.sample(sorted(pages), len(pages)):
            begun, cpu = time.perf_counter(), time.process_time()
            answer = pages[name](browser)
            if at:
                taken[name].append((time.perf_counter() - begun) * 1_000)
                worked[name].append((time.process_time() - cpu) * 1_000)
            if answer.status_code not in {200, 202}:
                raise SystemExit(f"{name}: {answer.status_code}")
    print(f"{'page':44}{'p50 ms':>9}{'p95 ms':>9}{'CPU p50':>9}{'CPU p95':>9}")
    for name in pages:
        _line(name, taken[name], worked[name])
    _line("all", [one for each in taken.values() for one in each], [one for each in worked.values() for one in each])


def _line(name: str, *measured: list[float]) -> None:
    figures = (f(times) for times in measured for f in (statistics.median, lambda t: statistics.quantiles(t, n=20)[-1]))
    print(f"{name:44}" + "".join(f"{figure:9.1f}" for figure in figures))


if __name__ == "__main__":
    main()
