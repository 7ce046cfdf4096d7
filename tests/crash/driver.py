"""One run of the whole job that is killed where the test says. A process of its own, for a kill must be real.

Our own functions are wrapped only to count how often a place was passed; the real function always runs. At the given
pass the process says so and sends itself SIGKILL: no handler, no `finally`, no flush.

    <step>.before     the transaction is complete but for its COMMIT
    <step>.after      committed; the head file is not written yet
    <step>.headed     committed, and the head file is written
    send.before       in flight: the claim is on disk, no byte of the document has left
    send.after        in flight: the answer is here, and not on disk
    send <path>       as send.before, of one record
    create.<moment>   the store is being created

Steps: bind, rescue, collect (COMMIT 1), claim (COMMIT 2), finish (COMMIT 3), look, pull, rebuild; of reconcile: compare
(the report), approve, mend (some hundred items), close.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from connector import logs
from connector.app import App, open_app
from connector.config import load_config
from connector.core.chain import Head
from connector.core.model import Actor, Entry, Event
from connector.national.base import Reply, Request
from connector.national.transport import Transport
from connector.store import answers, audit, comparisons, db, marks, mends, mirror, outbox, records

STEPS: tuple[tuple[str, Any, str], ...] = (
    ("bind", marks, "bind"),
    ("rescue", outbox, "rescue"),
    ("collect", records, "record"),
    ("claim", outbox, "claim"),
    ("finish", answers, "finish"),
    ("look", answers, "finish_finds"),
    ("pull", mirror, "apply"),
    ("rebuild", mirror, "take"),
    ("compare", comparisons, "finish"),
    ("approve", mends, "approve"),
    ("mend", mends, "carry_out"),
    ("close", mends, "finish"),
)
"""Which function makes a transaction the transaction of a step."""


class Tripwire:
    """Counts the passes of one place, and ends the process at the given one. Safe for many threads."""

    def __init__(self, place: str, passes: int) -> None:
        self._place = place
        self._left = passes
        self._lock = threading.Lock()

    def pass_by(self, place: str) -> None:
        """Say that a place was reached."""
        if place != self._place:
            return
        with self._lock:
            self._left -= 1
            if self._left == 0:
                os.write(1, f"killed at {place}\n".encode())
                os.kill(os.getpid(), signal.SIGKILL)


class Steps:
    """Watches transactions: knows the step of the one that is open, and where its commit begins and ends.

    One thread owns the store, so one current step is enough."""

    def __init__(self, wire: Tripwire) -> None:
        self._wire = wire
        self._step = ""

    def install(self) -> None:
        """Wrap the functions that name a step, and the two between which a COMMIT lies."""
        for step, module, name in STEPS:
            _replace(module, name, self._named(step, getattr(module, name)))
        append, write_heads = audit.append, audit.HeadFiles.write

        def append_and_tell(connection: Any, events: Sequence[Event], *others: str) -> list[Entry]:
            entries = append(connection, events, *others)
            if entries:  # without entries nothing has changed, and nothing can be lost
                self._wire.pass_by(f"{self._step}.before")
            return entries

        def write_and_tell(files: audit.HeadFiles, heads: Sequence[Head]) -> None:
            self._wire.pass_by(f"{self._step}.after")
            write_heads(files, heads)
            self._wire.pass_by(f"{self._step}.headed")
            self._step = ""

        _replace(audit, "append", append_and_tell)
        _replace(audit.HeadFiles, "write", write_and_tell)

    def _named(self, step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def told(*args: Any, **options: Any) -> Any:
            self._step = step
            return function(*args, **options)

        return told


def watch_the_wire(wire: Tripwire) -> None:
    """Pass `send.before` and `send.after` around every document that goes, whatever the profile."""
    exchange = Transport.exchange

    def exchange_and_tell(transport: Transport, request: Request) -> Reply:
        if request.method != "PUT" and not request.path.rpartition("/")[2].startswith("CapNhat"):
            return exchange(transport, request)
        wire.pass_by("send.before")
        wire.pass_by(f"send {request.path}")
        reply = exchange(transport, request)
        wire.pass_by("send.after")
        return reply

    _replace(Transport, "exchange", exchange_and_tell)


def watch_creation(wire: Tripwire) -> None:
    """Pass the moments of a store's creation: its first connection, its tables, its place."""
    connector, link = db._connector, Path.hardlink_to

    def connector_and_tell(*args: Any, **options: Any) -> Callable[[], Any]:
        connect = connector(*args, **options)

        def connect_and_tell() -> Any:
            connection = connect()
            wire.pass_by("create.connection")
            return connection

        return connect_and_tell

    def link_and_tell(path: Path, target: Path) -> None:
        wire.pass_by("create.made")
        link(path, target)
        wire.pass_by("create.moved")

    _replace(db, "_connector", connector_and_tell)
    _replace(Path, "hardlink_to", link_and_tell)


def _replace(owner: Any, name: str, wrapped: Callable[..., Any]) -> None:
    setattr(owner, name, wrapped)


def sync(app: App) -> None:
    """Do the whole job once for every agency."""
    with app.stage_lock():
        for code in app.agencies:
            for _step in app.sync(code):
                pass


def mend(app: App) -> None:
    """Approve the newest comparison's plan of every agency, and go on with it; without one, compare first."""
    with app.reading_lock():
        for code in app.agencies:
            if (plan := _open_plan(app, code)) is None:
                for _counts in app.reconcile(code):
                    pass
                plan = _open_plan(app, code)
            for _counts in app.mend(code, plan or "", "approved by a test"):
                pass


def _open_plan(app: App, code: str) -> str | None:
    with app.store.read() as connection:
        run = comparisons.newest(connection, code)
    return str(run.plan) if run is not None and run.plan and run.done_at is None else None


WORK: dict[str, Callable[[App], None]] = {"sync": sync, "mend": mend}


def main(config: Path, output: Path, place: str = "", passes: int = 1, work: str = "sync") -> None:
    """Do one work of WORK, or die on the way; what the process says goes to the file `output`."""
    said = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    wire = Tripwire(place, passes)
    Steps(wire).install()
    watch_the_wire(wire)
    watch_creation(wire)
    logs.set_up("error")
    with open_app(load_config(config), Actor("crash test", "test"), create=True) as app:
        WORK[work](app)
    os.write(1, b"finished\n")
