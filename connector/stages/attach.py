"""Attach: send the content of attachments, each once, before push sends the documents that refer to it.

    COMMIT    contents.claim     the intent is on disk before the first byte leaves
              national.attach    one after the other, a piece of a file in memory at a time
    COMMIT    contents.finish    received, to be tried again, or refused

Content is named by its hash, so a process that dies in between does no harm: what it claimed is due again, looked for
first, and then sent. A file that is another by now is not sent at all; the rows that name it are read again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial

from connector.core import lifecycle
from connector.core.model import VerdictName
from connector.errors import LockLostError
from connector.logs import get_logger
from connector.national.base import Content, National, Taken
from connector.sources.folder import ChangedError
from connector.sources.papers import Papers
from connector.stages import gate
from connector.stages.context import Context, Counts
from connector.stages.meter import Meter
from connector.store import channel, contents
from connector.store.channel import Signal
from connector.store.contents import CHANGED, Due, Result

FILES_A_COMMIT = 10
"""Contents claimed at a time: after a crash so many are looked for again at the most."""


def attach(context: Context, national: National) -> Iterator[Counts]:
    """Send what documents wait for until nothing is due, the gate is closed, or `stop` is set; yield counts after each
    commit: received, waiting, refused; `held`, `paced`, `paused`: why the gate is closed.

    Raises LockLostError once the stage lock is not ours any more."""
    if context.papers is None or not context.capabilities.attachments:
        return
    gauge = gate.meter(context)
    while not context.stop.is_set():
        if not context.may_send():
            raise LockLostError("E-LOCK-DELETED")
        with context.store.read() as connection:
            found = contents.due(connection, context.agency, context.generation, context.now(), FILES_A_COMMIT)
        if not found:
            return
        leave = gate.leave(context, national, gauge, len(found), 2)
        if leave.why:
            yield {leave.why: 1}
            return
        yield _send(context, national, context.papers, gauge, found[: leave.rows])


def _send(context: Context, national: National, papers: Papers, gauge: Meter, found: Sequence[Due]) -> Counts:
    with context.store.write() as tx:
        contents.claim(tx, context.agency, context.generation, found, context.actor)
    # If the process dies from here on, these are `sending`: due again, and looked for before they are sent.
    results: list[Result] = []
    signals: list[Signal] = []
    for one in found:
        if context.stop.is_set() or not context.may_send() or any(signal.hold for signal in signals):
            break
        if not gauge.take(2):
            break
        taken: Taken | None = None
        try:
            taken = _attach(national, papers, one)
        finally:
            gauge.answered(2, taken.rate if taken else None)
        if taken is not None:
            signals.append(_signal(one, taken))
        results.append(_result(context, one, taken))
    with context.store.write() as tx:
        contents.finish(tx, context.agency, context.generation, results, context.actor)
        contents.give_back(tx, context.agency, context.generation, found[len(results) :], context.actor)
        gate.observe(context, tx, signals)
        channel.keep_pace(tx, context.agency, context.generation, gauge.pace())
    counts: dict[str, int] = {}
    for result in results:
        counts[result.state] = counts.get(result.state, 0) + 1
    get_logger().info("batch.finished", agency=context.agency, stage="attach", states=counts)
    return counts


def _attach(national: National, papers: Papers, one: Due) -> Taken | None:
    """Send one content; None: its file is not the one that was hashed any more, and not all of it has left."""
    path = one.paths[one.attempt % len(one.paths)]  # the same content may lie at several places
    pieces = partial(papers.pieces, path, one.size_bytes, one.sha256)
    try:
        return national.attach(Content(one.sha256, one.size_bytes, one.media_type, pieces), look_first=one.attempt > 1)
    except ChangedError:
        return None


def _result(context: Context, one: Due, taken: Taken | None) -> Result:
    status = taken.http_status if taken else None
    rule = taken.verdict.rule if taken else CHANGED
    name = taken.verdict.name if taken else VerdictName.UNKNOWN
    if name is VerdictName.DELIVERED:
        return Result(one.sha256, "received", rule, status)
    if name is VerdictName.REJECTED or (name is not VerdictName.HOLD and one.attempt >= context.limits.attempts):
        return Result(one.sha256, "refused", rule, status)
    wait_s = lifecycle.delay_s(one.attempt, context.jitter(), context.limits)
    if taken and taken.verdict.retry_after_s is not None:
        wait_s = taken.verdict.retry_after_s
    return Result(one.sha256, "waiting", rule, status, context.now() + timedelta(seconds=wait_s))


def _signal(one: Due, taken: Taken) -> Signal:
    name = taken.verdict.name
    return Signal(
        hold=name is VerdictName.HOLD,
        unknown_key=f"attachment {one.sha256[:16]}" if name is VerdictName.UNKNOWN else None,
        rule=taken.verdict.rule,
        retry_after_s=taken.verdict.retry_after_s,
    )
