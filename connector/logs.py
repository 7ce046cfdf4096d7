"""Logging: structlog to stderr, JSON lines unless a person watches. Event names are constants of this file.

A line holds ids, digests, counts, states and seconds. What may appear is a list of allowed names, so that a field
somebody adds in a hurry is dropped, not printed; values are shortened and lose their control characters.
Lines that cannot be written are counted, and `log.lost` tells how many once they can again (streams.py).
May import: streams, structlog, the standard library.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO, cast

import structlog
from structlog.typing import EventDict, WrappedLogger

from connector.streams import Patient

EVENTS: dict[str, str] = {
    "daemon.started": "the daemon holds the lock and its schedule is planned",
    "daemon.stopping": "a signal arrived; running work is brought to an end",
    "daemon.stopped": "everything is written; the process ends",
    "job.missed": "a job ran later than planned",
    "job.failed": "a job ended with an error; the schedule goes on",
    "lock.lost": "another run has taken over; this one writes nothing more and ends",
    "config.accepted": "the configuration was read again by order and is taken",
    "config.refused": "the configuration was read again by order and is faulty; the old one stays",
    "clock.stepped": "the wall clock moved against the monotonic one; every job is planned anew",
    "stage.finished": "one run of one stage, in counts",
    "sweep.finished": "one kind of one source has been read to its end",
    "guard.tripped": "a plausibility guard stopped the agency until a named person approves the plan",
    "channel.held": "the national side asked to wait or cannot be reached",
    "channel.released": "a probe was answered",
    "console.started": "the console listens",
    "console.stopped": "the console takes no more requests; the process ends",
    "console.unable": "a page could not be shown, because the store could not be asked",
    "console.failed": "a page ended in a fault of this program",
    "console.stale": "figures of the overview could not be renewed; the page shows the ones before",
    "console.unnoted": "the log of an agency took no entry about a visit, because its store went back in time",
    "log.lost": "so many lines could not be written here before this one",
    "store.opened": "the store is open and its head file agrees",
    "store.rescued": "claims of a dead owner became unknown",
    "mirror.published": "mirror.sqlite was replaced",
    "pull.stopped": "the feed's cursor has expired, and the statuses could not be taken from the list",
    "pull.rebuild_begun": "the feed's cursor has expired: the statuses are taken from the national list",
    "pull.rebuilt": "the statuses are taken from the national list; the feed follows",
    "reconcile.finished": "ledger and national side were compared record by record: how many of which finding",
    "national.sign": "the national side tells of itself: a clock far off, its end, a certificate with few days left",
    "batch.finished": "one commit of answers: how many went to which state",
    "request.finished": "one request and its answer (level debug)",
}

FIELDS = frozenset(
    {
        "agency", "kind", "local_id", "version", "stage", "job", "state", "states", "counts", "verdict", "sighting",
        "rule", "http_status", "elapsed_s", "attempt", "delay_s", "until", "rows", "pages", "sweep", "selected",
        "excluded", "refused_secret", "unexplained", "guard", "plan", "generation", "environment", "profile", "pid",
        "error_id", "error", "where", "step_s", "seq", "events", "cursor_digest", "signal", "elapsed", "program",
        "sign", "offset_s", "days",
    }
)  # fmt: skip

_LONGEST = 300


def set_up(level: str = "info", stream: TextIO | None = None) -> None:
    """Configure logging for the process: to `stream` (stderr), JSON unless it is a terminal."""
    given: Any = stream or sys.stderr
    out = given if isinstance(given, Patient) else Patient(given)  # a log that cannot be written stops no work
    renderer: Any = structlog.dev.ConsoleRenderer(colors=False) if out.isatty() else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            allow_listed,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(file=cast("TextIO", out)),
        cache_logger_on_first_use=False,
    )


def get_logger() -> structlog.typing.FilteringBoundLogger:
    """Return the logger; its first argument is a name from EVENTS, everything else a name from FIELDS."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return logger


def allow_listed(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Return the line with only what may be logged. An unknown field is named, its value dropped."""
    kept: EventDict = {
        "event": event["event"] if event.get("event") in EVENTS else "event.unlisted",
        "level": event.get("level", ""),
        "timestamp": event.get("timestamp", ""),
    }
    dropped = []
    for name, value in event.items():
        if name in FIELDS:
            kept[name] = _plain(value)
        elif name not in kept:
            dropped.append(name)
    if dropped:
        kept["dropped"] = sorted(dropped)
    return kept


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict):
        return {_plain(str(name)): _plain(inner) for name, inner in list(value.items())[:50]}
    text = str(value)[:_LONGEST]
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
