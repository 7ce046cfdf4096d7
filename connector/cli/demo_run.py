"""The demo's work, without its words: a sample agency, a sandbox full of faults, the whole job, and the proof.

Everything lies in one folder: the agency's database, keys, configuration, store, mirror. It checks itself: the result
says what held and what did not, counted on the sandbox's side and not on ours.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector.app import App, Step, open_app
from connector.config import load_config
from connector.core.model import KINDS, Actor, Cause, Kind, RecordKey, State
from connector.errors import DataError
from connector.sample.agency import SampleCounts, build, write_mapping
from connector.sample.edits import edit
from connector.sandbox import FaultRule, Sandbox
from connector.store import audit, books, stories, views

AGENCY = "H51.01"

MARKER = ".kntc-demo"
"""Lies in every folder that a demo has made: only such a folder is cleared by the next demo."""

LOST_AT_LEAST = 15
WAITING = (State.PENDING, State.SENDING, State.UNKNOWN)

FAULTS = (
    FaultRule("busy_429", in_all=3, share=0.02, times=1),
    FaultRule("busy_503", in_all=2, share=0.02, times=1),
    FaultRule("lose_after_commit", share=0.015, times=1),
    FaultRule("lose_before_commit", share=0.002, times=1),
)
"""Answers lost after (and some before) the commit, and a server that is busy now and then."""

CONFIG = """\
# Written by `kntc demo`. Try:  kntc --config {folder}/config.toml status
[connector]
data_dir = "data"
language = "vi"

[store]
key = "file:secrets/store.key"

[national]
environment = "test"
base_url = "{base_url}"
allow_plain_http_to_loopback = true
create_idempotent = {idempotent}
absent_after_s = 0

[push]
first_delay_s = 1
longest_delay_s = 30

[[agency]]
code = "{agency}"
name = "Ban Tiếp công dân tỉnh Mẫu"
mapping = "bentre"
evidence_key = "file:secrets/evidence.key"

[agency.source]
url = "sqlite:///source/kntc_bentre.sqlite"

[agency.credentials]
client_id = "demo"
client_secret = "file:secrets/client"
"""


@dataclass(slots=True)
class DemoResult:
    """What a demo saw. `failed` names the checks that did not hold: empty, or the demo has found a defect."""

    folder: Path
    seed: int
    sample: SampleCounts
    counts: dict[str, int] = field(default_factory=dict)
    states: Mapping[Kind, Mapping[str, int]] = field(default_factory=dict)
    books: tuple[books.Books, ...] = ()
    excluded: Mapping[str, int] = field(default_factory=dict)
    refused_secret: int = 0
    bad: tuple[views.Line, ...] = ()
    answers_lost: int = 0
    waits: int = 0
    effects: int = 0
    doubled: int = 0
    unsent: int = 0
    missing: int = 0
    status_updates: int = 0
    returned: RecordKey | None = None
    returned_note: str = ""
    mended_version: int = 0
    audit_entries: int = 0
    audit_verified: bool = False
    environment: str = ""
    exit_code: int = 0
    failed: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the one object that `kntc demo --json` ends with."""
        return {
            "format": 1,
            "command": "demo",
            "environment": self.environment,
            "folder": str(self.folder),
            "seed": self.seed,
            "source_records": {str(kind): self.sample.records[kind] for kind in KINDS},
            "states": {str(kind): dict(self.states[kind]) for kind in KINDS},
            "excluded": dict(self.excluded),
            "refused_secret": self.refused_secret,
            "books_balanced": all(book.balanced for book in self.books),
            "answers_lost": self.answers_lost,
            "national_effects": self.effects,
            "keys_with_more_than_one_effect": self.doubled,
            "effects_of_versions_never_sent": self.unsent,
            "delivered_versions_without_effect": self.missing,
            "status_updates_applied": self.status_updates,
            "audit_entries": self.audit_entries,
            "audit_verified": self.audit_verified,
            "sync_exit_code": self.exit_code,
            "failed_checks": self.failed,
        }


def prepare(folder: Path) -> None:
    """Make the demo's folder, empty. Raises DataError rather than touch a folder that no demo has made."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        if not folder.is_dir() or not (folder / MARKER).exists():
            raise DataError("E-DEMO-FOLDER", folder=str(folder))
        shutil.rmtree(folder)
    for part in ("source", "secrets", "data"):
        (folder / part).mkdir(mode=0o700, parents=True)
    (folder / MARKER).write_text("kntc demo\n", encoding="ascii")


def write_secrets(folder: Path) -> str:
    """Write fresh keys that only the owner can read; return the client secret of the sandbox."""
    client = secrets.token_urlsafe(24)
    for name, content in (
        ("store.key", secrets.token_hex(32)),
        ("evidence.key", secrets.token_hex(32)),
        ("client", client),
    ):
        path = folder / "secrets" / name
        path.touch(mode=0o600)
        path.write_text(content + "\n", encoding="ascii")
    return client


@contextmanager
def demo_world(
    folder: Path, seed: int, *, idempotent: bool = True, faults: Sequence[FaultRule] = FAULTS
) -> Iterator[tuple[App, Sandbox, SampleCounts]]:
    """Give an app that is connected to a fresh sample agency and a fresh sandbox with faults."""
    prepare(folder)
    client = write_secrets(folder)
    sample = build(folder / "source" / "kntc_bentre.sqlite", seed, agency=AGENCY)
    write_mapping(folder / "mappings" / "bentre")
    with ExitStack() as stack:
        sandbox = stack.enter_context(
            Sandbox(
                folder / "sandbox.sqlite",
                credentials={AGENCY: ("demo", client)},
                seed=seed,
                faults=faults,
                idempotent_create=idempotent,
            )
        )
        config_path = folder / "config.toml"
        config_path.write_text(
            CONFIG.format(folder=folder, base_url=sandbox.base_url, agency=AGENCY, idempotent=str(idempotent).lower()),
            encoding="utf-8",
        )
        app = stack.enter_context(open_app(load_config(config_path), Actor("demo", "demo"), create=True))
        stack.enter_context(app.stage_lock())
        yield app, sandbox, sample


def first_sync(app: App, result: DemoResult) -> Iterator[Step]:
    """Do the whole job for the first time; yield every commit, so that somebody can watch."""
    yield from _counted(app, result)
    _note_states(app, result)


def nation_moves(app: App, sandbox: Sandbox, result: DemoResult) -> Iterator[Step]:
    """Let the sandbox move cases on and send one petition back for correction; then pull."""
    result.returned = _send_one_back(app, sandbox)
    for counts in app.pull(AGENCY):
        step = Step("pull", counts)
        _count(result, step)
        yield step
    _note_states(app, result)


def mend_and_sync(app: App, result: DemoResult) -> Iterator[Step]:
    """Mend the returned petition where a clerk would, at the source, and do the whole job again."""
    _mend(result)
    yield from _counted(app, result)


def _counted(app: App, result: DemoResult) -> Iterator[Step]:
    for step in app.sync(AGENCY):
        _count(result, step)
        yield step


def _note_states(app: App, result: DemoResult) -> None:
    """What the sync that people were shown ended with: partial, and it says so."""
    with app.store.read() as connection:
        result.states = views.counts(connection, AGENCY)
        if result.returned is not None:
            returned = stories.story(connection, result.returned, 1, app.context(AGENCY).capabilities)
            result.returned_note = str((returned.status or {}).get("note", "")) if returned else ""
    result.exit_code = int(app.exit_code_of(AGENCY))


def _count(result: DemoResult, step: Step) -> None:
    for name, count in step.counts.items():
        key = f"{step.stage}.{name}"
        result.counts[key] = result.counts.get(key, 0) + count


def _send_one_back(app: App, sandbox: Sandbox) -> RecordKey:
    """Let the sandbox move cases on, and return one petition for correction."""
    sandbox.advance()
    with app.store.read() as connection:
        returned = views.lines(connection, AGENCY, state=str(State.DELIVERED), kind=Kind.PETITION)
    for line in returned:
        held = sandbox.held(AGENCY, str(line.key.kind), line.key.local_id)
        if held is not None and held.status == "returned_for_correction":
            return line.key
    key = returned[0].key
    sandbox.move(AGENCY, str(key.kind), key.local_id, "returned_for_correction", "Thiếu ngày nhận đơn.")
    return key


def _mend(result: DemoResult) -> None:
    """Mend the returned petition where a clerk would: at the source."""
    assert result.returned is not None  # noqa: S101  set by play() before
    row = int(result.returned.local_id.partition(":")[2])
    edit(result.folder / "source" / "kntc_bentre.sqlite", Kind.PETITION, row, "NgayNhanDon", "2023-06-15 00:00:00")


def prove(app: App, sandbox: Sandbox, result: DemoResult) -> None:
    """Count on the sandbox's side, compare with the ledger, and fill in which checks failed."""
    effects = {
        (key.kind, key.local_id, key.version): count for key, count in sandbox.effects().items() if key.agency == AGENCY
    }
    with app.store.read() as connection:
        _read_ledger(connection, result, effects)
        head, fault = audit.verify(connection, AGENCY)
        result.audit_entries = head.seq
        result.audit_verified = fault is None and app.store.heads.check(connection, AGENCY) == head
    result.environment = app.target.environment
    result.answers_lost = sandbox.lost()
    result.effects = sum(effects.values())
    result.doubled = sum(count > 1 for count in effects.values())
    result.waits = result.counts.get("push.waits", 0)
    result.status_updates = result.counts.get("pull.new", 0)
    checks = {
        "answers_lost": result.answers_lost >= LOST_AT_LEAST,
        "one_effect_per_version": result.doubled == 0,
        "no_effect_of_a_version_never_sent": result.unsent == 0,
        "every_delivered_version_has_its_effect": result.missing == 0,
        "books_balanced": all(book.balanced for book in result.books),
        "nothing_waits": not any(by.get(state) for by in result.states.values() for state in WAITING),
        "each_bad_row_is_listed": len(result.bad) == len(result.sample.flaws),
        "each_bad_row_has_one_reason": all(
            len(line.problems) == 1 or line.cause == Cause.PARENT_MISSING for line in result.bad
        ),
        "returned_record_was_mended": result.mended_version > 1,
        "audit_verified": result.audit_verified,
    }
    result.failed = [name for name, held in checks.items() if not held]


def _read_ledger(connection: Any, result: DemoResult, effects: Mapping[tuple[str, str, int], int]) -> None:
    result.states = views.counts(connection, AGENCY)
    result.books = tuple(books.of(connection, AGENCY, kind) for kind in KINDS)
    result.refused_secret = sum(book.refused_secret for book in result.books)
    reasons: dict[str, int] = {}
    for kind in KINDS:
        for reason, count in books.excluded_by_reason(connection, AGENCY, kind).items():
            reasons[reason] = reasons.get(reason, 0) + count
    result.excluded = reasons
    result.bad = tuple(views.lines(connection, AGENCY, state=str(State.QUARANTINED)))
    sent = books.sent_versions(connection, AGENCY)
    delivered = {version for version, state in sent.items() if state == State.DELIVERED}
    result.unsent = sum(key not in sent for key in effects)
    result.missing = sum(key not in effects for key in delivered)
    if result.returned is not None:
        line = views.lines(connection, AGENCY, key=result.returned)[0]
        result.mended_version = line.version if line.state == State.DELIVERED else 0
