"""What became of every row of a real system's database: here, row by row, and at the national side, in numbers.

    with Sandbox(credentials=credentials(), seed=7) as sandbox, database("mariadb", tmp_path) as source:
        fill(source)                                                    # the system's own structure and rows
        own_mapping("phutho", tmp_path, codes=...)                      # or `install` takes the shipped one as it is
        config = install(tmp_path, sandbox.base_url, system="phutho", source=source.url, collect=ROOM)
        with working(config) as app:
            list(app.sync(AGENCY))
            same(account(app), {(Kind.PETITION, "delivered"): 4_950, (Kind.PETITION, "excluded: draft"): 12, ...})
            same(national_counts(sandbox), {("petition", "complaint"): 201, ...})       # from SQL of the test's own
            prove_everything(app, sandbox)

What is expected stands in the test and is counted there without the mapping: in SQL over the source's own tables.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from connector.app import App, open_app, utc_now
from connector.config import load_config
from connector.core.model import Actor, Cause, Kind, State
from connector.resources import shipped
from connector.sandbox import Sandbox
from connector.store import books, marks, views, waits
from connector.store.tables import Delivery, Record, table_of
from tests.crash.proof import prove_effects
from tests.world import AGENCY

ROOM = "first_run_limit = 50000"
"""For `[collect]`: a first run over all these rows is no accident."""

Account = Mapping[tuple[Kind, str], int]
"""How many rows of each kind came to which end."""

_record, _delivery = table_of(Record), table_of(Delivery)
_REFS = ("petition_ref", "acceptance_ref", "decision_ref")


def own_mapping(system: str, folder: Path, codes: Mapping[str, str]) -> Path:
    """Write the shipped mapping of a system beside the configuration in `folder`, as any installation would, with code
    maps of its own (`codes`: name of the file and what stands in it); return its folder."""
    written = folder / "mappings" / system
    shutil.copytree(shipped("mappings", system), written)
    for name, content in codes.items():
        (written / "codes" / f"{name}.toml").write_text(content, encoding="utf-8")
    return written


@contextmanager
def working(config: Path, now: Callable[[], datetime] = utc_now) -> Iterator[App]:
    """Open the app over a configuration, as a command that may change things does."""
    with open_app(load_config(config), Actor("test", "test"), create=True, now=now) as app, app.stage_lock():
        yield app


# --- here --------------------------------------------------------------------------------------------------------


def account(app: App, agency: str = AGENCY) -> Counter[tuple[Kind, str]]:
    """Return how many rows of each kind came to which end, by the ledger and the last finished sweep. An end is one of

    delivered                       the national side has its newest version
    excluded: <reason>              left out by the mapping, for a reason that it names
    secret                          a state secret: counted, not read
    E-MAP-CODE don_thu.LoaiDonThu   quarantined by the mapping: rule and column, several joined with " + "
    parent_missing                  quarantined: what it hangs on does not exist (any other cause likewise)
    waits for <kind> <state>        sound, and not sent before the record that it hangs on
    unexplained, keyless            a row that no query explains, or that cannot be named
    <state>                         anything else: rejected, unknown, pending"""
    ends: Counter[tuple[Kind, str]] = Counter()
    with app.store.read() as connection:
        context = app.context(agency)
        blocked = waits.blocked(connection, agency, context.generation, context.capabilities, limit=1_000_000)
        waiting = {line.key: f"waits for {line.parent.kind} {line.cause}" for line in blocked if line.parent}
        for line in views.lines(connection, agency, limit=1_000_000):
            if line.cause in (Cause.EXCLUDED, Cause.BECAME_SECRET):
                continue  # the sweep counts it below
            ends[line.key.kind, waiting.get(line.key) or _end_of(line)] += 1
        for kind in app.agency(agency).mapping.kinds:
            sums = books.of(connection, agency, kind)
            left_out = {
                f"excluded: {name}": count for name, count in books.excluded_by_reason(connection, agency, kind).items()
            }
            for end, count in {
                **left_out, "secret": sums.refused_secret, "unexplained": sums.unexplained, "keyless": sums.keyless,
            }.items():  # fmt: skip
                ends[kind, end] += count
    return +ends


def _end_of(line: views.Line) -> str:
    if line.state != State.QUARANTINED:
        return f"{line.state}: {line.rule}" if line.state == State.REJECTED else str(line.state)
    found = sorted({f"{problem['rule']} {problem['column']}".strip() for problem in line.problems})
    return " + ".join(found) or line.cause


def documents(app: App, agency: str = AGENCY) -> dict[tuple[str, str], bytes]:
    """Return the newest document of every record that has one, by kind and local id: to compare two sources."""
    wanted = views.current(_record.c.kind, _record.c.local_id, _delivery.c.body).where(
        _record.c.agency == agency, _delivery.c.body.is_not(None)
    )
    with app.store.read() as connection:
        return {(row.kind, row.local_id): bytes(row.body) for row in connection.execute(wanted)}


def prove_everything(app: App, sandbox: Sandbox, agency: str = AGENCY) -> None:
    """Hold ledger, source and national side against each other: the books balance for every kind, and every version
    that was delivered had exactly one effect."""
    with app.store.read() as connection:
        sums = [books.of(connection, agency, kind) for kind in app.agency(agency).mapping.kinds]
        assert [each for each in sums if not each.balanced] == []
        assert marks.open_guards(connection, agency) == []
        prove_effects(connection, sandbox)


# --- there -------------------------------------------------------------------------------------------------------


def national_documents(sandbox: Sandbox, agency: str = AGENCY) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what the national side accepted last of every record, by kind and local id, as it arrived."""
    puts = [line for line in sandbox.log() if line.method in ("PUT", "POST") and line.kind]
    found = {}
    for line, body in zip(puts, sandbox.bodies(), strict=True):
        if line.agency == agency and line.status in (200, 201) and line.method == "PUT":
            found[line.kind, line.local_id] = json.loads(body)
    return found


def national_counts(sandbox: Sandbox, agency: str = AGENCY) -> Counter[tuple[str, str]]:
    """Return how many records of each kind and type of petition the national side holds. The type is the document's
    own, else that of the petition on which it hangs; "" where a visit was about nothing that anybody classified."""
    held = national_documents(sandbox, agency)
    assert all(sandbox.held(agency, kind, local_id) for kind, local_id in held)

    def type_of(kind: str, local_id: str) -> str:
        body = held[kind, local_id]
        own = body.get("matter_type" if kind == Kind.RECEPTION else "type")
        if own or kind in (Kind.RECEPTION, Kind.PETITION):
            return str(own or "")
        up = next((name for name in reversed(_REFS) if name in body), None)
        return type_of(up.removesuffix("_ref"), body[up]) if up else ""

    return Counter((kind, type_of(kind, local_id)) for kind, local_id in held)


# --- expectations ------------------------------------------------------------------------------------------------


def asked(engine: Engine, sql: str, **values: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a query of the test's own, straight from the source."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(sql), values)]


def same(found: Mapping[Any, int], expected: Mapping[Any, int]) -> None:
    """Hold a table of counts against the expected one. AssertionError with every line in which they differ."""
    keys: set[Hashable] = {*found, *expected}
    wrong = sorted(
        f"{_named(key):<70} found {found.get(key, 0):>6}, expected {expected.get(key, 0):>6}"
        for key in keys
        if found.get(key, 0) != expected.get(key, 0)
    )
    assert not wrong, "\n" + "\n".join(wrong)


def _named(key: Any) -> str:
    return "  ".join(map(str, key)) if isinstance(key, tuple) else str(key)
